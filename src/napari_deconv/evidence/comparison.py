"""Measure the same edge, dip and line groups in several profiles along one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from napari_deconv.evidence.bumps import Bump, find_bump
from napari_deconv.evidence.edges import Edge, find_edges
from napari_deconv.evidence.linepairs import (
    LineGroup,
    find_groups,
    group_contrast,
    group_modulation,
)
from napari_deconv.evidence.profile import Profile

RESULT_OVER_NOISE = 8.0
"""A feature of a result that is lower than this many sigma of the data's noise is not measured:
a smooth result of mere noise has steps and dips as clear as true ones."""


class GroupFigures(NamedTuple):
    """What one profile shows of a group of line pairs.

    Attributes
    ----------
    period : float
        Length of a line pair in world units.
    contrast : float or None
        Bright less dark, in grey values; None where this profile does not resolve the group.
    modulation : float or None
        ``(bright - dark) / (bright + dark)``, 0 to 1; None as well where dark is below zero.
    """

    period: float
    contrast: float | None
    modulation: float | None


@dataclass(frozen=True)
class Features:
    """What is found in one profile, whatever the others show.

    Attributes
    ----------
    edges : list of Edge
    bump : Bump or None
    groups : list of LineGroup
    noise : float
        Standard deviation of a sample; 0 where the profile has too few.
    """

    edges: list[Edge]
    bump: Bump | None
    groups: list[LineGroup]
    noise: float

    @classmethod
    def of(cls, profile: Profile) -> Features:
        """Return the features of a profile."""
        run = profile.run
        noise = 0.0 if run is None else run.noise
        return cls(find_edges(profile), find_bump(profile), find_groups(profile), noise)


@dataclass(frozen=True)
class LineFigures:
    """What one profile shows of the features along its line.

    Attributes
    ----------
    edge : Edge or None
        The edge that all profiles of the line are compared at.
    bump : Bump or None
        The dip or peak that all profiles of the line are compared at.
    groups : tuple of GroupFigures
        Each group of line pairs along the line.
    """

    edge: Edge | None
    bump: Bump | None
    groups: tuple[GroupFigures, ...]


def compare(
    profiles: Sequence[Profile],
    trusted: int | None = None,
    features: Sequence[Features] | None = None,
) -> list[LineFigures]:
    """Return the figures of several profiles along one line, each at the same features.

    A feature is looked for in the first profile first, so that two profiles are never compared
    at two different edges, and a group that a blurred profile no longer shows counts as
    unresolved rather than absent.

    Parameters
    ----------
    profiles : sequence of Profile
        Along one line, the most trusted first: reference, inputs, results.
    trusted : int, optional
        How many of them are no results, all if left out. The noise of a result is coloured and
        can look like lines, so groups are looked for in these only; and what stands out of a
        result must stand out of their noise, which the result no longer shows.
    features : sequence of Features, optional
        What was found in each profile before; it is looked for if left out.

    Returns
    -------
    list of LineFigures
        In the order of the profiles.
    """
    found = [Features.of(profile) for profile in profiles] if features is None else features
    least = _least_height(found, trusted)
    edges = _same_edge([_high(f.edges, low) for f, low in zip(found, least, strict=True)])
    bumps = _same_bump([f.bump for f in found])
    bumps = [
        b if b is not None and abs(b.height) >= low else None
        for b, low in zip(bumps, least, strict=True)
    ]
    groups = _all_groups([f.groups for f in found[:trusted]])
    return [
        LineFigures(
            edge,
            bump,
            tuple(_group_figures(profile, group) for group in groups),
        )
        for profile, edge, bump in zip(profiles, edges, bumps, strict=True)
    ]


def _group_figures(profile: Profile, group: LineGroup) -> GroupFigures:
    contrast, modulation = group_contrast(profile, group), group_modulation(profile, group)
    return GroupFigures(group.period, contrast, modulation)


def _least_height(found: Sequence[Features], trusted: int | None) -> list[float]:
    """Return the least height of a feature in each profile: 0, in results that of the noise."""
    count = len(found) if trusted is None else trusted
    noise = max((features.noise for features in found[:count]), default=0.0)
    return [0.0 if index < count else RESULT_OVER_NOISE * noise for index in range(len(found))]


def _high(edges: list[Edge], least: float) -> list[Edge]:
    return [edge for edge in edges if edge.height >= least]


def _same_edge(found: list[list[Edge]]) -> list[Edge | None]:
    leader = next((max(edges, key=lambda edge: edge.height) for edges in found if edges), None)
    if leader is None:
        return [None for _ in found]
    nearest = [
        min(edges, key=lambda edge: abs(edge.position - leader.position), default=None)
        for edges in found
    ]
    return [edge if edge is not None and _meet(edge, leader) else None for edge in nearest]


def _same_bump(found: list[Bump | None]) -> list[Bump | None]:
    leader = next((bump for bump in found if bump is not None), None)
    return [
        bump
        if bump is not None
        and leader is not None
        and _meet(bump, leader)
        and bump.height * leader.height > 0
        else None
        for bump in found
    ]


def _meet(one: Edge | Bump, other: Edge | Bump) -> bool:
    return abs(one.position - other.position) <= max(one.width, other.width)


def _all_groups(found: list[list[LineGroup]]) -> list[LineGroup]:
    groups: list[LineGroup] = []
    for candidates in found:
        groups += [new for new in candidates if not any(new.overlaps(old) for old in groups)]
    return sorted(groups, key=lambda group: group.centres[0])
