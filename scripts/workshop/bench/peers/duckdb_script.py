"""The script that one would write instead: DuckDB reads and folds, sqlite3 writes the database.

It hashes nothing, checks nothing and writes no event ids. It gets the settings of our SQLite
writer, its indexes, and its full-text search, for the columns that it has.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import narwhals as nw

from claimlog.fold.claim_support import Links, support_of_linked
from claimlog.fold.corroboration import count_independent, ultimate_origins
from claimlog.package import Package
from claimlog.schema.definition import Definition, read_definition
from claimlog.schema.edtf import bounds
from claimlog.schema.table_schema import Field, Table

if TYPE_CHECKING:
    import duckdb

Result = dict[str, Any]

FETCH_ROWS = 20_000  # rows at a time from DuckDB to sqlite3
DUCKDB_TYPES = {"integer": "BIGINT", "number": "DOUBLE", "datetime": "TIMESTAMP"}
INNERMOST = ("anonymity", "side", "office", "number", "speaker_key", "said", "said_basis")
"""What the table of claims repeats of the innermost hop."""

TABLES = (
    "sources",
    "actors",
    "incidents",
    "measures",
    "claims",
    "claim_actors",
    "attributions",
    "links",
    "claim_versions",
    "events",
)


def build_with_duckdb(package: Package, out: Path) -> Result:
    """Read, fold and write with DuckDB and sqlite3."""
    import duckdb

    definition = read_definition(package)
    marks = [perf_counter()]
    connection = duckdb.connect()
    rows = _read(connection, package, definition)
    _fold(connection, definition)
    marks.append(perf_counter())
    for name in TABLES:
        path = out / f"{name}.parquet"
        connection.execute(f"COPY {name} TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    marks.append(perf_counter())
    database = out / "duckdb.db"
    _write(connection, definition, database)
    marks.append(perf_counter())
    names = ("read and fold", "parquet", "sqlite")
    stages = {
        name: {"seconds": marks[index + 1] - marks[index]} for index, name in enumerate(names)
    }
    return {"rows": rows, "claims": count_claims(database), "stages": stages}


def _read(connection: duckdb.DuckDBPyConnection, package: Package, definition: Definition) -> int:
    """Load every file into the table of its stream, with ``seq``, ``batch`` and ``line``."""
    for name in definition.streams:
        columns = (f'"{item.name}" {_type(item)}' for item in definition.streams[name].fields)
        place = "seq BIGINT, batch BIGINT, line BIGINT"
        connection.execute(f"CREATE TABLE {name}_log ({', '.join(columns)}, {place})")
    size = 0
    for batch, stream, path in log_files(package, *definition.streams):
        types = {item.name: _type(item) for item in definition.streams[stream].fields}
        added = connection.execute(
            f"INSERT INTO {stream}_log SELECT *, {size - 1} + row_number() OVER (), {batch}, "
            f"row_number() OVER () FROM read_ndjson('{path}', columns = {types})"
        ).fetchone()
        size += int(added[0]) if added else 0
    return size


def _type(item: Field) -> str:
    """Return the DuckDB type of a column of the log."""
    if item.type != "array":
        return DUCKDB_TYPES.get(item.type, "VARCHAR")
    if item.item is not None:
        return f"{_type(item.item)}[]"
    inner = ", ".join(f'"{part.name}" {_type(part)}' for part in item.fields)
    return f"STRUCT({inner})[]"


def _fold(connection: duckdb.DuckDBPyConnection, definition: Definition) -> None:
    """Make the tables of `TABLES`, each in the order of its primary key."""
    run = connection.execute
    for name in ("sources", "actors", "incidents", "claims", "links", "measures"):
        key = f"{name.removesuffix('s')}_id"
        run(
            f"CREATE VIEW live_{name} AS SELECT * FROM {name}_log WHERE action <> 'retract' "
            f"AND seq IN (SELECT max(seq) FROM {name}_log GROUP BY {key})"
        )
    dates = run(
        "SELECT occurred FROM claims_log UNION SELECT occurred FROM incidents_log "
        "UNION SELECT published FROM sources_log "
        "UNION SELECT since FROM measures_log UNION SELECT until FROM measures_log"
    ).fetchall()
    run("CREATE TABLE days (value VARCHAR, first DATE, last DATE)")
    known = [(value, *bounds(value)) for (value,) in dates if value is not None]
    connection.executemany("INSERT INTO days VALUES (?, ?, ?)", known)
    run("CREATE TABLE walked (work_id VARCHAR, origin_id VARCHAR)")
    lineage = run("SELECT source_id, lineage FROM live_sources").fetchall()
    derived = "wasDerivedFrom"
    walked = ultimate_origins(
        {
            name: [(e["source_id"], e["certainty"]) for e in edges if e["relation"] == derived]
            for name, edges in lineage
        }
    )
    connection.executemany("INSERT INTO walked VALUES (?, ?)", list(walked.items()))
    run(SPOKEN)
    run("CREATE TABLE support (claim_id VARCHAR, independent_origins BIGINT, link_grade VARCHAR)")
    connection.executemany("INSERT INTO support VALUES (?, ?, ?)", _support(connection))
    run(CLAIMS)
    whole = {name: [(e["source_id"], e["certainty"]) for e in edges] for name, edges in lineage}
    run("CREATE TABLE independents (name VARCHAR, independent_origins BIGINT)")
    for key in ("incident_id", "measure_id"):
        reported = run(
            f"SELECT {key}, list(DISTINCT origin_id) FROM claims "
            f"WHERE {key} IS NOT NULL AND origin_id IS NOT NULL GROUP BY {key}"
        ).fetchall()
        counted = [(name, count_independent(set(works), whole)) for name, works in reported]
        connection.executemany("INSERT INTO independents VALUES (?, ?)", counted)
    for statement in FOLDED:
        run(statement)
    envelope = "seq, batch, line, action, version, recorded_at, recorded_by, reason"
    parts = (
        f"SELECT {envelope}, '{name}' AS stream, {table.id} AS entity_id FROM {name}_log"
        for name, table in definition.streams.items()
    )
    run(f"CREATE TABLE events AS {' UNION ALL '.join(parts)} ORDER BY seq")


def _support(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """Return what links say of the support of each linked claim, by our own function."""

    def frame(query: str) -> Any:
        return nw.from_native(connection.sql(query).pl().lazy())

    links = Links.of(frame("SELECT * FROM live_links"))
    names = ", ".join(f"'{name}'" for name in sorted(links.claims)) or "''"
    linked = frame(f"SELECT * FROM spoken WHERE claim_id IN ({names})")
    sources, actors = (frame(f"SELECT * FROM live_{name}") for name in ("sources", "actors"))
    return support_of_linked(linked, links, sources, actors).collect().rows()


SPOKEN = (
    "CREATE TABLE spoken AS SELECT c.* EXCLUDE (attributions, cited_id), "
    "len(attributions) AS hops, attributions[-1].actor_id AS speaker_id, "
    + "".join(f"attributions[-1].{name} AS {name}, " for name in INNERMOST)
    + "d.first AS occurred_start, d.last AS occurred_end, "
    "CASE c.origin_basis WHEN 'unknown' THEN NULL WHEN 'added' THEN c.source_id "
    "ELSE w.origin_id END AS origin_id "
    "FROM (SELECT *, [hop.source_id FOR hop IN attributions IF hop.source_id IS NOT NULL][-1] "
    "AS cited_id FROM live_claims) c LEFT JOIN days d ON d.value = c.occurred "
    "LEFT JOIN walked w ON w.work_id = CASE WHEN c.cited_id IS NULL "
    "AND attributions[-1].anonymity = 'generic' THEN NULL ELSE coalesce(c.cited_id, c.source_id) "
    "END"
)
"""The statement that makes the claims with their innermost speaker and their origin."""

CLAIMS = (
    "CREATE TABLE claims AS "
    "WITH RECURSIVE sides AS (SELECT actor_id, actor_id AS side FROM live_actors "
    "UNION SELECT s.actor_id, a.part_of FROM sides s JOIN live_actors a ON a.actor_id = s.side "
    "WHERE a.part_of IS NOT NULL), "
    "own AS (SELECT DISTINCT claim_id FROM (SELECT claim_id, speaker_id, unnest(dyad_from) AS side "
    "FROM spoken) c JOIN sides s ON s.actor_id = c.speaker_id AND s.side = c.side) "
    "SELECT c.* REPLACE (m.kind AS measure, m.subject AS measure_subject, "
    "CASE WHEN c.content NOT IN ('event', 'state') OR c.modality = 'hypothetical' THEN '6' "
    "WHEN s.link_grade IS NOT NULL THEN s.link_grade "
    "WHEN o.claim_id IS NOT NULL AND c.anonymity IN ('named', 'institution', 'on_record_unnamed') "
    "THEN '2' WHEN c.origin_id IS NOT NULL AND (c.hops = 0 OR "
    "c.anonymity IN ('named', 'institution', 'on_record_unnamed')) THEN '3' ELSE '6' END "
    "AS credibility), "
    "coalesce(s.independent_origins, (c.origin_id IS NOT NULL)::BIGINT) AS independent_origins "
    "FROM spoken c LEFT JOIN support s ON s.claim_id = c.claim_id "
    "LEFT JOIN own o ON o.claim_id = c.claim_id "
    "LEFT JOIN live_measures m ON m.measure_id = c.measure_id ORDER BY c.claim_id"
)
"""The statement that grades the claims, which others rest on."""

COUNTS = (
    "coalesce(n.claims, 0) AS claims, "
    "coalesce(n.articles, 0) AS articles, coalesce(n.unknown_origins, 0) AS unknown_origins, "
    "coalesce(o.independent_origins, 0) AS independent_origins "
    "FROM live_{1} i "
    "LEFT JOIN (SELECT {0}, count(*) AS claims, count(DISTINCT source_id) AS articles, "
    "count(*) - count(origin_id) AS unknown_origins FROM claims GROUP BY {0}) n "
    "ON n.{0} = i.{0} LEFT JOIN independents o ON o.name = i.{0} "
)
"""What the tables of incidents and measures count of the claims about each."""

FOLDED = (
    "CREATE TABLE sources AS SELECT s.* EXCLUDE (furniture, lineage), "
    "d.first AS published_start, d.last AS published_end "
    "FROM live_sources s LEFT JOIN days d ON d.value = s.published ORDER BY source_id",
    "CREATE TABLE actors AS WITH RECURSIVE up AS (SELECT actor_id, actor_id AS at FROM live_actors "
    "UNION SELECT up.actor_id, a.part_of FROM up JOIN live_actors a ON a.actor_id = up.at "
    "WHERE a.part_of IS NOT NULL AND a.actor_type <> 'state') "
    "SELECT l.* EXCLUDE (memberships), s.actor_id AS state_id FROM live_actors l "
    "LEFT JOIN up ON up.actor_id = l.actor_id "
    "AND up.at IN (SELECT actor_id FROM live_actors WHERE actor_type = 'state') "
    "LEFT JOIN live_actors s ON s.actor_id = up.at ORDER BY l.actor_id",
    "CREATE TABLE incidents AS SELECT i.* EXCLUDE (actors), "
    "d.first AS occurred_start, d.last AS occurred_end, "
    + COUNTS.format("incident_id", "incidents")
    + "LEFT JOIN days d ON d.value = i.occurred ORDER BY i.incident_id",
    "CREATE TABLE measures AS SELECT i.* EXCLUDE (takers, partners), "
    "d.first AS since_start, d.last AS since_end, u.first AS until_start, u.last AS until_end, "
    + COUNTS.format("measure_id", "measures")
    + "LEFT JOIN days d ON d.value = i.since LEFT JOIN days u ON u.value = i.until "
    "ORDER BY i.measure_id",
    "CREATE TABLE links AS SELECT * FROM live_links ORDER BY link_id",
    "CREATE TABLE attributions AS SELECT claim_id, hop, part.* FROM (SELECT claim_id, "
    "unnest(attributions) AS part, generate_subscripts(attributions, 1) AS hop FROM live_claims) "
    "ORDER BY claim_id, hop",
    "CREATE TABLE claim_actors AS "
    "SELECT claim_id, unnest(dyad_from) AS actor_id, 'from' AS role FROM live_claims "
    "UNION SELECT claim_id, unnest(dyad_to), 'to' FROM live_claims "
    "UNION SELECT claim_id, actor_id, 'speaker' FROM attributions WHERE actor_id IS NOT NULL "
    "ORDER BY claim_id, role, actor_id",
    "CREATE TABLE claim_versions AS SELECT *, seq AS valid_from_seq, "
    "lead(seq) OVER (PARTITION BY claim_id ORDER BY seq) AS valid_to_seq "
    "FROM claims_log ORDER BY claim_id, version",
)
"""What makes each table from the live rows: the same columns as ours but event ids."""


def _write(connection: duckdb.DuckDBPyConnection, definition: Definition, path: Path) -> None:
    """Write the tables of `TABLES` to SQLite in one transaction."""
    database = sqlite3.connect(path, isolation_level=None)
    apply_settings(database)
    database.execute("BEGIN")
    for name in TABLES:
        table = definition.tables[name]
        have = {row[0] for row in connection.execute(f"DESCRIBE {name}").fetchall()}
        columns = [item for item in table.fields if item.name in have]
        declared = ", ".join(f'"{item.name}" {_sqlite_type(item)}' for item in columns)
        key = ", ".join(f'"{column}"' for column in table.primary_key)
        database.execute(f"CREATE TABLE {name} ({declared}, PRIMARY KEY ({key}))")
        selected = ", ".join(_plain(item) for item in columns)
        found = connection.execute(f"SELECT {selected} FROM {name}")
        marks = ", ".join("?" * len(columns))
        while rows := found.fetchmany(FETCH_ROWS):
            database.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    for name in TABLES:
        for statement in extras(database, definition.tables[name]):
            database.execute(statement)
    database.execute("COMMIT")
    database.close()


def _sqlite_type(item: Field) -> str:
    return {"integer": "INTEGER", "number": "REAL"}.get(item.type, "TEXT")


def _plain(item: Field) -> str:
    """Return a column as SQLite can hold it: lists as JSON, times as text."""
    if item.type == "array":
        return f'to_json("{item.name}")::VARCHAR'
    if item.type == "datetime":
        return f"strftime(\"{item.name}\", '%Y-%m-%dT%H:%M:%SZ')"
    return f'"{item.name}"::VARCHAR' if item.type == "date" else f'"{item.name}"'


def apply_settings(database: sqlite3.Connection) -> None:
    from claimlog.export.sqlite import SETTINGS

    for setting in SETTINGS:
        database.execute(setting)


def extras(database: sqlite3.Connection, table: Table) -> Iterator[str]:
    """Yield the statements of our indexes and search on a table, for the columns that it has."""
    from claimlog.export.sqlite import index_statements, search_statements

    have = {row[1] for row in database.execute(f"PRAGMA table_info({table.name})")}
    known = [columns for columns in table.spec.get("indexes", ()) if have >= set(columns)]
    yield from index_statements(Table(table.name, {**table.spec, "indexes": known}))
    for index in search_statements(table):
        yield from (index.create, index.set_memory, index.rebuild)


def log_files(package: Package, *streams: str) -> Iterator[tuple[int, str, Path]]:
    """Yield number of the batch, stream and path of every file, in log order."""
    for folder in sorted(package.events.iterdir()):
        for stream in streams:
            path = folder / f"{stream}.ndjson"
            if path.is_file():
                yield int(folder.name.split("-")[0]), stream, path


def count_claims(path: Path) -> int:
    """Return the number of rows of the table of claims in a database."""
    database = sqlite3.connect(path)
    (number,) = database.execute("SELECT count(*) FROM claims").fetchone()
    database.close()
    return int(number)
