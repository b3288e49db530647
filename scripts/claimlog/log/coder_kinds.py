"""What the registered coders are: people, language models, programs."""

from __future__ import annotations

import polars as pl

from claimlog.log.event_log import Log, is_live

REGISTER = "coders"


def coder_kinds(log: Log, size: int) -> list[str]:
    """Return the kinds of the live coders among the first `size` events of a log, sorted.

    None in a package without the register ``coders`` or without kinds in it.
    """
    table = log.definition.streams.get(REGISTER)
    if table is None or "kind" not in table.names:
        return []
    rows = log.rows(REGISTER).filter(pl.col("seq") < size).filter(is_live(table))
    return sorted(rows["kind"].drop_nulls().unique())
