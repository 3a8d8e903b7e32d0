"""The same objective, the same answer as independent libraries."""

from __future__ import annotations

import numpy as np
import pylops
import pyproximal
import pytest
import scipy.signal
import skimage.restoration
import torch
from scipy.sparse.linalg import LinearOperator, cg

import napari_deconv as nd
from napari_deconv.core.operators import Blur
from napari_deconv.psf.shapes import CoreTailPsf
from napari_deconv.recipe import Recipe

N = 48
WEIGHT = 0.01


def lopsided_psf() -> np.ndarray:
    """Return an asymmetric PSF: a peer that correlates instead of convolving would be caught."""
    psf = np.random.default_rng(5).uniform(size=(5, 7)) ** 2
    psf[3:, 4:] += 1.5
    return psf / psf.sum()


def picture() -> np.ndarray:
    truth = np.full((N, N), 0.2)
    truth[10:30, 12:24] = 0.9
    truth[20:40, 28:44] = 0.6
    return truth


@pytest.fixture(scope="module")
def data() -> np.ndarray:
    blurred = Blur(torch.from_numpy(lopsided_psf()), (N, N))(torch.from_numpy(picture())).numpy()
    return blurred + np.random.default_rng(0).normal(0, 0.01, (N, N))


def operator() -> pylops.LinearOperator:
    """Return the circular blur, written with NumPy alone."""
    psf = np.zeros((N, N))
    kernel = lopsided_psf()
    psf[: kernel.shape[0], : kernel.shape[1]] = kernel
    psf = np.roll(psf, (-((kernel.shape[0] - 1) // 2), -((kernel.shape[1] - 1) // 2)), (0, 1))
    spectrum = np.fft.fft2(psf)

    def through(x: np.ndarray, response: np.ndarray) -> np.ndarray:
        return np.fft.ifft2(response * np.fft.fft2(x.reshape(N, N))).real.ravel()

    return pylops.FunctionOperator(
        lambda x: through(x, spectrum), lambda y: through(y, spectrum.conj()), N * N, N * N
    )


def differences() -> pylops.LinearOperator:
    """Return periodic forward differences, written with NumPy alone."""

    def forward(x: np.ndarray) -> np.ndarray:
        u = x.reshape(N, N)
        return np.stack([np.roll(u, -1, axis) - u for axis in (0, 1)]).ravel()

    def adjoint(y: np.ndarray) -> np.ndarray:
        p = y.reshape(2, N, N)
        return sum(np.roll(p[axis], 1, axis) - p[axis] for axis in (0, 1)).ravel()

    return pylops.FunctionOperator(forward, adjoint, 2 * N * N, N * N)


def objective(u: np.ndarray, g: np.ndarray, scale: float, isotropic: bool) -> float:
    """Return ``1/2 ||H u - g||^2 + weight * scale * ||D u||_1`` in float64."""
    residual = operator() @ u.ravel() - g.ravel()
    gradient = (differences() @ u.ravel()).reshape(2, N, N)
    length = np.sqrt((gradient**2).sum(0)) if isotropic else np.abs(gradient).sum(0)
    return float(residual @ residual / 2 + WEIGHT * scale * length.sum())


def ours(data: np.ndarray, method: dict[str, object]) -> tuple[np.ndarray, float]:
    recipe = Recipe(method=method, boundary="periodic")
    result = recipe.run(data, lopsided_psf(), device="cpu")
    return result.image.astype(np.float64), result.recipe.measured.scale


@pytest.mark.parametrize("isotropic", [True, False])
def test_total_variation_equals_pyproximal(data: np.ndarray, isotropic: bool) -> None:
    method = {"name": "tv", "weight": WEIGHT, "iterations": 600, "isotropic": isotropic}
    u, scale = ours(data, method)
    misfit = pyproximal.L2(Op=operator(), b=data.ravel(), niter=30, warm=True)
    penalty = (
        pyproximal.L21(ndim=2, sigma=WEIGHT * scale)
        if isotropic
        else pyproximal.L1(sigma=WEIGHT * scale)
    )
    peer = pyproximal.optimization.primaldual.PrimalDual(
        misfit,
        penalty,
        differences(),
        tau=0.35,
        mu=0.35,
        x0=data.ravel(),
        niter=600,
    ).reshape(N, N)
    assert objective(u, data, scale, isotropic) == pytest.approx(
        objective(peer, data, scale, isotropic), rel=1e-3
    )
    assert np.linalg.norm(u - peer) < 5e-3 * np.linalg.norm(peer)


def test_total_variation_equals_pylops_split_bregman(data: np.ndarray) -> None:
    """PyLops' weight is the square of its `epsRL1s` (mu = 1), and its tol must be loosened."""
    u, scale = ours(data, {"name": "tv", "weight": WEIGHT, "iterations": 600, "isotropic": False})
    derivatives = [
        pylops.FunctionOperator(
            lambda x, axis=axis: (np.roll(x.reshape(N, N), -1, axis) - x.reshape(N, N)).ravel(),
            lambda y, axis=axis: (np.roll(y.reshape(N, N), 1, axis) - y.reshape(N, N)).ravel(),
            N * N,
            N * N,
        )
        for axis in (0, 1)
    ]
    peer = pylops.optimization.sparsity.splitbregman(
        operator(),
        data.ravel(),
        derivatives,
        x0=data.ravel(),
        niter_outer=300,
        niter_inner=1,
        mu=1.0,
        epsRL1s=[float(np.sqrt(WEIGHT * scale))] * 2,
        tol=1e-8,
        iter_lim=10,
        damp=0.0,
    )[0].reshape(N, N)
    assert objective(u, data, scale, False) == pytest.approx(
        objective(peer, data, scale, False), rel=1e-3
    )


@pytest.mark.parametrize("name", ["ridge", "tikhonov"])
def test_quadratic_models_equal_conjugate_gradients(data: np.ndarray, name: str) -> None:
    u, _ = ours(data, {"name": name, "weight": WEIGHT})
    blur, gradient = operator(), differences()
    penalty = gradient.H @ gradient if name == "tikhonov" else pylops.Identity(N * N)
    normal = blur.H @ blur + WEIGHT * penalty
    system = LinearOperator((N * N, N * N), matvec=lambda x: normal @ x)
    peer, failed = cg(system, blur.H @ data.ravel(), rtol=1e-10)
    assert failed == 0
    assert np.linalg.norm(u.ravel() - peer) < 1e-4 * np.linalg.norm(peer)


def test_richardson_lucy_equals_scikit_image() -> None:
    """Same start, 30 iterations, 64 px from the border where scikit-image assumes zeros."""
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[:256, :256]
    truth = 0.5 + 0.4 * np.sign(np.sin(rows / 9) * np.sin(columns / 13))
    psf = CoreTailPsf(sigma=1.3, tail=0.1, tail_length=1.5).kernel()
    psf[:, : psf.shape[1] // 2] *= 0.7  # lopsided
    psf /= psf.sum()
    blurred = scipy.signal.fftconvolve(truth, psf, mode="same").clip(1e-3)
    data = rng.poisson(blurred * 1000) / 1000
    result = nd.deconvolve(data, psf, method="richardson-lucy", iterations=30, device="cpu")
    peer = skimage.restoration.richardson_lucy(data, psf, num_iter=30, clip=False)
    inside = (slice(64, -64), slice(64, -64))
    difference = result[inside] - peer[inside]
    assert np.linalg.norm(difference) < 1e-3 * np.linalg.norm(peer[inside])


def test_accelerated_richardson_lucy_gets_there_sooner() -> None:
    """The likelihood of 60 plain iterations in at most 20 (Biggs and Andrews)."""
    rng = np.random.default_rng(2)
    psf = CoreTailPsf(sigma=2, tail=0, tail_length=1).kernel()
    truth = np.full((96, 96), 0.7)
    truth[30:60, 20:50] = 0.2
    data = rng.poisson(scipy.signal.fftconvolve(truth, psf, mode="same").clip(0.01) * 500) / 500
    plain = Recipe(method={"name": "richardson-lucy", "iterations": 60}).run(data, psf)
    quick = Recipe(method={"name": "richardson-lucy", "iterations": 20, "accelerated": True}).run(
        data, psf
    )
    assert quick.history.objective[-1] < plain.history.objective[-1]
    assert all(np.diff(plain.history.objective) <= 1e-4 * plain.history.objective[0])


def test_wiener_equals_its_definition() -> None:
    """With a flat signal spectrum (exponent 0) it is scikit-image's Wiener filter."""
    rng = np.random.default_rng(3)
    psf = lopsided_psf()
    data = Blur(torch.from_numpy(psf), (N, N))(torch.from_numpy(picture())).numpy()
    data = data + rng.normal(0, 0.02, data.shape)
    recipe = Recipe(method={"name": "wiener", "noise": 0.02, "exponent": 0.0}, boundary="periodic")
    ready = recipe.begin(data, psf, device="cpu")
    problem = ready.problem()
    ratio = ready.recipe.method.response(problem)
    h = problem.blur.spectrum
    balance = (h.conj() / ratio - problem.blur.power()).real
    flat = balance.flatten()[1:]
    torch.testing.assert_close(flat, torch.full_like(flat, float(flat.median())), rtol=2e-2, atol=0)
    offset = data.mean()  # ours keeps the mean, scikit-image's shrinks it
    peer = skimage.restoration.wiener(
        data - offset,
        psf,
        balance=float(flat.median()),
        reg=np.ones((N, N // 2 + 1), complex),  # complex: taken as a transfer function
        is_real=True,
        clip=False,
    )
    np.testing.assert_allclose(ready.image(), peer + offset, atol=2e-3)
