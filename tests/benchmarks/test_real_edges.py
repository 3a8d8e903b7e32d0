"""Real edges: one radiograph brought to the sharpness of another; skipped in words without them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from napari_deconv import deconvolve


@pytest.mark.benchmark("edge3")
def test_radiograph_3_comes_to_the_width_of_radiograph_0(
    script: ModuleType, shared_data: Path
) -> None:
    images = {number: script.transmission(number)[:440, :440] for number in (0, 3)}
    edges = script.EDGES
    fits = {key: script.fit_edge(images[key[0]], box, "core-tail") for key, box in edges.items()}
    method = script.METHODS["3, to edge 0"]
    brought = deconvolve(images[3], script.psf_between(fits).kernel(), method=method, device="cpu")
    own = deconvolve(images[3], script.own_psf(fits).kernel(), method=method, device="cpu")
    for side in script.SIDES:
        sharp, wide = (script.look(images[n], edges[n, side]) for n in (0, 3))
        assert wide.sigma / sharp.sigma == pytest.approx(1.145, abs=0.015)
        now = script.look(brought, edges[3, side])
        assert now.sigma == pytest.approx(sharp.sigma, rel=0.03)
        assert now.over < 0.03
        assert now.noise < 1.2 * wide.noise
        assert script.look(own, edges[3, side]).rise < 0.7 * wide.rise


@pytest.mark.benchmark("edge3")
def test_a_gaussian_between_two_edges_is_found(script: ModuleType) -> None:
    class Fit:
        def __init__(self, *values: float) -> None:
            self.values = values

    # Two Gaussians without a tail: their variances differ by that of the blur between.
    found = script.between(Fit(1.5, 0.0, 1.0), Fit(np.hypot(1.5, 1.1), 0.0, 1.0))
    assert found == pytest.approx(1.1, rel=1e-3)


@pytest.mark.benchmark("real_edges")
def test_without_the_scans_it_says_so(
    script: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "DATA", Path("nowhere"))
    monkeypatch.setattr("sys.argv", ["real_edges.py"])
    script.main()
    assert capsys.readouterr().out.startswith("skipped: the real scans are not there")
