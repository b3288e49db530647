"""The command `cite`: print a citation of a release, or of claims in it."""

from __future__ import annotations

import click

from claimlog.cli.base import Context, example, pass_context
from claimlog.cli.output import block, line


@click.command(
    epilog=example(
        "claimlog cite --release 0.2.0", "claimlog cite C004-017 --release 0.2.0 --format ris"
    )
)
@click.argument("claims", nargs=-1, metavar="[CLAIM]...")
@click.option("--release", "version", metavar="VERSION", help="The last one by default.")
@click.option(
    "--format",
    "form",
    default="bibtex",
    show_default=True,
    metavar="FORMAT",
    help="bibtex, ris, csl-json, apa or datacite.",
)
@pass_context
def cite(context: Context, claims: tuple[str, ...], version: str | None, form: str) -> None:
    """Print a citation of a release, or of single claims in it."""
    from claimlog.log.read_log import read
    from claimlog.release.citation_lookup import find_claim, find_release
    from claimlog.release.cite import cite as citations

    log = read(context.package)
    log.require_readable()
    release = find_release(log, version)
    found = [find_claim(log, name, release) for name in claims]
    for claim in found:
        if claim.note:
            line(f"note: {claim.note}", err=True)
    block(citations(release, [claim.version for claim in found], form))
