"""Data in words and as HTML: what is fitted, which points are left out, the first rows of a table."""

import base64
import csv
import html
import io

import numpy as np

MOST_LISTED = 6  # runs of points that are left out
SHORTEST_RUN = 3  # of points that are told by their range
MOST_LINKED = 20_000  # points; as a link they are about a megabyte
PREVIEW_ROWS, PREVIEW_COLUMNS = 8, 12


def facts(data, mask):
    """{term: words} on `session.data`, of which the points of `mask` (m,) count."""
    m, kept = mask.size, np.count_nonzero(mask)
    count = f"{m}, all of which count" if kept == m else f"{m}, of which {kept} count"
    kind = "known in size" if data.absolute_sigma else "known up to a common factor"
    found = {
        "points": count,
        "x": f"{data.x_label}, {_range(data.x)}",
        "y": f"{data.y_label}, {_range(data.y)}",
        "σ of y": "none: all points weigh the same" if data.sigma is None else f"{_range(data.sigma)}, {kind}",
    }
    return found if data.sigma_x is None else found | {"σ of x": _range(data.sigma_x)}


def plural(number, what):
    """ "1 point", "2 points"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _range(values):
    """The least and the greatest of an array of numbers; of anything else what it is."""
    values = np.asarray(values)
    if values.dtype.kind not in "biuf" or values.size == 0:
        return f"a {values.dtype.name} of shape {values.shape}"
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return "no finite value"
    low, high = (f"{value:.6g}" for value in (finite.min(), finite.max()))
    shape = f" (shape {values.shape})" if values.ndim > 1 else ""
    return f"{low}{shape}" if low == high else f"{low} to {high}{shape}"


def left_out(data, mask):
    """A sentence on the points that do not count, by ranges of x where several lie side by side; "" if all do."""
    said = []
    gaps = np.count_nonzero(~data.usable)
    excluded = ~mask & data.usable
    if excluded.any():
        runs = _runs(data, excluded)
        more = f" and {len(runs) - MOST_LISTED} more places" if len(runs) > MOST_LISTED else ""
        said.append(f"Left out: {', '.join(runs[:MOST_LISTED])}{more}.")
    if gaps:
        said.append(f"{plural(gaps, 'point')} with a gap never {'counts' if gaps == 1 else 'count'}.")
    return " ".join(said)


def _runs(data, excluded):
    """The excluded points in words, those side by side as one range."""
    along_x = isinstance(data.x, np.ndarray) and data.x.shape == excluded.shape
    order = np.argsort(data.x, kind="stable") if along_x else np.arange(excluded.size)
    places = np.flatnonzero(excluded[order])
    found = []
    for run in np.split(order[places], np.flatnonzero(np.diff(places) > 1) + 1):
        if along_x and run.size >= SHORTEST_RUN:
            found.append(f"x from {data.x[run[0]]:.6g} to {data.x[run[-1]]:.6g} ({run.size} points)")
        elif run.size >= SHORTEST_RUN:
            found.append(f"points {run[0]} to {run[-1]}")
        else:
            found += [f"point {i} at x = {data.x[i]:.6g}" if along_x else f"point {i}" for i in run.tolist()]
    return found


def link(data):
    """A link under which the points are saved as CSV; "" where they are too many, or no plain columns."""
    columns = {data.x_label: data.x, data.y_label: data.y, "sigma": data.sigma, "sigma_x": data.sigma_x}
    columns = {name: np.asarray(values) for name, values in columns.items() if values is not None}
    m = data.y.size
    if m > MOST_LINKED or any(values.shape not in ((), (1,), (m,)) for values in columns.values()):
        return ""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(columns)
    writer.writerows(zip(*(np.broadcast_to(values, (m,)).tolist() for values in columns.values()), strict=True))
    coded = base64.b64encode(written.getvalue().encode()).decode()
    return f'<a download="data.csv" href="data:text/csv;charset=utf-8;base64,{coded}">Save as CSV</a>'


def preview(table, chosen):
    """The first rows of a `Table`; `chosen` has the columns by what they are taken for, as {"x": "time (s)"}."""
    taken = {}
    for role, name in chosen.items():
        taken.setdefault(name, []).append(role)
    names = [name for i, name in enumerate(table.names) if i < PREVIEW_COLUMNS or name in taken]
    head = "".join(f'<th scope="col">{html.escape(name)}{_badges(taken.get(name, ()))}</th>' for name in names)
    rows = min(table.m, PREVIEW_ROWS)
    body = "".join(
        f'<tr><th scope="row">{row}</th>{"".join(_cell(table.columns[name][row]) for name in names)}</tr>'
        for row in range(rows)
    )
    hidden = [plural(table.m - rows, "row")] if table.m > rows else []
    hidden += [plural(len(table.names) - len(names), "column")] if len(table.names) > len(names) else []
    more = f'<div class="trfkit-muted">… and {" and ".join(hidden)} more</div>' if hidden else ""
    return (
        f'<div class="trfkit-preview" role="region" tabindex="0" aria-label="the first rows of the table"><table>'
        f'<thead><tr><th scope="col">row</th>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}'
    )


def _badges(roles):
    return "".join(f" <span>{role}</span>" for role in roles)


def _cell(value):
    return '<td class="trfkit-muted">gap</td>' if np.isnan(value) else f"<td>{value:.8g}</td>"
