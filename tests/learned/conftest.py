"""Models and trainings small enough for a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from napari_deconv import choices
from napari_deconv.learned.training import Training

choices("psf")  # which a training's plain data may name

NETWORKS: dict[str, dict[str, Any]] = {
    "nafnet blind": {"inputs": "blind", "stages": 1},
    "nafnet": {"stages": 2},
    "swinir blind": {"network": "swinir", "inputs": "blind", "stages": 1},
    "swinir": {"network": "swinir", "stages": 1},
    "unrolled": {"network": "unrolled", "stages": 2},
}
SMALL = {"width": 8, "encoder": (1,), "middle": 1, "decoder": (1,), "depths": (2,), "heads": (2,)}


@pytest.fixture(params=NETWORKS)
def architecture(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return every kind of model, small."""
    return {**SMALL, **NETWORKS[request.param]}


@pytest.fixture
def small() -> dict[str, Any]:
    """Return the sizes of a small model."""
    return SMALL


@pytest.fixture
def tiny() -> Callable[..., Training]:
    """Return what makes a training of a small model on small scenes."""
    return _tiny


def _tiny(**changes: Any) -> Training:
    settings: dict[str, Any] = {
        "architecture": {**SMALL, "stages": 2},
        "scenes": {"side": 96, "kept": 8},
        "degradation": {"support": 17},
        "batch": 2,
        "side": 32,
        "warmup": 4,
        "rate": 2e-3,
    }
    return Training(**{**settings, **changes})
