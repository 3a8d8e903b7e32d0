"""What napari writes with us: numbers, pixel size and recipe come back, and nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import napari.layers
import numpy as np
import pytest

from napari_deconv.core.units import PixelSize
from napari_deconv.recipe import Recipe
from napari_deconv.scans.opening import open_scan
from napari_deconv.writers import write_image

SCAN = np.random.default_rng(3).integers(0, 4000, (3, 8, 10)).astype(np.uint16)
RECIPE = Recipe(psf={"name": "gaussian", "sigma": 1.2}, method={"name": "tikhonov", "weight": 0.01})
ENDINGS = (".zarr", ".h5", ".hdf5")


class Lazy:
    """A stack that says which slices were asked for."""

    ndim, shape, dtype = SCAN.ndim, SCAN.shape, SCAN.dtype

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __getitem__(self, index: int) -> np.ndarray:
        self.asked.append(index)
        return SCAN[index]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_layer_comes_back_with_pixel_size_and_recipe(tmp_path: Path, ending: str) -> None:
    kept = {**RECIPE.plain(), "ran": {"seconds": 1.0}}
    layer = napari.layers.Image(
        SCAN, scale=(1, 0.1, 0.2), units=("pixel", "mm", "mm"), metadata={"napari-deconv": kept}
    )
    path = tmp_path / f"a{ending}"
    data, attributes, _ = layer.as_layer_data_tuple()
    assert write_image(str(path), data, attributes) == [str(path)]
    scan = open_scan(path)
    np.testing.assert_array_equal(scan.read(0, 3), SCAN)
    assert scan.dtype == np.uint16
    assert scan.size == PixelSize((0.1, 0.2), "mm")
    assert Recipe.from_yaml(scan.metadata["recipe"]) == RECIPE
    assert [part.name for part in tmp_path.iterdir()] == [path.name]


def test_a_lazy_stack_is_asked_for_one_slice_at_a_time(tmp_path: Path) -> None:
    lazy = Lazy()
    write_image(str(tmp_path / "a.h5"), [lazy, None], {"scale": (1, 1, 1), "units": ("pixel",) * 3})
    assert lazy.asked == [0, 1, 2]
    scan = open_scan(tmp_path / "a.h5")
    np.testing.assert_array_equal(scan.read(0, 3), SCAN)
    assert scan.size is None
    assert "recipe" not in scan.metadata


def test_a_folder_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "mine").touch()
    with pytest.raises(ValueError, match=r"^a\.zarr is there already and stays; choose another"):
        write_image(str(tmp_path / "a.zarr"), SCAN, {})
    assert [part.name for part in tmp_path.rglob("*")] == ["a.zarr", "mine"]


def test_a_file_is_replaced_when_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    path.write_text("mine")

    class Torn(Lazy):
        def __getitem__(self, index: int) -> np.ndarray:
            raise OSError(5, "Input/output error")

    with pytest.raises(ValueError, match="can't be written: Input/output error"):
        write_image(str(path), Torn(), {})
    assert path.read_text() == "mine"
    write_image(str(path), SCAN, {})
    np.testing.assert_array_equal(open_scan(path).read(0, 3), SCAN)


@pytest.mark.parametrize(
    ("name", "data", "attributes", "said"),
    [
        ("a.zarr", SCAN, {"rgb": True}, "Only a picture or a stack of grey values"),
        ("a.zarr", SCAN[None], {}, "Only a picture or a stack of grey values"),
        ("a.png", SCAN, {}, "no known ending"),
        ("no/a.h5", SCAN, {}, "can't be written: No such file or directory"),
    ],
)
def test_what_can_t_be_written_is_refused_in_a_sentence(
    tmp_path: Path, name: str, data: Any, attributes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        write_image(str(tmp_path / name), data, attributes)
    assert list(tmp_path.iterdir()) == []
