"""The commands `prove inclusion` and `prove consistency`: print a proof about the log's tree."""

from __future__ import annotations

from pathlib import Path

import click

from claimlog.cli.base import Context, example, pass_context, refuse_options
from claimlog.cli.output import json_block
from claimlog.cli.proof_file import proof_file_options, write_proof_file


@click.group()
def prove() -> None:
    """Print a proof about the log's tree as JSON (RFC 9162); claimlog verify --proof checks it."""


@prove.command(
    epilog=example(
        "claimlog prove inclusion C004-017 --release 0.2.0",
        "claimlog prove inclusion C004-017 --out C004-017.tlog-proof",
    )
)
@click.argument("claim")
@click.option("--release", "version", metavar="VERSION", help="The log as it stands by default.")
@click.option("--claim-version", type=click.IntRange(1), help="The last one by default.")
@proof_file_options
@pass_context
def inclusion(
    context: Context,
    claim: str,
    version: str | None,
    claim_version: int | None,
    out: Path | None,
    checkpoint: Path | None,
) -> None:
    """Prove that a claim's row is in the log."""
    from claimlog.log.read_log import read
    from claimlog.release.dataset_state import HEAD, DatasetState
    from claimlog.release.prove import claim_row, prove_inclusion

    log = read(context.package)
    log.require_readable()
    log.require_sealed_trees()
    if out is not None:
        write_proof_file(log, claim_row(log, claim, claim_version), version, checkpoint, out)
        return
    refuse_options("no --out FILE.tlog-proof", "checkpoint")
    size = DatasetState.of_name(log, version or HEAD).size
    proof = prove_inclusion(log, claim_row(log, claim, claim_version), size)
    json_block(proof)


@prove.command(epilog=example("claimlog prove consistency 0.1.0 0.2.0"))
@click.argument("old")
@click.argument("new")
@pass_context
def consistency(context: Context, old: str, new: str) -> None:
    """Prove that one release's log begins with all rows of an earlier one's."""
    from claimlog.log.read_log import read
    from claimlog.release.dataset_state import DatasetState
    from claimlog.release.prove import prove_consistency

    log = read(context.package)
    log.require_readable()
    log.require_sealed_trees()
    proof = prove_consistency(
        log, DatasetState.of_name(log, old).size, DatasetState.of_name(log, new).size
    )
    json_block(proof)
