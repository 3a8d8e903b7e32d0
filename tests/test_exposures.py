"""A burst enters as a stack and leaves as one picture, whatever the method."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import napari_deconv as nd
from napari_deconv import samples
from napari_deconv.core.burst import Burst
from napari_deconv.core.noise import gaussian_sigma
from napari_deconv.exposures import look
from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.recipe import Recipe

SHIFTS = ((0.0, 0.0), (1.63, -2.21), (-2.4, 0.72), (0.9, 1.55))
NOISE = 0.05
REACH = 24


def fourier(image: np.ndarray, phase: np.ndarray) -> np.ndarray:
    return np.fft.irfft2(np.fft.rfft2(image) * phase, s=image.shape)


def scene() -> np.ndarray:
    return samples.radiograph((176, 176)).truth.astype(np.float64)


def truth() -> np.ndarray:
    return scene()[REACH:-REACH, REACH:-REACH]


def burst(
    sigmas: tuple[float, ...] = (1.5,) * 4, gains: tuple[float, ...] = (1,) * 4
) -> np.ndarray:
    """Return frames, each moved, blurred by a Gaussian and exposed in its own way."""
    rng = np.random.default_rng(0)
    whole = scene()
    fy, fx = np.fft.fftfreq(176)[:, None], np.fft.rfftfreq(176)
    stack = []
    for (down, right), sigma, gain in zip(SHIFTS, sigmas, gains, strict=True):
        gaussian = np.exp(-2 * (np.pi * sigma) ** 2 * (fy**2 + fx**2))
        frame = fourier(whole, gaussian * np.exp(-2j * np.pi * (fy * down + fx * right)))
        frame = gain * frame[REACH:-REACH, REACH:-REACH]
        stack.append(frame + rng.normal(0, NOISE, frame.shape))
    return np.asarray(stack, np.float32)


def decibel(image: np.ndarray) -> float:
    inner = (slice(8, -8), slice(8, -8))
    error = np.mean((image - truth())[inner] ** 2)
    return float(10 * np.log10(truth().max() ** 2 / error))


PSF = {"name": "gaussian", "sigma": 1.5}


def test_noise_falls_as_one_over_the_root_of_the_frames() -> None:
    result = Recipe(psf=PSF, method="tikhonov", burst={}).run(burst(), device="cpu")
    assert result.image.shape == truth().shape
    assert result.recipe.measured is not None
    assert result.recipe.measured.noise == pytest.approx(NOISE / 2, rel=0.05)
    assert result.warnings[0].startswith("4 of 4 frames merged on frame 0 (from 0), shifts up to")


@pytest.mark.parametrize("method", ["tv", "tikhonov", "wiener", "richardson-lucy"])
def test_every_method_gains_by_a_burst(method: str) -> None:
    stack = burst()
    one = Recipe(psf=PSF, method=method).run(stack[0], device="cpu").image
    all_of_them = Recipe(psf=PSF, method=method, burst={}).run(stack, device="cpu").image
    unaligned = Recipe(psf=PSF, method=method).run(stack.mean(axis=0), device="cpu").image
    assert decibel(all_of_them) > decibel(one) + 0.8
    assert decibel(all_of_them) > decibel(unaligned) + 1.5


def test_frames_of_different_psfs_are_worth_more_than_the_best_of_them() -> None:
    sigmas = (1.2, 1.5, 1.8, 2.1)
    stack = burst(sigmas)
    psfs = [GaussianPsf(sigma=sigma).kernel() for sigma in sigmas]
    best = Recipe(method="tv").run(stack[0], psf=psfs[0], device="cpu").image
    side = max(len(psf) for psf in psfs)
    padded = np.stack([np.pad(psf, (side - len(psf)) // 2) for psf in psfs])
    merged = Recipe(method="tv", burst={}).run(stack, psf=padded, device="cpu")
    as_one = Recipe(method="tv", burst={}).run(stack, psf=psfs[1], device="cpu").image
    assert decibel(merged.image) > decibel(best) + 0.5
    assert decibel(merged.image) > decibel(as_one)
    assert merged.recipe.measured is not None
    assert merged.recipe.measured.noise == pytest.approx(NOISE / 2, rel=0.06)


def test_the_grey_scale_is_that_of_the_reference() -> None:
    stack = burst(gains=(1.0, 2.0, 0.5, 1.0))
    result = Recipe(psf=PSF, method="tikhonov", burst={}).run(stack, device="cpu")
    assert result.image.mean() == pytest.approx(truth().mean(), rel=2e-3)
    other = Recipe(psf=PSF, method="tikhonov", burst={"reference": 1}).run(stack, device="cpu")
    assert other.image.mean() == pytest.approx(2 * truth().mean(), rel=0.02)


def test_the_recipe_holds_what_was_found_and_repeats_it(tmp_path: Path) -> None:
    stack = burst()
    stack[2, 40:80, 40:80] = stack[2, 56:96, 52:92]
    first = Recipe(psf=PSF, method="tv", burst={}).run(stack, device="cpu")
    found = first.recipe.burst
    assert found is not None
    assert [bool(one.doubt) for one in found.found] == [False, False, True, False]
    assert "left out: frame 2: a part of it differs by" in first.warnings[0]
    first.recipe.save(tmp_path / "r.yaml")
    again = Recipe.load(tmp_path / "r.yaml")
    assert again.burst == found
    np.testing.assert_array_equal(again.run(stack, device="cpu").image, first.image)


def test_a_region_equals_that_part_of_the_whole() -> None:
    stack = burst()
    recipe = Recipe(psf=PSF, method={"name": "tikhonov", "weight": 0.01}, burst={})
    whole = recipe.begin(stack, device="cpu")
    part = (slice(30, 90), slice(20, 100))
    cut = whole.recipe.begin(stack, device="cpu", region=part).image()
    np.testing.assert_allclose(cut, whole.image()[part], atol=2e-3)


def test_bad_pixels_of_one_frame_are_seen_by_the_others() -> None:
    stack = burst()
    stack[:, 64, :] = np.nan
    stack[1, 20:30, 20:30] = np.nan
    begun = Recipe(psf=PSF, method="tikhonov", burst={}).begin(stack, device="cpu")
    weights = begun.problem().weights
    assert weights is not None
    inside = begun.problem().crop(weights)
    assert inside[64].min() > 0  # the row stood still, the scene did not
    assert inside[21:27, 23:29].max() <= 0.76
    assert inside.max() == 1
    assert np.isfinite(begun.image()).all()


def test_pixels_that_no_frame_saw_weigh_nothing() -> None:
    stack = burst()
    stack[:, 50:60, 50:60] = np.nan
    result = Recipe(psf=PSF, method="tv", burst={"align": False}).run(stack, device="cpu")
    assert "100 pixels that no frame saw masked." in result.warnings
    assert np.isfinite(result.image).all()


def test_a_frame_without_any_value_is_left_out() -> None:
    stack = burst()
    stack[0] = np.nan
    result = Recipe(psf=PSF, method="tikhonov", burst={}).run(stack, device="cpu")
    assert result.recipe.burst is not None
    assert result.recipe.burst.reference == 1
    assert "left out: frame 0" in result.warnings[0]


def test_counts_of_a_burst_have_the_gain_of_one_frame_over_their_number() -> None:
    recipe = Recipe(psf=PSF, method="tv", fidelity="poisson", burst={})
    begun = recipe.begin(np.clip(burst(), 0.01, None), device="cpu")
    assert begun.problem().fidelity.gain == pytest.approx(0.25, rel=0.02)
    assert begun.recipe.fidelity.gain == 1


def test_looking_at_a_burst_finds_what_restoring_it_finds() -> None:
    stack = burst()
    found, noise = look(Burst(), stack)
    begun = Recipe(psf=PSF, method="tikhonov", burst={}).begin(stack, device="cpu")
    assert begun.recipe.burst == found
    assert begun.recipe.measured is not None
    assert noise == pytest.approx(begun.recipe.measured.noise, rel=0.02)
    assert noise == pytest.approx(gaussian_sigma(stack[0]) / 2, rel=0.05)


@pytest.mark.parametrize(
    ("image", "psf", "sentence"),
    [
        (np.ones((20, 20)), np.ones((3, 3)), "stack of two frames or more; this image is 20 × 20"),
        (np.ones((1, 20, 20)), np.ones((3, 3)), "stack of two frames or more"),
        (np.ones((4, 20, 20)), np.ones((3, 3, 3)), "3 PSFs for 4 frames"),
    ],
)
def test_what_is_no_burst_is_refused(image: np.ndarray, psf: np.ndarray, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        nd.Recipe(burst={}).run(image, psf=psf, device="cpu")
