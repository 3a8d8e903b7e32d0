"""Fine-tuning on noisy frames alone: it learns what they say, and never ends below its start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from typer.testing import CliRunner

from napari_deconv.cli import app
from napari_deconv.learned import delivery
from napari_deconv.learned import model as models
from napari_deconv.learned.delivery import deliver
from napari_deconv.learned.finetuning import FineTuning, Scan, Tuner
from napari_deconv.learned.look import Difference, Keeping, rose
from napari_deconv.learned.training import Run, Training
from napari_deconv.learned.tuning import Tuning, TuningPlan
from napari_deconv.learned.validation import Validation
from napari_deconv.psf.measured import MeasuredPsf

GAIN, READ = 4e-4, 0.01
QUICK = FineTuning(side=48, every=6, patience=2, rate=2e-4)


@pytest.fixture(scope="module")
def trained() -> Run:
    """Return a small model that learned a little for one PSF and noise."""
    return taught(1.5, 13, 25)


@pytest.fixture(scope="module")
def stranger() -> Run:
    """Return a small model that learned a little for the same noise and another PSF."""
    return taught(2.2, 17, 15)


def taught(sigma: float, support: int, steps: int) -> Run:
    run = Run(
        Training(
            architecture={"width": 8, "encoder": (1,), "middle": 1, "decoder": (1,), "stages": 1},
            scenes={"side": 96, "kept": 8},
            degradation={
                "psf": {"name": "gaussian", "sigma": sigma},
                "support": support,
                "gain": GAIN,
                "read": READ,
            },
            batch=2,
            side=48,
            warmup=2,
            rate=3e-3,
        )
    )
    for _ in range(steps):
        run.advance()
    return run


def frames(run: Run, number: int, exposure: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Return noisy frames of scenes never learned from; another exposure has other noise."""
    degradation = run.training.degradation
    kernel = degradation.psf.kernel()
    found = []
    for place in range(number):
        crop, _ = run.training.patch_of((0, 8, place), None)
        rng = np.random.default_rng((exposure, place))
        fixed = degradation.model_copy(update={"jitter": 0.0})
        pairs = fixed.pairs([crop], [rng])
        frame = pairs.view.crop(pairs.view.data)[0, 0].numpy() + 0.5
        found.append(frame)
    return found, kernel


def scored(run: Run, batches: int, branch: int = 2) -> Any:
    """Return what scores a model on scenes of a scanner that no one learned from, in dB."""
    unseen = Validation(run.training, None, batches, branch)
    return lambda model: np.array(unseen.decibels(unseen.restored(model)))


@pytest.mark.parametrize("exposures", [1, 2])
def test_what_surely_gains_is_kept(trained: Run, stranger: Run, exposures: int) -> None:
    shown, kernel = frames(trained, 5)
    seconds = frames(trained, 5, 1)[0] if exposures == 2 else ()
    tuner = Tuner(
        stranger.averaged,
        Scan(shown, kernel, GAIN, READ, seconds),
        scored(trained, 6),
        QUICK.replace(rate=1e-3, drawn=50.0),
        lambda step: trained.training.batch_of(step, 3),
    )
    looks = list(tuner.looks(12))
    assert [look.step for look in looks if look.best] == [0, 6, 12]
    assert looks[-1].gained.mean > looks[1].gained.mean > 0
    unseen = scored(trained, 6, branch=9)
    assert unseen(tuner.best).mean() > unseen(stranger.averaged).mean() + 0.05


@pytest.mark.parametrize("exposures", [1, 2])
def test_it_never_falls_below_its_start(trained: Run, exposures: int) -> None:
    shown, kernel = frames(trained, 5)
    seconds = frames(trained, 5, 1)[0] if exposures == 2 else ()
    before = {name: value.clone() for name, value in trained.averaged.state_dict().items()}
    tuner = Tuner(
        trained.averaged,
        Scan(shown, kernel, GAIN, READ, seconds),
        scored(trained, 3),
        QUICK,
    )
    looks = list(tuner.looks(30))
    assert looks[0].step == 0
    assert min(look.misfit for look in looks[1:]) < looks[0].misfit  # it fits the frames better
    assert looks[-1].gained.mean < 0  # and has unlearned what they don't show
    unseen = scored(trained, 3, branch=9)
    assert unseen(tuner.best).mean() >= unseen(trained.averaged).mean()
    for name, value in trained.averaged.state_dict().items():
        assert torch.equal(value, before[name]), name
    for look in looks[1:]:
        assert look.guard == pytest.approx(looks[0].guard + look.gained.mean, abs=1e-9)


@pytest.mark.parametrize("gain", [-1.0, 0.0, 0.4])
def test_what_unlearns_or_gains_by_chance_is_not_kept(trained: Run, gain: float) -> None:
    shown, kernel = frames(trained, 5)
    chance = np.array([-0.3, 0.3, -0.3, 0.3])  # of a standard error of 0.17
    looked = iter([np.zeros(4), *(chance + gain for _ in range(9))])
    settings = QUICK.replace(every=1, rate=1e-3)
    scan = Scan(shown, kernel, GAIN, READ)
    tuner = Tuner(trained.averaged, scan, lambda _: next(looked), settings)
    looks = list(tuner.looks(30))
    assert len(looks) == 1 + QUICK.patience  # it gave up
    assert [look.best for look in looks] == [True, False, False]
    assert f"({gain:+.2f} ± 0.17 over the start)" in str(looks[1])
    for one, other in zip(tuner.best.parameters(), trained.averaged.parameters(), strict=True):
        assert torch.equal(one, other)


def kept(misfits: list[float], guards: list[float]) -> list[bool]:
    """Return which looks at these means are kept, of spreads of 0.01 and 0.1."""
    spread = np.array([-1, 1] * 12)
    start = np.ones(24), np.full(24, 30.0)
    keeping = Keeping(*start, len(guards))
    return [
        keeping.look(step, start[0] + misfit + 0.01 * spread, start[1] + guard + 0.1 * spread).best
        for step, (misfit, guard) in enumerate(zip(misfits, guards, strict=True), 1)
    ]


def test_only_what_gained_more_than_the_best_so_far_is_kept() -> None:
    still = [0.0] * 4
    assert kept(still, [1.0, 0.2, 0.9, 1.1]) == [True, False, False, True]
    assert kept([0.0, -0.1], [1.0, 0.2]) == [True, False]  # whatever the misfit says for it


def test_what_the_frames_surely_contradict_is_not_kept() -> None:
    assert kept([0.001, 0.01, 0.001, 0.05], [1.0, 2.0, 3.0, 4.0]) == [True, False, True, False]


@pytest.mark.parametrize(("gain", "least", "most"), [(-0.02, 0, 0.01), (0, 0, 0.055), (0.2, 1, 1)])
@pytest.mark.parametrize("looks", [1, 3, 20])
def test_chance_does_not_pass_however_often_it_is_looked(
    gain: float, least: float, most: float, looks: int
) -> None:
    rng = np.random.default_rng(looks)
    start, passed, runs = np.full(24, 30.0), 0, 500
    for _ in range(runs):
        keeping = Keeping(np.ones(24), start, looks)
        each = gain + 0.1 * rng.standard_normal((looks, 24))
        passed += any(keeping.look(k, np.ones(24), start + one).best for k, one in enumerate(each))
    assert least <= passed / runs <= most


def test_one_scene_that_leaps_neither_makes_a_gain_nor_hides_one() -> None:
    before, rng = np.full(24, 30.0), np.random.default_rng(0)
    small = rng.uniform(0.01, 0.1, 24)
    leap = np.where(np.arange(24) == 5, 3.0, 0.0)
    assert not Difference.between(before, before + small + leap).surely(4)
    assert rose(before, before + small + leap, 4)
    mixed = small * np.tile([1, -1], 12)
    assert Difference.between(before, before + mixed + leap).mean > 0.1
    assert not rose(before, before + mixed + leap)
    assert not rose(before, before)
    keeping = Keeping(np.ones(24), before, 4)
    assert keeping.look(1, np.ones(24), before + small + leap).best
    assert not Keeping(np.ones(24), before, 4).look(1, np.ones(24), before + small - leap).best


def test_a_gain_that_one_look_would_believe_is_not_believed_at_the_best_of_many() -> None:
    rng = np.random.default_rng(0)
    apart = rng.normal(0, 0.01, 16)
    apart -= apart.mean()
    error = apart.std(ddof=1) / 4
    for size, once, often in ((0, 0, 0), (2, 0, 0), (2.3, 1, 0), (-9, 0, 0), (4, 1, 1)):
        found = Difference.between(np.ones(16), 1 + apart + size * error)
        assert found.mean == pytest.approx(size * error)
        assert found.error == pytest.approx(error)
        assert (found.surely(), found.surely(20)) == (once, often)
    assert not Difference.between(apart, apart).surely()
    assert str(Keeping(np.ones(2), np.full(2, 30.0), 1).start) == (
        "step 0: misfit 1.0000, drawn scenes 30.00 dB, kept"
    )


def test_drawn_scenes_are_learned_from_beside_the_frames(trained: Run) -> None:
    shown, kernel = frames(trained, 4)
    asked: list[int] = []

    def drawn(step: int) -> Any:
        asked.append(step)
        return trained.training.batch_of(step, 3)

    scan = Scan(shown, kernel, GAIN, READ)
    with_scenes = Tuner(trained.averaged, scan, lambda _: np.zeros(2), QUICK, drawn)
    without = Tuner(trained.averaged, scan, lambda _: np.zeros(2), QUICK)
    for tuner in (with_scenes, without):
        list(tuner.looks(2))
    assert asked == [1, 2]
    pairs = zip(with_scenes._average.parameters(), without._average.parameters(), strict=True)
    assert any(not torch.equal(one, other) for one, other in pairs)


def test_the_rate_has_fallen_at_the_end(trained: Run) -> None:
    scan = Scan(*frames(trained, 4), GAIN, READ)
    tuner = Tuner(trained.averaged, scan, lambda _: np.zeros(2), QUICK)
    rates = [group["lr"] for _ in tuner.looks(12) for group in tuner._optimiser.param_groups]
    assert rates[1] == pytest.approx(QUICK.rate * 6 / 11 * (1 + np.cos(np.pi * 5 / 12)) / 2)
    assert 0 < rates[-1] < 0.02 * QUICK.rate


def test_two_halves_of_a_frame_know_nothing_of_each_others_noise(trained: Run) -> None:
    rng = np.random.default_rng(0)
    frame = 0.5 + 0.02 * rng.normal(size=(400, 400))
    scan = Scan([frame], trained.training.degradation.psf.kernel(), 0.0, 0.02)
    tuner = Tuner(trained.averaged, scan, lambda _: np.zeros(2), FineTuning(side=90, batch=4))
    view, other, sigma = tuner._pair(scan, (5, 5))
    one = view.crop(view.data)
    both = torch.stack((one.flatten(), other.flatten()))
    assert abs(float(torch.corrcoef(both)[0, 1])) < 0.03
    assert float(other.std()) == pytest.approx(float(sigma.mean()), rel=0.05)
    assert float(one.std()) == pytest.approx(float(view.noise.mean()), rel=0.05)


def test_crops_fit_frames_of_any_size() -> None:
    sizes = Scan([np.ones((61, 90)), np.ones((200, 77))], np.ones((1, 1)), 0, 1)
    assert sizes.side(96) == 56
    assert sizes.side(48) == 48
    with pytest.raises(ValueError, match="31 pixels wide, too small"):
        Scan([np.ones((90, 31))], np.ones((1, 1)), 0, 1).side(96)


def test_frames_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ValueError, match="second exposures"):
        Scan([np.ones((9, 9))] * 3, np.ones((1, 1)), 0, 1, [np.ones((9, 9))]).halves()
    with pytest.raises(ValueError, match="Give noisy frames"):
        Scan([], np.ones((1, 1)), 0, 1).halves()


def test_exposures_of_another_scene_and_frames_without_noise_are_refused() -> None:
    frames, point = [np.full((40, 40), 0.5)] * 2, np.ones((1, 1))
    with pytest.raises(ValueError, match=r"\(40, 40\) has a second exposure of shape \(40, 30\)"):
        Scan(frames, point, 0, 1, [frames[0], frames[0][:, :30]])
    for gain, read in ((0.0, 0.0), (1e-14, 0.0), (np.nan, np.nan)):
        with pytest.raises(ValueError, match="no noise to learn from"):
            Scan(frames, point, gain, read)
    Scan(frames, point, 1e-6, 0.0)


@pytest.fixture
def plan(
    trained: Run, stranger: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Return a plan whose files are there."""
    monkeypatch.setattr(delivery, "PATCHES", 30)
    deliver(stranger, tmp_path / "start.safetensors", "start")
    shown, kernel = frames(trained, 4)
    for number, frame in enumerate(shown):
        np.save(tmp_path / f"scan{number}.npy", (1000 * frame).astype(np.float32))
    np.save(tmp_path / "psf.npy", kernel)
    return {
        "scans": [str(tmp_path / f"scan{number}.npy") for number in range(4)],
        "psf": str(tmp_path / "psf.npy"),
        "start": str(tmp_path / "start.safetensors"),
        "out": str(tmp_path / "tuned.safetensors"),
        "gain": 1000 * GAIN,
        "read": 1000 * READ,
        "steps": 6,
        "tuning": {"side": 48, "every": 6, "drawn": 50.0, "rate": 1e-3},
    }


def tuned(plan: dict[str, Any], *options: str) -> Any:
    path = Path(plan["psf"]).with_name("plan.yaml")
    path.write_text(yaml.safe_dump(plan), encoding="utf-8")
    return CliRunner().invoke(app, ["finetune", str(path), *options])


def test_finetuning_from_the_command_line(plan: dict[str, Any]) -> None:
    done = tuned(plan, "--json")
    assert done.exit_code == 0, done.output
    assert ", kept" in done.stderr.splitlines()[-1]
    card = json.loads(done.stdout)
    assert models.card_of(plan["out"]).plain() == card
    assert card["title"] == "fine-tuned model"
    assert card["scores"]["drawn scenes, after"] > card["scores"]["drawn scenes, before"]
    start = models.load(plan["start"])
    assert card["made"].endswith(f"fine-tuned over 6 steps, begun as {start}")
    assert start.digest in card["made"]


def test_where_nothing_is_gained_nothing_is_written(plan: dict[str, Any]) -> None:
    plan["tuning"]["rate"] = 1e-9
    done = tuned(plan, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) is None
    assert "Nothing was surely better" in done.stderr
    assert not Path(plan["out"]).exists()


def test_no_model_is_overwritten_unasked(plan: dict[str, Any]) -> None:
    for out, options, words in (
        (plan["start"], [], "is there already: name another file, or say --overwrite"),
        (plan["start"], ["--overwrite"], "is the model to begin as"),
    ):
        before = Path(out).read_bytes()
        done = tuned({**plan, "out": out}, *options)
        assert done.exit_code == 2
        assert words in done.output
        assert Path(out).read_bytes() == before


def test_what_is_kept_is_there_when_it_is_broken_off(plan: dict[str, Any]) -> None:
    shown = [np.load(name) for name in plan["scans"]]
    plan["tuning"]["side"] = 320
    settings = TuningPlan(**{**plan, "steps": 12})
    tuning = Tuning(settings, shown, [], MeasuredPsf.of(np.load(plan["psf"])))
    for look in tuning.looks():
        if look.best and look.step:
            break
    drawn = tuning.tuner._drawn(1)
    assert drawn.truth.shape[-1] == 320  # more than what scenes are else
    torch.testing.assert_close(drawn.ranges()[1], torch.ones_like(drawn.ranges()[1]))
    card = models.card_of(plan["out"])
    assert "fine-tuned over 6 steps" in card.made
    assert card.scores == {}
    weights = models.load(plan["out"]).network.state_dict()
    for name, value in tuning.tuner.best.state_dict().items():
        torch.testing.assert_close(weights[name], value, rtol=2e-3, atol=1e-5)


def test_what_is_no_plan_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("nothing", encoding="utf-8")
    refused = CliRunner().invoke(app, ["finetune", str(tmp_path / "plan.yaml")])
    assert refused.exit_code == 2
    assert "scans: [scan.tif]" in refused.output
