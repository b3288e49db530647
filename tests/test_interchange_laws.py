"""Laws of interchange: what goes out comes in as the same rows, whatever letters a text has."""

from __future__ import annotations

import json
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claimlog.edit.open_batch import read_with_open
from claimlog.edit.row_writer import Writer
from claimlog.interchange.annotations import UNITS, UTF_16
from claimlog.interchange.export_rows import FORMATS, exported_rows
from claimlog.interchange.import_formats import read_project
from claimlog.interchange.import_mapping import AttributeRule, ImportMapping, read_mapping
from claimlog.interchange.import_rows import imported_rows
from claimlog.interchange.mapping_file import ensure_mapping
from claimlog.interchange.offsets import OffsetMap
from claimlog.package import Package
from claimlog.schema.codebook import read_codes
from claimlog.schema.definition import read_streams
from claimlog.sources.anchor import boundary_flaw
from claimlog.sources.characters import canonical_text
from claimlog.sources.text import Text
from claimlog.sources.words import words
from conftest import ACTORS, CODERS, ROOT, World, claim, copied, empty_world, source

WORDS = (
    *(
        "harbour",
        "tide",
        "Sudland\u2019s",
        "co-operation",
        "naïve",
        "🙂",
        "👩‍🔬",
        "👍🏽",
        "\U0001d518nion",
    ),
    *(
        "cafe\u0301",
        "e\u0301\u0323t\u0307",
        "מִמְשָׁל",
        "الحكومة",
        "١٢٣",
        "港口",
        "한국",
        "\u1112\u1161\u11ab",
    ),
    *("soft\u00adhyphen", "\u2067\u05e9\u05dc\u05d5\u05dd\u2069", "ﬁsh", "Å", "\u212b"),
)
GAPS = (" ", "\r\n", "\n", "\r", "\u00a0", " — ", ". ", "\u200b ")
raw_texts = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from(GAPS)), min_size=4, max_size=30
)


CODINGS = read_streams(Package(ROOT), read_codes(Package(ROOT)))["codings"]


def joined(parts: list[tuple[str, str]]) -> str:
    return "".join(word + gap for word, gap in parts)


def units_before(text: str, offset: int, unit: str) -> int:
    return len(text[:offset].encode("utf-16-le")) // 2 if unit == UTF_16 else offset


@given(raw_texts, st.sampled_from(UNITS), st.booleans(), st.data())
@settings(max_examples=60, deadline=None)
def test_offsets_into_a_raw_text_reach_the_same_words_in_the_canonical_one(
    parts: list[tuple[str, str]], unit: str, has_mark: bool, data: st.DataObject
) -> None:
    raw = ("\ufeff" if has_mark else "") + joined(parts)
    offsets = OffsetMap(raw, unit)
    assert offsets.canonical == canonical_text(raw.removeprefix("\ufeff"))
    first = data.draw(st.integers(0, len(parts) - 1))
    last = data.draw(st.integers(first, len(parts) - 1))
    start = len(raw) - len(joined(parts[first:]))
    end = start + len(joined(parts[first : last + 1])) - len(parts[last][1])
    found = offsets.words(*(units_before(raw, at, unit) for at in (start, end)))
    assert found == canonical_text(raw[start:end])


@given(raw_texts, st.sampled_from(UNITS))
@settings(max_examples=30, deadline=None)
def test_an_offset_is_ours_or_none_and_never_another_place(
    parts: list[tuple[str, str]], unit: str
) -> None:
    raw = joined(parts)
    offsets = OffsetMap(raw, unit)
    before = 0
    for at in range(units_before(raw, len(raw), unit) + 1):
        found = offsets.canonical_offset(at)
        if found is None:
            continue
        assert found >= before
        before = found
        # as many letters as stand before it, once they are normalised
        head = raw.encode("utf-16-le")[: 2 * at].decode("utf-16-le") if unit == UTF_16 else raw[:at]
        assert offsets.canonical[:found] == canonical_text(head)
    assert before == len(offsets.canonical)
    assert offsets.canonical_offset(-1) is None
    assert offsets.canonical_offset(len(raw.encode("utf-16-le")) // 2 + 1) is None


@pytest.fixture(scope="module")
def registers(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A package that has actors and coders, and no source yet."""
    world = empty_world(tmp_path_factory.mktemp("registers"))
    world.add("actors", ACTORS)
    world.add("coders", CODERS)
    world.seal("register")
    return world


def passages(text: Text) -> list[tuple[int, int]]:
    """Return some spans of a text that a row may have."""
    edges = [(start, end) for start, end, _ in text.tokens]
    pairs = [
        (start, edges[min(i + i % 3, len(edges) - 1)][1]) for i, (start, _) in enumerate(edges)
    ]
    return [
        (start, end)
        for start, end in dict.fromkeys(pairs)
        if boundary_flaw(text, start, end) is None and words(text.content[start:end])
    ]


CODING = {"coder": "coder-1", "pass": 1}
NOTES = ("Hard to tell.", "naïve 🙂 “so”", "topic: x; y", "[1] {a}", "\u05e9\u05dc\u05d5\u05dd")


def rows_of(text: Text) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return codings and claims of a text, with empty, listed, numeric and free columns."""
    codings = []
    for index, (start, end) in enumerate(passages(text)[:6]):
        coding = {"coder": f"coder-{index % 2 + 1}", "pass": index % 2 + 1, "source_id": "S900"}
        said = {"content": "event", "voice": "author", "modality": "actual", "topic": "sharing"}
        some = {"note": NOTES[index % 5], "flow_from": ["nor"][: index % 2]}
        codings.append({**coding, "start": start, "end": end, **said, **some})
    claims = []
    for index, (start, end) in enumerate(passages(text)[:3]):
        figure = {
            "figure_value": 40.5 + index,
            "figure_unit": "persons",
            "figure_population": "pilots; all, of “them”",
            "figure_qualifier": "approximate",
        }
        row = claim("", f"Invented statement {index}: {NOTES[index]}", **figure)
        row |= {"start": start, "end": end, "source_id": "S900", "dyad_from": ["nor", "sud"]}
        del row["quote"]
        claims.append(row)
    return codings, claims


@pytest.mark.slow
@given(raw_texts)
@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_is_exported_is_imported_as_the_same_rows(
    registers: World, tmp_path: Path, parts: list[tuple[str, str]]
) -> None:
    for left in tmp_path.iterdir():
        shutil.rmtree(left)
    world = copied(registers, tmp_path / "world")
    text = Text(canonical_text(joined([("harbour", " "), *parts, ("quay", "\n")])))
    (world.texts / "strange.txt").write_bytes(text.content.encode())
    world.add(
        "sources",
        [source("S900", kind="copy", text_sha256=text.sha256, text_length=len(text.content))],
    )
    world.seal("source")
    empty = copied(world, tmp_path / "empty")
    codings, claims = rows_of(text)
    world.add("codings", codings)
    world.add("claims", claims)
    log, other = read_with_open(world.package), read_with_open(empty.package)
    for stream in ("codings", "claims"):
        table = log.definition.streams[stream]
        names = (table.id, *table.content)
        expected = log.live(stream).select(names).sort(table.id).to_dicts()
        for number, name in enumerate(FORMATS):
            export = exported_rows(log, stream, name, world.supplied, {})
            (file,) = (
                file for file in export.files if file not in ("losses.json", "TypeSystem.xml")
            )
            path = tmp_path / f"{stream}-{number}" / file
            path.parent.mkdir()
            path.write_bytes(export.files[file])
            project = read_project(path, None)
            place = path.with_name("mapping.yaml")
            mapping = ensure_mapping(place, project, other, stream, {})
            again = ensure_mapping(place, project, other, stream, {})
            assert again == mapping
            entries = imported_rows(project, mapping, other, empty.supplied, {})
            writer = Writer(other, empty.supplied, "coder-1")
            found = [writer.content(stream, row) for row in entries.rows]
            assert sorted(found, key=lambda row: str(row[table.id])) == [
                {key: row[key] for key in found[0]} for row in expected
            ], name
            assert project.losses.refusals == {}
            allowed = {'"modified" of an annotation'}
            assert {w for w in project.losses.losses if "DocumentAnnotation" not in w} <= allowed


def test_a_coding_in_the_units_of_a_browser_comes_in_from_a_raw_file(
    registers: World, tmp_path: Path
) -> None:
    arabic = "\u0645\u0631\u062d\u0628\u0627 \u0628\u0643\u0645"
    raw = "\ufeffA 🙂 smile,\r\na cafe\u0301 — and 👩‍🔬 again.\r\n" + arabic + "\r\n"
    text = Text(canonical_text(raw.removeprefix("\ufeff")))
    world = copied(registers, tmp_path)
    (world.texts / "smile.txt").write_text(raw, newline="")
    row = source("S900", kind="copy", text_sha256=text.sha256, text_length=len(text.content))
    world.add("sources", [row])
    passage = ("cafe\u0301 — and", "again", arabic)
    spans = []
    for said in passage:
        start = raw.index(said)
        ends = (units_before(raw, at, UTF_16) for at in (start, start + len(said)))
        spans.append([*ends, "content: event"])
    path = tmp_path / "export.jsonl"
    path.write_text(json.dumps({"text": raw, "label": spans}))
    log = read_with_open(Package(world.root))
    project = read_project(path, None)
    mapping = ensure_mapping(tmp_path / "m.yaml", project, log, "codings", CODING)
    rows = imported_rows(project, mapping, log, world.supplied, CODING).rows
    found = [text.content[row["start"] : row["end"]] for row in rows]
    assert found == [unicodedata.normalize("NFC", said) for said in passage]


names = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from(": #'\"\n\\{}?"),
    min_size=1,
    max_size=12,
) | st.sampled_from(["null", "yes", "12", "010", "1e3", "2025-01-01", "~", "?", "- a", "<<", "="])


@given(st.dictionaries(names, names.filter(lambda code: code != "?"), max_size=6))
@settings(max_examples=40, deadline=None)
def test_a_mapping_is_read_as_it_was_written_whatever_the_names(
    tmp_path_factory: pytest.TempPathFactory, labels: dict[str, str]
) -> None:
    mapping = ImportMapping("codings", UTF_16)
    mapping.labels = {label: {"note": code} for label, code in labels.items()}
    mapping.attributes = {
        name: AttributeRule("topic", {name: code}) for name, code in labels.items()
    }
    mapping.documents = {**labels}
    path = tmp_path_factory.mktemp("mapping") / "m.yaml"
    path.write_bytes(mapping.dump())
    assert read_mapping(path, CODINGS) == mapping
