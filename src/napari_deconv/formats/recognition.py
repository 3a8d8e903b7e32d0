"""Which format a file is, by its first bytes, and what reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy.typing as npt

from napari_deconv.core.units import PixelSize

Loaded = tuple[npt.NDArray[Any], PixelSize | None, dict[str, Any]]
"""Array, pixel size and metadata."""

HEAD = 8192
"""Bytes at the beginning of a file that say what it is."""
HDF5 = b"\x89HDF\r\n\x1a\n"
HDF5_PLACES = (0, 512, 1024, 2048, 4096)
"""Where an HDF5 file's signature may stand."""


@dataclass(frozen=True)
class Format:
    """A format that is read through a library.

    Attributes
    ----------
    name : str
        As people call it.
    library : str or None
        What reads it; None if nothing but NumPy is needed.
    module : str
        Module of `napari_deconv.formats` with a function ``load(path)`` and, if the first bytes
        don't say it all, ``is_ours(path)``.
    matches : callable
        Says of the first bytes whether they are this format's.
    """

    name: str
    library: str | None
    module: str
    matches: Callable[[bytes], bool]

    @property
    def readable(self) -> bool:
        """Whether the library is installed."""
        return self.library is None or find_spec(self.library) is not None

    def check(self, path: Path) -> None:
        """Refuse to read a file without the library.

        Raises
        ------
        ValueError
            With a sentence that says what to install.
        """
        if not self.readable:
            raise ValueError(
                f"{path.name} is {self.name}, read by {self.library}, which is not installed: "
                'pip install "napari-deconv[formats]"'
            )

    def is_ours(self, path: Path) -> bool:
        """Return whether a file holds a picture or scan as `load` reads it."""
        module = import_module(f"napari_deconv.formats.{self.module}")
        decide = getattr(module, "is_ours", None)
        return decide is None or not self.readable or bool(decide(path))

    def load(self, path: Path) -> Loaded:
        """Return array, pixel size and metadata; damaged files raise nearly anything."""
        self.check(path)
        found: Loaded = import_module(f"napari_deconv.formats.{self.module}").load(path)
        return found


def _is_hdf5(head: bytes) -> bool:
    return any(head[place : place + len(HDF5)] == HDF5 for place in HDF5_PLACES)


def _is_edf(head: bytes) -> bool:
    text = head.lstrip()
    return text.startswith(b"{") and b"Dim_1" in text and b"DataType" in text


def _is_dicom(head: bytes) -> bool:
    return head[128:132] == b"DICM"


def _is_metaimage(head: bytes) -> bool:
    return all(key in head for key in (b"NDims", b"DimSize", b"ElementType", b"ElementDataFile"))


def _is_vgi(head: bytes) -> bool:
    text = head.lower()
    return all(key in text for key in (b"[file1]", b"bitsperelement", b"size"))


FORMATS = (
    Format("HDF5", "h5py", "hdf5", _is_hdf5),
    Format("EDF", "fabio", "edf", _is_edf),
    Format("DICOM", "pydicom", "dicom", _is_dicom),
    Format("MetaImage", None, "metaimage", _is_metaimage),
    Format("VGI", None, "vgi", _is_vgi),
)


def recognised(path: Path) -> Format | None:
    """Return the format of a file, told by its first bytes; None if it is none of these.

    Raises
    ------
    OSError
        If it can't be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    return next((known for known in FORMATS if known.matches(head)), None)
