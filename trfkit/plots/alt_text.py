"""The picture in words, with its numbers, for those who do not see it."""

import numpy as np


def describe(trace, index, points):
    """One paragraph on the fit of `points` data points as the picture shows it at row `index` of the trace."""
    so_far = trace[: index + 1]
    row = so_far[-1]
    best = so_far[so_far.best]
    parameters = ", ".join(f"{name} {value:.5g}" for name, value in zip(trace.parameter_names, best.x, strict=True))
    sentences = [
        f"A fit to {points} points at trial {index} of {len(trace) - 1}.",
        f"The cost is {best.cost:.6g}, down from {so_far[0].cost:.6g} at the start.",
        f"The trust radius is {row.Delta_new:.3g}.",
    ]
    if np.isfinite(row.ratio):
        sentences.append(f"The last step reduced the cost by {row.ratio:.3g} times what its model predicted.")
    accepted, rejected = int(so_far.accepted.sum()), int(so_far.rejected.sum())
    svd = int((so_far.solver == "SVD").sum())
    cg = int((so_far.solver == "CG").sum())
    sentences.append(f"{accepted} trials were accepted and {rejected} rejected; {svd} came from SVD and {cg} from CG.")
    sentences.append(f"The best parameters are {parameters}.")
    return " ".join(sentences)
