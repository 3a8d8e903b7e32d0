"""The samples: what they claim of themselves is what a measurement of them finds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from scipy.signal import argrelmin, convolve

from napari_deconv.phantom.gauges import DUPLEX, PITCHES
from napari_deconv.phantom.parts import FIELD, PARTS, bearing
from napari_deconv.phantom.solids import Rays
from napari_deconv.samples import Sample, core_and_tail, radiograph, volume


@pytest.fixture(scope="module", params=sorted(PARTS))
def sample(request):
    return radiograph(part=request.param)


@pytest.fixture(scope="module")
def scan():
    return volume()


def profile(image, line, width=9):
    """Values along a line, eight to a pixel, averaged over ``width`` pixels in 2-D."""
    start, end = (np.asarray(point) for point in line)
    length = float(np.linalg.norm(end - start))
    along = np.linspace(0.0, 1.0, round(length * 8) + 1)[:, None]
    points = start + along * (end - start)
    if image.ndim == 3:
        return map_coordinates(image, points.T, order=1)
    normal = np.array([start[1] - end[1], end[0] - start[0]]) / length
    offsets = np.arange(width) - (width - 1) / 2
    points = points[:, None, :] + offsets[:, None] * normal
    return map_coordinates(image, np.moveaxis(points, -1, 0), order=1).mean(axis=1)


def dips(values, depth):
    """Number of minima that lie at least ``depth`` of the profile's range below its top."""
    flat = np.concatenate([[values.max()], values, [values.max()]])
    kept = flat[np.r_[True, np.abs(np.diff(flat)) > 1e-9 * np.ptp(flat)]]
    lows = kept[argrelmin(kept)[0]]
    return int(np.count_nonzero(lows < values.max() - depth * np.ptp(values)))


def test_the_seed_makes_the_noise_and_nothing_else():
    first, again, other = (radiograph((256, 256), seed=seed) for seed in (0, 0, 1))
    for name in ("image", "psf", "truth", "blurred"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    for name in ("psf", "truth", "blurred"):
        np.testing.assert_array_equal(getattr(other, name), getattr(first, name))
    difference = (other.image - first.image).std()
    assert difference == pytest.approx(np.sqrt(2) * first.sigma, rel=0.02)


def test_the_parts_differ():
    first, second = (radiograph((96, 96), part=part).truth for part in sorted(PARTS))
    assert np.abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.5


def test_shapes_types_and_range(sample):
    for array in (sample.image, sample.truth, sample.blurred):
        assert array.shape == (512, 512)
        assert array.dtype == np.float32
        assert np.isfinite(array).all()
    assert 0.08 <= sample.truth.min() < 0.25
    assert 0.5 < sample.truth.max() <= 0.95
    assert sample.pixel_size == pytest.approx(0.1)
    assert sample.unit == "mm"


@pytest.mark.parametrize("make", [radiograph, volume])
def test_the_noise_is_as_stated(make):
    for read_noise in (0.0, 2.0, 50.0):
        made = make(read_noise=read_noise, seed=3)
        noise = (made.image - made.blurred).astype(np.float64)
        assert noise.std() == pytest.approx(made.sigma, rel=0.02)
        assert abs(noise.mean()) < 5 * made.sigma / np.sqrt(noise.size)


def test_noise_follows_the_counts(sample):
    noise = sample.image - sample.blurred
    dark = sample.blurred < np.quantile(sample.blurred, 0.1)
    bright = sample.blurred > np.quantile(sample.blurred, 0.9)
    for part in (dark, bright):
        expected = np.sqrt(10000 * sample.blurred[part].mean() + 4.0) / 10000
        assert noise[part].std() == pytest.approx(expected, rel=0.03)


def test_the_psf_is_normalised_and_centred(sample):
    psf = sample.psf.astype(np.float64)
    assert psf.shape == (41, 41)
    assert psf.sum() == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_allclose(psf, psf[::-1, ::-1], atol=1e-9)
    assert psf.argmax() == psf.size // 2
    tail = (1 - 0.2) / (2 * np.pi * 4)  # a core of 2 px alone would peak at most this high
    assert tail < psf.max() < 1.1 * tail


def test_blur_of_the_truth_is_the_picture_before_noise(sample):
    again = convolve(sample.truth.astype(np.float64), sample.psf.astype(np.float64), mode="valid")
    np.testing.assert_allclose(again, sample.blurred[20:-20, 20:-20], atol=2e-6)


def test_an_asymmetric_psf_is_convolved_not_correlated():
    psf = np.zeros((5, 7))
    psf[1, 5] = 3.0  # one row up, two columns to the right; sum 3
    made = radiograph((64, 80), psf=psf, peak=1e9, read_noise=0.0)
    assert made.psf.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(made.blurred[:-1, 2:], made.truth[1:, :-2], atol=1e-6)


def test_the_border_is_real():
    """A frame cut from the middle of a larger detector shows the same, up to its border."""
    psf = core_and_tail(21)
    small = radiograph((128, 128), psf=psf)
    pixel, margin = FIELD / 128, 30
    corner = (-margin * pixel,) * 2
    rays = Rays.grid((128 + 2 * margin,) * 2, pixel, corner)
    centre = FIELD / 2
    beam = 0.95 * (1 - 0.1 * ((rays.x - centre) ** 2 + (rays.y - centre) ** 2) / (FIELD**2 / 2))
    scene = beam * np.exp(-bearing(rays).attenuation)
    blurred = convolve(scene, psf, mode="same")[margin:-margin, margin:-margin]
    np.testing.assert_allclose(small.blurred, blurred, atol=1e-6)
    np.testing.assert_allclose(small.truth, scene[margin:-margin, margin:-margin], atol=1e-6)
    # And what lies outside matters: a border that repeats its last row would be seen.
    padded = np.pad(small.truth.astype(np.float64), 10, mode="edge")
    assumed = convolve(padded, psf, mode="valid")
    assert np.abs(assumed - small.blurred)[[0, -1]].max() > 0.01
    np.testing.assert_allclose(assumed[10:-10, 10:-10], small.blurred[10:-10, 10:-10], atol=1e-6)


@pytest.mark.parametrize("shape", [(128, 128), (200, 320), (333, 250)])
@pytest.mark.parametrize("part", sorted(PARTS))
def test_features_lie_inside_the_frame(shape, part):
    made = radiograph(shape, part=part)
    assert made.image.shape == shape
    assert made.pixel_size == pytest.approx(FIELD / min(shape))
    assert {"line pairs", "wire pair", "step", "edge", "duplex wires", "wedge"} <= set(
        made.features
    )
    for name, line in made.features.items():
        for row, column in line:
            assert 0 <= row <= shape[0] - 1, name
            assert 0 <= column <= shape[1] - 1, name
    assert set(made.nominal) <= set(made.features)


def test_the_line_over_all_groups_crosses_every_bar(sample):
    values = profile(sample.truth, sample.features["line pairs"])
    assert dips(values, 0.5) == 4 * len(PITCHES)
    assert sample.nominal["line pairs"] == PITCHES


@pytest.mark.parametrize("pitch", PITCHES)
def test_the_line_over_a_group_crosses_four_bars_of_its_pitch(sample, pitch):
    name = f"line pairs {pitch:g} mm"
    values = profile(sample.truth, sample.features[name])
    assert sample.nominal[name] == (pitch,)
    assert dips(values, 0.5) == 4
    # First and last bar lie three pitches apart.
    low = np.flatnonzero(values < values.min() + 0.5 * np.ptp(values)) / 8
    length = (low[-1] - low[0]) * sample.pixel_size
    assert length == pytest.approx(3.5 * pitch, abs=0.06)


def test_the_groups_fall_from_resolved_to_lost(sample):
    """The blur leaves nearly all of the first group's modulation and next to none of the last's."""
    left = []
    for pitch in PITCHES:
        line = sample.features[f"line pairs {pitch:g} mm"]
        inner = slice(8 * 6, -8 * 6)  # between the outer bars
        sharp, soft = (
            np.ptp(profile(image, line)[inner]) for image in (sample.truth, sample.blurred)
        )
        left.append(soft / sharp)
    assert left[0] > 0.6
    assert left[:5] == sorted(left[:5], reverse=True)
    assert max(left[5:]) < 0.1


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7])
def test_the_line_over_a_wire_pair_crosses_two_wires(sample, number):
    values = profile(sample.truth, sample.features[f"wire pair D{number}"])
    assert sample.nominal[f"wire pair D{number}"] == (DUPLEX[number - 1],)
    assert dips(values, 0.4) == 2


def test_the_wire_pair_is_blurred_but_not_lost(sample):
    """Between the wires the grey value rises less than in truth, and enough to be restored."""
    shares = []
    for image in (sample.truth, sample.blurred):
        values = profile(image, sample.features["wire pair"])
        middle = values[len(values) // 2]
        shares.append((middle - values.min()) / (values[:4].mean() - values.min()))
    assert shares[0] > 0.95
    assert 0.3 < shares[1] < 0.7


def test_wires_thinner_than_a_pixel_show_their_mass():
    """D13, half a pixel wide, absorbs as much as its cross section says."""
    made = radiograph()
    values = profile(made.truth, made.features["wire pair D13"]).astype(np.float64)
    ends = np.linspace(values[0], values[-1], values.size)
    area = -np.log(values / ends).sum() / 8 * made.pixel_size
    assert area == pytest.approx(2 * 0.625 * np.pi * 0.025**2, rel=0.1)


def test_the_step_is_one_step_of_known_thickness(sample):
    values = profile(sample.truth, sample.features["step"])
    thin, thick = sample.nominal["step"]
    quarter = values.size // 4
    ratio = values[:quarter].mean() / values[-quarter:].mean()
    assert ratio == pytest.approx(np.exp(0.0865 * (thick - thin)), rel=0.02)
    assert (np.diff(values) > 0.01).sum() == 0
    # The rise takes less than two pixels in truth and several after the blur.
    for image, least, most in ((sample.truth, 0, 2), (sample.blurred, 4, 12)):
        inside = profile(image, sample.features["step"])
        low, high = inside[-quarter:].mean(), inside[:quarter].mean()
        between = np.count_nonzero(
            (inside > low + 0.1 * (high - low)) & (inside < low + 0.9 * (high - low))
        )
        assert least <= between / 8 <= most


def test_the_edge_is_tilted_as_stated(sample):
    """Half-height crossings of parallel lines lie on a line with the stated tilt."""
    (r0, c0), (r1, c1) = sample.features["edge"]
    middle = (r0 + r1) / 2
    crossings = []
    for shift in range(-12, 13):
        row = round(middle) + shift
        values = sample.truth[row, round(c0) : round(c1) + 1].astype(np.float64)
        half = (values[:3].mean() + values[-3:].mean()) / 2
        k = int(np.argmax(values > half))
        crossings.append(k - (values[k] - half) / (values[k] - values[k - 1]))
    slope = np.polyfit(np.arange(-12, 13), crossings, 1)[0]
    assert -np.degrees(np.arctan(slope)) == pytest.approx(sample.nominal["edge"][0], abs=0.7)


def test_peak_sets_the_counts():
    few, many = (radiograph((128, 128), peak=peak, read_noise=0.0) for peak in (100.0, 1e6))
    assert few.sigma == pytest.approx(100 * many.sigma, rel=1e-6)
    np.testing.assert_allclose(few.image * 100, np.rint(few.image * 100), atol=1e-4)


def test_the_volume_is_blurred_in_three_dimensions(scan):
    assert scan.image.shape == scan.truth.shape == (24, 48, 48)
    assert scan.psf.ndim == 3
    assert scan.psf.sum() == pytest.approx(1.0, abs=1e-6)
    again = convolve(scan.truth.astype(np.float64), scan.psf.astype(np.float64), mode="valid")
    np.testing.assert_allclose(again, scan.blurred[4:-4, 5:-5, 5:-5], atol=2e-6)
    widths = [
        np.sqrt((scan.psf.sum(axis=other) * np.arange(-h, h + 1) ** 2).sum())
        for other, h in (((1, 2), 4), ((0, 2), 5), ((0, 1), 5))
    ]
    assert widths[0] > 1.1 * widths[1]
    assert widths[1] == pytest.approx(widths[2])


@pytest.mark.parametrize("name", ["line pairs", "line pairs z"])
def test_the_volumes_lines_cross_four_plates(scan, name):
    values = profile(scan.truth, scan.features[name])
    assert dips(-values, 0.5) == 4
    assert scan.nominal[name] == pytest.approx((0.6, 0.4))


def test_the_volumes_border_is_real():
    small, large = volume((24, 48, 48), seed=0), volume((30, 48, 48), seed=0)
    np.testing.assert_allclose(large.blurred[3:-3], small.blurred, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "arguments", "complaint"),
    [
        (radiograph, {"part": "toaster"}, "no part named 'toaster'; known are bearing, weld"),
        (radiograph, {"shape": (512,)}, "2 numbers of 2 or more"),
        (radiograph, {"shape": (512, 1)}, "2 numbers of 2 or more"),
        (radiograph, {"shape": (64, 64), "peak": 0.0}, "peak must be a positive"),
        (radiograph, {"shape": (64, 64), "peak": float("nan")}, "peak must be a positive"),
        (radiograph, {"shape": (64, 64), "read_noise": -1.0}, "read noise must be zero or more"),
        (radiograph, {"psf": np.ones((4, 5))}, "odd sides"),
        (radiograph, {"psf": np.ones((3, 3, 3))}, "2 dimensions"),
        (radiograph, {"psf": np.zeros((3, 3))}, "positive sum"),
        (radiograph, {"psf": np.full((3, 3), np.nan)}, "finite"),
        (radiograph, {"psf": [[1, 1, 1], [1, -1, 1], [1, 1, 1]]}, "nowhere negative"),
        (volume, {"shape": (24, 48)}, "3 numbers"),
        (volume, {"psf": np.ones((3, 3))}, "3 dimensions"),
    ],
)
def test_what_cant_be_exposed_is_refused_in_one_sentence(make, arguments, complaint):
    with pytest.raises(ValueError, match=complaint) as error:
        make(**arguments)
    assert "\n" not in str(error.value)


def test_a_given_psf_is_not_changed():
    psf = np.ones((3, 3))
    radiograph((32, 32), psf=psf)
    np.testing.assert_array_equal(psf, 1.0)


def test_a_sample_is_frozen(sample):
    assert isinstance(sample, Sample)
    with pytest.raises(AttributeError):
        sample.sigma = 0.0
