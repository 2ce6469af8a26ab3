"""The picture of a profile: where the time of a fit went."""

from typing import NamedTuple

import numpy as np
from matplotlib.container import BarContainer
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from trfkit.plots.frame import LABEL_BELOW, TICK_POINTS, dress
from trfkit.plots.picture import Picture, draw_legend, new_figure, palette_of
from trfkit.profiling import clock
from trfkit.profiling.table import UNITS, duration

WIDTH, HEIGHT = 720, 330  # CSS pixels
MOST_BARS = 80  # of more trials each bar is the mean of several
CUT_ABOVE = 4.0  # times the median: a bar that is longer is cut, and its length said, so that the others can be seen
MOST_SAID = 3
ROOM = 1.04  # of the longest bar that is not cut
LEAST_SHARE = 0.001  # of the whole, for a place in the key of what no trial has
ORDER = tuple(
    name for part in (*clock.PARTS, clock.NOT_ACCOUNTED)
    for name in (("SVD", "CG", part) if part == clock.SUBPROBLEM else (part,))
)  # fmt: skip


class TimesArtists(NamedTuple):
    """What was drawn of a profile, by part; the subproblem by its solver, "SVD" or "CG"."""

    whole: dict[str, BarContainer]
    trials: dict[str, BarContainer]
    cut: Text  # how long the bars are that are cut; empty where none is


def draw_times(profile, axes=None, *, theme="light") -> Picture:
    """The whole time as one bar, and every trial as another, without what was compiled for it; each in its parts.

    `profile` is what `trfkit.profile` returned; `axes` are two, for the whole and for the trials, in place of a new
    figure, in which `ax.legend()` says what is what. Raises ValueError for any other number of axes.
    """
    palette = palette_of(theme)
    own = axes is None
    if own:
        figure = new_figure(palette, WIDTH, HEIGHT)
        axes = figure.subplots(2, 1, height_ratios=(1, 4))
    axes = tuple(np.ravel(axes))
    if len(axes) != 2:
        raise ValueError(f"`axes` must be two, for the whole and for the trials, got {len(axes)}.")
    looks = _looks(palette)
    whole, spent = _whole(profile), _by_trial(profile)
    drawn = _draw_whole(axes[0], whole, looks, palette)
    bars, cut = _draw_trials(axes[1], spent, looks, palette)
    if own:
        _draw_key(axes[1], {part: whole[part] / profile.seconds for part in whole}, set(bars), looks, palette)
    artists = TimesArtists(drawn, bars, cut)
    return Picture(axes[0].get_figure(root=True), axes, artists, _describe(profile, whole))


def _looks(palette):
    """Colour and hatch of each part: neighbours differ in lightness or in hatching, too."""
    shades = (palette.pale(palette.rejected, opacity) for opacity in (0.35, 0.65, 1.0))
    first, second, third = palette.parts
    return {
        clock.PREPARATION: (palette.pale(palette.muted, 0.5), ""),
        **dict(zip(clock.ONCE, zip(shades, ("", "", "---"), strict=True), strict=True)),
        clock.DATA_PASS: (palette.data, ""),
        "SVD": (palette.model, "////"),
        "CG": (palette.cg, "\\\\\\\\"),
        clock.SELECTION: (palette.pale(first, 0.45), ""),
        clock.TELL: (second, "xxxx"),
        clock.HOST: (palette.pale(third, 0.5), ""),
        clock.RESULT: (palette.pale(palette.muted, 0.5), "...."),
        clock.NOT_ACCOUNTED: (palette.ground, ""),
    }


def _whole(profile):
    """Seconds by part, the subproblem by its solver, and what no part holds."""
    found = {}
    for stretch in profile.stretches:
        for part, seconds in stretch.parts.items():
            name = _name(stretch, part)
            found[name] = found.get(name, 0.0) + seconds
    found[clock.NOT_ACCOUNTED] = max(profile.unaccounted, 0.0)
    return {part: found[part] for part in ORDER if part in found}


def _name(stretch, part):
    return stretch.solver if part == clock.SUBPROBLEM and stretch.solver else part


def _by_trial(profile):
    """Seconds (k,) of the start and of each trial by part, without those of compilation."""
    steps = [s for s in profile.stretches if s.what in (clock.START, clock.TRIAL)]
    found = {}
    for i, step in enumerate(steps):
        for part, seconds in step.parts.items():
            if part in clock.EACH_TRIAL:
                found.setdefault(_name(step, part), np.zeros(len(steps)))[i] = seconds
    return found


def _draw_whole(ax, whole, looks, palette):
    seconds = sum(whole.values())
    unit, size = _unit(seconds)
    dress(ax, palette, f"the whole fit: {duration(seconds)}", "")
    ax.grid(False)
    ax.spines["left"].set_visible(False)
    ax.set(yticks=[], ylim=(-0.5, 0.5), xlim=(0, seconds / size))
    ax.set_xlabel(unit, fontsize=TICK_POINTS, color=palette.muted, labelpad=1)
    drawn, left = {}, 0.0
    for part, look in looks.items():
        if whole.get(part):
            length = whole[part] / size
            drawn[part] = ax.barh([0], [length], left=left, height=0.9, label=part, **_patch(look, palette))
            left += length
    return drawn


def _draw_trials(ax, spent, looks, palette):
    count = len(next(iter(spent.values()), ()))
    group = -(-count // MOST_BARS) or 1
    edges = np.arange(0, count, group)
    sizes = np.diff(np.append(edges, count))
    means = {part: np.add.reduceat(values, edges) / sizes for part, values in spent.items()}
    totals = sum(means.values(), np.zeros(len(edges)))
    top = _limit(totals)
    unit, size = _unit(top)
    title = "every trial, the start first" if group == 1 else f"the trials, each bar the mean of {group}"
    dress(ax, palette, f"{title}, without compilation", ylabel=unit)
    ax.set_xlabel("trial", loc="left")
    ax.grid(False, axis="x")
    ax.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
    centres = edges + (sizes - 1) / 2
    bars, bottom = {}, np.zeros(len(edges))
    for part, look in looks.items():
        if part in means:
            heights = means[part] / size
            look = _patch(look, palette)
            bars[part] = ax.bar(centres, heights, 0.86 * sizes, bottom=bottom, label=part, **look)
            bottom = bottom + heights
    ax.set(xlim=(-0.6, max(count, 1) - 0.4), ylim=(0, ROOM * top / size))
    return bars, _say_cut(ax, edges, totals, top, palette)


def _limit(totals):
    """The length of the longest bar that is drawn whole, in seconds."""
    if not totals.size:
        return 1.0
    return totals[totals <= CUT_ABOVE * np.median(totals)].max()


def _say_cut(ax, edges, totals, top, palette):
    """How long the longest of the bars are that reach beyond the panel, at the right end of the label's line."""
    cut = np.flatnonzero(totals > top)
    longest = sorted(cut[np.argsort(-totals[cut])[:MOST_SAID]])
    said = ", ".join(f"{edges[i]} at {duration(totals[i])}" for i in longest)
    more = ", …" if len(cut) > len(longest) else ""
    return ax.annotate(
        f"cut: {said}{more}" if said else "", (1, 0), (0, -LABEL_BELOW), xycoords="axes fraction",
        textcoords="offset points", ha="right", va="top", fontsize=TICK_POINTS, color=palette.muted,
    )  # fmt: skip


def _draw_key(ax, shares, in_trials, looks, palette):
    """What is what, from the top of the bars down, and its share of the whole."""
    handles = [
        Patch(label=f"{part} {100 * share:.1f} %", **_patch(looks[part], palette))
        for part, share in reversed(shares.items())
        if share >= LEAST_SHARE or part in in_trials
    ]
    where = {"loc": "center left", "bbox_to_anchor": (1.01, 0.62), "borderaxespad": 0.0}
    draw_legend(ax, palette, handles=handles, handlelength=1.6, handleheight=1.1, labelspacing=0.35, **where)


def _patch(look, palette):
    """How a bar looks; hatches are of the colour of its edge, the ground's."""
    color, hatch = look
    edge = palette.muted if color == palette.ground else palette.ground
    return {"facecolor": color, "hatch": hatch, "edgecolor": edge, "linewidth": 0.6}


def _unit(seconds):
    """The unit in which a time is best told, and its size in seconds."""
    return next((unit for unit in UNITS if seconds >= unit[1]), UNITS[-1])


def _describe(profile, whole):
    count = len(profile.trials)
    shares = ", ".join(f"{part} {100 * seconds / profile.seconds:.1f} %" for part, seconds in whole.items() if seconds)
    typical = {part: profile.typical(part) for part in clock.EACH_TRIAL}
    each = ", ".join(f"{part} {duration(seconds)}" for part, seconds in typical.items() if seconds)
    trials = f" A typical trial of {count} takes: {each}." if each else ""
    return f"Where {duration(profile.seconds)} of a fit went: {shares}.{trials}"
