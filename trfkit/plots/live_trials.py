"""Cost, trust radius and reduction ratio in the live picture."""

from typing import NamedTuple

import numpy as np

from trfkit.plots import trials
from trfkit.plots.frame import TICK_POINTS, draw_key, in_rows
from trfkit.trace import Trace

NAMES = ("cost", "radius", "ratio")
LOGARITHMIC = ("cost", "radius")
KEY_HANDLE = 25.0  # CSS pixels of a mark and the gap before it
TITLE_WIDTH = 45.0  # of "cost", beside which the key stands on a wide page
KEY_BEYOND = 44.0  # how far the key may reach into the margin to the right


class Shown(NamedTuple):
    """What is shown of a fit."""

    trace: Trace
    index: int  # the row looked at
    marks: int | None  # of the first so many rows; None for all
    final: bool  # whether the trace is whole
    bounds: tuple | None  # (lower, upper) (n,) of the trace's parameters

    @property
    def at_bound(self):
        """Which rows have a bar, (k,) bool."""
        met = trials.met_bound(self.trace)
        if self.bounds is not None and len(self.trace):
            met = met | (trials.sides(self.trace.x, self.bounds) != 0).any(axis=1)
        return met


class TrialPanels:
    """The three panels over the trials. `moving` are drawn on each frame, the artists of `key` are written once."""

    def __init__(self, axes, palette, box, narrow: bool):
        self.axes, self.palette = {name: axes[name] for name in NAMES}, palette
        self._box, self._narrow = box, narrow
        trials.draw_ratio_bands(axes["ratio"], palette)
        for name in LOGARITHMIC:
            trials.set_logarithmic(axes[name])
        self._hints = [_draw_hint(axes[name], palette) for name in LOGARITHMIC]
        self.marks = {name: trials.draw_trials(ax, palette) for name, ax in self.axes.items()}
        self.moving = [artist for marks in self.marks.values() for artist in marks.artists]
        for artist in self.moving:
            artist.set_animated(True)
        self._limits = dict.fromkeys(("trial", *NAMES))
        self.key, self._bounded = [], None
        self._seen = None  # the last trace

    def arrange(self, shown: Shown | None, zooms) -> set[str]:
        """Move everything to what is shown; the names of the panels whose background has changed.

        `zooms` are limits by "trial", "cost", "radius" and "ratio".
        """
        trace = Trace((), ()) if shown is None else shown.trace
        changed = self._set_limits(trace, shown is not None and shown.final, zooms)
        at_bound = np.zeros(0, bool) if shown is None else shown.at_bound
        if self._bounded is not (bounded := bool(at_bound.any())):
            self._draw_key(bounded)
        for artist in self.moving:
            artist.set_visible(shown is not None)
        if shown is not None:
            visible = trace[: shown.marks]
            costs = trials.costs(visible, self._limits["cost"])
            for name, values in zip(NAMES, (costs, visible.Delta, trials.ratios(visible)), strict=True):
                inside = self._inside(name, values)
                self.marks[name].show(visible, values, shown.index, at_bound[: shown.marks], inside)
        return changed

    def _inside(self, name, values):
        """Which values (k,) of the trials lie in the panel."""
        (left, right), (low, high), trial = self._limits["trial"], self._limits[name], np.arange(len(values))
        return (left <= trial) & (trial <= right) & (low <= values) & (values <= high)

    def _set_limits(self, trace, final, zooms):
        old = self._limits
        if final or (self._seen is not None and not _continues(trace, self._seen)):
            old = dict.fromkeys(old)
        empty = self._seen is None or len(self._seen) == 0
        self._seen = trace
        new = {
            "trial": zooms.get("trial") or trials.trial_limits(trace, old["trial"]),
            "cost": zooms.get("cost") or trials.cost_limits(trace, old["cost"]),
            "radius": zooms.get("radius") or trials.radius_limits(trace, old["radius"]),
            "ratio": zooms.get("ratio") or trials.RATIO_AXIS,
        }
        before, self._limits = self._limits, new
        if new == before and empty == (len(trace) == 0):
            return set()
        self.axes["ratio"].set_xlim(new["trial"])
        for name in NAMES:
            self.axes[name].set_ylim(new[name])
        self._show_scales(len(trace) > 0)
        return set(NAMES)

    def _show_scales(self, there_are):
        """Of costs and radii; without any to show, say so."""
        for name, hint in zip(LOGARITHMIC, self._hints, strict=True):
            ax = self.axes[name]
            ax.tick_params(axis="y", which="both", left=there_are, labelleft=there_are)
            ax.tick_params(axis="x", bottom=there_are or self._narrow)  # where it has numbers of its own
            ax.grid(there_are)
            hint.set_visible(not there_are)

    def _draw_key(self, bounded):
        for part in self.key:
            part.remove()
        self._bounded = bounded
        keys = trials.keys(self.palette, bounded)
        room = self._box.width + KEY_BEYOND - TITLE_WIDTH
        if not self._narrow and len(in_rows(keys, room, KEY_HANDLE)) > 1:
            keys = [key for key in keys if key.get_label() != "start"]  # which is seen to be the first
        self.key = draw_key(self.axes["cost"], [keys], self.palette, *self._place_of_key())

    def _place_of_key(self):
        """Right end of the key as a fraction of the panel of costs, and its height above it in CSS pixels."""
        return (None, 24.0) if self._narrow else (1 + KEY_BEYOND / self._box.width, 5.0)


def _draw_hint(ax, palette):
    look = {"fontsize": TICK_POINTS, "color": palette.muted, "ha": "center", "va": "center"}
    return ax.text(0.5, 0.5, "no fit yet", transform=ax.transAxes, **look)


def _continues(trace, earlier):
    """Whether a trace is that of the same fit as an earlier one: as long or longer, from the same start."""
    return len(trace) >= len(earlier) > 0 and np.array_equal(trace.rows[0], earlier.rows[0], equal_nan=True)
