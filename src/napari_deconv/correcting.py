"""Files of raw frames corrected into files: every one checked before the first is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from napari_deconv import io
from napari_deconv.settings import value
from napari_deconv.xray.correct import Correction

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_deconv.xray.correct import Corrected

_SLICE = re.compile(r"(.+)\[(\d+)\]")


def correction(domain: str | None, settings: Sequence[str]) -> Correction:
    """Return the correction that a command line states.

    Parameters
    ----------
    domain : str or None
        Of the result; the default if None.
    settings : sequence of str
        Such as ``spot_sigma=8``.

    Raises
    ------
    ValueError
        In one sentence, if a setting has no ``=``, or names or values are not known.
    """
    stated: dict[str, Any] = {} if domain is None else {"domain": domain}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name.strip():
            raise ValueError(f"--set {setting} is no setting; write for example spot_sigma=8.")
        field = Correction.model_fields.get(name.strip())
        # What YAML takes 0:50 for is no text.
        stated[name.strip()] = text if field and field.annotation is str else value(text)
    return Correction(**stated)


@dataclass(frozen=True)
class Frames:
    """Raw frames in a file, or one slice of it, written ``FILE[2]``."""

    file: Path
    slice: int | None = None

    @classmethod
    def of(cls, path: Path) -> Frames:
        """Return what a path on the command line stands for."""
        match = None if path.exists() else _SLICE.fullmatch(str(path))
        return cls(path) if match is None else cls(Path(match[1]), int(match[2]))

    @property
    def name(self) -> str:
        """What the result's name begins with."""
        return self.file.stem if self.slice is None else f"{self.file.stem}_{self.slice}"

    def read(self) -> io.Picture:
        """Return the picture.

        Raises
        ------
        ValueError
            In one sentence, if the file can't be read or has no such slice.
        """
        picture = io.read(self.file)
        if self.slice is None:
            return picture
        if picture.array.ndim != 3 or self.slice >= len(picture.array):
            raise ValueError(
                f"{self.file} has shape {picture.array.shape}, so there is no slice {self.slice}."
            )
        size = picture.pixel_size
        sides = size[-2:] if isinstance(size, tuple) else size
        return io.Picture(picture.array[self.slice], sides, picture.unit, picture.metadata)


@dataclass(frozen=True)
class Done:
    """What became of one image."""

    image: Path
    output: Path
    corrected: Corrected

    def lines(self) -> list[str]:
        """Return it for a reader; the noise as a setting that `run` takes."""
        lines = [str(self.output), *(f"  {note}" for note in self.corrected.notes)]
        if (noise := self.corrected.noise) is not None:
            model = yaml.safe_dump(noise.fidelity().plain(), default_flow_style=True, width=200)
            lines += [f"  {noise}", f"  to deblur with it: --set fidelity='{model.strip()}'"]
        return lines

    def plain(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        found = self.corrected
        noise = found.noise
        figures = ("gain", "gain_error", "read", "read_error")
        return {
            "image": str(self.image),
            "output": str(self.output),
            "spots": found.spots,
            "dead": int(found.dead.sum()),
            "noise": None if noise is None else {name: getattr(noise, name) for name in figures},
            "notes": list(found.notes),
        }


@dataclass(frozen=True)
class Order:
    """What to correct, by what, and where the results go."""

    images: Sequence[Path]
    flats: Sequence[Path]
    darks: Sequence[Path]
    folder: Path
    by: Correction
    overwrite: bool = False

    def outputs(self) -> dict[Path, Frames]:
        """Return every file that will be written, with what goes into it.

        Raises
        ------
        ValueError
            In one sentence, if two images would go into one file, or a file may not be replaced.
        """
        inputs = {
            Frames.of(path).file.resolve() for path in (*self.images, *self.flats, *self.darks)
        }
        outputs: dict[Path, Frames] = {}
        for frames in map(Frames.of, self.images):
            output = self.folder / f"{frames.name}_{self.by.domain}.tif"
            if output in outputs:
                raise ValueError(
                    f"{outputs[output].file} and {frames.file} would both be written to {output}; "
                    "correct them into different folders."
                )
            if output.resolve() in inputs:
                raise ValueError(f"{output} is one of the inputs; choose another folder.")
            if output.is_dir():
                raise ValueError(f"{output} is a folder; choose another folder for the results.")
            if output.exists() and not self.overwrite:
                raise ValueError(
                    f"{output} exists already; choose another folder or add --overwrite."
                )
            outputs[output] = frames
        return outputs

    def begin(self) -> Iterator[Done]:
        """Check all, then return what corrects one image after the other.

        Raises
        ------
        ValueError
            In one sentence, if a file can't be read or doesn't fit.
        """
        outputs = self.outputs()
        flats, darks = _stack(self.flats, "flat"), _stack(self.darks, "dark")
        for frames in outputs.values():  # what can't be corrected is named before any work
            _check(frames, flats, darks)
        return self._carried_out(outputs, flats, darks)

    def _carried_out(
        self,
        outputs: dict[Path, Frames],
        flats: NDArray[Any] | None,
        darks: NDArray[Any] | None,
    ) -> Iterator[Done]:
        for output, frames in outputs.items():
            picture = frames.read()
            own = picture.metadata
            light = own.get("flats") if flats is None else flats
            dark = own.get("darks") if darks is None else darks
            try:
                found = self.by.correct(picture.array, light, dark)
            except ValueError as error:
                raise ValueError(f"{frames.file}: {error}") from None
            io.write(
                output,
                found.values,
                pixel_size=picture.pixel_size,
                unit=picture.unit,
                overwrite=self.overwrite,
            )
            yield Done(frames.file, output, found)


def _check(frames: Frames, flats: NDArray[Any] | None, darks: NDArray[Any] | None) -> None:
    """Refuse an image that has not the size of the frames it goes with."""
    shape = frames.read().array.shape
    for kind, stack in (("flat", flats), ("dark", darks)):
        if stack is not None and stack.shape[-2:] != shape[-2:]:
            raise ValueError(
                f"{frames.file} has shape {shape}, the {kind} {stack.shape[-2:]}; "
                f"give a {kind} of the image's size."
            )


def _stack(paths: Sequence[Path], kind: str) -> NDArray[Any] | None:
    """Return the frames of several files, or slices of one, as a stack; None if there are none."""
    if not paths:
        return None
    arrays = [Frames.of(path).read().array for path in paths]
    for path, array in zip(paths, arrays, strict=True):
        if array.ndim not in (2, 3) or array.shape[-2:] != arrays[0].shape[-2:]:
            raise ValueError(
                f"{path} has shape {array.shape}, {paths[0]} {arrays[0].shape}; "
                f"give {kind}s of one size."
            )
    return np.concatenate([array.reshape(-1, *array.shape[-2:]) for array in arrays])
