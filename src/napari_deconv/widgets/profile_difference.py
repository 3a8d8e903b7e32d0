"""What layers differ by along a line: from the reference, and restored pictures from their data."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from napari_deconv.widgets.profile_planes import data_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_deconv.evidence.profile import Profile
    from napari_deconv.widgets.profile_curves import LineTraces, Trace


class Difference(NamedTuple):
    """A curve less another one along the same line.

    Attributes
    ----------
    trace : Trace
        What the other one is taken from.
    less : str
        Name of the layer that is taken off.
    values : ndarray of float64, (n,)
        At the trace's distances, in grey values.
    key : tuple of Profile
        What it was computed from.
    """

    trace: Trace
    less: str
    values: NDArray[np.float64]
    key: tuple[Profile, Profile]


def differences(line: LineTraces) -> list[Difference]:
    """Return what the curves of a line differ by.

    With a reference: each layer less the reference. Without one: each result less the data that
    it was made of. In both cases a re-blurred result less those data, which is noise where the
    result explains them.
    """
    found = []
    for trace in line.traces:
        other = _other(trace, line)
        if other is not None and other.profile.values.shape == trace.profile.values.shape:
            values = trace.profile.values - other.profile.values
            key = trace.profile, other.profile
            found.append(Difference(trace, other.plane.name, values, key))
    return found


def _other(trace: Trace, line: LineTraces) -> Trace | None:
    """Return the trace that another one is compared with."""
    role = trace.plane.role
    reference = next((one for one in line.traces if one.plane.role == "reference"), None)
    if role != "reblurred" and reference is not None:
        return None if trace is reference else reference
    if role not in ("result", "reblurred"):
        return None
    data = data_of(trace.plane, [one.plane for one in line.traces])
    return next((one for one in line.traces if data is not None and one.plane is data), None)
