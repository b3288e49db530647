"""The command reissue: a release made again without rows that were taken down since."""

from __future__ import annotations

from pathlib import Path

import click

from claimlog.cli.base import Context, example, pass_context, progress
from claimlog.cli.output import line


@click.command(epilog=example("claimlog reissue 0.2.0", "claimlog reissue 0.2.0 --sign KEY.pem"))
@click.argument("version")
@click.option(
    "--sign",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="KEY.pem",
    help="Sign all of it (Ed25519).",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="dist/ by default.")
@pass_context
def reissue(context: Context, version: str, sign: Path | None, out: Path | None) -> None:
    """Make a release again without its rows that were taken down; the index keeps both issues."""
    from claimlog.build import progress_steps
    from claimlog.edit.clock import release_day
    from claimlog.log.release_index import find_entry, read_index
    from claimlog.release.reissue import reissue_release
    from claimlog.release.release_lock import release_lock
    from claimlog.site.files.release_pages import draw_release_site

    package = context.package
    target = (out or package.dist).absolute()
    steps = 2 * progress_steps(package)
    with release_lock(package), progress("reissue", steps) as step:
        index = read_index(package)
        entry = find_entry(index, version, str(package.descriptor["name"]))
        output = reissue_release(
            *(package, index, entry, release_day(package), target, sign, step), draw_release_site
        )
    for seq, row in output.rows.items():
        line(f"without row {seq}: {row.sentence}")
    line(f"wrote {package.relative(output.archive)} in place of the archive of {version}")
    if output.signature is not None:
        line(f"wrote {package.relative(output.signature)}")
    if output.removed is not None:
        line(
            f"removed {package.relative(output.removed)}, which was of the archive before; sign "
            f"this one: claimlog release --published {version} --sign KEY.pem"
        )
    line(f"wrote {output.entry.display_path}, which keeps the hashes of the first issue; commit it")
