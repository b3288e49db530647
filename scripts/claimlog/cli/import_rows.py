"""The command `import`: annotations of another tool for the open batch."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from claimlog.cli.add import say_addition
from claimlog.cli.base import (
    Context,
    by_option,
    example,
    limits_option,
    pass_context,
    texts_option,
    today_option,
)
from claimlog.cli.output import line, lines
from claimlog.cli.own_file import require_own_file
from claimlog.errors import ClaimlogError, UsageError

FORMATS = ("web-annotation", "cas-json", "cas-xmi", "refi-qda", "label-studio", "doccano")
STREAMS = ("claims", "codings")


@click.command(
    "import",
    epilog=example(
        "claimlog import project.qdpx --coder human-1 --pass 1 --texts ../texts --by coder-1",
        "claimlog import admin.jsonl --as claims --mapping doccano.yaml --texts ../texts",
    ),
)
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--as", "stream", type=click.Choice(STREAMS), default="codings", show_default=True)
@click.option("--coder", metavar="ROLE", help="Who coded it, for every row.")
@click.option(
    "--pass", "pass_number", type=click.IntRange(1), help="Of which pass it is, for every row."
)
@click.option("--format", "name", type=click.Choice(FORMATS), help="By default what it looks like.")
@click.option(
    "--mapping",
    "mapping_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What labels stand for here. By default FILE.mapping.yaml; written if it is not there.",
)
@click.option(
    "--report", type=click.Path(path_type=Path), metavar="FILE", help="Write the losses as JSON."
)
@click.option("--leave-out-refused", is_flag=True, help="Import the rest where some are refused.")
@limits_option("reading the file")
@by_option
@texts_option
@today_option
@pass_context
def import_command(
    context: Context,
    path: Path,
    stream: str,
    coder: str | None,
    pass_number: int | None,
    name: str | None,
    mapping_path: Path | None,
    report: Path | None,
    leave_out_refused: bool,
    limits: float,
    recorded_by: str,
    texts: Path | None,
    today: date | None,
) -> None:
    """Add annotations of another tool to the open batch, as codings or claims.

    The first run writes a mapping of the tool's labels to be edited; the next one reads it.
    """
    from claimlog.edit.add_amend_retract import add
    from claimlog.edit.open_batch import read_with_open
    from claimlog.interchange.import_rows import imported_rows, require_one_coder
    from claimlog.interchange.loss_report import BEGINNING
    from claimlog.interchange.mapping_file import ensure_mapping
    from claimlog.interchange.read_foreign_project import read_foreign_project
    from claimlog.sources.text import Texts

    if texts is None:
        raise UsageError(
            "every passage is checked in the source's text: name the directory of texts with "
            "--texts DIR or CLAIMLOG_TEXTS"
        )
    fixed = _fixed(stream, coder, pass_number)
    if report is not None:
        require_own_file(report, BEGINNING, "report of losses")
    project = read_foreign_project(path, name, limits)
    require_one_coder(project, fixed)
    log = read_with_open(context.package)
    log.require_readable()
    mapping_path = mapping_path or path.with_name(f"{path.name}.mapping.yaml")
    is_new = not mapping_path.exists()
    mapping = ensure_mapping(mapping_path, project, log, stream, fixed)
    if is_new:
        line(f"wrote {mapping_path}: every name is one of ours")
    supplied = Texts(texts)
    entries = imported_rows(project, mapping, log, supplied, fixed)
    losses = project.losses
    if report is not None:
        _write(report, losses.as_json())
    lines(list(losses.lines()), err=bool(losses.refusals))
    refused = sum(losses.counts[what] for what in losses.refusals)
    if refused and not leave_out_refused:
        count = "1 annotation is" if refused == 1 else f"{refused:,} annotations are"
        raise ClaimlogError(
            f"{path}: {count} refused; mend them in the tool, or import the "
            "others with --leave-out-refused; nothing was added"
        )
    if not entries.rows:
        raise ClaimlogError(f"{path}: gives no row; nothing was added")
    addition = add(context.package, stream, entries, recorded_by, supplied, today)
    say_addition(log.definition.streams[stream], addition)


def _fixed(stream: str, coder: str | None, pass_number: int | None) -> dict[str, Any]:
    given = {"coder": coder, "pass": pass_number}
    fixed = {name: value for name, value in given.items() if value is not None}
    if fixed and stream == "claims":
        raise UsageError("--coder and --pass are of codings; leave them out with --as claims")
    return fixed


def _write(path: Path, data: bytes) -> None:
    from claimlog.files import write_durably

    try:
        write_durably(path, data)
    except OSError as error:
        raise ClaimlogError(f"{path}: cannot be written ({error.strerror})") from error
