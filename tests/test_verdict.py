"""What is said of a result: the re-blur check by the noise of each grey level, far-out values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

from napari_deconv import samples, verdict
from napari_deconv.core.scale import Measurement
from napari_deconv.evidence.residual import ResidualCheck, Unchecked
from napari_deconv.recipe import Recipe
from napari_deconv.restoration import Restoration

FAR = "The result's grey values run from"


@pytest.fixture(scope="module")
def sample() -> samples.Sample:
    return samples.radiograph((256, 256))


def checked(ready: Restoration[Recipe]) -> ResidualCheck:
    check = ready.agreement(ready.image())
    assert isinstance(check, ResidualCheck), check
    return check


@pytest.mark.parametrize(
    ("method", "light", "words"),
    [
        ("tv", "green", "agrees"),
        ("tikhonov", "green", "agrees"),
        ("wavelet", "green", "agrees"),
        ("wiener", "yellow", "differs from the data by a pattern"),
        ("richardson-lucy", "yellow", "differs from the data by a pattern"),
        ({"name": "richardson-lucy", "iterations": 400}, "green", "agrees"),
    ],
)
def test_a_good_result_of_the_sample_agrees(
    method: object, light: str, words: str, sample: samples.Sample
) -> None:
    """Wiener's strength is too great for the part's edges; 50 iterations are few at this noise."""
    ready = Recipe(psf=sample.psf, method=method).begin(sample.image)
    assert checked(ready).light == light
    result = ready.image()
    assert ready.remarks(result) == ()
    assert ready.verdict(result).startswith("Re-blurred result " + words)


@pytest.mark.parametrize("method", ["tv", "wiener", "richardson-lucy"])
def test_a_psf_twice_too_wide_is_found_out(method: str, sample: samples.Sample) -> None:
    wide = gaussian_filter(np.kron(sample.psf, np.ones((2, 2))), 0.5)[1:, 1:]
    ready = Recipe(psf=wide, centre="centroid", method=method).begin(sample.image)
    check = checked(ready)
    assert check.light == "red"
    assert "differs from the data by" in str(check)


def test_the_noise_of_dark_and_bright_counts_alike() -> None:
    """One sigma for all would make the dark half's chi-square 0.04 and the bright half's 1.9."""
    truth = np.full((200, 200), 100.0)
    truth[:, 100:] = 5000
    truth = gaussian_filter(truth, 1.5)
    image = np.random.default_rng(0).poisson(truth).astype(float)
    ready = Recipe(psf={"name": "gaussian", "sigma": 1.5}).begin(image)
    sharp = np.where(np.arange(200) < 100, 100.0, 5000.0) * np.ones((200, 1))
    frame = replace(ready._poser.frame, valid=np.ones(image.shape, bool))
    for half in (slice(0, 90), slice(110, 200)):
        frame.valid[:] = False
        frame.valid[:, half] = True
        check = replace(ready.reblur, frame=frame).agreement(sharp.astype(np.float32))
        assert check.chi2 == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(("gain", "background"), [(1.0, 0.0), (4.0, 0.0), (4.0, 200.0)])
def test_counts_are_checked_by_their_own_variance(gain: float, background: float) -> None:
    truth = np.full((160, 160), 300.0)
    truth[40:90, 30:120] = 1200
    blurred = gaussian_filter(truth, 1.5) + background
    image = gain * np.random.default_rng(0).poisson(blurred / gain)
    recipe = Recipe(
        psf={"name": "gaussian", "sigma": 1.5},
        fidelity={"name": "poisson", "gain": gain, "background": background},
        method="richardson-lucy",
    )
    ready = recipe.begin(image)
    check = ready.agreement(truth.astype(np.float32))
    assert isinstance(check, ResidualCheck)
    assert check.chi2 == pytest.approx(1, abs=0.1)
    assert 0.7 < checked(ready).chi2 < 1.1
    noisier = recipe.replace(fidelity={"name": "poisson", "gain": 9, "background": background})
    check = noisier.begin(image).agreement(truth.astype(np.float32))
    assert isinstance(check, ResidualCheck)
    assert check.chi2 == pytest.approx(gain / 9, rel=0.1)


def test_without_a_verdict_there_is_a_reason(sample: samples.Sample) -> None:
    smooth = np.add.outer(np.arange(40.0), np.arange(40.0))
    silent = Recipe(psf={"name": "gaussian", "sigma": 1.5}, method="tikhonov").begin(smooth)
    check = silent.agreement(silent.image())
    assert isinstance(check, Unchecked)
    assert "no noise was found" in str(check)
    assert str(check) in silent.verdict(silent.image())
    wide = Recipe(psf=np.ones((79, 79)), method="tikhonov").begin(sample.image[:60, :60])
    check = wide.agreement(wide.image())
    assert isinstance(check, Unchecked)
    assert "PSF" in check.reason
    dark = np.random.default_rng(0).poisson(0.2, (60, 60))
    counts = Recipe(psf={"name": "gaussian", "sigma": 1.5}, method="richardson-lucy").begin(dark)
    assert isinstance(counts.agreement(counts.image()), ResidualCheck | Unchecked)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("CUDA out of memory.")])
def test_a_check_without_memory_costs_no_result(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    ready = Recipe(psf={"name": "gaussian", "sigma": 1.5}, method="tikhonov").begin(np.eye(32))
    monkeypatch.setattr(verdict.Reblur, "agreement", fail)
    check = ready.agreement(ready.image())
    assert isinstance(check, Unchecked)
    assert str(check) == f"No re-blur verdict: {verdict.NO_ROOM}"
    error.args = ("shapes do not match",)
    if isinstance(error, RuntimeError):  # any other mistake is told as one
        with pytest.raises(RuntimeError, match="shapes"):
            ready.agreement(ready.image())


@pytest.mark.parametrize("sigma", [0.0, 0.3])
@pytest.mark.parametrize(
    "method", [{"name": "ridge", "weight": 0}, {"name": "wiener", "noise": 1e-9}]
)
def test_a_method_that_leaves_nothing_follows_the_noise(sigma: float, method: object) -> None:
    point = np.zeros((5, 5))
    point[2, 2] = 1
    truth = np.ones((64, 64))
    truth[20:40, 20:50] = 0.5
    noise = np.random.default_rng(0).normal(0, 0.01, truth.shape)
    data = (gaussian_filter(truth, 1.0) + noise).astype(np.float32)
    run = Recipe(method=method).begin(data, gaussian_filter(point, sigma), "cpu")
    check = run.agreement(run.image())
    assert check.light == "yellow"
    assert "follows the data's noise" in str(check)


def test_an_older_recipe_knows_one_sigma_only(sample: samples.Sample) -> None:
    old = Measurement(scale=0.8, noise=0.008, mean=0.5)
    ready = Recipe(psf=sample.psf, measured=old).begin(sample.image)
    assert checked(ready).neighbours == 0


def test_far_out_values_are_named() -> None:
    assert verdict.far_out(np.float32([[-6.9, 16.9]]), (0, 10)) == ()
    for result in ([[-7.1, 10]], [[0, 17.1]]):
        (said,) = verdict.far_out(np.float32(result), (0, 10))
        assert said.startswith(FAR)
        assert "the image's from 0 to 10" in said


def test_corrupt_rows_of_the_real_scan_are_named_and_its_good_part_is_not(
    shared_data: Path,
) -> None:
    scan = tifffile.imread(shared_data / "xray" / "mv_qc3_linepairs.tif")
    method = {"name": "tv", "weight": 0.0012, "iterations": 60}
    good = Recipe(psf={"name": "gaussian", "sigma": 1.39}, method=method)
    whole = good.run(scan, device="cpu")
    assert any(FAR in warning for warning in whole.warnings)
    phantom = good.begin(scan[150:610, 290:740], device="cpu")
    result = phantom.image()
    assert phantom.remarks(result) == ()
    check = phantom.agreement(result)
    assert isinstance(check, ResidualCheck)
    assert check.chi2 == pytest.approx(1, abs=0.15)
    assert check.neighbours == pytest.approx(0.34, abs=0.08)
    assert check.light == "yellow"
    assert "in places" in str(check)  # its PSF is no Gaussian
    wide = Recipe(psf={"name": "gaussian", "sigma": 2.0}, method=method)
    assert checked(wide.begin(scan[150:610, 290:740], device="cpu")).light == "red"
