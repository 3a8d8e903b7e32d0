"""All measures by name: what each is called, what is drawn for it, and how it is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from napari_deconv.core.params import Declared
from napari_deconv.evidence.reading import Reading

Shape = Literal["box", "circle", "line"]


class Terms(Declared):
    """What a measure has to know beside the picture and the shape."""

    width: int = Field(
        21,
        ge=1,
        le=999,
        json_schema_extra={"unit": "px"},
        description="Width of the band around a line that its profile is averaged over.",
    )
    first: int = Field(
        0,
        ge=0,
        le=13,
        title="First pair",
        description="Number of the thickest pair of wires on the line; 0 to find it by the pixel "
        "size.",
    )
    resolution: float = Field(
        0.0,
        ge=0,
        title="SRb",
        json_schema_extra={"unit": "mm"},
        description="Basic spatial resolution that SNRn refers to, as a duplex wire gauge shows "
        "it; 0 to take a pixel.",
    )
    block: int = Field(
        0,
        ge=0,
        le=1024,
        json_schema_extra={"unit": "px"},
        description="Side of the blocks of the noise power spectrum, 16 or more; 0 to find it by "
        "the box.",
    )


@dataclass(frozen=True, eq=False)
class Subject:
    """What a measure is taken of.

    Attributes
    ----------
    image : array_like, shape (H, W)
    shapes : sequence of array_like
        Of one measure, as (row, column) in pixels: four corners, or two ends of a line.
    number : int
        Which of the shapes, counted from 0.
    side : float or None
        Of a pixel in mm.
    trusted : array_like or None
        A measured picture of the same scene, if `image` is a result.
    terms : Terms
    """

    image: npt.ArrayLike
    shapes: Sequence[npt.ArrayLike]
    number: int = 0
    side: float | None = None
    trusted: npt.ArrayLike | None = None
    terms: Terms = field(default_factory=Terms)

    @property
    def shape(self) -> npt.ArrayLike:
        """The shape that is measured."""
        return self.shapes[self.number]


@dataclass(frozen=True)
class Measure:
    """A measure.

    Attributes
    ----------
    label : str
        What it tells, in plain words, and the name that experts know it by.
    short : str
        That name alone.
    standard : str
        The manner of which standard it is.
    shape : {"box", "circle", "line"}
    drawing : str
        What to draw, a sentence.
    terms : tuple of str
        Which fields of `Terms` matter.
    shown : int
        How many of the figures a table shows.
    take : callable
    """

    label: str
    short: str
    standard: str
    shape: Shape
    drawing: str
    terms: tuple[str, ...]
    shown: int
    take: Callable[[Subject], Reading]


def take(kind: str, subject: Subject) -> Reading:
    """Take a measure; lengths come in mm where the side of a pixel is known, else in pixels.

    Raises
    ------
    ValueError
        In one sentence that says what to draw or choose instead.
    """
    if kind not in MEASURES:
        raise ValueError(f"There is no measure {kind!r}; choose one of: {', '.join(MEASURES)}.")
    return MEASURES[kind].take(subject).in_mm(subject.side)


def _edge_mtf(subject: Subject) -> Reading:
    from napari_deconv.evidence.mtf import edge_mtf

    return edge_mtf(subject.image, subject.shape).reading("MTF across the edge")


def _disk_mtf(subject: Subject) -> Reading:
    from napari_deconv.evidence.mtf import disk_mtf

    return disk_mtf(subject.image, subject.shape).reading("MTF of the disk")


def _discrimination(subject: Subject) -> Reading:
    from napari_deconv.evidence.contrast_discrimination import contrast_discrimination

    return contrast_discrimination(subject.image, subject.shape).reading()


def _duplex(subject: Subject) -> Reading:
    from napari_deconv.evidence.duplex import duplex_wires

    terms = subject.terms
    return duplex_wires(
        subject.image,
        subject.shape,
        side=subject.side,
        width=terms.width,
        first=terms.first or None,
    ).reading()


def _line_pairs(subject: Subject) -> Reading:
    from napari_deconv.evidence.line_readings import line_pairs

    return line_pairs(subject.image, subject.shape, subject.terms.width, subject.trusted)


def _edge_width(subject: Subject) -> Reading:
    from napari_deconv.evidence.line_readings import edge_10_90

    return edge_10_90(subject.image, subject.shape, subject.terms.width)


def _wire_pair(subject: Subject) -> Reading:
    from napari_deconv.evidence.line_readings import wire_pair

    return wire_pair(subject.image, subject.shape, subject.terms.width)


def _cnr(subject: Subject) -> Reading:
    from napari_deconv.evidence.contrast_noise import background_levels, contrast_to_noise

    if subject.number == 0:
        alone = (
            () if len(subject.shapes) > 1 else ("Draw a second box, on the feature, for the CNR.",)
        )
        return Reading(background_levels(subject.image, subject.shape).figures, None, alone)
    return contrast_to_noise(subject.image, subject.shape, subject.shapes[0])


def _snr(subject: Subject) -> Reading:
    from napari_deconv.evidence.contrast_noise import signal_to_noise

    resolution = subject.terms.resolution or subject.side
    reading = signal_to_noise(subject.image, subject.shape, resolution)
    if subject.terms.resolution:
        return reading
    assumed = (
        "SNRn needs a pixel size or SRb."
        if resolution is None
        else f"SNRn takes SRb for a pixel, {resolution:.3g} mm, which is the least that it can be: "
        "give the one that a duplex wire gauge shows."
    )
    return Reading(reading.figures, reading.graph, (*reading.notes, assumed))


def _nps(subject: Subject) -> Reading:
    from napari_deconv.evidence.noise_power import noise_power

    return noise_power(subject.image, subject.shape, subject.terms.block or None).reading()


MEASURES: dict[str, Measure] = {
    "edge-mtf": Measure(
        "Sharpness at an edge: MTF",
        "MTF",
        "ISO 12233, IEC 62220-1",
        "box",
        "Drag a box across one straight edge, turned 2° to 10° off the pixels, with even grey on "
        "both sides.",
        (),
        1,
        _edge_mtf,
    ),
    "disk-mtf": Measure(
        "Sharpness of a disk: MTF",
        "MTF",
        "ASTM E1695",
        "circle",
        "Drag a circle around a whole disk or hole, with some even grey outside.",
        (),
        1,
        _disk_mtf,
    ),
    "contrast": Measure(
        "Contrast told from noise: CDF",
        "CDF",
        "ASTM E1695",
        "circle",
        "Drag a circle inside a disk of even material.",
        (),
        1,
        _discrimination,
    ),
    "duplex": Measure(
        "Finest wires told apart: iSRb",
        "iSRb",
        "ISO 19232-5, ASTM E2002",
        "line",
        "Drag a line across the duplex wire gauge, from beside its thickest pair to beyond the "
        "thinnest.",
        ("width", "first"),
        1,
        _duplex,
    ),
    "line-pairs": Measure(
        "Contrast of line pairs: modulation",
        "line pairs",
        "Michelson contrast",
        "line",
        "Drag a line at right angles across the bars of one group or several.",
        ("width",),
        9,
        _line_pairs,
    ),
    "edge-width": Measure(
        "Width of an edge: 10-90 %",
        "edge",
        "rise of the edge",
        "line",
        "Drag a line at right angles across one edge, with even grey on both sides.",
        ("width",),
        1,
        _edge_width,
    ),
    "wire-pair": Measure(
        "Two wires told apart: dip",
        "wires",
        "ISO 19232-5",
        "line",
        "Drag a line at right angles across one pair of wires, with background at both ends.",
        ("width",),
        1,
        _wire_pair,
    ),
    "cnr": Measure(
        "Contrast over noise: CNR",
        "CNR",
        "ISO 17636-2",
        "box",
        "Drag a box in the background first, then one in each feature that is compared with it.",
        (),
        1,
        _cnr,
    ),
    "snr": Measure(
        "Signal over noise: SNR, SNRn",
        "SNR",
        "ISO 17636-2, EN 14784-1",
        "box",
        "Drag a box in a region of even grey.",
        ("resolution",),
        2,
        _snr,
    ),
    "nps": Measure(
        "Noise by frequency: NPS",
        "NPS",
        "IEC 62220-1",
        "box",
        "Drag a large box in a region of even grey, 64 pixels a side or more.",
        ("block",),
        1,
        _nps,
    ),
}
"""Name -> measure."""


def corners_around(points: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the corners of the upright rectangle around points (row, column)."""
    places = np.asarray(points, np.float64)
    (top, left), (bottom, right) = places.min(0), places.max(0)
    return np.array([[top, left], [top, right], [bottom, right], [bottom, left]])
