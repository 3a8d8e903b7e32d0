"""Kullback-Leibler plus TV: the same picture as Chambolle-Pock written plainly in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_deconv.recipe import Recipe

N = 32
PEAK = 100.0
WEIGHT = 1.5
BACKGROUND = 0.05
Array = NDArray[np.float64]


def lopsided_psf() -> Array:
    psf = np.random.default_rng(5).uniform(size=(5, 7)) ** 2
    psf[3:, 4:] += 1.5
    return psf / psf.sum()


def transfer() -> NDArray[np.complex128]:
    kernel = lopsided_psf()
    psf = np.zeros((N, N))
    psf[: kernel.shape[0], : kernel.shape[1]] = kernel
    return np.fft.fft2(np.roll(psf, [-((n - 1) // 2) for n in kernel.shape], (0, 1)))


def blur(x: Array, response: NDArray[np.complex128]) -> Array:
    return np.fft.ifft2(response * np.fft.fft2(x)).real


def gradient(x: Array) -> Array:
    return np.stack([np.roll(x, -1, axis) - x for axis in (0, 1)])


def minus_divergence(p: Array) -> Array:
    return sum(np.roll(p[axis], 1, axis) - p[axis] for axis in (0, 1))


def objective(x: Array, counts: Array, gain: float) -> float:
    """Return ``KL(H x + b; counts) / gain + WEIGHT ||D x||_1`` in float64."""
    mean = blur(x, transfer()) + BACKGROUND
    assert mean.min() > 0
    divergence = mean - counts + counts * np.log(np.where(counts > 0, counts, 1) / mean)
    return float(divergence.sum() / gain + WEIGHT * np.sqrt((gradient(x) ** 2).sum(0)).sum())


def chambolle_pock(counts: Array, gain: float, iterations: int = 2000) -> Array:
    """Minimise `objective` by the primal-dual algorithm with one step for both duals.

    A. Chambolle, T. Pock, J. Math. Imaging Vis. 40, 2011, algorithm 1; the dual of the divergence
    comes from its prox, a quadratic's positive root, by Moreau's identity.
    """
    h = transfer()
    tau, sigma = 0.3 / PEAK, 0.3 * PEAK  # tau sigma ||(H, D)||^2 = 0.09 * 9 < 1
    x = mirrored = np.full((N, N), counts.mean())
    y, p = np.zeros((N, N)), np.zeros((2, N, N))
    for _ in range(iterations):
        t = y / sigma + blur(mirrored, h) + BACKGROUND
        shifted = t - 1 / (sigma * gain)
        nearest = (shifted + np.sqrt(shifted**2 + 4 * counts / (sigma * gain))) / 2
        y = sigma * (t - nearest)
        p = p + sigma * gradient(mirrored)
        p = p / np.maximum(np.sqrt((p**2).sum(0)) / WEIGHT, 1)
        before = x
        x = x - tau * (blur(y, h.conj()) + minus_divergence(p))
        mirrored = 2 * x - before
    return x


@pytest.fixture(scope="module")
def counts() -> Array:
    """Return photons over PEAK: steps from 0.02 to 1."""
    truth = np.full((N, N), 0.02)
    truth[8:24, 6:20] = 1.0
    truth[14:28, 16:28] = 0.3
    return np.random.default_rng(0).poisson(PEAK * (blur(truth, transfer()) + BACKGROUND)) / PEAK


@pytest.fixture(scope="module")
def peer(counts: Array) -> Array:
    return chambolle_pock(counts, 1 / PEAK)


@pytest.mark.parametrize("solver", ["admm", "primal-dual"])
def test_counts_and_tv_equal_an_independent_solver(counts: Array, peer: Array, solver: str) -> None:
    gain = 1 / PEAK
    recipe = Recipe(
        method={"name": "tv", "weight": WEIGHT, "iterations": 500, "solver": solver},
        fidelity={"name": "poisson", "gain": gain, "background": BACKGROUND},
        boundary="periodic",
    )
    ours = recipe.run(counts, lopsided_psf(), device="cpu").image.astype(np.float64)
    assert objective(ours, counts, gain) == pytest.approx(objective(peer, counts, gain), rel=1e-4)
    assert np.linalg.norm(ours - peer) < 1e-4 * np.linalg.norm(peer)
    # Least squares is another picture: the comparison could tell.
    other = Recipe(method={"name": "tv", "weight": WEIGHT * gain}, boundary="periodic")
    squares = other.run(counts - BACKGROUND, lopsided_psf(), device="cpu").image
    assert np.linalg.norm(squares - peer) > 1e-2 * np.linalg.norm(peer)
