"""Gain and read noise from one image: of simulated photons, of smeared noise, of real scans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

from napari_deconv import samples
from napari_deconv.core.noise import gaussian_sigma, noise_by_grey, poisson_gaussian


@pytest.fixture(scope="module")
def transmission() -> np.ndarray:
    """Return a blurred part with steps, wires, line pairs and soft gradients, 0.02 to 1."""
    return gaussian_filter(np.clip(samples.radiograph((384, 384)).truth, 0.02, None), 1.5)


def exposed(grey: np.ndarray, gain: float, read: float, seed: int = 0) -> np.ndarray:
    """Return an exposure of `grey` photons a pixel, `gain` grey values each."""
    rng = np.random.default_rng(seed)
    return (gain * rng.poisson(grey) + rng.normal(0, read, grey.shape)).astype(np.float32)


@pytest.mark.parametrize("photons", [20, 100, 1000, 10_000])
@pytest.mark.parametrize("gain", [0.2, 1.0, 30.0])
def test_the_gain_of_counted_photons(transmission: np.ndarray, photons: int, gain: float) -> None:
    image = exposed(photons * transmission, gain, 0.0)
    found, read = poisson_gaussian(image)
    assert found == pytest.approx(gain, rel=0.1)
    assert read**2 < 0.1 * gain**2 * photons * transmission.mean()


@pytest.mark.parametrize(("photons", "read"), [(20, 5.0), (100, 8.0), (1000, 30.0)])
def test_gain_and_read_noise_together(transmission: np.ndarray, photons: int, read: float) -> None:
    found = np.mean(
        [poisson_gaussian(exposed(photons * transmission, 1, read, n)) for n in range(3)], axis=0
    )
    assert found == pytest.approx([1.0, read], rel=0.1)


def test_noise_alike_everywhere_has_no_gain(transmission: np.ndarray) -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, transmission.shape)
    gain, read = poisson_gaussian((transmission + noise).astype(np.float32))
    assert gain * transmission.mean() < 0.1 * 0.01**2
    assert read == pytest.approx(0.01, rel=0.06)


@pytest.mark.parametrize("correlation", [0.2, 0.34, 0.45])
def test_smeared_noise_is_seen_whole(transmission: np.ndarray, correlation: float) -> None:
    """Exponential smear: the finest details see 1 - r of sigma, as in a real portal detector."""
    grey = 3000 * transmission + 300
    noise = np.random.default_rng(0).normal(size=grey.shape)
    spectrum = np.fft.fft2(noise)
    for axis in (0, 1):
        n = grey.shape[axis]
        lags = np.minimum(np.arange(n), n - np.arange(n))
        power = np.fft.fft(correlation**lags).real.clip(min=0)
        spectrum *= np.sqrt(power)[:, None] if axis == 0 else np.sqrt(power)
    smeared = np.fft.ifft2(spectrum).real
    image = (grey + np.sqrt(0.05 * grey) * smeared / smeared.std()).astype(np.float32)
    found = noise_by_grey(image)
    assert found.neighbours == pytest.approx(correlation, abs=0.06)
    sigma = np.sqrt(found.gain * grey.mean() + found.read_sigma**2)
    assert sigma == pytest.approx(np.sqrt(0.05 * grey.mean()), rel=0.12)
    assert gaussian_sigma(image) < (1 - 0.5 * correlation) * np.sqrt(0.05 * grey.mean())


def test_it_scales_with_the_grey_values(transmission: np.ndarray) -> None:
    image = exposed(500 * transmission, 1, 6.0)
    gain, read = poisson_gaussian(image)
    assert poisson_gaussian(1000 * image) == pytest.approx((1000 * gain, 1000 * read), rel=1e-3)


def test_masked_pixels_and_spots_do_not_count(transmission: np.ndarray) -> None:
    image = exposed(500 * transmission, 1, 0.0)
    plain = noise_by_grey(image)
    rng = np.random.default_rng(1)
    valid = rng.uniform(size=image.shape) > 0.02
    bad = np.where(valid, image, 1e6).astype(np.float32)
    assert noise_by_grey(bad, valid).gain == pytest.approx(plain.gain, rel=0.05)
    image.ravel()[rng.integers(0, image.size, 40)] = 30_000  # gamma spots
    assert noise_by_grey(image).gain == pytest.approx(plain.gain, rel=0.05)


def test_a_stack_is_measured_as_one(transmission: np.ndarray) -> None:
    stack = np.stack([exposed(300 * transmission, 2, 0, seed) for seed in range(3)])
    assert poisson_gaussian(stack)[0] == pytest.approx(2, rel=0.05)


def test_levels_alike_are_all_photons(transmission: np.ndarray) -> None:
    flat = exposed(np.full((128, 128), 400.0), 1, 0)
    gain, read = poisson_gaussian(flat)
    assert (gain, read) == (pytest.approx(1, rel=0.1), 0)


@pytest.mark.parametrize("shape", [(2, 2), (5, 400), (24, 25), (12, 12)])
def test_a_small_picture_gets_one_sigma(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).normal(50, 2, shape).astype(np.float32)
    assert poisson_gaussian(image) == (0.0, gaussian_sigma(image))


def test_without_noise_there_is_none() -> None:
    assert noise_by_grey(np.full((90, 90), 7.0, np.float32))[:3] == (0, 0, 0)


def test_real_flat_fields_and_darks(shared_data: Path) -> None:
    """Ten exposures of one detector row: beside the variance over the exposures."""
    flats = np.load(shared_data / "xray" / "tooth_flats.npy").astype(np.float64)
    flats *= flats.mean() / flats.mean(1, keepdims=True)
    over_time = (flats.var(0, ddof=1) / flats.mean(0)).mean()
    assert poisson_gaussian(flats)[0] == pytest.approx(over_time, rel=0.15)
    darks = np.load(shared_data / "xray" / "tooth_darks.npy").astype(np.float64)
    found = noise_by_grey(darks)
    sigma = np.sqrt(found.gain * darks.mean() + found.read_sigma**2)
    assert sigma == pytest.approx(np.sqrt(darks.var(0, ddof=1).mean()), rel=0.1)


@pytest.mark.parametrize("seconds", ["005", "010"])
@pytest.mark.parametrize("page", [0, 1])
def test_real_radiographs_beside_their_long_exposure(
    shared_data: Path, seconds: str, page: int
) -> None:
    """Noise of a short exposure: what is left of it when the same scene at 120 s is taken off."""
    scans = {
        name: tifffile.imread(shared_data / "dose" / f"neutron_wedge_{name}s.tif").astype(float)
        for name in (seconds, "120")
    }
    short, long = (scan[page] - np.median(scan[2]) for scan in scans.values())
    rest = short - np.median(short) / np.median(long) * long
    squares = rest[:500, :500].reshape(25, 20, 25, 20).swapaxes(1, 2).reshape(-1, 400)
    means = short[:500, :500].reshape(25, 20, 25, 20).mean((1, 3)).ravel()
    spread = 1.4826 * np.median(np.abs(squares - np.median(squares, 1)[:, None]), 1)
    sigma = float(np.sqrt(np.median(spread**2 / means)))
    gain, read = poisson_gaussian(short)
    assert np.sqrt(gain + read**2 / short.mean()) == pytest.approx(sigma, rel=0.12)


def test_what_a_mask_hides_does_not_drown_the_noise(transmission: np.ndarray) -> None:
    image = transmission + np.random.default_rng(4).normal(0, 0.01, transmission.shape)
    valid = np.ones(image.shape, bool)
    valid[10:14, 20:24] = False
    broken = np.where(valid, image, 1e7)
    assert gaussian_sigma(broken, valid) == pytest.approx(gaussian_sigma(image, valid))


def test_weights_say_how_the_noise_varies(transmission: np.ndarray) -> None:
    sigma = np.where(np.arange(transmission.shape[1]) < 100, 0.005, 0.04)
    image = transmission + np.random.default_rng(4).normal(0, 1, transmission.shape) * sigma
    weights = np.broadcast_to((0.005 / sigma) ** 2, image.shape)
    assert gaussian_sigma(image, weights=weights) == pytest.approx(0.005, rel=0.05)
