"""Finding what a citation names: a release, and a claim as that release holds it."""

from __future__ import annotations

import shlex
from typing import Any, NamedTuple

import polars as pl

from claimlog.errors import ClaimlogError, UsageError
from claimlog.log.event_log import Log
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
    versions = log.history("claims", name)
    if versions.is_empty():
        raise UsageError(f"{name}: is no claim of the log; claims are named as C004-017")
    rows = versions.with_columns((pl.col("seq") < release.tree_size).alias("is_released"))
    later = rows.filter(~pl.col("is_released"))["seq"].to_list()
    since = next(
        (
            str(entry.version)
            for entry in known_releases(log.package)
            if later and entry.size > later[0]
        ),
        None,
    )
    citable = CitableVersion.of(rows.iter_rows(named=True), release.version, since)
    if citable.version is None:
        taken = log.taken_of("claims", name)
        if gone := next((row for seq, row in taken.items() if seq < release.tree_size), None):
            raise UsageError(f"{release.version} holds only the hash of {name}: {gone.sentence}")
        show = f"claimlog show {shlex.quote(name)}"
        way = (
            f"cite it from there: --release {since}"
            if since
            else f"cite its event by its hash ({show}), or make a release first"
        )
        raise UsageError(f"{name}: {citable.note} {way}")
    row = rows.filter(pl.col("is_released")).row(-1, named=True)
    known = pl.col("seq") < release.tree_size
    sources = {
        source["source_id"]: source
        for source in log.rows("sources").filter(known).sort("version").iter_rows(named=True)
    }
    actors = log.rows("actors").filter(known).sort("version")
    source = sources[row["source_id"]]
    origins = [
        hop["source_id"] for hop in source.get("lineage") or () if hop["relation"] == DERIVED
    ]
    version = ClaimVersion.of(
        *(row, source),
        actors=dict(actors.select("actor_id", "name").iter_rows()),
        outlets=[sources[name]["publisher"] for name in origins if name in sources],
        disputing=_disputing(log, name, release.tree_size),
    )
    return ReleasedClaim(version, citable.note)


def _disputing(log: Log, name: str, size: int) -> list[dict[str, Any]]:
    """Return the claims that dispute one, as the first rows of the log have them."""
    known = pl.col("seq") < size
    links = log.rows("links").filter(known).sort("version").unique("link_id", keep="last")
    own = links.filter(
        pl.col("action") != "retract",
        pl.col("relation") == DISPUTES,
        pl.col("to_claim_id") == name,
    )
    histories = [
        log.history("claims", other).filter(known) for other in sorted(own["from_claim_id"])
    ]
    return [rows.row(-1, named=True) for rows in histories if not rows.is_empty()]
