"""The scripts that measure our methods, each on something tiny: that they measure what they say."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from napari_deconv import choices, samples


@pytest.mark.benchmark("methods")
def test_the_best_of_a_grid_is_never_at_its_edge(script: ModuleType) -> None:
    best, grid = script.best_of(lambda x: -(np.log(x / 40) ** 2), [1.0, 1.4, 2.0])
    assert grid[0] < best < grid[-1]
    assert best == pytest.approx(40, rel=0.2)
    best, grid = script.best_of(lambda x: -(np.log(x / 0.01) ** 2), [1.0, 1.4, 2.0])
    assert grid[0] < best < grid[-1]
    assert best == pytest.approx(0.01, rel=0.2)


@pytest.mark.benchmark("methods")
def test_every_method_has_a_row_whose_best_is_at_least_its_default(
    script: ModuleType, sample: samples.Sample
) -> None:
    rows = script.rows(sample, ("tikhonov", "richardson-lucy"))
    assert [row[0] for row in rows] == ["blurred", "tikhonov", "richardson-lucy"]
    blurred = float(rows[0][1])
    for row in rows[1:]:
        assert float(row[3]) >= float(row[1])
        assert float(row[3]) > blurred


@pytest.mark.benchmark("borders")
def test_the_band_is_the_border_and_every_boundary_is_scored(
    script: ModuleType, sample: samples.Sample
) -> None:
    outer = script.band((20, 30), 3)
    assert outer.sum() == 20 * 30 - 14 * 24
    assert not outer[3:-3, 3:-3].any()
    window = script.Window("bearing", slice(0, 40), slice(8, 48))
    found = script.border_psnr(sample, window, "tikhonov")
    assert set(found) == {"zero", "mean", "edge", "reflect", "periodic", "unknown"}
    above_zero, behind = script.verdict(found)
    assert above_zero > 3
    assert behind >= 0


@pytest.mark.benchmark("burst")
def test_a_burst_is_worth_more_than_a_frame_and_its_shifts_are_found(script: ModuleType) -> None:
    burst = script.taken(script.CASES[1], "bearing", 0, side=224)
    values, error = script.gains(burst, "tikhonov")
    one, unaligned, aligned, sums, known = values
    assert sums > max(one + 1, unaligned + 1)
    assert sums == pytest.approx(aligned, abs=0.2)
    assert sums == pytest.approx(known, abs=0.2)
    assert error < 0.15
    best_one, best_sums = script.best(burst, "tikhonov")
    assert best_one >= one
    assert best_sums >= sums


@pytest.mark.benchmark("table")
@pytest.mark.parametrize("markdown", [True, False])
def test_a_table_is_printed_whole(
    script: ModuleType, markdown: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    script.show("title", ["name", "a", "b"], [["x", "1", "2"], ["y" * 90, "3", "4"]], markdown)
    out = capsys.readouterr().out
    assert "title" in out
    assert "y" * 90 in out
    assert ("| x | 1 | 2 |" in out) is markdown


@pytest.mark.benchmark("bars")
def test_the_psnr_of_the_bars_knows_no_gain_and_no_offset(script: ModuleType) -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((4, 8, 8))
    noisy = truth + rng.normal(0, 0.01, truth.shape)
    assert script.scaled_psnr(noisy, truth) == pytest.approx(40, abs=1)
    assert script.scaled_psnr(7 * noisy - 3, truth) == pytest.approx(
        script.scaled_psnr(noisy, truth), abs=1e-6
    )
    even = 10 * np.log10(truth.max() ** 2 / truth.var())
    assert script.scaled_psnr(np.full(truth.shape, 5.0), truth) == pytest.approx(even)


@pytest.mark.benchmark("bars")
def test_every_method_has_a_strength_that_is_searched_for(script: ModuleType) -> None:
    volume = samples.volume((16, 16, 16))
    bars = script.Bars(volume.image, volume.psf, volume.truth)
    solid = {name: choice for name, choice in choices("method").items() if 3 in choice.dimensions}
    for name, choice in solid.items():
        tried = [value for point in script.grid(bars, name) for value in point.values()]
        assert script.strength(name) in choice.parameters()
        assert len(set(tried)) >= 4
    best = script.best_strength(bars, "tikhonov")
    worst = min(
        script.scaled_psnr(script.begun(bars, "tikhonov", "periodic", **point).image(), bars.truth)
        for point in script.grid(bars, "tikhonov")
    )
    image = script.begun(bars, "tikhonov", "periodic", **best).image()
    assert script.scaled_psnr(image, bars.truth) > worst


@pytest.mark.benchmark("bars")
def test_a_blurred_volume_is_near_its_blurred_truth_with_the_right_origin(
    script: ModuleType,
) -> None:
    volume = samples.volume((16, 16, 16))
    bars = script.Bars(3 * volume.blurred + 1, volume.psf, volume.truth)
    middle = tuple(n // 2 for n in volume.psf.shape)
    error = script.model_error(bars, True, middle)
    assert error < script.model_error(bars, True, (0, 0, 0)) / 2
    truth = np.zeros((8, 8, 8), np.float32)
    truth[3:5, 3:5, 3:5] = 1
    own = script.Bars(np.roll(truth, 1, 0), np.roll(np.eye(1, 8).reshape(8, 1, 1), 3, 0), truth)
    assert script.model_error(own, False, (2, 0, 0)) == pytest.approx(0, abs=1e-6)


@pytest.mark.benchmark("bars")
def test_without_the_bars_it_says_so(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "FOLDER", Path("nowhere"))
    monkeypatch.setattr(sys, "argv", ["bars.py"])
    script.main()
    assert capsys.readouterr().out.startswith("Skipped")


@pytest.mark.benchmark("devices")
def test_a_device_beside_itself_differs_by_nothing(
    script: ModuleType, sample: samples.Sample
) -> None:
    name, difference, verdict, *times = script.row(sample, "tikhonov", "cpu")
    assert (name, float(difference), verdict) == ("`tikhonov`", 0, "yes")
    assert all(float(time) > 0 for time in times)


@pytest.mark.benchmark("devices")
def test_without_an_accelerator_it_says_so(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "available", lambda: ["cpu"])
    monkeypatch.setattr(sys, "argv", ["devices.py"])
    script.main()
    assert capsys.readouterr().out.startswith("No accelerator here")
