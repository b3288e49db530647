"""Schemas evolve: a package goes through three versions of a stream, and no row changes."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import frictionless
import polars as pl
import pytest

from claimlog.build import build
from claimlog.edit.log_lock import log_lock
from claimlog.edit.open_batch import open_batch
from claimlog.edit.rebase import rebase
from claimlog.edit.seal import make_manifest, sync_descriptor
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.export.metadata import datasette_metadata
from claimlog.log.batch import Batch, dump_manifest
from claimlog.log.canonical import encode
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.release.dataset_state import DatasetState, table_shapes
from claimlog.release.diff import compare_states
from claimlog.release.diff_report import as_json, as_markdown, as_text
from claimlog.release.verify import verify_copy
from claimlog.schema.definition import read_definition
from claimlog.site.version_history import version_history
from claimlog.validate import validate
from conftest import World, copied
from repositories import drop_codebook_tables, repository

Spec = dict[str, Any]
ROLE = {"name": "role", "type": "string", "description": "What the member is in the alliance."}
SEAT: Spec = {
    "name": "seat",
    "type": "string",
    "description": "Town of the actor.",
    "constraints": {"pattern": "^[A-Z][a-z]+$"},
    "currentConstraints": {"required": True},
}
SIZE: Spec = {
    "name": "size",
    "type": "integer",
    "unit": "persons",
    "description": "Size of the actor.",
    "constraints": {"minimum": 1},
}


def field(spec: Spec, name: str) -> Spec:
    """Return a field of a schema."""
    return next(item for item in spec["fields"] if item["name"] == name)


def edit(path: Path, change: Callable[[Spec], object]) -> None:
    """Change a schema file."""
    spec = json.loads(path.read_text("utf-8"))
    change(spec)
    path.write_text(json.dumps(spec), "utf-8")


def raise_version(
    world: World, change: Callable[[Spec], object], *upcasts: str, stream: str = "actors"
) -> None:
    """Make the next version of the schema of a stream, and keep the one before it."""
    schemas = world.root / "schemas"
    now = schemas / f"{stream}.json"
    version = json.loads(now.read_text("utf-8"))["schemaVersion"]
    (schemas / "past").mkdir(exist_ok=True)
    shutil.copyfile(now, schemas / "past" / f"{stream}.{version}.json")

    def raised(spec: Spec) -> None:
        change(spec)
        spec["schemaVersion"] = version + 1

    edit(now, raised)
    with (schemas / "upcasts.csv").open("a") as file:
        csv.writer(file).writerows([stream, version + 1, *line.split(" ", 2)] for line in upcasts)


def show(world: World, table: str, *columns: Spec) -> None:
    """Have a compiled table hold columns of the actors."""
    path = world.root / "schemas" / "tables" / f"{table}.json"
    named = [{**spec, "from": f"actors.{spec['name']}"} for spec in columns]
    edit(path, lambda spec: spec["fields"].extend(named))


def add_code(world: World, column: str, value: str) -> None:
    """Add a code of actors, or say since when one is retired."""
    path = world.root / "schemas" / "codebook" / "codes" / "actor_type.csv"
    rows = [*csv.DictReader(io.StringIO(path.read_text("utf-8")))]
    if column == "retired":
        rows = [{**row, "retired": "9.0.0" if row["code"] == value else ""} for row in rows]
    else:
        rows.append({**rows[-1], "code": value, "label": value})
    text = io.StringIO()
    writer = csv.DictWriter(text, [*rows[0]])
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), "utf-8")


def to_second(world: World) -> None:
    """Add a required column, a key in the objects of a list, a code, and a requirement."""

    def change(spec: Spec) -> None:
        spec["fields"].append(SEAT)
        field(spec, "memberships")["items"]["fields"].append(ROLE)

    raise_version(world, change, "add seat null", 'add memberships.role "member"')
    show(world, "actors", SEAT)
    show(world, "actor_versions", SEAT)
    add_code(world, "code", "court")
    path = world.root / "schemas" / "requirements.csv"
    rule = "part-described,actors,part_of,set,description,set,error,A part is described.,Why not.,4"
    path.write_text(f"{path.read_text('utf-8')}{rule}\n", "utf-8")
    assert world.run("schemas", "--write").returncode == 0


def to_third(world: World) -> None:
    """Add another column; retire a column, a key and a code."""

    def change(spec: Spec) -> None:
        spec["fields"].append(SIZE)
        field(spec, "note")["retired"] = True
        parts = field(spec, "memberships")["items"]["fields"]
        next(part for part in parts if part["name"] == "end")["retired"] = True

    raise_version(world, change, "add size 1")
    show(world, "actors", SIZE)
    show(world, "actor_versions", SIZE)
    path = world.root / "schemas" / "tables" / "actors.json"
    edit(path, lambda spec: field(spec, "note").update(derivedFrom="description"))
    add_code(world, "retired", "media")
    assert world.run("schemas", "--write").returncode == 0


def actor(name: str, kind: str, **given: Any) -> Spec:
    return {"actor_id": name, "name": name.title(), "actor_type": kind, **given}


@pytest.fixture(scope="module")
def evolved(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The tiny package after three schema versions, with rows of each of them."""
    return evolve(copied(made, tmp_path_factory.mktemp("evolved")))


def evolve(world: World) -> World:
    """Take the tiny package through three schema versions, with rows of each of them."""
    to_second(world)
    world = World(Package(world.root), world.texts)
    port = actor("port", "agency", part_of="nor", description="A port.", seat="Quay", note="Old.")
    member = [{"alliance_id": "pact", "start": "2001", "end": "2004", "role": "observer"}]
    world.add("actors", [port, actor("oes", "state", iso3="AUT", seat="Hill", memberships=member)])
    world.amend("actors", "nor", name="Norland", seat="Fjord")
    world.seal("second")
    to_third(world)
    world = World(Package(world.root), world.texts)
    world.amend("actors", "oes", size=2)
    world.add("actors", [actor("bench", "court", seat="Hill", size=3, description="A court.")])
    world.retract("port", "No longer there.")
    world.seal("third")
    return world


@pytest.mark.slow
def test_each_row_is_judged_by_the_schema_and_the_rules_of_its_own_version(evolved: World) -> None:
    log = read(evolved.package)
    assert [*log.versions("actors")] == [3, 4, 5]
    report = validate(log, evolved.supplied)
    assert [str(finding) for finding in report.findings] == []
    assert report.tallies["part-described"].checked == 6  # of the rows since version 4
    assert "some are of an earlier schema" in str(report.tallies["descriptor"].note)


def is_good_for_other_tools(world: World) -> bool:
    """Whether Frictionless by itself finds the rows of a package good by its descriptor."""
    valid = frictionless.Package(str(world.root / "datapackage.json")).validate().valid
    assert isinstance(valid, bool)
    return valid


@pytest.mark.slow
def test_other_tools_find_rows_of_every_version_good_by_the_present_schemas(evolved: World) -> None:
    assert is_good_for_other_tools(evolved)


@pytest.mark.slow
def test_other_tools_are_given_the_schema_of_the_rows_until_there_is_one_with_the_new_columns(
    made: World, tmp_path: Path
) -> None:
    def schema_of_actors() -> str:
        about = json.loads((world.root / "datapackage.json").read_text("utf-8"))
        return next(one["schema"] for one in about["resources"] if one["name"] == "actors")

    world = copied(made, tmp_path)
    to_second(world)
    assert schema_of_actors() == "schemas/past/actors.3.json"
    assert is_good_for_other_tools(world)
    world = World(Package(world.root), world.texts)
    assert [*validate(read(world.package), world.supplied).findings] == []
    world.amend("actors", "nor", name="Norland", seat="Fjord")
    world.seal("second")
    assert schema_of_actors() == "schemas/actors.json"
    assert is_good_for_other_tools(world)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "constraints"),
    [
        ("seat", {"required": True}),
        ("seat", {"pattern": "^[A-Z]+$"}),
        ("description", {"required": True}),
        ("description", {"minLength": 2}),
        ("description", {"maxLength": 20}),
        ("actor_type", {"enum": ["state"]}),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value,
)
def test_a_constraint_that_older_rows_need_not_meet_is_refused_where_other_tools_would_ask_it(
    evolved: World, tmp_path: Path, column: str, constraints: Spec
) -> None:
    world = copied(evolved, tmp_path)
    schema = world.root / "schemas" / "actors.json"

    def ask_of_all(spec: Spec) -> None:
        item = field(spec, column)
        item.pop("codelist", None)
        item["constraints"] = {**item.get("constraints", {}), **constraints}

    edit(schema, ask_of_all)
    done = world.run("validate")
    [key] = constraints
    assert done.returncode != 0
    assert done.stderr.startswith(
        f"claimlog: schemas/actors.json: {column}: its constraint {key} was not asked of rows of "
    )
    assert done.stderr.endswith('; move it from "constraints" to "currentConstraints"\n')

    def ask_of_new_rows(spec: Spec) -> None:
        ask_of_all(spec)
        item = field(spec, column)
        asked = {**item.get("currentConstraints", {}), key: item["constraints"].pop(key)}
        item["currentConstraints"] = asked

    shutil.copyfile(evolved.root / "schemas" / "actors.json", schema)
    edit(schema, ask_of_new_rows)
    assert "currentConstraints" not in world.run("validate").stderr


def test_every_row_gives_back_the_bytes_of_its_line(evolved: World) -> None:
    log = read(evolved.package)
    for stream in log.definition.streams:
        rows = log.rows(stream).to_dicts()
        for batch in log.batches:
            if stream in batch.streams:
                lines = batch.file(stream).read_bytes().splitlines()
                own = [row for row in rows if row["batch"] == batch.number]
                assert [log.line_of(stream, row, batch.number) for row in own] == lines


def test_older_rows_are_filled_and_newer_ones_leave_what_is_retired_empty(evolved: World) -> None:
    rows = {
        (row["actor_id"], row["version"]): row
        for row in read(evolved.package).rows("actors").to_dicts()
    }
    nor, oes = rows["nor", 1], rows["oes", 1]
    assert (nor["seat"], nor["size"], nor["memberships"][0]["role"]) == (None, 1, "member")
    assert rows["pact", 1]["memberships"] == []
    assert (oes["memberships"][0]["end"], rows["oes", 2]["memberships"][0]["end"]) == ("2004", None)
    assert rows["oes", 2]["memberships"][0]["role"] == "observer"
    assert (rows["port", 1]["note"], rows["port", 2]["note"]) == ("Old.", None)
    assert rows["port", 2]["action"] == "retract"


@pytest.mark.slow
def test_tables_hold_rows_of_every_version(evolved: World, tmp_path: Path) -> None:
    build(evolved.package, tmp_path / "build")
    with sqlite3.connect(tmp_path / "build" / "tiny.db") as db:
        actors = dict(db.execute("select actor_id, seat from actors").fetchall())
        (note,) = db.execute("select note from actors where actor_id = 'bench'").fetchone()
        kinds = dict(db.execute("select actor_id, actor_type from actors").fetchall())
        notes = dict(
            db.execute(
                'select "table", description from data_dictionary where "column" = \'note\''
            ).fetchall()
        )
    assert (actors["nor"], actors["sud"], actors["bench"]) == ("Fjord", None, "Hill")
    assert note == "A court."  # a retired column is derived for a while, where it can be
    assert (kinds["gazette"], kinds["bench"]) == ("media", "court")
    assert "Retired:" in notes["actors"]
    assert "Retired:" not in notes["sources"]
    versions = pl.read_parquet(tmp_path / "build" / "parquet" / "actor_versions.parquet")
    assert versions.height == read(evolved.package).height("actors")


def test_pages_and_forms_know_what_is_retired(evolved: World) -> None:
    state = {"tree_size": 1, "root": ""}
    tables = datasette_metadata(read_definition(evolved.package), state)["databases"]["tiny"][
        "tables"
    ]
    assert "Retired:" in tables["actors"]["columns"]["note"]
    assert "--note" not in evolved.run("add", "actor", "--help").stdout
    assert "--seat" in evolved.run("add", "actor", "--help").stdout
    assert "note: Old. -> empty" in evolved.run("show", "port").stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (actor("late", "media", seat="Hill"), "expected a code of"),
        (actor("late", "state", iso3="LVA"), '"seat" is null, expected a value'),
        (actor("late", "agency", part_of="nor", seat="Hill"), "a part is described"),
        (actor("late", "alliance", seat="Hill", size=0), "expected minimum 1"),
    ],
)
def test_a_new_row_is_judged_by_all_that_holds_now(
    evolved: World, tmp_path: Path, given: Spec, message: str
) -> None:
    world = copied(evolved, tmp_path)
    with pytest.raises(FindingsError) as error:
        world.add("actors", [given])
    assert message in "\n".join(map(str, error.value.findings))


@pytest.mark.slow
def test_a_retired_column_can_neither_be_given_nor_stand_in_a_new_row(
    evolved: World, tmp_path: Path
) -> None:
    world = copied(evolved, tmp_path)
    with pytest.raises(ClaimlogError, match='"note" is retired'):
        world.add("actors", [actor("late", "state", iso3="LVA", seat="Hill", note="x")])

    world.add("actors", [actor("late", "state", iso3="LVA", seat="Hill")])
    path = world.package.state / "open" / "actors.ndjson"
    path.write_bytes(path.read_bytes().replace(b'"note":null', b'"note":"Filled all the same."'))
    batch = open_batch(world.package)
    assert batch is not None
    report = validate(read(world.package, [batch]))
    found = [str(finding) for finding in report.findings]
    assert len(found) == 1
    assert '"note" is "Filled all the same.", expected nothing, because the column is' in found[0]


@pytest.mark.slow
def test_a_release_of_three_versions_is_made_and_verified(evolved: World, tmp_path: Path) -> None:
    world = copied(evolved, tmp_path)
    drop_codebook_tables(world.root)
    repo = repository(world)
    repo.release("0.1.0")
    folder = repo.root / "dist" / "tiny-0.1.0"
    assert (folder / "log" / "schemas" / "past" / "actors.4.json").is_file()
    verdict = verify_copy(folder)
    assert [str(finding) for finding in verdict.findings] == []


@pytest.mark.slow
def test_a_batch_is_of_no_older_version_than_one_before_it(evolved: World, tmp_path: Path) -> None:
    """Its rows would be judged by what was demanded then: here none has a seat."""
    world = copied(evolved, tmp_path)
    sealed = read(world.package)
    first = next(batch for batch in sealed.batches if "actors" in batch.streams)
    row = json.loads(first.file("actors").read_text("utf-8").splitlines()[0])
    row.update(actor_id="late", name="Late", recorded_at=sealed.last_time)
    number = sealed.batches[-1].number + 1
    place = world.package.events / f"{number:04d}-late"
    place.mkdir()
    (place / "actors.ndjson").write_bytes(encode(row) + b"\n")
    claimed = {"files": {"actors.ndjson": {"schema_version": 3}}}
    late = Batch(place, f"events/{place.name}", number, "late", len(sealed.batches), claimed)
    log = read(world.package, [*sealed.batches, late], sealed=False)
    assert log.findings == []
    manifest = make_manifest(log, late, "late", "Late", "By hand.", "coder-1")
    manifest["files"]["actors.ndjson"]["schema_version"] = 3
    (place / "batch.json").write_bytes(dump_manifest(manifest))
    sync_descriptor(world.package)
    report = validate(read(world.package), world.supplied)
    (finding,) = report.findings
    assert (finding.rule, finding.path) == ("schema-version", f"events/{place.name}/actors.ndjson")
    assert finding.message == "has schema version 3, a batch before it 5"


@pytest.mark.parametrize("version", [0, -1])
def test_a_schema_version_is_at_least_one(evolved: World, tmp_path: Path, version: int) -> None:
    world = copied(evolved, tmp_path)
    path = sorted(world.package.events.glob("*/batch.json"))[-1]
    manifest = json.loads(path.read_text("utf-8"))
    manifest["files"]["actors.ndjson"]["schema_version"] = version
    path.write_bytes(dump_manifest(manifest))
    rules = {finding.rule for finding in read(world.package).findings}
    assert rules == {"manifest"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("actors,5,add,seat,1", "'seat' is added, but is there already"),
        ("actors,5,add,memberships.size,1", "'memberships' holds no objects with 'size'"),
        ("actors,5,rename,title,nothing", "'nothing' cannot be renamed to 'title'"),
        ("actors,5,drop,note,", "expected add or rename, not 'drop'"),
        (
            "actors,5,rename,spare,name\nactors,5,rename,name,description\n"
            "actors,5,rename,description,spare",
            "'description' would hold another column than it held",
        ),
    ],
)
def test_an_upcast_that_leads_elsewhere_is_one_line(
    evolved: World, tmp_path: Path, line: str, message: str
) -> None:
    world = copied(evolved, tmp_path)
    with (world.root / "schemas" / "upcasts.csv").open("a") as file:
        file.write(f"{line}\n")
    done = world.run("validate")
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    assert said.startswith("claimlog: schemas/upcasts.csv")
    assert message in said


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda past: (past / "actors.3.json").unlink(), "actors.3.json: is missing, and rows of"),
        (
            lambda past: edit(past / "actors.3.json", lambda spec: spec.update(schemaVersion=4)),
            "schemas/past/actors.3.json: says schemaVersion 4, expected 3",
        ),
        (lambda past: (past / "lynx.1.json").write_text("{}"), "is no STREAM.VERSION.json"),
    ],
)
def test_a_slip_in_the_schemas_kept_is_one_line(
    evolved: World, tmp_path: Path, change: Callable[[Path], object], message: str
) -> None:
    world = copied(evolved, tmp_path)
    change(world.root / "schemas" / "past")
    done = world.run("validate")
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_comparison_names_what_rows_no_longer_fill_and_explains_every_stream(
    evolved: World,
) -> None:
    log = read(evolved.package)
    before = DatasetState("before", log.trees[-2][0], table_shapes(log.definition))
    found = compare_states(log, before, DatasetState.of_head(log, "now"), [])
    (retired,) = [change for change in found.schema if not change.adds]
    assert (retired.text, retired.breaks) == (
        "rows of actors no longer fill the column note",
        False,
    )
    changes = {row.row_id: row for row in found.others}
    assert {name: (row.stream, row.change) for name, row in changes.items()} == {
        "oes": ("actors", "amended"),
        "port": ("actors", "retracted"),
    }
    assert changes["oes"].fields == {"size": (1, 2)}  # nothing of the key that is retired
    assert changes["port"].reasons == ("No longer there.",)
    text = as_text(found)
    assert "  ~ rows of actors no longer fill the column note\n" in text
    assert "- port v2  (actors)\n    because: No longer there.\n" in text
    (size, port) = as_json(found)["others"]
    assert (size["id"], size["fields"]) == ("oes", {"size": {"old": 1, "new": 2}})
    assert (port["id"], port["change"], port["reasons"]) == (
        "port",
        "retracted",
        ["No longer there."],
    )
    entry = as_markdown(found, "Now")
    assert "- oes (size): A slip." in entry
    assert "- Rows of actors no longer fill the column note." in entry
    whole = compare_states(log, None, DatasetState.of_head(log, "now"), [])
    assert whole.others == ()  # what was added and then amended is only added


@pytest.mark.slow
def test_rows_that_only_got_values_in_columns_that_are_new_are_told_apart(
    evolved: World, tmp_path: Path
) -> None:
    world = copied(evolved, tmp_path)
    world.amend("actors", "sud", "Its seat is known.", seat="Hill")
    world.seal("fourth")
    log = read(world.package)
    second = log.batches[-3].number
    assert log.added_columns["actors"] == {
        "aliases": 1,  # a version of this project's own, which its first batch follows
        "seat": second,
        "memberships.role": second,
        "size": second + 1,
    }
    before = DatasetState("before", log.trees[-4][0], table_shapes(log.definition))
    found = compare_states(log, before, DatasetState.of_head(log, "now"), [])
    third = DatasetState("third", log.trees[-2][0], table_shapes(log.definition))
    later = compare_states(log, third, DatasetState.of_head(log, "now"), [])
    assert later.schema == ()  # what rows no longer fill was said of the state before
    changes = {row.row_id: row for row in found.others}
    assert (changes["sud"].only_added, changes["nor"].only_added) == (True, False)
    assert (changes["nor"].changed_fields, changes["nor"].added) == (["name"], {"seat"})
    entry = as_markdown(found, "Now")
    corrected, filled = entry.split("### Filled in columns that are new")
    assert "- nor (name): A slip." in corrected
    assert "- sud (seat): Its seat is known." in filled
    assert "    seat: no such column then -> Hill\n" in as_text(found)
    others = {row["id"]: row["new_columns"] for row in as_json(found)["others"]}
    assert (others["sud"], others["nor"]) == (["seat"], ["seat"])


def test_a_page_says_that_a_column_was_not_there_then(evolved: World, tmp_path: Path) -> None:
    world = copied(evolved, tmp_path)
    log = read(world.package)
    rows = log.rows_of("actors", pl.Series(["nor"]), ("batch", "version", "seat", "name"))
    versions = [
        {
            **row,
            "action": "amend",
            "reason": None,
            "event_id": "",
            "recorded_at": "",
            "recorded_by": "",
        }
        for row in rows.sort("version").iter_rows(named=True)
    ]
    last = version_history(versions, lambda _: None, log.added_columns["actors"])[-1]
    assert [(cell["column"], cell["is_new"]) for cell in last["changed"]] == [
        *(("seat", True), ("name", False))
    ]


@pytest.mark.slow
def test_a_batch_from_before_a_schema_change_is_rebased_as_rows_of_the_present_version(
    world: World, tmp_path: Path
) -> None:
    to_second(world)
    ours = World(Package(world.root), world.texts)
    theirs = copied(ours, tmp_path / "theirs")
    member = [{"alliance_id": "pact", "start": "2001", "end": None, "role": "observer"}]
    theirs.add("actors", [actor("oes", "state", iso3="AUT", seat="Hill", memberships=member)])
    theirs.seal("late")
    to_third(ours)
    ours = World(Package(ours.root), ours.texts)
    ours.add("actors", [actor("bench", "court", seat="Hill", size=3, description="A court.")])
    ours.seal("first")
    (late,) = theirs.package.events.glob("*-late")
    shutil.copytree(late, ours.package.events / late.name)
    sync_descriptor(ours.package)
    with log_lock(ours.package):
        assert rebase(ours.package, [late.name])[0].startswith(f"{late.name} is now ")
    log = read(ours.package)
    assert validate(log, ours.supplied).findings == []
    files = log.batches[-1].manifest["files"]
    assert files["actors.ndjson"]["schema_version"] == log.definition.streams["actors"].version
    (line,) = log.batches[-1].file("actors").read_text("utf-8").splitlines()
    row = json.loads(line)
    assert (row["actor_id"], row["seat"], row["size"]) == ("oes", "Hill", 1)
    assert row["memberships"] == member


# an open batch from before


def with_open_rows(made: World, folder: Path) -> World:
    """Rows added by the first schema of the actors, and two schema versions after them."""
    world = copied(made, folder)
    parts = [{"alliance_id": "pact", "start": "2001"}]
    named = {"description": "A port.", "part_of": "nor", "note": "By the sea."}
    world.add("actors", [actor("port", "agency", memberships=parts, **named)])
    world.add("incidents", [INCIDENT])
    to_second(world)
    to_third(world)
    return world


INCIDENT = {
    "incident_id": "fog",
    "title": "Fog",
    "description": "A fog came up.",
    "incident_type": "mishandling",
    "actors": ["nor"],
}


@pytest.fixture(scope="module")
def outdated(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    return with_open_rows(made, tmp_path_factory.mktemp("outdated"))


@pytest.mark.slow
def test_open_rows_from_before_are_refused_in_a_line_where_nothing_is_written(
    outdated: World,
) -> None:
    done = outdated.run("validate")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "claimlog: .claimlog/open/actors.ndjson: 1 row is from before version 5 of "
        "schemas/actors.json; run claimlog open, which carries the open batch over\n"
    )


@pytest.mark.slow
def test_open_rows_from_before_are_carried_over_as_sealed_ones_are_upcast(
    outdated: World, tmp_path: Path
) -> None:
    world = copied(outdated, tmp_path)
    done = world.run("open")
    assert done.stderr == "carried 1 row of the open batch over to the present schemas\n"
    assert world.run("open").stderr == ""
    path = world.package.state / "open" / "actors.ndjson"
    row = json.loads(path.read_text("utf-8"))
    assert (row["seat"], row["size"], row["description"]) == (None, 1, "A port.")
    assert row["memberships"] == [
        {"alliance_id": "pact", "end": None, "role": "member", "start": "2001"}
    ]
    assert row["note"] is None  # which is retired, as the new rows of the present schema have it
    # what the present schema demands of a new row has to be given
    assert '"seat" is null, expected a value' in world.run("validate").stdout
    drop = world.run("drop", "port")
    assert drop.returncode == 0
    assert world.run("validate").returncode == 0


@pytest.mark.slow
def test_the_next_command_that_changes_the_open_batch_carries_it_over(
    outdated: World, tmp_path: Path
) -> None:
    world = copied(outdated, tmp_path)
    world.run("drop", "fog")
    row = json.loads((world.package.state / "open" / "actors.ndjson").read_text("utf-8"))
    assert row["size"] == 1


@pytest.fixture(scope="module")
def left_open(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A seal that was cut off left its open rows, and the schema changed after it."""
    folder = tmp_path_factory.mktemp("left-open")
    world = copied(made, folder / "world")
    world.add("actors", [actor("port", "agency", description="A port.", part_of="nor")])
    opened = world.package.state / "open"
    shutil.copytree(opened, folder / "before")
    world.amend("actors", "port", description="Another.")
    world.seal("port")
    shutil.copytree(folder / "before", opened)
    to_second(world)
    return world


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("open",), 0, "the open batch is empty"),
        (("seal", "--slug", "port", "--title", "T", "--method", "M"), 1, "0004-port is sealed"),
        (("rebase",), 2, "there is no open batch to rebase"),
        (("takedown", "port", "--version", "1", "--reason", "Order."), 0, "port version 1 taken"),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else "",
)
def test_open_rows_that_are_sealed_are_left_out_and_not_carried_over(
    words: tuple[str, ...], status: int, said: str, left_open: World, tmp_path: Path
) -> None:
    world = copied(left_open, tmp_path)
    opened = world.package.state / "open"
    done = world.run(*words)
    assert (done.returncode, said in done.stdout + done.stderr) == (status, True), done.stderr
    assert not opened.exists()
    assert world.run("validate").returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("way", ["a batch is missing", "a row cannot be read"])
def test_open_rows_are_not_carried_over_while_the_log_cannot_be_read(
    way: str, left_open: World, tmp_path: Path
) -> None:
    """They may be sealed, and would not be known any more by their bytes."""
    world = copied(left_open, tmp_path / "copy")
    opened = world.package.state / "open"
    batch = world.package.events / "0004-port"
    batch.rename(tmp_path / "kept")
    if way == "a row cannot be read":
        shutil.copytree(tmp_path / "kept", batch)
        (batch / "actors.ndjson").write_bytes(b"{\n")
    before = (opened / "actors.ndjson").read_bytes()
    seal = ("seal", "--slug", "port", "--title", "T", "--method", "M")
    for words in (("open",), seal, ("rebase",)):
        done = world.run(*words)
        said = done.stdout + done.stderr
        assert (done.returncode, "seat" in said) == (1, False)
        if words == ("open",) or way == "a batch is missing":
            assert "events/0004-port/actors.ndjson" in said
    assert (opened / "actors.ndjson").read_bytes() == before
    shutil.rmtree(batch, ignore_errors=True)
    (tmp_path / "kept").rename(batch)
    assert "the open batch is empty" in world.run("open").stdout
    assert world.run("validate").returncode == 0


def test_a_row_of_no_known_schema_is_left_to_validation(outdated: World, tmp_path: Path) -> None:
    world = copied(outdated, tmp_path)
    path = world.package.state / "open" / "actors.ndjson"
    row = json.loads(path.read_text("utf-8"))
    path.write_bytes(encode({**row, "colour": "blue"}) + b"\n")
    assert 'unknown key "colour"' in world.run("validate").stdout
