"""The page of evidence in a real browser: it renders, the slider moves, nothing is asked for."""

from __future__ import annotations

import io as streams
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from napari_deconv import io
from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.recipe import Recipe
from napari_deconv.report.gathering import Request
from napari_deconv.report.limits import Limits
from napari_deconv.report.page import write

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PROGRAM = next(filter(None, map(shutil.which, BROWSERS)), None)
WIDE, NARROW = (1100, 900), (420, 900)

pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason=f"no browser: install one of {', '.join(BROWSERS)}"
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a page of two results, black in the data and white in the second result."""
    folder = tmp_path_factory.mktemp("page")
    sharp = np.zeros((64, 80), np.float32)
    sharp[14:50, 24:64] = 1
    blurred = gaussian_filter(sharp, 1.5) + np.random.default_rng(0).normal(0, 0.01, sharp.shape)
    io.write(folder / "scan.tif", blurred, pixel_size=0.1, unit="mm")
    io.write(folder / "truth.tif", sharp)
    recipe = Recipe(psf=GaussianPsf(sigma=1.5), method={"name": "wiener", "noise": 0.01})
    io.write(folder / "white.tif", np.ones_like(sharp), recipe=recipe.to_yaml())
    io.write(folder / "black.tif", np.zeros_like(sharp), recipe=recipe.to_yaml())
    asked = Request(
        [folder / "black.tif", folder / "white.tif"],
        folder / "scan.tif",
        folder / "truth.tif",
        lines=["30,8:30,40"],
        limits=Limits(chi2_within=(0.9, 1.1)),
        device="cpu",
    )
    return write(asked.contents(), folder / "report.html")[0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return a headless browser."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield started
        started.close()


class Tab:
    """The page open in a tab, and what it asked for and complained of."""

    def __init__(self, browser: Any, file: Path, size: tuple[int, int], **options: Any) -> None:
        viewport = {"width": size[0], "height": size[1]}
        self.page = browser.new_page(viewport=viewport, **options)
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.goto(file.as_uri())
        self.file = file

    def slider(self) -> np.ndarray:
        """Return the slider's grey values as they are seen."""
        png = self.page.locator("#slider").screenshot()
        return np.asarray(Image.open(streams.BytesIO(png)).convert("L"), float)

    def at(self) -> float:
        text = self.page.locator("#slider").evaluate("e => e.style.getPropertyValue('--at')")
        return float(text.rstrip("%"))

    def drag(self, start: float, end: float) -> None:
        """Drag from one part of the slider's width to another."""
        box = self.page.locator("#slider").bounding_box()
        mouse, height = self.page.mouse, box["y"] + box["height"] / 2
        mouse.move(box["x"] + start * box["width"], height)
        mouse.down()
        mouse.move(box["x"] + end * box["width"], height, steps=4)
        mouse.up()


@pytest.fixture
def tab(browser: Any, page: Path) -> Iterator[Tab]:
    opened = Tab(browser, page, WIDE)
    yield opened
    opened.page.close()


def test_it_renders_and_asks_for_nothing(tab: Tab) -> None:
    assert {url for url in tab.asked if not url.startswith("data:")} == {tab.file.as_uri()}
    assert tab.said == []
    pictures = tab.page.locator("img.source")
    assert pictures.count() == 4
    sizes = pictures.evaluate_all("all => all.map(one => one.naturalWidth)")
    assert sizes == [80] * 4
    assert tab.page.locator("svg.plot path.curve").count() == 4 + 2
    assert tab.page.get_by_role("heading", level=2).count() == 7
    assert "fail" in tab.page.locator("table").nth(1).inner_text()


def test_the_slider_follows_the_mouse_and_shows_both_sides(tab: Tab) -> None:
    tab.page.locator("#left").select_option("black")
    tab.page.locator("#right").select_option("white")
    middle = tab.slider()[60:-60]
    assert middle[:, : middle.shape[1] // 2 - 20].mean() < 10
    assert middle[:, middle.shape[1] // 2 + 20 :].mean() > 245
    tab.drag(0.5, 0.25)
    assert tab.at() == pytest.approx(25, abs=1)
    moved = tab.slider()[60:-60]
    width = moved.shape[1]
    assert moved[:, : width // 4 - 20].mean() < 10
    assert moved[:, width // 4 + 20 :].mean() > 245
    assert tab.asked[1:] == [url for url in tab.asked[1:] if url.startswith("data:")]


def test_the_slider_obeys_the_keyboard(tab: Tab) -> None:
    tab.page.locator("#at").focus()
    before = tab.at()
    for _ in range(10):
        tab.page.keyboard.press("ArrowLeft")
    assert tab.at() < before
    tab.page.keyboard.press("End")
    assert tab.at() == 100


def test_a_recipe_can_be_saved_from_the_page(tab: Tab) -> None:
    tab.page.locator("summary").first.click()
    with tab.page.expect_download() as saved:
        tab.page.locator("a.recipe").first.click()
    text = Path(saved.value.path()).read_text()
    assert Recipe.from_yaml(text).method.noise == 0.01


def test_every_picture_and_field_has_a_name(tab: Tab) -> None:
    unnamed = "all => all.filter(one => !one.alt).length"
    assert tab.page.locator("img").evaluate_all(unnamed) == 0
    assert tab.page.get_by_role("slider").count() == 1
    assert tab.page.get_by_role("combobox").count() == 2
    assert tab.page.locator("html").get_attribute("lang") == "en"


def contrast(one: str, other: str) -> float:
    """Return the contrast of two CSS colours as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [float(x) / 255 for x in colour.removeprefix("rgb(").rstrip(")").split(",")[:3]]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_schemes(browser: Any, page: Path, scheme: str) -> None:
    opened = Tab(browser, page, WIDE, color_scheme=scheme)
    ground = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    for part in ("body", ".quiet", ".badge", "a.recipe", "thead th"):
        colour = opened.page.locator(part).first.evaluate("e => getComputedStyle(e).color")
        assert contrast(colour, ground) >= 4.5, part
    opened.page.close()
    assert (contrast(ground, "rgb(0, 0, 0)") > 10) == (scheme == "light")


def test_nothing_is_cut_off_in_a_narrow_window(browser: Any, page: Path) -> None:
    opened = Tab(browser, page, NARROW)
    wide = opened.page.evaluate("document.documentElement.scrollWidth")
    opened.page.close()
    assert wide <= NARROW[0]


def test_printed_it_shows_pictures_and_no_slider(tab: Tab) -> None:
    tab.page.emulate_media(media="print", color_scheme="dark")
    assert not tab.page.locator("#slider").is_visible()
    assert tab.page.locator("img.source").first.is_visible()
    ground = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)"
    assert tab.page.pdf().startswith(b"%PDF")
