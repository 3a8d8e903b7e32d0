"""Several results of one image: where they differ, beyond what edges explain."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_deconv.evidence.disagreement import compared, gradient, smoothed
from napari_deconv.evidence.passed import passed


def steps(shape=(128, 128)):
    picture = np.zeros(shape)
    for column in range(16, 128, 16):
        picture[:, column:] += 0.1 * (1 + (column // 16) % 3)
    return picture


def test_what_edges_explain_is_usual_and_what_they_do_not_stands_out():
    """Results differ at every edge as it is high, and in one place for no such reason."""
    sharp = gaussian_filter(steps(), 1.0)
    results = [sharp, gaussian_filter(steps(), 1.2), gaussian_filter(steps(), 0.8)]
    bump = gaussian_filter(np.eye(1, 128 * 128, 64 * 128 + 40).reshape(128, 128), 4)
    results[1] = results[1] + 0.1 * bump / bump.max()
    found = compared(results, "blur")
    odd = np.hypot(*(np.mgrid[:128, :128] - np.array([64, 40])[:, None, None])) < 5
    calm = np.hypot(*(np.mgrid[:128, :128] - np.array([64, 40])[:, None, None])) > 24
    assert found.beyond[odd].min() > 0.015
    assert np.abs(found.beyond[calm]).max() < 0.012
    edges = smoothed(gradient(sharp))
    assert abs(np.corrcoef(found.beyond[calm], edges[calm])[0, 1]) < 0.3
    assert np.corrcoef(smoothed(found.spread)[calm], edges[calm])[0, 1] > 0.8


def test_spread_and_band_are_those_of_the_results():
    rng = np.random.default_rng(0)
    results = [rng.normal(size=(40, 50)) for _ in range(4)]
    found = compared(results)
    assert found.number == 4
    assert found.band.words == "4 results"
    np.testing.assert_allclose(found.spread, np.std(results, axis=0), rtol=1e-4)
    np.testing.assert_allclose(found.band.lower, np.min(results, axis=0), rtol=1e-6)
    np.testing.assert_allclose(found.band.upper, np.max(results, axis=0), rtol=1e-6)


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e4])
def test_grey_scale_does_not_matter(factor):
    rng = np.random.default_rng(1)
    results = [gaussian_filter(rng.normal(size=(48, 48)), 2) for _ in range(3)]
    one, other = compared(results), compared([factor * result for result in results])
    np.testing.assert_allclose(other.beyond, factor * one.beyond, atol=1e-4 * factor)


def test_results_without_edges_have_one_usual_spread():
    found = compared([np.zeros((32, 32)), np.ones((32, 32))])
    np.testing.assert_allclose(found.beyond, 0, atol=1e-6)


def test_a_stack_is_compared_slice_by_slice():
    rng = np.random.default_rng(2)
    stacks = [gaussian_filter(rng.normal(size=(3, 40, 40)), (0, 2, 2)) for _ in range(2)]
    assert compared(stacks).beyond.shape == (3, 40, 40)


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([np.zeros((8, 8))], "two results"),
        ([np.zeros((8, 8)), np.zeros((8, 9))], "one shape"),
        ([np.zeros((8, 8)), np.full((8, 8), np.nan)], "not finite"),
    ],
)
def test_what_cannot_be_compared_is_refused(results, message):
    with pytest.raises(ValueError, match=message):
        compared(results)


@pytest.mark.parametrize("blur", [1.0, 2.0, 4.0])
def test_the_data_speak_up_to_the_frequency_where_noise_takes_over(blur):
    """White signal of power S behind a Gaussian: |H|^2 S = N at a known frequency."""
    rng = np.random.default_rng(3)
    signal, sigma = rng.normal(size=(512, 512)), 0.02
    data = gaussian_filter(signal, blur, mode="wrap") + rng.normal(0, sigma, signal.shape)
    known = np.sqrt(-np.log(sigma) / 2) / (np.pi * blur)
    found = passed(data, sigma)
    assert found.frequency == pytest.approx(min(known, 0.5), abs=1 / 64)
    assert found.detail == pytest.approx(1 / (2 * found.frequency))


def test_no_frequency_is_told_without_noise():
    assert passed(np.ones((64, 64)), 0.0) is None
    assert passed(np.ones((8, 64)), 0.1) is None
    assert "every frequency" in str(passed(np.random.default_rng(0).normal(size=(64, 64)), 0.1))
