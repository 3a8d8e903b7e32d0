"""The dock, the command line, Python and a cluster: one recipe, one scan, one array bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import LocalCluster
from typer.testing import CliRunner

from napari_deconv.batch.engine import Engine
from napari_deconv.batch.order import Order
from napari_deconv.cli import app
from napari_deconv.recipe import Recipe

from .conftest import blurred, part

COUNT, SHAPE = 20, (32, 40)
"""More slices than a scan is judged by."""
METHODS: tuple[dict[str, Any], ...] = (
    {"name": "tikhonov", "weight": "auto"},
    {"name": "richardson-lucy", "iterations": 6},
)


def scan() -> np.ndarray:
    """Return slices that differ in grey value and noise, some pixels saturated."""
    truth = part((96, 128))[16 : 16 + SHAPE[0], 20 : 20 + SHAPE[1]]
    stack = np.stack([blurred(truth * (1 + 0.03 * i), 0.002 * (1 + i)) for i in range(COUNT)])
    stack[4:7, 10:13, 10:13] = 1.9
    return np.abs(stack).astype(np.float32)


def of_the_dock(desk: Any, array: np.ndarray, recipe: Recipe) -> tuple[np.ndarray, Recipe]:
    """Return what the dock makes of all slices, begun at one in the middle, and its recipe."""
    desk.viewer.add_image(array, name="scan")
    desk.viewer.dims.set_current_step(0, 7)
    desk.dock.recipe = recipe
    desk.dock.all_slices = True
    asked = desk.dock.recipe
    return desk.run_to_end().data, asked


@pytest.mark.timeout(900)
@pytest.mark.parametrize("method", METHODS, ids=lambda method: str(method["name"]))
def test_dock_command_line_python_and_cluster_give_the_same_array(
    empty_desk: Callable[..., Any], tmp_path: Path, method: dict[str, Any]
) -> None:
    array, given = scan(), Recipe(psf={"name": "gaussian", "sigma": 1.5}, method=method)
    dock, recipe = of_the_dock(empty_desk(), array, given)
    assert recipe.method == given.method
    python = recipe.run(array, device="cpu").image
    np.save(tmp_path / "scan.npy", array)
    recipe.save(tmp_path / "r.yaml")
    words = ["run", tmp_path / "r.yaml", tmp_path / "scan.npy", "--out", tmp_path / "line.npy"]
    words += ["--workers", "1", "--device", "cpu"]
    ran = CliRunner().invoke(app, list(map(str, words)))
    assert ran.exit_code == 0, ran.output
    there: dict[str, Any] = {"processes": False, "protocol": "tcp://", "dashboard_address": ":0"}
    with LocalCluster(n_workers=1, threads_per_worker=1, **there) as cluster:
        engine = Engine(scheduler=cluster.scheduler_address)
        order = Order(recipe, tmp_path / "scan.npy", tmp_path / "cluster.npy", engine, "cpu")
        batch = order.begin()
        list(batch.run())
    assert batch.whole
    assert np.isfinite(python).all()
    np.testing.assert_array_equal(dock, python)
    np.testing.assert_array_equal(np.load(tmp_path / "line.npy"), python)
    np.testing.assert_array_equal(np.load(tmp_path / "cluster.npy"), python)
