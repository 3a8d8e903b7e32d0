"""What is said to smooth less is a parameter of the method, and does smooth less."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import napari_deconv as nd
from napari_deconv.evidence.rates import meaning
from napari_deconv.methods.method import Method
from napari_deconv.recipe import Recipe

METHODS: dict[str, type[Method]] = nd.choices("method")
SMOOTHER = {"strength": 1.0, "noise": 0.1, "cutoff": 0.5}
"""Values that surely smooth a picture, from which less is to smooth less."""
RICHARDSON_LUCY = "richardson-lucy"


def scene() -> np.ndarray:
    picture = np.full((48, 48), 0.9)
    picture[12:30, 8:24] = 0.4
    picture[8:40:4, 30:40] = 0.2
    noise = np.random.default_rng(0).normal(0, 0.01, picture.shape)
    return (gaussian_filter(picture, 1.5) + noise).astype(np.float32)


@cache
def misfit(name: str, **parameters: Any) -> float:
    """Return how far a result, blurred again, is from the data."""
    recipe = Recipe(psf={"name": "gaussian", "sigma": 1.5}, method={"name": name, **parameters})
    left = gaussian_filter(recipe.run(scene(), device="cpu").image, 1.5) - scene()
    return float(np.square(left[8:-8, 8:-8]).mean())


@pytest.mark.parametrize("name", METHODS)
def test_it_names_only_what_the_method_has(name: str) -> None:
    method = METHODS[name]()
    said = method.sharper()
    for words in set(said) - {"less strength"}:
        named = words.removeprefix("lower ").removeprefix("more ").removesuffix(" on")
        assert named in method.parameters()
    assert ("less strength" in said) <= bool(method.strengths())
    assert ("more iterations" in said) <= ("iterations" in method.parameters())
    for light in ("yellow", "red"):
        shown = meaning(light, 0.01, said)
        assert all(words in shown for words in said)
        assert ("strength" in shown) == ("strength" in " ".join(said))
        assert ("iterations" in shown) == ("iterations" in " ".join(said))


@pytest.mark.parametrize("name", [n for n, method in METHODS.items() if not method.on_host])
def test_it_smooths_less(name: str) -> None:
    method = METHODS[name]()
    said, few = method.sharper(), {}
    assert said
    if "iterations" in method.parameters() and not method.learned:
        few = {"iterations": 60}
    strengths = [n for n in method.strengths() if n not in SMOOTHER][:1]
    lower = [*strengths, *(n for n in SMOOTHER if f"lower {n}" in said)]
    for one in lower:
        start = SMOOTHER.get(one, 0.1)
        assert misfit(name, **{one: start / 100}, **few) < misfit(name, **{one: start}, **few), one
    for one in (words.removesuffix(" on") for words in said if words.endswith(" on")):
        assert misfit(name, **{one: True}) < misfit(name)
        assert METHODS[name](**{one: True}).sharper() == ()
    if "more iterations" in said and not strengths:
        assert misfit(name, iterations=100) < misfit(name, iterations=5)


def test_the_check_of_a_run_says_it() -> None:
    for name, words in (("tv", "less strength, more iterations"), ("restore", "project on")):
        recipe = Recipe(psf={"name": "gaussian", "sigma": 1.5}, method=name)
        run = recipe.begin(scene(), device="cpu")
        smooth = np.full_like(scene(), scene().mean())
        check = run.agreement(smooth)
        assert check.light == "red"
        assert f"much too smooth ({words})" in check.meaning
