"""Boundaries extend as NumPy pads, on every axis, at both ends."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_deconv import choices
from napari_deconv.core.boundary import Boundary, margins

NUMPY = {
    "zero": {"mode": "constant"},
    "mean": {"mode": "constant", "constant_values": 0.25},
    "edge": {"mode": "edge"},
    "unknown": {"mode": "edge"},
    "reflect": {"mode": "reflect"},
}


@pytest.mark.parametrize("name", choices("boundary"))
@pytest.mark.parametrize("shape", [(5, 8), (4, 5, 7)])
def test_extension_equals_numpy(name: str, shape: tuple[int, ...]) -> None:
    boundary: Boundary = choices("boundary")[name]()
    image = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    if not boundary.padded:
        np.testing.assert_array_equal(
            boundary.extend(torch.from_numpy(image), shape, 0.25).numpy(), image
        )
        return
    grid = tuple(n + 17 for n in shape)  # more than twice the frame: mirrors repeat
    padded = np.pad(image, [margins(n, m) for n, m in zip(shape, grid, strict=True)], **NUMPY[name])
    extended = boundary.extend(torch.from_numpy(image), grid, 0.25)
    np.testing.assert_array_equal(extended.numpy(), padded)


def test_only_unknown_weighs_nothing_beyond_the_border() -> None:
    weights = {name: boundary.weight for name, boundary in choices("boundary").items()}
    assert weights.pop("unknown") == 0
    assert set(weights.values()) == {1}
