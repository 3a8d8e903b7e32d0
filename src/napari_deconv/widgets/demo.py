"""A session that shows what the docks do: a radiograph, three profile lines, one run of TV."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
import numpy as np
from napari.layers import Image, Layer
from qtpy.QtCore import QEventLoop, Qt, QTimer
from qtpy.QtWidgets import QApplication, QDockWidget, QMainWindow

from napari_deconv import io
from napari_deconv.core.units import PixelSize
from napari_deconv.methods.variational import TotalVariationModel
from napari_deconv.psf.kernel import check_psf
from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.readers import as_layers
from napari_deconv.samples import radiograph
from napari_deconv.widgets.demo_table import figures
from napari_deconv.widgets.profile_lines import FIRST_LINES, LAYER_NAME
from napari_deconv.xray.frame import check_image

if TYPE_CHECKING:
    from napari_deconv.readers import LayerData
    from napari_deconv.widgets.deblur import DeblurWidget
    from napari_deconv.widgets.profiles import ProfilesWidget

    Line = tuple[tuple[float, ...], tuple[float, ...]]

SIZE = (1600, 1000)
"""Width and height of the window, where the screen is as large."""
DEBLUR_WIDTH, PROFILES_HEIGHT, LIST_HEIGHT = 380, 320, 330
"""What the docks get of it."""
FILLED = 0.95
"""Share of the canvas that the image fills."""
PATIENCE = 900.0
"""Seconds after which a run with nobody watching is given up."""
PIPED_WIDTH = 120
"""Columns of the table where it is not printed on a terminal."""
LINE_WIDTH = 5
"""Pixels that a profile is averaged over: noise falls, and no line pair is blurred."""
SIMULATED_LINES = ("line pairs", "wire pair", "step")
OWN_LINES = ("across", "down", "aslant")


@dataclass(frozen=True)
class Scene:
    """What is shown.

    Attributes
    ----------
    layers : mapping of str to LayerData
        By what they are: ``image``, and perhaps ``psf`` and ``reference``; the lowest first.
    lines : mapping of str to (start, end)
        By name, in pixels (row, column) of the image.
    """

    layers: Mapping[str, LayerData]
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
    scene = _scene(image, psf)
    viewer = napari.Viewer(title="napari-deconv")
    try:
        session = _furnish(viewer, scene)
        session.deblur.finished.connect(lambda ending: _offer_lines(viewer))
        _run(session)
    except BaseException:
        viewer.close()
        raise
    return viewer


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
    scene = _scene(image, psf)
    folder.mkdir(parents=True, exist_ok=True)
    viewer = napari.Viewer(title="napari-deconv")
    try:
        session = _furnish(viewer, scene)
        _finish(session)
        _leave(session, folder)
    finally:
        viewer.close()
        QApplication.processEvents()


def _scene(image: Path | None, psf: Path | None) -> Scene:
    """Return the simulated radiograph, or the user's files; refuse what can't be deblurred."""
    if image is not None:
        return _own_scene(image, psf)
    if psf is not None:
        raise ValueError("A PSF of your own goes with an image of your own: add --image FILE.")
    sample = radiograph()
    reference, kernel, scan = as_layers(sample, "radiograph")
    return Scene(
        {"reference": reference, "psf": kernel, "image": scan},
        {name: sample.features[name] for name in SIMULATED_LINES},
    )


def _own_scene(image: Path, psf: Path | None) -> Scene:
    """Return the user's image, its PSF hidden beneath it, and lines across, down and aslant."""
    picture = io.read(image)
    check_image(picture.array)
    layers = {}
    if psf is not None:
        measured = io.read(psf)
        check_psf(measured.array)
        layers["psf"] = _layer(measured.array, picture, name="psf", visible=False)
    layers["image"] = _layer(picture.array, picture, name=image.stem)
    last = np.array(picture.array.shape[-2:]) - 1
    ends = {name: np.array(line) * last for name, line in zip(OWN_LINES, FIRST_LINES, strict=True)}
    return Scene(layers, {name: (tuple(start), tuple(end)) for name, (start, end) in ends.items()})


def _layer(array: np.ndarray[Any, Any], picture: io.Picture, **shown: Any) -> LayerData:
    """Return an array as a layer with the pixels of a picture, which its PSF shares."""
    if picture.pixel_size is not None and picture.unit is not None:
        sides = PixelSize(picture.pixel_size, picture.unit).along(2, picture.unit)
        leading = array.ndim - 2
        shown["scale"] = (*[1.0] * leading, *sides)
        shown["units"] = (*["pixel"] * leading, picture.unit, picture.unit)
    return array, {"colormap": "gray", "rgb": False, **shown}, "image"


def _furnish(viewer: napari.Viewer, scene: Scene) -> Session:
    """Fill the window with layers, docks and lines."""
    layers = {what: viewer.add_layer(Layer.create(*data)) for what, data in scene.layers.items()}
    image = layers["image"]
    right, deblur = viewer.window.add_plugin_dock_widget("napari-deconv", "Deblur")
    below, profiles = viewer.window.add_plugin_dock_widget("napari-deconv", "Profiles")
    window = right.window()
    assert isinstance(window, QMainWindow)
    _arrange(window, right, below)
    deblur.image = image
    deblur.psf = layers.get("psf", GaussianPsf(sigma=2.0))
    deblur.method = TotalVariationModel()
    deblur.reference = profiles.reference = layers.get("reference")
    profiles.line_width = LINE_WIDTH
    _frame(viewer, image, window)
    for start, end in scene.lines.values():
        profiles.add_line(_world(image, start), _world(image, end))
    overlays = getattr(getattr(viewer, "canvas", None), "overlays", viewer)  # moved in napari 0.9
    overlays.scale_bar.visible = True
    return Session(viewer, deblur, profiles, tuple(scene.lines))


def _arrange(window: QMainWindow, right: QDockWidget, below: QDockWidget) -> None:
    """Give the window its size and the docks their places: Deblur in full height, Profiles wide."""
    window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
    window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, below)
    screen = window.screen()
    assert screen is not None
    room = screen.availableGeometry()
    window.resize(min(SIZE[0], room.width()), min(SIZE[1], room.height()))
    QApplication.processEvents()
    window.resizeDocks([right], [DEBLUR_WIDTH], Qt.Orientation.Horizontal)
    window.resizeDocks([below], [PROFILES_HEIGHT], Qt.Orientation.Vertical)
    layer_list = window.findChildren(QDockWidget, "layer list")
    window.resizeDocks(layer_list, [LIST_HEIGHT] * len(layer_list), Qt.Orientation.Vertical)
    QApplication.processEvents()


def _frame(viewer: napari.Viewer, image: Image, window: QMainWindow) -> None:
    """Show the whole image at the left of the canvas: what is said of the lines stands right."""
    canvas = window.centralWidget()
    assert canvas is not None
    (top, left), (bottom, right) = image.extent.world[:, -2:]
    height, width = bottom - top, right - left
    zoom = FILLED * min(canvas.height() / height, canvas.width() / width)
    margin = (1 - FILLED) / 2 * canvas.height() / zoom
    camera = getattr(viewer, "scene", viewer).camera  # moved in napari 0.9
    camera.zoom = zoom
    camera.center = (top + height / 2, left - margin + canvas.width() / zoom / 2)


def _world(image: Image, point: tuple[float, ...]) -> tuple[float, float]:
    """Return where a pixel (row, column) of a layer lies in the world."""
    y, x = image.data_to_world((*[0.0] * (image.ndim - 2), *point))[-2:]
    return float(y), float(x)


def _offer_lines(viewer: napari.Viewer) -> None:
    """Let the next drag on the canvas move a line or one of its ends."""
    if LAYER_NAME in viewer.layers:
        viewer.layers.selection.active = viewer.layers[LAYER_NAME]
        viewer.layers[LAYER_NAME].mode = "direct"


def _run(session: Session) -> None:
    if not session.deblur.run():
        raise ValueError(session.deblur.panel.controls.status.text())


def _finish(session: Session) -> None:
    """Run to the end; with nobody there to ask, data that look like attenuation are deblurred."""
    ending = _ending(session, lambda: _run(session))
    if ending == "asked":
        ending = _ending(session, session.deblur.panel.question.yes.click)
    if ending != "done":
        raise ValueError(session.deblur.panel.controls.status.text() or f"The run was {ending}.")


def _ending(session: Session, begin: Callable[[], object]) -> str:
    """Begin a run, let the window live until it ends, and return how it ended."""
    endings: list[str] = []
    loop, timer = QEventLoop(), QTimer()
    timer.setSingleShot(True)
    timer.timeout.connect(loop.quit)

    def end(ending: str) -> None:
        endings.append(ending)
        loop.quit()

    session.deblur.finished.connect(end)
    begin()
    timer.start(round(1000 * PATIENCE))
    loop.exec()
    session.deblur.finished.disconnect(end)
    if not endings:
        raise ValueError(f"The run was given up after {PATIENCE:g} seconds.")
    return endings[0]


def _leave(session: Session, folder: Path) -> None:
    """Write what is to be seen and what came of it."""
    from rich.console import Console

    rows = session.profiles.table_rows()
    QApplication.processEvents()
    session.viewer.screenshot(str(folder / "window.png"), canvas_only=False, flash=False)
    session.profiles.save_plot(folder / "profiles.png")
    (folder / "table.csv").write_text(session.profiles.csv(), encoding="utf-8")
    deblur = session.deblur
    saved = deblur.save_result(str(folder / "restored.tif"))
    if not (saved and deblur.save_recipe(str(folder / "restored.yaml"))):
        raise ValueError(deblur.panel.saving.line.text())
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, PIPED_WIDTH)
    image, result = deblur.image, deblur.result_layer
    assert image is not None
    assert result is not None
    console.print(figures(rows, session.lines, (image.name, result.name)))
    console.print(f"{folder}: restored.tif, restored.yaml, window.png, profiles.png, table.csv")
