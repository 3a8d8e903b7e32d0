"""What a page of evidence holds: data, results, lines, limits; and what is measured of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv.appraisal import LINE_WIDTH, Along, along
from napari_deconv.evidence.bumps import relative_depth
from napari_deconv.evidence.stroke import path_length
from napari_deconv.evidence.wirepair import pair_dip
from napari_deconv.report.limits import Limits, Measures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_deconv.appraisal import Outcome
    from napari_deconv.core.units import PixelSize
    from napari_deconv.jobs import Reference

WINDOW = (0.1, 99.9)
"""Percentiles of the data that are black and white where no window is given."""


@dataclass(frozen=True, eq=False)
class Line:
    """A line or a path that a user drew.

    Attributes
    ----------
    number : int
        From 1, as on the canvas.
    color : str
        As ``#rrggbb``.
    path : tuple of (float, float)
        Start, corners if any, and end as (row, column).
    """

    number: int
    color: str
    path: tuple[tuple[float, float], ...]

    @property
    def length(self) -> float:
        """Length in pixels."""
        return path_length(self.path)

    def seen_from(self, top: int, left: int) -> Line:
        """Return the line in the pixels of a part that begins at a row and a column."""
        return replace(self, path=tuple((row - top, column - left) for row, column in self.path))

    def pixel(self, size: PixelSize | None) -> float:
        """Return the mean length of a pixel along the line; 1 where no pixel size is known."""
        if size is None:
            return 1.0
        return path_length(np.multiply(self.path, size.along(2, size.unit))) / self.length


@dataclass(frozen=True)
class Figure:
    """What one picture shows along one line; lengths in the unit of the page, ratios in percent."""

    name: str
    edge: float | None
    fwhm: float | None
    dip: float | None
    pair: float | None
    modulations: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True, eq=False)
class Contents:
    """All that a page is made of.

    Attributes
    ----------
    name : str
        Of the data: a file or a layer.
    image : ndarray, (H, W)
        The data, or the part of them that was restored.
    outcomes : tuple of Outcome
        Results, with image, recipe and figures.
    data : Outcome
        What is measured of the data themselves.
    reference : Reference or None
    lines : tuple of Line
    line_width : float
        Pixels that profiles are averaged over.
    size : PixelSize or None
    window : tuple of float or None
        Grey values that are black and white; percentiles of the data if None.
    limits : Limits
    facts : mapping of str to str
        What else belongs on the page: slice, region, device, where the PSF is from.
    psf_source : str
        How the PSF came about.
    """

    name: str
    image: NDArray[Any]
    outcomes: tuple[Outcome, ...]
    data: Outcome
    reference: Reference | None = None
    lines: tuple[Line, ...] = ()
    line_width: float = LINE_WIDTH
    size: PixelSize | None = None
    window: tuple[float, float] | None = None
    limits: Limits = field(default_factory=Limits)
    facts: dict[str, str] = field(default_factory=dict)
    psf_source: str = ""

    def __post_init__(self) -> None:
        """Refuse what no page can be made of.

        Raises
        ------
        ValueError
            In one sentence.
        """
        if not self.outcomes:
            raise ValueError("There is no result to report; restore the image first.")
        for outcome in self.outcomes:
            if outcome.image is None or outcome.image.shape != self.image.shape:
                shape = None if outcome.image is None else outcome.image.shape
                raise ValueError(
                    f"{outcome.label} has the shape {shape}, the image {self.image.shape}; "
                    "report results of one image together."
                )

    @property
    def unit(self) -> str:
        """Unit of lengths on the page."""
        return "px" if self.size is None else self.size.unit

    @property
    def pictures(self) -> list[tuple[str, NDArray[Any]]]:
        """Names and pictures: the reference if there is one, the data, the results."""
        first = [] if self.reference is None else [("reference", self.reference.image)]
        results = [(one.label, one.image) for one in self.outcomes if one.image is not None]
        return [*first, (self.data.label, self.image), *results]

    @property
    def trusted(self) -> int:
        """How many of the pictures are no results."""
        return 1 if self.reference is None else 2

    @property
    def shown(self) -> tuple[float, float]:
        """Grey values that are black and white."""
        if self.window is not None:
            return self.window
        finite = self.image[np.isfinite(self.image)]
        if not finite.size:
            return 0.0, 1.0
        low, high = (float(edge) for edge in np.percentile(finite, WINDOW))
        return (low, high) if high > low else (low, low + 1.0)

    @cached_property
    def traces(self) -> list[Along]:
        """Profiles and figures of every line."""
        arrays = [image for _, image in self.pictures]
        return [along(line.path, arrays, self.trusted, self.line_width) for line in self.lines]

    def figures(self, index: int) -> list[Figure]:
        """Return what every picture shows along one line."""
        scale, trace = self.lines[index].pixel(self.size), self.traces[index]
        made = []
        for (name, _), profile, found in zip(
            self.pictures, trace.profiles, trace.figures, strict=True
        ):
            pair, bump = pair_dip(profile), found.bump
            depth = relative_depth(bump) if pair is None and bump is not None else pair
            groups = tuple(
                (group.period * scale, None if group.modulation is None else 100 * group.modulation)
                for group in found.groups
            )
            made.append(
                Figure(
                    name,
                    None if found.edge is None else found.edge.width * scale,
                    None if bump is None else bump.width * scale,
                    None if depth is None else 100 * depth,
                    None if pair is None else 100 * pair,
                    groups,
                )
            )
        return made

    @cached_property
    def measures(self) -> list[Measures]:
        """What the data and every result are judged on.

        The edge is that of the first line that lies over one. The dip is the least of all lines
        over a pair of wires; on such a line, a picture that does not tell them apart has a dip of
        0. The reference says where a pair is; without one, any picture does, where the data show
        no edge: what rings beside an edge can look like a pair.
        """
        table = [self.figures(index) for index in range(len(self.lines))]
        edged = next((row for row in table if any(one.edge for one in row[: self.trusted])), None)
        paired = [row for row in table if self._is_over_pair(row)]
        found = []
        for at, outcome in enumerate((self.data, *self.outcomes), start=self.trusted - 1):
            figures = outcome.figures
            found.append(
                Measures(
                    None if edged is None else edged[at].edge,
                    figures.chi2,
                    min((row[at].pair or 0.0 for row in paired), default=None),
                    None if figures.psnr is None else figures.psnr.value,
                    figures.ssim,
                    figures.noise,
                )
            )
        return found

    def _is_over_pair(self, row: list[Figure]) -> bool:
        """Return whether a line lies over a pair of wires."""
        if self.reference is not None:
            return row[0].pair is not None
        return row[0].edge is None and any(one.pair is not None for one in row)


def digest(array: NDArray[Any]) -> str:
    """Return the SHA-256 of an array's bytes, little-endian and row by row."""
    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return hashlib.sha256(plain.tobytes()).hexdigest()
