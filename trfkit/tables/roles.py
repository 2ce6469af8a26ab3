"""Which columns of a table are x, y and the standard errors of y, by their names."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_WORDS = "sigma|error|errors|err|std|stdev|stddev|sd|se|stderr|sem|unc|uncertainty|σ|±"
# The word stands alone, or before or after what it is the error of: "err", "y_err", "sigma y", "dy", "σ_y".
_ERROR = re.compile(rf"(?:(?P<of>.*)[\W_]+)?(?:{_WORDS})|(?:{_WORDS}[\W_]+|[dσδ±])(?P<its>.+)", re.IGNORECASE)
_UNIT = re.compile(r"\s*[(\[][^()\[\]]*[)\]]$")


class Roles(NamedTuple):
    """Names of columns; None for the number of the row as x, and for no errors."""

    x: str | None
    y: str
    sigma: str | None


def roles(names: Sequence[str]) -> Roles:
    """The first column as x, the second as y, and one called sigma, err, dy, ± or the like as the errors of y."""
    if len(names) == 1:
        return Roles(None, names[0], None)
    bare = {_UNIT.sub("", name).casefold(): name for name in reversed(names)}
    of = {name: _error_of(what, bare) for what, name in bare.items()}
    values = [name for name in names if of.get(name) is None]
    x, y = values[:2] if len(values) > 1 else names[:2]
    return Roles(x, y, next((name for name in names if name not in (x, y) and of.get(name) in ("", "y", y)), None))


def _error_of(bare_name: str, bare: dict[str, str]) -> str | None:
    """The column whose errors a name says it has; "" or "y" where it says no more, None if it is no such name."""
    found = _ERROR.fullmatch(bare_name)
    if found is None:
        return None
    what = (found["of"] or found["its"] or "").strip("_ ")
    return bare[what] if what in bare else what if what in ("", "y") else None
