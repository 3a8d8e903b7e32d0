"""One image restored into files: checked, iterated, written, reported."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_deconv import io
from napari_deconv.beside import MAP, Asked, Beside, Varying
from napari_deconv.core.units import PixelSize
from napari_deconv.evidence.reference import Psnr, peak, psnr
from napari_deconv.evidence.residual import ResidualCheck, Unchecked
from napari_deconv.outcomes import Report, losses, strengths
from napari_deconv.psf.checks import on_pixels
from napari_deconv.storing import StoredType

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_deconv.methods.choosing import Trying
    from napari_deconv.methods.method import Step
    from napari_deconv.recipe import Recipe
    from napari_deconv.restoration import Restoration


class Reference(NamedTuple):
    """The true image, and the grey value that counts as full scale in a PSNR."""

    image: NDArray[Any]
    data_range: float

    @classmethod
    def of(cls, image: NDArray[Any], data_range: float | None) -> Reference:
        """Return a reference whose K is its maximum unless given."""
        return cls(image, peak(image) if data_range is None else data_range)

    @classmethod
    def read(cls, path: Path | None, data_range: float | None) -> Reference | None:
        """Return the reference in a file; None without one.

        Raises
        ------
        ValueError
            In one sentence, if it can't be read, or a grey value is given for none.
        """
        if path is not None:
            return cls.of(io.read(path).array, data_range)
        if data_range is not None:
            raise ValueError("A data range is for the PSNR, which needs --reference FILE.")
        return None

    def compare(self, image: NDArray[Any], index: int | None = None) -> Psnr:
        """Return the PSNR of an image, or of one slice of a stack."""
        truth = self.image if index is None else self.image[index]
        return psnr(image.reshape(truth.shape), truth, self.data_range)


@dataclass(frozen=True)
class Terms:
    """What holds for every image of a run."""

    recipe: Recipe
    reference: Reference | None = None
    weights: NDArray[Any] | None = None
    pixel_size: PixelSize | None = None
    psf_pixel: PixelSize | None = None
    device: str = "auto"
    dtype: StoredType = "float32"
    overwrite: bool = False
    beside: Asked = field(default_factory=Asked)


@dataclass(frozen=True)
class Job:
    """An image, and the file that its restoration goes into.

    Of a burst that lies in several files, `image` is the first of `frames`.
    """

    image: Path
    output: Path
    terms: Terms
    frames: tuple[Path, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that will be written: picture, recipe and, if it is an array, PSF."""
        beside = [".yaml"]
        if self.terms.recipe.psf is not None and self.terms.recipe.psf.stored:
            beside.append(".psf.tif")
        more = self.terms.beside.files(self.output, self.terms.recipe)
        return (self.output, *map(self.output.with_suffix, beside), *more)

    def begin(self) -> Work:
        """Read and check the image, and stand ready to iterate.

        Raises
        ------
        ValueError
            In one sentence, if the image can't be read or doesn't fit PSF or reference.
        """
        from napari_deconv.xray.domain import WARNING, looks_like_attenuation

        picture = _stacked(self.frames) if self.frames else io.read(self.image)
        size, notes = _pixel_size(picture, self.terms)
        recipe = self.terms.recipe
        if size is not None:
            recipe = recipe.model_copy(update={"pixel_size": str(size)})
        terms = self.terms
        restoration = recipe.begin(picture.array, device=terms.device, weights=terms.weights)
        image, frames = picture.array, None
        if (burst := restoration.recipe.burst) is not None:  # its result is a single picture
            image, frames = image[burst.reference or 0], image
        before = self._before(image)
        if size is not None and self.terms.psf_pixel is not None:
            notes = (*notes, *_sampled_alike(size, self.terms.psf_pixel))
        if picture.metadata.get("modality") == "CT" or looks_like_attenuation(image):
            notes = (*notes, WARNING)
        notes = (*picture.metadata.get("notes", ()), *notes, *restoration.notes)
        return Work(self, image, size, restoration, before, notes, frames)

    def _before(self, image: NDArray[Any]) -> Psnr | None:
        """Return the PSNR of the image as it is; refuse a reference of another shape."""
        reference = self.terms.reference
        if reference is None:
            return None
        if reference.image.shape != image.shape:
            raise ValueError(
                f"The reference has shape {reference.image.shape}, the image {image.shape}; "
                "give a reference of the same shape."
            )
        return reference.compare(image)


@dataclass
class Work:
    """A job begun: everything checked, the result gathered while it iterates."""

    job: Job
    image: NDArray[Any]
    pixel_size: PixelSize | None
    restoration: Restoration[Recipe]
    before: Psnr | None
    notes: tuple[str, ...]
    frames: NDArray[Any] | None = None
    result: NDArray[np.float32] = field(init=False)
    beside: Beside = field(init=False)
    seconds: float = field(init=False, default=0.0)

    def choosing(self) -> Iterator[Trying]:
        """Find the strengths that were left on auto, and yield what is tried."""
        began = time.perf_counter()
        yield from self.restoration.choosing()
        self.seconds += time.perf_counter() - began

    def steps(self) -> Iterator[Step]:
        """Yield every step, keeping the last of each slice."""
        self.result = np.empty(self.image.shape, np.float32)
        began = time.perf_counter()
        for step in self.restoration.steps():
            if step.index % (step.total // self.restoration.slices) == 0:
                self.result[... if step.slice is None else step.slice] = step.image()
            yield step
        self.seconds += time.perf_counter() - began

    def varied(self) -> Iterator[Varying]:
        """Restore what was asked for beside the result, and yield how far it is."""
        terms = self.job.terms
        given = self.frames if self.frames is not None else self.image
        self.beside = Beside(
            terms.beside, self.restoration.recipe, given, device=terms.device, weights=terms.weights
        )
        yield from self.beside.steps()

    def psnr(self, step: Step) -> Psnr | None:
        """Return the PSNR of a step against the reference, if there is one."""
        reference = self.job.terms.reference
        return None if reference is None else reference.compare(step.image(), step.slice)

    def save(self) -> tuple[Report, ResidualCheck | Unchecked]:
        """Write picture and recipe, and return what became of the image."""
        terms, recipe = self.job.terms, self.restoration.recipe
        picture, text = self.job.output, self.job.files[1]
        written = self._write(picture, self.result, recipe)
        recipe.save(text)
        after = None if terms.reference is None else terms.reference.compare(self.result)
        check = self.restoration.agreement(self.result)
        checked = check if isinstance(check, ResidualCheck) else None
        remarks = self.restoration.remarks(self.result)
        late = [note for note in self.restoration.notes if note not in self.notes]
        found, by = strengths(terms.recipe, recipe)
        report = Report(
            image=str(self.job.image),
            output=str(picture),
            recipe=str(text),
            method=recipe.method.key(),
            strengths=found,
            strength_by=by,
            device=str(self.restoration.device),
            slices=self.restoration.slices,
            iterations=self.restoration.total // self.restoration.slices,
            seconds=round(self.seconds, 3),
            psnr_before=None if self.before is None else self.before.value,
            psnr=None if after is None else after.value,
            data_range=None if after is None else after.data_range,
            chi2=None if checked is None else checked.chi2,
            whiteness=None if checked is None else checked.whiteness,
            chi2_expected=None if checked is None else checked.expected.chi2,
            light=check.light,
            psf_band=self.beside.save_widths(picture, self.result, self._write),
            second_opinion=self.beside.save_opinion(picture, self.result, self._write),
            warnings=(*self.notes, *late, *remarks, *losses(written, recipe, terms.dtype)),
        )
        return report, check

    def _write(self, path: Path, picture: NDArray[Any], recipe: Recipe) -> io.WriteReport:
        return io.write(
            path,
            picture,
            pixel_size=None if self.pixel_size is None else self.pixel_size.value,
            unit=None if self.pixel_size is None else self.pixel_size.unit,
            recipe=recipe.to_yaml(),
            dtype="float32" if path.name.endswith(MAP) else self.job.terms.dtype,
            overwrite=self.job.terms.overwrite,
        )


def arrange(images: Sequence[Path], folder: Path, terms: Terms, kept: Sequence[Path]) -> list[Job]:
    """Return a job for each image, its outputs free to be written; for a burst's files, one.

    Parameters
    ----------
    images : sequence of Path
        What to restore.
    folder : Path
        Where to; it is made when everything else was checked.
    terms : Terms
        What holds for all of them.
    kept : sequence of Path
        Files that must not be overwritten, beside the images.

    Raises
    ------
    ValueError
        In one sentence, if two images would go into one file, or a file may not be replaced.
    """
    method = terms.recipe.method.key()
    if terms.recipe.burst is not None and len(images) > 1:
        output = folder / f"{images[0].stem}_burst_{method}.tif"
        jobs = [Job(images[0], output, terms, tuple(images))]
    else:
        jobs = [Job(image, folder / f"{image.stem}_{method}.tif", terms) for image in images]
    inputs = {path.resolve() for path in (*images, *kept)}
    taken: dict[Path, Path] = {}
    for job in jobs:
        if job.output in taken:
            raise ValueError(
                f"{taken[job.output]} and {job.image} would both be written to {job.output}; "
                "restore them into different folders."
            )
        taken[job.output] = job.image
        for path in job.files:
            if path.resolve() in inputs:
                raise ValueError(f"{path} is one of the inputs; choose another folder.")
            if path.exists() and not terms.overwrite:
                raise ValueError(
                    f"{path} exists already; choose another folder or add --overwrite."
                )
            if path.is_dir():
                raise ValueError(f"{path} is a folder; choose another folder for the results.")
    return jobs


def _stacked(frames: Sequence[Path]) -> io.Picture:
    """Return the frames of a burst, a file each, as one stack; the first says its pixel size."""
    pictures = [io.read(path) for path in frames]
    first = pictures[0].array
    for path, picture in zip(frames, pictures, strict=True):
        if picture.array.ndim != 2 or picture.array.shape != first.shape:
            raise ValueError(
                f"{path} has shape {picture.array.shape}, {frames[0]} {first.shape}; "
                "the frames of a burst are pictures of two axes and one shape."
            )
    return replace(pictures[0], array=np.stack([picture.array for picture in pictures]))


def _pixel_size(picture: io.Picture, terms: Terms) -> tuple[PixelSize | None, tuple[str, ...]]:
    """Return the pixel size to go by (as given, of the file, of the recipe), and what was not."""
    found = picture.size
    if found is not None and terms.recipe.burst is not None and np.size(found.value) == 3:
        found = PixelSize(found.along(2, found.unit), found.unit)  # frames lie no length apart
    stated = terms.recipe.pixel_size
    if terms.pixel_size is not None:
        if found is None or _alike(found, terms.pixel_size):
            return terms.pixel_size, ()
        return terms.pixel_size, (
            f"The pixel size {terms.pixel_size} replaces the file's {found}.",
        )
    if found is None:
        return (PixelSize.parse(stated) if stated else None), ()
    if stated is None or _alike(found, PixelSize.parse(stated)):
        return found, ()
    return found, (f"The file's pixel size {found} is used, not the recipe's {stated}.",)


def _sampled_alike(image: PixelSize, psf: PixelSize) -> tuple[str, ...]:
    """Say so if a PSF was sampled at another pixel size; it is never resampled silently."""
    return tuple(
        f"{sentence[:-1]}: --psf-pixel-size file resamples it."
        for sentence in on_pixels(psf, image, 2)
    )


def _alike(one: PixelSize, other: PixelSize) -> bool:
    return np.allclose(one.along(2, "nm"), other.along(2, "nm"), rtol=1e-6, atol=0)
