"""A stream whose lists hold every type of value, as those of a package of somebody else may."""

from __future__ import annotations

from typing import Any

from claimlog.schema.table_schema import Table

TYPES = ("number", "integer", "string", "boolean")
MEASURED = Table(
    "measured",
    {
        "fields": [
            {"name": "measured_id", "type": "string"},
            {"name": "number", "type": "number"},
            {"name": "numbers", "type": "array", "items": {"type": "number"}},
            {
                "name": "parts",
                "type": "array",
                "items": {"fields": [{"name": kind, "type": kind} for kind in TYPES]},
            },
        ]
    },
)


def measured_row(*numbers: float | None, **given: Any) -> dict[str, Any]:
    """Return a row with numbers wherever one can stand."""
    parts = [
        {"number": number, "integer": 3, "string": 'é"\u2028\n', "boolean": True}
        for number in numbers
    ]
    whole = [number for number in numbers if number is not None]
    row = {"measured_id": "M1", "number": numbers[0], "numbers": whole, "parts": parts}
    return {**row, **given}
