"""The command line: tables, runs, round trips, and refusals in one sentence."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from rich.console import Console
from scipy.ndimage import gaussian_filter
from typer.testing import CliRunner, Result

from napari_deconv import __version__, catalogue, cli, io, registry
from napari_deconv.core.units import PixelSize
from napari_deconv.jobs import Job, Reference, Terms
from napari_deconv.progress import Bar
from napari_deconv.recipe import Recipe
from napari_deconv.settings import changed, value

SHAPE = (56, 48)
SIGMA = 0.01
CHOICES = [
    (family, name, choice)
    for family in registry.MODULES
    for name, choice in registry.choices(family).items()
]


def scene() -> np.ndarray:
    """Return a plate with a step and a slot."""
    truth = np.full(SHAPE, 0.8, np.float32)
    truth[10:46, 8:40] = 0.4
    truth[26:30, 14:34] = 0.9
    return truth


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Step into a folder with a scan, its PSF, its truth, a stack and a recipe."""
    truth = scene()
    noise = SIGMA * np.random.default_rng(0).standard_normal(SHAPE)
    scan = (gaussian_filter(truth, 1.5, mode="nearest") + noise).astype(np.float32)
    dot = np.zeros((13, 13), np.float32)
    dot[6, 6] = 1
    io.write(tmp_path / "scan.tif", scan, pixel_size=0.1, unit="mm")
    io.write(tmp_path / "bare.tif", scan)
    io.write(tmp_path / "truth.tif", truth)
    io.write(tmp_path / "psf.tif", gaussian_filter(dot, 1.5))
    io.write(tmp_path / "stack.tif", np.stack([scan, scan[::-1], 0.5 * scan]))
    np.save(tmp_path / "rgb.npy", np.zeros((20, 20, 3), np.uint8))
    np.save(tmp_path / "nan_psf.npy", np.full((5, 5), np.nan))
    np.save(tmp_path / "short.npy", truth[:-1])
    (tmp_path / "tv.yaml").write_text("method: {name: tv, iterations: 20}\n")
    (tmp_path / "gaussian.yaml").write_text(
        "psf: {name: gaussian, sigma: 1.5}\nmethod: {name: tv, iterations: 20}\n"
    )
    (tmp_path / "file").write_text("a file where a folder is asked for")
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


def invoke(*arguments: str) -> Result:
    """Call the command line in this process."""
    return CliRunner().invoke(cli.app, list(arguments))


def succeed(*arguments: str) -> Result:
    """Call the command line and expect it to do as told."""
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    return result


def refuse(*arguments: str) -> str:
    """Call the command line, expect one plain sentence on stderr, and return it."""
    result = invoke(*arguments)
    assert result.exit_code == cli.BAD_INPUT, result.output
    assert result.stdout == ""
    sentence = result.stderr.strip()
    assert len(sentence.splitlines()) == 1
    assert "Traceback" not in sentence
    assert re.fullmatch(r"\S.{10,}[\w.)]", sentence), sentence
    return sentence


def restore(*arguments: str) -> dict:
    """Run on one image and return the JSON object."""
    lines = succeed("run", *arguments, "--json").stdout.splitlines()
    assert len(lines) == 1
    return json.loads(lines[0])


def bare(code: str) -> str:
    """Run code in an interpreter of its own."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_help_version_and_no_command() -> None:
    assert __version__ in succeed("--version").stdout
    for arguments in ((), ("--help",), ("-h",)):
        shown = succeed(*arguments).stdout
        assert all(command in shown for command in ("methods", "run", "demo"))


def test_table_needs_no_torch_and_is_quick() -> None:
    began = "import sys; sys.modules['torch'] = None\n"
    heavy = "{'torch', 'scipy', 'skimage', 'tifffile', 'napari', 'matplotlib'}"
    loaded = bare(f"import sys, napari_deconv.cli\nprint({heavy} & set(sys.modules))")
    assert loaded.strip() == "set()"
    call = "from napari_deconv.cli import app; import time\n"
    end = "try:\n app({})\nfinally:\n print('CPU', time.process_time())"
    for arguments in (["methods"], ["methods", "--json"], ["--help"]):
        shown = bare(began + call + end.format(arguments))
        assert float(shown.split()[-1]) < 3


@pytest.mark.parametrize(("family", "name", "choice"), CHOICES)
def test_table_shows_every_declaration(family: str, name: str, choice: type) -> None:
    shown = succeed("methods").stdout
    section = re.split(r"\n(?=\w+: )", "\n" + shown)
    (table,) = [part for part in section if part.startswith(f"{family}: ")]
    rows = re.split(r"\n (?=\S)", table)
    (row,) = [part for part in rows if part.split()[:1] == [name]]
    words = " ".join(row.split())
    assert choice.label.split()[0] in words
    for parameter, field in choice.parameters().items():
        assert f" {parameter} " in words
        assert field.description.split()[0] in words
        if isinstance(field.default, float):
            assert f" {field.default:g} " in words


def test_ranges_are_said_in_words() -> None:
    known = {
        (family, name): {p.name: p for p in catalogue.parameters(choice.model_json_schema())}
        for family, name, choice in CHOICES
    }
    weight = known["method", "tv"]["weight"]
    assert (weight.type, weight.range, weight.default) == ("number or auto", "≥ 0, ≤ 1000", "auto")
    assert known["method", "least-squares"]["cutoff"].range == "> 0, ≤ 1"
    assert known["method", "tv"]["iterations"].type == "whole number"
    assert known["psf", "gaussian"]["unit"].range.startswith("px, nm")
    assert known["method", "tv"]["isotropic"].default == "true"
    assert known["psf", "measured"]["data"].default == "needed"
    assert known["fidelity", "poisson"]["background"].unit == "grey values"


def test_schema_accepts_what_recipes_accept_and_nothing_else() -> None:
    schema = json.loads(succeed("methods", "--json").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    assert set(registry.MODULES) <= set(schema["$defs"])
    for method in registry.choices("method"):
        recipe = Recipe(psf={"name": "gaussian", "sigma": 2}, method=method)
        assert check.is_valid(json.loads(json.dumps(recipe.plain())))
        assert check.is_valid({"method": method})
    nested = Recipe(psf={"name": "convolved", "first": {"name": "convolved"}}, method="tv")
    assert check.is_valid(json.loads(json.dumps(nested.plain())))
    for wrong in (
        {"method": "no-such-method"},
        {"method": {"name": "tv", "weight": -1}},
        {"method": {"name": "tv", "wait": 1}},
        {"method": {"weight": 1}},
        {"psf": {"name": "convolved", "first": {"name": "disk", "radius": -1}}},
        {"metod": "tv"},
    ):
        assert not check.is_valid(wrong), wrong


def test_run_writes_picture_and_recipe(folder: Path) -> None:
    result = succeed(
        "run", "tv.yaml", "scan.tif", "--out", "a/b", "--psf", "psf.tif", "--reference", "truth.tif"
    )
    assert sorted(p.name for p in (folder / "a/b").iterdir()) == [
        "scan_tv.psf.tif",
        "scan_tv.tif",
        "scan_tv.yaml",
    ]
    assert "a/b/scan_tv.tif" in result.stdout
    assert re.search(r"PSNR [\d.]+ dB before, [\d.]+ dB \(K = 0.9\) after", result.stdout)
    assert "20 iterations" in result.stdout
    assert "chi-square" in result.stdout
    picture = io.read("a/b/scan_tv.tif")
    assert picture.array.dtype == np.float32
    assert picture.array.shape == SHAPE
    assert PixelSize(picture.pixel_size, picture.unit).to("mm").value == pytest.approx(0.1)
    inside = Recipe.from_yaml(picture.metadata["recipe"])
    beside = Recipe.load("a/b/scan_tv.yaml")
    assert inside == beside
    assert isinstance(inside.method.weight, float)
    assert inside.measured is not None
    assert inside.measured.noise == pytest.approx(SIGMA, rel=0.2)


def test_json_says_what_was_done(folder: Path) -> None:
    said = restore(
        "tv.yaml", "scan.tif", "--out", "o", "--psf", "psf.tif", "--reference", "truth.tif"
    )
    restored, truth = io.read("o/scan_tv.tif").array, scene()
    assert said["output"] == str(Path("o/scan_tv.tif"))
    assert said["recipe"] == str(Path("o/scan_tv.yaml"))
    assert (said["iterations"], said["slices"], said["device"]) == (20, 1, said["device"])
    mse = np.mean((restored.astype(float) - truth) ** 2)
    assert said["data_range"] == pytest.approx(0.9)
    assert said["psnr"] == pytest.approx(10 * np.log10(0.9**2 / mse), abs=1e-6)
    assert said["psnr"] > said["psnr_before"] + 3
    assert 0.7 < said["chi2"] < 1.2
    assert said["seconds"] > 0
    assert said["warnings"] == []


def test_the_written_recipe_gives_the_same_picture_again(folder: Path) -> None:
    succeed("run", "tv.yaml", "scan.tif", "--out", "first", "--psf", "psf.tif")
    succeed("run", "first/scan_tv.yaml", "scan.tif", "--out", "second")
    first, second = (io.read(f"{name}/scan_tv.tif").array for name in ("first", "second"))
    np.testing.assert_array_equal(first, second)
    assert Recipe.load("first/scan_tv.yaml") == Recipe.load("second/scan_tv.yaml")


def test_what_a_large_picture_takes_is_said_before_the_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_deconv import restoration

    monkeypatch.setattr(restoration, "LARGE", 100)
    said = succeed("run", "gaussian.yaml", "scan.tif", "--out", "o").stderr
    assert re.match(r"scan\.tif: about .+, \d+ MB\n", said), said


@pytest.mark.parametrize("method", registry.choices("method"))
def test_every_method_runs_by_its_name(folder: Path, method: str) -> None:
    settings = ["--set", f"method={method}", "--set", "psf=gaussian", "--set", "psf.sigma=1.5"]
    said = restore("tv.yaml", "scan.tif", "--out", "o", *settings)
    assert said["method"] == method
    assert said["output"].endswith(f"scan_{method}.tif")
    saved = Recipe.load(said["recipe"])
    assert saved.method.key() == method
    assert saved.psf == registry.choices("psf")["gaussian"](sigma=1.5)
    assert np.isfinite(io.read(said["output"]).array).all()


def test_settings_reach_the_recipe(folder: Path) -> None:
    settings = [
        "method.weight=1e-3",
        "method.isotropic=false",
        "fidelity=poisson",
        "fidelity.gain=0.002",
        "boundary=reflect",
        "psf.sigma=2",
        "centre=centroid",
    ]
    options = [part for setting in settings for part in ("--set", setting)]
    said = restore("gaussian.yaml", "scan.tif", "--out", "o", *options)
    saved = Recipe.load(said["recipe"])
    assert (saved.method.weight, saved.method.isotropic) == (1e-3, False)
    assert saved.method.iterations == 20
    assert (saved.fidelity.key(), saved.fidelity.gain) == ("poisson", 0.002)
    assert saved.boundary.key() == "reflect"
    assert saved.psf.sigma == 2
    assert saved.centre == "centroid"
    assert said["chi2"] < 0.5  # a stated gain counts, here of more noise than there is


@pytest.mark.parametrize(
    ("text", "meant"),
    [("1e-3", 1e-3), ("3", 3), ("-2.5E2", -250.0), ("auto", "auto"), ("true", True), ("", None)],
)
def test_values_are_read_as_yaml(text: str, meant: object) -> None:
    read = value(text)
    assert read == meant
    assert type(read) is type(meant)


def test_what_a_recipe_does_not_state_follows_what_is_set() -> None:
    stated = Recipe(method="richardson-lucy")
    assert stated.fidelity.key() == "poisson"
    assert changed(stated, ["method=tikhonov"]).fidelity.key() == "gaussian"
    assert changed(stated, ["fidelity.background=3"]).fidelity.background == 3
    assert changed(stated, ["method=tv", "method.weight=1"]).method.weight == 1
    assert changed(stated, []) is stated


def test_a_stack_is_restored_slice_by_slice(folder: Path) -> None:
    said = restore("gaussian.yaml", "stack.tif", "--out", "o")
    assert (said["slices"], said["iterations"]) == (3, 20)
    restored = io.read(said["output"]).array
    assert restored.shape == (3, *SHAPE)
    stack = io.read("stack.tif").array
    expected = Recipe.load("gaussian.yaml").run(stack).image
    np.testing.assert_array_equal(restored, expected)


def test_pixel_weights_come_from_a_file(folder: Path) -> None:
    weights = np.ones(SHAPE, np.float32)
    weights[:, 30:] = 0.1
    io.write(folder / "weights.tif", weights)
    said = restore("gaussian.yaml", "scan.tif", "--out", "o", "--weights", "weights.tif")
    assert any("weighed by 0.1 to 1 times" in sentence for sentence in said["warnings"])
    expected = Recipe.load("gaussian.yaml").run(io.read("scan.tif").array, weights=weights).image
    np.testing.assert_array_equal(io.read(said["output"]).array, expected)
    assert "have shape" in refuse(
        "run", "gaussian.yaml", "scan.tif", "--out", "p", "--weights", "short.npy"
    )


def test_files_of_a_burst_become_one_picture(folder: Path) -> None:
    scan = io.read("scan.tif").array
    rng = np.random.default_rng(1)
    for index, step in enumerate((0, 2, -1)):
        frame = np.roll(scan, step, 1) + SIGMA * rng.standard_normal(SHAPE)
        io.write(folder / f"f{index}.tif", frame.astype(np.float32), pixel_size=0.1, unit="mm")
    files = ("f0.tif", "f1.tif", "f2.tif")
    said = restore("gaussian.yaml", *files, "--out", "o", "--burst", "--reference", "truth.tif")
    assert said["output"].endswith("f0_burst_tv.tif")
    assert "3 of 3 frames merged on frame 0 (from 0)" in said["warnings"][0]
    made = io.read(said["output"])
    assert made.array.shape == SHAPE
    assert made.pixel_size == 0.1
    recipe = Recipe.load(said["recipe"])
    assert recipe.burst is not None
    assert [one.shift[1] for one in recipe.burst.found] == pytest.approx([0, 2, -1], abs=0.15)
    stack = np.stack([io.read(file).array for file in files])
    np.testing.assert_array_equal(made.array, recipe.run(stack).image)
    again = restore(said["recipe"], *files, "--out", "o2", "--burst")
    assert Recipe.load(again["recipe"]).burst == recipe.burst  # kept, not measured anew
    io.write(folder / "burst.tif", stack, pixel_size=(1.0, 0.1, 0.1), unit="mm")
    one = restore("gaussian.yaml", "burst.tif", "--out", "o", "--set", "burst.upsampling=50")
    assert io.read(one["output"]).pixel_size == 0.1
    np.testing.assert_array_equal(io.read(one["output"]).array, made.array)
    kept = "gaussian.yaml", *files, "--out", "o3", "--burst", "--set", "burst.largest_shift=1"
    assert "left out: frame 1" in restore(*kept)["warnings"][0]
    assert "one shape" in refuse(
        "run", "gaussian.yaml", "f0.tif", "short.npy", "--out", "p", "--burst"
    )
    assert "two frames or more" in refuse("run", "gaussian.yaml", "f0.tif", "--out", "p", "--burst")


def test_several_images_and_their_numbers(folder: Path) -> None:
    lines = succeed(
        "run", "gaussian.yaml", "scan.tif", "stack.tif", "bare.tif", "--out", "o", "--json"
    ).stdout.splitlines()
    assert [json.loads(line)["image"] for line in lines] == ["scan.tif", "stack.tif", "bare.tif"]
    assert len(list((folder / "o").glob("*.tif"))) == 3


@pytest.mark.parametrize(
    ("image", "given", "in_file", "warned"),
    [
        ("scan.tif", None, "0.1 mm", ""),
        ("scan.tif", "100 um", "100.0 um", ""),
        ("scan.tif", "0.05 mm", "0.05 mm", "0.05 mm replaces the file's 0.1 mm"),
        ("bare.tif", "50 um", "50.0 um", ""),
        ("bare.tif", None, None, ""),
    ],
)
def test_pixel_size(
    folder: Path, image: str, given: str | None, in_file: str | None, warned: str
) -> None:
    options = [] if given is None else ["--pixel-size", given]
    said = restore("gaussian.yaml", image, "--out", "o", *options)
    assert Recipe.load(said["recipe"]).pixel_size == in_file
    picture = io.read(said["output"])
    if in_file is None:
        assert picture.pixel_size is None
    else:
        written = PixelSize(picture.pixel_size, picture.unit)
        assert written.to("mm").value == pytest.approx(PixelSize.parse(in_file).to("mm").value)
    assert warned in " ".join(said["warnings"])
    assert bool(said["warnings"]) == bool(warned)


def test_shapes_in_a_length_follow_the_pixel_size(folder: Path) -> None:
    millimetres = ["--set", "psf.unit=mm", "--set", "psf.sigma=0.15"]
    in_mm = restore("gaussian.yaml", "scan.tif", "--out", "mm", *millimetres)
    in_px = restore("gaussian.yaml", "scan.tif", "--out", "px")
    pictures = [io.read(said["output"]).array for said in (in_mm, in_px)]
    np.testing.assert_allclose(*pictures, atol=1e-6)
    assert "pixel size" in refuse("run", "gaussian.yaml", "bare.tif", "--out", "none", *millimetres)


def test_far_out_values_and_their_reason_are_said(folder: Path) -> None:
    (folder / "wide.yaml").write_text("psf: {name: gaussian, sigma: 3}\nmethod: tikhonov\n")
    result = succeed("run", "wide.yaml", "scan.tif", "--out", "o")
    assert "scan.tif: The result's grey values run from" in result.stderr
    assert "Re-blurred result differs from the data by far more than the noise" in result.stdout
    settings = ["--set", "psf.sigma=20", "--overwrite"]
    assert (
        "No re-blur verdict"
        in succeed("run", "wide.yaml", "scan.tif", "--out", "o", *settings).stdout
    )


def test_the_file_knows_better_than_a_recipe_of_another_file(folder: Path) -> None:
    (folder / "other.yaml").write_text(
        "psf: {name: gaussian, sigma: 1.5}\npixel_size: 2 mm\nmethod: tikhonov\n"
    )
    said = restore("other.yaml", "scan.tif", "--out", "o")
    assert said["warnings"] == ["The file's pixel size 0.1 mm is used, not the recipe's 2 mm."]
    said = restore("other.yaml", "bare.tif", "--out", "o")
    assert Recipe.load(said["recipe"]).pixel_size == "2.0 mm"


def test_a_psf_of_another_pixel_size_is_named(folder: Path) -> None:
    io.write("fine.tif", io.read("psf.tif").array, pixel_size=0.05, unit="mm")
    said = restore("tv.yaml", "scan.tif", "--out", "o", "--psf", "fine.tif")
    assert "The PSF was sampled at 0.05 mm, the image at 0.1 mm" in said["warnings"][0]
    assert "--psf-pixel-size file resamples it" in said["warnings"][0]


@pytest.mark.parametrize("stated", ["file", "50 um"])
def test_a_psf_of_another_pixel_size_is_resampled_where_asked(folder: Path, stated: str) -> None:
    shape = registry.choices("psf")["gaussian"](sigma=0.15, unit="mm")
    fine, own = (shape.kernel(PixelSize(value, "mm")) for value in (0.05, 0.1))
    io.write("fine.tif", fine, pixel_size=0.05, unit="mm")
    io.write("own.tif", own, pixel_size=0.1, unit="mm")
    said = restore(
        "tv.yaml", "scan.tif", "--out", "o", "--psf", "fine.tif", "--psf-pixel-size", stated
    )
    assert any("resampled from" in note for note in said["warnings"])
    wanted = restore("tv.yaml", "scan.tif", "--out", "p", "--psf", "own.tif")
    made = io.read(said["output"]).array
    np.testing.assert_allclose(made, io.read(wanted["output"]).array, atol=2e-3)
    again = Recipe.load(said["recipe"])
    assert PixelSize.parse(again.psf.pixel_size).to("mm").value == pytest.approx(0.05)
    np.testing.assert_array_equal(again.run(io.read("scan.tif").array).image, made)


def test_a_pixel_size_of_a_psf_that_says_nothing_is_refused(folder: Path) -> None:
    io.write("bare_psf.tif", io.read("psf.tif").array)
    options = ("tv.yaml", "scan.tif", "--out", "o", "--psf-pixel-size", "file")
    assert "states no pixel size" in refuse("run", *options, "--psf", "bare_psf.tif")
    assert "is for --psf FILE" in refuse("run", *options, "--set", "psf=gaussian")


def test_sensitivity_writes_what_other_widths_of_the_psf_give(folder: Path) -> None:
    said = restore("gaussian.yaml", "scan.tif", "--out", "o", "--sensitivity")
    band = said["psf_band"]
    narrower, wider = (io.read(band[key]) for key in ("narrower", "wider"))
    result = io.read(said["output"])
    assert Path(band["narrower"]).name == "scan_tv.psf-10.tif"
    assert narrower.size == result.size
    slopes = [
        np.abs(np.diff(picture.array[26:30], axis=1)).max() for picture in (narrower, result, wider)
    ]
    assert slopes == sorted(slopes)
    recipe = Recipe.from_yaml(wider.metadata["recipe"])
    np.testing.assert_allclose(recipe.run(io.read("scan.tif").array).image, wider.array, atol=1e-5)
    again = ("gaussian.yaml", "scan.tif", "--out", "o", "--sensitivity")
    for path in (said["output"], said["recipe"]):
        Path(path).unlink()
    assert "psf-10.tif exists already" in refuse("run", *again)
    assert "PSF ±10 %: ±" in succeed("run", *again, "--overwrite").stdout


def test_the_strength_that_was_found_is_said(folder: Path) -> None:
    said = restore("gaussian.yaml", "scan.tif", "--out", "o")
    recipe = Recipe.load(said["recipe"])
    assert said["strengths"] == {"weight": recipe.method.weight}
    line = f"  weight {recipe.method.weight:.3g} found, by {said['strength_by']}"
    options = ("run", "gaussian.yaml", "scan.tif", "--out", "o", "--overwrite")
    assert line in succeed(*options).stdout
    assert "found" not in succeed(*options, "--set", "method.weight=0.01").stdout


def test_sixteen_bits_say_what_they_cost(folder: Path) -> None:
    scan = 1000 * io.read("scan.tif").array - 430
    io.write("counts.tif", scan)
    said = restore("gaussian.yaml", "counts.tif", "--out", "o", "--dtype", "uint16")
    stored = io.read(said["output"]).array
    exact = Recipe.load(said["recipe"]).run(scan).image
    assert stored.dtype == np.uint16
    clipped = int((np.rint(exact) < 0).sum())
    assert clipped > 0
    assert f"{clipped} pixels clipped" in said["warnings"][-1]
    np.testing.assert_array_equal(stored, np.clip(np.rint(exact), 0, 65535))


def test_notes_are_printed_plainly(folder: Path) -> None:
    psf = 5 * io.read("psf.tif").array
    io.write("sum5.tif", psf)
    dead = io.read("scan.tif").array.copy()
    dead[20, 20] = np.nan
    io.write("nan.tif", dead)
    result = succeed("run", "tv.yaml", "nan.tif", "--psf", "sum5.tif", "--out", "o")
    assert "nan.tif: The PSF summed to" in result.stderr
    assert "nan.tif: 1 NaN or infinite pixel masked." in result.stderr
    assert np.isfinite(io.read("o/nan_tv.tif").array).all()


def test_attenuation_is_named(folder: Path) -> None:
    log = -np.log(np.pad(io.read("scan.tif").array, 8, mode="symmetric") / 0.8)
    io.write("log.tif", log)
    said = restore("gaussian.yaml", "log.tif", "--out", "o")
    assert any("attenuation" in warning for warning in said["warnings"])


def test_overwriting_is_asked_for(folder: Path) -> None:
    call = ("run", "gaussian.yaml", "scan.tif", "--out", "o")
    succeed(*call)
    assert "--overwrite" in refuse(*call)
    succeed(*call, "--overwrite", "--set", "method.iterations=3")
    assert Recipe.load("o/scan_tv.yaml").method.iterations == 3


REFUSALS = {
    "missing image": (["tv.yaml", "none.tif"], "There is no file none.tif."),
    "RGB": (["tv.yaml", "rgb.npy"], "The image is RGB"),
    "no image format": (["tv.yaml", "tv.yaml"], "tv.yaml has no known format"),
    "missing recipe": (["none.yaml", "scan.tif"], "none.yaml can't be read as a recipe"),
    "a method's name for a recipe": (["tv", "scan.tif"], "tv can't be read as a recipe"),
    "unknown method": (
        ["tv.yaml", "scan.tif", "--set", "method=sharpen"],
        "There is no method named 'sharpen'; choose one of: ",
    ),
    "weight below zero": (
        ["tv.yaml", "scan.tif", "--set", "method.weight=-1"],
        "weight should be greater than or equal to 0, not -1",
    ),
    "unknown parameter": (
        ["tv.yaml", "scan.tif", "--set", "method.wait=1"],
        "tv has no parameter 'wait'; it knows: weight",
    ),
    "unknown part": (["tv.yaml", "scan.tif", "--set", "methods=tv"], "A recipe has no part"),
    "no setting": (["tv.yaml", "scan.tif", "--set", "tv"], "--set tv is no setting"),
    "parameter of a number": (["tv.yaml", "scan.tif", "--set", "offset.x=1"], "no parameters"),
    "parameter of nothing": (["tv.yaml", "scan.tif", "--set", "measured.noise=1"], "no measured"),
    "unreadable value": (["tv.yaml", "scan.tif", "--set", "method=[tv"], "can't be read"),
    "pixel size as a setting": (
        ["tv.yaml", "scan.tif", "--set", "pixel_size=1 mm"],
        "--pixel-size",
    ),
    "pixel size without a unit": (["tv.yaml", "scan.tif", "--pixel-size", "0.1"], "no unit"),
    "unknown device": (
        ["tv.yaml", "scan.tif", "--device", "abacus"],
        "There is no device 'abacus' here",
    ),
    "PSF with NaN": (
        ["tv.yaml", "scan.tif", "--psf", "nan_psf.npy"],
        "The PSF holds NaN or infinite values",
    ),
    "missing PSF": (["tv.yaml", "scan.tif", "--psf", "none.tif"], "There is no file none.tif."),
    "reference of another shape": (
        ["tv.yaml", "scan.tif", "--reference", "short.npy"],
        "The reference has shape (55, 48), the image (56, 48)",
    ),
    "data range below zero": (
        ["tv.yaml", "scan.tif", "--reference", "truth.tif", "--data-range", "-1"],
        "above zero",
    ),
    "data range without reference": (["tv.yaml", "scan.tif", "--data-range", "1"], "--reference"),
    "a file where a folder should be": (
        ["tv.yaml", "scan.tif", "--out", "file"],
        "file can't be written into",
    ),
    "a folder inside a file": (
        ["tv.yaml", "scan.tif", "--out", "file/deep"],
        "can't be written into",
    ),
    "two images, one result": (
        ["tv.yaml", "scan.tif", "./scan.tif"],
        "would both be written to",
    ),
    "unknown option": (["tv.yaml", "scan.tif", "--fast"], "No such option"),
    "unknown type": (["tv.yaml", "scan.tif", "--dtype", "uint8"], "uint8"),
    "no image": (["tv.yaml"], "Missing argument 'IMAGE"),
}


@pytest.mark.parametrize(("arguments", "sentence"), REFUSALS.values(), ids=REFUSALS)
def test_bad_input_is_refused_before_any_work(
    folder: Path, arguments: list[str], sentence: str
) -> None:
    options = [] if "--psf" in arguments else ["--psf", "psf.tif"]
    options += [] if "--out" in arguments else ["--out", "o"]
    assert sentence in refuse("run", *arguments, *options)
    assert not list(folder.glob("o*"))


def test_one_bad_image_stops_all_before_the_work(folder: Path) -> None:
    sentence = refuse("run", "gaussian.yaml", "scan.tif", "rgb.npy", "--out", "o")
    assert sentence.startswith("rgb.npy: The image is RGB")
    assert not (folder / "o").exists()


def test_a_recipe_without_a_psf_says_how_to_give_one(folder: Path) -> None:
    assert "--psf FILE" in refuse("run", "tv.yaml", "scan.tif", "--out", "o")


def test_inputs_are_never_overwritten(folder: Path) -> None:
    io.write("a.tif", scene())
    io.write("a_tv.tif", scene())
    call = ("run", "gaussian.yaml", "a.tif", "a_tv.tif", "--out", ".", "--overwrite")
    assert "is one of the inputs" in refuse(*call)
    np.testing.assert_array_equal(io.read("a_tv.tif").array, scene())


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(folder: Path) -> None:
    (folder / "locked").mkdir(mode=0o500)
    call = ("run", "gaussian.yaml", "scan.tif", "--out", "locked")
    assert "locked can't be written into" in refuse(*call)


def test_a_full_disk_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "o/scan_tv.tif")

    monkeypatch.setattr(io, "write", full)
    sentence = refuse("run", "gaussian.yaml", "scan.tif", "--out", "o")
    assert sentence == "o/scan_tv.tif: No space left on device."


def test_the_bar_shows_how_it_goes(folder: Path) -> None:
    terms = Terms(Recipe.load("gaussian.yaml"), Reference.of(scene(), None))
    work = Job(folder / "scan.tif", folder / "o.tif", terms).begin()
    console = Console(force_terminal=True, width=120, file=StringIO())
    with Bar(console, work) as bar:
        steps = list(work.steps())
        bar.show(steps[0])
        line = bar.figures(steps[-1])
    objective, decibels = map(float, re.findall(r"(?:objective|PSNR) ([\d.]+)", line))
    assert line.startswith("20 of 20 · ")
    assert objective == pytest.approx(steps[-1].objective, rel=1e-3)
    assert decibels == pytest.approx(work.psnr(steps[-1]).value, abs=0.01)
    assert "(K = 0.9)" in line
    assert line.endswith(" s · " + str(work.restoration.device))


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
def hearing() -> None:
    """Hear Ctrl-C, which a shell keeps from what it runs in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_interrupting_leaves_no_half_written_file(folder: Path) -> None:
    command = [sys.executable, "-c", "from napari_deconv.cli import app; app()", "run"]
    options = ["--out", "o", "--set", "method.iterations=100000"]
    running = subprocess.Popen(
        [*command, "gaussian.yaml", "scan.tif", *options],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hearing,
    )
    deadline = time.monotonic() + 60
    while not (folder / "o").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == cli.INTERRUPTED
    assert "Traceback" not in errors
    assert list((folder / "o").iterdir()) == []


def test_the_installed_command(folder: Path) -> None:
    command = [str(Path(sys.executable).with_name("napari-deconv")), "run"]
    done = subprocess.run(
        [*command, "gaussian.yaml", "none.tif", "--out", "o"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (cli.BAD_INPUT, "")
    assert done.stderr == "There is no file none.tif.\n"
    done = subprocess.run(
        [*command, "gaussian.yaml", "scan.tif", "--out", "o", "--json"],
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert json.loads(done.stdout)["iterations"] == 20


def test_demo_without_a_screen_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in cli.SCREENS:
        monkeypatch.delenv(name, raising=False)
    assert "There is no display" in refuse("demo")
    assert "xvfb-run" in refuse("demo", "--headless", "here")


def test_demo_without_napari_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    for name in [name for name in sys.modules if name.startswith("napari_deconv.widgets")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "napari", None)
    assert 'pip install "napari-deconv[napari]" PyQt6' in refuse("demo", "--headless", "here")


def test_demo_without_a_working_qt_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise ImportError("libEGL.so.1: cannot open shared object file", name="PyQt6.QtGui")

    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(cli, "import_module", fail)
    sentence = refuse("demo")
    assert "libEGL.so.1" in sentence
    assert "PyQt6" in sentence
