"""What a training tells of itself, one JSON object a line, and how that is read again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

Ending = Literal["done", "stopped"]

BLURRED, TV, SHIPPED, OWN = "blurred", "TV, automatic", "shipped model", "this model"
"""Rows of the table: pictures as they are, and by each method."""


@dataclass(frozen=True)
class Begun:
    """Plan and images were understood, and learning begins or goes on.

    Attributes
    ----------
    said : str
        What is trained on what, in a sentence.
    device : str
    done, total : float
        Steps or seconds of the whole plan.
    step : int
        Steps that were done before.
    """

    said: str
    device: str
    done: float
    total: float
    step: int


@dataclass(frozen=True)
class Comparing:
    """Total variation with automatic weight restores what was kept apart."""

    index: int
    total: int


@dataclass(frozen=True)
class Learned:
    """How far learning is.

    Attributes
    ----------
    step : int
    done, total : float
        Steps or seconds of the whole plan.
    left : float
        Seconds on the wall that the rest will take.
    loss : float
        Mean since the last such event.
    cooling : bool
    """

    step: int
    done: float
    total: float
    left: float
    loss: float
    cooling: bool


@dataclass(frozen=True)
class Validated:
    """How the model does on what was kept apart, in dB.

    Attributes
    ----------
    step : int
    restored : float
    others : dict of str to float
        PSNR of the pictures as they are, and by other methods.
    best : bool
        Whether no look before was better; the model is kept.
    preview : str
        File (npy) with one picture (H, W) of panels side by side: blurred, TV, restored, sharp.
    """

    step: int
    restored: float
    others: dict[str, float]
    best: bool
    preview: str


@dataclass(frozen=True)
class Done:
    """It ended, and the best model is there.

    Attributes
    ----------
    ending : {"done", "stopped"}
    model : str
        Its file.
    card : dict
    table : dict of str to float
        PSNR in dB by method, of the pictures that it is judged by.
    pictures : int
        How many.
    hard : str
        What was hard, in words; empty if not measured.
    error : float
        Standard error of how far it is above the best of the others, in dB; 0 if not known.
    picked : bool
        Whether the same pictures picked it: then it looks better on them than it is.
    """

    ending: Ending
    model: str
    card: dict[str, Any]
    table: dict[str, float]
    pictures: int
    hard: str = ""
    error: float = 0.0
    picked: bool = False


@dataclass(frozen=True)
class Refused:
    """One sentence on what is wrong."""

    text: str


Event = Begun | Comparing | Learned | Validated | Done | Refused
_KINDS: dict[str, type[Any]] = {
    kind.__name__.lower(): kind for kind in (Begun, Comparing, Learned, Validated, Done, Refused)
}


def line(event: Event) -> str:
    """Return an event as one line of JSON."""
    return json.dumps({"event": type(event).__name__.lower(), **asdict(event)}, allow_nan=False)


def parse(text: str) -> Event | None:
    """Return the event of a line; None if the line is none."""
    try:
        plain = json.loads(text)
        kind = _KINDS[plain.pop("event")]
        event: Event = kind(**plain)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return event
