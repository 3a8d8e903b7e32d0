"""What is measured of the line-pair phantom: edges, modulation, noise, chi-square."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from napari_deconv.psf.shapes import GaussianPsf


def drawn_edge(sigma: float, degrees: float = 43.9) -> np.ndarray:
    """Return a sharp slanted edge, averaged over each pixel, then blurred with a Gaussian PSF."""
    from scipy.signal import fftconvolve

    fine, n = 16, 160
    rows, columns = np.indices((n * fine, n * fine))
    distance = (rows - n * fine / 2) * np.sin(np.deg2rad(degrees)) + (
        columns - n * fine / 2
    ) * np.cos(np.deg2rad(degrees))
    sharp = (distance > 0).astype(float).reshape(n, fine, n, fine).mean((1, 3))
    return 2000 + 1200 * fftconvolve(sharp, GaussianPsf(sigma=sigma).kernel(), mode="same")


@pytest.mark.benchmark("qc3_edges")
@pytest.mark.parametrize("sigma", [1.0, 1.4, 2.0])
def test_the_psf_of_an_edge_is_the_one_that_blurred_it(script: ModuleType, sigma: float) -> None:
    phantom = importlib.import_module("qc3_phantom")
    phantom.CENTRE = (79.5, 79.5)
    noisy = drawn_edge(sigma) + np.random.default_rng(0).normal(0, 5, (160, 160))
    edge = script.Edge("drawn", "u", 0.7, -40, 40)
    fit = script.fit_edge(noisy, edge)
    assert script.psf_sigma(fit.sigma) == pytest.approx(sigma, abs=0.02)
    assert fit.error < 0.02
    assert fit.rms == pytest.approx(5, rel=0.1)


@pytest.mark.benchmark("qc3_phantom")
def test_modulation_is_that_of_the_bars_that_were_drawn(script: ModuleType) -> None:
    _, v = script.coordinates((768, 1024))
    group = script.Group(0, -30, 30, 7, True)
    bars = 3000 + 600 * np.cos(2 * np.pi * (v + 30) / group.period)
    assert group.period == 20
    assert script.modulation(bars, group) == pytest.approx(0.2, rel=0.01)
    assert script.modulation(6000 - bars, group._replace(first_is_bright=False)) == pytest.approx(
        0.2, rel=0.01
    )


@pytest.mark.benchmark("qc3_phantom")
def test_noise_is_measured_through_slopes_and_its_correlation_named(script: ModuleType) -> None:
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(0)
    u, v = script.coordinates((768, 1024))
    grey = 3000 + 2 * u + v
    white = rng.normal(size=grey.shape)
    smeared = gaussian_filter(white, 0.6)
    smeared /= smeared.std()
    plain = script.Noise.of(grey + np.sqrt(0.05 * grey) * white)
    assert plain.gain == pytest.approx(0.05, rel=0.03)
    assert plain.neighbours == pytest.approx(0, abs=0.03)
    assert plain.white == pytest.approx(1, abs=0.03)
    correlated = script.Noise.of(grey + np.sqrt(0.05 * grey) * smeared)
    assert correlated.gain == pytest.approx(0.05, rel=0.05)
    assert correlated.neighbours > 0.3
    assert correlated.white < 0.8


@pytest.mark.benchmark("qc3")
def test_the_matched_weight_leaves_a_chi_square_of_one(script: ModuleType) -> None:
    assert script.matched_weight(lambda weight: weight / 1.23e-3) == pytest.approx(1.2e-3, rel=0.03)


@pytest.mark.benchmark("qc3")
def test_without_the_scan_it_says_so(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "SCAN", Path("nowhere.tif"))
    monkeypatch.setattr(sys, "argv", ["qc3.py"])
    script.main()
    assert capsys.readouterr().out.startswith("Skipped")


@pytest.mark.benchmark("qc3")
def test_five_edges_of_the_real_scan_agree(script: ModuleType, shared_data: Path) -> None:
    import tifffile

    image = tifffile.imread(shared_data / "xray" / "mv_qc3_linepairs.tif")
    rows, sigma, error = script.edges(image)
    assert len(rows) == 5
    assert sigma == pytest.approx(1.449, abs=0.01)
    assert error < 0.02
