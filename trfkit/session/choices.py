"""What is fitted and from where: data, and the settings that a person changes, undoes and takes back."""

from collections.abc import Hashable, Mapping

import numpy as np

from ..fitting import inputs
from ..fitting.joint import Joint
from ..fitting.options import check_options
from ..parameters import Parameters
from ..results.data_sets import as_model
from ..results.start import Wishes, check_units, starting_parameters, translated
from .data import Data, read_data, read_only
from .settings import Settings, SettingsChanged, Timeline


class Choices:
    """The part of a `FitSession` that knows nothing of running fits."""

    def __init__(
        self, model, x, y, start=None, *, sigma=None, sigma_x=None, absolute_sigma=False, mask=None, fixed=(),
        bounds=None, ties=None, priors=None, units=("", ""), x_label=None, y_label=None, nan_policy="raise", **options,
    ):  # fmt: skip
        data, model, mask = read_data(
            model, x, y, sigma, sigma_x, mask, absolute_sigma=absolute_sigma, x_label=x_label, y_label=y_label,
            nan_policy=nan_policy,
        )  # fmt: skip
        self._units = check_units(units)
        wishes = Wishes(start, fixed, bounds, ties, priors, self._units_of(data))
        parameters, _ = starting_parameters((data.fitted_by(model, mask),), wishes)
        self._line = Timeline(Settings(data, model, parameters, mask, options))
        self._joint(self.settings)

    # what was chosen

    @property
    def settings(self) -> Settings:
        """Data, model, parameters, mask and options as they are now."""
        return self._line.current

    @property
    def data(self) -> Data:
        """The points, their errors, and what the axes are called."""
        return self.settings.data

    @property
    def units(self) -> tuple[str, str]:
        """Of x and y: as they were given, else as the labels have them, "s" of "time (s)"."""
        return self._units_of(self.data)

    def _units_of(self, data: Data) -> tuple[str, str]:
        return tuple(given or named for given, named in zip(self._units, data.units, strict=True))

    @property
    def model(self):
        """The `Model`."""
        return self.settings.model

    @property
    def parameters(self) -> Parameters:
        """All parameters, with their bounds and ties."""
        return self.settings.parameters

    @property
    def parameters_shown(self) -> Parameters:
        """Those that are looked at, from which every change of a parameter starts."""
        return self.parameters

    @property
    def mask(self) -> np.ndarray:
        """(m,) True for the points that count."""
        mask = self.settings.mask
        return np.ones(self.data.y.size, dtype=bool) if mask is None else mask

    @property
    def options(self) -> dict:
        """Of the solver and the loss, as for `trfkit.fit`."""
        return dict(self.settings.options)

    def set_parameters(self, values: Mapping[str, float], gesture: Hashable | None = None) -> None:
        """Give parameters other values; all changes of one `gesture` are one step of undo."""
        self.change_parameters(self.parameters_shown.with_values(values), gesture)

    def set_parameter(self, name: str, value: float | None = None, gesture: Hashable | None = None, **changes) -> None:
        """Change one parameter: its value, min, max, fixed, tie, prior or unit."""
        changes |= {} if value is None else {"value": value}
        self.change_parameters(self.parameters_shown.set(name, **changes), gesture)

    def change_parameters(self, parameters: Parameters, gesture: Hashable | None = None) -> None:
        """Take other `Parameters` of the same names."""
        if tuple(parameters) != tuple(self.parameters):
            raise ValueError(f"the parameters must be {', '.join(self.parameters)}, got {', '.join(parameters)}.")
        self._choose(self.settings._replace(parameters=parameters), gesture)

    def fix(self, name: str, value: float | None = None) -> None:
        """Hold a parameter, at its present value or at another."""
        self.change_parameters(self.parameters_shown.fix(name, self._value(name) if value is None else value))

    def free(self, name: str) -> None:
        """Let a parameter go that was fixed or tied, from its present value or the bound nearest to it."""
        freed = self.parameters_shown.free(name)
        inside = float(np.clip(self._value(name), freed[name].min, freed[name].max))
        self.change_parameters(freed.set(name, value=inside))

    def tie(self, name: str, expression: str | None) -> None:
        """Give a parameter by an expression in others; None lets it go."""
        if expression is None:
            self.free(name)
        else:
            self.change_parameters(self.parameters_shown.tie(name, expression))

    def _value(self, name: str) -> float:
        """The value that a parameter has, by its tie if it is tied."""
        parameters = self.parameters_shown
        parameter = parameters[name]  # an unknown name is an error
        return parameter.value if parameter.tie is None else parameters.full_values[name]

    def set_model(self, model, start=None) -> None:
        """Take another model, a Model, a function or a text, and guess where it starts."""
        self._refuse_while_running()
        settings = self.settings._replace(model=as_model(model))
        parameters, _ = starting_parameters((settings.data_set,), Wishes(start, units=self.units))
        self._choose(settings._replace(parameters=parameters))

    def guess(self) -> None:
        """Guess the values of the free parameters from the points that count."""
        self._refuse_while_running()
        self._choose(_guessed(self.settings))

    def set_data(
        self, x, y, sigma=None, *, sigma_x=None, absolute_sigma=False, x_label=None, y_label=None, nan_policy="omit",
        guess=True,
    ) -> None:  # fmt: skip
        """Take other data, all of whose points count; what is raised, and the arguments, are as for `trfkit.fit`.

        With `guess` the free parameters are guessed anew, within their bounds. Units of parameters that follow from
        those of x and y go on doing so. A label that is not given is that of the Series or DataArray.
        """
        self._refuse_while_running()
        data, _, mask = read_data(
            self.model, x, y, sigma, sigma_x, absolute_sigma=absolute_sigma, x_label=x_label, y_label=y_label,
            nan_policy=nan_policy,
        )  # fmt: skip
        parameters = _in_units(self.parameters, self.model, self.units, self._units_of(data))
        settings = self.settings._replace(data=data, mask=mask, parameters=parameters)
        self._choose(_guessed(settings) if guess else settings)

    def set_options(self, **options) -> None:
        """Change options, such as loss="huber"; None takes one back to its default."""
        options = {name: value for name, value in (self.settings.options | options).items() if value is not None}
        self._choose(self.settings._replace(options=options))

    # points that count

    def select_range(self, low: float, high: float) -> None:
        """Let the points with low ≤ x ≤ high count, and no others."""
        self._set_mask(self._within(low, high))

    def exclude_range(self, low: float, high: float) -> None:
        """Leave out the points with low ≤ x ≤ high."""
        self._set_mask(self.mask & ~self._within(low, high))

    def exclude_points(self, indices) -> None:
        """Leave out points by their indices."""
        self._set_mask(self._with_points(indices, False))

    def include_points(self, indices) -> None:
        """Let points count that were left out."""
        self._set_mask(self._with_points(indices, True))

    def include_all(self) -> None:
        """Let every point count."""
        self._set_mask(np.ones(self.data.y.size, dtype=bool))

    def _within(self, low: float, high: float) -> np.ndarray:
        x = self.data.x
        if np.shape(x) != self.data.y.shape:
            raise ValueError(f"a range needs one x a point, got x of shape {np.shape(x)}: exclude points instead.")
        low, high = sorted((low, high))
        return (x >= low) & (x <= high)

    def _with_points(self, indices, counts: bool) -> np.ndarray:
        mask, indices = self.mask.copy(), np.asarray(indices)
        whole = indices.dtype.kind in "iu" or indices.size == 0
        if not whole or ((indices < -mask.size) | (indices >= mask.size)).any():
            raise ValueError(f"`indices` must be whole numbers from 0 to {mask.size - 1}, got {indices.tolist()}.")
        mask[indices.astype(int)] = counts
        return mask

    def _set_mask(self, mask: np.ndarray) -> None:
        self._refuse_while_running()
        mask = mask & self.data.usable
        if not mask.any():
            raise ValueError("no point would be left to fit: leave some in.")
        if not np.array_equal(mask, self.mask):
            self._choose(self.settings._replace(mask=None if mask.all() else read_only(mask)))

    # undo

    def undo(self) -> bool:
        """Go back to the settings before the last change; whether there were any."""
        return self._move(-1)

    def redo(self) -> bool:
        """Take an undo back; whether there was one."""
        return self._move(1)

    @property
    def can_undo(self) -> bool:
        """Whether `undo` would change anything."""
        return self._line.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether `redo` would."""
        return self._line.can_redo

    def reset(self) -> None:
        """Choose the settings once more with which the session, or work on these data, began; undo takes that back."""
        self._choose(next(settings for settings in self._line if settings.data is self.data))

    def _move(self, steps: int) -> bool:
        self._refuse_while_running()
        moved = self._line.move(steps)
        if moved:
            self._changed()
        return moved

    def _choose(self, settings: Settings, gesture: Hashable | None = None) -> None:
        """Check the settings and take them, if they are others; raises what the check does, the old ones kept."""
        self._refuse_while_running()
        now = self.settings
        if settings.shares(now, "data", "model", "mask", "options") and settings.parameters == now.parameters:
            return
        self._check(settings, now)
        self._line.choose(settings, gesture)
        self._changed()

    def _changed(self) -> None:
        """Tell of the settings that now hold."""
        self._tell(SettingsChanged(self.settings))

    def _check(self, settings: Settings, before: Settings) -> None:
        """Raise ValueError or TypeError for what cannot be fitted; data that were checked `before` are not again."""
        free = [p for p in settings.parameters.values() if p.free]
        if free and settings.shares(before, "data", "model", "mask"):
            names, values, low, high = zip(*((p.name, p.value, p.min, p.max) for p in free), strict=True)
            values, low, high = map(np.array, (values, low, high))
            inputs.check_bounds(values, low, high, names)
            check_options(values, low, high, settings.options)
        else:
            self._joint(settings)

    def _refuse_while_running(self) -> None:
        """Raise RuntimeError while a fit is under way: what it was started with must stay."""

    def _tell(self, event) -> None:
        """Tell the observers."""

    def _joint(self, settings: Settings) -> Joint:
        return Joint((settings.data_set,), settings.parameters, settings.options, settings.data.absolute_sigma)


def _guessed(settings: Settings) -> Settings:
    """With the free parameters guessed from the points that count, within their bounds."""
    guessed, _ = starting_parameters((settings.data_set,), Wishes())
    inside = {
        p.name: float(np.clip(guessed[p.name].value, p.min, p.max))
        for p in settings.parameters.values()
        if p.free and p.name in guessed  # not one that only ties read
    }
    return settings._replace(parameters=settings.parameters.with_values(inside))


def _in_units(parameters: Parameters, model, before: tuple[str, str], now: tuple[str, str]) -> Parameters:
    """The parameters with units that follow from those of x and y in the new ones; others are the user's own."""
    for name, spec in zip(model.parameter_names, model.parameters, strict=True):
        old, new = translated(spec.unit, *before), translated(spec.unit, *now)
        if parameters[name].unit == old != new:
            parameters = parameters.set(name, unit=new)
    return parameters
