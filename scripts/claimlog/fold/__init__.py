"""The fold: pure functions from the rows of the log to its tables, written once on Narwhals.

The same code runs on any Narwhals backend; Polars is the default.
"""

from claimlog.fold.prefix import Cutoff, cutoff
from claimlog.fold.tables import Outside, fold

__all__ = ["Cutoff", "Outside", "cutoff", "fold"]
