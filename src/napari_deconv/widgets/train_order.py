"""What the Train dock asks for, made into a folder with a plan for the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_deconv.core.noise import poisson_gaussian
from napari_deconv.learned.job import TrainingPlan
from napari_deconv.widgets.train_folder import PSF, SHARP, begun, check_free, made

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Fetch = Callable[[], NDArray[Any]]

DARKEST, WHITEST = 0.1, 99.9
"""Percentiles of a scan's grey values; the latter is taken for the open beam."""
FAR, BELOW = 0.5, -0.1
"""Shares of the open beam beyond which the darkest is far from 0: an offset, signed values, or an
object that lets most of the beam through. Else 0 stands for no beam."""

Noise = tuple[float, float] | Literal["found", "any"]


@dataclass(frozen=True)
class TrainOrder:
    """What to train; arrays are fetched in a thread, for they may lie in files.

    Attributes
    ----------
    folder : Path
    minutes : float
    psf : callable
        Returns the PSF at the pixels of the scan.
    scan : callable or None
        Returns a scan of the scanner that the model is for.
    noise : tuple of float, "found" or "any"
        Gain and read noise, in grey values of the scan; or measured in it; or of any size.
    sharp : callable, str or None
        Returns sharp pictures; or a folder of them; or None for drawn scenes.
    start : str
        Model to begin as; empty for none.
    title : str
    settings : dict
        What the training is told beyond that.
    """

    folder: Path
    minutes: float
    psf: Fetch
    scan: Fetch | None = None
    noise: Noise = "found"
    sharp: Fetch | str | None = None
    start: str = ""
    title: str = "own model"
    settings: dict[str, Any] = field(default_factory=dict)

    def write(self, called_off: Callable[[], bool] = lambda: False) -> Path | None:
        """Fetch what lies in layers, measure the noise, and return the plan's file.

        Parameters
        ----------
        called_off : callable
            Asked between what is read; once it says so, no plan is written and None returned.

        Raises
        ------
        ValueError
            In one sentence, if something can't be used.
        """
        check_free(self.folder)
        made(self.folder)
        plan = self._measured()
        if called_off():
            return None
        arrays = {PSF: np.asarray(self.psf(), np.float32)}
        if callable(self.sharp):
            arrays[SHARP] = np.asarray(self.sharp())
        if called_off():
            return None
        return begun(self.folder, arrays, self._plan(plan))

    def _plan(self, measured: dict[str, float]) -> TrainingPlan:
        images = str(self.folder / SHARP) if callable(self.sharp) else self.sharp
        return TrainingPlan(
            title=self.title,
            images=() if images is None else (images,),
            psf=str(self.folder / PSF),
            start=self.start,
            folder=str(self.folder),
            out=str(self.folder / "model.safetensors"),
            minutes=self.minutes,
            clock="wall",
            training=self.settings,
            **measured,
        )

    def _measured(self) -> dict[str, float]:
        """Return what a plan is told of the scan: gain, read noise, black and white."""
        if self.noise == "any":
            return {}
        if self.scan is None:
            raise ValueError("There is no scan whose noise can be learned: choose any noise.")
        image = np.asarray(self.scan(), np.float32)
        black, white = levels(image)
        gain, read = found_noise(image) if isinstance(self.noise, str) else self.noise
        return {"gain": gain, "read": read, "black": black, "white": white}


def levels(scan: NDArray[Any]) -> tuple[float, float]:
    """Return the grey values of a scan that are 0 and 1 in drawn scenes.

    Raises
    ------
    ValueError
        In one sentence, if it shows nothing.
    """
    finite = scan[np.isfinite(scan)]
    if not finite.size:
        raise ValueError("The scan holds NaN or infinite values alone: choose another.")
    darkest, white = (float(np.percentile(finite, share)) for share in (DARKEST, WHITEST))
    if not white > darkest:
        raise ValueError("The scan is all of one grey value: choose one that shows something.")
    far = darkest > FAR * white or darkest < BELOW * white
    return (darkest if far else 0.0), white


def found_noise(image: NDArray[Any]) -> tuple[float, float]:
    """Return gain and read noise that a scan shows; NaN and infinite values are left out."""
    values = np.asarray(image, np.float32)
    finite = np.isfinite(values)
    gain, read = poisson_gaussian(values, None if finite.all() else finite)
    return float(gain), float(read)
