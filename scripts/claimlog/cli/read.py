"""Commands that read the log: validate, build, serve, verify, show, log, schemas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimlog.cli.base import (
    Context,
    example,
    load_texts,
    pass_context,
    progress,
    refuse_options,
    texts_option,
)
from claimlog.cli.output import json_block, line, lines
from claimlog.errors import ClaimlogError, UsageError
from claimlog.package import Package

if TYPE_CHECKING:
    from claimlog.validate.report import Report

as_json = click.option("--json", "json_out", is_flag=True, help="Print JSON.")


@click.command(epilog=example("claimlog validate --texts ../texts", "claimlog validate --sealed"))
@texts_option
@as_json
@click.option("--sealed", is_flag=True, help="Leave the open batch out.")
@pass_context
def validate(context: Context, texts: Path | None, json_out: bool, sealed: bool) -> int:
    """Check the log and the open batch, with texts the anchors too. Exit status 1 on findings."""
    report = checked(context, texts, with_open=not sealed)
    if json_out:
        json_block({**report.as_dict(), **_open_part(report)})
        return 1 if report.error_count else 0
    lines(report.findings)
    summarise(report)
    return 1 if report.error_count else 0


def checked(context: Context, texts: Path | None, with_open: bool = False) -> Report:
    """Read and validate the log, or the log as sealing the open batch would leave it."""
    from claimlog.edit.open_batch import read_with_open
    from claimlog.log.read_log import read
    from claimlog.validate import LAYERS
    from claimlog.validate import validate as run
    from claimlog.validate.appended import note_valid

    supplied = load_texts(texts)
    from claimlog.fingerprint import files_of_rows

    files = len(files_of_rows(context.package))
    with progress("validate", files + len(LAYERS)) as step:
        log = (read_with_open if with_open else read)(context.package, progress=step)
        report = run(log, supplied, progress=step)
    if not report.error_count and all(batch.sealed for batch in log.batches):
        note_valid(log)
    return report


def _open_part(report: Report) -> dict[str, Any]:
    """Return what a report says of the open batch, and the log without it; nothing if none is."""
    log = report.log
    if not log.batches or log.batches[-1].sealed:
        return {}
    from claimlog.log.merkle import CompactRange

    shown = log.batches[-1].shown
    size, root = log.trees[-2] if len(log.trees) > 1 else (0, CompactRange().root())
    about = report.as_dict()["log"]
    return {
        "log": {**about, "batches": len(log.batches) - 1, "rows": size, "root": root.hex()},
        "open": {
            "path": shown,
            "rows": log.size - size,
            "findings": sum(finding.path.startswith(shown) for finding in report.findings),
        },
    }


def summarise(report: Report, is_sealed: bool = False) -> None:
    """Print what was checked.

    Parameters
    ----------
    is_sealed
        Whether the batch that was open when the report was made has been sealed since.
    """
    whole = report.as_dict()
    if not is_sealed:
        whole |= _open_part(report)
    summary, log, pending = whole["summary"], whole["log"], whole.get("open")
    line(f"{log['batches']} batches, {log['rows']} events, root {log['root']}")
    if pending:
        wrong = f"{pending['findings']} of the findings" if pending["findings"] else "no finding"
        rows = "1 row" if pending["rows"] == 1 else f"{pending['rows']} rows"
        line(
            f"and the open batch, {rows}, as if sealed: {wrong} in {pending['path']}; "
            "--sealed leaves it out"
        )
    colour = "red" if summary["failed"] else "green"
    words = (
        f"{summary['rules']} rules: {summary['passed']} passed, {summary['failed']} failed, "
        f"{summary['not_checked']} not checked; {summary['findings']} findings"
    )
    line((words, colour))
    notes: dict[str, list[str]] = {}
    for tally in report.tallies.values():
        if tally.status == "not checked" and tally.note:
            notes.setdefault(tally.note, []).append(tally.rule.id)
    for note, rules in notes.items():
        line(f"  not checked: {', '.join(rules)} ({note})")


@click.command(
    epilog=example(
        "claimlog build",
        "claimlog build --as-of 3 --out build-as-of-3",
        "claimlog build --engine spark --batches s3a://bucket/events --out s3a://bucket/tables",
    )
)
@click.option("--as-of", metavar="WHEN", help="A batch number, a UTC time, or an event id.")
@click.option(
    "--out",
    metavar="DIR",
    help="Where to write; build/ by default, build-spark/ with --engine spark, which takes an "
    "address too. Replaced only when all of it is complete.",
)
@click.option("--force", is_flag=True, help="Build from nothing, even if nothing has changed.")
@texts_option
@click.option(
    "--engine",
    type=click.Choice(["embedded", "spark"]),
    default="embedded",
    show_default=True,
    help="What reads, checks and folds: this process, or Spark (claimlog[spark] and Java), which "
    "writes partitioned Parquet and no SQLite.",
)
@click.option(
    "--batches",
    metavar="ADDRESS",
    help="With --engine spark: where the batches lie, if not in events/; a directory, or any "
    "address that Spark reads.",
)
@click.option(
    "--spark",
    "properties",
    multiple=True,
    metavar="KEY=VALUE",
    help="With --engine spark: a property of Spark, as spark.master=local[2].",
)
@pass_context
def build(
    context: Context,
    as_of: str | None,
    out: str | None,
    force: bool,
    texts: Path | None,
    engine: str,
    batches: str | None,
    properties: tuple[str, ...],
) -> None:
    """Validate the log and compile it to Parquet and SQLite."""
    if engine == "spark":
        if texts is not None:
            raise UsageError(
                "--engine spark checks no anchors; leave --texts (CLAIMLOG_TEXTS) out, and check "
                "them with claimlog verify --texts"
            )
        _build_on_spark(context.package, as_of, out, batches, properties)
        return
    if batches or properties:
        raise UsageError("--batches and --spark are for --engine spark; add it, or leave them out")
    _build(context.package, as_of, Path(out) if out else None, force, texts)


def _build_on_spark(
    package: Package,
    as_of: str | None,
    out: str | None,
    batches: str | None,
    properties: tuple[str, ...],
) -> None:
    from claimlog.schema.table_schema import REQUIRED_STREAMS
    from claimlog.spark.build import OUT_FOLDER
    from claimlog.spark.build import build as run
    from claimlog.spark.session import parse_properties as parsed
    from claimlog.spark.session import require_spark

    require_spark()
    target = out or str(package.root / OUT_FOLDER)
    tables = sum(1 for _ in (package.schemas / "tables").glob("*.json"))
    with progress("build", 5 + len(REQUIRED_STREAMS) + tables) as step:
        built = run(package, target, as_of, batches, parsed(properties), step)
    summarise(built.report)
    rows = sum(table.rows for table in built.tables.values())
    shown = package.relative(Path(target)) if Path(target).is_absolute() else target
    line(f"wrote {shown}: {len(built.tables)} tables, {rows:,} rows, hashes in logical.json")


def _build(
    package: Package, as_of: str | None, out: Path | None, force: bool, texts: Path | None
) -> None:
    from claimlog.build_notes import is_current
    from claimlog.fingerprint import build_fingerprint
    from claimlog.swap import recover_directory

    target = (out or package.build).absolute()
    # an interrupted build may have left something, also where this one has no work
    recover_directory(target)
    if texts is not None:
        load_texts(texts)  # a wrong directory is a wrong directory, built before or not
    fingerprint = build_fingerprint(package, as_of, texts)
    if not force and is_current(package, target, fingerprint.inputs):
        line(f"{package.relative(target)} is up to date")
        return
    from claimlog.build import build as run
    from claimlog.build import progress_steps

    with progress("build", progress_steps(package)) as step:
        report = run(package, target, as_of, texts, step, fingerprint, fresh=force)
    summarise(report)
    line(f"wrote {package.relative(target)}")


@click.command(
    epilog=example(
        "claimlog serve --port 8002",
        "claimlog serve --texts ../texts",
        "claimlog serve --releases all",
        "claimlog serve --base-url https://claims.example/data/ --trusted-proxy 127.0.0.1",
    )
)
@click.option("--port", type=click.IntRange(1, 65535), default=8001, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--host-name",
    "host_names",
    multiple=True,
    metavar="NAME",
    help="A name under which readers ask for it, as claims.example; others are refused.",
)
@click.option(
    "--base-url",
    default="/",
    metavar="URL|PATH",
    help="Where a proxy lets readers reach it: https://claims.example/data/, or only /data/.",
)
@click.option(
    "--trusted-proxy",
    "trusted_proxies",
    multiple=True,
    metavar="ADDRESS",
    help="A proxy, or a network of them, whose X-Forwarded-For, -Proto and -Host are believed.",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    help="The build to serve; build/ by default.",
)
@texts_option
@click.option(
    "--releases",
    metavar="all|VERSIONS",
    help="Serve releases too, each as it was: all, or versions as 0.1.0,0.2.0.",
)
@pass_context
def serve(
    context: Context,
    port: int,
    host: str,
    host_names: tuple[str, ...],
    base_url: str,
    trusted_proxies: tuple[str, ...],
    folder: Path | None,
    texts: Path | None,
    releases: str | None,
) -> None:
    """Open a build in Datasette, read-only; with texts, show each claim in its article."""
    from claimlog.site.server_command import serve as serve_build

    build = folder or context.package.build
    serve_build(
        context.package,
        build,
        host,
        port,
        texts,
        releases,
        host_names,
        base_url,
        trusted_proxies,
    )


@click.command(
    epilog=example(
        "claimlog verify --texts ../texts",
        "claimlog verify --copy S004=another-copy.txt",
        "claimlog verify dist/allied-trust-0.2.0.zip --key maintainers.pem",
        "claimlog verify --proof proof.json",
        "claimlog verify --proof C004-017.tlog-proof --key maintainers.pem",
    )
)
@click.argument("release", required=False, type=click.Path(path_type=Path))
@texts_option
@click.option(
    "--copy",
    "copies",
    multiple=True,
    metavar="SOURCE=FILE",
    help="Find a source's claims in another copy of its text, by the hashes of their words.",
)
@click.option("--partial", is_flag=True, help="Accept that some texts are absent.")
@click.option("--key", type=click.Path(path_type=Path), help="Public key that signed it.")
@click.option(
    "--alone", is_flag=True, help="Hold a release or proof against nothing of the checkout here."
)
@click.option(
    "--limits",
    type=click.FloatRange(min=0.01, max=1000),
    default=1,
    show_default=True,
    metavar="FACTOR",
    help="Multiply the time and memory that verifying a release may take; they grow with its size.",
)
@click.option("--proof", type=click.Path(path_type=Path), help="Check a proof of claimlog prove.")
@click.option(
    "--root",
    "roots",
    multiple=True,
    metavar="SIZE:ROOT",
    help="A root that you kept, which the log of a RELEASE, or the --proof, must be about.",
)
@pass_context
def verify(
    context: Context,
    release: Path | None,
    texts: Path | None,
    copies: tuple[str, ...],
    partial: bool,
    key: Path | None,
    alone: bool,
    limits: float,
    proof: Path | None,
    roots: tuple[str, ...],
) -> int:
    """Check every claim against the texts; or a copy of a RELEASE (directory or zip); or a proof.

    Exit status 1 if an anchor is wrong or unchecked, or the release or the proof does not hold.
    """
    from claimlog.cli.release import parse_kept_roots, verify_proof, verify_release

    if limits != limits:  # not a number, which is in every range
        raise UsageError("--limits: expected a number from 0.01 to 1000")
    kept = parse_kept_roots(roots)
    if release is not None:
        refuse_options("a RELEASE", "texts", "copies", "partial", "proof")
        return verify_release(context, release, key, alone, limits, kept)
    if proof is not None:
        refuse_options("--proof", "texts", "copies", "partial", "limits")
        return verify_proof(context, proof, kept, alone, key)
    if texts is None and not copies:
        refuse_options("no RELEASE and no --proof", "roots", "key", "alone", "limits")
        raise UsageError(
            "name the texts (--texts DIR, or --copy SOURCE=FILE for another copy), the directory "
            "or zip of a release, or a --proof"
        )
    if copies:
        refuse_options("--copy", "texts", "partial", "roots", "key", "alone", "limits")
        return _locate(context, copies)
    refuse_options("--texts", "roots", "key", "alone", "limits")
    report = checked(context, texts)
    lines(report.findings)
    summarise(report)
    tally = report.tallies["quote-hash"]
    if report.error_count:
        return 1
    line(f"{tally.checked} of {tally.checked + tally.skipped} anchors checked, all exact")
    if tally.skipped and not partial:
        line(f"{tally.note}; supply them, or accept their absence with --partial", err=True)
        return 1
    return 0 if tally.checked else 1


def _locate(context: Context, copies: tuple[str, ...]) -> int:
    """Find claims in other copies of their texts and report the orphans."""
    from claimlog.log.read_log import read
    from claimlog.sources.anchor import COLUMNS, Anchor, locate
    from claimlog.sources.text import read_text

    log = read(context.package)
    log.require_readable()
    found = expected = 0
    for pair in copies:
        source, _, name = pair.partition("=")
        rows = log.live("claims").to_dicts()
        wanted = [row for row in rows if row["source_id"] == source]
        if not name or not wanted:
            raise UsageError(f"--copy {pair}: expected SOURCE=FILE with a source that has claims")
        text = read_text(Path(name))
        matched = 0
        for row in wanted:
            spans = locate(text, Anchor(**{column: row[column] for column in COLUMNS}))
            if len(spans) == 1:
                matched += 1
                line(f"{row['claim_id']}\t{spans[0][0]}\t{spans[0][1]}")
            else:
                how = "does not occur" if not spans else f"occurs {len(spans)} times"
                line(f"{row['claim_id']}\torphaned: its passage {how} in {name}")
        line(f"{source}: {matched} of {len(wanted)} claims found", err=True)
        found, expected = found + matched, expected + len(wanted)
    return 0 if found == expected else 1


@click.command(epilog=example("claimlog show C004-001", "claimlog show gbr --json"))
@click.argument("identifier", metavar="ID")
@as_json
@pass_context
def show(context: Context, identifier: str, json_out: bool) -> None:
    """Print a claim, or any other entity, with its whole history."""
    from claimlog.cli.show import history, print_history

    table, versions, taken = history(context.package, identifier)
    if json_out:
        json_block(versions)
    else:
        print_history(table, versions, taken)


@click.command(epilog=example("claimlog log"))
@as_json
@pass_context
def log(context: Context, json_out: bool) -> None:
    """List the batches of the log, and the open one."""
    from claimlog.edit.open_batch import read_with_open

    found = read_with_open(context.package)
    rows: list[dict[str, Any]] = []
    for batch, (size, root) in zip(found.batches, found.trees, strict=True):
        counts = {name: found.files[batch.shown_file(name)].rows for name in batch.streams}
        rows.append(
            {
                "batch": batch.number,
                "slug": batch.slug if batch.sealed else None,
                "title": batch.manifest.get("title"),
                "sealed_at": batch.manifest.get("sealed_at"),
                "recorded_by": batch.manifest.get("recorded_by"),
                "rows": counts,
                "tree_size": size,
                "root": root.hex(),
            }
        )
    if json_out:
        json_block(rows)
        return
    for row in rows:
        counted = ", ".join(f"{count} {name}" for name, count in row["rows"].items())
        name = f"{row['batch']:04d}-{row['slug']}" if row["slug"] else "open batch, not sealed"
        line((name, "bold"), f"  {row['title']}" if row["title"] else "")
        when = f"{row['sealed_at']} by {row['recorded_by']}; " if row["slug"] else ""
        line(f"  {when}{counted}")
        line(f"  {row['tree_size']} events in all, root {row['root'][:16]}…")
    if not rows:
        line("the log is empty; claimlog add makes an open batch")
    found.require_readable()


@click.command(epilog=example("claimlog schemas", "claimlog schemas --write"))
@click.option("--write", is_flag=True, help="Mend the files instead of only comparing them.")
@pass_context
def schemas(context: Context, write: bool) -> int:
    """Check what repeats in schemas/, docs/codebook.md and CITATION.cff."""
    import difflib

    from claimlog.export.queries import absent_parts
    from claimlog.limits import DIFF_LINES
    from claimlog.release.generated_files import REMEDY, stale_files
    from claimlog.schema.definition import read_definition

    stale = 0
    for path, have, text in stale_files(context.package):
        stale += 1
        name = context.package.relative(path)
        if write:
            context.package.write(path, text.encode("utf-8"))
            line(f"wrote {name}")
            continue
        old, new = have.splitlines(), text.splitlines()
        if len(old) + len(new) > DIFF_LINES:
            line(f"{name}: is stale; it is too long for a list of the differences")
        else:
            lines([*difflib.unified_diff(old, new, name, "expanded", lineterm="", n=1)])
    if stale and not write:
        raise ClaimlogError(f"{stale} files are stale; {REMEDY}")
    absent = absent_parts(read_definition(context.package))
    lines(absent)
    return 1 if absent else 0
