"""Claims about attitudes, counted by who holds one towards whom, how, and by whose account.

SQLite counts them, so that a page of pairs has as many rows as there are different ones, however
many claims a database holds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from claimlog.site.protection import reader_limits
from claimlog.site.protection.server_queries import time_limit
from claimlog.site.store import LIST_BYTES, LIST_PARTS, Row, RowsTooLarge, Store
from claimlog.sql_worker import parts_of

NOBODY = "-"
"""Stands in an address for an end of a pair that no text names."""

MOST_GROUPS = 100_000
SPELLINGS = 20
"""Texts of a pair of lists that its claims are looked for by; claimlog writes a list in one way."""

Ends = tuple[str, ...]
Pair = tuple[Ends, Ends]


class AttitudeGroup(NamedTuple):
    """Claims that agree in all that a page of pairs tells apart.

    Attributes
    ----------
    texts
        The two lists of actors as the database has them.
    claims
        How many they are.
    """

    holders: Ends
    objects: Ends
    sign: str
    course: str | None
    modality: str | None
    origin_id: str | None
    texts: tuple[str | None, str | None]
    claims: int


class AttitudeClaim(NamedTuple):
    """A claim about an attitude: its direction, how it changes, how surely it is put."""

    claim_id: str
    sign: str
    course: str | None
    modality: str | None


async def attitude_groups(page: Row, store: Store) -> Mapping[Pair, list[AttitudeGroup]]:
    """Return all claims about an attitude, in groups, by the two ends of their pair.

    Raises
    ------
    RowsTooLarge
        If there are more groups than a page can show.
    """
    groups = await store.memoize(f"pairs {page['name']}", lambda store: _read_groups(page, store))
    if groups is None:  # found out once, since it took long
        raise RowsTooLarge
    return groups


async def _read_groups(page: Row, store: Store) -> Mapping[Pair, list[AttitudeGroup]] | None:
    sql = (
        f"select {page['from']}, {page['to']}, {_attitude(page)}, origin_id, count(*) "
        f"from claims where {page['sign']} is not null group by 1, 2, 3, 4, 5, 6 limit :most"
    )

    def read(connection: sqlite3.Connection) -> Mapping[Pair, list[AttitudeGroup]] | None:
        with time_limit(connection, reader_limits.FACET_SECONDS):
            rows = [*map(tuple, connection.execute(sql, {"most": MOST_GROUPS + 1}))]
        lists = {text for row in rows for text in row[:2] if isinstance(text, str)}
        if (
            len(rows) > MOST_GROUPS
            or sum(map(len, lists)) > LIST_BYTES
            or sum(map(parts_of, lists)) > LIST_PARTS
        ):
            return None
        return _by_pair(page, rows, {text: _ends(text) for text in lists})

    groups: Mapping[Pair, list[AttitudeGroup]] | None = await store.database.execute_fn(read)
    return groups


def _attitude(page: Row) -> str:
    """Return SQL for what a claim says of an attitude."""
    return f"{page['sign']}, {page.get('course', 'null')}, {page.get('modality', 'null')}"


def _by_pair(
    page: Row, rows: Sequence[tuple[Any, ...]], ends: Mapping[str, Ends]
) -> dict[Pair, list[AttitudeGroup]]:
    groups: dict[Pair, list[AttitudeGroup]] = {}
    for holders, objects, sign, course, modality, origin, number in rows:
        pair = ends.get(holders, (NOBODY,)), ends.get(objects, (NOBODY,))
        said = _said_modality(page, modality)
        group = AttitudeGroup(*pair, sign, course, said, origin, (holders, objects), number)
        groups.setdefault(pair, []).append(group)
    return groups


def _ends(text: str) -> Ends:
    """Return the actors of a list; of an empty one, nobody."""
    value = orjson.loads(text) if text.startswith("[") else None
    return tuple(map(str, value)) if value else (NOBODY,)


def _said_modality(page: Row, modality: str | None) -> str | None:
    """Return a modality if the page has words for it."""
    return modality if page.get("modality_words", {}).get(modality) else None


async def first_claims(
    page: Row, store: Store, groups: Sequence[AttitudeGroup], size: int
) -> list[AttitudeClaim]:
    """Return the first claims of a pair by their identifiers."""
    texts = [*dict.fromkeys(group.texts for group in groups)][:SPELLINGS]
    either = " or ".join(
        f"({page['from']} is :from{at} and {page['to']} is :to{at})" for at in range(len(texts))
    )
    result = await store.database.execute(
        f"select claim_id, {_attitude(page)} from claims "
        f"where {page['sign']} is not null and ({either}) order by claim_id limit :size",
        {
            "size": size,
            **{f"from{at}": text for at, (text, _) in enumerate(texts)},
            **{f"to{at}": text for at, (_, text) in enumerate(texts)},
        },
    )
    return [
        AttitudeClaim(claim, sign, course, _said_modality(page, modality))
        for claim, sign, course, modality in map(tuple, result.rows)
    ]
