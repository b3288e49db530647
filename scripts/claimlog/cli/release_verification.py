"""Verifying a copy of a release, or a proof, and printing the verdict: verify, release."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from claimlog.cli.base import Context
from claimlog.cli.output import line, lines
from claimlog.errors import ClaimlogError, UsageError
from claimlog.package import Package

T = TypeVar("T")


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
    from claimlog.release.sandbox import verify_in_sandbox

    index = None if alone else _from_checkout(context, read_index)
    place = "" if index is None else str(context.package.root.resolve())
    doubt = None if index is None or context.is_named else _doubt(context.package, target)
    verdict = verify_in_sandbox(target, None if doubt else index, key, limits, place, kept_roots)
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


def _doubt(package: Package, target: Path) -> str | None:
    """Say why the index of a package that nobody named does not vouch for a copy, or return None.

    Whoever made a checkout chose what lies beside the package, and where its links lead: also
    around a submodule. Without git nothing says where what they made ends.
    """
    from claimlog.checkout import Checkout

    top = Checkout.outermost(package)
    if top is None:
        return "which is no git checkout, so that it may have come with this copy from one hand"
    tops = (top.absolute(), top.resolve())
    # `resolve` would follow links, and `..` may lead out of where this is run
    path = Path(os.path.abspath(target))  # noqa: PTH100
    ways = (path, target.resolve(), *(parent.resolve() for parent in path.parents))
    if any(way.is_relative_to(it) for way in ways for it in tops):
        return "which holds this copy: whoever made the one made the other"
    return None


def _from_checkout(context: Context, load: Callable[[Package], T]) -> T | None:
    """Return what `load` reads of the checkout here; None where there is none."""
    try:
        return load(context.package)
    except UsageError:
        return None


def verify_proof(
    context: Context, path: Path, kept_roots: Mapping[int, str], alone: bool = False
) -> int:
    """Check a proof against the roots that the user kept and those of the log here."""
    from claimlog.log.read_log import read
    from claimlog.release.prove import check_proof

    def roots(package: Package) -> dict[int, str]:
        return {size: root.hex() for size, root in read(package).trees}

    own_roots = (None if alone else _from_checkout(context, roots)) or {}
    for size, root in kept_roots.items():
        if own_roots.get(size, root) != root:
            raise ClaimlogError(
                f"--root {size}:{root[:16]}…: the log here has another root of {size} rows, "
                f"{own_roots[size][:16]}…: one of the two was rewritten"
            )
    place = str(context.package.root.resolve()) if own_roots else ""
    line(check_proof(path, {**own_roots, **kept_roots}, kept_roots, place))
    return 0


def parse_kept_roots(values: Sequence[str]) -> dict[int, str]:
    """Parse the roots that a user kept, each given as 2485:33567e…, by size of the tree.

    Raises
    ------
    UsageError
        If one has another form, or two are of one size.
    """
    kept_roots: dict[int, str] = {}
    for text in values:
        size, _, root = text.partition(":")
        if not re.fullmatch("[0-9]{1,15}", size) or not re.fullmatch("[0-9a-f]{64}", root):
            raise UsageError(
                f"--root {text[:80]}: expected SIZE:ROOT, the root as 64 digits of hex"
            )
        if kept_roots.setdefault(int(size), root) != root:
            raise UsageError(f"--root {text[:80]}: two roots of {int(size)} rows; give one of them")
    return kept_roots
