"""Wavelet transforms: tight frames, exact adjoints, PyWavelets' coefficients."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import pywt
import torch

from napari_deconv.core.priors import Basis
from napari_deconv.core.wavelet import OrthonormalWavelet, UndecimatedWavelet

BASES = get_args(get_args(Basis)[0])
TRANSFORMS = [OrthonormalWavelet, UndecimatedWavelet]


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize(("shape", "ndim"), [((16, 24), 2), ((8, 16, 8), 3), ((3, 8, 16), 2)])
@pytest.mark.parametrize("levels", [1, 3])
def test_a_tight_frame_with_an_exact_adjoint(
    basis: str, transform: type, shape: tuple[int, ...], ndim: int, levels: int
) -> None:
    wavelet, x = transform(basis, levels, ndim), random(*shape)
    z = wavelet(x)
    y = random(*z.shape, seed=1)
    torch.testing.assert_close(wavelet.adjoint(z), x)
    torch.testing.assert_close((z * y).sum(), (x * wavelet.adjoint(y)).sum())
    out = torch.empty_like(z)
    assert wavelet(x, out=out) is out
    torch.testing.assert_close(out, z)
    assert z.shape[0] == (2 ** (levels * ndim) if transform is OrthonormalWavelet else z.shape[0])


@pytest.mark.parametrize("basis", BASES)
def test_coefficients_are_those_of_pywavelets(basis: str) -> None:
    x, levels = random(128, 192), 2
    coarse, *details = pywt.wavedec2(x.numpy(), basis, "periodization", level=levels)
    ours = OrthonormalWavelet(basis, levels, 2)(x).numpy()
    np.testing.assert_allclose(ours[0], coarse, atol=1e-8)
    theirs = np.concatenate([band.ravel() for level in details for band in level])
    np.testing.assert_allclose(np.sort(ours[1:].ravel()), np.sort(theirs), atol=1e-8)


@pytest.mark.parametrize("shape", [(15, 9), (7, 20)])
def test_the_invariant_transform_takes_any_size(shape: tuple[int, int]) -> None:
    wavelet, x = UndecimatedWavelet("db4", 3, 2), random(*shape)
    torch.testing.assert_close(wavelet.adjoint(wavelet(x)), x)


def test_sides_that_do_not_halve_are_refused() -> None:
    with pytest.raises(ValueError, match="sides that 8 divides"):
        OrthonormalWavelet("haar", 3, 2)(random(12, 16))


def test_filters_longer_than_a_level_wrap_around() -> None:
    wavelet, x = OrthonormalWavelet("db8", 3, 2), random(8, 8)
    torch.testing.assert_close(wavelet.adjoint(wavelet(x)), x)
