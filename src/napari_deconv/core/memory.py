"""Freed memory kept at hand while a solver iterates, where the C library can be asked to.

Each iteration makes an estimate and several half spectra. For blocks of that size glibc asks the
system anew each time, and the system fills every page with zeros first: at 4096 x 4096 that costs
two fifths of the time of an FFT.
"""

from __future__ import annotations

import ctypes
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
"""Parameters of glibc's ``mallopt``."""
_USUAL = {_MMAP_MAX: 65536, _MMAP_THRESHOLD: 2**25, _TRIM_THRESHOLD: 2**26}
"""Their values outside; the thresholds are those that glibc itself settles at for big blocks."""
_lock = threading.Lock()
_users = 0


@contextmanager
def kept() -> Iterator[None]:
    """Let big freed blocks serve again inside, and give what is free back to the system after.

    Does nothing where the C library is not glibc.
    """
    global _users
    library = ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
    with _lock:
        _users += 1
        if _users == 1:
            _set(library, {_MMAP_MAX: 0, _TRIM_THRESHOLD: 2**31 - 1})
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _set(library, _USUAL)
                if library is not None:
                    library.malloc_trim(0)


def _set(library: Any, values: dict[int, int]) -> None:
    if library is not None:
        for parameter, value in values.items():
            library.mallopt(parameter, value)
