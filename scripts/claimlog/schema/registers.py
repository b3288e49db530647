"""Registers: the streams that a package adds to the required ones, and the tables that hold them.

A Table Schema with an ``entity`` in ``schemas/`` is a stream. One that is not required is a
register: rows of what the topic counts besides claims, with references between them and claims.
No code knows what it is about. Its rows are compiled to a table of its name, to one of all
versions, and to a junction table for each list of references. Where ``schemas/tables/`` has no
file for such a table, its schema is made here; ``claimlog schemas --write`` writes it out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from claimlog.schema.stream_columns import day_columns, own_word_columns, text_codes
from claimlog.schema.table_schema import ENVELOPE, REQUIRED_STREAMS, Field, Table

Spec = dict[str, Any]

ORDER, JUNCTION_ORDER, VERSIONS_ORDER = 900, 910, 920
"""Property ``order`` of tables that are made here; among those that agree, the name decides."""

MACHINERY_TABLES = frozenset(
    (
        *REQUIRED_STREAMS,
        *("actor_versions", "alliance_members", "attributions", "batches", "cell_changes"),
        *(
            "changes",
            "claim_actors",
            "claim_versions",
            "codebook",
            "codebook_decisions",
            "codebook_steps",
        ),
        *("codebook_variables", "coding_pairs", "coding_versions", "corroboration"),
        *("corroboration", "corroboration_claims", "data_dictionary", "events", "incident_actors"),
        *(
            "incident_versions",
            "link_agreement",
            "link_versions",
            "releases",
            "reliability",
            "source_furniture",
        ),
        *("source_lineage", "source_versions", "span_agreement"),
    )
)
"""Tables that every package may have, whatever its registers."""

SITE_PAGES = frozenset(
    ("disputes", "docs", "downloads", "facts", "feeds", "index", "origins", "quality", "search")
)
"""Pages of the site that would hide the list of a register; `measures` are shown as a matrix."""

SITE_FOLDERS = frozenset(("lookup", "queries", "site", "static"))
"""What a site of files has beside its pages: folders, and its mark, which would be the list's."""

MACHINERY_ENTITIES = frozenset(
    (
        *("alliance", "ally", "cited", "derived_from", "entity", "fact", "origin", "speaker"),
        *("state", "work"),
    )
)
"""Names with ``_id`` behind them that are columns of compiled tables and mean something else."""

LABELS = ("title", "name", "label")
"""Columns by which an entity is called, the first of them that there is."""

COUNTS = {
    "claims": ("Claims about it.", "claim"),
    "articles": ("Sources that make them.", "article"),
    "independent_origins": (
        "Distinct origins of these claims; those that rest on one another or on one work count "
        "once, unknown ones not at all.",
        "origin",
    ),
    "unknown_origins": ("Claims about it whose origin is unknown.", "claim"),
}
"""Columns of what claims refer to: who reports it. By name, description and unit."""

EVENT_ID: Spec = {
    "name": "event_id",
    "type": "string",
    "description": "Leaf hash of the event that made this state (RFC 9162): SHA-256 of 0x00 and "
    "the row's line, hex.",
    "constraints": {"required": True},
}
SPAN: tuple[Spec, ...] = (
    {
        "name": "valid_from_seq",
        "type": "integer",
        "description": "Position in the log at which this version begins to hold (0-based); also "
        "its own position.",
        "unit": "leaf index",
        "constraints": {"required": True},
    },
    {
        "name": "valid_to_seq",
        "type": "integer",
        "description": "Position at which the next version takes over; empty for the last one.",
        "unit": "leaf index",
    },
    {
        "name": "batch",
        "type": "integer",
        "description": "Batch that holds the row.",
        "unit": "batch",
        "constraints": {"required": True},
    },
)


@dataclass(frozen=True)
class Junction:
    """A table with a row for each reference in a list of references.

    Attributes
    ----------
    table
        Its name.
    stream, column
        Whose list it is.
    key, reference
        Its columns: who refers, and to what.
    target
        The stream that is referred to.
    """

    table: str
    stream: str
    column: str
    key: str
    reference: str
    target: str


def with_envelope(spec: Spec) -> Spec:
    """Return the schema of a stream with what it shares with all others, where it says none of it.

    So a register is declared by its own columns alone; ``claimlog schemas --write`` writes the rest
    out. A schema that has a column of the envelope must have all of them.
    """
    entity, fields = spec.get("entity"), spec.get("fields")
    if not isinstance(entity, str) or not isinstance(fields, list):
        return spec  # its shape is found to be wrong elsewhere
    names = {str(field.get("name")) for field in fields if isinstance(field, dict)}
    if names & {*ENVELOPE}:
        return spec
    identifier = f"{entity}_id"
    shared: list[Spec] = [
        {"name": name, "type": kind, "from": f"claims.{name}"} for name, kind in ENVELOPE.items()
    ]
    shared[0]["codelist"] = "action"
    if identifier not in names:
        shared.append(
            {
                "name": identifier,
                "type": "string",
                "description": f"Identifier of the {entity}; it never changes.",
                "constraints": {"required": True, "pattern": "^[a-z][a-z0-9-]*$"},
            }
        )
    rest = {"schemaVersion": 1, "primaryKey": [identifier, "version"], "missingValues": []}
    return {**rest, **spec, "fields": [*fields, *shared]}


def registers_of(streams: Iterable[str]) -> tuple[str, ...]:
    """Return the registers among streams, in their order."""
    return tuple(name for name in streams if name not in REQUIRED_STREAMS)


def label_column(table: Table) -> str | None:
    """Return the column by which a stream's entities are called."""
    return next((name for name in LABELS if name in table.by_name), None)


def junctions_of(streams: Mapping[str, Table]) -> tuple[Junction, ...]:
    """Return the junction tables: of every list by which a register refers or is referred to."""
    return tuple(
        _junction(table, item, streams[item.item.references])
        for name, table in streams.items()
        for item in table.fields
        if item.item is not None
        and item.item.references
        and registers_of((name, item.item.references))
    )


def _junction(table: Table, item: Field, target: Table) -> Junction:
    reference = target.id if target.id != table.id else f"other_{target.id}"
    name = f"{table.entity}_{item.name}"
    return Junction(name, table.name, item.name, table.id, reference, target.name)


def referring_columns(claims: Table, streams: Mapping[str, Table]) -> dict[str, tuple[Field, ...]]:
    """Return the columns of claims that refer to incidents or registers, by what they refer to.

    Parameters
    ----------
    claims
        The stream of the claims, or the table of those that are live.
    """
    found: dict[str, list[Field]] = {}
    keys = {key.column: key.table for key in streams["claims"].foreign_keys}
    for item in claims.fields:
        target = item.item.references if item.item is not None else keys.get(item.name)
        if target == "incidents" or (target and registers_of((target,))):
            found.setdefault(target, []).append(item)
    return {name: tuple(columns) for name, columns in found.items()}


def compiled_tables(streams: Mapping[str, Table]) -> dict[str, list[str]]:
    """Return the names of the tables that each stream is compiled to, those of its lists included.

    Tables of required streams that are computed otherwise are left out.
    """
    names = {name: [name, f"{table.entity}_versions"] for name, table in streams.items()}
    for junction in junctions_of(streams):
        names[junction.stream].append(junction.table)
    return names


def register_flaw(
    table: Table, streams: Mapping[str, Table], own: Iterable[str], counts: Mapping[str, int]
) -> str | None:
    """Say why a stream cannot be a register beside the others, or return None.

    Parameters
    ----------
    own
        The names of its tables, as `compiled_tables` gives them.
    counts
        How many tables of all streams have a name.
    """
    name = table.name
    if name in MACHINERY_TABLES:
        return f'is a register by the name of another table, "{name}"; rename its file'
    if name in SITE_PAGES | SITE_FOLDERS:
        return (
            f'is a register by the name of a page or folder of the site, "/{name}"; rename its file'
        )
    others = {other.entity: other.name for other in streams.values() if other.name != name}
    if table.entity in others or table.entity in MACHINERY_ENTITIES:
        where = f"schemas/{others[table.entity]}.json" if table.entity in others else "the code"
        return f'has the entity "{table.entity}", which is one of {where}; call it otherwise'
    if clash := next((one for one in own if one in MACHINERY_TABLES or counts[one] > 1), None):
        return f'would have the table "{clash}", which is there already; rename what it is named by'
    return None


def dataset_name_flaw(name: str) -> str | None:
    """Say why a dataset cannot have a name, or return None: its tables lie at that address."""
    if name in SITE_PAGES | MACHINERY_TABLES | {"as-of", "measures"}:
        return f'"name" is {name}, the address of a page of the site, "/{name}"; name it otherwise'
    return None


def register_tables(streams: Mapping[str, Table]) -> Iterator[Table]:
    """Yield the tables of registers with columns that only name the one they repeat."""
    counted = referring_columns(streams["claims"], streams)
    junctions = junctions_of(streams)
    for name in registers_of(streams):
        yield Table(name, _current(streams[name], junctions, name in counted))
        yield Table(f"{streams[name].entity}_versions", _versions(streams[name]))
    for junction in junctions:
        yield Table(junction.table, _of_junction(junction, streams))


def _current(table: Table, junctions: Collection[Junction], is_counted: bool) -> Spec:
    """Return the table of a register's live rows."""
    unnested = [one.column for one in junctions if one.stream == table.name]
    left_out = {*ENVELOPE, *unnested}
    label = label_column(table)
    order = dict.fromkeys((table.id, *((label,) if label else ()), *table.names))
    shown = [table.by_name[name] for name in order if name not in left_out]
    dates = [item.name for item in shown if item.edtf]
    keys = [key for key in table.spec.get("foreignKeys", ()) if key["fields"][0] not in left_out]
    indexes = [key["fields"] for key in keys]
    searched = [*((label,) if label else ()), *own_word_columns(table.spec["fields"])]
    fields: list[Spec] = []
    for item in shown:
        fields += [
            _repeated_column(table, item.name),
            *(day_columns(item.name) if item.edtf else ()),
        ]
    if is_counted:
        fields += count_columns()
    fields += [_repeated_column(table, name) for name in ("version", "recorded_at", "recorded_by")]
    return {
        **_head(table.title, table.description, ORDER),
        **({"label": label} if label else {}),
        **({"search": [*dict.fromkeys(searched)]} if searched else {}),
        "facets": text_codes(table.spec["fields"]),
        **({"indexes": indexes} if indexes else {}),
        **({"sort": f"{dates[0]}_start"} if dates else {}),
        "fields": [*fields, EVENT_ID],
        "primaryKey": [table.id],
        "missingValues": [],
        **({"foreignKeys": keys} if keys else {}),
    }


def lacks_counts(table: Table, streams: Mapping[str, Table]) -> bool:
    """Whether a table is that of a register's live rows, claims refer to it, and none are counted.

    So it is where its schema was written out before claims had a column that refers to it.
    """
    return (
        table.name in registers_of(streams)
        and table.name in referring_columns(streams["claims"], streams)
        and not {*COUNTS}.intersection((*table.names, *streams[table.name].names))
    )


def count_columns() -> list[Spec]:
    """Return the columns of a register's table that count the claims about a row."""
    return [
        {
            "name": name,
            "type": "integer",
            "description": said,
            "unit": unit,
            "constraints": {"required": True},
        }
        for name, (said, unit) in COUNTS.items()
    ]


def _versions(table: Table) -> Spec:
    """Return the table of all versions of a register's rows."""
    title = f"Versions: {table.title[:1].lower()}{table.title[1:]}"
    said = (
        f"Every version of every row of {table.name}, tombstones included, with the span of the "
        "log in which each holds: the log itself as a table."
    )
    head = ("action", table.id, "version", "recorded_at", "recorded_by", "reason")
    return {
        **_head(title, said, VERSIONS_ORDER),
        "hidden": True,
        "facets": ["action", "batch"],
        "stream": table.name,
        "fields": [
            *(_repeated_column(table, name) for name in (*head, *table.content)),
            *SPAN,
            EVENT_ID,
        ],
        "primaryKey": [table.id, "version"],
        "missingValues": [],
        "foreignKeys": [_key("batch", "batches", "number")],
    }


def _of_junction(junction: Junction, streams: Mapping[str, Table]) -> Spec:
    """Return the table of the references in a list."""
    table, target = streams[junction.stream], streams[junction.target]
    title = f"{junction.column.replace('_', ' ').capitalize()} of {table.title.lower()}"
    column = table.by_name[junction.column]
    fields = [
        _repeated_column(table, table.id),
        {**_repeated_column(target, target.id), "name": junction.reference},
    ]
    return {
        **_head(title, column.description, JUNCTION_ORDER),
        "bridge": True,
        "indexes": [[junction.reference]],
        "fields": fields,
        "primaryKey": [junction.key, junction.reference],
        "missingValues": [],
        "foreignKeys": [
            _key(junction.key, table.name, table.id),
            _key(junction.reference, target.name, target.id),
        ],
    }


def _head(title: str, description: str, order: int) -> Spec:
    profile = "https://datapackage.org/profiles/2.0/tableschema.json"
    return {"$schema": profile, "title": title, "description": description, "order": order}


def _repeated_column(table: Table, name: str) -> Spec:
    return {"name": name, "type": table.by_name[name].type, "from": f"{table.name}.{name}"}


def _key(column: str, table: str, reference: str) -> Spec:
    return {"fields": [column], "reference": {"resource": table, "fields": [reference]}}
