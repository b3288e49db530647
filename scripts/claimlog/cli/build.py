"""The command `build`: compile the log to Parquet and SQLite."""

from __future__ import annotations

from pathlib import Path

import click

from claimlog.cli.base import Context, example, load_texts, pass_context, progress, texts_option
from claimlog.cli.output import line
from claimlog.cli.validation import print_summary
from claimlog.errors import UsageError
from claimlog.package import Package


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
    print_summary(built.report)
    rows = sum(table.rows for table in built.tables.values())
    shown = package.relative(Path(target)) if Path(target).is_absolute() else target
    line(f"wrote {shown}: {len(built.tables)} tables, {rows:,} rows, hashes in logical.json")


def _build(
    package: Package, as_of: str | None, out: Path | None, force: bool, texts: Path | None
) -> None:
    from claimlog.build_notes import is_current
    from claimlog.directory_swap import recover_directory
    from claimlog.files import remove_abandoned
    from claimlog.fingerprint import build_fingerprint
    from claimlog.package_state import SERVED, require_own_state

    target = (out or package.build).absolute()
    # an interrupted build or server may have left something, also where this one has no work
    recover_directory(target)
    remove_abandoned(require_own_state(package).joinpath(*SERVED))
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
    print_summary(report)
    line(f"wrote {package.relative(target)}")
