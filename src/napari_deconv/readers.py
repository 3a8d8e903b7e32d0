"""napari's sample data: simulated scans as layers, with PSF and truth beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_deconv.samples import Sample

    LayerData = tuple[Any, dict[str, Any], str]


def radiograph_sample() -> list[LayerData]:
    """Return a radiograph of a bearing with its gauges, the PSF and the truth as napari layers."""
    from napari_deconv.samples import radiograph

    return as_layers(radiograph(), "radiograph")


def weld_sample() -> list[LayerData]:
    """Return a radiograph of a weld with its gauges, the PSF and the truth as napari layers."""
    from napari_deconv.samples import radiograph

    return as_layers(radiograph(part="weld"), "weld")


def volume_sample() -> list[LayerData]:
    """Return a small volume of a casting, its PSF and its truth as napari layers."""
    from napari_deconv.samples import volume

    return as_layers(volume(), "casting")


def as_layers(sample: Sample, name: str) -> list[LayerData]:
    """Return a sample as layer data: the image shown, ``psf`` and ``reference`` hidden.

    The reference comes first, for napari fits its view to the first layer alone. Image and
    reference share their contrast limits, so that switching between them compares.
    """
    ndim = sample.image.ndim
    space = {"scale": (sample.pixel_size,) * ndim, "units": (sample.unit,) * ndim}
    limits = (float(sample.truth.min()), float(sample.truth.max()))
    shown = {"colormap": "gray", "contrast_limits": limits, **space}
    note = {"note": f"simulated: {sample.name}, noise {sample.sigma:.2g} rms"}
    known = {
        "sigma": sample.sigma,
        "features": dict(sample.features),
        "nominal": dict(sample.nominal),
    }
    peak = (0.0, float(sample.psf.max()))
    hidden = {"visible": False, "metadata": note}
    return [
        (sample.truth, {"name": "reference", **shown, **hidden}, "image"),
        (
            sample.psf,
            {"name": "psf", "colormap": "gray", "contrast_limits": peak, **space, **hidden},
            "image",
        ),
        (sample.image, {"name": name, **shown, "metadata": {**note, **known}}, "image"),
    ]
