"""Datasets of other topics through the tools of others, the coding desk and the other engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from claimlog.build import build
from claimlog.desk.comparison import nothing_as_null
from claimlog.edit.open_batch import read_with_open
from claimlog.log.read_log import read
from conftest import World, copied
from desk_client import Opened, passage
from own_topics import TOPICS, OwnTopic

ENVELOPE = {"action", "version", "recorded_at", "recorded_by", "reason"}


@dataclass(frozen=True)
class Prepared:
    """A dataset of a topic with its source and registers, sealed, and no claim yet."""

    topic: OwnTopic
    world: World

    def copy(self, folder: Path) -> World:
        return copied(self.world, folder)


@pytest.fixture(scope="module", params=TOPICS)
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    topic = TOPICS[request.param]
    world = topic.begin(tmp_path_factory.mktemp("prepared") / topic.choices.name)
    topic.add(world, "claims", "links")
    world.seal("first")
    return Prepared(topic, world)


def own_columns(topic: OwnTopic) -> list[str]:
    return [item["name"] for item in topic.columns]


def claim_columns(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("quote", "source_id")}


def place(topic: OwnTopic, row: dict[str, Any]) -> tuple[int, int]:
    start = topic.text.index(row["quote"])
    return start, start + len(row["quote"])


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# import and export


def web_annotations(topic: OwnTopic) -> dict[str, Any]:
    """Return the claims as another tool writes them: `column: value`, with a word for a code."""
    items = []
    for number, row in enumerate(topic.rows["claims"]):
        start, end = place(topic, row)
        bodies = [
            {
                "type": "TextualBody",
                "purpose": "classifying",
                "value": f"their-{name}: {as_text(value)}",
            }
            for name, value in claim_columns(row).items()
        ]
        selector = [
            {"type": "TextPositionSelector", "start": start, "end": end},
            {"type": "TextQuoteSelector", "exact": row["quote"]},
        ]
        items.append(
            {
                "@context": "http://www.w3.org/ns/anno.jsonld",
                "id": f"http://example.org/{number}",
                "type": "Annotation",
                "body": bodies,
                "target": {"source": "http://example.org/text", "selector": selector},
            }
        )
    page = {"type": "AnnotationPage", "items": items}
    return {
        "@context": "http://www.w3.org/ns/anno.jsonld",
        "id": "http://example.org/all",
        "type": "AnnotationCollection",
        "first": page,
    }


def import_as_claims(world: World, path: Path, mapping: dict[str, Any]) -> str:
    """Import a file by the command line, and return what it says."""
    about = path.with_name("mapping.yaml")
    about.write_text(json.dumps(mapping, ensure_ascii=False), "utf-8")
    done = world.run(
        *("import", str(path), "--as", "claims", "--mapping", str(about)),
        *("--texts", str(world.texts)),
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def open_claims(world: World) -> list[dict[str, Any]]:
    return read_with_open(world.package).live("claims").sort("seq").to_dicts()


def same(topic: OwnTopic, found: list[dict[str, Any]], names: list[str]) -> None:
    """Expect claims in their order with the values that the topic gives them."""
    rows = topic.rows["claims"]
    assert [(one["start"], one["end"]) for one in found] == [place(topic, row) for row in rows]
    for name in names:
        expected = [nothing_as_null(row.get(name)) for row in rows]
        assert [nothing_as_null(one[name]) for one in found] == expected, name


@pytest.mark.slow
def test_annotations_of_the_w3c_fill_own_columns_and_come_back_the_same_in_files_of_each_format(
    prepared: Prepared, tmp_path: Path
) -> None:
    topic, world = prepared.topic, prepared.copy(tmp_path / "first")
    path = tmp_path / "claims.jsonld"
    path.write_text(json.dumps(web_annotations(topic)), "utf-8")
    named = dict.fromkeys(name for row in topic.rows["claims"] for name in claim_columns(row))
    mapping = {
        "stream": "claims",
        "unit": "code-point",
        "documents": {"http://example.org/text": "S001"},
        "attributes": {f"their-{name}": {"column": name} for name in named},
    }
    assert "lost" not in import_as_claims(world, path, mapping)
    names = [name for name in named if name != "attributions"]
    same(topic, open_claims(world), names)
    world.seal("claims")
    for name, begin in (("web-annotation", "claims."), ("cas-json", "S001"), ("cas-xmi", "S001")):
        out, texts = tmp_path / name, ("--texts", str(world.texts))
        done = world.run("export", "claims", "--out", str(out), "--format", name, *texts)
        assert done.returncode == 0, done.stderr
        [file] = [part for part in out.iterdir() if part.name.startswith(begin)]
        again = prepared.copy(tmp_path / f"by {name}")
        done = again.run("import", str(file), "--as", "claims", *texts)
        assert done.returncode == 0, done.stderr
        same(topic, open_claims(again), own_columns(topic))
        if name == "web-annotation":
            assert "every name is one of ours" in done.stdout
            lost = [said for said in (done.stdout + done.stderr).splitlines() if "lost" in said]
            assert [said.partition(" (")[0] for said in lost] == [
                'lost: "modified" of an annotation'
            ]
            same(topic, open_claims(again), names)


@pytest.mark.slow
def test_labels_of_doccano_set_own_columns_by_a_mapping(prepared: Prepared, tmp_path: Path) -> None:
    topic, world = prepared.topic, prepared.copy(tmp_path / "first")
    rows = topic.rows["claims"]
    labels = {f"kind {number}": claim_columns(row) for number, row in enumerate(rows)}
    spans = [[*place(topic, row), f"kind {number}"] for number, row in enumerate(rows)]
    path = tmp_path / "admin.jsonl"
    path.write_text(json.dumps({"id": 7, "text": topic.text, "label": spans}), "utf-8")
    mapping = {
        "stream": "claims",
        "unit": "code-point",
        "documents": {"document 7": "S001"},
        "labels": labels,
    }
    assert "lost" not in import_as_claims(world, path, mapping)
    same(topic, open_claims(world), own_columns(topic))


def test_a_first_mapping_proposes_own_codes_by_their_labels(
    prepared: Prepared, tmp_path: Path
) -> None:
    topic, world = prepared.topic, prepared.copy(tmp_path / "first")
    coded = next(item for item in topic.columns if "codelist" in item)
    code, label = next(iter(topic.codes[coded["codelist"]].items()))
    spans = [[*place(topic, topic.rows["claims"][0]), f"{coded['name']}: {label}"]]
    path = tmp_path / "admin.jsonl"
    path.write_text(json.dumps({"id": 7, "text": topic.text, "label": spans}), "utf-8")
    done = world.run("import", str(path), "--as", "claims", "--texts", str(world.texts))
    assert done.returncode == 1
    told = path.with_name("admin.jsonl.mapping.yaml").read_text("utf-8")
    assert f"{coded['name']}: {code}" in told, told


# the desk


@pytest.fixture
def desk(prepared: Prepared, tmp_path: Path) -> Iterator[Opened]:
    world = prepared.copy(tmp_path / "desk")
    opened = Opened.of(world.package, world.texts)
    yield opened
    opened.close()


def draft(text: str, row: dict[str, Any]) -> dict[str, Any]:
    return {**claim_columns(row), **passage(row["quote"], text)}


def test_the_form_asks_for_own_columns_with_their_codes_and_the_register(
    prepared: Prepared, desk: Opened
) -> None:
    topic = prepared.topic
    form = desk.take("coder-1", "GET", "form")
    fields = {field["column"]: field for field in form["streams"]["claims"]["fields"]}
    for item in topic.columns:
        field = fields[item["name"]]
        if "codelist" in item:
            codes = [code["code"] for code in field["codes"]]
            assert (field["kind"], codes) == ("code", [*topic.codes[item["codelist"]]])
        if item["name"] in {key["fields"][0] for key in topic.keys}:
            assert (field["kind"], field["references"]) == ("reference", topic.stream)
        if item["type"] in ("number", "integer"):
            assert field["kind"] == item["type"]
    own = {field["column"] for field in form["streams"][topic.stream]["fields"]}
    asked = {item["name"] for item in topic.register["fields"]} - {"action", "reason", "version"}
    assert {name for name in asked if not name.startswith("recorded_")} - own <= {
        topic.register["primaryKey"][0]
    }
    words = topic.rows[topic.stream][-1]
    label = words.get("title") or words.get("name") or words["label"]
    found = desk.take("coder-1", "GET", f"lookup/{topic.stream}?q={label[:4]}")
    assert found["entries"]


@pytest.mark.slow
def test_a_text_is_registered_coded_twice_decided_and_sealed(
    prepared: Prepared, desk: Opened, tmp_path: Path
) -> None:
    topic, source = prepared.topic, "S002"
    text = topic.text + "\n·\n"  # another copy
    answer = desk.send(
        *("POST", "/coder-1/api/texts?name=text.txt", "coder-1", text.encode()),
        {"content-type": "application/octet-stream"},
    )
    assert answer.status_code == 200, answer.text
    left = ("source_id", "kind", "text_sha256", "text_length")
    about = {name: value for name, value in topic.source.items() if name not in left}
    taken = desk.take(
        *("coder-1", "POST", "sources"),
        upload=answer.json()["upload"],
        source=about,
        furniture=[],
    )
    assert taken["source_id"] == source
    rows = topic.rows["claims"]
    coded = next(item["name"] for item in topic.columns if "codelist" in item)
    codes = [*next(topic.codes[item["codelist"]] for item in topic.columns if "codelist" in item)]
    for number, row in enumerate(rows):
        desk.put("coder-1", source, f"d{number}", draft(text, row))
        other = draft(text, row)
        if number == 0 and coded in other:
            other[coded] = next(code for code in codes if code != other[coded])
        desk.put("coder-2", source, f"e{number}", other)
    for role in ("coder-1", "coder-2"):
        desk.finish(role, source)
    path = f"adjudication/{source}"
    found = desk.take("adjudicator", "GET", path)
    differs = [unit["differs"] for unit in found["units"] if unit["kind"] != "agreed"]
    assert differs == ([[coded]] if coded in rows[0] else [])
    desk.take("adjudicator", "POST", f"{path}/accept-agreed", state=found["state"])
    for unit in found["units"]:
        if unit["kind"] != "agreed":
            desk.take(
                "adjudicator",
                "PUT",
                f"{path}/units/{unit['unit']}",
                base=0,
                take="left",
                note="So.",
            )
    assert desk.take("adjudicator", "GET", f"{path}/findings")["errors"] == 0
    state = desk.take("adjudicator", "GET", path)["state"]
    claims = desk.take("adjudicator", "POST", f"{path}/commit", state=state)["claims"]
    assert len(claims) == len(rows)
    preview = desk.take("adjudicator", "POST", "preview")["address"]
    page = desk.send("GET", f"{preview}claims/C002-001", "adjudicator")
    assert page.status_code == 200
    proposal = desk.take("adjudicator", "GET", "seal")
    words = {name: proposal[name] for name in ("slug", "title", "method")}
    desk.take("adjudicator", "POST", "seal", **words)
    live = read(desk.desk.package).live("claims").sort("start").to_dicts()
    expected = sorted(rows, key=lambda row: topic.text.index(row["quote"]))
    for name in own_columns(topic):
        assert [nothing_as_null(one[name]) for one in live] == [
            nothing_as_null(row.get(name)) for row in expected
        ]
    build(desk.desk.package, tmp_path / "build")
    codings = pl.read_parquet(tmp_path / "build" / "parquet" / "codings.parquet")
    assert codings.height == 2 * len(rows)


def test_a_requirement_of_the_topic_holds_at_the_desk(prepared: Prepared, desk: Opened) -> None:
    topic = prepared.topic
    desk.put("coder-1", "S001", "d1", draft(topic.text, topic.breaks))
    found = desk.take("coder-1", "GET", "work/S001/findings")
    assert topic.requirement[0] in json.dumps(found)
    state = desk.take("coder-1", "GET", "work/S001")["state"]
    assert desk.ask("coder-1", "POST", "work/S001/finish", state=state).status_code >= 400


def test_two_coders_propose_entries_of_the_register_and_refer_to_them(
    prepared: Prepared, desk: Opened
) -> None:
    topic = prepared.topic
    identifier = topic.register["primaryKey"][0]
    required = {item["name"] for item in topic.register["fields"] if item.get("constraints")}
    row = {name: topic.rows[topic.stream][0][name] for name in required - ENVELOPE - {identifier}}
    form = desk.take("coder-1", "GET", "form")["streams"][topic.stream]
    assert form["fields"][0]["column"] == identifier
    given = []
    for role in ("coder-1", "coder-2"):
        for number in range(2):
            path = f"lookup/{topic.stream}?source=S001"
            name = desk.take(role, "GET", path)["next"] or f"{role}-{number}"
            assert form["numbered"] == (not name.startswith(role))
            path = f"work/S001/registered/{topic.stream}/{name}"
            desk.take(role, "PUT", path, base=0, value=row)
            given.append(name)
            found = desk.take(role, "GET", f"lookup/{topic.stream}?q={name}&source=S001")
            assert [one["id"] for one in found["entries"] if one["proposed"]] == [name]
    assert len({*given}) == 4
