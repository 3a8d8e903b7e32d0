"""The command line's training of models."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_deconv import training_events as events

if TYPE_CHECKING:
    from napari_deconv.learned.job import TrainingPlan
    from napari_deconv.learned.team import Team
    from napari_deconv.psf.sampling import Psf
    from napari_deconv.trainer import Trainer


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="What is trained on what.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="What happens as JSON, an object a line.")
    ] = False,
    attached: Annotated[
        bool, typer.Option(help="Stop, the best so far kept, when standard input ends.")
    ] = False,
    devices: Annotated[
        str, typer.Option(help="Processes that learn together on each node, or auto.")
    ] = "1",
    nodes: Annotated[int, typer.Option(min=1, help="Nodes that learn together.")] = 1,
) -> None:
    """Train a model for `restore`; a training that was cut off goes on."""
    say = _as_json if as_json else _in_words
    try:
        trainer = begun(config, _team(devices, nodes, config))
    except ValueError as error:
        if as_json:
            typer.echo(events.line(events.Refused(str(error))))
        raise
    if attached:
        _lie_low()
        _stop_when_told(trainer.stop)
    for event in trainer.events():
        say(event)


def begun(config: Path, team: Team | None = None) -> Trainer:
    """Return the trainer of a plan, all that it names read.

    Raises
    ------
    ValueError
        In one sentence, if it can't begin.
    """
    from napari_deconv.learned.job import Job
    from napari_deconv.trainer import Trainer

    plan = planned(config)
    _check_out(plan)
    if team is not None:
        plan = plan.model_copy(update={"device": str(getattr(team, "device", plan.device))})
    psf = psf_in(plan.psf) if plan.psf else None
    return Trainer(Job(plan, arrays_of(plan.images), psf, team))


def _check_out(plan: TrainingPlan) -> None:
    """Refuse a file that the model can't go to, or that is another's."""
    from napari_deconv.learned.sittings import RUN

    out = place_of(plan.out)
    if plan.start and out.resolve() == Path(plan.start).resolve():
        raise ValueError(f"{out} is the model that the training begins as: name another file.")
    if out.exists() and not (Path(plan.folder) / RUN).is_file():
        raise ValueError(f"{out} is there already: name another file, or move that away.")


def place_of(name: str) -> Path:
    """Return the file that a model goes to.

    Raises
    ------
    ValueError
        If it can't go there.
    """
    out = Path(name)
    if out.suffix != ".safetensors" or not out.absolute().parent.is_dir():
        raise ValueError(f"{out} can't take the model: name a .safetensors file in a folder.")
    return out


def planned(path: Path) -> TrainingPlan:
    """Return the plan in a file.

    Raises
    ------
    ValueError
        In one sentence, if it is no plan.
    """
    from napari_deconv import registry
    from napari_deconv.learned.job import TrainingPlan

    registry.choices("psf")  # which a plan may name
    return TrainingPlan(**plain_of(path, "minutes: 60"))


def plain_of(path: Path, example: str) -> dict[str, Any]:
    """Return what a plan's file holds.

    Raises
    ------
    ValueError
        In one sentence, if it holds no plan.
    """
    from napari_deconv.recipe_file import parse_yaml

    try:
        plain: Any = parse_yaml(path.read_text(encoding="utf-8"))
    except Exception:
        plain = None
    if not isinstance(plain, dict):
        raise ValueError(f"{path} is no training plan; a plan is lines such as '{example}'.")
    return {str(key): value for key, value in plain.items()}


def arrays_of(names: Iterable[str]) -> list[Any]:
    """Return what files hold, the pictures of a folder in the order of their names.

    Hidden files in a folder, and those that are no pictures, are passed over.

    Raises
    ------
    ValueError
        If a file can't be read or is in colour, or a folder holds no picture.
    """
    files: list[Path] = []
    for name in names:
        path = Path(name).expanduser()
        files += _pictures_in(path) if path.is_dir() else [path]
    return [_grey(file) for file in files]


def _pictures_in(folder: Path) -> list[Path]:
    """Return the files of a folder that are pictures; a format that isn't known is told later."""
    from napari_deconv import io

    try:
        files = sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith("."))
    except OSError as error:
        raise ValueError(f"{folder} can't be read: {error.strerror}.") from None
    found = [file for file in files if io.is_picture(file)]
    if not found:
        raise ValueError(f"{folder} holds no picture: name another folder, or files.")
    return found


def _grey(file: Path) -> Any:
    """Return the grey values in a file; black and white as 0 and 1."""
    from napari_deconv import io

    array = io.read(file).array
    if array.ndim == 3 and array.shape[-1] in (3, 4):
        raise ValueError(f"{file.name} is in colour: give grey pictures.")
    return array.astype("uint8") if array.dtype.kind == "b" else array


def psf_in(name: str) -> Psf:
    """Return the PSF in a file, its centre as it is.

    Raises
    ------
    ValueError
        If there is none in it.
    """
    from napari_deconv import io
    from napari_deconv.psf.kernel import understand
    from napari_deconv.psf.measured import MeasuredPsf

    return MeasuredPsf.of(understand(io.read(Path(name).expanduser()).array).array)


def _team(devices: str, nodes: int, config: Path) -> Team | None:
    """Return the processes that learn together; None if this one is alone."""
    if devices == "1" and nodes == 1:
        return None
    if "napari" in sys.modules:
        raise ValueError("Several devices are for the command line, not for napari's process.")
    from napari_deconv.learned.team import FabricTeam

    if devices != "auto" and not devices.isdigit():
        raise ValueError(f"--devices takes a number or auto, not {devices!r}.")
    kind = planned(config).device.split(":")[0]
    count: int | str = devices if devices == "auto" else int(devices)
    return FabricTeam(count, "cuda" if kind == "cuda" else "cpu", nodes)


def _lie_low() -> None:
    """Leave a processor to whoever watches."""
    from napari_deconv.core import device

    device.leave_a_core()


def _stop_when_told(stop: Callable[[], None]) -> None:
    """Stop at the first line of standard input, or when whoever held it is gone."""

    def wait() -> None:
        sys.stdin.readline()
        stop()

    threading.Thread(target=wait, daemon=True, name="told to stop").start()


def _as_json(event: events.Event) -> None:
    sys.stdout.write(events.line(event) + "\n")
    sys.stdout.flush()


def _in_words(event: events.Event) -> None:
    if isinstance(event, events.Done):
        card = event.card
        scores = ", ".join(f"{what} {value} dB" for what, value in event.table.items())
        if event.hard:
            typer.echo(event.hard, err=True)
        typer.echo(f"{event.model}: {card['steps']} steps, {card['minutes']} min; {scores}")
    else:
        typer.echo(words(event), err=True)


def words(event: events.Event) -> str:
    """Return an event in a line."""
    if isinstance(event, events.Begun):
        return f"{event.said}; on {event.device}"
    if isinstance(event, events.Comparing):
        return f"TV on what was kept apart: {event.index + 1} of {event.total}"
    if isinstance(event, events.Learned):
        cooling = ", cooling" if event.cooling else ""
        return f"step {event.step}, {event.left / 60:.1f} min left, loss {event.loss:.4g}{cooling}"
    if isinstance(event, events.Validated):
        others = ", ".join(f"{what} {value} dB" for what, value in event.others.items())
        kept = ", the best so far" if event.best else ""
        return f"step {event.step}: {event.restored} dB on what was kept apart ({others}){kept}"
    return str(event)
