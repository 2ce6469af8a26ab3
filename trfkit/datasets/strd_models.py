"""The 20 models of the NIST StRD nonlinear regression problems, in jax.numpy.

Each is f(x, b1, b2, ...), with NIST's parameters in NIST's order, and pure and row-wise: f at observation i depends on
x[..., i] alone, so a solver may evaluate any block of rows by itself. All angles are in radians. Outside its domain
(a negative base, a pole) a model gives NaN or inf: a fit rejects such a trial point.
"""

import jax.numpy as jnp


def exponential_saturation(x, b1, b2):
    """b1 (1 - exp(-b2 x)): Misra1a, BoxBOD."""
    return b1 * (1.0 - jnp.exp(-b2 * x))


def inverse_square_saturation(x, b1, b2):
    """b1 (1 - (1 + b2 x/2)^-2): Misra1b."""
    return b1 * (1.0 - (1.0 + b2 * x / 2.0) ** -2)


def inverse_root_saturation(x, b1, b2):
    """b1 (1 - (1 + 2 b2 x)^-1/2): Misra1c."""
    return b1 * (1.0 - (1.0 + 2.0 * b2 * x) ** -0.5)


def langmuir_isotherm(x, b1, b2):
    """b1 b2 x / (1 + b2 x): Misra1d."""
    return b1 * b2 * x / (1.0 + b2 * x)


def exponential_over_line(x, b1, b2, b3):
    """exp(-b1 x) / (b2 + b3 x): Chwirut1, Chwirut2."""
    return jnp.exp(-b1 * x) / (b2 + b3 * x)


def three_exponentials(x, b1, b2, b3, b4, b5, b6):
    """b1 exp(-b2 x) + b3 exp(-b4 x) + b5 exp(-b6 x): Lanczos1, Lanczos2, Lanczos3."""
    return b1 * jnp.exp(-b2 * x) + b3 * jnp.exp(-b4 * x) + b5 * jnp.exp(-b6 * x)


def two_exponentials_on_constant(x, b1, b2, b3, b4, b5):
    """b1 + b2 exp(-b4 x) + b3 exp(-b5 x): MGH17."""
    return b1 + b2 * jnp.exp(-b4 * x) + b3 * jnp.exp(-b5 * x)


def two_gaussians_on_exponential(x, b1, b2, b3, b4, b5, b6, b7, b8):
    """b1 exp(-b2 x) + b3 exp(-(x - b4)² / b5²) + b6 exp(-(x - b7)² / b8²): Gauss1, Gauss2, Gauss3."""
    first, second = (x - b4) / b5, (x - b7) / b8
    return b1 * jnp.exp(-b2 * x) + b3 * jnp.exp(-(first**2)) + b6 * jnp.exp(-(second**2))


def gaussian_line(x, b1, b2, b3):
    """(b1/b2) exp(-½ ((x - b3) / b2)²): Eckerle4."""
    return b1 / b2 * jnp.exp(-0.5 * ((x - b3) / b2) ** 2)


def power_law(x, b1, b2):
    """b1 x^b2: DanWood."""
    return b1 * x**b2


def shifted_power_law(x, b1, b2, b3):
    """b1 (b2 + x)^(-1/b3): Bennett5."""
    return b1 * (b2 + x) ** (-1.0 / b3)


def quadratic_over_quadratic(x, b1, b2, b3, b4, b5):
    """(b1 + b2 x + b3 x²) / (1 + b4 x + b5 x²): Kirby2."""
    return (b1 + x * (b2 + x * b3)) / (1.0 + x * (b4 + x * b5))


def cubic_over_cubic(x, b1, b2, b3, b4, b5, b6, b7):
    """(b1 + b2 x + b3 x² + b4 x³) / (1 + b5 x + b6 x² + b7 x³): Hahn1, Thurber."""
    return (b1 + x * (b2 + x * (b3 + x * b4))) / (1.0 + x * (b5 + x * (b6 + x * b7)))


def monic_quadratic_ratio(x, b1, b2, b3, b4):
    """b1 (x² + b2 x) / (x² + b3 x + b4): MGH09."""
    return b1 * x * (x + b2) / (x * (x + b3) + b4)


def log_strength_after_ageing(x, b1, b2, b3):
    """b1 - b2 x1 exp(-b3 x2), for x = (x1, x2) of shape (2, m): Nelson, whose response is the logarithm of y."""
    time, temperature = x
    return b1 - b2 * time * jnp.exp(-b3 * temperature)


def quantum_defect(x, b1, b2, b3, b4):
    """b1 - b2 x - arctan(b3 / (x - b4)) / π: Roszman1. The principal value: arctan2 would be another curve."""
    return b1 - b2 * x - jnp.arctan(b3 / (x - b4)) / jnp.pi


def annual_and_two_free_cycles(x, b1, b2, b3, b4, b5, b6, b7, b8, b9):
    """A mean and cycles of periods 12, b4 and b7 with their cosines b2, b5, b8 and sines b3, b6, b9: ENSO."""
    annual, first, second = 2.0 * jnp.pi * x / 12.0, 2.0 * jnp.pi * x / b4, 2.0 * jnp.pi * x / b7
    return (
        b1
        + (b2 * jnp.cos(annual) + b3 * jnp.sin(annual))
        + (b5 * jnp.cos(first) + b6 * jnp.sin(first))
        + (b8 * jnp.cos(second) + b9 * jnp.sin(second))
    )


def thermistor_resistance(x, b1, b2, b3):
    """b1 exp(b2 / (x + b3)): MGH10."""
    return b1 * jnp.exp(b2 / (x + b3))


def logistic_growth(x, b1, b2, b3):
    """b1 / (1 + exp(b2 - b3 x)): Rat42."""
    return richards_growth(x, b1, b2, b3, 1.0)


def richards_growth(x, b1, b2, b3, b4):
    """b1 / (1 + exp(b2 - b3 x))^(1/b4): Rat43.

    1 + exp(z) is taken through its logarithm: where exp(z) overflows, the quotient itself is 0 but its derivative
    would be 0 times inf, a NaN in J at a point where the model is finite.
    """
    return b1 * jnp.exp(-jnp.logaddexp(0.0, b2 - b3 * x) / b4)
