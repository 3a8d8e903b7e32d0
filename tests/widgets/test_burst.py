"""The Deblur dock over a burst: offered, looked at, restored into one picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import shift

from napari_deconv.learned.card import Card
from napari_deconv.learned.model import save
from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.widgets.result import recipe_of

from .conftest import Desk, blurred, part

SHIFTS = [(0, 0), (1.5, -2.25), (-0.75, 1.0), (2.0, 2.0)]


def frames() -> np.ndarray:
    """Return a burst of the part, its third frame with a part moved."""
    rng = np.random.default_rng(1)
    still = blurred(part(), noise=0)
    stack = np.stack([shift(still, s, order=3, mode="nearest") for s in SHIFTS])
    stack[2, 30:60, 40:70] = stack[2, 40:70, 52:82]
    return (stack + rng.normal(0, 0.02, stack.shape)).astype(np.float32)


@pytest.fixture
def burst(empty_desk: Callable[..., Desk]) -> Desk:
    desk = empty_desk()
    desk.viewer.add_image(frames(), name="frames", scale=(1, 0.1, 0.1), translate=(0, 5, 7))
    desk.dock.psf = GaussianPsf(sigma=1.5)
    return desk


def choice(desk: Desk) -> Any:
    return desk.dock.panel.frames


def texts(desk: Desk) -> list[str]:
    menu = choice(desk).menu
    return [menu.itemText(row) for row in range(menu.count())]


def looked(desk: Desk) -> str:
    desk.wait(lambda: "merged" in choice(desk).line.text())
    return str(choice(desk).line.text())


def test_a_plain_image_is_offered_no_burst(desk: Desk) -> None:
    assert choice(desk).isHidden()
    assert desk.dock.recipe.burst is None


def test_a_stack_is_taken_slice_by_slice_until_a_burst_is_chosen(burst: Desk) -> None:
    assert texts(burst) == ["the slice on display", "burst over axis 0: 4 frames"]
    assert not choice(burst).isHidden()
    assert burst.dock.recipe.burst is None
    choice(burst).way = 0
    said = looked(burst)
    assert said.startswith("3 of 4 frames merged on frame 0")
    assert "frame 2: a part of it differs" in said
    found = burst.dock.recipe.burst.found
    assert found[1].shift == pytest.approx(SHIFTS[1], abs=0.1)
    table = choice(burst).table
    assert table.isHidden()
    choice(burst).fold.setChecked(True)
    assert not table.isHidden()
    shown = [table.item(row, 5).text() for row in range(4)]
    assert shown == ["reference", "", "left out", ""]
    assert float(table.item(1, 1).text()) == pytest.approx(1.5, abs=0.1)


def test_a_burst_becomes_one_picture_that_lies_under_every_slice(burst: Desk) -> None:
    choice(burst).way = 0
    looked(burst)
    burst.viewer.dims.set_current_step(0, 3)
    burst.use("tikhonov", weight=0.01)
    layer = burst.run_to_end()
    assert layer.data.shape == part().shape
    np.testing.assert_allclose(layer.scale, (0.1, 0.1))
    np.testing.assert_allclose(layer.translate, (5, 7))
    recipe = recipe_of(layer)
    assert [bool(one.doubt) for one in recipe.burst.found] == [False, False, True, False]
    again = recipe.with_psf(GaussianPsf(sigma=1.5)).run(frames(), device="cpu").image
    np.testing.assert_allclose(layer.data, again, atol=1e-5)
    assert "only slice" not in burst.status


def test_a_model_of_frames_looks_at_all_of_them_and_at_no_single_one(
    burst: Desk, tmp_path: Path
) -> None:
    sizes = {"width": 8, "encoder": (1,), "middle": 1, "decoder": (1,), "stages": 1}
    card = Card(
        title="of four frames",
        architecture={**sizes, "network": "kpn", "frames": 4},
        narrowest=0.5,
        widest=5.0,
        strongest=0.2,
    )
    path = tmp_path / "kpn.safetensors"
    save(path, card.architecture.build(), card)
    burst.dock.panel.opinion.setChecked(False)
    burst.use("restore", model=str(path))
    assert burst.dock.run()
    assert burst.wait_for_end() == "failed"
    assert "looks at 4 frames of a burst: say which frames" in burst.status
    choice(burst).way = 0
    looked(burst)
    layer = burst.run_to_end()
    assert layer.data.shape == part().shape
    recipe = recipe_of(layer)
    assert [one.doubt for one in recipe.burst.found] == [""] * 4  # a part that moved counts
    again = recipe.with_psf(GaussianPsf(sigma=1.5)).run(frames(), device="cpu").image
    np.testing.assert_allclose(layer.data, again, atol=1e-5)


def test_a_run_need_not_wait_for_the_look(burst: Desk) -> None:
    choice(burst).way = 0
    burst.use("tikhonov", weight=0.01)
    assert burst.run_to_end().data.shape == part().shape


def test_another_slice_is_no_other_burst(burst: Desk) -> None:
    choice(burst).way = 0
    before = looked(burst)
    burst.viewer.dims.set_current_step(0, 2)
    assert choice(burst).line.text() == before
    choice(burst).way = None
    assert choice(burst).line.text() == ""
    assert burst.dock.recipe.burst is None


def test_selected_layers_are_frames(empty_desk: Callable[..., Desk]) -> None:
    desk = empty_desk()
    layers = [desk.viewer.add_image(f, name=f"exposure {i}") for i, f in enumerate(frames())]
    desk.dock.psf = GaussianPsf(sigma=1.5)
    assert choice(desk).isHidden()
    desk.viewer.layers.selection = set(layers)
    assert texts(desk) == ["this image alone", "burst of 4 selected layers"]
    choice(desk).way = tuple(layers)
    assert looked(desk).startswith("3 of 4 frames merged")
    desk.use("tikhonov", weight=0.01)
    result = desk.run_to_end()  # the result is selected now, the frames stay chosen
    assert choice(desk).way == tuple(layers)
    one = np.std((np.asarray(layers[0].data) - blurred(part(), 0))[8:-8, 8:-8])
    assert one == pytest.approx(0.02, rel=0.1)
    assert recipe_of(result).measured.noise == pytest.approx(0.02 / np.sqrt(3), rel=0.1)
    desk.viewer.layers.remove(layers[1])
    assert choice(desk).way is None


def test_what_can_not_be_laid_over_is_named(empty_desk: Callable[..., Desk]) -> None:
    desk = empty_desk()
    desk.viewer.add_image(np.full((3, 40, 50), np.nan, np.float32), name="nothing")
    choice(desk).way = 0
    desk.wait(lambda: choice(desk).line.property("tone") == "error")
    assert choice(desk).line.text()
