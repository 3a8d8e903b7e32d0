"""Every method on the accelerator beside the CPU: largest difference, and times.

    python benchmarks/devices.py [--size 1024] [--markdown]

The difference of the restored pictures is in units of the grey range, and at most 1e-4 is right.
Times are wall times of a second run, the device waited for. On CUDA an iteration that waits for the
device raises an error. Without an accelerator it says so and does nothing else.
"""

from __future__ import annotations

from collections import deque
from time import perf_counter
from typing import Any

import numpy as np
import torch
from table import parser, show

import napari_deconv as nd
from napari_deconv import samples
from napari_deconv.core.device import available

MOST = 1e-4
"""Largest difference that a device may make, in units of the grey range."""


def timed(sample: samples.Sample, name: str, device: str) -> tuple[np.ndarray[Any, Any], float]:
    """Return what a method makes of a sample on a device, and the seconds of its iterations."""
    begun = nd.Recipe(method=name).begin(sample.image, sample.psf, device=device)
    image = begun.image()
    method, problem = begun.recipe.method, begun.problem()
    _wait(device)
    began = perf_counter()
    if device.startswith("cuda"):
        torch.cuda.set_sync_debug_mode("error")
    try:
        deque(method.iterates(problem), maxlen=0)
    finally:
        if device.startswith("cuda"):
            torch.cuda.set_sync_debug_mode("default")
    _wait(device)
    return image, perf_counter() - began


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    elif device == "mps":
        torch.mps.synchronize()


def row(sample: samples.Sample, name: str, device: str) -> list[str]:
    """Return a method's largest difference, whether it is small enough, and both times."""
    (here, slow), (there, quick) = (timed(sample, name, each) for each in ("cpu", device))
    difference = float(np.abs(here - there).max() / np.ptp(sample.image))
    verdict = "yes" if difference <= MOST else "NO"
    return [f"`{name}`", f"{difference:.1e}", verdict, f"{slow:.3g}", f"{quick:.3g}"]


def main() -> None:
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--size", type=int, default=1024)
    given = arguments.parse_args()
    device = available()[0]
    if device == "cpu":
        print("No accelerator here: neither CUDA nor MPS.")
        return
    sample = samples.radiograph(shape=(given.size, given.size))
    names = [name for name, choice in nd.choices("method").items() if not choice.on_host]
    header = ["method", "largest difference", f"at most {MOST:g}", "CPU (s)", f"{device} (s)"]
    rows = [row(sample, name, device) for name in names]
    show(f"{given.size} × {given.size} on {device}", header, rows, given.markdown)


if __name__ == "__main__":
    main()
