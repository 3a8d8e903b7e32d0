"""Modulation of line pairs against the analytic one, and none where nothing is regular."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from scipy.special import erf

from napari_deconv.evidence.linepairs import (
    find_groups,
    group_contrast,
    group_modulation,
    modulation,
)
from napari_deconv.evidence.profile import Profile, line_profile
from napari_deconv.samples import radiograph


def bars(x, centre, period, count, sigma, depth=0.5):
    """Return dark bars, half a period wide, blurred by a Gaussian; zero elsewhere."""
    result = np.zeros_like(x)
    for k in range(count):
        left = centre + (k - count / 2) * period
        right = left + period / 2
        soft = sigma * np.sqrt(2)
        result -= 0.5 * depth * (erf((x - left) / soft) - erf((x - right) / soft))
    return result


def picture(values, noise=0.0, seed=0):
    image = np.tile(values, (41, 1))
    return image + np.random.default_rng(seed).normal(0, noise, image.shape)


def along(image, width=3.0):
    return line_profile(image, [[20, 5], [20, image.shape[1] - 6]], width=width)


@pytest.mark.parametrize("noise", [0.0, 0.01])
@pytest.mark.parametrize(
    ("period", "tolerance"), [(4.0, 0.16), (6.0, 0.05), (10.0, 0.02), (20.0, 0.02)]
)
def test_a_sine(period, tolerance, noise):
    x = np.arange(160.0)
    profile = along(picture(1 + 0.3 * np.sin(2 * np.pi * (x - 0.3) / period), noise))
    assert modulation(profile) == pytest.approx(0.3, rel=tolerance)
    assert find_groups(profile)[0].period == pytest.approx(period, rel=0.02)


@pytest.mark.parametrize("noise", [0.0, 0.01])
@pytest.mark.parametrize("period", [8.0, 16.0, 30.0])
def test_sharp_bars(period, noise):
    x = np.arange(220.0)
    profile = along(picture(1 + bars(x, 110, period, 5, 0.4), noise))
    assert modulation(profile) == pytest.approx(0.5 / 1.5, rel=0.04)


@pytest.mark.parametrize("count", [3, 5])
def test_blur_lowers_the_modulation_as_the_transfer_function_says(count):
    x = np.arange(400.0)
    period, sigma = 12.0, 4.0
    profile = along(picture(1 + bars(x, 200, period, 8 * count, sigma)))
    transfer = np.exp(-2 * (np.pi * sigma / period) ** 2)
    swing = 0.5 * (2 / np.pi) * transfer  # of a square wave only the fundamental is left
    assert modulation(profile) == pytest.approx(swing / 0.75, rel=0.05)


def test_groups_of_falling_pitch_are_told_apart():
    x = np.arange(300.0)
    chart = 1 + sum(bars(x, c, t, 4, 0.5) for c, t in ((50, 16), (120, 10), (170, 6)))
    groups = find_groups(along(picture(chart, 0.005)))
    assert [g.period for g in groups] == pytest.approx([16, 10, 6], rel=0.03)
    assert modulation(along(picture(chart, 0.005))) is None
    assert [len(g.centres) for g in groups] == [7, 7, 7]


def test_a_group_is_measured_where_another_profile_shows_it():
    x = np.arange(200.0)
    sharp = along(picture(1 + bars(x, 100, 6, 5, 0.5), 0.003))
    soft = along(picture(1 + bars(x, 100, 6, 5, 1.5), 0.003, seed=1))
    gone = along(picture(1 + bars(x, 100, 6, 5, 6.0), 0.01, seed=2))
    (group,) = find_groups(sharp)
    assert group_modulation(sharp, group) == pytest.approx(0.33, abs=0.03)
    transfer = np.exp(-2 * (np.pi * 1.5 / 6) ** 2)
    assert group_modulation(soft, group) == pytest.approx(
        0.5 * 2 / np.pi * transfer / 0.75, rel=0.12
    )
    assert group_modulation(gone, group) is None


def test_bright_and_dark_swapped_is_unresolved_not_resolved():
    x = np.arange(200.0)
    right = along(picture(1 + 0.2 * np.sin(2 * np.pi * x / 8)))
    swapped = along(picture(1 - 0.2 * np.sin(2 * np.pi * x / 8)))
    (group,) = find_groups(right)
    assert group_modulation(swapped, group) is None


def test_grey_values_below_zero_have_no_modulation():
    x = np.arange(200.0)
    assert modulation(along(picture(0.1 + 0.2 * np.sin(2 * np.pi * x / 8)))) is None


X = np.arange(0, 280, 0.5)
NO_GROUP = {
    "flat": 0 * X + 1,
    "ramp": 1 + 0.005 * X,
    "edge": 1 + 0.3 * erf((X - 140) / 2),
    "wire": 1 - 0.3 * np.exp(-((X - 140) ** 2) / 8),
    "one bar pair": 1 + bars(X, 140, 12, 2, 0.5),
    "irregular bars": 1
    + sum(bars(X, c, 2 * w, 1, 0.5) for c, w in ((40, 3), (60, 9), (100, 4), (150, 12), (170, 2))),
}


@pytest.mark.parametrize("name", NO_GROUP)
@pytest.mark.parametrize("noise", [0.0, 0.01, 0.1])
def test_no_group_where_nothing_is_regular(name, noise):
    for seed in range(20):
        pixels = np.random.default_rng(seed).normal(0, noise, X.size // 2)
        profile = Profile(X, NO_GROUP[name] + np.repeat(pixels, 2), 1.0)
        assert find_groups(profile) == []
        assert modulation(profile) is None


@pytest.mark.parametrize("band", [(0.0, 0.2), (0.1, 0.2), (0.15, 0.2)])
def test_coloured_noise_is_no_group(band):
    frequency = np.hypot(np.fft.fftfreq(300)[:, None], np.fft.fftfreq(300)[None])
    kept = (frequency >= band[0]) & (frequency <= band[1])
    for seed in range(5):
        white = np.random.default_rng(seed).normal(size=(300, 300))
        noise = np.fft.ifft2(np.fft.fft2(white) * kept).real
        image = 1 + 0.02 * noise / noise.std()
        for row in range(20, 280, 20):
            assert find_groups(line_profile(image, [[row, 10], [row + 5, 290]], width=3)) == []


CHART = {  # centre (row, column), half length in pixels, lp/mm as engraved on the QC-3 phantom
    "coarsest": ((505, 630), 50, 0.1),
    "second": ((270, 400), 55, 0.2),
    "third": ((440, 575), 50, 0.25),
    "fourth": ((330, 460), 50, 0.42),
    "finest": ((385, 515), 50, 0.76),
}


@pytest.mark.parametrize("name", CHART)
def test_the_groups_of_a_real_chart(name, shared_data):
    image = tifffile.imread(shared_data / "xray" / "mv_qc3_linepairs.tif").astype(float)
    centre, half, frequency = CHART[name]
    across = half * np.array([-1, 1]) / np.sqrt(2)
    profile = line_profile(image, [centre - across, centre + across], width=25)
    (group,) = find_groups(profile)
    # The phantom is seen at one magnification: 3.9 px are a mm of it.
    assert group.period * frequency == pytest.approx(3.9, rel=0.04)
    assert 0.03 < group_modulation(profile, group) < 0.25


def test_lines_that_pixels_meet_at_two_places_only_have_levels_within_the_profile():
    # Half a period is five samples: a parabola through two places would run far away.
    sample = radiograph()
    line = sample.features["line pairs"]
    truth, data = (line_profile(image, line, width=5) for image in (sample.truth, sample.image))
    groups = find_groups(truth)
    (fine,) = [group for group in groups if abs(group.period - 5) < 0.1]
    assert group_contrast(truth, fine) == pytest.approx(group_contrast(truth, groups[1]), rel=0.03)
    assert group_contrast(data, fine) is None  # nothing of it is left
    for group in groups[:5]:
        contrast = group_contrast(data, group)
        assert 0 < contrast < np.ptp(data.values)
        assert group_modulation(data, group) == pytest.approx(contrast / 1.31, rel=0.06)
