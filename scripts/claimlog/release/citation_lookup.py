"""Finding what a citation names: a release, and a claim as that release holds it."""

from __future__ import annotations

import shlex
from typing import Any, NamedTuple

import polars as pl

from claimlog.errors import ClaimlogError, UsageError
from claimlog.log.event_log import Log
from claimlog.log.taken_versions import taken_row, taken_versions, with_taken_versions
from claimlog.release.citable_version import CitableVersion
from claimlog.release.cite import DERIVED, ClaimVersion
from claimlog.release.enclosing_release import find_known_release, known_releases
from claimlog.release.metadata import ReleaseMetadata, entry_metadata
from claimlog.schema.link_relations import DISPUTES


class ReleasedClaim(NamedTuple):
    """A claim as a release holds it, and a note to who cites it; None if it is the last version."""

    version: ClaimVersion
    note: str | None


def find_release(log: Log, version: str | None = None) -> ReleaseMetadata:
    """Return the metadata of a release of the log, the last one by default.

    Raises
    ------
    ClaimlogError
        If nothing was released yet, or the index has no such release.
    """
    index = known_releases(log.package)
    if not index:
        raise ClaimlogError("releases: nothing was released yet; there is no version to cite")
    entry = find_known_release(log, version or str(index[-1].version))
    return entry_metadata(log.definition, entry)


def find_claim(log: Log, name: str, release: ReleaseMetadata) -> ReleasedClaim:
    """Return a claim as a release holds it.

    Raises
    ------
    UsageError
        If there is no such claim, or the release does not hold it.
    """
    known = log.history("claims", name).to_dicts()
    if not known:
        raise UsageError(f"{name}: is no claim of the log; claims are named as C004-017")
    versions = with_taken_versions(known, taken_versions(log, "claims").get(name, ()))
    rows = [{**row, "is_released": row["seq"] < release.tree_size} for row in versions]
    later = [int(row["seq"]) for row in rows if not row["is_released"]]
    # of a claim that it does not hold the first release that does; else that of the last version
    first = later[-1 if len(later) < len(rows) else 0] if later else None
    since = next(
        (
            str(entry.version)
            for entry in known_releases(log.package)
            if first is not None and entry.size > first
        ),
        None,
    )
    citable = CitableVersion.of(rows, release.version, since)
    if citable.version is None:
        show = f"claimlog show {shlex.quote(name)}"
        way = (
            f"cite it from there: --release {since}"
            if since
            else f"cite its event by its hash ({show}), or make a release first"
        )
        raise UsageError(f"{name}: {citable.note} {way}")
    row = [row for row in rows if row["is_released"]][-1]
    if lost := taken_row(row):
        raise UsageError(f"{release.version} holds only the hash of {name}: {lost.sentence}")
    sources = _last_versions(log, "sources", release.tree_size)
    actors = _last_versions(log, "actors", release.tree_size)
    source = sources[row["source_id"]]
    if lost := taken_row(source):
        raise UsageError(
            f"{release.version} holds only the hash of the source of {name}: {lost.sentence}"
        )
    # names that were taken down are left out: an actor is cited by its identifier then
    names = {key: actor["name"] for key, actor in actors.items() if not taken_row(actor)}
    publishers = {key: one["publisher"] for key, one in sources.items() if not taken_row(one)}
    origins = [
        hop["source_id"] for hop in source.get("lineage") or () if hop["relation"] == DERIVED
    ]
    version = ClaimVersion.of(
        *(row, source),
        actors=names,
        outlets=[publishers[key] for key in origins if key in publishers],
        disputing=_disputing(log, name, release.tree_size),
    )
    return ReleasedClaim(version, citable.note)


def _last_versions(log: Log, stream: str, size: int) -> dict[str, dict[str, Any]]:
    """Return the last version of each entity in the first rows of the log, also one taken down."""
    gone = (row for rows in taken_versions(log, stream).values() for row in rows)
    known = log.rows(stream).filter(pl.col("seq") < size).iter_rows(named=True)
    key = log.definition.streams[stream].id
    rows = with_taken_versions(known, (row for row in gone if row["seq"] < size))
    return {row[key]: row for row in rows}


def _disputing(log: Log, name: str, size: int) -> list[dict[str, Any]]:
    """Return the claims that dispute one, as the first rows of the log have them."""
    links = _last_versions(log, "links", size).values()
    others = {
        link["from_claim_id"]
        for link in links
        if link["action"] != "retract"
        and (link["relation"], link["to_claim_id"]) == (DISPUTES, name)
    }
    taken = taken_versions(log, "claims")
    histories = []
    for other in sorted(others):
        rows = with_taken_versions(log.history("claims", other).to_dicts(), taken.get(other, ()))
        histories.append([row for row in rows if row["seq"] < size])
    # what disputed it and was taken down is not known to
    return [rows[-1] for rows in histories if rows and not taken_row(rows[-1])]
