"""Commands about the open batch: open, which lists its rows, and drop."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from claimlog.cli.base import Context, example, pass_context
from claimlog.cli.output import json_block, line

if TYPE_CHECKING:
    from claimlog.edit.open_rows import OpenRow

WIDTH = 72
"""Characters of a summary that are printed."""


@click.command("open", epilog=example("claimlog open", "claimlog open --json"))
@click.option("--json", "json_out", is_flag=True, help="Print JSON, with every summary in full.")
@pass_context
def list_open(context: Context, json_out: bool) -> None:
    """List the rows of the open batch, which are not sealed yet."""
    from claimlog.edit.open_batch import open_folder
    from claimlog.edit.open_rows import open_rows, summary
    from claimlog.schema.definition import read_definition

    definition = read_definition(context.package)
    rows = open_rows(context.package, definition.streams)
    said = [summary(row, definition) for row in rows]
    if json_out:
        folder = context.package.relative(open_folder(context.package))
        json_block(
            [
                {
                    "stream": row.stream,
                    "id": row.identifier,
                    **{name: row.content.get(name) for name in ("action", "version")},
                    "place": row.place,
                    "file": f"{folder}/{row.stream}.ndjson",
                    "line": row.line,
                    "summary": text,
                    **{name: row.content.get(name) for name in ("recorded_at", "recorded_by")},
                    "reason": row.content.get("reason"),
                    "flaw": row.flaw,
                }
                for row, text in zip(rows, said, strict=True)
            ]
        )
        return
    if not rows:
        line("the open batch is empty; claimlog add begins one")
        return
    line(("open batch, not sealed", "bold"), f"  {count_rows(rows)}")
    for row, text in zip(rows, said, strict=True):
        if row.flaw:
            line(f"  {row.place}  cannot be read: {row.flaw}; claimlog drop {row.place}")
            continue
        cut = text if len(text) <= WIDTH else f"{text[: WIDTH - 1].rstrip()}…"
        content = row.content
        line(
            f"  {row.place}  ",
            (f"{row.identifier}", "bold"),
            f"  {content.get('action')} version {row.version}  {content.get('recorded_at')} "
            f"by {content.get('recorded_by')}  {cut}",
        )


@click.command(epilog=example("claimlog drop C004-101", "claimlog drop claims:3 links:1"))
@click.argument("names", nargs=-1, required=True, metavar="ID|STREAM:LINE...")
@click.option(
    "--with-references",
    is_flag=True,
    help="Drop what depends on them too: later versions, and rows that refer to what is gone.",
)
@pass_context
def drop(context: Context, names: tuple[str, ...], with_references: bool) -> None:
    """Take rows back out of the open batch, without a tombstone; of an ID its last open row."""
    from claimlog.edit.drop import drop as run

    done = run(context.package, names, with_references)
    first = {row.entity: row.version for row in reversed(done.rows)}
    for row in done.rows:
        if row.identifier is None:
            line(f"dropped {row.place}")
            continue
        is_first = row.version == first[row.entity]
        again = f"; version {row.version - 1} stands again" if is_first and row.version > 1 else ""
        line(f"dropped {row.identifier}, version {row.version} ({row.place}){again}")
    left = f"still holds {count_rows(done.left)}" if done.left else "is empty now"
    line(f"the open batch {left}")
    if done.has_findings:
        line("what is open still breaks rules: claimlog validate lists them", err=True)


def count_rows(rows: list[OpenRow]) -> str:
    """Return the number of rows of each stream in words."""
    counts = Counter(row.stream for row in rows)
    entities = {row.stream: row.table.entity for row in rows if row.table}
    words = [
        f"{count:,} {entities.get(name, name) if count == 1 else name}"
        for name, count in counts.items()
    ]
    return ", ".join(words)
