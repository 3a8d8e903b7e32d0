"""What a model's file says of it: how it was made, what it was trained for, how it scores."""

from __future__ import annotations

from pydantic import Field

from napari_deconv.core.params import Declared
from napari_deconv.evidence.calibration import Calibration
from napari_deconv.learned.architecture import Architecture
from napari_deconv.learned.foreign import Foreign

BEYOND, FAR = 1.02, 2.0
"""How many times outside what was trained something is named, and refused."""


class Card(Declared):
    """The card of a model.

    PSF widths are rms radii along one axis: sigma, of a Gaussian.
    """

    title: str = Field(description="What it is, in a few words.")
    version: str = Field("1", description="Which making of it.")
    architecture: Architecture | Foreign = Field(description="Of its networks.")
    narrowest: float | None = Field(
        description="Least width of the PSFs trained on; null if nobody knows.",
        json_schema_extra={"unit": "px"},
    )
    widest: float | None = Field(
        description="Greatest width of the PSFs trained on; null if nobody knows.",
        json_schema_extra={"unit": "px"},
    )
    strongest: float | None = Field(
        description="Strongest noise trained on; null if nobody knows.",
        json_schema_extra={"unit": "of range"},
    )
    weakest: float = Field(
        0.0, description="Weakest noise trained on.", json_schema_extra={"unit": "of range"}
    )
    scaling: str = Field(
        "less the mean, over the 0.1 to 99.9 percentile range", description="Of grey values."
    )
    data: str = Field("", description="What it was trained on.")
    made: str = Field("", description="How, and for how long.")
    seed: int = Field(0, description="Of its training.")
    steps: int = Field(0, description="Of its training.")
    minutes: float = Field(0.0, description="Processor minutes of its training, on one thread.")
    scores: dict[str, float] = Field({}, description="PSNR in dB, by what it is of.")
    calibration: Calibration | None = Field(
        None, description="How often places were wrong where TV differed from it."
    )
    licence: str = Field("BSD-3-Clause", description="Of the weights.")
    program: str = Field("", description="Version of napari-deconv that made it.")

    def unknown(self) -> str:
        """Return what nobody knows of its training, in a sentence; nothing if all is known."""
        parts = (("PSF", self.widest), ("noise", self.strongest))
        names = " and ".join(name for name, limit in parts if limit is None)
        if not names:
            return ""
        return (
            f"Ranges unknown: which {names} the model '{self.title}' was trained for is not told, "
            "so nothing warns of what it can't do; compare with tv."
        )

    def doubts(self, width: float, noise: float) -> list[tuple[str, float]]:
        """Return what lies outside what was trained: a sentence, and how many times outside.

        Parameters
        ----------
        width : float
            Rms radius of the PSF along one axis, in pixels.
        noise : float
            Standard deviation as a fraction of the grey range.
        """
        found = []
        for what, value, limit, unit in (
            ("the PSF is wider", width, self.widest, "px"),
            ("the noise is stronger", noise, self.strongest, "of the grey range"),
        ):
            times = value / limit if limit else 0.0  # a denoiser has no width
            if times > BEYOND:
                found.append(
                    (
                        f"{what} ({value:.3g} {unit}) than any it was trained on "
                        f"({limit:.3g}), by a factor of {times:.2g}",
                        times,
                    )
                )
        if self.narrowest is not None and 0 < width < self.narrowest / BEYOND:
            found.append(
                (
                    f"the PSF is narrower ({width:.3g} px) than any it was trained on "
                    f"({self.narrowest:.3g})",
                    1.0,
                )
            )
        return found

    def check(self, width: float, noise: float) -> None:
        """Refuse what lies far outside what was trained.

        Raises
        ------
        ValueError
            In one sentence.
        """
        for words, times in self.doubts(width, noise):
            if times > FAR:
                raise ValueError(
                    f"The model '{self.title}' is of no use here: {words}; bin the image, choose "
                    "another method such as tv, or set force to go on all the same."
                )
