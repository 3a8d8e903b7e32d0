"""Several profiles of one line are measured at the same features."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.special import erf

from napari_deconv.evidence.comparison import compare
from napari_deconv.evidence.profile import Profile

X = np.arange(0, 240, 0.5)


def edges(sigma, second=1.0):
    soft = sigma * np.sqrt(2)
    return Profile(X, 2 + erf((X - 60) / soft) - second * erf((X - 170) / soft), 1.0)


def test_every_profile_is_measured_at_the_edge_of_the_first():
    # On its own, the second profile's higher edge would be the other one.
    first, second = edges(1.5), edges(3.0, second=1.1)
    one, other = compare([first, second])
    assert one.edge.position == pytest.approx(other.edge.position, abs=0.2)
    assert other.edge.width == pytest.approx(2 * one.edge.width, rel=0.03)
    swapped = compare([second, first])
    assert swapped[0].edge.position == pytest.approx(170, abs=0.2)
    assert swapped[1].edge.position == pytest.approx(170, abs=0.2)


def test_a_profile_without_the_edge_has_none():
    flat = Profile(X, np.ones_like(X), 1.0)
    mirrored = Profile(X, edges(2.0).values[::-1], 1.0)
    one, other, third = compare([flat, edges(2.0), mirrored])
    assert one.edge is None
    assert other.edge.position == pytest.approx(60, abs=0.2)
    assert third.edge is None


def test_a_dip_is_not_compared_with_a_peak_or_with_another_dip():
    def wire(position, height):
        return Profile(X, 1 + height * np.exp(-((X - position) ** 2) / 18), 1.0)

    figures = compare([wire(100, -0.4), wire(101, -0.3), wire(100, 0.4), wire(150, -0.4)])
    assert [f.bump is not None for f in figures] == [True, True, False, False]


def test_a_group_that_blur_hides_counts_as_unresolved():
    square = 1 - 0.5 * (((X - 100) % 6 < 3) & (X > 100) & (X < 130))
    # Fine noise, so that what is left of the group is hidden rather than exactly measured.
    noise = np.repeat(np.random.default_rng(0).normal(0, 0.004, X.size // 2), 2)
    sharp = Profile(X, gaussian_filter1d(square, 1.0) + noise, 1.0)
    gone = Profile(X, gaussian_filter1d(square, 10.0) + noise, 1.0)
    for order in ([sharp, gone], [gone, sharp]):
        figures = dict(zip(("first", "second"), compare(order), strict=True))
        by_profile = (
            figures
            if order[0] is sharp
            else {"first": figures["second"], "second": figures["first"]}
        )
        ((period, step, share),) = by_profile["first"].groups
        assert period == pytest.approx(6.0, rel=0.03)
        assert share > 0.2
        assert step == pytest.approx(1.5 * share, rel=0.05)  # bright and dark sum to 1.5
        assert by_profile["second"].groups == ((period, None, None),)


def test_only_trusted_profiles_introduce_groups():
    square = 1 - 0.5 * (((X - 100) % 6 < 3) & (X > 100) & (X < 130))
    ringing = Profile(X, gaussian_filter1d(square, 1.0), 1.0)
    flat = Profile(X, np.ones_like(X), 1.0)
    assert all(figures.groups for figures in compare([flat, ringing]))
    assert not any(figures.groups for figures in compare([flat, ringing], trusted=1))


def test_nothing_to_compare():
    assert compare([]) == []


def test_a_smooth_result_of_mere_noise_shows_no_edge() -> None:
    rng = np.random.default_rng(0)
    noise = np.repeat(rng.normal(0.5, 0.05, X.size // 2), 2)
    stairs = np.repeat([noise[i : i + 60].mean() for i in range(0, X.size, 60)], 60)
    data, result = (Profile(X, gaussian_filter1d(y, 1.5), 1.0) for y in (noise, stairs))
    plain, guarded = compare([data, result]), compare([data, result], trusted=1)
    assert plain[1].edge is not None  # its own noise is nothing, so that any step stands out
    assert guarded[1].edge is None
    assert guarded[1].bump is None
    high = Profile(X, result.values + (X > 100), 1.0)
    assert compare([data, high], trusted=1)[1].edge is not None
