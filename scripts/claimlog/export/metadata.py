"""Datasette's metadata, counts and canned queries, projected from the schemas."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.escaping import web_address
from claimlog.export.acts import ACT, MARK
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Field, Table

CELLS = 560
"""Cells of a table that Datasette shows at once: to draw more takes longer than to find them."""

ROWS = 20
"""Rows that it shows at once of a table that is not too wide for it."""

HEADER = re.compile(r"-- (?P<key>title|description): (?P<value>.+)")


def metadata(definition: Definition, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return Datasette's metadata for a build."""
    about = definition.descriptor
    licence = about["licenses"][0]
    common = {
        "license": licence["title"],
        "source": f"{about['name']} {about['version']}, log of {state['tree_size']} events",
    }
    # Datasette makes links of what it finds under these names
    for name, value in (("license_url", licence["path"]), ("source_url", about.get("homepage"))):
        if address := web_address(value):
            common[name] = address
    return {
        "title": about["title"],
        "description": about["description"],
        **common,
        "plugins": {
            "claimlog": {
                "head": {key: about[key] for key in about if key != "resources"},
                "codebook_version": definition.codebook.version,
                "tree_size": state["tree_size"],
                "root": state["root"],
            }
        },
        "databases": {
            about["name"]: {
                "title": about["title"],
                "description": about["description"],
                **common,
                "tables": {table.name: _table(table) for table in definition.tables.values()},
                "queries": queries(),
            }
        },
    }


def _table(table: Table) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "title": table.title,
        "description": table.description,
        "columns": {item.name: describe(item) for item in table.fields},
        "facets": [
            {"array": name} if table.by_name[name].type == "array" else name
            for name in table.spec.get("facets", ())
        ],
    }
    for key in ("sort", "sort_desc"):
        if key in table.spec:
            shown[key] = table.spec[key]
    if len(table.fields) * ROWS > CELLS:
        shown["size"] = CELLS // len(table.fields)
    if table.spec.get("hidden"):
        shown["hidden"] = True
    if "label" in table.spec:
        shown["label_column"] = table.spec["label"]
    if "search" in table.spec:
        shown |= {"fts_table": f"{table.name}_fts", "fts_pk": "rowid"}
    return shown


def describe(item: Field) -> str:
    """Return a column's description with its unit and code list."""
    parts = [item.description]
    if item.unit:
        parts.append(f"Unit: {item.unit}.")
    if item.codelist:
        parts.append(f"Codes: {item.codelist} in the table codebook.")
    return " ".join(parts)


def queries() -> dict[str, dict[str, Any]]:
    """Return the canned queries by name: one SQL file each, its title and description on top.

    Raises
    ------
    ClaimlogError
        If a file has no title or description.
    """
    found = {}
    folder = files("claimlog.export") / "queries"
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if not path.name.endswith(".sql"):
            continue
        text = path.read_text(encoding="utf-8")
        heads = {m["key"]: m["value"] for line in text.splitlines() if (m := HEADER.match(line))}
        if set(heads) != {"title", "description"}:
            raise ClaimlogError(f"{path.name}: needs one '-- title:' and one '-- description:'")
        sql = "\n".join(line for line in text.splitlines() if not line.startswith("-- "))
        sql = sql.strip().replace(MARK, ACT)
        found[path.name.removesuffix(".sql")] = {**heads, "sql": sql, "hide_sql": True}
    return found


def inspect_data(descriptor: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``datasette inspect`` would, from a build's descriptor: hash, size and counts."""
    resources = descriptor["resources"]
    database = next(resource for resource in resources if resource["name"] == "database")
    counts = {r["name"]: {"count": r["rows"]} for r in resources if "rows" in r}
    return {
        descriptor["name"]: {
            "hash": database["hash"].removeprefix("sha256:"),
            "size": database["bytes"],
            "file": database["path"],
            "tables": counts,
        }
    }
