"""The texts that whoever serves the pages supplied: shown, never stored, found by hash not by name.

The environment variable CLAIMLOG_TEXTS names their directory. They are read once, at first need.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.site.store import Row, Store
from claimlog.sources.text import Text, Texts, digest

VARIABLE = "CLAIMLOG_TEXTS"
CONTEXT = 300  # code points shown on each side of a passage
PART = 200  # claims shown at once, with the part of the text in which they begin
SLACK = 40  # how far the context may grow or shrink to end at a space

HOW = (
    "The text is not part of the dataset. If you have a copy, start the server with "
    "make serve TEXTS=dir, and it is shown here with its claims marked."
)
GONE = "The directory of texts that the server was given cannot be read, so no article is shown."
NONE = (
    "The directory of texts that the server was given holds the text of no source here, so no "
    "article is shown. Files are found by the SHA-256 of their text, whatever their names."
)
OTHER = (
    "The directory of texts that the server was given holds other articles, but not this one. "
    "Files are found by the SHA-256 of their text, whatever their names."
)


async def find(store: Store, sha256: str | None) -> tuple[Text | None, str]:
    """Return a source's text; or None and a sentence that says why it is not shown."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return None, HOW
    try:
        texts = await asyncio.to_thread(_read, folder)
    except (ClaimlogError, OSError):
        return None, GONE
    text = texts.get(sha256)
    if text is not None:
        return text, ""
    known = await store.rows("select text_sha256 from sources where text_sha256 is not null")
    return None, OTHER if any(texts.get(row["text_sha256"]) for row in known) else NONE


@lru_cache(maxsize=2)
def _read(folder: str) -> Texts:
    return Texts(Path(folder))


def at_start(database: Path, folder: Path) -> str:
    """Return a line that says how many articles of a build a directory holds.

    Raises
    ------
    UsageError
        If there is no such directory.
    """
    texts = Texts(folder)
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as opened:
        hashes = [
            value
            for (value,) in opened.execute(
                "select text_sha256 from sources where text_sha256 is not null"
            )
        ]
    found = sum(texts.get(value) is not None for value in hashes)
    if not found:
        return (
            f"texts: no file in {printable(str(folder))} is the text of a source, so no article is "
            "shown (files are found by the SHA-256 of their text, whatever their names)"
        )
    return f"texts: {found} of {len(hashes)} articles found in {printable(str(folder))}"


def printable(name: str) -> str:
    """Return a file's name fit for a line of output or for JSON.

    >>> printable("a\\nb\\udcff.txt")
    'a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}.txt'
    """
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in name)


async def passage(store: Store, claim: Mapping[str, Any], source: Row | None) -> Row:
    """Return a claim's passage between its contexts, or why it is not shown."""
    text, message = await find(store, source["text_sha256"] if source else None)
    if text is None:
        return {"shown": False, "message": message}
    content, start, end = text.content, claim["start"], claim["end"]
    quote = content[start:end]
    if digest(quote) != claim["quote_sha256"]:
        return {
            "shown": False,
            "message": "The passage of this version stood in another version of the text.",
        }
    first, last = _opening(content, start), _closing(content, end)
    earlier = await store.row(
        "select count(*) as n from claims where source_id = :source "
        "and (start, claim_id) < (:start, :name)",
        source=claim["source_id"],
        start=start,
        name=claim["claim_id"],
    )
    return {
        "shown": True,
        "message": "",
        "before": content[first:start],
        "quote": quote,
        "after": content[end:last],
        "cut_before": first > 0,
        "cut_after": last < len(content),
        "page": earlier["n"] // PART + 1 if earlier else 1,
    }


def _opening(text: str, start: int) -> int:
    """Return where the context before an offset begins: after a space, where one is near."""
    least = start - CONTEXT
    if least <= 0:
        return 0
    space = next((at for at in range(least, min(least + SLACK, start)) if text[at].isspace()), None)
    return least if space is None else space + 1


def _closing(text: str, end: int) -> int:
    most = end + CONTEXT
    if most >= len(text):
        return len(text)
    return next((at for at in range(most, max(most - SLACK, end), -1) if text[at].isspace()), most)


def pieces(
    text: str, claims: Iterable[Row], furniture: Iterable[Row], first: int, last: int
) -> list[Row]:
    """Cut a part of a text, from one offset to another, at every border of a claim or of furniture.

    Returns
    -------
    list of dict
        ``text``; ``claims`` that cover it, shortest first; ``content`` of the shortest; ``begin``:
        claims that begin here; ``first``: whether the shortest has no earlier piece of its own;
        ``under``: claims ending here that are nowhere the shortest; ``furniture``: its kind.
    """
    spans: dict[str, Row] = {}
    opened: dict[int, list[str]] = defaultdict(list)
    closed: dict[int, list[str]] = defaultdict(list)
    for row in claims:
        if row["start"] < last and row["end"] > first:
            spans[row["claim_id"]] = row
            opened[max(row["start"], first)].append(row["claim_id"])
            closed[min(row["end"], last)].append(row["claim_id"])
    ranges = sorted((row["start"], row["end"], row["kind"]) for row in furniture)
    borders = {first, last, *opened, *closed, *(at for row in ranges for at in row[:2])}
    active: set[str] = set()
    linked: set[str] = set()
    made: list[Row] = []
    for start, end in pairwise(sorted(at for at in borders if first <= at <= last)):
        active.difference_update(closed.get(start, ()))
        active.update(opened.get(start, ()))
        order = sorted(active, key=lambda name: (spans[name]["end"] - spans[name]["start"], name))
        shortest = order[0] if order else None
        at = bisect_right(ranges, (start, len(text) + 1, "")) - 1
        made.append(
            {
                "text": text[start:end],
                "start": start,
                "end": end,
                "claims": order,
                "content": spans[shortest]["content"] if shortest else None,
                "begin": opened.get(start, []),
                "first": shortest not in linked,
                "furniture": ranges[at][2] if at >= 0 and ranges[at][1] >= end else None,
            }
        )
        if shortest:
            linked.add(shortest)
    for piece in made:
        piece["under"] = [name for name in closed.get(piece["end"], []) if name not in linked]
    return made
