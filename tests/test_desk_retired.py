"""Columns and keys that are retired while texts are coded, and what was typed in them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from claimlog.desk.coder_program import code_with_program
from claimlog.desk.hand_over import (
    expect_coding,
    export_coding,
    finished_work,
    import_coding,
)
from claimlog.desk.row_references import SPAN
from claimlog.edit.add_amend_retract import Entries, add
from claimlog.errors import ClaimlogError
from claimlog.package import Package
from conftest import World, copied
from desk_client import Opened, claim_value, desk_of, passage
from test_coder_program import writing

SOURCE = "S102"
PATH = f"adjudication/{SOURCE}"
NOTE, SPEAKER = "Mine.", "keeper-1"
MODALITIES = {"coder-1": "actual", "coder-2": "hypothetical"}
ATTRIBUTION = {
    "anonymity": "described",
    "description": "a keeper",
    "number": "one",
    "office": "expert",
    "side": "other",
    "speaker_key": SPEAKER,
    "verb": "say",
}


@pytest.fixture
def opened(registered: World, tmp_path: Path) -> Iterator[Opened]:
    desk = desk_of(registered, tmp_path)
    yield desk
    desk.close()


def retire(root: Path, streams: Sequence[str] = ("claims", "actors")) -> None:
    """Retire notes, and on claims the key of a speaker too, as docs/releases.md says."""
    schemas = root / "schemas"
    for stream in streams:
        path = schemas / f"{stream}.json"
        schema = json.loads(path.read_text("utf-8"))
        shutil.copyfile(path, schemas / "past" / f"{stream}.{schema['schemaVersion']}.json")
        schema["schemaVersion"] += 1
        columns = {column["name"]: column for column in schema["fields"]}
        keys = columns["attributions"]["items"]["fields"] if stream == "claims" else []
        gone = [columns["note"], *(key for key in keys if key["name"] == "speaker_key")]
        for column in gone:
            column["retired"] = True
        path.write_text(json.dumps(schema), "utf-8")
    assert World(Package(root), root).run("schemas", "--write").returncode == 0


def said_by_a_keeper(**given: Any) -> dict[str, Any]:
    """Return a claim that fills what is retired later."""
    value = claim_value("dimmed the lamp", "The beam was made weaker.", voice="paraphrased")
    return {**value, "attributions": [ATTRIBUTION], "note": NOTE, **given}


def code(opened: Opened, role: str, **given: Any) -> dict[str, Any]:
    """Save a draft that names an actor made on the spot."""
    actor = {"name": "Keepers", "actor_type": "group", "note": f"By {role}."}
    path = f"work/{SOURCE}/registered/actors/keepers"
    opened.take(role, "PUT", path, base=0, value=actor)
    value = said_by_a_keeper(dyad_from=["keepers"], **given)
    draft: dict[str, Any] = opened.put(role, SOURCE, "a", value)["draft"]
    return draft


def as_sent(value: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Return a saved value as a page sends it that changes something else of it."""
    rest = {name: cell for name, cell in value.items() if name not in SPAN}
    return {**rest, **passage("dimmed the lamp"), **given}


def typed(value: dict[str, Any]) -> tuple[str, str]:
    """Return what was typed where there is nothing to be typed any more."""
    return value["note"], value["attributions"][0]["speaker_key"]


def open_rows_of(opened: Opened, stream: str) -> list[dict[str, Any]]:
    log = opened.desk.log
    return [
        row for name, row in log.entries(stream).items() if name not in log.sealed_log.ids(stream)
    ]


def test_a_draft_that_fills_what_is_retired_is_changed_finished_compared_and_taken_over(
    opened: Opened,
) -> None:
    drafts = {role: code(opened, role, modality=one) for role, one in MODALITIES.items()}
    retire(opened.desk.package.root)
    for role, draft in drafts.items():
        value = as_sent(draft["value"], topic="law")
        opened.put(role, SOURCE, "a", value, base=draft["rev"])
        assert opened.take(role, "GET", f"work/{SOURCE}/findings")["errors"] == 0
        opened.finish(role, SOURCE)
        saved = opened.take(role, "GET", f"work/{SOURCE}")["drafts"][0]["value"]
        assert typed(saved) == (NOTE, SPEAKER)
    assert opened.take("adjudicator", "GET", f"{PATH}/agreement")["agreement"]
    (unit,) = opened.take("adjudicator", "GET", PATH)["units"]
    assert unit["differs"] == ["modality"]
    assert typed(unit["left"]["value"]) == typed(unit["right"]["value"]) == (NOTE, SPEAKER)
    own = as_sent(unit["left"]["value"], modality="considered")
    for take in ({"take": "left"}, {"take": "new", "value": own}):
        path = f"{PATH}/units/a+a"
        rev = opened.take("adjudicator", "PUT", path, base=unit["rev"], **take)["unit"]["rev"]
        assert opened.take("adjudicator", "GET", f"{PATH}/findings")["errors"] == 0
        unit = {"rev": rev}
    found = opened.take("adjudicator", "GET", PATH)
    opened.take("adjudicator", "POST", f"{PATH}/commit", state=found["state"])
    (claim,), (actor,) = (open_rows_of(opened, stream) for stream in ("claims", "actors"))
    assert (claim["modality"], claim["topic"]) == ("considered", "law")
    assert typed(claim) == (None, None)
    assert (actor["name"], actor["note"]) == ("Keepers", None)


def test_what_both_had_finished_before_a_column_was_retired_is_taken_over(opened: Opened) -> None:
    for role, modality in MODALITIES.items():
        code(opened, role, modality=modality)
        opened.finish(role, SOURCE)
    retire(opened.desk.package.root)
    proposals = opened.take("adjudicator", "GET", PATH)["proposals"]
    # they differ in what is retired alone
    assert [proposal["clashes"] for proposal in proposals] == [False, False]
    path = f"{PATH}/units/a+a"
    state = opened.take("adjudicator", "PUT", path, base=0, take="left")["state"]
    opened.take("adjudicator", "POST", f"{PATH}/commit", state=state)
    assert [typed(claim) for claim in open_rows_of(opened, "claims")] == [(None, None)]


def test_what_was_typed_before_a_column_was_retired_is_saved_after_it(opened: Opened) -> None:
    retire(opened.desk.package.root)
    value = opened.put("coder-1", SOURCE, "a", said_by_a_keeper())["draft"]["value"]
    assert typed(value) == (NOTE, SPEAKER)
    assert opened.finish("coder-1", SOURCE)["finished"]


def test_a_coding_that_fills_what_is_retired_here_is_taken_from_another_machine(
    registered: World, tmp_path: Path
) -> None:
    here, there = (copied(registered, tmp_path / name) for name in ("here", "there"))
    elsewhere = Opened.of(there.package, there.texts)
    code(elsewhere, "coder-2")
    elsewhere.finish("coder-2", SOURCE)
    elsewhere.close()
    file = tmp_path / "coder-2.json"
    export_coding(there.package, "coder-2", SOURCE, file, alone=True)
    commitment = str(finished_work(there.package, "coder-2", SOURCE).commitment)
    retire(here.root)
    expect_coding(here.package, "coder-2", SOURCE, commitment)
    assert import_coding(here.package, file, here.texts).commitment == commitment


@pytest.mark.slow
@pytest.mark.parametrize(
    ("left_out", "refusal"),
    [
        ("attributions", 'there is no column "note"'),
        ("note", "fills a key of a list that is retired; leave it out"),
    ],
)
def test_a_program_is_told_that_it_fills_what_is_retired(
    opened: Opened, left_out: str, refusal: str
) -> None:
    row = {"coder_id": "rules-1", "kind": "program", "description": "Rules."}
    add(opened.desk.package, "coders", Entries([row]), "rules-1", None)
    retire(opened.desk.package.root)
    opened.desk.look_at_definition()
    place = {*passage("dimmed the lamp"), left_out}
    value = {key: cell for key, cell in said_by_a_keeper().items() if key not in place}
    program = writing({"quote": "dimmed the lamp", **value})
    with pytest.raises(ClaimlogError, match=refusal):
        code_with_program(opened.desk, program, SOURCE, "rules-1")


def test_a_claim_that_fills_a_key_that_is_retired_is_amended(opened: Opened) -> None:
    retire(opened.desk.package.root)
    name, row = next(
        (name, row)
        for name, row in opened.desk.log.entries("claims").items()
        if any(hop["speaker_key"] for hop in row["attributions"])
    )
    found = opened.take("adjudicator", "GET", f"claims/{name}")
    changes = {"attributions": [{**hop, "verb": "claim"} for hop in row["attributions"]]}
    given = {"version": found["version"], "changes": changes, "reason": "A slip.", "write": True}
    answer = opened.take("adjudicator", "POST", f"claims/{name}/amend", **given)
    assert (answer["findings"], answer["written"]) == ([], True)
