"""The command `seal`: move the open batch into events/."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from claimlog.cli.base import (
    Context,
    by_option,
    example,
    load_texts,
    pass_context,
    say_lateness,
    texts_option,
    today_option,
)
from claimlog.cli.output import line, lines
from claimlog.cli.validation import print_summary


@click.command(
    epilog=example(
        'claimlog seal --slug corrections --title "Corrections" \\',
        '  --method "Found on rereading." --texts ../texts --by adjudicator',
    )
)
@click.option("--slug", required=True, help="Short name of the batch: lower-case, hyphens.")
@click.option("--title", required=True, help="What the batch adds or changes.")
@click.option("--method", required=True, help="How its rows were made, truthfully.")
@by_option
@click.option(
    "--parquet",
    "in_columns",
    is_flag=True,
    help="Hold the rows as Parquet, for a batch too large to be read by eye; same leaf hashes.",
)
@texts_option
@today_option
@pass_context
def seal(
    context: Context,
    slug: str,
    title: str,
    method: str,
    recorded_by: str,
    in_columns: bool,
    texts: Path | None,
    today: date | None,
) -> None:
    """Validate the open batch and move it into events/, atomically and for good."""
    from claimlog.edit.log_lock import log_lock
    from claimlog.edit.seal import seal as run
    from claimlog.release.generated_package_files import refresh_generated_files

    supplied = load_texts(texts)
    contents: list[str] = []
    with log_lock(context.package):
        batch, report = run(
            context.package,
            slug,
            title,
            method,
            recorded_by,
            supplied,
            in_columns,
            today,
            say=contents.append,
            tell=lines,
        )
        refreshed = refresh_generated_files(context.package, f"{batch.shown} is sealed")
    print_summary(report, is_sealed=True)
    say_lateness(batch.manifest["sealed_at"])
    lines(contents)
    together = ", ".join(["datapackage.json", *refreshed])
    line(f"sealed {batch.shown}; commit it together with {together}")
