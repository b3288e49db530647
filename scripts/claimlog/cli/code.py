"""The command `code`: have a program code a text."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from claimlog.cli.base import Context, example, pass_context, require_number, texts_option
from claimlog.cli.output import block, line
from claimlog.errors import ClaimlogError, UsageError


@click.command(
    epilog=example(
        "claimlog code --with 'python3 docs/examples/figure_coder.py' --source S900 \\",
        "  --coder figures-1 --texts ../texts",
        "claimlog code --show-input --source S900 --texts ../texts",
    )
)
@click.option(
    "--with", "command", metavar="PROGRAM", help="The program and its arguments; no shell runs it."
)
@click.option("--source", required=True, metavar="ID", help="Source whose text is coded.")
@click.option("--coder", metavar="NAME", help="Who it is in the register of coders.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 1e6),
    callback=require_number,
    default=600,
    show_default=True,
    help="How long it may take.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write its rows to a file, for claimlog add claim --from, instead of to the desk.",
)
@click.option("--show-input", is_flag=True, help="Print what a program is given, and run none.")
@texts_option
@pass_context
def code(
    context: Context,
    command: str | None,
    source: str,
    coder: str | None,
    seconds: float,
    out: Path | None,
    show_input: bool,
    texts: Path | None,
) -> None:
    """Have a program code a text; it is compared at the desk as any coder is."""
    from claimlog.desk.coder_program import (
        code_with_program,
        describe_input,
        save_as_work,
        write_rows,
    )
    from claimlog.desk.desk import Desk
    from claimlog.desk.roles import named_role

    if texts is None:
        raise UsageError("passages are looked up in the text: --texts DIR or CLAIMLOG_TEXTS")
    desk = Desk(context.package, texts)
    if show_input:
        block(describe_input(desk, source) + "\n")
        return
    if not command or not coder:
        raise UsageError("say which program codes, and as whom: --with PROGRAM --coder NAME")
    if out is not None and out.exists():
        raise ClaimlogError(f"{out}: is there already; name a new file")
    if out is None:
        named_role(coder, "--coder")  # by which its work has a directory
    coding = code_with_program(desk, command, source, coder, seconds)
    if out is not None:
        write_rows(coding, source, out)
        add = f"claimlog add claim --from {shlex.quote(str(out))}"
        line(f"wrote {len(coding.rows)} rows to {out}; add them: {add}")
        return
    work = save_as_work(desk, coding, source, coder)
    line(f"{coder} has finished {source} ({len(work.drafts())} claims); compare it at the desk")
