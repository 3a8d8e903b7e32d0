"""A result's variants: what is varied, and where the results differ."""

from __future__ import annotations

import numpy as np
import pytest

import napari_deconv as nd
from napari_deconv import samples
from napari_deconv.doubts import Doubts, variants
from napari_deconv.psf.shapes import GaussianPsf

PSF = GaussianPsf(sigma=1.5).kernel()


@pytest.fixture(scope="module")
def sample() -> samples.Sample:
    return samples.radiograph((96, 96), psf=PSF)


@pytest.fixture(scope="module")
def made(sample):
    return nd.Recipe(psf=PSF, method={"name": "tv", "iterations": 40}).run(sample.image)


def test_strength_width_and_method_are_varied(made):
    weight = made.recipe.method.weight
    weaker, stronger, narrow, wide, other = variants(made.recipe)
    assert weaker.recipe.method.weight == pytest.approx(weight / 3)
    assert stronger.recipe.method.weight == pytest.approx(weight * 3)
    assert narrow.recipe.method == wide.recipe.method == made.recipe.method
    areas = [np.sum(v.recipe.psf.kernel(None)) ** 2 for v in (narrow, wide)]
    tops = [
        np.max(v.recipe.psf.kernel(None)) / a for v, a in zip((narrow, wide), areas, strict=True)
    ]
    assert tops[0] > PSF.max() > tops[1]
    assert other.recipe.method.key() == "wavelet"
    assert other.recipe.method.automatic()


def test_a_method_without_a_strength_is_varied_by_its_iterations(sample):
    made = nd.Recipe(psf=PSF, method={"name": "richardson-lucy", "iterations": 12})
    found = variants(made)
    assert [v.recipe.method.iterations for v in found[:2]] == [36, 4]
    assert found[-1].name == "tv"


def test_results_are_compared_and_others_join(sample, made):
    alone = nd.disagreement(made.recipe, sample.image, made.image)
    more = nd.disagreement(
        made.recipe, sample.image, made.image, others=[made.image + np.float32(1)]
    )
    assert (alone.number, more.number) == (6, 7)
    assert (alone.band.lower <= made.image).all()
    assert (made.image <= alone.band.upper).all()
    assert more.spread.mean() > alone.spread.mean()
    assert "other 1" in more.band.words
    assert alone.beyond.shape == sample.image.shape


def test_a_recipe_with_its_strength_on_auto_is_restored_first(sample):
    recipe = nd.Recipe(psf=PSF, method="tikhonov")
    assert nd.disagreement(recipe, sample.image).number == 6


def test_a_region_is_compared(sample, made):
    doubts = Doubts(made.recipe, sample.image, region=(slice(20, 60), slice(30, 80)))
    told = list(doubts.steps())
    assert [one.number for one in told] == sorted(one.number for one in told)
    assert {one.total for one in told} == {5}
    assert doubts.of(made.image[20:60, 30:80]).spread.shape == (40, 50)
    assert doubts.passed is not None


def test_what_was_not_restored_is_not_compared(sample, made):
    doubts = Doubts(made.recipe, sample.image)
    next(doubts.steps())
    with pytest.raises(ValueError, match="walk all steps"):
        doubts.of(made.image)
    with pytest.raises(ValueError, match="auto"):
        Doubts(nd.Recipe(psf=PSF), sample.image)


def test_the_command_line_writes_spread_and_doubt(tmp_path, sample, made):
    from typer.testing import CliRunner

    from napari_deconv import io
    from napari_deconv.cli import app

    io.write(tmp_path / "scan.tif", sample.image, pixel_size=0.1, unit="mm")
    io.write(tmp_path / "other.tif", made.image)
    made.recipe.save(tmp_path / "r.yaml")
    files = [str(tmp_path / name) for name in ("r.yaml", "scan.tif")]
    command = [
        "doubt",
        *files,
        "--out",
        str(tmp_path / "new"),
        "--with",
        str(tmp_path / "other.tif"),
    ]
    told = CliRunner().invoke(app, command)
    assert told.exit_code == 0, told.output
    assert "7 results (strength" in told.output
    spread = io.read(tmp_path / "new" / "scan_tv_spread.tif")
    assert spread.pixel_size == pytest.approx(0.1)
    assert (spread.array > 0).any()
    assert io.read(tmp_path / "new" / "scan_tv_doubt.tif").array.shape == sample.image.shape
    again = CliRunner().invoke(app, command)
    assert again.exit_code == 2
    assert "exists already" in again.output
