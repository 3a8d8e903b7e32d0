"""One image in a file, restored by several methods into files, with a table of measures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_deconv import io
from napari_deconv.appraisal import Outcome, as_csv, edges, record
from napari_deconv.comparing import Advance, Candidate, Queue, Scene, every_method, measured
from napari_deconv.core import device as devices
from napari_deconv.correcting import Frames
from napari_deconv.registry import choices
from napari_deconv.settings import changed

if TYPE_CHECKING:
    from napari_deconv.core.units import PixelSize
    from napari_deconv.evidence.edges import Edge
    from napari_deconv.jobs import Reference
    from napari_deconv.methods.method import Method
    from napari_deconv.recipe import Recipe
    from napari_deconv.report.contents import Line

TABLE = "comparison"
"""Name of the tables, without ending."""
ALL = "all"


def methods_named(text: str) -> list[Method]:
    """Return the methods that a text names, such as ``tv,wiener`` or ``all``.

    Raises
    ------
    ValueError
        In one sentence, if there is no such method.
    """
    if text.strip() == ALL:
        return every_method()
    known: Any = choices("method")
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise ValueError(
            f"There is no method named {unknown[0] if unknown else text!r}; "
            f"give all, or some of: {', '.join(known)}."
        )
    return [known[name]() for name in dict.fromkeys(names)]


def factors_of(text: str) -> list[float]:
    """Return the factors that a text states, such as ``1/3,1,3``.

    Raises
    ------
    ValueError
        In one sentence, if one is no number above zero.
    """
    found = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*x?([0-9.]+)(?:\s*/\s*([0-9.]+))?\s*", part)
        try:
            value = float(match[1]) / float(match[2] or 1) if match else 0.0
        except (ValueError, ZeroDivisionError):
            value = 0.0
        if not value > 0:
            raise ValueError(f"{part.strip() or text!r} is no factor; write for example 1/3,1,3.")
        found.append(value)
    return list(dict.fromkeys(found))


def with_psf(recipe: Recipe, text: str) -> Recipe:
    """Return a recipe with the PSF of a file, or of a shape such as ``{name: gaussian, sigma: 2}``.

    Raises
    ------
    ValueError
        In one sentence, if it is neither.
    """
    if Path(text).is_file():
        return recipe.with_psf(io.read(text).array)
    return changed(recipe, [f"psf={text}"])


@dataclass(frozen=True)
class Terms:
    """What is compared, and how.

    Attributes
    ----------
    recipe : Recipe
        Its method is not looked at.
    entries : sequence of Candidate
    reference : Reference or None
    lines : sequence of Line
        The edge under the first that lies over one is measured.
    pixel_size : PixelSize or None
        In place of what the file says.
    device : str
    overwrite : bool
    """

    recipe: Recipe
    entries: Sequence[Candidate]
    reference: Reference | None = None
    lines: Sequence[Line] = ()
    pixel_size: PixelSize | None = None
    device: str = "auto"
    overwrite: bool = False


class FileComparison:
    """An image read and checked, ready to be restored by each candidate in turn.

    Parameters
    ----------
    image : Path
        ``FILE[2]`` is a slice.
    folder : Path
        Where results and tables go; it has to be there when `run` begins.
    terms : Terms

    Raises
    ------
    ValueError
        In one sentence, if something doesn't fit, or a file may not be replaced.
    """

    def __init__(self, image: Path, folder: Path, terms: Terms) -> None:
        frames = Frames.of(image)
        picture = frames.read()
        self.terms, self.name, self._folder = terms, frames.name, folder
        self.size = terms.pixel_size or picture.size
        recipe = terms.recipe
        if self.size is not None:
            recipe = recipe.model_copy(update={"pixel_size": str(self.size)})
        if recipe.psf is None:
            raise ValueError("There is no PSF; give --psf FILE or --psf gaussian.")
        devices.pick(terms.device)
        self.scene = Scene(picture.array, recipe, terms.reference, device=terms.device)
        self.data = Outcome(self.name, figures=measured(self.scene.image, self.scene))
        self.outcomes: list[Outcome] = []
        targets = [self.picture(entry.label) for entry in terms.entries]
        for path in (*targets, *self.tables):
            if path.exists() and not terms.overwrite:
                raise ValueError(
                    f"{path} exists already; choose another folder or add --overwrite."
                )
            if path.resolve() == frames.file.resolve():
                raise ValueError(f"{path} is the image; choose another folder.")

    @property
    def tables(self) -> tuple[Path, Path]:
        """The table as CSV and as JSON."""
        return self._folder / f"{TABLE}.csv", self._folder / f"{TABLE}.json"

    def picture(self, label: str) -> Path:
        """Return the file of a result."""
        plain = label.replace(" ", "_").replace("/", "-")
        return self._folder / f"{self.name}_{plain}.tif"

    def run(self) -> Iterator[Advance | Outcome]:
        """Yield how far it is, and each outcome once its picture and recipe are written."""
        for message in Queue(self.scene, self.terms.entries):
            if isinstance(message, Outcome):
                self.outcomes.append(message)
                self._write(message)
            yield message

    def records(self) -> list[dict[str, Any]]:
        """Return the table: the data, then every outcome."""
        found = self._edges()
        unit = "px" if self.size is None else self.size.unit
        outcomes = (self.data, *self.outcomes)
        return [record(one, edge, unit) for one, edge in zip(outcomes, found, strict=True)]

    def save_tables(self) -> None:
        """Write the table as CSV and as JSON."""
        table, plain = self.tables
        records = self.records()
        table.write_text(as_csv(records), encoding="utf-8", newline="")
        plain.write_text(json.dumps(records, indent=1, allow_nan=False), encoding="utf-8")

    def _write(self, outcome: Outcome) -> None:
        if outcome.image is None or outcome.recipe is None:
            return
        path = self.picture(outcome.label)
        io.write(
            path,
            outcome.image,
            pixel_size=None if self.size is None else self.size.value,
            unit=None if self.size is None else self.size.unit,
            recipe=outcome.recipe.to_yaml(),
            overwrite=self.terms.overwrite,
        )
        outcome.recipe.save(path.with_suffix(".yaml"))

    def _edges(self) -> list[Edge | None]:
        """Return the edge in the data and every outcome, widths in the unit of the pixel size."""
        truth = [] if self.scene.reference is None else [self.scene.reference.image]
        results = [one.image for one in self.outcomes if one.image is not None]
        for line in self.terms.lines:
            pictures = [*truth, self.scene.image, *results]
            found = edges(line.path, pictures, len(truth) + 1)
            if any(found):
                scale = line.pixel(self.size)
                scaled = [None if e is None else replace(e, width=e.width * scale) for e in found]
                rest = iter(scaled[len(truth) :])
                shown = (True, *(one.image is not None for one in self.outcomes))
                return [next(rest) if there else None for there in shown]
        return [None] * (1 + len(self.outcomes))
