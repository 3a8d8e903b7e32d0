"""The rows of the Train dock: for which scanner, from what, beginning as what, for how long."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QLineEdit, QPushButton, QVBoxLayout, QWidget

from napari_deconv.learned import model as models
from napari_deconv.learned import scanner
from napari_deconv.learned.degradation import Degradation
from napari_deconv.psf.checks import alike
from napari_deconv.psf.kernel import understand
from napari_deconv.psf.resampling import resampled
from napari_deconv.widgets.column import Column, Line, shrinking
from napari_deconv.widgets.correct_layers import CORRECTION
from napari_deconv.widgets.invitation import Invitation
from napari_deconv.widgets.naming import name_widget
from napari_deconv.widgets.source import Source
from napari_deconv.widgets.train_folder import check_free, fresh_folder, holds_training
from napari_deconv.widgets.train_lists import FOLDER, SCENES, TrainLists
from napari_deconv.widgets.train_order import Noise, TrainOrder
from napari_deconv.widgets.train_pictures import pictures_of, told
from napari_deconv.widgets.train_words import duration

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_deconv.core.units import PixelSize
    from napari_deconv.psf.sampling import Psf

FOUND, TYPED, ANY = "as found in the scan", "gain and read noise …", "any noise"
NO_SCAN = {
    FOUND: "Choose a grey scan, in which the noise is measured; or any noise.",
    TYPED: "Choose a grey scan, in whose grey values the noise is given; or any noise.",
}
"""What is said where a noise needs a scan and there is none."""
FIRST_MINUTES = 15.0
STARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "the model that ships": (models.SHIPPED, {}),
    "from scratch, nafnet: quick": ("", {"network": "nafnet"}),
    "from scratch, unrolled: data steps and networks in turn": ("", {"network": "unrolled"}),
    "from scratch, swinir: the study's, slow": (
        "",
        {"network": "swinir", "stages": 1, "width": 36, "depths": (4, 4), "heads": (6, 6)},
    ),
}
"""What a training begins as: a model, and what its networks are."""


class TrainChoices(QWidget):
    """What is chosen, and the line that says what will be done.

    Parameters
    ----------
    viewer : napari.components.ViewerModel

    Attributes
    ----------
    changed : Signal
    settings : dict
        What a script wants of the training beyond the rows: fields of `Training`.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self.settings: dict[str, Any] = {}
        self.invitation = Invitation(viewer)
        self._lists = lists = TrainLists(viewer)
        self.scan, self.psf, self.sharp = lists.scan, lists.psf, lists.sharp
        self.noise, self.begin = shrinking(QComboBox()), shrinking(QComboBox())
        self.noise.addItems([FOUND, TYPED, ANY])
        self.begin.addItems(list(STARTS))
        name_widget(self.noise, "train_noise", "What noise the model learns to live with.")
        name_widget(self.begin, "train_begin", "What the training begins as.")
        self.gain, self.read = (_field(n, n.split("_")[1]) for n in ("train_gain", "train_read"))
        self.minutes = _field("train_minutes", "minutes", f"{FIRST_MINUTES:g}")
        self.minutes.setToolTip("How long to train; it can be stopped, and goes on where it was.")
        self.folder = _field("train_folder", "folder", str(fresh_folder()))
        self.folder.setToolTip("Where checkpoints and model are kept.")
        self.sharp_line, self.noise_line, self.plan_line = (
            Line(name) for name in ("sharp_line", "train_noise_line", "train_plan")
        )
        self._lay_out()
        self._connect()

    @property
    def sharp_folder(self) -> str:
        """The folder of sharp pictures; setting it chooses it."""
        return self._lists.folder

    @sharp_folder.setter
    def sharp_folder(self, folder: str) -> None:
        self._lists.folder = folder
        self.sharp.refresh()
        self.sharp.value = FOLDER

    def order(self) -> TrainOrder:
        """Return what the rows ask for.

        Raises
        ------
        ValueError
            In one sentence, if a row is wrong.
        """
        source = self._source()
        psf, size = self.psf.value, None if source is None else source.pixel_size
        fetch = self.psf.fetch() or partial(cast("Psf", psf).kernel, size)
        own = self.psf.pixel_size if self.psf.resampled_from is not None else None
        start, network = STARTS[self.begin.currentText()]
        settings: dict[str, Any] = {"hard": scanner.HARD}
        if self.psf.measured:
            settings["degradation"] = {"jitter": scanner.KNOWN}
        if network:
            settings["architecture"] = dict(network)
        settings |= self.settings
        name = "scan" if source is None else source.layer.name
        return TrainOrder(
            folder=self.place(),
            minutes=self.time(),
            psf=partial(_understood, fetch, own, size),
            scan=None if source is None else source.fetch,
            noise=self._noise(),
            sharp=self._sharp(),
            start=start,
            title=f"for {name}",
            settings=settings,
        )

    def time(self) -> float:
        """Return for how many minutes a training learns, in all."""
        return _number(self.minutes, "Minutes")

    def place(self) -> Path:
        """Return the folder that a training is kept in."""
        text = self.folder.text().strip()
        if not text:
            raise ValueError("Name a folder that the training is kept in.")
        return Path(text).expanduser()

    def follow_layers(self) -> None:
        """Look again at the viewer's layers, and keep what the user chose."""
        self._lists.refresh()
        self.explain()

    def explain(self, *_: Any) -> None:
        """Say what is understood, and what will be done."""
        source = self._source()
        self.invitation.setVisible(source is None)
        if source is None:
            what = "No scan yet" if self.scan.value is None else "The scan is in colour"
            self.invitation.line.say(f"{what}: drop a grey one of your scanner on the window, or")
        typed = self.noise.currentText() == TYPED
        for field in (self.gain, self.read):
            field.setVisible(typed)
        self.noise_line.say(self._noise_words())
        self.sharp_line.say(self._sharp_words())
        self.psf.look("middle", None if source is None else source.pixel_size)
        self.plan_line.say(self._plan_words())
        self.changed.emit()

    def leave(self) -> None:
        """Let threads end: the dock is closing."""
        self.psf.understanding.close_down()
        self._lists.leave()

    def _source(self) -> Source | None:
        layer = self.scan.value
        return None if layer is None or layer.rgb else Source.of(layer, self._viewer.dims)

    def _noise(self) -> Noise:
        kind = self.noise.currentText()
        if kind in NO_SCAN and self._source() is None:
            raise ValueError(NO_SCAN[kind])
        if kind == TYPED:
            return _number(self.gain, "Gain", zero=True), _number(
                self.read, "Read noise", zero=True
            )
        if kind == ANY:
            return "any"
        return self._stored() or "found"

    def _stored(self) -> tuple[float, float] | None:
        """Return gain and read noise that the Correct dock measured for the scan."""
        layer = self.scan.value
        said = {} if layer is None else layer.metadata.get(CORRECTION) or {}
        model = said.get("fidelity") or {}
        if isinstance(model.get("gain"), float) and isinstance(model.get("read"), float):
            return model["gain"], model["read"]
        return None

    def _noise_words(self) -> str:
        kind, stored = self.noise.currentText(), self._stored()
        if kind in NO_SCAN and self._source() is None:
            return NO_SCAN[kind]
        if kind == TYPED:
            return "variance = gain × grey + read², in grey values of the scan"
        if kind == ANY:
            return "from next to none to very strong: needs longer"
        if stored is not None:
            return f"from its flats and darks: gain {stored[0]:.3g}, read noise {stored[1]:.3g}"
        return "gain and read noise are measured in it when training begins"

    def _sharp(self) -> Any:
        chosen = self.sharp.value
        if isinstance(chosen, Image):
            return partial(pictures_of, chosen)
        if chosen == FOLDER:
            if not self._lists.folder:
                raise ValueError("Choose the folder of sharp pictures.")
            return self._lists.folder
        return None

    def _sharp_words(self) -> str:
        chosen = self.sharp.value
        if isinstance(chosen, Image):
            said = told(chosen)
        elif chosen == FOLDER:
            said = f"{self._lists.folder}: a quarter is kept apart to test on"
        else:
            return "machine parts, welds, wires: drawn without end, tested on others"
        units = "; in other units than the scan, they are taken to span its grey values"
        return said if self.noise.currentText() == ANY else said + units

    def _plan_words(self) -> str:
        try:
            minutes, place = self.time(), self.place()
            if holds_training(place):
                return (
                    f"{place.name} holds a training: Resume goes on with it as it was begun; only "
                    "the minutes in all can be others. If they are nearly over, it settles at once."
                )
            check_free(place)
        except ValueError as error:
            return str(error)
        ships = self.begin.currentIndex() == 0
        who = "The model that ships learns more" if ships else "A new model learns"
        off = scanner.KNOWN if self.psf.measured else Degradation().jitter
        return (
            f"{who} for {duration(60 * minutes)}, beside what you do here: for this PSF, up to "
            f"{off:.0%} wider or narrower. It is saved every "
            f"minute to {place.name}; stop it when you like, the best so far stays. At the end it "
            "is compared with the model that ships and with TV on pictures it never saw."
        )

    def _pick_sharp(self) -> None:
        if self.sharp.value == FOLDER and not self._lists.folder:
            found = QFileDialog.getExistingDirectory(self, "Folder of sharp pictures")
            if found:
                self.sharp_folder = found
            else:
                self.sharp.value = SCENES
        self.explain()

    def _connect(self) -> None:
        self.scan.picked.connect(self._follow_scan)
        self.psf.menu.picked.connect(self.scan.refresh)
        self.psf.changed.connect(self.explain)
        self.sharp.picked.connect(self._pick_sharp)
        self.invitation.failed.connect(self.failed)
        for menu in (self.noise, self.begin):
            menu.currentIndexChanged.connect(self.explain)
        for field in (self.minutes, self.folder, self.gain, self.read):
            field.textEdited.connect(self.explain)

    def _follow_scan(self) -> None:
        self._lists.fit_scan()
        self.explain()

    def _lay_out(self) -> None:
        column = Column()
        column.wide(self.invitation)
        column.row("Scan", self.scan)
        column.row("PSF", self.psf.menu)
        column.wide(self.psf.forms.native)
        column.beneath(self.psf.understanding)
        column.row("Noise", self.noise, self.gain, self.read)
        column.beneath(self.noise_line)
        column.row("Learn from", self.sharp)
        column.beneath(self.sharp_line)
        column.row("Begin as", self.begin)
        column.row("Minutes", self.minutes)
        browse = QPushButton("…")
        name_widget(browse, "train_browse", "Choose the folder that the training is kept in.")
        browse.setMaximumWidth(30)
        browse.clicked.connect(self._browse)
        column.row("Kept in", self.folder, browse)
        column.wide(self.plan_line)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(column)

    def _browse(self) -> None:
        found = QFileDialog.getExistingDirectory(self, "Folder of the training")
        if found:
            self.folder.setText(found)
            self.explain()


def _field(name: str, spoken: str, text: str = "") -> QLineEdit:
    made = QLineEdit(text)
    name_widget(made, name, "")
    made.setAccessibleName(spoken)
    made.setPlaceholderText("" if text else spoken)
    return made


def _number(field: QLineEdit, what: str, *, zero: bool = False) -> float:
    """Return the number in a field.

    Raises
    ------
    ValueError
        In one sentence, if it is none, or not above 0.
    """
    try:
        value = float(field.text())
    except ValueError:
        value = -1.0
    if not (np.isfinite(value) and (value > 0 or (zero and value == 0))):
        raise ValueError(f"{what}: give a number above 0, not {field.text()!r}.")
    return value


def _understood(fetch: Any, own: PixelSize | None, wanted: PixelSize | None) -> NDArray[Any]:
    """Return a PSF with its centre in the middle and sum 1, at other pixels if both are known."""
    array = fetch()
    if own is not None and wanted is not None and not alike(own, wanted, 2):
        array = resampled(array, own, wanted)
    return understand(array).array
