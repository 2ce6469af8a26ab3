"""`trfkit.fit`: models, parameters by name, several data sets, one call."""

from ..fitting import inputs
from ..fitting.joint import Joint
from ..fitting.multistart import multistart
from .data_sets import data_sets, without_nan
from .fit_result import FitResult
from .saved_options import WATCHING
from .start import Wishes, starting_parameters

SAME_COST = 1e-6  # relative: a path from the best start that ends above what the design found went elsewhere


def fit(
    model, x, y, start=None, *, sigma=None, sigma_x=None, absolute_sigma=False, mask=None, shared=(), fixed=(),
    bounds=None, ties=None, priors=None, units=("", ""), starts=1, seed=0, progress=None,
    nan_policy="raise", **options,
) -> FitResult:  # fmt: skip
    """Fit a model to data by least squares and return a `FitResult`.

        fit(Gaussian("a") + Line(), x, y, fixed=["slope"], bounds={"a.sigma": (0.1, 2)})
        fit("a*exp(-x/tau) + c", {"cold": x1, "hot": x2}, {"cold": y1, "hot": y2}, shared=["c"])

    model       a `trfkit.models.Model`, a function f(x, a, b, …), or a text, which is parsed safely
    x, y        x has its m points along the last axis, y is (m,). Of several data sets, {name: array}; a parameter is
                then each data set's own, tau_cold and tau_hot, unless it is `shared`: a list of names, or "all". The
                model, sigma, sigma_x and mask may be given by name, too, or once for all
    start       {parameter: value}, values in order, or `Parameters`; what is not given is guessed from the data
    sigma       standard errors of y, a number or (m,), or an (m, m) covariance; `absolute_sigma` says that they are
                known in size, else they only weigh the points
    sigma_x     standard errors of x, by effective variance: the orthogonal distance, to first order
    mask        (m,) of bool, True for the points that count
    nan_policy  "omit" leaves out points with a NaN in x, y or sigma; "raise" refuses them
    fixed       parameters to hold: names, or {name: value}
    bounds      {name: (low, high)}, in place of the model's own; None for no bound
    ties        {name: expression in other parameters}: {"b.sigma": "2*a.sigma"}
    priors      {name: (mean, sigma)}: what was known before, each one more residual (value − mean) / sigma
    units       of x and y, ("s", "V"), for the reports
    starts      how many starts to fit from, at once: a Latin hypercube of this `seed`, the given start among them. The
                result is the best fit; its `starts` says what minima there are
    progress    progress(done, total) is called as those fits are made, some at a time. Where it raises StopIteration
                the starts so far are all there are; anything else that it raises goes through

    Other keywords are those of `least_squares`: loss, f_scale, xtol, max_nfev, tr_solver, callback, …

    Raises ValueError for what cannot be fitted, naming the parameter or data set, the value and what to try; an
    exception of the model goes through, with the solver's result so far in its attribute `result`.
    """
    sets = data_sets(model, x, y, sigma, sigma_x, mask, shared)
    if inputs.choice(nan_policy, ("raise", "omit"), "nan_policy") == "omit":
        sets = tuple(map(without_nan, sets))
    wishes = Wishes(start, fixed, bounds, ties, priors, units)
    initial, remarks = starting_parameters(sets, wishes)
    return fit_parameters(sets, initial, options, bool(absolute_sigma), tuple(units), starts, seed, remarks, progress)


def fit_parameters(
    sets, initial, options, absolute_sigma, units, starts=1, seed=0, remarks=(), progress=None
) -> FitResult:
    """`fit` of data sets and `Parameters` that have been put together already."""
    joint = Joint(sets, initial, options, absolute_sigma)
    found = multistart(joint, starts, seed, progress) if starts != 1 else None
    if found is not None:
        whole = len(found.cost) == starts
        joint = Joint(sets, _with_free(initial, (found.x0 if whole else found.x)[found.best]), options, absolute_sigma)
        if not whole:
            remarks = (*remarks, f"Stopped after {len(found.cost)} of {starts} starts.")
    solution = joint.run()
    if found is not None and solution.cost > found.cost[found.best] * (1 + SAME_COST):
        joint = Joint(sets, _with_free(initial, found.x[found.best]), options, absolute_sigma)
        solution = joint.run()
    return fit_result(joint, solution, options, units, remarks, found)


def fit_result(joint: Joint, solution, options, units, remarks=(), starts=None) -> FitResult:
    """What a fit returns of the solver's solution."""
    return FitResult(
        sets=joint.sets,
        initial=joint.parameters,
        absolute_sigma=joint.absolute_sigma,
        options={name: value for name, value in options.items() if name not in WATCHING},
        units=units,
        parameters=_with_free(joint.parameters, solution.x),
        solution=solution,
        starts=starts,
        remarks=(*remarks, *errors_of_1(joint)),
    )


def errors_of_1(joint: Joint) -> tuple[str, ...]:
    """What is to be said where errors of the data matter in size and were not given."""
    if all(s.sigma is not None for s in joint.sets) or not (joint.absolute_sigma or joint.known):
        return ()
    why = "absolute_sigma says that they are known" if joint.absolute_sigma else "priors weigh against them"
    return (f"Errors of the data are taken to be 1, as no sigma was given, while {why}: give sigma.",)


def _with_free(parameters, values):
    """The parameters with other values of the free ones."""
    return parameters.with_values(dict(zip(parameters.free_names, values.tolist(), strict=True)))
