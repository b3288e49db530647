"""The menu of a database: the pages that every dataset has, without those that show nothing yet."""

from __future__ import annotations

from dataclasses import dataclass

from claimlog.schema.link_relations import DISPUTES, QUALIFIES
from claimlog.site.memo import memo_value
from claimlog.site.store import Store

NAME = "menu"


@dataclass(frozen=True)
class Entry:
    """A page of the menu.

    Attributes
    ----------
    table, condition
        The rows that the page shows; without a table it is always in the menu.
    """

    path: str
    label: str
    table: str = ""
    condition: str = "1"


ENTRIES = (
    Entry("/claims", "Claims"),
    Entry("/sources", "Sources"),
    Entry("/actors", "Actors"),
    Entry("/incidents", "Incidents", "incidents"),
    Entry("/disputes", "Disputes", "links", f"relation in ('{DISPUTES}', '{QUALIFIES}')"),
    Entry("/facts", "Same facts", "corroboration"),
    Entry("/origins", "Origins"),
)


async def read_menu(store: Store) -> tuple[Entry, ...]:
    """Return the entries of a database's menu, read once."""
    return await store.memoize(NAME, _read_menu)


def known_menu(store: Store) -> tuple[Entry, ...]:
    """Return the entries as far as they are known without asking the database; else all of them.

    A server and the files of a site read the menu before their first page.
    """
    return memo_value(store.database, NAME) or ENTRIES


async def _read_menu(store: Store) -> tuple[Entry, ...]:
    return tuple([entry for entry in ENTRIES if not entry.table or await _has_rows(store, entry)])


async def _has_rows(store: Store, entry: Entry) -> bool:
    return bool(await store.rows(f"select 1 from {entry.table} where {entry.condition} limit 1"))
