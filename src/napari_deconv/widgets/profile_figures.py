"""The figures of all curves and images, computed away from the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from napari_deconv.evidence.bumps import relative_depth
from napari_deconv.evidence.comparison import Features, LineFigures, compare
from napari_deconv.evidence.profile import Profile
from napari_deconv.evidence.reference import Psnr, ssim
from napari_deconv.evidence.stroke import SAMPLES_PER_PIXEL
from napari_deconv.evidence.wirepair import pair_dip
from napari_deconv.widgets.profile_curves import Curves, Line, LineTraces, Trace
from napari_deconv.widgets.profile_planes import Plane
from napari_deconv.widgets.profile_store import ImageFigures, Store

if TYPE_CHECKING:
    from napari.layers import Image

TRUST = {"reference": 0, "input": 1, "result": 2}
"""In which planes a feature is looked for first."""


@dataclass(frozen=True)
class Group:
    """What a layer shows of a group of line pairs; what it does not resolve is None.

    Attributes
    ----------
    period : float
        Of a line pair, in the unit shown.
    contrast : float or None
        Bright less dark, in grey values.
    modulation : float or None
        ``(bright - dark) / (bright + dark)`` in percent.
    """

    period: float
    contrast: float | None
    modulation: float | None


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
    ssim : float or None
        Of the profile, sampled at every pixel.
    edge, fwhm : float or None
        10-90 % width of the edge and full width at half maximum, in the unit shown.
    dip : float or None
        Of a pair of wires: the dip between them (ISO 19232-5); of one dip: its depth relative to
        its background; in percent.
    groups : tuple of Group
        Each group of line pairs.
    """

    line: Line
    layer: Image
    name: str
    psnr: Psnr | None
    ssim: float | None
    edge: float | None
    fwhm: float | None
    dip: float | None
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class _Found:
    """What is measured of a trace, whatever the line's colour and the layer's name."""

    features: LineFigures
    dip: float | None
    ssim: float | None


def measure(curves: Curves, store: Store) -> list[Row]:
    """Return the figures of all curves, those of a line at the same features.

    Parameters
    ----------
    curves : Curves
        What is plotted; re-blurred curves have no figures.
    store : Store
        Keeps the figures of lines that stay where they are.
    """
    rows = []
    for line in curves.lines:
        traces = line.measured
        key = (line.line.key, curves.k, tuple((t.plane.key, t.plane.role) for t in traces))
        found = store.figures(key, partial(_measure_line, line, curves.k, store))
        rows += [_row(line, trace, one) for trace, one in zip(traces, found, strict=True)]
    return rows


def image_figures(planes: Sequence[Plane], store: Store) -> dict[Image, ImageFigures | None]:
    """Return the figures of each whole plane but the reference's own."""
    reference = next((plane for plane in planes if plane.role == "reference"), None)
    if reference is None:
        return {}
    return {p.layer: store.image(p, reference) for p in planes if p is not reference}


def _measure_line(line: LineTraces, k: float | None, store: Store) -> list[_Found]:
    traces = line.measured
    trusted = sorted(range(len(traces)), key=lambda i: TRUST[traces[i].plane.role])
    restored = sum(trace.plane.role == "result" for trace in traces)
    known = [
        store.figures((line.line.key, trace.plane.key), partial(_look, trace.profile))
        for trace in traces
    ]
    compared = compare(
        [traces[i].profile for i in trusted],
        len(traces) - restored or None,
        [known[i][0] for i in trusted],
    )
    features = dict(zip(trusted, compared, strict=True))
    truth = next((trace for trace in traces if trace.plane.role == "reference"), None)
    found = []
    for i, trace in enumerate(traces):
        bump, dip = features[i].bump, known[i][1]
        if dip is None and bump is not None:
            dip = relative_depth(bump)
        found.append(_Found(features[i], dip, _similarity(trace, truth, k)))
    return found


def _look(profile: Profile) -> tuple[Features, float | None]:
    """Return what is found in a profile by itself, and the dip between a pair of wires."""
    return Features.of(profile), pair_dip(profile)


def _similarity(trace: Trace, truth: Trace | None, k: float | None) -> float | None:
    if truth is None or trace is truth or k is None:
        return None
    each = slice(None, None, SAMPLES_PER_PIXEL)
    try:
        return ssim(trace.profile.values[each], truth.profile.values[each], k)
    except ValueError:
        return None


def _row(line: LineTraces, trace: Trace, found: _Found) -> Row:
    scale = line.factor
    edge, bump = found.features.edge, found.features.bump
    return Row(
        line=line.line,
        layer=trace.plane.layer,
        name=trace.plane.name,
        psnr=trace.psnr,
        ssim=found.ssim,
        edge=None if edge is None else edge.width * scale,
        fwhm=None if bump is None else bump.width * scale,
        dip=None if found.dip is None else 100 * found.dip,
        groups=tuple(
            Group(group.period * scale, group.contrast, _percent(group.modulation))
            for group in found.features.groups
        ),
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
