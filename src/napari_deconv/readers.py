"""What napari gets from us: files of X-ray instruments and simulated scans, as layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_deconv.scans.opening import open_scan

if TYPE_CHECKING:
    from napari_deconv.io import Picture
    from napari_deconv.samples import Sample
    from napari_deconv.scans.scan import Scan

    LayerData = tuple[Any, dict[str, Any], str]

LARGE = 256 * 2**20
"""Bytes of a file beyond which it is not read as a whole."""
VOLUMES = ("MetaImage", "VGI")
"""Formats whose one pixel size is that of all three axes."""


def get_reader(
    path: str | Sequence[str],
) -> Callable[[str | Sequence[str]], list[LayerData]] | None:
    """Return what reads a file or several; None for what is not ours, by what the files hold.

    Parameters
    ----------
    path : str or sequence of str
        HDF5 scans, EDF, DICOM and raw numbers with a header are ours, whatever they are called,
        and so are zarr and folders of pictures.
    """
    from napari_deconv.formats.recognition import recognised

    paths = [path] if isinstance(path, str) else list(path)
    try:
        for each in map(Path, paths):
            if each.is_dir():
                open_scan(each)
                continue
            known = recognised(each)
            if known is None or not known.is_ours(each):
                return None
    except (OSError, ValueError):  # nothing there, or a folder of something else
        return None
    return read_layers if paths else None


def read_layers(path: str | Sequence[str]) -> list[LayerData]:
    """Return files as layer data, with flats and darks of a scan hidden beside it.

    Of folders, zarr and files beyond `LARGE` a slice is read when it is looked at.

    Raises
    ------
    ValueError
        In one sentence, if a file is damaged or its library is not installed.
    """
    paths = [path] if isinstance(path, str) else list(path)
    return [layer for each in map(Path, paths) for layer in _of_path(each)]


def _of_path(path: Path) -> list[LayerData]:
    if path.is_dir() or path.stat().st_size > LARGE:
        return scan_layers(open_scan(path))
    from napari_deconv import io

    return _of_file(io.read(path), path.stem)


def scan_layers(scan: Scan) -> list[LayerData]:
    """Return a scan as layers that read the slice that is looked at, and no other.

    An OME-Zarr image of several levels is one multiscale layer.
    """
    from napari_deconv.io import Picture
    from napari_deconv.scans.hdf5_scan import Hdf5Scan, flats_and_darks
    from napari_deconv.scans.zarr_scan import ZarrScan, levels

    beside = flats_and_darks(scan.path) if isinstance(scan, Hdf5Scan) else {}
    frames = {name: other.dask() for name, other in beside.items()}
    size = scan.size
    picture = Picture(
        scan.dask(),  # type: ignore[arg-type]  # as lazy as an array can be
        None if size is None else size.value,
        None if size is None else size.unit,
        {**scan.metadata, **frames},
    )
    layers = _of_file(picture, scan.path.stem)
    several = levels(scan) if isinstance(scan, ZarrScan) else []
    if len(several) > 1:
        _, arguments, kind = layers.pop()
        data = [level.dask() for level in several]
        layers.append((data, {**arguments, "multiscale": True}, kind))
    return layers


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
