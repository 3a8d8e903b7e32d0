"""What napari gets: scans of X-ray instruments and samples, as layers that it takes as they are."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from napari_deconv.readers import (
    get_reader,
    radiograph_sample,
    read_layers,
    volume_sample,
    weld_sample,
)

from .formats.making import DARKS, FLATS, MAKERS, SCAN, made, plain_hdf5


@pytest.fixture(params=[radiograph_sample, weld_sample, volume_sample], ids=lambda f: f.__name__)
def layers(request):
    return request.param()


def test_napari_accepts_every_layer(layers):
    from napari.layers import Image, Layer

    for data, arguments, kind in layers:
        layer = Layer.create(data, arguments, kind)
        assert isinstance(layer, Image)
        assert not layer.rgb
        assert layer.ndim == data.ndim
        assert tuple(layer.scale) == arguments["scale"]
        assert {f"{unit:~}" for unit in layer.units} == {"mm"}
        assert layer.colormap.name == "gray"
        assert tuple(layer.contrast_limits) == pytest.approx(arguments["contrast_limits"])


def test_the_scan_is_shown_with_psf_and_reference_beside_it(layers):
    by_name = {arguments["name"]: (data, arguments) for data, arguments, _ in layers}
    assert list(by_name)[:2] == ["reference", "psf"]
    name = layers[-1][1]["name"]
    image, shown = by_name[name]
    psf, psf_arguments = by_name["psf"]
    truth, truth_arguments = by_name["reference"]
    assert shown.get("visible", True)
    assert not psf_arguments["visible"]
    assert not truth_arguments["visible"]
    assert image.shape == truth.shape
    assert psf.size < image.size
    assert psf.sum() == pytest.approx(1.0, abs=1e-6)
    assert shown["contrast_limits"] == truth_arguments["contrast_limits"]
    assert np.std(image - truth) > 0


def test_every_layer_says_that_it_is_simulated(layers):
    for _, arguments, _ in layers:
        assert "simulated" in arguments["metadata"]["note"]
        assert "napari-deconv" not in arguments["metadata"]  # that key is a recipe's
    metadata = layers[-1][1]["metadata"]
    assert metadata["sigma"] > 0
    assert "line pairs" in metadata["features"]


def test_samples_and_files_need_no_napari_qt_or_torch():
    code = (
        "import sys\n"
        "import napari_deconv.io, napari_deconv.readers\n"
        "assert not {'scipy', 'tifffile', 'matplotlib'} & set(sys.modules)\n"
        "assert len(napari_deconv.readers.radiograph_sample()) == 3\n"
        "assert not {'napari', 'qtpy', 'magicgui', 'torch'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", MAKERS)
def test_napari_accepts_scans(tmp_path, name):
    from napari.layers import Image, Layer

    path = str(made(tmp_path, name))
    reader = get_reader(path)
    assert reader is not None
    for data, arguments, kind in reader(path):
        layer = Layer.create(data, arguments, kind)
        assert isinstance(layer, Image)
        assert not layer.rgb


def test_flats_and_darks_lie_hidden_beside_the_scan(tmp_path):
    layers = read_layers(str(made(tmp_path, "nxtomo")))
    shown = {arguments["name"]: (data, arguments) for data, arguments, _ in layers}
    assert list(shown) == ["scan darks", "scan flats", "scan"]
    for name, expected in (("scan darks", DARKS), ("scan flats", FLATS), ("scan", SCAN)):
        np.testing.assert_array_equal(shown[name][0], expected)
        assert shown[name][1].get("visible", True) == (name == "scan")
        assert shown[name][1]["scale"] == (1.0, 7.0, 6.5)
        assert shown[name][1]["units"] == ("pixel", "um", "um")


def test_a_volume_has_its_pixel_along_all_axes(tmp_path):
    ((_, arguments, _),) = read_layers(str(made(tmp_path, "vgi")))
    assert arguments["scale"] == (0.05, 0.05, 0.05)
    assert arguments["units"] == ("mm", "mm", "mm")


def test_what_is_not_ours_is_left_to_others(tmp_path):
    plain_hdf5(tmp_path / "table.h5")
    (tmp_path / "page.edf").write_text("text")
    for path in ("table.h5", "page.edf", "nothing.dcm", "."):
        assert get_reader(str(tmp_path / path)) is None
    scan = str(made(tmp_path, "mhd"))
    assert get_reader([scan, str(tmp_path / "page.edf")]) is None
    assert len(read_layers([scan, scan])) == 2
    assert get_reader([]) is None
