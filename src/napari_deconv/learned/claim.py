"""The claim of one process on a training's folder: two would overwrite each other's checkpoints."""

from __future__ import annotations

from pathlib import Path
from weakref import WeakValueDictionary

from filelock import BaseFileLock, FileLock, Timeout

LOCK = ".training.lock"
"""File that is locked; the system frees it when the process ends, however it ends."""

_claims: WeakValueDictionary[Path, BaseFileLock] = WeakValueDictionary()


def claimed(folder: Path) -> BaseFileLock | None:
    """Claim a folder, made if there is none, for this process as long as the claim is held.

    Returns
    -------
    BaseFileLock or None
        The claim, the same one for all of this process; None where the disk knows no locks.

    Raises
    ------
    ValueError
        In one sentence, if another process trains there, or nothing can be written.
    """
    place = folder.resolve()
    claim = _claims.get(place)
    if claim is not None:
        return claim
    try:
        folder.mkdir(parents=True, exist_ok=True)
        claim = FileLock(place / LOCK, timeout=0, thread_local=False)
        claim.acquire()
    except Timeout:
        raise ValueError(
            f"Another training is at work in {folder}: wait for it, or choose another folder."
        ) from None
    except NotImplementedError:
        return None
    except OSError as error:
        raise ValueError(f"{folder} can't take the training: {error.strerror}.") from None
    _claims[place] = claim
    return claim
