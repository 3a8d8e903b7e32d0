"""How well a straight edge tells the blur: widths, their intervals, and the MTF, on known edges.

    python benchmarks/edges.py [--markdown] [--trials 200]

The edges (`edge_formulas.py`) are made without the package. Noise is a share of the step. Bright
and dark edges take turns, and so do places between the pixels.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from edge_formulas import Array, Blur, core_tail, disk, gaussian, picture, slit
from table import parser, show

from napari_deconv.psf.edge import fit_edge
from napari_deconv.psf.edge_fit import EdgeFit
from napari_deconv.psf.measure import measure

ANGLES = (0.0, 1.5, 3.0, 17.0, 45.0, 88.0)
"""Degrees from the columns' axis to the normal of an edge."""
SLANTED = (1.5, 3.0, 17.0, 88.0)
"""Those at which rows sample the edge at different places."""
ALIKE = (0.0, 45.0)
"""Those at which all rows sample it at the same few."""
NOISES = (0.0, 0.002, 0.01, 0.02, 0.05)
SIDE = 128
"""Pixels of a picture's side."""
RIM = 4
"""Pixels between a picture's side and the box."""
BLURS = (
    *map(gaussian, (0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0)),
    *map(disk, (2.0, 4.0, 7.0)),
    core_tail(1.0, 0.2, 4.0),
    core_tail(1.5, 0.3, 6.0),
    core_tail(2.0, 0.2, 8.0),
)
CURVES = (gaussian(0.7), gaussian(2.0), disk(4.0), core_tail(1.5, 0.3, 6.0))
"""Blurs whose MTF is measured without a model."""
FOREIGN = slit(5.0, 0.8)
"""A blur that no model of the package is."""


class Trial(NamedTuple):
    """One edge to be measured."""

    blur: Blur
    angle: float
    noise: float
    seed: int
    side: int = SIDE

    def picture(self) -> Array:
        """Return it, dark or bright as the seed says."""
        dark = bool(self.seed % 2)
        return picture(
            self.blur.edge, self.angle, self.noise, dark=dark, seed=self.seed, side=self.side
        )

    def box(self) -> Array:
        """Return the corners of the box around it."""
        low, high = RIM, self.side - 1 - RIM
        return np.array([[low, low], [low, high], [high, high], [high, low]])

    def fit(self) -> EdgeFit:
        """Measure it by the model that it was made by."""
        return fit_edge(self.picture(), self.box(), self.blur.model)


def drawn(count: int) -> list[Trial]:
    """Return trials over all blurs, angles and noises, each as often as the others."""
    return [
        Trial(
            BLURS[number % len(BLURS)],
            ANGLES[number % len(ANGLES)],
            NOISES[number % len(NOISES)],
            number,
        )
        for number in range(count)
    ]


def off(trial: Trial) -> tuple[Array, Array]:
    """Return by what share each parameter misses the truth, and whether its interval holds it."""
    fit, true = trial.fit(), np.array(trial.blur.values)
    values, errors = (np.array(x[: true.size]) for x in (fit.values, fit.errors))
    return np.abs(values / true - 1), np.abs(values - true) <= 1.96 * errors


def widths(noise: float) -> list[list[str]]:
    """Return a row for each blur: what its parameters miss, median and worst over the angles."""
    rows = []
    for blur in BLURS:
        missed = [off(Trial(blur, angle, noise, seed))[0] for seed, angle in enumerate(ANGLES * 2)]
        middle, worst = np.median(missed, 0), np.max(missed, 0)
        rows.append(
            [blur.name, *(f"{m:.2%} / {w:.2%}" for m, w in zip(middle, worst, strict=True))]
        )
        rows[-1] += ["-"] * (4 - len(rows[-1]))
    return rows


def held(trials: Sequence[Trial]) -> tuple[list[list[str]], float]:
    """Return, for each noise, the share of parameters inside their intervals; and that of all."""
    inside: dict[float, list[bool]] = {noise: [] for noise in NOISES}
    for trial in trials:
        inside[trial.noise] += off(trial)[1].tolist()
    rows = [
        [f"{noise:.1%}", f"{len(all_of)}", f"{np.mean(all_of):.0%}"]
        for noise, all_of in inside.items()
        if all_of
    ]
    return rows, float(np.mean(list(itertools.chain(*inside.values()))))


def mtf_error(trial: Trial, model: str) -> float:
    """Return the largest error of a measured MTF up to Nyquist, the pixel's aperture in it."""
    blur = measure(trial.picture(), [trial.box()], model=model)
    frequency = np.linspace(0, 0.5, 101)
    found = blur.fits[0].modulation(frequency)
    if blur.curves is not None and model == "curve":
        found = np.interp(frequency, blur.curves.frequency, blur.curves.modulation)
    turn = np.deg2rad(trial.angle)
    pixel = np.sinc(frequency * np.cos(turn)) * np.sinc(frequency * np.sin(turn))
    return float(np.abs(found - trial.blur.transfer(frequency) * pixel).max())


def mtf_rows() -> list[list[str]]:
    """Return a row for each way, noise and box: the worst error over all blurs at each angle."""
    rows = []
    for noise, side in ((0.01, 128), (0.0, 128), (0.01, 72)):
        for name, blurs in (("", CURVES), (", slit", (FOREIGN,))):
            worst = [
                max(mtf_error(Trial(blur, angle, noise, 1, side), "curve") for blur in blurs)
                for angle in SLANTED
            ]
            box = f"{side - 2 * RIM} px, noise {noise:.1%}{name}"
            rows.append([box, *(f"{error:.4f}" for error in worst)])
    return rows


def model_rows(noise: float) -> list[list[str]]:
    """Return, for each angle at which rows sample alike, the worst error of the model's MTF."""
    return [
        [
            f"{angle:.0f}°",
            f"{max(mtf_error(Trial(b, angle, noise, 1), b.model) for b in CURVES):.4f}",
        ]
        for angle in ALIKE
    ]


def main() -> None:
    """Print what widths miss, what intervals hold, and how far MTFs are off."""
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--trials", type=int, default=200)
    chosen = arguments.parse_args()
    began, markdown = time.process_time(), chosen.markdown
    header = ["blur (px)", "width", "tail", "tail length"]
    title = "What 1 % of noise lets parameters miss, median / worst of 12 edges at 6 angles"
    show(title, header, widths(0.01), markdown)
    rows, share = held(drawn(chosen.trials))
    title = f"Truth inside the 95 % interval, {chosen.trials} trials: {share:.0%} of parameters"
    show(title, ["noise", "parameters", "inside"], rows, markdown)
    title = "Largest error of the MTF measured without a model, up to Nyquist, worst blur"
    show(title, ["box", *(f"{angle:g}°" for angle in SLANTED)], mtf_rows(), markdown)
    title = "Largest error of the model's MTF at 1 % noise, where only a model tells it"
    show(title, ["angle", "error"], model_rows(0.01), markdown)
    print(f"\n{time.process_time() - began:.0f} s of CPU time")


if __name__ == "__main__":
    main()
