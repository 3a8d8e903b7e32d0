"""napari's sample data: layers that napari takes as they are."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from napari_deconv.readers import radiograph_sample, volume_sample, weld_sample


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
