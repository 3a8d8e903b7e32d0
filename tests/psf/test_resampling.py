"""A PSF at other pixels and other widths: the analytic one, its sum, its centroid."""

from __future__ import annotations

import numpy as np
import pytest

from napari_deconv.core.units import PixelSize
from napari_deconv.psf.resampling import resampled, widened
from napari_deconv.psf.sampling import Psf
from napari_deconv.registry import choices

DiskPsf, EllipticPsf, GaussianPsf = (choices("psf")[n] for n in ("disk", "elliptic", "gaussian"))
UM5, UM10, UM20 = (PixelSize(value, "um") for value in (5.0, 10.0, 20.0))


def centroid(psf: np.ndarray) -> np.ndarray:
    """Return how far the centroid lies from index (n - 1) // 2, in pixels."""
    places = np.indices(psf.shape).reshape(psf.ndim, -1)
    middle = (np.array(psf.shape) - 1) // 2
    return places @ psf.ravel() / psf.sum() - middle


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference of two PSFs, middle on middle, as a share of the peak."""
    size = [max(a, b) for a, b in zip(one.shape, other.shape, strict=True)]
    padded = [
        np.pad(psf, [((n - m) // 2,) * 2 for n, m in zip(size, psf.shape, strict=True)])
        for psf in (one, other)
    ]
    return float(np.abs(padded[0] - padded[1]).max() / other.max())


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize(("given", "within"), [(UM5, 0.001), (UM20, 0.01)])
def test_a_gaussian_is_the_analytic_one_at_other_pixels(
    given: PixelSize, within: float, dimensions: int
) -> None:
    shape = GaussianPsf(sigma=20, unit="um", dimensions=dimensions)
    made = resampled(shape.kernel(given), given, UM10)
    assert difference(made, shape.kernel(UM10)) < within
    assert made.sum() == pytest.approx(1, abs=1e-9)
    assert made.min() >= 0


@pytest.mark.parametrize("pixels", [(4.0, 15.0), (25.0, 6.0)])
def test_oblong_pixels_become_square(pixels: tuple[float, float]) -> None:
    given = PixelSize(pixels, "um")
    shape = GaussianPsf(sigma=30, unit="um")
    made = resampled(shape.kernel(given), given, UM10)
    assert difference(made, shape.kernel(UM10)) < 0.003


def test_slices_further_apart_than_pixels_come_closer() -> None:
    given = PixelSize((25.0, 10.0, 10.0), "um")
    shape = GaussianPsf(sigma=30, unit="um", dimensions=3)
    made = resampled(shape.kernel(given), given, PixelSize((12.5, 10.0, 10.0), "um"))
    wanted = shape.kernel(PixelSize((12.5, 10.0, 10.0), "um"))
    assert difference(made, wanted) < 0.003


@pytest.mark.parametrize("unit", ["nm", "um", "mm", "cm", "m"])
def test_the_unit_does_not_matter(unit: str) -> None:
    psf = GaussianPsf(sigma=20, unit="um").kernel(UM5)
    np.testing.assert_allclose(
        resampled(psf, UM5.to(unit), UM10), resampled(psf, UM5, UM10.to(unit)), atol=1e-12
    )


@pytest.mark.parametrize("shape", [(13, 16), (7, 8, 9)])
@pytest.mark.parametrize("sides", [(5.0, 10.0), (20.0, 10.0), (3.0, 10.0), (10.0, 3.7)])
@pytest.mark.parametrize("rough", [True, False])
def test_sum_and_centroid_stay(
    shape: tuple[int, ...], sides: tuple[float, float], rough: bool
) -> None:
    rng = np.random.default_rng(3)
    psf = rng.random(shape) ** 6
    if not rough:
        grids = np.indices(shape)
        centre = [0.4 * n for n in shape]
        psf = np.exp(-sum((g - c) ** 2 / 5 for g, c in zip(grids, centre, strict=True)))
    given, wanted = sides
    made = resampled(psf, PixelSize(given, "um"), PixelSize(wanted, "um"))
    assert made.sum() == pytest.approx(psf.sum(), rel=1e-9)
    np.testing.assert_allclose(centroid(made), centroid(psf) * given / wanted, atol=0.01)
    assert all(n % 2 == 1 for n in made.shape)
    assert made.min() >= 0


def test_one_bright_pixel_off_the_middle_is_shared_between_larger_ones() -> None:
    psf = np.zeros((7, 7))
    psf[3, 4] = 1
    made = resampled(psf, UM5, UM20)
    assert centroid(made)[1] == pytest.approx(0.25, abs=1e-3)


def test_negative_values_that_are_meant_stay() -> None:
    psf = GaussianPsf(sigma=4).kernel() - 0.4 * GaussianPsf(sigma=4).kernel()[::-1].T.mean()
    made = resampled(psf, UM5, UM10)
    assert made.min() < 0
    assert made.sum() == pytest.approx(psf.sum(), rel=1e-6)


@pytest.mark.parametrize("factor", [0.9, 1.1])
@pytest.mark.parametrize(
    ("shape", "wider", "within"),
    [
        (GaussianPsf(sigma=2), lambda f: GaussianPsf(sigma=2 * f), 0.002),
        (
            EllipticPsf(sigma_long=4, sigma_short=2, angle=30),
            lambda f: EllipticPsf(sigma_long=4 * f, sigma_short=2 * f, angle=30),
            0.002,
        ),
        (DiskPsf(radius=6), lambda f: DiskPsf(radius=6 * f), 0.25),  # a rim a pixel wide
    ],
)
def test_a_wider_psf_is_the_wider_shape(
    factor: float, shape: Psf, wider: object, within: float
) -> None:
    made = widened(shape.kernel(), factor)
    assert difference(made, wider(factor).kernel()) < within  # type: ignore[operator]
    assert made.sum() == pytest.approx(1)


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_a_wider_psf_stays_where_it_is(factor: float) -> None:
    psf = np.random.default_rng(1).random((12, 15)) ** 8
    np.testing.assert_allclose(centroid(widened(psf, factor)), centroid(psf), atol=1e-3)


def test_a_pixel_size_that_makes_a_giant_is_refused() -> None:
    psf = GaussianPsf(sigma=2).kernel()
    with pytest.raises(ValueError, match=r"more than can be worked with.*check both sizes"):
        resampled(psf, PixelSize(1.0, "m"), PixelSize(1.0, "um"))
