"""Streams of a definition, by their own name or by that of what one row is about."""

from __future__ import annotations

from claimlog.errors import UsageError, suggest
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Table


def stream_named(definition: Definition, name: str, option: str = "STREAM") -> Table:
    """Return the stream that is called so: ``bells``, or ``bell``.

    Raises
    ------
    UsageError
        If there is none, with the option that names it.
    """
    for table in definition.streams.values():
        if name in (table.name, table.entity):
            return table
    near = suggest(name, definition.streams) or f"; expected one of {', '.join(definition.streams)}"
    raise UsageError(f"{option} {name[:80]!r}: there is no such stream{near}; nothing was written")
