"""Every measure by its name: what it asks for, what it comes to, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_deconv.evidence.jackknife import jackknife
from napari_deconv.evidence.measures import MEASURES, Subject, Terms, corners_around, take
from napari_deconv.psf.figures import Figure

from .drawing import box, disk, edge, gauge, white

EVEN = 10 + white((96, 96), 0.5, 0)
LINE = np.array([[30.0, 3.0], [30.0, 60.0]])
SINE = 1 + 0.4 * np.cos(2 * np.pi * np.arange(96) / 8)[None, :] * np.ones((96, 1))
SUBJECTS = {
    "edge-mtf": Subject(edge(1.2), [box(6, 6, 89, 89)]),
    "disk-mtf": Subject(disk(1.0), [box(4, 4, 92, 92)]),
    "contrast": Subject(EVEN, [box(4, 4, 92, 92)]),
    "duplex": Subject(*(lambda drawn: (drawn[0], [drawn[1]]))(gauge(2.5))),
    "line-pairs": Subject(SINE, [LINE]),
    "edge-width": Subject(edge(1.5, degrees=0.0), [[[48, 20], [48, 75]]]),
    "wire-pair": Subject(gauge(2.5)[0], [[[30, 10], [30, 50]]]),
    "cnr": Subject(EVEN, [box(4, 4, 40, 92), box(50, 4, 92, 92)], 1),
    "snr": Subject(EVEN, [box(4, 4, 92, 92)]),
    "nps": Subject(EVEN, [box(4, 4, 92, 92)]),
}


@pytest.mark.parametrize("kind", MEASURES)
def test_every_measure_has_figures_that_json_knows(kind: str) -> None:
    reading = take(kind, SUBJECTS[kind])
    assert np.isfinite(reading.figures[0].value)
    plain = json.loads(json.dumps(reading.plain(), allow_nan=False))
    assert plain["figures"][0]["value"] == pytest.approx(reading.figures[0].value)
    if reading.graph is not None:
        assert plain["graph"]["curves"][0]["x"]


@pytest.mark.parametrize("kind", MEASURES)
def test_every_measure_says_in_a_sentence_what_to_draw_instead(kind: str) -> None:
    far = [[500, 500], [500, 560]] if MEASURES[kind].shape == "line" else box(500, 500, 560, 560)
    with pytest.raises(ValueError, match=r"draw|needs") as error:
        take(kind, Subject(EVEN, [far, far], 1))
    assert str(error.value).endswith(".")


def test_lengths_are_in_mm_where_the_pixel_is_known() -> None:
    subject = SUBJECTS["edge-width"]
    pixels = take("edge-width", subject).figures[0]
    lengths = take("edge-width", Subject(subject.image, subject.shapes, side=0.2)).figures[0]
    assert (pixels.unit, lengths.unit) == ("px", "mm")
    assert lengths.value == pytest.approx(0.2 * pixels.value)
    assert pixels.value == pytest.approx(2.563 * np.hypot(1.5, 12**-0.5), rel=0.03)


@pytest.mark.parametrize("period", [6.0, 7.3, 12.0])
def test_modulation_is_that_of_the_sine(period: float) -> None:
    sine = 1 + 0.4 * np.cos(2 * np.pi * np.arange(96) / period)[None, :] * np.ones((96, 1))
    line = [[30.0, 3.0], [30.0, 90.0]]
    reading = take("line-pairs", Subject(sine, [line]))
    assert reading.figures[0].value == pytest.approx(40, abs=1)
    assert reading.figures[1].value == pytest.approx(1 / period, rel=0.01)


def test_modulation_is_0_where_a_group_is_lost() -> None:
    flat = take("line-pairs", Subject(np.ones((96, 96)), [LINE], trusted=SINE))
    assert flat.figures[0].value == 0


def test_the_first_box_of_a_cnr_is_the_background() -> None:
    assert take("cnr", SUBJECTS["cnr"]).figures[0].name == "CNR"
    alone = take("cnr", Subject(EVEN, [box(4, 4, 40, 92)]))
    assert alone.figures[0].name == "mean"
    assert "second box" in alone.notes[0]


def test_snrn_says_where_its_resolution_is_from() -> None:
    terms = Terms(resolution=0.0886)
    given = take("snr", Subject(EVEN, [box(4, 4, 92, 92)], side=0.01, terms=terms))
    assert given.figures[1].value == pytest.approx(given.figures[0].value)
    assert given.notes == ()
    assumed = take("snr", Subject(EVEN, [box(4, 4, 92, 92)], side=0.01))
    assert assumed.figures[1].value == pytest.approx(8.86 * assumed.figures[0].value)
    assert "0.01 mm" in assumed.notes[0]
    assert "needs" in take("snr", SUBJECTS["snr"]).notes[0]


def test_unknown_measures_and_terms_are_refused() -> None:
    with pytest.raises(ValueError, match="no measure 'mft'; choose one of: edge-mtf"):
        take("mft", SUBJECTS["snr"])
    with pytest.raises(ValueError, match="terms: first should be"):
        Terms(first=14)


def test_corners_of_an_ellipse_are_those_of_its_rectangle() -> None:
    np.testing.assert_array_equal(corners_around([[3, 1], [9, 5], [4, 7]]), box(3, 1, 9, 7))


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(size=2000)
    error = jackknife(np.arange(2000), lambda used: values[used].mean())
    assert error == pytest.approx(2000**-0.5, rel=0.6)
    assert np.isnan(jackknife(np.arange(12), lambda used: values[:12][used].mean())).all()


def test_tiny_figures_are_written_with_their_power_of_ten() -> None:
    assert str(Figure("NPS(0)", 3.12e-7, 2.1e-8, "")) == "NPS(0) 3.12e-07 ± 4e-08"
    assert str(Figure("MTF50", 1.5847, 0.0135, "lp/mm")) == "MTF50 1.58 ± 0.03 lp/mm"
    assert str(Figure("mean", 8812732.0, 1211292.0, "grey")) == "mean 9000000 ± 2000000 grey"
