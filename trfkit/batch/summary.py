"""Many fits told in few lines: how they ended, what the parameters are, which fits are worst."""

import html as markup
from typing import NamedTuple

import numpy as np

from ..core.bounds import active_constraints
from ..models.model_text import model_text
from ..report import page
from ..report.digits import number, typeset
from .each import at

MOST_WORST = 3  # fits that are named
DIGITS = 4
QUANTILES = 0.16, 0.5, 0.84  # of a normal distribution the median and one standard deviation about it


class Ending(NamedTuple):
    """Fits that ended in one way."""

    count: int
    success: bool
    message: str
    first: str  # the index of the first of them


class Spread(NamedTuple):
    """What converged fits say of one quantity."""

    name: str
    median: float
    low: float
    high: float
    stderr: float  # median of the standard errors


def endings(result) -> list[Ending]:
    """How the fits ended, the most frequent first, those that converged before all others."""
    status, message = result.status.ravel(), result.message.ravel()
    _, firsts, counts = np.unique(status, return_index=True, return_counts=True)
    found = [
        Ending(int(count), bool(status[i] > 0), message[i], at(i, result.shape))
        for i, count in zip(firsts, counts, strict=True)
    ]
    return sorted(found, key=lambda ending: (not ending.success, -ending.count))


def spreads(result) -> list[Spread]:
    """Of each parameter that is not one number in all fits, and of the reduced χ²."""
    if not result.success.any():
        return []
    told = {name: (result[name], result.stderr_of(name)) for name in result.names}
    told["reduced χ²"] = result.reduced_chi_square, np.full(result.shape, np.nan)
    found = []
    for name, (values, stderr) in told.items():
        values, stderr = values[result.success], stderr[result.success]
        if np.isnan(values).all():
            continue
        low, median, high = np.nanquantile(values, QUANTILES)
        error = np.nan if np.isnan(stderr).all() else np.nanmedian(stderr)
        found.append(Spread(name, float(median), float(low), float(high), float(error)))
    return found


def worst(result) -> list[tuple[str, float]]:
    """(index, reduced χ²) of the converged fits that describe their data worst."""
    chi_square = result.reduced_chi_square.ravel()
    order = np.argsort(-np.nan_to_num(chi_square, nan=-np.inf), kind="stable")[:MOST_WORST]
    return [(at(i, result.shape), float(chi_square[i])) for i in order if np.isfinite(chi_square[i])]


def doubts(result) -> tuple[str, ...]:
    """What is to be said against the standard errors."""
    notes = []
    unknown = int(np.sum(np.isinf(result.stderr).any(axis=-1)))
    if unknown:
        notes.append(
            f"In {_fits(unknown)} the data do not determine all of the parameters; the standard errors of those are "
            f"infinite."
        )
    batch = result.batch
    x = result.values.reshape(-1, len(result.names))[:, batch.free]
    lb, ub = batch.initial.lb, batch.initial.ub
    if x.size and (np.isfinite(lb).any() or np.isfinite(ub).any()):
        rtol = max(float(batch.joint.settings.limits.tolerances[1]), float(np.finfo(batch.dtype).eps))
        active = np.asarray(active_constraints(x, lb, ub, rtol))
        for i, name in enumerate(result.free_names):
            for side, word in ((-1, "lower"), (1, "upper")):
                count = int(np.sum(active[:, i] == side))
                if count:
                    notes.append(
                        f"{name} is at its {word} bound in {_fits(count)}; standard errors take no account of that."
                    )
    return tuple(notes)


def _fits(count: int) -> str:
    return "1 fit" if count == 1 else f"{count} fits"


def _head(result) -> str:
    axes = f" ({' × '.join(map(str, result.shape))})" if len(result.shape) > 1 else ""
    converged = int(np.sum(result.success))
    return f"{_fits(result.status.size)}{axes} of {model_text(result.batch.model)}: {converged} converged"


def _number(value: float) -> str:
    return typeset(number(value, DIGITS))


def _cells(spread: Spread) -> tuple[str, str, str, str]:
    error = "" if np.isnan(spread.stderr) else _number(spread.stderr)
    return spread.name, _number(spread.median), f"{_number(spread.low)} … {_number(spread.high)}", error


TITLES = "parameter", "median", "16 % … 84 %", "median error"


def text(result) -> str:
    """The summary for a prompt."""
    lines = [_head(result)]
    found = endings(result)
    width = max((len(str(ending.count)) for ending in found), default=0)
    lines += [
        f"  {ending.count:>{width}}  {ending.message}" + ("" if ending.success else f" First at {ending.first}.")
        for ending in found
    ]
    table = [TITLES, *map(_cells, spreads(result))]
    if len(table) > 1:
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines += ["  " + "  ".join(f"{c:{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in table]
    if named := worst(result):
        lines.append("  largest reduced χ²: " + ", ".join(f"{_number(value)} at {index}" for index, value in named))
    return "\n".join([*lines, *(f"Note: {note}" for note in result.notes)])


def html(result) -> str:
    """The summary for a notebook."""
    found, told, named = endings(result), spreads(result), worst(result)
    left, right = page.LEFT, page.RIGHT
    tables = []
    if found:
        columns = [
            ("fits", right, [str(ending.count) for ending in found]),
            ("ending", left, [markup.escape(ending.message) for ending in found]),
            ("first", left, ["" if ending.success else ending.first for ending in found]),
        ]
        tables.append(page.table("Endings", columns))
    if told:
        cells = [_cells(spread) for spread in told]
        names = [page.code(name) if name in result.names else name for name, *_ in cells]
        others = [
            (title, right, list(column))
            for title, column in zip(TITLES[1:], list(zip(*cells, strict=True))[1:], strict=True)
        ]
        tables.append(page.table("Parameters of the fits that converged", [(TITLES[0], left, names), *others]))
    if named:
        columns = [
            ("fit", left, [index for index, _ in named]),
            ("reduced χ²", right, [_number(value) for _, value in named]),
        ]
        tables.append(page.table("Largest reduced χ²", columns))
    notes = "".join(page.note("Note", page.BLUE, sentence) for sentence in result.notes)
    return f"<div><p>{markup.escape(_head(result))}</p>{''.join(tables)}{notes}</div>"
