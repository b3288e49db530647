"""The command `desk`: code texts in a browser, and hand codings to another machine."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from claimlog.cli.base import Context, example, pass_context, texts_option, today_option
from claimlog.cli.output import line
from claimlog.errors import UsageError


@click.group(
    invoke_without_command=True,
    epilog=example(
        "claimlog desk --texts ../texts",
        "claimlog desk --texts ../texts --role coder-1",
    ),
)
@texts_option
@click.option("--port", type=click.IntRange(1, 65535), default=8010, show_default=True)
@click.option(
    "--role",
    "names",
    multiple=True,
    metavar="ROLE",
    help="Open it for this role alone; several times for several. By default coder-1, coder-2 and "
    "adjudicator. A role called adjudicator, or adjudicator-NAME, decides; the others code.",
)
@today_option
@pass_context
def desk(
    context: Context, texts: Path | None, port: int, names: tuple[str, ...], today: date | None
) -> None:
    """Code texts in a browser on this machine, independently of each other, and decide."""
    current = click.get_current_context()
    if current.invoked_subcommand is not None:
        return
    from claimlog.desk.roles import DEFAULT_NAMES, named_role
    from claimlog.desk.web.server import serve_desk

    roles = [named_role(name) for name in names or DEFAULT_NAMES]
    if texts is None:
        raise UsageError("the desk needs the directory of texts: --texts DIR or CLAIMLOG_TEXTS")
    serve_desk(context.package, texts, roles, port, today)


@desk.command("new-pass", epilog=example("claimlog desk new-pass S900 --texts ../texts"))
@click.argument("source")
@texts_option
@pass_context
def new_pass(context: Context, source: str, texts: Path | None) -> None:
    """Set aside what was coded of a text and is sealed, so that it can be coded anew."""
    from claimlog.desk.desk import Desk
    from claimlog.desk.overview import begin_new_pass

    if texts is None:
        raise UsageError("the desk needs the directory of texts: --texts DIR or CLAIMLOG_TEXTS")
    place = begin_new_pass(Desk(context.package, texts), source)
    line(f"{source} can be coded anew; what was coded lies in {context.package.relative(place)}")


@desk.command("commitment", epilog=example("claimlog desk commitment S900 --coder coder-1"))
@click.argument("source")
@click.option("--coder", required=True, metavar="ROLE", help="Whose coding it is.")
@pass_context
def commitment(context: Context, source: str, coder: str) -> None:
    """Print the commitment to a finished coding: send it before the coding itself."""
    from claimlog.desk.hand_over import finished_work

    line(str(finished_work(context.package, coder, source).commitment))


@desk.command("expect", epilog=example("claimlog desk expect S900 HASH --coder coder-1"))
@click.argument("source")
@click.argument("value", metavar="HASH")
@click.option("--coder", required=True, metavar="ROLE", help="Whose coding it is.")
@pass_context
def expect(context: Context, source: str, value: str, coder: str) -> None:
    """Note the commitment that another coder sent."""
    from claimlog.desk.hand_over import expect_coding

    expect_coding(context.package, coder, source, value)
    line(f"noted for {coder} and {source}")


@desk.command("export", epilog=example("claimlog desk export S900 coder-1.json --coder coder-1"))
@click.argument("source")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--coder", required=True, metavar="ROLE", help="Whose coding it is.")
@click.option("--alone", is_flag=True, help="Nobody else codes this text.")
@pass_context
def export(context: Context, source: str, file: Path, coder: str, alone: bool) -> None:
    """Write a finished coding to a file for another machine."""
    from claimlog.desk.hand_over import export_coding

    export_coding(context.package, coder, source, file, alone)
    line(f"wrote {file}")


@desk.command("import", epilog=example("claimlog desk import coder-2.json --texts ../texts"))
@click.argument("file", type=click.Path(path_type=Path))
@texts_option
@pass_context
def import_(context: Context, file: Path, texts: Path | None) -> None:
    """Take the finished coding of another machine, if it is the one that was committed to."""
    from claimlog.desk.hand_over import import_coding

    work = import_coding(context.package, file, texts)
    line(f"{work.coder} has finished {work.source} ({len(work.drafts())} claims)")
