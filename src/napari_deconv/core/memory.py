"""The memory of this machine: how much is free, and what is freed kept at hand while a solver runs.

Each iteration makes an estimate and several half spectra. For blocks of that size glibc asks the
system anew each time, and the system fills every page with zeros first: at 4096 x 4096 that costs
two fifths of the time of an FFT.
"""

from __future__ import annotations

import ctypes
import os
import platform
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
"""Parameters of glibc's ``mallopt``."""
_USUAL = {_MMAP_MAX: 65536, _MMAP_THRESHOLD: 2**25, _TRIM_THRESHOLD: 2**26}
"""Their values outside; the thresholds are those that glibc itself settles at for big blocks."""
_LEAN = {_MMAP_MAX: 65536, _MMAP_THRESHOLD: 2**20, _TRIM_THRESHOLD: 2**21}
"""What is larger than a megabyte goes back to the system when it is freed."""
_lock = threading.Lock()
_users = 0
_UNTOLD = 8 * 2**30
"""Bytes that are taken for free where the system can't be asked."""
_GROUP = Path("/sys/fs/cgroup")


def available() -> int:
    """Return how many bytes programs may still take, by the system and by what confines this one.

    macOS tells only what there is in all, half of which is taken for free.
    """
    found = [_of_system()]
    with suppress(OSError, ValueError):  # "max" where nothing confines it
        limit = int((_GROUP / "memory.max").read_text())
        used = int((_GROUP / "memory.current").read_text())
        kept = re.search(r"^inactive_file (\d+)", (_GROUP / "memory.stat").read_text(), re.M)
        found.append(limit - used + (int(kept[1]) if kept else 0))
    return max(0, min(found))


def _of_system() -> int:
    with suppress(OSError):
        told = re.search(r"^MemAvailable: *(\d+) kB", Path("/proc/meminfo").read_text(), re.M)
        if told:
            return 1024 * int(told[1])
    with suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    with suppress(AttributeError, OSError):
        status = (ctypes.c_uint64 * 8)(64)  # Windows' MEMORYSTATUSEX: its size, all, free, ...
        ctypes.windll.kernel32.GlobalMemoryStatusEx(status)  # type: ignore[attr-defined]
        return int(status[2])
    return _UNTOLD


@contextmanager
def kept() -> Iterator[None]:
    """Let big freed blocks serve again inside, and give what is free back to the system after.

    Does nothing where the C library is not glibc.
    """
    global _users
    _keep()
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _set(_library(), _USUAL)
                give_back()


@lru_cache(maxsize=1)
def keep_for_good() -> None:
    """Let big freed blocks serve again from now on, in a process that only goes over slices.

    Pages that are filled with zeros anew for each slice cost a linear filter a fifth of its time.
    """
    _keep()


@contextmanager
def lean() -> Iterator[None]:
    """Give big blocks back to the system as soon as they are freed inside, unless they are `kept`.

    For what is over in one go: it then takes no more than what lives at once, while holes between
    blocks take two fifths more (Wiener, 2000 x 2000 px). In a loop that costs half as much time
    again (primal-dual, 1200 x 1200 px), all of it for pages that are filled with zeros.
    """
    library = _library()
    with _lock:
        if _users == 0:
            _set(library, _LEAN)
    try:
        yield
    finally:
        with _lock:
            if _users == 0:
                _set(library, _USUAL)


def _keep() -> None:
    """Have one more user of what is freed."""
    global _users
    with _lock:
        _users += 1
        if _users == 1:
            _set(_library(), {_MMAP_MAX: 0, _TRIM_THRESHOLD: 2**31 - 1})


def give_back() -> None:
    """Give freed memory back to the system now, so that it counts as free."""
    library = _library()
    if library is not None:
        library.malloc_trim(0)


def _library() -> Any:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None


def _set(library: Any, values: dict[int, int]) -> None:
    if library is not None:
        for parameter, value in values.items():
            library.mallopt(parameter, value)
