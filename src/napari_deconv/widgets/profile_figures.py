"""Compute, away from the screen, the curves and figures of all lines over all planes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv.evidence.bumps import relative_depth
from napari_deconv.evidence.comparison import LineFigures, compare
from napari_deconv.evidence.profile import SAMPLES_PER_PIXEL, Profile, line_profile
from napari_deconv.evidence.reference import Psnr, peak, psnr
from napari_deconv.evidence.wirepair import pair_dip
from napari_deconv.widgets.bands import BandTrace, traced
from napari_deconv.widgets.profile_planes import Plane, common_unit

if TYPE_CHECKING:
    from napari.layers import Image
    from numpy.typing import NDArray

PLANES_KEPT = 8
"""Lazy planes that are kept once read."""

FIGURES_KEPT = 256
"""PSNRs of whole images that are kept."""

TRUST = {"reference": 0, "input": 1, "result": 2}
"""In which planes a feature is looked for first."""


@dataclass(frozen=True)
class Line:
    """A line on the canvas.

    Attributes
    ----------
    number : int
        From 1, as written beside it.
    color : str
        Its colour as ``#rrggbb``.
    ends : ndarray, (2, 2)
        Start and end as (y, x) in the world.
    """

    number: int
    color: str
    ends: NDArray[np.float64]


@dataclass(frozen=True)
class Trace:
    """One plane along one line; `psnr` is None without a reference to compare with."""

    plane: Plane
    profile: Profile
    psnr: Psnr | None
    bands: tuple[BandTrace, ...] = ()


@dataclass(frozen=True)
class LineTraces:
    """All planes along one line.

    Attributes
    ----------
    line : Line
        The line.
    traces : tuple of Trace
        In the order of the layer list.
    factor : float
        What turns world units into the unit shown.
    """

    line: Line
    traces: tuple[Trace, ...]
    factor: float

    @property
    def length(self) -> float:
        """Length of the line in the unit shown."""
        return float(np.linalg.norm(self.line.ends[1] - self.line.ends[0])) * self.factor


@dataclass(frozen=True)
class Curves:
    """All lines, the unit of all distances, and what they were computed from."""

    lines: tuple[LineTraces, ...] = ()
    unit: str = "px"
    planes: tuple[Plane, ...] = ()
    k: float | None = None
    notice: str = ""


@dataclass(frozen=True)
class Row:
    """The figures of one layer along one line; a figure that is not there is None.

    Attributes
    ----------
    line : Line
        The line.
    layer : napari.layers.Image
        The layer.
    name : str
        The layer's name.
    psnr : Psnr or None
        Of the profile.
    edge, fwhm : float or None
        10-90 % width of the edge and full width at half maximum, in the unit shown.
    dip : float or None
        Of a pair of wires: the dip between them (ISO 19232-5); of one dip: its depth relative to
        its background; in percent.
    groups : tuple of (float, float or None)
        Period of each group of line pairs in the unit shown, and its modulation in percent.
    """

    line: Line
    layer: Image
    name: str
    psnr: Psnr | None
    edge: float | None
    fwhm: float | None
    dip: float | None
    groups: tuple[tuple[float, float | None], ...]


class Store:
    """Keeps what is slow to get: lazy planes, the K of the reference, the PSNR of whole images."""

    def __init__(self) -> None:
        self._reading = threading.Lock()
        self._planes = _Kept(PLANES_KEPT)
        self._figures = _Kept(FIGURES_KEPT)

    def pixels(self, plane: Plane) -> NDArray[Any]:
        """Return the pixels of a plane; lazy ones are read once, whoever asks at the same time."""
        if isinstance(plane.data, np.ndarray):
            return plane.read()
        with self._reading:
            return np.asarray(self._planes.once(plane.key, plane.read))

    def peak(self, reference: Plane) -> float | None:
        """Return K, or None for a reference that has none."""
        found: float | None = self._figures.once(
            reference.key, lambda: _peak(self.pixels(reference))
        )
        return found

    def psnr(self, plane: Plane, reference: Plane) -> Psnr | None:
        """Return the PSNR of a whole plane, or None where the planes don't lie on each other."""
        if plane.shape != reference.shape or not _same_place(plane, reference):
            return None
        scale = self.peak(reference)
        if scale is None:
            return None
        found: Psnr | None = self._figures.once(
            (plane.key, reference.key),
            lambda: _psnr(self.pixels(plane), self.pixels(reference), scale),
        )
        return found


class _Kept:
    """The results that were asked for last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Any, Any] = OrderedDict()

    def once(self, key: Any, compute: Callable[[], Any]) -> Any:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        value = compute()
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return value


def trace_lines(
    lines: Sequence[Line], planes: Sequence[Plane], width: float, store: Store
) -> Curves:
    """Return the curves of all lines over the planes that each of them crosses.

    Parameters
    ----------
    lines : sequence of Line
        The lines.
    planes : sequence of Plane
        All planes on display.
    width : float
        Width to average over, in pixels of the finest plane that a line crosses.
    store : Store
        Reads the planes.

    Returns
    -------
    Curves
        One entry a line, with no trace where it crosses no plane.
    """
    unit = common_unit([p for p in planes if any(p.crossed_by(line.ends) for line in lines)])
    reference = next((plane for plane in planes if plane.role == "reference"), None)
    k = None if reference is None else store.peak(reference)
    traced = tuple(_trace_line(line, planes, (width, unit, k), store) for line in lines)
    return Curves(traced, unit or "px", tuple(planes), k)


def measure(curves: Curves) -> list[Row]:
    """Return the figures of all curves, those of a line at the same features."""
    rows = []
    for line in curves.lines:
        trusted = sorted(line.traces, key=lambda trace: TRUST[trace.plane.role])
        restored = sum(trace.plane.role == "result" for trace in trusted)
        found = compare([t.profile for t in trusted], len(trusted) - restored or None)
        figures = dict(zip((id(trace) for trace in trusted), found, strict=True))
        rows += [_row(line, trace, figures[id(trace)]) for trace in line.traces]
    return rows


def image_psnrs(planes: Sequence[Plane], store: Store) -> dict[Image, Psnr | None]:
    """Return the PSNR of each whole plane but the reference's own."""
    reference = next((plane for plane in planes if plane.role == "reference"), None)
    if reference is None:
        return {}
    return {p.layer: store.psnr(p, reference) for p in planes if p is not reference}


def _trace_line(
    line: Line,
    planes: Sequence[Plane],
    shown: tuple[float, str | None, float | None],
    store: Store,
) -> LineTraces:
    width, unit, k = shown
    crossed = [plane for plane in planes if plane.crossed_by(line.ends)]
    length = float(np.linalg.norm(line.ends[1] - line.ends[0]))
    if not crossed or not length > 0:
        return LineTraces(line, (), 1.0)
    along = (line.ends[1] - line.ends[0]) / length
    finest = min(crossed, key=lambda plane: plane.pixel(along))
    step = finest.pixel(along) / SAMPLES_PER_PIXEL
    wide = width * finest.pixel(np.array([-along[1], along[0]]))

    def over(plane: Plane, pixels: NDArray[Any]) -> Profile:
        return line_profile(pixels, line.ends, plane.world_to_data, wide, step)

    profiles = {plane: over(plane, store.pixels(plane)) for plane in crossed}
    truth = next((profiles[plane] for plane in crossed if plane.role == "reference"), None)
    traces = tuple(
        Trace(
            plane,
            profile,
            _profile_psnr(plane, profile, truth, k),
            traced(plane.bands, plane.index, partial(over, plane)),
        )
        for plane, profile in profiles.items()
    )
    return LineTraces(line, traces, 1.0 if unit else 1.0 / finest.pixel(along))


def _profile_psnr(
    plane: Plane, profile: Profile, truth: Profile | None, k: float | None
) -> Psnr | None:
    if plane.role == "reference" or truth is None or k is None:
        return None
    return _psnr(profile.values, truth.values, k)


def _row(line: LineTraces, trace: Trace, figures: LineFigures) -> Row:
    scale = line.factor
    edge, bump = figures.edge, figures.bump
    depth = pair_dip(trace.profile)
    if depth is None and bump is not None:
        depth = relative_depth(bump)
    return Row(
        line=line.line,
        layer=trace.plane.layer,
        name=trace.plane.name,
        psnr=trace.psnr,
        edge=None if edge is None else edge.width * scale,
        fwhm=None if bump is None else bump.width * scale,
        dip=None if depth is None else 100 * depth,
        groups=tuple(
            (period * scale, None if contrast is None else 100 * contrast)
            for period, contrast in figures.modulations
        ),
    )


def _same_place(one: Plane, other: Plane) -> bool:
    """Whether two planes lie on each other to a tenth of a pixel at their corners."""
    corners = np.array([[0, 0, 1], [0, one.shape[1], 1], [one.shape[0], 0, 1]], np.float64)
    there = corners @ np.linalg.inv(one.world_to_data).T @ other.world_to_data.T
    return bool(np.abs(there - corners).max() < 0.1)


def _peak(pixels: NDArray[Any]) -> float | None:
    try:
        value = peak(pixels)
    except ValueError:
        return None
    return value if value > 0 else None


def _psnr(estimate: NDArray[Any], truth: NDArray[Any], k: float) -> Psnr | None:
    try:
        return psnr(estimate, truth, k)
    except ValueError:
        return None
