"""What the site uses of Datasette 0.65 beyond its documentation, and what would end each use.

Everything else of the site is written against documented hooks, objects and settings. Each use
names the change of Datasette that would make it needless or break it. Datasette 1.0 moves or
renames some of it (`QueryView` and `DataView` are gone there, and with them `DatasetteError` for
most faults; `Database.execute` keeps its parameters). tests/test_site_internals.py holds that no
other module uses such names; a name that is gone fails at the import, when the server starts.

Names that are only imported: `AsgiStream` (documented answers hold their body in memory),
`Base400`, `DatasetteError` (what its views raise), `ColumnFacet` (its documentation describes the
base class alone), `escape_sqlite`, `to_css_class` (how its pages write names).
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import datasette
from datasette import NotFound, facets, renderer
from datasette.database import QueryInterrupted, Results
from datasette.facets import ColumnFacet, Facet, load_facet_configs
from datasette.utils import InvalidSql, disallawed_sql_res, escape_sqlite, to_css_class
from datasette.utils.asgi import AsgiStream, Base400
from datasette.views import database as database_views
from datasette.views import table as table_views
from datasette.views.base import DatasetteError, DataView

__all__ = [
    "AsgiStream",
    "Base400",
    "ColumnFacet",
    "DatasetteError",
    "QueryInterrupted",
    "Results",
    "escape_sqlite",
    "to_css_class",
]

Execute = Callable[..., Awaitable[Results]]
ExecuteFn = Callable[[Callable[[sqlite3.Connection], Any]], Awaitable[Any]]

# --- Metadata. Ends with Datasette 1.0, which has documented methods to read and set them, takes
# --- facets from its configuration, and copies neither.


class SharedMetadata(dict[str, Any]):
    """Metadata of which no copy is made: Datasette copies all of it when it checks a table."""

    def __deepcopy__(self, _: Any) -> SharedMetadata:
        return self


def change_metadata(datasette: Any, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the metadata that the server was started with, and share them from then on.

    The hook `get_metadata` cannot do this: what the server was started with overrides it.
    """
    metadata = SharedMetadata(datasette._metadata_local)
    change(metadata)
    datasette._metadata_local = metadata


def site_metadata(datasette: Any) -> Mapping[str, Any]:
    """Return the metadata of the server: title, licence, databases."""
    metadata: Mapping[str, Any] = datasette.metadata()
    return metadata


def table_metadata(datasette: Any, database: str, table: str) -> Mapping[str, Any]:
    """Return the metadata of a table."""
    metadata: Mapping[str, Any] = datasette.table_metadata(database, table)
    return metadata


async def canned_queries(datasette: Any, database: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the canned queries of a database by name, as a visitor sees them."""
    queries: Mapping[str, Mapping[str, Any]] = await datasette.get_canned_queries(database, None)
    return queries


# --- Templates. Ends with a documented way to compile a template without drawing it, and to draw
# --- one without a request.


def compile_template(datasette: Any, name: str) -> None:
    """Compile a template, which the first page that uses it would wait for."""
    datasette.jinja_env.get_template(name)


async def render_part(datasette: Any, name: str, values: Mapping[str, Any]) -> str:
    """Return what a template draws that is a part of pages, and has nothing of a request."""
    html: str = await datasette.jinja_env.get_template(name).render_async(values)
    return html


def synchronous_templates(datasette: Any, **values: Any) -> Any:
    """Return Datasette's environment of templates for drawing them without waiting.

    None of ours waits for anything, and those that could take twice the time.

    Parameters
    ----------
    values
        What templates are given in place of the server's own values.
    """
    templates = datasette.jinja_env.overlay(enable_async=False)
    templates.globals = {**datasette.jinja_env.globals, **values}
    return templates


def page_templates(datasette: Any) -> Any:
    """Return the templates by which a server draws our pages, which wait for nothing either."""
    templates = datasette.jinja_env
    if not hasattr(templates, "claimlog_pages"):
        templates.extend(claimlog_pages=synchronous_templates(datasette))
    return templates.claimlog_pages


# --- Inline scripts. Ends when Datasette's pages carry none, or name them in a policy of their own.

TEMPLATES_WITH_SCRIPTS = ("_close_open_menus.html", "_codemirror_foot.html", "table.html")
ALLOW_FACET = "{{ datasette_allow_facet }}"
"""The only part of these scripts that is not the same on every page."""


def inline_scripts() -> Sequence[str]:
    """Return the scripts that stand inside Datasette's pages, as a browser gets them."""
    folder = Path(datasette.__file__).parent / "templates"
    scripts = []
    for name in TEMPLATES_WITH_SCRIPTS:
        for part in (folder / name).read_text("utf-8").split("<script>")[1:]:
            script = part.partition("</script>")[0]
            variants = ("true", "false") if ALLOW_FACET in script else ("",)
            scripts += [script.replace(ALLOW_FACET, value) for value in variants]
    return scripts


# --- Schemas. Ends when Datasette looks at the schemas of immutable databases only once.


def read_schemas_once(datasette: Any, mark: Mark) -> None:
    """Have Datasette look at the schemas of databases that cannot change once, not per request."""
    refresh = datasette.refresh_schemas = mark(datasette.refresh_schemas)
    if any(db.is_mutable and not db.is_memory for db in datasette.databases.values()):
        return
    done = False

    async def refresh_once() -> None:
        nonlocal done
        if not done:
            await refresh()
            done = True

    datasette.refresh_schemas = refresh_once


# --- Paths. Ends when Datasette tells no reader where its files are.


def hide_paths(datasette: Any) -> None:
    """Have Datasette give the names of database files without the directories they are in.

    The page of a database asks for attached ones by a pragma that tells all paths, and that is
    denied; the limit of attached databases is zero.
    """
    connected = datasette._connected_databases

    def without_directories() -> list[dict[str, Any]]:
        return [{**item, "path": Path(item["path"] or "").name} for item in connected()]

    async def none_attached() -> list[Any]:
        return []

    datasette._connected_databases = without_directories
    for name, database in datasette.databases.items():
        if not name.startswith("_"):
            database.attached_databases = none_attached


# --- Checking SQL. Ends when Datasette's own check takes a time that grows with the SQL's length.

COMMENT_ENDS = {"--": "\n", "/*": "*/"}
"""What ends a comment of SQL, by what begins it."""

SPACE = re.compile(r"\s*")
SELECT = re.compile(r"(?:explain\s+(?:query\s+plan\s+)?)?(?:select|with)\b")


def replace_validation() -> None:
    """Have Datasette's views check SQL by `check_select`."""
    database_views.validate_sql_select = check_select


def check_select(sql: str) -> None:
    """Raise what Datasette does for SQL that is no query, in a time that grows with its length.

    Datasette's six expressions for comments try every way to part a run of white space: a comment
    and 8,000 spaces take seconds.
    """
    lines = (line for line in sql.split("\n") if not line.strip().startswith("--"))
    text = "\n".join(lines).strip().lower()
    if not SELECT.match(text, _past_comments(text)):
        raise InvalidSql("Statement must be a SELECT")
    for pattern, message in disallawed_sql_res:
        if pattern.search(text):
            raise InvalidSql(message)


def _past_comments(text: str) -> int:
    """Return where white space and comments at the beginning end; a comment may have no end."""
    at = 0
    while True:
        space = SPACE.match(text, at)
        at = space.end() if space else at
        begin = text[at : at + 2]
        if begin not in COMMENT_ENDS:
            return at
        end = text.find(COMMENT_ENDS[begin], at + 2)
        if end < 0:
            return at
        at = end + len(COMMENT_ENDS[begin])


# --- Facets and links. Ends when Datasette bounds the values that all facets of a page show, and
# --- parses the query of an address once for all links of a page.


def share_facet_values(most: int) -> None:
    """Have the facets of a page share a number of values, however many are asked for of each."""

    def facet_size(facet: Facet) -> int:
        configs = load_facet_configs(facet.request, facet.metadata)
        share = most // max(1, sum(map(len, configs.values())))
        return min(int(_facet_size(facet)), share)

    Facet.get_facet_size = facet_size


_facet_size = Facet.get_facet_size


def parse_links_once() -> None:
    """Have the links of facets and columns share what they parse of the query that they repeat."""
    facets.path_with_added_args = _add_parameters
    table_views.path_with_replaced_args = _replace_parameters


Parameters = Mapping[str, Any] | Iterable[tuple[str, Any]]


def _add_parameters(request: Any, args: Parameters, path: str | None = None) -> str:
    pairs = [*(args.items() if isinstance(args, Mapping) else args)]
    return _link(request, {name for name, value in pairs if value is None}, pairs, path)


def _replace_parameters(request: Any, args: Parameters, path: str | None = None) -> str:
    pairs = [*(args.items() if isinstance(args, Mapping) else args)]
    return _link(request, {name for name, _ in pairs}, pairs, path)


def _link(request: Any, removed: set[str], added: list[tuple[str, Any]], path: str | None) -> str:
    parts = [text for name, text in _encoded_query(request.query_string) if name not in removed]
    parts += [urlencode([pair]) for pair in added if pair[1] is not None]
    return (path or request.path) + (f"?{'&'.join(parts)}" if parts else "")


@lru_cache(maxsize=16)
def _encoded_query(query: str) -> Sequence[tuple[str, str]]:
    """Return the parameters of a query that have values: their names, and how a link has them."""
    return [(name, urlencode([(name, value)])) for name, value in parse_qsl(query)]


# --- JSON in cells. Ends when Datasette parses cells as strictly as JSON is written.


class StrictJson:
    """What Datasette's renderer uses of `json`, but NaN and infinity in a cell are no JSON."""

    dumps = staticmethod(json.dumps)

    @staticmethod
    def loads(text: Any) -> Any:
        return json.loads(text, parse_constant=_finite, parse_float=_finite)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number of JSON")
    return number


def parse_cells_strictly() -> None:
    """Have Datasette leave a cell as it is that is not JSON for every reader."""
    renderer.json = StrictJson


# --- Endings of addresses. Ends when Datasette has no answer for one that no renderer has: it draws
# --- a page then, as for none.

PARTLY_SENT, REDIRECTED = "csv", "jsono"
"""Endings that its views answer without a renderer."""

_view_answer = DataView.get


def announce_formats(note: Callable[[str | None, bool], None]) -> None:
    """Have Datasette answer no ending that it has no form for, and call `note` before each answer.

    It is called with the ending, None for a page, and whether the answer is sent in parts.
    """

    async def get(view: Any, request: Any) -> Any:
        ending = request.url_vars["format"]
        if ending not in (None, PARTLY_SENT, REDIRECTED, *view.ds.renderers):
            raise NotFound(
                "There is no answer of this ending; leave it out, or ask for .json or .csv."
            )
        note(ending, ending == PARTLY_SENT and bool(request.args.get("_stream")))
        return await _view_answer(view, request)

    DataView.get = get


# --- Running SQL. Ends with a hook around `Database.execute`, or with a limit of Datasette's on
# --- memory and on the time of a single step of SQLite.


SCHEMA_QUESTIONS = (
    *("table_exists", "table_names", "view_names", "hidden_table_names"),
    *("get_table_definition", "get_view_definition"),
)
"""Methods of a database that query it about its tables; the others open a connection themselves."""

Mark = Callable[[Callable[..., Awaitable[Any]]], Callable[..., Awaitable[Any]]]


def mark_schema_questions(database: Any, mark: Mark) -> None:
    """Wrap what Datasette asks a database about its tables, which no reader chooses."""
    for name in SCHEMA_QUESTIONS:
        setattr(database, name, mark(getattr(database, name)))


_query_data = database_views.QueryView.data


def announce_queries(note: Callable[[str], None]) -> None:
    """Have Datasette's view of a query call `note` with its SQL first, whatever its address is.

    It answers every canned query and SQL in an address, as page, JSON, CSV and blob, and nothing
    else.
    """

    async def data(view: Any, request: Any, sql: str, *args: Any, **given: Any) -> Any:
        note(sql)
        return await _query_data(view, request, sql, *args, **given)

    database_views.QueryView.data = data


def replace_execute(database: Any, wrap: Callable[[Execute], Execute]) -> None:
    """Replace the method by which Datasette's views query a database."""
    database.execute = wrap(database.execute)


def replace_execute_fn(database: Any, wrap: Callable[[ExecuteFn], ExecuteFn]) -> None:
    """Replace the method by which everything that reads a database reaches its connection."""
    database.execute_fn = wrap(database.execute_fn)


# --- The text of Datasette's SQL, by which it is answered faster. Ends when Datasette counts what
# --- a search finds from the index alone, and lets a plugin choose a query plan.

SEARCH_HITS = r"rowid in \((select rowid (from \w+ where \w+ match escape_fts\(:search\)))\)"
"""The condition of a table where nothing but a search selects the rows."""

SEARCH = re.compile(f"where {SEARCH_HITS}")
COUNT_HITS = re.compile(rf"select count\(\*\) from \w+ where {SEARCH_HITS} ?")
FIRST_PAGE = re.compile(
    rf"(?P<select>select .+ from (?P<table>\w+) where )"
    rf'(?P<rest>(?:"(?P<column>\w+)" = :p0|{SEARCH_HITS}) '
    r"order by (?P<key>\w+) limit (?P<size>\d+))"
)


@dataclass(frozen=True)
class FirstPageQuery:
    """Datasette's query for the first page of a table where one value, or a search, selects rows.

    Attributes
    ----------
    column
        The column that has to have the value of the parameter ``p0``; None for a search.
    hits
        The rest of a query for what a search finds in the index; None without a search.
    """

    sql: str
    along_key: str
    table: str
    column: str | None
    hits: str | None
    key: str
    size: int


def first_page_query(sql: str) -> FirstPageQuery | None:
    """Return the parts of a query for a first page, with the same query along the table's key.

    SQLite looks up all rows that are selected and sorts them. A plus before the condition keeps it
    from that, so that it goes along the key until it has enough rows.
    """
    match = FIRST_PAGE.fullmatch(sql)
    if match is None:
        return None
    along_key = f"{match['select']}+{match['rest']}"
    hits = match[6]
    return FirstPageQuery(
        sql, along_key, match["table"], match["column"], hits, match["key"], int(match["size"])
    )


def count_from_index(sql: str) -> str:
    """Return a query that counts what a search finds from its index; any other query as it is.

    Datasette looks up every row in its table. Our indexes have exactly the rows of their tables.

    >>> count_from_index("select 1")
    'select 1'
    """
    match = COUNT_HITS.fullmatch(sql)
    return f"select count(*) {match[2]}" if match else sql


def rowids_query(sql: str, table: str) -> str | None:
    """Return a query for the rowids of the rows that a page of a table selects.

    A search is answered from its index. None if the SQL is not that of a page of the table.

    >>> rowids_query("select a from t where rowid in "
    ...     "(select rowid from f where f match escape_fts(:search)) ", "t")
    'select rowid from f where f match escape_fts(:search)'
    >>> rowids_query("select a from t where topic = :p0 ", "t")
    'select rowid from t where topic = :p0 '
    """
    _, source, condition = sql.partition(f" from {escape_sqlite(table)} ")
    if not source:
        return None
    search = SEARCH.fullmatch(condition.strip())
    return search[1] if search else f"select rowid{source}{condition}"
