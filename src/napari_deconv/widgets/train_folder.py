"""The folder that a training is kept in: whether it is free, its plan, and what is taken back."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv.learned.job import TrainingPlan
from napari_deconv.learned.sittings import RUN
from napari_deconv.trainer import BEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

PLAN, SHARP, PSF = "plan.yaml", "sharp.npy", "psf.npy"
"""Files that a folder is given; the checkpoints come beside them."""
WRITING = ".writing"
"""What a plan's name ends with until it is whole."""


def fresh_folder() -> Path:
    """Return a folder of the user's that does not exist yet."""
    return Path.home() / "napari-deconv" / time.strftime("training %Y-%m-%d %H.%M.%S")


def holds_training(folder: Path) -> bool:
    """Return whether a folder holds a plan, with which a training goes on."""
    return os.path.isfile(folder / PLAN)  # False also where nobody may look


def check_free(folder: Path) -> None:
    """Refuse a folder with files in it, which a training would overwrite; hidden ones aside.

    Raises
    ------
    ValueError
        In one sentence.
    """
    if not os.path.isdir(folder):
        return
    try:
        others = any(not name.startswith(".") for name in os.listdir(folder))
    except OSError as error:
        raise ValueError(f"{folder} can't be read: {error.strerror}.") from None
    if others:
        raise ValueError(f"{folder} holds other files: choose a new or empty folder.")


def made(folder: Path) -> None:
    """Make a folder where there is none.

    Raises
    ------
    ValueError
        In one sentence, if it can't be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{folder} can't be made: {error.strerror}.") from None


def begun(folder: Path, arrays: Mapping[str, NDArray[Any]], plan: TrainingPlan) -> Path:
    """Write arrays and a plan into a free folder, and return the plan's file.

    Raises
    ------
    ValueError
        In one sentence, if they can't be written; then nothing is left.
    """
    try:
        for name, array in arrays.items():
            np.save(folder / name, array)
        _write(folder / PLAN, _text(plan))
    except OSError as error:
        withdraw(folder)
        raise ValueError(f"{folder} can't be written: {error.strerror}.") from None
    return folder / PLAN


def again(folder: Path, minutes: float) -> Path:
    """Return the plan of a folder whose training goes on, with another end.

    Raises
    ------
    ValueError
        If there is none, or it can't be written.
    """
    from napari_deconv.cli_train import planned

    path = folder / PLAN
    if not holds_training(folder):
        raise ValueError(f"{folder} holds no training to go on with.")
    plan = planned(path)
    wanted = plan.model_copy(update={"minutes": minutes, "steps": None})
    if plan == wanted:
        return path
    try:
        _write(path, _edited(path.read_text(encoding="utf-8"), wanted))
    except OSError as error:
        raise ValueError(f"{folder} can't be written: {error.strerror}.") from None
    return path


def withdraw(folder: Path) -> None:
    """Take the plan back where nothing was learned by it, so that another can be begun."""
    if os.path.isfile(folder / RUN) or os.path.isfile(folder / BEST):
        return
    for name in (PLAN, Path(PLAN).with_suffix(WRITING).name, SHARP, PSF):
        with suppress(OSError):
            (folder / name).unlink(missing_ok=True)


def _edited(text: str, wanted: TrainingPlan) -> str:
    """Return a plan's text with another end; what a user noted in it stays, where it can."""
    from napari_deconv.recipe_file import parse_yaml

    edited = re.sub(r"(?m)^(minutes|steps):.*\n?", "", text).rstrip("\n")
    edited += f"\nminutes: {wanted.minutes}\n"
    try:
        if TrainingPlan(**parse_yaml(edited)) == wanted:
            return edited
    except Exception:  # it was no list of lines: whatever the parser says of it
        return _text(wanted)
    return _text(wanted)


def _text(plan: TrainingPlan) -> str:
    import yaml

    text: str = yaml.safe_dump(plan.plain(), sort_keys=False)
    return text


def _write(path: Path, text: str) -> None:
    """Write a text to a file that is never seen half written."""
    fresh = path.with_suffix(WRITING)
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
