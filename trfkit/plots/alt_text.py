"""The picture in words, with its numbers, for those who do not see it."""

import numpy as np

from trfkit.plots import trials
from trfkit.plots.frame import finite_range
from trfkit.trace import ratio_words


def describe_data(curve, residuals=None, zoomed=False):
    """The points of a `ModelCurve` as they are drawn, and how the model goes through them."""
    drawn = f"{curve.size} data points"
    drawn += f", {curve.left_out_size} more left out" if curve.left_out_size else ""
    sentences = [f"{drawn}."]
    if curve.decimated:
        sentences.append("They are drawn as the range that they fill.")
    if zoomed:
        sentences.append("The picture is zoomed to a part of them.")
    if residuals is not None and np.isfinite(residuals).any():
        low, high = finite_range(residuals)
        sentences.append(f"Residuals lie from {low:.3g} to {high:.3g}{' standard errors' if curve.weighted else ''}.")
    return " ".join(sentences)


def describe_trial(trace, index, bounds=None):
    """A fit as its panels show it at row `index` of the trace; bounds are (lower, upper) (n,) of its parameters."""
    so_far = trace[: index + 1]
    row = so_far[-1]
    best = so_far[so_far.best]
    sentences = [
        f"Trial {index} of {len(trace) - 1}.",
        f"The cost is {best.cost:.6g}, down from {so_far[0].cost:.6g} at the start.",
        f"The trust radius is {row.Delta_new:.3g}.",
    ]
    if ratio := ratio_words(row.ratio):
        sentences.append(f"The last step reduced the cost by {ratio} times what its model predicted.")
    accepted, rejected = int(so_far.accepted.sum()), int(so_far.rejected.sum())
    svd = int((so_far.solver == "SVD").sum())
    cg = int((so_far.solver == "CG").sum())
    sentences.append(f"{accepted} trials were accepted and {rejected} rejected; {svd} came from SVD and {cg} from CG.")
    met = int(trials.met_bound(so_far).sum())
    if met:
        sentences.append(f"{met} met a bound.")
    parameters = ", ".join(f"{name} {value:.5g}" for name, value in zip(trace.parameter_names, best.x, strict=True))
    sentences.append(f"The best parameters are {parameters}.")
    active = [] if bounds is None else _at_bounds(so_far, bounds)
    if active:
        sentences.append(f"At a bound: {', '.join(active)}.")
    return " ".join(sentences)


def _at_bounds(trace, bounds):
    sides = trials.sides(trace.x, bounds)[trace.best]
    words = {-1: "lower", 1: "upper"}
    return [f"{name} ({words[side]})" for name, side in zip(trace.parameter_names, sides.tolist(), strict=True) if side]
