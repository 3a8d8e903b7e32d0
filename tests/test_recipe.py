"""Recipes: the public face, files, refusals, what a result carries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter
from scipy.signal import fftconvolve

import napari_deconv as nd
from napari_deconv import samples
from napari_deconv.core.units import PixelSize
from napari_deconv.methods.method import Step, last, throttle, until
from napari_deconv.recipe import Recipe

GAUSSIAN = {"name": "gaussian", "sigma": 1.5}


@pytest.fixture(scope="module")
def sample() -> samples.Sample:
    return samples.radiograph((128, 128))


def test_deconvolve_restores_on_the_input_scale(sample: samples.Sample) -> None:
    u = nd.deconvolve(sample.image, sample.psf, method="tv", iterations=40)
    assert u.dtype == np.float32
    assert u.shape == sample.image.shape
    assert np.mean((u - sample.truth) ** 2) < 0.6 * np.mean((sample.image - sample.truth) ** 2)
    by_choice = nd.deconvolve(sample.image, sample.psf, nd.choices("method")["tv"](iterations=40))
    np.testing.assert_array_equal(by_choice, u)
    by_mapping = nd.deconvolve(sample.image, sample.psf, {"name": "tv"}, iterations=40)
    np.testing.assert_array_equal(by_mapping, u)


def test_deconvolve_overrides_a_parameter_of_a_choice(sample: samples.Sample) -> None:
    choice = nd.choices("method")["tv"](iterations=3, weight=0.01)
    one = nd.deconvolve(sample.image, sample.psf, choice, weight=0.02)
    two = nd.deconvolve(sample.image, sample.psf, "tv", iterations=3, weight=0.02)
    np.testing.assert_array_equal(one, two)


def test_a_shape_in_millimetres_needs_the_pixel_size(sample: samples.Sample) -> None:
    psf = {"name": "gaussian", "sigma": 0.15, "unit": "mm"}
    with pytest.raises(ValueError, match="pixel size of the image is not known"):
        nd.deconvolve(sample.image, psf, "tikhonov")
    inch = nd.deconvolve(sample.image, psf, "tikhonov", pixel_size="0.1 mm")
    pixels = nd.deconvolve(sample.image, {"name": "gaussian", "sigma": 1.5}, "tikhonov")
    np.testing.assert_allclose(inch, pixels, atol=1e-5)


IMAGE = np.random.default_rng(0).uniform(1, 2, (24, 25))
KERNEL = np.outer([1, 2, 1], [1, 2, 1]) / 16


@pytest.mark.parametrize(
    ("image", "psf", "parts", "sentence"),
    [
        (np.zeros((20, 20, 3)), KERNEL, {}, "RGB"),
        (IMAGE + 1j, KERNEL, {}, "complex"),
        (np.zeros((0, 0)), KERNEL, {}, "empty"),
        (np.ones((1, 1)), KERNEL, {}, "1 × 1 pixels"),
        (np.full((9, 9), np.nan), KERNEL, {}, "no finite value"),
        (IMAGE, np.zeros((3, 3)), {}, "sums to zero"),
        (IMAGE, KERNEL * np.nan, {}, "NaN"),
        (IMAGE, np.ones((3, 3, 3)), {}, "The PSF has 3 axes, the image 2"),
        (IMAGE, np.ones(4), {}, "has shape"),
        (IMAGE, KERNEL, {"method": "nonsense"}, "no method named"),
        (IMAGE, KERNEL, {"wieght": 1}, "has no parameter"),
        (IMAGE, KERNEL, {"weight": -1}, "weight should be greater"),
        (IMAGE, KERNEL, {"device": "warp"}, "There is no device 'warp' here; choose one of: auto"),
        (IMAGE, KERNEL, {"device": "cuda:77"}, "There is no device 'cuda:77'"),
        (IMAGE, KERNEL, {"boundary": "wall"}, "no boundary named"),
        (IMAGE - 9, KERNEL, {"method": "richardson-lucy"}, "needs counts: set the offset to"),
        (IMAGE - 9, KERNEL, {"fidelity": "poisson"}, "needs counts"),
        (IMAGE, KERNEL, {"method": "wiener", "fidelity": "poisson"}, "does not follow"),
    ],
)
def test_bad_input_gets_one_sentence(
    image: np.ndarray, psf: np.ndarray, parts: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence) as error:
        nd.deconvolve(image, psf, **parts)
    assert "\n" not in str(error.value)


def test_a_psf_beyond_the_memory_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_deconv.core import device

    monkeypatch.setattr(device, "available_memory", lambda: 2**20)
    with pytest.raises(ValueError, match="crop the PSF or the image"):
        nd.deconvolve(IMAGE, np.ones((200, 200)))


def test_a_psf_wider_than_the_image_works_in_full() -> None:
    rows, columns = np.mgrid[-30:31, -30:31]
    psf = np.exp(-(rows**2 + columns**2) / 8.0) + 1e-5
    psf /= psf.sum()
    truth = np.ones((40, 44))
    truth[10:30, 15:30] = 0.3
    image = fftconvolve(np.pad(truth, 30, mode="edge"), psf, mode="valid")
    u = nd.deconvolve(image, psf, "tikhonov", weight=1e-3)
    assert np.mean((u - truth) ** 2) < 0.5 * np.mean((image - truth) ** 2)


def test_errors_come_before_the_first_step() -> None:
    with pytest.raises(ValueError, match="RGB"):
        Recipe(psf=GAUSSIAN).steps(np.zeros((20, 20, 3)))
    with pytest.raises(ValueError, match="no PSF"):
        Recipe().steps(IMAGE)
    with pytest.raises(ValueError, match="The reference has shape"):
        Recipe(psf=GAUSSIAN).run(IMAGE, reference=IMAGE[1:])
    with pytest.raises(ValueError, match="The region does not cover the image"):
        Recipe(psf=GAUSSIAN).begin(IMAGE, region=(slice(90, 99), slice(0, 9)))


def test_result_carries_history_recipe_and_warnings(sample: samples.Sample) -> None:
    recipe = Recipe(psf=20 * sample.psf, method={"name": "tv", "iterations": 120})
    result = recipe.run(sample.image, reference=sample.truth)
    history = result.history
    assert history.iteration[0] == 1
    assert history.iteration[-1] == 120
    assert len(history.objective) == len(history.psnr) == len(history.seconds) <= 52
    assert history.objective[-1] < history.objective[0]
    assert history.psnr[-1] > history.psnr[0]
    assert sorted(history.seconds) == history.seconds
    mse = np.mean((result.image - sample.truth.astype(np.float64)) ** 2)
    psnr = 10 * np.log10(float(sample.truth.max()) ** 2 / mse)
    assert history.psnr[-1] == pytest.approx(psnr, abs=1e-3)
    assert any("normalised" in warning for warning in result.warnings)
    assert result.recipe.measured is not None
    assert isinstance(result.recipe.method.weight, float)
    assert result.recipe.measured.noise == pytest.approx(sample.sigma, rel=0.25)


def test_richardson_lucy_follows_poisson_and_says_so() -> None:
    recipe = Recipe(psf=GAUSSIAN, method="richardson-lucy", fidelity="gaussian")
    assert recipe.fidelity.name == "poisson"
    assert Recipe.from_yaml(recipe.to_yaml()) == recipe
    said = "richardson-lucy follows the noise model poisson, which replaces gaussian."
    assert said in recipe.run(IMAGE).warnings
    stated = Recipe(psf=GAUSSIAN, method="richardson-lucy", fidelity="poisson")
    assert said not in stated.run(IMAGE).warnings
    assert (
        said not in Recipe(psf=GAUSSIAN, method={"name": "tv", "iterations": 2}).run(IMAGE).warnings
    )


FAR_METHODS = ("tv", "tikhonov", "wiener", "least-squares")


@pytest.mark.parametrize("method", FAR_METHODS)
@pytest.mark.parametrize("boundary", ["edge", "mean", "unknown"])
def test_a_far_offset_changes_nothing(method: str, boundary: str, sample: samples.Sample) -> None:
    """What is left is the step of the result's own 32-bit numbers."""
    recipe = Recipe(psf=GAUSSIAN, method=method, boundary=boundary)
    plain = recipe.begin(sample.image).image()
    for offset, step in ((1e3, 2e-4), (1e6, 0.1)):
        far = recipe.run(sample.image.astype(np.float64) + offset)
        np.testing.assert_allclose(far.image - offset, plain, atol=step)
        assert any("32-bit" in warning for warning in far.warnings) == (offset == 1e6)
    region = (slice(30, 60), slice(50, 90))
    part = recipe.begin(sample.image.astype(np.float64) + 1e3, region=region).image()
    np.testing.assert_allclose(part - 1e3, plain[region], atol=1e-3)


@pytest.mark.parametrize(
    "parts",
    [
        {"method": "ridge"},
        {"method": "richardson-lucy"},
        {"method": "tikhonov", "boundary": "zero"},
        {"method": {"name": "tv", "positive": True, "iterations": 3}},
    ],
)
def test_where_an_offset_counts_its_loss_is_named(
    parts: dict[str, object], sample: samples.Sample
) -> None:
    far = Recipe(psf=GAUSSIAN, **parts).begin(sample.image.astype(np.float64) + 1e6)
    assert any("32-bit numbers hold them only to" in note for note in far.notes)
    near = Recipe(psf=GAUSSIAN, **parts).begin(sample.image)
    assert not any("32-bit" in note for note in near.notes)


def test_a_masked_array_s_mask_is_honoured(sample: samples.Sample) -> None:
    recipe = Recipe(psf=GAUSSIAN, method="tikhonov")
    spoilt = sample.image.copy()
    spoilt[40:42, 50:52] = 1e4
    mask = np.zeros(spoilt.shape, bool)
    mask[40:42, 50:52] = True
    hidden = recipe.run(np.ma.masked_array(spoilt, mask))
    assert "4 hidden pixels masked." in hidden.warnings
    as_nan = recipe.run(np.where(mask, np.nan, spoilt))
    np.testing.assert_allclose(hidden.image, as_nan.image, atol=1e-6)
    assert hidden.image.max() < 2


def test_a_recipe_measured_on_another_image_says_so(sample: samples.Sample) -> None:
    recipe = Recipe(psf=GAUSSIAN, method="tikhonov").run(sample.image).recipe
    said = "The recipe was measured on another image"
    assert not any(said in warning for warning in recipe.run(sample.image).warnings)
    assert not any(said in warning for warning in recipe.run(1.2 * sample.image).warnings)
    assert any(said in warning for warning in recipe.run(5000 * sample.image).warnings)
    noise = np.random.default_rng(0).normal(0, 6 * sample.sigma, sample.image.shape)
    assert any("its noise is" in warning for warning in recipe.run(sample.image + noise).warnings)
    region = recipe.begin(sample.image, region=(slice(0, 9), slice(0, 9)))
    assert not any(said in note for note in region.notes)


def test_an_offset_makes_room_for_negatives() -> None:
    recipe = Recipe(psf=GAUSSIAN, method="richardson-lucy", offset=8.5)
    shifted = recipe.run(IMAGE - 9).image
    plain = Recipe(psf=GAUSSIAN, method="richardson-lucy").run(IMAGE - 0.5).image
    np.testing.assert_allclose(shifted, plain - 8.5, atol=2e-3)


def test_a_recipe_that_was_measured_is_not_measured_again(sample: samples.Sample) -> None:
    recipe = Recipe(psf=GAUSSIAN, method="tikhonov").run(sample.image).recipe
    again = recipe.run(3 * sample.image).recipe
    assert again.measured == recipe.measured
    assert again.method == recipe.method


@pytest.mark.parametrize("name", nd.choices("method"))
def test_yaml_round_trip_of_a_result(name: str, sample: samples.Sample, tmp_path: Path) -> None:
    result = Recipe(psf=sample.psf, method=name).run(sample.image)
    result.recipe.save(tmp_path / "r.yaml")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.psf.tif", "r.yaml"]
    loaded = Recipe.load(tmp_path / "r.yaml")
    assert loaded == result.recipe
    np.testing.assert_array_equal(loaded.run(sample.image).image, result.image)
    assert Recipe.from_yaml(result.recipe.to_yaml()) == result.recipe


def test_a_changed_or_missing_psf_file_is_refused(sample: samples.Sample, tmp_path: Path) -> None:
    Recipe(psf=sample.psf).save(tmp_path / "r.yaml")
    beside = tmp_path / "r.psf.tif"
    tifffile.imwrite(beside, 2 * sample.psf)
    with pytest.raises(ValueError, match="was changed since the recipe was saved") as error:
        Recipe.load(tmp_path / "r.yaml")
    assert "\n" not in str(error.value)
    beside.unlink()
    with pytest.raises(ValueError, match="is missing"):
        Recipe.load(tmp_path / "r.yaml")


@pytest.mark.parametrize("text", ["- a\n- b", "just words", "a: [", "\x00"])
def test_a_file_that_is_no_recipe_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"is no recipe|is not YAML") as error:
        Recipe.load(path)
    assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="can't be read as a recipe"):
        Recipe.load(tmp_path / "not there.yaml")
    with pytest.raises(ValueError, match="its folder does not exist"):
        Recipe().save(tmp_path / "no folder" / "r.yaml")


def steps(n: int) -> list[Step]:
    ready = Recipe(psf=GAUSSIAN, method={"name": "tv", "iterations": n}).begin(IMAGE)
    return list(ready.steps())


def test_steps_count_and_measure_lazily(sample: samples.Sample) -> None:
    each = steps(4)
    assert [(step.index, step.total) for step in each] == [(i, 4) for i in (1, 2, 3, 4)]
    assert all("objective" not in vars(step) for step in each)
    assert each[3].objective < each[0].objective
    assert each[0].image().shape == IMAGE.shape
    stack = Recipe(psf=GAUSSIAN, method={"name": "tv", "iterations": 2}).steps(
        np.stack([IMAGE] * 3)
    )
    assert [(s.slice, s.index, s.total) for s in stack] == [
        (0, 1, 6), (0, 2, 6), (1, 3, 6), (1, 4, 6), (2, 5, 6), (2, 6, 6),
    ]  # fmt: skip


def test_stream_adaptors() -> None:
    each = steps(6)
    assert [s.index for s in until(iter(each), lambda s: s.index == 3)] == [1, 2, 3]
    assert last(iter(each)).index == 6
    with pytest.raises(ValueError, match="yielded no estimate"):
        last(iter([]))
    clock = iter([0.0, 0.04, 0.11, 0.15, 0.19, 0.2]).__next__
    assert [s.index for s in throttle(iter(each), 0.1, clock)] == [1, 3, 6]


def test_a_wide_saturated_area_stays_bright() -> None:
    """Nothing in it is measured; smooth priors let it sag a little, none darkens it to the mean."""
    truth = np.full((96, 96), 1000.0)
    truth[30:70, 30:70] = 4000
    noise = np.random.default_rng(0).normal(0, 10, truth.shape)
    clipped = (gaussian_filter(truth, 1.5) + noise).clip(max=3900)
    for name in ("least-squares", "tikhonov", "wiener", "richardson-lucy", "tv"):
        restored = nd.deconvolve(clipped, {"name": "gaussian", "sigma": 1.5}, name)
        assert restored[50, 50] > 3400, (name, restored[50, 50])


@pytest.mark.parametrize("boundary", ["edge", "reflect", "periodic", "unknown", "zero"])
@pytest.mark.parametrize("method", ["tikhonov", "tv", "richardson-lucy"])
def test_a_corner_equals_that_part_of_the_whole(
    boundary: str, method: str, sample: samples.Sample
) -> None:
    recipe = Recipe(psf=GAUSSIAN, method=method, boundary=boundary)
    corner = (slice(0, 40), slice(90, 128))
    whole = recipe.begin(sample.image).image()[corner]
    part = recipe.begin(sample.image, region=corner).image()
    assert np.sqrt(np.mean((whole - part) ** 2)) < 1e-3 * np.ptp(sample.image)


def test_a_psf_may_be_given_as_a_name_or_mapping_at_run_time() -> None:
    named = Recipe(method="tikhonov").run(IMAGE, "gaussian").image
    mapped = Recipe(method="tikhonov").run(IMAGE, {"name": "gaussian", "sigma": 2.0}).image
    np.testing.assert_array_equal(named, mapped)
    tiny = Recipe(method="tikhonov").run(IMAGE, 1e-50 * KERNEL).image
    np.testing.assert_allclose(tiny, Recipe(method="tikhonov").run(IMAGE, KERNEL).image, atol=1e-5)


@pytest.mark.parametrize(
    "text",
    ["method: {name: [tv]}", "method: {name: tv, 1: 2}", "self: 1", "method: {name: tv, self: 1}",
     "method: {name: tv, weight: 1e300}", "psf: {name: gaussian, sigma: 9000, dimensions: 3}",
     "[" * 3000],
)  # fmt: skip
def test_odd_yaml_gets_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        Recipe.from_yaml(text).begin(IMAGE)


def test_positivity_and_an_offset_are_refused_together() -> None:
    recipe = Recipe(psf=GAUSSIAN, offset=5, method={"name": "tv", "positive": True})
    with pytest.raises(ValueError, match="Positivity would hold for image plus offset"):
        recipe.begin(IMAGE)


@pytest.mark.parametrize("reference", [np.full((24, 25), np.nan), IMAGE + 1j, -IMAGE, 0 * IMAGE])
def test_a_reference_that_can_t_be_is_refused_before_the_work(reference: np.ndarray) -> None:
    with pytest.raises(ValueError, match="The reference needs real values above 0"):
        Recipe(psf=GAUSSIAN).run(IMAGE, reference=reference)


def test_a_recipe_that_can_t_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(ValueError, match="can't be written"):
        Recipe().save(tmp_path / "folder.yaml")


def test_attenuation_is_warned_of_and_counts_are_not() -> None:
    draws = np.random.default_rng(0)
    thickness = np.zeros((64, 64))
    thickness[20:40, 20:40] = 1.5
    noise = draws.normal(0, 0.01, thickness.shape)
    recipe = Recipe(psf=GAUSSIAN, method="tikhonov")
    assert "look like attenuation" in recipe.run(thickness + noise).warnings[-1]
    told = recipe.run(np.exp(-thickness) + noise).warnings
    assert not any("attenuation" in warning for warning in told)


def test_a_psf_of_another_pixel_size_is_resampled_where_it_is_stated(tmp_path: Path) -> None:
    shape = nd.choices("psf")["gaussian"](sigma=20, unit="um")
    fine, own = (shape.kernel(PixelSize(value, "um")) for value in (5.0, 10.0))
    image = np.random.default_rng(0).random((40, 50))
    options = {"method": "tikhonov", "pixel_size": "0.01 mm", "weight": 0.01, "device": "cpu"}
    made = nd.deconvolve(image, fine, psf_pixel_size="5 um", **options)
    np.testing.assert_allclose(made, nd.deconvolve(image, own, **options), atol=1e-3)
    assert np.abs(nd.deconvolve(image, fine, **options) - made).max() > 0.01
    recipe = Recipe(method="tikhonov", pixel_size="0.01 mm").with_psf(fine, "5 um")
    result = recipe.run(image, device="cpu")
    assert "The PSF was resampled from 5.0 um to the image's 0.01 mm." in result.warnings
    result.recipe.save(tmp_path / "r.yaml")
    assert Recipe.load(tmp_path / "r.yaml") == result.recipe
    assert Recipe.from_yaml(result.recipe.to_yaml()) == result.recipe


def test_a_pixel_size_of_the_psf_that_can_mean_nothing_is_refused() -> None:
    psf, image = np.ones((5, 5)), np.random.default_rng(0).random((20, 20))
    with pytest.raises(ValueError, match="pixel size of the image is not known"):
        nd.deconvolve(image, psf, psf_pixel_size="5 um")
    with pytest.raises(ValueError, match="Only an array has a pixel size"):
        nd.deconvolve(image, "gaussian", psf_pixel_size="5 um", pixel_size="5 um")
    with pytest.raises(ValueError, match="no unit"):
        nd.deconvolve(image, psf, psf_pixel_size="5", pixel_size="5 um")
    frames = np.random.default_rng(0).random((3, 20, 20))
    burst = Recipe(burst={}, pixel_size="1 um").with_psf(np.ones((3, 5, 5)), "2 um")
    with pytest.raises(ValueError, match="frames are taken at the image's pixels"):
        burst.run(frames)
