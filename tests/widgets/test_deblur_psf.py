"""What is odd of a PSF is said before Run, with a button that mends it; and its width varied."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QLabel, QPushButton

from napari_deconv.core.units import PixelSize
from napari_deconv.psf.resampling import resampled
from napari_deconv.recipe import Recipe
from napari_deconv.registry import choices
from napari_deconv.widgets.bands import BANDS, bands_of
from napari_deconv.widgets.profiles import ProfilesWidget
from napari_deconv.widgets.result import recipe_of

GAUSSIAN = choices("psf")["gaussian"]
RESAMPLE = "Resample to the image's pixels"


def button(desk: Any, name: str) -> QPushButton:
    return desk.dock.findChild(QPushButton, name)


def warnings(desk: Any) -> str:
    """Return what the dock says is odd of the PSF, once it has looked."""
    understanding = desk.dock.panel.psf.understanding
    desk.qtbot.wait(50)
    desk.wait(lambda: understanding._latest is None or understanding._latest.idle)
    return str(desk.dock.findChild(QLabel, "psf_warnings").text())


def give_lengths(desk: Any, image: float, psf: float) -> None:
    """Give image and PSF pixels of a size in um; the PSF's name says in mm."""
    desk.layers["scan"].scale = (image, image)
    desk.layers["scan"].units = ("um", "um")
    desk.layers["psf"].scale = (psf / 1000, psf / 1000)
    desk.layers["psf"].units = ("mm", "mm")


def test_what_is_odd_is_said_before_run_and_in_the_notes(desk: Any) -> None:
    plain = desk.layers["psf"].data
    desk.use("tikhonov")
    assert warnings(desk) == ""
    for spoil, words in (
        (lambda psf: 3 * psf, "summed to 3; it was normalised"),
        (lambda psf: psf[:-1, :-1], "even number of pixels (16 × 16)"),
        (lambda psf: np.pad(psf, ((4, 0), (0, 2))), "truly lopsided"),
        (lambda psf: psf - 0.2 * np.roll(psf, 6, 1), "negative values"),
        (lambda psf: psf[6:11, 6:11], "seems cut off"),
        (lambda psf: psf + np.random.default_rng(0).normal(0, 0.002, psf.shape), "noisy"),
        (lambda psf: np.pad(psf, 50), "larger than the image, 96 × 128 px"),
    ):
        desk.layers["psf"].data = spoil(plain)
        assert words in warnings(desk)
        result = desk.run_to_end()
        assert any(words in note for note in result.metadata["napari-deconv"]["ran"]["notes"])


def test_a_psf_of_three_axes_is_refused_at_once(desk: Any) -> None:
    desk.dock.psf = desk.viewer.add_image(np.ones((5, 17, 17)), visible=False)
    warnings(desk)
    line = desk.dock.findChild(QLabel, "psf_line")
    assert "The PSF has 3 axes, the image 2" in line.text()
    assert line.property("tone") == "error"


def test_psfs_at_several_places_are_taken_as_a_grid(desk: Any) -> None:
    psf = desk.layers["psf"].data
    desk.dock.psf = desk.viewer.add_image(np.stack([psf, psf])[None], name="psfs", visible=False)
    assert warnings(desk) == ""
    line = desk.dock.findChild(QLabel, "psf_line").text()
    assert line.startswith("1 × 2 PSFs of 17 × 17 px, FWHM ")
    desk.use("tikhonov")
    result = desk.run_to_end()
    kept = recipe_of(result)
    assert kept.psf is not None
    assert kept.psf.key() == "grid"


def test_what_a_large_picture_takes_and_smaller_tiles_are_said(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_deconv import restoration
    from napari_deconv.methods.direct import Tikhonov

    monkeypatch.setattr(restoration, "LARGE", 1000)
    iterates = Tikhonov.iterates
    calls = []

    def short(method: Any, problem: Any) -> Any:
        if problem.data.device.type == "cpu":
            calls.append(problem)
        if len(calls) == 2:  # the first is that on the clock
            raise MemoryError
        return iterates(method, problem)

    monkeypatch.setattr(Tikhonov, "iterates", short)
    desk.use("tikhonov")
    said = []
    desk.dock.panel.notes.say = said.append
    desk.run_to_end()
    said = [words for words in said if words]
    assert said[0].startswith("This takes about ")
    assert "The computer had no memory left for the picture as a whole: tiles of 64 px." in said[-1]


def test_a_region_smaller_than_the_psf_is_named_while_it_is_drawn(desk: Any) -> None:
    desk.dock.psf = GAUSSIAN(sigma=6)
    region = desk.viewer.add_shapes(
        [[[20, 20], [20, 80], [60, 80], [60, 20]]], shape_type="rectangle", name="part"
    )
    desk.dock.region = region
    assert warnings(desk) == ""
    region.data = [[[20, 20], [20, 80], [28, 80], [28, 20]]]
    assert "wider than the region, 9 × 61 px" in warnings(desk)


def test_a_psf_of_other_pixels_is_resampled_by_one_click_and_never_unasked(desk: Any) -> None:
    fine = GAUSSIAN(sigma=15, unit="um").kernel(PixelSize(5.0, "um"))
    desk.layers["psf"].data = fine
    give_lengths(desk, image=10, psf=5)
    assert "sampled at 0.005 mm, the image at 10.0 um; it is used pixel by pixel" in warnings(desk)
    assert button(desk, "resample_psf").isVisibleTo(desk.dock)
    desk.use("tikhonov")
    as_it_is = desk.run_to_end()
    assert "pixel by pixel" in as_it_is.metadata["napari-deconv"]["ran"]["notes"][0]
    button(desk, "resample_psf").click()
    assert warnings(desk) == ""
    assert "resampled from 0.005 mm" in desk.dock.findChild(QLabel, "psf_line").text()
    result = desk.run_to_end()
    recipe = Recipe(method="tikhonov", pixel_size="10 um")
    wanted = resampled(fine, PixelSize(5.0, "um"), PixelSize(10.0, "um"))
    expected = recipe.run(desk.layers["scan"].data, wanted).image
    np.testing.assert_allclose(result.data, expected, atol=1e-4)
    assert np.abs(as_it_is.data - expected).max() > 0.01
    assert result.metadata["napari-deconv"]["psf"]["pixel_size"] == "0.005 mm"
    assert button(desk, "resample_psf").text() != RESAMPLE
    button(desk, "resample_psf").click()
    assert "pixel by pixel" in warnings(desk)
    assert button(desk, "resample_psf").text() == RESAMPLE


def test_alike_pixels_are_not_named(desk: Any) -> None:
    give_lengths(desk, image=10, psf=10)
    assert warnings(desk) == ""
    assert not button(desk, "resample_psf").isVisibleTo(desk.dock)


def test_scales_without_a_unit_that_differ_are_named(desk: Any) -> None:
    scan, psf = desk.layers["scan"], desk.layers["psf"]
    scan.scale = (0.1, 0.1)
    assert warnings(desk) == ""  # an array that nobody gave a scale says nothing
    psf.scale = (0.1, 0.1)
    assert warnings(desk) == ""
    psf.scale = (0.05, 0.05)
    sentence = "has a scale of 0.05 without a unit, the image's 0.1; it is used pixel by pixel"
    assert sentence in warnings(desk)
    assert not button(desk, "resample_psf").isVisibleTo(desk.dock)
    desk.use("tikhonov")
    assert sentence in desk.run_to_end().metadata["napari-deconv"]["ran"]["notes"][0]
    scan.units = psf.units = ("mm", "mm")
    assert "sampled at 0.05 mm" in warnings(desk)


@pytest.fixture
def varied(desk: Any) -> Any:
    """Return a desk whose result's PSF was varied, with a line in the Profiles dock."""
    desk.profiles = ProfilesWidget(desk.viewer)
    desk.viewer.window.add_dock_widget(desk.profiles, name="Profiles", area="bottom")
    desk.use("tv", iterations=40)
    assert not button(desk, "psf_width").isVisibleTo(desk.dock)
    result = desk.run_to_end()
    said = desk.status
    ends: list[str] = []
    desk.dock.varied.connect(ends.append)
    button(desk, "psf_width").click()
    assert button(desk, "run").text() == "Stop"
    desk.wait(lambda: bool(ends))
    assert ends == ["done"]
    assert desk.status.startswith("PSF ±10 %: ±0.0")
    assert desk.status.endswith(said.removeprefix("done"))
    desk.profiles.add_line((48, 60), (48, 110))
    desk.result = result
    return desk


def test_the_band_holds_the_result_and_is_drawn_behind_its_curve(varied: Any) -> None:
    (band,) = bands_of(varied.result)
    assert (band.lower <= varied.result.data).all()
    assert (varied.result.data <= band.upper).all()
    assert np.abs(band.upper - band.lower).max() > 0.005
    varied.profiles.table_rows()
    plots = varied.profiles._plots
    ((key, (lower, upper)),) = plots.bands(1).items()
    assert key == ("scan tv", "PSF ±10 %")
    curve = plots.values(1)["scan tv"]
    np.testing.assert_array_equal(lower[0], curve[0])
    between = 1e-3  # values between pixels are interpolated of each picture by itself
    assert (lower[1] <= curve[1] + between).all()
    assert (curve[1] <= upper[1] + between).all()
    assert "PSF&nbsp;±10&nbsp;%" in plots.legend.text()
    assert "grey values (rms)" in varied.dock.findChild(QLabel, "psf_width_line").text()


def test_the_band_follows_its_line_and_goes_with_its_layer(varied: Any) -> None:
    plots = varied.profiles._plots
    varied.profiles.table_rows()
    before = plots.bands(1)["scan tv", "PSF ±10 %"][0]
    lines = varied.layers["profiles"]
    lines.data = [[[30, 60], [30, 110]]]
    varied.wait(
        lambda: not np.array_equal(plots.bands(1)["scan tv", "PSF ±10 %"][0], before), timeout=5000
    )
    varied.result.visible = False
    varied.wait(lambda: plots.bands(1) == {}, timeout=5000)
    assert "±10" not in plots.legend.text()
    varied.result.visible = True
    varied.wait(lambda: len(plots.bands(1)) == 1, timeout=5000)


def test_a_band_is_no_part_of_the_recipe(varied: Any, tmp_path: Any) -> None:
    assert set(varied.result.metadata) == {"napari-deconv", BANDS}
    assert varied.dock.save_recipe(str(tmp_path / "r.yaml"))
    again = Recipe.load(tmp_path / "r.yaml").run(varied.layers["scan"].data).image
    np.testing.assert_allclose(again, varied.result.data, atol=1e-5)


def test_a_variation_can_be_stopped_and_leaves_no_band(desk: Any) -> None:
    desk.use("tv", iterations=40, weight=0.001)
    result = desk.run_to_end()
    order = desk.dock._running._order
    metadata = result.metadata["napari-deconv"]
    metadata["method"]["iterations"] = 100_000
    metadata["ran"]["of"] = 100_000
    metadata["ran"]["iteration"] = 100_000
    ends: list[str] = []
    desk.dock.varied.connect(ends.append)
    assert order is not None
    assert desk.dock.vary_width()
    assert not desk.dock.run()  # one at a time
    desk.wait(lambda: "PSF ±10 % · iteration" in desk.status)
    button(desk, "run").click()
    desk.wait(lambda: bool(ends))
    assert ends == ["stopped"]
    assert bands_of(result) == ()
    assert button(desk, "run").text() == "Run"
    assert button(desk, "psf_width").isEnabled()


def test_without_a_result_there_is_nothing_to_vary(desk: Any) -> None:
    assert not desk.dock.vary_width()
    desk.use("tikhonov")
    result = desk.run_to_end()
    assert button(desk, "psf_width").isEnabled()
    desk.layers.remove(result)
    assert not button(desk, "psf_width").isEnabled()
    assert not desk.dock.vary_width()
