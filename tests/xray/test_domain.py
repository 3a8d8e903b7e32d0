"""What grey values stand for is told from the values alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_deconv.xray.domain import looks_like_attenuation

rng = np.random.default_rng(3)
thickness = np.zeros((128, 128))
thickness[40:90, 30:100] = 1.5
noise = rng.normal(0, 0.01, thickness.shape)


def test_attenuation_with_air_around_the_part() -> None:
    assert looks_like_attenuation((thickness + noise).astype(np.float32))


def test_ct_numbers_with_air_far_below_zero() -> None:
    assert looks_like_attenuation((1000 * thickness - 900 + 100 * noise).astype(np.int16))


@pytest.mark.parametrize("dtype", [np.float32, np.uint16, np.int32])
def test_transmission_and_counts(dtype: type) -> None:
    counts = 10_000 * (np.exp(-thickness) + noise)
    assert not looks_like_attenuation(counts.astype(dtype))


def test_transmission_whose_darkest_part_dips_below_zero() -> None:
    dark = np.exp(-4 * thickness) + noise  # the part passes 0.2 %, the noise is 1 %
    assert (dark < 0).mean() > 0.005
    dark[:, :20] = 1.0
    assert not looks_like_attenuation(dark.astype(np.float32))


def test_no_finite_value() -> None:
    assert not looks_like_attenuation(np.full((8, 8), np.nan, np.float32))


@pytest.mark.parametrize(
    ("file", "expected"),
    [("ct_metal_part", True), ("mv_qc3_linepairs", False), ("ct_rock_16bit", False)],
)
def test_real_scans(shared_data: Path, file: str, expected: bool) -> None:
    image = tifffile.imread(shared_data / "xray" / f"{file}.tif")
    assert looks_like_attenuation(image) is expected
