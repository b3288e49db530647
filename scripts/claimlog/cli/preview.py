"""The command `preview`: the pages that the open batch will make, as files."""

from __future__ import annotations

from pathlib import Path

import click

from claimlog.cli.base import Context, example, load_texts, pass_context, texts_option
from claimlog.cli.output import line


@click.command(
    epilog=example(
        "claimlog preview --out ../preview", "claimlog preview C004-101 --out ../preview"
    )
)
@click.argument("names", nargs=-1, metavar="[ID...]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="Where to write them; an earlier preview there is replaced in one step.",
)
@texts_option
@pass_context
def preview(context: Context, names: tuple[str, ...], out: Path, texts: Path | None) -> None:
    """Draw the pages of open rows as they will be once sealed, with the pages that they link to.

    Texts serve to check the anchors; no page shows a passage.
    """
    from claimlog.desk.preview_files import write_preview

    pages = write_preview(context.package, load_texts(texts), out, names)
    for name, path in pages.items():
        line(f"{name}  {path}")
    line("these pages are of rows that are not sealed yet; do not publish them", err=True)
