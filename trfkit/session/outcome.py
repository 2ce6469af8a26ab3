"""Which fit settings are the outcome of: while they are, what is shown is that fit."""

from collections.abc import Sequence

import numpy as np

from ..results.fit_result import FitResult
from .settings import Settings


def outcome_of(settings: Settings, history: Sequence[FitResult]) -> int | None:
    """The place of the newest fit with these data, model, points and options that found these parameters, or None."""
    places = reversed(range(len(history)))
    return next((i for i in places if _is_outcome(settings, history[i])), None)


def _is_outcome(settings: Settings, result: FitResult) -> bool:
    if settings.parameters != result.parameters:
        return False
    (fitted,), data = result.sets, settings.data
    return (
        settings.model == fitted.model
        and settings.options.keys() == result.options.keys()
        and all(_same(value, result.options[name]) for name, value in settings.options.items())
        and data.absolute_sigma == result.absolute_sigma
        and _same(settings.mask, fitted.mask)
        and all(_same(values, getattr(fitted, name)) for name, values in data.arrays.items())
    )


def _same(a, b) -> bool:
    return a is b or np.array_equal(a, b)
