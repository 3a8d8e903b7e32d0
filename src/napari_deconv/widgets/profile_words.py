"""What the Profiles dock says: beside a line, beneath the plots, and where there are none yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Image

from napari_deconv.evidence.reference import format_decibel, format_level
from napari_deconv.widgets.profile_curves import Curves, LineTraces
from napari_deconv.widgets.profile_planes import shows_plane

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

LONGEST_NAME = 28
"""Letters of a layer's name that are written beside a line."""

NO_IMAGE = "Open an image first: File > Open…, or File > Open Sample."
NO_PLANE = "Profiles need the 2-D view of the last two axes: press the 2D/3D or roll button."
NO_VISIBLE = "No image is visible: press the eye of a layer."
NO_LINE = "Draw a line: press Add line."


def hint(viewer: ViewerModel, curves: Curves) -> str:
    """Return what to do before there is anything to see, or nothing."""
    if not any(isinstance(layer, Image) for layer in viewer.layers):
        return NO_IMAGE
    if not shows_plane(viewer):
        return NO_PLANE
    if not curves.planes:
        return NO_VISIBLE
    return "" if curves.lines else NO_LINE


def meaning(curves: Curves, reference: Layer | None) -> str:
    """Return what a PSNR refers to: contract 10 of the design wants its K in sight."""
    if reference is None:
        return "Choose a reference to see PSNRs."
    if curves.k is None:
        return (
            f"No PSNR against '{reference.name}': it has no value above zero, or is not in memory "
            "and too large to be read whole for its maximum K."
        )
    return (
        f"PSNR = 10 log10(K²/MSE) with K = {format_level(curves.k)}, "
        f"the maximum of '{reference.name}'."
    )


def label(line: LineTraces) -> str:
    """Return the number of a line and the PSNR of each layer along it."""
    figures = [
        f"{_short(trace.plane.name)}  {format_decibel(trace.psnr.value)} dB"
        for trace in line.traces
        if trace.psnr is not None
    ]
    number = str(line.line.number)
    # Five spaces are about as wide as a digit and three spaces are.
    return f"{number}   " + "\n     ".join(figures) if figures else number


def _short(name: str) -> str:
    half = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[:half]}…{name[1 - half :]}"
