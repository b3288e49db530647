"""The command `template`: files to fill in with new rows."""

from __future__ import annotations

from pathlib import Path

import click

from claimlog.cli.base import Context, example, pass_context
from claimlog.cli.output import line
from claimlog.errors import ClaimlogError, UsageError, suggest
from claimlog.files import write_durably


@click.command(
    "template", epilog=example("claimlog template claims", "claimlog add claim --from claims.xlsx")
)
@click.argument("stream")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    metavar="DIR",
    help="Where the files are written; by default the current directory.",
)
@pass_context
def template(context: Context, stream: str, out: Path) -> None:
    """Write STREAM.xlsx and STREAM.csv, to be filled in with new rows.

    STREAM is claims, codings, actors or another kind of rows.
    """
    from claimlog.edit.template import csv_template, workbook_template
    from claimlog.schema.codebook import read_codes
    from claimlog.schema.definition import read_streams

    codes = read_codes(context.package)
    streams = read_streams(context.package, codes)
    table = next((t for t in streams.values() if stream in (t.name, t.entity)), None)
    if table is None:
        near = suggest(stream, tuple(streams)) or f"; expected one of {', '.join(streams)}"
        raise UsageError(f'there is no stream "{stream}"{near}')
    files = {
        out / f"{table.name}.xlsx": workbook_template(table, codes, streams),
        out / f"{table.name}.csv": csv_template(table),
    }
    for path in files:
        if path.exists() or path.is_symlink():
            raise ClaimlogError(f"{path}: is there already; move it, or name --out")
    for path, data in files.items():
        try:
            out.mkdir(parents=True, exist_ok=True)
            write_durably(path, data)
        except OSError as error:
            raise ClaimlogError(f"{path}: cannot be written ({error.strerror})") from error
    line(
        f"wrote {' and '.join(map(str, files))}; fill in one, and run claimlog add {table.entity} "
        f"--from it"
    )
