"""Commands about releases: release, diff, cite, prove, and the verification of a copy."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from claimlog.cli.base import Context, example, pass_context, progress, refuse_options
from claimlog.cli.output import block, json_block, line, lines
from claimlog.errors import ClaimlogError, UsageError

if TYPE_CHECKING:
    from claimlog.log.event_log import Log
    from claimlog.log.release_index import ReleaseEntry
    from claimlog.package import Package
    from claimlog.release.cite import ClaimVersion
    from claimlog.release.diff import DatasetState
    from claimlog.release.metadata import ReleaseMetadata

T = TypeVar("T")
DIST = "dist"
KEY = click.Path(path_type=Path, dir_okay=False)


def _parse_day(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return datetime.strptime(value, "%Y-%m-%d").strftime("%Y-%m-%d")
    except ValueError:
        raise click.BadParameter(f"{value} is no day; expected it as 2026-11-21") from None


@click.command(
    epilog=example(
        "claimlog release 0.2.0",
        "claimlog release --rebuild 0.1.0",
        "claimlog release --rebuild all --exact --out dist",
        "claimlog release --published 0.2.0 --sign KEY.pem",
    )
)
@click.argument("version", required=False)
@click.option(
    "--rebuild", metavar="VERSION|all", help="Make an earlier release again and compare it."
)
@click.option("--exact", is_flag=True, help="With --rebuild: its own code, compared byte for byte.")
@click.option(
    "--published", metavar="VERSION", help="With --sign: sign a release that was made before."
)
@click.option("--as-of", metavar="BATCH", help="Batch up to which it goes; all by default.")
@click.option(
    "--date", callback=_parse_day, metavar="DAY", help="Day of the release; today by default."
)
@click.option("--sign", type=KEY, metavar="KEY.pem", help="Sign all of it (Ed25519).")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="dist/ by default. With --rebuild --exact: where to leave the archive.",
)
@pass_context
def release(
    context: Context,
    version: str | None,
    rebuild: str | None,
    exact: bool,
    published: str | None,
    as_of: str | None,
    date: str | None,
    sign: Path | None,
    out: Path | None,
) -> int:
    """Write a release with its entry in the index, make an earlier one again, or sign one."""
    if [version, rebuild, published].count(None) != 2:
        raise UsageError(
            "name the version to release, or --rebuild one that was released, or sign one that "
            "was --published"
        )
    if rebuild is not None:
        refuse_options("--rebuild", "as_of", "date", "sign")
        if not exact:
            refuse_options("--rebuild without --exact", "out")
        return _rebuild(context, rebuild, exact, out)
    if exact:
        raise UsageError("--exact goes with --rebuild")
    if published is not None:
        refuse_options("--published", "as_of", "date")
        if sign is None:
            raise UsageError("--published goes with --sign KEY.pem")
        return _sign_published(context, published, sign, out)
    from claimlog.build import progress_steps
    from claimlog.edit.clock import release_day
    from claimlog.release.make import make_release
    from claimlog.site.files.release_site import draw_release_site

    package = context.package
    day = date or release_day(package)
    target = (out or package.root / DIST).absolute()
    with progress("release", 2 * progress_steps(package)) as step:
        output = make_release(
            package, str(version), day, target, as_of, sign, step, draw_release_site
        )
    level = output.diff.level or "first"
    line(f"{version}: a {level} version ({output.diff.why})" if output.diff.old else str(version))
    line(f"wrote {package.relative(output.folder)}/")
    line(f"wrote {package.relative(output.archive)}, {output.archive.stat().st_size:,} bytes")
    for path in output.signatures:
        line(f"wrote {package.relative(path)}")
    line(f"wrote {output.entry.display_path} and the entry of CHANGELOG.md; nothing was tagged")
    for name in output.refreshed_files:
        line(f"wrote {name}, which says {version} now")
    to_commit = [output.entry.display_path, "CHANGELOG.md", *output.refreshed_files]
    line("To tag and publish it:")
    line(f"  git add {shlex.join(to_commit)}")
    line(f'  git commit -m "Release {version}"')
    title = shlex.quote(f"{package.descriptor['title']} {version}")
    line(f"  git tag -a v{version} -m {title}")
    line("  git push --follow-tags")
    line(f"  then deposit {package.relative(output.archive)} where people can get it")
    return 0


def _name(package: Package) -> str:
    return str(package.descriptor["name"])


def _sign_published(context: Context, version: str, key: Path, out: Path | None) -> int:
    """Write signatures of a release that the index holds, if its archive is that one."""
    from claimlog.log.release_index import find_entry, read_index
    from claimlog.release.make import sign_published

    package = context.package
    index = read_index(package)
    entry = find_entry(index, version, _name(package))
    target = (out or package.root / DIST).absolute()
    for path in sign_published(package, index, entry, key, target):
        line(f"wrote {package.relative(path)}; publish it beside the archive")
    return 0


def _rebuild(context: Context, version: str, exact: bool, out: Path | None) -> int:
    from claimlog.log.release_index import find_entry, read_index

    index = read_index(context.package)
    if version == "all" and not index:
        raise UsageError("nothing was released yet; there is nothing to make again")
    entries = index if version == "all" else [find_entry(index, version, _name(context.package))]
    return max([_rebuild_one(context, index, entry, exact, out) for entry in entries])


def _rebuild_one(
    context: Context, index: list[ReleaseEntry], entry: ReleaseEntry, exact: bool, out: Path | None
) -> int:
    from claimlog.release.rebuild import rebuild_archive, rebuild_tables

    package = context.package
    if exact:
        target = None if out is None else out.absolute()
        result = rebuild_archive(package, entry, lambda text: line(text, err=True), target)
        what = "files, the archive among them, byte for byte"
    else:
        from claimlog.build import progress_steps

        with progress("rebuild", 2 * progress_steps(package)) as step:
            result = rebuild_tables(package, index, entry, step)
        what = "tables in Parquet and in SQLite"
    lines(result.different)
    colour = "red" if result.different else "green"
    line((f"{entry.version}: {result.same} of {result.compared} {what} are the same", colour))
    if result.different or result.archive is None:
        return 1 if result.different else 0
    line(f"wrote {package.relative(result.archive)}")
    return verify_release(Context(package.root, True), result.archive)


@click.command(epilog=example("claimlog diff 0.1.0 0.2.0", "claimlog diff 0.2.0 head --json"))
@click.argument("old")
@click.argument("new")
@click.option("--json", "json_out", is_flag=True, help="Print JSON.")
@pass_context
def diff(context: Context, old: str, new: str, json_out: bool) -> None:
    """Say what changed between two releases: schema, claims field by field, reasons.

    OLD and NEW are versions, or head for the log as it stands.
    """
    from claimlog.log.read_log import read
    from claimlog.release.diff import as_json, as_text, compare_states

    log = read(context.package)
    log.require_readable()
    first, second = (_named_state(log, name) for name in (old, new))
    if first.size > second.size:
        raise UsageError(f"{old} is later than {new}; swap them")
    found = compare_states(log, first, second, log.definition.deprecations)
    if json_out:
        json_block(as_json(found))
    else:
        block(as_text(found))


def _named_state(log: Log, name: str) -> DatasetState:
    from claimlog.log.release_index import find_entry_of_log
    from claimlog.release.diff import DatasetState

    if name == "head":
        return DatasetState.of_head(log, "head")
    return DatasetState.of_entry(find_entry_of_log(log, name))


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


@click.group()
def prove() -> None:
    """Print a proof about the log's tree as JSON (RFC 9162); claimlog verify --proof checks it."""


@prove.command(epilog=example("claimlog prove inclusion C004-017 --release 0.2.0"))
@click.argument("claim")
@click.option("--release", "version", metavar="VERSION", help="The log as it stands by default.")
@click.option("--claim-version", type=click.IntRange(1), help="The last one by default.")
@pass_context
def inclusion(context: Context, claim: str, version: str | None, claim_version: int | None) -> None:
    """Prove that a claim's row is in the log."""
    from claimlog.log.read_log import read
    from claimlog.release.prove import claim_row, prove_inclusion

    log = read(context.package)
    log.require_readable()
    size = _named_state(log, version or "head").size
    proof = prove_inclusion(log, claim_row(log, claim, claim_version), size)
    json_block(proof)


@prove.command(epilog=example("claimlog prove consistency 0.1.0 0.2.0"))
@click.argument("old")
@click.argument("new")
@pass_context
def consistency(context: Context, old: str, new: str) -> None:
    """Prove that one release's log begins with all rows of an earlier one's."""
    from claimlog.log.read_log import read
    from claimlog.release.prove import prove_consistency

    log = read(context.package)
    log.require_readable()
    proof = prove_consistency(log, _named_state(log, old).size, _named_state(log, new).size)
    json_block(proof)


def verify_release(
    context: Context,
    target: Path,
    key: Path | None = None,
    alone: bool = False,
    limits: float = 1,
    kept_roots: Mapping[int, str] | None = None,
) -> int:
    """Verify a copy of a release; print what was checked and what is wrong with it.

    Parameters
    ----------
    kept_roots
        Roots that the user kept, by size of the tree; the log of the release must have them.
    """
    from claimlog.log.release_index import read_index
    from claimlog.release.sandbox import verify_in_sandbox

    index = None if alone else _from_checkout(context, read_index)
    place = "" if index is None else str(context.package.root.resolve())
    doubt = None if index is None or context.is_named else _doubt(context.package, target)
    verdict = verify_in_sandbox(
        *(target, None if doubt else index, key, limits, place, kept_roots),
        site_program="claimlog.site.files.redraw",
    )
    if doubt:
        verdict.omissions.append(
            f"against the index of {place}, {doubt}; if that is you, or somebody you trust, "
            "name it: claimlog --package DIR verify"
        )
    lines(verdict.findings)
    lines([f"  checked: {item}" for item in verdict.checks])
    lines([f"  not checked: {item}" for item in verdict.omissions])
    if index is None:
        line("  not checked: against an index of releases (no checkout was used)")
    if key is None:
        line("  not checked: a signature (give the maintainers' public key with --key)")
    colour = "red" if verdict.findings else "green" if verdict.vouchers else "yellow"
    line((verdict.sentence, colour))
    return 1 if verdict.findings else 0


def _doubt(package: Package, target: Path) -> str | None:
    """Say why the index of a package that nobody named does not vouch for a copy, or return None.

    Whoever made a checkout chose what lies beside the package, and where its links lead: also
    around a submodule. Without git nothing says where what they made ends.
    """
    from claimlog.checkout import Checkout

    top = Checkout.outermost(package)
    if top is None:
        return "which is no git checkout, so that it may have come with this copy from one hand"
    tops = (top.absolute(), top.resolve())
    # `resolve` would follow links, and `..` may lead out of where this is run
    path = Path(os.path.abspath(target))  # noqa: PTH100
    ways = (path, target.resolve(), *(parent.resolve() for parent in path.parents))
    if any(way.is_relative_to(it) for way in ways for it in tops):
        return "which holds this copy: whoever made the one made the other"
    return None


def _from_checkout(context: Context, load: Callable[[Package], T]) -> T | None:
    """Return what `load` reads of the checkout here; None where there is none."""
    try:
        return load(context.package)
    except UsageError:
        return None


def verify_proof(
    context: Context, path: Path, kept_roots: Mapping[int, str], alone: bool = False
) -> int:
    """Check a proof against the roots that the user kept and those of the log here."""
    from claimlog.log.read_log import read
    from claimlog.release.prove import check_proof

    def roots(package: Package) -> dict[int, str]:
        return {size: root.hex() for size, root in read(package).trees}

    own_roots = (None if alone else _from_checkout(context, roots)) or {}
    for size, root in kept_roots.items():
        if own_roots.get(size, root) != root:
            raise ClaimlogError(
                f"--root {size}:{root[:16]}…: the log here has another root of {size} rows, "
                f"{own_roots[size][:16]}…: one of the two was rewritten"
            )
    place = str(context.package.root.resolve()) if own_roots else ""
    line(check_proof(path, {**own_roots, **kept_roots}, kept_roots, place))
    return 0


def parse_kept_roots(values: Sequence[str]) -> dict[int, str]:
    """Parse the roots that a user kept, each given as 2485:33567e…, by size of the tree.

    Raises
    ------
    UsageError
        If one has another form, or two are of one size.
    """
    kept_roots: dict[int, str] = {}
    for text in values:
        size, _, root = text.partition(":")
        if not re.fullmatch("[0-9]{1,15}", size) or not re.fullmatch("[0-9a-f]{64}", root):
            raise UsageError(
                f"--root {text[:80]}: expected SIZE:ROOT, the root as 64 digits of hex"
            )
        if kept_roots.setdefault(int(size), root) != root:
            raise UsageError(f"--root {text[:80]}: two roots of {int(size)} rows; give one of them")
    return kept_roots
