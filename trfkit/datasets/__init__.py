"""Data to fit: the certified problems of NIST, classics of the literature, and two seeded sets for teaching.

    thurber = nist("Thurber")
    popt, pcov = curve_fit(thurber.model, thurber.x, thurber.y, p0=thurber.starts[0])
    thurber.digits(popt)  # to how many digits popt is the certified answer

Importing reads no data; `nist` reads one file at its first call for a name.
"""

from trfkit.datasets.classic import ErrorsInBoth, Kinetics, pearson_york, puromycin
from trfkit.datasets.strd import NIST_NAMES, NISTDataset, nist
from trfkit.datasets.teaching import TeachingData, exponential_decay, gaussian_peaks

__all__ = [
    "NIST_NAMES", "ErrorsInBoth", "Kinetics", "NISTDataset", "TeachingData", "exponential_decay", "gaussian_peaks",
    "nist", "pearson_york", "puromycin",
]  # fmt: skip
