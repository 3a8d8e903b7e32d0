"""Estimate the noise of an image from the image alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

MAD = 0.6745
"""Median of the absolute value of a standard normal variable."""
KEPT = 0.98658
"""Standard deviation of a standard normal variable cut off at 3."""

SIDE = 20
"""Side of the squares in which mean and variance are taken, in pixels."""
NARROWEST = 8
"""Pictures of fewer pixels along an axis have no room for details of 4 px."""
MOST = 8192
"""Most squares that are looked at, spread evenly over the image or stack."""
FEWEST = 8
"""Fewer squares without structure than this tell nothing of how noise follows grey value."""
SPIKE = 5.5
"""A square with details beyond this many sigma holds an edge or a spot."""
ALIKE = 0.3
"""Logarithm by which a square's spectrum of details may differ from that of the noise."""
SMEARED_MOST = 4.0
"""Details of 2 px whose variance is beyond this many times that of 1 px may be texture as well."""
UNCLEAR = np.inf
"""Stands for such a ratio."""
WHITE = 1.1
"""Details of 2 px whose variance is within this of that of 1 px are those of white noise: faint
structure raises them as much."""
LEAST_SPREAD = 1.5
"""Grey levels that differ by less than this factor don't tell photon noise from read noise."""


class NoiseByGrey(NamedTuple):
    """How the noise follows the grey value: ``variance = gain * grey + read_sigma^2``.

    Attributes
    ----------
    gain : float
        Grey values per photon that counts.
    read_sigma : float
        Standard deviation where the grey value is 0.
    neighbours : float
        Correlation of the noise of a pixel with that of the next, 0 where the noise is white.
    unclear : bool
        Whether it is texture, or noise smeared over more than a pixel: which can't be told.
    """

    gain: float
    read_sigma: float
    neighbours: float
    unclear: bool = False


def gaussian_sigma(
    image: npt.NDArray[np.floating],
    valid: npt.NDArray[np.bool_] | None = None,
    weights: npt.NDArray[np.floating] | None = None,
) -> float:
    """Return the standard deviation of white noise, from the finest diagonal Haar details.

    The median of their absolute values starts the estimate, the standard deviation of those
    below three times it ends it, so that coarse grey levels do not quantise the result. Blurred
    structure hardly reaches these details; sharp texture, and noise that the detector smeared,
    bias it (up and down).

    Parameters
    ----------
    image : ndarray, shape (..., H, W)
        Grey values; at least 2 x 2.
    valid : ndarray of bool, optional
        Pixels to look at; the others' details are left out.
    weights : ndarray, optional
        Reciprocal of each pixel's variance, relative to that of a pixel whose sigma is wanted;
        above 0 where valid.

    Returns
    -------
    float
        Sigma on the image's grey scale; 0 for an image without noise.

    References
    ----------
    D. L. Donoho, I. M. Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika
    81, 1994, sec. 4.2.
    """
    details = np.abs(_diagonal(image))
    if weights is not None:
        with np.errstate(divide="ignore", over="ignore"):
            variance = 1 / weights.astype(np.float64)
        details = details / np.sqrt(_over_squares(variance) / 4)
    if valid is not None:
        details = details[_over_squares(valid.astype(np.uint8)) == 4]
    details = details[np.isfinite(details)]
    if details.size == 0:
        return 0.0
    start = float(np.median(details)) / MAD
    largest = float(np.nanmax(np.abs(image if valid is None else image[valid])))
    rounding = 8 * np.finfo(np.float32).eps * largest
    if start <= rounding:
        return 0.0
    inner = details[details < 3 * start]
    return float(np.sqrt(np.mean(np.square(inner, dtype=np.float64)))) / KEPT


def _over_squares(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the sum over each square of 2 x 2 pixels."""
    sums: npt.NDArray[Any] = x[..., :-1, :-1] + x[..., 1:, :-1] + x[..., :-1, 1:] + x[..., 1:, 1:]
    return sums


def poisson_gaussian(
    image: npt.NDArray[np.floating], valid: npt.NDArray[np.bool_] | None = None
) -> tuple[float, float]:
    """Return gain and read noise of ``variance = gain * grey + read_sigma^2``.

    Parameters and method are those of `noise_by_grey`, of which this is the first half.

    Returns
    -------
    gain : float
        Grey values per photon that counts, 0 or more.
    read_sigma : float
        Standard deviation where the grey value is 0, on the image's grey scale, 0 or more.
    """
    return noise_by_grey(image, valid)[:2]


def noise_by_grey(
    image: npt.NDArray[np.floating],
    valid: npt.NDArray[np.bool_] | None = None,
    level: float = 0.0,
) -> NoiseByGrey:
    """Measure the noise of every grey level from the means and variances of small squares.

    In squares of 20 px the variance of diagonal Haar details is taken, which gradients, stripes
    and most of what is blurred do not reach. Noise that the detector smeared is weaker in the
    details of 1 px than in those of 2 px; the ratio of the two is the same wherever there is
    nothing but noise, its most frequent value tells how far neighbours correlate, and squares
    where it is another are left out. A line is fitted to what is left, each square weighted by
    the variance that the line gives it, outliers dropped; gain and read noise are not negative.

    Where the grey levels differ by less than half, all is taken for photon noise: its size holds
    for these levels, whatever it is. Texture as fine as the noise is taken for noise.

    Parameters
    ----------
    image : ndarray, shape (..., H, W)
        Grey values above black, finite where valid.
    valid : ndarray of bool, optional
        Pixels to look at.
    level : float
        Grey value that was subtracted from the image before, of which there is noise as well.

    Returns
    -------
    NoiseByGrey
        Of the whole pixel's variance, smeared noise included. A picture too small or too rich to
        tell gets `gaussian_sigma` alike for all grey levels; one without noise gets zeros.

    References
    ----------
    A. Foi, M. Trimeche, V. Katkovnik, K. Egiazarian, "Practical Poissonian-Gaussian noise
    modeling and fitting for single-image raw-data", IEEE Trans. Image Process. 17, 2008 (the
    model and the fit to means and variances); D. R. Bickel, R. Fruehwirth, Comput. Stat. Data
    Anal. 50, 2006 (the half-sample mode).
    """
    alike = NoiseByGrey(0.0, gaussian_sigma(image, valid), 0.0)
    if alike.read_sigma == 0 or min(image.shape[-2:]) < NARROWEST:
        return alike
    squares = _Squares.of(image, valid)
    if squares.mean.size < FEWEST:
        return alike
    ratio, pure = squares.noise()
    if pure.sum() < FEWEST:
        return alike
    unclear = ratio == UNCLEAR
    neighbours = 0.0 if unclear else _neighbours(ratio)
    variance = squares.fine[pure] / (1 - neighbours) ** 2
    return NoiseByGrey(*_line(squares.mean[pure] + level, variance), neighbours, unclear)


class _Squares(NamedTuple):
    """Squares of an image without spikes: mean, and variance of details of 1, 2 and 4 px."""

    mean: npt.NDArray[np.float64]
    fine: npt.NDArray[np.float64]
    middle: npt.NDArray[np.float64]
    coarse: npt.NDArray[np.float64]

    @classmethod
    def of(cls, image: npt.NDArray[np.floating], valid: npt.NDArray[np.bool_] | None) -> _Squares:
        cut = _cut(image).astype(np.float64)
        seen = np.isfinite(cut) if valid is None else np.isfinite(cut) & _cut(valid)
        count = seen.sum((1, 2))
        half = count > cut[0].size / 2
        cut, seen, count = cut[half], seen[half], count[half]
        cut = np.where(seen, cut, 0.0)
        mean = cut.sum((1, 2)) / np.maximum(count, 1)
        variances, calm = [], np.ones(mean.size, bool)
        for step in (1, 2, 4):
            variance, peak = _details(cut, seen, step)
            calm &= variance > 0
            if step < 4:
                calm &= peak <= SPIKE**2 * variance
            variances.append(variance)
        return cls(mean[calm], *(variance[calm] for variance in variances))

    def noise(self) -> tuple[float, npt.NDArray[np.bool_]]:
        """Return how much stronger noise is at 2 px than at 1 px, and which squares are noise."""
        logs = np.log(self.middle / self.fine)
        structure = self.coarse / (self.fine + self.middle)
        quiet = logs[structure <= np.median(structure)]
        usual = _mode(quiet)
        for _ in range(5):
            usual = float(quiet[np.abs(quiet - usual) < ALIKE].mean())
        pure = np.abs(logs - usual) < ALIKE
        if usual > np.log(SMEARED_MOST):
            return UNCLEAR, np.ones(logs.size, bool)
        return float(np.exp(usual)), pure


def _cut(image: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Return up to `MOST` squares, spread evenly, shape (number, SIDE, SIDE) or narrower."""
    tall, wide = (min(SIDE, n) for n in image.shape[-2:])
    height, width = image.shape[-2] // tall, image.shape[-1] // wide
    planes = image.reshape(-1, *image.shape[-2:])[:, : height * tall, : width * wide]
    number = len(planes) * height * width
    chosen = np.unique(np.linspace(0, number, min(number, MOST), endpoint=False).astype(int))
    plane, row, column = np.unravel_index(chosen, (len(planes), height, width))
    grid = planes.reshape(len(planes), height, tall, width, wide)
    return grid[plane, row, :, column, :]


def _details(
    cut: npt.NDArray[np.float64], seen: npt.NDArray[np.bool_], step: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return variance and largest square of each square's diagonal details, masked left out."""
    details = _diagonal(cut, step)
    counts = seen[:, step:, step:] & seen[:, :-step, step:]
    counts &= seen[:, step:, :-step] & seen[:, :-step, :-step]
    number = np.maximum(counts.sum((1, 2)), 2)
    mean = np.sum(details, (1, 2), where=counts) / number
    squares = np.square(details - mean[:, None, None]) * counts
    return squares.sum((1, 2)) / (number - 1), squares.max((1, 2))


def _mode(values: npt.NDArray[np.float64]) -> float:
    """Return the half-sample mode: the densest half, of it the densest half, and so on."""
    values = np.sort(values)
    while values.size > 3:
        half = (values.size + 1) // 2
        start = int(np.argmin(values[half - 1 :] - values[: values.size - half + 1]))
        values = values[start : start + half]
    return float(values.mean())


def _neighbours(ratio: float) -> float:
    """Return the correlation r of neighbours from ``((1 - r2) / (1 - r))^2 = ratio``.

    The correlation r2 at 2 px lies between that of exponential smear, r^2, and of Gaussian, r^4.
    """
    if ratio < WHITE:
        return 0.0
    r = np.linspace(0, 0.9, 901)
    return float(np.interp(np.sqrt(ratio), (1 - (r**2 + r**4) / 2) / (1 - r), r))


def _line(mean: npt.NDArray[np.float64], variance: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return slope and root of the intercept, neither below 0, of ``variance`` over ``mean``."""
    weights = np.full(mean.size, variance.mean() ** -2)
    low, high = np.percentile(mean, (5, 95))
    narrow = low > 0 and high < LEAST_SPREAD * low
    gain, read = 0.0, 0.0
    for _ in range(10):
        through = float((weights * mean * variance).sum() / (weights * mean**2).sum())
        gain, read = (through, 0.0) if narrow else _fit(mean, variance, weights)
        if read < 0 < through:
            gain, read = through, 0.0
        elif gain < 0 or read < 0:
            gain, read = 0.0, float(np.average(variance, weights=weights))
        model = np.maximum(gain * mean + read, 1e-3 * variance.mean())
        near = np.abs(variance / model - 1) < 0.6
        weights = model**-2 * (near if near.any() else 1)
    return gain, float(np.sqrt(read))


def _fit(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """Return slope and intercept of the weighted line through points."""
    mean_x, mean_y = np.average(x, weights=weights), np.average(y, weights=weights)
    spread = float((weights * (x - mean_x) ** 2).sum())
    slope = float((weights * (x - mean_x) * (y - mean_y)).sum()) / spread if spread else 0.0
    return slope, float(mean_y - slope * mean_x)


def _diagonal(image: npt.NDArray[np.floating], step: int = 1) -> npt.NDArray[np.floating]:
    """Return ``(a - b - c + d) / 2`` of four pixels `step` apart, for every place."""
    rows = image[..., step:, :] - image[..., :-step, :]
    return (rows[..., step:] - rows[..., :-step]) / 2
