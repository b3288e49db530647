"""Finding what a citation names: a release, and a claim as that release holds it."""

from __future__ import annotations

import shlex
from typing import NamedTuple

import polars as pl

from claimlog.errors import ClaimlogError, UsageError
from claimlog.log.event_log import Log
from claimlog.release.citable_version import CitableVersion
from claimlog.release.cite import ClaimVersion
from claimlog.release.enclosing_release import find_known_release, known_releases
from claimlog.release.metadata import ReleaseMetadata, entry_metadata


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
    source = log.rows("sources").filter(
        (pl.col("source_id") == row["source_id"]) & (pl.col("seq") < release.tree_size)
    )
    version = ClaimVersion.of(row, source.sort("version").row(-1, named=True))
    return ReleasedClaim(version, citable.note)
