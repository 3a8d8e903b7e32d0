"""What the Measures dock says: cells, rows, tooltips, sentences, and comma-separated values."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

from napari_deconv.evidence.measures import MEASURES
from napari_deconv.evidence.reading import Reading
from napari_deconv.psf.edge_fit import CONFIDENCE
from napari_deconv.psf.figures import Figure

if TYPE_CHECKING:
    from napari_deconv.widgets.measure_task import Results

ABSENT = "–"  # noqa: RUF001 (an en dash is what a table shows for a figure that is not there)
NOTHING = "none"
"""What stands for a figure that is not there, such as of an MTF that never falls."""
FEW = 2
"""Figures of a cell beyond which they are rounded to whole numbers, and not named each."""
SURE = 5e-4
"""Part of a figure below which its error is not written: a picture without noise."""
CALLED = {"box": "Draw a box", "circle": "Draw a circle", "line": "Draw a line"}
FIGURES = ("shape", "measure", "standard", "layer", "figure", "value", "error_95", "unit", "note")
CURVES = ("shape", "measure", "layer", "curve", "x", "x_axis", "y", "y_axis")


def shown(reading: Reading, kind: str) -> list[Figure]:
    """Return the figures that a table shows of a reading: the first ones, of one unit."""
    first = reading.figures[: MEASURES[kind].shown]
    return [figure for figure in first if figure.unit == first[0].unit]


def cell(answer: Reading | str, kind: str) -> str:
    """Return what a cell of the table says."""
    if isinstance(answer, str):
        return ABSENT
    figures = shown(answer, kind)
    if len(figures) > FEW:
        return " · ".join(f"{figure.value:.0f}" for figure in figures)
    return " · ".join(map(_number, figures))


def heading(results: Results, row: int) -> str:
    """Return what a row is called: the names and the unit of its figures."""
    kind = results.drawn[row].kind
    if not kind:
        return "no measure"
    readings = [a for a in results.answers[row] if isinstance(a, Reading)]
    if not readings:
        return MEASURES[kind].short
    figures = shown(readings[0], kind)
    names = MEASURES[kind].short if len(figures) > FEW else " · ".join(f.name for f in figures)
    unit = figures[0].unit
    return f"{names}\n({unit})" if unit else names


def tooltip(answer: Reading | str) -> str:
    """Return all figures of a reading, a line each, or why there is none."""
    if isinstance(answer, str):
        return answer
    lines = [str(figure) if np.isfinite(figure.value) else "" for figure in answer.figures]
    if any(np.isfinite(figure.error) for figure in answer.figures):
        lines.append("± is 95 %.")
    return "\n".join(filter(None, (*lines, *answer.notes)))


def sentences(results: Results, row: int) -> tuple[str, bool]:
    """Return what has to be known of a row, and whether something went wrong with it."""
    said: dict[str, list[str]] = {}
    wrong = False
    for plane, answer in zip(results.planes, results.answers[row], strict=True):
        wrong |= isinstance(answer, str)
        for sentence in (answer,) if isinstance(answer, str) else answer.notes:
            said.setdefault(sentence, []).append(plane.name)
    number = results.drawn[row].number
    lines = []
    for sentence, names in said.items():
        everywhere = len(names) == len(results.planes)
        lines.append(f"{number}: {sentence}" if everywhere else f"{', '.join(names)}: {sentence}")
    return "\n".join(lines), wrong


def labels(results: Results) -> list[str]:
    """Return what stands beside each shape on the canvas."""
    return [
        f"{drawn.number} {MEASURES[drawn.kind].short}" if drawn.kind else f"{drawn.number}"
        for drawn in results.drawn
    ]


def figures_csv(results: Results) -> str:
    """Return every figure of every shape and layer as comma-separated values."""
    rows: list[list[str]] = []
    for drawn, answers in zip(results.drawn, results.answers, strict=True):
        standard = MEASURES[drawn.kind].standard if drawn.kind else ""
        for plane, answer in zip(results.planes, answers, strict=True):
            begin = [str(drawn.number), drawn.kind, standard, plane.name]
            if isinstance(answer, str):
                rows.append([*begin, "", "", "", "", answer])
                continue
            note = " ".join(answer.notes)
            rows += [
                [
                    *begin,
                    f.name,
                    _digits(f.value),
                    _digits(CONFIDENCE * f.error),
                    f.unit,
                    note,
                ]
                for f in answer.figures
            ]
    return _written(FIGURES, rows)


def curves_csv(results: Results) -> str:
    """Return every point of every curve as comma-separated values."""
    rows: list[list[str]] = []
    for drawn, answers in zip(results.drawn, results.answers, strict=True):
        for plane, answer in zip(results.planes, answers, strict=True):
            if isinstance(answer, str) or answer.graph is None:
                continue
            graph = answer.graph
            begin = [str(drawn.number), drawn.kind, plane.name]
            for curve in graph.curves:
                rows += [
                    [*begin, curve.name, _digits(x), str(graph.across), _digits(y), str(graph.up)]
                    for x, y in zip(curve.x, curve.y, strict=True)
                ]
    return _written(CURVES, rows)


def _number(figure: Figure) -> str:
    if not np.isfinite(figure.value):
        return NOTHING
    known = CONFIDENCE * figure.error > SURE * abs(figure.value)
    error = figure.error if known else float("nan")
    return str(Figure("", figure.value, error, "")).strip()


def _digits(value: float) -> str:
    return f"{value:.6g}" if np.isfinite(value) else ""


def _written(names: tuple[str, ...], rows: list[list[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue()
