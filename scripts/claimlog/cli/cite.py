"""The command `cite`: print a citation of a release, or of claims in it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from claimlog.cli.base import Context, example, pass_context
from claimlog.cli.output import block, line
from claimlog.errors import ClaimlogError, UsageError

if TYPE_CHECKING:
    from claimlog.log.event_log import Log
    from claimlog.release.cite import ClaimVersion
    from claimlog.release.metadata import ReleaseMetadata


@click.command(
    epilog=example(
        "claimlog cite --release 0.2.0", "claimlog cite C004-017 --release 0.2.0 --format ris"
    )
)
@click.argument("claims", nargs=-1, metavar="[CLAIM]...")
@click.option("--release", "version", metavar="VERSION", help="The last one by default.")
@click.option(
    "--format",
    "form",
    default="bibtex",
    show_default=True,
    metavar="FORMAT",
    help="bibtex, ris, csl-json, apa or datacite.",
)
@pass_context
def cite(context: Context, claims: tuple[str, ...], version: str | None, form: str) -> None:
    """Print a citation of a release, or of single claims in it."""
    from claimlog.log.read_log import read
    from claimlog.release.cite import cite as write

    log = read(context.package)
    log.require_readable()
    metadata = _cited_metadata(log, version)
    cited = [_cited_claim(log, name, metadata) for name in claims]
    block(write(metadata, cited, form))


def _cited_metadata(log: Log, version: str | None) -> ReleaseMetadata:
    """Return the metadata of the release to cite."""
    from claimlog.log.release_index import find_entry_of_log, read_index
    from claimlog.release.metadata import entry_metadata

    index = read_index(log.package)
    if not index:
        raise ClaimlogError("releases: nothing was released yet; there is no version to cite")
    entry = find_entry_of_log(log, version or str(index[-1].version))
    return entry_metadata(log.definition, entry)


def _cited_claim(log: Log, name: str, metadata: ReleaseMetadata) -> ClaimVersion:
    """Return a claim as a release holds it; note on standard error if there is a newer version."""
    import polars as pl

    from claimlog.log.release_index import read_index
    from claimlog.release.citable_version import CitableVersion
    from claimlog.release.cite import ClaimVersion

    versions = log.history("claims", name)
    if versions.is_empty():
        raise UsageError(f"{name}: is no claim of the log; claims are named as C004-017")
    rows = versions.with_columns((pl.col("seq") < metadata.tree_size).alias("is_released"))
    later = rows.filter(~pl.col("is_released"))["seq"].to_list()
    since = next(
        (
            str(entry.version)
            for entry in read_index(log.package)
            if later and entry.size > later[0]
        ),
        None,
    )
    citable = CitableVersion.of(rows.iter_rows(named=True), metadata.version, since)
    if citable.version is None:
        show = f"claimlog show {shlex.quote(name)}"
        way = (
            f"cite it from there: --release {since}"
            if since
            else f"cite its event by its hash ({show}), or make a release first"
        )
        raise UsageError(f"{name}: {citable.note} {way}")
    if citable.note:
        line(f"note: {citable.note}", err=True)
    row = rows.filter(pl.col("is_released")).row(-1, named=True)
    source = log.rows("sources").filter(
        (pl.col("source_id") == row["source_id"]) & (pl.col("seq") < metadata.tree_size)
    )
    return ClaimVersion.of(row, source.sort("version").row(-1, named=True))
