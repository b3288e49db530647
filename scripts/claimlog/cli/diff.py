"""The command `diff`: say what changed between two releases."""

from __future__ import annotations

import click

from claimlog.cli.base import Context, example, json_option, pass_context
from claimlog.cli.output import block, json_block
from claimlog.errors import UsageError


@click.command(epilog=example("claimlog diff 0.1.0 0.2.0", "claimlog diff 0.2.0 head --json"))
@click.argument("old")
@click.argument("new")
@json_option
@pass_context
def diff(context: Context, old: str, new: str, json_out: bool) -> None:
    """Say what changed between two releases: schema, claims field by field, reasons.

    OLD and NEW are versions, or head for the log as it stands.
    """
    from claimlog.log.read_log import read
    from claimlog.release.dataset_state import DatasetState
    from claimlog.release.diff import compare_states
    from claimlog.release.diff_report import as_json, as_text

    log = read(context.package)
    log.require_readable()
    first, second = (DatasetState.of_name(log, name) for name in (old, new))
    if first.size > second.size:
        raise UsageError(f"{old} is later than {new}; swap them")
    found = compare_states(log, first, second, log.definition.deprecations)
    if json_out:
        json_block(as_json(found))
    else:
        block(as_text(found))
