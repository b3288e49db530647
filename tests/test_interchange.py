"""Annotations of other tools as rows: mapping, offsets, words that are checked, and losses."""

from __future__ import annotations

import io
import json
import re
import shlex
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from claimlog.cli import export_rows, import_rows
from claimlog.compile import compile_tables
from claimlog.edit.add_amend_retract import add
from claimlog.edit.open_batch import read_with_open
from claimlog.edit.row_faults import FileFaultsError
from claimlog.edit.row_writer import Writer
from claimlog.errors import ClaimlogError, UsageError
from claimlog.fold import Cutoff
from claimlog.interchange import import_rows as import_rows_module
from claimlog.interchange import uima_cas
from claimlog.interchange.export_rows import FORMATS, STREAMS, Export, exported_rows
from claimlog.interchange.import_formats import READERS, format_of, read_project
from claimlog.interchange.import_mapping import HEADER, UNDECIDED, read_mapping
from claimlog.interchange.import_rows import imported_rows, require_one_coder
from claimlog.interchange.mapping_file import ensure_mapping
from claimlog.interchange.mapping_proposal import _column, _label, propose_mapping
from claimlog.interchange.uima_cas import RESERVED
from claimlog.interchange.uima_cas_writer import CasWriter
from claimlog.interchange.web_annotation import PURPOSES, annotation_page, content_annotation
from claimlog.limits import NAME
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.schema.table_schema import Table
from claimlog.sources.text import Text, Texts
from conftest import TEXT, World
from peer_files import peer_files
from test_web_annotation import PARTS, WHOLE, missed

__all__ = ["missed"]  # a fixture

CODING = {"coder": "coder-1", "pass": 1}
PILOTS = "About forty pilots signed a letter"
NEVER = "never liked the pact"


@pytest.fixture(scope="module")
def log(made: World) -> Log:
    return read(made.package)


@pytest.fixture(scope="module")
def texts(made: World) -> Texts:
    return made.supplied


Rows = list[dict[str, Any]]
Bring = Callable[..., tuple[Rows, list[str]]]


@pytest.fixture
def bring(log: Log, texts: Texts, tmp_path: Path) -> Bring:
    """Reads a file with a mapping, and returns its rows and the lines of its loss report."""

    def rows(
        content: Any,
        mapping: Mapping[str, Any] | None = None,
        stream: str = "codings",
        fixed: Mapping[str, Any] = CODING,
        name: str = "file",
    ) -> tuple[Rows, list[str]]:
        path = write(tmp_path / name, content)
        place = tmp_path / "mapping.yaml"
        if mapping is not None:
            place.write_text(json.dumps(mapping))  # which is YAML
        project = read_project(path, None)
        entries = imported_rows(
            project, ensure_mapping(place, project, log, stream, fixed), log, texts, fixed
        )
        writer = Writer(log, texts, "coder-1")
        for row in entries.rows:
            writer.content(stream, row)
        return [dict(row) for row in entries.rows], list(project.losses.lines())

    return rows


def write(path: Path, content: Any) -> Path:
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_bytes(text.encode())
    return path


def span(words: str) -> tuple[int, int]:
    start = TEXT.index(words)
    return start, start + len(words)


def doccano(*labels: Any, text: str = TEXT) -> dict[str, Any]:
    return {"id": 7, "text": text, "label": [list(label) for label in labels]}


def mapping_of(**given: Any) -> dict[str, Any]:
    about = {"stream": "codings", "unit": "utf-16", "documents": {"document 7": "S001"}}
    return {**about, **given}


# the mapping


def test_a_first_import_writes_a_mapping_that_says_what_is_to_be_decided(
    bring: Bring, tmp_path: Path
) -> None:
    labels = [(*span(PILOTS), name) for name in ("topic: sharing", "Quoted speech", "event", "Hm")]
    with pytest.raises(ClaimlogError, match=r"mapping\.yaml: was written.*the 2 that have a \?"):
        bring(doccano(*labels))
    text = (tmp_path / "mapping.yaml").read_text()
    assert text.startswith(HEADER)
    assert "document 7: S001" in text
    assert "  Hm: '?'\n" in text
    with pytest.raises(ClaimlogError, match="undecided is what label 'Quoted speech', label 'Hm'"):
        bring(doccano(*labels))
    text = text.replace("Hm: '?'", "Hm: null").replace("speech: '?'", "speech: {voice: quoted}")
    (tmp_path / "mapping.yaml").write_text(text)
    rows, losses = bring(doccano(*labels))
    start, end = span(PILOTS)
    said = {"topic": "sharing", "voice": "quoted", "content": "event"}
    assert rows == [{**said, **CODING, "source_id": "S001", "start": start, "end": end}]
    assert losses == ["lost: label 'Hm', which has no counterpart (annotation 4)"]


@pytest.mark.slow
def test_no_mapping_is_written_that_is_longer_than_one_that_is_read(
    bring: Bring, tmp_path: Path
) -> None:
    for length, said in ((200, "decide on the 4000 that have a"), (300, "import it in parts")):
        labels = [(*span(PILOTS), f"{number:04}{'x' * length}") for number in range(4_000)]
        with pytest.raises(ClaimlogError, match=said):
            bring(doccano(*labels))
        assert (tmp_path / "mapping.yaml").exists() is (length == 200)
        if length == 200:
            with pytest.raises(ClaimlogError, match="undecided is what label"):
                bring(doccano(*labels))
            (tmp_path / "mapping.yaml").unlink()


def test_a_mapping_fills_constants_and_says_what_values_stand_for(bring: Bring) -> None:
    start, end = span(PILOTS)
    region = {"start": start, "end": end, "text": PILOTS, "labels": ["Passage"]}
    result = [
        {"id": "a", "type": "labels", "from_name": "label", "to_name": "text", "value": region},
        {
            "id": "a",
            "type": "choices",
            "from_name": "about",
            "value": {"start": start, "end": end, "choices": ["Sharing it"]},
        },
    ]
    task = {"id": 1, "data": {"text": TEXT}, "annotations": [{"result": result}]}
    rows, losses = bring(
        [task],
        mapping_of(
            unit="code-point",
            documents={"task 1": "S001"},
            constants={"modality": "actual"},
            labels={"Passage": {}},
            attributes={"about": {"column": "topic", "values": {"Sharing it": "sharing"}}},
        ),
    )
    assert rows[0]["topic"] == "sharing"
    assert rows[0]["modality"] == "actual"
    assert losses == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"labels": {"x": {"tpoic": "sharing"}}},
            'no column "tpoic" to fill.*did you mean "topic"',
        ),
        ({"labels": {"x": {"start": 3}}}, 'no column "start" to fill'),
        ({"labels": {"x": {"voice": False}}}, "no text in YAML; put it in quotes"),
        ({"labels": {"x": "topic"}}, "expected columns as {column: code}, null or ?"),
        ({"lables": {}}, 'unknown key "lables"; did you mean "labels"'),
        ({"unit": "bytes"}, "expected code-point or utf-16"),
        ({"stream": "claims"}, "is for claims, and codings are imported"),
        ({"attributes": {"x": {"values": {}}}}, "expected column and values"),
        ({"documents": {"x": 3}}, "no identifier"),
        ({"attributes": {"x": UNDECIDED}}, "undecided is what attribute 'x' stands for"),
        (
            {"attributes": {"x": {"column": "topic", "values": {"a": UNDECIDED}}}},
            "undecided is what value 'a' of attribute 'x' stands for",
        ),
    ],
)
def test_a_slip_in_a_mapping_is_one_line(
    given: dict[str, Any], message: str, log: Log, tmp_path: Path
) -> None:
    path = write(tmp_path / "m.yaml", mapping_of(**given))
    with pytest.raises(ClaimlogError, match=message):
        read_mapping(path, log.definition.streams["codings"])


def test_codes_and_coders_that_do_not_exist_are_said_once_for_each_line_of_a_mapping(
    bring: Bring,
) -> None:
    spans = [(*span(words), label) for words in (PILOTS, NEVER) for label in ("a", "b", "c")]
    labels = {
        "a": {"topic": "sharng", "voice": "quoted"},
        "b": {"content": "evnt"},
        "c": {"topic": "trust"},
    }
    attributes = {"x": {"column": "voice", "values": {"k": "qouted"}}}
    mapping = mapping_of(labels=labels, attributes=attributes, constants={"modality": "real"})
    with pytest.raises(FileFaultsError, match=r"5 faults in .*; nothing was added") as caught:
        bring(doccano(*spans), mapping, fixed={"coder": "coder-8", "pass": 1})
    said = [one.message for one in caught.value.findings]
    assert said[0].startswith('constants: "modality" is "real", which is no code of modality')
    assert said[1].startswith(
        'label \'a\': "topic" is "sharng", which is no code of topic; did you mean'
    )
    assert said[2].startswith('label \'b\': "content" is "evnt"')
    assert said[3].startswith("attribute 'x', value 'k': \"voice\" is \"qouted\"")
    assert said[4].startswith('coder "coder-8" is not registered')
    assert "claimlog add coder --coder-id coder-8" in said[4]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("coder", "offered"),
    [
        ("zz;touch${IFS}x;echo", "'zz;touch${IFS}x;echo'"),
        ("coder 8", "'coder 8'"),
        ("c" * 100, "ID"),
        ("coder\x1b8", "ID"),
    ],
)
def test_the_command_that_registers_a_coder_is_whole_and_quoted_for_the_shell(
    coder: str, offered: str, world: World, bring: Bring
) -> None:
    with pytest.raises(ClaimlogError) as caught:
        bring(doccano((*span(PILOTS), "a")), None, fixed={"coder": coder, "pass": 1})
    said = str(caught.value)
    command = f'add coder --coder-id {offered} --kind person --description "…"'
    assert f"claimlog {command}; nothing was added" in said
    done = world.run(*shlex.split(command.replace("ID", "coder-8")))
    assert (done.returncode == 0) is (offered == "ID"), done.stderr


def test_a_fault_of_an_imported_row_names_the_annotation_and_not_a_line(
    world: World, tmp_path: Path
) -> None:
    start, end = span(PILOTS)
    labels = [(start, end, "a"), (*span(NEVER), "a"), (*span(NEVER), "b")]
    path = write(tmp_path / "ada.jsonl", doccano(*labels))
    mapping = mapping_of(labels={"a": {"figure_value": 4}, "b": {}}, stream="claims")
    write(tmp_path / "ada.jsonl.mapping.yaml", mapping)
    done = world.run("import", str(path), "--as", "claims", "--texts", str(world.texts))
    assert done.returncode == 1
    first = f"{path}: annotation 1 ('a', {start} to {end} of 'document 7': “{PILOTS}”): "
    (line,) = [part for part in done.stderr.splitlines() if '"topic" is null' in part]
    assert line.startswith(first)
    assert "and so in annotation 2" in line
    assert f"{path}:1" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("text", ["a: &x [1]\nb: *x", "- a", "{", "a: 1\na: 2", "[" * 3000])
def test_what_is_no_mapping_is_refused(text: str, log: Log, tmp_path: Path) -> None:
    path = write(tmp_path / "m.yaml", text)
    with pytest.raises(ClaimlogError, match=r"m\.yaml: "):
        read_mapping(path, log.definition.streams["codings"])


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        (":".join(["1"] * 400_000), "line 1 holds a number of 799,999 characters"),
        (":".join(["1"] * 400_000) + ".5", "line 1 holds a number of 800,001 characters"),
        ("0x" + "f" * 6_000, "line 1 holds a number of 6,002 characters"),
        ("!!binary aGk=", "line 1 holds the tag 'tag:yaml.org,2002:binary'"),
        ("!!set {x}", "line 1 holds the tag"),
        ("!x y", "line 1 holds the tag '!x'"),
        ("2020-01-01", '"unit" is'),
    ],
)
def test_values_of_yaml_that_take_long_or_are_none_of_a_row_are_refused(
    unit: str, said: str, log: Log, tmp_path: Path
) -> None:
    path = write(tmp_path / "m.yaml", f"unit: {unit}\nstream: codings\n")
    begun = time.process_time()
    with pytest.raises(ClaimlogError, match=re.escape(said)):
        read_mapping(path, log.definition.streams["codings"])
    assert time.process_time() - begun < 20


@pytest.mark.parametrize("value", ["[2020-01-01]", "{a: 2020-01-01}", "2020-01-01 10:00:00"])
def test_a_date_of_yaml_is_no_value_of_a_column(value: str, log: Log, tmp_path: Path) -> None:
    for column in ("dyad_from", "content"):
        text = f"unit: utf-16\nstream: claims\nconstants: {{{column}: {value}}}\n"
        path = write(tmp_path / "m.yaml", text)
        with pytest.raises(ClaimlogError, match=f'"{column}": .* is no text in YAML'):
            read_mapping(path, log.definition.streams["claims"])


def region(start: int, end: int, *said: tuple[str, str]) -> list[dict[str, Any]]:
    """Return a task of Label Studio with a region and what is said of it, by name."""
    results = [
        {"id": "r", "from_name": name, "value": {"start": start, "end": end, "choices": text}}
        for name, text in said
    ]
    return [{"id": 7, "data": {"text": TEXT}, "annotations": [{"result": results}]}]


def test_lists_of_an_import_that_hold_too_much_are_refused_before_they_are_made(
    bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping = mapping_of(
        unit="code-point",
        stream="claims",
        documents={"task 7": "S001"},
        attributes={"chain": "attributions", "remark": "note"},
    )
    place = span(PILOTS)
    for name, column in (("chain", "attributions"), ("remark", "note")):
        long = region(*place, (name, f"[{'{},' * 400_000}{{}}]"))
        rows, losses = bring(long, mapping, "claims", {})
        assert rows == []
        said = f'refused: "{column}" has 1,200,004 characters, and no row has more than 1,048,576'
        assert losses[0].startswith(said)
    monkeypatch.setattr(import_rows_module, "ADDED_VALUES", 100)
    few = region(*place, ("remark", "[{}," * 200))
    assert len(bring(few, mapping, "claims", {})[0]) == 1
    many = region(*place, ("chain", f"[{'{},' * 60}{{}}]"))
    with pytest.raises(ClaimlogError, match="more than 100 values in lists; import it in parts"):
        bring(many, mapping, "claims", {})


def test_the_same_hop_is_one_whether_or_not_its_empty_keys_are_written(bring: Bring) -> None:
    mapping = mapping_of(
        unit="code-point",
        stream="claims",
        documents={"task 7": "S001"},
        attributes={"chain": "attributions", "more": "attributions"},
    )
    hop = {"actor_id": "zelensky", "verb": "say", "side": None}
    said = (("chain", json.dumps([hop])), ("more", json.dumps([{**hop, "office": None}])))
    [row], _ = bring(region(*span(PILOTS), *said), mapping, "claims", {})
    assert [part["actor_id"] for part in row["attributions"]] == ["zelensky"]


def test_what_a_region_says_twice_by_one_name_is_said_together(tmp_path: Path) -> None:
    content = region(0, 3, ("a", "one"), ("b", "x"), ("a", "two"), ("a", "one"))
    project = read_project(write(tmp_path / "x", content), "label-studio")
    [(_, annotation)] = project.annotations()
    assert annotation.attributes == {"a": "one; two", "b": "x"}


def test_a_note_of_a_region_is_no_quote_of_it(tmp_path: Path) -> None:
    content = region(0, 3, ("a", "one"))
    place = {"start": 0, "end": 3}
    results = content[0]["annotations"][0]["result"]
    for number, note in enumerate((["first", "second"], "alone")):
        note_result = {"id": "r", "type": "textarea", "from_name": f"note{number}"}
        results.insert(number, {**note_result, "value": {**place, "text": note}})
    results[-1]["value"]["text"] = TEXT[:3]
    project = read_project(write(tmp_path / "x", content), "label-studio")
    [(_, annotation)] = project.annotations()
    assert annotation.attributes == {"note0": "first; second", "note1": "alone", "a": "one"}
    assert annotation.quote is not None
    assert annotation.quote.exact == TEXT[:3]


def test_a_name_that_a_mapping_lacks_is_named(bring: Bring) -> None:
    with pytest.raises(ClaimlogError, match="the mapping has no label 'event'; add it"):
        bring(doccano((*span(PILOTS), "event")), mapping_of())


def test_a_document_that_is_no_source_waits_for_its_mapping(bring: Bring, tmp_path: Path) -> None:
    content = doccano((0, 3, "event"), text="Another text.")
    with pytest.raises(ClaimlogError, match="was written"):
        bring(content)
    assert "document 7: '?'" in (tmp_path / "mapping.yaml").read_text()
    labels = {"event": {"content": "event"}}
    rows, losses = bring(content, mapping_of(documents={"document 7": None}, labels=labels))
    assert rows == []
    assert losses == ["lost: document 'document 7', to which the mapping says null (annotation 1)"]
    with pytest.raises(ClaimlogError, match='to be source "S009", which is not registered'):
        bring(content, mapping_of(documents={"document 7": "S009"}, labels=labels))


# places


LABELS = {
    "event": {"content": "event"},
    "trust": {"topic": "trust"},
    "sharing": {"topic": "sharing"},
}


def test_a_span_whose_words_do_not_match_is_refused_and_never_shifted(bring: Bring) -> None:
    start, end = span(PILOTS)
    shorter = TEXT[1:]  # as if the tool had eaten a letter
    rows, losses = bring(
        doccano((start - 1, end - 1, "event"), text=shorter), mapping_of(labels=LABELS)
    )
    assert rows == []
    assert losses == [
        "refused: the source's text has other words there than the tool's document (annotation 1 "
        f"('event', {start - 1} to {end - 1} of 'document 7': “{PILOTS}”))"
    ]


def test_a_document_without_its_last_line_end_is_the_same_as_far_as_it_goes(bring: Bring) -> None:
    start, end = span(PILOTS)
    content = doccano((start, end, "event"), text=TEXT.rstrip())
    rows, losses = bring(content, mapping_of(labels=LABELS))
    assert (rows[0]["start"], rows[0]["end"], losses) == (start, end, [])


def test_half_words_and_blanks_are_refused(bring: Bring) -> None:
    start, end = span(PILOTS)
    labels = [(start, end - 1, "event"), (start, end + 2, "event"), (end, end + 1, "event")]
    labels += [(start, 99_999, "event"), (end, start, "event")]
    rows, losses = bring(doccano(*labels), mapping_of(labels=LABELS))
    assert rows == []
    assert [line.partition(" (")[0] for line in losses] == [
        "refused: the passage ends inside a word",
        "refused: the passage begins or ends with white space",
        "refused: the passage holds no word",
        f"refused: {start} to 99999 is no span of the text",
        f"refused: {end} to {start} is no span of the text",
    ]


def test_spans_that_overlap_are_kept_and_those_of_no_length_are_named(bring: Bring) -> None:
    start, end = span(PILOTS)
    inner = span("pilots signed a letter")
    labels = [(start, end, "event"), (*inner, "event"), (start, start, "event")]
    rows, losses = bring(doccano(*labels), mapping_of(labels=LABELS))
    assert [(row["start"], row["end"]) for row in rows] == [(start, end), inner]
    assert losses == ["lost: an annotation of no length, and a row has a passage (annotation 3)"]


def test_annotations_of_one_passage_become_one_coding_and_what_differs_is_named(
    bring: Bring,
) -> None:
    place = span(PILOTS)
    labels = [(*place, name) for name in ("event", "trust", "sharing", "event")]
    rows, losses = bring(doccano(*labels), mapping_of(labels=LABELS))
    assert [(row["content"], row["topic"]) for row in rows] == [("event", "trust")]
    assert losses == [
        "lost: topic 'sharing', because it is 'trust' for the same passage (annotation 3)",
        "lost: an annotation that says what another one says (annotation 4)",
    ]


def test_claims_of_one_passage_that_differ_are_two_claims(bring: Bring) -> None:
    place = span(PILOTS)
    labels = [(*place, name) for name in ("trust", "sharing")]
    mapping = mapping_of(stream="claims", labels=LABELS)
    rows, losses = bring(doccano(*labels), mapping, "claims", {})
    assert [row["topic"] for row in rows] == ["trust", "sharing"]
    assert losses == []


def test_offsets_of_raw_text_with_line_ends_and_emoji_become_ours(
    bring: Bring,
) -> None:
    raw = TEXT.replace("\n", "\r\n")
    start = raw.index(PILOTS)
    content = doccano((start, start + len(PILOTS), "event"), text=raw)
    rows, _ = bring(content, mapping_of(labels=LABELS))
    assert (rows[0]["start"], rows[0]["end"]) == span(PILOTS)
    # a tool that counts a line end as one
    content = doccano((*span(PILOTS), "event"), text=raw)
    rows, _ = bring(content, mapping_of(labels=LABELS, crlf="one"))
    assert (rows[0]["start"], rows[0]["end"]) == span(PILOTS)


def test_words_that_the_other_unit_would_reach_are_refused_with_the_unit(
    world: World, tmp_path: Path
) -> None:
    text = "A 🙂 smile.\nThe harbour opens.\n"
    (world.texts / "smile.txt").write_text(text)
    given = {"kind": "copy", "title": "A smile", "publisher": "The Example Gazette"}
    rest = {"language": "en", "rights": "Ours.", "reliability": "C"}
    file = {"text": str(world.texts / "smile.txt"), "reliability_rationale": "Invented."}
    world.add("sources", [{"source_id": "S900", **given, **rest, **file}])
    log = read_with_open(world.package)
    words = "The harbour opens"
    start = text.index(words) + 1  # as a browser counts
    value = {"start": start, "end": start + len(words), "text": words, "labels": ["event"]}
    result = [{"id": "a", "type": "labels", "from_name": "l", "to_name": "text", "value": value}]
    task = {"id": 1, "data": {"text": text}, "annotations": [{"result": result}]}
    path = write(tmp_path / "tasks.json", [task])
    for unit, count in (("code-point", 0), ("utf-16", 1)):
        about = mapping_of(unit=unit, documents={"task 1": "S900"}, labels=LABELS)
        mapping = read_mapping(write(tmp_path / "m.yaml", about), log.definition.streams["codings"])
        project = read_project(path, None)
        rows = imported_rows(project, mapping, log, world.supplied, CODING).rows
        assert len(rows) == count
        said = "\n".join(project.losses.lines())
        assert ("say unit: utf-16 in the mapping" in said) == (count == 0)


# who coded


def test_several_people_are_told_apart_by_the_mapping_and_not_put_under_one_name(
    log: Log, texts: Texts, tmp_path: Path
) -> None:
    start, end = span(PILOTS)
    value = {"start": start, "end": end, "text": PILOTS, "labels": ["event"]}
    result = [{"id": "a", "type": "labels", "from_name": "l", "to_name": "text", "value": value}]
    annotations = [{"completed_by": who, "result": result} for who in (1, {"email": "b@x.example"})]
    path = write(tmp_path / "t.json", [{"data": {"text": TEXT}, "annotations": annotations}])
    project = read_project(path, None)
    with pytest.raises(UsageError, match=r"the work of 2 people \(1, b@x.example\)"):
        require_one_coder(project, CODING)
    about = mapping_of(
        unit="code-point",
        documents={"task 1": "S001"},
        labels=LABELS,
        coders={"1": "coder-1", "b@x.example": "coder-2"},
    )
    mapping = read_mapping(write(tmp_path / "m.yaml", about), log.definition.streams["codings"])
    rows = imported_rows(project, mapping, log, texts, {"pass": 3}).rows
    assert [(row["coder"], row["pass"]) for row in rows] == [("coder-1", 3), ("coder-2", 3)]


def test_codings_of_which_nobody_says_the_coder_or_the_pass_are_refused(bring: Bring) -> None:
    content = doccano((*span(PILOTS), "event"))
    for fixed, option in (({"pass": 1}, "--coder ROLE"), ({"coder": "coder-1"}, "--pass N")):
        with pytest.raises(UsageError, match=f"say it with {option}; nothing was added"):
            bring(content, mapping_of(labels=LABELS), fixed=fixed)


@pytest.mark.slow
def test_codings_of_two_people_from_other_tools_are_compared(world: World, tmp_path: Path) -> None:
    spans = {"coder-1": [PILOTS, NEVER], "coder-2": [PILOTS]}
    for coder, passages in spans.items():
        labels = [(*span(words), "content: event") for words in passages]
        path = write(tmp_path / f"{coder}.jsonl", doccano(*labels))
        fixed = {"coder": coder, "pass": 1}
        log = read_with_open(world.package)
        project = read_project(path, None)
        mapping = ensure_mapping(tmp_path / f"{coder}.yaml", project, log, "codings", fixed)
        entries = imported_rows(project, mapping, log, world.supplied, fixed)
        add(world.package, "codings", entries, "coder-1", world.supplied)
    world.seal("codings")
    log = read(world.package)
    tables = dict(compile_tables(log, Cutoff(log.size, len(log.batches), "test")))
    row = tables["span_agreement"].to_dicts()[0]
    counts = [row[name] for name in ("first_codings", "second_codings", "matched")]
    assert (row["first_coder"], row["second_coder"], counts) == ("coder-1", "coder-2", [2, 1, 1])


# what each tool writes


def web_annotation(**given: Any) -> dict[str, Any]:
    start, end = span(PILOTS)
    selector = [
        {"type": "TextPositionSelector", "start": start, "end": end},
        {"type": "TextQuoteSelector", "exact": PILOTS, "prefix": "pact”. ", "suffix": "."},
    ]
    return {
        "@context": "http://www.w3.org/ns/anno.jsonld",
        "id": "http://example.org/1",
        "type": "Annotation",
        "body": [
            {"type": "TextualBody", "purpose": "tagging", "value": "event"},
            {"type": "TextualBody", "purpose": "classifying", "value": "topic: sharing"},
            {"type": "TextualBody", "purpose": "commenting", "value": "Hard to tell."},
        ],
        "target": {"source": "http://example.org/harbour", "selector": selector},
        **given,
    }


WEB = mapping_of(
    unit="code-point",
    documents={"http://example.org/harbour": "S001"},
    labels=LABELS,
    attributes={"topic": "topic", "commenting": {"column": "note"}},
)


def test_a_web_annotation_by_position_and_quote_becomes_a_row(bring: Bring) -> None:
    rows, losses = bring(web_annotation(), WEB)
    start, end = span(PILOTS)
    said = {"content": "event", "topic": "sharing", "note": "Hard to tell."}
    assert rows == [{**said, **CODING, "source_id": "S001", "start": start, "end": end}]
    assert losses == []


def test_an_annotation_named_as_browsers_do_is_read(bring: Bring) -> None:
    for name in ("#8d9f0d7a", "0b8c1f0e-1111-4222-8333-123456789abc"):
        rows, _ = bring(web_annotation(id=name), WEB)
        assert len(rows) == 1


def test_a_web_annotation_by_quote_alone_needs_the_only_place(bring: Bring) -> None:
    def with_selector(*selectors: dict[str, Any]) -> list[str]:
        target = {"source": "http://example.org/harbour", "selector": list(selectors)}
        rows, losses = bring(web_annotation(target=target), WEB)
        return losses or [TEXT[rows[0]["start"] : rows[0]["end"]]]

    quote = {"type": "TextQuoteSelector", "exact": PILOTS}
    stopped = {"type": "TextQuoteSelector", "exact": "stopped sharing tide tables"}
    assert with_selector(quote) == [PILOTS]
    assert "the words that are quoted stand in 2 places" in with_selector(stopped)[0]
    suffix = {"suffix": " with Sudland on Monday. In 2019"}
    assert with_selector({**stopped, **suffix}) == ["stopped sharing tide tables"]
    assert "do not stand in the text" in with_selector({**quote, "exact": "No such words"})[0]
    place = {"type": "TextPositionSelector", "start": 3, "end": 9}
    assert "are not those that are quoted" in with_selector(place, quote)[0]
    assert "nothing says which words are meant" in with_selector(place)[0]
    assert (
        "a selector of another kind (SvgSelector)"
        in with_selector({"type": "SvgSelector", "value": "<svg/>"})[0]
    )


def test_a_web_annotation_of_several_passages_is_named(bring: Bring) -> None:
    places = [
        {"type": "TextPositionSelector", "start": a, "end": b}
        for a, b in (span(PILOTS), span(NEVER))
    ]
    target = [{"source": "http://example.org/harbour", "selector": place} for place in places]
    rows, losses = bring(web_annotation(target=target), WEB)
    assert rows == []
    assert losses == ["lost: a discontinuous annotation, and a row has one passage (annotation 1)"]


def test_samples_of_the_w3c_are_read_if_they_are_correct_and_refused_if_not() -> None:
    for path in peer_files("w3c-web-annotation", "correct/*.json", 45):
        assert read_project(path, "web-annotation").documents or "example4" in path.name
    refused = 0
    for path in peer_files("w3c-web-annotation", "incorrect/*.json", 39):
        with pytest.raises(ClaimlogError, match=r"no Web Annotation|not valid JSON"):
            read_project(path, "web-annotation")
        refused += 1
    assert refused == 39


XMI = (
    '<?xml version="1.0" encoding="UTF-8"?><xmi:XMI xmlns:xmi="http://www.omg.org/XMI" '
    'xmlns:cas="http:///uima/cas.ecore" xmlns:tcas="http:///uima/tcas.ecore" '
    'xmlns:custom="http:///webanno/custom.ecore" xmi:version="2.0"><cas:NULL xmi:id="0"/>'
    "{structures}"
    '<cas:Sofa xmi:id="1" sofaNum="1" sofaID="_InitialView" mimeType="text" sofaString={text}/>'
    "</xmi:XMI>"
)


def xmi(*structures: str, text: str = TEXT) -> str:
    quoted = quoteattr(text, {"\n": "&#10;"})
    return XMI.format(structures="".join(structures), text=quoted)


def test_a_layer_of_inception_becomes_rows_and_words_of_its_own_are_named_once(
    bring: Bring,
) -> None:
    start, end = span(PILOTS)
    structures = [
        f'<tcas:DocumentAnnotation xmi:id="5" sofa="1" begin="0" end="{len(TEXT)}" language="en"/>',
        f'<custom:Passage xmi:id="6" sofa="1" begin="{start}" end="{end}" topic="sharing"/>',
        '<custom:Relation xmi:id="7" sofa="1" from="6"/>',
    ]
    rows, losses = bring(xmi(*structures), fixed=CODING)
    assert [(row["topic"], row["start"], row["end"]) for row in rows] == [("sharing", start, end)]
    assert losses == [
        "lost: a webanno.custom.Relation, which is no passage (webanno.custom.Relation 7)",
        "lost: label 'uima.tcas.DocumentAnnotation', which has no counterpart (annotation 2)",
    ]


def test_an_archive_of_inception_is_read_document_by_document(bring: Bring) -> None:
    start, end = span(PILOTS)
    layer = f'<custom:Passage xmi:id="6" sofa="1" begin="{start}" end="{end}" topic="sharing"/>'
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("admin.xmi", xmi(layer))
        archive.writestr("TypeSystem.xml", "<typeSystemDescription/>")
        archive.writestr("losses.json", "{}")
    rows, losses = bring(data.getvalue())
    assert [row["source_id"] for row in rows] == ["S001"]
    assert losses == ["lost: a file that is no CAS (losses.json)"]


@pytest.mark.parametrize(
    ("folder", "number"),
    [
        ("casWithEmojiUnicodeTextAndAnnotations", 10),
        ("casWithTraditionalChineseTextAndAnnotations", 5),
    ],
)
def test_the_files_of_cassis_say_the_same_as_xmi_and_as_json(folder: str, number: int) -> None:
    from claimlog.interchange.offsets import OffsetMap

    words = []
    for name in ("debug.xmi", "data.json"):
        (path,) = peer_files("cas", f"{folder}/{name}", 1)
        (document,) = read_project(path, None).documents
        offsets = OffsetMap(document.text or "", "utf-16")
        spans = {part.spans[0] for part in document.annotations}
        words.append([offsets.words(*place) for place in sorted(spans)])
        assert len(document.annotations) in (number, number + 1)
    assert words[0] == words[1]
    assert all(words[0])


def test_what_cassis_cannot_be_asked_for_is_said_with_what_to_install(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cassis", None)
    with pytest.raises(ClaimlogError, match=r"pip install 'claimlog\[interchange\]'"):
        CasWriter(log.definition.streams["claims"], [], "cas-xmi")


QDE = (
    '<?xml version="1.0" encoding="utf-8"?><Project xmlns="urn:QDA-XML:project:1.0" name="Ours">'
    '<Users><User guid="u1" name="Ada"/><User guid="u2" name="Bo"/></Users>'
    '<CodeBook><Codes><Code guid="c1" name="Kind" isCodable="true">'
    '<Code guid="c2" name="event" isCodable="true"/></Code>'
    '<Code guid="c3" name="sharing" isCodable="true"/></Codes></CodeBook>'
    "<Sources>{sources}</Sources><Notes><Note guid='n' name='Plan'/></Notes></Project>"
)


def selection(words: str, *codings: tuple[str, str]) -> str:
    start, end = span(words)
    codes = "".join(
        f'<Coding guid="g" creatingUser="{user}"><CodeRef targetGUID="{code}"/></Coding>'
        for user, code in codings
    )
    return (
        f'<PlainTextSelection guid="s" name={quoteattr(words[:12] + "…")} startPosition="{start}" '
        f'endPosition="{end}" creatingUser="u1">{codes}</PlainTextSelection>'
    )


def qdpx(sources: str, **files: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.qde", QDE.replace("{sources}", sources))
        for name, text in files.items():
            archive.writestr(f"Sources/{name}.txt", text)
    return data.getvalue()


REFI = mapping_of(
    unit="code-point",
    documents={"harbour": "S001"},
    coders={"Ada": "coder-1", "Bo": "coder-2"},
    labels={"Kind > event": {"content": "event"}, "sharing": {"topic": "sharing"}},
)


def test_a_project_of_refi_qda_gives_the_codings_of_each_of_its_users(bring: Bring) -> None:
    chosen = selection(PILOTS, ("u1", "c2"), ("u1", "c3"), ("u2", "c2"))
    source = f'<TextSource guid="t" name="harbour" plainTextPath="internal://t.txt">{chosen}'
    picture = '<PictureSource name="map"><PictureSelection><Coding/></PictureSelection>'
    sources = f"{source}</TextSource>{picture}</PictureSource>"
    rows, losses = bring(qdpx(sources, t=TEXT), REFI, fixed={"pass": 1})
    assert [(row["coder"], row["content"], row.get("topic")) for row in rows] == [
        ("coder-1", "event", "sharing"),
        ("coder-2", "event", None),
    ]
    assert losses == [
        "lost: a coding of a PictureSource (map: )",
        "lost: a Note of the project (Plan)",
    ]


def test_a_project_file_alone_is_checked_by_the_words_that_its_selections_are_named_by(
    bring: Bring,
) -> None:
    sources = f'<TextSource guid="t" name="harbour">{selection(PILOTS, ("u1", "c2"))}</TextSource>'
    rows, losses = bring(QDE.replace("{sources}", sources), REFI, fixed={"pass": 1})
    assert [(row["start"], row["end"]) for row in rows] == [span(PILOTS)]
    wrong = sources.replace("About forty …", "a name of my own")
    assert wrong != sources
    rows, losses = bring(QDE.replace("{sources}", wrong), REFI, fixed={"pass": 1})
    assert rows == []
    assert losses[0].startswith("refused: the words at the offsets are not those that are quoted")


def test_the_project_of_atlas_ti_is_read() -> None:
    for name in ("Project.qde", "TestProject.qdpx"):
        (path,) = peer_files("refi-qda", name, 1)
        project = read_project(path, None)
        assert project.format == "refi-qda"
        found = [annotation for _, annotation in project.annotations()]
        # the end of a selection is exclusive: its name is the passage to its last character
        whole = [a for a in found if a.quote and not a.quote.is_cut and a.quote.exact[-1] in ".,"]
        assert whole
        for annotation in whole:
            ((start, end),) = annotation.spans
            assert annotation.quote is not None
            assert end - start == len(annotation.quote.exact)
        assert {annotation.coder for annotation in found} == {"Friedrich Markgraf"}
        losses = "\n".join(project.losses.lines())
        for kind in ("a coding of a PDFSource", "a coding of a PictureSource", "a Note", "a Set"):
            assert kind in losses, kind


MALFORMED = "import/sequence_labeling/example.jsonl"
"""Its third line has no text."""


def test_files_of_doccano_are_read_with_spans_as_lists_and_as_objects() -> None:
    counts = {}
    for path in peer_files("doccano", "*/*/*.jsonl", 5):
        name = "/".join(path.parts[-3:-1]) + "/" + path.name
        if name == MALFORMED:
            with pytest.raises(ClaimlogError, match=r'jsonl:3: has no "text"'):
                read_project(path, None)
            continue
        project = read_project(path, None)
        counts[name] = sum(1 for _ in project.annotations())
        for document, annotation in project.annotations():
            assert (document.text or "")[slice(*annotation.spans[0])].strip()
    assert counts == {
        "export/relation_extraction/example.jsonl": 4,
        "export/sequence_labeling/example.jsonl": 4,
        "import/relation_extraction/example.jsonl": 4,
        "import/sequence_labeling/example_overlapping.jsonl": 2,
    }


def test_what_a_tool_says_of_a_whole_document_is_named(bring: Bring) -> None:
    place = span(PILOTS)
    content = {**doccano((*place, "event")), "Comments": ["Hm."], "meta": {"page": 1}}
    content["relations"] = [{"from_id": 0, "to_id": 1, "type": "cause"}]
    _, losses = bring(content, mapping_of(labels=LABELS))
    assert losses == [
        "lost: a relation 'cause' between two spans (line 1)",
        "lost: a comment on a document (line 1)",
        'lost: "meta" of a document (line 1)',
    ]
    whole = {"type": "choices", "value": {"choices": ["good"]}}
    cancelled = {"was_cancelled": True, "result": []}
    task = {"data": {"text": TEXT}, "annotations": [{"result": [whole]}, cancelled]}
    _, losses = bring([{**task, "predictions": [{}]}], mapping_of())
    assert losses == [
        "lost: predictions of a task (task 1)",
        "lost: choices of a whole task (task 1)",
        "lost: an annotation of a task that was cancelled (task 1)",
    ]


def test_every_format_has_a_reader_and_a_file_that_looks_like_none_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "x", "Dear reader,")
    with pytest.raises(UsageError, match="looks like none of web-annotation, cas-json"):
        format_of(path)
    for read_format in READERS.values():
        with pytest.raises(ClaimlogError, match=str(path)):
            read_format(path)


# export


def export(log: Log, texts: Texts | None, name: str = "web-annotation", **only: Any) -> Export:
    return exported_rows(log, "claims", name, texts, only)


def test_an_export_passes_the_definitions_of_the_w3c(
    log: Log, texts: Texts, missed: Callable[..., list[str]]
) -> None:
    collection = json.loads(export(log, texts).files["claims.jsonld"])
    names = [
        "annotationCollectionTypeValueFound",
        "totalFound",
        "labelFound",
        "firstValidIfPresent",
    ]
    assert missed(collection, [f"collections#{name}" for name in names]) == []
    items = collection["first"]["items"]
    assert len(items) == collection["total"] == 5
    for item in items:
        assert missed(item, WHOLE) == []
        for body in item["body"]:
            assert missed(body, PARTS["body"]) == []
        assert missed(item["target"], PARTS["target"]) == []
        kinds = [selector["type"] for selector in item["target"]["selector"]]
        assert kinds == ["TextPositionSelector", "TextQuoteSelector"]


def test_words_are_exported_only_by_who_has_the_text(log: Log, texts: Texts) -> None:
    with_texts = export(log, texts)
    without = export(log, None)
    assert PILOTS in with_texts.files["claims.jsonld"].decode()
    assert with_texts.holds_words
    assert PILOTS not in without.files["claims.jsonld"].decode()
    assert not without.holds_words
    assert "the words of passages in S001" in without.files["losses.json"].decode()
    with pytest.raises(UsageError, match="cas-xmi: holds the text itself"):
        export(log, None, "cas-xmi")


def test_an_export_names_what_it_leaves_in_the_log(log: Log, texts: Texts) -> None:
    losses = json.loads(export(log, texts).files["losses.json"])["lost"]
    assert [(loss["what"], loss["places"]) for loss in losses] == [
        ("earlier versions of a row, and the reasons of changes", ["C001-003"]),
        (
            "who recorded a row and its place in the log, which only the log can prove",
            ["5 claims"],
        ),
        ("a link between claims", ["L0001"]),
    ]


def test_an_export_of_no_row_is_refused(log: Log, texts: Texts) -> None:
    with pytest.raises(ClaimlogError, match='no row of claims has source_id "S01"'):
        export(log, texts, source_id="S01")
    with pytest.raises(UsageError, match="claims have no column coder"):
        export(log, texts, coder="coder-1")


def test_cassis_reads_what_is_written_and_counts_as_java_does(log: Log, texts: Texts) -> None:
    import cassis

    files = export(log, texts, "cas-xmi").files
    types = cassis.load_typesystem(io.BytesIO(files["TypeSystem.xml"]))
    cas = cassis.load_cas_from_xmi(io.BytesIO(files["S001.xmi"]), types)
    passages = [part.get_covered_text() for part in cas.select("webanno.custom.Claim")]
    assert PILOTS in passages
    assert cas.sofa_string == TEXT
    again = cassis.load_cas_from_json(io.BytesIO(export(log, texts, "cas-json").files["S001.json"]))
    assert [part.get_covered_text() for part in again.select("webanno.custom.Claim")] == passages


def files_of(table: Table, name: str, columns: Mapping[str, str]) -> bytes:
    """Return a row with some columns as the file of a format."""
    if name != "web-annotation":
        return CasWriter(table, columns, name).document(Text(TEXT), "en", [(0, 3, columns)])
    row = {"event_id": "e", "source_id": "S001", "start": 0, "end": 3}
    row |= {"recorded_at": "2026-12-01T00:00:00Z"}
    return annotation_page([content_annotation(row, columns, None, None)], "Rows")


@pytest.mark.parametrize("name", FORMATS)
def test_columns_of_whatever_names_come_back_each_with_its_own_value(
    name: str, tmp_path: Path
) -> None:
    """Names of Python, cassis, UIMA, XML and of purposes, and those that differ in underscores."""
    import cassis

    taken = {*RESERVED, *PURPOSES, *PURPOSES.values(), *dir(cassis.typesystem.FeatureStructure)}
    taken = {one for one in taken | {"id", "claim_id", "xml", "mro"} if re.match(NAME, one)}
    names = {f"{one}{end}" for one in taken for end in ("", "_", "__")} - {"end"}
    columns = {one: f"It is {one}." for one in sorted(names)}
    fields = [{"name": one, "type": "string"} for one in columns]
    table = Table("claims", {"title": "Claims", "entity": "claim", "fields": fields})
    project = read_project(write(tmp_path / "x", files_of(table, name, columns)), name)
    mapping = propose_mapping(project, table, {}, {}, [], {}).mapping
    [said] = [one.attributes for _, one in project.annotations() if len(one.attributes) > 9]
    assert {mapping.attributes[one].column: value for one, value in said.items()} == columns


def test_a_column_for_which_cassis_has_another_use_is_named(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uima_cas, "RESERVED", frozenset())
    for name in ("type", "begin"):
        with pytest.raises(ClaimlogError, match=f"no place for the column {name} .*web-annotation"):
            CasWriter(log.definition.streams["claims"], [name], "cas-xmi")


def test_of_columns_that_are_alike_but_for_signs_none_is_guessed() -> None:
    columns = ("kind", "kind_", "topic")
    assert [_column(name, columns) for name in ("kind_", "Kind", "Topic")] == [
        "kind_",
        None,
        "topic",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "format_name"),
    [
        *((name, "cas-json") for name in ("losses", "Losses", "a/b", "../S9", "/S9", "con", ".")),
        *((name, "cas-xmi") for name in ("/S9", ".")),
    ],
)
def test_a_source_of_whatever_name_has_a_file_of_its_own_among_those_written(
    name: str, format_name: str, world: World, tmp_path: Path
) -> None:
    ending = {"cas-json": ".json", "cas-xmi": ".xmi"}[format_name]
    name = str(tmp_path / "S9") if name == "/S9" else name
    world.rename({"S001": name})
    out, outside = tmp_path / "below" / "out", [tmp_path / "S9", tmp_path / "below" / "S9"]
    out.parent.mkdir()
    for path in outside:
        path.with_suffix(ending).write_text("Mine.")
    words = ("claims", "--format", format_name, "--texts", str(world.texts), "--out", str(out))
    done = world.run("export", *words)
    assert done.returncode == 0, done.stderr
    written = {path.name for path in out.iterdir()} - {"losses.json", "TypeSystem.xml"}
    assert [Path(file).suffix for file in written] == [ending]
    assert PILOTS in (out / written.pop()).read_text("utf-8")
    assert "lost" in json.loads((out / "losses.json").read_bytes())
    for path in outside:
        assert path.with_suffix(ending).read_text() == "Mine."


# the commands


def test_the_commands_know_every_format_and_stream() -> None:
    assert set(import_rows.FORMATS) == set(READERS)
    assert export_rows.FORMATS == FORMATS
    assert import_rows.STREAMS == export_rows.STREAMS == STREAMS


@pytest.mark.slow
def test_codings_of_another_tool_come_in_and_go_out_by_the_command_line(
    world: World, tmp_path: Path
) -> None:
    path = write(tmp_path / "ada.jsonl", doccano((*span(PILOTS), "content: event")))
    texts = ("--texts", str(world.texts))
    words = ("import", str(path), "--coder", "coder-2", "--pass", "1", *texts)
    done = world.run(*words, "--report", str(tmp_path / "losses.json"))
    assert done.returncode == 0, done.stderr
    assert "added K0001 to the open batch" in done.stdout
    assert json.loads((tmp_path / "losses.json").read_text()) == {"refused": [], "lost": []}
    out = tmp_path / "out"
    done = world.run("export", "codings", "--out", str(out), *texts)
    assert done.returncode == 0, done.stderr
    assert sorted(part.name for part in out.iterdir()) == ["codings.jsonld", "losses.json"]
    again = world.run(
        *("import", str(out / "codings.jsonld"), "--coder", "coder-1", "--pass", "1", *texts)
    )
    assert again.returncode == 0, again.stderr
    assert "'pass'" not in again.stdout + again.stderr  # which the user has given
    assert world.run("export", "codings", "--out", str(out)).returncode == 2
    inside = world.run("export", "codings", "--out", str(world.root / "out"), *texts)
    assert inside.returncode == 2
    assert "lies in the package" in inside.stderr
    assert not (world.root / "out").exists()


@pytest.mark.slow
def test_a_report_takes_the_place_of_an_earlier_report_alone(world: World, tmp_path: Path) -> None:
    path = write(tmp_path / "ada.jsonl", doccano((*span(PILOTS), "content: event")))
    (tmp_path / "mine.json").write_text('{"refused": 3}')
    words = ("import", str(path), "--coder", "coder-2", "--pass", "1", "--texts", str(world.texts))
    report = tmp_path / "losses.json"
    report.touch()  # as mktemp does
    for _ in range(2):
        assert world.run(*words, "--report", str(report)).returncode in (0, 1)
        assert json.loads(report.read_text()) == {"refused": [], "lost": []}
    mine = (path, tmp_path / "ada.jsonl.mapping.yaml", tmp_path / "mine.json")
    for report in (*mine, world.root / "datapackage.json"):
        before = report.read_bytes()
        done = world.run(*words, "--report", str(report))
        assert done.returncode == 1
        assert done.stderr == (
            f"claimlog: {report}: is there already and no report of losses; name another file, or "
            "move it away\n"
        )
        assert report.read_bytes() == before


def test_a_refused_span_stops_an_import_unless_the_others_are_asked_for(
    world: World, tmp_path: Path
) -> None:
    start, end = span(PILOTS)
    labels = [(start, end, "content: event"), (start, end - 1, "content: event")]
    path = write(tmp_path / "ada.jsonl", doccano(*labels))
    texts = ("--texts", str(world.texts))
    words = ("import", str(path), "--coder", "coder-2", "--pass", "1", *texts)
    done = world.run(*words)
    assert done.returncode == 1
    assert "refused: the passage ends inside a word" in done.stderr
    assert "1 annotation is refused" in done.stderr
    assert not (world.root / ".claimlog" / "open").exists()
    done = world.run(*words, "--leave-out-refused")
    assert done.returncode == 0, done.stderr
    assert "added K0001" in done.stdout
    assert world.run("import", str(path), "--coder", "coder-2").returncode == 2


def test_a_label_of_blanks_is_split_in_linear_time() -> None:
    places = {"law": {("topic", "law"): None}}
    assert _label("  topic :  law ", places) == (True, {"topic": "law"})
    assert _label(f"topic:{' ' * 400_000}x", places)[1] is None
    assert _label(f"{' ' * 400_000}x", places)[1] is None
