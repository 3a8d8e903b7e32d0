"""All slices of a stack: the one on display first, lazily, filling in, stopped and gone on with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
import tifffile

from napari_deconv import restoration
from napari_deconv.methods.variational import TotalVariationModel
from napari_deconv.recipe import Recipe
from napari_deconv.widgets import stack_run
from napari_deconv.widgets.saving import save_result

from .conftest import blurred, part

COUNT, SHAPE = 7, (48, 40)
PSF = {"name": "gaussian", "sigma": 1.5}


def slices() -> np.ndarray:
    """Return slices that differ in grey value and noise."""
    truth = part((96, 128))[16 : 16 + SHAPE[0], 20 : 20 + SHAPE[1]]
    return np.stack([blurred(truth * (1 + 0.05 * i), 0.004) for i in range(COUNT)])


class Reads:
    """A stack on disk, so to speak: what was read of it, and slices that keep one waiting."""

    def __init__(self) -> None:
        self.array, self.read, self.lock = slices(), [], threading.Lock()
        self.gates: dict[int, threading.Event] = {}

    def layer(self) -> da.Array:
        chunks = ((1,) * COUNT, *((n,) for n in SHAPE))
        return da.map_blocks(self._block, chunks=chunks, dtype="float32", meta=np.empty((0, 0, 0)))

    def _block(self, block_info: Any = None) -> np.ndarray:
        number = block_info[None]["array-location"][0][0]
        with self.lock:
            self.read.append(number)
        if len(self.read) > COUNT and number in self.gates:  # after the look at all of them
            assert self.gates[number].wait(60)
        return self.array[number : number + 1]


@pytest.fixture
def opened(empty_desk: Callable[..., Any]) -> Callable[..., Any]:
    """Return what opens a desk with a stack of which all slices are to be restored."""

    def made(data: Any, **options: Any) -> Any:
        desk = empty_desk()
        desk.viewer.add_image(data, name="stack", contrast_limits=(0.1, 1.4), **options)
        desk.dock.recipe = Recipe(psf=PSF, method={"name": "tv", "weight": 0.01, "iterations": 6})
        desk.dock.all_slices = True
        return desk

    return made


def whole(desk: Any) -> np.ndarray:
    """Return what Python makes of the stack in memory."""
    return desk.dock.recipe.run(slices(), device="cpu").image


def test_a_lazy_stack_is_restored_as_in_python_from_the_slice_on_display(opened: Any) -> None:
    reads = Reads()
    desk = opened(reads.layer(), scale=(1, 0.1, 0.1), units=("pixel", "mm", "mm"))
    desk.viewer.dims.set_current_step(0, 4)
    reads.read.clear()
    result = desk.run_to_end()
    assert reads.read[:COUNT] == list(range(COUNT))  # it is judged by all of them
    assert reads.read[COUNT:][:1] == [4]
    np.testing.assert_array_equal(result.data, whole(desk))
    np.testing.assert_allclose(result.scale, (1, 0.1, 0.1))
    assert result.units == desk.layers["stack"].units
    assert "7 of 7 slices" in desk.status
    assert "Slice 4:" in desk.dock.panel.verdict.text()
    ran = result.metadata["napari-deconv"]["ran"]
    assert (ran["slices"], ran["slice"], ran["done"]) == (COUNT, None, COUNT)


def test_of_a_multiscale_stack_the_full_resolution_is_used_and_no_other(opened: Any) -> None:
    full, coarse = Reads(), Reads()
    desk = opened([full.layer(), coarse.layer()[:, ::2, ::2]], multiscale=True)
    coarse.read.clear()
    assert "full resolution" in desk.dock.panel.image_line.text()
    result = desk.run_to_end()
    np.testing.assert_array_equal(result.data, whole(desk))
    assert result.data.shape == (COUNT, *SHAPE)


def test_the_slice_that_the_slider_is_moved_to_comes_next(opened: Any) -> None:
    reads = Reads()
    desk = opened(reads.layer())
    desk.viewer.dims.set_current_step(0, 1)
    reads.gates[2] = threading.Event()
    reads.read.clear()
    order: list[int] = []
    take = stack_run.Filling.next

    def noted(self: Any) -> int | None:
        found = take(self)
        order.append(-1 if found is None else found)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stack_run.Filling, "next", noted)
        assert desk.dock.run(), desk.status
        desk.wait(lambda: order[-1:] == [2] and desk.dock.result_layer is not None)
        data = desk.dock.result_layer.data
        assert np.isfinite(data[1]).all()
        assert np.isnan(data[5]).all()
        desk.viewer.dims.set_current_step(0, 5)
        reads.gates.pop(2).set()
        assert desk.wait_for_end() == "done", desk.status
    assert order == [1, 2, 5, 6, 0, 3, 4, -1]
    np.testing.assert_array_equal(desk.dock.result_layer.data, whole(desk))


def test_a_stopped_stack_keeps_what_is_done_and_run_goes_on_there(
    opened: Any, tmp_path: Path
) -> None:
    reads = Reads()
    desk = opened(reads.layer())
    desk.viewer.dims.set_current_step(0, 3)
    reads.gates[5] = threading.Event()
    reads.read.clear()
    assert desk.dock.run(), desk.status
    desk.wait(lambda: reads.read[COUNT:].count(5) > 0)
    desk.dock.stop()
    reads.gates.pop(5).set()
    assert desk.wait_for_end() == "stopped"
    result = desk.dock.result_layer
    known = np.isfinite(result.data).all(axis=(1, 2))
    assert known.tolist() == [False, False, False, True, True, False, False]
    assert np.isnan(result.data[~known]).all()
    assert desk.status.startswith("stopped · 2 of 7 slices")
    kept = result.data[3:5].copy()
    said = save_result(result, tmp_path / "part.tif")
    assert "7 slices, 5 of them not restored (NaN)" in said
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "part.tif"), result.data)
    assert desk.run_to_end() is result
    np.testing.assert_array_equal(result.data[3:5], kept)
    np.testing.assert_array_equal(result.data, whole(desk))
    assert len(desk.layers) == 2
    assert desk.run_to_end() is not result  # it was whole: another run is another result


def test_the_sections_on_display_are_the_slices(opened: Any) -> None:
    desk = opened(slices())
    desk.viewer.dims.order = (1, 0, 2)
    desk.use("tikhonov", weight=0.01)
    result = desk.run_to_end()
    sections = np.moveaxis(slices(), 1, 0)
    made = desk.dock.recipe.run(np.ascontiguousarray(sections), device="cpu").image
    np.testing.assert_array_equal(result.data, np.moveaxis(made, 0, 1))


def test_what_can_t_be_done_with_all_slices_is_said(opened: Any, monkeypatch: Any) -> None:
    desk = opened(slices())
    desk.dock.image = desk.layers["stack"]
    weights = desk.viewer.add_image(np.ones((COUNT, *SHAPE)), name="weights")
    desk.dock.panel.more.weights.value = weights
    assert desk.dock.run()
    assert desk.wait_for_end() == "failed"
    assert desk.status.startswith("Pixel weights are of one picture")
    monkeypatch.setattr(stack_run, "MOST", 0.0)
    assert not desk.dock.run()
    assert "use the Batch dock" in desk.status


def test_the_list_of_slices_takes_no_room_over_a_plain_image(desk: Any) -> None:
    assert desk.dock.panel.slices.isHidden()
    desk.viewer.add_image(slices(), name="stack")
    desk.dock.image = desk.layers["stack"]
    assert not desk.dock.panel.slices.isHidden()
    assert desk.dock.panel.slices.menu.itemText(1) == "all 7, this one first"


def test_what_a_stack_takes_and_smaller_tiles_are_said(
    opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoration, "LARGE", 1000)
    iterates, begun = TotalVariationModel.iterates, []

    def short(method: Any, problem: Any) -> Any:
        if problem.data.device.type == "cpu":
            begun.append(problem)
        if len(begun) == 2:  # the first is that on the clock
            raise MemoryError
        return iterates(method, problem)

    monkeypatch.setattr(TotalVariationModel, "iterates", short)
    large = np.tile(slices()[:3], (1, 2, 3))
    desk = opened(large)
    said: list[str] = []
    monkeypatch.setattr(desk.dock.panel.notes, "say", said.append)
    result = desk.run_to_end()
    assert any(words.startswith("This takes about ") for words in said)
    assert "The computer had no memory left for the picture as a whole: tiles of 64 px." in said[-1]
    assert np.isfinite(result.data).all()
    assert "3 of 3 slices" in desk.status
