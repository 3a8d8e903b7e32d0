"""What the tests of the scripts in `benchmarks/` share: the script itself, and a tiny sample."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from napari_deconv import samples

N = 48


@pytest.fixture(autouse=True)
def folder(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let the scripts be imported, anew for each test."""
    folder = repository / "benchmarks"
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def script(folder: Path, request: pytest.FixtureRequest) -> ModuleType:
    """Return the script that the test's mark names, as a module."""
    mark = request.node.get_closest_marker("benchmark")
    return importlib.import_module(mark.args[0])


@pytest.fixture(scope="module")
def sample() -> samples.Sample:
    """Return a radiograph of 48 x 48 pixels."""
    return samples.radiograph(shape=(N, N), psf=samples.core_and_tail(9, core=1.0, tail=2.0))
