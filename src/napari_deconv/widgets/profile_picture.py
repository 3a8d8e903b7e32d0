"""Legend and plots as a picture: PNG, SVG, or for the clipboard."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QRectF, QSize
from qtpy.QtGui import QColor, QImage, QPainter, QTextDocument
from qtpy.QtSvg import QSvgGenerator

from napari_deconv.widgets.profile_plot import ProfilePlots
from napari_deconv.widgets.profile_style import Theme

FINER = 2
"""Pixels of a saved picture for each of the screen's."""

KINDS = (".png", ".svg")


class PlotPicture:
    """Draws legend and plots, also those that are scrolled out of sight.

    Parameters
    ----------
    plots : ProfilePlots
        What is drawn.
    theme : Theme
        napari's colours.
    """

    def __init__(self, plots: ProfilePlots, theme: Theme) -> None:
        self._plots, self._canvas, self._theme = plots, plots.canvas, theme
        self._legend = QTextDocument()
        self._legend.setDefaultFont(plots.legend.font())
        self._legend.setHtml(f'<span style="color:{theme.text}">{plots.legend_text()}</span>')
        self._legend.setTextWidth(self._canvas.width())

    def image(self) -> QImage:
        """Return it in pixels, two for each of the screen's."""
        image = QImage(FINER * self._size(), QImage.Format.Format_RGB32)
        painter = QPainter(image)
        painter.scale(FINER, FINER)
        self._draw(painter)
        painter.end()
        return image

    def save(self, path: Path) -> None:
        """Write it as PNG or SVG.

        Raises
        ------
        ValueError
            If the path ends in neither, or cannot be written.
        """
        kind = path.suffix.lower()
        if kind not in KINDS:
            raise ValueError(
                f"Plots are written as {' or '.join(KINDS)}, not {path.suffix or path.name!r}."
            )
        written = self._save_svg(path) if kind == ".svg" else self.image().save(str(path), "PNG")
        if not written:
            raise ValueError(f"{path} cannot be written; choose another folder.")

    def _save_svg(self, path: Path) -> bool:
        generator = QSvgGenerator()
        generator.setFileName(str(path))
        generator.setSize(self._size())
        generator.setViewBox(QRectF(0, 0, self._size().width(), self._size().height()))
        generator.setTitle("Profiles")
        painter = QPainter()
        if not (path.parent.is_dir() and painter.begin(generator)):
            return False
        self._draw(painter)
        painter.end()
        return path.is_file()

    def _size(self) -> QSize:
        return QSize(self._canvas.width(), self._canvas.height() + self._top())

    def _top(self) -> int:
        return int(self._legend.size().height())

    def _draw(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        size = self._size()
        painter.fillRect(0, 0, size.width(), size.height(), QColor(self._theme.background))
        self._legend.drawContents(painter)
        place = QRectF(0, self._top(), self._canvas.width(), self._canvas.height())
        with self._plots.sharp():
            self._canvas.render(painter, place, self._canvas.viewport().rect())
