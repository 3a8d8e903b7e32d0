"""What a batch will do: each scan and its result, what is done already, and the room on disk."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_deconv.scans.journal import slices_done
from napari_deconv.scans.opening import open_scan
from napari_deconv.scans.targets import kind_of
from napari_deconv.storing import StoredType

GIB = 2**30


@dataclass(frozen=True)
class Results:
    """Where results go, and how they are stored.

    Attributes
    ----------
    folder : Path
    ending : str
        ``.zarr``, ``.h5``, ``.tif`` or ``.npy``.
    stored : {"float32", "uint16"}
    mark : str
        What is added to the names of the scans.
    """

    folder: Path
    ending: str = ".zarr"
    stored: StoredType = "float32"
    mark: str = "restored"

    def names(self, sources: Sequence[Path]) -> list[Path]:
        """Return a path for each scan; scans of one name get that of their folder as well."""
        counts = Counter(source.stem for source in sources)
        names = [
            source.stem if counts[source.stem] == 1 else f"{source.parent.name}_{source.stem}"
            for source in sources
        ]
        twice = Counter(names)
        numbered = [
            name if twice[name] == 1 else f"{name}_{index}" for index, name in enumerate(names, 1)
        ]
        return [self.folder / f"{name}_{self.mark}{self.ending}" for name in numbered]


@dataclass(frozen=True)
class Planned:
    """One scan of a batch.

    Attributes
    ----------
    source, target : Path
    shape : tuple of int
        Slices, rows, columns; empty if it can't be read.
    dtype : str
    done : int
        Slices that an earlier run finished.
    needed : int
        Bytes of the result that are not yet on disk.
    problem : str
        Why it can't be restored, "" if it can.
    """

    source: Path
    target: Path
    shape: tuple[int, ...] = ()
    dtype: str = ""
    done: int = 0
    needed: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Plan:
    """All scans of a batch, and the free room where the results go."""

    scans: tuple[Planned, ...]
    free: int | None
    problem: str = ""

    @property
    def complaint(self) -> str:
        """One sentence on why nothing can begin, "" if it can."""
        if self.problem:
            return self.problem
        if not self.scans:
            return "There is no scan; add files or a folder."
        if all(scan.problem for scan in self.scans):
            return self.scans[0].problem
        needed = sum(scan.needed for scan in self.scans)
        if self.free is not None and needed > self.free:
            return (
                f"The results take {needed / GIB:.3g} GiB, of which {self.free / GIB:.3g} are "
                "free; choose another folder."
            )
        return ""

    def __str__(self) -> str:
        """Return what will be done, in one line."""
        scans = [scan for scan in self.scans if not scan.problem]
        slices, done = sum(s.shape[0] for s in scans), sum(s.done for s in scans)
        shapes = {scan.shape[1:] for scan in scans}
        size = " of " + " × ".join(map(str, shapes.pop())) + " px" if len(shapes) == 1 else ""
        count = "1 scan" if len(scans) == 1 else f"{len(scans)} scans"
        parts = [f"{count}, {slices} slices{size}"]
        if done:
            parts.append(f"{done} of them are done already")
        needed = sum(scan.needed for scan in scans)
        free = "" if self.free is None else f", {self.free / GIB:.3g} GiB are free"
        parts.append(f"takes {needed / GIB:.3g} GiB on disk{free}")
        left_out = len(self.scans) - len(scans)
        if left_out:
            parts.append(f"{left_out} can't be read and will be left out")
        return " · ".join(parts)


def plan(sources: Sequence[Path], results: Results) -> Plan:
    """Look at headers and journals, and at the disk; nothing is read or written beyond that."""
    scans = tuple(
        _planned(source, target, results)
        for source, target in zip(sources, results.names(sources), strict=True)
    )
    place = results.folder
    if place.exists() and not place.is_dir():
        return Plan(scans, None, f"{place} is a file; choose a folder for the results.")
    while not place.exists() and place.parent != place:
        place = place.parent
    try:
        kind_of(Path(f"a{results.ending}"))
        return Plan(scans, shutil.disk_usage(place).free)
    except (OSError, ValueError) as error:
        return Plan(scans, None, str(error))


def _planned(source: Path, target: Path, results: Results) -> Planned:
    try:
        scan = open_scan(source)
    except (ValueError, OSError) as error:
        return Planned(source, target, problem=str(error))
    journal = target.with_name(f"{target.name}.journal")
    part = target.with_name(f".{target.stem}.part{target.suffix}")
    begun = part.exists() or target.exists()
    done = min(slices_done(journal), len(scan)) if begun else 0
    whole = int(np.prod(scan.shape, dtype=np.int64)) * np.dtype(results.stored).itemsize
    reserved = begun and results.ending != ".zarr"  # the others have all their room from the start
    left = 0 if reserved else whole * (len(scan) - done) // len(scan)
    return Planned(source, target, scan.shape, str(scan.dtype), done, left)
