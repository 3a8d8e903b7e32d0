"""Pick the device to compute on, and say what fits on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

WORKING_IMAGES = 24
"""Float32 images of the padded grid that the hungriest method holds at once."""


def pick(name: str = "auto") -> torch.device:
    """Return the device of that name, or the best one there is.

    Parameters
    ----------
    name : str
        ``"auto"`` (CUDA, else MPS if it can transform, else CPU), ``"cpu"``, ``"mps"``,
        ``"cuda"`` or ``"cuda:N"``.

    Raises
    ------
    ValueError
        If that device is not there.
    """
    import torch

    if name == "auto":
        found = available()
        return torch.device(found[0])
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or not _is_there(device):
        raise ValueError(f"There is no device {name!r} here; choose one of: {_listed()}.")
    return device


def available() -> list[str]:
    """Return the names of the devices of this machine, the best first, CPU last."""
    import torch

    names = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available() and _transforms(torch.device("mps")):
        names.append("mps")
    return [*names, "cpu"]


def check_memory(grid: tuple[int, ...], device: torch.device) -> None:
    """Refuse a grid whose arrays do not fit into the memory of the device.

    Raises
    ------
    ValueError
        With what is needed and what is there.
    """
    import math

    needed = 4 * WORKING_IMAGES * math.prod(grid)
    there = _memory(device)
    if needed > there:
        raise ValueError(
            f"Image and PSF together make a grid of {' × '.join(map(str, grid))} pixels, which "
            f"takes about {needed / 2**30:.1f} GiB where {there / 2**30:.1f} GiB are there; "
            "crop the PSF or the image."
        )


@contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """Compute on one processor inside, where the device is the CPU.

    A product of complex numbers ends in other last bits when more threads share it. Slices of a
    stack are computed so: they come out the same here, in a batch and on a cluster, and processes
    share a scan better than threads share a slice (1.2 times faster with two).
    """
    import torch

    if device.type != "cpu":
        yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def leave_a_core() -> None:
    """Let this thread compute on one processor less than there are, so that a screen stays quick.

    With all of them taken, each operation waits for the one thread that the screen holds up:
    ten to twenty times slower, measured with two processors and a screen drawn in software.
    """
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))


def _memory(device: torch.device) -> int:
    import torch

    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return 16 * 2**30


def _is_there(device: torch.device) -> bool:
    if device.type == "cuda":
        import torch

        return (device.index or 0) < torch.cuda.device_count()
    return str(device) in available()


def _listed() -> str:
    return ", ".join(["auto", *available()])


def _transforms(device: torch.device) -> bool:
    """Return whether FFTs of the device agree with the truth (older systems lack complex numbers).

    A delta has a flat spectrum.
    """
    import torch

    try:
        delta = torch.zeros(8, 8, device=device)
        delta[0, 0] = 1
        return bool((torch.fft.rfftn(delta).abs() - 1).abs().max() < 1e-5)
    except (RuntimeError, TypeError, NotImplementedError):
        return False
