"""Registers: streams that a package adds, with rows, rules, tables and pages of their own."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from claimlog.build import build
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.fold import Cutoff
from claimlog.limits import KEYS, SCHEMA_FILES
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.release.dataset_state import DatasetState
from claimlog.release.diff import compare_states
from claimlog.release.site_mark import MARK
from claimlog.release.verify import verify_copy
from claimlog.schema.definition import read_definition
from claimlog.schema.registers import MACHINERY_TABLES, SITE_FOLDERS, SITE_PAGES
from claimlog.schema.table_schema import REQUIRED_STREAMS, in_log_order
from claimlog.site.files.index_script import FOLDER
from claimlog.site.files.links import QUERIES, STATIC
from claimlog.site.lists import facet_groups
from claimlog.site.page_list import PAGES as PAGES_OF_THE_SITE
from claimlog.update import BuildUpdate
from claimlog.validate import validate
from claimlog.validate.validate_appended import only_appends
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
    begin_anew(root)
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
    world.add("measures", MEASURES)
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


@pytest.fixture(scope="module")
def declared_once(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A package that declares the registers and holds no row; nobody changes it."""
    world = empty_world(tmp_path_factory.mktemp("declared"))
    declare(world.root)
    return world


@pytest.fixture
def declared(declared_once: World, tmp_path: Path) -> World:
    """A copy of it."""
    return copied(declared_once, tmp_path)


def rows_of(world: World, table: str) -> list[Spec]:
    return pl.read_parquet(world.package.build / "parquet" / f"{table}.parquet").to_dicts()


@pytest.mark.slow
def test_rows_are_numbered_by_the_required_streams_first_and_then_by_name(filled: World) -> None:
    assert in_log_order({"zoos", *REQUIRED_STREAMS, "aims"}) == [*REQUIRED_STREAMS, "aims", "zoos"]
    log = read(filled.package)
    own = ["laboratories", "treaties"]
    registers = ["coders", "findings", "link_codings", "measures", "readings"]
    assert [*log.definition.streams] == [*REQUIRED_STREAMS, *sorted([*registers, *own])]
    first = [row for row in rows_of(filled, "events") if row["batch"] == 1]
    order = [*dict.fromkeys(row["stream"] for row in first)]
    assert order == ["sources", "actors", "incidents", "laboratories", "measures", "treaties"]
    assert validate(log, filled.supplied).findings == []


@pytest.mark.slow
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
    assert '<dt>Treaty</dt><dd><a href="/treaties/T001">Tide tables for all</a></dd>' in page
    assert '<a href="/laboratories/tide-house">Tide-House</a>' in page
    assert get("/claims/C001-004.json").json()["registered"] == []


def test_claims_are_filtered_by_the_rows_that_own_columns_refer_to(get: Get) -> None:
    def names(query: str) -> list[str]:
        return [row["claim_id"] for row in get(f"/claims.json?{query}").json()["claims"]]

    assert names("treaty_id=T001") == ["C001-001", "C001-006"]
    assert names("treaty_id=Tide tables for all") == ["C001-001", "C001-006"]
    assert names("labs=tide-house") == ["C001-001", "C001-002"]
    assert names("labs=tide-house&labs=salt-house&treaty_id=none") == ["C001-002"]
    labels = {item["name"]: item for item in get("/claims.json").json()["filters"]}
    assert [row["count"] for row in labels["labs"]["choices"][:2]] == [2, 4]
    in_force = get("/treaties.json?kind=any&sort=id").json()
    assert in_force["part"]["total"] == 2
    assert get("/treaties.json?in_force=soon").status_code == 400


def test_a_row_that_is_not_there_is_said_to_be_none(get: Get) -> None:
    answer = get("/treaties/T999")
    assert answer.status_code == 404
    assert "There is no treaty T999. The page of treaties lists them all." in answer.text
    assert get("/nothing").status_code == 404


def test_labels_of_codes_are_as_long_as_a_page_can_repeat(
    filled: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = tmp_path / "tiny-0_1_0.db"
    shutil.copyfile(filled.package.build / "tiny.db", release)
    with closing(sqlite3.connect(release)) as database:
        database.execute("update codebook set label = ?, definition = label", ["a" * 500_000])
        database.commit()
    get = asking(filled.package.build, release)
    claims = get("/releases/0.1.0/claims")
    assert claims.status_code == 200
    assert len(claims.content) < 1_000_000
    boxes = claims.text.count('type="checkbox"')
    assert boxes == get("/claims").text.count('type="checkbox"')
    monkeypatch.setattr(facet_groups, "VALUES_IN_ALL", 20)
    assert boxes > get("/releases/0.1.0/claims?sort=id").text.count('type="checkbox"') > 0


@pytest.mark.parametrize(
    ("value", "status"), [("[" + "1," * 10_000 + "1]", 200), ("[" + "1," * 200_000 + "1]", 400)]
)
def test_lists_that_a_page_cannot_hold_are_not_made(
    value: str, status: int, filled: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    release = tmp_path / "tiny-0_1_0.db"
    shutil.copyfile(filled.package.build / "tiny.db", release)
    with closing(sqlite3.connect(release)) as database:
        database.execute("update treaty_versions set signatories = ?", [value])
        database.execute("update treaties set title = ?", ["a" * 500_000])
        database.commit()
    get = asking(filled.package.build, release)
    for path in ("/releases/0.1.0/treaties/T002", "/releases/0.1.0/treaties/T002.json"):
        answer = get(path)
        assert answer.status_code == status
        assert ("hold more than it can show" in answer.text) == (status == 400)
    for path in ("/releases/0.1.0/treaties", "/releases/0.1.0/treaties.json"):
        answer = get(path)
        assert answer.status_code == 200
        assert len(answer.content) < 50_000
    assert capfd.readouterr().err == ""


LACKING = {
    "another register": ("drop table treaties", "drop table treaty_versions"),
    "the register": ("drop table laboratories", "drop table laboratory_versions"),
    "columns of a register": (
        *(
            f"alter table {table} drop column name"
            for table in ("laboratories", "laboratory_versions")
        ),
        *(f"alter table {table} drop column kind" for table in ("treaties", "treaty_versions")),
        "alter table treaty_versions drop column echoes",
    ),
    "counts of claims": ("alter table laboratories drop column independent_origins",),
    "lists in claims": ("drop table claim_labs",),
}


@pytest.mark.parametrize("lacking", LACKING)
def test_a_release_that_lacks_a_part_of_a_register_shows_the_rest(
    lacking: str, filled: World, tmp_path: Path
) -> None:
    release = tmp_path / "tiny-0_1_0.db"
    shutil.copyfile(filled.package.build / "tiny.db", release)
    with closing(sqlite3.connect(release)) as database:
        for statement in LACKING[lacking]:
            database.execute(statement)
        database.commit()
    get = asking(filled.package.build, release)
    absent = {"another register": "/treaties", "the register": "/laboratories"}.get(lacking, "-")
    for page in ("/laboratories", "/laboratories/tide-house", "/treaties", "/treaties/T001"):
        for path in (f"/releases/0.1.0{page}", f"/releases/0.1.0{page}.json"):
            assert get(path).status_code == (404 if page.startswith(absent) else 200), path
    assert get("/releases/0.1.0/claims/C001-001").status_code == 200


def test_an_identifier_of_a_register_that_a_query_finds_links_to_its_page(get: Get) -> None:
    page = get("/tiny?sql=select+treaty_id+from+treaties").text
    assert '<a href="/treaties/T002">T002</a>' in page


def test_what_the_search_finds_of_a_register_says_what_it_is(get: Get) -> None:
    assert '<span class="how">Laboratory' in get("/search?q=Tide-House").text


def test_a_register_is_searched_described_and_labelled_in_datasette(get: Get) -> None:
    rows = get("/tiny/treaties.json?_shape=array&_search=while").json()
    assert [row["treaty_id"] for row in rows] == ["T002"]
    assert "The in_force of it." in get("/tiny/treaties").text
    assert '<a href="/tiny/treaties/T001">Tide tables for all</a>' in get("/tiny/claims").text
    facets = get("/tiny/treaties.json?_facet=kind").json()["facet_results"]
    assert "kind" in facets


# rules


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "rule", "message"),
    [
        ({"follows": "T009"}, "foreign-key", 'follows "T009" is not in treaties'),
        ({"signatories": ["oes"]}, "foreign-key", 'signatories "oes" is not in actors'),
        ({"sites": ["attic"]}, "foreign-key", 'sites "attic" is not in laboratories'),
        ({"follows": "T003"}, "live-reference", 'follows "T003" was retracted'),
        (
            {"articles_of": [{"number": 1, "keeper": "oes"}]},
            "foreign-key",
            'articles_of: keeper "oes" is not in actors',
        ),
        ({"kind": "gift"}, "enum", '"kind" is "gift"'),
        ({"ended": "in March"}, "edtf", 'ended is "in March"'),
        ({"title": "x" * 101}, "length", "expected maxLength 100"),
        ({"title": None}, "required", '"title" is null'),
        (
            {"gist": "The harbour ministry of Norland stopped sharing tide tables with Sudland."},
            "own-words",
            "say it in our own words",
        ),
        ({"treaty_id": "X1"}, "pattern", "expected the pattern"),
    ],
)
def test_a_row_of_a_register_keeps_every_rule(
    given: Spec, rule: str, message: str, own: World
) -> None:
    with pytest.raises(FindingsError) as raised:
        own.add("treaties", [{"title": "A pact", "kind": "pact", **given}])
    assert [finding.rule for finding in raised.value.findings] == [rule]
    assert message in str(raised.value.findings[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "value"), [("treaty_id", "T009"), ("labs", ["attic"]), ("treaty_id", "T003")]
)
def test_a_claim_refers_to_live_rows_of_a_register_only(
    column: str, value: object, own: World
) -> None:
    with pytest.raises(FindingsError) as raised:
        own.amend("claims", "C001-004", **{column: value})
    rule = "live-reference" if value == "T003" else "foreign-key"
    assert [finding.rule for finding in raised.value.findings] == [rule]


def test_a_row_of_a_register_is_given_by_its_exact_name_too(own: World) -> None:
    own.amend(
        "claims", "C001-001", "By name.", treaty_id="Tide tables for a while", labs=["Salt-House"]
    )
    own.seal("named")
    last = read(own.package).history("claims", "C001-001").tail(1).to_dicts()[0]
    assert (last["treaty_id"], last["labs"]) == ("T002", ["salt-house"])


def test_a_name_that_is_almost_that_of_a_row_is_asked_back(own: World) -> None:
    near = re.escape(
        '"labs" names "Tide-Huose", which is no laboratory; did you mean "Tide-House"?'
    )
    with pytest.raises(ClaimlogError, match=near):
        own.amend("claims", "C001-001", "By name.", labs=["Tide-Huose"])
    none = re.escape("which is no treaty; give the identifier or the exact name of one, or add it")
    with pytest.raises(ClaimlogError, match=none):
        own.amend("claims", "C001-001", "By name.", treaty_id="An unheard-of bargain")


def test_a_name_that_two_rows_of_a_register_have_is_asked_back(own: World) -> None:
    own.amend("laboratories", "salt-house", "Renamed.", name="Tide-House")
    with pytest.raises(ClaimlogError, match="as salt-house, tide-house are called; give one"):
        own.amend("claims", "C001-001", "By name.", labs=["Tide-House"])


@pytest.mark.parametrize("name", ["T001", "tide-house", "treaties/T002"])
def test_what_live_rows_refer_to_cannot_be_retracted(name: str, own: World) -> None:
    with pytest.raises(FindingsError) as raised:
        own.retract(name)
    assert {finding.rule for finding in raised.value.findings} == {"live-reference"}
    assert not (own.package.state / "open").exists()


def test_a_requirement_and_a_requirement_of_all_streams_hold_for_a_register(own: World) -> None:
    path = own.root / "schemas" / "requirements.csv"
    with path.open("a") as file:
        file.write("ended-began,treaties,ended,set,in_force,set,error,What ended began.,Order.\n")
        file.write("why,*,reason,set,recorded_by,set,error,A reason is somebody's.,Who.\n")
    world = World(Package(own.root), own.texts)
    report = validate(read(world.package), world.supplied)
    assert report.findings == []
    assert report.tallies["ended-began"].checked == 5
    assert report.tallies["why"].checked == read(world.package).size
    with pytest.raises(FindingsError, match="nothing was added"):
        world.add("treaties", [{"title": "Odd", "kind": "pact", "ended": "2020"}])


@pytest.mark.slow
def test_a_foreign_key_that_a_later_version_adds_judges_no_older_row(
    bare: World,
) -> None:
    declare(bare.root)
    schemas = bare.root / "schemas"
    change_json(schemas / "laboratories.json", lambda spec: spec.update(foreignKeys=[]))
    world = World(Package(bare.root), bare.texts)
    lab = {"laboratory_id": "old", "name": "Old", "owner": "nobody-known"}
    world.add("laboratories", [lab])
    world.add("actors", ACTORS)
    world.seal("first")
    (schemas / "past").mkdir(exist_ok=True)
    shutil.copyfile(schemas / "laboratories.json", schemas / "past" / "laboratories.1.json")

    def second(spec: Spec) -> None:
        spec["schemaVersion"] = 2
        spec["foreignKeys"] = [key("keeper", "actors", "actor_id")]
        spec["fields"].append(column("since", edtf=True))
        next(item for item in spec["fields"] if item["name"] == "owner")["name"] = "keeper"

    change_json(schemas / "laboratories.json", second)
    # the files of its tables name the column as it was: they are made anew
    for name in ("laboratories", "laboratory_versions"):
        (schemas / "tables" / f"{name}.json").unlink(missing_ok=True)
    with (schemas / "upcasts.csv").open("a") as file:
        rows = [
            ["laboratories", 2, "rename", "keeper", "owner"],
            ["laboratories", 2, "add", "since", "null"],
        ]
        csv.writer(file).writerows(rows)
    world = World(Package(bare.root), bare.texts)
    new = {"laboratory_id": "new", "name": "New", "keeper": "nobody-known"}
    with pytest.raises(FindingsError, match="nothing was added") as raised:
        world.add("laboratories", [new])
    assert [(f.rule, f.entity) for f in raised.value.findings] == [("foreign-key", "new")]
    world.add("laboratories", [{**new, "keeper": "nor", "since": "2001"}])
    world.seal("second")
    log = read(world.package)
    assert [*log.versions("laboratories")] == [1, 2]
    assert validate(log).findings == []
    build(world.package, world.package.build)
    found = [
        (r["laboratory_id"], r["keeper"], r["since_start"]) for r in rows_of(world, "laboratories")
    ]
    assert [(name, keeper) for name, keeper, _ in found] == [
        ("new", "nor"),
        ("old", "nobody-known"),
    ]
    assert asking(world.package.build)("/laboratories/old").status_code == 200


@pytest.mark.slow
def test_only_a_retraction_of_a_register_can_tell_on_older_claims(own: World) -> None:
    size = read(own.package).size
    own.amend("treaties", "T002", gist="Shorter.")
    own.seal("shorter")
    assert only_appends(read(own.package), size)
    own.amend("claims", "C001-003", treaty_id=None)
    own.retract("T002", "Gone.")
    own.seal("gone")
    assert not only_appends(read(own.package), size)


# the definition


@pytest.mark.slow
def test_before_the_first_row_everything_works(declared: World) -> None:
    assert validate(read(declared.package)).findings == []
    done = declared.run("schemas")
    assert done.returncode == 1
    assert "schemas/tables/treaties.json" in done.stdout
    assert declared.run("schemas", "--write").returncode == 0
    assert declared.run("schemas").returncode == 0
    build(declared.package, declared.package.build)
    assert rows_of(declared, "treaties") == []
    ask = asking(declared.package.build)
    assert "Nothing is registered here yet." in ask("/treaties").text
    assert ask("/treaties/T001").status_code == 404
    declared.add("actors", ACTORS)
    declared.seal("actors")
    about = json.loads((declared.root / "datapackage.json").read_text("utf-8"))
    assert [resource["name"] for resource in about["resources"]] == ["actors"]
    assert validate(read(World(Package(declared.root), declared.texts).package)).findings == []


def test_the_written_schemas_of_its_tables_can_be_edited_and_catch_up(declared: World) -> None:
    before = read_definition(declared.package).tables
    assert declared.run("schemas", "--write").returncode == 0
    tables = declared.root / "schemas" / "tables"
    after = read_definition(Package(declared.root)).tables
    assert {name: table.spec for name, table in after.items()} == {
        name: table.spec for name, table in before.items()
    }
    change_json(tables / "treaties.json", lambda spec: spec.update(title="Our treaties"))
    fields = [column("signed", edtf=True), column("town"), column("heirs", "array")]
    fields[2]["items"] = {"type": "string", "references": "actors"}

    def more(spec: Spec) -> None:
        spec["fields"] += fields
        spec["foreignKeys"].append(key("town", "actors", "actor_id"))

    change_json(declared.root / "schemas" / "treaties.json", more)
    found = read_definition(Package(declared.root)).tables
    table = found["treaties"]
    assert table.title == "Our treaties"
    assert {"signed", "signed_start", "signed_end", "town"} <= {*table.names}
    assert "heirs" not in table.names
    assert ("town", "actors") in {(one.column, one.table) for one in table.foreign_keys}
    assert found["treaty_heirs"].names == ("treaty_id", "actor_id")
    assert "heirs" in found["treaty_versions"].names


def test_the_names_of_all_other_tables_are_known_to_be_taken() -> None:
    definition = read_definition(Package(ROOT))
    of_registers = {one.table for one in definition.junctions} | {*definition.registers}
    of_registers |= {f"{table.entity}_versions" for table in definition.registers.values()}
    files = {path.stem for path in (ROOT / "schemas" / "tables").glob("*.json")}
    assert files - of_registers == MACHINERY_TABLES


def test_a_register_has_no_name_of_a_page_that_would_hide_its_list(declared: World) -> None:
    own = {page.pattern[1:] for page in PAGES_OF_THE_SITE if re.fullmatch("/[a-z-]+", page.pattern)}
    assert {*own, "index", "feeds"} - MACHINERY_TABLES - {"measures", "as-of"} == SITE_PAGES
    schemas = declared.root / "schemas"
    assert "measures" in read_definition(Package(declared.root)).registers
    assert {FOLDER, QUERIES, STATIC, Path(MARK).stem} == SITE_FOLDERS
    for name in SITE_PAGES | SITE_FOLDERS:
        added(name)(schemas)
        with pytest.raises(ClaimlogError) as raised:
            read_definition(Package(declared.root))
        assert "rename its file" in str(raised.value)
        (schemas / f"{name}.json").unlink()


@pytest.mark.parametrize("name", ["docs", "claims", "releases", "as-of", "measures"])
def test_a_dataset_has_no_name_of_a_page(name: str, declared: World) -> None:
    path = declared.root / "datapackage.json"
    about = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**about, "name": name}), "utf-8")
    with pytest.raises(ClaimlogError, match=r"^(datapackage|schemas/measures)\.json: .*name"):
        read_definition(Package(declared.root))


def added(name: str) -> Callable[[Path], None]:
    """Return a slip: a register by some name."""
    spec = register("zoo", "^Z[0-9]+$", "Zoos", [])
    return lambda schemas: (schemas / f"{name}.json").write_text(json.dumps(spec)) and None


def changed(name: str, change: Callable[[Spec], Any]) -> Callable[[Path], None]:
    return lambda schemas: change_json(schemas / f"{name}.json", change)


def many(schemas: Path) -> None:
    for number in range(SCHEMA_FILES):
        spec = register(f"thing{number}", "^x$", "Things", [])
        (schemas / f"things{number}.json").write_text(json.dumps(spec), "utf-8")


def many_lists(schemas: Path) -> None:
    """Registers of hundreds of lists, each of them a table."""
    for number in range(18):
        lists = [
            column(f"c{n}", "array", items={"type": "string", "references": "things0"})
            for n in range(445)
        ]
        spec = register(f"thing{number}", "^x$", "Things", lists)
        (schemas / f"things{number}.json").write_text(json.dumps(spec), "utf-8")


def many_keys(schemas: Path) -> None:
    """Registers with as many foreign keys as a table may have, each of them an index."""
    for number in range(18):
        names = [f"c{n}" for n in range(KEYS)]
        keys = [key(name, "actors", "actor_id") for name in names]
        spec = register(f"thing{number}", "^x$", "Things", [*map(column, names)], *keys)
        spec["fields"] += [
            column(f"l{n}", "array", items={"type": "string", "references": "actors"})
            for n in range(22)
        ]
        (schemas / f"things{number}.json").write_text(json.dumps(spec), "utf-8")


def counted_itself(spec: Spec) -> None:
    spec["fields"].append(column("claims"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("slip", "message"),
    [
        (added("corroboration"), 'the name of another table, "corroboration"'),
        (added("tide-tables"), "the name 'tide-tables' of a table is not"),
        (added("tiny"), "schemas/tiny.json: has the name of the package"),
        (
            changed("treaties", lambda spec: spec.pop("entity")),
            "schemas/treaties.json: 'entity' is a required property",
        ),
        (
            changed(
                "treaties", lambda spec: spec["foreignKeys"][0]["reference"].update(fields=["x"])
            ),
            "refers to treaties.x, which is not the identifier of treaties",
        ),
        (
            changed(
                "claims", lambda spec: spec["foreignKeys"][-1]["reference"].update(resource="tr")
            ),
            "schemas/claims.json: refers to 'tr', which is no stream",
        ),
        (many_lists, "schemas: makes 8,0"),
        (many_keys, "more than the 2,000 that are made"),
        (many, f"more than {SCHEMA_FILES}; take out what is no stream"),
        (changed("treaties", counted_itself), "two columns have one name"),
    ],
)
def test_a_slip_in_the_declaration_of_a_register_is_one_line(
    slip: Callable[[Path], None], message: str, declared: World
) -> None:
    slip(declared.root / "schemas")
    done = declared.run("validate")
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    assert message in said


@pytest.mark.parametrize(
    ("entity", "message"),
    [
        ("actor", 'has the entity "actor", which is one of schemas/actors.json'),
        ("laboratory", 'has the entity "laboratory", which is one of schemas/zoos.json'),
        ("origin", 'has the entity "origin", which is one of the code'),
    ],
)
def test_an_entity_is_that_of_one_stream(entity: str, message: str, declared: World) -> None:
    spec = register(entity, "^Z[0-9]+$", "Zoos", [])
    (declared.root / "schemas" / "zoos.json").write_text(json.dumps(spec), "utf-8")
    with pytest.raises(ClaimlogError, match=message):
        read_definition(Package(declared.root))


def test_a_table_that_a_register_would_have_twice_is_named(declared: World) -> None:
    lists = [column("versions", "array", items={"type": "string", "references": "actors"})]
    spec = register("zoo", "^Z[0-9]+$", "Zoos", lists)
    (declared.root / "schemas" / "zoos.json").write_text(json.dumps(spec), "utf-8")
    with pytest.raises(ClaimlogError, match='would have the table "zoo_versions"'):
        read_definition(Package(declared.root))


@pytest.mark.parametrize(
    "name",
    ["json_each", "json_tree", "pragma_table_info", "generate_series", "fts5vocab", "dbstat"],
)
def test_a_register_has_no_name_by_which_sql_means_something_else(
    name: str, declared: World
) -> None:
    added(name)(declared.root / "schemas")
    with pytest.raises(ClaimlogError, match=f"^schemas/{name}.json: its name is one that SQLite"):
        read_definition(Package(declared.root))


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (column("n", "integer", edtf=True), "n: edtf is said of string columns, not of integer"),
        (column("n", "integer", ownWords=True), "n: ownWords is said of string columns"),
        (
            column("n", "array", ownWords=True, items={"type": "string"}),
            "n: ownWords is said of string columns, not of array",
        ),
        (
            column("n", "array", items={"fields": [column("m", "integer", edtf=True)]}),
            "n/m: edtf is said of string columns, not of integer",
        ),
        (column("zoos_fts", ownWords=True), 'the column "zoos_fts" has the name of the search'),
    ],
)
def test_a_column_of_a_register_that_cannot_be_made_is_one_line(
    field: Spec, message: str, declared: World
) -> None:
    spec = register("zoo", "^Z[0-9]+$", "Zoos", [column("title"), field])
    (declared.root / "schemas" / "zoos.json").write_text(json.dumps(spec), "utf-8")
    with pytest.raises(ClaimlogError, match=f"^schemas/zoos.json: {message}"):
        read_definition(Package(declared.root))


@pytest.mark.slow
@pytest.mark.parametrize("place", ["sealed", "open"])
def test_a_file_of_a_stream_that_is_not_declared_is_one_finding(place: str, bare: World) -> None:
    schemas = bare.root / "schemas"
    spec = register("zoo", "^Z[0-9]+$", "Zoos", [column("name")])
    (schemas / "zoos.json").write_text(json.dumps(spec), "utf-8")
    world = World(Package(bare.root), bare.texts)
    world.add("actors", ACTORS)
    world.add("zoos", [{"zoo_id": "Z1", "name": "Old"}])
    if place == "sealed":
        world.seal("zoos")
    (schemas / "zoos.json").unlink()
    for name in ("validate", "log", "show nor"):
        done = world.run(*name.split())
        assert done.returncode == 1
        said = (done.stdout + done.stderr).splitlines()
        (found,) = (line for line in said if "zoos" in line and "batch-files" in line)
        assert 'is of the stream "zoos", which schemas/ does not declare' in found
        assert "Traceback" not in done.stderr
    (schemas / "zoos.json").write_text(json.dumps(spec), "utf-8")
    assert world.run("show", "Z1").returncode == 0


# commands and releases


@pytest.mark.slow
def test_commands_know_a_register_by_its_entity(own: World) -> None:
    assert "treaty" in own.run("add", "--help").stdout
    assert "Codes: pact, lease." in own.run("add", "treaty", "--help").stdout
    done = own.run("add", "treaty", "--title", "A new one", "--kind", "pact", "--follows", "T002")
    assert done.stdout.startswith("added T004 to the open batch"), done.stderr
    done = own.run("add", "laboratory", "--name", "Nameless")
    assert "a laboratory needs --laboratory-id; nothing was added" in done.stderr
    done = own.run("amend", "treaty", "T004", "--signatories", "nor,sud", "--reason", "They did.")
    assert (done.returncode, done.stderr) == (0, "")
    shown = own.run("show", "T004").stdout
    assert "T004  treaties, version 2, live" in shown
    assert "signatories: empty -> nor; sud" in shown
    assert "2 treaties" in own.run("log").stdout
    done = own.run("add", "zoo", "--title", "x")
    assert (done.returncode, "No such command 'zoo'" in done.stderr) == (2, True)


@pytest.mark.slow
def test_open_rows_of_a_register_are_listed_dropped_and_never_added_twice(own: World) -> None:
    lab = {"laboratory_id": "mud-house", "name": "Mud"}
    own.add("laboratories", [lab])
    own.add("treaties", [{"title": "Mud", "kind": "pact", "sites": ["mud-house"]}])
    listed = own.run("open").stdout.splitlines()
    assert listed[0] == "open batch, not sealed  1 laboratory, 1 treaty"
    assert [line.split()[:2] for line in listed[1:]] == [
        ["laboratories:1", "mud-house"],
        ["treaties:1", "T004"],
    ]
    done = own.run("drop", "laboratories/mud-house")
    assert done.returncode == 1
    assert "treaties.ndjson:1: T004 refers to mud-house, which would be gone" in done.stderr
    done = own.run("add", "treaty", "--title", "Mud", "--kind", "pact", "--sites", "mud-house")
    assert done.stdout.startswith("T004 (.claimlog/open/treaties.ndjson:1) is there already")
    done = own.run("drop", "laboratories:1", "--with-references")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "the open batch is empty now")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "natural_key", "row"),
    [
        ([column("title", ownWords=True), column("n")], ["title"], {"title": "Old", "n": "1"}),
        ([column("title", ownWords=True), column("gist", ownWords=True)], [], {"title": "Old"}),
        ([column("parts", "array", items={"type": "string"})], [], {"parts": ["Old"]}),
        ([], [], {}),
    ],
    ids=["key of free text", "free text", "lists", "nothing"],
)
def test_a_row_of_nothing_but_free_text_or_lists_is_never_added_twice(
    fields: list[Spec], natural_key: list[str], row: Spec, bare: World
) -> None:
    spec = register("zoo", "^Z[0-9]{3,}$", "Zoos", fields)
    if natural_key:
        spec["naturalKey"] = {"fields": natural_key}
    (bare.root / "schemas" / "zoos.json").write_text(json.dumps(spec), "utf-8")
    world = World(Package(bare.root), bare.texts)
    assert world.add("zoos", [{"zoo_id": "Z001", **row}]) == ["Z001"]
    world.add("zoos", [{"zoo_id": "Z002", **dict.fromkeys(row)}] if row else [])
    world.seal("zoos")
    assert world.add("zoos", [row, {"zoo_id": "Z001", **row}]) == []
    if natural_key:
        with pytest.raises(ClaimlogError, match="has the title of Z001"):
            world.add("zoos", [{**row, "n": "2"}])


def test_rows_of_a_stream_that_is_not_declared_are_listed_and_dropped_by_place(own: World) -> None:
    own.add("laboratories", [{"laboratory_id": "mud-house", "name": "Mud"}])
    zoos = own.package.state / "open" / "zoos.ndjson"
    zoos.write_text('{"zoo_id":"Z1"}\n', "utf-8")
    flaw = "schemas/ does not declare the stream zoos; claimlog drop zoos:1"
    assert f"  zoos:1  cannot be read: {flaw}" in own.run("open").stdout.splitlines()
    assert (own.run("drop", "mud-house").returncode, zoos.exists()) == (0, True)
    done = own.run("drop", "zoos:1")
    assert done.stdout.splitlines() == ["dropped zoos:1", "the open batch is empty now"]


def test_an_identifier_that_two_streams_have_is_asked_for_by_stream(own: World) -> None:
    own.add("laboratories", [{"laboratory_id": "nor", "name": "Nor"}])
    done = own.run("retract", "nor", "--reason", "Which?")
    assert done.returncode == 1
    assert 'more than one stream has the identifier "nor"; write actors/nor or' in done.stderr
    done = own.run("retract", "laboratories/nor", "--reason", "That one.")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_a_large_log_with_registers_is_updated_to_what_a_build_from_nothing_says(
    own: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import claimlog.build as building
    from claimlog import fingerprint
    from claimlog.log import event_log, sections, stream_parts

    monkeypatch.setattr(fingerprint, "MEMORY_BYTES", 0)
    monkeypatch.setattr(building, "UPDATE_RATIO", 0)
    monkeypatch.setattr(building, "UPDATE_BYTES", 0)
    for module in (event_log, fingerprint):
        monkeypatch.setattr(module, "code_fingerprint", lambda _: "the same")
    for module in (sections, stream_parts):
        monkeypatch.setattr(module, "STEP", 1)
    monkeypatch.setattr(sections, "SECTION", 3)
    updates: list[Cutoff] = []

    class Spy(BuildUpdate):
        def write(self, log: Any, cut: Cutoff, *rest: Any) -> None:
            updates.append(cut)
            super().write(log, cut, *rest)

    monkeypatch.setattr(building, "BuildUpdate", Spy)
    build(own.package, tmp_path / "updated")
    own.amend("claims", "C001-002", treaty_id="T002", labs=["salt-house"])
    own.amend("treaties", "T002", signatories=["sud"])
    own.seal("more")
    build(own.package, tmp_path / "updated")
    build(own.package, tmp_path / "fresh", fresh=True)
    assert len(updates) == 1
    for path in sorted((tmp_path / "fresh" / "parquet").iterdir()):
        other = tmp_path / "updated" / "parquet" / path.name
        assert pl.read_parquet(path).equals(pl.read_parquet(other)), path.name
    labs = pl.read_parquet(tmp_path / "updated" / "parquet" / "claim_labs.parquet")
    assert ("C001-002", "salt-house") in labs.rows()


@pytest.mark.slow
def test_a_release_with_registers_is_made_verified_and_compared(own: World, made: World) -> None:
    from repositories import repository

    assert own.run("schemas", "--write").returncode == 0
    repo = repository(own)
    repo.release("0.1.0")
    folder = repo.root / "dist" / "tiny-0.1.0"
    assert (folder / "log" / "events" / "0001-register" / "treaties.ndjson").is_file()
    assert (folder / "log" / "schemas" / "tables" / "treaty_sites.json").is_file()
    verdict = verify_copy(folder)
    assert [str(finding) for finding in verdict.findings] == []
    for name in ("datapackage.json", "ro-crate-metadata.json", "croissant.json"):
        assert "treaties" in (folder / name).read_text("utf-8")
    log = read(own.package)
    before = DatasetState.of_head(read(made.package), "before", 0)
    found = compare_states(log, before, DatasetState.of_head(log, "now"), ())
    assert found.rows["treaties"] == {"amend": 1, "assert": 3, "retract": 1}
    assert "the table treaty_signatories" in {change.text for change in found.schema}
    assert not found.breaks
