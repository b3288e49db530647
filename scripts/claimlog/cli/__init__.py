"""The command line. Commands import what they need when they run, so that --help is quick."""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
from pathlib import Path

import click
from click.core import ParameterSource

from claimlog import __version__
from claimlog.cli import (
    add,
    amend,
    build,
    check_citations,
    cite,
    code,
    correct,
    define,
    delta,
    desk,
    diff,
    drop,
    export_rows,
    import_rows,
    log,
    merge,
    new,
    open,
    preview,
    prove,
    publish,
    rebase,
    reissue,
    release,
    retract,
    schemas,
    seal,
    serve,
    show,
    site,
    takedown,
    template,
    tiles,
    upgrade,
    validate,
    verify,
)
from claimlog.cli.base import Context, package_option
from claimlog.cli.output import block, escaped_streams, line, lines
from claimlog.cli.sections import SectionedGroup
from claimlog.errors import ClaimlogError, FindingsError

SECTIONS = {
    "Start": (new.new, define.define, upgrade.upgrade, schemas.schemas),
    "Code in a browser": (desk.desk, code.code),
    "Add": (template.template, add.add, import_rows.import_command),
    "The open batch": (
        open.list_open,
        preview.preview,
        drop.drop,
        seal.seal,
        rebase.rebase,
    ),
    "Change what is sealed": (
        amend.amend,
        retract.retract,
        merge.merge,
        correct.correct,
        takedown.takedown,
    ),
    "Look": (
        log.log,
        show.show,
        build.build,
        serve.serve,
        site.site,
        export_rows.export_command,
    ),
    "Check": (
        validate.validate,
        verify.verify,
        prove.prove,
        check_citations.check_citations,
    ),
    "Release and cite": (
        release.release,
        publish.publish,
        cite.cite,
        diff.diff,
        delta.delta,
        tiles.tiles,
        reissue.reissue,
    ),
}


@click.group(
    cls=SectionedGroup,
    sections=SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 good, 1 findings or failure, 2 wrong usage.",
)
@package_option
@click.version_option(__version__, prog_name="claimlog")
@click.pass_context
def cli(context: click.Context, folder: Path) -> None:
    """Keep an event-sourced dataset of claims: append, validate, compile, serve, verify."""
    named = context.get_parameter_source("folder") is ParameterSource.COMMANDLINE
    context.obj = Context(folder, named)


def main() -> None:
    """Run the command line."""
    run_command(cli)


def run_command(command: click.Command) -> None:
    """Run a command; every failure is one message and an exit status, never a traceback."""
    # no process of ours imports a module that lies in the current directory, a stranger's perhaps
    os.environ["PYTHONSAFEPATH"] = "1"
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # as Ctrl-C: nothing is left half done
    # a file name or text that the terminal's encoding lacks is printed escaped
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    with escaped_streams():
        _run(command)


def _run(command: click.Command) -> None:
    try:
        status = command.main(standalone_mode=False)
        sys.stdout.flush()
        sys.exit(status if isinstance(status, int) else 0)
    except click.ClickException as error:
        text = io.StringIO()
        error.show(text)
        block(text.getvalue(), err=True)
        sys.exit(error.exit_code)
    except FindingsError as error:
        lines(error.findings, err=True)
        fail(str(error), error.exit_status)
    except ClaimlogError as error:
        fail(str(error), error.exit_status)
    except (KeyboardInterrupt, click.Abort):
        fail("interrupted; nothing was replaced", 1)
    except BrokenPipeError:
        # the reader (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        fail(f"{name}{error.strerror or error}; nothing was replaced", 1)
    except MemoryError:
        fail("memory ran out; nothing was replaced. Run this where there is more of it", 1)
    except Exception as error:
        if os.environ.get("CLAIMLOG_TRACEBACK"):
            traceback.print_exc()
            sys.exit(1)
        what = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        fail(
            f"unexpected {what}; nothing was replaced. This is a fault of claimlog: report it, "
            "with what CLAIMLOG_TRACEBACK=1 prints",
            1,
        )


def fail(message: str, status: int) -> None:
    """Print one message and exit."""
    line(("claimlog:", "bold red"), f" {message}", err=True)
    sys.exit(status)
