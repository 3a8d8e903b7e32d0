"""Which networks a model is made of, declared as plain data that travels with its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from napari_deconv.core.params import Declared

if TYPE_CHECKING:
    from napari_deconv.learned.staged import Staged


class Architecture(Declared):
    """How a model is built."""

    network: Literal["nafnet"] = Field("nafnet", description="Kind of network.")
    inputs: Literal["physics", "blind"] = Field(
        "physics",
        description="physics: Wiener estimates and noise are shown as well; blind: the frame alone.",
    )
    stages: int = Field(
        2, ge=1, le=4, description="Networks one after another; blind models have one."
    )
    width: int = Field(16, ge=4, le=128, description="Features at full resolution.")
    encoder: tuple[int, ...] = Field((1, 1, 2), description="Blocks of each level on the way down.")
    middle: int = Field(2, ge=0, description="Blocks at the bottom.")
    decoder: tuple[int, ...] = Field((1, 1, 1), description="Blocks of each level on the way up.")

    def build(self) -> Staged:
        """Return the model with random weights.

        Raises
        ------
        ValueError
            If a blind model is to have several stages.
        """
        from napari_deconv.learned.staged import Again, Blind, First, Staged

        if self.inputs == "blind":
            if self.stages > 1:
                raise ValueError("A blind model has one stage: a second looks at the physics.")
            return Staged([Blind(self._network)])
        return Staged(
            [First(self._network), *(Again(self._network) for _ in range(1, self.stages))]
        )

    def _network(self, inputs: int):  # type: ignore[no-untyped-def]
        from napari_deconv.learned.nafnet import NAFNet

        return NAFNet(inputs, self.width, self.encoder, self.middle, self.decoder)
