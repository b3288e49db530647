"""The fold: pure functions from the rows of the log to its tables, written once on Narwhals.

The same code runs on any Narwhals backend; Polars is the default.
"""

from claimlog.fold.claim_summary import Gathered, gathered
from claimlog.fold.cutoff import Cutoff, cutoff
from claimlog.fold.tables import Outside, cut, fold, fold_claims, fold_rest, fold_rows, wanted

FOLD_VERSION = 1
"""Raised whenever the same log gives other tables. A release names the version that folded it."""

FOLD_VERSION_UNNAMED = 1
"""Version of the releases that name none: 0.1.0 and 0.2.0 of the first dataset."""

__all__ = [
    "FOLD_VERSION",
    "FOLD_VERSION_UNNAMED",
    "Cutoff",
    "Gathered",
    "Outside",
    "cut",
    "cutoff",
    "fold",
    "fold_claims",
    "fold_rest",
    "fold_rows",
    "gathered",
    "wanted",
]
