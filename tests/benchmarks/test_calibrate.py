"""The count of what marks are worth: it reaches the model's card, its weights untouched."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from safetensors.torch import load_file

from napari_deconv.learned import model as models
from napari_deconv.recipe import Recipe
from napari_deconv.samples import radiograph

pytestmark = pytest.mark.benchmark("calibrate")


def test_a_model_is_written_with_the_count_and_repeats_it(
    script: ModuleType, tmp_path: Path
) -> None:
    found, means = script.counted(models.SHIPPED, 2, 64)
    assert found.pictures == 2
    assert 0 <= found.marked <= 1
    assert set(means) == {"model", "TV, automatic"}
    out = tmp_path / "counted.safetensors"
    models.retell(models.SHIPPED, out, calibration=found)
    card = models.card_of(str(out))
    assert card.calibration == found
    assert card.replace(calibration=None) == models.card_of(models.SHIPPED).replace(
        calibration=None
    )
    before = load_file(models.location(models.SHIPPED))
    assert all(value.equal(before[name]) for name, value in load_file(out).items())
    sample = radiograph((48, 48))
    recipe = Recipe(psf="gaussian", method={"name": "restore", "model": str(out)})
    shown = recipe.run(sample.image, device="cpu")
    assert any("On 2 pictures kept apart" in said for said in shown.warnings)
