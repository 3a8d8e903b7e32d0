"""Pixel sizes: what people and files write, conversions, refusals."""

from __future__ import annotations

import pytest

from napari_deconv.core.units import (
    UNITS,
    PixelSize,
    canonical_unit,
    convert,
    parse_pixel_size,
)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("0.1 mm", 0.1, "mm"),
        ("  0.1mm ", 0.1, "mm"),
        ("100 um", 100.0, "um"),
        ("100 \u00b5m", 100.0, "um"),  # micro sign
        ("100 \u03bcm", 100.0, "um"),  # Greek letter
        ("100 \\u00B5m", 100.0, "um"),  # as ImageJ escapes it
        ("55 nm", 55.0, "nm"),
        ("2 microns", 2.0, "um"),
        ("0.3 Millimetres", 0.3, "mm"),
        ("1e-4 m", 1e-4, "m"),
        ("1.5E-4m", 1.5e-4, "m"),
        (".5 cm", 0.5, "cm"),
        ("0.01 inches", 0.01, "in"),
        ("0.5 x 0.1 x 0.1 mm", (0.5, 0.1, 0.1), "mm"),
        ("0.2x0.1um", (0.2, 0.1), "um"),
        ("0.2 \u00d7 0.1 um", (0.2, 0.1), "um"),
    ],
)
def test_a_text_is_understood(text, value, unit):
    size = parse_pixel_size(text)
    assert size == (value, unit)
    assert PixelSize.parse(text) == size
    # What is printed is read again: recipes carry a size as text.
    assert PixelSize.parse(str(size)) == size


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no number"),
        ("mm", "no number"),
        ("nan mm", "no number"),
        ("inf mm", "no number"),
        ("\u0663 mm", "no number"),  # an Arabic three
        ("0.1", "no unit"),
        ("0,1 mm", "comma"),
        ("1 px", "no length"),
        ("2 pixels", "no length"),
        ("2 furlong", "Unknown unit 'furlong'"),
        ("1 m m", "Unknown unit"),
        ("1 x mm", "Unknown unit"),
        ("1 kg", "nm, um, mm, cm, m, in"),
        ("-1 mm", "above zero"),
        ("0 mm", "above zero"),
        ("1 x 0 mm", "above zero"),
        ("1e400 mm", "finite"),
    ],
)
def test_a_bad_text_is_refused_in_one_sentence(text, complaint):
    with pytest.raises(ValueError, match=complaint) as error:
        parse_pixel_size(text)
    assert "\n" not in str(error.value)
    assert str(error.value).endswith(".")


@pytest.mark.parametrize(
    ("value", "unit", "target", "expected"),
    [
        (0.1, "mm", "um", 100.0),
        (0.1, "mm", "mm", 0.1),
        (1.0, "in", "mm", 25.4),
        (1.0, "m", "nm", 1e9),
        (254.0, "um", "in", 0.01),
        (2.0, "cm", "m", 0.02),
    ],
)
def test_lengths_convert(value, unit, target, expected):
    assert convert(value, unit, target) == expected


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("target", UNITS)
def test_conversion_there_and_back_is_the_identity(unit, target):
    size = PixelSize((0.0569, 0.1), unit)
    assert size.to(target).to(unit).value == pytest.approx(size.value, rel=1e-15)


def test_sizes_along_axes_count_from_the_last():
    assert PixelSize(0.1, "mm").along(3, "um") == (100.0, 100.0, 100.0)
    assert PixelSize((0.5, 0.2, 0.1), "mm").along(2, "mm") == (0.2, 0.1)
    with pytest.raises(ValueError, match="has 2 lengths, but 3 are needed"):
        PixelSize((0.2, 0.1), "mm").along(3, "mm")


def test_units_have_one_name():
    assert {canonical_unit(u) for u in ("MM", "millimeter", "Millimetres", " mm ")} == {"mm"}
    with pytest.raises(ValueError, match="Unknown unit 'pixel'"):
        canonical_unit("pixel")
    with pytest.raises(ValueError, match="Unknown unit"):
        convert(1.0, "parsec", "mm")
