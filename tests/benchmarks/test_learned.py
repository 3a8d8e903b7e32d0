"""The table of learned restoration: scenes of its own, fair choices of strengths."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

pytestmark = pytest.mark.benchmark("learned")


def test_scenes_that_other_code_drew_are_grey_values(script: ModuleType) -> None:
    scenes = script.learned_scenes.others(64)
    assert len(scenes) == 8
    for scene in scenes.values():
        assert scene.shape == (64, 64)
        assert scene.min() >= 0
        assert 0.3 < np.ptp(scene) <= 1


def test_psfs_sum_to_one(script: ModuleType) -> None:
    for row in script.rows().values():
        assert row.psf.sum() == pytest.approx(1)
        assert row.psf.shape == (49, 49)
    at = np.arange(49) - 24
    double = script.rows()["E"].psf
    assert (double.sum(1) @ at, double.sum(0) @ at) == pytest.approx((0, 0), abs=0.01)


def test_the_best_strength_is_one_for_the_whole_row(script: ModuleType) -> None:
    found = {
        "a": {"TV, best|1": 30.0, "TV, best|2": 33.0, "restore": 32.0, "blurred": 20.0},
        "b": {"TV, best|1": 30.0, "TV, best|2": 28.0, "restore": 31.0, "blurred": 20.0},
    }
    assert script.best(found, "TV, best") == {"a": 33.0, "b": 28.0}
    assert script.best(found, "restore") == {"a": 32.0, "b": 31.0}


def test_gains_are_those_of_single_scenes(script: ModuleType) -> None:
    one = dict.fromkeys(
        ["blurred", "Wiener, best|1", "Richardson-Lucy, best|5", "TV, automatic"],
        20.0,
    )
    found = {
        "A": {
            "a": {**one, "TV, best|1": 30.0, "restore": 32.0},
            "b": {**one, "TV, best|1": 30.0, "restore": 29.5},
        }
    }
    header, lines = script.table_of(found, ["A", "B"])
    assert len(lines) == 1
    row = dict(zip(header, lines[0], strict=True))
    assert row["row"] == "A"
    assert row["restore"] == "30.75"
    assert row["over TV best"] == "+0.75"
    assert row["least of a scene"] == "-0.50"
    assert row["scenes gained"] == "1 of 2"
    assert row["plug-and-play"] == ""


def test_the_error_of_a_picture_in_colour_is_that_of_all_channels(script: ModuleType) -> None:
    truth = np.zeros((64, 64))
    errors = (0.1, 0.2, 0.3)
    each = [{"restore": script.decibel(truth + error, truth)} for error in errors]
    expected = -10 * np.log10(np.mean(np.square(errors)))
    assert script.together(each)["restore"] == pytest.approx(expected)


def test_a_picture_in_colour_is_blurred_channel_by_channel(script: ModuleType) -> None:
    pictures = script.scenes("colours")
    assert len(pictures) == 8
    row = script.rows()["U"]
    scene = pictures["astronaut"]
    image, truth = script.measured(row._replace(read=0.0), scene, 0)
    assert image.shape == truth.shape == (3, script.SIDE, script.SIDE)
    for channel in range(3):
        alone, _ = script.measured(row._replace(read=0.0), scene[channel], 0)
        np.testing.assert_allclose(image[channel], alone, atol=1e-3)  # photons: 1e9 for white


def test_another_seed_draws_other_scenes_and_noise(script: ModuleType) -> None:
    first, second = (script.learned_scenes.assemblies(1, 64, seed) for seed in (0, 5))
    assert not np.array_equal(first["assembly 0"], second["assembly 0"])
    flat = np.full((96, 96), 0.5)
    row = script.rows()["A"]
    again, same, other = (script.measured(row, flat, 0, seed)[0] for seed in (0, 0, 5))
    np.testing.assert_array_equal(again, same)
    assert not np.array_equal(again, other)
