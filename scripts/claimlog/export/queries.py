"""The canned queries: those of the machinery beside this module, and those of the package.

One SQL file is one query, its title and description on top. A package keeps its own in
``schemas/queries/``. A query that speaks of a table or column which the package does not have is
left out; `claimlog schemas` names it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from importlib.resources import files
from time import monotonic
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.escaping import printable_line
from claimlog.export.sqlite import create_statement, search_statements
from claimlog.limits import DESCRIPTION_LENGTH, QUERY_LENGTH, TITLE_LENGTH
from claimlog.schema.definition import Definition
from claimlog.schema.query_files import FOLDER
from claimlog.schema.site_config import FILE, unknown_columns
from claimlog.schema.table_schema import Table
from claimlog.sql_process import SQLITE_LIMITS, Worker

HEADER = re.compile(r"-- (?P<key>title|description): (?P<value>.+)", re.DOTALL)
LONGEST = {"title": TITLE_LENGTH, "description": DESCRIPTION_LENGTH}
CONTROLS = ("Cc", "Zl", "Zp")
"""Categories of characters that end a line for some programs, or do worse."""

ACT_MARK = "{act}"
"""Stands for the condition that a claim tells of an act, which ``schemas/site.json`` gives."""

ABSENT_ERRORS = ("no such column: ", "no such table: ")

PLAN_SECONDS, PLAN_BYTES = 2, 128_000_000
"""Processor time and memory for compiling a query: the dearest of ours takes milliseconds."""

ALL_SECONDS = 60.0
"""Seconds for all queries of a package together, by the clock: 200 like ours take one."""

WAIT_SECONDS = 60.0
"""Seconds that a busy machine may take to give a process that much processor time."""

EXCEEDED = ("Died", "MemoryError")
"""What a process answers that took more, or that the system ended."""


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
        If a file has no title or description, is not one SELECT that readers may run, takes too
        much to be compiled, or has the name of a table.
    """
    required = {item.name: item.required for item in definition.tables["claims"].fields}
    act = definition.presentation.act_condition(required)
    queries = {}
    with closing(QueryCompiler(definition.tables)) as compiler:
        for file, text in (*_machinery_files(), *definition.query_files.items()):
            query = _parse(file, text, act)
            if query.name in definition.tables:
                raise ClaimlogError(f"{file}: a table has the same name; rename the query")
            queries[query.name] = compiler.check(query)
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
    lines = text.replace("\r\n", "\n").split("\n")  # a line of SQL ends nowhere else
    found = [match for line in lines if (match := HEADER.fullmatch(line))]
    heads = {match["key"]: match["value"] for match in found}
    if len(heads) < len(LONGEST):
        raise ClaimlogError(
            f"{file}: needs one line '-- title: …' and one '-- description: …'; add them"
        )
    if len(found) > len(heads):
        raise ClaimlogError(f"{file}: has two titles or two descriptions; take one out")
    for key, value in heads.items():
        if len(value) > LONGEST[key]:
            raise ClaimlogError(
                f"{file}: its {key} is longer than {LONGEST[key]:,} characters; shorten it"
            )
        if any(unicodedata.category(sign) in CONTROLS for sign in value):
            raise ClaimlogError(f"{file}: its {key} holds a control character; take it out")
    sql = "\n".join(line for line in lines if not line.startswith("-- ")).strip()
    missing = "the act of schemas/site.json" if ACT_MARK in sql and act is None else None
    whole = len(sql) + sql.count(ACT_MARK) * (len(act or "true") - len(ACT_MARK))
    if whole > QUERY_LENGTH:
        raise ClaimlogError(
            f"{file}: is longer than {QUERY_LENGTH:,} characters, the act of {FILE} written out; "
            "shorten it"
        )
    name = file.rpartition("/")[2].removesuffix(".sql")
    return Query(name, file, **heads, sql=sql.replace(ACT_MARK, act or "true"), missing=missing)


class QueryCompiler:
    """Compiles queries as they will run for readers, in a process under limits.

    SQLite compiles a common table expression anew wherever it is named, so that twenty which name
    the one before twice are a million: only memory and time tell what a query costs.
    """

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._worker = Worker()
        schema = [create_statement(table) for table in tables.values()]
        for table in tables.values():
            schema += [index.create for index in search_statements(table)]
        self._schema = schema
        self._has_tables = False
        self._left = ALL_SECONDS

    def close(self) -> None:
        self._worker.end()

    def check(self, query: Query) -> Query:
        """Compile a query, and return it with what it lacks.

        Raises
        ------
        ClaimlogError
            If it is none that a reader may ask, or takes too much, with those before it.
        """
        started = monotonic()
        answer = self._worker.run(self._job(query.sql))
        self._has_tables = True
        self._left -= monotonic() - started
        if self._left < 0:
            raise ClaimlogError(
                f"{query.file}: SQLite needs more than {ALL_SECONDS:.0f} seconds to read it and "
                "the queries before it; simplify them"
            )
        if "error" not in answer:
            computed = [name for (name,) in answer["rows"] if not name[:1].isalpha()]
            if computed:
                raise ClaimlogError(
                    f"{query.file}: has the parameter {computed[0][:80]!r}; begin its name with a "
                    "letter"
                )
            return query
        said = str(answer.get("message", ""))
        if said.startswith(ABSENT_ERRORS):
            missing = said.removeprefix("no such ").replace(": ", " ", 1)
            return replace(query, missing=query.missing or printable_line(missing))
        if answer["error"] in EXCEEDED or said == "interrupted":
            raise ClaimlogError(
                f"{query.file}: SQLite needs more than {PLAN_SECONDS} seconds or "
                f"{PLAN_BYTES // 1_000_000} MB to read it; simplify it"
            )
        raise ClaimlogError(
            f"{query.file}: is not one SELECT that a reader may run "
            f"({printable_line(said or answer['error'])[:160]}); mend it"
        )

    def _job(self, sql: str) -> dict[str, Any]:
        tables = {} if self._has_tables else {"schema": self._schema}
        return {
            "kind": "compile",
            "uri": "tables",
            "sql": sql,
            "seconds": WAIT_SECONDS,
            "cpu": PLAN_SECONDS,
            "memory": PLAN_BYTES,
            "limits": SQLITE_LIMITS,
            **tables,
        }
