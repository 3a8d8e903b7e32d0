"""Find and open the plugin's docks from one another, by the names in its manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from qtpy.QtWidgets import QDockWidget, QWidget

if TYPE_CHECKING:
    from napari.components import ViewerModel

PLUGIN = "napari-deconv"
DEBLUR, PSF = "Deblur", "PSF"

Dock = TypeVar("Dock", bound=QWidget)


def open_docks(viewer: ViewerModel, kind: type[Dock]) -> list[Dock]:
    """Return a viewer's docks of one class."""
    window: Any = getattr(viewer, "window", None)
    return [] if window is None else window._qt_window.findChildren(kind)  # noqa: SLF001


def open_dock(viewer: ViewerModel, name: str) -> QWidget:
    """Open one of the plugin's docks as a tab beside the others, or bring it to the front."""
    from npe2 import PluginManager

    window: Any = viewer.window
    manifest = PluginManager.instance().get_manifest(PLUGIN)
    title = f"{name} ({manifest.display_name})"  # as in napari's menu, which finds it again so
    known: dict[str, Any] = {
        full.split(" (")[0]: dock for full, dock in window.dock_widgets.items()
    }
    dock = known.get(name)
    if dock is None:
        offered = manifest.contributions.widgets or ()
        (made,) = (each for each in offered if each.display_name == name)
        dock = made.get_callable()(viewer)
        window.add_dock_widget(dock, name=title, area="right", tabify=True)
    assert isinstance(dock, QWidget)
    bring_forward(dock)
    return dock


def bring_forward(dock: QWidget) -> None:
    """Show a dock that is hidden or lies behind another one's tab."""
    parent = dock.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    if parent is not None:
        parent.show()
        parent.raise_()
