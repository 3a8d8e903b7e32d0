"""Which networks a model is made of, declared as plain data that travels with its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from napari_deconv.core.params import Declared

if TYPE_CHECKING:
    from napari_deconv.learned.staged import Staged


class Architecture(Declared):
    """How a model is built.

    Raises
    ------
    ValueError
        If the parts don't go together.
    """

    network: Literal["nafnet", "swinir", "unrolled"] = Field(
        "nafnet",
        description="nafnet: quick; swinir: the study's; unrolled: nafnet between data steps.",
    )
    inputs: Literal["physics", "blind", "noise"] = Field(
        "physics",
        description="physics: Wiener estimates and noise are shown, too; blind: the frame alone; "
        "noise: the frame and its noise, for a denoiser.",
    )
    stages: int = Field(
        2, ge=1, le=16, description="Networks one after another, or steps of unrolled."
    )
    width: int = Field(16, ge=4, le=256, description="Features at full resolution.")
    encoder: tuple[int, ...] = Field(
        (1, 1, 2), description="Blocks of each level of nafnet on the way down."
    )
    middle: int = Field(2, ge=0, description="Blocks of nafnet at the bottom.")
    decoder: tuple[int, ...] = Field(
        (1, 1, 1), description="Blocks of each level of nafnet on the way up."
    )
    flat: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (0.03, 0.2),
        description="Total variation at these multiples of the noise is shown to later stages, "
        "which may draw the estimate towards it.",
    )
    depths: tuple[int, ...] = Field((6, 6, 6, 6), description="Blocks of each group of swinir.")
    heads: tuple[int, ...] = Field((6, 6, 6, 6), description="Attention heads of each group.")

    @model_validator(mode="after")
    def _fits(self) -> Architecture:
        if self.inputs != "physics" and (self.stages > 1 or self.network == "unrolled"):
            raise ValueError(
                f"A model with the inputs '{self.inputs}' has one stage: a second one looks at the "
                "physics."
            )
        if self.network == "swinir":
            if len(self.depths) != len(self.heads):
                raise ValueError("swinir needs as many numbers of heads as of blocks.")
            if any(self.width % heads for heads in self.heads):
                raise ValueError("swinir needs a width that every number of heads divides.")
        return self

    def build(self) -> Staged:
        """Return the model with random weights."""
        from napari_deconv.learned import unrolled
        from napari_deconv.learned.staged import Again, Blind, Denoising, First, Staged

        if self.network == "unrolled":
            return Staged(unrolled.steps(self._network, self.stages))
        if self.inputs == "blind":
            return Staged([Blind(self._network)])
        if self.inputs == "noise":
            return Staged([Denoising(self._network)], settle=False)
        later = [Again(self._network, len(self.flat)) for _ in range(1, self.stages)]
        return Staged([First(self._network), *later], flat=self.flat if later else ())

    def _network(self, inputs: int, outputs: int) -> Any:
        from napari_deconv.learned.nafnet import NAFNet
        from napari_deconv.learned.swinir import SwinIR

        if self.network == "swinir":
            return SwinIR(inputs, self.width, self.depths, self.heads, outputs=outputs)
        sizes = (self.width, self.encoder, self.middle, self.decoder)
        return NAFNet(inputs, *sizes, outputs=outputs)
