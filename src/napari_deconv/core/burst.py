"""A burst: frames of one scene that become one picture.

`core/registration.py` finds how they lie, `core/merging.py` merges them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from napari_deconv.core.params import Declared
from napari_deconv.core.registration import Pairs, Seen, found

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Mask = npt.NDArray[np.bool_]


MOVING = 0.35
"""Least difference, of the grey range, for which a frame is left out where parts may move."""


class Burst(Declared):
    """The first axis of an image holds frames of one scene, which become one picture."""

    align: bool = Field(
        True, description="Whether shifts and exposures are measured; otherwise frames lie as is."
    )
    reference: int | None = Field(
        None, ge=0, description="Frame that the others are laid over, from 0; found if none."
    )
    upsampling: int = Field(
        50, ge=1, le=1000, description="Shifts are measured to one pixel over this."
    )
    largest_shift: float | None = Field(
        None,
        gt=0,
        description="A frame that lies further off is left out; a quarter of the frame if none.",
        json_schema_extra={"unit": "px"},
    )
    doubt: float = Field(
        0.1,
        gt=0,
        description="A frame of which some part differs by more than this is left out.",
        json_schema_extra={"unit": "of range"},
    )
    found: tuple[Seen, ...] = Field(
        (), description="What was found of each frame; measured if empty."
    )

    def measured(
        self,
        frames: Sequence[Floats],
        valid: Sequence[Mask | None],
        kernels: Sequence[Floats] | None = None,
    ) -> Burst:
        """Return the burst with reference and `found` as they were measured.

        The first frame that most of the others agree with is the reference. Parameters are those
        of `core.registration.Pairs`.

        Raises
        ------
        ValueError
            In one sentence, if there is no such reference, or what the recipe holds was found of
            another number of frames.
        """
        count = len(frames)
        self._check(count)
        if self.found:
            return self.model_copy(update={"reference": self.reference or 0})
        pairs = Pairs(frames, valid, kernels)
        if not self.align:
            alike = tuple(Seen(noise=sigma) for sigma in pairs.noise)
            return self.model_copy(update={"reference": self.reference or 0, "found": alike})
        best: tuple[int, tuple[Seen, ...]] = 0, ()
        for reference in range(count) if self.reference is None else [self.reference]:
            seen = tuple(found(pairs, reference, self.upsampling, self.largest_shift, self.doubt))
            settled = 2 * _trusted(seen) > count and not seen[reference].doubt
            if settled or not best[1] or _trusted(seen) > _trusted(best[1]):
                best = reference, seen
            if settled:
                break
        return self.model_copy(update={"reference": best[0], "found": best[1]})

    def moving(self) -> Burst:
        """Return the burst for who looks at frames apart: they differ where parts have moved.

        What was found before, when that was a reason to leave a frame out, is measured anew.
        """
        if self.doubt >= MOVING:
            return self
        left_out = any(one.doubt for one in self.found)
        return self.model_copy(update={"doubt": MOVING, "found": () if left_out else self.found})

    def weights(self, scale: float) -> tuple[float, ...]:
        """Return one over the variance of each frame's noise, on the reference's grey scale.

        Parameters
        ----------
        scale : float
            Grey range, which says what is as good as no noise at all.
        """
        floor = 1e-4 * scale
        return tuple(
            0.0 if seen.doubt else (seen.gain / max(seen.noise, floor)) ** 2 for seen in self.found
        )

    def exposures(self, scale: float) -> float:
        """Return how many exposures of the reference's gain the merged picture is worth.

        ``(sum w)^2 / sum(w^2 / gain)``: the variance of counts, per grey value, falls by it.
        """
        weights = self.weights(scale)
        spread = sum(w**2 / seen.gain for w, seen in zip(weights, self.found, strict=True))
        return sum(weights) ** 2 / spread

    def summary(self, before: float, after: float) -> str:
        """Return one sentence: frames merged, shifts, noise, which were left out and why.

        Parameters
        ----------
        before, after : float
            Noise of a frame, and of the merged picture.
        """
        kept = [seen for seen in self.found if not seen.doubt]
        farthest = max((max(map(abs, seen.shift)) for seen in kept), default=0.0)
        told = (
            f"{len(kept)} of {len(self.found)} frames merged on frame {self.reference} (from 0), "
            f"shifts up to {farthest:.2f} px, noise {before:.3g} to {after:.3g}"
        )
        out = [f"frame {i}: {seen.doubt}" for i, seen in enumerate(self.found) if seen.doubt]
        return f"{told}; left out: {'; '.join(out)}." if out else f"{told}."

    def _check(self, count: int) -> None:
        if self.reference is not None and self.reference >= count:
            raise ValueError(
                f"The burst has no frame {self.reference}; "
                f"choose a reference from 0 to {count - 1}."
            )
        if self.found and len(self.found) != count:
            raise ValueError(
                f"The recipe was made for a burst of {len(self.found)} frames, this one has "
                f"{count}; set burst.found to [] to measure anew."
            )
        if self.found and all(one.doubt for one in self.found):
            raise ValueError("Every frame of the burst is left out; raise its 'doubt'.")


def _trusted(seen: Sequence[Seen]) -> int:
    return sum(not one.doubt for one in seen)
