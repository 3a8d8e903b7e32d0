"""A training for one scanner: what it can't be made for, and what its card says it began as."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_deconv.learned import scanner
from napari_deconv.learned.delivery import deliver
from napari_deconv.learned.sittings import cooled, train
from napari_deconv.learned.training import Run
from napari_deconv.psf.measured import MeasuredPsf


def disk(radius: int, around: int) -> MeasuredPsf:
    rows, columns = np.mgrid[-around : around + 1, -around : around + 1]
    return MeasuredPsf.of((rows**2 + columns**2 <= radius**2).astype(float))


def test_a_psf_that_its_grid_can_not_hold_is_refused(tiny: Any) -> None:
    with pytest.raises(ValueError, match="47% of the PSF lie outside of 129 x 129 pixels"):
        scanner.fitted(tiny(), disk(100, 110), None)
    assert scanner.fitted(tiny(), disk(60, 110), None).degradation.support == 129


def test_a_card_names_the_model_it_was_begun_as(tiny: Any, tmp_path: Path) -> None:
    first = Run(tiny())
    start = tmp_path / "start.safetensors"
    assert "begun as" not in deliver(first, start, "start").made
    run = Run(tiny())
    scanner.take_over(run, str(start))
    list(train(run, tmp_path, steps=2))
    start.unlink()  # it may be gone by then
    card = deliver(cooled(tmp_path, steps=2), tmp_path / "own.safetensors", "own")
    assert card.made.endswith(f", begun as {run.begun_as}")
    assert run.begun_as.startswith("start, version")
