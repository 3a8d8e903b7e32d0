"""Pick the device to compute on, and say how much of its memory is free."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_deconv.core.memory import available as available_memory

if TYPE_CHECKING:
    import torch

SAFE = 0.8
"""Part of the free memory that is planned with: other programs go on as well."""


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


def free(device: torch.device) -> int:
    """Return how many bytes of a device can be planned with."""
    import torch

    if device.type == "cuda":
        ours = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(SAFE * (torch.cuda.mem_get_info(device)[0] + ours))
    return int(SAFE * available_memory())


def spoken(device: torch.device) -> str:
    """Return what a device is called."""
    return "The computer" if device.type == "cpu" else f"The device {device}"


def ran_out(error: BaseException) -> bool:
    """Return whether an error says that a device has no memory left."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    words = str(error)  # what torch says on the CPU and on Apple's processors is no type of its own
    return isinstance(error, RuntimeError) and any(known in words for known in _RAN_OUT)


_RAN_OUT = ("can't allocate memory", "not enough memory", "out of memory")


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
