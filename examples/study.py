"""Redo the study of regularisers on three simulated frames, and fill the tables of its page.

    python examples/study.py                 prints the tables (about 6 minutes of one core)
    python examples/study.py --write docs    fills docs/study.md and draws its pictures as well
    python examples/study.py --quick         two iterations of everything, to see that it runs

Needs PyLops; the pictures need matplotlib: pip install "napari-deconv[bench]".
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import torch
from study_parts import page, sections
from study_parts.frames import SIZE, frames
from study_parts.sections import Rows, Study

QUICK = 64
"""Pixels on a side of the frames of a quick look."""


def tables(study: Study) -> dict[str, str]:
    """Solve, print and return every table."""
    frame = study.header
    bands = [f"{name}, {part}" for name in frame for part in ("outer 10 px", "rest")]
    agreed = ["weight", "PyLops: iterations", "CPU s", "dB", "ours: iterations", "CPU s", "dB"]
    parts: dict[str, tuple[list[str], Callable[[Study], Rows]]] = {
        "closed": (["PSNR in dB", *frame], sections.closed_forms),
        "order": (["PSNR in dB (weight)", *frame], sections.order),
        "untuned": (["PSNR in dB (weight)", *frame], sections.untuned),
        "agreement": (["to 0.1 % of the least objective", *agreed], sections.agreement),
        "autograd": (["PSNR in dB (weight)", *frame], sections.autograd),
        "borders": (["PSNR in dB", *bands], sections.borders),
    }
    found = {}
    for name, (header, section) in parts.items():
        start = time.process_time()
        found[name] = page.table(header, section(study))
        print(f"\n{name} ({time.process_time() - start:.0f} CPU s)\n\n{found[name]}", flush=True)
    return found


def main() -> None:
    """Solve everything, print it, and fill the page if asked to."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="only see that it runs")
    arguments.add_argument("--write", type=Path, metavar="DOCS", help="folder of study.md")
    chosen = arguments.parse_args()
    torch.set_num_threads(1)
    study = Study(frames(QUICK if chosen.quick else SIZE), brief=chosen.quick)
    for frame in study.frames:
        print(f"{frame.name}: noise {sections.noise(frame):.4f}")
    found = tables(study)
    if chosen.write:
        from study_parts.pictures import draw

        page.write(chosen.write / "study.md", found)
        draw(study, chosen.write / "images")


if __name__ == "__main__":
    main()
