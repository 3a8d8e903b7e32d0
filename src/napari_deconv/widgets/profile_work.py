"""The computing behind the Profiles dock: away from the screen, the newest task first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject

from napari_deconv.evidence.stroke import SAMPLES_PER_PIXEL, path_length
from napari_deconv.widgets.profile_curves import (
    Curves,
    Line,
    Trace,
    trace_lines,
    trace_reblurred,
)
from napari_deconv.widgets.profile_figures import Row, image_figures, measure
from napari_deconv.widgets.profile_jobs import Latest
from napari_deconv.widgets.profile_planes import Plane
from napari_deconv.widgets.profile_store import ImageFigures, Store

if TYPE_CHECKING:
    from napari.layers import Image

CURVES_PAUSE = 0.03
"""Seconds between two updates of the curves: 20 a second and more follow a mouse."""

MOST_PLACES = 20_000
"""Places of a line up to which it is read in the window's own thread."""

QUICK = 0.03
"""Seconds of processor time that curves may take of the window's own thread at a time."""

FIGURES_PAUSE = 0.25
"""Seconds between two updates of the table: faster cannot be read."""

BLUR_REST, FIGURES_REST, IMAGES_REST = 3.0, 5.0, 6.0
"""Times that re-blurring, the table, and figures of whole images took, from one start to the next:
the rest is left to curves that follow a mouse, and to a running deconvolution."""


@dataclass(frozen=True)
class Receivers:
    """Whom results are handed to, in the GUI thread.

    Attributes
    ----------
    curves, rows, images, error : callable
    """

    curves: Callable[[Curves], None]
    rows: Callable[[list[Row], str], None]
    images: Callable[[dict[Image, ImageFigures | None]], None]
    error: Callable[[BaseException], None]


@dataclass(frozen=True)
class Task:
    """What is to be computed; no worker reads a layer.

    Attributes
    ----------
    lines : sequence of Line
    planes : sequence of Plane
    reblurred : bool
        Whether results are blurred again.
    """

    lines: Sequence[Line] = ()
    planes: Sequence[Plane] = ()
    reblurred: bool = True


class ProfileWork:
    """Traces lines, blurs results again, measures curves and compares whole images.

    Parameters
    ----------
    parent : QObject
        Whose end is the end of all deliveries.
    receivers : Receivers
        Bound methods of the parent.

    Attributes
    ----------
    traced : Curves
        All curves but the re-blurred ones.
    """

    def __init__(self, parent: QObject, receivers: Receivers) -> None:
        self._receivers = receivers
        self._store = Store()
        self.traced = Curves()
        self._again: dict[int, tuple[Trace, ...]] = {}
        self._keys: tuple[Any, ...] = ()
        self.executor = ThreadPoolExecutor(3, thread_name_prefix="napari-deconv-profiles")
        start = partial(Latest, parent, self.executor)
        fail = receivers.error
        self._tracing = start(self._on_traced, fail, CURVES_PAUSE, rest=1.0, quick=QUICK)
        self._blurring = start(self._on_blurred, fail, CURVES_PAUSE, rest=BLUR_REST)
        self._measuring: Latest[tuple[list[Row], str]] = start(
            lambda done: receivers.rows(*done), fail, FIGURES_PAUSE, rest=FIGURES_REST
        )
        self._comparing = start(receivers.images, fail, FIGURES_PAUSE, rest=IMAGES_REST)
        self._jobs: tuple[Latest[Any], ...] = (
            self._tracing,
            self._blurring,
            self._measuring,
            self._comparing,
        )

    @property
    def curves(self) -> Curves:
        """All curves as they are known now, the re-blurred ones of each line last."""
        return self.traced.joined(self._again)

    @property
    def idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return all(job.idle for job in self._jobs)

    def submit(self, task: Task) -> None:
        """Compute as soon as there is time, instead of what still waits."""
        blurred = self._wants_blur(task)
        trace = partial(trace_lines, task.lines, task.planes, self._store)
        self._tracing.submit(trace, reads_little(task))
        if blurred:
            self._blurring.submit(partial(trace_reblurred, task.lines, task.planes, self._store))
        else:
            self._blurring.drop()
        keys = _keys(task.planes)
        if keys != self._keys:
            self._keys = keys
            self._comparing.submit(partial(image_figures, task.planes, self._store))

    def compute(self, task: Task) -> None:
        """Compute everything here and now, for a script that waits for it."""
        self.drop()
        self._keys = _keys(task.planes)
        if self._wants_blur(task):
            self._again = trace_reblurred(task.lines, task.planes, self._store)
        self.traced = trace_lines(task.lines, task.planes, self._store)
        self._receivers.curves(self.curves)
        self._receivers.rows(measure(self.traced, self._store), self.traced.unit)
        self._receivers.images(image_figures(task.planes, self._store))

    def drop(self) -> None:
        """Forget what waits and what runs."""
        for job in self._jobs:
            job.drop()

    def rest(self) -> None:
        """Forget what waits, and let go of all arrays."""
        self.drop()
        self._keys = ()
        self.traced, self._again = Curves(), {}
        self._store.keep(())

    def _wants_blur(self, task: Task) -> bool:
        """Whether results are to be blurred again; forget what was, where lines or results went."""
        wanted = task.reblurred and any(plane.made is not None for plane in task.planes)
        if not wanted or len(task.lines) != len(self.traced.lines):
            self._again = {}
        return wanted

    def _on_traced(self, curves: Curves) -> None:
        self.traced = curves
        self._receivers.curves(self.curves)
        self._measuring.submit(lambda: (measure(curves, self._store), curves.unit))

    def _on_blurred(self, again: dict[int, tuple[Trace, ...]]) -> None:
        if again or self._again:
            self._again = again
            self._receivers.curves(self.curves)


def reads_little(task: Task) -> bool:
    """Return whether all lines are narrow, and run over pixels in memory alone."""
    narrow = (_places(line, task.planes) <= MOST_PLACES for line in task.lines)
    return all(map(_in_memory, task.planes)) and all(narrow)


def _in_memory(plane: Plane) -> bool:
    return isinstance(plane.data, np.ndarray) and not isinstance(plane.data, np.memmap)


def _places(line: Line, planes: Sequence[Plane]) -> float:
    """Return about how many places a line reads in the finest plane."""
    finest = min(plane.pixel(axis) for plane in planes for axis in np.eye(2))
    return SAMPLES_PER_PIXEL * path_length(line.path) / finest * line.width


def _keys(planes: Sequence[Plane]) -> tuple[Any, ...]:
    return tuple((p.key, p.role, p.world_to_data.tobytes()) for p in planes)
