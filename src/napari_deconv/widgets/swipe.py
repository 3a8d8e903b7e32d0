"""Swipe between two layers: a line on the canvas, one layer left of it, the other right.

No pixel is copied: the graphics card leaves out the fragments of each layer that lie on the wrong
side of the line, so that a drag costs one number, whatever the size of the pictures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtWidgets import QLabel, QWidget
from vispy.visuals.filters import Filter

from napari_deconv.widgets.before_after import show_only
from napari_deconv.widgets.layer_choice import images
from napari_deconv.widgets.swipe_line import SwipeLine

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

MIDDLE = 0.5
LABEL_GAP = 14
"""Pixels of the screen between the line and the names beside it."""
LABEL_TOP = 8
PLATE = "background: rgba(0, 0, 0, 170); color: white; padding: 2px 6px; border-radius: 3px;"
"""Names are readable on black and on white."""


class Curtain(Filter):  # type: ignore[misc]
    """Hide a visual on one side of a vertical line of the canvas.

    Parameters
    ----------
    side : float
        1 to show what lies right of the line, -1 for the left.
    """

    CODE = """
    void draw_curtain() {
        if ($side * (gl_FragCoord.x - $edge) < 0.0)
            discard;
    }
    """

    def __init__(self, side: float) -> None:
        super().__init__(fcode=self.CODE, fhook="pre", fpos=1)
        self.fshader["side"] = float(side)
        self.edge = 0.0

    @property
    def edge(self) -> float:
        """Where the line is, in physical pixels from the left of the canvas."""
        return self._edge

    @edge.setter
    def edge(self, edge: float) -> None:
        self._edge = float(edge)
        self.fshader["edge"] = self._edge


class Swipe(QObject):
    """The line and the two layers that it parts.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        With a window; without one there is nothing to swipe on.

    Attributes
    ----------
    toggled : Signal(bool)
        It was shown, or taken away.
    moved : Signal(float)
        The line lies elsewhere, as a part of the canvas' width.
    """

    toggled = Signal(bool)
    moved = Signal(float)

    def __init__(self, viewer: ViewerModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._hung: list[tuple[Any, Curtain]] = []
        self._pair: tuple[Image, ...] = ()
        self._shown: dict[Any, bool] = {}
        self._line: SwipeLine | None = None
        self._names: tuple[QLabel, QLabel] | None = None
        self._part = MIDDLE

    @property
    def on(self) -> bool:
        """Whether the line is on the canvas."""
        return self._line is not None

    @property
    def position(self) -> float:
        """Where the line is, as a part of the canvas' width from its left; setting it moves it."""
        return self._part

    @position.setter
    def position(self, part: float) -> None:
        self._part = min(max(float(part), 0.0), 1.0)
        self._place()
        self.moved.emit(self._part)

    @property
    def pair(self) -> tuple[Image, ...]:
        """The layers left and right of the line; empty while there is none."""
        return self._pair

    @property
    def line(self) -> SwipeLine | None:
        """The widget that is dragged; None while there is none."""
        return self._line

    def show(self, left: Image, right: Image) -> None:
        """Show one layer left of the line and another right of it, and hide other images.

        Raises
        ------
        ValueError
            In one sentence, if it can't be done.
        """
        if left is right or not {left, right} <= set(self._viewer.layers):
            raise ValueError("A swipe needs two layers; choose a result that is still there.")
        canvas = self._canvas()
        self._unhang()
        if not self.on:
            self._shown = {layer: layer.visible for layer in images(self._viewer.layers)}
        show_only(images(self._viewer.layers), (left, right))
        for layer, side in ((left, -1.0), (right, 1.0)):
            curtain = Curtain(side)
            node = canvas.layer_to_visual[layer].node
            node.attach(curtain)
            self._hung.append((node, curtain))
        if self._line is None:
            self._make_line(canvas.native)
        self._pair = (left, right)
        self.rename()
        self.toggled.emit(True)

    def rename(self) -> None:
        """Write beside the line what the layers are called now."""
        for label, layer in zip(self._names or (), self._pair, strict=True):
            label.setText(layer.name)
            label.adjustSize()
        self._place()

    def hide(self) -> None:
        """Take the line away and show what was visible before."""
        if self._line is None:
            return
        self._unhang()
        canvas = self._line.parentWidget()
        assert canvas is not None
        canvas.removeEventFilter(self)
        for widget in (self._line, *(self._names or ())):
            widget.hide()
            widget.deleteLater()
        self._line, self._names, self._pair = None, None, ()
        shown, self._shown = self._shown, {}
        wanted = [layer for layer, was in shown.items() if was and layer in self._viewer.layers]
        show_only([layer for layer in shown if layer in self._viewer.layers], wanted)
        canvas.update()
        self.toggled.emit(False)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Keep the line at its part of the canvas when that is resized."""
        if event is not None and event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _canvas(self) -> Any:
        """Return napari's canvas, which knows the visual of each layer."""
        try:
            window: Any = self._viewer.window
            return window._qt_viewer.canvas  # noqa: SLF001
        except AttributeError:
            raise ValueError("This viewer has no window to swipe on.") from None

    def _make_line(self, canvas: QWidget) -> None:
        self._line = SwipeLine(canvas)
        self._line.dragged.connect(self._drag)
        self._names = QLabel(canvas), QLabel(canvas)
        for label, side in zip(self._names, ("left", "right"), strict=True):
            label.setObjectName(f"swipe_{side}")
            label.setStyleSheet(PLATE)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            label.show()
        self._line.show()
        canvas.installEventFilter(self)

    def _drag(self, x: float) -> None:
        assert self._line is not None
        canvas = self._line.parentWidget()
        assert canvas is not None
        self.position = x / max(canvas.width(), 1)

    def _place(self) -> None:
        """Put line, names and curtains where the line's part of the canvas is."""
        if self._line is None or self._names is None:
            return
        canvas = self._line.parentWidget()
        assert canvas is not None
        x = round(self._part * canvas.width())
        self._line.place(x, canvas.height())
        left, right = self._names
        left.move(x - LABEL_GAP - left.width(), LABEL_TOP)
        right.move(x + LABEL_GAP, LABEL_TOP)
        for _, curtain in self._hung:
            curtain.edge = x * canvas.devicePixelRatioF()
        canvas.update()

    def _unhang(self) -> None:
        for node, curtain in self._hung:
            node.detach(curtain)
        self._hung = []
