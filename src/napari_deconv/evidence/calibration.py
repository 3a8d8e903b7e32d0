"""How often a place that the disagreement marks is really wrong, where the truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from napari_deconv.core.params import Declared
from napari_deconv.evidence.disagreement import compared, smoothed

if TYPE_CHECKING:
    import numpy.typing as npt

MARK, WRONG = 0.01, 0.03
"""Disagreement beyond what edges explain that marks a place, and the rms error over 8 px that
makes it wrong, both of the grey range."""


class Calibration(Declared):
    """What marks were worth on pictures with known truth."""

    mark: float = Field(
        description="Disagreement that marks.", json_schema_extra={"unit": "of range"}
    )
    wrong: float = Field(
        description="Error that counts as wrong.", json_schema_extra={"unit": "of range"}
    )
    marked: float = Field(ge=0, le=1, description="Share of places that were marked.")
    marked_wrong: float = Field(ge=0, le=1, description="Share of these that were wrong.")
    others_wrong: float = Field(ge=0, le=1, description="Share of the others that were wrong.")
    pictures: int = Field(ge=1, description="Pictures that it was counted on.")

    def said(self) -> str:
        """Return it in a sentence."""
        tests = f"On {self.pictures} pictures kept apart"
        error = f"wrong by more than {self.wrong:.0%} of the grey range"
        if not self.marked:
            return (
                f"{tests}, TV differed nowhere by more than edges explain; "
                f"{self.others_wrong:.1%} of all places were {error}."
            )
        return (
            f"{tests}, {self.marked_wrong:.0%} of the places where TV differed by "
            f"{self.mark:.0%} of the grey range more than edges explain were {error}, and "
            f"{self.others_wrong:.1%} of the others."
        )


def calibrated(
    results: Sequence[npt.NDArray[Any]],
    others: Sequence[npt.NDArray[Any]],
    truths: Sequence[npt.NDArray[Any]],
    border: int,
) -> Calibration:
    """Return how often places were wrong where two results disagreed, and where they did not.

    Parameters
    ----------
    results, others, truths : sequence of ndarray, shape (H, W)
        Results to be judged, second opinions, and what they should be; the grey range is 1.
    border : int
        Pixels along the border that don't count.
    """
    inner = (slice(border, -border),) * 2 if border else (slice(None),) * 2
    marks, errors = [], []
    for result, other, truth in zip(results, others, truths, strict=True):
        marks.append((compared([result, other]).beyond > MARK)[inner].ravel())
        errors.append((smoothed(result.astype(float) - truth) > WRONG)[inner].ravel())
    marked, wrong = np.concatenate(marks), np.concatenate(errors)
    return Calibration(
        mark=MARK,
        wrong=WRONG,
        marked=_share(marked),
        marked_wrong=_share(wrong[marked]),
        others_wrong=_share(wrong[~marked]),
        pictures=len(truths),
    )


def _share(flags: npt.NDArray[np.bool_]) -> float:
    return round(float(flags.mean()), 4) if flags.size else 0.0
