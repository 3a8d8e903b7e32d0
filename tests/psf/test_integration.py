"""Shapes against independent integration, their energy, in 3-D, and the X-ray system by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import dblquad
from scipy.special import erf

from napari_deconv import choices
from napari_deconv.core.params import from_plain
from napari_deconv.core.units import PixelSize
from napari_deconv.psf.composed import ConvolvedPsf, XraySystemPsf
from napari_deconv.psf.sampling import ENERGY, Shape
from napari_deconv.psf.shapes import CoreTailPsf, DiskPsf, GaussianPsf

SHAPES = [
    shape
    for name, shape in choices("psf").items()
    if issubclass(shape, Shape) and name not in ("line", "lorentzian")
]
"""A line has no density; how much of a Lorentzian is kept is its own parameter."""


def integral(density: object, row: int, column: int) -> float:
    """Return the integral of a density over a pixel, by adaptive quadrature."""
    return float(dblquad(density, column - 0.5, column + 0.5, row - 0.5, row + 0.5, epsabs=1e-9)[0])


@pytest.mark.parametrize("place", [(0, 0), (0, 1), (2, 3), (0, 9), (8, 11)])
def test_core_and_tail_are_integrals_over_the_pixel(place: tuple[int, int]) -> None:
    sigma, tail, length = 1.1, 0.25, 4.0

    def density(y: float, x: float) -> float:
        r = np.hypot(x, y)
        core = np.exp(-(r**2) / (2 * sigma**2)) / (2 * np.pi * sigma**2)
        return float((1 - tail) * core + tail * np.exp(-r / length) / (2 * np.pi * length**2))

    kernel = CoreTailPsf(sigma=sigma, tail=tail, tail_length=length).kernel()
    middle = kernel.shape[0] // 2
    found = kernel[middle + place[0], middle + place[1]]
    assert found == pytest.approx(integral(density, *place), rel=3e-3)


@pytest.mark.parametrize("radius", [2.0, 3.3])
def test_a_disk_is_its_area_in_every_pixel(radius: float) -> None:
    kernel = DiskPsf(radius=radius).kernel()
    middle = kernel.shape[0] // 2
    for row, column in itertools.product(range(middle + 1), repeat=2):
        x = np.linspace(column - 0.5, column + 0.5, 4001)
        half = np.sqrt(np.maximum(radius**2 - x**2, 0))
        inside = np.clip(half, row - 0.5, row + 0.5) - np.clip(-half, row - 0.5, row + 0.5)
        area = np.trapezoid(inside, x) / (np.pi * radius**2)
        assert kernel[middle + row, middle + column] == pytest.approx(area, abs=1e-3)


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_array_holds_the_energy(shape: type[Shape], dimensions: int) -> None:
    choice = shape(dimensions=dimensions)
    halves = choice.halves(None)
    far = [min(3 * half, 60 if dimensions == 3 else 400) for half in halves]
    axes = [np.arange(-half, half + 1, dtype=float) for half in far]
    density = choice.density(*np.meshgrid(*axes, indexing="ij"))
    inside = tuple(np.s_[f - h : f + h + 1] for f, h in zip(far, halves, strict=True))
    assert density[inside].sum() / density.sum() >= ENERGY


def test_a_gaussian_volume_is_integrated_over_the_voxel() -> None:
    kernel = GaussianPsf(sigma=1.3, dimensions=3).kernel()
    x = np.arange(kernel.shape[0]) - kernel.shape[0] // 2
    line = np.diff(erf((x[:, None] + [-0.5, 0.5]) / 1.3 / np.sqrt(2)), axis=1)[:, 0] / 2
    volume = line[:, None, None] * line[:, None] * line
    np.testing.assert_allclose(kernel, volume / volume.sum(), atol=5e-3 * kernel.max())


def test_shapes_convolve_in_three_dimensions() -> None:
    parts = [GaussianPsf(sigma=s, dimensions=3) for s in (0.9, 1.2)]
    both = ConvolvedPsf(first=parts[0], second=parts[1]).kernel()
    one = GaussianPsf(sigma=1.5, dimensions=3).kernel()
    wide = [n // 2 for n in both.shape]
    half = one.shape[0] // 2
    part = both[tuple(np.s_[w - half : w + half + 1] for w in wide)]
    np.testing.assert_allclose(part, one, atol=5e-3 * one.max())
    assert both.sum() == pytest.approx(1)


@pytest.mark.parametrize("source_object", [250.0, 500.0, 800.0])
def test_the_x_ray_system_is_the_formula_by_hand(source_object: float) -> None:
    """Spot of 0.4 mm (m - 1) on the detector, sensor of 0.2 mm FWHM, pixels of 0.1 mm."""
    system = XraySystemPsf(
        spot=0.4, source_object=source_object, detector_pixel=0.1, detector_blur=0.2
    )
    m = 1000 / source_object
    assert system.magnification == pytest.approx(m)
    kernel = system.kernel()
    x = np.arange(kernel.shape[0]) - kernel.shape[0] // 2
    variance = float((kernel.sum(1) * x**2).sum())
    spot = 0.4 * (m - 1) / 0.1
    by_hand = (spot / 2) ** 2 / 4 + (2 / 2.35482) ** 2 + 1 / 12
    assert variance == pytest.approx(by_hand, rel=0.02)


def test_an_x_ray_system_of_a_volume_is_refused() -> None:
    plain = {"name": "xray-system", "dimensions": 3}
    with pytest.raises(ValueError, match="dimensions") as caught:
        from_plain("psf", plain)
    assert "\n" not in str(caught.value)
    assert XraySystemPsf().kernel(PixelSize.parse("0.2 mm")).ndim == 2
