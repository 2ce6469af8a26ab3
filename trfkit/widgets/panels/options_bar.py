"""How a fit is made: the loss, the solver, and when it ends."""

import html
import threading

import ipywidgets
import numpy as np

from trfkit.fitting.inputs import EPS, TR_SOLVERS
from trfkit.fitting.options import DEFAULTS
from trfkit.models.expression.tree import number_text
from trfkit.widgets.panels.disclosure import Disclosure
from trfkit.widgets.said import alert

STYLE = """
.trfkit-fields {display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 8px 16px;
  overflow: visible}
.trfkit-card .trfkit-fields > * {height: 28px; margin: 0}
.trfkit-card .trfkit-fields .widget-label {width: 64px; flex: none}
.trfkit-card .trfkit-fields :is(input, select) {flex: 1; min-width: 0; width: 100%}
"""

# core.losses and core.trf tell more of each.
LOSSES = {
    "linear": "least squares: every point pulls in proportion to its residual",
    "huber": "linear up to f_scale, beyond it a point pulls no harder",
    "soft_l1": "as huber, with a smooth transition",
    "cauchy": "points far beyond f_scale hardly pull, and there may be several minima",
    "arctan": "the cost of any one point is bounded, and there may be several minima",
}
SOLVERS = {
    "auto": "SVD for up to 300 parameters, conjugate gradients for more",
    "svd": "exact steps from the singular value decomposition",
    "cg": "conjugate gradients: truncated steps, for very many parameters",
    "hybrid": "conjugate gradients far away, SVD close in",
}
# Fields with a number: what it is, and a word for no limit of that kind.
NUMBERS = {
    "f_scale": "residual from which on a point counts as an outlier, in units of sigma where sigma is given, else of y",
    "ftol": "the fit ends when the cost falls by less than this fraction",
    "xtol": "the fit ends when a step is shorter than this fraction of the parameters",
    "gtol": "the fit ends when the gradient, scaled, is below this",
    "max_nfev": "most evaluations of the model; 1000 for each free parameter unless given",
}
FROM_RESIDUALS = (
    "Set f_scale to 1.4826 times the median absolute residual of the curve shown: the standard deviation of the points "
    "that are no outliers"
)
NORMAL_OF_MAD = 1.4826  # σ of normal residuals over their median absolute value, 1 / Φ⁻¹(3/4)


class OptionsBar:
    """Loss, solver and limits of a session: a part of the fitter's card.

    `summary` is the line that opens and closes `panel`; `box` has both. A number that is refused stays as it was typed,
    with the reason below; an empty field is the default, which it shows in grey.
    """

    theme = "light"

    def __init__(self, session):
        self.session = session
        self._shown = {}  # {option: what its control shows of the session}
        self._reasons = {}  # {option: why what was typed was refused}
        self._own = {}  # a user's own losses by what the control calls them
        self._showing = False  # the widgets change because the session has, and nobody chose anything
        self._lock = threading.RLock()
        self.loss = ipywidgets.Dropdown(description="loss", options=tuple(LOSSES))
        self.tr_solver = ipywidgets.Dropdown(description="solver", options=tuple(SOLVERS))
        self.numbers = {name: _number(name, title) for name, title in NUMBERS.items()}
        self.controls = {"loss": self.loss, "tr_solver": self.tr_solver, **self.numbers}
        self.from_residuals = ipywidgets.Button(description="f_scale from residuals", tooltip=FROM_RESIDUALS)
        self.from_residuals.add_class("trfkit-action").on_click(lambda _: self._choose("f_scale", self._scale()))
        self.about, self.mistakes = ipywidgets.HTML(), ipywidgets.HTML()
        f_scale, *limits = self.numbers.values()
        fields = ipywidgets.Box([self.loss, f_scale, self.from_residuals, self.tr_solver, *limits])
        fields.add_class("trfkit-fields")
        self._disclosure = Disclosure("the options of the fit", [fields, self.mistakes, self.about])
        self.summary, self.panel, self.box = (getattr(self._disclosure, name) for name in ("summary", "panel", "box"))
        for name, control in self.controls.items():
            control.observe(lambda change, name=name: self._chosen(name, change["new"]), "value")
        self.refresh()

    # what a person does

    def _chosen(self, name, value):
        """Told of every change of a control."""
        with self._lock:  # held by `refresh` on another thread
            by_refresh = self._showing
        if by_refresh:
            return
        if value == self._shown[name]:  # typed back
            self._reasons.pop(name, None)
            self.refresh()
        else:
            self._choose(name, value)

    def _choose(self, name, value):
        try:
            self.session.set_options(**{name: self._own.get(value) or _read(name, value)})
        except (ValueError, TypeError, RuntimeError) as error:
            self._reasons[name] = error
        else:
            self._reasons.pop(name, None)
        self.refresh()

    def _scale(self):
        """A robust standard deviation of the residuals, as it is typed."""
        session, data = self.session, self.session.data
        residuals = data.y - np.asarray(session.model(data.x, **session.parameters.full_values))
        residuals = residuals / (1.0 if data.sigma is None else data.sigma)
        return f"{NORMAL_OF_MAD * np.median(np.abs(residuals[session.mask])):.3g}"

    # what is shown

    def refresh(self):
        """Show the session's options, and whether they can be changed."""
        with self._lock:
            self._showing = True
            try:
                self._show()
            finally:
                self._showing = False

    def _show(self):
        shown = _shown(self.session.options)
        for name, control in self.controls.items():
            if name in self._reasons and shown[name] == self._shown.get(name):
                continue  # what was refused stays
            self._reasons.pop(name, None)
            if name == "loss" and shown[name] not in control.options:
                control.options = (*control.options, shown[name])
                self._own[shown[name]] = self.session.options[name]
            control.value = shown[name]
        self._shown = shown
        robust = shown["loss"] != "linear"
        free = len(self.session.parameters.free_names)
        self.numbers["max_nfev"].placeholder = str(1000 * free)
        for name, control in self.controls.items():
            control.disabled = self.session.running or (name == "f_scale" and not robust)
            (control.add_class if name in self._reasons else control.remove_class)("trfkit-refused")
        self.from_residuals.disabled = self.numbers["f_scale"].disabled or np.ndim(self.session.data.sigma) > 1
        self.mistakes.value = "".join(map(alert, self._reasons.values()))
        self.about.value = _about(shown)
        self._disclosure.say(_summary(shown))


def _number(name, title):
    default = "off" if DEFAULTS[name] is None else number_text(DEFAULTS[name])
    return ipywidgets.Text(description=name, placeholder=default, tooltip=title, continuous_update=False)


def _read(name, value):
    """The option that a control states; None where that is the default."""
    if name not in NUMBERS:
        return None if value == (DEFAULTS[name] or "auto") else value
    if not value.strip():
        return None
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"`{name}` must be a number, got {value!r}: leave it empty for the default.") from None
    if name == "max_nfev":
        if not number.is_integer():
            raise ValueError(f"`max_nfev` must be a whole number, got {value!r}: leave it empty for the default.")
        return int(number)
    if name != "f_scale" and number < EPS:
        raise ValueError(
            f"`{name}` must be more than the rounding of a float, {EPS:.1e}, got {value!r}: leave it empty for the "
            f"default."
        )
    return number


def _shown(options):
    """{option: what its control shows}."""
    loss, solver = (options.get(name, DEFAULTS[name]) for name in ("loss", "tr_solver"))
    texts = {name: "" if options.get(name) is None else number_text(float(options[name])) for name in NUMBERS}
    return {"loss": getattr(loss, "__name__", loss), "tr_solver": TR_SOLVERS[solver], **texts}


def _summary(shown):
    """The options that are not the defaults, and loss and solver always: "loss linear · solver auto"."""
    unused = ("f_scale",) if shown["loss"] == "linear" else ()
    numbers = [f"{name} {shown[name]}" for name in NUMBERS if shown[name] and name not in unused]
    return " · ".join([f"loss {shown['loss']}", f"solver {shown['tr_solver']}", *numbers])


def _about(shown):
    """The loss and the solver in words."""
    loss, solver = shown["loss"], shown["tr_solver"]
    words = {loss: LOSSES.get(loss, "a function of your own")}
    words |= {} if loss == "linear" else {"f_scale": NUMBERS["f_scale"]}
    words[solver] = SOLVERS[solver]
    lines = "<br>".join(f"{html.escape(what)}: {html.escape(text)}" for what, text in words.items())
    return f'<span class="trfkit-muted">{lines}</span>'
