"""The demo session: a real window with both docks, three lines, and what is left of it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QDockWidget, QMainWindow
from rich.console import Console
from scipy.ndimage import gaussian_filter
from typer.testing import CliRunner

from napari_deconv import cli, io
from napari_deconv.recipe import Recipe
from napari_deconv.restoration import Restoration
from napari_deconv.samples import radiograph
from napari_deconv.widgets import demo
from napari_deconv.widgets.demo_table import figures

WRITTEN = {
    "restored.tif",
    "restored.yaml",
    "restored.psf.tif",
    "window.png",
    "profiles.png",
    "table.csv",
}


@pytest.fixture(autouse=True)
def titles(make_napari_viewer: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the demo open viewers that are checked for leaks; return the titles of those opened."""
    opened: list[str] = []

    def make(title: str) -> Any:
        opened.append(title)
        return make_napari_viewer(title=title, show=True)

    monkeypatch.setattr(demo.napari, "Viewer", make)
    return opened


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """Return the file of a plate blurred by a Gaussian of 2 px, its PSF beside it."""
    truth = np.full((96, 120), 900.0)
    truth[20:70, 30:90] = 400
    noise = 4 * np.random.default_rng(1).standard_normal(truth.shape)
    picture = (gaussian_filter(truth, 2) + noise).astype(np.float32)
    dot = np.zeros((17, 17))
    dot[8, 8] = 1
    io.write(tmp_path / "plate.tif", picture, pixel_size=0.05, unit="mm")
    io.write(tmp_path / "kernel.tif", gaussian_filter(dot, 2))
    return tmp_path / "plate.tif"


@pytest.fixture(scope="module")
def small() -> Any:
    """Return a simulated radiograph of a quarter of the demo's pixels."""
    return radiograph((256, 256))


@pytest.fixture
def sample(small: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the demo show the small radiograph, and return it."""
    monkeypatch.setattr(demo, "radiograph", lambda: small)
    return small


def dock(viewer: Any, name: str) -> QDockWidget:
    """Return a dock of the window by its name."""
    window: QMainWindow = viewer.window._qt_window
    (found,) = [d for d in window.findChildren(QDockWidget) if d.objectName().startswith(name)]
    return found


def docked(viewer: Any, name: str) -> Any:
    """Return what a dock holds."""
    return dock(viewer, name).inner_widget()


def table_of(folder: Path) -> dict[tuple[int, str], dict[str, str]]:
    """Return the rows of ``table.csv`` by line and layer."""
    with (folder / "table.csv").open(encoding="utf-8") as file:
        return {(int(row["line"]), row["layer"]): row for row in csv.DictReader(file)}


def test_headless_leaves_everything_and_prints_the_table(
    tmp_path: Path, sample: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "not there yet" / "demo"
    demo.headless(folder)
    assert {path.name for path in folder.iterdir()} == WRITTEN

    restored = io.read(folder / "restored.tif")
    assert (restored.pixel_size, restored.unit) == (pytest.approx(sample.pixel_size), "mm")
    recipe = Recipe.load(folder / "restored.yaml")
    assert recipe == Recipe.from_yaml(restored.metadata["recipe"])
    again = recipe.run(sample.image).image
    np.testing.assert_allclose(again, restored.array, atol=1e-5)

    rows = table_of(folder)
    assert {line for line, _ in rows} == {1, 2, 3}
    for line in (1, 2, 3):
        before, after = rows[line, "radiograph"], rows[line, "radiograph tv"]
        assert float(after["profile_psnr_db"]) > float(before["profile_psnr_db"]) + 0.5
    assert float(after["image_psnr_db"]) > float(before["image_psnr_db"]) + 3
    assert float(after["edge_10_90"]) < 0.4 * float(before["edge_10_90"])

    printed = capsys.readouterr().out
    assert all(f"{n} {name}" in printed for n, name in enumerate(demo.SIMULATED_LINES, start=1))
    assert f"{float(after['image_psnr_db']):.2f}" in printed
    assert f"K = {sample.truth.max():.3g}" in printed

    assert_drawn(QImage(str(folder / "window.png")), (1280, 800))
    assert_drawn(QImage(str(folder / "profiles.png")), (600, 200))


def assert_drawn(picture: QImage, least: tuple[int, int]) -> None:
    """Fail if a picture is small, or of few colours as a window is that was never drawn."""
    size = picture.width(), picture.height()
    assert size >= least
    assert size[1] >= least[1]
    places = ((x, y) for x in range(0, size[0], 7) for y in range(0, size[1], 7))
    assert len({picture.pixelColor(x, y).rgb() for x, y in places}) > 100


def test_start_runs_and_leaves_the_session_open(sample: Any, qtbot: Any) -> None:
    viewer = demo.start()
    window = viewer.window._qt_window
    area = {name: window.dockWidgetArea(dock(viewer, name)) for name in ("Deblur", "Profiles")}
    assert area["Deblur"] == Qt.DockWidgetArea.RightDockWidgetArea
    assert area["Profiles"] == Qt.DockWidgetArea.BottomDockWidgetArea
    assert window.width() >= 1280
    assert window.height() >= 800

    layers = [layer.name for layer in viewer.layers]
    assert layers[-1] == "profiles"
    lines = viewer.layers["profiles"]
    assert lines.nshapes == 3
    for drawn, name in zip(lines.data, demo.SIMULATED_LINES, strict=True):
        world = [lines.data_to_world(end) for end in drawn]
        expected = np.array(sample.features[name]) * sample.pixel_size
        np.testing.assert_allclose(world, expected, atol=1e-3 * sample.pixel_size)

    deblur, profiles = docked(viewer, "Deblur"), docked(viewer, "Profiles")
    assert deblur.running
    assert deblur.image.name == "radiograph"
    assert deblur.psf.name == "psf"
    assert deblur.reference is profiles.reference is viewer.layers["reference"]
    qtbot.waitUntil(lambda: not deblur.running, timeout=120_000)
    assert [layer.name for layer in viewer.layers][-2:] == ["radiograph tv", "profiles"]
    assert viewer.layers.selection.active is lines
    assert lines.mode == "direct"
    assert window.isVisible()

    canvas = window.centralWidget()
    corners = [seen(viewer, canvas, point) for point in viewer.layers["radiograph"].extent.world]
    for row, column in corners:
        assert 0 <= row <= canvas.height()
        assert 0 <= column <= canvas.width()


def seen(viewer: Any, canvas: Any, point: Any) -> tuple[float, float]:
    """Return where on the canvas (row, column) a point (y, x) of the world lies."""
    camera = viewer.scene.camera
    row, column = camera.zoom * (np.asarray(point) - camera.center[-2:])
    return canvas.height() / 2 + float(row), canvas.width() / 2 + float(column)


def test_closing_the_window_in_the_middle_of_the_run(sample: Any, qtbot: Any) -> None:
    viewer = demo.start()
    assert docked(viewer, "Deblur").running
    viewer.close()


def test_own_files(tmp_path: Path, scan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "out"
    demo.headless(folder, scan, scan.with_name("kernel.tif"))
    assert {path.name for path in folder.iterdir()} == WRITTEN
    rows = table_of(folder)
    assert {layer for _, layer in rows} == {"plate", "plate tv"}
    assert float(rows[1, "plate tv"]["edge_10_90"]) < float(rows[1, "plate"]["edge_10_90"])
    assert rows[1, "plate"]["unit"] == "mm"
    recipe = Recipe.load(folder / "restored.yaml")
    assert recipe.pixel_size == "0.05 mm"
    assert recipe.psf.key() == "measured"
    printed = capsys.readouterr().out
    assert all(name in printed for name in demo.OWN_LINES)
    assert "PSNR" not in printed


def test_a_stack_of_odd_pixels_attenuation_and_no_psf(tmp_path: Path, scan: Path) -> None:
    """A Gaussian is tried, and with nobody to ask, attenuation is deblurred."""
    log = -np.log(io.read(scan).array / 900)
    stack = tmp_path / "stack.tif"
    io.write(stack, np.stack([log, log]), pixel_size=(0.2, 0.1, 0.05), unit="mm")
    demo.headless(tmp_path / "out", stack)
    restored = io.read(tmp_path / "out" / "restored.tif")
    assert restored.array.shape == log.shape
    assert restored.pixel_size == pytest.approx((0.1, 0.05))
    psf = Recipe.load(tmp_path / "out" / "restored.yaml").psf
    assert (psf.key(), psf.sigma, psf.unit) == ("gaussian", 2.0, "px")
    assert not (tmp_path / "out" / "restored.psf.tif").exists()


def refused(begin: Callable[[], object]) -> str:
    """Return the sentence that something is refused with."""
    with pytest.raises(ValueError, match=r"^\S.*\.$") as caught:
        begin()
    return str(caught.value)


def test_files_are_refused_before_a_window_opens(
    tmp_path: Path, scan: Path, titles: list[str]
) -> None:
    np.save(tmp_path / "rgb.npy", np.zeros((20, 20, 3), np.uint8))
    np.save(tmp_path / "nan.npy", np.full((5, 5), np.nan))
    out = tmp_path / "out"
    assert "RGB" in refused(lambda: demo.headless(out, tmp_path / "rgb.npy"))
    assert "There is no file" in refused(lambda: demo.start(tmp_path / "none.tif"))
    assert "NaN" in refused(lambda: demo.start(scan, tmp_path / "nan.npy"))
    assert "--image" in refused(lambda: demo.headless(out, None, tmp_path / "kernel.tif"))
    assert not titles
    assert not out.exists()


def test_a_run_that_fails_is_one_sentence(
    tmp_path: Path, scan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object) -> None:
        raise ValueError("The iterations can't begin.")

    monkeypatch.setattr(Restoration, "steps", fail)
    said = refused(lambda: demo.headless(tmp_path / "out", scan))
    assert said == "The iterations can't begin."


def test_a_run_without_end_is_given_up(
    tmp_path: Path, scan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "PATIENCE", 0.5)
    endless = partial(demo.TotalVariationModel, iterations=100_000)
    monkeypatch.setattr(demo, "TotalVariationModel", endless)
    assert "given up after 0.5 seconds" in refused(lambda: demo.headless(tmp_path / "out", scan))


def test_the_command_line_finds_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[Any] = []
    monkeypatch.setenv("NAPARI_CONFIG", "")
    monkeypatch.setattr(demo, "show", lambda *given: called.append(given))
    monkeypatch.setattr(demo, "headless", lambda *given: called.append(given))
    for arguments in (
        ["demo"],
        ["demo", "--image", "a.tif", "--psf", "b.tif"],
        ["demo", "--headless", str(tmp_path / "new"), "--image", "a.tif"],
    ):
        result = CliRunner().invoke(cli.app, arguments)
        assert result.exit_code == 0, result.output
    assert called == [
        (None, None),
        (Path("a.tif"), Path("b.tif")),
        (tmp_path / "new", Path("a.tif"), None),
    ]
    assert (tmp_path / "new").is_dir()


def test_the_table_says_what_is_not_there() -> None:
    def row(line: int, layer: str, **found: Any) -> dict[str, Any]:
        absent = dict.fromkeys(("profile_psnr_db", "image_psnr_db", "psnr_k", "edge_10_90"))
        return {"line": line, "layer": layer, "unit": "mm", **absent, **found}

    rows = [
        row(1, "truth", edge_10_90=0.08),
        row(1, "in", profile_psnr_db=20.0, image_psnr_db=25.5, psnr_k=0.9, edge_10_90=0.5),
        row(1, "out", profile_psnr_db=np.inf, image_psnr_db=31.25, psnr_k=0.9),
        row(2, "in", image_psnr_db=25.5, psnr_k=0.9, modulation_percent=[30.2, None]),
    ]
    console = Console(width=120)
    with console.capture() as caught:
        console.print(figures(rows, ("edge", "pairs"), ("in", "out")))
    lines = caught.get().splitlines()
    cells = {line.split()[0]: line.split() for line in lines if line.split()}
    assert cells["1"] == ["1", "edge", "20.00", "∞", "0.5", "-", "-", "-"]
    assert cells["2"] == ["2", "pairs", "-", "-", "-", "-", "30", "-", "-"]
    assert cells["whole"] == ["whole", "image", "25.50", "31.25"]
    assert any("K = 0.9" in line for line in lines)
