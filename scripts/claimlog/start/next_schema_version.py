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

    What is copied is the schema as it was last committed, so that columns may have been added
    since. It goes on where it was cut off.

    Raises
    ------
    ClaimlogError
        If there is no such stream, or the place of the copy holds something else.
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
    so_far = _committed(package, path, text, version)
    copy = package.root / PAST / f"{stream}.{version}.json"
    if copy.exists() and package.document(copy) != so_far:
        raise ClaimlogError(
            f"{package.relative(copy)}: is there already, and is not what {shown} was; restore "
            "both from git"
        )
    if not copy.exists():
        copy.parent.mkdir(exist_ok=True)
        package.write(copy, so_far.encode("utf-8"))
    raised, count = re.subn(rf'("schemaVersion"\s*:\s*){version}\b', rf"\g<1>{version + 1}", text)
    if count != 1:
        raised = dump({**schema, "schemaVersion": version + 1})
    package.write(path, raised.encode("utf-8"))
    return [
        f"wrote {package.relative(copy)}: what rows so far were written by",
        f"wrote {shown}: version {version + 1}; each column that it adds has a line in "
        f"schemas/upcasts.csv, as {stream},{version + 1},add,COLUMN,null; then run "
        "claimlog schemas --write",
    ]


def _committed(package: Package, path: Path, text: str, version: int) -> str:
    """Return the schema as the last commit has it, which may lack columns that it has by now.

    It is the present one where that commit has none, or has another version.
    """
    shown = package.relative(path)
    try:
        committed = Checkout.of(package).read("HEAD", shown)
        if committed and parse_json(committed, shown).get("schemaVersion") == version:
            return committed.decode("utf-8")
    except CheckoutError:
        pass
    return text
