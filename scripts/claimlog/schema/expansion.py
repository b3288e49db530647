"""Schema files with what they take from each other and from the code lists written out.

``claimlog schemas`` checks that the files on disk are as `expanded` gives them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.limits import FILE_BYTES
from claimlog.schema.codebook import RETIRED
from claimlog.schema.config_files import COLUMN, shape_flaw
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import dump

Spec = dict[str, Any]


def expanded(definition: Definition) -> Iterator[tuple[str, str]]:
    """Yield every schema file, relative to the package, with the text that it should hold.

    Raises
    ------
    ClaimlogError
        If a schema takes from a column or code list that does not exist.
    """
    size = 0
    for folder, tables in (("schemas", definition.streams), ("schemas/tables", definition.tables)):
        for table in tables.values():
            # tables hold older rows too, with codes that are retired since
            fields = [
                _expand(definition, item, folder != "schemas") for item in table.spec["fields"]
            ]
            text = dump({**table.spec, "fields": fields})
            size = max(size, len(text))
            if size > FILE_BYTES:  # a long code list in many columns
                raise ClaimlogError(
                    f"schemas: {table.name} would have more than {FILE_BYTES:,} bytes with its "
                    "code lists written out; shorten them"
                )
            yield f"{folder}/{table.name}.json", text


def _expand(definition: Definition, spec: Spec, all_codes: bool, way: tuple[str, ...] = ()) -> Spec:
    if "from" in spec:
        spec = _follow(definition, spec, all_codes, way)
    if "codelist" in spec:
        enum = _codes(definition, spec["codelist"], all_codes)
        spec = {**spec, "constraints": {**spec.get("constraints", {}), "enum": enum}}
    if "fields" in spec.get("items", {}):
        fields = [_expand(definition, item, all_codes) for item in spec["items"]["fields"]]
        spec = {**spec, "items": {**spec["items"], "fields": fields}}
    return spec


def _follow(definition: Definition, spec: Spec, all_codes: bool, way: tuple[str, ...]) -> Spec:
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
    own |= {key: spec[key] for key in ("override", "derivedFrom") if key in spec}
    home = _expand(definition, home, all_codes, (*way, spec["from"]))
    limits = home.get("constraints", {})
    if all_codes and limits.get("required") and not _was_always_required(definition, stream, name):
        # tables hold older rows too, in which it may be empty
        home = {**home, "constraints": {k: v for k, v in limits.items() if k != "required"}}
    whole = {**home, **own}
    if flaw := shape_flaw(whole, COLUMN):
        raise ClaimlogError(f"schemas: {spec['name']} from {spec['from']}: {flaw}; mend it")
    return whole


def _was_always_required(definition: Definition, stream: str, name: str) -> bool:
    """Whether a column is required of the rows of every version of a stream."""
    versions = [version for of, version in definition.earlier if of == stream]
    schemas = [definition.judging_schema(stream, version) for version in versions]
    schemas.append(definition.streams[stream])
    return all(name in schema.names and schema.by_name[name].required for schema in schemas)


def _codes(definition: Definition, name: str, all_codes: bool) -> list[str]:
    if name not in definition.codebook.codes:
        raise ClaimlogError(
            f"schemas/codebook/codes/{name}.csv: no such code list; add it or mend the name"
        )
    rows = definition.codebook.codes[name]
    return [row["code"] for row in rows if all_codes or not row[RETIRED]]
