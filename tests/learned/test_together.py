"""Several processes learn as one does; one that is killed loses no more than is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from napari_deconv.learned.delivery import deliver
from napari_deconv.learned.job import Job, TrainingPlan
from napari_deconv.learned.team import Alone, share
from napari_deconv.learned.training import Run

HERE = Path(__file__).parent


def run(script: str, *arguments: Any, **more: str) -> str:
    known = {key: value for key, value in os.environ.items() if key not in ("PYTHONWARNINGS",)}
    source = str(HERE.parents[1] / "src")
    paths = os.pathsep.join(filter(None, (source, known.get("PYTHONPATH", ""))))
    done = subprocess.run(
        [sys.executable, str(HERE / script), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=280,
        env={**known, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", **more},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_two_processes_learn_as_one_with_the_joint_batch(tmp_path: Path, tiny: Any) -> None:
    pytest.importorskip("lightning_fabric", reason="lightning-fabric is not installed")
    scratch = tiny(degradation={"support": 9}, hard=0.5, batch=4, alone=3)
    deliver(Run(tiny()), tmp_path / "start.safetensors", "start", "", {})
    gentle = {
        "degradation": {"support": 9},
        "side": 24,
        "hard": 0.5,
        "scenes": scratch.scenes.plain(),
    }
    plans = {
        "scratch": {"training": scratch.plain()},
        "begun": {"training": gentle, "start": str(tmp_path / "start.safetensors")},
    }
    for name, plan in plans.items():
        folder = str(tmp_path / name)
        plan |= {"steps": 8, "folder": folder, "out": f"{folder}.safetensors"}
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(plan), encoding="utf-8")
    run("together.py", tmp_path, *(tmp_path / f"{name}.yaml" for name in plans))
    for name, plan in plans.items():
        alone = Job(TrainingPlan(**{**plan, "folder": str(tmp_path / f"{name}-alone")}))
        assert bool(alone.run.begun_as) == (name == "begun")
        losses = [float(progress.loss) for progress in alone.progress()]
        assert np.isfinite(alone.run.joint.hardness.losses).any()
        parts = [tmp_path / f"{name}-{rank}.pt" for rank in (0, 1)]
        one, other = (torch.load(path, weights_only=True) for path in parts)
        for layer, weights in one["model"].items():
            assert torch.equal(weights, other["model"][layer]), (name, layer)
        assert one["losses"] == other["losses"]
        assert one["seconds"] == other["seconds"]
        np.testing.assert_array_equal(one["hardness"], other["hardness"])
        np.testing.assert_allclose(one["losses"], losses, rtol=2e-4)
        np.testing.assert_allclose(one["hardness"], alone.run.joint.hardness.plain(), rtol=2e-3)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
def test_ten_kills_lose_no_more_than_what_lies_between_checkpoints(tmp_path: Path) -> None:
    found = json.loads(run("killed.py", tmp_path, 0.2))
    assert len(found["lost"]) == 10
    assert found["steps"] > found["fell"] + 3  # three came after the last kill
    assert found["fell"] > 0  # it did learn while its rate stayed, and while it fell
    assert max(found["lost"]) > 0
    # The step under way when a checkpoint is due, the one that is cut off, and writing.
    assert max(found["lost"]) <= found["every"] + 3 * found["longest"] + 0.2
    assert found["alike"]


def test_a_batch_that_can_not_be_shared_is_refused() -> None:
    team = Alone()
    assert list(share(6, team)) == [0, 1, 2, 3, 4, 5]
    team.size = 4
    with pytest.raises(ValueError, match="can't be shared evenly by 4"):
        share(6, team)
