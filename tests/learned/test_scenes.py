"""What models learn from: drawn scenes, and what a detector makes of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import fftconvolve

import napari_deconv as nd
from napari_deconv.learned import degradation
from napari_deconv.learned.assemblies import assembly
from napari_deconv.learned.degradation import Degradation
from napari_deconv.learned.random_psfs import random_psf
from napari_deconv.learned.scenes import Crop, Scenes
from napari_deconv.learned.soft_scenes import soft
from napari_deconv.learned.stark_scenes import stark
from napari_deconv.psf.kernel import rms_radius

KINDS = [assembly, soft, stark]


@pytest.mark.parametrize("kind", KINDS)
def test_scenes_are_grey_values_and_differ(kind) -> None:
    drawn = [kind(np.random.default_rng(seed), 96) for seed in range(20)]
    for scene in drawn:
        assert scene.shape == (96, 96)
        assert np.isfinite(scene).all()
        assert scene.min() >= 0
        assert scene.max() <= 1 + 1e-6
    assert len({scene.tobytes() for scene in drawn}) >= 16  # a plain field may be empty
    np.testing.assert_array_equal(drawn[3], kind(np.random.default_rng(3), 96))


def test_a_crop_is_the_same_for_the_same_numbers() -> None:
    scenes = Scenes(side=96, kept=8)
    one, again, other = (scenes.crop(0, step, 1, 40) for step in (5, 5, 6))
    np.testing.assert_array_equal(one.values, again.values)
    assert not np.array_equal(one.values, other.values)
    assert one.values.shape == (40, 40)


def test_psfs_sum_to_one_and_stay_where_they_are() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        psf = random_psf(rng, 49)
        assert psf.sum() == pytest.approx(1)
        assert psf.min() >= 0
        at = np.arange(49) - 24
        centroid = (psf.sum(1) @ at, psf.sum(0) @ at)
        assert centroid == pytest.approx((0, 0), abs=1e-6)


def test_rms_radius_of_a_gaussian_is_its_sigma() -> None:
    psf = nd.choices("psf")["gaussian"](sigma=2.5).kernel()
    assert rms_radius(psf) == pytest.approx(2.5, abs=0.03)
    assert rms_radius(np.pad(psf, ((0, 8), (3, 0)))) == pytest.approx(rms_radius(psf))


def crop(side: int, seed: int = 0) -> Crop:
    values = np.random.default_rng(seed).uniform(0.2, 0.8, (side, side)).astype(np.float32)
    return Crop(values, 0.5, 0.5)


def test_blur_assumes_nothing_beyond_the_border() -> None:
    psf = {"name": "elliptic", "sigma_long": 2.0, "sigma_short": 1.0, "angle": 30}
    degradation = Degradation(psf=psf, jitter=0, support=17, weakest=1e-7, strongest=2e-7)
    scene = crop(56)
    pairs = degradation.pairs([scene], [np.random.default_rng(0)])
    kernel = degradation.kernel(np.random.default_rng(0))
    blurred = (fftconvolve(scene.values, kernel, "valid") - scene.mean) / scene.scale
    seen = pairs.view.crop(pairs.view.data)[0, 0].numpy()
    np.testing.assert_allclose(seen, blurred, atol=2e-6)
    truth = (scene.values[8:-8, 8:-8] - scene.mean) / scene.scale
    np.testing.assert_allclose(pairs.truth[0, 0].numpy(), truth, atol=1e-6)


@pytest.mark.parametrize("frames", [1, 4])
@pytest.mark.parametrize("alike", [0.0, 1.0])
def test_the_noise_is_as_strong_as_is_told(frames: int, alike: float) -> None:
    noisy = Degradation(support=17, weakest=0.0499, strongest=0.05, frames=frames, alike=alike)
    quiet = noisy.replace(weakest=1e-7, strongest=1.1e-7)
    found, told = [], []
    for seed in range(12):
        pair, clean = (
            d.pairs([crop(144, seed)], [np.random.default_rng(seed)]) for d in (noisy, quiet)
        )
        found.append(float((pair.view.data - clean.view.data)[pair.view.known > 0].std()))
        told.append(float(pair.view.noise))
    assert np.mean(found) == pytest.approx(0.05 / frames**0.5, rel=0.1)
    assert np.mean(np.divide(told, found)) == pytest.approx(1, abs=0.1)


def test_frames_of_a_burst_are_shifted_and_a_little_misplaced() -> None:
    still = Degradation(support=17, weakest=0.0499, strongest=0.05, frames=8, shift=0, misplaced=0)
    moved = still.replace(shift=12.0)
    told = [
        d.pairs([crop(96, 0)], [np.random.default_rng(0)]).view.sigma[0, 0] for d in (still, moved)
    ]
    border, middle = (float((told[1] / told[0])[part].mean()) for part in (np.s_[0], np.s_[30:50]))
    assert middle < 1.1 < border  # fewer frames see the border: its noise is told as stronger
    quiet = still.replace(weakest=1e-7, strongest=1.1e-7, blurred=False)
    sharp, soft = (
        d.pairs([crop(96, 0)], [np.random.default_rng(0)])
        for d in (quiet, quiet.replace(misplaced=0.4))
    )
    detail = [float(pair.view.crop(pair.view.data).std()) for pair in (sharp, soft)]
    assert detail[1] < 0.9 * detail[0]
    torch.testing.assert_close(sharp.truth, soft.truth)


def test_one_frame_is_neither_shifted_nor_misplaced() -> None:
    one, other = (
        Degradation(support=17, shift=s, misplaced=m).pairs([crop(56)], [np.random.default_rng(3)])
        for s, m in ((0.0, 0.0), (9.0, 0.5))
    )
    assert torch.equal(one.view.data, other.view.data)


def test_noise_levels_are_spread_over_the_orders_of_magnitude() -> None:
    degradation = Degradation()
    drawn = np.array([degradation.sigma(np.random.default_rng(k)) for k in range(2000)])
    assert drawn.min() < 3e-5
    assert drawn.max() > 0.08
    assert np.mean(drawn < 8e-4) == pytest.approx(0.3, abs=0.03)


def test_a_given_psf_varies_by_the_jitter() -> None:
    degradation = Degradation(psf={"name": "gaussian", "sigma": 3.0}, jitter=0.15, support=33)
    widths = [rms_radius(degradation.kernel(np.random.default_rng(k))) for k in range(40)]
    assert 2.5 <= min(widths) < 2.7
    assert 3.3 < max(widths) <= 3.5


def test_a_given_psf_is_sampled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = nd.choices("psf")["core-tail"]
    sample, calls = shape.kernel, []
    degradation.sampled.cache_clear()
    monkeypatch.setattr(shape, "kernel", lambda psf: (calls.append(psf), sample(psf))[1])
    given = Degradation(psf={"name": "core-tail", "sigma": 1.75}, support=15)
    kernels = [given.kernel(np.random.default_rng(number)) for number in range(3)]
    again = Degradation(psf={"name": "core-tail", "sigma": 1.75}, support=15)
    assert np.array_equal(again.kernel(np.random.default_rng(2)), kernels[2])
    assert len(calls) == 1
    assert not np.array_equal(kernels[0], kernels[1])
    with pytest.raises(ValueError, match="read-only"):  # all pairs share it
        degradation.sampled(given.psf)[:] = 0


def test_a_psf_of_a_volume_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="one of a volume: give a 2-D one"):
        Degradation(psf={"name": "gaussian", "dimensions": 3})
    with pytest.raises(ValueError, match="pixel size of the image is not known"):
        Degradation(psf={"name": "gaussian", "sigma": 2.0, "unit": "um"})


STORED = {"measured": np.ones((3, 3)), "grid": np.ones((2, 2, 3, 3))}


@pytest.mark.parametrize("name", sorted(nd.choices("psf")))
def test_each_psf_can_be_found_again_once_it_is_sampled(name: str) -> None:
    shape = nd.choices("psf")[name]
    one, same = (shape.of(STORED[name]) if shape.stored else shape() for _ in range(2))
    assert hash(one) == hash(same)


def test_frames_of_a_batch_have_psfs_of_their_own() -> None:
    rngs = [np.random.default_rng(k) for k in range(3)]
    pairs = Degradation(support=17).pairs([crop(56, k) for k in range(3)], rngs)
    alone = Degradation(support=17).pairs([crop(56, 1)], [np.random.default_rng(1)])
    torch.testing.assert_close(pairs.view.data[1:2], alone.view.data)
    torch.testing.assert_close(
        pairs.view.blur(pairs.truth.new_ones(3, 1, *pairs.view.blur.grid)),
        torch.ones(3, 1, *pairs.view.blur.grid),
    )
    torch.testing.assert_close(pairs.view.blur.spectrum[1, 0], alone.view.blur.spectrum)
