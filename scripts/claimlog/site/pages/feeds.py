"""The Atom feeds: releases, and amendments and retractions of claims that were there before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from datasette import Response

from claimlog.escaping import plain_line
from claimlog.file_names import path_segment
from claimlog.log.column_beginnings import NO_COLUMN
from claimlog.log.version_changes import readable_value
from claimlog.site.amended_cells import with_cells
from claimlog.site.atom import MEDIATYPE, Feed, FeedEntry, atom_document, urn
from claimlog.site.page import PageRequest
from claimlog.site.plugin_config import dataset_metadata, release_rows
from claimlog.site.store import Row, Store

ENTRIES = 100
"""Entries of a feed, the latest: readers keep those that they have seen."""

TITLE_CHARACTERS = 200

CORRECTIONS = """select c.claim_id, c.version, c.change, c.reason, c.release, c.event_id,
  v.recorded_at, v.recorded_by, v.statement from changes c
  join claim_versions v on v.claim_id = c.claim_id and v.version = c.version
  where c.change <> 'added' order by c.seq desc limit :most"""


async def releases_feed(store: Store, request: PageRequest) -> Mapping[str, Any] | Response:
    """Return the releases, newest first."""
    return _answer(await store.memoize("feed of releases", _releases), request)


async def corrections_feed(store: Store, request: PageRequest) -> Mapping[str, Any] | Response:
    """Return the latest amendments and retractions of claims, newest first."""
    return _answer(await store.memoize("feed of corrections", _corrections), request)


def _answer(feed: Feed, request: PageRequest) -> Mapping[str, Any] | Response:
    if request.format == "json":
        return asdict(feed)
    return Response(atom_document(feed), 200, {}, f"{MEDIATYPE}; charset=utf-8")


async def _releases(store: Store) -> Feed:
    entries = [
        FeedEntry(
            urn(store.name, "releases", row["version"]),
            f"Release {row['version']}",
            f"{row['date']}T00:00:00Z",
            f"../releases/{row['version']}",
            f"{row['claims']:,} claims. Events of claims since the release before: "
            f"{row['added']:,} added, {row['amended']:,} amended, {row['retracted']:,} retracted. "
            f"Its log has {row['tree_size']:,} rows and the root {row['root']}.",
        )
        for row in (await release_rows(store))[:ENTRIES]
    ]
    return await _feed(store, "releases", "Releases", "../releases", entries)


async def _corrections(store: Store) -> Feed:
    changes = await with_cells(store, await store.rows(CORRECTIONS, most=ENTRIES))
    entries = [_correction(store, row) for row in changes]
    return await _feed(store, "corrections", "Corrections and retractions", "../releases", entries)


def _correction(store: Store, row: Row) -> FeedEntry:
    title = plain_line(f"{row['claim_id']} {row['change']}: {row['statement']}")
    cells = [
        f"{c['column']}: {NO_COLUMN if c['is_new'] else readable_value(c['from'])} -> "
        f"{readable_value(c['to'])}"
        for c in row["cells"]
    ]
    lines = [
        row["reason"] or "No reason was given.",
        *cells,
        f"Version {row['version']}, event {row['event_id']}, "
        + (f"first in release {row['release']}." if row["release"] else "in no release yet."),
    ]
    return FeedEntry(
        urn(store.name, "events", row["event_id"]),
        title if len(title) <= TITLE_CHARACTERS else f"{title[: TITLE_CHARACTERS - 1]}…",
        row["recorded_at"],
        f"../claims/{path_segment(row['claim_id'])}",
        "\n".join(lines),
        row["recorded_by"],
        row["change"],
    )


async def _feed(store: Store, name: str, title: str, link: str, entries: list[FeedEntry]) -> Feed:
    """Return a feed of the dataset; while it is empty its date is that of the log's first row."""
    head = dataset_metadata(store.datasette).get("head", {})
    first = await store.row("select recorded_at from events order by seq limit 1")
    people = [plain_line(str(person["title"])) for person in head.get("contributors", [])]
    licence: Mapping[str, Any] = next(iter(head.get("licenses", [])), {})
    dataset = plain_line(str(head.get("title") or store.name))
    return Feed(
        urn(store.name, name),
        f"{title}: {dataset}",
        f"{title} of the dataset {store.name}, the latest {ENTRIES}",
        f"{name}.atom",
        link,
        people or [store.name],
        licence.get("title") or licence.get("name"),
        first["recorded_at"] if first else "1970-01-01T00:00:00Z",
        entries,
    )
