"""The command tiles: the log as static files that others can follow, and reading such a log."""

from __future__ import annotations

from pathlib import Path

import click

from claimlog.cli.base import Context, example, pass_context, refuse_options
from claimlog.cli.output import line
from claimlog.errors import FindingsError, UsageError


@click.command(
    epilog=example(
        "claimlog tiles --out dist/log --sign KEY.pem",
        "claimlog tiles --out dist/log",
        "claimlog tiles --check dist/log --key log.vkey",
    )
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Write the log there as tiles."
)
@click.option(
    "--sign",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="KEY.pem",
    help="Sign the log as it stands (Ed25519); without it the last signed checkpoint is published.",
)
@click.option(
    "--check",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Read a log as tiles, of any tool, and check all of it.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    help="Public key, or verifier key in a file, that signed the checkpoint: read or published.",
)
@click.option(
    "--root",
    "roots",
    multiple=True,
    metavar="SIZE:ROOT",
    help="With --check: a root that you kept, which the log must begin with.",
)
@click.option(
    "--missing",
    type=click.IntRange(0),
    multiple=True,
    metavar="ROW",
    help="With --check: a row that you know was taken down; others that are missing are findings.",
)
@pass_context
def tiles(
    context: Context,
    out: Path | None,
    sign: Path | None,
    check: Path | None,
    key: Path | None,
    roots: tuple[str, ...],
    missing: tuple[int, ...],
) -> None:
    """Write the log as C2SP tlog-tiles (checkpoint and tile/), or --check a log in that form."""
    if (out is None) == (check is None):
        raise UsageError("give --out DIR to write the log as tiles, or --check DIR to read one")
    if check is not None:
        refuse_options("--check", "sign")
        _check(check, key, roots, missing)
        return
    assert out is not None
    refuse_options("--out", "roots", "missing")
    if sign is not None:
        refuse_options("--out with --sign", "key")
    _write(context, out.absolute(), sign, key)


def _write(context: Context, out: Path, key: Path | None, public_key: Path | None) -> None:
    from claimlog.log.read_log import read
    from claimlog.log.signed_trees import RECORD
    from claimlog.release.checkpoint import Checkpoint
    from claimlog.release.checkpoint_signing import (
        last_signed_note,
        present_origin,
        sign_checkpoint,
    )
    from claimlog.release.make import require_clean_commit
    from claimlog.release.signing_key import verifier_key
    from claimlog.release.tile_log import write_tiles
    from claimlog.validate import validate

    package = context.package
    if key is not None:
        require_clean_commit(package)
    log = read(package)
    log.require_readable()
    origin = present_origin(log)
    if key is None:
        note = last_signed_note(log, origin, public_key)
    else:
        report = validate(log, None)
        if report.error_count:
            raise FindingsError(report.findings, "nothing was signed")
        note = sign_checkpoint(log, Checkpoint(origin, log.size, log.root), key, out)
        line(f"wrote {RECORD}; commit it, so that nothing is signed that contradicts it")
    output = write_tiles(log, log.releases, note, out, package.relative(out))
    line(
        f"wrote {package.relative(out)}: checkpoint of {output.checkpoint.size:,} rows and "
        f"{output.files:,} files of tiles, {output.new_files:,} of them new"
    )
    if output.emptied_bundles:
        line(f"took rows out of {output.emptied_bundles:,} bundles of earlier states")
    if key is not None:
        line(f"whoever follows it needs this key: {verifier_key(origin, key)}")
    elif public_key is None:
        line("not checked: the signature of that checkpoint (give the log's public key with --key)")


def _check(
    folder: Path, key: Path | None, roots: tuple[str, ...], missing: tuple[int, ...]
) -> None:
    from claimlog.escaping import name_in_sentence
    from claimlog.release.checkpoint import signing_key_words
    from claimlog.release.kept_roots import parse_kept_roots
    from claimlog.release.tile_reader import TiledLog, check_tiled_log, missing_rows

    kept_roots = parse_kept_roots(roots)
    tiled = TiledLog.open(folder, key)
    rows = check_tiled_log(tiled, kept_roots)
    point = tiled.checkpoint
    if gone := len(tiled.missing):
        held = f"{rows - gone:,} of {rows:,} rows, each in its tile, {gone:,} missing"
    else:
        held = f"{rows:,} rows, every one in its tile"
    line(
        f"{folder}: {held}, and the tiles give the root {point.root.hex()} of "
        f"{name_in_sentence(point.origin)}'s checkpoint"
    )
    for size in kept_roots:
        line(f"  checked: its first {size} rows have the root that you kept")
    for row, said in sorted(tiled.missing.items()):
        line(f'  not checked: row {row}, of which the hash alone is there: "{said}"')
    if key is None:
        line("  not checked: a signature (give the log's public key with --key)")
    else:
        signed = signing_key_words(key, point.origin)
        line(f"  checked: the signature of the checkpoint with {signed}")
    if findings := missing_rows(tiled, missing):
        raise FindingsError(findings, "rows are missing for which nobody vouches")
