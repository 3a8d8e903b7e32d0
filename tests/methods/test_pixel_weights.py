"""Pixels that count more or less than others, as the user says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import napari_deconv as nd

PSF = {"name": "gaussian", "sigma": 1.5}
FILTERS = ("least-squares", "wiener")
REFUSING = (*FILTERS, "plug-and-play")
METHODS = [name for name, method in nd.choices("method").items() if not method.on_host]
WEIGHED = [name for name in METHODS if name not in REFUSING]


def truth(n: int = 64) -> np.ndarray:
    """Return a plate with two bars, between 0.3 and 0.9."""
    picture = np.full((n, n), 0.9)
    picture[14:50, 8:56] = 0.5
    picture[20:44, 18:21] = picture[20:44, 40:43] = 0.3
    return picture


def uneven(n: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Return a blurred picture whose right half is ten times as noisy, and the noise's sigma."""
    sigma = np.full((n, n), 0.005)
    sigma[:, n // 2 :] = 0.05
    noise = np.random.default_rng(3).normal(0, 1, (n, n)) * sigma
    return (gaussian_filter(truth(n), 1.5, mode="nearest") + noise).astype(np.float32), sigma


def restore(
    method: str, image: np.ndarray, weights: np.ndarray | None, **fixed: float
) -> np.ndarray:
    few = {"iterations": 30} if "iterations" in nd.choices("method")[method].parameters() else {}
    few = {"iterations": 200} if method == "gradient-descent" else few
    return nd.deconvolve(image, PSF, method, weights=weights, **few, **fixed)


@pytest.mark.parametrize("method", METHODS)
def test_equal_weights_change_nothing(method: str) -> None:
    image, _ = uneven()
    alike = restore(method, image, np.full(image.shape, 7))
    assert np.array_equal(alike, restore(method, image, None))


@pytest.mark.parametrize("method", METHODS)
def test_a_weight_of_zero_masks(method: str) -> None:
    image, _ = uneven()
    weights = np.ones(image.shape)
    weights[30:33, 30:34] = 0
    broken = np.where(weights > 0, image, 1e6).astype(np.float32)
    masked = restore(method, np.ma.array(image, mask=weights == 0), None)
    assert np.abs(restore(method, broken, weights) - masked).max() < 1e-3


@pytest.mark.parametrize("method", WEIGHED)
def test_only_ratios_count(method: str) -> None:
    image, sigma = uneven()
    once, many = (restore(method, image, factor / sigma**2) for factor in (1, 1e-4))
    assert np.abs(once - many).max() < 1e-3


# Richardson-Lucy has no prior to lean on, and that of l1 says nothing of a bright ground.
@pytest.mark.parametrize("method", [n for n in WEIGHED if n not in ("richardson-lucy", "l1")])
def test_less_of_the_noise_comes_through_where_pixels_count_less(method: str) -> None:
    image, sigma = uneven()
    fixed = {"weight": 3e-3} if "weight" in nd.choices("method")[method].parameters() else {}
    weighed, alike = (restore(method, image, w, **fixed) for w in (1 / sigma**2, None))
    quiet = np.s_[16:48, 46:54]  # a flat part of the noisy half
    assert weighed[quiet].std() < 0.85 * alike[quiet].std()


def test_right_weights_restore_better_than_none() -> None:
    image, sigma = uneven()
    inner = np.s_[8:-8, 8:-8]
    error = {
        name: np.sqrt(np.mean((restore("tv", image, weights) - truth())[inner] ** 2))
        for name, weights in {"right": 1 / sigma**2, "none": None}.items()
    }
    assert error["right"] < 0.9 * error["none"]


def test_the_verdict_takes_the_weights_for_the_noise() -> None:
    image, sigma = uneven()
    recipe = nd.Recipe(psf=PSF, method={"name": "tv", "weight": 2e-3})
    run = recipe.begin(image, weights=1 / sigma**2)
    check = run.agreement(truth().astype(np.float32))
    assert check.chi2 == pytest.approx(1, abs=0.1)


def test_a_region_equals_that_part_of_the_whole() -> None:
    image, sigma = uneven(256)
    recipe = nd.Recipe(psf=PSF, method={"name": "tv", "weight": 2e-3, "iterations": 60})
    region = (slice(100, 150), slice(110, 170))
    part = recipe.begin(image, region=region, weights=1 / sigma**2).image()
    whole = recipe.begin(image, weights=1 / sigma**2).image()
    assert np.sqrt(np.mean((part - whole[region]) ** 2)) < 1e-3


def test_one_weight_a_pixel_of_every_slice() -> None:
    image, sigma = uneven()
    stack = restore("tikhonov", np.stack([image, image]), 1 / sigma**2)
    assert np.array_equal(stack[0], stack[1])
    assert np.abs(stack[0] - restore("tikhonov", image, 1 / sigma**2)).max() < 1e-4


@pytest.mark.parametrize("method", REFUSING)
def test_methods_refuse_what_they_can_t_weigh(method: str) -> None:
    image, sigma = uneven()
    with pytest.raises(ValueError, match="can't weigh pixels, only mask them"):
        restore(method, image, 1 / sigma**2)


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        (np.ones((3, 4)), "have shape"),
        (np.ones(64), "have shape"),
        (-np.ones((64, 64)), "from 0 up"),
        (np.full((64, 64), np.nan), "finite"),
        (np.zeros((64, 64)), "0 everywhere"),
        (np.full((64, 64), 1j), "real numbers"),
    ],
)
def test_bad_weights_get_one_sentence(weights: np.ndarray, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        nd.Recipe(psf=PSF).begin(uneven()[0], weights=weights)
    assert "\n" not in str(caught.value)
