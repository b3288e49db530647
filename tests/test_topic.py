"""The topic is the package's: an own column, an absent variable, and slips in the definition."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Collection
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from claimlog.build import build
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.export import queries as query_module
from claimlog.export.metadata import datasette_metadata
from claimlog.export.queries import available_queries, read_queries
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from claimlog.schema.site_config import OF_REGISTER, unknown_columns
from claimlog.schema.table_schema import coded_columns
from claimlog.schema.topic_pages import SITE_NAMES
from claimlog.site import page_list
from claimlog.validate import validate
from conftest import (
    ACTORS,
    CLAIMS,
    INCIDENTS,
    LINKS,
    MEASURES,
    ROOT,
    SOURCES,
    Get,
    World,
    asking,
    begin_anew,
    claim,
    empty_world,
)

URGENCY = {
    "name": "urgency",
    "type": "string",
    "description": "How soon the speaker wants something done.",
    "example": "soon",
    "codelist": "urgency",
}
GIST = {
    "name": "gist",
    "type": "string",
    "description": "What a hurried reader should take from it.",
    "example": "No more tables.",
    "ownWords": True,
}
CODES = """code,label,definition,include,exclude,example,scheme,scheme_code,version
now,At once,It cannot wait.,Today.,Tomorrow.,Send it now.,,,0.3.0
soon,Before long,It can wait a little.,Next week.,Next year.,Send it soon.,,,0.3.0
"""
OURS = "zanzibar"
"""A word that stands in no text and no statement."""

PAGES = (
    *("/", "/claims", "/claims?q=pilots", "/claims/C001-001", "/claims/C001-003", "/sources"),
    *("/sources/S001", "/sources/S101", "/actors", "/actors/nor", "/actors/pact", "/incidents"),
    *("/incidents/lost-chart", "/disputes", "/facts", "/facts/C001-001", "/origins"),
    *("/codebook", "/codebook/anonymity", "/quality", "/releases", "/downloads", "/as-of", "/tiny"),
)
TOPIC_PAGES = {
    "/reasons": None,
    "/trust": "trust_sign",
    "/voices": None,
    "/time-frames": "time_frame",
}
"""The column that a page of the topic goes with; the machinery of claims has what others show."""
MEASURE = (
    *("measure", "measure_id", "measure_key", "measure_status", "measure_account"),
    "measure_subject",
)
TOPIC = (
    *MEASURE,
    *("content", "voice", "modality", "topic", "sharing_effect", "event_type", "event_code"),
    *("figure_value", "figure_unit", "figure_population", "figure_qualifier", "likelihood"),
    *("analytic_confidence", "credibility", "coder_confidence", "time_frame", "origin_basis"),
    *("flow_from", "flow_to", "trust_sign", "trust_course", "trust_holder", "trust_object"),
    "figure_currency",
)
"""Every variable that the machinery of claims can do without."""


def change_json(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    spec = json.loads(path.read_text("utf-8"))
    change(spec)
    path.write_text(json.dumps(spec), "utf-8")


def declare_own_columns(root: Path) -> None:
    """Declare two columns of claims, once, before all others."""
    begin_anew(root)
    change_json(
        root / "schemas" / "claims.json",
        lambda spec: spec["fields"].__setitem__(slice(0, 0), [GIST, URGENCY]),
    )
    (root / "schemas" / "codebook" / "codes" / "urgency.csv").write_text(CODES, "utf-8")


def drop_variables(root: Path, names: Collection[str]) -> None:
    """Take variables out of the streams, the codebook and the requirements, and nowhere else."""

    begin_anew(root)

    def drop(spec: dict[str, Any]) -> None:
        spec["fields"] = [item for item in spec["fields"] if item["name"] not in names]
        keys = spec.get("foreignKeys", [])
        spec["foreignKeys"] = [key for key in keys if not {*key["fields"]} & {*names}]

    for stream in ("claims", "codings"):
        change_json(root / "schemas" / f"{stream}.json", drop)
    codebook = root / "schemas" / "codebook"
    keep_rows(codebook / "variables.csv", lambda row: not set(row["columns"].split()) & {*names})
    with (codebook / "variables.csv").open(newline="", encoding="utf-8") as handle:
        left = {row["variable"] for row in csv.DictReader(handle)}
    keep_rows(codebook / "steps.csv", lambda row: row["variable"] in left)
    keep_rows(codebook / "decisions.csv", lambda row: {*row["variables"].split()} <= left)
    keep_rows(
        root / "schemas" / "requirements.csv",
        lambda row: row["when_column"] not in names and row["then_column"] not in names,
    )


def keep_rows(path: Path, keep: Callable[[dict[str, str]], bool]) -> None:
    with path.open(newline="", encoding="utf-8") as handle:
        head, *rows = csv.reader(handle)
    with path.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle, lineterminator="\n").writerows(
            [head, *(row for row in rows if keep(dict(zip(head, row, strict=True))))]
        )


def filled(world: World, without: Collection[str] = (), *more: dict[str, Any]) -> World:
    """Fill an empty package with the tiny package's rows, but for some columns."""
    world.add("actors", ACTORS)
    world.add("sources", SOURCES)
    world.add("incidents", INCIDENTS)
    world.add("measures", MEASURES)
    entries = [{k: v for k, v in row.items() if k not in without} for row in (*CLAIMS, *more)]
    world.add("claims", entries)
    world.add("links", LINKS)
    world.seal("all")
    build(world.package, world.package.build)
    return world


def twin(path: str) -> str:
    """Return the address of a page's JSON."""
    bare, mark, query = path.partition("?")
    return f"{bare.rstrip('/') or '/index'}.json{mark}{query}"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = empty_world(tmp_path_factory.mktemp("own"))
    declare_own_columns(world.root)
    entry = claim(
        "a\nclerk lost a chart",
        "Somebody mislaid a chart.",
        urgency="soon",
        gist=f"A note from {OURS}.",
        occurred="2019",
        occurred_basis="stated",
    )
    return filled(world, (), entry)


@pytest.fixture(scope="module")
def get(own: World) -> Get:
    return asking(own.package.build)


@pytest.mark.slow
def test_an_own_column_that_is_declared_once_is_validated(own: World) -> None:
    assert validate(read(own.package), own.supplied).findings == []
    definition = read_definition(own.package)
    for table in (definition.streams["claims"], definition.tables["claims"]):
        assert table.by_name["urgency"].enum == ["now", "soon"]
    with pytest.raises(FindingsError) as raised:
        own.add("claims", [claim("signed a letter", "Pilots wrote.", urgency="someday")])
    assert [finding.rule for finding in raised.value.findings] == ["enum"]
    assert "urgency" in str(raised.value.findings[0])


@pytest.mark.parametrize("table", ["claims", "claim_versions"])
def test_an_own_column_is_in_parquet_sqlite_and_the_descriptor(table: str, own: World) -> None:
    folder = own.package.build
    frame = pl.read_parquet(folder / "parquet" / f"{table}.parquet")
    assert frame["urgency"].drop_nulls().to_list() == ["soon"]
    assert OURS in frame["gist"].drop_nulls()[0]
    connection = sqlite3.connect(folder / "tiny.db")
    rows = connection.execute(f"select urgency, gist from {table} where urgency > ''").fetchall()
    connection.close()
    assert rows == [("soon", f"A note from {OURS}.")]
    about = json.loads((folder / "datapackage.json").read_text("utf-8"))
    [resource] = [item for item in about["resources"] if item["name"] == table]
    fields = {item["name"]: item for item in resource["schema"]["fields"]}
    assert fields["urgency"]["categories"] == ["now", "soon"]
    assert fields["gist"]["description"] == GIST["description"]


def test_an_own_column_can_be_searched_filtered_and_read_on_every_page(get: Get) -> None:
    found = get(f"/claims.json?q={OURS}").json()
    assert [row["claim_id"] for row in found["claims"]] == ["C001-007"]
    chosen = get("/claims.json?urgency=soon").json()
    assert [row["claim_id"] for row in chosen["claims"]] == ["C001-007"]
    assert get("/claims.json?urgency=none").json()["part"]["total"] == 6
    form = {item["name"]: item for item in chosen["filters"]}["urgency"]
    assert (form["label"], [item["label"] for item in form["choices"]]) == (
        "Urgency",
        ["any", "none", "At once", "Before long"],
    )
    page = get("/claims/C001-007").text
    assert "Before long" in page
    assert f"<dt>Gist</dt><dd>A note from {OURS}.</dd>" in page
    assert "urgency" in get("/tiny/claims.json?_facet=urgency").json()["facet_results"]
    assert URGENCY["description"] in get("/tiny/claims").text
    used = get("/codebook/urgency.json").json()
    assert {"table": "claims", "column": "urgency"} in used["used_in"]
    assert used["filter"] == "urgency"
    described = get("/tiny/data_dictionary.json?_shape=array&column=gist").json()
    assert {row["table"] for row in described} == {"claims", "claim_versions"}


@pytest.mark.parametrize("page", PAGES)
def test_a_package_with_an_own_column_answers_every_page(page: str, get: Get) -> None:
    assert (get(page).status_code, get(twin(page)).status_code) == (200, 200)


def test_the_files_of_the_tables_catch_up_with_an_own_column(tmp_path: Path) -> None:
    world = empty_world(tmp_path)
    declare_own_columns(world.root)
    done = world.run("schemas")
    assert done.returncode == 1
    assert '+      "name": "urgency"' in done.stdout
    assert world.run("schemas", "--write").returncode == 0
    assert world.run("schemas").returncode == 0
    spec = json.loads((world.root / "schemas" / "tables" / "claims.json").read_text("utf-8"))
    assert spec["search"] == ["statement", "gist"]


@pytest.fixture(scope="module", params=[MEASURE, TOPIC], ids=["measure", "all"])
def reduced(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A package without some variables."""
    world = empty_world(tmp_path_factory.mktemp("reduced"))
    drop_variables(world.root, request.param)
    return filled(world, request.param)


@pytest.mark.slow
def test_an_absent_variable_takes_its_tables_pages_charts_and_queries_with_it(
    reduced: World,
) -> None:
    assert validate(read(reduced.package), reduced.supplied).findings == []
    ask = asking(reduced.package.build)
    definition = read_definition(reduced.package)
    for page in PAGES:
        assert (page, ask(page).status_code) == (page, 200)
        assert (page, ask(twin(page)).status_code) == (page, 200)
    for table in definition.tables:
        assert (table, ask(f"/tiny/{table}").status_code) == (table, 200)
    queries = available_queries(definition)
    assert queries
    for name in queries:
        answer = ask(f"/tiny/{name}.json?_shape=objects&claim_id=C001-003&since=2019&until=2020")
        assert (name, answer.json()["ok"]) == (name, True)
    absent = {*TOPIC} - {*definition.streams["claims"].names}
    home = ask("/index.json").json()
    names = {item["name"] for item in home["plots"]}
    asked = {item["name"] for item in home["questions"]}
    assert asked == {*queries}
    assert {item["name"] for item in ask("/claims.json").json()["filters"]}.isdisjoint(absent)
    assert {*definition.tables["claims"].names}.isdisjoint(absent)
    assert ("topics" in names) == ("topic" not in absent)
    assert ("allies" in names) == ("measure" not in absent)
    assert ("measures_by_ally" in asked) == ("measure" not in absent)
    assert ('href="/measures"' in ask("/claims").text) == ("measure" not in absent)
    assert ask("/measures").status_code == (404 if "measure" in absent else 200)
    assert (home["answers"] is None) == ("measure" in absent)
    header = ask("/claims").text
    for page, column in TOPIC_PAGES.items():
        there = column not in absent
        assert (page, f'href="{page}"' in header) == (page, there)
        assert (page, ask(page).status_code) == (page, 200 if there else 404)


def test_a_package_without_topic_files_has_the_queries_of_the_machinery_alone(bare: World) -> None:
    shutil.rmtree(bare.root / "schemas" / "queries")
    (bare.root / "schemas" / "site.json").unlink()
    names = set(available_queries(read_definition(bare.package)))
    assert "claim_history" in names
    assert names.isdisjoint(path.stem for path in (ROOT / "schemas" / "queries").glob("*.sql"))


def test_every_query_and_everything_that_the_site_shows_here_has_its_columns() -> None:
    definition = read_definition(Package(ROOT))
    assert {query.missing for query in read_queries(definition).values()} == {None}
    claims = definition.tables["claims"].names
    assert unknown_columns(definition.presentation, claims) == []


@pytest.mark.parametrize(
    ("absent", "left"),
    [
        ((), OF_REGISTER),
        (
            ("measure_account",),
            ("register", "takers", "counting", "question", "details", "purpose"),
        ),
        (("measure_id",), ()),
        (("measure_id", "measure_account"), ()),
    ],
)
def test_what_speaks_of_takers_goes_with_its_column(
    absent: tuple[str, ...], left: tuple[str, ...]
) -> None:
    definition = read_definition(Package(ROOT))
    claims = {
        k: v for k, v in coded_columns(definition.tables["claims"]).items() if k not in absent
    }
    whole = definition.presentation
    limited = whole.limited_to(claims, definition.tables["codings"].names)
    assert limited.measures is not None
    assert {*limited.measures} & {*OF_REGISTER} == {*left}
    assert {*limited.measures} - {*OF_REGISTER} == {*(whole.measures or {})} - {*OF_REGISTER}
    assert {*absent} <= {*unknown_columns(whole, claims)}
    required = dict.fromkeys(claims, False)
    assert (limited.taking_condition(required) is None) == ("register" not in left)
    assert (limited.own_condition(required) is None) == ("account" not in left)
    assert limited.without_register().taking_condition(required) is None


def replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Return a slip: a text in a file of the definition that stands there otherwise."""

    def slip(schemas: Path) -> None:
        path = schemas / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")

    return slip


def appended(name: str, text: str) -> Callable[[Path], None]:
    """Return a slip: a text at the end of a file of the definition."""

    def slip(schemas: Path) -> None:
        with (schemas / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return slip


def written(name: str, text: str) -> Callable[[Path], None]:
    return lambda schemas: (schemas / name).write_text(text, "utf-8") and None


def presented(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    return lambda schemas: change_json(schemas / "site.json", change)


HEAD = "-- title: What?\n-- description: That.\n"


def bomb(quoted: str = "{}", between: str = " as ") -> str:
    """Return a query of twenty common table expressions, each naming the one before twice."""
    names = [quoted.format(f"a{n}") for n in range(20)]
    return (
        f"{HEAD}with {names[0]}{between}(select 1 as x)"
        + "".join(
            f", {name}{between}(select * from {last} union all select * from {last})"
            for last, name in pairwise(names)
        )
        + f" select * from {names[-1]}"
    )


SLIPS = {
    "a query is no SELECT": (
        written("queries/odd.sql", HEAD + "delete from claims"),
        "schemas/queries/odd.sql: is not one SELECT",
    ),
    "a query is two statements": (
        written("queries/odd.sql", HEAD + "select 1; select 2"),
        "schemas/queries/odd.sql: is not one SELECT",
    ),
    "a query attaches a file": (
        written("queries/odd.sql", HEAD + "attach 'x' as y"),
        "schemas/queries/odd.sql: is not one SELECT",
    ),
    **{
        f"a query grows without bound, {case}": (
            written("queries/odd.sql", bomb(*forms)),
            "schemas/queries/odd.sql: SQLite needs more than 2 seconds or 128 MB",
        )
        for case, forms in {
            "plainly": (),
            "with names in quotation marks": ('"{} b"',),
            "with names in brackets": ("[{}-b]",),
            "with names as texts": ("'{} b'",),
            "with names in backticks": ("`{} b`",),
            "with signs in its names": ("{}$€",),
            "with a comment before the body": ("{}", "/* as */as--\n"),
            "without a blank": ("{}", " AS"),
        }.items()
    },
    **{
        f"a query does what no reader may, {sql}": (
            written("queries/odd.sql", HEAD + sql),
            "schemas/queries/odd.sql: is not one SELECT that a reader may run",
        )
        for sql in (
            "select fts3_tokenizer('simple')",
            "select load_extension('x')",
            "select sql from sqlite_stmt",
            "pragma table_info(claims)",
            "with a as (select 1) insert into claims (claim_id) select 1",
            "explain select 1",
        )
    },
    **{
        f"a query has a parameter that a server would compute, {sql}": (
            written("queries/odd.sql", HEAD + sql),
            "schemas/queries/odd.sql: has the parameter",
        )
        for sql in (
            "select :_actor_id",
            "select @_random_chars_9",
            "select $_cookie_a",
            "select ?1",
        )
    },
    **{
        f"a query has a second {case}": (
            written("queries/odd.sql", f"{more}{HEAD}select 1"),
            f"schemas/queries/odd.sql: {said}",
        )
        for case, more, said in (
            ("title", "-- title: A\n", "has two titles or two descriptions"),
            ("description", "-- description: A\n", "has two titles or two descriptions"),
            ("title in one line", "-- title: A\u2028", "its title holds a control character"),
            ("line in its title", "-- title: A\x0b", "its title holds a control character"),
        )
    },
    **{
        f"a query has a long {key}": (
            written("queries/odd.sql", HEAD.replace(old, "x" * (most + 1)) + "select 1"),
            f"schemas/queries/odd.sql: its {key} is longer than {most:,} characters",
        )
        for key, old, most in (("title", "What?", 200), ("description", "That.", 2000))
    },
    "a query is long": (
        written("queries/odd.sql", f"{HEAD}select '{'x' * 10_000}'"),
        "schemas/queries/odd.sql: is longer than 10,000 characters",
    ),
    "a query is long with its acts": (
        written("queries/odd.sql", f"{HEAD}select {' or '.join(['{act}'] * 100)}"),
        "schemas/queries/odd.sql: is longer than 10,000 characters, the act",
    ),
    "a query has no title": (
        written("queries/odd.sql", "select 1"),
        "schemas/queries/odd.sql: needs one line '-- title: …'",
    ),
    "a query has the name of a table": (
        written("queries/claims.sql", HEAD + "select 1"),
        "schemas/queries/claims.sql: a table has the same name",
    ),
    "a query is named with a space": (
        written("queries/an odd.sql", HEAD + "select 1"),
        "schemas/queries: the name 'an odd' of a query",
    ),
    "the site has an unknown part": (
        replaced("site.json", '"filters"', '"filtres"'),
        "schemas/site.json: Additional properties are not allowed ('filtres'",
    ),
    "the site has what a server would fill in": (
        replaced("site.json", '"taken":', '"$env": "HOME", "taken":'),
        "schemas/site.json: measures/signs/$env: no key begins with $",
    ),
    **{
        f"the site says too much: {case}": (presented(change), f"schemas/site.json: {said}")
        for case, change, said in (
            (
                "a chart without a column",
                lambda site: site["charts"][2].pop("column"),
                "charts/2: 'column' is",
            ),
            (
                "a chart of texts",
                lambda site: site["charts"][2].update(column="statement"),
                "charts: statement has no",
            ),
            *(
                (
                    f"a page {case}",
                    lambda site, at=at, more=more: site["pages"][at].update(more),
                    said,
                )
                for case, at, more, said in (
                    ("at the address of another", 0, {"name": "facts"}, "pages: /facts is the"),
                    ("at that of a register", 0, {"name": "readings"}, "pages: /readings is the"),
                    ("of no relation", 0, {"relations": ["because"]}, "pages: because is no code"),
                    ("of texts", 1, {"sign": "statement"}, "pages: statement has no code list"),
                    ("of no actors", 1, {"from": "topic"}, "pages: topic is no list of actors"),
                    ("twice", 3, {"name": "voices"}, "pages: names voices twice"),
                )
            ),
            (
                "a page of groups by nothing",
                lambda site: site["pages"][2].pop("columns"),
                "pages/2: 'columns' is a required",
            ),
            (
                "a group of no measures",
                lambda site: site["measures"]["groups"][0]["in"].append("shout"),
                "measures: shout is no code of measure",
            ),
            (
                "a measure in two groups",
                lambda site: site["measures"]["groups"][1]["in"].append("withhold"),
                "measures: names withhold twice",
            ),
            (
                "a chart twice",
                lambda site: site["charts"].append({**site["charts"][2], "name": "x"}),
                "charts: names column topic",
            ),
            (
                "many charts",
                lambda site: site.update(charts=site["charts"] * 6),
                "charts: has 24 items, at most 20",
            ),
            (
                "a filter of texts",
                lambda site: site["filters"].append({"column": "statement"}),
                "filters: statement has",
            ),
            (
                "a filter twice",
                lambda site: site["filters"].append({"column": "topic"}),
                "filters: names topic twice",
            ),
            (
                "a coding twice",
                lambda site: site["codings"].append({"column": "topic"}),
                "codings: names topic twice",
            ),
            (
                "a colour of texts",
                lambda site: site.update(passage_colour="note"),
                "passage_colour: note has no",
            ),
            (
                "a measure of texts",
                lambda site: site["measures"].update(measure="note"),
                "measures: note has no",
            ),
            (
                "a register that is none",
                lambda site: site["measures"].update(register="incident_id"),
                "measures: incident_id refers to no register; name a column of claims",
            ),
            (
                "a register without takers",
                lambda site: site["measures"].pop("takers"),
                "measures: 'takers' is a dependency of 'register'",
            ),
            (
                "takers that are no list of actors",
                lambda site: site["measures"].update(takers="subject"),
                "measures: subject is no list of actors in schemas/measures.json",
            ),
            (
                "takers that are not there",
                lambda site: site["measures"].update(takers="doers"),
                "measures: doers is no list of actors in schemas/measures.json",
            ),
            (
                "an account of texts",
                lambda site: site["measures"].update(account="note"),
                "measures: note has no code list",
            ),
            (
                "an account of no code",
                lambda site: site["measures"].update(own="takr"),
                "measures: takr is no code of measure_account",
            ),
            (
                "codings of numbers",
                lambda site: site["codings"].append({"column": "end"}),
                "codings: end has no code list",
            ),
            (
                "a filter of texts",
                lambda site: site["filters"].append({"column": "note"}),
                "filters: note has no code list and holds no numbers, nor yes and no;",
            ),
            (
                "an act by a code with a NUL",
                lambda site: site["act"]["when"][0].update({"in": ["a\0b"]}),
                "act/when/0/in/0: 'a\\x00b' does not match",
            ),
            (
                "many accounts that do not count",
                lambda site: site["measures"]["unless"][0].update({"in": ["x" * 1000] * 5}),
                "measures: has more than",
            ),
            (
                "a long label",
                lambda site: site.update(choices="x" * 2001),
                "choices: has 2,001 characters, at most",
            ),
            (
                "a long act",
                lambda site: site["act"]["when"][0].update({"in": ["x" * 1000] * 5}),
                "act: has more than",
            ),
        )
    },
    "a table has a long title": (
        lambda schemas: change_json(
            schemas / "claims.json", lambda spec: spec.update(title="x" * 201)
        ),
        "schemas/claims.json: title: has 201 characters, at most 200",
    ),
    "a chart is of no kind": (
        replaced("site.json", '"doers"', '"pie"'),
        "schemas/site.json: charts/1/kind: 'pie' is not one of",
    ),
    "a column has an unknown code list": (
        replaced("claims.json", '"codelist": "topic"', '"codelist": "topik"'),
        "schemas/claims.json: names the code list 'topik'",
    ),
    "a column of a table has an unknown code list": (
        replaced("tables/claims.json", '"codelist": "topic"', '"codelist": "topik"'),
        "schemas/tables/claims.json: names the code list 'topik'",
    ),
    "a variable names an unknown column": (
        replaced("codebook/variables.csv", ",modality,", ",modalty,"),
        "schemas/codebook/variables.csv: 'modality' is coded in 'modalty'",
    ),
    "a variable has a cell too many": (
        replaced("codebook/variables.csv", ",modality,", ",modality,,"),
        "schemas/codebook/variables.csv: row ",
    ),
    "a variable has an empty cell": (
        replaced("codebook/variables.csv", "span,Passage,start end", "span,,start end"),
        "schemas/codebook/variables.csv:2: label is empty; fill it",
    ),
    "a code has an empty cell": (
        replaced("codebook/codes/topic.csv", "\n", "\nbells,Bells,,I.,E.,X.,,,0.3.0\n"),
        "schemas/codebook/codes/topic.csv:2: definition is empty; fill it",
    ),
    "a code is of a later version than the codebook": (
        replaced("codebook/codes/topic.csv", "\n", "\nbells,Bells,D.,I.,E.,X.,,,9.0.0\n"),
        "schemas/codebook/codes/topic.csv:2: version is '9.0.0', later than the codebook's",
    ),
    "a step gives a code that its list does not have": (
        replaced("codebook/steps.csv", ",considered", ",considred"),
        "schemas/codebook/steps.csv: the step '2' of 'modality' gives the code 'considred', which "
        "codes/modality.csv does not have; add it there or mend the step; did you mean "
        '"considered"?',
    ),
    "a step gives a code of a variable that has none": (
        appended("codebook/steps.csv", "statement,9,A rule.,event\n"),
        "schemas/codebook/steps.csv: the step '9' of 'statement' gives the code 'event', but its "
        "columns have no code list; take the code out, or give a column a codelist",
    ),
    "a step is of no variable": (
        appended("codebook/steps.csv", "topik,9,A rule.,\n"),
        "schemas/codebook/steps.csv: the step '9' of 'topik': variables.csv does not have that "
        'variable; mend the name; did you mean "topic"?',
    ),
    "a step stands twice": (
        appended("codebook/steps.csv", "topic,2,A rule.,\n"),
        "schemas/codebook/steps.csv: the step '2' of 'topic' stands there twice",
    ),
    "a variable stands twice": (
        replaced("codebook/variables.csv", "\nmodality,", "\nvoice,"),
        "schemas/codebook/variables.csv: 'voice' stands there twice",
    ),
    "a decision is about no variable": (
        replaced("codebook/decisions.csv", ",content voice\n", ",content voize\n"),
        "schemas/codebook/decisions.csv: the decision '1' is about the variable 'voize', which "
        'variables.csv does not have; mend the name; did you mean "voice"?',
    ),
    "a target is no number": (
        replaced("codebook/variables.csv", ",,0.8,", ",,high,"),
        "schemas/codebook/variables.csv:4: the target 'high' is no number",
    ),
    "a code stands twice": (
        replaced("codebook/codes/topic.csv", "\n", "\ntrust,T,T.,I.,E.,X.,,,0.3.0\n"),
        "schemas/codebook/codes/topic.csv: gives the code 'trust' twice",
    ),
    "a column has no type": (
        replaced("claims.json", '"type": "string"', '"kind": "string"'),
        "schemas/claims.json: fields/0: 'type' is a required property",
    ),
    "a column has the name of another": (
        replaced("claims.json", '"name": "voice"', '"name": "topic"'),
        "schemas/claims.json: two columns have one name",
    ),
    "a column of the machinery is gone": (
        replaced("claims.json", '"name": "dyad_from"', '"name": "dyad_form"'),
        'schemas/claims.json: lacks the column "dyad_from"',
    ),
    "a requirement names an unknown column": (
        replaced("requirements.csv", "claims,voice,", "claims,voyce,"),
        "schemas/requirements.csv:9: author-has-no-hop asks whether voyce of claims",
    ),
    "a column's name is a word of SQL": (
        replaced("claims.json", '"name": "note"', '"name": "group"'),
        'schemas/claims.json: the column "group" has a name',
    ),
    "a column's name means something else to SQLite": (
        replaced("claims.json", '"name": "note"', '"name": "rank"'),
        'schemas/claims.json: the column "rank" has a name',
    ),
}


def test_all_queries_of_a_package_have_a_time_together(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_module, "ALL_SECONDS", 0.0)
    with pytest.raises(ClaimlogError, match=r"\.sql: SQLite needs more than 0 seconds to read it"):
        read_queries(read_definition(world.package))


@pytest.mark.slow
@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_the_definition_is_one_line_that_names_the_file(slip: str, world: World) -> None:
    change, said = SLIPS[slip]
    change(world.root / "schemas")
    with pytest.raises(ClaimlogError) as raised:
        read_queries(read_definition(Package(world.root)))
    assert str(raised.value).startswith(said)
    assert "\n" not in str(raised.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    "slip",
    [
        *("a query is no SELECT", "a query grows without bound, plainly", "a query has no title"),
        *("the site has an unknown part", "a target is no number", "a column has no type"),
    ],
)
def test_a_command_ends_with_that_line_where_the_definition_has_a_slip(
    slip: str, world: World
) -> None:
    change, said = SLIPS[slip]
    change(world.root / "schemas")
    done = world.run("validate")
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert done.returncode == 1, done.stdout
    assert lines[-1].removeprefix("claimlog: ").startswith(said), done.stderr
    assert "Traceback" not in done.stderr
    assert not world.package.build.exists()


QUERIES = (
    *("select value from json_each('[1]')", "select name from pragma_table_info('claims')"),
    *("select 1;", "values (1)", "select claim_id from claims where {act}"),
    "select 1 from (with a as (select 1) select * from (with a as (select 2) select * from a))",
    "select 1 from claims_fts where claims_fts match escape_fts(:words)",
)


def test_a_query_may_do_what_a_reader_may(bare: World) -> None:
    for number, sql in enumerate(QUERIES):
        written(f"queries/odd_{number}.sql", HEAD + sql)(bare.root / "schemas")
    written("queries/odd_lines.sql", f"{HEAD}select 1\n".replace("\n", "\r\n"))(
        bare.root / "schemas"
    )
    queries = available_queries(read_definition(bare.package))
    assert len([name for name in queries if name.startswith("odd_")]) == len(QUERIES) + 1


ODD_NAMES = ("self", "n", "c", "code", "label", "row", "id", "sql", "cross", "natural", "items")
"""Names of columns that queries, pages and functions use for something else."""


@pytest.mark.slow
def test_every_page_is_drawn_of_all_that_a_package_may_show(tmp_path: Path) -> None:
    world = empty_world(tmp_path)
    begin_anew(world.root)
    odd = [{**URGENCY, "name": name} for name in ODD_NAMES]
    change_json(
        world.root / "schemas" / "claims.json",
        lambda spec: spec["fields"].__setitem__(slice(0, 0), odd),
    )
    (world.root / "schemas" / "codebook" / "codes" / "urgency.csv").write_text(CODES, "utf-8")
    table = read_definition(world.package).tables["claims"]
    coded = [item.name for item in table.fields if item.codelist and item.name != "action"]
    items = [{"column": name, "label": "<b>", "optional": True} for name in coded]
    plain = [{"column": item.name} for item in table.fields if not item.codelist]
    kinds = [(kind, name) for name in coded for kind in ("column", "sources")][:18]

    def show_all(site: dict[str, Any]) -> None:
        charts = [
            {"kind": kind, "column": name, "name": f"c-{chr(97 + at)}", "title": "T", "text": "T"}
            for at, (kind, name) in enumerate(kinds)
        ]
        site |= {"filters": items, "not_filters": [], "claim_codes": items, "claim_texts": plain}
        site |= {key: [*items, *plain] for key in ("claim_line", "actor_line", "passage_line")}
        site["charts"] = [*site["charts"][:2], *charts]

    change_json(world.root / "schemas" / "site.json", show_all)
    ask = asking(filled(world).package.build)
    for page in (*PAGES, "/measures", *(f"/claims?{name}=now" for name in ODD_NAMES)):
        assert (page, ask(page).status_code) == (page, 200)
        assert (page, ask(twin(page)).status_code) == (page, 200)


@pytest.mark.slow
def test_a_query_of_an_absent_column_is_left_out_and_named(bare: World) -> None:
    written("queries/odd.sql", HEAD + "select topik from claims")(bare.root / "schemas")
    assert "odd" not in available_queries(read_definition(bare.package))
    done = bare.run("schemas")
    assert done.returncode == 1
    assert "schemas/queries/odd.sql: is left out: no column topik" in done.stdout
    bare.run("build")
    state = {"tree_size": 0, "root": None}
    served = datasette_metadata(read_definition(bare.package), state)["databases"]["tiny"][
        "queries"
    ]
    assert "odd" not in served


TOPIC_WORDS = re.compile(
    r"\b(usa|intelligence|united.states|five.eyes|nato|washington|allied.trust.example"
    r"|spy|spies|spying|espionage|distrusts?|adversar(y|ies)|sharing.effect|flow_(from|to)"
    r"|trust_(sign|course|holder|object)|politici[sz]ation|secret services?|classified)\b",
)
"""Words that this dataset is about, and that no other one is."""


@pytest.fixture(scope="module")
def code_texts() -> dict[Path, str]:
    """The text of every file that is installed with claimlog, without the names of languages."""
    folder = ROOT / "scripts" / "claimlog"
    found = {
        path.relative_to(folder): path.read_bytes().decode("utf-8", "replace")
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and path.name != "languages.csv"
    }
    assert len(found) > 500
    assert {".py", ".html", ".sql", ".csv", ".css", ".js", ".json", ".md", ".yml"} <= {
        path.suffix for path in found
    }
    return found


def test_no_code_and_no_template_speaks_of_the_topic(code_texts: dict[Path, str]) -> None:
    said = {
        path: match.group()
        for path, text in code_texts.items()
        if (match := TOPIC_WORDS.search(text.lower()))
    }
    assert said == {}


def test_no_code_and_no_template_names_an_actor_of_the_dataset(
    code_texts: dict[Path, str],
) -> None:
    actors = read(Package(ROOT)).live("actors")
    names = {*actors["name"], *(alias for aliases in actors["aliases"] for alias in aliases)}
    assert len(names) > 200
    whole = {name: re.compile(rf"(?<!\w){re.escape(name)}(?!\w)") for name in names}
    said = [
        (path, name)
        for path, text in code_texts.items()
        for name in names
        if name in text and whole[name].search(text)
    ]
    assert said == []


def test_no_page_of_a_topic_has_the_address_of_a_page_that_every_site_has() -> None:
    first = {page.pattern.split("/")[1].partition("|")[0] for page in page_list.PAGES}
    assert first <= SITE_NAMES
