"""What became of a picture that was restored: its measures, the edge it shows, a row on file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv.evidence.comparison import LineFigures, compare
from napari_deconv.evidence.profile import Profile, line_profile
from napari_deconv.evidence.residual import ResidualCheck, Unchecked

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_deconv.evidence.edges import Edge
    from napari_deconv.evidence.reference import Psnr
    from napari_deconv.recipe import Recipe

LINE_WIDTH = 3.0
"""Pixels that an edge's profile is averaged over."""


@dataclass(frozen=True)
class Figures:
    """What is measured of a picture; None where it can't be told.

    Attributes
    ----------
    psnr : Psnr or None
        Against the reference.
    ssim : float or None
        Against the reference, with the same K.
    check : ResidualCheck, Unchecked or None
        Whether the picture, blurred again, agrees with the data; None for the data themselves.
    noise : float or None
        Deviation in flat areas, in grey values; see `evidence.flatness`.
    seconds : float or None
        What finding strength and picture took; of a weaker or stronger one the picture alone.
    """

    psnr: Psnr | None = None
    ssim: float | None = None
    check: ResidualCheck | Unchecked | None = None
    noise: float | None = None
    seconds: float | None = None

    @property
    def chi2(self) -> float | None:
        """Reduced chi-square of the re-blurred picture."""
        return self.check.chi2 if isinstance(self.check, ResidualCheck) else None


@dataclass(frozen=True)
class Outcome:
    """What became of a candidate.

    Attributes
    ----------
    label : str
    image : ndarray of float32 or None
        None if it was refused.
    recipe : Recipe or None
        With every automatic choice as the number it came to.
    figures : Figures
    notes : tuple of str
        What was mended or looks odd, a sentence each.
    complaint : str
        Why it was refused; empty if it was not.
    device : str
        Where it was computed; empty if that is not known.
    """

    label: str
    image: NDArray[np.float32] | None = None
    recipe: Recipe | None = None
    figures: Figures = Figures()
    notes: tuple[str, ...] = ()
    complaint: str = ""
    device: str = ""


@dataclass(frozen=True)
class Along:
    """What several pictures show along one line, each at the same features.

    Attributes
    ----------
    profiles : tuple of Profile
        In the order of the pictures.
    figures : tuple of LineFigures
        Likewise.
    """

    profiles: tuple[Profile, ...]
    figures: tuple[LineFigures, ...]


def along(
    line: ArrayLike, pictures: Sequence[NDArray[Any]], trusted: int, width: float = LINE_WIDTH
) -> Along:
    """Return profiles and figures of several pictures along a line.

    Parameters
    ----------
    line : array_like, (k, 2)
        Start, corners if any, and end as (row, column).
    pictures : sequence of ndarray, (H, W)
        The most trusted first: reference, data, results.
    trusted : int
        How many of them are no results; line groups are looked for in these.
    width : float
        Pixels to average over.
    """
    profiles = [line_profile(picture, line, width=width) for picture in pictures]
    return Along(tuple(profiles), tuple(compare(profiles, trusted)))


def edges(
    line: ArrayLike, pictures: Sequence[NDArray[Any]], trusted: int, width: float = LINE_WIDTH
) -> list[Edge | None]:
    """Return one edge along a line as every picture shows it; None where one doesn't.

    Parameters are those of `along`; the edge is looked for in the trusted pictures.
    """
    found = [figures.edge for figures in along(line, pictures, trusted, width).figures]
    return found if any(found[:trusted]) else [None for _ in found]


COLUMNS = ("name", "psnr_db", "psnr_k", "ssim", "chi2", "agrees", "edge_10_90", "edge_unit")
"""Columns of a table of figures; noise, seconds, strength and complaint follow."""


def record(outcome: Outcome, edge: Edge | None = None, unit: str = "px") -> dict[str, Any]:
    """Return an outcome as plain data, as a row of the table on file.

    Parameters
    ----------
    outcome : Outcome
    edge : Edge, optional
        As `edges` returns it.
    unit : str
        Of its width.
    """
    figures, check = outcome.figures, outcome.figures.check
    method = None if outcome.recipe is None else outcome.recipe.method
    strengths = {} if method is None else {n: getattr(method, n) for n in method.strengths()}
    plain = {
        "name": outcome.label,
        "psnr_db": None if figures.psnr is None else figures.psnr.value,
        "psnr_k": None if figures.psnr is None else figures.psnr.data_range,
        "ssim": figures.ssim,
        "chi2": figures.chi2,
        "agrees": check.agrees if isinstance(check, ResidualCheck) else None,
        "edge_10_90": None if edge is None else edge.width,
        "edge_unit": unit,
        "noise": figures.noise,
        "seconds": figures.seconds,
        "strength": ", ".join(f"{name} {value:.4g}" for name, value in strengths.items() if value),
        "complaint": outcome.complaint,
    }
    infinite = {k for k, v in plain.items() if isinstance(v, float) and not np.isfinite(v)}
    return {key: None if key in infinite else value for key, value in plain.items()}


def as_csv(records: Sequence[dict[str, Any]]) -> str:
    """Return records as CSV with a header; what can't be told is an empty cell."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]) if records else COLUMNS, lineterminator="\n")
    writer.writeheader()
    for each in records:
        digits = {k: f"{v:.6g}" for k, v in each.items() if isinstance(v, float)}
        writer.writerow({**each, **digits})
    return out.getvalue()
