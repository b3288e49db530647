"""Schema files with what they take from each other and from the code lists written out.

``claimlog schemas`` checks that the files on disk are as `expanded_schemas` gives them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from claimlog.errors import ClaimlogError
from claimlog.limits import FILE_BYTES
from claimlog.schema.codebook import RETIRED, Row
from claimlog.schema.flaws import schema_flaw
from claimlog.schema.json_schemas import COLUMN, shape_flaw
from claimlog.schema.registers import count_columns, lacks_counts, register_tables
from claimlog.schema.stream_columns import with_stream_columns
from claimlog.schema.table_schema import Table, Tables, dump

if TYPE_CHECKING:  # a definition is read with what is written out here
    from claimlog.schema.definition import Definition

Spec = dict[str, Any]
Codes = Mapping[str, list[Row]]


def expanded_schemas(definition: Definition) -> Iterator[tuple[str, str]]:
    """Yield every schema file, relative to the package, with the text that it should hold.

    Raises
    ------
    ClaimlogError
        If a schema takes from a column or code list that does not exist.
    """
    size = 0
    for folder, tables in (("schemas", definition.streams), ("schemas/tables", definition.tables)):
        for table in tables.values():
            fields = [
                _expand(definition, item, folder == "schemas") for item in table.spec["fields"]
            ]
            text = dump({**table.spec, "fields": fields})
            size = max(size, len(text))
            if size > FILE_BYTES:  # a long code list in many columns
                raise ClaimlogError(
                    f"schemas: {table.name} would have more than {FILE_BYTES:,} bytes with its "
                    "code lists written out; shorten them"
                )
            yield f"{folder}/{table.name}.json", text


def fill_codes(spec: Spec, codes: Codes, all_codes: bool) -> Spec:
    """Return a column of a stream with the codes of its lists that a row may have.

    Parameters
    ----------
    all_codes
        Whether retired codes count. Files list them, because older rows may have them.
    """
    if "codelist" in spec:
        place = _place_of_codes(spec)
        limits = spec.get(place, {})
        known = _code_names(codes, spec["codelist"], True)
        named = limits.get("enum") or known
        usable = set(known if all_codes else _code_names(codes, spec["codelist"], False))
        # a code that the file names and the list lacks is for `claimlog schemas` to find
        enum = [code for code in named if code in usable or code not in known]
        spec = {**spec, place: {**limits, "enum": enum}}
    if "fields" in spec.get("items", {}):
        fields = [fill_codes(item, codes, all_codes) for item in spec["items"]["fields"]]
        spec = {**spec, "items": {**spec["items"], "fields": fields}}
    return spec


def _place_of_codes(spec: Spec) -> str:
    """Return the constraints that a column's codes stand in: of all rows, or of present ones.

    A list that a column was given later holds for rows since then.
    """
    is_later = "enum" in spec.get("currentConstraints", {})
    return "currentConstraints" if is_later else "constraints"


def project_tables(definition: Definition) -> Tables:
    """Return the compiled tables with those of registers that have no file, in their order.

    Each has the columns of its stream that no table repeats yet.

    Raises
    ------
    ClaimlogError
        If a column of a stream cannot be one of its table.
    """
    tables = [*definition.tables.values(), *_without_file(definition)]
    repeated = {item.get("from") for table in tables for item in table.spec["fields"]}
    projected = [_project(definition, table, repeated) for table in tables]
    ordered = sorted(projected, key=lambda table: int(table.spec["order"]))
    return Tables((table.name, table) for table in ordered)


def _without_file(definition: Definition) -> Iterator[Table]:
    """Yield the tables of registers that ``schemas/tables/`` has no file for."""
    for table in register_tables(definition.streams):
        if table.name not in definition.tables:
            fields = [_expand(definition, item, False) for item in table.spec["fields"]]
            spec = {**table.spec, "fields": fields}
            if flaw := schema_flaw(spec, False):
                raise ClaimlogError(f"schemas: in the table {table.name}, {flaw}; mend it")
            yield Table(table.name, spec)


def _project(definition: Definition, table: Table, repeated: set[str | None]) -> Table:
    stream = table.spec.get("stream", table.name)
    if stream not in definition.streams:
        return table
    spec = with_stream_columns(table.spec, definition.streams[stream], repeated)
    if lacks_counts(table, definition.streams):
        spec = {**spec, "fields": [*spec["fields"], *count_columns()]}
    if spec is table.spec:
        return table
    fields = [
        item if item["name"] in table.names else _expand(definition, item, False)
        for item in spec["fields"]
    ]
    spec = {**spec, "fields": fields}
    if flaw := schema_flaw(spec, False):
        raise ClaimlogError(f"schemas/{stream}.json: in the table {table.name}, {flaw}; mend it")
    return Table(table.name, spec)


def _expand(definition: Definition, spec: Spec, in_stream: bool, way: tuple[str, ...] = ()) -> Spec:
    own_codes = "codelist" in (spec.get("override", {}) if "from" in spec else spec)
    if "from" in spec:
        spec = _follow(definition, spec, in_stream, way)
    if own_codes:
        enum = _code_names(definition.codebook.codes, spec["codelist"], True)
        place = _place_of_codes(spec)
        spec = {**spec, place: {**spec.get(place, {}), "enum": enum}}
    if "fields" in spec.get("items", {}):
        fields = [_expand(definition, item, in_stream) for item in spec["items"]["fields"]]
        spec = {**spec, "items": {**spec["items"], "fields": fields}}
    return spec


def _follow(definition: Definition, spec: Spec, in_stream: bool, way: tuple[str, ...]) -> Spec:
    if spec["from"] in way:
        raise ClaimlogError(
            f'schemas: "from" leads from {spec["from"]} back to itself; restore them from git'
        )
    stream, _, name = spec["from"].partition(".")
    home = next(
        (f for f in definition.streams[stream].spec["fields"] if f["name"] == name)
        if stream in definition.streams
        else iter(()),
        None,
    )
    if home is None:
        raise ClaimlogError(f'schemas: "from" names {spec["from"]}, which is no column of a stream')
    own = {"name": spec["name"], "from": spec["from"], **spec.get("override", {})}
    own |= {key: spec[key] for key in ("override", "derivedFrom", "lookup") if key in spec}
    home = dict(_expand(definition, home, in_stream, (*way, spec["from"])))
    # a table holds older rows too, and an override says all that is asked
    if not in_stream or "constraints" in spec.get("override", {}):
        home.pop("currentConstraints", None)
    whole = {**home, **own}
    if flaw := shape_flaw(whole, COLUMN):
        raise ClaimlogError(f"schemas: {spec['name']} from {spec['from']}: {flaw}; mend it")
    return whole


def _code_names(codes: Codes, name: str, all_codes: bool) -> list[str]:
    if name not in codes:
        raise ClaimlogError(
            f"schemas/codebook/codes/{name}.csv: no such code list; add it or mend the name"
        )
    return [row["code"] for row in codes[name] if all_codes or not row[RETIRED]]
