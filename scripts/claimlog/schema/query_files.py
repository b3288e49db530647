"""The files of a package's canned queries, as they are: ``schemas/queries/NAME.sql``."""

from __future__ import annotations

from collections.abc import Mapping

from claimlog.errors import ClaimlogError
from claimlog.limits import QUERIES
from claimlog.package import Package
from claimlog.schema.flaws import name_flaw

FOLDER = "schemas/queries"


def read_query_files(package: Package) -> Mapping[str, str]:
    """Return the text of each query of a package by the name of its file; it may have none.

    Raises
    ------
    ClaimlogError
        If there are too many, or one cannot be read or has no name that an address can have.
    """
    paths = sorted((package.root / FOLDER).glob("*.sql"))
    if len(paths) > QUERIES:
        raise ClaimlogError(f"{FOLDER}: holds more than {QUERIES} queries; take some out")
    for path in paths:
        if flaw := name_flaw(path.stem, "a query"):
            raise ClaimlogError(f"{FOLDER}: {flaw}; rename the file")
    return {f"{FOLDER}/{path.name}": package.text(f"{FOLDER}/{path.name}") for path in paths}
