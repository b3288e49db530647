"""The command `export`: claims or codings as files for other tools."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from claimlog.cli.base import Context, example, pass_context, texts_option
from claimlog.cli.output import line, lines
from claimlog.errors import UsageError

FORMATS = ("web-annotation", "cas-json", "cas-xmi")
STREAMS = ("claims", "codings")


@click.command(
    "export",
    epilog=example(
        "claimlog export claims --out ../exchange",
        "claimlog export codings --coder coder-1 --format cas-xmi --texts ../texts --out ../cas",
    ),
)
@click.argument("stream", type=click.Choice(STREAMS))
@click.option("--format", "name", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True)
@click.option("--source", metavar="ID", help="Only rows of this source.")
@click.option("--coder", metavar="ROLE", help="Only codings of this coder.")
@click.option("--pass", "pass_number", type=click.IntRange(1), help="Only codings of this pass.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="Directory to write, which must not be there yet.",
)
@texts_option
@pass_context
def export_command(
    context: Context,
    stream: str,
    name: str,
    source: str | None,
    coder: str | None,
    pass_number: int | None,
    out: Path,
    texts: Path | None,
) -> None:
    """Write claims or codings, the open batch included, as files for other tools.

    The words of passages are written only where the texts are at hand.
    """
    from claimlog.cli.base import load_texts
    from claimlog.directory_swap import publish_directory
    from claimlog.edit.open_batch import read_with_open
    from claimlog.interchange.export_rows import exported_rows

    _require_absent(out)
    given = {"source_id": source, "coder": coder, "pass": pass_number}
    only = {column: value for column, value in given.items() if value is not None}
    log = read_with_open(context.package)
    log.require_readable()
    export = exported_rows(log, stream, name, load_texts(texts), only)
    root = context.package.root.resolve()
    if export.holds_words and out.resolve().is_relative_to(root):
        raise UsageError(
            f"{out}: lies in the package, and the files hold words of the texts, which do not "
            "belong there; name a directory outside with --out, or leave out --texts"
        )
    require = partial(_require_absent, out)
    with publish_directory(out.absolute(), str(out), require) as folder:
        for file, data in export.files.items():
            (folder / file).write_bytes(data)
    lines(list(export.losses.lines()))
    what = log.definition.streams[stream].entity if export.number == 1 else stream
    line(f"wrote {export.number:,} {what} to {out} ({', '.join(sorted(export.files))})")


def _require_absent(out: Path) -> None:
    if out.exists() or out.is_symlink():
        raise UsageError(f"{out}: is there already; name another directory with --out")
