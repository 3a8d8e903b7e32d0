"""Gain and read noise of repeated frames: what was put in comes out, inside its error bars."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_deconv.xray.transfer import DetectorNoise, photon_transfer

GAIN, READ, DARK = 2.0, 8.0, 100.0
SHAPE = (96, 96)


def frames(
    exposures: tuple[float, ...], rng: np.random.Generator, scene: np.ndarray | float = 1.0
) -> np.ndarray:
    """Return frames of a detector with a fixed pattern of 5 %."""
    pattern = 3000 * scene * (1 + 0.05 * np.random.default_rng(0).normal(size=SHAPE))
    return np.stack(
        [GAIN * rng.poisson(e * pattern) + DARK + rng.normal(0, READ, SHAPE) for e in exposures]
    )


def darks(number: int, rng: np.random.Generator) -> np.ndarray:
    return DARK + rng.normal(0, READ, (number, *SHAPE))


def test_gain_and_read_noise_lie_within_their_errors() -> None:
    rng = np.random.default_rng(1)
    off = []
    for _ in range(10):
        found = photon_transfer(frames((1, 1.05, 0.9), rng), darks(3, rng))
        off.append((found.gain - GAIN) / found.gain_error)
        off.append((found.read - READ) / found.read_error)
        assert found.gain == pytest.approx(GAIN, rel=0.05)
        assert found.read == pytest.approx(READ, rel=0.02)
    assert np.sqrt(np.mean(np.square(off))) == pytest.approx(1, abs=0.4)


def test_drift_between_frames_is_in_the_error() -> None:
    rng = np.random.default_rng(5)
    still = frames((1,) * 8, rng)
    drifting = still.copy()
    for number in range(8):  # noise that grows from frame to frame beside that of photons
        drifting[number] += rng.normal(0, 12 * number, SHAPE)
    steady, drift = (photon_transfer(x, darks(3, rng)) for x in (still, drifting))
    assert drift.gain_error > 3 * steady.gain_error


def test_weak_spots_are_in_the_error() -> None:
    rng = np.random.default_rng(6)
    flats, dark = frames((1, 1), rng), darks(3, rng)
    clean = photon_transfer(flats, dark)
    hit = rng.random(flats.shape) < 0.03
    flats[hit] += 3.5 * np.sqrt(2 * GAIN * flats[hit])  # in sigmas of a difference
    spotted = photon_transfer(flats, dark)
    assert abs(spotted.gain - GAIN) > 1.96 * clean.gain_error
    assert abs(spotted.gain - GAIN) < 1.96 * spotted.gain_error


def test_a_dose_ladder_needs_no_darks() -> None:
    rng = np.random.default_rng(2)
    ladder = frames((0.02, 0.1, 1), rng, np.linspace(0.05, 1, SHAPE[1])) - DARK
    found = photon_transfer(ladder)
    assert found.gain == pytest.approx(GAIN, abs=4 * found.gain_error)
    assert found.read == pytest.approx(READ, abs=4 * found.read_error)
    assert found.read_error < READ / 5


def test_gamma_spots_change_nothing() -> None:
    rng = np.random.default_rng(3)
    flats, dark = frames((1, 1, 1), rng), darks(3, rng)
    clean = photon_transfer(flats, dark)
    flats[rng.random(flats.shape) < 0.001] = 60_000
    dark[rng.random(dark.shape) < 0.001] = 5_000
    spotted = photon_transfer(flats, dark)
    assert spotted.gain == pytest.approx(clean.gain, rel=0.02)
    assert spotted.read == pytest.approx(clean.read, rel=0.02)


def test_flats_of_one_level_without_darks_are_all_photons() -> None:
    found = photon_transfer(frames((1, 1), np.random.default_rng(4)) - DARK)
    assert found.read == 0
    assert found.gain == pytest.approx(GAIN, rel=0.05)


def test_the_noise_follows_a_division_and_becomes_a_noise_model() -> None:
    noise = DetectorNoise(2.0, 0.1, 8.0, 0.2, 36)
    said = noise.divided(4.0)
    assert (said.gain, said.gain_error, said.read, said.read_error) == (0.5, 0.025, 2.0, 0.05)
    model = said.fidelity()
    assert (model.key(), model.gain, model.read) == ("poisson-gaussian", 0.5, 2.0)
    assert str(noise) == "gain 2 ± 0.1, read noise 8 ± 0.2"


@pytest.mark.parametrize(
    ("flats", "darks", "word"),
    [
        (np.ones((1, 96, 96)), (), "two flat frames"),
        (np.ones((3, 8, 8)), (), "at least 16"),
        ([np.ones((96, 96)), np.ones((96, 95))], (), "differ in shape"),
        (np.ones((2, 96, 96)), np.ones((2, 96, 97)), "one shape"),
        (np.ones((2, 96, 96)), 2 * np.ones((2, 96, 96)), "no brighter"),
        (np.ones((2, 2, 96, 96)), (), "give a stack"),
    ],
)
def test_frames_that_tell_nothing_are_refused(flats: object, darks: object, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        photon_transfer(flats, darks)  # type: ignore[arg-type]


def test_the_tooth_scan(shared_data: Path) -> None:
    folder = shared_data / "xray"
    flats, dark = np.load(folder / "tooth_flats.npy"), np.load(folder / "tooth_darks.npy")
    found = photon_transfer(flats, dark)
    # The plain variance over the ten frames, of every pixel, averaged.
    variance = dark.var(axis=0, ddof=1).mean()
    gain = (flats.var(axis=0, ddof=1).mean() - variance) / (flats.mean() - dark.mean())
    assert found.gain == pytest.approx(gain, abs=3 * found.gain_error)
    assert found.read == pytest.approx(np.sqrt(variance), rel=0.06)
    assert 0 < found.gain_error < 0.05 * found.gain
    assert 0 < found.read_error < 0.05 * found.read


def test_the_dose_ladder(shared_data: Path) -> None:
    steps = [tifffile.imread(shared_data / f"dose/neutron_wedge_{n}s.tif") for n in ("005", "010")]
    wedge, beam, dark = (np.stack([step[page] for step in steps]) for page in range(3))
    through, opened = photon_transfer(wedge, dark), photon_transfer(beam, dark)
    # Behind the wedge there is a third of the light: one gain explains the noise of both.
    both = np.hypot(through.gain_error, opened.gain_error)
    assert through.gain == pytest.approx(opened.gain, abs=1.96 * both)
    assert through.gain == pytest.approx(opened.gain, rel=0.1)
    assert opened.gain == pytest.approx(1.42, rel=0.03)
    assert opened.read == pytest.approx(10.7, rel=0.03)
