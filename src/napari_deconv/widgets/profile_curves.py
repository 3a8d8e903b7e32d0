"""What is plotted: lines and paths, and what each visible plane shows along them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv.evidence.interpolation import Taps
from napari_deconv.evidence.profile import Profile, line_profile, profile_at, stroke_taps
from napari_deconv.evidence.reference import Psnr, psnr
from napari_deconv.evidence.stroke import SAMPLES_PER_PIXEL, Stroke, path_length, segments, stroke
from napari_deconv.widgets.bands import BandTrace, traced
from napari_deconv.widgets.profile_planes import Plane, common_unit
from napari_deconv.widgets.profile_store import Store

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Line:
    """A line or path on the canvas.

    Attributes
    ----------
    number : int
        From 1, as written beside it.
    color : str
        Its colour as ``#rrggbb``.
    path : ndarray, (k, 2)
        Start, corners and end as (y, x) in the world.
    width : float
        Width that is averaged over, in pixels of the finest image that it crosses.
    """

    number: int
    color: str
    path: NDArray[np.float64]
    width: float = 3.0

    @property
    def key(self) -> tuple[bytes, float]:
        """What tells its course from any other."""
        return self.path.tobytes(), self.width

    @property
    def shown(self) -> tuple[Any, ...]:
        """What tells it, as it is drawn, from any other."""
        return self.number, self.color, *self.key


@dataclass(frozen=True)
class Trace:
    """One plane along one line; `psnr` is None without a reference to compare with."""

    plane: Plane
    profile: Profile
    psnr: Psnr | None = None
    bands: tuple[BandTrace, ...] = ()


@dataclass(frozen=True)
class LineTraces:
    """All planes along one line.

    Attributes
    ----------
    line : Line
        The line.
    traces : tuple of Trace
        In the order of the layer list, re-blurred ones last.
    factor : float
        What turns world units into the unit shown.
    """

    line: Line
    traces: tuple[Trace, ...]
    factor: float

    @property
    def length(self) -> float:
        """Length of the line in the unit shown."""
        return path_length(self.line.path) * self.factor

    @property
    def measured(self) -> tuple[Trace, ...]:
        """The traces of layers, without those that are computed of them."""
        return tuple(trace for trace in self.traces if trace.plane.role != "reblurred")

    def place(self, distance: float) -> tuple[float, float]:
        """Return the place (y, x) at a distance from the start, all in the unit shown."""
        corners = segments(self.line.path) * self.factor
        ends = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
        y, x = (float(np.interp(distance, ends, corners[:, axis])) for axis in (0, 1))
        return y, x


@dataclass(frozen=True)
class Curves:
    """All lines, the unit of all distances, and what they were computed from.

    Attributes
    ----------
    lines : tuple of LineTraces
    unit : str
        Of all distances.
    planes : tuple of Plane
        What is on display.
    k : float or None
        Maximum of the reference; None without one, or where it is not known.
    """

    lines: tuple[LineTraces, ...] = ()
    unit: str = "px"
    planes: tuple[Plane, ...] = ()
    k: float | None = None

    def joined(self, others: Mapping[int, tuple[Trace, ...]]) -> Curves:
        """Return the curves with others, by the number of the line."""
        lines = (
            replace(line, traces=(*line.traces, *others.get(line.line.number, ())))
            for line in self.lines
        )
        return replace(self, lines=tuple(lines))


def trace_lines(lines: Sequence[Line], planes: Sequence[Plane], store: Store) -> Curves:
    """Return the curves of all lines over the planes that each of them crosses.

    Parameters
    ----------
    lines : sequence of Line
        The lines.
    planes : sequence of Plane
        All planes on display.
    store : Store
        Reads the planes, and keeps the profiles of lines that stay where they are.

    Returns
    -------
    Curves
        One entry a line, with no trace where it crosses no plane.
    """
    store.keep(planes)
    unit = common_unit([p for p in planes if any(p.crossed_by(line.path) for line in lines)])
    reference = next((plane for plane in planes if plane.role == "reference"), None)
    k = None if reference is None else store.peak(reference)
    shown = unit, k, tuple(plane.shown for plane in planes)
    traced = tuple(
        store.line((line.shown, shown), partial(_trace_line, line, planes, (unit, k), store))
        for line in lines
    )
    return Curves(traced, unit or "px", tuple(planes), k)


def trace_reblurred(
    lines: Sequence[Line], planes: Sequence[Plane], store: Store
) -> dict[int, tuple[Trace, ...]]:
    """Return what each restored plane, blurred again, shows along each line.

    Parameters
    ----------
    lines : sequence of Line
        The lines.
    planes : sequence of Plane
        All planes on display; of results whose recipe holds no plane PSF there is no trace.
    store : Store
        Blurs no more than the blocks that a line runs over.

    Returns
    -------
    dict of int to tuple of Trace
        By the number of the line.
    """
    results = [plane for plane in planes if store.psf(plane) is not None]
    found = {}
    for line in lines:
        crossed = [plane for plane in planes if plane.crossed_by(line.path)]
        again = [
            replace(p, role="reblurred", name=f"{p.name}, re-blurred")
            for p in crossed
            if p in results
        ]
        if again and path_length(line.path) > 0:
            profiles = _profiles(line, again, _sampling(line, crossed), store)
            found[line.number] = tuple(map(Trace, again, profiles))
    return found


def _trace_line(
    line: Line, planes: Sequence[Plane], shown: tuple[str | None, float | None], store: Store
) -> LineTraces:
    unit, k = shown
    crossed = [plane for plane in planes if plane.crossed_by(line.path)]
    if not crossed or not path_length(line.path) > 0:
        return LineTraces(line, (), 1.0)
    wide, step = _sampling(line, crossed)
    profiles = dict(zip(crossed, _profiles(line, crossed, (wide, step), store), strict=True))
    reference = next((plane for plane in crossed if plane.role == "reference"), None)
    traces = tuple(
        Trace(
            plane,
            profile,
            None if k is None else _profile_psnr((plane, reference), profiles, k, store),
            _bands(line, plane, (wide, step), store),
        )
        for plane, profile in profiles.items()
    )
    return LineTraces(line, traces, 1.0 if unit else 1.0 / (step * SAMPLES_PER_PIXEL))


def _sampling(line: Line, crossed: Sequence[Plane]) -> tuple[float, float]:
    """Return width and step in world units, by the pixels of the finest plane that is crossed."""
    legs = np.diff(segments(line.path), axis=0)
    along = legs[np.argmax(np.hypot(*legs.T))]
    along = along / np.hypot(*along)
    finest = min(crossed, key=lambda plane: plane.pixel(along))
    pitch = finest.pixel(np.array([-along[1], along[0]]))
    return line.width * pitch, finest.pixel(along) / SAMPLES_PER_PIXEL


def _profiles(
    line: Line, planes: Sequence[Plane], sampling: tuple[float, float], store: Store
) -> list[Profile]:
    """Return the profiles of planes; planes that lie on each other share the places they read."""

    def found_taps(plane: Plane) -> tuple[Stroke, Taps]:
        run = stroke(line.path, plane.world_to_data, *sampling)
        return run, stroke_taps(plane.shape, run, plane.world_to_data)

    known: dict[Hashable, tuple[Stroke, Taps]] = {}

    def profile(plane: Plane) -> Profile:
        place = line.key, sampling, plane.world_to_data.tobytes(), plane.shape
        if place not in known:
            known[place] = store.stroke(place, partial(found_taps, plane))
        return profile_at(store.pixels(plane), *known[place])

    found = []
    for plane in planes:
        blur = plane.made.key if plane.role == "reblurred" and plane.made is not None else None
        key = plane.key, blur, plane.world_to_data.tobytes(), line.key, sampling
        found.append(store.profile(key, partial(profile, plane)))
    return found


def _bands(
    line: Line, plane: Plane, sampling: tuple[float, float], store: Store
) -> tuple[BandTrace, ...]:
    """Return the bands of a plane along a line; they are kept as long as the arrays are theirs."""

    def over(pixels: NDArray[Any]) -> Profile:
        return line_profile(pixels, line.path, plane.world_to_data, *sampling)

    if not plane.bands:
        return ()
    key = "bands", plane.key, plane.world_to_data.tobytes(), line.key, sampling
    return store.bands(key, plane.bands, lambda: traced(plane.bands, plane.index, over))


def _profile_psnr(
    of: tuple[Plane, Plane | None], profiles: Mapping[Plane, Profile], k: float, store: Store
) -> Psnr | None:
    """Return the PSNR of a plane's profile to the reference's; of the same two it is kept."""
    plane, reference = of
    if reference is None or plane is reference:
        return None
    profile, truth = profiles[plane], profiles[reference]

    def compared() -> Psnr | None:
        try:
            return psnr(profile.values, truth.values, k)
        except ValueError:
            return None

    found: Psnr | None = store.figures(
        ("psnr", plane.key, reference.key, profile, truth, k), compared
    )
    return found
