"""How well two parallel wires are told apart along a line across them."""

from __future__ import annotations

from napari_deconv.evidence.profile import Profile

ENDS = 10
"""The background is read from the first and the last tenth of the line."""
CERTAIN = 5.0
"""Wires rise this many sigma of the noise above the background, or more."""
RIPPLE = 0.05
"""Share of the height below which a bump is a ripple, not a wire."""


def pair_dip(profile: Profile) -> float | None:
    """Return the dip between the two wires of a pair, ``(A + B - 2 C) / (A + B)``.

    A and B are the heights of the two wires above the background, C that of the lowest place
    between them; 1 for wires that are fully apart, 0.2 at the limit of resolution of the
    standard. The background is a straight line through the ends of the profile.

    Parameters
    ----------
    profile : Profile
        A line profile across both wires, dark or bright, with some background at its ends.

    Returns
    -------
    float or None
        0 to 1; None where not exactly two wires of similar height stand out of the noise.

    References
    ----------
    ISO 19232-5:2018, Non-destructive testing: Image quality of radiographs, part 5.
    """
    import numpy as np
    from scipy.signal import find_peaks

    run = profile.run
    if run is None or run.values.size < 2 * ENDS:
        return None
    n = run.values.size
    k = max(2, n // ENDS)
    first, last = run.values[:k].mean(), run.values[-k:].mean()
    height = run.values - np.linspace(first, last, n)
    height = -height if -height.min() > height.max() else height
    noise, top = run.noise, float(height.max())
    if top <= CERTAIN * noise or max(abs(height[:k]).max(), abs(height[-k:]).max()) > top / 3:
        return None
    wires, _ = find_peaks(height, height=top / 2, prominence=max(3 * noise, RIPPLE * top))
    if len(wires) != 2:
        return None
    a, b = height[wires]
    between = float(height[wires[0] : wires[1]].min())
    return float(np.clip((a + b - 2 * between) / (a + b), 0, 1))
