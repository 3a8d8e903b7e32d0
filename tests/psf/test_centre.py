"""Nothing moves: a PSF of any parity, centre and scale, and camera shakes whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy.signal import convolve
from typer.testing import CliRunner

from napari_deconv import Recipe, deconvolve
from napari_deconv.cli import app

PLACE = (30.3, 33.6)
"""Where the point is, between pixels."""
PSFS = [
    ((13, 13), (0.0, 0.0), 1.0),
    ((14, 14), (0.0, 0.0), 1.0),
    ((13, 16), (0.7, -1.3), 1e-4),
    ((16, 15), (-2.0, 0.4), 250.0),
    ((21, 12), (2.5, 0.9), 65535.0),
]
"""Shape, centre off the middle of the array, and sum."""


def spot(shape: tuple[int, int], place: tuple[float, float], sigma: float) -> np.ndarray:
    """Return a round spot at a place, of sum 1."""
    rows, columns = np.indices(shape, float)
    r2 = (rows - place[0]) ** 2 + (columns - place[1]) ** 2
    picture = np.exp(-r2 / 2 / sigma**2)
    return picture / picture.sum()


def psf(shape: tuple[int, int], off: tuple[float, float], total: float) -> np.ndarray:
    """Return a Gaussian PSF whose centre lies off the middle."""
    middle = ((shape[0] - 1) / 2 + off[0], (shape[1] - 1) / 2 + off[1])
    return total * spot(shape, middle, 1.2)


def place_of(picture: np.ndarray) -> tuple[float, float]:
    """Return the centroid of the one spot in a picture, around its peak."""
    middle = np.array(np.unravel_index(int(picture.argmax()), picture.shape))
    part = picture[middle[0] - 9 : middle[0] + 10, middle[1] - 9 : middle[1] + 10]
    weight = np.where(part > 0.02 * part.max(), part, 0)
    rows, columns = np.indices(part.shape)
    return (
        float((weight * rows).sum() / weight.sum() + middle[0] - 9),
        float((weight * columns).sum() / weight.sum() + middle[1] - 9),
    )


@pytest.mark.parametrize(("shape", "off", "total"), PSFS)
def test_a_point_stays_where_it_was(
    tmp_path: Path, shape: tuple[int, int], off: tuple[float, float], total: float
) -> None:
    image, blur = 100 * spot((64, 64), PLACE, 2.0).astype(np.float32), psf(shape, off, total)
    recipe = Recipe(method="tikhonov", centre="centroid").with_psf(blur)
    by_python = recipe.run(image, device="cpu").image
    assert place_of(by_python) == pytest.approx(PLACE, abs=0.01)
    tifffile.imwrite(tmp_path / "image.tif", image)
    np.save(tmp_path / "psf.npy", blur)
    Recipe(method="tikhonov").save(tmp_path / "recipe.yaml")
    files = [str(tmp_path / name) for name in ("recipe.yaml", "image.tif")]
    more = ["--psf", str(tmp_path / "psf.npy"), "--out", str(tmp_path), "--set", "centre=centroid"]
    done = CliRunner().invoke(app, ["run", *files, *more, "--device", "cpu", "--json"])
    assert done.exit_code == 0, done.output
    written = tifffile.imread(json.loads(done.stdout)["output"])
    np.testing.assert_allclose(written, by_python, atol=1e-6 * by_python.max())


@pytest.mark.parametrize("name", ["levin09_k1", "levin09_k5"])
def test_a_camera_shake_gives_the_truth_back_unshifted(name: str, shared_data: Path) -> None:
    from skimage.registration import phase_cross_correlation

    kernel = np.load(shared_data / "kernels" / f"{name}.npy")
    truth = tifffile.imread(shared_data / "clean" / "camera.tif")[100:356, 150:406].astype(float)
    blurred = convolve(truth, kernel, mode="same")
    found = deconvolve(blurred, kernel, method="tikhonov", boundary="unknown", device="cpu")
    inner = np.s_[40:-40, 40:-40]
    shift, *_ = phase_cross_correlation(truth[inner], found[inner], upsample_factor=200)
    assert np.abs(shift).max() <= 0.01
    error = [np.sqrt(np.mean((picture[inner] - truth[inner]) ** 2)) for picture in (found, blurred)]
    assert error[0] < 0.7 * error[1]
