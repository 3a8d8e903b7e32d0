"""The command line's measures: figures in the file's unit, JSON, and refusals in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from napari_deconv import cli, io, samples
from napari_deconv.evidence.measures import MEASURES


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of even noise, 0.1 mm a pixel."""
    path = tmp_path_factory.mktemp("scans") / "noise.tif"
    noise = np.random.default_rng(0).normal(100, 4, (96, 96)).astype(np.float32)
    io.write(path, noise, pixel_size=0.1, unit="mm")
    return path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, ["measure", *map(str, arguments)])


def test_figures_are_told_with_their_interval(scan: Path) -> None:
    result = call("snr", scan, "--box", "5,5,90,90", "--set", "resolution=0.0886")
    assert result.exit_code == 0
    assert result.stdout.startswith("1: SNR 25")
    assert " ± " in result.stdout


def test_json_has_every_shape_and_its_curves(scan: Path) -> None:
    result = call("nps", scan, "--box", "0,0,95,95", "--box", "0,0,47,47", "--json")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["shape"] for each in found] == [1, 2]
    assert found[0]["graph"]["across"] == "frequency (lp/mm)"
    power = found[0]["figures"][0]
    assert power["unit"] == "grey² mm²"
    assert power["value"] == pytest.approx(16 * 0.01, rel=0.5)


def test_the_pixel_size_can_be_given(scan: Path) -> None:
    lines = ["nps", scan, "--box", "0,0,95,95", "--json", "--pixel-size"]
    one, two = (json.loads(call(*lines, size).stdout) for size in ("0.1 mm", "200 um"))
    power = [each["figures"][0]["value"] for each in (one, two)]
    assert power[1] == pytest.approx(4 * power[0])


def test_circles_and_lines_are_read(scan: Path, tmp_path: Path) -> None:
    assert call("contrast", scan, "--circle", "48,48,40").exit_code == 0
    sample = samples.radiograph(peak=1e5, psf=samples.core_and_tail(15, core=1.0, tail=2.0))
    io.write(tmp_path / "part.tif", sample.image, pixel_size=sample.pixel_size, unit="mm")
    ends = ",".join(f"{x:.1f}" for end in sample.features["duplex wires"] for x in end)
    result = call("duplex", tmp_path / "part.tif", "--line", ends, "--set", "width=25")
    assert "iSRb 0." in result.stdout
    assert "mm" in result.stdout


def test_a_figure_that_is_not_there_is_not_told(tmp_path: Path) -> None:
    sharp = samples.radiograph((1024, 1024), peak=1e5, psf=np.ones((1, 1)))
    io.write(tmp_path / "sharp.tif", sharp.image, pixel_size=sharp.pixel_size, unit="mm")
    ends = ",".join(f"{x:.1f}" for end in sharp.features["duplex wires"] for x in end)
    result = call("duplex", tmp_path / "sharp.tif", "--line", ends)
    assert "nan" not in result.stdout
    assert "told apart" in result.stderr


def test_a_slice_of_a_stack_is_measured(scan: Path, tmp_path: Path) -> None:
    noise = io.read(scan).array
    stack = tmp_path / "stack.tif"
    io.write(stack, np.stack([2 * noise, noise]), pixel_size=(1.0, 0.1, 0.1), unit="mm")
    box = ("--box", "5,5,90,90", "--json")
    assert call("snr", f"{stack}[1]", *box).stdout == call("snr", scan, *box).stdout
    result = call("snr", stack, *box)
    assert result.exit_code == 2
    assert "one slice" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("mft", "--box", "1,1,50,50"), "no measure 'mft'; choose one of: edge-mtf"),
        (("snr",), "snr needs --box. Drag a box"),
        (("snr", "--line", "1,1,50,50", "--box", "1,1,50,50"), "by --box, not by --line"),
        (("duplex", "--line", "1,1,50"), "R0,C0,R1,C1"),
        (("contrast", "--circle", "a,b,c"), "R,C,RADIUS"),
        (("snr", "--box", "1,1,nan,50"), "R0,C0,R1,C1"),
        (("snr", "--box", "1,1,50,50", "--set", "width"), "no setting"),
        (("snr", "--box", "1,1,50,50", "--set", "wide=3"), "has no parameter 'wide'"),
        (("snr", "--box", "1,1,500,500"), "beyond the image"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    scan: Path, arguments: tuple[str, ...], says: str
) -> None:
    result = call(arguments[0], scan, *arguments[1:])
    assert result.exit_code == 2
    assert says in result.stderr
    assert "Traceback" not in result.output


def test_help_names_every_measure() -> None:
    told = " ".join(call("--help").stdout.split())
    for kind in MEASURES:
        assert kind in told
