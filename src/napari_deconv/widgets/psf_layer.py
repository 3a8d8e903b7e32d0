"""A PSF as a layer: with the image's pixels and units, with its origin, chosen in Deblur."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv import io
from napari_deconv.widgets.docks import DEBLUR, bring_forward, open_dock, open_docks
from napari_deconv.widgets.layer_choice import ORIGIN

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image
    from numpy.typing import ArrayLike, NDArray

    from napari_deconv.psf.measure import MeasuredBlur
    from napari_deconv.psf.sampling import Psf
    from napari_deconv.widgets.source import Source

NAME = "psf"


def origin(source: Source, psf: Psf, blur: MeasuredBlur | None, asked: dict[str, Any]) -> Any:
    """Return plain data on where a PSF came from.

    Parameters
    ----------
    source : Source
        What it was measured in, or made for.
    psf : Psf
    blur : MeasuredBlur or None
        The measurement; None for a shape.
    asked : dict
        Kind, model, options and boxes (row, column) in pixels.
    """
    size = source.pixel_size
    said = {
        **asked,
        "image": source.layer.name,
        "slice": list(source.slice_index) or None,
        "pixel_size": None if size is None else str(size),
    }
    if psf.key() != "measured":  # the array is the layer's own
        said["psf"] = psf.plain()
    if blur is not None:
        said["figures"] = [figure.plain() for figure in blur.figures]
        said["notes"] = list(blur.notes)
    return said


def add_layer(
    viewer: Viewer, source: Source, array: NDArray[Any], middle: ArrayLike, said: Any
) -> Image:
    """Add a PSF, hidden, over the place of the image that it was measured at.

    Parameters
    ----------
    viewer : napari.Viewer
    source : Source
        Whose pixels and units it gets.
    array : ndarray, shape (H, W)
    middle : array_like
        Row and column of the image that its middle lies over.
    said : plain data
        Where it came from.
    """
    active = viewer.layers.selection.active
    placed = source.over()
    corner = np.asarray(middle, np.float64) - (np.array(array.shape) - 1) // 2
    affine = placed["affine"]
    affine[:2, 2] += affine[:2, :2] @ (corner * placed["scale"])
    layer: Image = viewer.add_image(
        array.astype(np.float32),
        name=NAME,
        visible=False,
        colormap="gray",
        rgb=False,
        metadata={ORIGIN: said},
        **placed,
    )
    viewer.layers.selection.active = active  # what the user was at stays at hand
    return layer


def use(viewer: Viewer, source: Source, layer: Image) -> str:
    """Choose a PSF layer in the Deblur dock, which is opened if it is not; return what was done."""
    from napari_deconv.widgets.deblur import DeblurWidget

    docks = open_docks(viewer, DeblurWidget)
    if not docks:
        open_dock(viewer, DEBLUR)
        docks = open_docks(viewer, DeblurWidget)
    for dock in docks:
        if not dock.panel.image.decided:
            dock.image = source.layer
        dock.psf = layer
        bring_forward(dock)
    return f"Layer “{layer.name}” was made and is chosen in Deblur: press Run there."


def save(path: str, psf: Psf, source: Source | None) -> str:
    """Write a PSF with the image's pixel size; return a sentence on where it went.

    Raises
    ------
    ValueError
        In one sentence, if it can't be written there.
    """
    size = None if source is None else source.pixel_size
    report = io.write(
        path,
        psf.kernel(size),
        pixel_size=None if size is None else size.value,
        unit=None if size is None else size.unit,
        overwrite=True,
    )
    lost = f", without its {' and '.join(report.lost)}" if report.lost else ""
    return f"Saved {path}{lost}."
