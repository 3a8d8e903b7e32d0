"""Total variation beside PyLops' split Bregman on one and the same objective.

    python benchmarks/tv_speed.py [--sizes 512 1024] [--repeats 3] [--markdown]

CPU time on one thread, walkers in turn, medians. The objective is anisotropic total variation (the
only one that split Bregman of PyLops knows) on the padded grid, evaluated for all walkers by one
function in float64, outside their clocks. The optimum is where ours ends after a long run in
float64; that PyLops comes to within 1e-3 of it shows that it is the optimum of both. PyLops starts
from the same Tikhonov estimate, in float32, and has the penalty and inner iterations that suited
it best at 512; ours has what every picture gets.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from time import process_time
from typing import Any

import numpy as np
import pylops
import torch
from numpy.typing import NDArray
from pylops.optimization.cls_sparsity import SplitBregman
from table import parser, show

from napari_deconv import Recipe, samples
from napari_deconv.core.operators import Blur, Gradient
from napari_deconv.core.problem import Problem
from napari_deconv.methods.direct import Tikhonov
from napari_deconv.methods.variational import START_WEIGHT

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""Environment that keeps every library to one thread; read when they are loaded."""
NEAR = (1e-2, 1e-3)
"""Relative distances from the optimum that are timed."""
LONG_RUN = 1000
"""Iterations in float64 that look for the optimum."""
LONGEST = 300
"""Iterations after which a walker gives up."""
KNOWN, MASKED = (1.0, 3), (0.3, 10)
"""Best mu and LSQR iterations of PyLops: of 0.3, 1, 2, 3, 10 and 2, 3, 5, 8, 20 where data are
known everywhere; of 0.3, 1, 3 and 3, 5, 10 where they are masked."""

Vector = NDArray[np.float32]
Walker = Callable[["Case"], Iterator[NDArray[Any]]]


@dataclass(frozen=True)
class Case:
    """A problem to solve, and what must be minimised: the same for every walker.

    Attributes
    ----------
    problem : Problem
        Data and blur on the padded grid.
    weight : float
        Strength of total variation in the problem's units.
    """

    problem: Problem
    weight: float

    @classmethod
    def of(cls, size: int, boundary: str) -> Case:
        """Return the simulated radiograph of `size` pixels a side, at the automatic weight."""
        sample = samples.radiograph(shape=(size, size))
        recipe = Recipe(method={"name": "tv", "isotropic": False}, boundary=boundary)
        restoration = recipe.begin(sample.image, sample.psf, device="cpu")
        return cls(restoration.problem(), float(restoration.recipe.method.weight))

    @property
    def grid(self) -> tuple[int, ...]:
        """Shape of the padded grid."""
        return self.problem.blur.grid

    def objective(self, u: NDArray[Any]) -> float:
        """Return ``1/2 sum w (H u - g)^2 + weight sum |D u|`` in float64, by NumPy alone."""
        x = u.reshape(self.grid).astype(np.float64)
        kernel = self.problem.blur.kernel.numpy().astype(np.float64)
        psf = np.zeros(self.grid)
        psf[tuple(slice(n) for n in kernel.shape)] = kernel
        psf = np.roll(psf, [-((n - 1) // 2) for n in kernel.shape], (0, 1))
        blurred = np.fft.irfft2(np.fft.rfft2(psf) * np.fft.rfft2(x), self.grid)
        residual = blurred - self.problem.data.numpy().astype(np.float64)
        differences = sum(np.abs(np.roll(x, -1, axis) - x).sum() for axis in (0, 1))
        return float((self.weights() * residual**2).sum() / 2 + self.weight * differences)

    def weights(self) -> NDArray[Any]:
        """Return 1 where there are data, 0 where there are none."""
        weights = self.problem.weights
        return np.ones((), np.float32) if weights is None else weights.numpy()

    def start(self) -> Vector:
        """Return the Tikhonov estimate that all start from."""
        return Tikhonov(weight=START_WEIGHT).estimate(self.problem).numpy().ravel()

    def data(self) -> Vector:
        """Return the weighted data as one vector."""
        return (self.weights() * self.problem.data.numpy()).ravel()


def ours(case: Case) -> Iterator[NDArray[Any]]:
    """Walk with the `tv` method."""
    method = Recipe(
        method={
            "name": "tv",
            "weight": case.weight,
            "isotropic": False,
            "iterations": LONG_RUN,
        }
    ).method
    blur = Blur(case.problem.blur.kernel, case.grid)  # its making belongs to the set-up timed
    for x in method.iterates(replace(case.problem, blur=blur)):
        yield x.numpy()


def pylops_around_ours(case: Case) -> Iterator[NDArray[Any]]:
    """Walk with split Bregman around our own blur and gradient."""
    grid, size = case.grid, int(np.prod(case.grid))
    blur, gradient = Blur(case.problem.blur.kernel, grid), Gradient(2)
    weights = case.weights()

    def tensor(x: NDArray[Any], *shape: int) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(x)).view(*shape, *grid)

    forward = pylops.FunctionOperator(
        lambda x: (weights * blur(tensor(x)).numpy()).ravel(),
        lambda y: blur.adjoint(tensor(weights * y.reshape(grid))).numpy().ravel(),
        size,
        size,
        dtype="float32",
    )
    differences = pylops.FunctionOperator(
        lambda x: gradient(tensor(x)).numpy().ravel(),
        lambda y: gradient.adjoint(tensor(y, 2)).numpy().ravel(),
        2 * size,
        size,
        dtype="float32",
    )
    return _split_bregman(case, forward, [differences])


def pylops_alone(case: Case) -> Iterator[NDArray[Any]]:
    """Walk with split Bregman around operators of PyLops itself."""
    return _split_bregman(case, *own_operators(case))


def own_operators(case: Case) -> tuple[Any, list[Any]]:
    """Return blur and periodic forward differences, each made of PyLops' own operators.

    Its convolution knows only a black border and its derivative no periodic one, so blur is FFT,
    diagonal, inverse FFT, and a difference is a roll less the identity.
    """
    grid = case.grid
    fourier = pylops.signalprocessing.FFT2D(
        grid, real=True, norm="ortho", engine="scipy", dtype="float32"
    )
    transfer = Blur(case.problem.blur.kernel, grid).spectrum.numpy().ravel()
    blur = fourier.H @ pylops.Diagonal(transfer, dtype="complex64") @ fourier
    blur.dtype = np.dtype("float32")
    if case.problem.weights is not None:
        blur = pylops.Diagonal(case.weights().ravel(), dtype="float32") @ blur
    identity = pylops.Identity(int(np.prod(grid)), dtype="float32")
    return blur, [pylops.Roll(grid, axis, -1, dtype="float32") - identity for axis in (0, 1)]


def _split_bregman(case: Case, blur: Any, terms: list[Any]) -> Iterator[NDArray[Any]]:
    """Yield the outer iterations, driven step by step so that only they are on the clock.

    Its data term is ``mu / 2 |..|^2``, its L1 weight the square of `epsRL1s`, despite its manual.
    """
    mu, inner = KNOWN if case.problem.weights is None else MASKED
    solver = SplitBregman(blur)
    strength = float(np.sqrt(case.weight * mu))  # a NumPy number would turn all to float64
    x = solver.setup(
        case.data(), terms, x0=case.start(), niter_inner=1, mu=mu, epsRL1s=[strength] * len(terms)
    )
    while True:
        x = solver.step(x, iter_lim=inner)
        yield x


@dataclass(frozen=True)
class Walk:
    """CPU seconds since the start, and the objective, after each iteration."""

    seconds: list[float]
    values: list[float]

    def reached(self, target: float) -> tuple[int, float] | None:
        """Return iterations and seconds until the objective fell to a target."""
        for number, value in enumerate(self.values):
            if value <= target:
                return number + 1, self.seconds[number]
        return None


def walk(walker: Walker, case: Case, target: float, most: int = LONGEST) -> Walk:
    """Walk until the objective has fallen to the target; only the walker is on the clock."""
    seconds: list[float] = []
    values: list[float] = []
    spent = 0.0
    began = process_time()
    for x in islice(walker(case), most):
        spent += process_time() - began
        seconds.append(spent)
        values.append(case.objective(x))
        if values[-1] <= target:
            break
        began = process_time()
    return Walk(seconds, values)


def optimum(case: Case, iterations: int = LONG_RUN) -> float:
    """Return the lowest objective of a long walk of ours in float64."""
    problem = case.problem
    weights = None if problem.weights is None else problem.weights.double()
    double = replace(
        problem,
        data=problem.data.double(),
        weights=weights,
        blur=Blur(problem.blur.kernel.double(), case.grid),
    )
    last = list(islice(ours(replace(case, problem=double)), iterations - 1, iterations))
    return case.objective(last[0])


def pair_seconds(grid: tuple[int, ...], times: int = 30) -> float:
    """Return the CPU time of one real FFT and its inverse in float32, a median."""
    x = torch.rand(grid)
    spent = []
    for _ in range(times):
        began = process_time()
        torch.fft.irfftn(torch.fft.rfftn(x), s=grid)
        spent.append(process_time() - began)
    return float(np.median(spent))


WALKERS: dict[str, Walker] = {
    "ours": ours,
    "PyLops around our operators": pylops_around_ours,
    "PyLops alone": pylops_alone,
}


def compare(case: Case, repeats: int, long_run: int = LONG_RUN) -> list[list[str]]:
    """Return the table's rows: each walker to 1e-2 and 1e-3 of the optimum."""
    best = optimum(case, long_run)
    walks: dict[str, list[Walk]] = {name: [] for name in WALKERS}
    pairs = []
    for _ in range(repeats):
        for name, walker in WALKERS.items():
            walks[name].append(walk(walker, case, best * (1 + min(NEAR))))
            pairs.append(pair_seconds(case.grid))
    pair, rows, fastest = float(np.median(pairs)), [], None
    for name, group in walks.items():
        each = float(np.median(np.concatenate([np.diff(w.seconds) for w in group])))
        row = [name, f"{1e3 * each:.2f}", f"{each / pair:.2f}"]
        for near in NEAR:
            reached = [found for w in group if (found := w.reached(best * (1 + near)))]
            seconds = float(np.median([s for _, s in reached])) if reached else None
            its = str(reached[0][0]) if reached else f"> {len(group[0].values)}"
            row += [its, f"{seconds:.3f}" if seconds else "-"]
        fastest = fastest or seconds
        rows.append([*row, f"{seconds / fastest:.1f}" if seconds and fastest else "-"])
    return rows


def main() -> None:
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--sizes", type=int, nargs="+", default=[512, 1024])
    arguments.add_argument("--repeats", type=int, default=3)
    given = arguments.parse_args()
    if any(os.environ.get(key) != value for key, value in ONE_THREAD.items()):
        again = [sys.executable, *sys.argv]
        raise SystemExit(subprocess.run(again, env=os.environ | ONE_THREAD).returncode)
    torch.set_num_threads(1)
    header = ["walker", "ms / it", "FFT pairs / it"]
    header += [f"{what} to {near:g}" for near in NEAR for what in ("its", "s")]
    for size in given.sizes:
        for boundary in ("edge", "unknown"):
            case = Case.of(size, boundary)
            title = (
                f"TV {size} × {size}, boundary {boundary}, grid {' × '.join(map(str, case.grid))}, "
                f"weight {case.weight:.3g}; one thread, median of {given.repeats}"
            )
            show(title, [*header, "times ours"], compare(case, given.repeats), given.markdown)


if __name__ == "__main__":
    main()
