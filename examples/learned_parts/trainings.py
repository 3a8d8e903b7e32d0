"""The trainings of the study: networks, what they are shown and learn from, how they begin."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from napari_deconv import choices
from napari_deconv.learned import model as models
from napari_deconv.learned.degradation import Degradation
from napari_deconv.learned.job import TrainingPlan

PSF = {"name": "gaussian", "sigma": 2.0}
FRAMES = 4
SCANNER = {"psf": PSF, "support": 17, "jitter": 0}
CONDITIONS: dict[str, dict[str, Any]] = {
    "blur": {"weakest": 1e-5, "strongest": 2e-5, "mistaken": 0},
    "noise": {"gain": 1 / 2000, "read": 0.003},
    "burst": {
        "gain": 1 / 500,
        "read": 0.006,
        "frames": FRAMES,
        "motion": 1.5,
        "motion_length": 24,
    },
}
"""What happens to a scene, by name: parameters of a `Degradation`."""
SWINIR = {"network": "swinir", "width": 32, "depths": (2, 2, 2), "heads": (2, 2, 2), "stages": 1}
NAFNET = {"network": "nafnet", "stages": 1}
KPN = {"network": "kpn", "stages": 1, "frames": FRAMES}
SMALL = {"width": 8, "encoder": (1,), "middle": 1, "decoder": (1,), "depths": (2,), "heads": (2,)}
"""Sizes of networks that only show that everything runs."""


@cache
def condition(name: str) -> Degradation:
    """Return what happens to a scene."""
    choices("psf")  # which a degradation may name
    return Degradation(**SCANNER, **CONDITIONS[name])


@dataclass(frozen=True)
class Lesson:
    """One training of the study.

    Attributes
    ----------
    name : str
        In tables, and of its folder.
    learns : str
        The condition that it learns from.
    network : dict
        Of an `Architecture`; that of the shipped model if empty.
    begins : str
        Model that it begins as; from scratch if empty.
    hard : float
        Share of patches that are picked as hard.
    """

    name: str
    learns: str
    network: dict[str, Any] = field(default_factory=dict)
    begins: str = ""
    hard: float = 0.0

    @property
    def folder(self) -> str:
        """Name of its folder."""
        return self.name.replace(", ", "-").replace(" ", "-")

    def plan(self, root: Path, steps: int, *, quick: bool) -> TrainingPlan:
        """Return the plan, its folder within `root`."""
        sizes = {"batch": 1, "side": 32, "warmup": 2} if quick else {"batch": 4, "side": 96}
        network = self.network or models.card_of(models.SHIPPED).architecture.plain()
        small = SMALL if quick and not self.begins else {}
        return TrainingPlan(
            title=self.name,
            start=self.begins,
            folder=str(root / self.folder),
            steps=steps,
            cooling=0.25,
            training={
                "architecture": {**network, **small},
                "degradation": condition(self.learns).plain(),
                "rate": 4e-4 if self.begins or self.network.get("network") == "swinir" else 8e-4,
                "hard": self.hard,
                **sizes,
            },
        )


LESSONS = [
    Lesson("swinir, blind, blur", "blur", {**SWINIR, "inputs": "blind"}),
    Lesson("swinir, blind", "noise", {**SWINIR, "inputs": "blind"}),
    Lesson("swinir, physics", "noise", SWINIR),
    Lesson("nafnet, blind", "noise", {**NAFNET, "inputs": "blind"}),
    Lesson("nafnet, physics", "noise", NAFNET),
    Lesson("nafnet, physics, hard patches", "noise", NAFNET, hard=0.5),
    Lesson("as shipped, from scratch", "noise"),
    Lesson("as shipped, from its weights", "noise", begins=models.SHIPPED),
    Lesson("nafnet, physics, aligned mean", "burst", NAFNET),
    Lesson("nafnet, physics, frames", "burst", {**NAFNET, "frames": FRAMES}),
    Lesson("kpn, blind", "burst", {**KPN, "inputs": "blind"}),
    Lesson("kpn, physics", "burst", KPN),
]
GAINS = [
    ("physics inputs (swinir)", "swinir, physics", "swinir, blind"),
    ("physics inputs (nafnet)", "nafnet, physics", "nafnet, blind"),
    ("hard patches", "nafnet, physics, hard patches", "nafnet, physics"),
    ("beginning as the shipped model", "as shipped, from its weights", "as shipped, from scratch"),
    (
        "frames beside their mean (nafnet)",
        "nafnet, physics, frames",
        "nafnet, physics, aligned mean",
    ),
    ("kernels (kpn) instead", "kpn, physics", "nafnet, physics, aligned mean"),
    ("physics inputs (kpn)", "kpn, physics", "kpn, blind"),
]
"""What each adds: a training, and the one that it is compared with."""
