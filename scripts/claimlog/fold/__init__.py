"""The fold: pure functions from the rows of the log to its tables, written once on Narwhals.

The same code runs on any Narwhals backend; Polars is the default.
"""

from claimlog.fold.gathered import Gathered, gathered
from claimlog.fold.prefix import Cutoff, cutoff
from claimlog.fold.tables import Outside, cut, fold, fold_claims, fold_rest, fold_rows, wanted

__all__ = [
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
