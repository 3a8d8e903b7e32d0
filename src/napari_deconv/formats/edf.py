"""EDF, the ESRF's data format, through fabio."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_deconv.core.units import PixelSize
from napari_deconv.formats.complaints import complaints
from napari_deconv.formats.recognition import Loaded

MOST_FRAMES = 100_000
"""More frames than this are a damaged header's."""


def load(path: Path) -> Loaded:
    """Return array, pixel size and metadata; several frames of one shape become a stack.

    Raises
    ------
    ValueError
        If parts of it are missing, or its frames differ in shape.
    """
    from fabio.edfimage import EdfImage

    with complaints("fabio") as said, EdfImage().read(str(path)) as file:
        if not 0 < file.nframes <= MOST_FRAMES:
            raise ValueError("it holds no frames")
        header = dict(file.header)
        # Asked for a frame of a file with one, fabio looks for a series of files.
        alone = file.nframes == 1
        parts = [file] if alone else map(file.getframe, range(file.nframes))
        frames = [_frame(part, path) for part in parts]
    # fabio fills what is missing with zeros, and says so in its log.
    if said:
        raise ValueError("its header is damaged or parts of the picture are missing")
    if len({frame.shape for frame in frames}) > 1:
        raise ValueError("its frames differ in shape")
    array = frames[0] if len(frames) == 1 else np.stack(frames)
    return array, _pixel_size(header), {"format": "EDF", "notes": ()}


def _frame(frame: Any, path: Path) -> np.ndarray[Any, Any]:
    """Return the numbers of a frame, its size checked before its memory is asked for."""
    size = math.prod(frame.shape)
    if size > 2000 * path.stat().st_size:  # no lossless packing of a real picture is as dense
        raise ValueError("its header states more numbers than the file can hold")
    data = np.array(frame.data)
    return data.astype(data.dtype.newbyteorder("="), copy=False)


def _pixel_size(header: Mapping[str, str]) -> PixelSize | None:
    """Return the pixel size, in metres as ``PSize_1`` or in micrometres as ``optic_used``."""
    for names, unit in ((("PSize_2", "PSize_1"), "m"), (("optic_used", "optic_used"), "um")):
        try:
            sides = tuple(float(header[name].split()[0]) for name in names)
        except (KeyError, ValueError, IndexError):
            continue
        if all(math.isfinite(side) and side > 0 for side in sides):
            size = PixelSize(sides[0] if sides[0] == sides[1] else sides, unit)
            return size.to("um") if unit == "m" else size
    return None
