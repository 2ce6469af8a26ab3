"""Least squares for a sum of separable parts: coefficients for given shapes, and shapes improved by a few steps.

For given shapes θ the coefficients are a linear problem, so what is left over is a function of θ alone. A step of
Gauss-Newton in θ and c together, c then solved again, is the variable projection of Ruhe and Wedin's second algorithm.
θ moves in units in which the candidates of the grid are 1 apart, and by at most that: the grid has seen the rest.

A. Ruhe and P. Å. Wedin, Algorithms for separable nonlinear least squares problems, SIAM Review 22 (1980) 318-337.
"""

import numpy as np

COLLINEAR = 1e-10  # of a column's squared norm: less than this beyond the span of the others is rounding
# Of what is left over, for each time that the parts' squared norms hold that of the data: two peaks at one place, of
# opposite and enormous heights, fit well and are no start.
PENALTY = 0.03
DIFFERENCE = 1e-4  # of a step of the grid, for derivatives by the shape
STEPS = 8  # of Gauss-Newton; from a grid they nearly arrive, and the fit does the rest
SHORTENED = 4  # times in a row that a step is divided by 4 before the search ends
ENOUGH = 1e-3  # relative gain below which it ends, too


def normalised(columns):
    """Columns (…, m) of norm 1, and their norms; a column of zeros stays."""
    norms = np.linalg.norm(columns, axis=-1)
    norms = np.where(norms > 0, norms, 1.0)
    return columns / norms[..., None], norms


def _columns(parts, x, thetas: dict) -> list[np.ndarray]:
    """The columns (p, m) of each part in `thetas`, a shape θ for each place."""
    return [parts[i].matrix(x, theta[None])[0] for i, theta in thetas.items()]


def basis_of(parts, x, thetas: dict) -> np.ndarray:
    """An orthonormal basis (r, m) of those columns."""
    if not thetas:
        return np.zeros((0, np.shape(x)[-1]))
    return np.linalg.qr(normalised(np.concatenate(_columns(parts, x, thetas)))[0].T)[0].T


def _penalised(rest, size, y):
    """What is left over, increased where coefficients of columns of norm 1, of squared sum `size`, dwarf the data."""
    return rest * (1.0 + PENALTY * size / ((y @ y) or 1.0))


def left_over(columns, basis, y) -> np.ndarray:
    """(k,) sums of squares, penalised, after least squares on each candidate's columns (k, p, m), beside the basis."""
    residual = y - (y @ basis.T) @ basis
    columns, _ = normalised(columns)
    if len(basis):
        columns = columns - (columns @ basis.T) @ basis
    b = columns @ residual  # (k, p)
    if b.shape[1] == 1:
        c = b / (np.sum(columns[:, 0] ** 2, axis=1) + COLLINEAR)[:, None]
    else:
        gram = columns @ columns.transpose(0, 2, 1) + COLLINEAR * np.eye(b.shape[1])
        c = np.linalg.solve(gram, b[..., None])[..., 0]
    return _penalised(np.maximum(residual @ residual - np.sum(b * c, axis=1), 0.0), np.sum(c**2, axis=1), y)


def coefficients(parts, x, y, thetas: dict) -> dict:
    """Each part's coefficients (p,), all solved together by least squares."""
    own = _columns(parts, x, thetas)
    columns, norms = normalised(np.concatenate(own))
    return _by_part(thetas, own, np.linalg.lstsq(columns.T, y)[0] / norms)


def _by_part(places, own, values) -> dict:
    """values, split into as many for each place as it has rows in `own`."""
    return dict(zip(places, np.split(values, np.cumsum([len(rows) for rows in own])[:-1]), strict=True))


def _solved(columns, y) -> np.ndarray:
    """(r,) coefficients of columns (r, m) of norm 1; by the normal equations, since a start needs no more digits."""
    return np.linalg.solve(columns @ columns.T + COLLINEAR * np.eye(len(columns)), columns @ y)


def moved(theta, shift, scales) -> np.ndarray:
    """θ moved by a shift, by a ratio e^shift where it is a scale."""
    return np.where(scales, theta * np.exp(shift), theta + shift)


def _slopes(part, x, theta, step, c) -> np.ndarray:
    """Derivatives (q, m) of the part's curve by its shape, in steps of the grid."""
    shifted = moved(theta, DIFFERENCE * np.diag(step), part.scales)
    matrices = part.matrix(x, np.concatenate([theta[None], shifted]))
    return np.tensordot(c, matrices[1:] - matrices[0], axes=(0, 1)) / DIFFERENCE


def improved(parts, x, y, thetas: dict, steps: dict) -> tuple[dict, float]:
    """Shapes that leave less over than `thetas` do, and how much they leave."""

    def state(thetas):
        own = _columns(parts, x, thetas)
        columns, norms = normalised(np.concatenate(own))
        c = _solved(columns, y)
        residual = y - c @ columns
        return columns, _by_part(thetas, own, c / norms), residual, float(_penalised(residual @ residual, c @ c, y))

    shaped = [i for i, theta in thetas.items() if theta.size]
    columns, c, residual, least = state(thetas)
    shortening, length = 0, 1.0
    for _ in range(STEPS if shaped else 0):
        slopes = [_slopes(parts[i], x, thetas[i], steps[i], c[i]) for i in shaped]
        both, norms = normalised(np.concatenate([columns, *slopes]))
        shift = (_solved(both, residual) / norms)[len(columns) :]
        shifts = _by_part(shaped, slopes, shift)
        while shortening < SHORTENED:
            trial = thetas | {
                i: moved(thetas[i], np.clip(length * shifts[i], -1.0, 1.0) * steps[i], parts[i].scales) for i in shaped
            }
            found = state(trial)
            if found[-1] < least:
                break
            shortening, length = shortening + 1, length / 4.0
        else:
            break
        gain = 1.0 - found[-1] / least
        thetas, (columns, c, residual, least) = trial, found
        if gain < ENOUGH:
            break
        shortening, length = 0, min(1.0, 4.0 * length)
    return thetas, least
