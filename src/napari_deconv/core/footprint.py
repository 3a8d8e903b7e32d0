"""How much memory an iteration takes, found by a rehearsal that computes nothing.

On torch's ``meta`` device a method runs through its iterations with tensors of true size that hold
no numbers. What lives at the same time is counted, and what an FFT takes beside its result.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

if TYPE_CHECKING:
    from collections.abc import Iterable

REHEARSED = 3
"""Iterations of a rehearsal: the third holds all that a method keeps."""
FFTS = ("_fft_r2c", "_fft_c2r", "_fft_c2c")


def peak(iterates: Iterable[torch.Tensor], held: Iterable[torch.Tensor] = ()) -> int:
    """Return the most bytes that tensors take at once while something is iterated and shown.

    Parameters
    ----------
    iterates : iterable of Tensor
        Three of its items are taken, brought to another scale, and dropped as they come.
    held : iterable of Tensor
        What was there before.
    """
    with _Counting() as counting:
        for tensor in held:
            counting.note(tensor)
        for _, item in zip(range(REHEARSED), iterates, strict=False):
            _ = item * 1.0 + 0.0
    return int(counting.most)


class _Counting(TorchDispatchMode):
    """Counts the bytes of storages that are alive."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.most: int = 0
        self._now: int = 0
        self._alive: dict[int, int] = {}

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        made = function(*args, **(kwargs or {}))
        for each in pytree.tree_leaves(made):
            if isinstance(each, torch.Tensor):
                self.note(each)
        if function.overloadpacket.__name__ in FFTS:  # its work beside what it returns
            self.most = max(self.most, self._now + made.untyped_storage().nbytes())
        return made

    def note(self, tensor: torch.Tensor) -> None:
        """Count a tensor's storage for as long as it lives."""
        storage = tensor.untyped_storage()
        key = storage._cdata  # noqa: SLF001 - views share it
        if key not in self._alive:
            self._alive[key] = storage.nbytes()
            self._now += storage.nbytes()
            self.most = max(self.most, self._now)
            weakref.finalize(storage, self._drop, key)

    def _drop(self, key: int) -> None:
        self._now -= self._alive.pop(key, 0)
