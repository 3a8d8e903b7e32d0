"""A picture in tiles is the picture as a whole, planned by the memory that is free."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

import napari_deconv as nd
from napari_deconv import Recipe, planning, samples
from napari_deconv.core import device as devices
from napari_deconv.core.problem import Problem
from napari_deconv.methods.variational import TotalVariationModel
from napari_deconv.restoration import Restoration

CPU = torch.device("cpu")
RANGE = 0.9
METHODS: list[dict[str, Any]] = [
    {"name": "wiener"},
    {"name": "tikhonov"},
    {"name": "tv", "iterations": 30},
    {"name": "tv-wavelet", "iterations": 20},
    {"name": "richardson-lucy", "iterations": 20},
]


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return samples.radiograph(shape=(90, 420)).image


PSF = nd.choices("psf")["gaussian"](sigma=1.5)


def both(image: np.ndarray, tile: int = 110, **parts: Any) -> tuple[np.ndarray, np.ndarray]:
    recipe = Recipe(psf=PSF, tile=0, **parts)
    whole = recipe.begin(image, device="cpu")
    one = whole.image()
    many = whole.recipe.replace(tile=tile).begin(image, device="cpu")
    assert many.forecast.tiles == 4
    assert many.problem().blur.grid[1] < whole.problem().blur.grid[1]
    return one, many.image()


def rms(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.mean((a.astype(float) - b) ** 2)) / RANGE)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method["name"])
def test_tiles_equal_the_whole(image: np.ndarray, method: dict[str, Any]) -> None:
    one, many = both(image, method=method)
    assert rms(one, many) < 1e-4


def test_tiles_of_least_squares_reach_farther() -> None:
    image = samples.radiograph(shape=(40, 1000)).image
    one, many = both(image, method={"name": "least-squares"}, tile=260)
    assert rms(one, many) < 1e-4


@pytest.mark.parametrize("boundary", list(nd.choices("boundary")))
def test_tiles_equal_the_whole_on_every_border(image: np.ndarray, boundary: str) -> None:
    one, many = both(image, method={"name": "tv", "iterations": 15}, boundary=boundary)
    assert rms(one, many) < 1e-4


def test_masked_pixels_in_tiles(image: np.ndarray) -> None:
    holed = image.copy()
    holed[40:43, 100:106] = np.nan
    one, many = both(holed, method={"name": "tv", "iterations": 15})
    assert rms(one, many) < 1e-4


def test_a_volume_in_tiles() -> None:
    volume = np.random.default_rng(0).normal(0.5, 0.1, (16, 260, 20)).astype(np.float32)
    psf = nd.choices("psf")["gaussian"](sigma=0.8, dimensions=3)
    whole = Recipe(psf=psf, method={"name": "tikhonov", "weight": 0.1}, tile=0)
    one = whole.begin(volume, device="cpu").image()
    ready = whole.replace(tile=64).begin(volume, device="cpu")
    assert ready.forecast.tiles == 5
    assert rms(one, ready.image()) < 1e-4


def test_the_picture_fills_in(image: np.ndarray) -> None:
    method = {"name": "tikhonov", "weight": 0.01}
    run = Recipe(psf=PSF, method=method, tile=110).begin(image, device="cpu")
    pictures = [step.image() for step in run.steps()]
    assert len(pictures) == run.total == run.forecast.tiles == 4
    np.testing.assert_array_equal(pictures[0][:, 150:], image[:, 150:])
    assert np.abs(pictures[0][:, :60] - image[:, :60]).max() > 0.01
    np.testing.assert_array_equal(pictures[-1], run.image())


def test_a_stack_in_tiles_and_the_recipe_records_them(image: np.ndarray) -> None:
    stack = np.stack([image, image[::-1]])
    method = {"name": "tv", "weight": 0.01, "iterations": 4}
    run = Recipe(psf=PSF, method=method, tile=110).begin(stack)
    steps = [(step.index, step.total, step.slice) for step in run.steps()]
    assert steps == [(i + 1, 32, i // 16) for i in range(32)]
    assert run.recipe.tile == 110
    assert Recipe.from_yaml(run.recipe.to_yaml()).tile == 110


def test_strengths_are_found_once(image: np.ndarray) -> None:
    recipe = Recipe(psf=PSF, method={"name": "tikhonov"})
    one, many = (recipe.replace(tile=tile).begin(image, device="cpu") for tile in (0, 110))
    assert one.recipe.method == many.recipe.method
    assert one.recipe.measured == many.recipe.measured


def test_memory_decides(monkeypatch: pytest.MonkeyPatch, image: np.ndarray) -> None:
    recipe = Recipe(psf=PSF, method={"name": "tv", "iterations": 1})
    monkeypatch.setattr(devices, "available_memory", lambda: 2**40)
    assert recipe.begin(image, device="cpu").recipe.tile == 0
    frame = (1000, 1200)
    plenty = planning.plan(recipe, frame, CPU)
    assert (plenty.tile, plenty.tiles) == (0, 1)
    monkeypatch.setattr(
        devices, "available_memory", lambda: int(plenty.memory / 1.6 / devices.SAFE)
    )
    little = planning.plan(recipe, frame, CPU)
    assert little.fits
    assert little.tiles > 1
    assert 0 < little.tile < 1000
    assert planning.plan(recipe, frame, CPU, workers=2).tiles > little.tiles
    assert planning.plan(recipe, (7, *frame), CPU).slices == 7
    assert "tiles of" in str(little)


def test_too_little_memory_is_said_before_any_work(
    monkeypatch: pytest.MonkeyPatch, image: np.ndarray
) -> None:
    monkeypatch.setattr(devices, "available_memory", lambda: 2**20)
    recipe = Recipe(psf=PSF, method="tv")
    with pytest.raises(ValueError, match=r"takes about .* MB where 1 MB are free; crop"):
        recipe.begin(image, device="cpu")
    with pytest.raises(ValueError, match="set tile to auto"):
        recipe.replace(tile=0).begin(image, device="cpu")
    whole = {"name": "richardson-lucy", "accelerated": True}
    with pytest.raises(ValueError, match="richardson-lucy can't work in tiles"):
        Recipe(psf=PSF, method=whole).begin(image, device="cpu")


def test_a_device_that_runs_out_goes_on_in_smaller_tiles(
    monkeypatch: pytest.MonkeyPatch, image: np.ndarray
) -> None:
    recipe = Recipe(psf=PSF, method={"name": "tv", "weight": 0.01, "iterations": 6}, tile=0)
    whole = recipe.begin(image, device="cpu").image()
    iterates = TotalVariationModel.iterates

    def short(method: TotalVariationModel, problem: Problem) -> Iterator[torch.Tensor]:
        steps = iterates(method, problem)
        yield next(steps)
        if max(problem.blur.grid) > 300:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")
        yield from steps

    monkeypatch.setattr(TotalVariationModel, "iterates", short)
    run = recipe.begin(image, device="cpu")
    total = run.total
    result = run.image()
    assert run.recipe.tile == 128
    assert any("had no memory left for the picture as a whole: tiles of" in n for n in run.notes)
    assert run.total > total
    assert rms(whole, result) < 1e-4


def test_without_any_memory_it_ends_in_a_sentence_and_goes_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, image: np.ndarray
) -> None:
    iterates, tried = TotalVariationModel.iterates, []

    def short(method: TotalVariationModel, problem: Problem) -> Iterator[torch.Tensor]:
        if problem.data.device.type == "meta":  # a rehearsal
            yield from iterates(method, problem)
            return
        tried.append((problem.data.device, max(problem.blur.grid)))
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(TotalVariationModel, "iterates", short)
    run = Recipe(psf=PSF, method={"name": "tv", "weight": 0.1}).begin(image, device="cpu")
    with pytest.raises(ValueError, match="The computer has no memory left; close other programs"):
        run.image()
    assert {device for device, _ in tried} == {CPU}
    assert [side for _, side in tried] == sorted({side for _, side in tried}, reverse=True)


def test_other_errors_are_not_taken_for_want_of_memory(
    monkeypatch: pytest.MonkeyPatch, image: np.ndarray
) -> None:
    def broken(method: TotalVariationModel, problem: Problem) -> Iterator[torch.Tensor]:
        raise RuntimeError("shapes do not match")
        yield

    monkeypatch.setattr(TotalVariationModel, "iterates", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        Recipe(psf=PSF, method={"name": "tv", "weight": 0.1}).begin(image, device="cpu").image()


def test_nothing_of_a_slice_stays_while_the_next_is_restored(
    monkeypatch: pytest.MonkeyPatch, image: np.ndarray
) -> None:
    posed: list[weakref.ref[Problem]] = []
    alive = []
    pose = Restoration.problem

    def watched(run: Restoration[Recipe], index: int = 0, tile: int = 0) -> Problem:
        alive.append(sum(each() is not None for each in posed))
        problem = pose(run, index, tile)
        posed.append(weakref.ref(problem))
        return problem

    monkeypatch.setattr(Restoration, "problem", watched)
    stack = np.stack([image] * 4)
    run = Recipe(psf=PSF, method={"name": "tikhonov", "weight": 0.01}).begin(stack, device="cpu")
    run.image()
    assert max(alive) == 1, "only the first problem stays"


@pytest.mark.parametrize("tile", [0, 110])
@pytest.mark.parametrize("name", ["tikhonov", "wiener", "least-squares"])
def test_a_slice_of_a_stack_is_the_same_as_alone(name: str, tile: int, image: np.ndarray) -> None:
    """What slices share of the PSF is what each would make for itself, bit for bit."""
    stack = np.stack([image, 3 * image[::-1], 0.2 * image]).astype(np.float32)
    run = Recipe(psf=PSF, method=name, tile=tile).begin(stack, device="cpu")
    whole = run.image()
    for index in (2, 0, 1):
        alone = run.recipe.begin(stack[index : index + 1], device="cpu").image()[0]
        np.testing.assert_array_equal(whole[index], alone)


def test_every_method_says_what_it_needs() -> None:
    for name, cls in nd.choices("method").items():
        if cls.learned:
            continue
        for axes in cls.dimensions:
            frame = (64,) * axes
            recipe = Recipe(method=name)
            asked = planning.Asked(recipe, frame, (9,) * axes, CPU, weighted=False)
            assert 16 < asked.need().per_pixel < 4 * planning.HUNGRIEST, name


@pytest.mark.parametrize(
    ("method", "freed"),
    [({"name": "tikhonov", "weight": 0.01}, planning.FREED), ({"name": "tv", "weight": 0.01}, 0)],
)
def test_what_stays_of_other_slices_is_planned_for(method: dict[str, Any], freed: int) -> None:
    recipe = Recipe(psf=PSF, method=method, tile=0)
    one, many = (planning.plan(recipe, shape, CPU).memory for shape in ((90, 90), (5, 90, 90)))
    grid = planning.Asked(recipe, (90, 90), recipe.psf.kernel(None).shape, CPU, False).grid(0)
    assert many - one == (planning.STAYING + freed) * grid[0] * grid[1]
    stack = np.random.default_rng(0).random((5, 90, 90), np.float32)
    assert recipe.begin(stack, device="cpu").forecast.memory >= many


def test_a_large_picture_says_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_deconv import restoration

    monkeypatch.setattr(restoration, "LARGE", 10_000)
    image = samples.radiograph(shape=(150, 150)).image
    run = Recipe(psf=PSF, method={"name": "tv", "weight": 0.01}, tile=100).begin(image)
    foreseen = run.foreseen()
    assert foreseen.seconds is not None
    assert 1e-4 < foreseen.seconds < 600
    assert str(foreseen).startswith("4 tiles of 100 px, about ")
    many = run.foreseen(slices=50)
    assert many.slices == 50
    assert many.seconds is not None
    assert many.seconds > 5 * foreseen.seconds
    assert many.sentence.startswith("This takes 4 tiles of 100 px a slice, about ")
