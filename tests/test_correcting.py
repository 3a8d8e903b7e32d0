"""The command line corrects files: named, placed and refused as those of `run` are."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
import tifffile
from typer.testing import CliRunner

from napari_deconv import io
from napari_deconv.cli import app
from napari_deconv.correcting import Frames, correction
from napari_deconv.settings import changed
from napari_deconv.xray.correct import Correction

from .formats.making import DARKS, FLATS, SCAN, made

SHAPE = (72, 96)


def raw(seed: int, scene: float = 1.0) -> np.ndarray:
    draws = np.random.default_rng(seed)
    counts = draws.poisson(4000 * scene * np.ones(SHAPE)) + draws.normal(90, 3, SHAPE)
    return counts.round().astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two images, three flats and a stack of darks."""
    io.write(tmp_path / "a.tif", raw(0, 0.5), pixel_size=(0.2, 0.1), unit="mm")
    io.write(tmp_path / "b.tif", raw(1, 0.5))
    for number in range(3):
        io.write(tmp_path / f"flat{number}.tif", raw(10 + number))
    io.write(tmp_path / "darks.tif", np.stack([raw(20, 0), raw(21, 0)]))
    return tmp_path


def invoke(folder: Path, command: str) -> tuple[int, str, str]:
    words = [word.replace("@", f"{folder}/") for word in shlex.split(command)]
    done = CliRunner().invoke(app, ["correct", *words])
    return done.exit_code, done.stdout, done.stderr


FLATS_AND_DARKS = "--flat @flat0.tif --flat @flat1.tif --flat @flat2.tif --dark @darks.tif"


def test_images_become_files_with_their_pixel_size(folder: Path) -> None:
    code, said, _ = invoke(folder, f"@a.tif @b.tif {FLATS_AND_DARKS} --out @new/deep")
    assert code == 0
    picture = io.read(folder / "new/deep/a_transmission.tif")
    assert (picture.pixel_size, picture.unit) == ((0.2, 0.1), "mm")
    assert picture.array.dtype == np.float32
    flats = [io.read(folder / f"flat{n}.tif").array for n in range(3)]
    expected = Correction().correct(
        raw(0, 0.5), np.stack(flats), io.read(folder / "darks.tif").array
    )
    np.testing.assert_array_equal(picture.array, expected.values)
    assert io.read(folder / "new/deep/b_transmission.tif").pixel_size is None
    assert str(expected.noise) in said


def test_the_noise_is_a_setting_of_run(folder: Path) -> None:
    from napari_deconv.recipe import Recipe

    _, said, _ = invoke(folder, f"@a.tif {FLATS_AND_DARKS} --out @new")
    line = next(line for line in said.splitlines() if "--set" in line)
    recipe = changed(Recipe(), [shlex.split(line.partition("--set ")[2])[0]])
    assert recipe.fidelity.key() == "poisson-gaussian"
    assert recipe.fidelity.gain == pytest.approx(1 / 4000, rel=0.2)


def test_json_and_settings(folder: Path) -> None:
    options = "--domain counts --set dead=fill --set open_field=0:20,0:20 --json"
    code, said, _ = invoke(folder, f"@a.tif {FLATS_AND_DARKS} --out @new {options}")
    assert code == 0
    told = json.loads(said)
    assert told["output"] == str(folder / "new/a_counts.tif")
    assert told["noise"]["gain"] == pytest.approx(1, rel=0.1)
    assert told["dead"] == 0
    assert correction("counts", ["open_field= 0:20, 0:20", "spots=none"]) == Correction(
        domain="counts", open_field=" 0:20, 0:20", spots="none"
    )


def test_a_slice_of_a_stack_is_a_frame(folder: Path) -> None:
    code, _, _ = invoke(folder, "'@darks.tif[1]' --domain counts --dark '@darks.tif[0]' --out @new")
    assert code == 0
    assert io.read(folder / "new/darks_1_counts.tif").array.shape == SHAPE
    (folder / "odd[1].tif").write_bytes((folder / "a.tif").read_bytes())
    assert Frames.of(folder / "odd[1].tif").slice is None


def test_a_scan_brings_its_flats_and_darks(tmp_path: Path) -> None:
    made(tmp_path, "nxtomo")
    code, said, _ = invoke(tmp_path, "@scan.nxs --out @new --set dead=keep --set spots=none")
    assert code == 0, said
    expected = Correction(dead="keep", spots="none").correct(SCAN, FLATS, DARKS)
    found = io.read(tmp_path / "new/scan_transmission.tif")
    np.testing.assert_array_equal(found.array, expected.values)
    assert found.unit == "um"


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("@a.tif --out @new", "needs flat frames"),
        ("@none.tif --out @new", "There is no file"),
        ("@a.tif --flat @none.tif --out @new", "There is no file"),
        ("@a.tif --flat @darks.tif --dark @flat0.tif --out @new", "no brighter"),
        ("@a.tif --flat '@darks.tif[7]' --out @new", "no slice 7"),
        ("@a.tif --flat @small.tif --out @new", "image's size"),
        ("@a.tif --flat @flat0.tif --flat @small.tif --out @new", "one size"),
        ("@a.tif --flat @flat0.tif --domain dose --out @new", "domain should be"),
        ("@a.tif --flat @flat0.tif --set spots --out @new", "no setting"),
        ("@a.tif --flat @flat0.tif --set gamma=3 --out @new", "no parameter 'gamma'"),
        ("@a.tif @deep/a.tif --flat @flat0.tif --out @new", "would both be written"),
        ("@a_transmission.tif --flat @flat0.tif --out @full", "exists already"),
        ("@a.tif --flat @a_transmission.tif --out @.", "one of the inputs"),
        ("@a.tif --flat @flat0.tif", "--out"),
    ],
)
def test_bad_input_is_one_sentence(folder: Path, command: str, word: str) -> None:
    (folder / "deep").mkdir()
    (folder / "full").mkdir()
    io.write(folder / "deep/a.tif", raw(0))
    io.write(folder / "small.tif", np.ones((9, 9)))
    io.write(folder / "a_transmission.tif", raw(0))
    io.write(folder / "full/a_transmission_transmission.tif", raw(0))
    before = {file for file in folder.rglob("*") if file.is_file()}
    code, said, error = invoke(folder, command)
    assert code == 2
    assert word in error.replace("\n", " ")
    assert "Traceback" not in error
    assert said == ""
    assert {file for file in folder.rglob("*") if file.is_file()} == before


def test_overwriting_is_asked_for(folder: Path) -> None:
    command = f"@a.tif {FLATS_AND_DARKS} --out @new"
    assert invoke(folder, command)[0] == 0
    assert invoke(folder, command)[0] == 2
    assert invoke(folder, f"{command} --overwrite")[0] == 0


def test_the_wedge_of_one_file(shared_data: Path, tmp_path: Path) -> None:
    file = shared_data / "dose/neutron_wedge_120s.tif"
    code, _, error = invoke(
        tmp_path, f"'{file}[0]' --flat '{file}[1]' --dark '{file}[2]' --out @new"
    )
    assert code == 0, error
    wedge, beam, dark = tifffile.imread(file)
    expected = Correction().correct(wedge, beam, dark).values
    found = io.read(tmp_path / "new/neutron_wedge_120s_0_transmission.tif").array
    np.testing.assert_array_equal(found, expected)
