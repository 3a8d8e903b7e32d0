"""SNR, CNR, NPS and contrast discrimination of noise whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import correlate

from napari_deconv.evidence.contrast_discrimination import contrast_discrimination
from napari_deconv.evidence.contrast_noise import contrast_to_noise, signal_to_noise
from napari_deconv.evidence.noise_box import NoiseBox
from napari_deconv.evidence.noise_power import noise_power

from .drawing import box, smeared, white

WHOLE = box(0, 0, 95, 95)


def sigmas(shape: tuple[int, int], blur: float) -> float:
    """Return the standard deviation of `smeared` noise."""
    along = [np.fft.fftfreq(n) for n in shape]
    f2 = along[0][:, None] ** 2 + along[1][None, :] ** 2
    return float(np.sqrt(np.mean(np.exp(-4 * np.pi**2 * blur**2 * f2))))


def test_snr_of_white_noise_is_known() -> None:
    scores = []
    for seed in range(40):
        figure, *_ = signal_to_noise(100 + white((96, 96), 4.0, seed), WHOLE).figures
        scores.append((figure.value - 25) / figure.error)
    assert np.abs(scores).max() < 3.5
    assert 0.7 < np.std(scores) < 1.3


@pytest.mark.parametrize("blur", [0.0, 1.0, 2.0])
def test_stated_errors_hold_for_coloured_noise(blur: float) -> None:
    boxes = []
    for seed in range(60):
        noise = smeared((128, 128), blur, seed) if blur else white((128, 128), 1.0, seed)
        boxes.append(NoiseBox.of(50 + noise, box(20, 20, 83, 83)))
    scatter = np.std([b.sigma for b in boxes], ddof=1)
    assert np.mean([b.sigma_error for b in boxes]) == pytest.approx(scatter, rel=0.3)
    scatter = np.std([b.mean for b in boxes], ddof=1)
    assert np.mean([b.mean_error for b in boxes]) == pytest.approx(scatter, rel=0.3)
    assert np.mean([b.sigma for b in boxes]) == pytest.approx(sigmas((128, 128), blur), rel=0.04)


def test_a_slope_of_the_beam_is_not_taken_for_noise() -> None:
    rows, columns = np.indices((96, 96))
    slope = 0.3 * rows + 0.001 * columns**2
    even = NoiseBox.of(100 + white((96, 96), 2.0, 0), WHOLE)
    sloping = NoiseBox.of(100 + slope + white((96, 96), 2.0, 0), WHOLE)
    assert sloping.sigma == pytest.approx(even.sigma, rel=1e-6)


def test_snrn_refers_snr_to_the_resolution() -> None:
    snr, snrn, *_ = signal_to_noise(100 + white((96, 96), 4.0, 0), WHOLE, 0.1772).figures
    assert snrn.name == "SNRn"
    assert snrn.value == pytest.approx(snr.value / 2)
    assert snrn.error == pytest.approx(snr.error / 2)
    with pytest.raises(ValueError, match="above 0 mm"):
        signal_to_noise(100 + white((96, 96), 4.0, 0), WHOLE, 0.0)


def test_cnr_of_white_noise_is_known() -> None:
    scores = []
    for seed in range(40):
        picture = 100 + white((96, 96), 4.0, seed)
        picture[:, 50:] -= 6
        figure, *_ = contrast_to_noise(picture, box(5, 55, 90, 90), box(5, 5, 90, 45)).figures
        scores.append((figure.value - 1.5) / figure.error)
    assert np.abs(scores).max() < 3.5
    assert 0.6 < np.std(scores) < 1.4


@pytest.mark.parametrize(
    ("picture", "corners", "says"),
    [
        (np.ones((96, 96)), WHOLE, "no noise"),
        (np.repeat([[0.0], [1.0]], 48, 0) * np.ones((96, 96)) + 1e-3, WHOLE, "structure"),
        (white((96, 96), 1.0, 0), box(0, 0, 8, 50), "narrow"),
        (white((96, 96), 1.0, 0), box(-9, 0, 50, 50), "beyond the image"),
        (white((96, 96), 1.0, 0), [[10, 40], [40, 70], [70, 40], [40, 10]], "turning"),
    ],
)
def test_what_is_no_even_region_is_refused(picture: np.ndarray, corners: object, says: str) -> None:
    noisy = picture + white((96, 96), 0.01, 5) if says == "structure" else picture
    with pytest.raises(ValueError, match=says):
        NoiseBox.of(noisy, corners)


def test_snr_needs_a_dose() -> None:
    with pytest.raises(ValueError, match="count dose from zero"):
        signal_to_noise(white((96, 96), 1.0, 0) - 5, WHOLE)


def test_the_integral_of_the_power_is_the_variance() -> None:
    power = noise_power(10 + white((200, 170), 3.0, 2), box(0, 0, 199, 169))
    assert power.plane.shape == (64, 64)
    assert power.plane.sum() / 64**2 == pytest.approx(power.variance, rel=1e-12)
    assert power.variance == pytest.approx(9, rel=0.05)
    small = noise_power(10 + white((64, 64), 3.0, 2), box(0, 0, 63, 63), block=64)
    residual = NoiseBox.of(10 + white((64, 64), 3.0, 2), box(0, 0, 63, 63)).residual
    assert small.plane.sum() / 64**2 == pytest.approx(np.mean(residual**2), rel=1e-12)


@pytest.mark.parametrize("blur", [0.0, 0.6, 1.2])
def test_the_spectrum_is_that_of_the_filter(blur: float) -> None:
    scores = []
    for seed in range(12):
        noise = smeared((256, 256), blur, seed)
        found = noise_power(20 + noise, box(0, 0, 255, 255))
        true = np.exp(-4 * np.pi**2 * blur**2 * found.frequency**2)
        told = (found.frequency > 2 / 128) & (true > 0.03)
        scores += list(((found.power - true) / found.error)[told])
    assert np.mean(np.abs(scores) < 3) > 0.98
    assert 0.6 < np.std(scores) < 1.3


def test_the_spectrum_is_the_transform_of_the_autocorrelation() -> None:
    residual = NoiseBox.of(white((64, 64), 2.0, 4), box(0, 0, 63, 63)).residual
    correlation = correlate(residual, np.pad(residual, (0, 63), mode="wrap"), mode="valid")
    ours = noise_power(white((64, 64), 2.0, 4), box(0, 0, 63, 63), block=64).plane
    theirs = np.abs(np.fft.fft2(correlation)) / 64**2
    np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-8)


def test_power_in_millimetres_has_the_same_integral() -> None:
    reading = noise_power(10 + smeared((128, 128), 1.0, 0), box(0, 0, 127, 127)).reading()
    lengths = reading.in_mm(0.2)
    assert lengths.figures[0].value == pytest.approx(0.04 * reading.figures[0].value)
    assert lengths.figures[0].unit == "grey² mm²"
    assert lengths.figures[1].value == pytest.approx(5 * reading.figures[1].value)
    curve, scaled = reading.graph.curves[0], lengths.graph.curves[0]
    np.testing.assert_allclose(scaled.x, 5 * curve.x)
    np.testing.assert_allclose(scaled.y, 0.04 * curve.y)
    np.testing.assert_allclose(scaled.error, 0.04 * curve.error)


def test_a_block_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        noise_power(white((96, 96), 1.0, 0), WHOLE, block=128)


def test_contrast_discrimination_of_white_noise_falls_with_size() -> None:
    scores = []
    for seed in range(8):
        found = contrast_discrimination(50 + white((160, 160), 2.0, seed), box(0, 0, 159, 159))
        scores += list((found.contrast - 300 * 2 / (found.size * 50)) / found.error)
    assert np.mean(np.abs(scores) < 3) > 0.96
    figure = found.reading().figures[0]
    assert figure.name == "contrast at 5 px"
    assert figure.value == found.contrast[4]


@pytest.mark.parametrize(
    ("picture", "corners", "says"),
    [
        (np.ones((60, 60)), box(0, 0, 50, 50), "no noise"),
        (white((60, 60), 1.0, 0) - 9, box(0, 0, 50, 50), "add 1000"),
        (white((60, 60), 1.0, 0) + 9, box(0, 0, 10, 10), "larger one"),
        (white((60, 60), 1.0, 0) + 9, box(20, 20, 99, 99), "beyond the image"),
    ],
)
def test_what_is_no_even_disk_is_refused(picture: np.ndarray, corners: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        contrast_discrimination(picture, corners)
