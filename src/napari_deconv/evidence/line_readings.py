"""What single edges, wire pairs and line pairs along a line come to, as readings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_deconv.evidence.edges import find_edges
from napari_deconv.evidence.linepairs import find_groups, group_modulation
from napari_deconv.evidence.profile import Profile, line_profile
from napari_deconv.evidence.reading import Axis, Curve, Graph, Mark, Reading
from napari_deconv.evidence.wirepair import pair_dip
from napari_deconv.psf.figures import Figure

UNKNOWN = float("nan")


def line_pairs(
    image: npt.ArrayLike, line: npt.ArrayLike, width: float, trusted: npt.ArrayLike | None = None
) -> Reading:
    """Measure the modulation of every group of line pairs along a line.

    The groups are looked for in a trusted picture, so that one that this picture does not resolve
    counts as 0 rather than as absent; how they are measured says `linepairs`. A sine of six pixels
    a period or more is met to 0.01 of its modulation without noise.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values that count from zero.
    line : array_like, shape (2, 2)
        Across the lines, as (row, column) in pixels.
    width : float
        Pixels to average over.
    trusted : array_like, shape (H, W), optional
        Where the groups are looked for, if not in `image`: a measured picture, not a result.

    Raises
    ------
    ValueError
        In one sentence, if there is no group.
    """
    profile = line_profile(image, line, width=width)
    groups = find_groups(profile if trusted is None else line_profile(trusted, line, width=width))
    if not groups:
        raise ValueError(
            "No group of line pairs stands out of the noise on this line; draw it at right angles "
            "across two and a half line pairs or more, or average over a wider band."
        )
    found = [(1 / g.period, group_modulation(profile, g) or 0.0, g) for g in groups]
    figures = tuple(
        Figure(f"modulation {number}", 100 * m, UNKNOWN, "%")
        for number, (_, m, _) in enumerate(found, 1)
    )
    periods = tuple(
        Figure(f"frequency {number}", f, UNKNOWN, "cycles/px")
        for number, (f, _, _) in enumerate(found, 1)
    )
    marks = [
        Mark(float(np.mean(g.centres)), _level(profile, g.centres), f"{100 * m:.0f} %")
        for _, m, g in found
    ]
    return Reading((*figures, *periods), _graph("Line pairs", profile, marks))


def edge_10_90(image: npt.ArrayLike, line: npt.ArrayLike, width: float) -> Reading:
    """Measure the 10-90 % width of the highest edge along a line, see `edges.edge_width`.

    Raises
    ------
    ValueError
        In one sentence, if there is no edge between two even stretches.
    """
    profile = line_profile(image, line, width=width)
    edges = find_edges(profile)
    if not edges:
        raise ValueError(
            "No edge stands out of the noise between two even stretches on this line; draw it at "
            "right angles across one edge, with even grey on both sides."
        )
    edge = max(edges, key=lambda each: each.height)
    ends = edge.position - edge.width / 2, edge.position + edge.width / 2
    marks = [Mark(x, _level(profile, (x,)), text) for x, text in zip(ends, "[]", strict=True)]
    figures = (
        Figure("10-90 % width", edge.width, UNKNOWN, "px"),
        Figure("step", edge.height, UNKNOWN, "grey"),
    )
    return Reading(figures, _graph("Edge", profile, marks))


def wire_pair(image: npt.ArrayLike, line: npt.ArrayLike, width: float) -> Reading:
    """Measure the dip between two wires along a line, see `wirepair.pair_dip`.

    Raises
    ------
    ValueError
        In one sentence, if there are not just two wires.
    """
    profile = line_profile(image, line, width=width)
    dip = pair_dip(profile)
    if dip is None:
        raise ValueError(
            "There are not just two wires told apart on this line; draw it at right angles across "
            "one pair, with some background at both ends."
        )
    return Reading((Figure("dip", 100 * dip, UNKNOWN, "%"),), _graph("Wire pair", profile, []))


def _graph(title: str, profile: Profile, marks: list[Mark]) -> Graph:
    return Graph(
        title,
        Axis("distance", "px"),
        Axis("grey value"),
        (Curve("profile", profile.distance, profile.values),),
        tuple(marks),
    )


def _level(profile: Profile, places: tuple[float, ...]) -> float:
    return float(np.mean(np.interp(places, profile.distance, profile.values)))
