"""What a package defines is anybody's data: bounded, inside the package, never followed."""

from __future__ import annotations

import copy
import itertools
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from claimlog import limits
from claimlog.build import build
from claimlog.errors import ClaimlogError
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.schema.constraint_kinds import CONSTRAINTS
from claimlog.schema.definition import read_definition
from claimlog.schema.flaws import FOLD_INPUTS, SQL_WORDS
from claimlog.schema.json_schemas import CONSTRAINTS_SHAPE
from claimlog.schema.pattern_matching import matches, pattern_flaw
from claimlog.schema.table_schema import REQUIRED_STREAMS
from claimlog.validate import Report, validate
from claimlog.validate.descriptor import FOLLOWED, check_descriptor
from claimlog.validate.frictionless import descriptor_of
from conftest import ROOT, World

SCHEMAS = [
    *(ROOT / "schemas" / f"{name}.json" for name in REQUIRED_STREAMS),
    *sorted((ROOT / "schemas" / "tables").glob("*")),
]

MANY_CONSTANTS = "".join(f'coders,2,add,x{n},"""{"w" * 299}"""\n' for n in range(4))
MANY_KEYS = "".join(f"claims,2,add,attributions.{'k' * 60}{n:03},0\n" for n in range(100))
MANY_RENAMES = "".join(f"coders,2,rename,{'ab'[n % 2]},{'ba'[n % 2]}\n" for n in range(501))
MANY_REQUIREMENTS = "since\n" + "".join(
    f"same-{n},*,action,assert,reason,null,error,The same.,Why.,\n" for n in range(501)
)
MANY_VIEWS = "until\n" + "".join(f"links,old,note,0.0.{n},9.0.0\n" for n in range(201))


def named(spec: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the column of a schema that has a name."""
    column: dict[str, Any] = next(item for item in spec["fields"] if item["name"] == name)
    return column


def change(path: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    """Change a JSON file."""
    found = json.loads(path.read_text("utf-8"))
    edit(found)
    path.write_text(json.dumps(found), "utf-8")


def refused(world: World, *words: str) -> str:
    """Return the one line that a command ends with."""
    done = world.run(*(words or ("validate",)))
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert "unexpected" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert len(line) < 700
    return line.removeprefix("claimlog: ")


# nothing reaches out


class Heard(BaseHTTPRequestHandler):
    """A server on the loopback interface that notes what it is asked for."""

    paths: list[str]

    def do_GET(self) -> None:
        self.paths.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    do_HEAD = do_GET

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def heard() -> Iterator[tuple[str, list[str]]]:
    """The address of a server, and what it was asked for."""
    paths: list[str] = []
    handler = type("Handler", (Heard,), {"paths": paths})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    thread.join()
    server.server_close()


CHILD = """
import sys
connected = []
sys.addaudithook(lambda event, args: connected.append(event) if event in
                 ("socket.connect", "socket.getaddrinfo", "urllib.Request") else None)
from pathlib import Path
root, way = Path(sys.argv[1]), sys.argv[2]
if way == "frictionless":
    import json
    import frictionless
    try:
        about = json.loads((root / "datapackage.json").read_text())
        frictionless.Package.from_descriptor(about, basepath=str(root)).validate()
    except frictionless.FrictionlessException:
        pass
else:
    from claimlog.validate import column_constraints
    if way == "unchecked":  # as if the rule of the descriptor had let everything pass
        column_constraints.check_descriptor = lambda log, report: report.count("descriptor", 0)
    from claimlog.errors import ClaimlogError
    from claimlog.log.event_log import Log
    from claimlog.log.read_log import read
    from claimlog.package import Package
    from claimlog.validate import validate
    try:
        report = validate(read(Package(root)))
        print(report.tallies["descriptor"].checked, report.tallies["descriptor"].failed)
    except ClaimlogError as error:
        print(error)
print(sorted(set(connected)))
"""


def run_child(world: World, way: str) -> list[str]:
    env = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(world.root), way],
        capture_output=True,
        text=True,
        timeout=120,
        env=env,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def lead_out(url: str) -> Callable[[dict[str, Any]], None]:
    """Name an address in every place of a descriptor at which one can stand."""

    def edit(about: dict[str, Any]) -> None:
        for place in (about, *about["resources"]):
            kept = {key: place[key] for key in place if key not in ("$schema", "schema")}
            named = (*FOLLOWED, "$schema", "profile", "schema", "x-own", "sources", "homepage")
            place |= {key: f"{url}/{key}" for key in named} | kept
        del about["resource"]
        about["contributors"] = [{"title": "X", "path": f"{url}/contributors"}]
        about["sources"] = [{"title": "X", "path": f"{url}/sources"}]
        about["licenses"][0]["path"] = f"{url}/licence"

    return edit


def test_frictionless_alone_follows_such_a_descriptor_so_that_the_next_test_means_something(
    world: World, heard: tuple[str, list[str]]
) -> None:
    url, paths = heard
    change(world.root / "datapackage.json", lambda about: about["resources"][0].update(schema=url))
    assert "socket.connect" in run_child(world, "frictionless")[-1]
    assert paths


@pytest.mark.slow
@pytest.mark.parametrize("way", ["checked", "unchecked"])
def test_a_descriptor_full_of_addresses_reaches_nothing(
    world: World, heard: tuple[str, list[str]], way: str
) -> None:
    url, paths = heard
    change(world.root / "datapackage.json", lead_out(url))
    counts, connected = run_child(world, way)
    checked, failed = map(int, counts.split())
    assert connected == "[]"
    assert paths == []
    # the rule names each, or Frictionless read every row with none of them
    assert (failed > 100, checked > 0) == ((True, False) if way == "checked" else (False, True))


@pytest.fixture(scope="module")
def log_as_made(made: World) -> Log:
    return read(Package(made.root))


@pytest.mark.parametrize("key", [*FOLLOWED, "resources", "$schema", "profile", "schema"])
@pytest.mark.parametrize("value", ["http://127.0.0.1:9/x", {"$ref": "http://127.0.0.1:9/x"}])
def test_what_a_resource_names_is_one_finding_and_never_given_to_frictionless(
    log_as_made: Log, key: str, value: object
) -> None:
    about = copy.deepcopy(log_as_made.package.descriptor)
    about["resources"][3][key] = value
    log = replace(log_as_made, definition=replace(log_as_made.definition, descriptor=about))
    report = Report(log)
    check_descriptor(log, report)
    (finding,) = report.findings
    assert finding.path == "datapackage.json"
    assert finding.message.startswith('resource 4 ("claims"): ')
    assert key in finding.message
    assert "127.0.0.1" not in json.dumps(descriptor_of(log))


@pytest.mark.slow
@pytest.mark.parametrize("key", ["basepath", "profile", "dialect", "$schema", "$ref"])
def test_what_the_head_names_is_one_finding(world: World, key: str) -> None:
    change(world.root / "datapackage.json", lambda about: about.update({key: "file:///etc/hosts"}))
    (finding,) = validate(read(world.package)).findings
    assert (finding.rule, finding.path) == ("descriptor", "datapackage.json")
    assert key in finding.message


@pytest.mark.parametrize("key", ["$file", "$env", "$x"])
def test_what_a_server_would_fill_in_is_one_finding(world: World, key: str) -> None:
    change(
        world.root / "datapackage.json",
        lambda about: about.update(keywords=[{"a": {key: "/dev/zero"}}]),
    )
    (finding,) = read(world.package).findings
    assert (finding.rule, finding.path) == ("descriptor", "datapackage.json")
    assert finding.message == f"keywords/0/a/{key}: no key begins with $; rename it"


@pytest.mark.slow
@pytest.mark.parametrize(
    "given",
    [
        {"$schema": "https://datapackage.org/profiles/2.0/dataresource.json"},
        {"profile": "tabular-data-resource"},
        {"x-own": "http://127.0.0.1:9/x"},
    ],
)
def test_an_official_profile_and_a_property_of_ones_own_are_let_be(
    world: World, given: dict[str, str]
) -> None:
    change(world.root / "datapackage.json", lambda about: about["resources"][3].update(given))
    assert validate(read(world.package), frictionless=True).findings == []


@pytest.mark.parametrize("given", [{"encoding": "utf-16"}, {"format": "sql"}, {"type": "file"}])
def test_a_resource_that_says_otherwise_than_its_files_are_is_named(
    world: World, given: dict[str, str]
) -> None:
    change(world.root / "datapackage.json", lambda about: about["resources"][3].update(given))
    (finding,) = validate(read(world.package)).findings
    assert next(iter(given)) in finding.message


PLACES = {
    "the top": lambda spec: spec,
    "a column": lambda spec: spec["fields"][0],
    "constraints": lambda spec: spec["fields"][0].setdefault("constraints", {}),
    "an object in a list": lambda spec: next(
        item["items"]["fields"][0] for item in spec["fields"] if "fields" in item.get("items", {})
    ),
    "a foreign key": lambda spec: spec["foreignKeys"][0]["reference"],
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("key", ["$ref", "$dynamicRef", "$id"])
def test_a_schema_that_names_another_document_is_refused(
    world: World, heard: tuple[str, list[str]], place: str, key: str
) -> None:
    url, paths = heard
    path = world.root / "schemas" / "claims.json"
    change(path, lambda spec: PLACES[place](spec).update({key: f"{url}/x"}))
    with pytest.raises(
        ClaimlogError, match=rf"claims\.json: .*{re.escape(key)}: a schema names no"
    ):
        read(Package(world.root))
    assert paths == []


def test_a_schema_names_its_profile_and_no_other_address(world: World) -> None:
    path = world.root / "schemas" / "claims.json"
    change(path, lambda spec: spec.update({"$schema": "http://127.0.0.1:9/x"}))
    assert refused(world).startswith("schemas/claims.json: $schema: 'http://127.0.0.1:9/x' is not")


def test_a_package_cannot_bring_its_own_idea_of_a_manifest(world: World) -> None:
    """0.1.0 and 0.2.0 have these files, which nothing reads any more."""
    for name in ("batch", "release"):
        (world.root / "schemas" / f"{name}.json").write_text('{"$ref": "http://127.0.0.1:9/x"}')
    assert validate(read(world.package)).findings == []
    path = world.package.events / "0003-corrections" / "batch.json"
    change(path, lambda manifest: manifest.update(titel="X"))
    assert any("'titel' was unexpected" in f.message for f in read(world.package).findings)


# paths stay inside the package


def link(target: str) -> Callable[[Path], None]:
    def replace(path: Path) -> None:
        path.unlink()
        path.symlink_to(target)

    return replace


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def large(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" " * limits.FILE_BYTES)


def deep(path: Path) -> None:
    path.write_text('{"a":' * 40 + "1" + "}" * 40)


def very_deep(path: Path) -> None:
    path.write_text("[" * 200_000)


ODD = {
    "a link out of the package": (link("/etc/hostname"), "leads out of the package"),
    "a link to a device": (link("/dev/zero"), "leads out of the package"),
    "a link to nothing in it": (link("nowhere.json"), "cannot be read (No such file"),
    "a link to itself": (lambda path: link(path.name)(path), "cannot be read ("),
    "a fifo": (fifo, "is no regular file"),
    "a directory": (folder, "is no regular file"),
    "a file of megabytes": (large, "is larger than 4,194,304 bytes"),
}
NESTED = {
    "forty levels": (deep, "not valid JSON: nested more than 32 levels deep"),
    "two hundred thousand levels": (very_deep, "not valid JSON: nested too deeply"),
}
READ = (
    *("schemas/claims.json", "schemas/tables/claims.json", "schemas/codebook/codebook.json"),
    *("schemas/codebook/codes/topic.csv", "schemas/thresholds.csv"),
    *("schemas/requirements.csv", "schemas/codebook/variables.csv"),
)


def read_all(world: World) -> None:
    """Read every file of a definition, and the log."""
    package = Package(world.root)
    read_definition(package)
    validate(read(package))


def assert_one_line(world: World, name: str, message: str) -> None:
    with pytest.raises(ClaimlogError) as caught:
        read_all(world)
    assert str(caught.value).startswith(f"{name}: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["schemas/tables/claims.json", "schemas/requirements.csv"])
@pytest.mark.parametrize("case", ODD)
def test_a_file_of_a_definition_that_is_none_is_one_line(
    world: World, name: str, case: str
) -> None:
    spoil, message = ODD[case]
    spoil(world.root / name)
    assert_one_line(world, name, message)


@pytest.mark.parametrize("name", READ)
def test_every_file_of_a_definition_is_read_in_that_way(world: World, name: str) -> None:
    link("/dev/zero")(world.root / name)
    assert_one_line(world, name, "leads out of the package")


@pytest.mark.parametrize("case", NESTED)
def test_json_that_is_nested_without_need_is_one_line(world: World, case: str) -> None:
    spoil, message = NESTED[case]
    spoil(world.root / "schemas" / "claims.json")
    assert_one_line(world, "schemas/claims.json", message)


def test_a_link_inside_the_package_is_followed(world: World) -> None:
    path = world.root / "schemas" / "claims.json"
    path.rename(world.root / "of-claims.json")  # in schemas/ it would be a stream of its own
    path.symlink_to("../of-claims.json")
    read_all(world)


def test_a_directory_of_schemas_that_leads_out_is_refused(world: World, tmp_path: Path) -> None:
    (world.root / "schemas").rename(tmp_path / "elsewhere")
    (world.root / "schemas").symlink_to(tmp_path / "elsewhere")
    assert "leads out of the package" in refused(world)


@pytest.mark.parametrize("number", [limits.DEFINITION_FILES, 4])
def test_a_definition_of_too_many_files_or_bytes_is_refused_before_it_is_read(
    world: World, number: int
) -> None:
    each = b"{}" if number > 4 else b" " * (limits.FILE_BYTES - 1)
    for index in range(number):
        (world.root / "schemas" / "tables" / f"t{index}.json").write_bytes(each)
    assert refused(world).startswith("schemas: holds more than 1,000 files or 16,777,216 bytes")


def test_a_link_for_a_file_of_rows_is_never_read(world: World) -> None:
    path = world.package.events / "0003-corrections" / "claims.ndjson"
    path.unlink()
    path.symlink_to("/dev/zero")
    assert any("is a symbolic link" in finding.message for finding in read(world.package).findings)


# a schema that the code could not go on with


def column(**given: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda spec: spec["fields"][1].update(given)


def limit(**given: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda spec: spec["fields"][1].setdefault("constraints", {}).update(given)


HOSTILE_NAMES = ('"; DROP TABLE claims; --', "../x", "a\0b", "a\nb", "a\n", "", "é", "x" * 64, "A")
TABLE_FLAWS: dict[str, Callable[[dict[str, Any]], Any]] = {
    **{f"a column {name!r}": column(name=name) for name in HOSTILE_NAMES},
    "ten thousand columns": lambda spec: spec.update(
        fields=[{"name": f"c{n}", "type": "string"} for n in range(10_000)]
    ),
    "a million codes": limit(enum=[f"c{n}" for n in range(300_000)]),
    "codes that are numbers": limit(enum=[1, 2]),
    "one code twice": limit(enum=["a", "a"]),
    "codes of a number": lambda spec: spec["fields"][1].update(
        type="integer", constraints={"enum": ["a"]}
    ),
    "a length beyond any": limit(minLength=10**15),
    "a minimum of a text": limit(minimum=3),
    "an order that is text": lambda spec: spec.update(order="1"),
    "an order that is none": lambda spec: spec.update(order=None),
    "a label that is a list": lambda spec: spec.update(label=["statement"]),
    "a sort of no column": lambda spec: spec.update(sort="nowhere"),
    "a search that is text": lambda spec: spec.update(search="statement"),
    "a search of no column": lambda spec: spec.update(search=["nowhere"]),
    "facets that are objects": lambda spec: spec.update(facets=[{"array": "x"}]),
    "an index of nothing": lambda spec: spec.update(indexes=[[]]),
    "indexes twice": lambda spec: spec.update(indexes=[["voice"], ["voice"]]),
    "indexes by one name": lambda spec: (
        spec["fields"].extend([{"name": "a", "type": "string"}, {"name": "b_c", "type": "string"}]),
        spec["fields"].extend([{"name": "a_b", "type": "string"}, {"name": "c", "type": "string"}]),
        spec.update(indexes=[["a", "b_c"], ["a_b", "c"]]),
    ),
    "a thousand indexes": lambda spec: spec.update(indexes=[["voice"]] * 1000),
    "indexes of very many columns": lambda spec: spec.update(
        indexes=[
            [item["name"] for item in spec["fields"][at : at + 20] + spec["fields"][:at][-5:]]
            for at in range(limits.INDEXED_COLUMNS // 20 + 1)
        ]
    ),
    "a foreign key to no table": lambda spec: spec["foreignKeys"][0]["reference"].update(
        resource="nowhere"
    ),
    "a foreign key to no column": lambda spec: spec["foreignKeys"][0]["reference"].update(
        fields=["nowhere"]
    ),
    "a key that is a list": lambda spec: spec.update(
        primaryKey=[next(f["name"] for f in spec["fields"] if f["type"] == "array")]
    ),
    "an array of nothing": column(type="array"),
    "items of no array": column(items={"type": "string"}),
    "arrays in arrays": column(
        type="array",
        constraints={},
        items={"fields": [{"name": "a", "type": "array", "items": {"type": "string"}}]},
    ),
    "two keys of one name": column(
        type="array", constraints={}, items={"fields": [{"name": "a", "type": "string"}] * 2}
    ),
    "a column named as a row number": column(name="rowid"),
    "a bridge with a search": lambda spec: spec.update(bridge=True),
    "fields that are an object": lambda spec: spec.update(fields={}),
    "a column that is text": lambda spec: spec["fields"].append("x"),
    "a column that nothing fills": lambda spec: spec["fields"].append(
        {"name": "zzz", "type": "string"}
    ),
    "a column of another type": lambda spec: next(
        f for f in spec["fields"] if f["name"] == "statement"
    ).update(type="date", constraints={}),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", TABLE_FLAWS)
def test_a_table_that_cannot_be_made_is_one_line(world: World, case: str) -> None:
    change(world.root / "schemas" / "tables" / "claims.json", TABLE_FLAWS[case])
    with pytest.raises(ClaimlogError) as caught:
        build(Package(world.root), world.package.build)
    assert str(caught.value).startswith("schemas/tables/claims.json: "), str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500
    assert not world.package.build.exists()


STREAM_FLAWS: dict[str, Callable[[dict[str, Any]], Any]] = {
    **{
        f"no {name}": lambda spec, name=name: spec.update(
            fields=[f for f in spec["fields"] if f["name"] != name]
        )
        for name in (
            *("action", "claim_id", "version", "recorded_at", "recorded_by", "reason"),
            *FOLD_INPUTS["claim"],
        )
    },
    **{
        f"{name} of another type": lambda spec, name=name: next(
            f for f in spec["fields"] if f["name"] == name
        ).update(type="boolean", constraints={})
        for name in FOLD_INPUTS["claim"]
    },
    "a column named as a row number": column(name="rowid"),
    "a version that is text": lambda spec: next(
        f for f in spec["fields"] if f["name"] == "version"
    ).update(type="string", constraints={}),
    "a column named as a place": column(name="batch"),
    "an entity that is a path": lambda spec: spec.update(entity="../x"),
    "chains without end": lambda spec: next(
        f for f in spec["fields"] if f["name"] == "attributions"
    )["constraints"].update(maxLength=10**9),
    "longer chains in the present version": lambda spec: _of(spec, "attributions").update(
        currentConstraints={"maxLength": 3_000}
    ),
    "present rows that may leave out what all have": lambda spec: _of(spec, "statement").update(
        currentConstraints={"required": False}
    ),
    "a place before the text in present rows": lambda spec: _of(spec, "start").update(
        currentConstraints={"minimum": -10}
    ),
    "codes of present rows that no version has": lambda spec: _of(spec, "note").update(
        constraints={"enum": ["a"]}, currentConstraints={"enum": ["a", "b"]}
    ),
    "parts with an enum that is none": lambda spec: _of(spec, "dyad_from")["items"].update(
        currentConstraints={"enum": 5}
    ),
    "parts with a pattern that never ends": lambda spec: _of(spec, "dyad_from")["items"].update(
        currentConstraints={"pattern": "(" * 400}
    ),
    "parts with a property of columns": lambda spec: _of(spec, "dyad_from")["items"].update(
        codelist="topic"
    ),
    "a version beyond any": lambda spec: spec.update(schemaVersion=10**12),
    "a reference to no stream": lambda spec: spec["foreignKeys"][0]["reference"].update(
        resource="nowhere"
    ),
    "missing values that are none": lambda spec: spec.update(missingValues="x"),
    "values that others read as missing": lambda spec: spec.update(missingValues=["high"]),
    "values of a column that others read as missing": lambda spec: _of(spec, "note").update(
        missingValues=["high"]
    ),
    "a format that others read as none": lambda spec: _of(spec, "note").update(format="email"),
    "numbers that others read otherwise": lambda spec: _of(spec, "start").update(groupChar="1"),
    "lists whose parts others read as missing": lambda spec: _of(spec, "dyad_from").update(
        arrayItem={"type": "string", "missingValues": ["nor"]}
    ),
    "lists whose parts others read as true": lambda spec: _of(spec, "dyad_from").update(
        arrayItem={"type": "boolean", "trueValues": ["nor"]}
    ),
    "categories that no list of codes gives": lambda spec: _of(spec, "start").update(
        categories=[{"value": 0, "label": "zero"}]
    ),
    "a reference to a package elsewhere": lambda spec: spec["foreignKeys"][0]["reference"].update(
        package="https://example.org/datapackage.json"
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", STREAM_FLAWS)
def test_a_stream_that_cannot_be_read_is_one_line(world: World, case: str) -> None:
    change(world.root / "schemas" / "claims.json", STREAM_FLAWS[case])
    with pytest.raises(ClaimlogError, match=r"^schemas/claims\.json: ") as caught:
        read(Package(world.root))
    assert str(caught.value).isprintable()


def test_a_definition_may_say_of_values_what_changes_nothing(world: World) -> None:
    """So do releases that were made before such properties were looked at."""
    before = read(world.package).root

    def say(spec: dict[str, Any]) -> None:
        spec.update(missingValues=[""])
        _of(spec, "note").update(format="default", missingValues=[""])
        _of(spec, "dyad_from").update(arrayItem={})

    for path in ("schemas/claims.json", "schemas/tables/claims.json"):
        change(world.root / path, say)
    assert read(Package(world.root)).root == before


LOOKUPS = {
    "topic.kind": "names 'topic', no foreign key of claims",
    "nothere.kind": "names 'nothere', no foreign key of claims",
    ".kind": "names '', no foreign key of claims",
    "": "names '', no foreign key of claims",
    "measure_id": "names '', no column of measures",
    "measure_id.": "names '', no column of measures",
    "measure_id.nothere": "names 'nothere', no column of measures",
    "measure_id.seq": "names 'seq', no column of measures",
    "measure_id.takers": "names 'takers', no column of measures",
    "measure_id.version": "names 'version', no column of measures",
    "measure_id.subject": "names 'subject', no column of measures",
    "source_id.lineage": "names 'lineage', no column of sources",
    "source_id.kind": "names 'kind', no column of sources",
}


@pytest.mark.slow
@pytest.mark.parametrize("lookup", LOOKUPS)
def test_a_lookup_that_finds_no_such_value_is_one_line(world: World, lookup: str) -> None:
    path = world.root / "schemas" / "tables" / "claims.json"
    change(path, lambda spec: named(spec, "measure").update(lookup=lookup))
    line = refused(world, "build")
    assert line.startswith("schemas/tables/claims.json: measure: lookup ")
    assert LOOKUPS[lookup] in line


@pytest.mark.parametrize(
    ("name", "column", "message"),
    [
        ("claims", "measure", "measure: a row holds what was coded"),
        ("measures", "kind", "kind: a row holds what was coded"),
        ("tables/sources", "title", "title: lookup is said in the table of claims alone"),
        ("tables/claims", "seq", "seq: is read by its name"),
        ("tables/claims", "measure_id", "measure_id: is read by its name"),
    ],
)
def test_a_lookup_where_nothing_is_looked_up_is_one_line(
    world: World, name: str, column: str, message: str
) -> None:
    path = world.root / "schemas" / f"{name}.json"
    change(path, lambda spec: named(spec, column).update(lookup="measure_id.kind"))
    line = refused(world, "build")
    assert line.startswith(f"schemas/{name}.json: {message}")


@pytest.mark.parametrize(
    ("name", "column", "given"),
    [
        ("claims", "note", {"lookup": "source_id.title"}),
        ("claims", "note", {"derivedFrom": "statement"}),
        ("claims", "note", {"derivedFrom": "statement", "override": {"retired": True}}),
        ("claim_versions", "note", {"derivedFrom": "statement"}),
        ("claims", "speaker_id", {"derivedFrom": "incident_id"}),
        ("attributions", "description", {"derivedFrom": "said"}),
    ],
)
def test_what_rows_say_is_not_filled_from_elsewhere(
    world: World, name: str, column: str, given: dict[str, Any]
) -> None:
    path = world.root / "schemas" / "tables" / f"{name}.json"
    change(path, lambda spec: named(spec, column).update(given))
    line = refused(world, "validate")
    assert line.startswith(
        f"schemas/tables/{name}.json: {column}: only a column that is retired is filled"
    )


@pytest.mark.parametrize("name", ["a b", "A", '"; DROP', "a\nb", "sqlite_x", "claims_fts"])
def test_a_table_with_a_hostile_name_is_one_line(world: World, name: str) -> None:
    folder = world.root / "schemas" / "tables"
    (folder / f"{name}.json").write_bytes((folder / "claims.json").read_bytes())
    line = refused(world, "build")
    assert line.startswith(("schemas/tables/", "'schemas/tables/"))
    assert "name" in line


def test_a_table_that_nothing_fills_is_one_line(world: World) -> None:
    folder = world.root / "schemas" / "tables"
    (folder / "more.json").write_bytes((folder / "links.json").read_bytes())
    assert refused(world, "build").startswith("schemas/tables/more.json: is a table that nothing")


def test_columns_that_repeat_each_other_in_a_circle_are_one_line(world: World) -> None:
    def circle(spec: dict[str, Any]) -> None:
        spec["fields"][0]["from"] = f"claims.{spec['fields'][1]['name']}"
        spec["fields"][1]["from"] = f"claims.{spec['fields'][0]['name']}"

    change(world.root / "schemas" / "claims.json", circle)
    assert '"from" leads from claims.' in refused(world, "schemas")


@pytest.mark.parametrize("override", [{"codelist": []}, {"items": 5}, {"type": "x"}])
def test_an_override_that_makes_no_column_is_one_line(
    world: World, override: dict[str, Any]
) -> None:
    path = world.root / "schemas" / "tables" / "claims.json"
    change(path, lambda spec: spec["fields"][0].update(override=override))
    assert refused(world, "schemas").startswith("schemas: claim_id from claims.claim_id: ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("thresholds.csv", "line_bytes,65535", f"line_bytes,{10**14}", "line_bytes is 1000"),
        ("thresholds.csv", "listed,1000", "listed,1000000000", "findings_listed is 1000000000"),
        ("thresholds.csv", "listed,1000", "listed,-1", "'-1' is no whole number"),
        ("thresholds.csv", "words,8,", "words,0,", "shared_words is 0, expected 1 to"),
        ("codebook/variables.csv", "statement", "x" * 200_000, "has a cell of more than"),
        ("requirements.csv", "An amendment or retraction gives its reason.", "", "has no sentence"),
        (
            "upcasts.csv",
            "given\n",
            'given\nclaims,1,add,note,"""' + "x" * 2000 + '"""\n',
            "at most",
        ),
        ("upcasts.csv", "given\n", f"given\n{MANY_CONSTANTS}", "add 1,204 characters to an older"),
        ("upcasts.csv", "given\n", f"given\n{MANY_KEYS}", "expected at most 1,000; give shorter"),
        ("upcasts.csv", "given\n", f"given\n{MANY_RENAMES}", "501 operations on coders"),
        ("upcasts.csv", "given\n", 'given\ncoders,2,add,x,"[1,1,1,1,1,1,1,1,1,1]"\n', "add 1,021 "),
        ("upcasts.csv", "given\n", 'given\ncoders,2,add,x,"[{},{}]"\n', "objects is added empty"),
        ("upcasts.csv", "given\n", "given\ncoders,2,add,x,-9007199254740992.0\n", "below 2**53"),
        ("deprecations.csv", "until\n", 'until\nclaims,"x""; y",note,1.0.0,2.0.0\n', "the name"),
        ("deprecations.csv", "until\n", "until\nclaims,x,note,1,2.0.0\n", "are no versions"),
        ("requirements.csv", "since\n", MANY_REQUIREMENTS, "more than the 500 that rows are held"),
        ("deprecations.csv", "until\n", MANY_VIEWS, "more than the 200 that views are made for"),
    ],
)
def test_a_table_of_the_definition_that_goes_too_far_is_one_line(
    world: World, name: str, old: str, new: str, message: str
) -> None:
    path = world.root / "schemas" / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    line = refused(world, "build")
    assert line.startswith(f"schemas/{name}") or name in line
    assert message in line


def test_tables_and_indexes_without_number_are_one_line(world: World) -> None:
    """Each costs SQLite a look at all others."""
    tables = world.root / "schemas" / "tables"
    spec = json.loads((tables / "claims.json").read_text("utf-8"))
    spec.pop("search", None)
    pairs = [*itertools.permutations([item["name"] for item in spec["fields"]], 2)]
    for number in range(40):
        indexes = [list(pair) for pair in pairs[:60]]
        text = json.dumps({**spec, "indexes": indexes})
        (tables / f"more_{number}.json").write_text(text, "utf-8")
    line = refused(world)
    assert line.startswith("schemas/tables: gives 2,")
    assert "more than the 2,000 that are made" in line


def test_a_code_list_with_a_hostile_name_is_one_line(world: World) -> None:
    codes = world.root / "schemas" / "codebook" / "codes"
    (codes / "a;b.csv").write_bytes((codes / "topic.csv").read_bytes())
    assert "schemas/codebook/codes: the name 'a;b' of a code list" in refused(world, "build")


@pytest.mark.parametrize("version", ["1." + "9" * 5000 + ".0", "1.0"])
def test_a_version_that_is_none_is_one_finding(world: World, version: str) -> None:
    change(world.root / "datapackage.json", lambda about: about.update(version=version))
    (finding,) = [f for f in read(world.package).findings if f.rule == "descriptor"]
    assert finding.message.startswith("version: ")
    assert len(finding.message) < 300


# patterns


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(?=a)b", "look-around"),
        ("(?<!a)b", "look-around"),
        (r"(a)\1", "backreferences"),
        ("(a{1,1000}){1,1000}", "written out"),
        ("(((a{9}){9}){9}){9}", "written out"),
        ("a{99999999999999999999}", "written out"),
        ("|".join(["abc"] * 10_000), "written out"),
        ("(" * 400, "cannot be used"),
        ("a)|(?:b", "cannot be used"),
        ("[", "cannot be used"),
        ("(?x) a # ", "flag x"),
        (r"\w{499}", "cannot be used"),
    ],
)
def test_a_pattern_that_no_linear_engine_takes_is_one_line_when_the_schema_is_read(
    world: World, pattern: str, said: str
) -> None:
    change(world.root / "schemas" / "claims.json", column(constraints={"pattern": pattern}))
    with pytest.raises(
        ClaimlogError, match=r"^schemas/claims\.json: [a-z_0-9]+: the pattern"
    ) as error:
        read(Package(world.root))
    assert said in str(error.value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_every_pattern_of_ours_is_taken(path: Path) -> None:
    for item in json.loads(path.read_text("utf-8"))["fields"]:
        pattern = item.get("constraints", {}).get("pattern")
        assert pattern is None or pattern_flaw(pattern) is None


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(x+x+)+y", "^(.*)*$"])
def test_a_nested_quantifier_takes_no_longer_than_any_pattern(world: World, pattern: str) -> None:
    path = world.root / "schemas" / "claims.json"
    change(path, lambda spec: _of(spec, "note").update(currentConstraints={"pattern": pattern}))
    world.limit(line_bytes=1 << 20)
    world.rewrite("claims", lambda rows: rows[0].update(note="a" * 200_000 + "!"))
    rules = {finding.rule for finding in validate(read(Package(world.root))).findings}
    assert "length" in rules
    assert ("pattern" in rules) == (pattern != "^(.*)*$")


def _of(spec: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in spec["fields"] if item["name"] == name)
    return found


@pytest.mark.parametrize(
    ("pattern", "value", "keeps"),
    [
        ("^[a-z]+$", "abc", True),
        ("^[a-z]+$", "abc\n", False),
        ("^[a-z]+$", "abc1", False),
        ("[a-z]+", "abc", True),
        ("[a-z]+", "abc1", False),
        ("[a-z]+", "1abc", False),
        ("a|b", "ab", False),
        ("^a|b$", "ab", False),
        (".", "é", True),
    ],
)
def test_a_pattern_matches_a_whole_value(pattern: str, value: str, keeps: bool) -> None:
    assert pattern_flaw(pattern) is None
    assert pl.select(matches(pl.lit(value), pattern)).item() is keeps


KEYWORDS = """abort action add after all alter always analyze and as asc attach autoincrement before
begin between by cascade case cast check collate column commit conflict constraint create cross
current current_date current_time current_timestamp database default deferrable deferred delete desc
detach distinct do drop each else end escape except exclude exclusive exists explain fail false
filter first following for foreign from full generated glob group groups having if ignore immediate
in index indexed initially inner insert instead intersect into is isnull join key last left like
limit match materialized natural no not nothing notnull null nulls of offset on or order others
outer over partition plan pragma preceding primary query raise range recursive references regexp
reindex release rename replace restrict returning right rollback row rows savepoint select set table
temp temporary then ties to transaction trigger true unbounded union unique update using vacuum
values view virtual when where window with within without"""
"""Those of SQLite's documentation."""


def is_plain_name(word: str) -> bool:
    """Whether SQL reads a word as the name of a column wherever it stands without quotes."""
    queries = (
        f"select {word} from claims group by {word} order by {word}, x",
        f"select c.{word} as {word} from claims c where coalesce({word}, '') in ('v')",
        f"select case when {word} is not null then {word} end from claims where {word} > ''",
    )
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(f'create table claims ("{word}" text, x text)')
        database.execute("insert into claims values ('v', 'x')")
        try:
            return all(database.execute(sql).fetchall() == [("v",)] for sql in queries)
        except sqlite3.Error:
            return False


def test_a_word_that_sql_reads_otherwise_without_quotes_is_no_name_of_a_column() -> None:
    words = set(KEYWORDS.split())
    assert {word for word in words if not is_plain_name(word)} <= SQL_WORDS <= words


def test_what_may_stand_in_a_constraint_is_said_of_each() -> None:
    assert CONSTRAINTS_SHAPE["properties"].keys() == CONSTRAINTS.keys()
