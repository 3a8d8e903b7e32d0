"""Keep what is slow to get: parts of lazy planes, blurred blocks, profiles, figures of images."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from napari_deconv.evidence.blocks import Blocks, BlockStore
from napari_deconv.evidence.interpolation import ArrayPixels, Pixels, Taps
from napari_deconv.evidence.profile import Profile
from napari_deconv.evidence.reblurred import reblurred
from napari_deconv.evidence.reference import Psnr, peak, psnr, ssim
from napari_deconv.evidence.stroke import Stroke
from napari_deconv.widgets.profile_planes import Plane, PlaneKey
from napari_deconv.widgets.profile_recipe import Blurring, blurring

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_deconv.evidence.band import Band
    from napari_deconv.widgets.bands import BandTrace

Traced = TypeVar("Traced")

PLANES_KEPT = 8
"""Lazy planes without chunks that are kept once read."""

FIGURES_KEPT = 1024
"""Figures of lines and of whole images that are kept."""

PROFILES_KEPT = 1024
"""Profiles that are kept: those of 10 lines over 6 layers many times over."""

LINES_KEPT = 64
"""Lines whose traces are kept as they are."""

STROKES_KEPT, LONGEST_KEPT = 16, 12_000
"""Lines of which it is kept which pixels they read, and places up to which a line's are: 5 MB."""

WHOLE = 2**24
"""Pixels up to which a lazy plane is read whole, for its maximum and the figures of an image."""


class ImageFigures(NamedTuple):
    """How a whole plane compares with the reference.

    Attributes
    ----------
    psnr : Psnr
    ssim : float or None
        None for planes smaller than its window.
    """

    psnr: Psnr
    ssim: float | None


class Kept:
    """The results that were asked for last.

    Parameters
    ----------
    most : int
        How many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def once(
        self,
        key: Hashable,
        compute: Callable[[], Any],
        worth: Callable[[Any], bool] = lambda value: True,
    ) -> Any:
        """Return what is kept under a key; compute it if nothing is, and keep what is worth it."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        value = compute()
        if not worth(value):
            return value
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return value

    def drop(self, stale: Callable[[Hashable], bool]) -> None:
        """Let go of what is kept under stale keys."""
        with self._lock:
            for key in [key for key in self._kept if stale(key)]:
                del self._kept[key]


class Store:
    """Reads planes, and keeps what is slow to get of them."""

    def __init__(self) -> None:
        self._reading = threading.Lock()
        self._current: frozenset[tuple[int, int]] = frozenset()
        self._blocks = BlockStore()
        self._planes = Kept(PLANES_KEPT)
        self._figures = Kept(FIGURES_KEPT)
        self._profiles = Kept(PROFILES_KEPT)
        self._pictures = Kept(FIGURES_KEPT)
        self._lines = Kept(LINES_KEPT)
        self._strokes = Kept(STROKES_KEPT)

    def pixels(self, plane: Plane) -> Pixels:
        """Return the pixels of a plane; of a lazy one, only the chunks asked for are read."""
        if plane.role == "reblurred":
            return self._reblurred(plane)
        if isinstance(plane.data, np.ndarray):
            return ArrayPixels(plane.read())
        blocks = self._chunks(plane)
        return ArrayPixels(self._read_once(plane)) if blocks is None else blocks

    def whole(self, plane: Plane) -> NDArray[Any] | None:
        """Return all pixels of a plane, or None for a lazy one that is too large for that."""
        if isinstance(plane.data, np.ndarray):
            return plane.read()
        height, width = plane.shape
        if height * width > WHOLE:
            return None
        blocks = self._chunks(plane)
        if blocks is None:
            return self._read_once(plane)
        return blocks.box(slice(0, height), slice(0, width))

    def psf(self, plane: Plane) -> Blurring | None:
        """Return what a restored plane is to be blurred with, or None for any other plane."""
        made = plane.made
        if made is None:
            return None
        found: Blurring | None = self._figures.once(("psf", made.key), lambda: blurring(made))
        return found

    def profile(self, key: Hashable, compute: Callable[[], Profile]) -> Profile:
        """Return a profile that is kept, or compute it."""
        profile: Profile = self._profiles.once(key, compute)
        return profile

    def line(self, key: Hashable, trace: Callable[[], Traced]) -> Traced:
        """Return the traces of a line that are kept, or trace it."""
        traced: Traced = self._lines.once(key, trace)
        return traced

    def stroke(self, key: Hashable, find: Callable[[], tuple[Stroke, Taps]]) -> tuple[Stroke, Taps]:
        """Return which pixels a line reads, kept for pictures that change under it."""
        found: tuple[Stroke, Taps] = self._strokes.once(
            key, find, lambda found: bool(found[1].inside.size <= LONGEST_KEPT)
        )
        return found

    def figures(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """Return figures of a line that are kept, or compute them."""
        return self._figures.once(("line", key), compute)

    def bands(
        self, key: Hashable, bands: Sequence[Band], trace: Callable[[], tuple[BandTrace, ...]]
    ) -> tuple[BandTrace, ...]:
        """Return bands along a line that are kept, or trace them; other bands have another key."""
        of_these = key, tuple(id(band) for band in bands)
        kept = self._profiles.once(of_these, lambda: (tuple(bands), trace()))
        if any(one is not other for one, other in zip(kept[0], bands, strict=True)):
            return trace()  # another band lies where one lay in memory
        traced: tuple[BandTrace, ...] = kept[1]
        return traced

    def peak(self, reference: Plane) -> float | None:
        """Return K, or None for a reference that has none or is too large to be read whole."""
        found: float | None = self._figures.once(
            ("peak", reference.key), lambda: _peak(self.whole(reference))
        )
        return found

    def image(self, plane: Plane, reference: Plane) -> ImageFigures | None:
        """Return the figures of a whole plane, or None where the planes don't lie on each other."""
        if plane.shape != reference.shape or not _same_place(plane, reference):
            return None
        scale = self.peak(reference)
        if scale is None:
            return None
        found: ImageFigures | None = self._pictures.once(
            (plane.key, reference.key),
            lambda: _compare(self.whole(plane), self.whole(reference), scale),
        )
        return found

    def keep(self, planes: Sequence[Plane]) -> None:
        """Let go of what was computed of data that are no longer on display."""
        current = frozenset((plane.key.layer, plane.key.version) for plane in planes)
        if current == self._current:
            return
        self._current = current
        shown = self._planes, self._figures, self._profiles, self._pictures, self._lines
        for kept in (self._blocks, *shown):
            kept.drop(lambda key: any(k[:2] not in current for k in _plane_keys(key)))
        if not current:
            self._strokes.drop(lambda key: True)

    def _read_once(self, plane: Plane) -> NDArray[Any]:
        with self._reading:
            return np.asarray(self._planes.once(plane.key, plane.read))

    def _chunks(self, plane: Plane) -> Blocks | None:
        edges = chunk_edges(plane)
        if edges is None:
            return None
        made: Blocks = self._planes.once(
            ("chunks", plane.key),
            lambda: Blocks(edges, lambda boxes: _read(plane, boxes), self._blocks, plane.key),
        )
        return made

    def _reblurred(self, plane: Plane) -> Blocks:
        blur = self.psf(plane)
        assert blur is not None
        assert plane.made is not None
        blocks = None if isinstance(plane.data, np.ndarray) else self._chunks(plane)
        restored = ArrayPixels(self._read_once(plane)) if blocks is None else blocks
        key = ("reblurred", plane.key, plane.made.key)
        return reblurred(restored, blur.psf, blur.background, self._blocks, key)


def _plane_keys(key: Any) -> Iterator[PlaneKey]:
    """Yield the keys of planes inside a key."""
    if isinstance(key, PlaneKey):
        yield key
    elif isinstance(key, tuple):
        for part in key:
            yield from _plane_keys(part)


def chunk_edges(plane: Plane) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Return where the chunks of a lazy plane begin and end, or None if it names none."""
    chunks = getattr(plane.data, "chunks", None)
    if not isinstance(chunks, tuple) or len(chunks) < 2:
        return None
    edges = []
    for sizes, n in zip(chunks[-2:], plane.shape, strict=True):
        if isinstance(sizes, tuple):
            edges.append(np.array([0, *accumulate(sizes)], np.intp))
        else:
            edges.append(np.append(np.arange(0, n, int(sizes)), n).astype(np.intp))
    return edges[0], edges[1]


def _read(plane: Plane, boxes: Any) -> list[NDArray[Any]]:
    import dask

    parts = [plane.data[(*plane.index, *box)] for box in boxes]
    computed: tuple[Any, ...] = dask.compute(*parts)  # type: ignore[attr-defined,no-untyped-call]
    return [np.asarray(part) for part in computed]


def _same_place(one: Plane, other: Plane) -> bool:
    """Whether two planes lie on each other to a tenth of a pixel at their corners."""
    corners = np.array([[0, 0, 1], [0, one.shape[1], 1], [one.shape[0], 0, 1]], np.float64)
    there = corners @ np.linalg.inv(one.world_to_data).T @ other.world_to_data.T
    return bool(np.abs(there - corners).max() < 0.1)


def _peak(pixels: NDArray[Any] | None) -> float | None:
    if pixels is None:
        return None
    try:
        value = peak(pixels)
    except ValueError:
        return None
    return value if value > 0 else None


def _compare(
    estimate: NDArray[Any] | None, truth: NDArray[Any] | None, k: float
) -> ImageFigures | None:
    if estimate is None or truth is None:
        return None
    try:
        ratio = psnr(estimate, truth, k)
    except ValueError:
        return None
    try:
        return ImageFigures(ratio, ssim(estimate, truth, k))
    except ValueError:
        return ImageFigures(ratio, None)
