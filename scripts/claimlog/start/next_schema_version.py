"""Beginning the next version of a stream's schema: what was so far is kept beside it."""

from __future__ import annotations

import re
from pathlib import Path

from claimlog.checkout import Checkout
from claimlog.errors import ClaimlogError
from claimlog.git import CheckoutError
from claimlog.package import Package
from claimlog.schema.definition import PAST
from claimlog.schema.table_schema import dump
from claimlog.untrusted_files import parse_json

NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")


def begin_next_version(package: Package, stream: str) -> list[str]:
    """Copy the schema of a stream to ``schemas/past/``, raise its version, and return what to do.

    It goes on where it was cut off.

    Raises
    ------
    ClaimlogError
        If there is no such stream, its schema was changed since the last commit, or the place of
        the copy holds something else.
    """
    path = package.schemas / f"{stream}.json"
    shown = package.relative(path)
    if not NAME.fullmatch(stream) or not path.is_file():
        raise ClaimlogError(f"schemas: no stream is called {stream[:60]!r}; name one, as claims")
    text = package.document(path)
    schema = parse_json(text.encode("utf-8"), shown)
    version = schema.get("schemaVersion")
    if not isinstance(version, int):
        raise ClaimlogError(f"{shown}: has no schemaVersion; restore it from git")
    _require_committed(package, path, text)
    copy = package.root / PAST / f"{stream}.{version}.json"
    if copy.exists() and package.document(copy) != text:
        raise ClaimlogError(
            f"{package.relative(copy)}: is there already, and is not {shown}; restore both from git"
        )
    if not copy.exists():
        copy.parent.mkdir(exist_ok=True)
        package.write(copy, text.encode("utf-8"))
    raised, count = re.subn(rf'("schemaVersion"\s*:\s*){version}\b', rf"\g<1>{version + 1}", text)
    if count != 1:
        raised = dump({**schema, "schemaVersion": version + 1})
    package.write(path, raised.encode("utf-8"))
    return [
        f"wrote {package.relative(copy)}: what rows so far were written by",
        f"wrote {shown}: version {version + 1}; add columns to it now, each with a line in "
        f"schemas/upcasts.csv, as {stream},{version + 1},add,COLUMN,null",
    ]


def _require_committed(package: Package, path: Path, text: str) -> None:
    """Refuse a schema that was changed already: its old version would be the new one."""
    shown = package.relative(path)
    try:
        committed = Checkout.of(package).read("HEAD", shown)
    except CheckoutError:
        return
    if committed is not None and committed != text.encode("utf-8"):
        raise ClaimlogError(
            f"{shown}: was changed since the last commit; its next version begins with the one "
            f"that rows have: set the change aside (git stash push {shown}), begin the version, "
            "and make the change again"
        )
