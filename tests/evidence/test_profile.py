"""Line profiles through arbitrary affine maps, against functions that are known everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf

from napari_deconv.evidence.interpolation import ArrayPixels, between, taps
from napari_deconv.evidence.profile import (
    Profile,
    line_profile,
)
from napari_deconv.evidence.stroke import pixel_along


def smooth_scene(y, x):
    return 2 + np.sin(y / 9.0) * np.cos(x / 7.0) + 0.01 * x


@pytest.fixture
def picture():
    return smooth_scene(*np.mgrid[:90, :120].astype(float))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_between_pixels(picture, dtype):
    line = np.array([[10.3, 15.7], [71.9, 100.2]])
    profile = line_profile(picture.astype(dtype), line)
    along = (line[1] - line[0]) / np.linalg.norm(line[1] - line[0])
    at = line[0] + profile.distance[:, None] * along
    assert profile.distance[-1] == pytest.approx(np.linalg.norm(line[1] - line[0]), abs=0.5)
    assert np.abs(profile.values - smooth_scene(*at.T)).max() < 5e-3


def test_a_row_is_read_as_it_stands(picture):
    profile = line_profile(picture, [[20, 10], [20, 50]], step=1.0)
    np.testing.assert_allclose(profile.values, picture[20, 10:51], rtol=0, atol=1e-12)


def test_integers_and_booleans_are_read(picture):
    whole = np.arange(60, dtype=np.uint16).reshape(6, 10)
    assert line_profile(whole, [[2, 1], [2, 8]], step=1.0).values.tolist() == list(range(21, 29))
    assert line_profile(whole > 25, [[2, 1], [2, 8]], step=1.0).values.sum() == 3


@pytest.mark.parametrize("angle", [0.0, 0.7, 2.5])
@pytest.mark.parametrize("shear", [0.0, 0.3])
def test_the_world_may_be_scaled_moved_turned_and_sheared(angle, shear):
    scale = np.diag([0.2, 0.25])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.array([[1, shear], [0, 1]]) @ scale
    to_world = np.eye(3)
    to_world[:2, :2], to_world[:2, 2] = linear, [3.0, -5.0]
    rows, columns = np.mgrid[:160, :160].astype(float)
    world = np.einsum("ij,jhw->ihw", to_world, np.stack([rows, columns, np.ones_like(rows)]))
    image = smooth_scene(4 * world[0], 4 * world[1])
    start = (to_world @ [30, 40, 1])[:2]
    end = (to_world @ [120, 100, 1])[:2]
    profile = line_profile(image, [start, end], np.linalg.inv(to_world))
    at = start + profile.distance[:, None] * (end - start) / np.linalg.norm(end - start)
    assert np.abs(profile.values - smooth_scene(*(4 * at.T))).max() < 0.02
    assert profile.step == pytest.approx(profile.pixel / 2)
    assert profile.pixel == pytest.approx(
        np.linalg.norm(end - start) / np.hypot(120 - 30, 100 - 40), rel=1e-9
    )


def test_the_step_adapts_to_the_pixel_along_the_line():
    affine = np.diag([1 / 0.5, 1 / 0.1, 1.0])
    assert pixel_along(affine, [1, 0]) == pytest.approx(0.5)
    assert pixel_along(affine, [0, 1]) == pytest.approx(0.1)
    image = np.zeros((100, 500))
    assert line_profile(image, [[1, 1], [40, 1]], affine).step == pytest.approx(0.25)
    assert line_profile(image, [[1, 1], [1, 40]], affine).step == pytest.approx(0.05)


def test_the_width_is_averaged_across():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, (101, 400))
    wide = line_profile(noise, [[50, 10], [50, 390]], width=9, step=1.0)
    np.testing.assert_allclose(wide.values, noise[46:55, 10:391].mean(axis=0), atol=1e-12)
    assert line_profile(noise, [[50, 10], [50, 390]]).values.std() > 2 * wide.values.std()


def test_a_width_in_world_units():
    noise = np.random.default_rng(0).normal(0, 1, (101, 400))
    affine = np.diag([10.0, 10.0, 1.0])
    wide = line_profile(noise, [[5.0, 1.0], [5.0, 39.0]], affine, width=0.9, step=0.1)
    np.testing.assert_allclose(wide.values, noise[46:55, 10:391].mean(axis=0), atol=1e-9)


def test_a_step_does_not_overshoot_between_pixels():
    image = np.zeros((20, 40))
    image[:, 20:] = 1.0
    for angle in np.linspace(-0.6, 0.6, 9):
        end = np.array([10.2, 4.3]) + 30 * np.array([np.sin(angle) * 0.2, 1.0])
        values = line_profile(image, [[10.2, 4.3], end]).values
        assert values.min() >= 0
        assert values.max() <= 1


def test_outside_the_picture_there_is_nothing(picture):
    profile = line_profile(picture, [[45, -30], [45, 200]])
    x = profile.distance - 30
    inside = (x >= -0.5) & (x <= 119.5)
    assert np.array_equal(np.isfinite(profile.values), inside)
    assert profile.crosses
    assert not line_profile(picture, [[-9, -30], [-9, 200]]).crosses


def test_a_bad_pixel_does_not_spread(picture):
    broken = picture.copy()
    broken[40, 60] = np.nan
    broken[41, 60] = np.inf
    through = line_profile(broken, [[40, 30], [40, 90]], step=0.25)
    bad = ~np.isfinite(through.values)
    x = through.distance + 30
    assert np.array_equal(bad, np.abs(x - 60) < 1)
    clean = line_profile(picture, [[40, 30], [40, 90]], step=0.25)
    assert np.abs(through.values - clean.values)[~bad].max() < 0.02
    beside = line_profile(broken, [[39, 30], [39, 90]], step=0.25)
    assert np.isfinite(beside.values).all()


def test_interpolation_is_exact_for_a_plane():
    image = np.add.outer(3.0 * np.arange(12), 2.0 * np.arange(15))
    rows, columns = np.random.default_rng(0).uniform(1.5, 9.5, (2, 200))
    values = between(ArrayPixels(image), taps(image.shape, rows, columns))
    np.testing.assert_allclose(values, 3 * rows + 2 * columns, atol=1e-9)


def test_noise_is_told_from_structure():
    x = np.arange(0, 300, 0.5)
    noise = np.repeat(np.random.default_rng(1).normal(0, 0.02, 300), 2)
    for structure in (0.0 * x, erf((x - 150) / 3), np.sin(2 * np.pi * x / 4.5), 0.01 * x):
        assert Profile(x, structure + noise, 1.0).noise == pytest.approx(0.02, rel=0.25)
    assert Profile(x, 0.01 * x, 1.0).noise < 1e-9


def test_the_longest_stretch_without_gaps():
    values = np.ones(60)
    values[[0, 10, 59]] = np.nan
    run = Profile(np.arange(60.0), values, 1.0).run
    assert run.distance[[0, -1]].tolist() == [11.0, 58.0]
    assert Profile(np.arange(60.0), np.full(60, np.nan), 1.0).run is None
    assert Profile(np.arange(7.0), np.ones(7), 1.0).run is None


@pytest.mark.parametrize(
    ("image", "line", "message"),
    [
        (np.ones((3, 4, 5)), [[0, 0], [1, 1]], "two dimensions"),
        (np.ones((4, 5)) * 1j, [[0, 0], [1, 1]], "real"),
        (np.ones((4, 5)), [[1, 1], [1, 1]], "no length"),
        (np.ones((4, 5)), [[1, 1], [1, np.nan]], "finite numbers"),
    ],
)
def test_what_has_no_profile_is_refused(image, line, message):
    with pytest.raises(ValueError, match=message):
        line_profile(image, line)
