"""Whether what the site says of measures and their takers fits the package's tables."""

from __future__ import annotations

from collections.abc import Mapping

from claimlog.schema.registers import registers_of
from claimlog.schema.site_config import Presentation
from claimlog.schema.table_schema import Table

ACTORS = "actors"


def takers_flaw(presentation: Presentation, streams: Mapping[str, Table]) -> str | None:
    """Say why a package's register cannot say who takes a measure, or return None.

    What speaks of columns that claims do not have is left out elsewhere, and is no flaw.
    """
    measures, claims = presentation.measures or {}, streams["claims"]
    column = measures.get("register")
    if column not in claims.by_name:
        return None
    register = {key.column: key.table for key in claims.foreign_keys}.get(column)
    if register is None or not registers_of((register,)):
        return f"measures: {column} refers to no register; name a column of claims that does"
    takers = streams[register].by_name.get(measures["takers"])
    if takers is None or takers.item is None or takers.item.references != ACTORS:
        return (
            f"measures: {measures['takers']} is no list of actors in schemas/{register}.json; "
            "name the one that holds who takes a measure"
        )
    account = claims.by_name.get(measures.get("account", ""))
    if account is not None and account.codelist and measures["own"] not in (account.enum or ()):
        return f"measures: {measures['own']} is no code of {account.name}; name one of its codes"
    return None


def kinds_flaw(presentation: Presentation, claims: Table) -> str | None:
    """Say which kind of measure the site groups that there is not, or return None."""
    measures = presentation.measures or {}
    column = claims.by_name.get(measures.get("measure", ""))
    if column is None or column.enum is None:
        return None
    for group in measures.get("groups", ()):
        for code in group["in"]:
            if code not in column.enum:
                return f"measures: {code} is no code of {column.name}; name one of its codes"
    return None
