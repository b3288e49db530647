"""Registers: streams that a package adds, with rows, rules, tables and pages of their own."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from claimlog.build import build
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.fold import Cutoff
from claimlog.limits import SCHEMA_FILES
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.release.diff import Point, compare
from claimlog.release.verify import verify
from claimlog.schema.definition import read_definition
from claimlog.schema.registers import MACHINERY_TABLES
from claimlog.schema.table_schema import REQUIRED_STREAMS, in_log_order
from claimlog.update import Update
from claimlog.validate import validate
from claimlog.validate.appended import only_appends
from conftest import (
    ACTORS,
    CLAIMS,
    INCIDENTS,
    LINKS,
    ROOT,
    SOURCES,
    STOPPED,
    Get,
    World,
    asking,
    copied,
    empty_world,
)
from test_topic import change_json, twin

Spec = dict[str, Any]

KINDS = """code,label,definition,include,exclude,example,scheme,scheme_code,version
pact,Pact,Several sides promise the same.,Alliances.,Contracts.,A pact.,,,0.3.0
lease,Lease,One side lends to another.,Harbours.,Gifts.,A lease.,,,0.3.0
"""


def column(name: str, kind: str = "string", **given: Any) -> Spec:
    return {"name": name, "type": kind, "description": f"The {name} of it.", **given}


def envelope(entity: str, pattern: str) -> list[Spec]:
    """Return the columns of every stream for an entity."""
    required = {"constraints": {"required": True}}
    return [
        column("action", codelist="action", **required),
        column(f"{entity}_id", constraints={"required": True, "pattern": pattern}),
        column("version", "integer", constraints={"required": True, "minimum": 1}),
        column("recorded_at", "datetime", **required),
        column("recorded_by", **required),
        column("reason"),
    ]


def key(name: str, table: str, reference: str) -> Spec:
    return {"fields": [name], "reference": {"resource": table, "fields": [reference]}}


def register(entity: str, pattern: str, title: str, fields: list[Spec], *keys: Spec) -> Spec:
    return {
        "title": title,
        "description": f"{title} that claims speak of.",
        "entity": entity,
        "schemaVersion": 1,
        "fields": [*envelope(entity, pattern), *fields],
        "primaryKey": [f"{entity}_id", "version"],
        "missingValues": [],
        "foreignKeys": list(keys),
    }


TREATIES = register(
    "treaty",
    "^T[0-9]{3,}$",
    "Treaties",
    [
        column("title", constraints={"required": True, "maxLength": 100}),
        column("kind", codelist="treaty_kind", constraints={"required": True}),
        column("in_force", edtf=True),
        column("ended", edtf=True),
        column("gist", ownWords=True),
        column("follows"),
        column("about"),
        column("signatories", "array", items={"type": "string", "references": "actors"}),
        column("sites", "array", items={"type": "string", "references": "laboratories"}),
        column("echoes", "array", items={"type": "string", "references": "treaties"}),
        column(
            "articles_of",
            "array",
            items={"fields": [column("number", "integer"), column("keeper", references="actors")]},
        ),
    ],
    key("follows", "treaties", "treaty_id"),
    key("about", "incidents", "incident_id"),
)
LABORATORIES = register(
    "laboratory",
    "^[a-z][a-z-]*$",
    "Laboratories",
    [column("name", constraints={"required": True}), column("owner")],
    key("owner", "actors", "actor_id"),
)
TIDES = {
    "title": "Tide tables for all",
    "kind": "pact",
    "in_force": "1999",
    "gist": "Everybody learns when the water comes.",
    "signatories": ["nor", "sud"],
    "sites": ["tide-house"],
    "articles_of": [{"number": 1, "keeper": "nor"}],
}
RENEWED = {
    "title": "Tide tables for a while",
    "kind": "lease",
    "in_force": "2004/..",
    "follows": "T001",
    "about": "lost-chart",
    "echoes": ["T001"],
}


def declare(root: Path) -> None:
    """Declare two registers, and two columns of claims that refer to them, and nothing else."""
    schemas = root / "schemas"
    for name, spec in (("treaties", TREATIES), ("laboratories", LABORATORIES)):
        (schemas / f"{name}.json").write_text(json.dumps(spec), "utf-8")
    (schemas / "codebook" / "codes" / "treaty_kind.csv").write_text(KINDS, "utf-8")
    labs = {"type": "string", "references": "laboratories"}

    def refer(spec: Spec) -> None:
        spec["fields"] += [column("treaty_id"), column("labs", "array", items=labs)]
        spec["foreignKeys"].append(key("treaty_id", "treaties", "treaty_id"))

    change_json(schemas / "claims.json", refer)


def entries() -> list[Spec]:
    """Return claims that refer to registers: two to a treaty, three to a laboratory."""
    first, second, third, *rest = ({**entry} for entry in CLAIMS)
    first |= {"treaty_id": "T001", "labs": ["tide-house", "salt-house"]}
    second |= {"labs": ["tide-house", "tide-house"]}
    third |= {"treaty_id": "T002"}
    rest[-1] |= {"treaty_id": "T001"}
    return [first, second, third, *rest]


def begin(world: World) -> None:
    """Fill a package that declares the registers: two sealed batches."""
    world.add("actors", ACTORS)
    world.add("sources", SOURCES)
    world.add("incidents", INCIDENTS)
    labs = [("tide-house", "nor"), ("salt-house", None)]
    rows = [{"laboratory_id": i, "name": i.title(), "owner": owner} for i, owner in labs]
    assert world.add("laboratories", rows) == ["tide-house", "salt-house"]
    assert world.add("treaties", [TIDES, RENEWED]) == ["T001", "T002"]
    world.seal("register")
    world.add("claims", entries())
    world.add("links", LINKS)
    world.seal("claims")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A package with two registers, through three batches, built."""
    world = empty_world(tmp_path_factory.mktemp("registers"))
    declare(world.root)
    begin(world)
    world.amend("treaties", "T001", "It is longer.", ended="2025-03", gist="It was once so.")
    world.add("treaties", [{"title": "Nobody signed", "kind": "pact"}])
    world.retract("T003", "There is no such treaty.")
    world.seal("amended")
    build(world.package, world.package.build)
    return world


@pytest.fixture(scope="module")
def get(filled: World) -> Get:
    return asking(filled.package.build)


@pytest.fixture
def own(filled: World, tmp_path: Path) -> World:
    """A copy of the package to break."""
    return copied(filled, tmp_path)


@pytest.fixture
def declared(bare: World) -> World:
    """A package that declares the registers and holds no row."""
    declare(bare.root)
    return World(Package(bare.root), bare.texts)


def rows_of(world: World, table: str) -> list[Spec]:
    return pl.read_parquet(world.package.build / "parquet" / f"{table}.parquet").to_dicts()


def test_rows_are_numbered_by_the_required_streams_first_and_then_by_name(filled: World) -> None:
    assert in_log_order({"zoos", *REQUIRED_STREAMS, "aims"}) == [*REQUIRED_STREAMS, "aims", "zoos"]
    log = read(filled.package)
    assert [*log.definition.streams] == [*REQUIRED_STREAMS, "laboratories", "treaties"]
    first = [row for row in rows_of(filled, "events") if row["batch"] == 1]
    order = [*dict.fromkeys(row["stream"] for row in first)]
    assert order == ["sources", "actors", "incidents", "laboratories", "treaties"]
    assert validate(log, filled.supplied).findings == []


def test_a_register_compiles_to_its_live_rows_with_days_counts_and_codes(filled: World) -> None:
    first, second = rows_of(filled, "treaties")
    assert (first["treaty_id"], first["version"], first["ended"]) == ("T001", 2, "2025-03")
    assert (first["gist"], second["follows"]) == ("It was once so.", "T001")
    days = [first[name].isoformat() for name in ("in_force_start", "in_force_end", "ended_end")]
    assert days == ["1999-01-01", "1999-12-31", "2025-03-31"]
    assert (second["in_force_start"].isoformat(), second["in_force_end"]) == ("2004-01-01", None)
    counts = ("claims", "articles", "independent_origins", "unknown_origins")
    assert [first[name] for name in counts] == [2, 1, 1, 0]
    assert [second[name] for name in counts] == [1, 1, 1, 0]
    assert first["articles_of"] == [{"keeper": "nor", "number": 1}]
    table = read_definition(filled.package).tables["treaties"]
    assert "signatories" not in table.by_name
    assert table.by_name["kind"].enum == ["pact", "lease"]
    # a claim that names a laboratory twice is one claim about it
    assert [(r["laboratory_id"], r["claims"]) for r in rows_of(filled, "laboratories")] == [
        ("salt-house", 1),
        ("tide-house", 2),
    ]


def test_all_versions_of_a_register_are_a_table_with_tombstones(filled: World) -> None:
    found = [
        (row["treaty_id"], row["version"], row["action"], row["signatories"])
        for row in rows_of(filled, "treaty_versions")
    ]
    assert found == [
        ("T001", 1, "assert", ["nor", "sud"]),
        ("T001", 2, "amend", ["nor", "sud"]),
        ("T002", 1, "assert", []),
        ("T003", 1, "assert", []),
        ("T003", 2, "retract", []),
    ]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("treaty_signatories", [("T001", "nor"), ("T001", "sud")]),
        ("treaty_sites", [("T001", "tide-house")]),
        ("treaty_echoes", [("T002", "T001")]),
        (
            "claim_labs",
            [("C001-001", "salt-house"), ("C001-001", "tide-house"), ("C001-002", "tide-house")],
        ),
    ],
)
def test_a_list_of_references_is_a_junction_table(
    table: str, expected: list[tuple[str, str]], filled: World
) -> None:
    assert [tuple(row.values()) for row in rows_of(filled, table)] == expected


def test_every_foreign_key_of_the_database_holds(filled: World) -> None:
    connection = sqlite3.connect(filled.package.build / "tiny.db")
    broken = connection.execute("pragma foreign_key_check").fetchall()
    keys = connection.execute("pragma foreign_key_list(claims)").fetchall()
    indexes = connection.execute("select name from sqlite_master where type = 'index'").fetchall()
    connection.close()
    assert broken == []
    assert ("treaties", "treaty_id") in {(row[2], row[3]) for row in keys}
    assert ("idx_claims_treaty_id",) in indexes


PAGES = (
    *("/", "/treaties", "/treaties/T001", "/treaties/T002", "/treaties/T003", "/laboratories"),
    *("/laboratories/tide-house", "/claims/C001-001", "/claims/C001-004", "/actors/nor"),
    *("/incidents", "/measures", "/codebook/treaty_kind", "/tiny", "/tiny/treaties"),
)


@pytest.mark.parametrize("page", PAGES)
def test_a_package_with_registers_answers_every_page(page: str, get: Get) -> None:
    assert (get(page).status_code, get(twin(page)).status_code) == (200, 200)


def test_the_page_of_a_register_lists_its_live_rows(get: Get) -> None:
    data = get("/treaties.json").json()
    assert (data["part"]["total"], data["columns"]) == (2, ["ended", "in_force", "kind"])
    assert [(r["id"], r["label"], r["labels"]["kind"]) for r in data["rows"]] == [
        ("T001", TIDES["title"], "Pact"),
        ("T002", RENEWED["title"], "Lease"),
    ]
    page = get("/treaties").text
    assert '<a href="/treaties/T001">Tide tables for all</a>' in page
    assert "<td>since 2004</td>" in page
    assert '<a href="/laboratories">Laboratories</a>' in page


def test_the_page_of_a_row_says_its_codes_links_claims_and_history(get: Get) -> None:
    data = get("/treaties/T001.json").json()
    found = {item["column"]: item for item in data["columns"]}
    assert (found["kind"]["label"], found["in_force"]["date"]) == ("Pact", "1999")
    links = [(link["label"], link["path"]) for link in found["signatories"]["links"]]
    assert links == [("Nor", "/actors/nor"), ("Sud", "/actors/sud")]
    assert found["sites"]["links"][0]["path"] == "/laboratories/tide-house"
    assert [claim["claim_id"] for claim in data["claims"]] == ["C001-001", "C001-006"]
    assert data["claims"][0]["statement"] == CLAIMS[0]["statement"]
    assert data["reported"]["independent_origins"] == 1
    referring = {(one["column"], one["links"][0]["id"]) for one in data["referred_by"]}
    assert referring == {("follows", "T002"), ("echoes", "T002")}
    changed = [[c["column"] for c in version["changed"]] for version in data["versions"]]
    assert changed == [[], ["ended", "gist"]]
    page = get("/treaties/T001").text
    for text in ("It is longer.", ">Sud</a>", "Several sides promise the same.", "C001-006"):
        assert text in page
    retracted = get("/treaties/T003").text
    assert "There is no such treaty." in retracted
    assert "No claim is about it." in retracted
    laboratory = get("/laboratories/tide-house.json").json()
    assert [claim["claim_id"] for claim in laboratory["claims"]] == ["C001-001", "C001-002"]


def test_the_page_of_a_claim_leads_to_the_rows_that_it_refers_to(get: Get) -> None:
    page = get("/claims/C001-001").text
    assert '<dt>treaty id</dt><dd><a href="/treaties/T001">Tide tables for all</a></dd>' in page
    assert '<a href="/laboratories/tide-house">Tide-House</a>' in page
    assert get("/claims/C001-004.json").json()["registered"] == []


def test_a_row_that_is_not_there_is_said_to_be_none(get: Get) -> None:
    answer = get("/treaties/T999")
    assert answer.status_code == 404
    assert "There is no treaty T999. The page of treaties lists them all." in answer.text
    assert get("/nothing").status_code == 404


def test_an_identifier_of_a_register_that_a_query_finds_links_to_its_page(get: Get) -> None:
    page = get("/tiny?sql=select+treaty_id+from+treaties").text
    assert '<a href="/treaties/T002">T002</a>' in page


def test_a_register_is_searched_described_and_labelled_in_datasette(get: Get) -> None:
    rows = get("/tiny/treaties.json?_shape=array&_search=while").json()
    assert [row["treaty_id"] for row in rows] == ["T002"]
    assert "The in_force of it." in get("/tiny/treaties").text
    assert '<a href="/tiny/treaties/T001">Tide tables for all</a>' in get("/tiny/claims").text
    facets = get("/tiny/treaties.json?_facet=kind").json()["facet_results"]
    assert "kind" in facets
