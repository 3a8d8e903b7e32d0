"""Wavelet, TGV and compound models against other libraries, and solvers against each other."""

from __future__ import annotations

import numpy as np
import pylops
import pyproximal
import pytest
import pywt
import torch

from napari_deconv.core.operators import Blur, Gradient
from napari_deconv.core.wavelet import OrthonormalWavelet, UndecimatedWavelet
from napari_deconv.methods.pylops import as_operator
from napari_deconv.recipe import Recipe

N = 32
WEIGHT = 0.01
HAAR = {"name": "wavelet", "basis": "haar", "levels": 2, "invariant": False, "weight": WEIGHT}


def lopsided_psf() -> np.ndarray:
    psf = np.random.default_rng(5).uniform(size=(5, 7)) ** 2
    psf[3:, 4:] += 1.5
    return psf / psf.sum()


@pytest.fixture(scope="module")
def data() -> np.ndarray:
    truth = np.full((N, N), 0.2) + 0.4 * np.linspace(0, 1, N)
    truth[8:20, 6:18] += 0.5
    blurred = Blur(torch.from_numpy(lopsided_psf()), (N, N))(torch.from_numpy(truth)).numpy()
    return blurred + np.random.default_rng(0).normal(0, 0.01, (N, N))


def ours(data: np.ndarray, **method: object) -> tuple[np.ndarray, float, float]:
    recipe = Recipe(method={"weight": WEIGHT, "iterations": 600, **method}, boundary="periodic")
    result = recipe.run(data, lopsided_psf(), device="cpu")
    return result.image.astype(float), result.recipe.measured.scale, result.history.objective[-1]


def blur() -> pylops.LinearOperator:
    """Return the circular blur, written with NumPy alone."""
    psf, kernel = np.zeros((N, N)), lopsided_psf()
    psf[: kernel.shape[0], : kernel.shape[1]] = kernel
    psf = np.roll(psf, (-((kernel.shape[0] - 1) // 2), -((kernel.shape[1] - 1) // 2)), (0, 1))
    spectrum = np.fft.fft2(psf)

    def through(x: np.ndarray, response: np.ndarray) -> np.ndarray:
        return np.fft.ifft2(response * np.fft.fft2(x.reshape(N, N))).real.ravel()

    return pylops.FunctionOperator(
        lambda x: through(x, spectrum), lambda y: through(y, spectrum.conj()), N * N, N * N
    )


@pytest.mark.parametrize(
    "linear",
    [
        Blur(torch.from_numpy(lopsided_psf()).float(), (N, N)),
        Gradient(2),
        OrthonormalWavelet("db4", 2, 2),
        UndecimatedWavelet("haar", 2, 2),
    ],
    ids=lambda linear: type(linear).__name__,
)
def test_any_linear_map_is_a_pylops_operator(linear: object) -> None:
    operator = as_operator(linear, (N, N))
    assert pylops.utils.dottest(operator, *operator.shape, rtol=1e-3)
    x = np.random.default_rng(1).normal(size=(N, N)).astype(np.float32)
    direct = linear(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose((operator @ x.ravel()).reshape(operator.dimsd), direct, atol=1e-6)


def test_a_map_of_unknown_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="what images"):
        as_operator(Gradient(2))


def test_pylops_solves_our_problem_by_our_operator(data: np.ndarray) -> None:
    operator = as_operator(Blur(torch.from_numpy(lopsided_psf()).float(), (N, N)))
    peer = pylops.optimization.basic.cgls(
        operator, data.ravel().astype(np.float32), damp=0.1, niter=300, tol=0.0
    )[0]
    u, _, _ = ours(data, name="ridge", weight=0.01)
    np.testing.assert_allclose(u.ravel(), peer.ravel(), atol=1e-3)


@pytest.mark.parametrize("basis", ["haar", "db3", "sym4"])
def test_wavelets_equal_proximal_gradient_of_pywavelets(data: np.ndarray, basis: str) -> None:
    u, scale, _ = ours(data, name="wavelet", basis=basis, levels=2, invariant=False)
    operator, threshold = blur(), WEIGHT * scale

    def penalty(x: np.ndarray) -> float:
        _, *details = pywt.wavedec2(x, basis, "periodization", level=2)
        return float(sum(np.abs(band).sum() for level in details for band in level))

    def shrunk(x: np.ndarray) -> np.ndarray:
        coarse, *details = pywt.wavedec2(x.reshape(N, N), basis, "periodization", level=2)
        soft = [tuple(pywt.threshold(band, threshold) for band in level) for level in details]
        return pywt.waverec2([coarse, *soft], basis, "periodization").ravel()

    def objective(x: np.ndarray) -> float:
        residual = operator @ x.ravel() - data.ravel()
        return float(residual @ residual / 2 + threshold * penalty(x.reshape(N, N)))

    x = y = data.ravel()
    for k in range(600):
        previous, x = x, shrunk(y - operator.H @ (operator @ y - data.ravel()))
        y = x + k / (k + 3) * (x - previous)
    assert objective(u) == pytest.approx(objective(x), rel=1e-3)


def test_tgv_equals_pyproximal(data: np.ndarray) -> None:
    """Chambolle-Pock over image and field at once; gradients written with NumPy alone."""
    u, scale, _ = ours(data, name="tgv", iterations=1500)
    first, second = WEIGHT * scale, 2 * WEIGHT * scale
    half = np.sqrt(0.5)

    def forward(z: np.ndarray) -> np.ndarray:
        u, w, v = z.reshape(3, N, N)
        rows, columns = np.roll(u, -1, 0) - u - w, np.roll(u, -1, 1) - u - v
        bent = [
            w - np.roll(w, 1, 0),
            half * (v - np.roll(v, 1, 0) + w - np.roll(w, 1, 1)),
            v - np.roll(v, 1, 1),
        ]
        return np.stack([rows, columns, *bent]).ravel()

    def adjoint(y: np.ndarray) -> np.ndarray:
        p, q, a, b, c = y.reshape(5, N, N)
        u = np.roll(p, 1, 0) - p + np.roll(q, 1, 1) - q
        w = -p + a - np.roll(a, -1, 0) + half * (b - np.roll(b, -1, 1))
        v = -q + half * (b - np.roll(b, -1, 0)) + c - np.roll(c, -1, 1)
        return np.stack([u, w, v]).ravel()

    joint = pylops.FunctionOperator(forward, adjoint, 5 * N * N, 3 * N * N)
    assert pylops.utils.dottest(joint, 5 * N * N, 3 * N * N)
    restrict = pylops.FunctionOperator(
        lambda z: z[: N * N], lambda y: np.concatenate([y, np.zeros(2 * N * N)]), N * N, 3 * N * N
    )
    misfit = pyproximal.L2(Op=blur() @ restrict, b=data.ravel(), niter=30, warm=True)
    penalty = pyproximal.VStack(
        [pyproximal.L21(ndim=2, sigma=first), pyproximal.L21(ndim=3, sigma=second)],
        nn=[2 * N * N, 3 * N * N],
    )
    start = np.concatenate([data.ravel(), np.zeros(2 * N * N)])
    z = pyproximal.optimization.primaldual.PrimalDual(
        misfit, penalty, joint, tau=0.25, mu=0.25, x0=start, niter=1500
    )
    peer = z[: N * N].reshape(N, N)
    assert np.linalg.norm(u - peer) < 5e-3 * np.linalg.norm(peer)


@pytest.mark.parametrize(
    ("method", "solvers"),
    [
        ({"name": "tv"}, ("admm", "primal-dual")),
        ({"name": "wavelet", "invariant": False}, ("admm", "fista", "primal-dual")),
        ({"name": "wavelet", "invariant": True}, ("admm", "primal-dual")),
        ({"name": "tv-wavelet"}, ("admm", "primal-dual")),
        ({"name": "l1"}, ("admm", "fista", "primal-dual")),
        ({"name": "tikhonov"}, ("direct", "accelerated-gradient")),
        ({"name": "ridge"}, ("direct", "accelerated-gradient")),
    ],
    ids=str,
)
def test_solvers_agree(
    data: np.ndarray, method: dict[str, object], solvers: tuple[str, ...]
) -> None:
    ends = [ours(data, **method, solver=solver, iterations=1500)[2] for solver in solvers]
    assert ends == pytest.approx([min(ends)] * len(ends), rel=1e-3)


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_split_bregman_ends_at_our_objective(data: np.ndarray, share: float) -> None:
    _, _, peer = ours(data, name="pylops-split-bregman", share=share, levels=2, iterations=500)
    same = {"name": "tv-wavelet", "share": share, "isotropic": False, "levels": 2}
    _, _, mine = ours(data, **same)
    assert mine == pytest.approx(peer, rel=1e-3)


def test_pylops_fista_steps_like_any_other(data: np.ndarray) -> None:
    recipe = Recipe(method={"name": "pylops-fista", "iterations": 40}, boundary="periodic")
    ready = recipe.begin(data, lopsided_psf(), device="cpu")
    values = [step.objective for step in ready.steps()]
    assert len(values) == ready.total == 40
    assert values[-1] < values[0]
    assert any("towards zero" in note for note in ready.notes)


def test_an_orthonormal_wavelet_alone_gives_a_sparse_estimate(data: np.ndarray) -> None:
    recipe = Recipe(method={**HAAR, "iterations": 20}, boundary="periodic")
    ready = recipe.begin(data, lopsided_psf(), device="cpu")
    *_, x = ready.recipe.method.iterates(ready.problem())
    details = OrthonormalWavelet("haar", 2, 2)(x)[1:]
    assert (details.abs() < 1e-5).float().mean() > 0.5


def test_tgv_of_an_estimate_is_that_of_the_solvers_own_field(data: np.ndarray) -> None:
    """An upper bound either way: a copy, whose field must be found, is valued nearly alike."""
    recipe = Recipe(method={"name": "tgv", "weight": WEIGHT, "iterations": 300})
    ready = recipe.begin(data, lopsided_psf(), device="cpu")
    method, problem = ready.recipe.method, ready.problem()
    *_, x = method.iterates(problem)
    own, found = (float(method.objective(problem, u)) for u in (x, x.clone()))
    assert own <= found * (1 + 1e-4)
    assert own == pytest.approx(found, rel=1e-2)
