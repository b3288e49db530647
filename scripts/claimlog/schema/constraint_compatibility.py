"""Whether the present constraints of a stream's schema hold for rows of its earlier versions too.

Any tool reads the files of a stream by its present Table Schema, those of older rows among them.
So ``constraints`` may ask of a column only what every version asked of it; what is asked of rows
of the present version alone stands in ``currentConstraints``, which other tools pass over.
"""

from __future__ import annotations

from typing import Any

from claimlog.schema.constraint_kinds import is_looser
from claimlog.schema.table_schema import Field, Table


def compatibility_flaw(now: Table, then: Table) -> str | None:
    """Say which constraint of a stream's schema rows of an earlier version need not meet, or None.

    Parameters
    ----------
    now, then
        The present schema of a stream and an earlier one, each under the column names of its time.
    """
    for spec in now.spec["fields"]:
        given = spec.get("constraints", {})
        for key, value in given.items():
            # a code list on disk has its retired codes too
            is_listed = key == "enum" and "codelist" in spec
            earlier = then.by_name.get(spec["name"])
            if not is_listed and value is not False and not _met(key, value, earlier):
                return (
                    f"{spec['name']}: its constraint {key} was not asked of rows of version "
                    f"{then.version}, and other tools ask it of every row of the files; move it "
                    'from "constraints" to "currentConstraints"'
                )
    return None


def _met(key: str, value: Any, earlier: Field | None) -> bool:
    """Whether a column that met the constraints of an earlier version meets this one."""
    if earlier is None:  # its rows do not have the column: for other tools it is empty
        return key != "required"
    if key not in earlier.constraints:
        return False
    return is_looser(key, value, earlier.constraints[key])
