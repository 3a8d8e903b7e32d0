"""Open the sample and every dock of the installed plugin in a real napari window."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["NAPARI_CONFIG"] = ""  # leave the user's settings alone

import napari
from npe2 import PluginManager
from qtpy.QtWidgets import QApplication

import napari_deconv

CHECKOUT = Path(__file__).resolve().parents[1]
DOCKS = ("Deblur", "Profiles", "Measures", "PSF", "Correct", "Compare", "Train")


def main() -> None:
    """Fail unless the installed package, not the checkout, puts its docks on the screen."""
    package = Path(napari_deconv.__file__).resolve()
    if package.is_relative_to(CHECKOUT / "src"):
        raise SystemExit(f"This looks at the checkout, not at an installed wheel: {package}")
    viewer = napari.Viewer()
    manifest = PluginManager.instance().get_manifest("napari-deconv")
    contributed = tuple(dock.display_name for dock in manifest.contributions.widgets)
    if contributed != DOCKS:
        raise SystemExit(f"napari finds the docks {contributed}, expected {DOCKS}")
    layers = viewer.open_sample("napari-deconv", "radiograph")
    docks = [viewer.window.add_plugin_dock_widget("napari-deconv", name)[0] for name in DOCKS]
    QApplication.processEvents()  # Qt shows a dock with the next event
    hidden = [dock.name for dock in docks if not dock.isVisible()]
    if hidden:
        raise SystemExit(f"These docks did not open: {', '.join(hidden)}")
    print(f"{package.parent}: {len(layers)} sample layers, docks {', '.join(DOCKS)} are open")
    viewer.close()


if __name__ == "__main__":
    main()
