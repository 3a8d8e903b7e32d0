"""Paths: even steps along all legs, the width across each, and what is no path."""

from __future__ import annotations

import numpy as np
import pytest

from napari_deconv.evidence.profile import line_profile
from napari_deconv.evidence.stroke import path_length, stroke

PATH = [[10.0, 10.0], [10.0, 40.0], [50.0, 70.0]]


def test_samples_are_even_along_all_legs():
    run = stroke(PATH, np.eye(3), width=3.0, step=0.5)
    assert run.distance[-1] == pytest.approx(80, abs=0.5)
    middle = run.places[1]
    steps = np.hypot(*np.diff(middle, axis=0).T)
    np.testing.assert_allclose(steps, 0.5, atol=1e-9)
    np.testing.assert_allclose(middle[60], [10, 40])
    np.testing.assert_allclose(run.places.mean(axis=0), middle, atol=1e-9)


def test_the_width_is_across_the_leg():
    run = stroke(PATH, np.eye(3), width=5.0, step=1.0)
    across = run.places[-1] - run.places[0]
    np.testing.assert_allclose(np.abs(across[10]), [4, 0])
    along = np.array([40.0, 30.0]) / 50
    np.testing.assert_allclose(across[50] @ along, 0, atol=1e-9)
    np.testing.assert_allclose(np.hypot(*across[50]), 4)


def test_a_path_equals_its_legs_one_after_the_other():
    picture = np.random.default_rng(0).normal(size=(60, 90))
    whole = line_profile(picture, PATH, width=3.0, step=0.5).values
    first = line_profile(picture, PATH[:2], width=3.0, step=0.5).values
    second = line_profile(picture, PATH[1:], width=3.0, step=0.5).values
    np.testing.assert_allclose(whole[:60], first[:60], atol=1e-12)
    np.testing.assert_allclose(whole[60:], second, atol=1e-12)


def test_corners_that_repeat_are_one():
    twice = [PATH[0], PATH[0], PATH[1], PATH[2], PATH[2]]
    np.testing.assert_array_equal(stroke(twice, np.eye(3)).places, stroke(PATH, np.eye(3)).places)
    assert path_length(twice) == path_length(PATH) == 80


@pytest.mark.parametrize(
    ("path", "words"),
    [([[1, 1], [1, 1]], "no length"), ([1, 2], "two or more"), ([[0, 0], [np.inf, 1]], "finite")],
)
def test_what_is_no_path_is_refused(path, words):
    with pytest.raises(ValueError, match=words):
        stroke(path, np.eye(3))
