"""A hundred and more damaged, truncated and foreign files: one sentence or `None`, and soon."""

from __future__ import annotations

import io as bytes_io
import time
from pathlib import Path

import numpy as np
import pytest

from napari_deconv import io
from napari_deconv.readers import get_reader, read_layers

from .making import MAKERS, PICTURE, made

SECONDS = 20.0
"""A file takes no longer, on a machine that has other work; a hang does."""
CUTS = (0.0, 0.02, 0.1, 0.3, 0.6, 0.9, 0.99)
FLIPS = range(5)


def read_or_refuse(path: Path) -> np.ndarray | None:
    """Read a file as the command line and as napari do; None if it is refused in a sentence."""
    began = time.monotonic()
    reader = get_reader(str(path))
    try:
        array = io.read(path).array
    except ValueError as error:
        sentence = str(error)
        assert path.name in sentence
        assert len(sentence) < 400
        assert sentence.isprintable()
        array = None
    if reader is not None:
        try:
            layers = read_layers(str(path))
            assert all(isinstance(layer[0], np.ndarray) for layer in layers)
        except ValueError:
            assert array is None
    else:
        assert array is None
    assert time.monotonic() - began < SECONDS
    return array


@pytest.mark.timeout(60)
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", MAKERS)
def test_truncated(tmp_path: Path, name: str, cut: float) -> None:
    file = made(tmp_path, name)
    whole = io.read(file).array
    # Where the numbers lie in a file of their own, that one is cut as well.
    for part in tmp_path.iterdir():
        content = part.read_bytes()
        part.write_bytes(content[: int(cut * len(content))])
    found = read_or_refuse(file)
    assert found is None or found.shape != whole.shape  # an EDF cut between two frames is one


@pytest.mark.timeout(60)
@pytest.mark.parametrize("seed", FLIPS)
@pytest.mark.parametrize("name", MAKERS)
def test_flipped_bytes(tmp_path: Path, name: str, seed: int) -> None:
    file = made(tmp_path, name)
    content = np.frombuffer(file.read_bytes(), np.uint8).copy()
    rng = np.random.default_rng(seed)
    head = min(len(content), 4096 if seed % 2 else 600)
    places = rng.integers(0, head, 1 + 6 * seed)
    content[places] ^= rng.integers(1, 256, places.size).astype(np.uint8)
    file.write_bytes(content.tobytes())
    read_or_refuse(file)  # flipped bits inside a number can't be told


def _png() -> bytes:
    from PIL import Image

    file = bytes_io.BytesIO()
    Image.fromarray((PICTURE // 256).astype(np.uint8)).save(file, "png")
    return file.getvalue()


FOREIGN = {
    "empty": b"",
    "text": b"These are no numbers.\n" * 99,
    "zeros": bytes(9000),
    "noise": np.random.default_rng(1).bytes(9000),
    "half a signature": b"\x89HDF",
    "an open brace": b"{" * 9000,
    "a brain wave": b"0       patient" + b" " * 9000,
    "json": b'{"Dim_1": 3, "DataType": 4}',
    "a header without numbers": b"NDims = 2\nDimSize = 3 3\nElementType = \nElementDataFile = \n",
}


@pytest.mark.parametrize("ending", [".h5", ".nxs", ".edf", ".dcm", ".mhd", ".vgi", ""])
@pytest.mark.parametrize("content", [*FOREIGN, "a renamed PNG"])
def test_foreign(tmp_path: Path, content: str, ending: str) -> None:
    file = tmp_path / f"foreign{ending}"
    file.write_bytes(FOREIGN.get(content) if content in FOREIGN else _png())
    assert read_or_refuse(file) is None


def test_a_signature_and_nothing_behind_it(tmp_path: Path) -> None:
    for name, head in {"a.h5": b"\x89HDF\r\n\x1a\n", "a.dcm": bytes(128) + b"DICM"}.items():
        (tmp_path / name).write_bytes(head)
        assert read_or_refuse(tmp_path / name) is None
