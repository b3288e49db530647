"""The command `log`: list the batches."""

from __future__ import annotations

from typing import Any

import click

from claimlog.cli.base import Context, example, json_option, pass_context
from claimlog.cli.output import json_block, line


@click.command(epilog=example("claimlog log"))
@json_option
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
    found.require_sealed_trees()
