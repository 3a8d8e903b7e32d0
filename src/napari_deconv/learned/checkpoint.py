"""A training run on disk: written whole or not at all, so that it can be cut off at any time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch


def write(path: Path, state: dict[str, Any]) -> None:
    """Write a state to a file that is never seen half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".writing")
    with fresh.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())  # or a power cut leaves the new name with nothing behind it
    os.replace(fresh, path)


def read(path: Path) -> dict[str, Any]:
    """Read a state; nothing in the file is run.

    Raises
    ------
    ValueError
        If the file is no checkpoint.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises what its unpickler stumbles over
        raise ValueError(f"{path.name} is no checkpoint of a training run: {error}") from None
    return state
