"""What a recipe declares: PSF, border, noise model, method, and what was measured."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from napari_deconv import registry
from napari_deconv.core.boundary import Boundary, Edge
from napari_deconv.core.burst import Burst
from napari_deconv.core.fidelities import Fidelity, Gaussian
from napari_deconv.core.params import Declared, OneOf, from_plain
from napari_deconv.core.scale import Measurement
from napari_deconv.methods.choosing import Curve
from napari_deconv.methods.method import Method
from napari_deconv.methods.rules import MethodsOwn, Rule
from napari_deconv.methods.variational import TotalVariationModel
from napari_deconv.psf.changing import PsfGrid
from napari_deconv.psf.checks import Centre
from napari_deconv.psf.measured import MeasuredPsf
from napari_deconv.psf.sampling import Psf

for family in registry.MODULES:
    registry.choices(family)


class Plan(Declared):
    """The fields of a recipe; `napari_deconv.Recipe` adds what it does."""

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
    strength: Annotated[Rule, OneOf("strength")] = Field(
        MethodsOwn(), description="How the strengths on auto are found."
    )
    offset: float = Field(
        0.0,
        description="Added to the image before and subtracted afterwards, against negatives.",
        json_schema_extra={"unit": "grey values"},
    )
    pixel_size: str | None = Field(
        None, description="Pixel size such as '0.1 mm', for a PSF that is given in a length."
    )
    tile: Annotated[int, Field(ge=0, le=10**6)] | Literal["auto"] = Field(
        "auto",
        description="Longest side of the tiles that a large picture is cut into; 0: as a whole; "
        "auto: as the free memory asks.",
        json_schema_extra={"unit": "px"},
    )
    burst: Burst | None = Field(
        None, description="Frames of one scene along the first axis; none for a plain image."
    )
    measured: Measurement | None = Field(
        None, description="What was measured of the layer; measured anew if none."
    )

    curve: Curve | None = Field(
        None, description="How the strength was found; none if it was given or follows the noise."
    )

    def __init__(self, /, **parts: Any) -> None:
        if isinstance(psf := parts.get("psf"), np.ndarray):
            parts["psf"] = PsfGrid.of(psf) if psf.ndim == 4 else MeasuredPsf.of(psf)
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
        self.model_fields_set.discard("fidelity")  # no longer what was stated
        return self

    def replaced_noise(self) -> tuple[str, ...]:
        """Return a sentence if the method's own noise model stands in place of gaussian."""
        if self.fidelity.key() == "gaussian" or "fidelity" in self.model_fields_set:
            return ()
        method, own = self.method.key(), self.fidelity.key()
        return (f"{method} follows the noise model {own}, which replaces gaussian.",)
