"""The command `open`: list the rows of the open batch."""

from __future__ import annotations

import shlex

import click

from claimlog.cli.base import Context, example, pass_context
from claimlog.cli.output import json_block, line
from claimlog.count_wording import number_and_noun

WIDTH = 72
"""Characters of a summary that are printed."""


@click.command("open", epilog=example("claimlog open", "claimlog open --json"))
@click.option("--json", "json_out", is_flag=True, help="Print JSON, with every summary in full.")
@pass_context
def list_open(context: Context, json_out: bool) -> None:
    """List the rows of the open batch, which are not sealed yet.

    Rows from before a schema changed are carried over to the present one first.
    """
    from claimlog.edit.log_lock import carry_open_batch_over
    from claimlog.edit.open_batch import readable_open_folder
    from claimlog.edit.open_rows import open_rows, row_counts, summary
    from claimlog.edit.open_upcast import is_outdated
    from claimlog.schema.definition import read_definition

    definition = read_definition(context.package)
    folder = readable_open_folder(context.package)
    shown = context.package.relative(folder)
    if is_outdated(folder, shown, definition) and (
        carried := carry_open_batch_over(context.package)
    ):
        which = number_and_noun(carried, "row")
        line(f"carried {which} of the open batch over to the present schemas", err=True)
    rows = open_rows(context.package, definition.streams)
    said = [summary(row, definition) for row in rows]
    if json_out:
        json_block(
            [
                {
                    "stream": row.stream,
                    "id": row.identifier,
                    **{name: row.content.get(name) for name in ("action", "version")},
                    "place": row.place,
                    "file": f"{shown}/{row.stream}.ndjson",
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
    line(("open batch, not sealed", "bold"), f"  {row_counts(rows)}")
    for row, text in zip(rows, said, strict=True):
        if row.flaw:
            line(
                f"  {row.place}  cannot be read: {row.flaw}; claimlog drop {shlex.quote(row.place)}"
            )
            continue
        cut = text if len(text) <= WIDTH else f"{text[: WIDTH - 1].rstrip()}…"
        content = row.content
        line(
            f"  {row.place}  ",
            (f"{row.identifier}", "bold"),
            f"  {content.get('action')} version {row.version}  {content.get('recorded_at')} "
            f"by {content.get('recorded_by')}  {cut}",
        )
