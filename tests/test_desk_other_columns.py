"""Columns and keys that are renamed, removed, added or of another type while texts are coded.

What was saved before is read by the present definition; those that are retired stand in
`test_desk_retired`.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from claimlog.desk.carried_values import EARLIER, PresentRows
from claimlog.desk.draft_values import clean_row
from claimlog.desk.hand_over import expect_coding, export_coding, finished_work, import_coding
from claimlog.desk.request_error import RequestError
from claimlog.errors import ClaimlogError
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from conftest import World, copied
from desk_client import Opened, desk_of, passage
from test_desk_retired import (
    ATTRIBUTION,
    MODALITIES,
    PATH,
    SOURCE,
    as_sent,
    open_rows_of,
    said_by_a_keeper,
)

COLOUR = {"name": "colour", "type": "string", "description": "Which colour."}
TONE = {"name": "tone", "type": "string", "description": "In which tone."}
KEY = {"name": "mood", "type": "string", "description": "In which mood."}
GREEN, HARSH = "green as the sea", "harsh"
WORK, UNIT = f"work/{SOURCE}", f"{PATH}/units/a+a"

Row = dict[str, Any]
Schema = dict[str, Any]


def keys_of(schema: Schema) -> list[Row]:
    """Return the keys of the attributions in a schema of claims."""
    (column,) = (one for one in schema["fields"] if one["name"] == "attributions")
    found: list[Row] = column["items"]["fields"]
    return found


def column_of(schema: Schema, name: str = "colour") -> Row:
    """Return a column, or a key of the attributions, in a schema of claims."""
    columns: list[Row] = [*schema["fields"], *keys_of(schema)]
    (found,) = (one for one in columns if one["name"] == name)
    return found


def change_schema(
    root: Path, stream: str, change: Callable[[Schema], object], *steps: str, is_next: bool = True
) -> None:
    """Change a schema: as its next version, as docs/releases.md says, or in place."""
    schemas = root / "schemas"
    path = schemas / f"{stream}.json"
    schema = json.loads(path.read_text("utf-8"))
    if is_next:
        shutil.copyfile(path, schemas / "past" / f"{stream}.{schema['schemaVersion']}.json")
        schema["schemaVersion"] += 1
    change(schema)
    path.write_text(json.dumps(schema), "utf-8")
    with (schemas / "upcasts.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{stream},{schema['schemaVersion']},{step}\n" for step in steps)
    answer = World(Package(root), root).run("schemas", "--write")
    assert answer.returncode == 0, answer.stderr


def take_out_step(root: Path, name: str) -> None:
    path = root / "schemas" / "upcasts.csv"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if f",{name}," not in line), "utf-8")


def rename_colour(root: Path) -> None:
    change_schema(
        root, "claims", lambda schema: column_of(schema).update(name="shade"), "rename,shade,colour"
    )


def remove_colour(root: Path) -> None:
    take_out_step(root, "colour")
    change_schema(
        root, "claims", lambda schema: schema["fields"].remove(column_of(schema)), is_next=False
    )


def count_colours(root: Path) -> None:
    change_schema(
        root, "claims", lambda schema: column_of(schema).update(type="integer"), is_next=False
    )


def add_key(root: Path) -> None:
    change_schema(
        root,
        "claims",
        lambda schema: keys_of(schema).append(KEY),
        'add,attributions.mood,"""calm"""',
    )


def remove_key(root: Path) -> None:
    take_out_step(root, "attributions.tone")
    change_schema(
        root,
        "claims",
        lambda schema: keys_of(schema).remove(column_of(schema, "tone")),
        is_next=False,
    )


def count_tones(root: Path) -> None:
    change_schema(
        root,
        "claims",
        lambda schema: column_of(schema, "tone").update(type="integer"),
        is_next=False,
    )


@dataclass(frozen=True)
class Change:
    """A change of the definition, and what a claim that was saved before it is then.

    Attributes
    ----------
    shown, made
        What it says of colours, tones and moods at the desk; and as a row of the open batch.
    """

    make: Callable[[Path], None]
    shown: Row = field(default_factory=dict)
    made: Row = field(default_factory=dict)


SAID = {"colour": GREEN, "tone": HARSH}
CHANGES = {
    "a renamed column": Change(
        rename_colour, {"shade": GREEN, "tone": HARSH}, {"shade": GREEN, "tone": HARSH}
    ),
    "a removed column": Change(
        remove_colour, {f"colour{EARLIER}": GREEN, "tone": HARSH}, {"tone": HARSH}
    ),
    "a column of another type": Change(
        count_colours,
        {f"colour{EARLIER}": GREEN, "tone": HARSH},
        {"colour": None, "tone": HARSH},
    ),
    "an added key": Change(add_key, {**SAID, "mood": "calm"}, {**SAID, "mood": "calm"}),
    "a removed key": Change(
        remove_key, {"colour": GREEN, f"tone{EARLIER}": HARSH}, {"colour": GREEN}
    ),
    "a key of another type": Change(
        count_tones,
        {"colour": GREEN, "tone": None, f"tone{EARLIER}": HARSH},
        {"colour": GREEN, "tone": None},
    ),
}
kinds = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)


def of_colour_and_tone(value: Row) -> Row:
    """Return what a claim, or a row of one, says of colours, tones and moods."""
    (attribution,) = value["attributions"]
    words = ("colour", "shade", "tone", "mood")
    cells = {**attribution, **value}.items()
    return {name: cell for name, cell in cells if name.removesuffix(EARLIER) in words}


def said(**given: Any) -> Row:
    """Return a claim, as a page sends it, that fills what is changed later."""
    hop = {**ATTRIBUTION, "tone": HARSH}
    return said_by_a_keeper(**{"colour": GREEN, "attributions": [hop], **given})


@pytest.fixture(scope="module")
def coloured(registered: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A package of which claims have a colour, and attributions a tone; nothing has it yet."""
    own = copied(registered, tmp_path_factory.mktemp("coloured"))

    def add(schema: Schema) -> None:
        schema["fields"].append(COLOUR)
        keys_of(schema).append(TONE)

    change_schema(own.root, "claims", add, "add,colour,null", "add,attributions.tone,null")
    return own


@pytest.fixture
def opened(coloured: World, tmp_path: Path) -> Iterator[Opened]:
    desk = desk_of(coloured, tmp_path)
    yield desk
    desk.close()


def commit(opened: Opened) -> None:
    """Commit what is decided, of which no rule is broken."""
    assert opened.take("adjudicator", "GET", f"{PATH}/findings")["errors"] == 0
    state = opened.take("adjudicator", "GET", PATH)["state"]
    opened.take("adjudicator", "POST", f"{PATH}/commit", state=state)


@pytest.mark.slow
@kinds
def test_what_was_coded_before_a_change_of_columns_is_changed_finished_compared_and_taken_over(
    change: Change, opened: Opened
) -> None:
    for role, modality in MODALITIES.items():
        opened.put(role, SOURCE, "a", said(modality=modality))
    opened.finish("coder-2", SOURCE)
    change.make(opened.desk.package.root)
    (draft,) = opened.take("coder-1", "GET", WORK)["drafts"]
    assert of_colour_and_tone(draft["value"]) == change.shown
    value = as_sent(draft["value"], topic="law")
    saved = opened.put("coder-1", SOURCE, "a", value, base=draft["rev"])["draft"]["value"]
    assert of_colour_and_tone(saved) == change.shown
    assert opened.take("coder-1", "GET", f"{WORK}/findings")["errors"] == 0
    opened.finish("coder-1", SOURCE)
    assert opened.take("adjudicator", "GET", f"{PATH}/agreement")["agreement"]
    (unit,) = opened.take("adjudicator", "GET", PATH)["units"]
    assert unit["differs"] == ["modality", "topic"]
    for side in ("left", "right"):
        assert of_colour_and_tone(unit[side]["value"]) == change.shown
    own = as_sent(unit["right"]["value"], modality="considered")
    answer = opened.take("adjudicator", "PUT", UNIT, base=unit["rev"], take="new", value=own)
    assert of_colour_and_tone(answer["unit"]["verdict"]["value"]) == change.shown
    commit(opened)
    (claim,) = open_rows_of(opened, "claims")
    assert claim["modality"] == "considered"
    assert of_colour_and_tone(claim) == change.made


@pytest.mark.slow
@kinds
def test_what_was_decided_before_a_change_of_columns_is_taken_over_and_shown_to_coders(
    change: Change, opened: Opened
) -> None:
    for role, modality in MODALITIES.items():
        opened.put(role, SOURCE, "a", said(modality=modality))
        opened.finish(role, SOURCE)
    opened.take("adjudicator", "PUT", UNIT, base=0, take="new", value=said(modality="considered"))
    change.make(opened.desk.package.root)
    commit(opened)
    (claim,) = open_rows_of(opened, "claims")
    assert claim["modality"] == "considered"
    assert of_colour_and_tone(claim) == change.made
    (unit,) = opened.take("coder-1", "GET", f"verdicts/{SOURCE}")["units"]
    for value in (unit["left"]["value"], unit["verdict"]["value"]):
        assert of_colour_and_tone(value) == change.shown


@pytest.mark.slow
@kinds
def test_a_coding_that_was_made_before_a_change_of_columns_here_is_taken_from_another_machine(
    change: Change, coloured: World, tmp_path: Path
) -> None:
    here, there = (copied(coloured, tmp_path / name) for name in ("here", "there"))
    elsewhere = Opened.of(there.package, there.texts)
    elsewhere.put("coder-2", SOURCE, "a", said())
    elsewhere.finish("coder-2", SOURCE)
    elsewhere.close()
    file = tmp_path / "coder-2.json"
    export_coding(there.package, "coder-2", SOURCE, file, alone=True)
    commitment = str(finished_work(there.package, "coder-2", SOURCE).commitment)
    change.make(here.root)
    expect_coding(here.package, "coder-2", SOURCE, commitment)
    if change.make in (remove_colour, remove_key):
        # whoever decides could not know of it, and it would be an answer to whatever comes to be
        # called so
        with pytest.raises(ClaimlogError, match=r'asks for "(colour|attributions\.tone)": have it'):
            import_coding(here.package, file, here.texts)
        return
    work = import_coding(here.package, file, here.texts)
    assert work.commitment == commitment
    assert of_colour_and_tone(work.drafts()["a"]) == change.shown


@pytest.mark.slow
def test_entries_that_differ_in_a_renamed_column_are_two_and_keep_what_they_say(
    opened: Opened,
) -> None:
    root = opened.desk.package.root
    change_schema(root, "actors", lambda schema: schema["fields"].append(COLOUR), "add,colour,null")
    for role, colour in {"coder-1": GREEN, "coder-2": "red"}.items():
        actor = {"name": "Keepers", "actor_type": "group", "colour": colour}
        path = f"{WORK}/registered/actors/keepers"
        opened.take(role, "PUT", path, base=0, value=actor)
        opened.put(role, SOURCE, "a", said(dyad_from=["keepers"]))

    def rename(schema: Schema) -> None:
        (column,) = (one for one in schema["fields"] if one["name"] == "colour")
        column["name"] = "shade"

    change_schema(root, "actors", rename, "rename,shade,colour")
    for role in MODALITIES:
        opened.finish(role, SOURCE)
    proposals = opened.take("adjudicator", "GET", PATH)["proposals"]
    assert [one["clashes"] for one in proposals] == [True, True]
    path = f"{PATH}/proposals/coder-2/actors/keepers"
    opened.take("adjudicator", "PUT", path, base=0, same_as="coder-1/keepers")
    opened.take("adjudicator", "PUT", UNIT, base=0, take="left")
    commit(opened)
    assert [actor["shade"] for actor in open_rows_of(opened, "actors")] == [GREEN]


def test_a_question_whose_column_has_another_type_is_answered_anew(opened: Opened) -> None:
    opened.put("coder-1", SOURCE, "a", said())
    count_colours(opened.desk.package.root)
    (draft,) = opened.take("coder-1", "GET", WORK)["drafts"]
    value = as_sent(draft["value"], colour=3)
    saved = opened.put("coder-1", SOURCE, "a", value, base=draft["rev"])["draft"]
    assert of_colour_and_tone(saved["value"]) == {"colour": 3, "tone": HARSH}
    # as a page sends it that was not drawn anew, once the answer is taken out
    kept = as_sent(draft["value"])
    opened.put("coder-1", SOURCE, "a", kept, base=saved["rev"])
    state = opened.take("coder-1", "POST", f"{WORK}/undo", state=3)["state"]
    back = opened.take("coder-1", "POST", f"{WORK}/undo", state=state)["drafts"][0]["value"]
    assert of_colour_and_tone(back) == {f"colour{EARLIER}": GREEN, "tone": HARSH}


def colour_codings(root: Path) -> None:
    """Give codings a colour of the type that claims have it in."""
    change_schema(
        root, "codings", lambda schema: schema["fields"].append({**COLOUR}), "add,colour,null"
    )


def test_codings_that_would_be_no_rows_are_not_compared_and_everything_else_goes_on(
    opened: Opened,
) -> None:
    root = opened.desk.package.root
    colour_codings(root)
    count_colours(root)  # of claims alone
    for role, modality in MODALITIES.items():
        opened.put(role, SOURCE, "a", said(colour=3, modality=modality))
        finish_whatever_is_said(opened, role)
    answer = opened.ask("adjudicator", "GET", f"{PATH}/agreement")
    assert answer.status_code == 422
    told = answer.json()["error"]["message"]
    assert told == (
        "the codings cannot be compared: would be no row of codings: "
        '"colour" is 3, expected string; see schemas/codings.json'
    )
    assert opened.take("adjudicator", "GET", PATH)["units"]
    opened.take("coder-1", "GET", f"{WORK}/findings")


def finish_whatever_is_said(opened: Opened, role: str) -> None:
    """Finish a work as before the rules said of codings what they say now."""
    work = opened.desk.work_folder.work(role, SOURCE)
    work.finish(work.journal.state)


def test_a_claim_whose_coding_would_be_no_row_is_not_finished(opened: Opened) -> None:
    root = opened.desk.package.root
    colour_codings(root)
    count_colours(root)
    opened.put("coder-1", SOURCE, "a", said(colour=3))
    opened.put("coder-1", SOURCE, "b", {**said(colour=None), **passage("a keeper said")})
    found = opened.take("coder-1", "GET", f"{WORK}/findings")["findings"]
    assert [(one["message"], one["columns"]) for one in found.pop("a")] == [
        ('would be no row of codings: "colour" is 3, expected string', ["colour"])
    ]
    assert not found
    state = opened.take("coder-1", "GET", WORK)["state"]
    refused = opened.ask("coder-1", "POST", f"{WORK}/finish", state=state)
    assert refused.status_code == 422
    opened.put("coder-1", SOURCE, "a", said(colour=None), 1)
    opened.finish("coder-1", SOURCE)


def test_what_was_typed_before_a_column_was_renamed_is_saved_after_it(opened: Opened) -> None:
    rename_colour(opened.desk.package.root)
    saved = opened.put("coder-1", SOURCE, "a", said())["draft"]["value"]
    assert of_colour_and_tone(saved) == {"shade": GREEN, "tone": HARSH}


def test_an_answer_under_the_new_name_stands_for_what_was_typed_under_the_old_one(
    opened: Opened,
) -> None:
    rename_colour(opened.desk.package.root)
    saved = opened.put("coder-1", SOURCE, "a", said(shade="red"))["draft"]
    assert of_colour_and_tone(saved["value"]) == {"shade": "red", "tone": HARSH}
    for name, nothing in (("b", None), ("c", "")):
        saved = opened.put("coder-1", SOURCE, name, said(shade=nothing))["draft"]
        assert of_colour_and_tone(saved["value"]) == {"shade": GREEN, "tone": HARSH}


OTHER_WORDS = ("red", 1, 1.5, True, ["deep"], {"any": ["thing"]}, [{"hue": "red"}])


def remove_colour_and_tone(root: Path) -> None:
    remove_colour(root)
    remove_key(root)


def said_otherwise(words: Any) -> tuple[Row, Row]:
    """Return a claim with other words of colour and tone, and how it is once these are gone."""
    expected = {f"colour{EARLIER}": words, f"tone{EARLIER}": words}
    return said(colour=words, attributions=[{**ATTRIBUTION, "tone": words}]), expected


def test_what_was_typed_before_a_column_and_a_key_were_removed_is_saved_after_it_whatever_it_is(
    opened: Opened,
) -> None:
    """There is no question any more in which it could be changed: the rest would never be saved."""
    base = opened.put("coder-1", SOURCE, "a", said())["draft"]["rev"]
    remove_colour_and_tone(opened.desk.package.root)
    for number, words in enumerate(OTHER_WORDS):
        typed, expected = said_otherwise(words)
        opened.put("coder-1", SOURCE, f"b{number}", typed)
        draft = opened.put("coder-1", SOURCE, "a", typed, base=base)["draft"]
        assert of_colour_and_tone(draft["value"]) == expected
        again = opened.put("coder-1", SOURCE, "a", as_sent(draft["value"]), base=draft["rev"])
        assert of_colour_and_tone(again["draft"]["value"]) == expected
        base = again["draft"]["rev"]
    nothing, _ = said_otherwise(None)
    saved = opened.put("coder-1", SOURCE, "a", nothing, base=base)["draft"]["value"]
    assert of_colour_and_tone(saved) == {}


@pytest.mark.slow
def test_a_value_of_ones_own_is_saved_that_was_begun_before_a_column_and_a_key_were_removed(
    opened: Opened,
) -> None:
    for role in MODALITIES:
        opened.put(role, SOURCE, "a", said())
        opened.finish(role, SOURCE)
    remove_colour_and_tone(opened.desk.package.root)
    own, expected = said_otherwise("mine")
    answer = opened.take("adjudicator", "PUT", UNIT, base=0, take="new", value=own)
    assert of_colour_and_tone(answer["unit"]["verdict"]["value"]) == expected
    commit(opened)


def test_words_are_kept_of_a_claim_that_is_sent_anew_after_it_was_deleted(opened: Opened) -> None:
    saved = opened.put("coder-1", SOURCE, "a", said())["draft"]
    count_colours(opened.desk.package.root)
    (draft,) = opened.take("coder-1", "GET", WORK)["drafts"]
    path = f"{WORK}/drafts/a"
    state = opened.take("coder-1", "DELETE", path, base=saved["rev"])["state"]
    again = opened.put("coder-1", SOURCE, "a", as_sent(draft["value"]), base=state)["draft"]
    assert of_colour_and_tone(again["value"]) == of_colour_and_tone(draft["value"])


def test_what_was_typed_in_a_retired_column_is_saved_whatever_that_can_hold_by_now(
    opened: Opened,
) -> None:
    def retire(schema: Schema) -> None:
        for name in ("colour", "tone"):
            column_of(schema, name).update(retired=True, type="integer")

    change_schema(opened.desk.package.root, "claims", retire, is_next=False)
    draft = opened.put("coder-1", SOURCE, "a", said())["draft"]
    words = {f"colour{EARLIER}": GREEN, "tone": None, f"tone{EARLIER}": HARSH}
    assert of_colour_and_tone(draft["value"]) == words


def string_colours(root: Path) -> None:
    change_schema(
        root, "claims", lambda schema: column_of(schema).update(type="string"), is_next=False
    )


@pytest.mark.slow
def test_words_follow_a_renamed_column_as_answers_do(opened: Opened) -> None:
    """Two coders who agreed do so still, whichever of them changed anything meanwhile."""
    root = opened.desk.package.root
    for role in MODALITIES:
        opened.put(role, SOURCE, "a", said())
    count_colours(root)
    (draft,) = opened.take("coder-1", "GET", WORK)["drafts"]
    opened.put("coder-1", SOURCE, "a", as_sent(draft["value"]), draft["rev"])
    string_colours(root)
    rename_colour(root)
    for role in MODALITIES:
        (draft,) = opened.take(role, "GET", WORK)["drafts"]
        assert of_colour_and_tone(draft["value"]) == {"shade": GREEN, "tone": HARSH}
        opened.finish(role, SOURCE)
    (unit,) = opened.take("adjudicator", "GET", PATH)["units"]
    assert unit["differs"] == []
    opened.take("adjudicator", "PUT", UNIT, base=unit["rev"], take="left")
    commit(opened)
    (claim,) = open_rows_of(opened, "claims")
    assert claim["shade"] == GREEN


def test_what_stands_aside_is_an_answer_again_once_its_column_can_hold_it(opened: Opened) -> None:
    """Two coders who agreed do so again, whichever of them changed anything meanwhile."""
    saved = opened.put("coder-1", SOURCE, "a", said())["draft"]
    count_colours(opened.desk.package.root)
    (draft,) = opened.take("coder-1", "GET", WORK)["drafts"]
    opened.put("coder-1", SOURCE, "a", as_sent(draft["value"], note="n"), saved["rev"])
    string_colours(opened.desk.package.root)
    (draft,) = opened.take("coder-1", "GET", WORK)["drafts"]
    assert of_colour_and_tone(draft["value"]) == SAID


PART = {"name": "part", "type": "string", "description": "Which part."}


@pytest.mark.slow
def test_a_list_that_stood_aside_is_read_as_any_once_its_column_is_a_list_again(
    opened: Opened,
) -> None:
    root = opened.desk.package.root

    def parts(constant: str, is_next: bool = False, **traits: Any) -> None:
        """Have a column of parts that is of some type."""
        column = {"name": "parts", "description": "The parts.", **traits}

        def change(schema: Schema) -> None:
            rest = [one for one in schema["fields"] if one["name"] != "parts"]
            schema["fields"] = [*rest, column]

        take_out_step(root, "parts")
        change_schema(root, "claims", change, f"add,parts,{constant}", is_next=is_next)

    def list_of(*keys: Row) -> Row:
        return {"type": "array", "items": {"fields": keys}, "constraints": {"maxLength": 8}}

    parts("[]", is_next=True, **list_of(PART))
    for role in MODALITIES:
        opened.put(role, SOURCE, "a", said(parts=[{"part": "bow"}]))
    parts("null", type="string")
    (draft,) = opened.take("coder-1", "GET", WORK)["drafts"]
    words = {"parts (earlier)": [{"part": "bow"}]}
    assert words.items() <= draft["value"].items()
    saved = opened.put("coder-1", SOURCE, "a", as_sent(draft["value"]), draft["rev"])["draft"][
        "value"
    ]
    assert words.items() <= saved.items()
    parts("[]", **list_of({**PART, "type": "integer"}))
    change_schema(
        root,
        "claims",
        lambda schema: column_of(schema, "parts")["items"]["fields"].append(KEY),
        'add,parts.mood,"""calm"""',
    )
    for role in MODALITIES:
        (draft,) = opened.take(role, "GET", WORK)["drafts"]
        assert draft["value"]["parts"] == [{"part": None, "part (earlier)": "bow", "mood": "calm"}]
        assert "parts (earlier)" not in draft["value"]


def test_words_are_no_column_of_an_amendment(opened: Opened) -> None:
    name = next(iter(opened.desk.log.entries("claims")))
    found = opened.take("adjudicator", "GET", f"claims/{name}")
    changes = {f"colour{EARLIER}": GREEN}
    asked = {"version": found["version"], "changes": changes, "reason": "A slip."}
    answer = opened.ask("adjudicator", "POST", f"claims/{name}/amend", **asked)
    assert answer.status_code == 400
    assert f'there is no column \\"colour{EARLIER}\\"' in answer.text


def test_a_key_that_was_added_is_not_filled_in_for_who_is_asked_for_it(opened: Opened) -> None:
    add_key(opened.desk.package.root)
    saved = opened.put("coder-1", SOURCE, "a", said())["draft"]["value"]
    assert of_colour_and_tone(saved) == {**SAID, "mood": None}


def test_unknown_keys_of_very_many_objects_are_refused_at_once(coloured: World) -> None:
    """Each was looked for in all objects of all saved rows."""
    definition = read_definition(coloured.package)
    table, rows = definition.streams["claims"], PresentRows(definition, "claims")
    began = time.process_time()
    for number in (200, 5_000, 20_000):
        with pytest.raises(RequestError):
            clean_row(table, rows, {"attributions": [{"x": "y" * 300}] * number})
    assert time.process_time() - began < 10


def test_a_saved_list_that_no_row_can_have_is_not_filled_with_keys(coloured: World) -> None:
    rows = PresentRows(read_definition(coloured.package), "claims")
    many = [{}] * 20_000
    assert rows.of({"attributions": many}) == {f"attributions{EARLIER}": many}


def test_a_draft_is_changed_whose_codes_were_taken_out_of_a_retired_column_and_key(
    opened: Opened,
) -> None:
    """There is no question any more in which another code could be chosen."""
    saved = opened.put("coder-1", SOURCE, "a", said())["draft"]

    def change(schema: Schema) -> None:
        for name in ("colour", "tone"):
            column_of(schema, name).update(retired=True, constraints={"enum": ["red"]})

    change_schema(opened.desk.package.root, "claims", change, is_next=False)
    value = as_sent(saved["value"], topic="law")
    draft = opened.put("coder-1", SOURCE, "a", value, base=saved["rev"])["draft"]
    assert of_colour_and_tone(draft["value"]) == SAID
