"""Anchors stay with the text they are of, and a text counts once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from claimlog.edit.add_amend_retract import Entries, add, amend
from claimlog.edit.open_batch import open_folder, read_with_open
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.sources.text import Text, Texts
from claimlog.sources.word_readings import Readings
from claimlog.validate import validate
from conftest import TEXT, World, source
from test_ledger import LETTER

OTHER = "Quite another text stands here, long enough for every offset of the first. " * 12


def registered(world: World, content: str, **columns: Any) -> None:
    """Register the source S002 with a text that is put beside the other."""
    (world.texts / "other.txt").write_text(content, "utf-8")
    text = Text(content)
    row = source("S002", kind="copy", text_sha256=text.sha256, text_length=len(content), **columns)
    given = {name: row[name] for name in row if name not in ENVELOPE}
    add(world.package, "sources", Entries([given]), "coder-1", Texts(world.texts))


ENVELOPE = ("action", "version", "recorded_at", "recorded_by", "reason")


def amended(world: World, given: Mapping[str, Any], texts: Texts | None) -> dict[str, Any]:
    """Amend the first claim, or S001 where a text is given."""
    stream, name = ("sources", "S001") if "text_sha256" in given else ("claims", "C001-001")
    return amend(world.package, stream, name, given, "The wrong article.", "coder-1", texts)


def test_a_claim_is_not_moved_to_another_source_without_its_text(world: World) -> None:
    registered(world, OTHER)
    with pytest.raises(ClaimlogError, match=r"the text of S001: .*S002 with --quote, .*--texts"):
        amended(world, {"source_id": "S002"}, None)
    with pytest.raises(ClaimlogError, match=r"S002: another passage stands at .* with --quote"):
        amended(world, {"source_id": "S002"}, Texts(world.texts))
    (world.texts / "other.txt").unlink()
    with pytest.raises(ClaimlogError, match="no text has the SHA-256"):
        amended(world, {"source_id": "S002"}, Texts(world.texts))
    assert not (open_folder(world.package) / "claims.ndjson").exists()
    with pytest.raises(ClaimlogError, match='source "S009" is not registered'):
        amended(world, {"source_id": "S009"}, None)


def test_a_claim_is_moved_to_a_source_where_its_passage_stands_at_the_same_place(
    world: World,
) -> None:
    registered(world, TEXT + "One sentence more.\n")
    row = amended(world, {"source_id": "S002"}, Texts(world.texts))
    assert (row["source_id"], row["version"]) == ("S002", 2)


def test_a_claim_is_moved_by_quoting_it_in_the_other_source(world: World) -> None:
    registered(world, OTHER)
    given = {"source_id": "S002", "quote": "long enough for every offset", "occurrence": 2}
    row = amended(world, given, Texts(world.texts))
    assert OTHER[row["start"] : row["end"]] == "long enough for every offset"


def test_the_text_of_a_source_with_anchors_is_not_changed_unseen(world: World) -> None:
    new = Text(OTHER)
    given = {"text_sha256": new.sha256, "text_length": len(OTHER)}
    for texts in (None, Texts(world.texts)):
        with pytest.raises(ClaimlogError, match=r"anchors are of the text of S001: put the new"):
            amended(world, given, texts)
    with pytest.raises(ClaimlogError, match="retract what they anchor before"):
        amended(world, {"text_sha256": None, "text_length": None}, None)
    (world.texts / "new.txt").write_text(OTHER, "utf-8")
    with pytest.raises(FindingsError) as error:
        amended(world, given, Texts(world.texts))
    assert {finding.rule for finding in error.value.findings} == {"quote-hash"}
    assert not open_folder(world.package).exists()


def test_the_title_of_a_source_is_amended_without_its_text(world: World) -> None:
    changed = {"title": "Another title"}
    row = amend(world.package, "sources", "S001", changed, "A slip.", "coder-1", None)
    assert row["title"] == "Another title"


def test_a_text_is_registered_once_or_with_the_lineage_that_joins_the_two(world: World) -> None:
    with pytest.raises(FindingsError) as error:
        registered(world, TEXT)
    [finding] = error.value.findings
    assert (finding.rule, finding.entity) == ("text-once", "S002")
    assert "has the very text of S001, and no lineage to it; code S001, or say" in str(finding)
    edge = {"source_id": "S101", "relation": "wasQuotedFrom", "certainty": "strong"}
    registered(world, TEXT, lineage=[{**edge, "evidence": "Both name it."}])


def test_a_text_of_several_sources_is_read_once_for_all_of_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its runs of words are hashed, and a row that names a text has a few hundred bytes."""
    runs, windows = Readings.runs, list[int]()

    def counted(readings: Readings, limit: int) -> Iterator[str]:
        windows.append(len(readings.content))
        return runs(readings, limit)

    def readings() -> int:
        windows.clear()
        report = validate(read_with_open(world.package), world.supplied)
        assert (report.findings, report.anchors_unchecked) == ([], 0)
        return windows.count(len(TEXT))

    monkeypatch.setattr(Readings, "runs", counted)
    before = readings()
    edge = {"source_id": "S101", "relation": "wasQuotedFrom", "certainty": "strong"}
    registered(world, TEXT, lineage=[{**edge, "evidence": "Both name it."}])
    world.add("claims", [{**LETTER, "source_id": "S002"}])
    assert readings() == before > 0
