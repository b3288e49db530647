"""The command `validate`: check the log and the open batch."""

from __future__ import annotations

from pathlib import Path

import click

from claimlog.cli.base import Context, example, json_option, pass_context, texts_option
from claimlog.cli.output import json_block, lines
from claimlog.cli.validation import print_summary, validate_log


@click.command(epilog=example("claimlog validate --texts ../texts", "claimlog validate --sealed"))
@texts_option
@json_option
@click.option("--sealed", is_flag=True, help="Leave the open batch out.")
@pass_context
def validate(context: Context, texts: Path | None, json_out: bool, sealed: bool) -> int:
    """Check the log and the open batch, with texts the anchors too. Exit status 1 on findings.

    The queries of the package are checked as a build checks them.
    """
    from claimlog.export.queries import read_queries

    report = validate_log(context, texts, with_open=not sealed)
    read_queries(report.log.definition)
    if json_out:
        json_block(report.as_dict_with_open())
        return 1 if report.error_count else 0
    lines(report.findings)
    print_summary(report)
    return 1 if report.error_count else 0
