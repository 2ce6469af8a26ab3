"""Packages that trfkit can do without: loaded at their first use, as they cost more to import than most fits to run."""

import importlib
from types import ModuleType


def pandas(what: str) -> ModuleType:
    """pandas, for `what`; raises ImportError that says what needs it and how to get it."""
    try:
        return importlib.import_module("pandas")
    except ImportError as error:
        raise ImportError(f"{what} needs pandas, which is not installed: pip install pandas") from error
