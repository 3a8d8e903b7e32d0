"""What looks odd of a PSF: each thing named, with what to do, and nothing said of a good one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import shift

from napari_deconv.core.units import PixelSize
from napari_deconv.psf.checks import on_image, on_pixels
from napari_deconv.psf.kernel import understand
from napari_deconv.recipe import Recipe
from napari_deconv.registry import choices

GAUSSIAN = choices("psf")["gaussian"]


def even(sigma: float = 2.0, off: float = 0.5) -> np.ndarray:
    """Return a Gaussian of even size whose centroid lies past its middle pixel."""
    x = np.arange(24) - 11 - off
    return np.exp(-(x[:, None] ** 2 + x[None] ** 2) / 2 / sigma**2)


@pytest.mark.parametrize("name", [n for n, cls in choices("psf").items() if not cls.stored])
def test_nothing_is_said_of_the_shapes(name: str) -> None:
    kernel = choices("psf")[name]().kernel(PixelSize(0.1, "mm"))
    assert understand(kernel).notes == ()


@pytest.mark.parametrize("off", [0.5, 1.0])
def test_an_even_size_is_named_where_it_moves_the_picture(off: float) -> None:
    psf = even(off=off) / even(off=off).sum()
    (note,) = understand(psf).notes
    assert "even number of pixels (24 × 24)" in note
    assert f"(+{off:.2f}, +{off:.2f}) px" in note
    assert understand(psf, "centroid").notes == ()


def test_an_even_size_is_not_named_where_it_does_no_harm() -> None:
    psf = even(off=0) / even(off=0).sum()
    assert understand(psf).notes == ()


def test_an_even_size_has_several_highest_pixels() -> None:
    psf = even() / even().sum()
    (note,) = understand(psf, "peak").notes
    assert "even number of pixels" in note
    assert "moves by (+0.50, +0.50) px; choose the centre 'centroid'" in note


def test_a_volume_four_pixels_wide_is_no_colour_image() -> None:
    volume = np.random.default_rng(0).random((12, 10, 4))
    psf = GAUSSIAN(sigma=0.8, dimensions=3)
    assert Recipe(psf=psf, method="tikhonov").run(volume, device="cpu").image.shape == volume.shape
    with pytest.raises(ValueError, match=r"is RGB.*PSF of three axes"):
        Recipe(psf=GAUSSIAN(), method="tikhonov").begin(volume)


def test_a_lopsided_psf_of_even_size_is_not_put_down_to_its_size() -> None:
    psf = even(off=3) / even(off=3).sum()
    (note,) = understand(psf).notes
    assert "truly lopsided" in note


@pytest.mark.parametrize("level", [0.01, 0.05])
def test_noise_around_a_psf_is_named(level: float) -> None:
    psf = np.pad(GAUSSIAN(sigma=3).kernel(), 15)
    noisy = psf + np.random.default_rng(0).normal(0, level * psf.max(), psf.shape)
    assert any("noisy" in note for note in understand(noisy / noisy.sum()).notes)
    assert understand(psf).notes == ()


def test_a_background_is_taken_for_a_cut_psf() -> None:
    psf = GAUSSIAN(sigma=2).kernel() + 0.001
    assert any("the grey it stands on" in note for note in understand(psf).notes)


def test_a_psf_larger_than_its_image_or_wider_than_its_region_is_named() -> None:
    psf = GAUSSIAN(sigma=6).kernel()
    widths = understand(psf).widths
    (larger,) = on_image(psf.shape, widths, (40, 200), (40, 200))
    assert f"{len(psf)} × {len(psf)} px, is larger than the image, 40 × 200 px" in larger
    (wider,) = on_image(psf.shape, widths, (100, 200), (12, 100))
    assert "14 × 14 px wide, wider than the region, 12 × 100 px" in wider
    assert on_image(psf.shape, widths, (100, 200), (20, 100)) == ()


@pytest.mark.parametrize("region", [None, (slice(20, 30), slice(20, 60))])
def test_a_run_says_so_too(region: tuple[slice, slice] | None) -> None:
    size = 40 if region is None else 80
    image = shift(np.random.default_rng(0).random((size, 80)), 0.5)
    recipe = Recipe(psf=GAUSSIAN(sigma=6), method="tikhonov")
    notes = recipe.begin(image, device="cpu", region=region).notes
    words = "larger than the image" if region is None else "wider than the region, 10 × 40 px"
    assert any(words in note for note in notes)


def test_pixel_sizes_are_compared_in_any_unit() -> None:
    assert on_pixels(PixelSize(5, "um"), PixelSize(0.005, "mm"), 2) == ()
    (note,) = on_pixels(PixelSize(5, "um"), PixelSize(0.01, "mm"), 2)
    assert note == "The PSF was sampled at 5 um, the image at 0.01 mm; it is used pixel by pixel."
