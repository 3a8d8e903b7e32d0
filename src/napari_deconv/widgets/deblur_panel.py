"""What the Deblur dock shows: one column, read from top to bottom as one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_deconv.core.units import PixelSize
from napari_deconv.methods.variational import TotalVariationModel
from napari_deconv.recipe import Recipe
from napari_deconv.registry import choices
from napari_deconv.widgets.before_after import KEY
from napari_deconv.widgets.burst import FramesChoice
from napari_deconv.widgets.column import CalmFields, Column, Line, Scroll, Yielding
from napari_deconv.widgets.controls import Controls
from napari_deconv.widgets.deblur_lists import DeblurLists
from napari_deconv.widgets.evidence_bar import EvidenceBar
from napari_deconv.widgets.form import FamilyForm
from napari_deconv.widgets.invitation import Invitation
from napari_deconv.widgets.more import More
from napari_deconv.widgets.noise_line import NoiseLine
from napari_deconv.widgets.opinion import OpinionBox
from napari_deconv.widgets.plot import ConvergencePlot
from napari_deconv.widgets.psf_width import PsfWidth
from napari_deconv.widgets.question import Question
from napari_deconv.widgets.region import RegionChoice
from napari_deconv.widgets.save_bar import SaveBar
from napari_deconv.widgets.slices_choice import SlicesChoice
from napari_deconv.widgets.strength_curve import StrengthCurve
from napari_deconv.widgets.verdict_line import VerdictLine

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_deconv.widgets.order import Begun, Choosing, Noted, View
    from napari_deconv.widgets.source import Source


class DeblurPanel(QWidget):
    """The fields, buttons and lines of the Deblur dock.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    last : callable
        Returns the layer of the last run, or None.

    Attributes
    ----------
    changed : Signal
        Anything that a run depends on was edited.
    companions : callable
        See `DeblurLists`.
    """

    changed = Signal()

    def __init__(self, viewer: ViewerModel, last: Callable[[], Image | None]) -> None:
        super().__init__()
        self.invitation = Invitation(viewer)
        self._plane: tuple[Image, tuple[int, ...]] | None = None
        self._lists = lists = DeblurLists(viewer)
        self.image, self.psf, self.reference = lists.image, lists.psf, lists.reference
        self.companions = lists.companions
        self.image_line = Line("image_line")
        self.frames = FramesChoice(viewer)
        self.slices = SlicesChoice()
        self.method = FamilyForm("method", "Method", TotalVariationModel())
        self.method_line = NoiseLine(self.method)
        self.curve = StrengthCurve(self.method)
        self.opinion = OpinionBox()
        self.region = RegionChoice(viewer)
        self.more = More(lists.weights)
        self.question = Question("attenuation", yes="Deblur anyway")
        self.controls = Controls()
        self.notes = Line("notes")
        self.plot = ConvergencePlot()
        self.verdict = VerdictLine()
        self.evidence = EvidenceBar()
        self.psf_width = PsfWidth()
        self.hint = Line("hint", f"Hold {KEY} to see the input in place of the result.")
        self.saving = SaveBar(viewer, last)
        self._lay_out()
        self._connect()
        self.more.fit(self._method_class())

    def source(self) -> Source:
        """Return the plane to restore, the frames of a burst over it, or the stack around it.

        Raises
        ------
        ValueError
            In one sentence, if there is no image or it can't be restored.
        """
        return self.slices.of(self.frames.of(self._lists.source()))

    def recipe(self) -> Recipe:
        """Return what the fields say, without the array of a PSF layer.

        Raises
        ------
        ValueError
            In one sentence, if a field is wrong.
        """
        psf, size = self.psf.value, self._pixel_size()
        return Recipe(
            psf=None if isinstance(psf, Image) else psf,
            method=self.method.value,
            pixel_size=None if size is None else str(size),
            burst=self.frames.burst,
            **self.more.parts,
        )

    def show_recipe(self, recipe: Recipe) -> None:
        """Fill the fields from a recipe; a PSF that is an array stays a layer's."""
        self.method.value = recipe.method
        self.more.show_parts(recipe)
        if recipe.psf is not None and recipe.psf.key() in self.psf.shapes:
            self.psf.value = recipe.psf

    def follow_layers(self) -> None:
        """Look again at the viewer's layers, and keep what the user chose."""
        self._lists.refresh()
        self.region.menu.refresh()
        self.explain()

    def explain(self, *_: Any) -> None:
        """Say what is understood of every choice."""
        self.frames.look(self._plane_shown())
        self.slices.look(None if self.frames.burst else self._plane_shown())
        try:
            source = self.source()
            self.image_line.say(source.summary())
        except ValueError as error:
            source = None
            self.image_line.say("" if self.image.value is None else str(error), "error")
        plane = None if source is None else (source.layer, source.slice_index)
        if plane != self._plane:
            self._plane = plane
            self._forget()
            self.curve.forget()
        empty = self.image.value is None
        self.invitation.setVisible(empty)
        if empty:
            self.invitation.line.say("No image yet: drop one on the window, or")
        self.region.explain(source)
        self._look_at_psf()
        self.changed.emit()

    def look_at_data(self) -> None:
        """Take back what was measured of the image before its data changed."""
        self._plane = None
        self.explain()

    def begin_run(self) -> None:
        """Clear what was said of the last run."""
        self._forget()
        self.saving.line.say("")
        self.question.hide()
        self.plot.hide()

    def show_begun(self, begun: Begun) -> None:
        """Say what was measured, mended and found."""
        self.controls.expect(begun.total)
        self.show_chosen(begun.recipe)
        self.notes.say("\n".join(filter(None, (begun.forecast, *begun.notes))))

    def show_noted(self, noted: Noted) -> None:
        """Say what happened on the way."""
        self.controls.expect(noted.total)
        self.notes.say("\n".join(noted.notes))

    def show_choosing(self, choosing: Choosing) -> None:
        """Show how far the search for a strength is."""
        self.controls.status.say(f"{choosing} …", "plain")
        if choosing.curve is not None:
            self.curve.show_curve(choosing.curve)

    def show_chosen(self, recipe: Recipe) -> None:
        """Say what the noise is, and what strength was found how."""
        method = recipe.method
        values = {name: getattr(method, name) for name in method.parameters()}
        known = {name: value for name, value in values.items() if value != "auto"}
        self.method.show_found(known)
        self.method_line.tell(recipe)
        if recipe.curve is not None:
            self.curve.show_curve(recipe.curve)
        if not method.automatic():
            known_truth = self.reference.value is not None
            self.plot.begin(self.controls.bar.maximum(), with_psnr=known_truth)

    def show_view(self, view: View, source: Source) -> None:
        """Show how far the run is, in the bar, the status line and the plot."""
        self.controls.show_view(view, self.prefix(source))
        self.plot.add(view.index, view.objective, None if view.psnr is None else view.psnr.value)

    def prefix(self, source: Source, ending: str = "") -> str:
        """Return what stands before the figures: how the run ended, which slice."""
        parts = [ending] if ending else []
        if source.slice_index:
            parts.append("only slice " + ", ".join(map(str, source.slice_index)))
        return " · ".join([*parts, ""]) if parts else ""

    def join(self) -> None:
        """Follow the viewer: the dock opens, or is put back."""
        self.region.join()
        self.follow_layers()

    def leave(self) -> None:
        """Let threads end: the dock is closing."""
        self._plane = None
        self.psf.understanding.close_down()
        self.frames.leave()
        self.region.leave()
        self._lists.leave()

    def _method_class(self) -> Any:
        return choices("method")[self.method.key]

    def _plane_shown(self) -> Source | None:
        """Return the plane on display; None where there is none to restore."""
        try:
            return self._lists.source()
        except ValueError:
            return None

    def _pixel_size(self) -> PixelSize | None:
        try:
            return self.source().pixel_size
        except ValueError:
            return None

    def _look_at_psf(self) -> None:
        try:
            centre = self.more.fields.parameters["centre"]
        except ValueError:
            centre = "middle"
        axes = 2 if self.frames.burst is None else 3  # the frames of a burst may have one each
        self.psf.look(centre, self._pixel_size(), axes)

    def _place_psf(self) -> None:
        """Tell the PSF's line how large image and region are."""
        try:
            source = self.source()
            region = self.region.of(source)
        except ValueError:
            self.psf.understanding.lie_on(None)
            return
        sides = source.shape if region is None else tuple(p.stop - p.start for p in region)
        self.psf.understanding.lie_on((source.shape, sides))

    def _centre_psf(self) -> None:
        self.more.fields.parameters = {"centre": "centroid"}

    def _forget(self) -> None:
        """Take back what was measured of an image, for it is another one now."""
        for line in (self.notes, self.verdict, self.method_line):
            line.say("")
        self.controls.forget()
        self.psf_width.forget()
        self.evidence.forget()

    def _change_image(self) -> None:
        """Offer what fits another image."""
        self._lists.fit_image()
        self.explain()

    def _change_method(self) -> None:
        self.more.fit(self._method_class())
        self.opinion.fit(self._method_class())
        self.changed.emit()

    def _change_psf(self) -> None:
        self.curve.forget()
        self._look_at_psf()
        self.changed.emit()

    def _tell(self, *_: Any) -> None:
        self.changed.emit()

    def _connect(self) -> None:
        self.image.picked.connect(self._change_image)
        self.image.altered.connect(self.look_at_data)
        self.psf.menu.picked.connect(self.image.refresh)
        self.psf.changed.connect(self._change_psf)
        self.psf.understanding.centring_asked.connect(self._centre_psf)
        self.frames.changed.connect(self.explain)
        self.slices.changed.connect(self.explain)
        self.reference.picked.connect(self._tell)
        self.reference.altered.connect(self._tell)
        self.method.changed.connect(self._change_method)
        self.region.changed.connect(self._tell)
        self.region.looked.connect(self._place_psf)
        self.more.changed.connect(self._change_psf)
        self.more.said.connect(lambda text: self.controls.status.say(text, "plain"))
        self.invitation.failed.connect(lambda text: self.controls.status.say(text, "error"))

    def _lay_out(self) -> None:
        column = Column(margin=6)
        column.wide(self.invitation)
        column.row("Image", self.image)
        column.beneath(self.image_line)
        column.wide(self.frames)
        column.wide(self.slices)
        column.row("PSF", self.psf.menu)
        column.wide(self.psf.forms.native)
        column.beneath(self.psf.understanding)
        column.row("Reference", self.reference)
        column.wide(self.method.native)
        column.wide(self.opinion)
        column.beneath(self.method_line)
        column.wide(self.curve)
        column.row("Region", self.region.menu)
        column.beneath(self.region.line)
        below = (self.more, self.notes, self.plot, self.psf_width, self.saving, self.hint)
        for widget in below:
            column.wide(widget)
        column.end()
        pinned = Column(margin=6)  # in sight however low the dock is
        pinned.wide(self.question)
        pinned.wide(self.controls)
        pinned.wide(Yielding(self.verdict))
        pinned.wide(self.evidence)
        self._calm = CalmFields(column, KEY)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(Scroll(column), 1)
        layout.addWidget(pinned)
