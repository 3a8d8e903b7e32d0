"""What the Measures dock has worked out in a thread: every shape in every visible image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv.core.units import PixelSize
from napari_deconv.evidence.measures import Subject, Terms, take
from napari_deconv.evidence.reading import Reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_deconv.widgets.measure_shapes import Drawn
    from napari_deconv.widgets.profile_planes import Plane

    Answer = Reading | str

NO_KIND = (
    "This shape has no measure: choose one above, press the button and draw what it says; or "
    "remove this shape."
)


@dataclass(frozen=True, eq=False)
class Results:
    """What the shapes come to.

    Attributes
    ----------
    drawn : tuple of Drawn
        A row each.
    planes : tuple of Plane
        A column each.
    answers : list of list
        Row by row: a reading, or the sentence that says what to draw instead.
    """

    drawn: tuple[Drawn, ...] = ()
    planes: tuple[Plane, ...] = ()
    answers: list[list[Answer]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be measured; it reads no layer and no widget.

    Attributes
    ----------
    drawn, planes : tuple
    terms : Terms
    known : dict
        Answers of the task before, by what they depend on; what this task does not need is
        forgotten.
    """

    drawn: tuple[Drawn, ...]
    planes: tuple[Plane, ...]
    terms: Terms
    known: dict[tuple[Any, ...], Answer]

    def __call__(self) -> Results:
        """Measure what is not known yet."""
        used: dict[tuple[Any, ...], Answer] = {}
        pictures: dict[tuple[Any, ...], NDArray[Any]] = {}
        rows = []
        for shape in self.drawn:
            row = []
            for plane in self.planes:
                key = self._key(shape, plane)
                if key not in used:
                    used[key] = (
                        self.known[key]
                        if key in self.known
                        else self._answer(shape, plane, pictures)
                    )
                row.append(used[key])
            rows.append(row)
        self.known.clear()
        self.known.update(used)
        return Results(self.drawn, self.planes, rows)

    def _alike(self, shape: Drawn) -> list[Drawn]:
        """Return the shapes of one measure, in order."""
        return [other for other in self.drawn if other.kind == shape.kind]

    def _key(self, shape: Drawn, plane: Plane) -> tuple[Any, ...]:
        """Return what tells an answer from all others."""
        alike = self._alike(shape)
        several = alike if shape.kind == "cnr" else [shape]
        trusted = self._trusted(shape, plane)
        return (
            shape.kind,
            alike.index(shape) if shape.kind == "cnr" else 0,
            b"".join(np.round(each.points, 6).tobytes() for each in several),
            plane.key,
            plane.world_to_data.tobytes(),
            plane.unit,
            None if trusted is None else trusted.key,
            self.terms,
        )

    def _answer(
        self, shape: Drawn, plane: Plane, pictures: dict[tuple[Any, ...], NDArray[Any]]
    ) -> Answer:
        if not shape.kind:
            return NO_KIND

        def read(each: Plane) -> NDArray[Any]:
            if each.key not in pictures:
                pictures[each.key] = each.read()
            return pictures[each.key]

        alike = self._alike(shape)
        trusted = self._trusted(shape, plane)
        try:
            return take(
                shape.kind,
                Subject(
                    image=read(plane),
                    shapes=[in_pixels(plane, each.points) for each in alike],
                    number=alike.index(shape),
                    side=side_in_mm(plane),
                    trusted=None if trusted is None else read(trusted),
                    terms=self.terms,
                ),
            )
        except ValueError as error:
            return str(error)

    def _trusted(self, shape: Drawn, plane: Plane) -> Plane | None:
        """Return the measured picture in which a result's line pairs are looked for."""
        if plane.role != "result" or shape.kind != "line-pairs":
            return None
        alike = (p for p in self.planes if p.role != "result" and p.shape == plane.shape)
        return next(alike, None)


def in_pixels(plane: Plane, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points (y, x) of the world as (row, column) of a plane."""
    affine = plane.world_to_data
    return np.asarray(points @ affine[:2, :2].T + affine[:2, 2])


def side_in_mm(plane: Plane) -> float | None:
    """Return the side of a plane's pixels in mm; None if it is not known, or not one."""
    if plane.unit is None:
        return None
    down, right = (plane.pixel(np.array(way)) for way in ((1.0, 0.0), (0.0, 1.0)))
    try:
        return PixelSize((down, right), plane.unit).square_side("mm")
    except ValueError:
        return None


def larger(planes: Sequence[Plane], times: float) -> list[Plane]:
    """Return the planes that are no PSF: not many times smaller than the largest, or results.

    A result may be of a small region.
    """
    areas = [plane.shape[0] * plane.shape[1] for plane in planes]
    return [
        plane
        for plane, area in zip(planes, areas, strict=True)
        if plane.role == "result" or times * area > max(areas)
    ]
