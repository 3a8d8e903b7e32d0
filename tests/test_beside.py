"""What `napari-deconv run` restores beside a result: a second opinion of learned methods."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import napari_deconv as nd
from napari_deconv import io, samples
from napari_deconv.cli import app
from napari_deconv.doubts import second_opinion
from napari_deconv.learned.card import Card
from napari_deconv.learned.model import digest_of, save
from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.recipe import Recipe

PSF = GaussianPsf(sigma=1.5)
SMALL = {"width": 8, "encoder": (1,), "middle": 1, "decoder": (1,), "stages": 1}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: Any) -> Path:
    """Return a folder with a scan, a small model, and a recipe that restores by it."""
    monkeypatch.chdir(tmp_path)
    image = samples.radiograph((80, 80), psf=PSF.kernel()).image
    io.write(tmp_path / "scan.tif", image, pixel_size=0.1, unit="mm")
    card = Card(title="small", architecture=SMALL, narrowest=0.5, widest=3.0, strongest=0.2)
    save(tmp_path / "small.safetensors", card.architecture.build(), card)
    method = {"name": "restore", "model": "small.safetensors"}
    nd.Recipe(psf=PSF, method=method).save(tmp_path / "r.yaml")
    return tmp_path


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["run", "r.yaml", "scan.tif", *arguments])


def test_a_learned_result_comes_with_tv_and_where_they_differ(folder: Path) -> None:
    done = run("--out", "o", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    told = said["second_opinion"]
    assert told["method"] == "tv"
    files = ["scan_restore.doubt.tif", "scan_restore.tif", "scan_restore.tv.tif"]
    assert sorted(path.name for path in Path("o").glob("*.tif")) == files
    result, tv, doubt = (io.read(f) for f in (said["output"], told["output"], told["doubt"]))
    recipe = Recipe.from_yaml(tv.metadata["recipe"])
    assert isinstance(recipe.method.weight, float)
    differs = np.sqrt(np.mean((result.array.astype(float) - tv.array) ** 2)) / 2
    assert told["differs"] == pytest.approx(differs, rel=1e-3)
    found = nd.disagreement(
        Recipe.load(said["recipe"]), io.read("scan.tif").array, result.array, varied=second_opinion
    )
    np.testing.assert_allclose(found.beyond, doubt.array, atol=1e-4)
    assert doubt.pixel_size == pytest.approx(0.1)


def test_the_recipe_of_a_learned_result_names_the_model_s_hash(folder: Path) -> None:
    said = json.loads(run("--out", "o", "--no-second-opinion", "--json").stdout)
    assert said["second_opinion"] is None
    assert [path.name for path in Path("o").glob("*.tif")] == ["scan_restore.tif"]
    digest = digest_of("small.safetensors")
    made = io.read(said["output"])
    for recipe in (Recipe.load(said["recipe"]), Recipe.from_yaml(made.metadata["recipe"])):
        assert recipe.method.model == f"small.safetensors@{digest}"
        again = recipe.run(io.read("scan.tif").array, device="cpu")
        np.testing.assert_array_equal(again.image, made.array)
        assert again.recipe.method == recipe.method
    assert any("Learned: small, version 1" in s and digest in s for s in said["warnings"])
    card = Card(title="other", architecture=SMALL, narrowest=0.5, widest=3.0, strongest=0.2)
    save(Path("small.safetensors"), card.architecture.build(), card)
    with pytest.raises(ValueError, match=f"no longer the one of this recipe .{digest}"):
        recipe.begin(io.read("scan.tif").array, device="cpu")


def test_a_second_opinion_of_any_method_is_asked_for_by_hand(folder: Path) -> None:
    tikhonov = ("--set", "method=tikhonov", "--out", "o")
    assert "second opinion" not in run(*tikhonov).stdout
    told = run(*tikhonov, "--second-opinion", "--overwrite")
    assert told.exit_code == 0, told.output
    assert "  second opinion, tv: differs by " in told.stdout
    again = run(*tikhonov, "--second-opinion")
    assert again.exit_code == 2
    Path("o/scan_tikhonov.tif").unlink()
    Path("o/scan_tikhonov.yaml").unlink()
    assert "tv.tif exists already" in run(*tikhonov, "--second-opinion").output


def test_a_map_of_doubt_is_never_stored_as_whole_numbers(folder: Path) -> None:
    said = json.loads(run("--out", "o", "--dtype", "uint16", "--json").stdout)
    assert io.read(said["output"]).array.dtype == np.uint16
    assert io.read(said["second_opinion"]["doubt"]).array.dtype == np.float32
