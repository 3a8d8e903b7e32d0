"""What became of an image that was restored into files, for people and programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv.evidence.reference import Psnr, format_decibel
from napari_deconv.registry import choices

if TYPE_CHECKING:
    from napari_deconv.evidence.residual import ResidualCheck, Unchecked
    from napari_deconv.io import WriteReport
    from napari_deconv.recipe import Recipe
    from napari_deconv.storing import StoredType


@dataclass(frozen=True)
class Report:
    """What became of one image; ``chi2`` and ``psnr`` are None where they can't be told.

    Attributes
    ----------
    strengths : dict
        Strengths that were left on auto and what they came to.
    strength_by : str or None
        How they were found; None if there were none.
    seconds : float
        Of all iterations, those of the search for a strength too.
    chi2_expected : float or None
        Chi-square that noise alone would leave after the method.
    light : str
        green, yellow or red: whether the re-blurred result agrees with the data; grey: not known.
    psf_band : dict or None
        What varying the PSF's width came to: files, and half the band's height in grey values.
    second_opinion : dict or None
        What another method came to: its name and file, where it differs, by how much.
    """

    image: str
    output: str
    recipe: str
    method: str
    strengths: dict[str, float]
    strength_by: str | None
    device: str
    slices: int
    iterations: int
    seconds: float
    psnr_before: float | None
    psnr: float | None
    data_range: float | None
    chi2: float | None
    whiteness: float | None
    chi2_expected: float | None
    light: str
    psf_band: dict[str, Any] | None
    second_opinion: dict[str, Any] | None
    warnings: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """Return it as plain data for JSON, which knows no infinity."""
        return {
            key: None if isinstance(value, float) and not np.isfinite(value) else value
            for key, value in asdict(self).items()
        }

    def lines(self, check: ResidualCheck | Unchecked) -> list[str]:
        """Return it for a reader."""
        work = f"{self.iterations} iterations" if self.iterations > 1 else "one iteration"
        if self.slices > 1:
            work = f"{self.slices} slices, {work} each"
        lines = [self.output, f"  {work}, {self.seconds:.1f} s on {self.device}"]
        if self.strengths:
            found = ", ".join(f"{name} {value:.3g}" for name, value in self.strengths.items())
            lines.append(f"  {found} found, by {self.strength_by}")
        if self.psnr is not None and self.psnr_before is not None and self.data_range is not None:
            before = format_decibel(self.psnr_before)
            lines.append(f"  PSNR {before} dB before, {Psnr(self.psnr, self.data_range)} after")
        lines.append(f"  {check}")
        if self.psf_band is not None:
            band = self.psf_band
            lines.append(f"  {band['words']}: ±{band['half']:.3g} grey values rms, in")
            lines += [f"  {band['narrower']}", f"  {band['wider']}"]
        if self.second_opinion is not None:
            told = self.second_opinion
            differs = f"differs by {told['differs']:.3g} grey values rms"
            lines.append(f"  second opinion, {told['method']}: {differs}, in")
            lines += [f"  {told['output']}", f"  {told['doubt']}"]
        return lines


def strengths(asked: Recipe, ran: Recipe) -> tuple[dict[str, float], str | None]:
    """Return the strengths that were left on auto with what they came to, and how.

    Parameters
    ----------
    asked, ran : Recipe
        As given, and with every strength as a number.
    """
    method = asked.method
    found = {
        name: float(getattr(ran.method, name))
        for name in method.parameters()
        if getattr(method, name) == "auto"
    }
    if not found:
        return {}, None
    if ran.curve is None:
        return found, "the noise"
    label = choices("strength")[ran.curve.rule].label.split(":")[0]
    return found, f"{label} from {len(ran.curve.weights)} trials"


def losses(written: WriteReport, recipe: Recipe, dtype: StoredType) -> tuple[str, ...]:
    """Return what storing whole numbers cost, in a sentence."""
    if dtype != "uint16":
        return ()
    noise = recipe.measured.noise if recipe.measured is not None else 0.0
    beyond = ", more than the noise: float32 keeps it" if 0 < noise < written.rounding else ""
    return (
        f"Stored as uint16: {written.clipped} pixels clipped to 0 or 65535, "
        f"the others rounded by {written.rounding:.2g} grey values rms{beyond}.",
    )
