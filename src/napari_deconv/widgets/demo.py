"""A session that shows what the docks do: a radiograph, three profile lines, one run of TV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
import numpy as np
from napari.layers import Image, Layer
from qtpy.QtCore import QEventLoop, Qt, QTimer
from qtpy.QtWidgets import QApplication, QDockWidget, QMainWindow, QWidget

from napari_deconv import io
from napari_deconv.evidence.reference import format_decibel
from napari_deconv.methods.variational import TotalVariationModel
from napari_deconv.psf.kernel import check_psf
from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.readers import as_layers
from napari_deconv.samples import radiograph
from napari_deconv.widgets.profile_lines import FIRST_LINES, LAYER_NAME
from napari_deconv.xray.frame import check_image

if TYPE_CHECKING:
    from rich.table import Table

    from napari_deconv.readers import LayerData
    from napari_deconv.widgets.deblur import DeblurWidget
    from napari_deconv.widgets.profiles import ProfilesWidget

    Line = tuple[tuple[float, ...], tuple[float, ...]]

SIZE = (1600, 1000)
"""Width and height of the window, where the screen is as large."""
DEBLUR_WIDTH = 380
PROFILES_HEIGHT = 320
LIST_HEIGHT = 330
FILLED = 0.93
"""Share of the canvas that the image fills."""
PATIENCE = 900.0
"""Seconds after which a run without anybody watching is given up."""
LINE_WIDTH = 5
"""Pixels that a profile is averaged over: noise falls, and no line pair is blurred."""
SIMULATED_LINES = ("line pairs", "wire pair", "step")
OWN_LINES = ("across", "down", "aslant")


@dataclass(frozen=True)
class Scene:
    """What is shown.

    Attributes
    ----------
    layers : list of LayerData
        The last one is the image.
    lines : mapping of str to (start, end)
        By name, in pixels (row, column) of the image.
    """

    layers: list[LayerData]
    lines: Mapping[str, Line]


@dataclass(frozen=True)
class Session:
    """A window with both docks."""

    viewer: napari.Viewer
    deblur: DeblurWidget
    profiles: ProfilesWidget
    lines: tuple[str, ...]


def start(image: Path | None = None, psf: Path | None = None) -> napari.Viewer:
    """Open napari with the docks and begin a run of TV; the session stays open.

    Parameters
    ----------
    image : Path, optional
        The user's own image in place of the simulated radiograph.
    psf : Path, optional
        Its PSF; by default a Gaussian of sigma 2 px.

    Raises
    ------
    ValueError
        In one sentence, if a file can't be used.
    """
    session = _open(_scene(image, psf))
    session.deblur.finished.connect(lambda ending: _settle(session))
    _run(session)
    return session.viewer


def show(image: Path | None = None, psf: Path | None = None) -> None:
    """Do as `start` and wait until the window is closed."""
    start(image, psf)
    napari.run()


def headless(folder: Path, image: Path | None = None, psf: Path | None = None) -> None:
    """Do as `start`, with nobody watching, and leave the results in a folder.

    The folder is made if it is missing. Written are ``restored.tif`` with its recipe
    ``restored.yaml``, ``window.png``, ``profiles.png`` and ``table.csv``; the table is printed.

    Raises
    ------
    ValueError
        In one sentence, if a file can't be used or the run fails.
    """
    from rich.console import Console

    scene = _scene(image, psf)
    folder.mkdir(parents=True, exist_ok=True)
    with _opened(scene) as session:
        _finish(session)
        _settle(session)
        _picture(session, folder / "window.png")
        session.profiles.save_plot(folder / "profiles.png")
        (folder / "table.csv").write_text(session.profiles.csv(), encoding="utf-8")
        _save(session, folder)
        console = Console(highlight=False)
        console.print(table(session.profiles.table_rows(), session.lines))
        console.print(f"restored.tif, restored.yaml, window.png, profiles.png, table.csv: {folder}")


def table(rows: list[dict[str, Any]], lines: tuple[str, ...]) -> Table:
    """Return PSNR and edge width of blurred and restored along each line, and of the image.

    Parameters
    ----------
    rows : list of dict
        What the Profiles dock measured.
    lines : tuple of str
        Names of the lines.
    """
    from rich.table import Table

    shown = Table(title="Blurred and restored", title_justify="left")
    shown.add_column("line")
    unit = rows[0]["unit"]
    for heading in ("PSNR (dB)", f"10-90 % edge width ({unit})", "modulation of line pairs (%)"):
        shown.add_column(f"{heading}\nblurred", justify="right")
        shown.add_column("\nrestored", justify="right")
    for number, name in enumerate(lines, start=1):
        pair = _pair([row for row in rows if row["line"] == number])
        shown.add_row(
            f"{number} {name}",
            *(_decibel(row["profile_psnr_db"]) for row in pair),
            *(_width(row["edge_10_90"]) for row in pair),
            *(_modulations(row["modulation_percent"]) for row in pair),
        )
    shown.add_section()
    pair = _pair(rows)
    k = "" if pair[0]["psnr_k"] is None else f" (K = {pair[0]['psnr_k']:.3g})"
    shown.add_row(f"image{k}", *(_decibel(row["image_psnr_db"]) for row in pair))
    return shown


def _scene(image: Path | None, psf: Path | None) -> Scene:
    """Return the simulated radiograph, or the user's files; refuse what can't be deblurred."""
    if image is None and psf is None:
        sample = radiograph()
        lines = {name: sample.features[name] for name in SIMULATED_LINES}
        return Scene(as_layers(sample, "radiograph"), lines)
    if image is None:
        raise ValueError("A PSF of your own goes with an image of your own: add --image FILE.")
    return _own_scene(image, psf)


def _own_scene(image: Path, psf: Path | None) -> Scene:
    """Return the user's image, the PSF hidden behind it, and lines across, down and aslant."""
    picture = io.read(image)
    check_image(picture.array)
    layers = [_layer(picture, image.stem)]
    if psf is not None:
        measured = io.read(psf)
        check_psf(measured.array)
        layers.insert(0, _layer(measured, "psf", visible=False))
    last = np.array(picture.array.shape[-2:]) - 1
    lines = {
        name: (tuple(start * last), tuple(end * last))
        for name, (start, end) in zip(OWN_LINES, np.array(FIRST_LINES), strict=True)
    }
    return Scene(layers, lines)


def _layer(picture: io.Picture, name: str, **shown: Any) -> LayerData:
    """Return layer data with the pixel size that the file states."""
    if picture.pixel_size is not None:
        sides = np.broadcast_to(picture.pixel_size, np.size(picture.pixel_size))
        scale = np.ones(picture.array.ndim)
        scale[-2:] = sides[-2:]
        shown.update(scale=scale, units=(picture.unit,) * picture.array.ndim)
    return picture.array, {"name": name, "colormap": "gray", "rgb": False, **shown}, "image"


def _open(scene: Scene) -> Session:
    """Open the window with its layers, docks and lines."""
    viewer = napari.Viewer(title="napari-deconv")
    for data in scene.layers:
        viewer.add_layer(Layer.create(*data))
    image = viewer.layers[-1]
    right, deblur = viewer.window.add_plugin_dock_widget("napari-deconv", "Deblur")
    below, profiles = viewer.window.add_plugin_dock_widget("napari-deconv", "Profiles")
    _arrange(right, below)
    deblur.image = image
    names = [layer.name for layer in viewer.layers]
    deblur.psf = viewer.layers["psf"] if "psf" in names else GaussianPsf(sigma=2.0)
    deblur.method = TotalVariationModel()
    if "reference" in names:
        deblur.reference = profiles.reference = viewer.layers["reference"]
    profiles.line_width = LINE_WIDTH
    for line in scene.lines.values():
        start, end = (_world(image, point) for point in line)
        profiles.add_line(start, end)
    viewer.scale_bar.visible = True
    _frame(viewer, right.window())
    return Session(viewer, deblur, profiles, tuple(scene.lines))


def _arrange(right: QDockWidget, below: QDockWidget) -> None:
    """Give the window its size, and the docks their shares of it."""
    window = right.window()
    assert isinstance(window, QMainWindow)
    screen = window.screen()
    window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
    window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, below)
    room = screen.availableGeometry() if screen is not None else window.geometry()
    window.resize(min(SIZE[0], room.width()), min(SIZE[1], room.height()))
    QApplication.processEvents()
    window.resizeDocks([right], [DEBLUR_WIDTH], Qt.Orientation.Horizontal)
    window.resizeDocks([below], [PROFILES_HEIGHT], Qt.Orientation.Vertical)
    for list_dock in window.findChildren(QDockWidget, "layer list"):
        window.resizeDocks([list_dock], [LIST_HEIGHT], Qt.Orientation.Vertical)
    QApplication.processEvents()


def _frame(viewer: napari.Viewer, window: QWidget) -> None:
    """Show the whole image at the left of the canvas: what is said of the lines stands right."""
    assert isinstance(window, QMainWindow)
    canvas = window.centralWidget()
    assert canvas is not None
    (top, left), (bottom, right) = viewer.layers.extent.world[:, -2:]
    height, width = bottom - top, right - left
    zoom = FILLED * min(canvas.height() / height, canvas.width() / width)
    margin = (canvas.height() / zoom - height) / 2
    viewer.camera.zoom = zoom
    viewer.camera.center = (top + height / 2, left - margin + canvas.width() / zoom / 2)


def _world(image: Image, point: tuple[float, ...]) -> tuple[float, float]:
    """Return where a pixel (row, column) of a layer lies in the world."""
    leading = (0.0,) * (image.ndim - 2)
    y, x = image.data_to_world((*leading, *point))[-2:]
    return float(y), float(x)


def _run(session: Session) -> None:
    if not session.deblur.run():
        raise ValueError(session.deblur.panel.controls.status.text())


def _finish(session: Session) -> None:
    """Run to the end; with nobody there to ask, data that look like attenuation are deblurred."""
    ending = _ending(session, lambda: _run(session))
    if ending == "asked":
        ending = _ending(session, session.deblur.panel.question.yes.click)
    if ending != "done":
        said = session.deblur.panel.controls.status.text()
        raise ValueError(f"The run ended before its time: {said or ending}")


def _ending(session: Session, begin: Callable[[], object]) -> str:
    """Begin a run, let the window live until it ends, and return how."""
    endings: list[str] = []
    loop, timer = QEventLoop(), QTimer()
    timer.setSingleShot(True)
    timer.timeout.connect(loop.quit)
    session.deblur.finished.connect(endings.append)
    session.deblur.finished.connect(lambda _: loop.quit())
    begin()
    if not endings:
        timer.start(round(1000 * PATIENCE))
        loop.exec()
    if not endings:
        raise ValueError(f"The run was given up after {PATIENCE:.0f} seconds.")
    return endings[0]


def _settle(session: Session) -> None:
    """Leave the lines on top, ready to be dragged."""
    layers = session.viewer.layers
    if LAYER_NAME in layers:
        layers.move(layers.index(LAYER_NAME), len(layers))
        layers.selection.active = layers[LAYER_NAME]
        layers[LAYER_NAME].mode = "direct"


@contextmanager
def _opened(scene: Scene) -> Iterator[Session]:
    """Open a window and close it whatever happens."""
    session = _open(scene)
    try:
        yield session
    finally:
        session.viewer.close()
        QApplication.processEvents()


def _picture(session: Session, path: Path) -> None:
    """Save a picture of the whole window as it stands."""
    session.profiles.table_rows()
    QApplication.processEvents()
    session.viewer.screenshot(str(path), canvas_only=False, flash=False)


def _save(session: Session, folder: Path) -> None:
    deblur = session.deblur
    saved = deblur.save_result(str(folder / "restored.tif"))
    if not (saved and deblur.save_recipe(str(folder / "restored.yaml"))):
        raise ValueError(deblur.panel.saving.line.text())


def _pair(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was measured of the blurred image and of the restored one."""
    return rows[-2:]


def _decibel(value: float | None) -> str:
    return "-" if value is None else format_decibel(value)


def _width(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _modulations(values: list[float | None]) -> str:
    return " ".join("-" if value is None else f"{value:.0f}" for value in values) or "-"
