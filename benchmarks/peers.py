"""Every model of ours beside the peers a user could pick instead, on one and the same objective.

    python benchmarks/peers.py [--sizes 512 1024] [--rows tv haar ...] [--repeats 3] [--markdown]

Time to within 1e-3 of the optimum: CPU time on one thread, all in turn in one process, medians. The
optimum F* is the lowest that anyone reached in a long walk, ours in float64. Peers have the
penalty, step length and inner iterations that suit them best of those listed beside them, tried on
the smallest size; ours has what every picture gets. Where a border is periodic the grid is a power
of two, as the peers' wavelets want it. `around ours` is a peer's solver with our operators, for
agreement; with its own operators it takes the same setting.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import by_deepinv
import by_pylops
import numpy as np
from problems import Case, counts, radiograph
from race import Contender, Finish, end, fastest_setting, on_one_thread, pair_seconds, race
from table import parser, show

NEAR = 1e-3
"""Relative distance from the optimum that is raced to."""
LONG = 1000
"""Our iterations, in float64, that look for the optimum."""
PEERS_LONG = 300
"""Iterations of each peer that look for the optimum, on the smallest size."""
PLAIN = 100
"""Plain Richardson-Lucy iterations whose divergence is raced to."""


def ours(case: Case) -> Iterator[Any]:
    """Walk with our method as it comes."""
    return case.method.replace(iterations=LONG).iterates(case.fresh())


def ours_plain(case: Case) -> Iterator[Any]:
    """Walk with our Richardson-Lucy, not accelerated."""
    return ours(Case(case.problem, case.method.replace(accelerated=False)))


def scikit_image(case: Case) -> Iterator[Any]:
    """Yield the one estimate that scikit-image gives."""
    from skimage.restoration import richardson_lucy

    data, kernel = case.problem.data.numpy(), case.problem.blur.kernel.numpy()
    yield richardson_lucy(data, kernel, num_iter=PLAIN, clip=False)


def settings(**lists: tuple[Any, ...]) -> tuple[Mapping[str, Any], ...]:
    """Return every combination of the values to try."""
    return tuple(dict(zip(lists, values, strict=True)) for values in product(*lists.values()))


def both(
    name: str, walker: Callable[..., Iterator[Any]], needs: str, **tried: tuple[Any, ...]
) -> list[Contender]:
    """Return a solver of the PyLops family around our operators, and with its own alike."""
    around = Contender(
        f"{name}, around ours",
        partial(walker, made=by_pylops.around_ours),
        settings(**tried),
        needs,
        around_ours=True,
    )
    own = partial(walker, made=by_pylops.alone)
    return [around, Contender(name, own, settings(**tried), needs, like=around.name)]


SPLIT_BREGMAN = both(
    "PyLops split Bregman",
    by_pylops.split_bregman,
    "pylops",
    mu=(1.0, 0.3, 3.0, 10.0),
    inner=(3, 5),
)
ADMM_L2 = both(
    "PyProximal ADMM-L2",
    by_pylops.admm_l2,
    "pyproximal",
    shrinkage=(0.02, 0.01, 0.04, 0.08),
    inner=(3, 5),
)
FISTA = both("PyLops FISTA", by_pylops.fista, "pylops", preallocate=(False, True))
PRIMAL_DUAL = Contender(
    "deepinv primal-dual",
    by_deepinv.primal_dual,
    settings(shrinkage=(0.08, 0.04, 0.16, 0.32, 0.64)),
    "deepinv",
)
WAVELET_ADMM = Contender(
    "deepinv ADMM",
    by_deepinv.wavelet_admm,
    settings(shrinkage=(0.1, 0.05, 0.2, 0.4, 0.8, 1.6), beta=(1.0, 1.6)),
    "deepinv",
)


@dataclass(frozen=True)
class Row:
    """One line of the table: a problem, ours, and the peers.

    Attributes
    ----------
    title : str
        What is minimised.
    case : callable
        Makes the problem of a size.
    peers : list of Contender
        Whom ours is raced against, after us.
    bar : tuple of float
        How many times as quick ours is to be: at least, and as an aim.
    """

    title: str
    case: Callable[[int], Case]
    peers: list[Contender]
    bar: tuple[float, float]


def _case(method: dict[str, Any], boundary: str) -> Callable[[int], Case]:
    return lambda size: Case.of(radiograph(size), method, boundary)


HAAR = {"basis": "haar", "levels": 3, "invariant": False}
ROWS = {
    "tv": Row(
        "TV, anisotropic",
        _case({"name": "tv", "isotropic": False}, "edge"),
        [*SPLIT_BREGMAN, *ADMM_L2],
        (20, 30),
    ),
    "haar": Row(
        "L1 of Haar details", _case({"name": "wavelet", **HAAR}, "periodic"), FISTA, (20, 30)
    ),
    "tv-haar": Row(
        "TV + Haar",
        _case({"name": "tv-wavelet", "isotropic": False, **HAAR}, "periodic"),
        SPLIT_BREGMAN,
        (35, 50),
    ),
    "tv-circular": Row(
        "TV, isotropic, circular", _case({"name": "tv"}, "periodic"), [PRIMAL_DUAL], (8, 12)
    ),
    "haar-circular": Row(
        "Haar details, circular",
        _case({"name": "wavelet", **HAAR}, "periodic"),
        [WAVELET_ADMM],
        (4, 6),
    ),
    "poisson": Row(
        f"Poisson: KL of {PLAIN} plain Richardson-Lucy iterations",
        counts,
        [
            Contender("scikit-image", scikit_image, needs="skimage", stride=PLAIN),
            Contender("ours, plain", ours_plain, around_ours=True),
        ],
        (5.5, 8),
    ),
}
OURS = Contender("ours", ours)


@dataclass(frozen=True)
class Goal:
    """The objective to race to, the settings to race with, and where long walks ended."""

    target: float
    settings: list[Mapping[str, Any]]
    ends: dict[str, float]


def goal_of(row: Row, case: Case, peers: list[Contender], chosen: dict[str, Any]) -> Goal:
    """Return what is raced to; settings are chosen, and peers walk far, where `chosen` is empty."""
    if row.case is counts:
        plain = end(ours_plain(case.double()), case.objective, PLAIN)
        theirs = end(scikit_image(case), case.objective, 1)
        ends = {"ours, plain": plain, "scikit-image": theirs}
        return Goal(max(ends.values()), [{} for _ in peers], ends)
    ends = {OURS.name: end(ours(case.double()), case.objective, LONG)}
    for peer in peers:
        if peer.like or peer.name in chosen:
            continue
        target = ends[OURS.name] * (1 + NEAR)
        setting = chosen[peer.name] = fastest_setting(peer, case, case.objective, target)
        ends[peer.name] = end(peer.walker(case, **setting), case.objective, PEERS_LONG)
    target = min(ends.values()) * (1 + NEAR)
    return Goal(target, [chosen[peer.like or peer.name] for peer in peers], ends)


def lines(row: Row, case: Case, repeats: int, chosen: dict[str, Any]) -> list[list[str]]:
    """Return a line for each contender; a peer that is not installed has one that says so."""
    there = [peer for peer in row.peers if peer.is_there()]
    goal = goal_of(row, case, there, chosen)
    entries = list(zip([OURS, *there], [{}, *goal.settings], strict=True))
    finishes = race(case, entries, case.objective, goal.target, repeats)
    pair = float(np.median([pair_seconds(case.grid) for _ in range(repeats)]))
    lowest = min(goal.ends.values())
    found = [_line(finish, pair, row.bar, goal.ends, lowest) for finish in finishes]
    absent = [peer for peer in row.peers if not peer.is_there()]
    for peer in absent:
        found += [[f"{peer.name}: skipped, {peer.needs} is not installed", *[""] * 7]]
    return found


def _line(
    finish: Finish, pair: float, bar: tuple[float, float], ends: dict[str, float], lowest: float
) -> list[str]:
    contender, setting = finish.contender, finish.setting
    how = ", ".join(f"{key} {value:g}" for key, value in setting.items())
    name = f"{contender.name} ({how})" if how else contender.name
    gap = ends.get(contender.name)
    row = [name, f"{1e3 * finish.each:.2f}", f"{finish.each / pair:.2f}"]
    ended = "" if gap is None else f"{gap / lowest - 1:.1e}"
    if finish.seconds is None:
        return [*row, "not reached", "", "", "", ended]
    row += [str(finish.iterations), f"{finish.seconds:.3f}", f"{finish.seconds / pair:.0f}"]
    times = "" if finish.times is None else f"{finish.times:.1f}"
    if finish.spread and contender is not OURS:
        times += " ({:.1f} to {:.1f})".format(*finish.spread)
        if not contender.around_ours and finish.times is not None:
            least, aim = bar
            times += f" of {least:g}" + (", missed" if finish.times < least else "")
            times += f", aim {aim:g}" + (" met" if finish.times >= aim else "")
    return [*row, times, ended]


HEADER = ("", "ms / it", "pairs / it", "its", "s", "pairs", "times ours", "ends above F*")


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    found = parser(__doc__.splitlines()[0])
    found.add_argument("--sizes", type=int, nargs="+", default=[512, 1024])
    found.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    found.add_argument("--repeats", type=int, default=3)
    return found


def main() -> None:
    given = arguments().parse_args()
    on_one_thread()
    for key in given.rows:
        row, chosen = ROWS[key], dict[str, Any]()
        for size in sorted(given.sizes):
            case = row.case(size)
            weights = ", ".join(f"{term.weight:.2g}" for term in case.terms)
            title = f"{key}: {row.title}, {size} × {size}, grid {' × '.join(map(str, case.grid))}"
            title += f", weight {weights}" if weights else ""
            show(title, HEADER, lines(row, case, given.repeats, chosen), given.markdown)


if __name__ == "__main__":
    main()
