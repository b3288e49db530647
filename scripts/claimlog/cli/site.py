"""The command that writes the site as plain files."""

from __future__ import annotations

from pathlib import Path

import click

from claimlog.cli.base import Context, example, pass_context
from claimlog.cli.output import line


@click.command(epilog=example("claimlog site --out public"))
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR")
@pass_context
def site(context: Context, out: Path) -> None:
    """Write the site of the build as plain files, which need no server."""
    from claimlog.site.files.write import write_site
    from claimlog.site.server_command import database_of
    from claimlog.swap import publish_directory

    package = context.package
    database = database_of(package, package.build)
    with publish_directory(out, str(out)) as folder:
        pages = write_site(package.build, database, folder)
    line(f"wrote {out}: {pages:,} pages")
