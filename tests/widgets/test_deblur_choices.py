"""What the Deblur dock offers, guesses, understands and refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import (
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QStyle,
    QStyleOptionComboBox,
    QToolButton,
)

from napari_deconv.core.device import available
from napari_deconv.psf.shapes import CoreTailPsf, GaussianPsf
from napari_deconv.recipe import Recipe
from napari_deconv.registry import choices
from napari_deconv.widgets.more import OTHERS

rng = np.random.default_rng(2)


def noise(*shape: int) -> np.ndarray:
    return (1 + rng.random(shape)).astype(np.float32)


def entries(desk: Any, name: str) -> list[str]:
    return entries_of(desk.dock.findChild(QComboBox, name))


def entries_of(menu: QComboBox) -> list[str]:
    return [menu.itemText(row) for row in range(menu.count()) if menu.itemText(row)]


def psf_line(desk: Any) -> str:
    desk.qtbot.wait(50)
    understanding = desk.dock.panel.psf.understanding
    desk.wait(lambda: understanding._latest is None or understanding._latest.idle)
    return str(understanding.text)


def pick(desk: Any, name: str, entry: str) -> None:
    """Choose an entry of a list as a click does."""
    menu = desk.dock.findChild(QComboBox, name)
    row = menu.findText(entry)
    assert row >= 0, entries(desk, name)
    menu.setCurrentIndex(row)
    menu.activated.emit(row)


def test_an_empty_dock_offers_the_sample(empty_desk: Any) -> None:
    desk = empty_desk()
    invitation = desk.dock.panel.invitation
    assert invitation.isVisibleTo(desk.dock)
    assert desk.dock.image is None
    assert not desk.dock.run()
    assert "There is no image" in desk.status
    desk.dock.findChild(QPushButton, "open_sample").click()
    desk.wait(lambda: len(desk.layers) == 3)
    assert not invitation.isVisibleTo(desk.dock)
    assert desk.dock.image.name == "radiograph"
    assert desk.dock.psf is desk.layers["psf"]
    assert desk.dock.reference is desk.layers["reference"]
    high, wide = desk.dock.image.extent.world[1]
    camera = getattr(desk.viewer, "scene", desk.viewer).camera
    assert camera.center[1:] == pytest.approx((high / 2, wide / 2), rel=0.05)


def test_image_and_psf_are_guessed_from_their_sizes(empty_desk: Any) -> None:
    desk = empty_desk()
    small = desk.viewer.add_image(noise(21, 21), name="kernel")
    assert desk.dock.image is small  # there is nothing else
    large = desk.viewer.add_image(noise(128, 100), name="scan")
    assert desk.dock.image is large
    assert desk.dock.psf is small
    larger = desk.viewer.add_image(noise(200, 100), name="wide scan")
    assert desk.dock.image is larger
    desk.layers.remove(larger)
    assert desk.dock.image is large


def test_an_image_of_half_the_size_is_no_psf(empty_desk: Any) -> None:
    desk = empty_desk()
    desk.viewer.add_image(noise(100, 100), name="scan")
    desk.viewer.add_image(noise(100, 60), name="other scan")
    assert desk.dock.psf == GaussianPsf()


def test_the_users_choice_stays_until_its_layer_goes(desk: Any) -> None:
    other = desk.viewer.add_image(noise(40, 40), name="detail")
    pick(desk, "image", "detail")
    pick(desk, "psf", choices("psf")["disk"].label)
    pick(desk, "reference", "none")
    desk.viewer.add_image(noise(300, 300), name="larger")
    desk.viewer.add_image(noise(7, 7), name="smaller")
    assert desk.dock.image is other
    assert desk.dock.psf == choices("psf")["disk"]()
    assert desk.dock.reference is None
    desk.layers.remove(other)
    assert desk.dock.image is desk.layers["larger"]


def test_lists_follow_the_names_of_layers(desk: Any) -> None:
    desk.layers["scan"].name = "part 7"
    assert "part 7" in entries(desk, "image")
    assert "part 7" not in entries(desk, "psf")  # it is the image


def test_only_image_layers_are_offered_and_never_an_array_of_a_recipe(desk: Any) -> None:
    desk.viewer.add_labels(np.zeros((9, 9), int), name="mask")
    desk.viewer.add_points(np.zeros((1, 2)), name="marks")
    assert {"mask", "marks"}.isdisjoint(entries(desk, "image"))
    shapes = {cls.label for cls in choices("psf").values() if not cls.stored}
    assert shapes <= set(entries(desk, "psf"))
    for name in ("measured", "grid"):
        assert choices("psf")[name].label not in entries(desk, "psf")


def test_the_psf_line_says_what_was_understood(desk: Any) -> None:
    assert psf_line(desk) == "17 × 17 px · FWHM 3.61 × 3.61 px · sum 1 · centred"
    desk.layers["scan"].scale = (0.1, 0.1)
    desk.layers["scan"].units = ("mm", "mm")
    assert "FWHM 0.361 × 0.361 mm" in psf_line(desk)
    desk.dock.psf = GaussianPsf(sigma=0.2, unit="mm")
    assert "FWHM 0.48 × 0.48 mm" in psf_line(desk)


def test_an_unnormalised_psf_is_named(desk: Any) -> None:
    desk.layers["psf"].data = desk.layers["psf"].data * 3
    assert "summed to 3; it was normalised" in psf_line(desk)


def test_an_off_centre_psf_is_named_and_one_click_centres_it(desk: Any) -> None:
    desk.layers["psf"].data = np.pad(desk.layers["psf"].data, ((4, 0), (0, 2)))
    assert "(+2.00, -1.00) px from its middle" in psf_line(desk)
    centre = desk.dock.findChild(QPushButton, "centre_it")
    assert centre.isVisibleTo(desk.dock)
    assert desk.dock.recipe.centre == "middle"
    centre.click()
    assert desk.dock.recipe.centre == "centroid"
    assert "centred on its centroid" in psf_line(desk)
    assert not centre.isVisibleTo(desk.dock)


def test_the_line_under_the_image_says_what_is_restored(desk: Any) -> None:
    line = desk.dock.findChild(QLabel, "image_line")
    assert line.text() == "96 × 128 px"
    desk.layers["scan"].scale = (0.1, 0.2)
    desk.layers["scan"].units = ("um", "um")
    assert line.text() == "96 × 128 px · pixel 0.1 x 0.2 um"
    assert desk.dock.recipe.pixel_size == "0.1 x 0.2 um"


def test_what_is_chosen_under_more_is_said_on_the_fold(desk: Any) -> None:
    more = desk.dock.panel.more
    assert more.fold.text() == "More: edge border · gaussian noise · device auto"
    desk.use("richardson-lucy")
    assert more.fold.text() == "More: edge border · poisson noise · device auto"
    assert desk.dock.recipe.fidelity.key() == "poisson"
    desk.use("tv")
    assert desk.dock.recipe.fidelity.key() == "gaussian"  # the wish comes back
    pick(desk, "boundary", choices("boundary")["zero"].label)
    pick(desk, "device", "cpu")
    assert more.fold.text() == "More: zero border · gaussian noise · device cpu"


def test_the_devices_of_the_machine_are_looked_for_when_asked(desk: Any) -> None:
    menu = desk.dock.findChild(QComboBox, "device")
    assert entries(desk, "device") == ["auto", "cpu", OTHERS]
    pick(desk, "device", OTHERS)
    assert desk.dock.panel.more.device == "auto"
    assert desk.status == "Loading PyTorch …"
    desk.wait(lambda: menu.isEnabled())
    assert entries(desk, "device") == list(dict.fromkeys(("auto", "cpu", *available())))
    assert desk.status == f"Devices: {', '.join(available())}."


def test_a_recipe_fills_the_fields(desk: Any) -> None:
    recipe = Recipe(
        psf=CoreTailPsf(sigma=1.25, tail=0.1),
        method={"name": "wiener", "noise": 1.5e-5, "exponent": 2},
        boundary="reflect",
        centre="peak",
        offset=3,
    )
    desk.dock.recipe = recipe
    assert desk.dock.recipe == recipe
    assert desk.dock.psf == recipe.psf


def test_every_method_is_set_and_read(desk: Any) -> None:
    for method in choices("method").values():
        desk.dock.method = method()
        assert desk.dock.method == method()
        assert desk.dock.recipe.method == method()


def test_a_wrong_entry_is_explained_at_once_and_run_is_refused(desk: Any) -> None:
    desk.dock.psf = GaussianPsf()
    desk.dock.panel.controls.status.say("done", "plain")
    sigma = desk.dock.findChild(QLineEdit, "gaussian.sigma")
    sigma.setText("1,5")
    assert desk.status == "Sigma should be a number, not '1,5'."
    assert not desk.dock.run()
    assert not desk.dock.running
    sigma.setText("1.5")
    assert desk.status == "done"


def bad_inputs() -> dict[str, tuple[Any, str]]:
    """Return what to do to a desk, and a part of the sentence that it should answer with.

    Complex and empty images are not among them: napari makes no layers of those.
    """

    def image(data: Any, **options: Any) -> Any:
        def put(desk: Any) -> None:
            desk.dock.reference = None
            desk.dock.image = desk.viewer.add_image(data, name="bad", **options)

        return put

    def psf(data: Any) -> Any:
        def put(desk: Any) -> None:
            desk.dock.psf = desk.viewer.add_image(data, name="bad")

        return put

    def reference(desk: Any) -> None:
        desk.dock.reference = desk.viewer.add_image(noise(90, 128), name="bad")

    def unit(desk: Any) -> None:
        desk.dock.psf = GaussianPsf(unit="mm")

    def device(desk: Any) -> None:
        desk.dock.panel.more.device = "cuda:7"

    def method(desk: Any) -> None:
        desk.use("richardson-lucy")
        desk.layers["scan"].data[5:8, 5:8] = np.linspace(-0.3, -0.2, 9).reshape(3, 3)

    hole = np.full((9, 9), np.nan)
    hole[4, 4] = 1
    return {
        "rgb": (image(noise(64, 64, 3)[..., :3] / 2, rgb=True), "The image is RGB"),
        "all nan": (image(np.full((64, 64), np.nan)), "holds no finite value"),
        "one pixel": (image(noise(1, 1)), "needs at least 2 along each axis"),
        "psf sums to zero": (psf(np.array([[-1.0, 0, 1], [0, 0, 0], [0, 0, 0]])), "sums to zero"),
        "psf holds nan": (psf(hole), "The PSF holds NaN"),
        "psf of 3 axes": (psf(noise(5, 5, 5)), "The PSF has 3 axes, the image 2"),
        "reference": (reference, "The reference has shape (90, 128), the image (96, 128)"),
        "unit": (unit, "the pixel size of the image is not known"),
        "device": (device, "There is no device 'cuda:7' here"),
        "negatives": (method, "needs counts: set the offset to"),
    }


@pytest.mark.parametrize("what", bad_inputs())
def test_bad_input_gets_one_sentence_and_no_layer(desk: Any, what: str) -> None:
    put, sentence = bad_inputs()[what]
    put(desk)
    before = list(desk.layers)
    if desk.dock.run():
        assert desk.wait_for_end() == "failed"
    status = desk.dock.panel.controls.status
    assert sentence in desk.status
    assert "\n" not in desk.status
    assert status.property("tone") == "error"
    assert status.isVisibleTo(desk.dock)
    assert list(desk.layers) == before
    assert not desk.dock.running


def test_no_name_of_a_choice_is_cut_off(desk: Any) -> None:
    desk.viewer.window._qt_window.resize(1400, 900)
    desk.viewer.window._qt_window.show()
    desk.dock.findChild(QToolButton, "fold").click()
    for family in ("boundary", "fidelity", "psf", "method"):
        assert_not_cut_off(desk, family)


def assert_not_cut_off(desk: Any, family: str) -> None:
    (menu,) = [
        box
        for box in desk.dock.findChildren(QComboBox)
        if {cls.label for cls in choices(family).values()} & set(entries_of(box))
    ]
    desk.wait(menu.isVisible, 5000)
    for name, choice in choices(family).items():
        if family == "method":
            desk.use(name)
        desk.qtbot.wait(20)
        option = QStyleOptionComboBox()
        menu.initStyleOption(option)
        room = menu.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            menu,
        )
        assert menu.fontMetrics().horizontalAdvance(choice.label) <= room.width(), choice.label


def test_pixel_weights_come_from_a_layer(desk: Any) -> None:
    weights = np.ones((96, 128), np.float32)
    weights[:, 64:] = 0.2
    assert desk.dock.panel.more.weights.value is None
    desk.viewer.add_image(weights, name="trust", visible=False)
    assert desk.dock.panel.more.weights.value is None  # no layer is taken for weights by itself
    pick(desk, "weights", "trust")
    assert "weighed by trust" in desk.dock.panel.more.fold.text()
    desk.use("tv", iterations=20)
    desk.dock.psf = desk.layers["psf"]
    result = desk.run_to_end()
    image, psf = desk.layers["scan"].data, desk.layers["psf"].data
    method = {"name": "tv", "iterations": 20}
    expected = Recipe(method=method).run(image, psf, weights=weights).image
    assert np.abs(result.data - expected).max() < 1e-4
    assert "weighed by 0.2 to 1 times" in desk.dock.panel.notes.text()


def test_pixel_weights_of_another_shape_are_refused_at_once(desk: Any) -> None:
    desk.viewer.add_image(noise(90, 128), name="trust", visible=False)
    pick(desk, "weights", "trust")
    assert "layer of pixel weights has shape (90, 128), the image (96, 128)" in desk.status
    assert not desk.dock.run()
    pick(desk, "weights", "all pixels alike")
    assert desk.status == ""
