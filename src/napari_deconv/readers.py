"""What napari gets from us: files of X-ray instruments and simulated scans, as layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_deconv.io import Picture
    from napari_deconv.samples import Sample

    LayerData = tuple[Any, dict[str, Any], str]

VOLUMES = ("MetaImage", "VGI")
"""Formats whose one pixel size is that of all three axes."""


def get_reader(
    path: str | Sequence[str],
) -> Callable[[str | Sequence[str]], list[LayerData]] | None:
    """Return what reads a file or several; None for what is not ours, by what the files hold.

    Parameters
    ----------
    path : str or sequence of str
        HDF5 scans, EDF, DICOM and raw numbers with a header are ours, whatever they are called.
    """
    from napari_deconv.formats.recognition import recognised

    paths = [path] if isinstance(path, str) else list(path)
    try:
        for each in map(Path, paths):
            known = recognised(each)
            if known is None or not known.is_ours(each):
                return None
    except OSError:  # a folder, or nothing there
        return None
    return read_layers if paths else None


def read_layers(path: str | Sequence[str]) -> list[LayerData]:
    """Return files as layer data, with flats and darks of a scan hidden beside it.

    Raises
    ------
    ValueError
        In one sentence, if a file is damaged or its library is not installed.
    """
    from napari_deconv import io

    paths = [path] if isinstance(path, str) else list(path)
    return [layer for each in paths for layer in _of_file(io.read(each), Path(each).stem)]


def _of_file(picture: Picture, name: str) -> list[LayerData]:
    """Return a picture as layers; the scan comes last, so that it is on top."""
    said = {
        key: picture.metadata[key]
        for key in ("format", "notes", "modality")
        if key in picture.metadata
    }
    layers: list[LayerData] = []
    for key in ("darks", "flats"):
        if key in picture.metadata:
            frames = picture.metadata[key]
            arguments = {"name": f"{name} {key}", "visible": False, **_space(picture, frames.ndim)}
            layers.append((frames, {**arguments, "metadata": said}, "image"))
    arguments = {"name": name, "rgb": False, "metadata": said}
    layers.append((picture.array, {**arguments, **_space(picture, picture.array.ndim)}, "image"))
    return layers


def _space(picture: Picture, ndim: int) -> dict[str, Any]:
    """Return scale and units of a layer; frames that lie no length apart are a pixel apart."""
    if picture.pixel_size is None or picture.unit is None or ndim < 2:
        return {}
    given = picture.pixel_size
    sides = given if isinstance(given, tuple) else (given, given)
    sides = sides[-ndim:]
    if ndim == 3 and not isinstance(given, tuple) and picture.metadata["format"] in VOLUMES:
        sides = (given, given, given)
    apart = ndim - len(sides)
    units = ("pixel",) * apart + (picture.unit,) * len(sides)
    return {"scale": (1.0,) * apart + tuple(sides), "units": units}


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
