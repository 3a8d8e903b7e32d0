"""What the edges' benchmark says of blur measured from edges: ten of its trials, and a few MTFs."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from scipy.integrate import quad


@pytest.mark.benchmark("edges")
def test_ten_trials_hold_the_truth(script: ModuleType) -> None:
    trials = script.drawn(10)
    assert {trial.noise for trial in trials} == set(script.NOISES)
    rows, share = script.held(trials)
    assert [row[0] for row in rows] == ["0.0%", "0.2%", "1.0%", "2.0%", "5.0%"]
    assert share >= 0.8


@pytest.mark.benchmark("edges")
@pytest.mark.parametrize("blur", [0, 8, 11])
def test_widths_at_one_percent_of_noise(script: ModuleType, blur: int) -> None:
    for seed, angle in enumerate((0.0, 17.0)):
        missed, _ = script.off(script.Trial(script.BLURS[blur], angle, 0.01, seed))
        assert missed[0] < 0.02


@pytest.mark.benchmark("edges")
@pytest.mark.parametrize("angle", [1.5, 17])
def test_the_curve_at_one_percent_of_noise(script: ModuleType, angle: float) -> None:
    for blur in (script.CURVES[1], script.CURVES[-1]):
        assert script.mtf_error(script.Trial(blur, angle, 0.01, 3), "curve") < 0.01


@pytest.mark.benchmark("edges")
def test_a_blur_of_another_kind_shows_its_own_curve(script: ModuleType) -> None:
    trial = script.Trial(script.FOREIGN, 3.0, 0.0, 2)
    own = script.mtf_error(trial, "curve")
    assert own < 0.01
    assert own < 0.5 * script.mtf_error(trial, "gaussian")


@pytest.mark.benchmark("edge_formulas")
@pytest.mark.parametrize("name", ["gaussian", "disk", "core_tail", "slit"])
def test_formulas_of_edge_and_mtf_are_of_one_blur(script: ModuleType, name: str) -> None:
    values = {"gaussian": (1.5,), "disk": (3.0,), "core_tail": (1.5, 0.2, 4.0), "slit": (5.0, 0.8)}
    blur = getattr(script, name)(*values[name])

    def turned(frequency: float) -> float:
        def rest(t: float) -> float:
            return (1 - float(blur.edge(np.array(t)))) * np.sin(2 * np.pi * frequency * t)

        return 1 - 4 * np.pi * frequency * quad(rest, 0, 80, limit=400)[0]

    for frequency in (0.02, 0.1, 0.2):
        expected = float(blur.transfer(np.array([frequency]))[0])
        assert turned(frequency) == pytest.approx(expected, abs=2e-4)


@pytest.mark.benchmark("edge_formulas")
def test_a_picture_integrates_over_the_pixel(script: ModuleType) -> None:
    """Along the pixels the integral of a Gaussian's edge is known."""
    blur = script.gaussian(0.7)
    image = script.picture(blur.edge, 0.0, 0.0, dark=False, seed=4, side=32)
    offset = np.random.default_rng(4).uniform(-0.5, 0.5)
    for column in (13, 15, 16, 18):
        left = column - 15.5 - offset - 0.5
        mean = quad(lambda t: float(blur.edge(np.array(t))), left, left + 1)[0]
        np.testing.assert_allclose(image[:, column], 0.2 + 0.7 * mean, atol=1e-6)
