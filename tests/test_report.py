"""The page of evidence: what it holds, whether it can be made again from it, how it is judged."""

from __future__ import annotations

import base64
import csv
import html
import io as streams
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from typer.testing import CliRunner

from napari_deconv import cli, io
from napari_deconv.appraisal import Outcome
from napari_deconv.comparing import Queue, Scene, candidates, measured
from napari_deconv.core.units import PixelSize
from napari_deconv.jobs import Reference
from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.recipe import Recipe
from napari_deconv.registry import choices
from napari_deconv.report.contents import Contents, Line, digest
from napari_deconv.report.curves import plot, ticks
from napari_deconv.report.gathering import parse_line, unique
from napari_deconv.report.limits import Limits, Measures, judge, overall
from napari_deconv.report.page import as_csv, render, write
from napari_deconv.report.pictures import as_png

SIGMA = 1.5
EDGE = Line(1, "#ff9f40", ((30.0, 8.0), (30.0, 40.0)))
PAIR = Line(2, "#5cc8ff", ((57.0, 30.0), (57.0, 64.0)))
NAMES = ("wiener", "tv")


def truth() -> np.ndarray:
    picture = np.ones((64, 80), np.float32)
    picture[14:50, 24:64] = 0.5
    picture[52:62, 43:46] = picture[52:62, 48:51] = 0.5  # a pair of wires
    return picture


def scan() -> np.ndarray:
    blurred = gaussian_filter(truth(), SIGMA, mode="nearest")
    return (blurred + np.random.default_rng(3).normal(0, 0.003, blurred.shape)).astype(np.float32)


@pytest.fixture(scope="module")
def contents() -> Contents:
    recipe = Recipe(psf=np.asarray(GaussianPsf(sigma=SIGMA).kernel()), pixel_size="0.1 mm")
    scene = Scene(scan(), recipe, Reference.of(truth(), None), device="cpu")
    methods = [choices("method")[name]() for name in NAMES]
    found = [one for one in Queue(scene, candidates(methods)) if isinstance(one, Outcome)]
    return Contents(
        name="plate <b>&amp;",
        image=scene.image,
        outcomes=tuple(found),
        data=Outcome("scan", figures=measured(scene.image, scene)),
        reference=scene.reference,
        lines=(EDGE, PAIR),
        size=PixelSize(0.1, "mm"),
        limits=Limits(edge_width_below=0.3, chi2_within=(0.5, 1.5), dip_above=20),
        facts={"Device": "cpu"},
    )


@pytest.fixture(scope="module")
def page(contents: Contents) -> str:
    return render(contents, datetime(2026, 1, 2, 3, 4, tzinfo=UTC))


def uris(page: str, kind: str) -> list[bytes]:
    found = re.findall(rf"data:{kind};base64,([A-Za-z0-9+/=]+)", page)
    return [base64.b64decode(text) for text in found]


def test_the_page_names_what_it_holds(contents: Contents, page: str) -> None:
    assert "2026-01-02 03:04 UTC" in page
    assert "plate &lt;b&gt;&amp;amp;" in page  # what a file is called makes no HTML
    for outcome in contents.outcomes:
        assert f"Recipe of {outcome.label}" in page
        assert f"{outcome.figures.psnr.value:.2f}" in page
        assert str(outcome.figures.check) in html.unescape(page)
    assert "K = 1" in page


def test_the_page_asks_nothing_of_others(page: str) -> None:
    assert re.findall(r"(?:src|href)=\"(?!data:|#)[^\"]+", page) == []
    assert not re.search(r"https?://|url\(|@import", page)
    assert "default-src 'none'" in page


def test_results_can_be_made_again_from_the_page(contents: Contents, page: str) -> None:
    assert digest(scan()) in page
    recipes = [Recipe.from_yaml(text.decode()) for text in uris(page, "text/yaml")]
    assert [recipe.method.key() for recipe in recipes] == list(NAMES)
    for recipe, outcome in zip(recipes, contents.outcomes, strict=True):
        assert not recipe.method.automatic()
        again = recipe.run(scan(), device="cpu").image
        np.testing.assert_allclose(again, outcome.image, atol=1e-5)
        assert digest(outcome.image) in page


def test_pictures_are_the_grey_values_in_their_window(contents: Contents, page: str) -> None:
    pictures = [Image.open(streams.BytesIO(png)) for png in uris(page, "image/png")]
    assert [picture.size for picture in pictures[:4]] == [(80, 64)] * 4
    low, high = contents.shown
    expected = np.clip((scan() - low) / (high - low), 0, 1) * 255
    np.testing.assert_allclose(np.asarray(pictures[0], float), expected, atol=0.51)


def test_a_large_picture_is_reduced_by_means() -> None:
    large = np.kron(np.arange(6.0).reshape(2, 3), np.ones((50, 50)))
    shown = as_png(large, (0.0, 5.0), longest=50)
    assert (shown.reduced, shown.height, shown.width) == (3, 33, 50)
    pixels = np.asarray(Image.open(streams.BytesIO(uris(shown.uri, "image/png")[0])))
    assert (pixels[0, 0], pixels[-1, -1]) == (0, 255)


def test_pixels_that_are_not_finite_are_black() -> None:
    shown = as_png(np.array([[np.nan, 1.0], [np.inf, -np.inf]]), (0.0, 1.0))
    pixels = np.asarray(Image.open(streams.BytesIO(uris(shown.uri, "image/png")[0])))
    np.testing.assert_array_equal(pixels, [[0, 255], [255, 0]])


def test_lines_are_measured_in_the_unit_of_the_page(contents: Contents) -> None:
    reference, data, *results = contents.figures(0)
    assert data.edge == pytest.approx(0.1 * 2.563 * SIGMA, rel=0.1)
    assert all(reference.edge < one.edge < data.edge for one in results)
    assert contents.figures(1)[0].pair > 80
    before, after = contents.measures[0], contents.measures[2]
    assert before.dip < after.dip
    assert before.edge_width == data.edge


def test_a_path_is_drawn_and_measured_along_all_its_legs(contents: Contents) -> None:
    path = Line(1, "#ff9f40", ((5.0, 8.0), (30.0, 8.0), (30.0, 40.0)))
    made = replace(contents, lines=(path,))
    _, data, *_ = made.figures(0)
    assert data.edge == pytest.approx(contents.figures(0)[1].edge, rel=0.02)
    assert made.traces[0].profiles[0].distance[-1] == pytest.approx(25 + 32, abs=0.5)
    page = render(made)
    assert 'd="M8.5 5.5L8.5 30.5L40.5 30.5"' in page
    assert "5.7 mm long" in page
    assert "from pixel (5.0, 8.0) to (30.0, 8.0) to (30.0, 40.0)" in page
    assert path.seen_from(5, 8).path == ((0.0, 0.0), (25.0, 0.0), (25.0, 32.0))


def test_a_picture_that_tells_no_wires_apart_has_no_dip() -> None:
    blurred = gaussian_filter(truth(), 4.0).astype(np.float32)
    outcome = Outcome("tv", blurred, Recipe(psf=GaussianPsf(sigma=SIGMA)))
    known = Contents("x", scan(), (outcome,), Outcome("x"), Reference.of(truth(), None), (PAIR,))
    assert known.measures[1].dip == 0
    assert judge(Limits(dip_above=20), known.measures[1])[0].verdict == "fail"


def test_what_rings_beside_an_edge_is_no_pair() -> None:
    ringing = scan().copy()
    ringing[:, 18:20] -= 0.2
    ringing[:, 14:16] -= 0.2
    outcome = Outcome("x", ringing, Recipe(psf=GaussianPsf(sigma=SIGMA)))
    assert Contents("x", scan(), (outcome,), Outcome("x"), None, (EDGE,)).measures[1].dip is None


def test_the_csv_has_a_row_for_the_data_and_each_result(contents: Contents) -> None:
    rows = list(csv.DictReader(as_csv(contents).splitlines()))
    assert [row["name"] for row in rows] == ["scan", *NAMES]
    assert float(rows[2]["line_1_edge"]) == pytest.approx(contents.figures(0)[3].edge, rel=1e-4)
    assert rows[0]["limits"] == ""
    assert {row["limits"] for row in rows[1:]} <= {"pass", "fail"}


def test_contents_without_a_result_or_of_another_shape_are_refused(contents: Contents) -> None:
    with pytest.raises(ValueError, match="no result"):
        Contents("x", scan(), (), Outcome("x"))
    with pytest.raises(ValueError, match="one image"):
        Contents("x", scan()[:20], contents.outcomes, Outcome("x"))


def test_the_page_goes_into_html_and_nothing_else(contents: Contents, tmp_path: Path) -> None:
    page, table = write(contents, tmp_path / "r.html")
    assert page.stat().st_size < 400_000
    assert table.read_text().startswith("name,")
    with pytest.raises(ValueError, match=r"\.html"):
        write(contents, tmp_path / "r.pdf")
    with pytest.raises(ValueError, match="can't be written"):
        write(contents, tmp_path / "nowhere" / "r.html")


@pytest.mark.parametrize(
    ("limits", "measures", "verdict"),
    [
        ({"edge_width_below": 0.4}, Measures(edge_width=0.39), "pass"),
        ({"edge_width_below": 0.4}, Measures(edge_width=0.4), "fail"),
        ({"chi2_within": [0.9, 1.1]}, Measures(chi2=1.1), "pass"),
        ({"chi2_within": [0.9, 1.1]}, Measures(chi2=1.2), "fail"),
        ({"dip_above": 20}, Measures(dip=20.5), "pass"),
        ({"dip_above": 20}, Measures(), "not measured"),
        ({"psnr_above": 30, "noise_below": 1}, Measures(psnr=31, noise=2), "fail"),
        ({"ssim_above": 0.9, "dip_above": 20}, Measures(ssim=0.95), "not measured"),
        ({}, Measures(), None),
    ],
)
def test_limits_judge(limits: dict[str, object], measures: Measures, verdict: str | None) -> None:
    assert overall(judge(Limits(**limits), measures)) == verdict


def test_limits_are_read_from_yaml(tmp_path: Path) -> None:
    file = tmp_path / "limits.yaml"
    file.write_text("edge_width_below: 0.3\nchi2_within: [0.85, 1.1]\ndip_above: 20\n")
    limits = Limits.load(file)
    assert limits == Limits(edge_width_below=0.3, chi2_within=(0.85, 1.1), dip_above=20)
    assert limits.stated == ["edge_width_below", "chi2_within", "dip_above"]
    judged = judge(limits, Measures(edge_width=0.2), "mm")
    assert judged[0].limit == "below 0.3 mm"
    for text in (
        "- 1",
        "edge: 3",
        "chi2_within: [2, 1]",
        "dip_above: 200",
        "a: [",
        "psnr_above: x",
    ):
        file.write_text(text)
        with pytest.raises(ValueError, match=r"\w+"):
            Limits.load(file)
    with pytest.raises(ValueError, match="can't be read"):
        Limits.load(tmp_path / "none.yaml")


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3, 4), (0.1, 0.10001), (0, 12345), (5, 5.5)])
def test_ticks_are_few_round_numbers_within_the_axis(low: float, high: float) -> None:
    found = ticks(low, high, 6)
    assert 2 <= len(found) <= 7
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in found)


def test_a_gap_of_a_profile_is_a_gap_of_its_curve() -> None:
    x = np.arange(6.0)
    drawn = plot([(x, np.array([0, 1, np.nan, 3, 4, 5.0])), (x, np.full(6, 2.0))])
    assert drawn.paths[0].count("M") == 2
    assert drawn.paths[1].count("M") == 1


def test_lines_and_labels_are_read() -> None:
    assert parse_line(" 1,2 : 3.5,-4", 2).path == ((1.0, 2.0), (3.5, -4.0))
    for text in ("1,2", "1,2:1,2", "a,b:c,d"):
        with pytest.raises(ValueError, match="--line"):
            parse_line(text, 1)
    assert unique(["tv", "tv", "l1"]) == ["tv", "tv (2)", "l1"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contents: Contents) -> Path:
    monkeypatch.chdir(tmp_path)
    io.write("scan.tif", scan(), pixel_size=0.1, unit="mm")
    io.write("truth.tif", truth())
    io.write("stack.tif", np.stack([truth(), scan()]))
    wiener, tv = contents.outcomes
    io.write("scan_wiener.tif", wiener.image, recipe=wiener.recipe.to_yaml())
    tv.recipe.save("tv.yaml")
    return tmp_path


def invoke(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, ["report", *arguments, "--out", "r.html"])
    return result.exit_code, result.stderr


def test_the_command_takes_results_and_recipes(folder: Path, contents: Contents) -> None:
    code, error = invoke(
        *("scan_wiener.tif", "tv.yaml", "--image", "stack.tif[1]", "--reference", "truth.tif"),
        *("--line", "30,8:30,40", "--limit", "edge_width_below=3", "--device", "cpu"),
    )
    assert code == 0, error
    rows = list(csv.DictReader(Path("r.csv").read_text().splitlines()))
    assert [row["name"] for row in rows] == ["stack_1", "wiener", "tv"]
    for row, outcome in zip(rows[1:], contents.outcomes, strict=True):
        assert float(row["psnr_db"]) == pytest.approx(outcome.figures.psnr.value, abs=0.01)
        assert row["limits"] == "pass"
    assert float(rows[2]["seconds"]) > 0
    assert rows[1]["seconds"] == ""


def test_the_command_refuses_in_one_sentence(folder: Path) -> None:
    for arguments, said in (
        (("truth.tif", "--image", "scan.tif"), "holds no recipe"),
        (("scan_wiener.tif", "--image", "stack.tif"), "one picture"),
        (("tv.yaml", "--image", "scan.tif", "--limit", "x=1"), "x"),
        (("tv.yaml", "--image", "none.tif"), "none.tif"),
    ):
        code, error = invoke(*arguments)
        assert code == 2
        assert said in error
        assert len(error.strip().splitlines()) == 1
    Path("r.csv").write_text("kept")
    code, error = invoke("tv.yaml", "--image", "none.tif", "--overwrite")  # before any work
    assert (code, Path("r.csv").read_text()) == (2, "kept")
    assert "no table of a report" in error
    Path("r.csv").unlink()
    Path("r.html").write_text("kept")
    code, error = invoke("tv.yaml", "--image", "scan.tif")
    assert (code, Path("r.html").read_text()) == (2, "kept")
    assert "exists already" in error
