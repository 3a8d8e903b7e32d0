"""A PSF that changes over the picture: grids of PSFs, shapes that vary, tiles that fade."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import napari_deconv as nd
from napari_deconv import Recipe, samples
from napari_deconv.evidence.residual import ResidualCheck
from napari_deconv.psf.changing import VaryingPsf
from napari_deconv.psf.field import Field
from napari_deconv.sensitivity import Sensitivity

GAUSSIAN = nd.choices("psf")["gaussian"]
FIRST, LAST = 1.5, 4.0
SHAPE = (128, 320)


def kernels(sigmas: list[float]) -> np.ndarray:
    """Return Gaussians in a row of a grid, on one array."""
    from napari_deconv.psf.changing import stacked

    return stacked([GAUSSIAN(sigma=sigma).kernel() for sigma in sigmas])[None]


@pytest.fixture(scope="module")
def scene() -> tuple[np.ndarray, np.ndarray]:
    """Return truth, and the same blurred by a Gaussian that widens from left to right."""
    truth = samples.radiograph(shape=SHAPE).truth.astype(float)
    sigmas = np.linspace(FIRST, LAST, 21)
    blurred = np.stack([gaussian_filter(truth, sigma, mode="nearest") for sigma in sigmas])
    place = np.linspace(0, len(sigmas) - 1, SHAPE[1])
    low = np.minimum(place.astype(int), len(sigmas) - 2)
    share, columns = place - low, np.arange(SHAPE[1])
    image = (1 - share) * blurred[low, :, columns].T + share * blurred[low + 1, :, columns].T
    image += np.random.default_rng(1).normal(0, 0.005, SHAPE)
    return truth, image.astype(np.float32)


def decibels(truth: np.ndarray, result: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((truth - result) ** 2)))


def test_a_field_is_linear_between_its_psfs_and_constant_beyond() -> None:
    arrays = np.zeros((1, 3, 3, 3), np.float32)
    for i in range(3):
        arrays[0, i, 1, i] = 1
    field = Field(arrays, np.array([50.0]), np.array([10.0, 30.0, 90.0]))
    np.testing.assert_array_equal(field.at(0, 30), arrays[0, 1])
    np.testing.assert_array_equal(field.at(99, -5), arrays[0, 0])
    np.testing.assert_array_equal(field.at(99, 900), arrays[0, 2])
    np.testing.assert_allclose(field.at(7, 45), 0.75 * arrays[0, 1] + 0.25 * arrays[0, 2])
    assert field.steps == (0, 16)


def test_tiles_are_the_narrower_the_more_the_psf_changes() -> None:
    places = np.array([200.0, 600.0])

    def step(first: float, last: float) -> int:
        return Field(kernels([first, last]), np.array([50.0]), places).steps[1]

    assert step(2, 2) == 200
    assert 200 > step(2, 3) > step(2, 4) > 16
    narrow, wide = kernels([2, 4])[0].astype(float)
    assert step(2, 4) == int(400 / (np.abs(wide - narrow).sum() / 0.1))


PLACES = [SHAPE[1] * share for share in (1 / 6, 1 / 2, 5 / 6)]
GRID = nd.PsfGrid.of(
    kernels([FIRST + (LAST - FIRST) * place / SHAPE[1] for place in PLACES]), columns=PLACES
)


def test_a_grid_beats_the_best_single_psf_by_a_decibel(
    scene: tuple[np.ndarray, np.ndarray],
) -> None:
    truth, image = scene
    method = {"name": "tv", "weight": 0.001, "iterations": 40}
    grid = nd.deconvolve(image, GRID, method, device="cpu")
    single = max(
        decibels(truth, nd.deconvolve(image, GAUSSIAN(sigma=sigma), method, device="cpu"))
        for sigma in (2.0, 2.5, 3.0)
    )
    assert decibels(truth, grid) > single + 1


def test_a_grid_of_one_psf_is_that_psf(scene: tuple[np.ndarray, np.ndarray]) -> None:
    _, image = scene
    method = {"name": "tikhonov", "weight": 0.01}
    one = nd.deconvolve(image, GAUSSIAN(sigma=2), method, device="cpu")
    many = nd.deconvolve(image, np.repeat(kernels([2, 2, 2]), 2, 0), method, device="cpu")
    assert np.sqrt(np.mean((one - many) ** 2)) < 1e-4 * np.ptp(image)


def test_a_region_equals_that_part_of_the_whole(scene: tuple[np.ndarray, np.ndarray]) -> None:
    _, image = scene
    psf = VaryingPsf(first=GAUSSIAN(sigma=FIRST), last=GAUSSIAN(sigma=LAST))
    recipe = Recipe(psf=psf, method={"name": "tikhonov", "weight": 0.01})
    region = (slice(20, 90), slice(101, 222))
    whole = recipe.begin(image, device="cpu").image()[region]
    part = recipe.begin(image, device="cpu", region=region).image()
    assert np.sqrt(np.mean((whole - part) ** 2)) < 1e-4 * np.ptp(image)


def test_a_shape_varies_from_side_to_side() -> None:
    psf = VaryingPsf(first=GAUSSIAN(sigma=1), last=GAUSSIAN(sigma=3), along="rows")
    assert psf.at(0.25).sigma == pytest.approx(1.5)  # type: ignore[attr-defined]
    field = psf.field((101, 50), None, "middle")
    assert field.arrays.shape[:2] == (9, 1)
    np.testing.assert_allclose(field.at(50, 7).sum(), 1, rtol=1e-5)
    assert Recipe.from_yaml(Recipe(psf=psf).to_yaml()).psf == psf


def test_the_check_goes_by_the_psf_of_each_place(scene: tuple[np.ndarray, np.ndarray]) -> None:
    _, image = scene
    method = {"name": "tikhonov"}
    grid = VaryingPsf(first=GAUSSIAN(sigma=FIRST), last=GAUSSIAN(sigma=LAST))
    run = Recipe(psf=grid, method=method).begin(image, device="cpu")
    result = run.image()
    check = run.agreement(result)
    assert isinstance(check, ResidualCheck)
    assert 0.85 < check.chi2 < 1.15
    middle = Recipe(psf=grid.at(0.5), method=method).begin(image, device="cpu")
    single = middle.agreement(middle.image())
    assert isinstance(single, ResidualCheck)
    assert single.chi2 > check.chi2
    left = run.residual(result)
    assert left.shape == image.shape
    assert np.nanstd(left) == pytest.approx(1, abs=0.3)


def test_a_recipe_keeps_its_grid(tmp_path: Path) -> None:
    grid = nd.PsfGrid.of(kernels([1, 2, 3]), columns=[5, 50, 90])
    recipe = Recipe(psf=grid)
    recipe.save(tmp_path / "r.yaml")
    assert (tmp_path / "r.psf.tif").is_file()
    back = Recipe.load(tmp_path / "r.yaml").psf
    assert isinstance(back, nd.PsfGrid)
    assert back.columns == (5, 50, 90)
    np.testing.assert_array_equal(back.array(), grid.array())
    assert Recipe.from_yaml(recipe.to_yaml()).psf == grid
    assert Recipe(psf=kernels([1, 2])).psf == nd.PsfGrid.of(kernels([1, 2]))


def test_bad_grids_are_refused_in_a_sentence() -> None:
    image = np.random.default_rng(0).random((60, 70)).astype(np.float32)
    grid = kernels([1, 2])

    def refused(psf: object, match: str, picture: np.ndarray = image, **parts: object) -> None:
        with pytest.raises(ValueError, match=match):
            Recipe(psf=psf, **parts).begin(picture, device="cpu")

    refused(nd.PsfGrid.of(grid, columns=[5]), "2 columns of PSFs, but 1 places")
    refused(nd.PsfGrid.of(grid, columns=[5, 95]), "5 to 95 px, the image only 70")
    refused(nd.PsfGrid.of(grid[0]), r"give \(rows, columns, height, width\)")
    refused(nd.PsfGrid.of(0 * grid), "sums to zero")
    refused(nd.PsfGrid.of(grid), "burst", np.stack([image, image]), burst={})
    with pytest.raises(ValueError, match="must rise"):
        nd.PsfGrid.of(grid, columns=[50, 5])
    with pytest.raises(ValueError, match="one shape with other"):
        VaryingPsf(first=GAUSSIAN(), last={"name": "disk"})
    with pytest.raises(ValueError, match="can't vary"):
        VaryingPsf(first=nd.PsfGrid.of(grid), last=nd.PsfGrid.of(grid))


def test_the_width_of_a_grid_is_varied_as_a_whole() -> None:
    grid = nd.PsfGrid.of(kernels([1, 2]), columns=[5, 50])
    image = np.random.default_rng(0).random((40, 64)).astype(np.float32)
    method = {"name": "tikhonov", "weight": 0.1}
    narrow, wide = Sensitivity(Recipe(psf=grid, method=method), image).recipes
    assert isinstance(narrow.psf, nd.PsfGrid)
    assert narrow.psf.columns == (5, 50)
    assert narrow.psf.array().max() > grid.array().max() > wide.psf.array().max()  # type: ignore[union-attr]
    varying = Recipe(psf=VaryingPsf(), method=method)
    with pytest.raises(ValueError, match="its own parameter"):
        Sensitivity(varying, image)
