"""Walk with the solvers of PyLops and PyProximal, around operators of ours or of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from problems import Case

from napari_deconv.core.operators import Blur


class Sparse(NamedTuple):
    """One summand ``weight * sum |kept * (map @ x)|``."""

    map: Any
    weight: float
    kept: NDArray[np.float32] | None = None

    def penalised(self) -> Any:
        """Return the map with what is not penalised set to zero."""
        import pylops

        if self.kept is None:
            return self.map
        return pylops.Diagonal(self.kept, dtype="float32") @ self.map


class Operators(NamedTuple):
    """Blur and sparse terms of a case as linear operators of PyLops."""

    blur: Any
    sparse: list[Sparse]


Made = Callable[[Case], Operators]


def around_ours(case: Case) -> Operators:
    """Return operators that call our blur and our analysis maps."""
    import pylops

    grid, size = case.grid, int(np.prod(case.grid))
    blur, weights = Blur(case.problem.blur.kernel, grid), case.data_weights()

    def tensor(x: NDArray[Any], *shape: int) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(x)).view(*shape)

    forward = pylops.FunctionOperator(
        lambda x: (weights * blur(tensor(x, *grid)).numpy()).ravel(),
        lambda y: blur.adjoint(tensor(weights * y.reshape(grid), *grid)).numpy().ravel(),
        size,
        size,
        dtype="float32",
    )
    sparse = []
    for term in case.terms:
        analysis = term.prior.analysis(len(grid))
        z = analysis(torch.from_numpy(case.start))
        map = pylops.FunctionOperator(
            lambda x, k=analysis: k(tensor(x, *grid)).numpy().ravel(),
            lambda y, k=analysis, s=z.shape: k.adjoint(tensor(y, *s)).numpy().ravel(),
            z.numel(),
            size,
            dtype="float32",
        )
        sparse.append(Sparse(map, term.weight, _details(term.prior, z.shape)))
    return Operators(forward, sparse)


def _details(prior: Any, shape: tuple[int, ...]) -> NDArray[np.float32] | None:
    """Return 0 on our wavelet's approximation, 1 elsewhere."""
    if prior.key() != "wavelet":
        return None
    kept = np.ones(shape, np.float32)
    kept[0] = 0
    return kept.ravel()


def alone(case: Case) -> Operators:
    """Return PyLops' own operators of the same objective.

    Its convolution knows only a black border and its derivative no periodic one, so blur is FFT,
    diagonal, inverse FFT, and a difference is a roll less the identity.
    """
    import pylops

    grid = case.grid
    fourier = pylops.signalprocessing.FFT2D(
        grid, real=True, norm="ortho", engine="scipy", dtype="float32"
    )
    transfer = Blur(case.problem.blur.kernel, grid).spectrum.numpy().ravel()
    blur = fourier.H @ pylops.Diagonal(transfer, dtype="complex64") @ fourier
    blur.dtype = np.dtype("float32")
    if case.problem.weights is not None:
        blur = pylops.Diagonal(case.data_weights().ravel(), dtype="float32") @ blur
    sparse = []
    for term in case.terms:
        if term.prior.key() == "tv":
            identity = pylops.Identity(int(np.prod(grid)), dtype="float32")
            rolls = [pylops.Roll(grid, axis, -1, dtype="float32") for axis in (0, 1)]
            sparse += [Sparse(roll - identity, term.weight) for roll in rolls]
        else:
            sparse.append(_own_wavelet(grid, term))
    return Operators(blur, sparse)


def _own_wavelet(grid: tuple[int, ...], term: Any) -> Sparse:
    """Return PyLops' wavelet transform, which is ours where the sides are powers of two."""
    import pylops

    levels = term.prior.levels
    transform = pylops.signalprocessing.DWT2D(
        grid, wavelet=term.prior.basis, level=levels, dtype="float32"
    )
    if tuple(transform.dimsd) != tuple(grid):
        raise ValueError("PyLops' wavelets pad to powers of two; race on such a grid.")
    kept = np.ones(grid, np.float32)
    kept[tuple(slice(n // 2**levels) for n in grid)] = 0
    return Sparse(transform, term.weight, kept.ravel())


def split_bregman(
    case: Case, made: Made, mu: float = 1.0, inner: int = 3
) -> Iterator[NDArray[Any]]:
    """Yield the outer iterations, driven step by step so that only they are on the clock.

    Its data term is ``mu / 2 |..|^2``, its L1 weight the square of `epsRL1s`, despite its manual.
    """
    from pylops.optimization.cls_sparsity import SplitBregman

    blur, sparse = made(case)
    solver = SplitBregman(blur)
    # Python's numbers: one of NumPy would turn all to float64
    strengths = [float(np.sqrt(term.weight * mu)) for term in sparse]
    x = solver.setup(
        case.weighted_data(),
        [term.penalised() for term in sparse],
        x0=case.start.ravel(),
        niter_inner=1,
        mu=mu,
        epsRL1s=strengths,
    )
    while True:
        x = solver.step(x, iter_lim=inner)
        yield x


def fista(case: Case, made: Made, preallocate: bool = False) -> Iterator[NDArray[Any]]:
    """Yield accelerated proximal gradient steps of length 1, which is 1 / ||H||^2.

    Its threshold is ``eps / 2``; the decay of the threshold, given for each coefficient, is 0 for
    the approximation.
    """
    from pylops.optimization.cls_sparsity import FISTA

    blur, (term,) = made(case)
    assert term.kept is not None
    solver = FISTA(blur)
    x = solver.setup(
        case.weighted_data(),
        x0=case.start.ravel(),
        SOp=term.map.H,
        eps=2 * float(term.weight),
        alpha=1.0,
        decay=np.broadcast_to(term.kept, (100_000, term.kept.size)),
        preallocate=preallocate,
    )
    z = x.copy()
    while True:
        x, z, _ = solver.step(x, z)
        yield x.copy() if preallocate else x


def admm_l2(
    case: Case, made: Made, shrinkage: float = 0.02, inner: int = 3
) -> Iterator[NDArray[Any]]:
    """Yield the iterations of PyProximal's ADMM for least squares and total variation.

    `shrinkage` is what its proximal step takes off each difference: tau times the weight.
    """
    import pylops
    import pyproximal
    from pyproximal.optimization.cls_primal import ADMML2

    blur, sparse = made(case)
    weight = float(sparse[0].weight)
    maps = [term.penalised() for term in sparse]
    gradient = maps[0] if len(maps) == 1 else pylops.VStack(maps, dtype="float32")
    solver = ADMML2()
    x, z = solver.setup(
        proxg=pyproximal.L1(sigma=weight),
        Op=blur,
        b=case.weighted_data(),
        A=gradient,
        x0=case.start.ravel(),
        tau=shrinkage / weight,
    )
    while True:
        x, z = solver.step(x, z, iter_lim=inner)
        yield x
