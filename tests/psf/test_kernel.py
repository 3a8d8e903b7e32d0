"""What is understood of a PSF: refused, normalised, centred, described."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from napari_deconv.psf.kernel import understand


def gaussian(shape: tuple[int, ...], centre: tuple[float, ...], sigma: float = 1.5) -> np.ndarray:
    grids = np.ogrid[tuple(slice(n) for n in shape)]
    r2 = sum((grid - c) ** 2 for grid, c in zip(grids, centre, strict=True))
    return np.exp(-r2 / 2 / sigma**2)


def centroid(psf: np.ndarray) -> list[float]:
    grids = np.ogrid[tuple(slice(n) for n in psf.shape)]
    return [float((psf * grid).sum() / psf.sum()) for grid in grids]


@pytest.mark.parametrize(
    ("psf", "sentence"),
    [
        (np.zeros((5, 5)), "sums to zero"),
        ([[1.0, -1.0], [0.0, 0.0]], "sums to zero"),
        (-np.ones((3, 3)), "sums to zero or less"),
        ([[np.nan, 1.0], [1.0, 1.0]], "NaN or infinite"),
        ([[np.inf, 1.0], [1.0, 1.0]], "NaN or infinite"),
        (np.ones((3, 3), complex), "real numbers"),
        (np.array([["a"]]), "real numbers"),
        (np.ones(5), "has shape"),
        (np.ones((2, 2, 2, 2)), "has shape"),
        (np.ones((0, 3)), "has shape"),
    ],
)
def test_what_is_no_psf_is_refused(psf: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as error:
        understand(psf)
    assert "\n" not in str(error.value)


def test_a_good_psf_is_left_alone() -> None:
    psf = gaussian((15, 15), (7, 7))
    psf /= psf.sum()
    kernel = understand(psf)
    assert kernel.notes == ()
    np.testing.assert_allclose(kernel.array, psf, rtol=1e-6)
    assert kernel.widths == pytest.approx((2.3548 * 1.5,) * 2, rel=0.03)
    assert kernel.summary().startswith("15 × 15 px · FWHM 3.5")
    assert kernel.summary().endswith("sum 1 · centred")


def test_what_was_mended_or_looks_odd_is_named() -> None:
    notes = understand(20 * gaussian((15, 15), (7, 7))).notes
    assert any("normalised" in note for note in notes)
    assert any("cut off" in note for note in understand(np.ones((9, 9))).notes)
    lobed = gaussian((15, 15), (7, 7))
    lobed[0, 0] = -1
    assert any("negative" in note for note in understand(lobed).notes)
    off = understand(gaussian((16, 16), (7.5, 7.5)))
    assert any("centroid lies (+0.50, +0.50) px" in note for note in off.notes)
    assert off.summary().endswith("centroid (+0.50, +0.50) px off")


@pytest.mark.parametrize("shape", [(15, 15), (16, 16), (15, 18), (9, 10, 12)])
@pytest.mark.parametrize("off", [0.0, 0.37, -1.8])
def test_centroid_puts_it_in_the_middle(shape: tuple[int, ...], off: float) -> None:
    psf = gaussian(shape, tuple(n / 2 + off for n in shape), 1.0)
    kernel = understand(psf, "centroid")
    assert all(n % 2 == 1 for n in kernel.array.shape)
    assert centroid(kernel.array) == pytest.approx([n // 2 for n in kernel.array.shape], abs=5e-3)
    assert not any("centroid" in note for note in kernel.notes)
    assert kernel.array.sum() == pytest.approx(1, rel=1e-5)


def test_peak_puts_the_highest_pixel_in_the_middle() -> None:
    psf = np.zeros((6, 9))
    psf[1, 7], psf[4, 2] = 2.0, 1.0
    array = understand(psf, "peak").array
    middle = tuple((n - 1) // 2 for n in array.shape)
    assert np.unravel_index(int(array.argmax()), array.shape) == middle
    assert array[middle[0] + 3, middle[1] - 5] == pytest.approx(1 / 3)


def test_middle_never_moves_a_lopsided_psf() -> None:
    psf = np.zeros((7, 7))
    psf[0, 0], psf[3, 3] = 0.6, 0.4
    np.testing.assert_allclose(understand(psf, "middle").array, psf, rtol=1e-6)


def test_widths_do_not_depend_on_the_grid() -> None:
    widths = [understand(gaussian((n, n), ((n - 1) / 2,) * 2, 2)).widths[0] for n in (21, 31, 41)]
    assert all(a == pytest.approx(b) for a, b in pairwise(widths))


@pytest.mark.parametrize("name", ["levin09_k1", "levin09_k5"])
def test_centring_a_camera_shake_keeps_it_positive(name: str, shared_data: Path) -> None:
    kernel = understand(np.load(shared_data / "kernels" / f"{name}.npy"), "centroid").array
    assert kernel.min() >= 0
    assert centroid(kernel) == pytest.approx([n // 2 for n in kernel.shape], abs=1e-3)
