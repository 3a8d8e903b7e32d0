"""Draw the pictures of the study with matplotlib, and keep them small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from study_parts.frames import Frame
from study_parts.sections import BORDERS, Study

SHOWN = {
    "L1+Haar": "L1+Haar, PyLops FISTA, 100 iterations",
    "L1+Haar, all shifts": "L1+Haar over all shifts, ours, converged",
    "TV, PyLops 10 x 1": "TV, PyLops, 10 x 1 iterations",
    "TV, converged": "TV, isotropic, ours, converged",
    "TV+Haar, all shifts": "TV+Haar over all shifts, isotropic, share 0.3, ours",
}
"""What a picture or a curve is called, and the row of the table that it comes from."""
WINDOWS = {"lines": (110, 14), "flat": (92, 10), "gradients": (10, 34)}
"""Left and upper pixel of the part that is enlarged."""
SIDE = 80
"""Pixels of the part that is enlarged."""
DPI = 100


def draw(study: Study, folder: Path) -> None:
    """Write ``study-*.png`` into a folder."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(exist_ok=True)
    drawings = {
        "frames": _frames,
        "restored": _restored,
        "profiles": _profiles,
        "converging": _converging,
        "borders": _borders,
    }
    for name, drawing in drawings.items():
        figure = drawing(study, pyplot)
        figure.savefig(folder / f"study-{name}.png", dpi=DPI, pil_kwargs={"optimize": True})
        pyplot.close(figure)


def _grid(pyplot: Any, rows: int, columns: int, width: float = 2.1) -> tuple[Any, np.ndarray]:
    figure, axes = pyplot.subplots(
        rows, columns, figsize=(width * columns, (width + 0.2) * rows), layout="constrained"
    )
    return figure, np.atleast_2d(axes)


def _show(axis: Any, image: np.ndarray, frame: Frame, title: str) -> None:
    low, high = float(frame.truth.min()), float(frame.truth.max())
    axis.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
    axis.set_title(title, fontsize=8)
    axis.set_axis_off()


def _frames(study: Study, pyplot: Any) -> Any:
    """Truth with the row of the profile, and what the detector sees."""
    figure, axes = _grid(pyplot, 2, len(study.frames), 3.0)
    for column, frame in zip(axes.T, study.frames, strict=True):
        _show(column[0], frame.truth, frame, f"{frame.name}: truth")
        column[0].plot(frame.columns, (frame.row, frame.row), color="tab:orange", linewidth=1)
        _show(column[1], frame.image, frame, "blurred, with noise")
    return figure


def _restored(study: Study, pyplot: Any) -> Any:
    """A part of each frame, restored by each method at its best weight."""
    figure, axes = _grid(pyplot, len(study.frames), 2 + len(SHOWN), 1.75)
    for row, frame in zip(axes, study.frames, strict=True):
        left, top = WINDOWS[frame.name]
        part = (slice(top, top + SIDE), slice(left, left + SIDE))
        _show(row[0], frame.truth[part], frame, "truth")
        _show(row[1], frame.image[part], frame, "blurred")
        for axis, (title, label) in zip(row[2:], SHOWN.items(), strict=True):
            trial = study.kept[frame.name, label]
            _show(axis, trial.image[part], frame, f"{title}\n{trial.psnr:.1f} dB")
    return figure


def _profiles(study: Study, pyplot: Any) -> Any:
    """Grey values along one row of each frame."""
    figure, axes = pyplot.subplots(3, 1, figsize=(9, 8.4), layout="constrained")
    chosen = {name: SHOWN[name] for name in ("L1+Haar", "TV, PyLops 10 x 1", "TV, converged")}
    for axis, frame in zip(axes, study.frames, strict=True):
        columns = np.arange(*frame.columns)
        axis.plot(
            columns, frame.truth[frame.row, columns], "k", linewidth=2.5, alpha=0.3, label="truth"
        )
        axis.plot(
            columns, frame.image[frame.row, columns], color="gray", linewidth=0.8, label="blurred"
        )
        for name, label in chosen.items():
            values = study.kept[frame.name, label].image[frame.row, columns]
            axis.plot(columns, values, linewidth=1.1, label=name)
        axis.set_title(f"{frame.name}, row {frame.row}", fontsize=9)
        axis.set_ylabel("grey value", fontsize=8)
        axis.margins(x=0.005)
    axes[-1].set_xlabel("pixel", fontsize=8)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    return figure


def _converging(study: Study, pyplot: Any) -> Any:
    """PSNR by PyLops after each iteration, and where the optimum lies."""
    figure, axes = _grid(pyplot, 1, len(study.frames), 3.3)
    optimum = {
        "L1+Haar": None,
        "TV": "TV, ours, converged",
        "TV+Haar": "TV+Haar, ours, converged",
    }
    for axis, frame in zip(axes[0], study.frames, strict=True):
        for number, (name, label) in enumerate(optimum.items()):
            iterations, ratios = zip(*study.curves[frame.name, name], strict=True)
            colour = f"C{number}"
            axis.semilogx(iterations, ratios, color=colour, label=f"{name}, PyLops")
            if label:
                level = study.kept[frame.name, label].psnr
                axis.axhline(level, color=colour, linestyle=":", label=f"{name}, optimum")
        axis.set_title(frame.name, fontsize=9)
        axis.set_xlabel("iteration", fontsize=8)
    axes[0, 0].set_ylabel("PSNR, dB", fontsize=8)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    return figure


def _borders(study: Study, pyplot: Any) -> Any:
    """The lower right corner of each frame under each assumption."""
    figure, axes = _grid(pyplot, len(study.frames), 1 + len(BORDERS), 1.75)
    for row, frame in zip(axes, study.frames, strict=True):
        part = (slice(-56, None), slice(-56, None))
        _show(row[0], frame.truth[part], frame, f"{frame.name}: truth")
        for axis, boundary in zip(row[1:], BORDERS, strict=True):
            _show(axis, study.kept[frame.name, f"border {boundary}"].image[part], frame, boundary)
    return figure
