"""The Batch dock: a recipe over whole scans, by the command line's own engine, from napari."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QTemporaryDir, Signal
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_deconv.recipe import Recipe
from napari_deconv.widgets.batch_panel import BatchPanel
from napari_deconv.widgets.batch_plan import Plan, plan
from napari_deconv.widgets.batch_run import BatchRun
from napari_deconv.widgets.deblur import DeblurWidget
from napari_deconv.widgets.docks import open_docks
from napari_deconv.widgets.live_slice import LiveSlice
from napari_deconv.widgets.presence import Presence
from napari_deconv.widgets.profile_jobs import Latest
from napari_deconv.widgets.tone import sheet

if TYPE_CHECKING:
    import napari

    from napari_deconv.widgets.batch_plan import Planned, Results

    Asked = tuple[tuple[Path, ...], Results]

log = logging.getLogger(__name__)

LOOKING = "Looking at the scans …"
PAUSE = 0.3
"""Least seconds between two looks at scans and disk."""


def _planned(asked: Asked) -> tuple[Asked, Plan]:
    """Return a plan and what it is of."""
    return asked, plan(*asked)


class BatchWidget(QWidget):
    """The dock, which scripts may drive as well.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose Deblur dock may say the recipe, and which gets the results.
    parent : QWidget, optional

    Attributes
    ----------
    finished : Signal(str)
        A batch ended: ``"done"``, ``"stopped"``, ``"incomplete"`` or ``"failed"``.
    panel : BatchPanel
        The fields, buttons and lines.
    """

    finished = Signal(str)

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        self._presence = Presence(self, self._events, self._arrive, self._rest)
        self.setObjectName("batch")
        self.panel = BatchPanel()
        self._batch = BatchRun(self.panel, self)
        self._live = LiveSlice(self._viewer, self)
        self._plan: Plan | None = None
        self._wanted = False
        self._recipes = QTemporaryDir()
        self._executor: ThreadPoolExecutor | None = None
        self._latest: Latest[tuple[Asked, Plan]] | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.panel.changed.connect(self._change)
        self.panel.pressed.connect(self._press)
        self.panel.show_results.clicked.connect(self.show_results)
        self._batch.told.connect(self._hear)
        self._batch.ended.connect(self._end)
        self._presence.join()

    @property
    def scans(self) -> list[Path]:
        """What is to be restored: files and folders."""
        return self.panel.scans.paths

    @scans.setter
    def scans(self, paths: list[Path]) -> None:
        self.panel.scans.paths = [Path(path) for path in paths]

    @property
    def running(self) -> bool:
        """Whether a batch is at work or ending."""
        return self._batch.busy

    def use_recipe(self, path: str | Path) -> None:
        """Take a recipe from a file."""
        self.panel.file.setText(str(path))
        self.panel.from_file = True

    def recipe(self) -> Recipe:
        """Return the chosen recipe with its PSF.

        Raises
        ------
        ValueError
            In one sentence, if there is none, or it can't be.
        """
        if self.panel.from_file:
            if not self.panel.file.text().strip():
                raise ValueError("Choose a recipe file.")
            return Recipe.load(Path(self.panel.file.text().strip()).expanduser())
        docks = open_docks(self._viewer, DeblurWidget)
        if not docks:
            raise ValueError("Set up the Deblur dock first, or take a recipe from a file.")
        psf = docks[0].panel.psf
        fetch = psf.fetch()
        recipe = docks[0].recipe
        return recipe if fetch is None else recipe.with_psf(fetch(), psf.resampled_from)

    def look(self) -> None:
        """Look at scans and disk, in a thread, and say what will be done."""
        if self.running or not self._presence.joined:
            return
        if self._latest is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="batch")
            self._latest = Latest(self, self._executor, self._show_plan, self._complain, PAUSE)
        self._say_recipe()
        self._latest.submit(partial(_planned, (tuple(self.scans), self.panel.results)))

    def run(self) -> None:
        """Restore all scans, each from where an earlier run was cut off."""
        if not self.running:
            self._wanted = True
            self.panel.status.say(LOOKING, "plain")
            self.look()

    def stop(self) -> None:
        """End now; what is done stays."""
        self._batch.stop()

    def show_results(self, checked: bool = False) -> None:
        """Open what is restored as layers that read the slice that is looked at."""
        from napari_deconv.readers import scan_layers
        from napari_deconv.scans.opening import open_scan

        for path in self._batch.results:
            try:
                layers = scan_layers(open_scan(path))
            except ValueError as error:
                self.panel.status.say(str(error), "error")
                continue
            for data, arguments, _ in layers:
                self._viewer.add_image(data, **arguments)

    def event(self, event: QEvent | None) -> bool:
        """Say again what the recipe is when the mouse comes back: another dock may change it."""
        if event is not None and event.type() == QEvent.Type.Enter and not self.running:
            self._say_recipe()
        return bool(super().event(event))

    def _show_plan(self, answer: tuple[Asked, Plan]) -> None:
        asked, found = answer
        self._plan = found
        if self.running:
            return
        self.panel.scans.show_plan(found.scans)
        begun = any(scan.done for scan in found.scans)
        self.panel.show_running(False, begun and not self.panel.overwrite.isChecked())
        self.panel.plan_line.say(str(found) if any(s.shape for s in found.scans) else "")
        # A plan under way when Run was pressed may be of another folder: the next one comes.
        if self._wanted and asked == (tuple(self.scans), self.panel.results):
            self._wanted = False
            self._begin(found)

    def _begin(self, found: Plan) -> None:
        panel, path = self.panel, Path(self._recipes.path()) / "recipe.yaml"
        try:
            if not panel.folder.text().strip():
                raise ValueError("Choose a folder for the results.")
            recipe = self.recipe()
            if recipe.psf is None:
                raise ValueError("The recipe has no PSF; choose one in the Deblur dock.")
            if found.complaint:
                raise ValueError(found.complaint)
            panel.results.folder.mkdir(parents=True, exist_ok=True)
            recipe.save(path)
        except ValueError as error:
            panel.status.say(str(error), "error")
            return
        except OSError as error:
            panel.status.say(f"{error.filename} can't be made: {error.strerror}.", "error")
            return
        words = ["--dtype", panel.results.stored, "--workers", str(panel.workers.value())]
        if panel.overwrite.isChecked():
            words.append("--overwrite")
        self._batch.begin(path, found.scans, words)

    def _change(self) -> None:
        self.panel.scans.forget()
        self.panel.status.say("")
        self.look()

    def _say_recipe(self) -> None:
        """Say whose recipe it is; the Deblur dock may have changed since."""
        try:
            self.panel.recipe_line.say(described(self.recipe()))
        except ValueError as error:
            self.panel.recipe_line.say(str(error), "error" if self._wanted else "quiet")

    def _press(self) -> None:
        self.stop() if self.running else self.run()

    def _hear(self, scan: Planned, message: dict[str, Any]) -> None:
        if self.panel.live.isChecked():
            self._live.follow(scan, message)

    def _end(self, ending: str) -> None:
        self.look()
        self.finished.emit(ending)

    def _complain(self, error: BaseException) -> None:
        log.error("The scans could not be looked at", exc_info=error)
        self._wanted = False
        self.panel.status.say(f"The scans could not be looked at ({error!r}).", "error")

    def _events(self) -> list[tuple[Any, Any]]:
        return [(self._viewer.events.theme, self._paint)]

    def _arrive(self) -> None:
        self._paint()
        self.look()

    def _rest(self) -> None:
        """End what runs; it can go on later."""
        self._batch.abandon()
        self._live.close_down()
        if self._latest is not None and self._executor is not None:
            self._latest.drop()
            self._executor.shutdown(wait=False)
        self._latest = self._executor = None

    def _paint(self, event: Any = None) -> None:
        self.setStyleSheet(sheet(self._viewer.theme))


def described(recipe: Recipe) -> str:
    """Return method, strength and PSF in one quiet line."""
    method = recipe.method
    told = ", ".join(f"{name} {value}" for name, value in method.plain().items() if name != "name")
    psf = "no PSF" if recipe.psf is None else f"PSF {recipe.psf.key()}"
    return f"{method.label} ({told}) · {psf}" if told else f"{method.label} · {psf}"
