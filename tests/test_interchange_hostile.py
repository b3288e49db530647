"""Files of other tools that a stranger made to cost much or to reach elsewhere: one line each."""

from __future__ import annotations

import io
import json
import os
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from claimlog.edit import quote_places
from claimlog.errors import ClaimlogError
from claimlog.interchange import annotation_placement, annotations, foreign_files, loss_report
from claimlog.interchange.annotation_placement import (
    DocumentPlacement,
    ImportedTexts,
    WrongPlaceError,
)
from claimlog.interchange.annotations import (
    CODE_POINT,
    UTF_16,
    ForeignAnnotation,
    ForeignDocument,
    Quote,
)
from claimlog.interchange.import_formats import READERS, read_project
from claimlog.interchange.import_mapping import ImportMapping
from claimlog.interchange.loss_report import LossReport
from claimlog.interchange.offsets import OffsetMap
from claimlog.interchange.project_lines import project_lines, project_of_lines
from claimlog.sources.characters import canonical_text
from claimlog.sources.text import Text
from test_interchange import QDE, XMI, qdpx, web_annotation, write, xmi

ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
    '<!DOCTYPE x PUBLIC "a" "file:///etc/passwd">',
)


def refusal(path: Path, name: str | None = None) -> str:
    """Return the one line that a file is refused with."""
    with pytest.raises(ClaimlogError) as caught:
        read_project(path, name)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("declaration", ENTITIES)
@pytest.mark.parametrize("document", [QDE, XMI.format(structures="", text='"&a;"')])
def test_a_document_type_is_refused_before_an_entity_is_read(
    declaration: str, document: str, tmp_path: Path
) -> None:
    head, _, rest = document.partition("?>")
    path = write(tmp_path / "x", f"{head}?>{declaration}{rest}")
    assert "declares a document type" in refusal(path)


def test_xml_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(QDE.replace("utf-8", "utf-16").encode("utf-16"))
    assert "not UTF-8" in refusal(path, "refi-qda")
    write(path, QDE.replace("utf-8", "utf-7"))
    assert "is in utf-7, expected UTF-8" in refusal(path, "refi-qda")


def test_deep_and_large_documents_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nested = "<Code>" * 500 + "</Code>" * 500
    path = write(tmp_path / "x", QDE.replace("<Codes>", f"<Codes>{nested}"))
    assert "inside each other" in refusal(path)
    monkeypatch.setattr(foreign_files, "XML_ELEMENTS", 50)
    write(path, QDE.replace("<Codes>", f"<Codes>{'<Code/>' * 60}"))
    assert "has more than 50 elements" in refusal(path)
    for opening in ("[", '{"a":'):
        write(path, opening * 100_000)
        assert "nested too deeply" in refusal(path, "label-studio")
    write(path, json.dumps({"text": "x", "label": [], "a": json.loads("[" * 60 + "]" * 60)}))
    assert "nested more than 32 levels" in refusal(path)
    monkeypatch.setattr(annotations, "ANNOTATIONS", 3)
    write(path, {"text": "x", "label": [[0, 1, "a"]] * 4})
    assert "holds more than 3 annotations" in refusal(path)
    monkeypatch.setattr(annotations, "DOCUMENTS", 3)
    write(path, '{"text": "x", "label": []}\n' * 4)
    assert "holds more than 3 documents" in refusal(path)
    monkeypatch.setattr(annotations, "NAMES", 2)
    write(path, {"text": "x", "label": [[0, 1, "a"], [0, 1, "b"], [0, 1, "c"]]})
    assert "holds more than 2 labels, attributes and coders" in refusal(path)
    write(path, {"text": "x", "label": [[0, 1, "a" * 1001]]})
    assert "has more than 1,000 characters" in refusal(path)


def test_a_file_is_no_larger_than_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign_files, "INTERCHANGE_BYTES", 1000)
    path = write(tmp_path / "x", {"text": "x" * 1000, "label": []})
    assert "is larger than 1,000 bytes" in refusal(path)


def test_what_unpacks_to_more_than_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = '<TextSource guid="t" name="t" plainTextPath="internal://{}.txt"></TextSource>'
    path = write(tmp_path / "x.qdpx", qdpx(source.format("t"), t="x" * 20_000_000))
    assert "t.txt: unpacks to more than 16,777,216 bytes; split it" in refusal(path)
    monkeypatch.setattr(foreign_files, "INTERCHANGE_UNPACKED_BYTES", 50_000)
    many = {f"t{number}": "x" * 20_000 for number in range(4)}
    path = write(tmp_path / "y.qdpx", qdpx("".join(map(source.format, many)), **many))
    assert "unpacks with what was read before to more than 50,000 bytes" in refusal(path)


def archive(*names: str, data: bytes = b"x") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for name in names:
            file.writestr(name, data)
    return target.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_broken_archives_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = qdpx("")
    path = write(tmp_path / "x.qdpx", whole[:-10])
    assert "no whole ZIP archive" in refusal(path)
    damaged = bytearray(whole)
    damaged[60] ^= 0xFF
    write(path, bytes(damaged))
    assert "cannot be unpacked" in refusal(path)
    at = whole.rfind(b"PK\x05\x06")
    long = bytearray(whole)
    struct.pack_into("<L", long, at + 12, 5 << 20)
    write(path, bytes(long))
    assert "a list of files of more than" in refusal(path)
    write(path, archive("a.qde", "a.qde"))
    assert "holds two files of one name" in refusal(path)
    write(path, archive("a.qde", "b.qde"))
    assert "holds 2 files .qde, expected one" in refusal(path)
    write(path, archive("a.txt"))
    assert "holds no CAS (.xmi or .json)" in refusal(path)
    monkeypatch.setattr(foreign_files, "INTERCHANGE_ARCHIVE_BYTES", 50)
    assert "has more than 50 bytes" in refusal(path)


def test_a_member_of_an_empty_name_is_no_file_that_is_read(tmp_path: Path) -> None:
    data = archive("a.xmi", "b/", "Q", data=xmi("").encode())
    at = data.rindex(b"PK\x01\x02")  # the last entry of the list of files
    listed = data[at : at + 28] + b"\0\0" + data[at + 30 : at + 46] + data[at + 47 :]
    end = len(listed) - 22 + 12
    size = int.from_bytes(listed[end : end + 4], "little") - 1
    listed = listed[:end] + size.to_bytes(4, "little") + listed[end + 4 :]
    path = write(tmp_path / "x.zip", data[:at] + listed)
    with foreign_files.open_archive(path) as opened:
        assert opened.names == ["", "a.xmi"]
    assert read_project(path, None).documents


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    for name in ("../secret", "/etc/hostname", str(tmp_path / "secret")):
        path = f'plainTextPath="internal://{name}.txt"'
        place = write(tmp_path / "x.qdpx", qdpx(f'<TextSource guid="t" name="t" {path}/>'))
        assert [document.text for document in read_project(place, None).documents] == [None]
    place = write(tmp_path / "y.qdpx", qdpx('<TextSource name="t" plainTextPath="file:///x"/>'))
    assert [document.text for document in read_project(place, None).documents] == [None]


def test_a_file_that_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "absent"):
        for name in (None, *READERS):
            refusal(path, name)


SLIPS: list[tuple[str, Any]] = [
    ("doccano", {"text": 3, "label": []}),
    ("doccano", {"text": "x", "label": 3}),
    ("doccano", {"text": "x", "label": [[0, 1]]}),
    ("doccano", {"text": "x", "label": [["0", 1, "a"]]}),
    ("doccano", {"text": "x", "label": [[True, 1, "a"]]}),
    ("doccano", {"text": "x", "label": [[0, 1.5, "a"]]}),
    ("doccano", {"text": "x", "label": [{"start_offset": 0, "label": "a"}]}),
    ("doccano", [3]),
    ("doccano", '{"text": "x", "text": "y"}'),
    ("doccano", '{"text": "x", "label": [[0, 1e999, "a"]]}'),
    ("doccano", '{"text": "\\ud800"}'),
    ("doccano", ""),
    ("label-studio", [{"data": {"text": "x"}}]),
    ("label-studio", [{"data": {"a": "x", "b": "y"}, "annotations": []}]),
    ("label-studio", [{"data": 3, "annotations": []}]),
    ("label-studio", [{"data": {"text": "x"}, "annotations": [3]}]),
    ("label-studio", [{"data": {"text": "x"}, "annotations": [{"result": [3]}]}]),
    ("label-studio", [{"data": {"text": "x"}, "annotations": [{"result": [{"id": 1}]}]}]),
    ("label-studio", [{"data": {"text": "x"}, "annotations": [{"result": 5}]}]),
    ("label-studio", [{"data": {"text": "x"}, "annotations": [{"result": [{"to_name": []}]}]}]),
    ("doccano", {"text": "x", "label": [], "relations": True}),
    ("web-annotation", web_annotation(motivation={"id": "tagging"})),
    ("web-annotation", {"type": "AnnotationPage", "items": 3}),
    ("web-annotation", [web_annotation(), 3]),
    ("web-annotation", web_annotation(target={"selector": {"type": "TextPositionSelector"}})),
    ("web-annotation", web_annotation(target={"source": {"id": "x y"}})),
    ("web-annotation", web_annotation(type=[["Annotation"]])),
    ("web-annotation", web_annotation(id={"a": 1})),
    ("web-annotation", web_annotation(body=[[]])),
    ("cas-json", {"%FEATURE_STRUCTURES": 3}),
    ("cas-json", {"%FEATURE_STRUCTURES": [3]}),
    ("cas-json", {"%FEATURE_STRUCTURES": []}),
    ("cas-xmi", "<a/>"),
    ("cas-xmi", "<a>"),
    ("cas-xmi", xmi('<custom:P xmi:id="6" sofa="1" begin="x" end="3"/>')),
    ("cas-xmi", xmi('<custom:P xmi:id="6" sofa="1" begin="1" end="99999999999999999999"/>')),
    ("refi-qda", "<Project/>"),
]


@pytest.mark.parametrize(("name", "content"), SLIPS)
def test_a_file_of_another_form_is_one_line(name: str, content: Any, tmp_path: Path) -> None:
    refusal(write(tmp_path / "x", content), name)


REGION = {"id": "r", "to_name": "text", "score": 0.5, "meta": {"text": ["note"]}}
PLACE = {"start": 0, "end": 1, "text": "a"}
TASK = {
    "id": 3,
    "file_upload": "a.txt",
    "data": {"text": "abc", "number": 1},
    "predictions": [{"id": 1}],
    "annotations": [
        {
            "completed_by": {"id": 1, "email": "ada@x.example"},
            "was_cancelled": False,
            "ground_truth": True,
            "result": [
                {**REGION, "type": "labels", "value": {**PLACE, "labels": ["x"]}},
                {**REGION, "type": "choices", "value": {**PLACE, "choices": ["y"]}},
                {"id": "q", "type": "choices", "value": {"choices": ["z"]}},
                {"type": "relation", "from_id": "r", "to_id": "q"},
            ],
        }
    ],
}
LINE = {
    "id": 1,
    "text": "abc",
    "label": [[0, 1, "x"]],
    "entities": [{"id": 1, "start_offset": 0, "end_offset": 1, "label": "y"}],
    "relations": [{"id": 1, "from_id": 1, "to_id": 2, "type": "r"}],
    "Comments": ["c"],
    "meta": {"a": 1},
}
CAS = [
    {"%ID": 1, "%TYPE": "uima.cas.Sofa", "sofaID": "_InitialView", "sofaString": "Words"},
    {"%ID": 2, "%TYPE": "custom.P", "@sofa": 1, "begin": 0, "end": 5, "a": "b", "@r": 3},
    {"%ID": 3, "%TYPE": "custom.R", "@sofa": 1, "parts": ["a"]},
]
ANNOTATION = web_annotation(
    motivation="tagging",
    creator={"name": "Ada"},
    generator="http://a.example/g",
    created="2026-01-01T00:00:00Z",
    rights="http://a.example/r",
)
PAGE = {"type": "AnnotationPage", "next": "http://a.example/2", "items": [ANNOTATION]}
PART = {
    "type": "SpecificResource",
    "source": {"id": "http://a.example/s", "type": "Text"},
    "state": {"type": "TimeState"},
    "selector": {
        "type": "CssSelector",
        "value": "p",
        "refinedBy": [{"type": "XPathSelector", "value": "p"}],
    },
}
SOURCE = """<TextSource guid="s" name="t"><PlainTextContent>abc</PlainTextContent>
<PlainTextSelection guid="a" name="ab" startPosition="0" endPosition="2" creatingUser="u1">
<Description>d</Description><NoteRef targetGUID="n"/><Coding guid="g" creatingUser="u2">
<CodeRef targetGUID="c1"/></Coding></PlainTextSelection><Coding guid="h"/></TextSource>
<PDFSource name="p"><Representation name="r" plainTextPath="internal://r.txt"/>
<PDFSelection name="q"><Coding guid="i"/></PDFSelection></PDFSource>"""
SOUND: dict[str, list[Any]] = {
    "label-studio": [[TASK]],
    "doccano": [LINE, {"data": "abc", "labels": [[0, 1, "x"]]}],
    "cas-json": [
        {"%FEATURE_STRUCTURES": CAS, "%TYPES": {"a": {}}, "%VIEWS": {"a": {}}},
        {"%FEATURE_STRUCTURES": {str(part["%ID"]): part for part in CAS}},
    ],
    "web-annotation": [
        {"@context": ANNOTATION["@context"], "type": "AnnotationCollection", "first": PAGE},
        web_annotation(target={"type": "List", "items": ["http://a.example/b", PART]}),
    ],
    "cas-xmi": [xmi('<custom:P xmi:id="6" sofa="1" begin="1" end="3"><a>b</a></custom:P>')],
    "refi-qda": [QDE.replace("{sources}", SOURCE)],
}
OTHER_VALUES = (
    None,
    True,
    5,
    -1,
    1.5,
    "",
    "x",
    [],
    [1],
    [[]],
    [{}],
    ["x", {"id": 5}],
    {},
    {"a": 1},
)


def altered_values(value: Any) -> Iterator[Any]:
    """Yield a JSON value with each value in it, and itself, in turn replaced or left out."""
    yield from OTHER_VALUES
    if isinstance(value, dict):
        for name in value:
            yield {key: part for key, part in value.items() if key != name}
    for place, part in value.items() if isinstance(value, dict) else ():
        yield from ({**value, place: other} for other in altered_values(part))
    for place, part in enumerate(value) if isinstance(value, list) else ():
        yield from ([*value[:place], other, *value[place + 1 :]] for other in altered_values(part))


def altered_elements(text: str) -> Iterator[bytes]:
    """Yield an XML document with each attribute, text and element in turn replaced or left out."""
    root = ElementTree.fromstring(text)
    for element in root.iter():
        before = dict(element.attrib), element.tag, element.text, list(element)
        for name in before[0]:
            for other in ("", "x", "-1", "1", "\u00b2", "9" * 30):
                element.set(name, other)
                yield ElementTree.tostring(root)
            del element.attrib[name]
            yield ElementTree.tostring(root)
            element.attrib.update(before[0])
        for element.tag in ("x", "{a}x"):
            yield ElementTree.tostring(root)
        element.tag = before[1]
        for element.text in ("", "x"):
            yield ElementTree.tostring(root)
        element.text = before[2]
        for child in before[3]:
            element[:] = [part for part in before[3] if part is not child]
            yield ElementTree.tostring(root)
            element[:] = before[3]


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_whatever_a_value_of_a_file_is_it_is_read_or_refused_in_words_of_the_format(
    name: str, tmp_path: Path
) -> None:
    """Any other exception would be called something that no sound file holds, in Python's words."""
    for sound in SOUND[name]:
        path = write(tmp_path / "x", sound)
        assert read_project(path, name).documents
        for other in altered_elements(sound) if isinstance(sound, str) else altered_values(sound):
            path.write_bytes(other if isinstance(other, bytes) else json.dumps(other).encode())
            with suppress(ClaimlogError):
                project = read_project(path, name)
                assert project_of_lines(map(str.encode, project_lines(project))) == project


TWICE = {
    "a code": ("c3", '<Codes><Code guid="c3" name="another"/>', "<Codes>"),
    "a user": ("u1", '<Users><User guid="u1" name="Another"/>', "<Users>"),
}
"""An identifier, and what of a project is written in place of what, so that it has two meanings."""


@pytest.mark.parametrize("kind", TWICE)
def test_an_identifier_that_stands_for_two_things_is_refused(kind: str, tmp_path: Path) -> None:
    identifier, new, old = TWICE[kind]
    path = write(tmp_path / "x", QDE.replace("{sources}", SOURCE).replace(old, new))
    assert f"the identifier '{identifier}' stands for two things" in refusal(path)


def test_two_texts_of_one_identifier_in_a_cas_are_refused(tmp_path: Path) -> None:
    other = '<cas:Sofa xmi:id="1" sofaNum="2" sofaID="other" sofaString="Another text."/>'
    path = write(tmp_path / "x", xmi(other))
    assert "the identifier '1' stands for two things" in refusal(path)


@pytest.mark.parametrize(
    "start",
    [
        *('startPosition="x" endPosition="3"', 'startPosition="1"'),
        *('startPosition="\u0660" endPosition="3"', 'startPosition="0" endPosition="1_0"'),
        *('startPosition="-1" endPosition="3"', 'startPosition="0" endPosition="1e1"'),
    ],
)
def test_a_selection_without_a_place_is_one_line(start: str, tmp_path: Path) -> None:
    chosen = f'<TextSource name="t"><PlainTextSelection {start}/></TextSource>'
    path = write(tmp_path / "x", QDE.replace("{sources}", chosen))
    assert "has no startPosition and endPosition" in refusal(path)
    place = '<PlainTextSelection startPosition="1" endPosition="3">'
    coding = f'{place}<Coding><CodeRef targetGUID="none"/></Coding></PlainTextSelection>'
    write(path, QDE.replace("{sources}", f'<TextSource name="t">{coding}</TextSource>'))
    assert "refers to code 'none'" in refusal(path)


@pytest.mark.slow
def test_names_are_measured_before_others_are_made_of_them(tmp_path: Path) -> None:
    name, inner = "n" * 2_000_000, '<Code guid="b"/>' * 100_000
    codes = f'<Code guid="a" name="{name}">{inner}</Code>'
    path = write(tmp_path / "x", QDE.replace("<Codes>", f"<Codes>{codes}"))
    assert "has more than 1,000 characters" in refusal_within(path, 300)
    structures = [
        {"%ID": 1, "%TYPE": "uima.cas.Sofa", "sofaString": "Words"},
        {
            "%ID": 2,
            "%TYPE": "t" * 2_000_000,
            "@sofa": 1,
            "begin": 0,
            "end": 5,
            **{f"@r{number}": 1 for number in range(100_000)},
        },
    ]
    path = write(tmp_path / "y", {"%FEATURE_STRUCTURES": structures})
    assert "has more than 1,000 characters" in refusal_within(path, 300)


def refusal_within(path: Path, megabytes: int) -> str:
    """Return the line that a file is refused with, by which little memory was taken."""
    tracemalloc.start()
    try:
        said = refusal(path)
        assert tracemalloc.get_traced_memory()[1] < megabytes << 20
    finally:
        tracemalloc.stop()
    return said


def test_names_of_documents_that_are_made_of_each_other_are_told_apart(tmp_path: Path) -> None:
    names = ["x" + " (2)" * number for number in range(200)]
    tasks = [
        {"file_upload": name, "data": {"text": "a"}, "annotations": []} for name in [*names, "x"]
    ]
    path = write(tmp_path / "x", tasks)
    found = [document.name for document in read_project(path, None).documents]
    assert found[-1] == "x" + " (2)" * 200
    assert len({*found}) == 201
    names = ["x" + " (2)" * number for number in range(1_500)]
    write(path, [{**tasks[0], "file_upload": name} for name in [*names, "x"]])
    assert "has more than 1,000 characters" in refusal(path)


def test_losses_are_held_up_to_a_number_and_a_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_report, "LOSS_KINDS", 10)
    losses = LossReport()
    for number in range(1_000):
        losses.add_loss(f"{number}" + "x" * 10_000, "y" * 10_000)
    assert len(losses.losses) == 11
    assert sum(losses.counts.values()) == 1_000
    assert len(losses.as_json()) < 200_000


@pytest.mark.slow
@pytest.mark.parametrize("unit", [CODE_POINT, UTF_16])
@pytest.mark.parametrize(
    "sign", ["\u037e", "\r\n", "e\u0301", "\u0958", "\U0001f469", "\U0002f800"]
)
def test_offsets_into_a_text_that_is_changed_everywhere_take_little_memory(
    sign: str, unit: str
) -> None:
    text = sign * 20_000
    tracemalloc.start()
    try:
        offsets = OffsetMap(text, unit)
        assert tracemalloc.get_traced_memory()[1] < 40 * len(text)
    finally:
        tracemalloc.stop()
    width = len(sign.encode("utf-16-le")) // 2 if unit == UTF_16 else len(sign)
    new = len(canonical_text(sign))
    assert offsets.canonical_offset(width * 14_000) == new * 14_000
    assert offsets.canonical_offset(width * 20_000) == len(offsets.canonical) == new * 20_000


def test_what_no_reader_sees_as_one_character_has_no_places_in_it() -> None:
    for long in ("\U0001f469\u200d" * 200_000 + "\U0001f469\u0340", "\u1100" * 200_000 + "\u1161"):
        offsets = OffsetMap(long, CODE_POINT)
        begun = time.process_time()
        assert [offsets.canonical_offset(at) for at in range(1, 5_000)] == [None] * 4_999
        assert time.process_time() - begun < 2
        assert offsets.canonical_offset(0) == 0
        assert offsets.canonical_offset(len(long)) == len(offsets.canonical)


def test_words_that_stand_everywhere_are_looked_for_no_longer_than_they_count() -> None:
    place = DocumentPlacement(ForeignDocument("x"), Text("a e " * 1_000_000), CODE_POINT, "two")
    begun = time.process_time()
    for _ in range(200):
        with pytest.raises(WrongPlaceError, match="stand in more than 100 places"):
            place.place(ForeignAnnotation(1, (), quote=Quote("e")))
        with pytest.raises(WrongPlaceError, match="do not stand in the text"):
            place.place(ForeignAnnotation(1, (), quote=Quote("e", "x", "y")))
    assert time.process_time() - begun < 5


def test_wide_passages_are_placed_up_to_a_number_of_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(annotation_placement, "PASSAGES_CHARACTERS", 25)
    text = "Ships leave at dawn."
    place = DocumentPlacement(ForeignDocument("x", text=text), Text(text), CODE_POINT, "two")
    wide = ForeignAnnotation(1, ((0, 19),))
    assert place.place(wide) == (0, 19)
    with pytest.raises(WrongPlaceError, match="more than 25 characters in all"):
        place.place(wide)
    assert place.words(wide) == "Ships leave at dawn"
    shared = ImportedTexts()  # of documents that are one source
    for name, other in (("x", text), ("y", text), ("z", f"{text}\n")):
        place = DocumentPlacement(
            ForeignDocument(name, text=other), Text(other), CODE_POINT, "two", shared
        )
        if name == "y":
            with pytest.raises(WrongPlaceError, match="more than 25 characters in all"):
                place.place(wide)
        else:
            assert place.place(wide) == (0, 19)
    long = DocumentPlacement(ForeignDocument("x"), Text("a " * 5_000_000), CODE_POINT, "two")
    assert len(long.words(ForeignAnnotation(1, ((0, 9_999_999),)))) == 1_000


def test_quotes_are_looked_for_no_longer_than_a_file_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quote_places, "READ_FOR_PLACES", 2_000)
    shared = ImportedTexts()
    text = Text("Ships leave at dawn. " * 50)
    for name in ("x", "y"):  # the documents of one file share it
        place = DocumentPlacement(ForeignDocument(name), text, CODE_POINT, "two", shared)
        with pytest.raises(WrongPlaceError, match="do not stand in the text"):
            place.place(ForeignAnnotation(1, (), quote=Quote("dusk")))
    with pytest.raises(WrongPlaceError, match="took more reading than one file may"):
        place.place(ForeignAnnotation(1, (), quote=Quote("dusk")))


def test_documents_that_are_one_source_share_what_is_made_of_its_text() -> None:
    shared, text = ImportedTexts(), Text("Ships leave at dawn, and “boats” at noon.")
    places = [
        DocumentPlacement(ForeignDocument(str(n)), text, unit, "two", shared)
        for n in range(3)
        for unit in (CODE_POINT, UTF_16)
    ]
    assert len({id(place._map) for place in places}) == 2
    quote = Quote("boats")
    assert [place.place(ForeignAnnotation(1, (), quote=quote)) for place in places] == [
        (26, 31)
    ] * 6


@pytest.mark.slow
def test_bodies_by_the_hundred_thousand_are_joined_once(tmp_path: Path) -> None:
    bodies = [{"type": "TextualBody", "purpose": "commenting", "value": "x"}] * 200_000
    path = write(tmp_path / "x", web_annotation(body=bodies))
    begun = time.process_time()
    [(_, found)] = read_project(path, "web-annotation").annotations()
    assert time.process_time() - begun < 10
    assert found.attributes["commenting"] == "; ".join("x" * 200_000)


def test_a_mapping_that_is_written_shows_what_turns_the_direction_of_a_line() -> None:
    names = {"a\u202eb": "?", "c\u00a0d\U000e0041": "?", "x\ny": "?", "Café": "?"}
    written = ImportMapping("codings", unit=CODE_POINT, documents=names).dump()
    text = written.decode()
    assert all(one.isprintable() or one == "\n" for one in text)
    assert "Café" in text
    assert yaml.safe_load(written)["documents"] == names
