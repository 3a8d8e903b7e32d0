"""Several methods and strengths in turn: what is run, what is told, what is written."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from typer.testing import CliRunner

from napari_deconv import cli, io
from napari_deconv.appraisal import Outcome, as_csv, edges, record
from napari_deconv.comparing import (
    FACTORS,
    Advance,
    Candidate,
    Queue,
    Scene,
    candidates,
    every_method,
)
from napari_deconv.comparing_files import factors_of, methods_named
from napari_deconv.jobs import Reference
from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.recipe import Recipe
from napari_deconv.registry import choices

SIGMA = 1.5
EDGE = ((30.0, 8.0), (30.0, 40.0))
"""Across the left edge of the plate."""


def truth() -> np.ndarray:
    picture = np.ones((64, 80), np.float32)
    picture[14:50, 24:64] = 0.5
    return picture


def scan(noise: float = 0.004) -> np.ndarray:
    rng = np.random.default_rng(3)
    blurred = gaussian_filter(truth(), SIGMA, mode="nearest")
    return (blurred + rng.normal(0, noise, blurred.shape)).astype(np.float32)


def method(name: str, **parameters: object) -> object:
    return choices("method")[name](**parameters)


def scene(**changes: object) -> Scene:
    known = {
        "image": scan(),
        "recipe": Recipe(psf=GaussianPsf(sigma=SIGMA)),
        "reference": Reference.of(truth(), None),
        "device": "cpu",
    }
    return Scene(**{**known, **changes})


def outcomes(entries: list[Candidate], where: Scene | None = None) -> list[Outcome]:
    queue = Queue(where or scene(), entries)
    return [message for message in queue if isinstance(message, Outcome)]


def test_each_method_is_tried_at_every_factor_of_its_strength() -> None:
    entries = candidates([method("tv"), method("richardson-lucy")], factors=FACTORS)
    labels = [entry.label for entry in entries]
    assert labels == ["tv x1/3", "tv", "tv x3", "richardson-lucy"]
    weights = {one.label: one.recipe.method for one in outcomes(entries)}
    middle = weights["tv"].weight
    assert weights["tv x1/3"].weight == pytest.approx(middle / 3)
    assert weights["tv x3"].weight == pytest.approx(3 * middle)


def test_a_typed_strength_stands_in_place_of_auto() -> None:
    (entry,) = candidates([method("tv")], strength=0.01)
    assert entry.method.weight == 0.01
    kept = candidates([method("tv", weight=0.2)], strength=0.01)
    assert kept[0].method.weight == 0.2


def test_an_outcome_is_what_its_recipe_gives_again() -> None:
    entries = candidates([method("tv", iterations=30), method("wiener")], factors=(1, 3))
    for outcome in outcomes(entries):
        again = outcome.recipe.run(scan(), device="cpu").image
        np.testing.assert_allclose(outcome.image, again, atol=1e-5)


def test_figures_say_what_restoring_gained() -> None:
    (outcome,) = outcomes(candidates([method("tv")]))
    before = Reference.of(truth(), None).compare(scan())
    figures = outcome.figures
    assert figures.psnr.value > before.value + 3
    assert figures.psnr.data_range == 1
    assert 0.9 < figures.ssim <= 1
    assert figures.chi2 == pytest.approx(1, abs=0.2)
    assert figures.noise < 0.004
    assert figures.seconds > 0


def test_without_a_reference_nothing_is_said_of_it() -> None:
    (outcome,) = outcomes(candidates([method("wiener")]), scene(reference=None))
    assert (outcome.figures.psnr, outcome.figures.ssim) == (None, None)
    assert outcome.figures.chi2 is not None


def test_advances_rise_to_the_number_of_candidates() -> None:
    queue = Queue(scene(), candidates([method("tv", iterations=20), method("wiener")]))
    messages = list(queue)
    done = [message.done for message in messages if isinstance(message, Advance)]
    assert done == sorted(done)
    assert done[-1] == 2
    first = next(i for i, message in enumerate(messages) if isinstance(message, Outcome))
    assert any(isinstance(message, Advance) for message in messages[first:])


def test_whoever_stops_keeps_what_was_yielded() -> None:
    kept = []
    for message in Queue(scene(), candidates([method("wiener"), method("tv", iterations=10_000)])):
        if isinstance(message, Outcome):
            kept.append(message.label)
        elif kept:
            break
    assert kept == ["wiener"]


def test_a_refused_candidate_says_why_and_the_others_go_on() -> None:
    recipe = Recipe(psf=GaussianPsf(sigma=SIGMA), fidelity={"name": "huber"})
    found = outcomes(candidates([method("richardson-lucy"), method("tv")]), scene(recipe=recipe))
    assert "huber" in found[0].complaint
    assert found[0].image is None
    assert found[1].image is not None


def test_a_scene_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="one picture"):
        scene(image=np.zeros((3, 8, 8)), reference=None)
    with pytest.raises(ValueError, match="same shape"):
        scene(reference=Reference.of(np.ones((8, 8)), None))


def test_every_method_leaves_other_libraries_out() -> None:
    names = {one.key() for one in every_method()}
    assert {"tv", "wiener", "tgv", "richardson-lucy"} <= names
    assert not any(name.startswith("pylops") for name in names)


def test_edges_are_measured_at_one_place() -> None:
    (outcome,) = outcomes(candidates([method("tv")]))
    sharp, blurred, restored = edges(EDGE, [truth(), scan(), outcome.image], 2)
    assert blurred.width == pytest.approx(2.563 * SIGMA, rel=0.1)
    assert sharp.width < restored.width < blurred.width
    assert edges(((2.0, 2.0), (2.0, 60.0)), [truth(), scan()], 2) == [None, None]


def test_a_record_holds_no_infinity_and_makes_a_csv() -> None:
    (outcome,) = outcomes(candidates([method("tv")]))
    row = record(outcome, edges(EDGE, [truth(), scan()], 2)[1], "mm")
    assert row["edge_unit"] == "mm"
    assert "weight" in row["strength"]
    (read,) = csv.DictReader(as_csv([row]).splitlines())
    assert float(read["psnr_db"]) == pytest.approx(row["psnr_db"], abs=1e-3)


@pytest.mark.parametrize("text", ["", "0", "a", "1/0", "-1", "1,"])
def test_factors_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no factor"):
        factors_of(text)


def test_factors_and_methods_are_read() -> None:
    assert factors_of("1/3, 1, x3") == [1 / 3, 1, 3]
    assert [one.key() for one in methods_named("tv, wiener")] == ["tv", "wiener"]
    assert len(methods_named("all")) == len(every_method())
    with pytest.raises(ValueError, match="no method named 'foo'"):
        methods_named("tv,foo")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    io.write("scan.tif", scan(), pixel_size=0.1, unit="mm")
    io.write("truth.tif", truth())
    io.write("psf.tif", GaussianPsf(sigma=SIGMA).kernel())
    return tmp_path


def invoke(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli.app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


COMPARE = ("compare", "scan.tif", "--psf", "psf.tif", "--methods", "wiener,tv", "--out", "out")


def test_the_command_writes_pictures_recipes_and_tables(folder: Path) -> None:
    code, shown, error = invoke(
        *COMPARE, "--factors", "1,3", "--reference", "truth.tif", "--line", "30,8:30,40", "--report"
    )
    assert code == 0, error
    names = {"wiener", "wiener_x3", "tv", "tv_x3"}
    assert {path.stem for path in Path("out").glob("scan_*.yaml")} == {f"scan_{n}" for n in names}
    rows = json.loads(Path("out/comparison.json").read_text())
    assert [row["name"] for row in rows] == ["scan", "wiener", "wiener x3", "tv", "tv x3"]
    assert rows[0]["edge_unit"] == "mm"
    assert rows[3]["edge_10_90"] < rows[0]["edge_10_90"] < 0.6
    assert len(list(csv.DictReader(Path("out/comparison.csv").read_text().splitlines()))) == 5
    assert "tv x3" in shown
    assert Path("out/report.html").stat().st_size > 10_000
    again = Recipe.load("out/scan_tv.yaml").run(scan(), device="cpu").image
    np.testing.assert_allclose(io.read("out/scan_tv.tif").array, again, atol=1e-5)


def test_the_command_takes_a_shape_and_prints_json(folder: Path) -> None:
    shape = ("--psf", "{name: gaussian, sigma: 1.5}")
    code, shown, error = invoke(*COMPARE[:2], *shape, *COMPARE[4:], "--json")
    assert code == 0, error
    assert [row["name"] for row in json.loads(shown)] == ["scan", "wiener", "tv"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--methods", "foo"), "no method named 'foo'"),
        (("--strength", "much"), "--strength should be auto or a number"),
        (("--line", "1,2"), "is no line"),
        (("--set", "method.weight=1"), "--methods"),
        (("--limit", "dip_above"), "is no limit"),
        (("--limit", "dip_above=20"), "add --report"),
        (("--psf", "blob"), "no psf named"),
    ],
)
def test_the_command_refuses_in_one_sentence(folder: Path, more: tuple[str], said: str) -> None:
    code, _, error = invoke(*COMPARE, *more)
    assert code == 2
    assert said in error
    assert len(error.strip().splitlines()) == 1
    assert not Path("out").exists()


def test_the_command_replaces_nothing_unasked(folder: Path) -> None:
    assert invoke(*COMPARE)[0] == 0
    code, _, error = invoke(*COMPARE)
    assert code == 2
    assert "exists already" in error
    assert invoke(*COMPARE, "--overwrite")[0] == 0
    for page in ("report.html", "report.csv"):
        other = folder / f"beside {page}"
        other.mkdir()
        (other / page).write_text("kept")
        code, _, error = invoke(*COMPARE[:-1], str(other), "--report")
        assert code == 2
        assert page in error
        assert [path.name for path in other.iterdir()] == [page]
        assert (other / page).read_text() == "kept"
