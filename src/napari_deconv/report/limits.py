"""What a result must hold to, and whether it does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, model_validator

from napari_deconv.core.params import Declared
from napari_deconv.recipe_file import parse_yaml

Verdict = Literal["pass", "fail", "not measured"]


class Limits(Declared):
    """Limits that a result is judged by; none of them has to be set."""

    edge_width_below: float | None = Field(
        None,
        gt=0,
        title="Edge width below",
        description="10-90 % width of the edge, in the unit of the page.",
    )
    chi2_within: tuple[float, float] | None = Field(
        None,
        title="Chi-square within",
        description="Least and greatest reduced chi-square of the re-blurred result.",
    )
    dip_above: float | None = Field(
        None,
        ge=0,
        le=100,
        title="Dip above",
        description="Dip between two wires in percent, the least of all lines over a pair; "
        "ISO 19232-5 asks for 20.",
        json_schema_extra={"unit": "%"},
    )
    psnr_above: float | None = Field(
        None,
        title="PSNR above",
        description="Against the reference.",
        json_schema_extra={"unit": "dB"},
    )
    ssim_above: float | None = Field(
        None, ge=-1, le=1, title="SSIM above", description="Against the reference."
    )
    noise_below: float | None = Field(
        None, gt=0, title="Noise below", description="Deviation in flat areas, in grey values."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Limits:
        if self.chi2_within is not None and self.chi2_within[0] >= self.chi2_within[1]:
            raise ValueError("Chi-square within needs the least value first, such as 0.85, 1.1.")
        return self

    @property
    def stated(self) -> list[str]:
        """Names of the limits that are set."""
        return [name for name in type(self).model_fields if getattr(self, name) is not None]

    @classmethod
    def load(cls, path: str | Path) -> Limits:
        """Read limits from a YAML file.

        Raises
        ------
        ValueError
            In one sentence, if it can't be read or holds other names.
        """
        try:
            return cls.of_text(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            raise ValueError(f"{path} can't be read as limits; give a YAML file.") from None

    @classmethod
    def of_text(cls, text: str) -> Limits:
        """Return the limits that YAML text states, such as ``dip_above: 20``.

        Raises
        ------
        ValueError
            In one sentence, if it is no mapping or holds other names.
        """
        try:
            plain = parse_yaml(text) if text.strip() else {}
        except yaml.YAMLError:
            plain = None
        if not isinstance(plain, dict):
            raise ValueError("Limits are lines such as 'dip_above: 20'; see docs/report.md.")
        return cls(**{str(key): value for key, value in plain.items()})


@dataclass(frozen=True)
class Measures:
    """What a result is judged on; None where it was not measured."""

    edge_width: float | None = None
    chi2: float | None = None
    dip: float | None = None
    psnr: float | None = None
    ssim: float | None = None
    noise: float | None = None


@dataclass(frozen=True)
class Judgement:
    """One limit, and whether a result holds to it.

    Attributes
    ----------
    name : str
        Of the limit.
    limit : str
        For people, such as ``below 0.4 mm``.
    value : float or None
    verdict : {"pass", "fail", "not measured"}
    """

    name: str
    limit: str
    value: float | None
    verdict: Verdict


def judge(limits: Limits, measures: Measures, unit: str = "px") -> list[Judgement]:
    """Return every limit that is set, and whether the measures hold to it."""
    judged = []
    for name in limits.stated:
        measure, _, way = name.rpartition("_")
        value, bound = getattr(measures, measure), getattr(limits, name)
        field = type(limits).model_fields[name]
        extra: Any = field.json_schema_extra or {}
        of = unit if name == "edge_width_below" else str(extra.get("unit", ""))
        low, high = bound if way == "within" else (bound, bound)
        said = f"{low:g} to {high:g}" if way == "within" else f"{bound:g}"
        title = str(field.title).removesuffix(f" {way}")
        verdict: Verdict = "not measured"
        if value is not None:
            held = {"below": value < high, "above": value > low, "within": low <= value <= high}
            verdict = "pass" if held[way] else "fail"
        judged.append(Judgement(title, f"{way} {said} {of}".strip(), value, verdict))
    return judged


def overall(judged: Iterable[Judgement]) -> Verdict | None:
    """Return the worst verdict; None without limits."""
    found = {one.verdict for one in judged}
    order: tuple[Verdict, ...] = ("fail", "not measured", "pass")
    return next((verdict for verdict in order if verdict in found), None)
