"""A small part of the benchmark of PSFs that change: no seam, and what would be one."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from napari_deconv import Recipe

SIZE, SEAM = 128, 1e-3
METHODS: tuple[dict[str, Any], ...] = (
    {"name": "tikhonov", "weight": 0.003},
    {"name": "tv", "weight": 0.002, "iterations": 25},
)


@pytest.mark.benchmark("psf_grid")
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method["name"])
def test_no_line_where_tiles_meet_stands_out(script: ModuleType, method: dict[str, Any]) -> None:
    _, image = script.scene(SIZE)
    run = Recipe(psf=script.grid(SIZE), method=method).begin(image, device="cpu")
    result, finest = run.image(), script.finely(run.recipe, image)
    at = script.lines(run._tiles, SIZE)
    beside, elsewhere, there, anywhere, seam = script.added(result, finest, at)
    assert seam < SEAM
    assert beside < 1.5 * elsewhere
    assert there < 1.5 * anywhere
    cut = result.copy()
    cut[:, at[len(at) // 2] :] += 0.003 * np.ptp(result)
    assert script.added(cut, finest, at)[-1] > SEAM
    assert 0 < script.apart(run, result) < 0.05
