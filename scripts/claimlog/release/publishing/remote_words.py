"""Words as a service gives them back, to be held against those that were sent."""

from __future__ import annotations

from typing import Any
from unicodedata import category

from claimlog.sources.characters import stream_safe

QUOTATION_MARKS = "\"'\u02bc\u201a\u201e"
"""Beside those of the categories Pi and Pf, which open and close."""


def bare_words(text: Any) -> str:
    """Return a text in one form, without blanks, quotation marks and what does not print.

    A service keeps others of these than it gets (InvenioRDM mends its fields with ftfy), but no
    other words.
    """
    return "".join(filter(_is_kept, stream_safe("NFKC", str(text))))


def _is_kept(letter: str) -> bool:
    kind = category(letter)
    return kind[0] not in "CZ" and kind not in ("Pi", "Pf") and letter not in QUOTATION_MARKS
