"""The command line. Of all commands only the one that runs is imported, with what it needs."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import traceback
from pathlib import Path

import click
from click.core import ParameterSource

from claimlog import __version__
from claimlog.cli.base import Context, package_option
from claimlog.cli.output import block, escaped_streams, line, lines
from claimlog.cli.sections import SectionedGroup
from claimlog.command_limits import why_interrupted
from claimlog.environment_variables import set_own_variable
from claimlog.errors import FULL, ClaimlogError, FindingsError, reason, write_remedy
from claimlog.escaping import is_utf_8, short_message
from claimlog.interrupt_handler import begin_command, handle_interrupts, outcome
from claimlog.standard_streams import CommandOutput, OutputError

SECTIONS = {
    "Start": {
        "new": "new:new",
        "define": "define:define",
        "upgrade": "upgrade:upgrade",
        "schemas": "schemas:schemas",
    },
    "Code in a browser": {
        "desk": "desk:desk",
        "code": "code:code",
    },
    "Add": {
        "template": "template:template",
        "add": "add:add",
        "import": "import_rows:import_command",
    },
    "The open batch": {
        "open": "open:list_open",
        "preview": "preview:preview",
        "drop": "drop:drop",
        "seal": "seal:seal",
        "rebase": "rebase:rebase",
    },
    "Change what is sealed": {
        "amend": "amend:amend",
        "retract": "retract:retract",
        "merge": "merge:merge",
        "correct": "correct:correct",
        "takedown": "takedown:takedown",
    },
    "Look": {
        "log": "log:log",
        "show": "show:show",
        "build": "build:build",
        "serve": "serve:serve",
        "site": "site:site",
        "export": "export_rows:export_command",
    },
    "Check": {
        "validate": "validate:validate",
        "verify": "verify:verify",
        "prove": "prove:prove",
        "check-citations": "check_citations:check_citations",
    },
    "Release and cite": {
        "release": "release:release",
        "publish": "publish:publish",
        "cite": "cite:cite",
        "diff": "diff:diff",
        "delta": "delta:delta",
        "tiles": "tiles:tiles",
        "reissue": "reissue:reissue",
    },
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
    set_own_variable("PYTHONSAFEPATH", "1")
    # as Ctrl-C: nothing is left half done
    handle_interrupts(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # a file name or text that the terminal's encoding lacks is printed escaped
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.stderr = errors = CommandOutput(sys.stderr)
    sys.stdout = out = CommandOutput(sys.stdout, errors)
    with escaped_streams():
        _run(command, out)


def _run(command: click.Command, out: CommandOutput) -> None:
    begin_command()
    try:
        status = command.main(standalone_mode=False)
        if out.lost:
            fail(f"{_unwritable(out.lost)}; what was done is done, and the rest is said here", 1)
        sys.exit(status if isinstance(status, int) else 0)
    except click.ClickException as error:
        text = io.StringIO()
        error.show(text)
        block(text.getvalue(), err=True)
        sys.exit(error.exit_code)
    except FindingsError as error:
        lines([short_message(str(finding)) for finding in error.findings], err=True)
        fail(str(error), error.exit_status)
    except ClaimlogError as error:
        fail(str(error), error.exit_status)
    except (KeyboardInterrupt, click.Abort):
        fail(why_interrupted(), 1)
    except OutputError as error:
        cause = error.__cause__
        assert isinstance(cause, OSError)
        if isinstance(cause, BrokenPipeError):  # the reader (head, less) has seen enough
            sys.exit(1)
        remedy = write_remedy(cause) if cause.errno in FULL else "write it elsewhere: > FILE"
        fail(f"{_unwritable(cause)}; {remedy}; {outcome()}", 1)
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        remedy = f"; {write_remedy(error)}" if error.errno in (*FULL, errno.EROFS) else ""
        fail(f"{name}{error.strerror or error}{remedy}; {outcome()}", 1)
    except MemoryError:
        fail(f"memory ran out; {outcome()}. Run this where there is more of it", 1)
    except Exception as error:
        if os.environ.get("CLAIMLOG_TRACEBACK"):
            traceback.print_exc()
            sys.exit(1)
        if isinstance(error, UnicodeEncodeError) and (odd := _argument_without_utf8()):
            fail(f"{odd}: is not UTF-8; name it in UTF-8. Nothing was changed", 2)
        what = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        fail(
            f"unexpected {what}; {outcome()}. This is a fault of claimlog: report it, "
            "with what CLAIMLOG_TRACEBACK=1 prints",
            1,
        )


def _unwritable(error: OSError) -> str:
    return f"standard output: cannot be written ({reason(error)})"


def _argument_without_utf8() -> str | None:
    """Return an argument whose bytes are not UTF-8, if there is one."""
    return next((name for name in sys.argv[1:] if not is_utf_8(name)), None)


def fail(message: str, status: int) -> None:
    """Print one message and exit."""
    line(("claimlog:", "bold red"), f" {short_message(message)}", err=True)
    sys.exit(status)
