"""The command that says which claims of a bibliography changed since they were cited."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from claimlog.cli.base import Context, example, pass_context
from claimlog.cli.output import json_block, line, lines


@click.command(
    name="check-citations",
    epilog=example(
        "claimlog check-citations thesis.bib",
        "claimlog --package allied-trust-0.3.0/log check-citations thesis.bib --json",
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "json_out", is_flag=True, help="Print JSON.")
@pass_context
def check_citations(context: Context, file: Path, json_out: bool) -> int:
    """Say which claims cited in FILE changed since, how, by which event and why.

    FILE is BibTeX, RIS or CSL-JSON, as claimlog cite writes it; entries that cite no claim of this
    dataset are passed over. The exit status is 1 if a claim changed, was retracted or is unknown.
    """
    from claimlog.escaping import web_address
    from claimlog.log.read_log import read
    from claimlog.release.bibliography_reader import read_citations
    from claimlog.release.check_citations import as_lines
    from claimlog.release.check_citations import check_citations as check

    log = read(context.package)
    log.require_readable()
    about = log.definition.descriptor
    citations = read_citations(file, str(about["name"]), web_address(about.get("homepage")))
    checked = check(log, citations)
    if json_out:
        json_block([one.as_dict() for one in checked])
    else:
        lines([*as_lines(checked)])
        counts = Counter(one.status for one in checked)
        said = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
        colour = "green" if all(one.is_good for one in checked) else "red"
        text = f"{len(checked)} cited claims: {said}" if checked else "no claim of it is cited"
        line((f"{file.name}: {text}", colour if checked else "yellow"))
    return 0 if all(one.is_good for one in checked) else 1
