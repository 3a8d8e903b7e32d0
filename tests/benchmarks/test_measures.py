"""The benchmark of measures: real groups by their frequencies, and a visible skip without scans."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import tifffile

from napari_deconv import samples
from napari_deconv.evidence.noise_box import NoiseBox
from napari_deconv.evidence.profile import Profile


@pytest.mark.benchmark("measures")
def test_groups_go_by_their_nominal_frequency(script: ModuleType) -> None:
    distance = np.arange(0, 400, 0.5)
    period = 10 / (3 * script.CT_PIXEL)
    values = 1 + 0.5 * np.sin(2 * np.pi * distance / period)
    assert list(script.groups_of(Profile(distance, values, 1.0))) == [3]
    odd = 1 + 0.5 * np.sin(2 * np.pi * distance / (period / 1.15))
    assert script.groups_of(Profile(distance, odd, 1.0)) == {}


@pytest.mark.benchmark("measures")
def test_the_real_ct_shows_its_first_seven_groups(script: ModuleType, shared_data: Path) -> None:
    image = tifffile.imread(shared_data / "xray" / "ct_catphan_linepairs.tif").astype(np.float32)
    assert sorted(script.groups_of(script.arc(image))) == [1, 2, 3, 4, 5, 6, 7]
    rows = script.catphan_rows(image, [])
    shares = [float(row[1].removesuffix(" %")) for row in rows[:7]]
    assert shares[2:] == sorted(shares[2:], reverse=True)
    assert 40 < shares[0] < 50


@pytest.mark.benchmark("measures")
def test_the_even_box_of_the_sample_holds_only_noise(script: ModuleType) -> None:
    sample = samples.radiograph((768, 768))
    box = NoiseBox.of(sample.image, script.even_box(sample))
    assert box.sigma == pytest.approx(np.sqrt(box.mean / 10_000), rel=0.1)


@pytest.mark.benchmark("measures")
def test_without_the_scans_it_says_so(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("SCAN", "CATPHAN"):
        monkeypatch.setattr(script, name, Path("nowhere.tif"))
    monkeypatch.setattr(script, "EXPOSURES", ())
    monkeypatch.setattr("sys.argv", ["measures.py"])
    script.main()
    assert capsys.readouterr().out.count("Skipped: the scan") == 2
