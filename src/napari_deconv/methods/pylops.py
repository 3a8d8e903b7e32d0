"""PyLops: our linear maps as its operators, and its solvers as reference methods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from napari_deconv.core.params import register
from napari_deconv.core.priors import Basis, Levels, Term, TotalVariation, WaveletPrior
from napari_deconv.methods.start import beginning
from napari_deconv.methods.variational import Iterations, Model, Positive, Strength

if TYPE_CHECKING:
    import numpy.typing as npt
    import pylops
    from torch import Tensor

    from napari_deconv.core.operators import Blur, LinearMap
    from napari_deconv.core.problem import Problem


def as_operator(linear_map: LinearMap | Blur, shape: tuple[int, ...] | None = None) -> Any:
    """Return a linear map as a ``pylops.LinearOperator`` on NumPy arrays.

    Any solver of PyLops or PyProximal then runs on it. Vectors are copied to the map's device and
    back at every product.

    Parameters
    ----------
    linear_map : LinearMap
        `Blur`, `Gradient`, a wavelet transform, or anything with ``map(x)`` and ``map.adjoint(y)``.
    shape : tuple of int, optional
        Shape of the images it acts on; a `Blur` knows it.

    Returns
    -------
    pylops.LinearOperator
        float32, with ``dims`` the shape of an image and ``dimsd`` that of what it is mapped to.

    Raises
    ------
    ValueError
        If no shape is known, or PyLops is not installed.
    """
    import torch

    library = _library()
    shape = tuple(getattr(linear_map, "grid", ())) if shape is None else tuple(shape)
    if not shape:
        raise ValueError("Say what images the map acts on: as_operator(map, (H, W)).")
    kernel = getattr(linear_map, "kernel", None)
    device = torch.device("cpu") if kernel is None else kernel.device
    image = torch.zeros(shape, device=device)
    mapped = tuple(linear_map(image).shape)

    def through(vector: npt.NDArray[Any], dims: tuple[int, ...], adjoint: bool) -> Any:
        tensor = torch.from_numpy(np.ascontiguousarray(vector, np.float32)).reshape(dims)
        product = (linear_map.adjoint if adjoint else linear_map)(tensor.to(device))
        return product.cpu().numpy().ravel()

    operator = library.FunctionOperator(
        lambda x: through(x, shape, False),
        lambda y: through(y, mapped, True),
        int(np.prod(mapped)),
        int(np.prod(shape)),
        dtype="float32",
    )
    operator.dims, operator.dimsd = shape, mapped
    return operator


def _library() -> Any:
    try:
        import pylops
    except ImportError:
        raise ValueError("PyLops is not installed; pip install pylops, or choose tv.") from None
    return pylops


class _Reference(Model):
    """A model solved by PyLops on the host, for comparison."""

    fidelities: ClassVar[tuple[str, ...]] = ("gaussian",)
    on_host: ClassVar[bool] = True
    rule: ClassVar[str] = "noise"  # too slow to be tried several times
    images: ClassVar[float] = 23.0
    """Float32 images of the grid that it takes, as `benchmarks/planner.py` measures them."""
    positive: Positive = False
    iterations: Iterations = 60

    def need(self, problem: Problem) -> tuple[float, float]:
        """Return what was measured: a rehearsal can't see the arrays of another library."""
        return 4 * self.images, 0.0

    def check(self, problem: Problem) -> None:
        """Refuse to begin without PyLops."""
        _library()

    def _measured(self, problem: Problem) -> tuple[pylops.LinearOperator, npt.NDArray[Any]]:
        """Return operator and data, both times the root of the weights."""
        operator, data = as_operator(problem.blur), problem.data.cpu().numpy().ravel()
        if problem.weights is None:
            return operator, data
        root = problem.weights.sqrt().cpu().numpy().ravel()
        return _library().Diagonal(root, dtype="float32") @ operator, root * data

    def _shown(self, x: npt.NDArray[Any], problem: Problem) -> Tensor:
        import torch

        image = torch.from_numpy(x.astype(np.float32)).reshape(problem.data.shape)
        image = image.clamp(min=0) if self.positive else image
        return image.to(problem.data)


@register("method")
class PylopsFista(_Reference):
    """L1 of wavelets by PyLops' FISTA; it shrinks the coarsest level as well.

    ``argmin 1/2 ||H x - g||^2 + weight ||Psi x||_1`` over all coefficients; positivity is applied
    to what is shown.

    References
    ----------
    M. Ravasi, I. Vasconcelos, SoftwareX 11, 2020; A. Beck, M. Teboulle, SIAM J. Imaging Sci. 2,
    2009.
    """

    name: Literal["pylops-fista"] = "pylops-fista"
    label: ClassVar[str] = "PyLops FISTA: for comparison"
    bias: ClassVar[str] = "PyLops' FISTA pulls grey values towards zero, by up to its weight."
    weight: Strength = "auto"
    basis: Basis = "haar"
    levels: Levels = 3

    def priors(self, weight: float) -> list[Term]:
        """Return the wavelet penalty; `objective` adds the coarsest level."""
        return [Term(weight, WaveletPrior(basis=self.basis, levels=self.levels))]

    def iterates(self, problem: Problem) -> Iterator[Tensor]:
        """Step PyLops' solver; its weight is half of its ``eps``."""
        from pylops.optimization.cls_sparsity import FISTA

        (term, *_) = self.terms(problem)
        shape = tuple(problem.data.shape)
        wavelets = as_operator(term.prior.analysis(problem.ndim), shape)
        operator, data = self._measured(problem)
        solver = FISTA(operator)
        start = beginning(problem).cpu().numpy().ravel()
        x = solver.setup(
            data, x0=start, niter=self.iterations, SOp=wavelets.H, eps=2 * term.weight, alpha=1.0
        )
        z = x.copy()
        for _ in range(self.iterations):
            x, z, _ = solver.step(x, z)
            yield self._shown(x, problem)

    def objective(self, problem: Problem, estimate: Tensor) -> Tensor:
        """Return misfit plus the L1 norm of every coefficient."""
        (term, *_) = self.terms(problem)
        coefficients = term.prior.analysis(problem.ndim)(estimate)
        return problem.misfit(estimate) + term.weight * coefficients.abs().sum()


@register("method")
class PylopsSplitBregman(_Reference):
    """Anisotropic TV and wavelets by PyLops' split Bregman.

    ``argmin 1/2 ||H x - g||^2 + weight ((1 - s) ||D x||_1 + s ||Psi x||_1)``, with ``share`` s; its
    documented weights are the roots of these.

    References
    ----------
    M. Ravasi, I. Vasconcelos, SoftwareX 11, 2020; T. Goldstein, S. Osher, SIAM J. Imaging Sci. 2,
    2009.
    """

    name: Literal["pylops-split-bregman"] = "pylops-split-bregman"
    label: ClassVar[str] = "PyLops split Bregman: comparison"
    images: ClassVar[float] = 55.0
    weight: Strength = "auto"
    share: float = Field(
        0.0, ge=0, le=1, description="Part of the strength that Haar wavelets get; TV the rest."
    )
    levels: Levels = 3
    inner: int = Field(
        5, ge=1, le=1000, title="Inner steps", description="LSQR iterations in each iteration."
    )

    def priors(self, weight: float) -> list[Term]:
        """Return anisotropic TV and Haar wavelets, those whose share is not 0."""
        shares = (
            (1 - self.share, TotalVariation(isotropic=False)),
            (self.share, WaveletPrior(levels=self.levels)),
        )
        return [Term(part * weight, prior) for part, prior in shares if part]

    def iterates(self, problem: Problem) -> Iterator[Tensor]:
        """Step PyLops' solver from the Tikhonov estimate."""
        from pylops.optimization.cls_sparsity import SplitBregman

        terms = [term for term in self.terms(problem) if not term.prior.constraint]
        shape = tuple(problem.data.shape)
        operator, data = self._measured(problem)
        solver = SplitBregman(operator)
        x = solver.setup(
            data,
            [as_operator(term.prior.analysis(problem.ndim), shape) for term in terms],
            x0=beginning(problem).cpu().numpy().ravel(),
            niter_outer=self.iterations,
            niter_inner=1,
            mu=1.0,
            epsRL1s=[float(np.sqrt(term.weight)) for term in terms],
            tol=1e-8,
        )
        for _ in range(self.iterations):
            x = solver.step(x, iter_lim=self.inner, damp=0.0)
            yield self._shown(x, problem)
