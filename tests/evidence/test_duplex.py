"""The duplex wire gauge: known dips, the diameter at which they are 20 %, and BAM's code."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from napari_deconv import samples
from napari_deconv.evidence.duplex import Duplex, duplex_wires, interpolated
from napari_deconv.evidence.duplex_pairs import Pair
from napari_deconv.phantom.gauges import DUPLEX

from .drawing import gauge, gaussian_dip, white

SIDE = 0.05


def true_dips(sigma: float) -> np.ndarray:
    return np.array([gaussian_dip(2 * wire / SIDE, sigma) for wire in DUPLEX])


def true_resolution(sigma: float) -> float:
    return brentq(lambda wire: gaussian_dip(2 * wire / SIDE, sigma) - 20, 0.03, 1.0)


@pytest.mark.parametrize("sigma", [2.5, 4.0, 6.0])
@pytest.mark.parametrize("bright", [False, True])
def test_dips_are_the_analytic_ones(sigma: float, bright: bool) -> None:
    picture, line = gauge(sigma, SIDE, bright=bright)
    found = duplex_wires(picture, line, side=SIDE)
    assert found.first == 1
    assert found.certain
    true = true_dips(sigma)[: found.dips.size]
    assert found.dips == pytest.approx(true, abs=3.0)
    assert (found.dips < 20).any()
    assert found.resolution == pytest.approx(true_resolution(sigma), rel=0.04)


@pytest.mark.parametrize(("apart", "tolerance"), [(6.0, 2.0), (10.0, 1.1), (15.0, 1.1)])
def test_shallow_dips_are_met_wherever_the_samples_fall(apart: float, tolerance: float) -> None:
    place = np.arange(-60.0, 61.0)
    for dip in (1, 5, 20, 40, 58):
        sigma = brentq(lambda s, dip=dip: gaussian_dip(apart, s) - dip, apart / 8, apart / 2.01)
        for shift in (0.0, 0.25, 0.5):
            wires = sum(
                np.exp(-((place - shift + s * apart / 2) ** 2) / 2 / sigma**2) for s in (-1, 1)
            )
            tops = np.flatnonzero((np.diff(wires)[:-1] > 0) & (np.diff(wires)[1:] <= 0)) + 1
            pair = Pair(
                (int(tops[0]), int(tops[-1])), (slice(0, 8), slice(113, 121)), 1.0, half=apart / 2
            )
            assert pair.measured(wires, 1.0).dip == pytest.approx(dip, abs=tolerance)


def test_a_line_drawn_back_and_wires_aslant_make_no_difference() -> None:
    picture, line = gauge(4.0, SIDE)
    slanted, _ = gauge(4.0, SIDE, slope=0.08)
    straight = duplex_wires(picture, line, side=SIDE)
    back = duplex_wires(picture, line[::-1], side=SIDE)
    assert back.dips == pytest.approx(straight.dips, abs=0.2)
    assert duplex_wires(slanted, line, side=SIDE).dips == pytest.approx(straight.dips, abs=1.0)


def test_the_first_pair_on_the_line_is_told_by_the_pixel_size() -> None:
    picture, line = gauge(2.5, SIDE)
    line[0, 1] = 165
    whole, part = duplex_wires(picture, line, side=SIDE), duplex_wires(picture, line)
    assert whole.first == 3
    assert part.first == 1
    assert part.resolution > whole.resolution
    given = duplex_wires(picture, line, first=3)
    assert given.resolution == pytest.approx(whole.resolution)
    magnified = duplex_wires(picture, line, side=1.7 * SIDE)
    assert not magnified.certain or magnified.first != 3


def test_noise_moves_the_resolution_as_stated() -> None:
    picture, line = gauge(4.0, SIDE)
    found = [
        duplex_wires(picture + white(picture.shape, 0.01, seed), line, side=SIDE)
        for seed in range(12)
    ]
    resolutions = [each.resolution for each in found]
    assert np.mean(resolutions) == pytest.approx(true_resolution(4.0), rel=0.04)
    stated = np.mean([each.error for each in found])
    scatter = np.std(resolutions, ddof=1)
    assert 0.4 * scatter < stated < 2.5 * scatter


def test_the_sample_s_gauge_is_read() -> None:
    psf = samples.core_and_tail(31, core=1.5, tail=4, share=0.1)
    sample = samples.radiograph((1024, 1024), psf=psf)
    line = sample.features["duplex wires"]

    def measured(picture: np.ndarray) -> Duplex:
        return duplex_wires(picture, line, side=sample.pixel_size)

    blurred, sharp = measured(sample.blurred), measured(sample.truth)
    assert blurred.first == sharp.first == 1
    assert np.isnan(sharp.resolution)
    assert "told apart" in sharp.reading().notes[0]
    assert (sharp.dips[5:9] > blurred.dips[5:9] + 10).all()
    assert blurred.error < 0.1 * blurred.resolution
    assert blurred.limiting is not None
    assert DUPLEX[blurred.limiting - 1] <= blurred.resolution < DUPLEX[blurred.limiting - 2]


def test_pairs_that_noise_hides_count_as_not_told_apart() -> None:
    picture, line = gauge(2.0, SIDE)
    drowned = picture + white(picture.shape, 0.35, 2)
    found = duplex_wires(drowned, line, side=SIDE)
    assert found.hidden
    assert np.isfinite(found.resolution)
    assert "Noise hides the pairs beyond" in found.reading().notes[0]
    line[1, 1] = 240
    short = duplex_wires(picture, line, side=SIDE)
    assert not short.hidden
    assert np.isnan(short.resolution)


def test_a_faint_dip_is_met_on_average_through_noise() -> None:
    picture, line = gauge(4.0, SIDE)
    true = true_dips(4.0)
    pair = int(np.flatnonzero(true > 5)[-1])
    found = [
        duplex_wires(picture + white(picture.shape, 0.06, seed), line, side=SIDE).dips[pair]
        for seed in range(12)
    ]
    assert np.mean(found) == pytest.approx(true[pair], abs=6)


def test_bam_s_code_finds_the_same_dips_and_resolution(capsys: pytest.CaptureFixture[str]) -> None:
    isrb = pytest.importorskip("ctsimu.image_analysis.isrb", reason="pip install ctsimu")
    picture, line = gauge(4.0, SIDE)
    tool = isrb.Interpolation(picture, SIDE)
    tool.measure = picture[20:41].mean(0)
    tool.ind = np.arange(tool.measure.size)
    tool.calc_dips(prominence=0.01)
    tool.interpolate()
    found = duplex_wires(picture, line, side=SIDE)
    resolved = found.dips > 0
    assert found.dips[resolved] == pytest.approx(tool.dips[: resolved.sum()], abs=1.5)
    assert found.resolution == pytest.approx(tool.dip20, rel=0.03)


@pytest.mark.parametrize(
    ("dips", "expected"),
    [
        ([90, 60, 40, 10, 0], 0.4 + (0.32 - 0.4) * 0.7),
        ([90, 80, 70], None),
        ([10, 5, 0], None),
    ],
)
def test_the_limit_is_interpolated_within_the_gauge(
    dips: list[float], expected: float | None
) -> None:
    found = interpolated(np.array(dips, float), np.array(DUPLEX[1 : 1 + len(dips)]))
    if expected is None:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ("picture", "line", "says"),
    [
        (np.ones((50, 200)) + white((50, 200), 0.1, 0), [[25, 5], [25, 190]], "No pair"),
        (gauge(4.0)[0], [[2, 5], [2, 190]], "beyond the image"),
        (gauge(12.0)[0], [[30, 5], [30, 200]], "No pair"),
    ],
)
def test_what_is_no_gauge_is_refused(picture: np.ndarray, line: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        duplex_wires(picture, line)


def test_there_is_no_fourteenth_pair() -> None:
    picture, line = gauge(2.5)
    with pytest.raises(ValueError, match="no D14"):
        duplex_wires(picture, line, first=14)
