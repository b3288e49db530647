"""Generated files of the package itself, which repeat its schemas, rules and index of releases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from claimlog.errors import ClaimlogError, reason
from claimlog.log.release_index import read_index
from claimlog.package import Package
from claimlog.release.coding_manual import PAGE, coding_manual
from claimlog.release.descriptors import citation_cff
from claimlog.release.metadata import entry_metadata
from claimlog.schema.definition import read_definition
from claimlog.schema.expansion import expanded_schemas
from claimlog.schema.stale_schemas import REMEDY
from claimlog.validate.report import RULES_FILE, rules_text

CITATION = "CITATION.cff"


def generated_package_files(package: Package) -> Iterator[tuple[Path, str]]:
    """Yield every generated file with the text that it should hold.

    These are the schemas with what they take from each other and from the code lists, the rules of
    the code, and where they exist the coder's manual and CITATION.cff (of the last release).
    """
    definition = read_definition(package)
    for name, text in expanded_schemas(definition):
        yield package.root / name, text
    if (rules := package.schemas / RULES_FILE).is_file():
        yield rules, rules_text()
    manual = package.root / PAGE
    if manual.is_file():
        yield manual, coding_manual(definition)
    cited = package.root / CITATION
    if cited.is_file() and (index := read_index(package)):
        yield cited, citation_cff.describe(entry_metadata(definition, index[-1])).decode()


def stale_files(package: Package) -> Iterator[tuple[Path, str, str]]:
    """Yield the generated files that are not as they should be: path, its text, the right text."""
    for path, text in generated_package_files(package):
        data = package.document_bytes(path) if os.path.lexists(path) else b""
        if data != text.encode("utf-8"):  # one that is no text is stale too
            yield path, data.decode("utf-8", "replace"), text


def refresh_generated_files(package: Package, completed: str) -> list[str]:
    """Write the generated files that are stale; return their names.

    The caller holds the lock of the log, so that the definition that they repeat is the present
    one.

    Parameters
    ----------
    completed
        What the command has done already and stays done if this fails, for the message.

    Raises
    ------
    ClaimlogError
        If a file cannot be made or written.
    """
    names = []
    try:
        for path, _, text in stale_files(package):
            package.write(path, text.encode("utf-8"))
            names.append(package.relative(path))
    except OSError as error:
        raise ClaimlogError(
            f"{completed}, but a generated file cannot be written ({reason(error)}); {REMEDY}"
        ) from error
    except ClaimlogError as error:
        raise type(error)(f"{completed}, but {error}; mend that and {REMEDY}") from error
    return names
