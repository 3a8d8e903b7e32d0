"""Write figures and curves as comma-separated values."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from napari_deconv.widgets.profile_curves import Curves

FIELDS = (
    "line",
    "width_px",
    "layer",
    "profile_psnr_db",
    "image_psnr_db",
    "psnr_k",
    "profile_ssim",
    "image_ssim",
    "edge_10_90",
    "fwhm",
    "unit",
    "dip_percent",
    "modulation_percent",
    "contrast",
    "line_pair_period",
)


def write_csv(records: Sequence[Mapping[str, Any]]) -> str:
    """Return records as CSV with a header; several values in a cell are parted by semicolons.

    Parameters
    ----------
    records : sequence of mapping
        What `FiguresModel.records` returns.

    Returns
    -------
    str
        Lines that end with a line feed; a figure that is not there is an empty cell.
    """
    names = list(FIELDS)
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(record[name]) for name in names} for record in records)
    return out.getvalue()


def write_curves_csv(curves: Curves) -> str:
    """Return every sample of every curve as CSV, one sample a row.

    Parameters
    ----------
    curves : Curves
        What is plotted.

    Returns
    -------
    str
        Line, layer, distance, its unit, and grey value.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("line", "layer", "distance", "unit", "value"))
    for line in curves.lines:
        for trace in line.traces:
            for distance, value in zip(trace.profile.distance, trace.profile.values, strict=True):
                at = repr(float(distance * line.factor))
                cell = repr(float(value)) if value == value else ""
                writer.writerow((line.line.number, trace.plane.name, at, curves.unit, cell))
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return ";".join("" if part is None else f"{part:.6g}" for part in value)
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else value
