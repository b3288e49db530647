"""Refusing to go on with schemas that do not repeat what they take from others."""

from __future__ import annotations

import os

from claimlog.errors import ClaimlogError
from claimlog.package import Package
from claimlog.schema.definition import Definition
from claimlog.schema.expansion import expanded_schemas

REMEDY = "run claimlog schemas --write"


def refuse_stale_schemas(package: Package, definition: Definition, then: str) -> None:
    """Refuse schemas that are not as `claimlog schemas --write` writes them.

    Parameters
    ----------
    then
        What is to be done once they are written.

    Raises
    ------
    ClaimlogError
        Naming the first file that is stale.
    """
    for name, text in expanded_schemas(definition):
        path = package.root / name
        if not os.path.lexists(path) or package.document(path) != text:
            raise ClaimlogError(f"{name}: is stale; {REMEDY}, {then}")
