"""The command `verify`: check texts, a copy of a release, or a proof."""

from __future__ import annotations

from pathlib import Path

import click

from claimlog.cli.base import Context, example, pass_context, refuse_options, texts_option
from claimlog.cli.output import line, lines
from claimlog.cli.release_verification import parse_kept_roots, verify_proof, verify_release
from claimlog.cli.validation import checked, summarise
from claimlog.errors import UsageError


@click.command(
    epilog=example(
        "claimlog verify --texts ../texts",
        "claimlog verify --copy S004=another-copy.txt",
        "claimlog verify dist/allied-trust-0.2.0.zip --key maintainers.pem",
        "claimlog verify --proof proof.json",
    )
)
@click.argument("release", required=False, type=click.Path(path_type=Path))
@texts_option
@click.option(
    "--copy",
    "copies",
    multiple=True,
    metavar="SOURCE=FILE",
    help="Find a source's claims in another copy of its text, by the hashes of their words.",
)
@click.option("--partial", is_flag=True, help="Accept that some texts are absent.")
@click.option("--key", type=click.Path(path_type=Path), help="Public key that signed the release.")
@click.option(
    "--alone", is_flag=True, help="Hold a release or proof against nothing of the checkout here."
)
@click.option(
    "--limits",
    type=click.FloatRange(min=0.01, max=1000),
    default=1,
    show_default=True,
    metavar="FACTOR",
    help="Multiply the time and memory that verifying a release may take; they grow with its size.",
)
@click.option("--proof", type=click.Path(path_type=Path), help="Check a proof of claimlog prove.")
@click.option(
    "--root",
    "roots",
    multiple=True,
    metavar="SIZE:ROOT",
    help="A root that you kept, which the log of a RELEASE, or the --proof, must be about.",
)
@pass_context
def verify(
    context: Context,
    release: Path | None,
    texts: Path | None,
    copies: tuple[str, ...],
    partial: bool,
    key: Path | None,
    alone: bool,
    limits: float,
    proof: Path | None,
    roots: tuple[str, ...],
) -> int:
    """Check every claim against the texts; or a copy of a RELEASE (directory or zip); or a proof.

    Exit status 1 if an anchor is wrong or unchecked, or the release or the proof does not hold.
    """
    if limits != limits:  # not a number, which is in every range
        raise UsageError("--limits: expected a number from 0.01 to 1000")
    kept = parse_kept_roots(roots)
    if release is not None:
        refuse_options("a RELEASE", "texts", "copies", "partial", "proof")
        return verify_release(context, release, key, alone, limits, kept)
    if proof is not None:
        refuse_options("--proof", "texts", "copies", "partial", "key", "limits")
        return verify_proof(context, proof, kept, alone)
    if texts is None and not copies:
        refuse_options("no RELEASE and no --proof", "roots", "key", "alone", "limits")
        raise UsageError(
            "name the texts (--texts DIR, or --copy SOURCE=FILE for another copy), the directory "
            "or zip of a release, or a --proof"
        )
    if copies:
        refuse_options("--copy", "texts", "partial", "roots", "key", "alone", "limits")
        return _locate(context, copies)
    refuse_options("--texts", "roots", "key", "alone", "limits")
    report = checked(context, texts)
    lines(report.findings)
    summarise(report)
    tally = report.tallies["quote-hash"]
    if report.error_count:
        return 1
    line(f"{tally.checked} of {tally.checked + tally.skipped} anchors checked, all exact")
    if tally.skipped and not partial:
        line(f"{tally.note}; supply them, or accept their absence with --partial", err=True)
        return 1
    return 0 if tally.checked else 1


def _locate(context: Context, copies: tuple[str, ...]) -> int:
    """Find claims in other copies of their texts and report the orphans."""
    from claimlog.log.read_log import read
    from claimlog.sources.anchor import COLUMNS, Anchor, locate
    from claimlog.sources.text import read_text

    log = read(context.package)
    log.require_readable()
    found = expected = 0
    for pair in copies:
        source, _, name = pair.partition("=")
        rows = log.live("claims").to_dicts()
        wanted = [row for row in rows if row["source_id"] == source]
        if not name or not wanted:
            raise UsageError(f"--copy {pair}: expected SOURCE=FILE with a source that has claims")
        text = read_text(Path(name))
        matched = 0
        for row in wanted:
            spans = locate(text, Anchor(**{column: row[column] for column in COLUMNS}))
            if len(spans) == 1:
                matched += 1
                line(f"{row['claim_id']}\t{spans[0][0]}\t{spans[0][1]}")
            else:
                how = "does not occur" if not spans else f"occurs {len(spans)} times"
                line(f"{row['claim_id']}\torphaned: its passage {how} in {name}")
        line(f"{source}: {matched} of {len(wanted)} claims found", err=True)
        found, expected = found + matched, expected + len(wanted)
    return 0 if found == expected else 1
