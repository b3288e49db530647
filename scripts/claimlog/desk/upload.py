"""A text that was read at the desk and is no source yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from claimlog.sources.text import Text

Row = dict[str, Any]


@dataclass(frozen=True)
class Upload:
    """The canonical text of a document.

    Attributes
    ----------
    name
        What the document was called, or its address.
    proposal
        Columns of the source that the document says something about, for a person to correct.
    recorded
        Columns that say where the text came from, which nobody edits.
    """

    name: str
    text: Text
    proposal: Row
    recorded: Row
