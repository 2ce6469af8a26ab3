"""A session as JSON and back: data, settings with all undo and redo, history; every number to the last bit, no code.

    {"format": "trfkit-session", "version": 1, "units": ["s", "V"],
     "data": [{"x": {"shape": [2], "values": [0.0, 1.0]}, "y": ..., "sigma": null, "sigma_x": null,
               "absolute_sigma": false, "x_label": "time (s)", "y_label": "y"}],
     "settings": [{"data": 0, "model": {...}, "parameters": [...], "mask": null, "options": {}},
                  {"parameters": [...]}], "at": 1,
     "history": [{"format": "trfkit-fit", "data": 0, ...}], "shown": 0}

Settings say what differs from those before them, and of the data their place in the list; `at` is the place of those
that hold. A fit of the history is written as `trfkit.results.document` tells, but with the place of its data instead
of arrays, unless it was made elsewhere. `shown` is the place of the last fit, null if it left no result. `units` are
those that were given, "" where they follow from the labels.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..models.document import to_document
from ..results import reading, writing
from ..results.fit_result import FitResult
from ..results.place import ADVICE, Place
from ..results.saved_options import read_options, written_options
from .data import Data
from .settings import Settings, Timeline

SESSION = reading.Kind("session", "trfkit-session", 1)

WRITTEN = {
    "model": to_document,
    "parameters": writing.written_parameters,
    "mask": writing.written_mask,
    "options": written_options,
}


class Saved(NamedTuple):
    """What is kept of a session."""

    units: tuple[str, str]  # as given
    line: Timeline
    history: list[tuple[FitResult, Settings | None]]  # with those from which it started; None if it came from elsewhere
    shown: int | None  # place in it of the last fit


def to_json(saved: Saved) -> str:
    """The text of a session. Raises ValueError for what JSON cannot hold."""
    line = tuple(saved.line)
    used = (*line, *(started for _, started in saved.history if started is not None))
    places = {data: i for i, data in enumerate(dict.fromkeys(settings.data for settings in used))}
    settings = [_written_settings(s, before, places) for s, before in zip(line, (None, *line), strict=False)]
    history = [_written_fit(result, started, places) for result, started in saved.history]
    writing.check_names(_functions(line, settings, saved.history, history))
    document = {
        "format": SESSION.format,
        "version": SESSION.version,
        "units": list(saved.units),
        "data": [_written_data(data) for data in places],
        "settings": settings,
        "at": saved.line.at,
        "history": history,
        "shown": saved.shown,
    }
    return json.dumps(document, allow_nan=False)


def _written_data(data: Data) -> dict:
    named = {field: getattr(data, field) for field in ("absolute_sigma", "x_label", "y_label")}
    return writing.written_data(data.arrays) | named


def _written_settings(settings: Settings, before: Settings | None, places: Mapping[Data, int]) -> dict:
    """The settings, without what is the same as before."""
    write = {"data": places.__getitem__} | WRITTEN
    changed = [field for field in Settings._fields if before is None or not settings.shares(before, field)]
    return {field: write[field](getattr(settings, field)) for field in changed}


def _written_fit(result: FitResult, started: Settings | None, places: Mapping[Data, int]) -> dict:
    """The fit, with its data only if it came from elsewhere."""
    if started is None:
        sets = [writing.written_curve(s) | writing.written_data(s._asdict()) for s in result.sets]
        return writing.written_result(result, sets)
    curves = [writing.written_curve(s) for s in result.sets]
    return writing.written_result(result, curves) | {"data": places[started.data]}


def _functions(line, settings, history, written_history) -> Iterator[tuple[str, Callable]]:
    """The functions that the text only names."""
    for s, written in zip(line, settings, strict=True):
        if "model" in written:
            yield from writing.functions_of_model(s.model, written["model"])
        if "options" in written:
            yield from writing.own_loss(s.options, written["options"])
    for (result, _), written in zip(history, written_history, strict=True):
        yield from writing.functions_of(result, written)


def from_json(text: str, model: Callable | Mapping[str, Callable] | None = None) -> Saved:
    """What `to_json` was given; `model` as in `FitResult.from_json`."""
    document = reading.parsed(text, SESSION)
    settings, history = document["settings"].each(), document["history"].each()
    functions = reading.handed_in([place.value for place in (*settings, *history)], model, SESSION)
    data = [_read_data(place) for place in document["data"].each()]
    line = _read_line(document["settings"], data, functions)
    at = _index(document["at"], len(line))
    return Saved(
        units=reading.read_units(document["units"]),
        line=Timeline(*line, at=at),
        history=[_read_fit(place, data, functions, (line[at], *line)) for place in history],
        shown=None if document["shown"].value is None else _index(document["shown"], len(history)),
    )


def _read_data(place: Place) -> Data:
    labels = {field: place[field].text() for field in ("x_label", "y_label")}
    return Data(**reading.read_data(place), absolute_sigma=place["absolute_sigma"].truth(), **labels)


def _read_line(place: Place, data: Sequence[Data], functions: Mapping[str, Callable]) -> list[Settings]:
    line: list[Settings] = []
    for settings in place.each():
        line.append(_read_settings(settings, data, functions, line[-1] if line else None))
    if not line:
        raise place.wrong("the settings that were chosen, one at least")
    return line


def _read_settings(
    place: Place, data: Sequence[Data], functions: Mapping[str, Callable], before: Settings | None
) -> Settings:
    read = {
        "data": lambda index: data[_index(index, len(data))],
        "model": lambda model: reading.read_model(model, functions),
        "parameters": reading.read_parameters,
        "mask": _read_mask,
        "options": lambda options: read_options(options, functions),
    }
    settings = Settings(
        **{
            what: getattr(before, what) if before is not None and what not in place.items() else reader(place[what])
            for what, reader in read.items()
        }
    )
    missing = [name for name in settings.model.parameter_names if name not in settings.parameters]
    if missing:
        raise ValueError(f"{place.where}.parameters lacks the model's {', '.join(missing)}: {ADVICE}.")
    return settings


def _read_fit(
    place: Place, data: Sequence[Data], functions: Mapping[str, Callable], known: Sequence[Settings]
) -> tuple[FitResult, Settings | None]:
    if "data" not in place.items():
        return reading.read_result(FitResult, place, functions), None
    its_data = data[_index(place["data"], len(data))]
    result = reading.read_result(FitResult, place, functions, its_data.arrays)
    s = result.sets[0]
    if len(result.sets) > 1 or s.y is not its_data.y:
        raise place["data_sets"].wrong("what is fitted to one data set, without its arrays")
    own = Settings(its_data, s.model, result.initial, s.mask, result.options)
    # A view asks by identity whether the settings are those of a fit: they share their objects as they did.
    chosen = next((settings for settings in known if _alike(settings, own)), own)
    return result, chosen._replace(parameters=result.initial)


def _alike(one: Settings, other: Settings) -> bool:
    """Whether two settings differ in parameters at most."""
    same_model = one.shares(other, "data") and one.model == other.model and np.array_equal(one.mask, other.mask)
    return same_model and written_options(one.options) == written_options(other.options)


def _read_mask(place: Place):
    mask = reading.read_mask(place)
    if mask is not None:
        mask.flags.writeable = False
    return mask


def _index(place: Place, size: int) -> int:
    if not 0 <= place.whole() < size:
        raise place.wrong(f"a place among {size}")
    return place.value
