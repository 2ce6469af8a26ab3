"""A profile as a person reads it: text, and HTML for a notebook of either theme."""

import html as markup
from typing import NamedTuple

from . import clock
from .clock import EACH_TRIAL, ONCE, START, TRIAL

MOST_TRIALS = 24  # a longer table shows its first and last rows
SHORT = {clock.SELECTION: "selection", clock.TELL: "radius", clock.HOST: "host"}  # names of parts in a narrow table
UNITS = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))
POWERS = (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1.0))

_BESIDE = "display: flex; flex-wrap: wrap; align-items: flex-start; column-gap: 32px"
_TABLE = "border-collapse: collapse; margin: 0 0 12px 0; font-variant-numeric: tabular-nums"
_CAPTION = "text-align: left; padding: 2px 8px; font-weight: bold; white-space: nowrap"
_HEAD = "opacity: .8; padding: 2px 8px; font-weight: normal; border-bottom: 1px solid rgba(128, 128, 128, .5)"
_CELL = "padding: 2px 8px; white-space: nowrap"


class Table(NamedTuple):
    """Cells of text in rows; columns with a heading in `left` are words, the others numbers."""

    title: str
    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]
    left: tuple[str, ...]


def duration(seconds: float | None) -> str:
    """Seconds with three digits: "4.45 s", "12.3 ms", "0.53 µs"; "" for None."""
    if not seconds:
        return "" if seconds is None else "0"
    unit, size = next((u for u in UNITS if seconds >= 0.9995 * u[1]), UNITS[-1])
    return f"{seconds / size:.3g} {unit}"


def amount(number: float) -> str:
    """A number with three digits and the letter of its size: "20.4 M"."""
    letter, size = next((p for p in POWERS if number >= 0.9995 * p[1]), POWERS[-1])
    return f"{number / size:.3g} {letter}".rstrip()


def part_name(profile, part: str) -> str:
    """The part, and of the subproblem who solved it."""
    return f"{part} ({' or '.join(profile.solvers)})" if part == clock.SUBPROBLEM and profile.solvers else part


def heading(profile) -> str:
    """What was fitted, and how long it took."""
    n, count = len(profile.names), len(profile.trials)
    what = (
        f"{profile.points} points, {n} {'parameter' if n == 1 else 'parameters'}, {profile.dtype} on {profile.device}"
    )
    trials = "1 trial" if count == 1 else f"{count} trials"
    end = f", until {profile.error}" if profile.error else ""
    return f"{trials} in {duration(profile.seconds)}: {what}{end}"


def tables(profile) -> list[Table]:
    """In all, how fast the data are gone through, trial by trial, and what was compiled."""
    return [_in_all(profile), _rates(profile), _by_trial(profile), _programs(profile)]


def _in_all(profile) -> Table:
    whole = {**profile.parts, clock.NOT_ACCOUNTED: profile.unaccounted, "whole": profile.seconds}
    rows = [
        (
            part_name(profile, part), duration(seconds), f"{100 * seconds / profile.seconds:.1f} %",
            duration(profile.typical(part) if part in EACH_TRIAL else None),
        )
        for part, seconds in whole.items()
    ]  # fmt: skip
    return Table("Where the time went", ("part", "time", "share", "a trial"), rows, ("part",))


def _rates(profile) -> Table:
    rows = [
        (
            name, amount(rate.value), amount(rate.ceiling) if rate.ceiling else "",
            f"{100 * rate.value / rate.ceiling:.3g} %" if rate.ceiling else "",
        )
        for name, rate in profile.rates.items()
    ]  # fmt: skip
    return Table("A pass over the data", ("", "measured", "machine", "share"), rows, ("",))


def _programs(profile) -> Table:
    rows = [
        (
            p.function, *(duration(p.seconds.get(kind)) for kind in ONCE),
            f"{p.part}: {p.why}" + (", read from the disk" if p.from_disk else ""),
        )
        for p in profile.programs
    ]  # fmt: skip
    return Table("What was compiled", ("function", *ONCE, "why"), rows, ("function", "why"))


def _by_trial(profile) -> Table:
    steps = [s for s in profile.stretches if s.what in (START, TRIAL)]
    compiling = [sum(s.parts.get(kind, 0.0) for kind in ONCE) for s in steps]
    rows = [
        (
            "start" if s.what == START else str(i), s.solver, duration(compiling[i] or None),
            *(duration(s.parts.get(part)) for part in EACH_TRIAL), duration(s.seconds),
        )
        for i, s in enumerate(steps)
    ]  # fmt: skip
    if len(rows) > MOST_TRIALS:
        left_out = len(rows) - MOST_TRIALS
        gap = (f"… {left_out} more", *[""] * (len(rows[0]) - 1))
        rows[MOST_TRIALS // 2 : -MOST_TRIALS // 2] = [gap]
    headings = ("trial", "solver", "compile", *(SHORT.get(part, part) for part in EACH_TRIAL), "whole")
    return Table("Trial by trial", headings, rows, ("solver",))


NOTHING_COMPILED = "Nothing was traced or compiled: every program came from the cache."


def notes(profile) -> list[str]:
    """What the tables do not say."""
    said = [] if profile.programs else [NOTHING_COMPILED]
    if profile.machine is not None and profile.work is not None:
        said.append("The machine at its best: flop/s in a product of matrices, bytes/s in reading a long array.")
    if profile.work is not None and profile.points:
        flops, other = (count / profile.points for count in profile.work[:2])
        more = f" and {other:.3g} of exp, sin, …, which take many each" if other else ""
        said.append(f"XLA counts {flops:.3g} flops a row{more}, for residuals, derivatives and triangle.")
    return said


def text(profile) -> str:
    """Aligned plain text."""
    shown = [_text(table) for table in tables(profile) if table.rows]
    blocks = [f"Profile of a fit, {heading(profile)}", *shown, *notes(profile)]
    return "\n\n".join(blocks)


def _text(table: Table) -> str:
    cells = [table.headings, *table.rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    aligns = ["<" if heading in table.left else ">" for heading in table.headings]
    lines = (
        "  ".join(f"{cell:{align}{width}}" for cell, align, width in zip(line, aligns, widths, strict=True)).rstrip()
        for line in cells
    )
    return "\n  ".join([table.title, *lines])


def html(profile) -> str:
    """The same in HTML: it needs no style sheet, and suits a light and a dark page."""
    in_all, rates, trials, programs = map(_html, tables(profile))
    said = "".join(f"<p>{markup.escape(note)}</p>" for note in notes(profile))
    return (
        f"<div><p>{markup.escape(heading(profile))}</p>"
        f'<div style="{_BESIDE}"><div>{in_all}{rates}</div>{trials}</div>{programs}{said}</div>'
    )


def _html(table: Table) -> str:
    if not table.rows:
        return ""
    sides = ["left" if heading in table.left else "right" for heading in table.headings]

    def line(cells, tag, style):
        return "".join(
            f'<{tag} style="{style}; text-align: {side}">{markup.escape(cell)}</{tag}>'
            for cell, side in zip(cells, sides, strict=True)
        )

    body = "".join(f"<tr>{line(row, 'td', _CELL)}</tr>" for row in table.rows)
    return (
        f'<table style="{_TABLE}"><caption style="{_CAPTION}">{table.title}</caption>'
        f"<thead><tr>{line(table.headings, 'th', _HEAD)}</tr></thead><tbody>{body}</tbody></table>"
    )
