"""What one fit did, trial by trial: the solver's packed rows as a host object that reads as a table and as JSON."""

from trfkit.trace.record import Row, Trace
from trfkit.trace.table import TABLE_STYLE, html_table
from trfkit.trace.words import ratio_words, trial_sentence

__all__ = ["TABLE_STYLE", "Row", "Trace", "html_table", "ratio_words", "trial_sentence"]
