"""A table of the codes that the first claims of a new dataset need, read from the template."""

from __future__ import annotations

import csv

from claimlog.log.event_log import Log
from claimlog.start.template_files import template_schemas
from workshop.docs.markdown_table import markdown_table

CODELISTS = {
    "voice": "`voice`",
    "anonymity": "`anonymity` of a speaker",
    "modality": "`modality`",
    "actor_type": "`--actor-type`",
}
"""Code lists, and what the page calls the column that has their codes."""


def template_codes(_: Log) -> str:
    """Return the codes of new packages in a table, each with its definition."""
    schemas = template_schemas()
    rows = []
    for name, label in CODELISTS.items():
        lines = schemas[f"schemas/codebook/codes/{name}.csv"].decode("utf-8").splitlines()
        for place, row in enumerate(csv.DictReader(lines)):
            rows.append((label if place == 0 else "", f"`{row['code']}`", row["definition"]))
    return markdown_table(("column", "code", "when"), rows)
