"""A `Recipe` says how an image is restored: PSF, border, noise model, method."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from napari_deconv import registry
from napari_deconv.core.boundary import Boundary, Edge
from napari_deconv.core.params import Declared, OneOf, from_plain
from napari_deconv.core.problem import Fidelity, Gaussian
from napari_deconv.core.scale import Measurement
from napari_deconv.methods.method import Method, Step
from napari_deconv.methods.variational import TotalVariationModel
from napari_deconv.psf.kernel import Centre
from napari_deconv.psf.measured import MeasuredPsf
from napari_deconv.psf.shapes import Psf

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from napari_deconv.restoration import Restoration, Result

for family in registry.MODULES:
    registry.choices(family)


class Recipe(Declared):
    """How an image is restored.

    Each part is given by its name, by a mapping with its name and parameters, or as a choice;
    the PSF also as an array.

    Examples
    --------
    >>> recipe = Recipe(psf={"name": "gaussian", "sigma": 2}, method={"name": "tv", "weight": 0.01})
    >>> recipe.boundary.name
    'edge'
    """

    psf: Annotated[Psf, OneOf("psf")] | None = Field(
        None, description="Point-spread function; none if it is given with each image."
    )
    centre: Centre = Field(
        "middle",
        description="Which point of the PSF's array is its origin; middle is index (n - 1) // 2.",
    )
    boundary: Annotated[Boundary, OneOf("boundary")] = Field(
        Edge(), description="What is assumed beyond the border."
    )
    fidelity: Annotated[Fidelity, OneOf("fidelity")] = Field(
        Gaussian(), description="Noise model; a method that follows only one replaces gaussian."
    )
    method: Annotated[Method, OneOf("method")] = Field(
        TotalVariationModel(), description="How the image is restored."
    )
    offset: float = Field(
        0.0,
        description="Added to the image before and subtracted afterwards, against negatives.",
        json_schema_extra={"unit": "grey values"},
    )
    pixel_size: str | None = Field(
        None, description="Pixel size such as '0.1 mm', for a PSF that is given in a length."
    )
    measured: Measurement | None = Field(
        None, description="What was measured of the layer; measured anew if none."
    )

    def __init__(self, **parts: Any) -> None:
        if isinstance(parts.get("psf"), np.ndarray):
            parts["psf"] = MeasuredPsf.of(parts["psf"])
        super().__init__(**parts)

    @model_validator(mode="after")
    def _follows_its_noise(self) -> Self:
        """Give a method that follows only another noise model its own in place of gaussian."""
        known = self.method.fidelities
        if self.fidelity.key() in known:
            return self
        if self.fidelity.key() != "gaussian":
            raise ValueError(
                f"{self.method.key()} does not follow the noise model {self.fidelity.key()!r}; "
                f"choose {' or '.join(map(repr, known))}, or another method."
            )
        own = from_plain("fidelity", known[0])
        object.__setattr__(self, "fidelity", own)
        return self

    def begin(
        self,
        image: npt.ArrayLike,
        psf: npt.ArrayLike | None = None,
        device: str = "auto",
        region: tuple[slice, ...] | None = None,
    ) -> Restoration:
        """Check image and PSF, measure what is not known, and stand ready to iterate.

        Parameters
        ----------
        image : array_like, shape (H, W), (N, H, W) or (D, H, W)
            Grey values of any real dtype. With a 2-D PSF a stack is restored slice by slice.
        psf : array_like, optional
            Used in place of the recipe's PSF.
        device : str
            ``"auto"``, ``"cpu"``, ``"mps"``, ``"cuda"`` or ``"cuda:N"``.
        region : tuple of slice, optional
            Part of the last axes to restore. It is computed with a margin, and all that is
            measured is measured on the whole image, so that it equals that part of the whole.

        Raises
        ------
        ValueError
            In one sentence, if image, PSF or device can't be used, before any work is done.
        """
        from napari_deconv.restoration import Restoration

        recipe = self if psf is None else self.with_psf(psf)
        return Restoration(recipe, np.asarray(image), device, region)

    def with_psf(self, psf: npt.ArrayLike) -> Recipe:
        """Return a copy that carries an array as its PSF."""
        from napari_deconv.psf.kernel import check_psf

        array = np.asarray(psf)
        check_psf(array)
        return self.model_copy(update={"psf": MeasuredPsf.of(array)})

    def steps(
        self, image: npt.ArrayLike, psf: npt.ArrayLike | None = None, device: str = "auto"
    ) -> Iterator[Step]:
        """Return the estimates one by one; parameters and errors as in `begin`."""
        return self.begin(image, psf, device).steps()

    def run(
        self,
        image: npt.ArrayLike,
        psf: npt.ArrayLike | None = None,
        reference: npt.ArrayLike | None = None,
        device: str = "auto",
    ) -> Result:
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
        return self.begin(image, psf, device).run(reference)

    def save(self, path: str | Path) -> None:
        """Write the recipe as YAML; an array as PSF goes beside it as ``NAME.psf.tif``."""
        from napari_deconv.recipe_file import save

        save(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Recipe:
        """Read a recipe that `save` wrote or a person typed.

        Raises
        ------
        ValueError
            In one sentence, if the file is no recipe or its PSF file was changed since.
        """
        from napari_deconv.recipe_file import load

        return load(Path(path))


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
        Such as ``"0.1 mm"``, for a shape that is given in a length.
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
    recipe = (
        recipe.model_copy(update={"psf": from_plain("psf", psf)})
        if isinstance(psf, str | Mapping | Psf)
        else recipe.with_psf(psf)
    )
    return recipe.begin(image, device=device).image()
