"""Options of claimlog prove that write a .tlog-proof file."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimlog.cli.base import F
from claimlog.cli.output import line
from claimlog.cli.own_file import require_own_file
from claimlog.errors import UsageError

if TYPE_CHECKING:
    from claimlog.log.event_log import Log

CHECKPOINT_BESIDE = "dist/{name}-{version}.checkpoint"
"""Where `claimlog release --sign` leaves the checkpoint of a release."""


def proof_file_options(function: F) -> F:
    """Add --out and --checkpoint."""
    file = click.Path(path_type=Path, dir_okay=False)
    checkpoint = click.option(
        "--checkpoint",
        type=file,
        metavar="FILE",
        help="Signed checkpoint for --out; by default that of the --release in dist/, or the last.",
    )
    out = click.option(
        "--out",
        type=file,
        metavar="FILE.tlog-proof",
        help="Write a proof against a signed checkpoint, which verifies offline with a public key.",
    )
    return out(checkpoint(function))


def write_proof_file(
    log: Log,
    row: Mapping[str, Any],
    version: str | None,
    checkpoint: Path | None,
    out: Path,
) -> None:
    """Write a proof that a signed checkpoint covers a claim's row."""
    from claimlog.files import write_durably
    from claimlog.release.tlog_proof import HEADER, SUFFIX, is_tlog_proof, prove_row

    if not is_tlog_proof(out):
        raise UsageError(f"--out {out}: expected a name that ends in {SUFFIX}")
    if version is not None and checkpoint is not None:
        raise UsageError("--release does not go with --checkpoint, which says what tree it is")
    require_own_file(out, f"{HEADER}\n".encode(), "proof")
    note, display_path = _signed_note(log, version, checkpoint)
    proof = prove_row(log, row, note, display_path)
    log.package.refuse_links(out)
    write_durably(out, proof.text().encode("utf-8"))
    check = f"claimlog verify --proof {shlex.quote(str(out))} --key KEY"
    line(f"wrote {out}; check it with: {check}")


def _signed_note(log: Log, version: str | None, checkpoint: Path | None) -> tuple[str, str]:
    """Return the signed checkpoint to prove against, and its file as messages name it."""
    from claimlog.log.release_index import find_entry_of_log
    from claimlog.log.signed_trees import RECORD
    from claimlog.release.checkpoint_signing import last_signed_note, present_origin
    from claimlog.release.signed_note import NOTE_BYTES, decode_text
    from claimlog.untrusted_files import RIGHT_FILE, read_regular

    if version is not None:
        entry = find_entry_of_log(log, version, log.releases)
        name = CHECKPOINT_BESIDE.format(
            name=log.definition.descriptor["name"], version=entry.version
        )
        checkpoint = log.package.root / name
    if checkpoint is None:
        return last_signed_note(log, present_origin(log)), RECORD
    shown = log.package.relative(checkpoint)
    data = read_regular(checkpoint, shown, NOTE_BYTES, remedy=RIGHT_FILE)
    return decode_text(data, shown), shown
