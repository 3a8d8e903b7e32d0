"""The scripts of `benchmarks/`, each on something tiny: that they measure what they say."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from napari_deconv import samples
from napari_deconv.core.fidelities import Poisson
from napari_deconv.psf.shapes import GaussianPsf

FOLDER = "benchmarks"
N = 48


@pytest.fixture
def script(
    repository: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[ModuleType]:
    """Return the benchmark of the name that the test gives, as a module."""
    folder = str(repository / FOLDER)
    monkeypatch.syspath_prepend(folder)
    yield importlib.import_module(request.param)
    forget(repository / FOLDER)


def forget(folder: Path) -> None:
    """Let the modules of a folder be imported anew."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(folder)):
            del sys.modules[name]


def benchmark(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("script", [name], indirect=True, ids=[name])


@pytest.fixture(scope="module")
def sample() -> samples.Sample:
    return samples.radiograph(shape=(N, N), psf=samples.core_and_tail(9, core=1.0, tail=2.0))


@benchmark("methods")
def test_the_best_of_a_grid_is_never_at_its_edge(script: ModuleType) -> None:
    best, grid = script.best_of(lambda x: -(np.log(x / 40) ** 2), [1.0, 1.4, 2.0])
    assert grid[0] < best < grid[-1]
    assert best == pytest.approx(40, rel=0.2)
    best, grid = script.best_of(lambda x: -(np.log(x / 0.01) ** 2), [1.0, 1.4, 2.0])
    assert grid[0] < best < grid[-1]
    assert best == pytest.approx(0.01, rel=0.2)


@benchmark("methods")
def test_every_method_has_a_row_whose_best_is_at_least_its_default(
    script: ModuleType, sample: samples.Sample
) -> None:
    rows = script.rows(sample, ("tikhonov", "richardson-lucy"))
    assert [row[0] for row in rows] == ["blurred", "tikhonov", "richardson-lucy"]
    blurred = float(rows[0][1])
    for row in rows[1:]:
        assert float(row[3]) >= float(row[1])
        assert float(row[3]) > blurred


@benchmark("borders")
def test_the_band_is_the_border_and_every_boundary_is_scored(
    script: ModuleType, sample: samples.Sample
) -> None:
    outer = script.band((20, 30), 3)
    assert outer.sum() == 20 * 30 - 14 * 24
    assert not outer[3:-3, 3:-3].any()
    window = script.Window("bearing", slice(0, 40), slice(8, 48))
    found = script.border_psnr(sample, window, "tikhonov")
    assert set(found) == {"zero", "mean", "edge", "reflect", "periodic", "unknown"}
    above_zero, behind = script.verdict(found)
    assert above_zero > 3
    assert behind >= 0


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Two threads wait for each other longer than they work on something tiny."""
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(2)


@pytest.fixture
def peers(
    repository: Path, monkeypatch: pytest.MonkeyPatch, one_thread: None
) -> Iterator[ModuleType]:
    """Return the script beside peers, on tiny radiographs whose PSF has no symmetry."""
    monkeypatch.syspath_prepend(str(repository / FOLDER))
    found = importlib.import_module("peers")
    psf = samples.core_and_tail(9, core=1.0, tail=2.0) * np.linspace(0.5, 1.5, 9)
    for module in (found, sys.modules["problems"]):
        monkeypatch.setattr(
            module, "radiograph", lambda size: samples.radiograph(shape=(size, size), psf=psf)
        )
    yield found
    forget(repository / FOLDER)


ROWS = ["tv", "haar", "tv-haar", "tv-circular", "haar-circular", "poisson"]


@pytest.mark.parametrize("key", ROWS)
def test_what_judges_all_is_what_our_method_declares(peers: ModuleType, key: str) -> None:
    case = peers.ROWS[key].case(32)
    declared = case.method.objective(case.problem, torch.from_numpy(case.start))
    assert case.objective(case.start) == pytest.approx(float(declared), rel=1e-4)


@pytest.mark.parametrize("key", [key for key in ROWS if key != "poisson"])
def test_a_peer_ends_where_ours_does(peers: ModuleType, key: str) -> None:
    row = peers.ROWS[key]
    case = row.case(32)
    absent = {peer.needs for peer in row.peers if not peer.is_there()}
    best = peers.end(peers.ours(case.double()), case.objective, 300)
    for peer in row.peers:
        if peer.is_there():
            ended = peers.end(peer.walker(case, **peer.settings[0]), case.objective, 120)
            assert ended == pytest.approx(best, rel=1e-3), peer.name
    if absent:
        pytest.skip(f"{', '.join(absent)} is not installed, see `make bench`.")


def test_plain_richardson_lucy_is_that_of_scikit_image(peers: ModuleType) -> None:
    case = peers.ROWS["poisson"].case(32)
    (theirs,) = peers.scikit_image(case)
    *_, ours = islice(peers.ours_plain(case), peers.PLAIN)
    np.testing.assert_allclose(theirs, ours, atol=1e-4)
    assert case.objective(theirs) == pytest.approx(case.objective(ours), rel=1e-4)


@pytest.mark.parametrize("boundary", ["edge", "unknown"])
def test_operators_of_pylops_equal_ours(peers: ModuleType, boundary: str) -> None:
    sample = peers.radiograph(32)
    case = peers.Case.of(sample, {"name": "tv", "isotropic": False}, boundary)
    rng = np.random.default_rng(0)
    ours, own = peers.by_pylops.around_ours(case), peers.by_pylops.alone(case)
    x, y = rng.normal(size=(2, *case.grid)).astype(np.float32)
    np.testing.assert_allclose(own.blur @ x.ravel(), ours.blur @ x.ravel(), atol=1e-5)
    np.testing.assert_allclose((own.blur.H @ y.ravel()).ravel(), ours.blur.H @ y.ravel(), atol=1e-5)
    stacked = np.concatenate([term.penalised() @ x.ravel() for term in own.sparse])
    np.testing.assert_allclose(stacked, ours.sparse[0].penalised() @ x.ravel(), atol=1e-6)


def test_every_contender_has_a_line_and_who_is_absent_one_that_says_so(peers: ModuleType) -> None:
    row = peers.ROWS["poisson"]
    ghost = peers.Contender("ghost", peers.ours, needs="nowhere_to_be_found")
    lines = peers.lines(replace(row, peers=[*row.peers, ghost]), row.case(32), 1, {})
    ours, scikit_image, plain, absent = lines
    assert len({len(line) for line in lines} | {len(peers.HEADER)}) == 1
    assert ours[0] == "ours"
    assert ours[6] == "1.0"
    assert scikit_image[3] == plain[3] == "100"
    assert "of 5.5" in scikit_image[6]
    assert "of 5.5" not in plain[6]
    assert absent[0] == "ghost: skipped, nowhere_to_be_found is not installed"


@benchmark("race")
def test_the_setting_that_arrives_is_raced_with_and_who_does_not_arrive_is_named(
    script: ModuleType,
) -> None:
    def halving(case: float, factor: float) -> Iterator[float]:
        while True:
            case *= factor
            yield case

    settings = ({"factor": 1.0}, {"factor": 0.5})
    peer = script.Contender("peer", halving, settings)
    assert script.fastest_setting(peer, 1.0, float, 0.1) == {"factor": 0.5}
    stuck, there = script.race(1.0, [(peer, s) for s in settings], float, 0.1, 2)
    assert stuck.seconds is None
    assert there.iterations == 4
    assert there.seconds > 0
    assert there.times is None


def drawn_edge(sigma: float, degrees: float = 43.9) -> np.ndarray:
    """Return a sharp slanted edge, averaged over each pixel, then blurred with a Gaussian PSF."""
    from scipy.signal import fftconvolve

    fine, n = 16, 160
    rows, columns = np.indices((n * fine, n * fine))
    distance = (rows - n * fine / 2) * np.sin(np.deg2rad(degrees)) + (
        columns - n * fine / 2
    ) * np.cos(np.deg2rad(degrees))
    sharp = (distance > 0).astype(float).reshape(n, fine, n, fine).mean((1, 3))
    return 2000 + 1200 * fftconvolve(sharp, GaussianPsf(sigma=sigma).kernel(), mode="same")


@benchmark("qc3_edges")
@pytest.mark.parametrize("sigma", [1.0, 1.4, 2.0])
def test_the_psf_of_an_edge_is_the_one_that_blurred_it(script: ModuleType, sigma: float) -> None:
    phantom = importlib.import_module("qc3_phantom")
    phantom.CENTRE = (79.5, 79.5)
    noisy = drawn_edge(sigma) + np.random.default_rng(0).normal(0, 5, (160, 160))
    edge = script.Edge("drawn", "u", 0.7, -40, 40)
    fit = script.fit_edge(noisy, edge)
    assert script.psf_sigma(fit.sigma) == pytest.approx(sigma, abs=0.02)
    assert fit.error < 0.02
    assert fit.rms == pytest.approx(5, rel=0.1)


@benchmark("qc3_phantom")
def test_modulation_is_that_of_the_bars_that_were_drawn(script: ModuleType) -> None:
    _, v = script.coordinates((768, 1024))
    group = script.Group(0, -30, 30, 7, True)
    bars = 3000 + 600 * np.cos(2 * np.pi * (v + 30) / group.period)
    assert group.period == 20
    assert script.modulation(bars, group) == pytest.approx(0.2, rel=0.01)
    assert script.modulation(6000 - bars, group._replace(first_is_bright=False)) == pytest.approx(
        0.2, rel=0.01
    )


@benchmark("qc3_phantom")
def test_noise_is_measured_through_slopes_and_its_correlation_named(script: ModuleType) -> None:
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(0)
    u, v = script.coordinates((768, 1024))
    grey = 3000 + 2 * u + v
    white = rng.normal(size=grey.shape)
    smeared = gaussian_filter(white, 0.6)
    smeared /= smeared.std()
    plain = script.Noise.of(grey + np.sqrt(0.05 * grey) * white)
    assert plain.gain == pytest.approx(0.05, rel=0.03)
    assert plain.neighbours == pytest.approx(0, abs=0.03)
    assert plain.white == pytest.approx(1, abs=0.03)
    correlated = script.Noise.of(grey + np.sqrt(0.05 * grey) * smeared)
    assert correlated.gain == pytest.approx(0.05, rel=0.05)
    assert correlated.neighbours > 0.3
    assert correlated.white < 0.8


@benchmark("qc3")
def test_the_matched_weight_leaves_a_chi_square_of_one(script: ModuleType) -> None:
    assert script.matched_weight(lambda weight: weight / 1.23e-3) == pytest.approx(1.2e-3, rel=0.03)


@benchmark("qc3")
def test_without_the_scan_it_says_so(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "SCAN", Path("nowhere.tif"))
    monkeypatch.setattr(sys, "argv", ["qc3.py"])
    script.main()
    assert capsys.readouterr().out.startswith("Skipped")


@benchmark("qc3")
def test_five_edges_of_the_real_scan_agree(script: ModuleType, shared_data: Path) -> None:
    import tifffile

    image = tifffile.imread(shared_data / "xray" / "mv_qc3_linepairs.tif")
    rows, sigma, error = script.edges(image)
    assert len(rows) == 5
    assert sigma == pytest.approx(1.449, abs=0.01)
    assert error < 0.02


@benchmark("burst")
def test_a_burst_is_worth_more_than_a_frame_and_its_shifts_are_found(script: ModuleType) -> None:
    burst = script.taken(script.CASES[1], "bearing", 0, side=224)
    values, error = script.gains(burst, "tikhonov")
    one, unaligned, aligned, sums, known = values
    assert sums > max(one + 1, unaligned + 1)
    assert sums == pytest.approx(aligned, abs=0.2)
    assert sums == pytest.approx(known, abs=0.2)
    assert error < 0.15
    best_one, best_sums = script.best(burst, "tikhonov")
    assert best_one >= one
    assert best_sums >= sums


@benchmark("table")
@pytest.mark.parametrize("markdown", [True, False])
def test_a_table_is_printed_whole(
    script: ModuleType, markdown: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    script.show("title", ["name", "a", "b"], [["x", "1", "2"], ["y" * 90, "3", "4"]], markdown)
    out = capsys.readouterr().out
    assert "title" in out
    assert "y" * 90 in out
    assert ("| x | 1 | 2 |" in out) is markdown


@benchmark("poisson")
def test_errors_of_the_steps_are_relative_and_a_weight_keeps_its_meaning(
    script: ModuleType,
) -> None:
    scene = script.scene(peak=1000.0, size=N)
    assert 0.0005 < scene.truth.min() < 0.003 < 0.99 < scene.truth.max() <= 1
    assert set(np.unique(scene.step)) == set(range(len(script.TRANSMISSIONS)))
    fit = script.measured(1.1 * scene.truth, scene, 0.0)
    low, high = min(fit.bands), max(fit.bands)
    assert 0.1 <= low <= high < 0.13  # rms over mean: a little above 10 %
    assert fit.shift == pytest.approx(0.1)
    carried = script.carried(0.01, scene, "Kullback-Leibler")
    curvature = Poisson(gain=1 / scene.peak).curvature(float(scene.image.mean()))
    assert carried == pytest.approx(0.01 * curvature, rel=1e-6)


@benchmark("poisson")
def test_another_penalty_is_for_a_while_and_leads_to_the_same_picture(script: ModuleType) -> None:
    scene = script.scene(peak=1000.0, size=N)
    weight = script.start(scene, "Kullback-Leibler")
    usual = script.solvers.SPLIT_PENALTY
    with script.steady():
        quick = script.fit(scene, "Kullback-Leibler", weight)
        again = script.fit(scene, "Kullback-Leibler", weight, iterations=1200)
    assert usual == script.solvers.SPLIT_PENALTY
    assert quick.objective == pytest.approx(again.objective, rel=1e-4)
    assert quick.bands == pytest.approx(again.bands, rel=0.02)
