"""What new rows are given beside columns: keys that columns are computed of, and options."""

from __future__ import annotations

from claimlog.schema.table_schema import Table

DOCUMENT = "document"
"""Names the document that the text of a new source is taken out of."""

INPUTS = {
    "claims": ("quote", "occurrence"),
    "codings": ("quote", "occurrence"),
    "sources": ("text", DOCUMENT),
}
"""Keys by stream, which are never stored: the words of a passage and which of its places is meant;
the file that holds a source's text, or a document that it is taken out of."""

REQUESTED_PASSAGE = ("utf16", "text_sha256")
"""Keys by which a page of the desk says a passage of a claim, and that are no columns: its span in
the browser's units, and the text that it was chosen in."""

ANCHORED = ("claims", "codings")
"""Streams whose rows stand for a passage of a text."""

OWN_OPTIONS = frozenset(
    ("by", "format", "from", "help", "limits", "quotes", "reason", "texts", "today", "yes")
)
"""Options of the commands that add and amend, which say something about all rows."""


def row_inputs(table: Table) -> tuple[str, ...]:
    """Return the keys that new rows of a stream take beside its columns.

    A name that is one of a column is that of the column, whose values may look like anything.
    """
    return tuple(name for name in INPUTS.get(table.name, ()) if name not in table.by_name)


def column_option(name: str) -> str:
    """Return the option that sets a column.

    >>> column_option("word_count"), column_option("by")
    ('--word-count', '--column.by')
    """
    return f"--{'column.' if name in OWN_OPTIONS else ''}{name.replace('_', '-')}"


def passage_options(table: Table) -> str:
    """Return the options by which the passage of a row is given."""
    return "--quote" if "quote" in row_inputs(table) else "--start and --end"
