"""What a fit found, for people: text, HTML, LaTeX, Markdown and a pandas frame.

Each takes a fit's result and only reads it.

digits      a value and its standard error with the digits that they deserve
facts       what every report says, in words: parameters, what holds them, correlations, statistics
text        lmfit's fit report, and a short summary
page        HTML for a notebook of either theme
latex       a tabular
markdown    GitHub's tables
frame       a pandas DataFrame
"""

from .digits import plus_minus, plus_minus_latex, rounded
from .text import fit_report, summary

__all__ = ["fit_report", "plus_minus", "plus_minus_latex", "rounded", "summary"]
