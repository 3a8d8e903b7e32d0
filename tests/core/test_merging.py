"""Shifts that lose nothing, weights of what was seen, and one problem in place of many."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from napari_deconv.core.merging import FourierSums, blurred, mean, seen, shifted
from napari_deconv.core.operators import Blur

N = 64


def smooth(n: int = N, waves: float = 3.3) -> torch.Tensor:
    """Return a band-limited picture that does not repeat at its border."""
    y, x = torch.meshgrid(torch.arange(n) / n, torch.arange(n) / n, indexing="ij")
    return torch.sin(2 * math.pi * waves * x + y) * torch.cos(2 * math.pi * 1.7 * y) + x


@pytest.mark.parametrize("shift", [(0.0, 0.0), (2.0, -3.0), (0.4, -1.3), (-5.25, 0.5)])
def test_a_shift_moves_a_smooth_picture_exactly(shift: tuple[float, float]) -> None:
    y, x = torch.meshgrid(torch.arange(N), torch.arange(N), indexing="ij")
    moved = shifted(smooth(), shift)
    v, u = (y - shift[0]) / N, (x - shift[1]) / N
    expected = torch.sin(2 * math.pi * 3.3 * u + v) * torch.cos(2 * math.pi * 1.7 * v) + u
    inner = (slice(10, -10), slice(10, -10))
    torch.testing.assert_close(moved[inner], expected[inner], atol=8e-3, rtol=0)


def test_shifted_noise_keeps_its_size_and_stays_white() -> None:
    noise = torch.from_numpy(np.random.default_rng(0).standard_normal((256, 256))).float()
    moved = shifted(noise, (0.5, 1.37))[8:-8, 8:-8]
    assert float(moved.std()) == pytest.approx(1, abs=0.02)
    assert abs(float((moved[:, 1:] * moved[:, :-1]).mean())) < 0.02


def test_what_a_shift_brings_in_was_not_seen() -> None:
    valid = torch.ones(9, 9, dtype=torch.bool)
    valid[4, 4] = False
    moved = seen(valid, (1.0, -0.5))
    assert not moved[0].any()
    assert not moved[:, -1].any()
    assert not moved[5, 3]
    assert not moved[5, 4]
    assert moved.sum() == 8 * 8 - 2


def test_the_mean_weighs_each_pixel_by_the_frames_that_saw_it() -> None:
    frames = [torch.full((2, 3), 1.0), torch.full((2, 3), 4.0), torch.full((2, 3), 100.0)]
    masks = [torch.ones(2, 3, dtype=torch.bool) for _ in frames]
    masks[1][0, 0] = False
    masks[0][1, 1] = masks[1][1, 1] = False
    picture, share = mean(lambda i: (frames[i], masks[i]), [1.0, 2.0, 0.0])
    assert picture[0, 1] == pytest.approx(3.0)
    assert picture[0, 0] == pytest.approx(1.0)
    assert share[0].tolist() == pytest.approx([1 / 3, 1, 1])
    assert share[1, 1] == 0
    with pytest.raises(ValueError, match="No frame"):
        mean(lambda i: (frames[i], masks[i]), [0.0, 0.0])


def kernels() -> list[torch.Tensor]:
    """Return a line along each axis and a lopsided blob."""
    across, down = torch.zeros(7, 7), torch.zeros(7, 7)
    across[3, 1:6] = down[1:6, 3] = 1 / 5
    blob = torch.zeros(7, 7)
    blob[2:5, 3:6] = torch.tensor([[1.0, 2, 1], [2, 5, 1], [0, 1, 0]]) / 13
    return [across, down, blob]


def test_the_merged_problem_has_the_gradient_of_the_sum() -> None:
    """Up to a factor: the problem that is solved is that of all frames together."""
    torch.manual_seed(0)
    weights, shifts = [1.0, 4.0, 0.5], [(0.0, 0.0), (2.0, -3.0), (-1.0, 5.0)]
    sums = FourierSums(kernels(), weights, (N, N))
    x = torch.randn(sums.grid, dtype=torch.float64).float().requires_grad_()
    frames = [torch.randn(sums.grid) for _ in weights]
    total = torch.zeros(())
    for k, w, (down, right), g in zip(kernels(), weights, shifts, frames, strict=True):
        moved = Blur(k, sums.grid)(x).roll((int(down), int(right)), (0, 1))
        total = total + w / 2 * (moved - g).square().sum()
    (expected,) = torch.autograd.grad(total, x)

    blur = Blur(kernels()[0], sums.grid)
    blur.spectrum = sums.spectrum
    laid = [g.roll((-int(d), -int(r)), (0, 1)) for g, (d, r) in zip(frames, shifts, strict=True)]
    data = sum(
        share * own.adjoint(g) for share, own, g in zip(sums.shares, sums.blurs, laid, strict=True)
    )
    # H'g of the equivalent data is B / W whatever the phase of h; on the whole grid `picture`
    # would have extended frames, so that here the data enter by their statistic.
    found = sum(weights) * (blur.adjoint(blur(x)) - data)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max()))


def test_the_equivalent_data_hold_the_statistic_of_the_frames() -> None:
    """Blurred backwards by h, the data are B / W, and their noise is white of variance 1 / W."""
    torch.manual_seed(1)
    weights = [1.0, 4.0, 0.5]
    sums = FourierSums(kernels(), weights, (256, 256))
    frames = [torch.randn(256, 256) / w**0.5 for w in weights]
    picture = sums.picture(lambda i: frames[i])
    inner = picture[16:-16, 16:-16]
    assert float(inner.var()) * sum(weights) == pytest.approx(1, abs=0.03)
    for one, other in ((inner[1:], inner[:-1]), (inner[:, 1:], inner[:, :-1])):
        assert abs(float((one * other).mean())) * sum(weights) < 0.02
    blur = Blur(kernels()[0], sums.grid)
    blur.spectrum = sums.spectrum
    scene = smooth(256)
    data = sums.picture(lambda i: blurred(scene, kernels()[i]))
    expected = blurred(scene, sums.kernel)
    torch.testing.assert_close(data[24:-24, 24:-24], expected[24:-24, 24:-24], atol=0.01, rtol=0)


def test_frames_of_one_psf_keep_it_and_become_their_mean() -> None:
    lopsided = kernels()[2]
    sums = FourierSums([lopsided] * 2, [1.0, 3.0], (N, N))
    frames = [smooth(), smooth(waves=2.0)]
    expected = 0.25 * frames[0] + 0.75 * frames[1]
    torch.testing.assert_close(sums.picture(lambda i: frames[i]), expected, atol=1e-5, rtol=0)
    side = sums.kernel.shape[0] // 2
    centred = torch.zeros_like(sums.kernel)
    reach = min(side, 3)
    window = slice(side - reach, side + reach + 1)
    centred[window, window] = lopsided[3 - reach : 4 + reach, 3 - reach : 4 + reach]
    torch.testing.assert_close(sums.kernel, centred, atol=1e-3, rtol=0)


def test_merging_reads_nothing_from_a_device_while_it_sums() -> None:
    frame = torch.empty(N, N, device="meta")
    mask = torch.ones(N, N, dtype=torch.bool, device="meta")
    picture, share = mean(lambda i: (shifted(frame, (0.3, -2.0)), seen(mask, (0.3, -2.0))), [1, 2])
    assert picture.shape == share.shape == (N, N)
