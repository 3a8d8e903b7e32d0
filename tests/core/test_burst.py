"""Shifts of known frames to a twentieth of a pixel, and frames that don't belong."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_deconv import samples
from napari_deconv.core.burst import Burst
from napari_deconv.core.registration import Seen, shift_between

SHIFTS = [(0.0, 0.0), (2.37, -1.62), (-0.51, 0.83), (5.28, 3.94), (-1.15, -2.71), (0.33, 0.49)]
Floats = np.ndarray


def moved(image: Floats, shift: tuple[float, float]) -> Floats:
    """Return a picture moved by Fourier's shift, in double precision."""
    rows, columns = image.shape
    phase = np.fft.fftfreq(rows)[:, None] * shift[0] + np.fft.rfftfreq(columns) * shift[1]
    return np.fft.irfft2(np.fft.rfft2(image) * np.exp(-2j * np.pi * phase), s=image.shape)


@pytest.fixture(scope="module")
def scene() -> Floats:
    return samples.radiograph((288, 288)).blurred.astype(np.float64)


def frames(scene: Floats, noise: float = 0.01, seed: int = 0) -> list[Floats]:
    """Return frames of the middle of a scene, the noise a share of its range."""
    rng = np.random.default_rng(seed)
    sigma = noise * np.ptp(scene)
    cut = (slice(32, -32), slice(32, -32))
    pictures = [moved(scene, shift)[cut] for shift in SHIFTS]
    return [(p + rng.normal(0, sigma, p.shape)).astype(np.float32) for p in pictures]


def measured(given: list[Floats], **parts: object) -> Burst:
    return Burst(**parts).measured(given, [None] * len(given))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_shifts_are_found_to_a_twentieth_of_a_pixel(scene: Floats, seed: int) -> None:
    burst = measured(frames(scene, seed=seed))
    assert burst.reference == 0
    errors = np.array([one.shift for one in burst.found]) - SHIFTS
    assert np.abs(errors).max() < 0.05
    assert not any(one.doubt for one in burst.found)


def test_shifts_are_found_in_much_noise_to_a_quarter_of_a_pixel(scene: Floats) -> None:
    burst = measured(frames(scene, noise=0.1))
    errors = np.array([one.shift for one in burst.found]) - SHIFTS
    assert np.abs(errors).max() < 0.25
    assert not any(one.doubt for one in burst.found)


def test_gains_and_noise_are_found_and_weighted(scene: Floats) -> None:
    given = frames(scene)
    given[1], given[2] = 1.5 * given[1], 0.5 * given[2]
    burst = measured(given)
    assert [one.gain for one in burst.found[:4]] == pytest.approx([1, 1.5, 0.5, 1], rel=2e-3)
    sigma = 0.01 * np.ptp(scene)
    assert burst.found[1].noise == pytest.approx(1.5 * sigma, rel=0.05)
    # On one grey scale their noise is alike, and so are their weights.
    weights = np.array(burst.weights(float(np.ptp(scene))))
    np.testing.assert_allclose(weights * sigma**2, 1, rtol=0.1)


def broken(kind: str, given: list[Floats]) -> list[Floats]:
    frame = given[3].copy()
    if kind == "moved part":
        frame[60:120, 60:120] = frame[75:135, 72:132].copy()
    elif kind == "another scene":
        frame = np.ascontiguousarray(frame[::-1].T)
    elif kind == "another scale":
        far = (np.arange(224) - 112) * 0.8 + 112
        frame = frame[far.round().astype(int)][:, far.round().astype(int)]
    elif kind == "nothing":
        frame = np.random.default_rng(3).normal(0.5, 0.1, frame.shape).astype(np.float32)
    elif kind == "smeared":
        frame = gaussian_filter(frame, (0, 25)).astype(np.float32)
    given[3] = frame
    return given


BROKEN = ["moved part", "another scene", "another scale", "nothing", "smeared"]


@pytest.mark.parametrize("kind", BROKEN)
def test_a_frame_that_does_not_belong_is_left_out_and_named(scene: Floats, kind: str) -> None:
    burst = measured(broken(kind, frames(scene)))
    assert [bool(one.doubt) for one in burst.found] == [i == 3 for i in range(6)]
    assert burst.weights(1.0)[3] == 0
    assert "5 of 6 frames merged on frame 0 (from 0)" in burst.summary(1, 0.4)
    assert f"left out: frame 3: {burst.found[3].doubt}." in burst.summary(1, 0.4)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_first_frame_that_does_not_belong_is_not_the_reference(scene: Floats, kind: str) -> None:
    given = broken(kind, frames(scene))
    given[0], given[3] = given[3], given[0]
    burst = measured(given)
    assert burst.reference != 0
    assert [i for i, one in enumerate(burst.found) if one.doubt] == [0]


def test_a_shift_beyond_the_limit_is_left_out(scene: Floats) -> None:
    burst = measured(frames(scene), largest_shift=4)
    assert [i for i, one in enumerate(burst.found) if one.doubt] == [3]
    assert "5.28 px off, further than 4" in burst.found[3].doubt


def test_the_difference_that_is_borne_is_the_users(scene: Floats) -> None:
    given = broken("moved part", frames(scene))
    assert not any(one.doubt for one in measured(given, doubt=2).found)


def test_bad_pixels_that_stand_still_hide_no_shift(scene: Floats) -> None:
    """The frame's bad pixels are filled before it is registered, and stay out of its noise."""
    given = frames(scene)
    masks = [np.ones(given[0].shape, bool) for _ in given]
    for frame, mask in zip(given, masks, strict=True):
        mask[50, :] = False
        frame[50, :] = frame[49, :]
    burst = Burst().measured(given, masks)
    assert np.abs(np.array([one.shift for one in burst.found]) - SHIFTS).max() < 0.05


def test_frames_may_lie_as_they_are(scene: Floats) -> None:
    burst = measured(frames(scene), align=False)
    assert {one.shift for one in burst.found} == {(0.0, 0.0)}
    assert burst.reference == 0


def test_what_was_found_is_not_measured_again(scene: Floats) -> None:
    known = Burst(found=[Seen(shift=s, noise=0.1) for s in SHIFTS])
    again = known.measured(frames(scene), [None] * 6)
    assert again.found == known.found
    assert Burst(**again.plain()) == again
    with pytest.raises(ValueError, match="burst of 6 frames, this one has 5"):
        known.measured(frames(scene)[:5], [None] * 5)
    with pytest.raises(ValueError, match="no frame 6; choose a reference from 0 to 5"):
        measured(frames(scene), reference=6)
    lost = Burst(found=[Seen(doubt="moved")] * 6)
    with pytest.raises(ValueError, match="Every frame"):
        lost.measured(frames(scene), [None] * 6)


def test_pictures_without_structure_do_not_move() -> None:
    flat = np.zeros((40, 40), np.float32)
    assert shift_between(flat, flat, 50) == (0.0, 0.0)
