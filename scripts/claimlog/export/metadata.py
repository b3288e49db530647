"""Datasette's metadata, counts and canned queries, projected from the schemas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from claimlog.escaping import web_address
from claimlog.export.queries import available_queries
from claimlog.log.column_beginnings import AddedColumns
from claimlog.schema.definition import Definition
from claimlog.schema.register_config import references_of, register_configs
from claimlog.schema.table_schema import Field, Table, coded_columns, measured_columns

HEAD_KEYS = (
    *("name", "title", "description", "version", "id", "homepage", "created", "keywords"),
    *("licenses", "contributors"),
)
"""What pages say of the package by its descriptor; it may hold anything else."""

PAGE_CELLS = 560
"""Cells of a table that Datasette shows at once: to draw more takes longer than to find them."""

PAGE_ROWS = 20
"""Rows that it shows at once of a table that is not too wide for it."""


def datasette_metadata(
    definition: Definition,
    state: Mapping[str, Any],
    paged_releases: Sequence[str] = (),
    added: Mapping[str, AddedColumns] | None = None,
) -> dict[str, Any]:
    """Return Datasette's metadata for a build.

    Parameters
    ----------
    state
        The part of the log that was folded.
    paged_releases
        Versions of the releases whose archives hold their pages, so that citations can say so.
    added
        By stream, the columns that its first rows did not have, and the first batch that has each.
    """
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
                "head": {key: about[key] for key in HEAD_KEYS if key in about},
                "codebook_version": definition.codebook.version,
                "tree_size": state["tree_size"],
                "root": state["root"],
                "coders": state.get("coders", []),
                **({"taken_down": state["taken_down"]} if "taken_down" in state else {}),
                "paged_releases": [*paged_releases],
                "presentation": definition.presentation.limited_to(
                    coded_columns(definition.tables["claims"]),
                    definition.tables["codings"].names,
                    measured_columns(definition.tables["claims"]),
                ).as_json(),
                **({"added_columns": added} if added else {}),
                **(
                    {"retired_columns": retired}
                    if (retired := _retired_columns(definition))
                    else {}
                ),
                "claim_references": references_of(definition.streams["claims"]),
                **({"registers": register_configs(definition)} if definition.registers else {}),
            }
        },
        "databases": {
            about["name"]: {
                "title": about["title"],
                "description": about["description"],
                **common,
                "tables": {table.name: _table(table) for table in definition.tables.values()},
                "queries": {
                    name: {
                        "title": query.title,
                        "description": query.description,
                        "sql": query.sql,
                        "hide_sql": True,
                    }
                    for name, query in available_queries(definition).items()
                },
            }
        },
    }


def _retired_columns(definition: Definition) -> dict[str, list[str]]:
    """Return, by stream, the columns that new rows leave empty because they are retired."""
    found = {
        name: [item.name for item in stream.fields if item.retired]
        for name, stream in definition.streams.items()
    }
    return {name: columns for name, columns in found.items() if columns}


def _table(table: Table) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "title": table.title,
        "description": table.description,
        "columns": {item.name: column_description(item) for item in table.fields},
        "facets": [
            {"array": name} if table.by_name[name].type == "array" else name
            for name in table.spec.get("facets", ())
        ],
    }
    for key in ("sort", "sort_desc"):
        if key in table.spec:
            entry[key] = table.spec[key]
    if len(table.fields) * PAGE_ROWS > PAGE_CELLS:
        entry["size"] = PAGE_CELLS // len(table.fields)
    if table.spec.get("hidden"):
        entry["hidden"] = True
    if "label" in table.spec:
        entry["label_column"] = table.spec["label"]
    if "search" in table.spec:
        entry |= {"fts_table": f"{table.name}_fts", "fts_pk": "rowid"}
    return entry


def column_description(item: Field) -> str:
    """Return a column's description with its unit and code list."""
    parts = [item.description]
    if item.unit:
        parts.append(f"Unit: {item.unit}.")
    if item.codelist:
        parts.append(f"Codes: {item.codelist} in the table codebook.")
    return " ".join(parts)


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
