"""What the Train dock asks for, made into a folder with a plan for the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_deconv.core.noise import poisson_gaussian
from napari_deconv.learned import scanner
from napari_deconv.learned.job import TrainingPlan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Fetch = Callable[[], NDArray[Any]]

PLAN, SHARP, PSF = "plan.yaml", "sharp.npy", "psf.npy"
"""Files that a folder is given; the checkpoints come beside them."""
WHITEST = 99.9
"""Percentile of a scan's grey values that is taken for the open beam."""

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
        import yaml

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"{self.folder} can't be made: {error.strerror}.") from None
        noise, white = self._measured()
        if called_off():
            return None
        np.save(self.folder / PSF, np.asarray(self.psf(), np.float32))
        images: tuple[str, ...] = ()
        if isinstance(self.sharp, str):
            images = (self.sharp,)
        elif self.sharp is not None:
            np.save(self.folder / SHARP, np.asarray(self.sharp()))
            images = (str(self.folder / SHARP),)
        if called_off():
            return None
        plan = TrainingPlan(
            title=self.title,
            images=images,
            psf=str(self.folder / PSF),
            gain=None if noise is None else noise[0],
            read=None if noise is None else noise[1],
            white=white,
            start=self.start,
            folder=str(self.folder),
            out=str(self.folder / "model.safetensors"),
            minutes=self.minutes,
            clock="wall",
            training=self.settings,
        )
        if self.start:
            plan = plan.replace(cooling=scanner.COOLING)
        path = self.folder / PLAN
        path.write_text(yaml.safe_dump(plan.plain(), sort_keys=False), encoding="utf-8")
        return path

    def _measured(self) -> tuple[tuple[float, float] | None, float]:
        """Return gain and read noise, and the grey value of the open beam."""
        if self.scan is None:
            return (None if isinstance(self.noise, str) else self.noise), 1.0
        image = np.asarray(self.scan(), np.float32)
        white = max(float(np.nanpercentile(image, WHITEST)), 1e-6)
        if self.noise == "any":
            return None, white
        if isinstance(self.noise, str):
            return found_noise(image), white
        return self.noise, white


def found_noise(image: NDArray[Any]) -> tuple[float, float]:
    """Return gain and read noise that a scan shows."""
    gain, read = poisson_gaussian(np.asarray(image, np.float32))
    return float(gain), float(read)


def again(folder: Path, minutes: float) -> Path:
    """Return the plan of a folder whose training goes on, with another end.

    Raises
    ------
    ValueError
        If there is none.
    """
    from napari_deconv.cli_train import planned

    path = folder / PLAN
    if not path.is_file():
        raise ValueError(f"{folder} holds no training to go on with.")
    import yaml

    plan = planned(path).model_copy(update={"minutes": minutes})
    path.write_text(yaml.safe_dump(plan.plain(), sort_keys=False), encoding="utf-8")
    return path
