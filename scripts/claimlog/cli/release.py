"""The command `release`: make one, make an earlier one again, or sign one."""

from __future__ import annotations

import shlex
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimlog.cli.base import Context, example, parse_day, pass_context, progress, refuse_options
from claimlog.cli.output import line, lines
from claimlog.cli.verify import verify_release
from claimlog.errors import ClaimlogError, FindingsError, UsageError
from claimlog.package import Package

if TYPE_CHECKING:
    from claimlog.log.release_index import ReleaseEntry

KEY = click.Path(path_type=Path, dir_okay=False)


@click.command(
    epilog=example(
        "claimlog release 0.2.0",
        "claimlog release --rebuild 0.1.0",
        "claimlog release --rebuild all --exact --out dist",
        "claimlog release --published 0.2.0 --sign KEY.pem",
    )
)
@click.argument("version", required=False)
@click.option(
    "--rebuild", metavar="VERSION|all", help="Make an earlier release again and compare it."
)
@click.option("--exact", is_flag=True, help="With --rebuild: its own code, compared byte for byte.")
@click.option(
    "--published", metavar="VERSION", help="With --sign: sign a release that was made before."
)
@click.option("--as-of", metavar="BATCH", help="Batch up to which it goes; all by default.")
@click.option(
    "--date", "day", callback=parse_day, metavar="DAY", help="Day of the release; today by default."
)
@click.option("--sign", type=KEY, metavar="KEY.pem", help="Sign all of it (Ed25519).")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="dist/ by default. With --rebuild --exact: where to leave the archive.",
)
@click.option(
    "--development-tool",
    is_flag=True,
    envvar="CLAIMLOG_DEVELOPMENT_TOOL",
    help="Release by a development version of claimlog.",
)
@pass_context
def release(
    context: Context,
    version: str | None,
    rebuild: str | None,
    exact: bool,
    published: str | None,
    as_of: str | None,
    day: date | None,
    sign: Path | None,
    out: Path | None,
    development_tool: bool,
) -> int:
    """Write a release with its entry in the index, make an earlier one again, or sign one."""
    if [version, rebuild, published].count(None) != 2:
        raise UsageError(
            "name the version to release, or --rebuild one that was released, or sign one that "
            "was --published"
        )
    if rebuild is not None:
        refuse_options("--rebuild", "as_of", "day", "sign")
        if not exact:
            refuse_options("--rebuild without --exact", "out")
        return _rebuild(context, rebuild, exact, out)
    if exact:
        raise UsageError("--exact goes with --rebuild")
    if published is not None:
        refuse_options("--published", "as_of", "day")
        if sign is None:
            raise UsageError("--published goes with --sign KEY.pem")
        return _sign_published(context, published, sign, out)
    from claimlog import __version__
    from claimlog.build import progress_steps
    from claimlog.edit.clock import release_day
    from claimlog.log.signed_trees import RECORD
    from claimlog.release.make import make_release
    from claimlog.release.release_lock import release_lock
    from claimlog.release.tool_wheel import refuse_development_tool
    from claimlog.site.files.release_pages import draw_release_site

    if not development_tool:
        refuse_development_tool(__version__)
    package = context.package
    released = day.isoformat() if day else release_day(package)
    target = (out or package.dist).absolute()
    steps = 2 * progress_steps(package)
    with release_lock(package), progress("release", steps) as step:
        output = make_release(
            package, str(version), released, target, as_of, sign, step, draw_release_site
        )
    level = output.diff.level or "first"
    line(f"{version}: a {level} version ({output.diff.why})" if output.diff.old else str(version))
    line(f"wrote {package.relative(output.folder)}/")
    line(f"wrote {package.relative(output.archive)}, {output.archive.stat().st_size:,} bytes")
    for path in output.signatures:
        line(f"wrote {package.relative(path)}")
    line(f"wrote {output.entry.display_path} and the entry of CHANGELOG.md; nothing was tagged")
    for name in output.refreshed_files:
        line(f"wrote {name}, which says {version} now")
    to_commit = [output.entry.display_path, "CHANGELOG.md", *output.refreshed_files]
    to_commit += [RECORD] if sign else []
    line("To tag and publish it:")
    line(f"  git add {shlex.join(to_commit)}")
    line(f'  git commit -m "Release {version}"')
    title = f"{package.descriptor['title']} {version}"
    line(f"  git tag -a v{version} -m {shlex.quote(title)}")
    line("  git push --follow-tags")
    line(f"  then deposit {package.relative(output.archive)} where people can get it")
    return 0


def _name(package: Package) -> str:
    return str(package.descriptor["name"])


def _sign_published(context: Context, version: str, key: Path, out: Path | None) -> int:
    """Write signatures of a release that the index holds, if its archive is that one."""
    from claimlog.log.release_index import find_entry, read_index
    from claimlog.log.signed_trees import RECORD
    from claimlog.release.make import sign_published
    from claimlog.release.release_lock import release_lock

    package = context.package
    target = (out or package.dist).absolute()
    with release_lock(package):
        index = read_index(package)
        entry = find_entry(index, version, _name(package))
        signatures = sign_published(package, index, entry, key, target)
    for path in signatures:
        line(f"wrote {package.relative(path)}; publish it beside the archive")
    line(f"wrote {RECORD}; commit it, so that nothing is signed that contradicts it")
    return 0


def _rebuild(context: Context, version: str, exact: bool, out: Path | None) -> int:
    from claimlog.command_limits import allow_times
    from claimlog.log.release_index import find_entry, read_index

    index = read_index(context.package)
    if version == "all" and not index:
        raise UsageError("nothing was released yet; there is nothing to make again")
    if version != "all":
        entry = find_entry(index, version, _name(context.package))
        return _rebuild_one(context, index, entry, exact, out)
    allow_times(len(index))
    statuses = []
    for entry in index:
        try:
            statuses.append(_rebuild_one(context, index, entry, exact, out))
        except ClaimlogError as error:  # the others are made all the same
            lines(error.findings if isinstance(error, FindingsError) else [], err=True)
            line((f"{entry.version}: not made again: {error}", "red"), err=True)
            statuses.append(error.exit_status)
    return max(statuses)


def _rebuild_one(
    context: Context, index: list[ReleaseEntry], entry: ReleaseEntry, exact: bool, out: Path | None
) -> int:
    from claimlog.release.rebuild import rebuild_archive, rebuild_tables

    package = context.package
    if exact:
        target = None if out is None else out.absolute()
        result = rebuild_archive(package, entry, lambda text: line(text, err=True), target)
        what = "files, the archive among them, byte for byte"
    else:
        from claimlog.build import progress_steps

        with progress("rebuild", 2 * progress_steps(package)) as step:
            result = rebuild_tables(package, index, entry, step)
        what = "tables in Parquet and in SQLite"
    lines(result.different)
    colour = "red" if result.different else "green"
    line((f"{entry.version}: {result.same} of {result.compared} {what} are the same", colour))
    if result.different or result.archive is None:
        return 1 if result.different else 0
    line(f"wrote {package.relative(result.archive)}")
    return verify_release(Context(package.root, True), result.archive)
