"""Flat and dark correction: raw counts become transmission, without spots and dead pixels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from napari_deconv.core.params import Declared
from napari_deconv.core.saturation import saturated
from napari_deconv.xray.domain import Domain, converted
from napari_deconv.xray.frame import check_image
from napari_deconv.xray.responses import Doubles, Mask, Reference, many
from napari_deconv.xray.spots import running_median, without_spots
from napari_deconv.xray.transfer import DetectorNoise, photon_transfer

Frames = npt.ArrayLike | None
_FIELD = re.compile(r"\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*")


@dataclass(frozen=True, eq=False)
class Corrected:
    """A corrected image and what was done to it.

    Attributes
    ----------
    values : ndarray of float32, shape of the image
        In the chosen domain.
    dead : ndarray of bool, shape (H, W)
        Pixels of the detector that do not respond.
    spots : int
        Spots replaced in the image.
    noise : DetectorNoise or None
        Measured on the frames, in grey values of the result but for attenuation, where it is that
        of the transmission; None if there are fewer than two flats.
    notes : tuple of str
        What was done, a sentence each.
    """

    values: npt.NDArray[np.float32]
    dead: Mask
    spots: int
    noise: DetectorNoise | None
    notes: tuple[str, ...]


class Correction(Declared):
    """How raw frames are corrected: ``(image - dark) / (flat - dark)`` and what goes with it."""

    domain: Domain = Field(
        "transmission",
        title="Result",
        description="Of the result; deblur counts or transmission, not attenuation.",
    )
    combine: Literal["mean", "median"] = Field(
        "mean",
        title="Frames",
        description="How several flats or darks become one.",
    )
    spots: Literal["bright", "bright and dark", "none"] = Field(
        "bright",
        title="Spots",
        description="Which spots are replaced by the median around them.",
    )
    spot_size: int = Field(
        5,
        ge=3,
        le=31,
        description="Side of the neighbourhood of a spot, odd; 2 px more than the largest spot.",
        json_schema_extra={"unit": "px"},
    )
    spot_sigma: float = Field(
        6.0,
        gt=0,
        le=1000,
        description="A spot is this many standard deviations of the noise from the median.",
        title="Threshold",
        json_schema_extra={"unit": "\N{GREEK SMALL LETTER SIGMA}"},
    )
    keep_lines: bool = Field(
        True,
        title="Keep thin bright lines",
        description="Slits and the like stay; if unticked, the long tracks of gamma rays go too.",
    )
    dead: Literal["mask", "fill", "keep"] = Field(
        "mask",
        title="Dead pixels",
        description=(
            "Dead pixels become NaN, which is masked, or the median around them; saturated ones "
            "are masked, unless all are kept."
        ),
    )
    open_field: str = Field(
        "",
        description=(
            "Part without object, as rows and columns 0:50, 0:600, whose mean transmission "
            "becomes 1: it evens out the dose. None if empty."
        ),
    )

    @field_validator("spot_size")
    @classmethod
    def _odd(cls, size: int) -> int:
        if size % 2 == 0:
            raise ValueError(f"The neighbourhood of a spot is {size} px; give an odd number.")
        return size

    @field_validator("open_field")
    @classmethod
    def _rows_and_columns(cls, text: str) -> str:
        found = _FIELD.fullmatch(text)
        if text.strip() and found is None:
            raise ValueError(f"The open field {text!r} is no part; write for example 0:50, 0:600.")
        if found and not (int(found[1]) < int(found[2]) and int(found[3]) < int(found[4])):
            raise ValueError(f"The open field {text!r} is empty; write the smaller number first.")
        return text

    def correct(
        self, image: npt.ArrayLike, flats: Frames = None, darks: Frames = None
    ) -> Corrected:
        """Correct an image or a stack.

        Parameters
        ----------
        image : array_like, shape (H, W) or (N, H, W)
            Raw counts.
        flats, darks : array_like, shape (H, W) or (N, H, W), optional
            Open-beam and dark frames. Without flats the open field alone, a part of the image,
            tells what full transmission is.

        Raises
        ------
        ValueError
            In one sentence, if shapes differ, the flats are no brighter than the darks, all
            pixels are dead, or there is nothing to divide by.
        """
        raw = np.asarray(image)
        check_image(raw)
        values = np.ma.filled(raw.astype(np.float64), np.nan)
        values[~np.isfinite(values)] = np.nan
        test = partial(
            without_spots,
            size=self.spot_size,
            sigma=self.spot_sigma,
            keep_lines=self.keep_lines,
        )
        bright = partial(test, kind="none" if self.spots == "none" else "bright")
        frames = Reference.of(values, flats, darks, bright, self.combine)
        values = values - frames.dark
        if frames.flat is not None:
            values = values / _divisor(frames.flat - frames.dark)
        bad = self._bad(raw, frames)
        values[bad] = np.nan
        values, spots = test(values, kind=self.spots)
        values, open_level = self._evened(values, frames)
        notes = [*frames.notes]
        if spots.any():
            notes.append(f"{many(spots.sum(), 'spot pixel')} replaced in the image.")
        notes += self._told(frames.dead, bad)
        if self.dead == "fill":
            values = _filled(values, frames.dead)
        noise = self._noise(flats, darks, open_level, notes)
        result = converted(values * (open_level if self.domain == "counts" else 1.0), *self._way)
        return Corrected(result, frames.dead, int(spots.sum()), noise, tuple(notes))

    @property
    def _way(self) -> tuple[Domain, Domain]:
        if self.domain == "attenuation":
            return "transmission", "attenuation"
        return self.domain, self.domain

    def _bad(self, raw: npt.NDArray[Any], frames: Reference) -> Mask:
        """Return dead and saturated pixels, shape of the image; none if they are kept."""
        if self.dead == "keep":
            return np.zeros(raw.shape, dtype=bool)
        if frames.dead.all():
            raise ValueError("All pixels are dead by these flats and darks; check which is which.")
        grey = np.ma.getdata(raw).astype(np.float32)
        return np.broadcast_to(frames.dead, raw.shape) | saturated(grey, np.isfinite(grey))

    def _evened(self, values: Doubles, frames: Reference) -> tuple[Doubles, float]:
        """Return transmission, even in dose if asked, and the counts of the open field."""
        level = 1.0
        if frames.flat is not None:
            level = float(np.median((frames.flat - frames.dark)[~frames.dead]))
        found = _FIELD.fullmatch(self.open_field)
        if found is None:
            if frames.flat is None and self.domain != "counts":
                raise ValueError(
                    f"{self.domain.capitalize()} needs flat frames or an open field; give one, "
                    "or choose counts."
                )
            return values, level
        top, bottom, left, right = map(int, found.groups())
        part = values[..., top:bottom, left:right]
        if part.size == 0 or not np.isfinite(part).any((-2, -1)).all():
            raise ValueError(
                f"The open field {self.open_field} has no good pixel in an image of "
                f"{values.shape[-2]} × {values.shape[-1]}; choose another part."
            )
        doses = np.nanmean(part, axis=(-2, -1), keepdims=True)
        if not (doses > 0).all():
            raise ValueError("The open field is no brighter than the dark; choose another part.")
        return values / doses, level * float(doses.mean())

    def _told(self, dead: Mask, bad: Mask) -> list[str]:
        """Return what became of dead and saturated pixels."""
        full = int((bad & ~dead).sum())
        done = {"mask": "masked", "fill": "filled", "keep": "kept"}[self.dead]
        told = [f"{many(dead.sum(), 'dead pixel')} {done}."] if dead.any() else []
        return [*told, *([f"{many(full, 'saturated pixel')} masked."] if full else [])]

    def _noise(
        self, flats: Frames, darks: Frames, level: float, notes: list[str]
    ) -> DetectorNoise | None:
        """Return the noise in grey values of the result; None where the frames can't tell."""
        light = _listed(flats)
        if len(light) < 2:
            return None
        try:
            found = photon_transfer(light, _listed(darks))
        except ValueError as error:
            notes.append(f"Noise not measured: {error}")
            return None
        return found if self.domain == "counts" else found.divided(level)


def _divisor(response: Doubles) -> Doubles:
    """Return a response without what nothing can be divided by."""
    return np.where(response > 0, response, np.nan)


def _filled(values: Doubles, dead: Mask) -> Doubles:
    """Return values with the median of what surrounds them at dead pixels."""
    flat = values.reshape(-1, *values.shape[-2:])
    planes = [np.where(dead, running_median(plane, 5), plane) for plane in flat]
    return np.stack(planes).reshape(values.shape)


def _listed(frames: Frames) -> npt.NDArray[Any]:
    """Return frames as a stack, empty if there are none."""
    stack = np.empty((0, 1, 1)) if frames is None else np.asarray(frames)
    return stack.reshape(-1, *stack.shape[-2:])
