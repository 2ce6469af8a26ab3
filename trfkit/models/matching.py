"""Shapes for the parts of a sum: which tau for the background, which positions for the peaks.

Matching pursuit over the parts' grids: each part in turn takes the shape that, with the coefficients of all parts so
far solved again, leaves least over. Which part should come first is not known, nor is the best first choice always part
of the best whole: a background that goes through the peaks leaves less over than the true one. So several selections
are carried along side by side (a beam), several orders are tried, with the peaks sought in what stands out of an
estimated background, too, and the best few are improved before one is chosen.

S. Mallat and Z. Zhang, Matching pursuits with time-frequency dictionaries, IEEE Trans. Signal Process. 41 (1993)
3397-3415. Y. C. Pati, R. Rezaiifar and P. S. Krishnaprasad, Orthogonal matching pursuit, Asilomar Conf. (1993) 40-44.
"""

import itertools
from typing import NamedTuple

import numpy as np

from .background import background
from .separable import Grid
from .variable_projection import basis_of, improved, left_over

BEAM = 4  # selections carried along
SPREAD_FOR_PEAK = 12  # the same after a curve, if a peak comes next
SPREAD_FOR_CURVE = 40  # and if another curve does: a step and a decay may do for each other
FINISHED = 3  # of each order, those that are improved in the end
MOST_ORDERS = 6  # those of three curves


class Selection(NamedTuple):
    """A shape for each part that has been matched so far, by the part's place."""

    left_over: float  # sum of squares
    thetas: dict  # θ (q,)
    steps: dict  # (q,), of the grid


def _extended(parts, x, y, beam, i, grid, spread=0) -> list[Selection]:
    """The best selections with one more part, i, its shape taken from the grid.

    With `spread` the best of each of so many stretches of the grid: neighbours are alike, and what suits the data best
    by itself need not suit the next part.
    """
    matrix = parts[i].matrix(x, grid.theta)
    stretches = np.array_split(np.arange(len(matrix)), min(spread, len(matrix)) or 1)
    longer = []
    for _, thetas, steps in beam:
        ends = left_over(matrix, basis_of(parts, x, thetas), y)
        best = [s[np.argmin(ends[s])] for s in stretches] if spread else np.argsort(ends, kind="stable")[:BEAM]
        longer += [Selection(float(ends[k]), {**thetas, i: grid.theta[k]}, {**steps, i: grid.step[k]}) for k in best]
    # Two that leave the same over are one, with equal parts exchanged.
    different = {float(f"{selection.left_over:.9g}"): selection for selection in reversed(longer)}
    return [different[rest] for rest in sorted(different)[: spread or BEAM]]


def _peak_candidates(parts, x, y, beam, i, earlier: Grid | None, local: bool) -> Grid:
    """Where a peak may be: what the best selection leaves over says, and what was said before."""
    basis = basis_of(parts, x, beam[0].thetas)
    now = parts[i].candidates(x, y - (y @ basis.T) @ basis, local)
    return now if earlier is None else Grid(*map(np.concatenate, zip(earlier, now, strict=True)))


def _orders(parts, x, y):
    """(places of the parts, what the first peaks are sought in) for each pursuit to be run."""
    peaks = [i for i, part in enumerate(parts) if part.peak]
    lines = [i for i, part in enumerate(parts) if not part.peak and not part.scales]
    curves = [i for i, part in enumerate(parts) if not part.peak and part.scales]
    tried = set()
    for order in itertools.permutations(curves):
        kinds = tuple(parts[i] for i in order)  # two of a kind are not to be told apart yet
        if kinds not in tried and len(tried) < MOST_ORDERS:
            tried.add(kinds)
            yield [*lines, *order, *peaks], None
    if peaks and len(parts) > 1:
        for level in (y, -y):
            yield [*peaks, *lines, *curves], level - (background(level) if x.ndim == 1 else np.median(level))


def _pursued(parts, x, y, grids, order, standing_out) -> list[Selection]:
    """The ends of one pursuit."""
    beam, candidates = [Selection(0.0, {}, {})], {}  # candidates by kind of peak
    for i, following in zip(order, [*order[1:], None], strict=True):
        if grids[i] is not None:
            next_to_last = following is not None and bool(parts[i].scales)
            spread = (SPREAD_FOR_PEAK if parts[following].peak else SPREAD_FOR_CURVE) if next_to_last else 0
            beam = _extended(parts, x, y, beam, i, grids[i], spread)
            continue
        sought = y if standing_out is None else standing_out
        grid = _peak_candidates(parts, x, sought, beam, i, candidates.get(parts[i]), standing_out is not None)
        candidates.setdefault(parts[i], grid)
        beam = _extended(parts, x, sought, beam, i, grid)
        if following is not None:  # what a large peak of a wrong width leaves over would hide the small ones
            beam[0] = _improved(parts, x, sought, beam[0])
    return beam[: FINISHED if len(parts) > 1 or len(parts[0].scales) > 2 else 1]


def _improved(parts, x, y, selection: Selection) -> Selection:
    thetas, rest = improved(parts, x, y, selection.thetas, selection.steps)
    return Selection(rest, thetas, selection.steps)


def _exchanged(parts, x, y, best: Selection) -> Selection:
    """`best`, or better: peaks of different kinds change places, since only the whole tells which of them is where."""
    peaks = [i for i, part in enumerate(parts) if part.peak]
    for i, j in itertools.combinations(peaks, 2):
        if parts[i] != parts[j] and parts[i].scales == parts[j].scales:
            thetas = best.thetas | {i: best.thetas[j], j: best.thetas[i]}
            steps = best.steps | {i: best.steps[j], j: best.steps[i]}
            other = _improved(parts, x, y, Selection(np.inf, thetas, steps))
            best = min(best, other, key=lambda selection: selection.left_over)
    return best


def _left_to_right(parts, thetas: dict) -> dict:
    """Equal peaks in the order of their positions, the first θ of a peak."""
    thetas = dict(thetas)
    for part in {part for part in parts if part.peak}:
        alike = [i for i, other in enumerate(parts) if other == part]
        thetas |= dict(zip(alike, sorted((thetas[i] for i in alike), key=lambda theta: theta[0]), strict=True))
    return thetas


def match(parts, x, y, grids) -> dict:
    """A shape θ for each separable part, by its place, such that their sum comes near y (m,) over x (m,) or (k, m).

    `grids` holds each part's candidates, None for a peak: its candidates are looked for in what the others leave over.
    """
    ends = (end for order, sought in _orders(parts, x, y) for end in _pursued(parts, x, y, grids, order, sought))
    best = min((_improved(parts, x, y, end) for end in ends), key=lambda selection: selection.left_over)
    return _left_to_right(parts, _exchanged(parts, x, y, best).thetas)
