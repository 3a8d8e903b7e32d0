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

    network: Literal["nafnet", "swinir", "unrolled", "kpn"] = Field(
        "nafnet",
        description="nafnet: quick; swinir: the study's; unrolled: nafnet between data steps; kpn: "
        "kernels for each pixel of a burst's frames.",
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
    frames: int = Field(
        1,
        ge=1,
        le=64,
        description="Frames of a burst that are shown; with 1, the picture that they merge to.",
    )
    kernel: int = Field(
        5,
        ge=1,
        le=21,
        description="Side of the kernels of kpn, odd.",
        json_schema_extra={"unit": "px"},
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
        if self.frames > 1 and self.inputs == "noise":
            raise ValueError("A denoiser is shown one picture: leave frames at 1.")
        if self.network == "kpn" and (self.frames < 2 or self.kernel % 2 == 0):
            raise ValueError("kpn needs two frames or more, and kernels of an odd side.")
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
            return Staged(unrolled.steps(self._network, self.stages, self._apart))
        if self.inputs == "blind":
            return Staged([Blind(self._network, self._apart)])
        if self.inputs == "noise":
            return Staged([Denoising(self._network)], settle=False)
        later = [Again(self._later, len(self.flat)) for _ in range(1, self.stages)]
        first = First(self._network, self._apart)
        return Staged([first, *later], flat=self.flat if later else ())

    @property
    def _apart(self) -> int:
        """Frames that are shown beside the picture that they merge to."""
        return self.frames if self.frames > 1 else 0

    def _network(self, inputs: int, outputs: int) -> Any:
        if self.network == "kpn":
            from napari_deconv.learned.kpn import KPN

            sizes = {
                name: getattr(self, name) for name in ("width", "encoder", "middle", "decoder")
            }
            return KPN(inputs, self.frames, self.kernel, **sizes)
        return self._later(inputs, outputs)

    def _later(self, inputs: int, outputs: int) -> Any:
        """Return a network that looks at one picture."""
        from napari_deconv.learned.nafnet import NAFNet
        from napari_deconv.learned.swinir import SwinIR

        if self.network == "swinir":
            return SwinIR(inputs, self.width, self.depths, self.heads, outputs=outputs)
        return NAFNet(inputs, self.width, self.encoder, self.middle, self.decoder, outputs=outputs)
