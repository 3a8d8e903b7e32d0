"""What is restored of a layer, and where the result lies: slices, regions, transforms."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Shapes

from napari_deconv.recipe import Recipe
from napari_deconv.registry import choices
from napari_deconv.widgets.region import drawn, inside
from napari_deconv.widgets.source import Source

from .conftest import blurred, part

BOX = (slice(18, 70), slice(40, 110))
RECTANGLE = np.array([[17.6, 39.6], [17.6, 109.4], [69.4, 109.4], [69.4, 39.6]])


def rms(difference: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(difference))))


def draw(desk: Any, corners: np.ndarray = RECTANGLE) -> Shapes:
    """Draw a rectangle over the image, in its data coordinates, and choose it."""
    scan = desk.layers["scan"]
    world = np.array([scan.data_to_world(corner) for corner in corners])
    shapes = desk.viewer.add_shapes(world[:, -2:], shape_type="polygon", name="box")
    desk.dock.region = shapes
    return shapes


def corners_of(layer: Image) -> np.ndarray:
    """Return where the outermost pixel centres lie in the world."""
    last = np.array(layer.data.shape) - 1
    return np.array([layer.data_to_world(last * np.array(at)) for at in ((0, 0), (0, 1), (1, 0))])


def test_a_region_agrees_with_the_same_region_of_the_whole(desk: Any) -> None:
    """By a method of each kind: that all of them agree is tested without a window."""
    drawn_box = draw(desk)
    for name in ("wiener", "tv", "wavelet", "richardson-lucy", "pylops-fista", "restore"):
        method = choices("method")[name]
        enough = 8 if method.learned else 40  # a network each iteration
        desk.use(name, **({"iterations": enough} if "iterations" in method.model_fields else {}))
        desk.dock.region = "whole"
        whole = desk.run_to_end()
        desk.dock.region = drawn_box
        preview = desk.run_to_end()
        assert preview.data.shape == (52, 70)
        difference = preview.data - whole.data[BOX]
        assert rms(difference) < 1e-3 * (part().max() - part().min()), name
        for layer in (whole, preview):
            desk.layers.remove(layer)


TRANSFORMS: dict[str, dict[str, Any]] = {
    "plain": {},
    "scale and translate": {"scale": (0.1, 0.25), "translate": (3, -4)},
    "rotate and shear": {"scale": (2, 1), "rotate": 30, "shear": [0.2], "translate": (5, 7)},
    "affine": {
        "scale": (0.5, 2),
        "rotate": -20,
        "translate": (1, 2),
        "affine": [[1.1, 0.2, 3], [-0.1, 0.9, -5], [0, 0, 1]],
    },
}


@pytest.mark.parametrize("placed", TRANSFORMS)
def test_a_region_lies_over_the_part_that_it_restores(desk: Any, placed: str) -> None:
    scan = desk.layers["scan"]
    for name, value in TRANSFORMS[placed].items():
        setattr(scan, name, np.array(value) if name == "affine" else value)
    desk.use("tikhonov")
    draw(desk)
    result = desk.run_to_end()
    assert result.data.shape == (52, 70)
    first = np.array([part.start for part in BOX])
    for pixel in ((0, 0), (10, 60), (51, 0)):
        np.testing.assert_allclose(
            result.data_to_world(pixel), scan.data_to_world(first + pixel), atol=1e-9
        )
    ran = result.metadata["napari-deconv"]["ran"]
    assert ran["region"] == [[18, 70], [40, 110]]


@pytest.mark.parametrize("shear", [0.0, 0.2, 1 / 3])
@pytest.mark.parametrize("angle", range(0, 90, 7))
def test_pixels_whose_centres_lie_on_a_rectangle_s_edge_are_in_it(shear: float, angle: int) -> None:
    viewer = ViewerModel()
    scan = viewer.add_image(
        part(), scale=(0.1, 0.3), rotate=angle, shear=[shear], translate=(1 / 3, 7.7)
    )
    (top, bottom), (left, right) = ((side.start, side.stop - 1) for side in BOX)
    corners = [(top, left), (top, right), (bottom, right), (bottom, left)]
    world = np.array([scan.data_to_world(corner) for corner in corners])
    shapes = viewer.add_shapes(world, shape_type="polygon")
    assert inside(drawn(shapes, Source.of(scan, viewer.dims)), scan.data.shape) == BOX


@pytest.mark.parametrize("placed", TRANSFORMS)
def test_a_result_looks_like_its_input_and_lies_over_it(desk: Any, placed: str) -> None:
    scan = desk.layers["scan"]
    for name, value in TRANSFORMS[placed].items():
        setattr(scan, name, np.array(value) if name == "affine" else value)
    scan.units = ("mm", "mm")
    scan.axis_labels = ("y", "x")
    scan.colormap = "viridis"
    desk.use("tikhonov")
    result = desk.run_to_end()
    np.testing.assert_allclose(corners_of(result), corners_of(scan), atol=1e-9)
    for name in ("scale", "translate", "rotate", "shear"):
        np.testing.assert_allclose(getattr(result, name), getattr(scan, name), atol=1e-9)
    np.testing.assert_allclose(np.asarray(result.affine), np.asarray(scan.affine))
    assert result.units == scan.units
    assert result.axis_labels == scan.axis_labels
    assert result.colormap.name == "viridis"
    assert result.contrast_limits == scan.contrast_limits == [0.1, 1.1]
    result.contrast_limits = (0.3, 0.8)
    assert scan.contrast_limits == [0.3, 0.8]
    scan.contrast_limits = (0.2, 0.9)
    assert result.contrast_limits == [0.2, 0.9]


def test_a_rectangle_is_drawn_in_a_layer_of_its_own(desk: Any) -> None:
    menu = desk.dock.panel.region.menu
    row = menu.findText("draw a rectangle…")
    menu.setCurrentIndex(row)
    menu.activated.emit(row)
    region = desk.layers["region"]
    assert isinstance(region, Shapes)
    assert region.mode == "add_rectangle"
    assert desk.dock.region is region
    assert desk.dock.image is desk.layers["scan"]
    line = desk.dock.panel.region.line
    assert line.text() == "Draw a rectangle in the layer 'region'."
    assert not desk.dock.run()
    assert desk.status == "Draw a rectangle in the layer 'region'."
    region.add_rectangles(RECTANGLE)
    assert line.text().startswith("52 × 70 of 96 × 128 px")
    region.add_rectangles(RECTANGLE + 500)
    assert "does not cover the image" in line.text()
    region.selected_data = {0}
    region.refresh()
    desk.dock.panel.explain()
    assert line.text().startswith("52 × 70 of 96 × 128 px")
    desk.use("tikhonov")
    assert desk.run_to_end().data.shape == (52, 70)


def test_what_the_canvas_shows_is_restored(empty_desk: Any) -> None:
    desk = empty_desk(show=True)
    scan = desk.viewer.add_image(blurred(part()), name="scan", scale=(0.5, 0.5))
    camera = getattr(desk.viewer, "scene", desk.viewer).camera
    camera.zoom *= 3
    camera.center = (0, 30.0, 40.0)
    desk.qtbot.wait(300)
    desk.dock.region = "visible"
    desk.use("tikhonov")
    result = desk.run_to_end()
    first, last = scan.corner_pixels
    assert result.data.shape == tuple(last - first + 1)
    assert result.data.shape < scan.data.shape
    np.testing.assert_allclose(result.data_to_world((0, 0)), scan.data_to_world(first))
    camera.center = (0, 1000.0, 1000.0)
    desk.qtbot.wait(300)
    assert not desk.dock.run()
    assert "canvas shows nothing of the image" in desk.status


def stack() -> np.ndarray:
    return np.stack([blurred(part()) + 0.1 * number for number in range(4)])


def test_a_reference_is_the_slice_of_the_image_also_after_the_slider_moved() -> None:
    viewer = ViewerModel()
    place = {"scale": (5, 1, 1), "translate": (10, 0, 0)}
    scan = viewer.add_image(stack(), name="scan", **place)
    truth = viewer.add_image(stack() + 7, name="reference", **place)
    flat = viewer.add_image(np.zeros(stack().shape[1:]), name="flat")
    viewer.dims.set_current_step(0, 2)
    plane = Source.of(scan, viewer.dims)
    viewer.dims.set_current_step(0, 0)
    for order in ((0, 1, 2), (1, 0, 2)):
        viewer.dims.order = order
        beside = plane.companion(truth, "reference", viewer.dims)
        assert (beside.index, beside.axes) == ((2, 0, 0), (1, 2))
    viewer.dims.order = (0, 1, 2)
    assert plane.companion(flat, "reference", viewer.dims).index == (0, 0)
    viewer.dims.set_current_step(0, 3)  # what has no slider goes with the slice on display
    assert Source.of(flat, viewer.dims).companion(truth, "reference", viewer.dims).index == (
        3,
        0,
        0,
    )


@pytest.mark.parametrize("lazy", [False, True], ids=["numpy", "dask"])
def test_of_a_stack_the_slice_on_display_is_restored(desk: Any, lazy: bool) -> None:
    data = da.from_array(stack(), chunks=(1, 96, 128)) if lazy else stack()
    layer = desk.viewer.add_image(data, name="series", scale=(5, 1, 1), translate=(10, 0, 0))
    desk.dock.image = layer
    desk.dock.reference = None
    desk.viewer.dims.set_current_step(0, 2)
    assert "only the slice on display, 2 of 4" in desk.dock.panel.image_line.text()
    desk.use("tv", iterations=20)
    result = desk.run_to_end()
    assert "only slice 2" in desk.status
    recipe = Recipe(method={"name": "tv", "iterations": 20})
    expected = recipe.run(stack()[2], desk.layers["psf"].data).image
    np.testing.assert_allclose(np.squeeze(result.data), expected, atol=1e-5)
    np.testing.assert_allclose(result.data_to_world((0, 0, 0)), layer.data_to_world((2, 0, 0)))
    assert result.metadata["napari-deconv"]["ran"]["slice"] == [2]


def test_the_slice_is_that_of_the_axes_on_display(desk: Any) -> None:
    data = np.moveaxis(stack(), 0, 2)  # the slices lie along the last axis
    layer = desk.viewer.add_image(data, name="series", rgb=False)
    desk.dock.image = layer
    desk.dock.reference = None
    desk.viewer.dims.order = (2, 0, 1)
    desk.viewer.dims.set_current_step(2, 1)
    desk.use("tikhonov")
    result = desk.run_to_end()
    assert result.data.shape == (96, 128, 1)
    expected = Recipe(method="tikhonov").run(stack()[1], desk.layers["psf"].data).image
    np.testing.assert_allclose(result.data[..., 0], expected, atol=1e-5)
    np.testing.assert_allclose(result.data_to_world((0, 0, 0)), (0, 0, 1))


def test_of_a_pyramid_the_full_resolution_is_restored(desk: Any) -> None:
    full = blurred(part())
    layer = desk.viewer.add_image([full, full[::2, ::2]], multiscale=True, name="pyramid")
    desk.dock.image = layer
    assert "full resolution (level 0)" in desk.dock.panel.image_line.text()
    desk.use("tikhonov")
    result = desk.run_to_end()
    assert not result.multiscale
    assert result.data.shape == full.shape
    expected = Recipe(method="tikhonov").run(full, desk.layers["psf"].data).image
    np.testing.assert_allclose(result.data, expected, atol=1e-5)


def test_the_reference_of_a_stack_is_its_slice_too(desk: Any) -> None:
    layer = desk.viewer.add_image(stack(), name="series")
    truth = np.stack([part() + 0.1 * number for number in range(4)])
    desk.dock.image = layer
    desk.dock.reference = desk.viewer.add_image(truth, name="truths")
    desk.viewer.dims.set_current_step(0, 3)
    desk.use("tikhonov")
    desk.run_to_end()
    assert "(K = 1.3)" in desk.status


def test_a_pixel_s_size_is_that_of_the_world(desk: Any) -> None:
    scan = desk.layers["scan"]
    source = Source.of(scan, desk.viewer.dims)
    assert source.pixel_size is None
    scan.units = ("mm", "mm")
    scan.scale = (0.2, 0.2)
    scan.rotate = 37
    assert str(source.pixel_size) == "0.2 mm"
    scan.affine = np.diag([0.5, 0.5, 1])
    assert str(source.pixel_size) == "0.1 mm"
    scan.units = ("mm", "second")
    assert source.pixel_size is None
