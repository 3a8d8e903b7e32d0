"""Restore one picture by several methods and strengths, one after another, and measure each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from napari_deconv.appraisal import Figures, Outcome
from napari_deconv.core.device import leave_a_core
from napari_deconv.evidence.flatness import flat_blocks, flat_noise
from napari_deconv.evidence.reference import SSIM_WINDOW, ssim
from napari_deconv.jobs import Reference
from napari_deconv.registry import choices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_deconv.methods.method import Method
    from napari_deconv.recipe import Recipe
    from napari_deconv.restoration import Restoration

FACTORS = (1 / 3, 1.0, 3.0)
"""Strengths around the chosen one that show whether it matters."""


@dataclass(frozen=True)
class Candidate:
    """A method at a strength.

    Attributes
    ----------
    method : Method
        Its strength may be ``"auto"``.
    factor : float
        What the strength is multiplied by once it is known.
    """

    method: Method
    factor: float = 1.0

    @property
    def label(self) -> str:
        """Its name in tables, lists of layers and files, such as ``tv x1/3``."""
        if self.factor == 1:
            return self.method.key()
        times = f"x{self.factor:.3g}" if self.factor >= 1 else f"x1/{1 / self.factor:.3g}"
        return f"{self.method.key()} {times}"


def candidates(
    methods: Sequence[Method],
    strength: float | Literal["auto"] = "auto",
    factors: Sequence[float] = (1.0,),
) -> list[Candidate]:
    """Return every method at every factor of a strength; once where a method has no strength.

    Parameters
    ----------
    methods : sequence of Method
    strength : float or "auto"
        Put in place of every strength that is on auto; two strengths of one method share it.
    factors : sequence of float
        Above zero.
    """
    found = []
    for method in methods:
        based = method if strength == "auto" else method.strengthened(strength)
        several = factors if based.strengths() else (1.0,)
        found += [Candidate(based, factor) for factor in several]
    return found


def every_method() -> list[Method]:
    """Return every method with its defaults that needs no other library and nothing chosen."""
    made = []
    for cls in choices("method").values():
        method: Any = cls
        if not method.on_host and not any(f.is_required() for f in method.parameters().values()):
            made.append(method())
    return made


@dataclass(frozen=True)
class Scene:
    """What every candidate is given.

    Attributes
    ----------
    image : ndarray, (H, W)
    recipe : Recipe
        PSF, border, noise model and the like; its method is not looked at.
    reference : Reference or None
        The truth, and K.
    weights : ndarray or None
        How much each pixel counts.
    device : str
    """

    image: NDArray[Any]
    recipe: Recipe
    reference: Reference | None = None
    weights: NDArray[Any] | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        """Refuse what can't be compared.

        Raises
        ------
        ValueError
            In one sentence.
        """
        if self.image.ndim != 2:
            raise ValueError(
                f"A comparison takes one picture, not the shape {self.image.shape}; give a slice."
            )
        if self.reference is not None and self.reference.image.shape != self.image.shape:
            raise ValueError(
                f"The reference has shape {self.reference.image.shape}, the image "
                f"{self.image.shape}; choose a reference of the same shape."
            )

    def flat(self) -> list[tuple[slice, slice]]:
        """Return the flat areas: of the truth, where it is known, else of the data."""
        return flat_blocks(self.image if self.reference is None else self.reference.image)


@dataclass(frozen=True)
class Advance:
    """How far the queue is.

    Attributes
    ----------
    done : float
        Candidates that are done, and the part of the one under way.
    text : str
        For people.
    """

    done: float
    text: str


@dataclass
class Queue:
    """Candidates that are tried in turn; whoever stops iterating keeps what was yielded.

    Parameters
    ----------
    scene : Scene
    entries : list of Candidate
    """

    scene: Scene
    entries: Sequence[Candidate]
    _found: dict[str, Method] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Advance | Outcome]:
        """Yield how far it is, and each outcome as soon as it is there.

        A candidate that is refused has an outcome that says why; the others go on.
        """
        leave_a_core()  # torch is loaded here, which is nobody's time
        blocks = self.scene.flat()
        for index, entry in enumerate(self.entries):
            try:
                yield from self._one(index, entry, blocks)
            except ValueError as error:
                yield Outcome(entry.label, complaint=str(error))

    def _one(
        self, index: int, entry: Candidate, blocks: list[tuple[slice, slice]]
    ) -> Iterator[Advance | Outcome]:
        where = f"{index + 1} of {len(self.entries)} · {entry.label}"
        yield Advance(index, where)
        began = time.perf_counter()
        run = self._begun(entry.method)
        for trying in run.choosing():
            yield Advance(index, f"{where} · {trying}")
        self._found[entry.method.model_dump_json()] = run.recipe.method
        if entry.factor != 1:
            run = self._begun(_scaled(run.recipe.method, entry.factor))
        step = None
        for step in run.steps():
            part = step.index / step.total
            yield Advance(index + part, f"{where} · iteration {step.index} of {step.total}")
        if step is None:
            raise ValueError("The method yielded no estimate; ask for at least one iteration.")
        image = step.image()
        seconds = time.perf_counter() - began
        figures = replace(measured(image, self.scene, blocks), seconds=seconds)
        figures = replace(figures, check=run.agreement(image))
        notes = (*run.notes, *run.remarks(image))
        yield Outcome(entry.label, image, run.recipe, figures, notes, device=str(run.device))

    def _begun(self, method: Method) -> Restoration[Recipe]:
        """Stand ready with a method, at the strength that was found for it before if it was."""
        scene = self.scene
        known = self._found.get(method.model_dump_json(), method)
        recipe = _with_method(scene.recipe, known)
        return recipe.begin(scene.image, device=scene.device, weights=scene.weights)


def measured(
    image: NDArray[Any], scene: Scene, blocks: list[tuple[slice, slice]] | None = None
) -> Figures:
    """Return what can be told of a picture without the recipe that made it.

    Parameters
    ----------
    image : ndarray, (H, W)
        The data, or a result.
    scene : Scene
    blocks : list of (slice, slice), optional
        As `Scene.flat` returns them; found anew if not given.
    """
    known = scene.flat() if blocks is None else blocks
    noise = flat_noise(image, known)
    truth = scene.reference
    if truth is None:
        return Figures(noise=noise)
    similar = None
    if min(truth.image.shape) >= SSIM_WINDOW:
        similar = ssim(image, truth.image, truth.data_range)
    return Figures(truth.compare(image), similar, noise=noise)


def _scaled(method: Method, factor: float) -> Method:
    """Return a method whose strengths, all known, are multiplied."""
    strengths = {name: factor * getattr(method, name) for name in method.strengths()}
    scaled: Method = method.replace(**strengths)
    return scaled


def _with_method(recipe: Recipe, method: Method) -> Recipe:
    """Return a recipe with another method, which may bring a noise model of its own."""
    stated = {n: getattr(recipe, n) for n in recipe.model_fields_set - {"method", "curve"}}
    return type(recipe)(**stated, method=method)
