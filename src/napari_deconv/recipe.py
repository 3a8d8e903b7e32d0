"""A `Recipe` says how an image is restored: PSF, border, noise model, method."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from napari_deconv import recipe_file
from napari_deconv.core.params import from_plain
from napari_deconv.methods.method import Step
from napari_deconv.plan import Plan
from napari_deconv.psf.changing import PsfGrid
from napari_deconv.psf.checks import Centre
from napari_deconv.psf.kernel import check_psf
from napari_deconv.psf.measured import MeasuredPsf
from napari_deconv.psf.sampling import Psf

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_deconv.history import Result
    from napari_deconv.restoration import Restoration


class Recipe(Plan):
    """How an image is restored.

    Each part is given by its name, by a mapping with its name and parameters, or as a choice;
    the PSF also as an array.

    Examples
    --------
    >>> recipe = Recipe(psf={"name": "gaussian", "sigma": 2}, method={"name": "tv", "weight": 0.01})
    >>> recipe.boundary.name
    'edge'
    """

    def begin(
        self,
        image: npt.ArrayLike,
        psf: Any = None,
        device: str = "auto",
        region: tuple[slice, ...] | None = None,
        weights: npt.ArrayLike | None = None,
    ) -> Restoration[Recipe]:
        """Check image and PSF, measure what is not known, and stand ready to iterate.

        Parameters
        ----------
        image : array_like, shape (H, W), (N, H, W) or (D, H, W)
            Grey values of any real dtype. With a 2-D PSF a stack is restored slice by slice.
            What the mask of a NumPy masked array hides is no measurement.
        psf : array_like, str, mapping or choice, optional
            Used in place of the recipe's PSF.
        device : str
            ``"auto"``, ``"cpu"``, ``"mps"``, ``"cuda"`` or ``"cuda:N"``.
        region : tuple of slice, optional
            Part of the last axes to restore. It is computed with a margin, and all that is
            measured is measured on the whole image, so that it equals that part of the whole.
        weights : array_like, shape of the image (of a burst, of one frame), optional
            How much each pixel counts, from 0 up: only ratios matter, 0 masks a pixel. The
            reciprocal of the noise's variance is the right one.

        Raises
        ------
        ValueError
            In one sentence, if image, PSF or device can't be used, before any work is done.
        """
        from napari_deconv.restoration import Restoration

        recipe = self if psf is None else self.with_psf(psf)
        array = image if isinstance(image, np.ma.MaskedArray) else np.asarray(image)
        return Restoration(recipe, array, device, region, weights)

    def with_psf(self, psf: Any, pixel_size: str | None = None) -> Recipe:
        """Return a copy with another PSF: an array, a name, a mapping or a choice.

        Parameters
        ----------
        psf : array_like, str, mapping or choice
        pixel_size : str, optional
            At which an array is sampled, such as ``"5 um"``: it is resampled to the image's.

        Raises
        ------
        ValueError
            In one sentence, if it is no PSF, or a shape with a pixel size of its own.
        """
        if isinstance(psf, str | Mapping | Psf):
            if pixel_size is not None:
                raise ValueError("Only an array has a pixel size of its own; a shape takes any.")
            return self.model_copy(update={"psf": from_plain("psf", psf)})
        array = np.asarray(psf)
        if array.ndim == 4:
            if pixel_size is not None:
                raise ValueError(
                    "A grid of PSFs is taken at the image's pixels; resample it before."
                )
            return self.model_copy(update={"psf": PsfGrid.of(array)})
        total = check_psf(array).sum()
        stored = array if 1e-6 < total < 1e6 else array / total  # float32 holds no more
        return self.model_copy(update={"psf": MeasuredPsf.of(stored, pixel_size)})

    def steps(
        self,
        image: npt.ArrayLike,
        psf: Any = None,
        device: str = "auto",
        weights: npt.ArrayLike | None = None,
    ) -> Iterator[Step]:
        """Return the estimates one by one; parameters and errors as in `begin`."""
        return self.begin(image, psf, device, weights=weights).steps()

    def run(
        self,
        image: npt.ArrayLike,
        psf: Any = None,
        reference: npt.ArrayLike | None = None,
        device: str = "auto",
        weights: npt.ArrayLike | None = None,
    ) -> Result[Recipe]:
        """Restore an image and return it with its history.

        Parameters are those of `begin`, and `reference`: the true image, of the same shape, for
        the PSNR of each recorded step.

        Returns
        -------
        Result
            ``.image`` (float32, on the input's grey scale), ``.history``, ``.recipe`` (with every
            automatic choice as the number it came to) and ``.warnings``.

        Raises
        ------
        ValueError
            As `begin`, and if the reference has another shape.
        """
        from napari_deconv.xray.domain import WARNING, looks_like_attenuation

        result = self.begin(image, psf, device, weights=weights).run(reference)
        if not looks_like_attenuation(np.ma.getdata(np.asanyarray(image))):
            return result
        return replace(result, warnings=(*result.warnings, WARNING))

    def save(self, path: str | Path) -> None:
        """Write the recipe as YAML; an array as PSF goes beside it as ``NAME.psf.tif``.

        Raises
        ------
        ValueError
            If the folder does not exist.
        """
        recipe_file.save(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a recipe that `save` wrote or a person typed.

        Raises
        ------
        ValueError
            In one sentence, if the file is no recipe or its PSF file was changed since.
        """
        return cls(**recipe_file.load(Path(path)))

    def to_yaml(self) -> str:
        """Return the recipe as YAML text; an array as PSF is embedded."""
        return recipe_file.dumps(self)

    @classmethod
    def from_yaml(cls, text: str) -> Self:
        """Return the recipe that YAML text describes.

        Raises
        ------
        ValueError
            In one sentence, if the text is no YAML mapping or names what is unknown.
        """
        return cls(**recipe_file.loads(text))


def deconvolve(
    image: npt.ArrayLike,
    psf: Any,
    method: Any = "tv",
    *,
    boundary: Any = "edge",
    fidelity: Any = "gaussian",
    centre: Centre = "middle",
    device: str = "auto",
    pixel_size: str | None = None,
    psf_pixel_size: str | None = None,
    weights: npt.ArrayLike | None = None,
    **parameters: Any,
) -> npt.NDArray[np.float32]:
    """Restore an image in one call.

    Parameters
    ----------
    image : array_like, shape (H, W), (N, H, W) or (D, H, W)
        Grey values; a stack is restored slice by slice if the PSF is 2-D.
    psf : array_like, str, mapping or choice
        Array, or a shape such as ``{"name": "gaussian", "sigma": 2}``.
    method, boundary, fidelity : str, mapping or choice
        See ``napari_deconv.choices``.
    centre : {"middle", "centroid", "peak"}
        Which point of the PSF's array is its origin.
    device : str
        ``"auto"``, ``"cpu"``, ``"mps"``, ``"cuda"`` or ``"cuda:N"``.
    pixel_size : str, optional
        Such as ``"0.1 mm"``, for a PSF that is given in a length.
    psf_pixel_size : str, optional
        At which the array of a PSF is sampled, if not at the image's pixels: it is resampled.
    weights : array_like, shape of `image`, optional
        How much each pixel counts, from 0 up; see `Recipe.begin`.
    **parameters
        Parameters of the method.

    Returns
    -------
    ndarray of float32, shape of `image`
        On the grey scale of `image`.

    Raises
    ------
    ValueError
        In one sentence, if anything is wrong, before any work is done.
    """
    if parameters:
        method = {**({"name": method} if isinstance(method, str) else dict(method)), **parameters}
    recipe = Recipe(
        method=method,
        boundary=boundary,
        fidelity=fidelity,
        centre=centre,
        pixel_size=pixel_size,
    )
    recipe = recipe.with_psf(psf, psf_pixel_size)
    return recipe.begin(image, device=device, weights=weights).image()
