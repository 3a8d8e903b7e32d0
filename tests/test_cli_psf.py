"""The command line's PSFs: boxes that can't be measured get the sentence that Python gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter
from typer.testing import CliRunner

from napari_deconv.cli import BAD_INPUT, app
from napari_deconv.cli_psf import corners
from napari_deconv.psf.measure import measure

COLUMNS = np.indices((96, 128))[1]
NOISE = np.random.default_rng(1).normal(0, 0.007, COLUMNS.shape)
STEP = gaussian_filter((COLUMNS > 60) * 0.7 + 0.2, 1.5) + NOISE
BAND = gaussian_filter(((COLUMNS > 45) & (COLUMNS < 80)) * 0.7 + 0.2, 1.5) + NOISE
ACROSS = "10,30,80,95"
BAD = {
    "no edge": (0.5 + NOISE, ACROSS, "no edge in the box"),
    "two edges": (BAND, ACROSS, "two edges"),
    "saturated": (np.minimum(STEP, 0.88), ACROSS, "saturated"),
    "outside": (STEP, "10,80,80,190", "beyond the image"),
    "3 px wide": (STEP, "10,59,80,62", "3 pixels narrow"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_box_is_one_sentence(tmp_path: Path, name: str) -> None:
    image, box, words = BAD[name]
    file, out = tmp_path / "scan.tif", tmp_path / "psf.tif"
    tifffile.imwrite(file, image.astype(np.float32))
    options = ["--box", box, "--out", str(out)]
    done = CliRunner().invoke(app, ["psf", "edge", str(file), *options])
    assert done.exit_code == BAD_INPUT
    with pytest.raises(ValueError, match=words) as caught:
        measure(image.astype(np.float32), [corners(box)])
    assert done.stderr.strip() == str(caught.value)
    assert any(word in done.stderr for word in ("draw", "Draw"))
    assert not out.exists()
