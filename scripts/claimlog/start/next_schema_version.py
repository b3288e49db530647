"""Beginning the next version of a stream's schema: what was so far is kept beside it."""

from __future__ import annotations

import re

from claimlog.checkout import Checkout
from claimlog.edit.log_lock import package_lock
from claimlog.edit.write_together import write_together
from claimlog.errors import ClaimlogError
from claimlog.git import CheckoutError, NoCheckoutError, NoCommitError
from claimlog.package import Package
from claimlog.schema.definition import PAST
from claimlog.start.definition_texts import DefinitionTexts
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
    if not NAME.fullmatch(stream) or not path.is_file():
        raise ClaimlogError(f"schemas: no stream is called {stream[:60]!r}; name one, as claims")
    shown = schema_file(stream)
    with package_lock(package):
        texts = DefinitionTexts(package)
        so_far = _committed(package, texts.text(shown), shown)
        version = raise_schema_version(texts, stream, so_far)
        copy, _ = texts.edited
        write_together(package, {name: text.encode() for name, text in texts.edited.items()})
    return [
        f"wrote {copy}: what rows so far were written by",
        f"wrote {shown}: version {version}; each column that it adds has a line in "
        f"schemas/upcasts.csv, as {stream},{version},add,COLUMN,null; then run "
        "claimlog schemas --write",
    ]


def raise_schema_version(texts: DefinitionTexts, stream: str, so_far: str) -> int:
    """Begin the next version of a stream in the files of a definition; return its number.

    Parameters
    ----------
    so_far
        The schema that rows of the version so far were written by, which is kept.

    Raises
    ------
    ClaimlogError
        If the schema has no version, or the place of the copy holds something else.
    """
    shown = schema_file(stream)
    version = _version(texts.text(shown), shown)
    copy = f"{PAST}/{stream}.{version}.json"
    if texts.exists(copy) and texts.text(copy) != so_far:
        raise ClaimlogError(
            f"{copy}: is there already, and is not what {shown} was; restore both from git"
        )
    texts.put(copy, so_far, "what rows so far were written by")
    texts.put_value(shown, "schemaVersion", version + 1, f"version {version + 1}")
    return version + 1


def schema_file(stream: str) -> str:
    """Return the file of a stream's present schema."""
    return f"schemas/{stream}.json"


def _version(text: str, shown: str) -> int:
    version = parse_json(text.encode("utf-8"), shown).get("schemaVersion")
    if not isinstance(version, int):
        raise ClaimlogError(f"{shown}: has no schemaVersion; restore it from git")
    return version


def _committed(package: Package, text: str, shown: str) -> str:
    """Return the schema as the last commit has it, which may lack columns that it has by now.

    It is the present one where that commit has none, or has another version.
    """
    version = _version(text, shown)
    try:
        committed = Checkout.of(package).read("HEAD", shown)
        if committed and parse_json(committed, shown).get("schemaVersion") == version:
            return committed.decode("utf-8")
    except (NoCheckoutError, NoCommitError):
        pass
    except CheckoutError as error:
        raise ClaimlogError(
            f"{shown}: git does not say what was committed of it, as rows so far were written by "
            f"({error}); run this again once git answers here; nothing was written"
        ) from error
    return text
