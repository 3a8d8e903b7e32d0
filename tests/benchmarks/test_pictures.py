"""The pictures of the choices: every one of them, each between its marks."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from napari_deconv import choices
from napari_deconv.registry import MODULES


@pytest.mark.benchmark("sheet")
def test_a_picture_lands_between_its_marks_and_nowhere_else(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from PIL import Image

    monkeypatch.setattr(script, "DOCS", tmp_path)
    other = "<!-- picture: method other -->\n<!-- end -->\n"
    page = tmp_path / "methods.md"
    page.write_text(f"before\n<!-- picture: method tv -->\nold\n<!-- end -->\n{other}")
    ramp = np.linspace(0, 1, 32 * 32).reshape(32, 32)
    for _ in range(2):  # the second time changes nothing
        script.put("method", "tv", [script.Panel("blurred", ramp), script.Panel("tv", ramp)], "C.")
        text = page.read_text()
        assert "*Blurred, tv. C.*" in text
        assert text.startswith("before\n")
        assert text.endswith(other)
        assert "old" not in text
    drawn = np.asarray(Image.open(tmp_path / "images/choices/method-tv.png"))
    assert drawn.shape == (
        32 * script.ENLARGED + script.LINE,
        2 * 32 * script.ENLARGED + script.GAP,
    )
    assert drawn[-1, -1] == 255
    assert drawn[script.LINE, 0] == 0


@pytest.mark.benchmark("pictures")
def test_every_registered_choice_is_pictured(script: ModuleType) -> None:
    assert set(script.FAMILIES) - {"burst"} == set(MODULES)
    assert set(script.PSFS) == set(choices("psf"))
    assert set(script.METHODS) <= set(choices("method"))
