"""The command that writes the site as plain files."""

from __future__ import annotations

from pathlib import Path

import click

from claimlog.cli.base import Context, example, limits_option, pass_context
from claimlog.cli.output import line


@click.command(
    epilog=example("claimlog site --out public", "claimlog site --out public --releases all")
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="Where to write it; an earlier site there is replaced in one step.",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The build to draw; build/ by default.",
)
@click.option(
    "--releases",
    metavar="all|VERSIONS",
    help="Put the pages of releases below releases/, each as it was: all, or versions.",
)
@limits_option("drawing it")
@pass_context
def site(
    context: Context, out: Path, folder: Path | None, releases: str | None, limits: float
) -> None:
    """Write the site of a build as plain files, which need no server and open from a disk."""
    from claimlog.site.files.publish import publish_site

    package = context.package
    size = publish_site(package, folder or package.build, out, releases, limits)
    line(f"wrote {out}: {size.pages:,} pages, {size.files:,} files; open {out / 'index.html'}")
