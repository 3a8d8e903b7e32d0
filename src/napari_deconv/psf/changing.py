"""PSFs that change over the picture: known at places of it, or a shape that grows across it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field as Declaration
from pydantic import field_validator, model_validator

from napari_deconv.core.params import OneOf, register
from napari_deconv.psf.measured import packed, unpacked
from napari_deconv.psf.sampling import Psf, Sampled
from napari_deconv.psf.shapes import GaussianPsf

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from napari_deconv.core.units import PixelSize
    from napari_deconv.psf.checks import Centre
    from napari_deconv.psf.field import Field

ACROSS = 9
"""Places across a picture at which a shape that changes is sampled."""


class Changing(Psf):
    """A PSF that is another one at each place of the picture."""

    def field(self, frame: Sequence[int], pixel_size: PixelSize | None, centre: Centre) -> Field:
        """Return the PSFs of a frame's places.

        Parameters
        ----------
        frame : sequence of int
            Rows and columns of the picture.
        pixel_size : PixelSize, optional
        centre : {"middle", "centroid", "peak"}
            Which point of each PSF is its origin.

        Raises
        ------
        ValueError
            In one sentence, if a place lies outside the frame, or an array is no PSF.
        """
        raise TypeError(f"{type(self).__name__} does not say how it changes.")


@register("psf")
class PsfGrid(Changing):
    """PSFs measured at places of the picture, rows and columns of them; linear in between."""

    name: Literal["grid"] = "grid"
    label: ClassVar[str] = "Grid: PSFs at several places"
    stored: ClassVar[bool] = True
    data: str = Declaration(
        description="The PSFs (rows, columns, height, width) as an npy file, compressed (zlib) "
        "and written as base64."
    )
    rows: tuple[float, ...] | None = Declaration(
        None,
        description="Row of the picture that each row of PSFs belongs to; evenly spread if none.",
        json_schema_extra={"unit": "px"},
    )
    columns: tuple[float, ...] | None = Declaration(
        None,
        description="Column of the picture that each column of PSFs belongs to; as rows.",
        json_schema_extra={"unit": "px"},
    )

    @classmethod
    def of(
        cls,
        psfs: npt.ArrayLike,
        rows: Sequence[float] | None = None,
        columns: Sequence[float] | None = None,
    ) -> Self:
        """Return the choice that carries PSFs.

        Parameters
        ----------
        psfs : array_like, shape (n, m, k, l)
            n rows of m PSFs; stored as float32.
        rows, columns : sequence of float, optional
            Where in the picture they were measured, in pixels; evenly spread if not given.
        """
        places = {"rows": rows, "columns": columns}
        given = {key: tuple(map(float, one)) for key, one in places.items() if one is not None}
        return cls(data=packed(psfs), **given)

    @field_validator("rows", "columns", mode="before")
    @classmethod
    def _as_typed(cls, places: Any) -> Any:
        """Read numbers with commas between, as a form gives them; none if there are none."""
        if not isinstance(places, str):
            return places
        return tuple(part for part in places.strip("()[] ").split(",") if part.strip()) or None

    @field_validator("rows", "columns")
    @classmethod
    def _rises(cls, places: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if places is not None and any(b <= a for a, b in itertools.pairwise(places)):
            raise ValueError("The places of a grid of PSFs must rise from each one to the next.")
        return places

    def array(self) -> npt.NDArray[np.float64]:
        """Return the PSFs, shape (n, m, k, l).

        Raises
        ------
        ValueError
            In one sentence, if what the recipe carries is damaged or no grid.
        """
        array = unpacked(self.data)
        if array.ndim != 4 or array.size == 0:
            raise ValueError(
                f"The grid of PSFs has shape {array.shape}; give (rows, columns, height, width)."
            )
        return array

    def kernel(self, pixel_size: PixelSize | None = None) -> npt.NDArray[np.float64]:
        """Return the middle one."""
        array = self.array()
        middle: npt.NDArray[np.float64] = array[array.shape[0] // 2, array.shape[1] // 2]
        return middle

    def field(self, frame: Sequence[int], pixel_size: PixelSize | None, centre: Centre) -> Field:
        """Return the PSFs of a frame's places."""
        from napari_deconv.psf.field import Field

        array = self.array()
        places = []
        for which, given, count, n in zip(
            ("rows", "columns"), (self.rows, self.columns), array.shape, frame, strict=False
        ):
            if given is None:
                given = tuple((i + 0.5) * n / count - 0.5 for i in range(count))
            if len(given) != count:
                raise ValueError(
                    f"The grid has {count} {which} of PSFs, but {len(given)} places are given."
                )
            if min(given) < -0.5 or max(given) > n - 0.5:
                raise ValueError(
                    f"The grid of PSFs has {which} at {given[0]:g} to {given[-1]:g} px, the image "
                    f"only {n}; correct the places."
                )
            places.append(given)
        return Field(_alike(array, centre), *map(_floats, places))


@register("psf")
class VaryingPsf(Changing):
    """A shape whose parameters change linearly from one side of the picture to the other."""

    name: Literal["varying"] = "varying"
    label: ClassVar[str] = "Varying: it changes across"
    first: Annotated[Psf, OneOf("psf")] = Declaration(
        GaussianPsf(sigma=1.5), description="The PSF at the first row or column."
    )
    last: Annotated[Psf, OneOf("psf")] = Declaration(
        GaussianPsf(sigma=2.5), description="The same shape at the last one."
    )
    along: Literal["rows", "columns"] = Declaration(
        "columns", description="columns: it changes from left to right; rows: from top to bottom."
    )

    @model_validator(mode="after")
    def _is_one_shape(self) -> Self:
        for part in (self.first, self.last):
            if not isinstance(part, Sampled) or part.axes() != 2:
                raise ValueError(
                    f"{part.key()!r} can't vary across a picture; give a 2-D shape, or a grid."
                )
        if type(self.first) is not type(self.last):
            raise ValueError(
                f"{self.first.key()!r} can't become {self.last.key()!r}: give one shape with other "
                "parameters, or a grid of PSFs."
            )
        return self

    def at(self, share: float) -> Psf:
        """Return the shape at a share of the way."""
        first, last = self.first.plain(), self.last.plain()
        mixed = {key: _between(value, last[key], share) for key, value in first.items()}
        return type(self.first)(**mixed)

    def kernel(self, pixel_size: PixelSize | None = None) -> npt.NDArray[np.float64]:
        """Return that of the middle."""
        return self.at(0.5).kernel(pixel_size)

    def field(self, frame: Sequence[int], pixel_size: PixelSize | None, centre: Centre) -> Field:
        """Return the PSFs of a frame's places."""
        import numpy as np

        from napari_deconv.psf.field import Field

        kernels = [self.at(i / (ACROSS - 1)).kernel(pixel_size) for i in range(ACROSS)]
        array = stacked(kernels).astype(np.float64)
        down = self.along == "rows"
        array = array[:, None] if down else array[None]
        places = np.linspace(0, frame[0 if down else 1] - 1, ACROSS)
        still = np.zeros(1)
        rows, columns = (places, still) if down else (still, places)
        return Field(_alike(array, "middle"), rows, columns)


def _floats(places: Any) -> npt.NDArray[np.float64]:
    import numpy as np

    return np.asarray(places, np.float64)


def _alike(arrays: npt.NDArray[np.float64], centre: Centre) -> npt.NDArray[np.float32]:
    """Return PSFs normalised and centred, on one grid."""
    from napari_deconv.psf.kernel import understand

    kernels = [understand(psf, centre).array for psf in arrays.reshape(-1, *arrays.shape[2:])]
    placed = stacked(kernels)
    return placed.reshape(*arrays.shape[:2], *placed.shape[1:])


def stacked(kernels: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
    """Return PSFs of several sizes as one array, middle on middle, zeros around the smaller."""
    import numpy as np

    sides = np.max([kernel.shape for kernel in kernels], axis=0)
    placed = []
    for kernel in kernels:
        before = [
            (side - 1) // 2 - (n - 1) // 2 for n, side in zip(kernel.shape, sides, strict=True)
        ]
        pads = [(b, s - n - b) for b, n, s in zip(before, kernel.shape, sides, strict=True)]
        placed.append(np.pad(kernel, pads))
    return np.stack(placed).astype(np.float32)


def _between(first: Any, last: Any, share: float) -> Any:
    """Return what lies between two parameters: of numbers and mappings of them, the mean."""
    if isinstance(first, dict) and isinstance(last, dict):
        return {key: _between(value, last[key], share) for key, value in first.items()}
    numbers = isinstance(first, int | float) and isinstance(last, int | float)
    if numbers and not isinstance(first, bool) and first != last:
        return (1 - share) * first + share * last
    return first
