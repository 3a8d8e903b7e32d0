"""The lists of layers of the Train dock: scan, PSF, sharp pictures; each leaves out the others'."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_deconv.widgets.layer_choice import LayerChoice, images, likely_image
from napari_deconv.widgets.psf_source import PsfSource

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

SCENES, FOLDER = "scenes", "folder"


class TrainLists:
    """What scan, PSF and sharp pictures can be chosen from.

    Parameters
    ----------
    viewer : napari.components.ViewerModel

    Attributes
    ----------
    scan, sharp : LayerChoice
    psf : PsfSource
    folder : str
        Of sharp pictures; empty while none was chosen.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._psf_menu: LayerChoice | None = None  # it needs the list of scans, and that asks it
        self.folder = ""
        self.scan = LayerChoice("scan", self._scan_options, self._guess_scan)
        self.psf = PsfSource(viewer, self.scan)
        self._psf_menu = self.psf.menu
        self.sharp = LayerChoice("sharp", self._sharp_options, lambda _: SCENES)
        self.scan.explain("A scan of this scanner: the model is made for its noise.")
        self.sharp.explain("Sharp pictures to learn from; a quarter of them only tests the model.")

    def refresh(self) -> None:
        """Look again at the viewer's layers, and keep what the user chose."""
        self.scan.refresh()
        self.fit_scan()

    def fit_scan(self) -> None:
        """Offer what fits another scan."""
        self.psf.menu.refresh()
        self.sharp.refresh()

    def leave(self) -> None:
        """Follow the chosen layers no more."""
        for menu in (self.scan, self.psf.menu, self.sharp):
            menu.leave()

    def _scan_options(self) -> list[tuple[str, Any]]:
        taken = self._psf_menu.value if self._psf_menu and self._psf_menu.decided else None
        offered = (layer for layer in images(self._viewer.layers) if layer is not taken)
        return [(layer.name, layer) for layer in offered]

    def _guess_scan(self, _: Any) -> Image | None:
        psf = None if self._psf_menu is None else self._psf_menu.value
        return likely_image(self._viewer.layers, psf)

    def _sharp_options(self) -> list[tuple[str, Any]]:
        taken = (self.scan.value, self.psf.menu.value)
        layers = [
            (layer.name, layer)
            for layer in images(self._viewer.layers)
            if not layer.rgb and not any(layer is one for one in taken)
        ]
        folder = Path(self.folder).name if self.folder else "a folder of pictures …"
        return [("drawn scenes (no pictures)", SCENES), *layers, (folder, FOLDER)]
