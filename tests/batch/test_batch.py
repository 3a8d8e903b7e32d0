"""Batches: cut off anywhere they go on, and the result is that of an uninterrupted run."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import distributed
import numpy as np
import pytest
import zarr

import napari_deconv as nd
from napari_deconv.batch import engine as engines
from napari_deconv.batch import piece as pieces
from napari_deconv.batch import running
from napari_deconv.batch.engine import Engine
from napari_deconv.batch.order import Order
from napari_deconv.core.units import PixelSize
from napari_deconv.restoration import Restoration
from napari_deconv.scans.block import NpyBlock
from napari_deconv.scans.journal import Journal
from napari_deconv.scans.opening import open_scan

COUNT, SIDE = 23, 24
PSF = {"name": "gaussian", "sigma": 1.2}
RECIPE = nd.Recipe(psf=PSF, method={"name": "tv", "weight": 0.01, "iterations": 5})


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """Return a scan of noisy slices in zarr, a chunk each."""
    path = tmp_path / "scan.zarr"
    shape, chunk = (COUNT, SIDE, SIDE), (1, SIDE, SIDE)
    made = zarr.create_array(path, shape=shape, chunks=chunk, dtype="float32", zarr_format=2)
    made[...] = slices()
    return path


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_deconv.batch.order.PIECE", 4 * SIDE * SIDE * 3)


def slices(count: int = COUNT) -> np.ndarray:
    """Return slices of bars that move, with noise."""
    rng = np.random.default_rng(5)
    plane = np.where(np.arange(SIDE) % 8 < 4, 200.0, 900.0)
    moved = np.stack([np.tile(np.roll(plane, i), (SIDE, 1)) for i in range(count)])
    return (moved + rng.normal(0, 9, moved.shape)).astype(np.float32)


def done(order: Order) -> np.ndarray:
    """Do an order to the end and return its result."""
    batch = order.begin()
    last = list(batch.run())[-1]
    assert batch.whole, batch.said()
    assert last.done == last.total
    return open_scan(order.target).read(0, len(open_scan(order.target)))


@pytest.mark.parametrize("ending", [".zarr", ".h5", ".tif", ".npy"])
def test_a_batch_equals_the_stack_in_memory_bit_for_bit(scan, tmp_path, ending):
    result = done(Order(RECIPE, scan, tmp_path / f"out{ending}", device="cpu"))
    whole = RECIPE.run(slices(), device="cpu").image
    np.testing.assert_array_equal(result, whole)
    assert nd.Recipe.load(tmp_path / "out.yaml").measured is not None


def test_an_automatic_strength_is_the_same_too(scan, tmp_path):
    recipe = nd.Recipe(psf=PSF, method={"name": "tikhonov"})
    result = done(Order(recipe, scan, tmp_path / "out.npy", device="cpu"))
    np.testing.assert_array_equal(result, recipe.run(slices(), device="cpu").image)


def test_dead_and_saturated_pixels_are_those_of_the_whole_scan(tmp_path):
    array = slices()
    array[:, 5, 5] = 0.0  # dead
    array[3:9, 10:14, 10:14] = 1200.0  # a flat top in some slices
    np.save(tmp_path / "scan.npy", array)
    result = done(Order(RECIPE, tmp_path / "scan.npy", tmp_path / "out.npy", device="cpu"))
    ran = RECIPE.run(array, device="cpu")
    assert any("23 dead" in note for note in ran.warnings)
    assert any("96 saturated" in note for note in ran.warnings)
    np.testing.assert_array_equal(result, ran.image)


def test_what_slices_take_is_said_before_the_start(scan, tmp_path, monkeypatch):
    assert not any("This takes" in n for n in Order(RECIPE, scan, tmp_path / "a.npy").begin().notes)
    monkeypatch.setattr("napari_deconv.restoration.LARGE", 100)
    (said,) = Order(RECIPE, scan, tmp_path / "b.npy", engine=Engine(2)).begin().notes
    assert re.fullmatch(
        r"This takes about .+, \d+ MB in each of 2 processes, at best, and what writing takes\.",
        said,
    )
    began = Restoration.image
    monkeypatch.setattr(Restoration, "image", lambda ready: time.sleep(1) or began(ready))
    (said,) = Order(RECIPE, scan, tmp_path / "c.npy").begin().notes
    assert len(slices()) // 2 <= int(re.findall(r"about (\d+) s", said)[0]) <= 2 * len(slices())


def test_trying_slices_before_the_start_ends_no_batch_and_changes_no_recipe(
    scan, tmp_path, monkeypatch
):
    def out_of_memory(ready: Restoration) -> None:
        ready.recipe = ready.recipe.model_copy(update={"tile": 128})
        raise MemoryError

    plain = Order(RECIPE, scan, tmp_path / "a.npy").begin()
    monkeypatch.setattr("napari_deconv.restoration.LARGE", 100)
    monkeypatch.setattr(Restoration, "image", out_of_memory)
    tried = Order(RECIPE, scan, tmp_path / "b.npy").begin()
    assert tried.task.recipe == plain.task.recipe
    assert len(tried.notes) == len(plain.notes) + 1


def test_a_volume_in_pieces_equals_the_whole(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    array = (rng.random((40, 12, 12)) > 0.8).astype(np.float32) * 100
    array += rng.normal(0, 1, array.shape).astype(np.float32)
    np.save(tmp_path / "scan.npy", array)
    monkeypatch.setattr("napari_deconv.batch.order.THICK", 10)
    monkeypatch.setattr(nd.choices("method")["tv"], "margin", 14)
    recipe = nd.Recipe(
        psf={"name": "gaussian", "sigma": 1, "dimensions": 3},
        method={"name": "tv", "weight": 0.01, "iterations": 60},
    )
    result = done(Order(recipe, tmp_path / "scan.npy", tmp_path / "out.npy", device="cpu"))
    whole = recipe.run(array, device="cpu").image
    scale = np.ptp(np.percentile(array, (0.1, 99.9)))
    assert np.sqrt(np.mean((result - whole) ** 2)) < 1e-3 * scale


def test_run_again_goes_on_and_computes_nothing_twice(scan, tmp_path):
    order = Order(RECIPE, scan, tmp_path / "out.h5", device="cpu")
    steps = order.begin().run()
    for _ in range(4):  # the first tells where it stands
        reached = next(steps)
    steps.close()
    assert not order.target.exists()
    before = Journal.resume(tmp_path / "out.h5.journal")
    assert before is not None
    assert len(before.finished) == 3
    again = order.begin()
    first = next(iter(again.run()))
    assert first.done == reached.done
    result = done(order)
    lines = (tmp_path / "out.h5.journal").read_text().splitlines()[1:]
    starts = [json.loads(line)["start"] for line in lines]
    assert sorted(starts) == list(range(0, COUNT, 3))
    np.testing.assert_array_equal(result, done(Order(RECIPE, scan, tmp_path / "b.h5")))


def test_a_finished_batch_is_not_done_again(scan, tmp_path):
    order = Order(RECIPE, scan, tmp_path / "out.zarr", device="cpu")
    done(order)
    changed = order.target.stat().st_mtime_ns
    assert [step.computed for step in order.begin().run()] == [0]
    assert order.target.stat().st_mtime_ns == changed


def test_slices_that_were_damaged_since_are_computed_anew(scan, tmp_path):
    order = Order(RECIPE, scan, tmp_path / "out.npy", device="cpu")
    steps = order.begin().run()
    for _ in range(5):
        next(steps)
    steps.close()
    part = np.load(tmp_path / ".out.part.npy", mmap_mode="r+")
    part[4] += 1
    part.flush()
    np.testing.assert_array_equal(done(order), RECIPE.run(slices(), device="cpu").image)


def test_a_torn_line_of_the_journal_is_dropped(scan, tmp_path):
    order = Order(RECIPE, scan, tmp_path / "out.npy", device="cpu")
    steps = order.begin().run()
    for _ in range(4):
        next(steps)
    steps.close()
    journal = tmp_path / "out.npy.journal"
    journal.write_bytes(journal.read_bytes()[:-20])
    found = Journal.resume(journal)
    assert found is not None
    assert len(found.finished) == 2
    np.testing.assert_array_equal(done(order), RECIPE.run(slices(), device="cpu").image)


def test_a_damaged_input_chunk_costs_its_piece_only(scan, tmp_path):
    chunk = scan / "14.0.0"
    good = chunk.read_bytes()
    chunk.write_bytes(good[: len(good) // 2])
    order = Order(RECIPE, scan, tmp_path / "out.zarr", device="cpu")
    # The slices that a scan is judged by must be sound; 14 is none of them.
    batch = order.begin()
    last = list(batch.run())[-1]
    assert not batch.whole
    assert (last.done, last.total) == (COUNT - 3, COUNT)
    assert [(a, b) for a, b, _ in batch.failed] == [(12, 15)]
    assert "Slices 12 to 14 are missing" in batch.said()[-1]
    assert not order.target.exists()
    chunk.write_bytes(good)
    again = order.begin()
    computed = list(again.run())[-1].computed
    assert computed == 3
    result = open_scan(order.target).read(0, COUNT)
    np.testing.assert_array_equal(result, RECIPE.run(slices(), device="cpu").image)


def test_slices_whose_input_changed_are_computed_anew(scan, tmp_path):
    order = Order(RECIPE, scan, tmp_path / "out.npy", device="cpu")
    steps = order.begin().run()
    for _ in range(7):
        next(steps)
    steps.close()
    zarr.open(scan, mode="r+")[4] = slices()[9]
    result = done(order)
    measured = type(RECIPE).from_yaml(Journal.resume(tmp_path / "out.npy.journal").task.recipe)
    changed = slices()
    changed[4] = slices()[9]
    np.testing.assert_array_equal(result, measured.run(changed, device="cpu").image)


def test_a_full_disk_stops_in_a_sentence_and_goes_on_later(scan, tmp_path, monkeypatch):
    order = Order(RECIPE, scan, tmp_path / "out.npy", device="cpu")
    write = NpyBlock.write

    def full(self, start, planes):
        if start >= 9:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, start, planes)

    with monkeypatch.context() as patched:
        patched.setattr(NpyBlock, "write", full)
        with pytest.raises(ValueError, match=r"disk is full\. 9 of 23 slices are done; mend it"):
            list(order.begin().run())
    np.testing.assert_array_equal(done(order), RECIPE.run(slices(), device="cpu").image)


def test_two_runs_of_one_result_keep_apart(scan, tmp_path):
    order = Order(RECIPE, scan, tmp_path / "out.npy", device="cpu")
    one = order.begin().run()
    next(one)
    with pytest.raises(ValueError, match=r"Another run works on .*out\.npy"):
        next(order.begin().run())
    one.close()
    done(order)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"target": "out.jpg"}, "no known ending"),
        ({"target": "nowhere/out.npy"}, "no folder"),
        ({"source": "nothing.zarr"}, "There is no file"),
        ({"target": "scan.zarr"}, "is the scan itself"),
        ({"recipe": nd.Recipe(method="tv")}, "no PSF"),
    ],
)
def test_bad_orders_are_refused_in_a_sentence(scan, tmp_path, changes, said):
    order = {"recipe": RECIPE, "source": scan, "target": "out.npy", **changes}
    order = {k: tmp_path / v if isinstance(v, str) else v for k, v in order.items()}
    with pytest.raises(ValueError, match=said):
        Order(**order).begin()


def test_results_are_not_replaced_unasked(scan, tmp_path):
    (tmp_path / "out.npy").write_bytes(b"of someone else")
    order = Order(RECIPE, scan, tmp_path / "out.npy", device="cpu")
    with pytest.raises(ValueError, match="exists already"):
        order.begin()
    assert (tmp_path / "out.npy").read_bytes() == b"of someone else"


def test_a_whole_result_is_made_again_if_that_is_asked_for(scan, tmp_path):
    out = tmp_path / "out.npy"
    first = done(Order(RECIPE, scan, out, device="cpu"))
    np.save(out, np.zeros_like(first))
    np.testing.assert_array_equal(
        done(Order(RECIPE, scan, out, device="cpu", overwrite=True)), first
    )


def test_pieces_go_out_by_the_handful_as_long_as_they_are_short():
    assert engines._handful(seconds=engines.SPAN, left=1000, room=4) == 1
    assert engines._handful(seconds=engines.SPAN / 5, left=1000, room=4) == 5
    assert engines._handful(seconds=0.0, left=1000, room=4) == engines.MOST
    assert engines._handful(seconds=0.0, left=12, room=4) == 3  # so that all end together
    assert engines._handful(seconds=0.0, left=1, room=4) == 1


def test_what_came_back_together_is_noted_before_anybody_can_stop(scan, tmp_path, monkeypatch):
    batch = Order(RECIPE, scan, tmp_path / "out.npy", device="cpu").begin()

    def together(_, ticket, some):
        yield [pieces.compute(ticket, *piece) for piece in some[:3]]

    monkeypatch.setattr(engines.Engine, "run", together)
    run = batch.run()
    next(run)
    next(run)
    run.close()
    assert len(batch.journal.finished) == 3


def test_what_was_written_before_the_disk_was_full_is_told(scan, tmp_path, monkeypatch):
    batch = Order(RECIPE, scan, tmp_path / "out.npy", device="cpu").begin()
    batch.sink.lay_out()
    some = batch.task.pieces()[:3]
    put = NpyBlock.put

    def full(self, start, planes):
        if start == some[2][0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        return put(self, start, planes)

    monkeypatch.setattr(NpyBlock, "put", full)
    monkeypatch.setattr(pieces.memory, "keep_for_good", lambda: None)
    outcomes = pieces.compute_some(batch.ticket, some, own=True)
    assert [(each.start, each.stop) for each in outcomes] == some[:2]
    with pytest.raises(OSError, match="No space left"):
        pieces.compute_some(batch.ticket, some[2:], own=True)


class Deadly:
    """A cluster of one worker that dies of one piece, and with it the handful that it had next."""

    def __init__(self, piece: tuple[int, int]) -> None:
        self.piece, self.handfuls, self.queue = piece, [], []

    def scatter(self, ticket, **_):
        return ticket

    def nthreads(self):
        return {"tcp://worker": 1}

    def submit(self, _compute, _ticket, some, _own, pure):
        self.handfuls.append(some)
        return Handful(some, self)

    def add(self, future):
        self.queue.append(future)

    def __next__(self):
        first = self.queue.pop(0)
        if self.piece in first.pieces and not first.dead:
            for each in (first, *self.queue):
                each.dead = True
        return first


class Handful:
    status = "finished"

    def __init__(self, some, cluster) -> None:
        self.pieces, self.dead = some, False

    def result(self):
        if self.dead:
            raise distributed.KilledWorker("handful", None, 5)
        return [pieces.Finished(a, b, "", "", 0.01, "", 0, ()) for a, b in self.pieces]


def test_only_the_piece_that_workers_vanish_over_is_given_up(monkeypatch):
    some = [(i, i + 1) for i in range(60)]
    deadly = Deadly((25, 26))
    monkeypatch.setattr(distributed, "as_completed", lambda: deadly)
    outcomes = [
        one for together in engines._spread(deadly, None, some, own=True) for one in together
    ]
    failed = [each for each in outcomes if isinstance(each, pieces.Failed)]
    assert [(each.start, each.stop) for each in failed] == [(25, 26)]
    assert "workers vanished over it" in failed[0].reason
    assert sorted((each.start, each.stop) for each in outcomes) == some  # none twice
    assert any(len(handful) > 1 and (25, 26) in handful for handful in deadly.handfuls)


@pytest.mark.parametrize(("own", "kept"), [(True, "keep_for_good"), (False, "kept")])
def test_only_a_worker_of_ones_own_keeps_memory_for_good(scan, tmp_path, monkeypatch, own, kept):
    batch = Order(RECIPE, scan, tmp_path / "out.npy", device="cpu").begin()
    batch.sink.lay_out()
    called = []
    for name in ("keep_for_good", "kept"):
        monkeypatch.setattr(
            pieces.memory, name, lambda name=name: called.append(name) or nullcontext()
        )
    monkeypatch.setattr(pieces, "compute", lambda *_: None)
    pieces.compute_some(batch.ticket, batch.task.pieces()[:2], own)
    assert called == [kept]


def test_another_recipe_does_not_go_on_in_a_result(scan, tmp_path):
    order = Order(RECIPE, scan, tmp_path / "out.npy", device="cpu")
    steps = order.begin().run()
    next(steps)
    next(steps)
    steps.close()
    other = RECIPE.model_copy(update={"pixel_size": "1 mm"})
    with pytest.raises(ValueError, match="begun with another recipe"):
        Order(other, scan, tmp_path / "out.npy", device="cpu").begin()
    done(Order(other, scan, tmp_path / "out.npy", device="cpu", overwrite=True))


def test_the_pixel_size_goes_through(scan, tmp_path):
    size = PixelSize(0.2, "mm")
    done(Order(RECIPE, scan, tmp_path / "out.h5", device="cpu", pixel_size=size))
    assert open_scan(tmp_path / "out.h5").size == size


def test_a_read_only_folder_is_told(scan, tmp_path, monkeypatch):
    def refused(self, *_):
        raise PermissionError(errno.EACCES, "Permission denied")

    order = Order(RECIPE, scan, tmp_path / "out.npy", device="cpu")
    with monkeypatch.context() as patched:
        patched.setattr(running.Journal, "begin", classmethod(refused))
        with pytest.raises(ValueError, match=r"out\.npy can't be written: Permission denied"):
            list(order.begin().run())
    np.testing.assert_array_equal(done(order), RECIPE.run(slices(), device="cpu").image)


def command(scan: Path, out: Path, *more: str) -> list[str]:
    """Return the command line of a batch."""
    RECIPE.save(scan.parent / "r.yaml")
    words = ["run", str(scan.parent / "r.yaml"), str(scan), "--out", str(out), "--device", "cpu"]
    return [sys.executable, "-c", "from napari_deconv.cli import app; app()", *words, *more]


@pytest.mark.timeout(600)  # 21 batches, on a machine that may have other work
def test_killed_at_ten_random_moments_it_goes_on_bit_for_bit(tmp_path):
    ran = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("killed.py")), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(ran.stdout)
    assert found["alike"]
    assert found["twice"] == 0
    cut = [count for count in found["noted"] if count is not None]
    assert len(cut) >= 4, found
    assert len(set(cut)) > 1, found


def test_a_command_line_that_is_killed_goes_on_bit_for_bit(scan, tmp_path):
    """`kill -9` in the middle; the command line, again, ends with the result of one run."""
    out = tmp_path / "out.tif"
    begun = subprocess.Popen(
        command(scan, out, "--json", "--workers", "1"), stdout=subprocess.PIPE, text=True
    )
    assert begun.stdout is not None
    for _ in range(2):
        begun.stdout.readline()
    os.kill(begun.pid, signal.SIGKILL)
    begun.wait()
    begun.stdout.close()
    ended = subprocess.run(
        command(scan, out, "--json", "--workers", "1"), capture_output=True, text=True, check=True
    )
    last = json.loads(ended.stdout.splitlines()[-1])
    assert last["done"] == last["total"] == COUNT
    starts = [json.loads(x)["start"] for x in _lines(tmp_path / "out.tif.journal")[1:]]
    assert len(starts) == len(set(starts))
    np.testing.assert_array_equal(
        open_scan(out).read(0, COUNT), RECIPE.run(slices(), device="cpu").image
    )


def test_two_processes_give_the_same_and_a_lost_one_is_replaced(scan, tmp_path):
    out = tmp_path / "out.zarr"
    order = Order(RECIPE, scan, out, Engine(workers=2), "cpu")
    steps = order.begin().run()
    next(steps)
    first = next(steps)
    os.kill(int(first.last.worker.split(":")[1]), signal.SIGKILL)
    last = list(steps)[-1]
    assert last.done == COUNT
    np.testing.assert_array_equal(
        open_scan(out).read(0, COUNT), RECIPE.run(slices(), device="cpu").image
    )


def test_a_scheduler_that_is_not_there_is_told(scan, tmp_path, monkeypatch):
    engine = Engine(scheduler="tcp://127.0.0.1:9")
    monkeypatch.setattr("napari_deconv.batch.engine.ANSWER", 1)
    order = Order(RECIPE, scan, tmp_path / "out.npy", engine, "cpu")
    with pytest.raises(ValueError, match=r"No dask scheduler answers at tcp://127\.0\.0\.1:9"):
        list(order.begin().run())


def test_time_left_is_spoken():
    reached = running.Progress(10, 40, 5, 10.0)
    assert str(reached) == "10 of 40 slices · 0.5 a second · 1 min 00 s left"
    assert running.Progress(0, 40, 0, 0.0).left is None


def test_workers_keep_one_restoration(scan, tmp_path, monkeypatch):
    begun = []
    begin = nd.Recipe.begin
    monkeypatch.setattr(
        nd.Recipe, "begin", lambda self, *a, **k: (begun.append(1), begin(self, *a, **k))[1]
    )
    batch = Order(RECIPE, scan, tmp_path / "out.npy", device="cpu").begin()
    pieces._standing.clear()
    begun.clear()
    list(batch.run())
    assert len(begun) == 1


def _lines(path: Path) -> list[str]:
    for _ in range(50):
        if path.is_file():
            return path.read_text().splitlines()
        time.sleep(0.1)
    raise AssertionError(f"{path} never came")
