"""Strengths that are left to be found: each rule against its claim, the search and its cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

import napari_deconv as nd
from napari_deconv import samples, telling
from napari_deconv.core.operators import Blur
from napari_deconv.core.params import from_plain
from napari_deconv.core.problem import Problem
from napari_deconv.methods import choosing
from napari_deconv.methods.choosing import Curve, Ladder, Walk, fit_of_filter
from napari_deconv.methods.method import Method
from napari_deconv.methods.rules import Fit, Gcv, Rule, Sure, whiteness
from napari_deconv.recipe import Recipe

N = 96
PSF = {"name": "gaussian", "sigma": 1.5}
RULES = [name for name in nd.choices("strength") if name not in ("auto", "noise")]
SEARCHED = [
    name
    for name, method in nd.choices("method").items()
    if method.rule != "noise" and name not in ("tikhonov", "wiener")
]


def scene(n: int = N) -> np.ndarray:
    picture = np.full((n, n), 0.9)
    picture[n // 4 : n // 2, n // 6 : n // 2] = 0.4
    picture[n // 5 : -n // 5, -n // 6 : -n // 6 + 3] = 0.2
    rows, columns = np.mgrid[:n, :n]
    picture[(rows - 0.7 * n) ** 2 + (columns - 0.65 * n) ** 2 < (n / 8) ** 2] = 0.6
    return picture


def blurred(noise: float = 0.02, n: int = N, seed: int = 0) -> np.ndarray:
    kernel = torch.from_numpy(nd.choices("psf")["gaussian"](sigma=1.5).kernel())
    clean = Blur(kernel, (n, n))(torch.from_numpy(scene(n))).numpy()
    return (clean + np.random.default_rng(seed).normal(0, noise, clean.shape)).astype(np.float32)


def chosen(image: np.ndarray, method: object = "tv", **parts: object) -> Recipe:
    ready = Recipe(psf=PSF, method=method, **parts).begin(image, device="cpu")
    ready.choose()
    return ready.recipe


def periodic(noise: float, seed: int) -> tuple[Problem, torch.Tensor]:
    """Return a periodic problem in units where its noise is known, and the blurred truth."""
    kernel = torch.from_numpy(nd.choices("psf")["gaussian"](sigma=1.5).kernel()).float()
    blur = Blur(kernel, (64, 64))
    truth = blur(torch.from_numpy(scene(64)).float())
    chance = torch.Generator().manual_seed(seed)
    data = truth + noise * torch.randn(truth.shape, generator=chance)
    fidelity = from_plain("fidelity", "gaussian")
    window = (slice(0, 64), slice(0, 64))
    return Problem(data, None, blur, fidelity, window, noise, 0.5), truth


def test_every_rule_is_a_choice_with_a_label() -> None:
    assert {"noise", "discrepancy", "sure", "gcv", "whiteness"} <= set(nd.choices("strength"))
    assert all(rule.label for rule in nd.choices("strength").values())


@pytest.mark.parametrize("weight", [1e-3, 0.03, 1.0])
def test_sure_is_the_error_of_the_blurred_estimate_on_average(weight: float) -> None:
    noise, risks, errors = 0.05, [], []
    for seed in range(20):
        problem, truth = periodic(noise, seed)
        method = from_plain("method", {"name": "tikhonov", "weight": weight})
        estimate, _ = method.filtered(problem)
        risks.append(math.exp(Sure().score(fit_of_filter(method, problem))) - noise**2)
        errors.append(float((problem.blur(estimate) - truth).square().mean()))
    spread = np.std(np.subtract(risks, errors)) / math.sqrt(len(risks))
    assert abs(np.mean(risks) - np.mean(errors)) < 3 * spread
    assert np.mean(risks) == pytest.approx(np.mean(errors), rel=0.2)


@pytest.mark.parametrize("weight", [1e-3, 0.03, 1.0])
def test_the_second_solve_tells_the_degrees_of_freedom_of_the_closed_form(weight: float) -> None:
    problem, _ = periodic(0.05, 1)
    method = from_plain("method", {"name": "tikhonov", "weight": weight})
    exact = fit_of_filter(method, problem)
    walk = Walk(problem, with_freedom=True)
    list(walk.steps(method, 1))
    assert walk.fit().freedom == pytest.approx(exact.freedom, rel=0.1)
    assert walk.fit().sharp_freedom == pytest.approx(exact.sharp_freedom, rel=0.1)
    assert walk.fit().sharp_misfit == pytest.approx(exact.sharp_misfit, rel=1e-3)


def test_the_degrees_of_freedom_of_tv_fall_with_its_strength() -> None:
    problem, _ = periodic(0.05, 1)
    walk = Walk(problem, with_freedom=True)
    freedoms = []
    for weight in (0.3, 0.03, 0.003):
        list(walk.steps(from_plain("method", {"name": "tv", "weight": weight}), 60))
        freedoms.append(walk.fit().freedom)
    assert 0 < freedoms[0] < freedoms[1] < freedoms[2] < 1


@pytest.mark.parametrize("name", ["tikhonov", "ridge", "wiener"])
def test_gcv_in_closed_form_is_the_least_of_a_brute_search(name: str) -> None:
    problem, _ = periodic(0.05, 2)
    method = nd.choices("method")[name]()
    found = choosing.filtered(method, problem, Gcv())
    fine = np.geomspace(found.chosen / 100, found.chosen * 100, 801)
    scores = [Gcv().score(fit_of_filter(method.strengthened(float(w)), problem)) for w in fine]
    weakest = method.guess(problem) / choosing.WEAKER
    best = max(fine[int(np.argmin(scores))], weakest)
    assert 1e-6 < found.chosen < 1e2
    assert abs(math.log(found.chosen / best)) < math.log(1.25)
    assert found.solves == 0


def test_white_noise_is_white_and_structure_is_not() -> None:
    noise = torch.randn((128, 128), generator=torch.Generator().manual_seed(3))
    assert whiteness(noise, 2) == pytest.approx(2, abs=0.1)
    assert whiteness(100 * noise, 2) == pytest.approx(whiteness(noise, 2), rel=1e-4)
    structure = torch.from_numpy(scene(128)).float()
    assert whiteness(noise + 3 * (structure - structure.mean()), 2) > 3


@pytest.mark.parametrize("first", [-9.0, -3.0, 0.5])
def test_the_ladder_finds_the_least_of_a_parabola_in_few_steps(first: float) -> None:
    ladder = Ladder(first)
    count = 0
    while (there := ladder.next()) is not None:
        ladder.points[there] = (there + 4) ** 2
        count += 1
        assert count < 9
    assert ladder.least == pytest.approx(-4, abs=1e-6)


def test_the_ladder_ends_where_strengths_end() -> None:
    ladder = Ladder(0.0)
    while (there := ladder.next()) is not None:
        ladder.points[there] = -there
    assert choosing.LEAST <= math.exp(ladder.least) <= choosing.MOST


@pytest.mark.parametrize("method", SEARCHED)
def test_a_search_costs_at_most_five_solves_with_the_last(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in iterations, whatever the rule says of its own cost."""
    cls = nd.choices("method")[method]
    count, plain = 0, cls.iterates

    def counted(self: Method, problem: Problem) -> object:
        nonlocal count
        for estimate in plain(self, problem):
            count += 1
            yield estimate

    monkeypatch.setattr(cls, "iterates", counted)
    ready = Recipe(psf=PSF, method={"name": method, "iterations": 60}).begin(
        blurred(n=48), device="cpu"
    )
    ready.image()
    curve = ready.recipe.curve
    assert curve is not None
    assert count <= 5 * 60
    assert curve.solves == pytest.approx((count - 60) / 60, abs=0.01)


@pytest.mark.parametrize("method", [*SEARCHED, "tikhonov"])
def test_the_chosen_strength_is_no_matter_of_the_datas_scale(method: str) -> None:
    image = blurred(n=64)
    few = {"name": method, "iterations": 60} if method in SEARCHED else method
    weights = [
        chosen(factor * image, few).curve.chosen  # type: ignore[union-attr]
        for factor in (1.0, 1000.0, 1e-4)
    ]
    assert weights == pytest.approx([weights[0]] * 3, rel=0.11)  # two digits


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("method", ["tv", "tikhonov"])
def test_the_curve_is_in_the_recipe_and_its_number_gives_the_same_picture(
    rule: str, method: str
) -> None:
    image = blurred(n=64)
    result = Recipe(psf=PSF, method=method, strength=rule).run(image, device="cpu")
    curve = result.recipe.curve
    assert curve is not None
    assert curve.rule == rule
    assert all(a < b for a, b in pairwise(curve.weights))
    assert len(curve.scores) == len(curve.weights)
    assert curve.scores[curve.index] == min(curve.scores)
    assert result.recipe.method.weight == curve.chosen  # type: ignore[attr-defined]
    kept = Recipe.from_yaml(result.recipe.to_yaml())
    assert kept == result.recipe
    plain = Recipe(psf=PSF, method={"name": method, "weight": curve.chosen})
    np.testing.assert_array_equal(plain.begin(image, device="cpu").image(), result.image)


def psnr(image: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((image - scene()) ** 2)))


def best(image: np.ndarray, method: str, weight: float, **parts: object) -> float:
    """Return the PSNR of the best strength around one."""
    each = (
        Recipe(psf=PSF, method={"name": method, "weight": weight * factor}, **parts)
        for factor in (0.25, 0.5, 1.0, 2.0, 4.0)
    )
    return max(psnr(recipe.begin(image, device="cpu").image()) for recipe in each)


@pytest.mark.parametrize(
    ("method", "noise"),
    [("tv", 0.01), ("tv", 0.02), ("wavelet", 0.02), ("tv-wavelet", 0.01), ("tikhonov", 0.02)],
)
def test_auto_is_near_the_best_strength(method: str, noise: float) -> None:
    image = blurred(noise)
    recipe = chosen(image, method)
    found = psnr(recipe.begin(image, device="cpu").image())
    assert found > best(image, method, recipe.curve.chosen) - 1.0  # type: ignore[union-attr]


@pytest.mark.parametrize("fidelity", ["poisson", "poisson-gaussian", "huber"])
@pytest.mark.parametrize("method", ["tv", "tikhonov"])
def test_auto_is_near_the_best_strength_of_any_noise_model(fidelity: str, method: str) -> None:
    clean = blurred(0.0).astype(np.float64)
    image = np.random.default_rng(4).poisson(300 * clean.clip(0)) / 300
    parts: dict[str, object] = {"fidelity": fidelity}
    if fidelity == "poisson":
        parts = {"fidelity": {"name": "poisson", "gain": 1 / 300}}
    recipe = chosen(image, method, **parts)
    found = psnr(recipe.begin(image, device="cpu").image())
    weight = recipe.curve.chosen  # type: ignore[union-attr]
    assert found > best(image, method, weight, **parts) - 1.5


def test_without_noise_the_strength_follows_the_noise_rule() -> None:
    recipe = chosen(blurred(0.0))
    assert recipe.curve is None
    assert recipe.method.automatic() == []


def test_a_wrong_border_does_not_make_the_strength_run_away() -> None:
    """What is wrongly assumed beyond the border is amplified without bound as strengths fall."""
    image = blurred(0.02)
    for boundary in ("zero", "mean"):
        recipe = chosen(image, boundary=boundary)
        restored = recipe.begin(image, device="cpu").image()
        assert np.abs(restored).max() < 4


def test_a_large_image_is_tried_on_the_part_that_tells_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(telling.SIDE, 2, 64)
    image = np.full((160, 200), 0.5, np.float32)
    image[80:144, 120:184] = blurred(0.0, 64)
    image += np.random.default_rng(0).normal(0, 0.02, image.shape).astype(np.float32)
    (rows, columns) = telling.telling_part(image)
    assert rows.stop - rows.start == columns.stop - columns.start == 64
    overlap = min(rows.stop, 144) - max(rows.start, 80)
    assert overlap > 40
    assert min(columns.stop, 184) - max(columns.start, 120) > 40
    ready = Recipe(psf=PSF).begin(image, device="cpu")
    trying = next(iter(ready.choosing()))
    assert max(trying.estimate.shape) < 100


def test_a_region_gets_the_strength_of_the_whole() -> None:
    image = blurred(n=160)
    whole = Recipe(psf=PSF).begin(image, device="cpu")
    part = Recipe(psf=PSF).begin(image, device="cpu", region=(slice(60, 90), slice(70, 100)))
    whole.choose()
    part.choose()
    assert part.recipe.curve == whole.recipe.curve


def test_a_search_can_be_left_at_any_iteration_and_says_where_it_is() -> None:
    ready = Recipe(psf=PSF).begin(blurred(), device="cpu")
    seen = []
    for trying in ready.choosing():
        seen.append((trying.trial, trying.trials))
        if trying.trial == 3:
            break
    assert seen[0] == (1, choosing.TRIALS)
    assert not ready.chosen
    assert trying.curve is not None
    assert len(trying.curve.weights) == 2


def test_a_warm_start_ends_where_a_cold_one_does() -> None:
    ready = Recipe(psf=PSF, method={"name": "tv", "weight": 0.004, "iterations": 300}).begin(
        blurred(), device="cpu"
    )
    problem, method = ready.problem(), ready.recipe.method
    *_, cold = method.iterates(problem)
    *_, other = method.replace(weight=0.02).iterates(problem)
    *_, warm = method.iterates(replace(problem, start=other))
    assert float((warm - cold).square().mean().sqrt()) < 1e-3


@pytest.mark.parametrize("rule", RULES)
def test_a_rules_score_hangs_on_what_it_claims(rule: str) -> None:
    judge: Rule = nd.choices("strength")[rule]()
    fit = Fit(1.0, 0.1, noise=1.0, whiteness=2.5, sharp_misfit=3.0, sharp_freedom=0.1, excess=0.0)
    worse: dict[str, Callable[[Fit], Fit]] = {
        "gcv-steady": lambda f: replace(f, excess=50.0),
        "gcv": lambda f: replace(f, freedom=0.5),
        "gcv-inflated": lambda f: replace(f, freedom=0.5),
        "sure": lambda f: replace(f, freedom=0.5),
        "discrepancy": lambda f: replace(f, misfit=3.0),
        "whiteness": lambda f: replace(f, whiteness=8.0),
    }
    assert judge.score(worse[rule](fit)) > judge.score(fit)


def test_a_curve_survives_plain_data() -> None:
    curve = Curve(rule="sure", weights=(0.1, 0.2), scores=(1.0, 0.5), chosen=0.2, solves=2)
    assert Curve(**curve.plain()) == curve
    assert curve.index == 1


@pytest.mark.parametrize("boundary", nd.choices("boundary"))
def test_a_border_with_a_step_does_not_pull_the_strength_down(boundary: str) -> None:
    sample = samples.radiograph((128, 128))
    found = {
        strength: nd.Recipe(psf=sample.psf, boundary=boundary, strength=strength).run(sample.image)
        for strength in ("auto", "noise")
    }
    error = {name: np.square(run.image - sample.truth).mean() for name, run in found.items()}
    assert error["auto"] < 1.3 * error["noise"]


@pytest.mark.parametrize("method", ["tv", "tikhonov"])
def test_a_score_that_falls_without_end_is_not_followed(method: str) -> None:
    """Noise smeared over pixels, which looks like detail at any strength."""
    sample = samples.radiograph((128, 128))
    smeared = gaussian_filter(np.random.default_rng(0).normal(0, 1, (128, 128)), 1.0)
    image = (sample.blurred + 0.02 * smeared / smeared.std()).astype(np.float32)
    found = {
        strength: nd.Recipe(psf=sample.psf, method=method, strength=strength).run(image).image
        for strength in ("auto", "noise")
    }
    error = {name: np.square(image - sample.truth).mean() for name, image in found.items()}
    assert error["auto"] < 1.3 * error["noise"]
