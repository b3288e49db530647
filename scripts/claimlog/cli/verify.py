"""The command `verify`: check texts, a copy of a release, or a proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click

from claimlog.cli.base import (
    Context,
    example,
    limits_option,
    load_texts,
    pass_context,
    refuse_options,
    texts_option,
)
from claimlog.cli.output import line, lines
from claimlog.cli.validation import print_summary, validate_log
from claimlog.errors import UsageError
from claimlog.package import Package

T = TypeVar("T")


@click.command(
    epilog=example(
        "claimlog verify --texts ../texts",
        "claimlog verify --copy S004=another-copy.txt --texts ../texts",
        "claimlog verify dist/allied-trust-0.2.0.zip --key maintainers.pem",
        "claimlog verify --proof proof.json",
        "claimlog verify --proof C004-017.tlog-proof --key maintainers.pem",
    )
)
@click.argument("release", required=False, type=click.Path(path_type=Path))
@texts_option
@click.option(
    "--copy",
    "copies",
    multiple=True,
    metavar="SOURCE=FILE",
    help="Find a source's claims in another copy of its text: aligned with the coded text where "
    "--texts has it, by the hashes of their words elsewhere.",
)
@click.option("--json", "json_out", is_flag=True, help="With --copy: print JSON.")
@click.option("--partial", is_flag=True, help="Accept that some texts are absent.")
@click.option("--key", type=click.Path(path_type=Path), help="Public key that signed it.")
@click.option(
    "--alone", is_flag=True, help="Hold a release or proof against nothing of the checkout here."
)
@limits_option("verifying a release")
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
    json_out: bool,
    partial: bool,
    key: Path | None,
    alone: bool,
    limits: float,
    proof: Path | None,
    roots: tuple[str, ...],
) -> int:
    """Check every claim against the texts; or a copy of a RELEASE (directory or zip); or a proof.

    The open batch is checked with the claims, and said to be no part of the log yet.

    Exit status 1 if an anchor is wrong or unchecked, if a claim is not found in a copy, or if the
    release or the proof does not hold.
    """
    from claimlog.release.kept_roots import parse_kept_roots

    kept = parse_kept_roots(roots)
    if release is not None:
        refuse_options("a RELEASE", "texts", "copies", "partial", "proof", "json_out")
        return verify_release(context, release, key, alone, limits, kept)
    if proof is not None:
        refuse_options("--proof", "texts", "copies", "partial", "limits", "json_out")
        return verify_proof(context, proof, kept, alone, key)
    if texts is None and not copies:
        refuse_options("no RELEASE and no --proof", "roots", "key", "alone", "limits")
        raise UsageError(
            "name the texts (--texts DIR, or --copy SOURCE=FILE for another copy), the directory "
            "or zip of a release, or a --proof"
        )
    if copies:
        from claimlog.cli.copies import verify_copies

        refuse_options("--copy", "partial", "roots", "key", "alone", "limits")
        return verify_copies(context, copies, texts, json_out)
    refuse_options("--texts", "json_out", "roots", "key", "alone", "limits")
    assert texts is not None
    statuses = verify_log(context, texts, partial), verify_open_batch(context, texts, partial)
    return max(statuses)


def verify_log(context: Context, texts: Path, partial: bool) -> int:
    """Check the sealed log and every anchor in it, and print what was found."""
    report = validate_log(context, texts)
    lines(report.findings)
    print_summary(report)
    tally = report.tallies["quote-hash"]
    if report.error_count:
        return 1
    line(f"{tally.checked} of {tally.checked + tally.skipped} anchors checked, all exact")
    if tally.skipped and not partial:
        line(f"{tally.note}; supply them, or accept their absence with --partial", err=True)
        return 1
    return 0 if tally.checked else 1


def verify_open_batch(context: Context, texts: Path, partial: bool) -> int:
    """Check the open batch, if there is one, and say that it is open and what was found."""
    from claimlog.edit.open_batch_check import verify_open

    supplied = load_texts(texts)
    verdict = verify_open(context.package, supplied) if supplied else None
    if verdict is None:
        return 0
    lines(verdict.findings)
    line((str(verdict), "red" if verdict.findings else "yellow"))
    is_whole = partial or verdict.checked == verdict.anchors
    return 1 if verdict.findings or not is_whole else 0


def verify_release(
    context: Context,
    target: Path,
    key: Path | None = None,
    alone: bool = False,
    limits: float = 1,
    kept_roots: Mapping[int, str] | None = None,
) -> int:
    """Verify a copy of a release; print what was checked and what is wrong with it.

    Parameters
    ----------
    kept_roots
        Roots that the user kept, by size of the tree; the log of the release must have them.
    """
    from claimlog.log.release_index import read_index
    from claimlog.release.authenticity import index_doubt
    from claimlog.release.verify_process import verify_in_process

    index = None if alone else _from_checkout(context, read_index)
    place = "" if index is None else str(context.package.root.resolve())
    doubt = None if index is None or context.is_named else index_doubt(context.package, target)
    verdict = verify_in_process(
        *(target, None if doubt else index, key, limits, place, kept_roots),
        site_program="claimlog.site.files.redraw",
    )
    if doubt:
        verdict.omissions.append(
            f"against the index of {place}, {doubt}; if that is you, or somebody you trust, "
            "name it: claimlog --package DIR verify"
        )
    lines(verdict.findings)
    lines([f"  checked: {item}" for item in verdict.checks])
    lines([f"  not checked: {item}" for item in verdict.omissions])
    if index is None:
        line("  not checked: against an index of releases (no checkout was used)")
    if key is None:
        line("  not checked: a signature (give the maintainers' public key with --key)")
    colour = "red" if verdict.findings else "green" if verdict.vouchers else "yellow"
    line((verdict.sentence, colour))
    return 1 if verdict.findings else 0


def _from_checkout(context: Context, load: Callable[[Package], T]) -> T | None:
    """Return what `load` reads of the checkout here; None where there is none."""
    try:
        return load(context.package)
    except UsageError:
        return None


def verify_proof(
    context: Context,
    path: Path,
    kept_roots: Mapping[int, str],
    alone: bool = False,
    key: Path | None = None,
) -> int:
    """Check a proof against the roots that the user kept and those of the log here."""
    from claimlog.log.read_log import read
    from claimlog.release.kept_roots import merged_roots
    from claimlog.release.prove import check_proof
    from claimlog.release.tlog_proof import check_tlog_proof, is_tlog_proof

    def roots(package: Package) -> dict[int, str]:
        return {size: root.hex() for size, root in read(package).trees}

    own_roots = (None if alone else _from_checkout(context, roots)) or {}
    known_roots = merged_roots(kept_roots, own_roots)
    place = str(context.package.root.resolve()) if own_roots else ""
    if is_tlog_proof(path):
        line(check_tlog_proof(path, key, known_roots, [*kept_roots], place))
        return 0
    refuse_options("a proof that is no .tlog-proof", "key")
    line(check_proof(path, known_roots, kept_roots, place))
    return 0
