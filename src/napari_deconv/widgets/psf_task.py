"""What the PSF dock has worked out in a thread: the blur in the boxes, or a shape, with curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_deconv.psf.kernel import understand
from napari_deconv.psf.line_spread import MODELS
from napari_deconv.psf.measure import MeasuredBlur, measure, models
from napari_deconv.psf.model_choice import criterion
from napari_deconv.psf.sampling import Psf
from napari_deconv.widgets.psf_curves import Drawing, of_fit, of_kernel
from napari_deconv.widgets.psf_look import described
from napari_deconv.widgets.psf_words import Scale, summary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_deconv.core.units import PixelSize


@dataclass(frozen=True)
class Answer:
    """A PSF, how it was measured (None: not at all), what is plotted and said of it."""

    psf: Psf
    blur: MeasuredBlur | None
    drawing: Drawing
    said: str


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be measured; it reads no layer and no widget.

    Attributes
    ----------
    fetch : callable
        Returns the picture; a lazy one reads its file then.
    boxes : sequence of ndarray
        Corners of each as (row, column) in pixels.
    shown : int
        The box whose curves are plotted.
    options : dict
        Passed to `measure`.
    scale : Scale
    """

    fetch: Callable[[], NDArray[Any]]
    boxes: Sequence[NDArray[Any]]
    shown: int
    options: dict[str, Any]
    scale: Scale

    def __call__(self) -> Answer:
        """Measure.

        Raises
        ------
        ValueError
            In one sentence, with the number of the box if there are several.
        """
        picture = self.fetch()
        try:
            blur = measure(picture, self.boxes, **self.options)
        except ValueError as error:
            raise ValueError(self._blamed(picture, str(error))) from None
        if not blur.fits:
            drawing = of_kernel(blur.psf.kernel(), self.scale)
            return Answer(blur.psf, blur, drawing, summary(blur, self.scale))
        kind, model = self.options["kind"], self.options["model"]
        drawing = of_fit(blur, self.shown, kind, model, self.scale)
        return Answer(blur.psf, blur, drawing, summary(blur, self.scale))

    def _blamed(self, picture: NDArray[Any], sentence: str) -> str:
        """Return the sentence with the number of the box that it is about."""
        if len(self.boxes) < 2:
            return sentence
        alone = {**self.options, "model": models(self.options["kind"])[0]}
        for number, box in enumerate(self.boxes, 1):
            try:
                measure(picture, [box], **alone)
            except ValueError as error:
                return f"Box {number}: {error}"
        return sentence


@dataclass(frozen=True)
class Best:
    """Which model fits the boxes best, with sloping levels or without."""

    task: Task

    def __call__(self) -> tuple[str, bool]:
        """Fit all of them and weigh their residuals against their parameters.

        Raises
        ------
        ValueError
            In one sentence, if none fits.
        """
        picture = self.task.fetch()
        found: dict[tuple[str, bool], float] = {}
        said = ""
        for model in MODELS:
            for sloping in (False, True):
                options = {**self.task.options, "model": model, "sloping": sloping}
                try:
                    blur = measure(picture, self.task.boxes, **options)
                except ValueError as error:
                    said = str(error)
                else:
                    found[model, sloping] = sum(criterion(fit, sloping) for fit in blur.fits)
        if not found:
            raise ValueError(said)
        return min(found, key=lambda choice: found[choice])


@dataclass(frozen=True)
class ShapeTask:
    """A shape that is to be sampled."""

    shape: Psf
    size: PixelSize | None
    scale: Scale

    def __call__(self) -> Answer:
        """Sample it.

        Raises
        ------
        ValueError
            In one sentence, if it needs a pixel size that is not known, or is too large.
        """
        kernel = self.shape.kernel(self.size)
        said = described(understand(kernel), "middle", self.size)
        return Answer(self.shape, None, of_kernel(kernel, self.scale), said)
