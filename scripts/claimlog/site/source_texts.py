"""Source texts that the server was given: shown, never stored, and found by hash, not by name.

The environment variable CLAIMLOG_TEXTS names their directory. They are read once, while the
server warms up, and anew after `forget_texts`.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.limits import PAGE_HASHED_BYTES
from claimlog.site.drawing_thread import off_the_loop
from claimlog.site.store import Row, Store
from claimlog.sources.anchor import Anchor
from claimlog.sources.places_in_copy import PlacedClaims, place_claims
from claimlog.sources.text import Text, Texts, digest

VARIABLE = "CLAIMLOG_TEXTS"
READER = ThreadPoolExecutor(1, thread_name_prefix="claimlog-texts")
CONTEXT = 300
"""Code points shown on each side of a passage."""

SLACK = 40
"""Code points by which the context may be shorter, to begin or end at a space."""

CLAIMS_PER_PAGE = 200
"""Claims of a source on a page, with the part of the text in which they begin."""

PART_CHARACTERS = 100_000
"""Characters of a text, or of a passage, on a page: a long article has some 30,000. Up to so many
are shown of what the claims of a page stand in; a longer text has parts."""

MOST_NAMED = 20
"""Claims over a piece of a text that are named, the shortest."""

NO_DIRECTORY = (
    "The text is not part of the dataset. If you have a copy in a directory DIR, claimlog verify "
    "--texts DIR checks the passages in it (in an archive: claimlog --package log verify --texts "
    "DIR), and a server that is started with make serve TEXTS=DIR shows it with its claims marked."
)
UNREADABLE = "The directory of texts that the server was given cannot be read, so no text is shown."
NO_SOURCE = (
    "The directory of texts that the server was given holds the text of no source here, so no "
    "text is shown. Files are found by the SHA-256 of their text, whatever their names."
)
NOT_THIS_ONE = (
    "The directory of texts that the server was given holds other texts, but not this one. "
    "Files are found by the SHA-256 of their text, whatever their names."
)


def hide_texts() -> None:
    """Have this process know no texts: what is drawn to be published must not hold any."""
    os.environ.pop(VARIABLE, None)


def forget_texts() -> None:
    """Have the directory read anew for the next page: there may be texts that were not."""
    _read_once.cache_clear()


async def find_text(store: Store, sha256: str | None) -> tuple[Text | None, str]:
    """Return a source's text; or None and a sentence that says why it is not shown."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return None, NO_DIRECTORY
    texts = await asyncio.shield(asyncio.wrap_future(_read_once(folder)))
    if texts is None:
        return None, UNREADABLE
    text = texts.get(sha256)
    if text is not None:
        return text, ""
    rows = await store.rows("select text_sha256 from sources where text_sha256 is not null")
    has_others = any(texts.get(row["text_sha256"]) for row in rows)
    return None, NOT_THIS_ONE if has_others else NO_SOURCE


async def find_copy(source_id: str, rows: list[Row]) -> tuple[Text, PlacedClaims] | None:
    """Return another copy of a source's text, with its claims placed in it by their hashes.

    That is a file in the directory of texts that is named for the source, as ``S004.txt``.
    """
    folder = os.environ.get(VARIABLE)
    texts = await asyncio.shield(asyncio.wrap_future(_read_once(folder))) if folder else None
    copy = texts.named(source_id) if texts else None
    if copy is None:
        return None
    anchors = tuple(Anchor.of_row(row) for row in rows)
    return copy, await asyncio.wrap_future(READER.submit(_place_once, copy, anchors))


@lru_cache(maxsize=32)
def _place_once(copy: Text, anchors: tuple[Anchor, ...]) -> PlacedClaims:
    return place_claims(copy, anchors, None, hashed_bytes=PAGE_HASHED_BYTES)


@lru_cache(maxsize=2)
def _read_once(folder: str) -> Future[Texts | None]:
    """Have a thread of its own read a directory, once for all who wait, also if it cannot."""
    return READER.submit(_read_texts, Path(folder))


def _read_texts(folder: Path) -> Texts | None:
    try:
        return Texts(folder)
    except (ClaimlogError, OSError):
        return None


def summarize_texts(database: Path, folder: Path) -> str:
    """Return a line that says how many articles of a build a directory holds.

    Raises
    ------
    UsageError
        If there is no such directory.
    """
    texts = Texts(folder)
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        hashes = [
            value
            for (value,) in connection.execute(
                "select text_sha256 from sources where text_sha256 is not null"
            )
        ]
    count = sum(texts.get(value) is not None for value in hashes)
    folder_name = printable_name(str(folder))
    if not count:
        return (
            f"texts: no file in {folder_name} is the text of a source, so no text is "
            "shown (files are found by the SHA-256 of their text, whatever their names)"
        )
    return f"texts: {count} of {len(hashes)} texts found in {folder_name}"


def printable_name(name: str) -> str:
    """Return a file's name fit for a line of output or for JSON.

    >>> printable_name("a\\nb\\udcff.txt")
    'a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}.txt'
    """
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in name)


async def passage(store: Store, claim: Mapping[str, Any], source: Row | None) -> Row:
    """Return a claim's passage with the text around it, or why it is not shown."""
    text, message = await find_text(store, source["text_sha256"] if source else None)
    if text is None:
        return {"shown": False, "message": message}
    content, start, end = text.content, claim["start"], claim["end"]
    quote = content[start:end]
    if await off_the_loop(digest)(quote) != claim["quote_sha256"]:
        return {
            "shown": False,
            "message": "The passage of this version stood in another version of the text.",
        }
    first, last = _context_start(content, start), _context_end(content, end)
    earlier = await store.count(
        "select count(*) as n from claims where source_id = :source "
        "and (start, claim_id) < (:start, :name)",
        source=claim["source_id"],
        start=start,
        name=claim["claim_id"],
    )
    page = earlier // CLAIMS_PER_PAGE
    borders = [
        row["start"]
        for row in await store.rows(
            "select start from (select start, row_number() over (order by start, claim_id) as n "
            "from claims where source_id = :source) where n in (:first, :last) order by n",
            source=claim["source_id"],
            first=page * CLAIMS_PER_PAGE + 1,
            last=(page + 1) * CLAIMS_PER_PAGE + 1,
        )
    ]
    begin = borders[0] if page and borders else 0
    stop = borders[1] if borders[1:] else len(content)
    return {
        "shown": True,
        "message": "",
        "before": content[first:start],
        "quote": quote[:PART_CHARACTERS],
        "cut_quote": len(quote) > PART_CHARACTERS,
        "after": content[end:last],
        "cut_before": first > 0,
        "cut_after": last < len(content),
        "page": page + 1,
        "part": part_of(start, begin, stop),
    }


def part_of(start: int, first: int, last: int) -> int:
    """Return in which part a passage begins of what a page shows of a text, between two offsets."""
    return min(start - first, max(0, last - first - 1)) // PART_CHARACTERS + 1


def _context_start(text: str, start: int) -> int:
    """Return where the context before an offset begins: after a space, where one is near."""
    least = start - CONTEXT
    if least <= 0:
        return 0
    space = next((at for at in range(least, min(least + SLACK, start)) if text[at].isspace()), None)
    return least if space is None else space + 1


def _context_end(text: str, end: int) -> int:
    """Return where the context after an offset ends: at a space, where one is near."""
    most = end + CONTEXT
    if most >= len(text):
        return len(text)
    return next((at for at in range(most, max(most - SLACK, end), -1) if text[at].isspace()), most)


def text_segments(
    text: str, claims: Iterable[Row], furniture: Iterable[Row], first: int, last: int
) -> list[Row]:
    """Cut a part of a text, between two offsets, where a claim or page furniture begins or ends.

    Returns
    -------
    list of dict
        ``text``; ``claims`` that cover it, shortest first, `MOST_NAMED` at most; ``colour`` of the
        shortest; ``begin``: claims that begin here; ``first``: whether the shortest has no earlier
        segment of its own; ``under``: claims that end here and are nowhere the shortest;
        ``furniture``: its kind.
    """
    spans: dict[str, tuple[int, str, Row]] = {}
    """By claim: its length and name, by which claims are in order, and its row."""
    beginning: dict[int, list[str]] = defaultdict(list)
    ending: dict[int, list[str]] = defaultdict(list)
    for row in claims:
        name, start, end = row["claim_id"], max(row["start"], first), min(row["end"], last)
        if start < end:
            spans[name] = (row["end"] - row["start"], name, row)
            beginning[start].append(name)
            ending[end].append(name)
    ranges = sorted((row["start"], row["end"], row["kind"]) for row in furniture)
    borders = {first, last, *beginning, *ending, *(at for row in ranges for at in row[:2])}
    active: list[tuple[int, str, Row]] = []
    shown_as_shortest: set[str] = set()
    segments: list[Row] = []
    for start, end in pairwise(sorted(at for at in borders if first <= at <= last)):
        for name in ending.get(start, ()):
            del active[bisect_left(active, spans[name])]
        for name in beginning.get(start, ()):
            insort(active, spans[name])
        shortest = active[0][1] if active else None
        at = bisect_right(ranges, (start, len(text) + 1, "")) - 1
        segments.append(
            {
                "text": text[start:end],
                "start": start,
                "end": end,
                "claims": [name for _, name, _ in active[:MOST_NAMED]],
                "colour": active[0][2]["colour"] if active else None,
                "begin": beginning.get(start, []),
                "first": shortest not in shown_as_shortest,
                "furniture": ranges[at][2] if at >= 0 and ranges[at][1] >= end else None,
            }
        )
        if shortest:
            shown_as_shortest.add(shortest)
    for segment in segments:
        ends = ending.get(segment["end"], [])
        segment["under"] = [name for name in ends if name not in shown_as_shortest]
    return segments
