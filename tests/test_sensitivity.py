"""How much a result hangs on the PSF's width: only the PSF differs, the band holds the result."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_deconv.evidence.band import Band
from napari_deconv.psf.kernel import understand
from napari_deconv.recipe import Recipe
from napari_deconv.registry import choices
from napari_deconv.sensitivity import Sensitivity, spread

GAUSSIAN = choices("psf")["gaussian"]
SIGMA = 2.0
METHODS = ["tikhonov", "wiener", "tv", "richardson-lucy"]


def scan(noise: float = 0.003) -> np.ndarray:
    """Return a blurred step from 0.3 to 0.8, with a wire beside it."""
    truth = np.full((48, 64), 0.3)
    truth[:, 32:] = 0.8
    truth[:, 12:15] = 0.6
    rng = np.random.default_rng(2)
    picture = gaussian_filter(truth, SIGMA, mode="nearest") + rng.normal(0, noise, truth.shape)
    return picture.astype(np.float32)


def steepest(picture: np.ndarray) -> float:
    """Return how steep the mean row is at the step."""
    row = picture[8:-8].mean(axis=0)
    return float(np.abs(np.diff(row[24:40])).max())


@pytest.mark.parametrize("method", METHODS)
def test_a_wider_psf_gives_sharper_edges_and_the_band_holds_the_result(method: str) -> None:
    image = scan()
    result = Recipe(psf=GAUSSIAN(sigma=SIGMA), method=method).run(image, device="cpu")
    varied = Sensitivity(result.recipe, image, device="cpu")
    narrower, wider = varied.run()
    assert steepest(narrower) < steepest(result.image) < steepest(wider)
    band = varied.band(result.image)
    assert (band.lower <= result.image).all()
    assert (result.image <= band.upper).all()
    assert band.words == "PSF ±10 %"
    assert 0 < spread(band) < 0.1


def test_only_the_psf_differs() -> None:
    image = scan()
    result = Recipe(psf=GAUSSIAN(sigma=SIGMA), method="tv").run(image, device="cpu")
    for recipe, sigma in zip(Sensitivity(result.recipe, image).recipes, (1.8, 2.2), strict=True):
        same = {**recipe.plain(), "psf": None}
        assert same == {**result.recipe.plain(), "psf": None}
        made = understand(recipe.psf.kernel())
        wanted = understand(GAUSSIAN(sigma=sigma).kernel())
        assert made.widths == pytest.approx(wanted.widths, rel=0.002)


def test_without_a_change_it_is_the_result_again() -> None:
    image = scan()
    result = Recipe(psf=GAUSSIAN(sigma=SIGMA), method="tikhonov").run(image, device="cpu")
    varied = Sensitivity(result.recipe, image, device="cpu", share=1e-9)
    for picture in varied.run():
        np.testing.assert_allclose(picture, result.image, atol=1e-3)


def test_a_centre_that_was_chosen_holds_for_all_widths() -> None:
    image, psf = scan(), GAUSSIAN(sigma=SIGMA).kernel()
    lopsided = np.pad(psf, ((0, 4), (6, 0)))
    recipe = Recipe(method="tikhonov", centre="centroid").with_psf(lopsided)
    result = recipe.run(image, device="cpu")
    plain = Recipe(method="tikhonov").with_psf(psf).run(image, device="cpu")
    pairs = zip(
        Sensitivity(result.recipe, image, device="cpu").run(),
        Sensitivity(plain.recipe, image, device="cpu").run(),
        strict=True,
    )
    for one, other in pairs:
        np.testing.assert_allclose(one, other, atol=2e-3)


def test_a_region_is_that_part_of_the_whole() -> None:
    image = scan()
    result = Recipe(psf=GAUSSIAN(sigma=SIGMA), method="tikhonov").run(image, device="cpu")
    region = (slice(10, 30), slice(20, 50))
    whole = Sensitivity(result.recipe, image, device="cpu").run()
    part = Sensitivity(result.recipe, image, device="cpu", region=region).run()
    for one, other in zip(whole, part, strict=True):
        np.testing.assert_allclose(one[region], other, atol=1e-4)


def test_slices_are_varied_one_by_one() -> None:
    stack = np.stack([scan(), 0.5 * scan()])
    result = Recipe(psf=GAUSSIAN(sigma=SIGMA), method="tv").run(stack, device="cpu")
    varied = Sensitivity(result.recipe, stack, device="cpu")
    steps = [step.index for step in varied.steps()]
    assert steps == list(range(1, varied.total + 1))
    assert varied.band(result.image).lower.shape == stack.shape


def test_it_stops_where_nobody_goes_on() -> None:
    image = scan()
    result = Recipe(psf=GAUSSIAN(sigma=SIGMA), method="tv").run(image, device="cpu")
    varied = Sensitivity(result.recipe, image, device="cpu")
    assert [step.index for step in islice(varied.steps(), 3)] == [1, 2, 3]
    with pytest.raises(ValueError, match="not varied to the end"):
        _ = varied.pictures


def test_what_is_no_result_is_refused() -> None:
    with pytest.raises(ValueError, match="has no PSF"):
        Sensitivity(Recipe(), scan())
    with pytest.raises(ValueError, match="still on auto"):
        Sensitivity(Recipe(psf=GAUSSIAN(), method="tv"), scan())


def test_the_ends_of_a_band_have_one_shape() -> None:
    with pytest.raises(ValueError, match="give pictures of one shape"):
        Band(np.zeros((3, 4)), np.zeros((4, 3)), "twisted")
