"""PSF shapes: energy, width, centre, units."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf

from napari_deconv import choices
from napari_deconv.core.units import PixelSize
from napari_deconv.psf.kernel import understand
from napari_deconv.psf.measured import MeasuredPsf
from napari_deconv.psf.sampling import Shape
from napari_deconv.psf.shapes import CoreTailPsf, DiskPsf, GaussianPsf

SHAPES = [shape for shape in choices("psf").values() if issubclass(shape, Shape)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dimensions", [2, 3])
def test_every_shape_is_odd_centred_and_whole(shape: type[Shape], dimensions: int) -> None:
    kernel = shape(dimensions=dimensions).kernel()
    assert kernel.ndim == dimensions
    assert kernel.sum() == pytest.approx(1)
    assert kernel.min() >= 0
    understood = understand(kernel)
    assert understood.notes == ()
    assert understood.shift == pytest.approx((0,) * dimensions, abs=1e-6)
    for axis in range(dimensions):
        np.testing.assert_allclose(kernel, np.flip(kernel, axis), atol=1e-12)


@pytest.mark.parametrize("sigma", [0.4, 1.0, 3.7])
def test_gaussian_is_integrated_over_the_pixel(sigma: float) -> None:
    kernel = GaussianPsf(sigma=sigma).kernel()
    x = np.arange(kernel.shape[0]) - kernel.shape[0] // 2
    edges = erf((x[:, None] + np.array([-0.5, 0.5])) / sigma / np.sqrt(2))
    profile = np.diff(edges, axis=1)[:, 0] / 2
    expected = np.outer(profile, profile)
    np.testing.assert_allclose(kernel, expected / expected.sum(), atol=4e-3 * kernel.max())
    assert expected.sum() > 0.999


@pytest.mark.parametrize("radius", [3.3, 6.0])
def test_disk_has_its_variance(radius: float) -> None:
    kernel = DiskPsf(radius=radius).kernel()
    x = np.arange(kernel.shape[0]) - kernel.shape[0] // 2
    variance = float((kernel.sum(1) * x**2).sum())
    assert variance == pytest.approx(radius**2 / 4 + 1 / 12, rel=0.05)


@pytest.mark.parametrize("tail", [0.0, 0.05, 0.3])
def test_core_and_tail_share_the_energy(tail: float) -> None:
    shape = CoreTailPsf(sigma=1.0, tail=tail, tail_length=8.0)
    kernel = shape.kernel()
    rows, columns = np.indices(kernel.shape) - kernel.shape[0] // 2
    far = np.hypot(rows, columns) > 5
    outside = tail * (1 + 5 / 8) * np.exp(-5 / 8)
    assert float(kernel[far].sum()) == pytest.approx(outside, abs=0.01)


@pytest.mark.parametrize("shape", SHAPES)
def test_lengths_follow_the_pixel_size(shape: type[Shape]) -> None:
    lengths = {
        name: 0.1 * field.default
        for name, field in shape.parameters().items()
        if any(getattr(bound, "le", None) == 10_000 for bound in field.metadata)
    }
    millimetres = shape(unit="mm", **lengths)
    pixel = PixelSize.parse("0.1 mm")
    np.testing.assert_allclose(millimetres.kernel(pixel), shape().kernel(), atol=1e-9)
    with pytest.raises(ValueError, match="pixel size of the image is not known"):
        millimetres.kernel()


def test_oblong_pixels_make_an_oblong_array() -> None:
    pixel = PixelSize.parse("0.2 x 0.1 mm")
    kernel = GaussianPsf(sigma=0.3, unit="mm").kernel(pixel)
    widths = understand(kernel).widths
    assert widths[1] / widths[0] == pytest.approx(2, rel=0.05)


def test_measured_carries_an_array() -> None:
    array = np.random.default_rng(0).uniform(size=(5, 6)).astype(np.float32)
    choice = MeasuredPsf.of(array)
    np.testing.assert_array_equal(choice.kernel(), array)
    with pytest.raises(ValueError, match="damaged"):
        MeasuredPsf(data=choice.data[:-9] + "A" * 8).kernel()
    with pytest.raises(ValueError, match="damaged"):
        MeasuredPsf(data="not base64!").kernel()
