"""The dip between two wires, against the analytic profile of two blurred wires."""

from __future__ import annotations

import numpy as np
import pytest

from napari_deconv import deconvolve, samples
from napari_deconv.evidence.profile import Profile, line_profile
from napari_deconv.evidence.wirepair import pair_dip

X = np.arange(0, 40, 0.5)


def pair(distance: float, sigma: float = 2.0, sign: float = -1.0, noise: float = 0.0) -> Profile:
    wires = sum(np.exp(-((X - 20 + s * distance / 2) ** 2) / 2 / sigma**2) for s in (-1, 1))
    values = 1.0 + 0.1 * X / 40 + sign * 0.3 * wires
    return Profile(X, values + np.random.default_rng(0).normal(0, noise, X.size), 1.0)


def expected(distance: float, sigma: float = 2.0) -> float:
    x = np.linspace(-15, 15, 3001)
    wires = sum(np.exp(-((x + s * distance / 2) ** 2) / 2 / sigma**2) for s in (-1, 1))
    return float((wires.max() - wires[1500]) / wires.max())


@pytest.mark.parametrize("distance", [5.5, 7.0, 10.0])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_dip_equals_the_analytic_one(distance: float, sign: float) -> None:
    assert pair_dip(pair(distance, sign=sign)) == pytest.approx(expected(distance), abs=0.03)


def test_noise_hardly_changes_it() -> None:
    assert pair_dip(pair(8.0, noise=0.01)) == pytest.approx(expected(8.0), abs=0.08)


@pytest.mark.parametrize("distance", [0.0, 3.0])
def test_wires_that_blur_into_one_have_no_dip(distance: float) -> None:
    assert pair_dip(pair(distance)) is None


def test_noise_ramps_edges_and_line_groups_are_no_pair() -> None:
    rng = np.random.default_rng(1)
    noise = [pair_dip(Profile(X, 1 + rng.normal(0, 0.1, X.size), 1.0)) for _ in range(200)]
    assert sum(dip is not None for dip in noise) <= 2
    assert pair_dip(Profile(X, X, 1.0)) is None
    assert pair_dip(Profile(X, np.tanh(X - 20), 1.0)) is None
    assert pair_dip(Profile(X, np.sin(X), 1.0)) is None


def test_tv_deepens_the_dip_of_the_sample_s_wire_pair() -> None:
    sample = samples.radiograph()
    restored = deconvolve(sample.image, sample.psf)
    blurred, sharper, truth = (
        pair_dip(line_profile(picture, sample.features["wire pair"], width=5))
        for picture in (sample.image, restored, sample.truth)
    )
    assert blurred is not None
    assert sharper is not None
    assert truth is not None
    assert blurred < sharper <= truth
