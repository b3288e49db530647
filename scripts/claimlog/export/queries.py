"""The canned queries: those of the machinery beside this module, and those of the package.

One SQL file is one query, its title and description on top. A package keeps its own in
``schemas/queries/``. A query that speaks of a table or column which the package does not have is
left out; `claimlog schemas` names it.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files

from claimlog.errors import ClaimlogError
from claimlog.export.sqlite import create_statement, search_statements
from claimlog.limits import EXPANSION, QUERY_LENGTH
from claimlog.schema.definition import Definition
from claimlog.schema.presentation import FILE, unknown_columns
from claimlog.schema.query_files import FOLDER
from claimlog.schema.table_schema import Table

HEADER = re.compile(r"-- (?P<key>title|description): (?P<value>.+)")
ACT_MARK = "{act}"
"""Stands for the condition that a claim tells of an act, which ``schemas/site.json`` gives."""

READ_ACTIONS = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION)
NAME = r"[\w$\u0080-\U0010ffff]+"
COMMON_TABLE = re.compile(rf"({NAME})\s*(?:\([^()]*\)\s*)?\bas\s*(?:(?:not\s+)?materialized\s*)?\(")
WORD = re.compile(NAME)
QUOTED = re.compile(
    r"""--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]""",
    re.DOTALL,
)
"""Comments, and what may be a name in quotation marks of any of SQLite's kinds."""
ABSENT_ERRORS = ("no such column: ", "no such table: ")


@dataclass(frozen=True)
class Query:
    """A canned query; `missing` names the table or column that the package lacks for it."""

    name: str
    file: str
    title: str
    description: str
    sql: str
    missing: str | None = None


def read_queries(definition: Definition) -> dict[str, Query]:
    """Return the canned queries by name, those that cannot be asked of this package included.

    Raises
    ------
    ClaimlogError
        If a file has no title or description, is not one SELECT, or has the name of a table.
    """
    required = {item.name: item.required for item in definition.tables["claims"].fields}
    act = definition.presentation.act_condition(required)
    queries = {}
    with closing(_empty_database(definition.tables)) as database:
        for file, text in (*_machinery_files(), *definition.query_files.items()):
            query = _parse(file, text, act)
            if query.name in definition.tables:
                raise ClaimlogError(f"{file}: a table has the same name; rename the query")
            queries[query.name] = _check(query, database)
    return dict(sorted(queries.items()))


def available_queries(definition: Definition) -> dict[str, Query]:
    """Return the canned queries that can be asked of a package's tables, by name."""
    queries = read_queries(definition)
    return {name: query for name, query in queries.items() if query.missing is None}


def absent_parts(definition: Definition) -> list[str]:
    """Return what a package says of columns that it does not have, a line for each."""
    queries = read_queries(definition).values()
    unknown = unknown_columns(definition.presentation, definition.tables["claims"].names)
    return [
        *(
            f"{query.file}: is left out: no {query.missing}; mend the name or remove the query"
            for query in queries
            if query.missing and query.file.startswith(FOLDER)
        ),
        *(
            f"{FILE}: {name} is left out: no such column of claims; mend the name or remove it"
            for name in unknown
        ),
    ]


def _machinery_files() -> Iterator[tuple[str, str]]:
    folder = files("claimlog.export") / "queries"
    for path in folder.iterdir():
        if path.name.endswith(".sql"):
            yield path.name, path.read_text(encoding="utf-8")


def _parse(file: str, text: str, act: str | None) -> Query:
    heads = {m["key"]: m["value"] for line in text.splitlines() if (m := HEADER.match(line))}
    if set(heads) != {"title", "description"}:
        raise ClaimlogError(
            f"{file}: needs one line '-- title: …' and one '-- description: …'; add them"
        )
    sql = "\n".join(line for line in text.splitlines() if not line.startswith("-- ")).strip()
    if len(sql) > QUERY_LENGTH:
        raise ClaimlogError(f"{file}: is longer than {QUERY_LENGTH:,} characters; shorten it")
    missing = "the act of schemas/site.json" if ACT_MARK in sql and act is None else None
    name = file.rpartition("/")[2].removesuffix(".sql")
    return Query(name, file, **heads, sql=sql.replace(ACT_MARK, act or "true"), missing=missing)


def _empty_database(tables: Mapping[str, Table]) -> sqlite3.Connection:
    """Return a database with the tables of a build and no rows, that only compiles queries."""
    database = sqlite3.connect(":memory:")
    for table in tables.values():
        database.execute(create_statement(table))
        for index in search_statements(table):
            database.execute(index.create)
    database.set_authorizer(_allow_reading)
    return database


def _allow_reading(action: int, *_: object) -> int:
    return sqlite3.SQLITE_OK if action in READ_ACTIONS else sqlite3.SQLITE_DENY


def _expansion(sql: str) -> int | None:
    """Return how often SQLite compiles the common table expressions of a query, at most.

    It compiles one anew wherever it is named, and what follows the last one names them too. None
    if two have the same name, so that it cannot be told which is meant.

    >>> _expansion("with a as (select 1), b as (select * from a, a) select * from b, b")
    8
    >>> _expansion('with "a b" as (select 1) select * from [a b]')
    1
    >>> _expansion("with a as (select 1) select * from (with A as (select 2) select * from a)")
    >>> _expansion("select 1")
    0
    """
    parts = COMMON_TABLE.split(QUOTED.sub(_unquoted, sql).lower())
    bodies = dict(zip(parts[1::2], parts[2::2], strict=True))
    if len(bodies) < len(parts) // 2:
        return None
    named = {
        name: [word for word in WORD.findall(body) if word in bodies and word != name]
        for name, body in bodies.items()
    }
    weights: dict[str, int] = {}
    for _ in bodies:  # as deep as one can name the other
        weights = {
            name: min(1 + sum(weights.get(word, 0) for word in words), EXPANSION + 1)
            for name, words in named.items()
        }
    # the last body ends somewhere before the main query: what it names is counted as if that did
    return sum(weights.get(word, 0) for word in WORD.findall(parts[-1])) if bodies else 0


def _unquoted(part: re.Match[str]) -> str:
    """Return a name without its quotation marks, as one word, and nothing of a comment."""
    text = part[0]
    if text.startswith(("--", "/*")):
        return " "
    name = text[1:-1]
    return f" {name if WORD.fullmatch(name) else 'x' + name.encode().hex()} "


def _check(query: Query, database: sqlite3.Connection) -> Query:
    """Compile a query, and return it with what it lacks."""
    # sqlite3 wants a value for each parameter
    parameters = dict.fromkeys(re.findall(r":(\w+)", query.sql))
    expansion = _expansion(query.sql)
    if expansion is None:
        raise ClaimlogError(
            f"{query.file}: two of its common table expressions have the same name; rename one"
        )
    if expansion > EXPANSION:
        raise ClaimlogError(
            f"{query.file}: its common table expressions name one another more than "
            f"{EXPANSION:,} times; simplify it"
        )
    try:
        database.execute(f"explain {query.sql}", parameters)
    except (sqlite3.Error, sqlite3.Warning) as error:
        said = str(error)
        if said.startswith(ABSENT_ERRORS):
            missing = said.removeprefix("no such ").replace(": ", " ", 1)
            return Query(**{**vars(query), "missing": missing})
        raise ClaimlogError(
            f"{query.file}: is not one SELECT that SQLite can run ({said[:160]}); mend it"
        ) from error
    return query
