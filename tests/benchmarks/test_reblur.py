"""A small part of the benchmarks of evidence: the lights, and what disagreement tells."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from napari_deconv.evidence.rates import OF, SEEN

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reblur.md"


@pytest.mark.benchmark("reblur")
def test_the_light_is_green_when_right_and_red_when_grossly_wrong(script: ModuleType) -> None:
    found = script.of_tv(0.01, 1, ["bearing", "casting"])
    wrong = ["wire painted in, 5 sigma", "wire painted out, 5 sigma", "strength x 30", "PSF +100%"]
    for known in (True, False):
        lights = {what: {c.light for c in found[what, 0.01, known]} for what in ["right", *wrong]}
        assert lights.pop("right") == {"green"}
        assert list(lights.values()) == [{"red"}] * len(wrong)


def test_the_words_beside_the_light_are_those_of_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    part = page[page.index("| any method |") :].split("\n\n")[0]
    rows = re.findall(r"^\| (PSF [^|]+?) \|(.+)\|$", part, re.MULTILINE)
    table = {what: [cell.split(" / ") for cell in cells.split("|")] for what, cells in rows}
    for column, seen in zip((1, 3, 5), SEEN.values(), strict=True):
        for what, number in zip(("+100%", "+30%", "+20%", "-30%"), seen, strict=True):
            green, yellow, red = map(int, table[f"PSF {what}"][column])
            assert green + yellow + red == OF
            assert yellow + red == number


@pytest.mark.benchmark("disagreement")
def test_disagreement_tells_what_the_gradient_does_not(script: ModuleType) -> None:
    found = script.measured("grains", 0.03, 1.0, 0)
    assert found["beyond"].more > 0.2
    assert found["spread"].pearson > found["gradient"].pearson
    assert np.isnan(found["gradient"].more)


@pytest.mark.benchmark("disagreement")
def test_a_map_that_is_the_error_is_worth_everything_and_noise_nothing(script: ModuleType) -> None:
    error, edges, noise = np.random.default_rng(0).uniform(size=(3, 400))
    perfect, chance = script.worth(error, error, edges), script.worth(noise, error, edges)
    assert perfect == pytest.approx((1, 1, 1, 1, 1))
    assert max(abs(chance.pearson), abs(chance.spearman), abs(chance.more)) < 0.15
    assert chance.found < 0.3
