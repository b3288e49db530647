"""The codebook of another package as the first version of a new one: schemas, code lists, rules."""

from __future__ import annotations

import csv
import io
from typing import Any

from claimlog.package import Package
from claimlog.schema.definition import PAST, RULES, read_definition
from claimlog.schema.deprecations import FILE as DEPRECATIONS
from claimlog.schema.requirements import FILE as REQUIREMENTS
from claimlog.schema.requirements import SINCE
from claimlog.schema.table_schema import dump
from claimlog.schema.upcast_steps import FILE as UPCASTS
from claimlog.start.definition_texts import definition_files
from claimlog.validate.report import rules_text

ALWAYS, PRESENT = "constraints", "currentConstraints"
"""Properties of a column: what rows of every version meet, and what those of the present one do."""


def codebook_copy(package: Package) -> dict[str, bytes]:
    """Return the definition of a package as one that no row was written by yet, by path.

    Streams begin at version 1: there are no earlier versions, and what the present one demands, all
    rows must meet. Nothing else is taken away, retired columns and codes included, because tables,
    queries and pages may name them. What is no file of a definition stays behind.

    Raises
    ------
    ClaimlogError
        If a file cannot be read, or the definition is not as it must be.
    """
    streams = read_definition(package).streams
    found = {
        name: data
        for name, data in definition_files(package).items()
        if not name.startswith(f"{PAST}/")
    }
    for name in streams:
        place = f"schemas/{name}.json"
        found[place] = dump(_first_version(package.json(place))).encode()
    for name in (UPCASTS, DEPRECATIONS):
        if name in found:
            found[name] = found[name].partition(b"\n")[0] + b"\n"
    found[REQUIREMENTS] = _without_since(found[REQUIREMENTS])
    if RULES in found:
        found[RULES] = rules_text().encode()
    return found


def _first_version(spec: dict[str, Any]) -> dict[str, Any]:
    fields = [_demanding_always(field) for field in spec["fields"]]
    return {**spec, "schemaVersion": 1, "fields": fields}


def _demanding_always(field: dict[str, Any]) -> dict[str, Any]:
    """Return a column, or key of a list, that asks of all rows what it asks of present ones."""
    limits = {**field.get(ALWAYS, {}), **field.get(PRESENT, {})}
    whole = {key: value for key, value in field.items() if key not in (ALWAYS, PRESENT)}
    if limits:
        whole[ALWAYS] = limits
    items = whole.get("items")
    if isinstance(items, dict) and "fields" in items:
        parts = [_demanding_always(part) for part in items["fields"]]
        whole["items"] = {**items, "fields": parts}
    return whole


def _without_since(data: bytes) -> bytes:
    """Return the requirements without the versions from which on they hold."""
    head, *rows = csv.reader(io.StringIO(data.decode()))
    width = len(head) - (head[-1] == SINCE)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(row[:width] for row in (head, *rows))
    return text.getvalue().encode()
