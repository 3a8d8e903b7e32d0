"""How often marked places are wrong: counted where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from napari_deconv.evidence.calibration import calibrated


def scene(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    picture = np.full((96, 96), 0.3)
    picture[20:50, 30:80] = 0.8
    return picture + rng.normal(0, 1e-4, picture.shape)


def test_invented_places_are_marked_and_wrong() -> None:
    truths = [scene(k) for k in range(3)]
    results = [truth.copy() for truth in truths]
    for result in results:
        result[64:80, 64:80] += 0.1
    found = calibrated(results, truths, truths, border=8)
    assert found.pictures == 3
    assert 0.03 < found.marked < 0.2
    assert found.marked_wrong > 0.8
    assert found.others_wrong < 0.02
    assert f"{found.marked_wrong:.0%} of the places where TV differed" in found.said()


def test_marks_where_the_other_alone_is_wrong_are_false_alarms() -> None:
    truths = [scene(0)]
    others = [truths[0].copy()]
    others[0][64:80, 64:80] += 0.1
    found = calibrated(truths, others, truths, border=8)
    assert found.marked > 0.03
    assert found.marked_wrong == 0


def test_what_both_get_wrong_is_not_marked_but_counted() -> None:
    truths = [scene(0)]
    results = [truths[0] + 0.1 * (np.arange(96) > 60)]
    found = calibrated(results, results, truths, border=8)
    assert found.marked == found.marked_wrong == 0
    assert found.others_wrong == pytest.approx(0.35, abs=0.1)
    assert "nowhere" in found.said()


def test_the_border_does_not_count() -> None:
    truths = [scene(0)]
    results = [truths[0].copy()]
    results[0][:4] += 0.3
    assert calibrated(results, truths, truths, border=16).marked_wrong == 0
    assert calibrated(results, truths, truths, border=0).marked_wrong > 0.5
