"""The Deblur dock: this image, with this PSF, by this method at this strength: Run."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_deconv.recipe import Recipe
from napari_deconv.widgets import order as told
from napari_deconv.widgets.before_after import BeforeAfter
from napari_deconv.widgets.deblur_panel import DeblurPanel
from napari_deconv.widgets.deblur_run import Running
from napari_deconv.widgets.presence import Presence
from napari_deconv.widgets.result import ResultLayer
from napari_deconv.widgets.stack_run import Filling, StackOrder
from napari_deconv.widgets.stack_source import StackSource
from napari_deconv.widgets.tone import sheet

if TYPE_CHECKING:
    import napari

    from napari_deconv.methods.method import Method
    from napari_deconv.psf.sampling import Psf
    from napari_deconv.storing import StoredType


class DeblurWidget(QWidget):
    """The dock, which scripts may drive as well.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers are offered and get the results.
    parent : QWidget, optional

    Attributes
    ----------
    finished : Signal(str)
        A run ended: ``"done"``, ``"stopped"``, ``"failed"`` or ``"asked"``.
    varied : Signal(str)
        So did a variation of the PSF's width.
    panel : DeblurPanel
        The fields, buttons and lines.
    """

    finished = Signal(str)
    varied = Signal(str)

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # napari hands plugins a proxy; the layers that its events bring are no proxies.
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        self._answered: WeakSet[Image] = WeakSet()
        self._presence = Presence(self, self._events, self._arrive, self._rest)
        self.setObjectName("deblur")
        self.panel = DeblurPanel(self._viewer, lambda: self.result_layer)
        self._running = Running(self.panel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._before_after = BeforeAfter(self._viewer, lambda: self._running.result)
        self._connect()
        self._presence.join()

    @property
    def image(self) -> Image | None:
        """The layer to restore; setting it counts as the user's choice."""
        return self.panel.image.value

    @image.setter
    def image(self, layer: Image) -> None:
        self.panel.image.value = layer

    @property
    def psf(self) -> Image | Psf:
        """The PSF: a layer, or a shape."""
        return self.panel.psf.value

    @psf.setter
    def psf(self, psf: Image | Psf) -> None:
        self.panel.psf.value = psf

    @property
    def reference(self) -> Image | None:
        """The layer that holds the truth, or None."""
        return self.panel.reference.value

    @reference.setter
    def reference(self, layer: Image | None) -> None:
        self.panel.reference.value = layer

    @property
    def method(self) -> Method:
        """The method with its parameters."""
        return self.panel.method.value  # type: ignore[return-value]

    @method.setter
    def method(self, method: Method) -> None:
        self.panel.method.value = method

    @property
    def region(self) -> Any:
        """What is restored: ``"whole"``, ``"visible"``, or a Shapes layer with a rectangle."""
        return self.panel.region.value

    @region.setter
    def region(self, region: Any) -> None:
        self.panel.region.value = region

    @property
    def all_slices(self) -> bool:
        """Whether all slices of a stack are restored, not only the one on display."""
        return self.panel.slices.all

    @all_slices.setter
    def all_slices(self, wanted: bool) -> None:
        self.panel.slices.all = wanted

    @property
    def recipe(self) -> Recipe:
        """What the fields say, without the array of a PSF layer.

        Raises
        ------
        ValueError
            In one sentence, if a field is wrong.
        """
        return self.panel.recipe()

    @recipe.setter
    def recipe(self, recipe: Recipe) -> None:
        self.panel.show_recipe(recipe)

    @property
    def result_layer(self) -> Image | None:
        """The layer of the last run; None before its first estimate."""
        result = self._running.result
        return None if result is None else result.layer

    @property
    def running(self) -> bool:
        """Whether a run, or work on its result, is under way, paused or stopping."""
        return self._running.busy

    def run(self) -> bool:
        """Start a run; return whether it could be, the status line says why not."""
        if self.running and not self._running.aside:
            self._complain("A run is under way; stop it before the next.")
            return False
        try:
            order, result = self._ordered()
        except ValueError as error:
            self._complain(str(error))
            return False
        self._running.begin(order, result)
        return True

    def vary_width(self) -> bool:
        """Restore the last result with the PSF narrower and wider; return whether that began.

        The band between these results is attached to the result's layer.
        """
        return self._running.vary()

    def map_residual(self) -> bool:
        """Show where the last result, blurred again, leaves what of the data, in sigma."""
        return self._running.map_residual()

    def doubt(self) -> bool:
        """Restore variants of the last result and show where they differ."""
        return self._running.doubt()

    def stop(self) -> None:
        """End the run after the iteration under way; its last estimate stays."""
        self._running.stop()

    def pause(self) -> None:
        """Hold the run after the iteration under way."""
        self._running.pause()

    def resume(self) -> None:
        """Go on with a run on hold."""
        self._running.resume()

    def save_result(self, path: str, dtype: StoredType = "float32") -> bool:
        """Write the selected or else the last result; the dock says where and what was lost."""
        return self.panel.saving.save_result(path, dtype)

    def save_recipe(self, path: str) -> bool:
        """Write the recipe of the selected or else the last result as YAML."""
        return self.panel.saving.save_recipe(path)

    def _connect(self) -> None:
        panel, controls = self.panel, self.panel.controls
        controls.run_asked.connect(self.run)
        controls.stop_asked.connect(self.stop)
        controls.pause_asked.connect(self.pause)
        controls.resume_asked.connect(self.resume)
        panel.psf_width.button.clicked.connect(self.vary_width)
        panel.evidence.residual.clicked.connect(self.map_residual)
        panel.evidence.sure.clicked.connect(self.doubt)
        self._running.ended.connect(self.finished)
        self._running.varied.connect(self.varied)
        panel.question.answered.connect(self._answer)
        panel.changed.connect(self._check)

    def _events(self) -> list[tuple[Any, Any]]:
        layers = self._viewer.layers.events
        follow = [layers.inserted, layers.removed, layers.reordered, layers.renamed]
        return [
            *((emitter, self._follow_layers) for emitter in follow),
            (self._viewer.dims.events.current_step, self.panel.explain),
            (self._viewer.dims.events.current_step, self._look_at_slice),
            (self._viewer.dims.events.order, self.panel.explain),
            (self._viewer.events.theme, self._paint),
        ]

    def _arrive(self) -> None:
        """Follow the viewer's layers, sliders, theme and key."""
        self._before_after.bind()
        self._paint()
        self.panel.join()

    def _rest(self) -> None:
        """Stop what runs and follow the viewer no more; its layers stay."""
        self._before_after.unbind()
        self._running.abandon()
        self.panel.leave()

    def _ordered(self) -> tuple[told.Order | StackOrder, ResultLayer]:
        """Return what the fields ask for and the layer it will fill."""
        source = self.panel.source()
        reference, weights = self.panel.companions(source)
        region = self.panel.region.of(source)
        order = told.Order(
            recipe=self.recipe,
            image=source.fetch,
            psf=self.panel.psf.fetch(),
            psf_pixel=self.panel.psf.resampled_from,
            remarks=self.panel.psf.remarks(source.pixel_size),
            reference=None if reference is None else reference.fetch,
            weights=None if weights is None else weights.fetch,
            device=self.panel.more.device,
            region=region,
            asked=source.layer in self._answered,
        )
        result = ResultLayer(self._viewer, source, region)
        result.psf_origin = self.panel.psf.origin
        result.weights = None if weights is None else weights.layer
        if isinstance(source, StackSource):
            return StackOrder(order, Filling(source, region)), result
        return order, result

    def _answer(self, anyway: bool) -> None:
        if not anyway:
            self.panel.controls.status.say("Cancelled.", "plain")
        elif self._running.result is not None:
            self._answered.add(self._running.result.source.layer)
            self.run()

    def _check(self) -> None:
        """Say at once what is wrong with the fields, and no longer once it is mended."""
        if self.running and not self._running.aside:
            with suppress(ValueError):  # what is half typed
                self._running.retune(self.method)
            return
        if self.image is None or not self._presence.joined:
            return
        self.panel.question.hide()
        try:
            self.panel.companions(self.panel.source())
            self.panel.recipe()
        except ValueError as error:
            self._complain(str(error))
        else:
            self.panel.controls.status.mend()

    def _look_at_slice(self, event: Any = None) -> None:
        self._running.look_at(self._viewer.dims)

    def _complain(self, text: str) -> None:
        self.panel.controls.status.say(text, "error")

    def _follow_layers(self, event: Any = None) -> None:
        gone = event is not None and event.type == "removed"
        if gone and event.value is self.result_layer:
            self._running.lose()
        self.panel.follow_layers()

    def _paint(self, event: Any = None) -> None:
        self.setStyleSheet(sheet(self._viewer.theme))
        self.panel.plot.paint(self._viewer.theme)
        self.panel.curve.paint(self._viewer.theme)
