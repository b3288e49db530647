"""Words as a service gives them back, to be held against those that were sent."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize


def letters(text: Any) -> str:
    """Return the letters and digits of a text, in one form and case.

    Services keep other quotation marks, blanks and line ends than they get (InvenioRDM mends its
    fields with ftfy), but no other words.
    """
    return "".join(filter(str.isalnum, normalize("NFKC", str(text)).casefold()))
