"""Linear maps: exact adjoints, agreement with SciPy, spectra that diagonalise them."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
import torch

from napari_deconv.core.operators import (
    Blur,
    Gradient,
    Identity,
    SymmetricGradient,
    difference_symbols,
    differentiable,
    fast_length,
)

SHAPES = [(24, 31), (25, 32), (9, 12, 15), (8, 11, 10)]
KERNELS = {2: [(5, 7), (4, 6), (40, 3)], 3: [(3, 5, 4), (4, 4, 4)]}


def tensor(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def inner(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a * b).sum())


@pytest.mark.parametrize("grid", SHAPES)
@pytest.mark.parametrize("which", [0, 1])
def test_blur_adjoint_with_lopsided_psf(grid: tuple[int, ...], which: int) -> None:
    kernel = tensor(*KERNELS[len(grid)][which]).abs()
    blur = Blur(kernel, grid)
    x, y = tensor(*grid, seed=1), tensor(*grid, seed=2)
    assert inner(blur(x), y) == pytest.approx(inner(x, blur.adjoint(y)), rel=1e-10)


@pytest.mark.parametrize("size", [(5, 7), (4, 6), (1, 1), (6, 3)])
def test_blur_equals_scipy_same_inside(size: tuple[int, int]) -> None:
    kernel, image = tensor(*size).abs(), tensor(40, 41, seed=3)
    ours = Blur(kernel, (40, 41))(image).numpy()
    theirs = scipy.signal.convolve(image.numpy(), kernel.numpy(), mode="same")
    np.testing.assert_allclose(ours[8:-8, 8:-8], theirs[8:-8, 8:-8], atol=1e-12)


def test_blur_folds_a_kernel_wider_than_the_grid() -> None:
    kernel, image = tensor(45, 9).abs(), tensor(20, 22, seed=4)
    tiled = np.tile(image.numpy(), (5, 3))
    theirs = scipy.signal.convolve(tiled, kernel.numpy(), mode="same")[40:60, 22:44]
    np.testing.assert_allclose(Blur(kernel, (20, 22))(image).numpy(), theirs, atol=1e-10)


def test_blur_power_diagonalises_it() -> None:
    blur, x = Blur(tensor(5, 4), (16, 18)), tensor(16, 18, seed=5)
    twice = blur.inverse(blur.power() * blur.forward(x))
    torch.testing.assert_close(twice, blur.adjoint(blur(x)))


@pytest.mark.parametrize("grid", SHAPES)
def test_gradient_adjoint_and_power(grid: tuple[int, ...]) -> None:
    gradient = Gradient(len(grid))
    x, y = tensor(*grid), tensor(len(grid), *grid, seed=6)
    assert inner(gradient(x), y) == pytest.approx(inner(x, gradient.adjoint(y)), rel=1e-10)
    axes = tuple(range(-len(grid), 0))
    spectrum = gradient.power(x) * torch.fft.rfftn(x, dim=axes)
    laplacian = torch.fft.irfftn(spectrum, s=grid, dim=axes)
    torch.testing.assert_close(laplacian, gradient.adjoint(gradient(x)))


def test_gradient_is_a_periodic_forward_difference() -> None:
    x = tensor(7, 9)
    torch.testing.assert_close(Gradient(2)(x)[0], x.roll(-1, 0) - x)
    torch.testing.assert_close(Gradient(2)(x)[1], x.roll(-1, 1) - x)


def test_maps_write_into_the_buffer_they_are_given() -> None:
    x = tensor(6, 8)
    out = torch.empty(2, 6, 8, dtype=x.dtype)
    assert Gradient(2)(x, out=out) is out
    image = torch.empty_like(x)
    assert Gradient(2).adjoint(out, out=image) is image
    assert Identity()(x, out=image) is image


def test_batches_are_blurred_alike() -> None:
    x = tensor(3, 16, 18)
    blur = Blur(tensor(5, 5), (16, 18))
    torch.testing.assert_close(blur(x)[1], blur(x[1]))


@pytest.mark.parametrize("n", [1, 8, 9, 100, 557, 1069, 1121, 2161, 4137])
def test_fast_length(n: int) -> None:
    length = fast_length(n)
    rest = length
    for factor in (2, 3, 5, 7):
        while rest % factor == 0:
            rest //= factor
    assert length >= n
    assert length % 8 == 0
    assert rest == 1
    assert length <= max(8, 1.15 * n + 8)


@pytest.mark.parametrize("grid", SHAPES)
def test_symmetric_gradient_and_its_adjoint(grid: tuple[int, ...]) -> None:
    ndim = len(grid)
    w, symmetric = tensor(ndim, *grid), SymmetricGradient(ndim)
    y = tensor(*symmetric(w).shape, seed=1)
    torch.testing.assert_close((symmetric(w) * y).sum(), (w * symmetric.adjoint(y)).sum())


def test_symmetric_gradient_is_that_of_the_matrix() -> None:
    w = tensor(2, 6, 8)
    jacobian = torch.stack(
        [torch.stack([w[m] - w[m].roll(1, axis) for axis in (0, 1)]) for m in (0, 1)]
    )
    matrix = (jacobian + jacobian.transpose(0, 1)) / 2
    torch.testing.assert_close(SymmetricGradient(2)(w).square().sum(0), matrix.square().sum((0, 1)))


def test_symbols_of_differences() -> None:
    x = tensor(6, 8)
    for axis, symbol in zip((-2, -1), difference_symbols(x, 2), strict=True):
        difference = torch.fft.irfft2(symbol * torch.fft.rfft2(x), s=(6, 8))
        torch.testing.assert_close(difference, x.roll(-1, axis) - x)


def test_autograd_of_a_linear_map_is_its_adjoint() -> None:
    x = tensor(6, 8).requires_grad_()
    y = tensor(2, 6, 8, seed=1)
    (slope,) = torch.autograd.grad((differentiable(Gradient(2), x) * y).sum(), x)
    torch.testing.assert_close(slope, Gradient(2).adjoint(y))


@pytest.mark.parametrize("grid", [(256, 10), (512, 9), (4, 256, 6), (24, 10)])
def test_the_inverse_transform_gives_the_image_back(grid: tuple[int, ...]) -> None:
    """Also where columns are laid into rows on the way, and for a stack of images."""
    blur = Blur(torch.ones((1,) * len(grid)), grid)
    x = tensor(2, *grid)
    back = blur.inverse(blur.forward(x))
    torch.testing.assert_close(back, x)
    assert back.is_contiguous()


def test_a_stacked_blur_is_each_picture_by_its_own_psf() -> None:
    generator = torch.Generator().manual_seed(0)
    kernels = [torch.rand(5, 7, generator=generator) for _ in range(3)]
    pictures = torch.rand(3, 1, 24, 30, generator=generator)
    together = Blur.stacked(kernels, (24, 30))(pictures)
    for kernel, picture, blurred in zip(kernels, pictures, together, strict=True):
        torch.testing.assert_close(blurred, Blur(kernel, (24, 30))(picture))


def test_a_shared_blur_keeps_what_was_made_of_it_last():
    made = []

    def make():
        made.append(1)
        return torch.zeros(2)

    alone, shared = Blur(torch.ones(1, 1), (8, 8)), Blur(torch.ones(1, 1), (8, 8)).share()
    for blur, expected in ((alone, 4), (shared, 3)):
        made.clear()
        for key in ("a", "a", "b", "a"):
            blur.once(key, make)
        assert len(made) == expected
