"""Results and recipes in files: what is in them, and what the dock says of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog, QPushButton

from napari_deconv import io
from napari_deconv.recipe import Recipe
from napari_deconv.recipe_file import loads
from napari_deconv.widgets.saving import FILTERS


@pytest.fixture
def restored(desk: Any) -> Any:
    """Return a desk with a result whose pixels are 0.1 mm."""
    scan = desk.layers["scan"]
    scan.scale, scan.units = (0.1, 0.1), ("mm", "mm")
    desk.use("tv", iterations=5)
    desk.run_to_end()
    return desk


def said(desk: Any) -> str:
    return str(desk.dock.panel.saving.line.text())


def test_a_result_keeps_its_numbers_pixel_size_and_recipe(restored: Any, tmp_path: Path) -> None:
    path = tmp_path / "result.tif"
    assert restored.dock.save_result(str(path))
    assert said(restored) == f"Saved {path}: float32, pixel 0.1 mm, with its recipe."
    picture = io.read(path)
    np.testing.assert_array_equal(picture.array, restored.dock.result_layer.data)
    assert picture.array.dtype == np.float32
    assert picture.unit == "mm"
    assert picture.pixel_size == pytest.approx(0.1, rel=1e-6)
    text = picture.metadata["recipe"]
    assert "# ran:\n#   version: " in text  # how it ran is told to whoever reads
    assert "#   iteration: 5\n#   of: 5\n" in text
    recipe = Recipe(**loads(text))
    again = recipe.run(restored.layers["scan"].data).image
    np.testing.assert_allclose(again, picture.array, atol=1e-5)


def test_uint16_says_what_was_rounded_and_clipped(desk: Any, tmp_path: Path) -> None:
    scan = desk.layers["scan"]
    scan.data = (scan.data * 70_000).astype(np.float32)
    scan.reset_contrast_limits()
    desk.use("tikhonov")
    result = desk.run_to_end()
    path = tmp_path / "result.tif"
    assert desk.dock.save_result(str(path), "uint16")
    stored = io.read(path).array
    np.testing.assert_array_equal(stored, np.clip(np.rint(result.data), 0, 65535))
    clipped = int((np.rint(result.data) > 65535).sum() + (np.rint(result.data) < 0).sum())
    assert clipped > 0
    assert f"{clipped} pixels clipped" in said(desk)
    rounding = re.search(r"Rounded to whole grey values \((\S+) rms\)", said(desk))
    assert rounding is not None
    assert float(rounding[1]) == pytest.approx(12**-0.5, rel=0.03)
    assert "coarse" not in said(desk)


def test_uint16_of_a_picture_between_0_and_1_is_warned_of(restored: Any, tmp_path: Path) -> None:
    assert restored.dock.save_result(str(tmp_path / "result.tif"), "uint16")
    assert "coarse for this picture: float32 keeps it" in said(restored)


def test_npy_says_what_it_can_t_hold(restored: Any, tmp_path: Path) -> None:
    assert restored.dock.save_result(str(tmp_path / "result.npy"))
    assert "The format can't hold the pixel size and the recipe" in said(restored)


def test_a_slice_is_saved_as_a_picture(desk: Any, tmp_path: Path) -> None:
    layer = desk.viewer.add_image(
        np.stack([desk.layers["scan"].data] * 3),
        name="series",
        scale=(2, 0.1, 0.2),
        units=("mm", "mm", "mm"),
    )
    desk.dock.image, desk.dock.reference = layer, None
    desk.use("tikhonov")
    desk.run_to_end()
    path = tmp_path / "slice.tif"
    assert desk.dock.save_result(str(path))
    picture = io.read(path)
    assert picture.array.shape == (96, 128)
    assert picture.pixel_size == pytest.approx((0.1, 0.2))


def test_a_recipe_is_saved_with_its_psf_beside_it(restored: Any, tmp_path: Path) -> None:
    path = tmp_path / "how.yaml"
    assert restored.dock.save_recipe(str(path))
    assert said(restored) == f"Saved {path}, its PSF beside it as how.psf.tif."
    recipe = Recipe.load(path)
    again = recipe.run(restored.layers["scan"].data).image
    np.testing.assert_allclose(again, restored.dock.result_layer.data, atol=1e-5)


def test_the_selected_result_is_saved_or_else_the_last(restored: Any, tmp_path: Path) -> None:
    first = restored.dock.result_layer
    restored.use("tikhonov")
    last = restored.run_to_end()
    for selected, expected in ((first, first), (restored.layers["scan"], last)):
        restored.layers.selection.active = selected
        path = tmp_path / "result.tif"
        assert restored.dock.save_result(str(path))
        np.testing.assert_array_equal(io.read(path).array, expected.data)


def test_nothing_to_save_is_said(desk: Any, tmp_path: Path) -> None:
    assert not desk.dock.save_result(str(tmp_path / "result.tif"))
    assert said(desk) == "There is no result to save; press Run first."
    assert not list(tmp_path.iterdir())


def test_a_path_that_can_t_be_written_is_one_sentence(restored: Any, tmp_path: Path) -> None:
    for save in (restored.dock.save_result, restored.dock.save_recipe):
        assert not save(str(tmp_path / "missing" / "result.tif"))
        assert "folder" in said(restored)
        assert "\n" not in said(restored)


def test_the_dialog_s_kind_is_what_is_written(
    restored: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, (kind, dtype) in enumerate(FILTERS.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        answer = (str(folder / "typed"), kind)
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, answer=answer: answer)
        restored.dock.findChild(QPushButton, "save_result").click()
        (written,) = folder.iterdir()
        assert written.suffix == (".npy" if "npy" in kind else ".tif")
        assert io.read(written).array.dtype == dtype


def test_a_dialog_that_is_cancelled_writes_nothing(
    restored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    restored.dock.findChild(QPushButton, "save_result").click()
    restored.dock.findChild(QPushButton, "save_recipe").click()
    assert said(restored) == ""
