"""A small part of the benchmark of PSFs taken too wide, by data and PSF alone."""

from __future__ import annotations

from types import ModuleType

import pytest


@pytest.mark.benchmark("psf_width")
def test_twice_too_wide_is_red_and_right_is_green_at_every_noise(script: ModuleType) -> None:
    for name in ("bearing", "weld", "casting"):
        for share in (0.01, 0.05):
            for (error, _), lights in script.counted(name, share, 1).items():
                if error in (0.0, 1.0):
                    assert set(lights) == {"red" if error else "green"}


@pytest.mark.benchmark("psf_width")
def test_the_fresh_pictures_are_there(script: ModuleType) -> None:
    names = script.unseen()
    assert {"assembly 0", "points"} <= set(names)
    assert script.counted("points", 0.01, 1)[1.0, True]["red"] == 1
