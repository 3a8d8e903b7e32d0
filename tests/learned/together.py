"""Train plans as one of several processes, note losses and weights: together.py FOLDER PLANS."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from napari_deconv.cli_train import begun
from napari_deconv.learned.team import FabricTeam


def main() -> None:
    torch.set_num_threads(1)
    team = FabricTeam(2, "cpu")
    for plan in map(Path, sys.argv[2:]):
        job = begun(plan, team).job
        losses = [float(progress.loss) for progress in job.progress()]
        found = {
            "losses": losses,
            "seconds": job.run.seconds,
            "model": job.run.model.state_dict(),
            "hardness": job.run.joint.hardness.plain(),
        }
        torch.save(found, Path(sys.argv[1]) / f"{plan.stem}-{team.rank}.pt")


if __name__ == "__main__":
    main()
