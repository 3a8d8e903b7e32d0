"""Edges by the closed formulas of their blur, made without the package.

The edge spread is the normal integral for a Gaussian, the segment of a disk, the integral of
x K1(x) for an exponential; a picture integrates it over each pixel by Gauss and Legendre's rule.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import cumulative_simpson
from scipy.special import j1, k1, ndtr

Array = NDArray[np.float64]

NODES = 6
"""Places of a pixel along each axis at which the rule takes an edge."""


class Blur(NamedTuple):
    """A blur: name, model to fit, parameters, and the edge spread and MTF by their formulas."""

    name: str
    model: str
    values: tuple[float, ...]
    edge: Callable[[Array], Array]
    transfer: Callable[[Array], Array]


def gaussian(sigma: float) -> Blur:
    """Return a Gaussian."""
    return Blur(
        f"Gaussian {sigma:g}",
        "gaussian",
        (sigma,),
        lambda t: ndtr(t / sigma),
        lambda f: np.exp(-2 * (np.pi * sigma * f) ** 2),
    )


def disk(radius: float) -> Blur:
    """Return a uniform disk, whose edge spread is the area of its segment."""

    def edge(t: Array) -> Array:
        x = np.clip(t / radius, -1, 1)
        return 0.5 + (x * np.sqrt(1 - x**2) + np.arcsin(x)) / np.pi

    def transfer(f: Array) -> Array:
        x = 2 * np.pi * radius * np.maximum(f, 1e-9)
        return 2 * j1(x) / x

    return Blur(f"disk {radius:g}", "disk-gaussian", (radius,), edge, transfer)


def core_tail(sigma: float, tail: float, length: float) -> Blur:
    """Return a Gaussian core and an exponential tail, whose line spread is ``x K1(x)``."""
    x = np.linspace(1e-9, 40, 40001)
    half = cumulative_simpson(x * k1(x), x=x, initial=0) / np.pi

    def edge(t: Array) -> Array:
        far = np.sign(t) * np.interp(np.abs(t) / length, x, half)
        return (1 - tail) * ndtr(t / sigma) + tail * (0.5 + far)

    def transfer(f: Array) -> Array:
        core = np.exp(-2 * (np.pi * sigma * f) ** 2)
        return (1 - tail) * core + tail * (1 + (2 * np.pi * length * f) ** 2) ** -1.5

    name = f"core {sigma:g}, {tail:.0%} in a tail of {length:g}"
    return Blur(name, "core-tail", (sigma, tail, length), edge, transfer)


def slit(width: float, sigma: float) -> Blur:
    """Return a uniform line across the edge, and a Gaussian: motion, no model of the package."""

    def integral(t: Array) -> Array:
        return t * ndtr(t / sigma) + sigma * np.exp(-((t / sigma) ** 2) / 2) / np.sqrt(2 * np.pi)

    def edge(t: Array) -> Array:
        return (integral(t + width / 2) - integral(t - width / 2)) / width

    def transfer(f: Array) -> Array:
        return np.sinc(width * f) * np.exp(-2 * (np.pi * sigma * f) ** 2)

    return Blur(f"slit {width:g}", "", (width,), edge, transfer)


def picture(
    edge: Callable[[Array], Array], angle: float, noise: float, *, dark: bool, seed: int, side: int
) -> Array:
    """Return an edge near the middle between 0.2 and 0.9, its bright side along the normal or not.

    Parameters
    ----------
    edge : callable
        Edge spread by the distance from it in pixels.
    angle : float
        Of the normal, in degrees from the columns' axis.
    noise : float
        Share of the step.
    dark : bool
        Whether it falls along the normal.
    seed : int
        Of the noise and of the edge's place between the pixels.
    side : int
        Pixels.
    """
    rng = np.random.default_rng(seed)
    turn, offset = np.deg2rad(angle), rng.uniform(-0.5, 0.5)
    rows, columns = np.indices((side, side)) - (side - 1) / 2
    places, weights = np.polynomial.legendre.leggauss(NODES)
    rise = np.zeros((side, side))
    for (down, tall), (right, wide) in itertools.product(
        zip(places / 2, weights / 2, strict=True), repeat=2
    ):
        across = (columns + right) * np.cos(turn) + (rows + down) * np.sin(turn)
        rise += tall * wide * edge(across - offset)
    grey = 0.2 + 0.7 * (1 - rise if dark else rise)
    return grey + rng.normal(0, 0.7 * noise, grey.shape)
