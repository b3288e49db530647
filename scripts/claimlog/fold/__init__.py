"""The fold: pure functions from the rows of the log to its tables, written once on Narwhals.

The same code runs on any Narwhals backend; Polars is the default.
"""

from claimlog.fold.as_of_prefix import Cutoff, cutoff
from claimlog.fold.claim_summary import ClaimSummary, summarize_claims
from claimlog.fold.tables import (
    FoldContext,
    bearing_links,
    fold,
    fold_claims,
    fold_other_tables,
    fold_rows,
    fold_support,
    referenced_claims,
    stream_prefixes,
)

FOLD_VERSION = 1
"""Version of the fold, raised whenever the log of a known release gives other tables.

Releases name it.
"""

FOLD_VERSION_UNNAMED = 1
"""Fold version of the releases that name none: 0.1.0 and 0.2.0 of the first dataset."""

__all__ = [
    "FOLD_VERSION",
    "FOLD_VERSION_UNNAMED",
    "ClaimSummary",
    "Cutoff",
    "FoldContext",
    "bearing_links",
    "cutoff",
    "fold",
    "fold_claims",
    "fold_other_tables",
    "fold_rows",
    "fold_support",
    "referenced_claims",
    "stream_prefixes",
    "summarize_claims",
]
