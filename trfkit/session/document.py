"""A session as JSON and back: data, settings with all undo and redo, history; every number to the last bit, no code.

    {"format": "trfkit-session", "version": 1, "units": ["s", "V"], "absolute_sigma": false,
     "data": {"x": {"shape": [2], "values": [0.0, 1.0]}, "y": ..., "sigma": null, "sigma_x": null},
     "settings": [{"model": {...}, "parameters": [...], "mask": null, "options": {}}, {"parameters": [...]}], "at": 1,
     "history": [{"format": "trfkit-fit", ...}], "shown": 0}

Settings say what differs from those before them; `at` is the place of those that hold. A fit of the history is written
as `trfkit.results.document` tells, but without its data where they are those of the session. `shown` is the place of
the last fit, null if it left no result.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from ..models.document import to_document
from ..results import reading, writing
from ..results.fit_result import FitResult
from ..results.place import ADVICE, Place
from ..results.saved_options import read_options, written_options
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

    units: tuple[str, str]
    absolute_sigma: bool
    data: dict  # x, y, sigma and sigma_x, as in a `DataSet`
    line: Timeline
    history: list[FitResult]
    shown: int | None  # place in it of the last fit


def to_json(saved: Saved) -> str:
    """The text of a session. Raises ValueError for what JSON cannot hold."""
    line = tuple(saved.line)
    settings = [_written_settings(s, before) for s, before in zip(line, (None, *line), strict=False)]
    history = [_written_fit(result, saved.data) for result in saved.history]
    writing.check_names(_functions(line, settings, saved.history, history))
    document = {
        "format": SESSION.format,
        "version": SESSION.version,
        "units": list(saved.units),
        "absolute_sigma": saved.absolute_sigma,
        "data": writing.written_data(saved.data),
        "settings": settings,
        "at": saved.line.at,
        "history": history,
        "shown": saved.shown,
    }
    return json.dumps(document, allow_nan=False)


def _written_settings(settings: Settings, before: Settings | None) -> dict:
    """The settings, without what is the same as before."""
    chosen = settings._asdict()
    return {
        what: write(chosen[what])
        for what, write in WRITTEN.items()
        if before is None or chosen[what] is not getattr(before, what)
    }


def _written_fit(result: FitResult, data: Mapping) -> dict:
    """The fit, without its data where they are those of the session."""
    sets = []
    for s in result.sets:
        same = all(getattr(s, what) is values for what, values in data.items())
        sets.append(writing.written_curve(s) | ({} if same else writing.written_data(s._asdict())))
    return writing.written_result(result, sets)


def _functions(line, settings, history, written_history) -> Iterator[tuple[str, Callable]]:
    """The functions that the text only names."""
    for s, written in zip(line, settings, strict=True):
        if "model" in written:
            yield from writing.functions_of_model(s.model, written["model"])
        if "options" in written:
            yield from writing.own_loss(s.options, written["options"])
    for result, written in zip(history, written_history, strict=True):
        yield from writing.functions_of(result, written)


def from_json(text: str, model: Callable | Mapping[str, Callable] | None = None) -> Saved:
    """What `to_json` was given; `model` as in `FitResult.from_json`."""
    document = reading.parsed(text, SESSION)
    settings, history = document["settings"].each(), document["history"].each()
    functions = reading.handed_in([place.value for place in (*settings, *history)], model, SESSION)
    data = reading.read_data(document["data"])
    fits = [reading.read_result(FitResult, place, functions, data) for place in history]
    return Saved(
        units=reading.read_units(document["units"]),
        absolute_sigma=document["absolute_sigma"].truth(),
        data=data,
        line=Timeline(*_read_line(document["settings"], functions), at=_index(document["at"], len(settings))),
        history=fits,
        shown=None if document["shown"].value is None else _index(document["shown"], len(fits)),
    )


def _read_line(place: Place, functions: Mapping[str, Callable]) -> list[Settings]:
    line: list[Settings] = []
    for settings in place.each():
        line.append(_read_settings(settings, functions, line[-1] if line else None))
    if not line:
        raise place.wrong("the settings that were chosen, one at least")
    return line


def _read_settings(place: Place, functions: Mapping[str, Callable], before: Settings | None) -> Settings:
    read = {
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


def _read_mask(place: Place):
    mask = reading.read_mask(place)
    if mask is not None:
        mask.flags.writeable = False
    return mask


def _index(place: Place, size: int) -> int:
    if not 0 <= place.whole() < size:
        raise place.wrong(f"a place among {size}")
    return place.value
