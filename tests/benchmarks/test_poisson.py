"""The misfits for counts, on something tiny."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from napari_deconv.core.fidelities import Poisson

N = 48


@pytest.mark.benchmark("poisson")
def test_errors_of_the_steps_are_relative_and_a_weight_keeps_its_meaning(
    script: ModuleType,
) -> None:
    scene = script.scene(peak=1000.0, size=N)
    assert 0.0005 < scene.truth.min() < 0.003 < 0.99 < scene.truth.max() <= 1
    assert set(np.unique(scene.step)) == set(range(len(script.TRANSMISSIONS)))
    fit = script.measured(1.1 * scene.truth, scene, 0.0)
    low, high = min(fit.bands), max(fit.bands)
    assert 0.1 <= low <= high < 0.13  # rms over mean: a little above 10 %
    assert fit.shift == pytest.approx(0.1)
    carried = script.carried(0.01, scene, "Kullback-Leibler")
    curvature = Poisson(gain=1 / scene.peak).curvature(float(scene.image.mean()))
    assert carried == pytest.approx(0.01 * curvature, rel=1e-6)


@pytest.mark.benchmark("poisson")
def test_another_penalty_is_for_a_while_and_leads_to_the_same_picture(script: ModuleType) -> None:
    scene = script.scene(peak=1000.0, size=N)
    weight = script.start(scene, "Kullback-Leibler")
    usual = script.solvers.SPLIT_PENALTY
    with script.steady():
        quick = script.fit(scene, "Kullback-Leibler", weight)
        again = script.fit(scene, "Kullback-Leibler", weight, iterations=1200)
    assert usual == script.solvers.SPLIT_PENALTY
    assert quick.objective == pytest.approx(again.objective, rel=1e-4)
    assert quick.bands == pytest.approx(again.bands, rel=0.02)
