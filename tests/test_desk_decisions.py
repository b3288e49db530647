"""Deciding at the desk: differences, undo, notes, one coder alone, a commit that was cut off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from claimlog.desk import (
    adjudication_view,
    amendments,
    entry_candidates,
    entry_clashes,
    furniture,
    links,
    save_decisions,
    work,
)
from claimlog.desk import commit_decisions as commit_module
from claimlog.desk.adjudication_view import Adjudication
from claimlog.desk.carried_values import EARLIER
from claimlog.desk.coding_rows import CodedRows
from claimlog.desk.draft_findings import draft_findings
from claimlog.desk.journal import NO_MARKS, Journal
from claimlog.desk.overview import begin_new_pass
from claimlog.desk.request_error import RequestError
from claimlog.desk.roles import Role
from claimlog.desk.save_drafts import finish, save_draft
from claimlog.edit import drop as drop_module
from claimlog.edit.add_amend_retract import Entries, add, amend
from claimlog.edit.correct import Decisions as Choices
from claimlog.edit.correct import correct
from claimlog.edit.open_rows import open_rows
from claimlog.errors import ClaimlogError
from claimlog.schema.pattern_matching import which_fit
from conftest import World
from desk_client import Opened, claim_value, desk_of, of_text, offsets, passage

SOURCE = "S102"
PATH = f"adjudication/{SOURCE}"


@pytest.fixture
def opened(registered: World, tmp_path: Path) -> Iterator[Opened]:
    desk = desk_of(registered, tmp_path)
    yield desk
    desk.close()


def founder(**given: Any) -> dict[str, Any]:
    return claim_value("ships will founder", "Vessels may be lost there.", **given)


def code_both(opened: Opened) -> None:
    """Two codings with each kind of difference, and a nested passage."""
    one, two = "coder-1", "coder-2"
    opened.put(one, SOURCE, "a", founder())
    opened.put(two, SOURCE, "a", founder(coder_confidence="low", note="Hard to say."))
    wide = claim_value("Sudland\nfears that ships will founder", "Sudland is afraid of wrecks.")
    narrow = claim_value("fears that ships will founder", "Sudland is afraid of wrecks.")
    opened.put(one, SOURCE, "b", {**wide, "content": "attitude"})
    opened.put(two, SOURCE, "b", {**narrow, "content": "attitude"})
    relit = claim_value("ministry may relight the lamp in spring", "A light again next spring.")
    opened.put(one, SOURCE, "c", {**relit, "modality": "considered"})
    opened.put(two, SOURCE, "c", {**relit, "modality": "hypothetical"})
    opened.put(one, SOURCE, "d", claim_value("use the strait every week", "The passage is busy."))
    boats = claim_value("Some ninety boats", "Boats of that number pass.")
    opened.put(two, SOURCE, "e", boats)
    opened.finish(one, SOURCE)
    opened.finish(two, SOURCE)


def decide(opened: Opened, unit: str, take: str | None, base: int = 0, **given: Any) -> Any:
    path = f"{PATH}/units/{unit}"
    return opened.take("adjudicator", "PUT", path, base=base, take=take, **given)


def change(opened: Opened, what: str, **given: Any) -> dict[str, Any]:
    """Change the decisions as a window does that shows the last state."""
    path = f"{PATH}/{what}"
    return opened.take("adjudicator", "POST", path, state=shown(opened)["state"], **given)


def shown(opened: Opened) -> dict[str, Any]:
    return opened.take("adjudicator", "GET", PATH)


def test_differences_are_told_apart_passage_by_passage(opened: Opened) -> None:
    code_both(opened)
    units = {unit["unit"]: unit for unit in shown(opened)["units"]}
    assert {name: unit["kind"] for name, unit in units.items()} == {
        "a+a": "agreed",
        "b+b": "span",
        "c+c": "codes",
        "d+": "left_only",
        "+e": "right_only",
    }
    assert units["c+c"]["differs"] == ["modality"]
    assert {*units["a+a"]["differs"]} == {"coder_confidence", "note"}
    assert units["a+a"]["right"]["value"]["note"] == "Hard to say."
    assert 0.5 < units["b+b"]["iou"] < 1


def test_decisions_are_undone_and_made_again_and_two_windows_are_told(opened: Opened) -> None:
    code_both(opened)
    found = opened.take("adjudicator", "POST", f"{PATH}/accept-agreed", state=0)
    assert found["open"] == 4
    decide(opened, "c+c", "right", note="May.")
    new = founder(topic="law")
    decide(opened, "b+b", "new", value=new)
    late = opened.ask("adjudicator", "PUT", f"{PATH}/units/b+b", base=0, take="left")
    assert late.status_code == 409
    assert late.json()["error"]["current"]["unit"]["verdict"]["take"] == "new"
    state = shown(opened)["state"]
    found = opened.take("adjudicator", "POST", f"{PATH}/undo", state=state)
    assert found["open"] == 3
    found = opened.take("adjudicator", "POST", f"{PATH}/redo", state=found["state"])
    assert found["open"] == 2
    for _ in range(3):
        found = opened.take("adjudicator", "POST", f"{PATH}/undo", state=found["state"])
    assert (found["open"], found["can_undo"]) == (5, False)
    stale = opened.ask("adjudicator", "POST", f"{PATH}/accept-agreed", state=state)
    assert stale.json()["error"]["current"]["open"] == 5


def test_a_note_is_kept_without_a_verdict_and_through_taking_what_agrees(opened: Opened) -> None:
    code_both(opened)
    noted = decide(opened, "a+a", None, note="Well put.")["unit"]
    assert (noted["verdict"], noted["note"]) == (None, "Well put.")
    found = opened.take("adjudicator", "POST", f"{PATH}/accept-agreed", state=1)
    unit = next(one for one in found["units"] if one["unit"] == "a+a")
    assert (unit["verdict"]["take"], unit["verdict"]["note"]) == ("left", "Well put.")
    found = change(opened, "undo")
    unit = next(one for one in found["units"] if one["unit"] == "a+a")
    assert (unit["verdict"], unit["note"]) == (None, "Well put.")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("unit", "given", "status"),
    [
        ("d+", {"take": "right"}, 422),
        ("a+a", {"take": "both"}, 400),
        ("a+a", {"take": "new"}, 400),
        ("a+a", {"take": "new", "value": {**of_text(), "utf16": [0, 5], "statement": 5}}, 400),
        ("a+a", {"take": "left", "note": 5}, 400),
        ("z+z", {"take": "left"}, 404),
    ],
)
def test_what_is_no_verdict_is_refused(
    opened: Opened, unit: str, given: dict[str, Any], status: int
) -> None:
    code_both(opened)
    answer = opened.ask("adjudicator", "PUT", f"{PATH}/units/{unit}", base=0, **given)
    assert answer.status_code == status, answer.text


def test_a_passage_that_nobody_marked_is_added(opened: Opened) -> None:
    code_both(opened)
    value = claim_value("dimmed the lamp", "Its beam was made weaker.")
    unit = decide(opened, "new:x1", "new", value=value)["unit"]
    assert (unit["kind"], unit["quote"]) == ("added", "dimmed the lamp")
    assert "new:x1" in [one["unit"] for one in shown(opened)["units"]]
    decide(opened, "new:x1", None, base=unit["rev"])
    assert "new:x1" not in [one["unit"] for one in shown(opened)["units"]]


def test_passages_that_are_added_and_not_taken_are_counted_too(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    code_both(opened)
    monkeypatch.setattr(work, "MOST_DRAFTS", 2)
    for name in ("new:a", "new:b", "new:b"):
        base = 0 if name not in opened.desk.decisions(SOURCE).verdicts() else 2
        decide(opened, name, "none", base=base)
    refused = opened.ask("adjudicator", "PUT", f"{PATH}/units/new:c", base=0, take="none")
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "large")


def test_links_are_of_a_text_that_is_there_and_decided(opened: Opened) -> None:
    opened.put("coder-1", SOURCE, "a", founder())
    pair = {"from_claim_id": "C001-001", "to_claim_id": "C001-002", "relation": None, "basis": ""}
    for source, status in ((SOURCE, 409), ("S999", 404)):
        refused = opened.ask("adjudicator", "POST", f"links/{source}", **pair)
        assert refused.status_code == status, refused.text
    assert not opened.desk.decisions(SOURCE).is_begun


def test_passages_that_are_added_while_deciding_are_as_few_and_short_as_those_of_coders(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    code_both(opened)
    value = claim_value("dimmed the lamp", "Its beam was made weaker.")
    monkeypatch.setattr(work, "PASSAGES_CHARACTERS", 2 * len("dimmed the lamp"))
    first = decide(opened, "new:x1", "new", value=value)["unit"]
    decide(opened, "new:x1", "new", base=first["rev"], value={**value, "statement": "Again."})
    decide(opened, "a+a", "new", value=value)
    path = f"{PATH}/units/new:x2"
    refused = opened.ask("adjudicator", "PUT", path, base=0, take="new", value=value)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "large")
    assert "new:x2" not in [one["unit"] for one in shown(opened)["units"]]


def test_nothing_is_committed_before_all_is_decided_and_kept(opened: Opened) -> None:
    code_both(opened)
    refused = opened.ask("adjudicator", "POST", f"{PATH}/commit", state=shown(opened)["state"])
    assert len(refused.json()["error"]["units"]) == 5
    for unit in ("a+a", "b+b", "c+c", "d+"):
        decide(opened, unit, "left")
    wrong = claim_value("Some ninety boats", "Boats.", trust_sign="trust")
    rev = decide(opened, "+e", "new", value=wrong)["unit"]["rev"]
    refused = opened.ask("adjudicator", "POST", f"{PATH}/commit", state=shown(opened)["state"])
    rules = {one["rule"] for one in refused.json()["error"]["findings"]["+e"]}
    assert rules == {"length", "trust-has-course"}
    decide(opened, "+e", "none", base=rev)
    late = opened.ask("adjudicator", "POST", f"{PATH}/commit", state=1)
    assert late.json()["error"]["current"]["state"] == shown(opened)["state"]
    assert opened.take("adjudicator", "GET", "desk")["open"]["rows"] == 2  # source and coder


@pytest.mark.slow
def test_a_commit_that_was_cut_off_is_finished_without_doubling(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    code_both(opened)
    for unit in ("a+a", "b+b", "c+c", "d+"):
        decide(opened, unit, "left")
    decide(opened, "+e", "right")

    def cut(*_: object) -> dict[str, str]:
        raise OSError(5, "cut off")

    with monkeypatch.context() as patch:
        patch.setattr(commit_module, "_claim_names", cut)
        assert (
            opened.ask(
                "adjudicator", "POST", f"{PATH}/commit", state=shown(opened)["state"]
            ).status_code
            == 507
        )
    rows = opened.take("adjudicator", "GET", "open")["rows"]
    assert len([row for row in rows if row["stream"] == "claims"]) == 5
    assert not shown(opened)["committed"]
    blocked = opened.ask("adjudicator", "PUT", f"{PATH}/units/a+a", base=1, take="right")
    assert blocked.json()["error"]["code"] == "closed"
    again = Opened.of(opened.desk.package, opened.desk.log.texts_folder)
    found = again.take("adjudicator", "POST", f"{PATH}/commit", state=0)
    assert sorted(found["claims"].values()) == [f"C102-00{n}" for n in range(1, 6)]
    assert again.take("adjudicator", "GET", "open")["rows"] == rows
    again.close()


def take_over(opened: Opened) -> dict[str, Any]:
    """Decide and commit a text that one coder has finished."""
    change(opened, "take-all")
    return change(opened, "commit")


def test_a_commit_that_is_refused_leaves_the_decisions_open(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.put("coder-1", SOURCE, "a", founder())
    opened.finish("coder-1", SOURCE)
    found = change(opened, "take-all")

    def refuse(*_: object) -> None:
        raise ClaimlogError("the clock is in doubt")

    with monkeypatch.context() as patch:
        patch.setattr(commit_module, "add_together", refuse)
        refused = opened.ask("adjudicator", "POST", f"{PATH}/commit", state=found["state"])
    assert refused.json()["error"]["message"] == "the clock is in doubt"
    assert not shown(opened)["committing"]
    decide(opened, "a+", None, base=1)
    assert take_over(opened)["claims"] == {"a+": "C102-001"}


@pytest.mark.slow
def test_of_a_text_whose_rows_are_dropped_decisions_are_open_again(opened: Opened) -> None:
    opened.put("coder-1", SOURCE, "a", founder())
    opened.finish("coder-1", SOURCE)
    take_over(opened)
    opened.take("adjudicator", "DELETE", "open/C102-001")
    units = opened.take("coder-1", "GET", f"verdicts/{SOURCE}")["units"]
    assert [unit["claim_id"] for unit in units] == [None]
    opened.take("adjudicator", "DELETE", "open/codings:1")
    found = shown(opened)
    assert (found["committed"], found["committing"], found["claims"]) == (False, False, None)
    states = opened.take("coder-1", "GET", "desk")["sources"]
    assert {one["source_id"]: one["state"] for one in states}[SOURCE] == "adjudicating"
    note = "Said twice."
    rev = next(one for one in found["units"] if one["unit"] == "a+")["rev"]
    decide(opened, "a+", "left", base=rev, note=note)
    assert change(opened, "commit")["claims"] == {"a+": "C102-001"}
    rows = opened.take("adjudicator", "GET", "open")["rows"]
    assert {"claims", "codings"} <= {row["stream"] for row in rows}


def add_coding(opened: Opened, coder: str, number: int) -> None:
    """Add a coding of a pass as others do, with the command."""
    given = ("content", "voice", "modality", "topic", "sharing_effect")
    values = claim_value("Some ninety boats", "")
    row = {name: values[name] for name in given} | {"quote": "Some ninety boats"}
    row |= {"coder": coder, "pass": number, "source_id": SOURCE}
    add(opened.desk.package, "codings", Entries([row]), coder, opened.desk.log.texts)


@pytest.mark.slow
def test_codings_that_others_add_to_a_pass_do_not_bring_back_what_was_dropped(
    opened: Opened,
) -> None:
    opened.put("coder-1", SOURCE, "a", founder())
    opened.finish("coder-1", SOURCE)
    take_over(opened)
    opened.take("adjudicator", "DELETE", "open/C102-001")
    opened.take("adjudicator", "DELETE", "open/codings:1")
    add_coding(opened, "coder-1", 1)
    found = shown(opened)
    assert (found["committed"], found["claims"]) == (False, None)
    assert change(opened, "commit")["claims"] == {"a+": "C102-001"}
    assert [row["pass"] for row in open_rows_of(opened, "codings")] == [1, 2]


def third_coder(opened: Opened) -> None:
    """Let somebody code the text to its end whose name comes first, by the same name of draft."""
    desk = opened.desk
    own = desk.work_folder.work("coder-0", SOURCE)
    save_draft(desk, own, "a", founder(time_frame="future"), 0)
    finish(desk, own, own.journal.state)


@pytest.mark.slow
def test_a_verdict_stays_on_the_codings_that_were_looked_at(opened: Opened) -> None:
    for coder in ("coder-1", "coder-2"):
        opened.put(coder, SOURCE, "a", founder())
        opened.finish(coder, SOURCE)
    change(opened, "accept-agreed")
    change(opened, "undo")
    third_coder(opened)
    assert shown(opened)["sides"] == ["coder-0", "coder-1"]
    found = change(opened, "redo")
    assert found["sides"] == ["coder-1", "coder-2"]
    assert [unit["verdict"]["take"] for unit in found["units"]] == ["left"]
    register = [{"coder_id": "coder-0", "kind": "person", "description": "Another coder."}]
    add(opened.desk.package, "coders", Entries(register), "coder-0", None)
    change(opened, "commit")
    assert [row["time_frame"] for row in open_rows_of(opened, "claims")] == ["past"]


def test_who_begins_while_passages_are_decided_is_not_decided_on(opened: Opened) -> None:
    for coder in ("coder-1", "coder-2"):
        opened.put(coder, SOURCE, "a", founder())
        opened.finish(coder, SOURCE)
    looked_at = Adjudication.open(opened.desk, SOURCE)
    third_coder(opened)
    with pytest.raises(RequestError, match="look at what is there now"):
        save_decisions.accept_agreed(looked_at, 0)
    assert opened.desk.decisions(SOURCE).verdicts() == {}


def test_a_note_keeps_the_codings_that_it_is_on(opened: Opened) -> None:
    opened.put("coder-1", SOURCE, "a", founder())
    opened.finish("coder-1", SOURCE)
    decide(opened, "a+", None, note="Is it so?")
    opened.put("coder-2", SOURCE, "a", founder())
    opened.finish("coder-2", SOURCE)
    found = shown(opened)
    assert found["sides"] == ["coder-1"]
    assert [unit["note"] for unit in found["units"]] == ["Is it so?"]
    refused = opened.ask(
        "adjudicator", "POST", f"{PATH}/sides", sides=["coder-1", "coder-2"], state=found["state"]
    )
    assert "have notes; take that back first" in refused.json()["error"]["message"]


def test_of_a_coding_that_was_moved_away_the_decisions_say_so(opened: Opened) -> None:
    for coder in ("coder-1", "coder-2"):
        opened.put(coder, SOURCE, "a", founder())
        opened.finish(coder, SOURCE)
    change(opened, "sides", sides=["coder-1"])
    path = opened.desk.work_folder.work("coder-1", SOURCE).journal.path
    data = path.read_bytes()
    path.unlink()
    assert shown(opened)["sides"] == ["coder-2"]
    decide(opened, "a+", "left")  # nothing was decided by the other
    change(opened, "undo")
    path.write_bytes(data)
    assert shown(opened)["sides"] == ["coder-1"]
    change(opened, "take-all")
    path.unlink()
    for method, what in (("GET", PATH), ("POST", f"{PATH}/undo")):
        answer = opened.ask("adjudicator", method, what, state=1).json()["error"]
        assert answer["code"] == "closed"
        assert "decided by the coding of coder-1, which is not here" in answer["message"]


def test_a_coding_that_is_made_anew_is_not_the_one_that_was_decided_on(opened: Opened) -> None:
    """A program names its drafts alike each time, so that nothing but the commitment tells."""
    opened.put("coder-1", SOURCE, "a", founder())
    opened.finish("coder-1", SOURCE)
    change(opened, "take-all")
    change(opened, "undo")
    opened.desk.work_folder.work("coder-1", SOURCE).journal.path.unlink()
    opened.put("coder-1", SOURCE, "a", claim_value("Some ninety boats", "Other words of it."))
    opened.finish("coder-1", SOURCE)
    before = opened.desk.decisions(SOURCE).journal.path.read_bytes()
    answer = opened.ask("adjudicator", "POST", f"{PATH}/redo", state=2)
    assert answer.status_code == 409
    assert "would come back on the coding of coder-1, which is not here" in answer.text
    assert opened.desk.decisions(SOURCE).journal.path.read_bytes() == before
    assert [unit["verdict"] for unit in shown(opened)["units"]] == [None]


def test_a_verdict_that_was_taken_off_does_not_come_back_on_a_coding_that_is_made_anew(
    opened: Opened,
) -> None:
    opened.put("coder-1", SOURCE, "a", founder())
    opened.finish("coder-1", SOURCE)
    decide(opened, "a+", None, base=decide(opened, "a+", "left")["unit"]["rev"])
    opened.desk.work_folder.work("coder-1", SOURCE).journal.path.unlink()
    opened.put("coder-1", SOURCE, "a", claim_value("Some ninety boats", "Other words of it."))
    opened.finish("coder-1", SOURCE)
    answer = opened.ask("adjudicator", "POST", f"{PATH}/undo", state=shown(opened)["state"])
    assert "would come back on the coding of coder-1, which is not here" in answer.text
    decide(opened, "a+", "left", base=shown(opened)["units"][0]["rev"])


def test_decisions_without_any_coding_are_named_to_who_codes_anew(opened: Opened) -> None:
    opened.put("coder-1", SOURCE, "a", founder())
    opened.finish("coder-1", SOURCE)
    change(opened, "take-all")
    opened.desk.work_folder.work("coder-1", SOURCE).journal.path.unlink()
    draft = {"base": 0, "value": founder()}
    answer = opened.ask("coder-1", "PUT", f"work/{SOURCE}/drafts/a", **draft)
    path = f".claimlog/desk/decisions/{SOURCE}.ndjson"
    assert f"put them back, or move {path} away" in answer.text
    (opened.desk.package.root / path).unlink()
    opened.put("coder-1", SOURCE, "a", founder())


@pytest.mark.parametrize("what", ["units/a+a", "accept-agreed"])
def test_a_page_that_shows_others_than_are_compared_by_now_is_told(
    what: str, opened: Opened
) -> None:
    """Of decisions of which none was made, states and revisions tell nothing."""
    for coder in ("coder-1", "coder-2"):
        opened.put(coder, SOURCE, "a", founder())
        opened.finish(coder, SOURCE)
    compared = shown(opened)["compared"]
    assert shown(opened)["text_sha256"] == opened.desk.log.source(SOURCE)["text_sha256"]
    third_coder(opened)
    method, given = ("PUT", {"base": 0, "take": "left"}) if "/" in what else ("POST", {"state": 0})
    given["compared"] = compared
    refused = opened.ask("adjudicator", method, f"{PATH}/{what}", **given).json()["error"]
    assert (refused["code"], refused["current"]["sides"]) == ("stale", ["coder-0", "coder-1"])
    given["compared"] = refused["current"]["compared"]
    opened.take("adjudicator", method, f"{PATH}/{what}", **given)


def test_the_row_of_a_source_stays_while_it_is_decided(opened: Opened) -> None:
    opened.put("coder-1", SOURCE, "a", founder())
    opened.finish("coder-1", SOURCE)
    decide(opened, "a+", None, note="Is it so?")
    opened.desk.work_folder.work("coder-1", SOURCE).journal.path.unlink()
    refused = opened.ask("adjudicator", "DELETE", f"open/{SOURCE}").json()["error"]["message"]
    assert "it is decided at the desk; what is saved is taken back there first, or" in refused
    path = f".claimlog/desk/decisions/{SOURCE}.ndjson"
    assert f"or {path} moved away" in refused
    (opened.desk.package.root / path).unlink()
    opened.take("adjudicator", "DELETE", f"open/{SOURCE}")


def test_who_begins_waits_for_a_source_that_may_be_dropped(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Any] = []
    check = drop_module.check_open

    def begin() -> None:
        draft = {"base": 0, "value": founder()}
        answers.append(opened.ask("coder-1", "PUT", f"work/{SOURCE}/drafts/a", **draft))

    beginning = Thread(target=begin)

    def meanwhile(*given: Any) -> Any:
        if not beginning.ident:
            beginning.start()
            beginning.join(60)
        return check(*given)

    monkeypatch.setattr(drop_module, "check_open", meanwhile)
    row = {"coder_id": "coder-9", "kind": "person", "description": "One who codes."}
    add(opened.desk.package, "coders", Entries([row]), "coder-9", None)
    opened.take("adjudicator", "DELETE", f"open/{SOURCE}")
    assert answers[0].json()["error"]["code"] == "busy"
    assert opened.desk.work_folder.summaries(SOURCE) == []


def test_a_note_on_a_passage_of_ones_own_goes_with_it(opened: Opened) -> None:
    opened.put("coder-1", SOURCE, "a", founder())
    opened.finish("coder-1", SOURCE)
    value = claim_value("Some ninety boats", "Boats of that number pass.")
    decide(opened, "new:x", "new", value=value, note="Left out.")
    decide(opened, "new:x", None, base=1, note="Left out.")
    change(opened, "sides", sides=["coder-1"])


def committed(opened: Opened) -> None:
    opened.put("coder-1", SOURCE, "a", founder())
    opened.finish("coder-1", SOURCE)
    take_over(opened)


def drop_all(opened: Opened) -> None:
    opened.take("adjudicator", "DELETE", "open/C102-001")
    opened.take("adjudicator", "DELETE", "open/codings:1")


@pytest.mark.slow
def test_codings_of_others_in_the_same_pass_are_not_what_was_committed(opened: Opened) -> None:
    committed(opened)
    row = {"coder_id": "script-1", "kind": "program", "description": "Follows the steps."}
    add(opened.desk.package, "coders", Entries([row]), "script-1", None)
    add_coding(opened, "script-1", 1)
    drop_all(opened)
    assert not shown(opened)["committed"]
    assert change(opened, "commit")["committed"]


@pytest.mark.slow
def test_decisions_are_committed_while_some_of_their_rows_are_there(opened: Opened) -> None:
    committed(opened)
    opened.take("adjudicator", "DELETE", "open/codings:1")
    assert shown(opened)["committed"]
    opened.take("adjudicator", "DELETE", "open/C102-001")
    assert not shown(opened)["committed"]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["undo", "sides", "take-all"])
def test_what_was_dropped_is_opened_by_the_line_of_the_first_change(
    what: str, opened: Opened
) -> None:
    committed(opened)
    drop_all(opened)
    cells = opened.desk.decisions(SOURCE).journal
    found = shown(opened)
    if what != "undo":
        decide(opened, "a+", None, base=found["units"][0]["rev"])
    given = {"sides": ["coder-1"]} if what == "sides" else {}
    change(opened, what, **given)
    opened.desk.decisions(SOURCE)
    assert dict(cells.marks) == {}
    lines = [json.loads(line) for line in cells.path.read_text("utf-8").splitlines()]
    [opening] = [line for line in lines if None in line.get("marks", {}).values()]
    assert {*opening["marks"]} == {"committing", "committed", "dropped"}
    assert "set" in opening or "undo" in opening
    change(opened, "redo" if what == "undo" else "take-all")
    assert change(opened, "commit")["committed"]


LATE_CHANGES = {
    "a verdict": lambda late: save_decisions.decide(late, "a+", {"take": "none"}, 1),
    "an entry": lambda late: save_decisions.save_own_entry(
        late, "actors", "harbour", {"name": "Harbour", "actor_type": "group"}, 0
    ),
    "what becomes of an entry": lambda late: save_decisions.settle_proposal(
        late, "coder-1", "actors", "harbour-1", "nor", None, 0
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("change_late", LATE_CHANGES.values(), ids=LATE_CHANGES)
def test_a_change_that_was_begun_before_a_text_was_taken_over_again_is_refused(
    change_late: Callable[[Adjudication], object], opened: Opened
) -> None:
    """The marks that it would take off are those of the rows that are there by now."""
    entry = {"name": "A harbour", "actor_type": "group"}
    path = f"work/{SOURCE}/registered/actors/harbour-1"
    opened.take("coder-1", "PUT", path, base=0, value=entry)
    committed(opened)
    drop_all(opened)
    late = Adjudication.open(opened.desk, SOURCE)
    assert late.decisions.rows_are_gone
    before = change(opened, "commit")["claims"]
    with pytest.raises(RequestError, match="is committed; amend its claims instead"):
        change_late(late)
    found = shown(opened)
    assert (found["committed"], found["claims"]) == (True, before)
    assert [unit["verdict"]["take"] for unit in found["units"]] == ["left"]
    drop_all(opened)
    assert change(opened, "commit")["claims"] == before


@pytest.mark.slow
def test_rows_stay_where_their_decisions_cannot_be_read(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(opened)
    opened.take("adjudicator", "DELETE", "open/C102-001")
    path = opened.desk.decisions(SOURCE).journal.path
    path.rename(path.with_name("away"))
    path.symlink_to("away")
    refused = opened.ask("adjudicator", "DELETE", "open/codings:1")
    assert "is a symbolic link" in refused.text
    assert len(open_rows_of(opened, "codings")) == 1
    path.unlink()
    path.with_name("away").rename(path)

    def fail(*_: object) -> None:
        raise RequestError("disk", "S102.ndjson: could not be saved")

    monkeypatch.setattr(Journal, "set_marks", fail)
    said = opened.ask("adjudicator", "DELETE", "open/codings:1").text
    assert "the rows are dropped, and .claimlog/desk/decisions/S102.ndjson does not say so" in said
    assert open_rows_of(opened, "codings") == []


def test_each_request_knows_for_itself_whether_rows_are_there(opened: Opened) -> None:
    committed(opened)
    early = opened.desk.decisions(SOURCE).as_of(lambda: CodedRows({}, frozenset()))
    late = opened.desk.decisions(SOURCE)
    assert (early.is_committed, late.is_committed) == (False, True)
    assert late.reopening == NO_MARKS


def test_who_looked_before_a_commit_finds_it_closed_after_it(opened: Opened) -> None:
    """Marks are looked at before the log, into which a commit writes before it marks."""
    opened.put("coder-1", SOURCE, "a", founder())
    opened.finish("coder-1", SOURCE)
    none = CodedRows({}, frozenset())
    early = opened.desk.decisions(SOURCE).as_of(lambda: none)
    take_over(opened)
    assert early.is_committed
    assert early.reopening == NO_MARKS
    with pytest.raises(RequestError, match="is committed"):
        early.require_open()


def test_an_unfinished_coding_is_not_set_aside_with_what_was_dropped(opened: Opened) -> None:
    opened.put("coder-1", SOURCE, "a", founder())
    opened.finish("coder-1", SOURCE)
    change(opened, "commit", codings_only=True)
    opened.take("adjudicator", "DELETE", "open/codings:1")
    opened.put("coder-2", SOURCE, "b", founder())
    with pytest.raises(ClaimlogError, match="not finished by coder-2; let them finish"):
        begin_new_pass(opened.desk, SOURCE)
    assert opened.take("coder-2", "GET", f"work/{SOURCE}")["drafts"]
    assert opened.desk.work_folder.work("coder-1", SOURCE).is_finished
    opened.finish("coder-2", SOURCE)
    assert begin_new_pass(opened.desk, SOURCE).is_dir()


SPAN = {"start": 30, "end": 40}


@pytest.mark.slow
@pytest.mark.parametrize("whose", ["coder-1", "adjudicator"])
@pytest.mark.parametrize(
    ("stream", "row"),
    [
        *[("claims", {"dyad_from": value}) for value in (3, [3, []], [{}])],
        *[("claims", {"attributions": value}) for value in (3, [3], [[]])],
        ("claims", {"measure_id": {}}),
        ("claims", {"topic": []}),
        ("actors", {"aliases": 3}),
    ],
)
def test_values_of_other_types_than_their_columns_are_shown_and_nothing_is_made_of_them(
    opened: Opened, whose: str, stream: str, row: dict[str, Any]
) -> None:
    """They are of a former definition, or a file was edited by hand, or came with a copy."""
    committed(opened)
    drop_all(opened)
    decides = whose == "adjudicator"
    saved = (
        opened.desk.decisions(SOURCE) if decides else opened.desk.work_folder.work(whose, SOURCE)
    )
    key, value = f"registered/{stream}/x", row
    if stream == "claims":
        key, value = "draft/x", {**SPAN, **row}
    if stream == "claims" and decides:
        key, value = "unit/a+", {"take": "new", "value": value}
    with saved.journal.path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"set": {key: value}}) + "\n")
    fresh = Opened.of(opened.desk.package, opened.desk.log.texts_folder)
    try:
        (column,) = row
        shown_there = fresh.ask("adjudicator", "GET", PATH)
        assert shown_there.status_code == 200, shown_there.text
        says_something = row[column] != []
        assert (f'"{column}{EARLIER}":' in shown_there.text) == says_something
        for asked in (f"{PATH}/findings", f"{PATH}/agreement"):
            assert EARLIER not in str(fresh.take("adjudicator", "GET", asked))
    finally:
        fresh.close()


def test_two_things_stay_two_where_others_add_codings_of_a_pass_that_was_cut_off(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    code_navies(opened, NAVIES)
    decide(opened, "a+", "left")
    decide(opened, "+a", "right")
    state = shown(opened)["state"]

    def cut(*_: object) -> None:
        raise OSError(5, "cut off")

    with monkeypatch.context() as patch:
        patch.setattr(commit_module, "_parts", cut)
        opened.ask("adjudicator", "POST", f"{PATH}/commit", state=state)
    assert shown(opened)["committing"]
    add_coding(opened, "coder-1", 1)
    refused = opened.ask("adjudicator", "POST", f"{PATH}/commit", state=state)
    assert refused.json()["error"]["message"].startswith("navy of actors by coder-1 and coder-2")
    assert not shown(opened)["committing"]
    assert open_rows_of(opened, "claims") == []


def test_whoever_begins_while_a_commit_does_is_refused_or_waited_for(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.put("coder-1", SOURCE, "a", founder())
    opened.finish("coder-1", SOURCE)
    state = change(opened, "take-all")["state"]
    late = Adjudication.open(opened.desk, SOURCE)
    opened.take("adjudicator", "POST", f"{PATH}/undo", state=state)
    opened.put("coder-2", SOURCE, "x", founder())
    state = late.decisions.journal.state
    with pytest.raises(RequestError, match="is compared when all who began it have finished"):
        commit_module.commit_decisions(late, Role("adjudicator"), state, codings_only=True)
    assert not opened.desk.decisions(SOURCE).is_committing
    opened.take("coder-2", "POST", f"work/{SOURCE}/undo", state=1)

    answers = []
    add_together = commit_module.add_together

    def meanwhile(*given: Any) -> Any:
        draft = {"base": 0, "value": founder()}
        for step, more in (("drafts/x", draft), ("redo", {"state": 2})):
            method = "PUT" if more is draft else "POST"
            answers.append(opened.ask("coder-2", method, f"work/{SOURCE}/{step}", **more))
        return add_together(*given)

    monkeypatch.setattr(commit_module, "add_together", meanwhile)
    late = Adjudication.open(opened.desk, SOURCE)
    state = late.decisions.journal.state
    commit_module.commit_decisions(late, Role("adjudicator"), state, codings_only=True)
    assert [answer.status_code for answer in answers] == [409, 409]
    assert shown(opened)["committed"]


NAVIES = {"coder-1": "Navy of Norland", "coder-2": "Navy of Sudland"}


def code_navies(opened: Opened, names: Mapping[str, str]) -> None:
    """Have coders make an actor of one identifier, and speak of it in different passages."""
    passages = {"coder-1": "dimmed the lamp", "coder-2": "ships will founder"}
    for coder, name in names.items():
        path = f"work/{SOURCE}/registered/actors/navy"
        opened.take(coder, "PUT", path, base=0, value={"name": name, "actor_type": "group"})
        value = claim_value(passages[coder], f"About the {name}.", dyad_from=["navy"])
        opened.put(coder, SOURCE, "a", value)
        opened.finish(coder, SOURCE)


def settle(opened: Opened, coder: str, **given: Any) -> dict[str, Any]:
    return opened.take(
        "adjudicator", "PUT", f"{PATH}/proposals/{coder}/actors/navy", base=0, **given
    )


def test_an_entry_that_a_proposal_is_the_same_as_is_not_removed(opened: Opened) -> None:
    code_navies(opened, {"coder-1": "Navy"})
    path = f"{PATH}/registered/actors/fleet"
    fleet = {"name": "Fleet", "actor_type": "group"}
    entry = opened.take("adjudicator", "PUT", path, base=0, value=fleet)["entry"]
    settle(opened, "coder-1", same_as="fleet")
    refused = opened.ask("adjudicator", "DELETE", path, base=entry["rev"]).json()["error"]
    assert refused["used_by"] == ["coder-1/actors/navy"]
    change(opened, "undo")
    assert opened.take("adjudicator", "DELETE", path, base=entry["rev"])["entry"] is None


def test_what_was_settled_of_a_proposal_that_is_gone_keeps_no_entry(opened: Opened) -> None:
    code_navies(opened, NAVIES)
    path = f"{PATH}/registered/actors/fleet"
    fleet = {"name": "Fleet", "actor_type": "group"}
    entry = opened.take("adjudicator", "PUT", path, base=0, value=fleet)["entry"]
    settle(opened, "coder-1", same_as="fleet")
    opened.desk.work_folder.work("coder-1", SOURCE).journal.path.unlink()
    assert opened.take("adjudicator", "DELETE", path, base=entry["rev"])["entry"] is None


def open_rows_of(opened: Opened, stream: str) -> list[dict[str, Any]]:
    rows = open_rows(opened.desk.package, opened.desk.log.definition.streams)
    return [dict(row.content) for row in rows if row.stream == stream]


@pytest.mark.slow
def test_two_things_of_one_identifier_are_told_apart_before_they_are_registered(
    opened: Opened,
) -> None:
    code_navies(opened, NAVIES)
    decide(opened, "a+", "left")
    decide(opened, "+a", "right")
    found = shown(opened)
    assert [(one["clashes"], one["free_id"]) for one in found["proposals"]] == [
        (True, "navy-2")
    ] * 2
    refused = opened.ask("adjudicator", "POST", f"{PATH}/commit", state=found["state"])
    assert refused.json()["error"]["message"].startswith(
        "navy of actors by coder-1 and coder-2: another entry has that identifier and differs"
    )
    taken = opened.ask(
        "adjudicator", "PUT", f"{PATH}/proposals/coder-2/actors/navy", base=0, registered_as="navy"
    )
    assert taken.status_code == 422
    found = settle(opened, "coder-2", registered_as="navy-2")
    assert not any(one["clashes"] for one in found["proposals"])
    change(opened, "commit")
    actors = {row["actor_id"]: row["name"] for row in open_rows_of(opened, "actors")}
    assert actors.items() >= {"navy": NAVIES["coder-1"], "navy-2": NAVIES["coder-2"]}.items()
    rows = sorted(open_rows_of(opened, "claims"), key=lambda row: int(row["start"]))
    assert [row["dyad_from"] for row in rows] == [["navy"], ["navy-2"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("^[a-z][a-z-]*$", "navy-b"),
        ("^[a-z]+_[0-9]{3}$|^navy$", "navy_002"),
        ("^[a-z0-9]+$", "navy2"),
        ("^navy$", None),
        (None, "navy-2"),
    ],
)
def test_a_free_identifier_is_found_by_few_tries_whatever_the_register_takes(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, pattern: str | None, expected: str | None
) -> None:
    tried: list[str] = []

    def count(values: Iterable[str], pattern: str) -> set[str]:
        tried.extend(found := [*values])
        return which_fit(found, pattern)

    code_navies(opened, NAVIES)
    table = opened.desk.log.definition.streams["actors"]
    monkeypatch.setitem(table.by_name[table.id].constraints, "pattern", pattern)
    monkeypatch.setattr(entry_clashes, "which_fit", count)
    assert {one["free_id"] for one in shown(opened)["proposals"]} == {expected}
    assert 0 < len(tried) < 20


def test_entries_that_may_be_the_same_are_looked_for_once_until_something_changes(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def count(given: Any, coder: str, entry: Any) -> list[dict[str, Any]]:
        asked.append(coder)
        return alike(given, coder, entry)

    alike = entry_candidates.Candidates.alike
    monkeypatch.setattr(entry_candidates.Candidates, "alike", count)
    code_navies(opened, NAVIES)
    before = shown(opened)["proposals"]
    decide(opened, "a+", "left")
    assert shown(opened)["proposals"] == before
    assert asked == ["coder-1", "coder-2"]
    settle(opened, "coder-2", same_as="coder-1/navy")
    assert len(asked) == 4
    undone = change(opened, "undo")["proposals"]
    assert [{**one, "rev": 0} for one in undone] == before
    assert undone[1]["rev"] > 0
    amend(opened.desk.package, "actors", "gazette", {"name": "Navy"}, "A slip.", "judge", None)
    assert "gazette" in {one["id"] for one in shown(opened)["proposals"][0]["alike"]}


def test_the_rules_look_at_what_is_decided_once_until_it_changes(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    def count(log: Any, source: str, claims: Any, entries: Any) -> Any:
        looked.append(len(claims))
        return draft_findings(log, source, claims, entries)

    monkeypatch.setattr(adjudication_view, "draft_findings", count)
    code_both(opened)
    change(opened, "accept-agreed")
    for _ in range(2):
        opened.take("adjudicator", "GET", f"{PATH}/findings")
    decide(opened, "+e", "right")
    opened.take("adjudicator", "GET", f"{PATH}/findings")
    assert len(looked) == 2
    assert looked[1] == looked[0] + 1


def test_a_commit_that_was_cut_off_is_finished_though_its_entries_were_amended(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    code_navies(opened, {"coder-1": "Navy of Norland"})
    found = change(opened, "take-all")

    def cut(*_: object) -> dict[str, str]:
        raise OSError(5, "cut off")

    with monkeypatch.context() as patch:
        patch.setattr(commit_module, "_claim_names", cut)
        opened.ask("adjudicator", "POST", f"{PATH}/commit", state=found["state"])
    assert shown(opened)["committing"]
    changed = {"name": "The Navy of Norland"}
    amend(opened.desk.package, "actors", "navy", changed, "A slip.", "adjudicator", None)
    assert change(opened, "commit")["committed"]


def test_an_entry_for_a_value_that_was_given_up_is_not_registered(opened: Opened) -> None:
    opened.put("coder-1", SOURCE, "a", founder())
    opened.finish("coder-1", SOURCE)
    for name, more in (("port", {}), ("club", {"part_of": "port"}), ("guild", {"part_of": "port"})):
        path = f"{PATH}/registered/actors/{name}"
        row = {"name": name.title(), "actor_type": "group", **more}
        opened.take("adjudicator", "PUT", path, base=0, value=row)
    value = founder(dyad_from=["club"])
    decide(opened, "a+", "new", value=value)
    change(opened, "commit")
    actors = {row["actor_id"] for row in open_rows_of(opened, "actors")}
    assert actors >= {"club", "port"}
    assert "guild" not in actors


def test_what_is_settled_can_clash_again(opened: Opened) -> None:
    code_navies(opened, NAVIES)
    settle(opened, "coder-1", registered_as="navy-2")
    path = f"{PATH}/registered/actors/navy-2"
    other = {"name": "Another navy", "actor_type": "group"}
    opened.take("adjudicator", "PUT", path, base=0, value=other)
    found = shown(opened)
    assert [one["clashes"] for one in found["proposals"]] == [True, False]
    decide(opened, "a+", "left")
    decide(opened, "+a", "right")
    state = shown(opened)["state"]
    refused = opened.ask("adjudicator", "POST", f"{PATH}/commit", state=state)
    assert refused.json()["error"]["message"].startswith("navy-2 of actors by coder-1")


def test_a_claim_that_is_written_anew_names_one_thing_for_good(opened: Opened) -> None:
    code_navies(opened, NAVIES)
    value = claim_value("dimmed the lamp", "About some navy there.", dyad_from=["navy"])
    given = {"base": 0, "take": "new", "value": value}
    refused = opened.ask("adjudicator", "PUT", f"{PATH}/units/a+", **given)
    assert "navy of actors is two entries that differ" in refused.json()["error"]["message"]
    rev = settle(opened, "coder-1", registered_as="navy-n")["proposals"][0]["rev"]
    decide(opened, "a+", "new", value=value)
    for coder, base in (("coder-2", 0), ("coder-1", rev)):
        refused = opened.ask(
            "adjudicator",
            "PUT",
            f"{PATH}/proposals/{coder}/actors/navy",
            base=base,
            registered_as="navy-s",
        )
        assert refused.status_code == (422 if coder == "coder-2" else 200)


@pytest.mark.slow
@pytest.mark.parametrize("same", ["coder-1/navy", None])
def test_one_thing_that_two_describe_is_registered_once(opened: Opened, same: str | None) -> None:
    code_navies(opened, NAVIES if same else dict.fromkeys(NAVIES, "Navy"))
    decide(opened, "a+", "left")
    decide(opened, "+a", "right")
    if same:
        settle(opened, "coder-2", same_as=same)
    change(opened, "commit")
    actors = [row["name"] for row in open_rows_of(opened, "actors") if row["actor_id"] == "navy"]
    assert actors == [NAVIES["coder-1"] if same else "Navy"]


@pytest.mark.slow
def test_what_is_registered_meanwhile_for_something_else_is_told_apart(opened: Opened) -> None:
    code_navies(opened, {"coder-1": "Navy of Norland"})
    value = {"actor_id": "navy", "name": "Navy of Sudland", "actor_type": "group"}
    opened.take("adjudicator", "POST", "registers/actors", value=value)
    found = change(opened, "take-all")
    refused = opened.ask("adjudicator", "POST", f"{PATH}/commit", state=found["state"])
    assert "navy of actors by coder-1" in refused.json()["error"]["message"]
    settle(opened, "coder-1", registered_as="navy-n")
    change(opened, "commit")
    actors = {row["actor_id"]: row["name"] for row in open_rows_of(opened, "actors")}
    assert (actors["navy"], actors["navy-n"]) == ("Navy of Sudland", "Navy of Norland")


def test_one_passage_is_coded_once_by_a_coder(opened: Opened) -> None:
    opened.put("coder-1", SOURCE, "a", founder())
    opened.put("coder-1", SOURCE, "b", {**founder(), "statement": "Vessels may go down."})
    path = f"work/{SOURCE}/findings"
    found = opened.take("coder-1", "GET", path)
    assert {name: [one["rule"] for one in own] for name, own in found["findings"].items()} == {
        "a": ["one-coding"],
        "b": ["one-coding"],
    }
    assert found["errors"] == 2
    assert opened.take("coder-1", "GET", f"{path}?draft=b")["errors"] == 1
    state = opened.take("coder-1", "GET", f"work/{SOURCE}")["state"]
    refused = opened.ask("coder-1", "POST", f"work/{SOURCE}/finish", state=state)
    assert refused.status_code == 422
    opened.desk.work_folder.work("coder-1", SOURCE).finish(state)  # as it was once possible
    change(opened, "take-all")
    for _ in range(2):
        state = shown(opened)["state"]
        refused = opened.ask("adjudicator", "POST", f"{PATH}/commit", state=state)
        assert (
            "2 times, and a pass has one coding of it; move" in refused.json()["error"]["message"]
        )
    assert not shown(opened)["committing"]


@pytest.mark.slow
def test_a_text_that_one_has_coded_is_taken_over(opened: Opened) -> None:
    opened.put("coder-1", SOURCE, "a", founder())
    opened.finish("coder-1", SOURCE)
    found = shown(opened)
    assert (found["sides"], found["open"]) == (["coder-1"], 1)
    assert opened.take("adjudicator", "GET", f"{PATH}/agreement") == {"agreement": None}
    found = change(opened, "take-all")
    found = change(opened, "commit")
    assert found["claims"] == {"a+": "C102-001"}
    late = opened.ask("coder-2", "PUT", f"work/{SOURCE}/drafts/x", base=0, value=founder())
    assert late.json()["error"]["code"] == "closed"
    rows = opened.take("adjudicator", "GET", "open")["rows"]
    assert [row["recorded_by"] for row in rows if row["stream"] == "codings"] == ["coder-1"]


def test_a_role_must_say_what_it_is_before_its_rows_are_added(opened: Opened) -> None:
    opened.take("adjudicator", "DELETE", "open/adjudicator")
    opened.put("coder-1", SOURCE, "a", founder())
    opened.finish("coder-1", SOURCE)
    change(opened, "take-all")
    refused = opened.ask("adjudicator", "POST", f"{PATH}/commit", state=shown(opened)["state"])
    assert "register of coders" in refused.json()["error"]["message"]
    steps = opened.take("adjudicator", "GET", "desk")["next"]
    assert steps[0]["what"] == "register_coder"


@pytest.mark.slow
def test_links_are_proposed_decided_and_taken_back(opened: Opened) -> None:
    value = claim_value("has dimmed the lamp", "Norland no longer gives its light to Sudland.",
                        dyad_from=["nor"], dyad_to=["sud"])  # fmt: skip
    opened.put("coder-1", SOURCE, "a", value)
    opened.finish("coder-1", SOURCE)
    change(opened, "take-all")
    change(opened, "commit")
    found = opened.take("adjudicator", "GET", f"links/{SOURCE}")["proposals"]
    first = found[0]
    ends = {"from_claim_id": first["from"]["claim_id"], "to_claim_id": first["to"]["claim_id"]}
    assert ends == {"from_claim_id": "C102-001", "to_claim_id": "C001-001"}
    assert {"dyad_to", "words"} <= {one["column"] for one in first["shared"]}
    path = f"links/{SOURCE}"
    none = opened.take("adjudicator", "POST", path, **ends, relation=None)
    assert none["link_id"] is None
    link = opened.take("adjudicator", "POST", path, **ends, relation="updates", basis="Later.")
    again = opened.take("adjudicator", "GET", path)["proposals"][0]
    assert again["decision"]["relation"] == "updates"
    opened.take("adjudicator", "DELETE", f"open/{link['link_id']}")
    assert opened.take("adjudicator", "GET", path)["proposals"][0]["decision"] is None
    opened.take("adjudicator", "POST", path, **ends, relation=None)
    opened_again = opened.take("adjudicator", "POST", path, **ends, relation=None, is_open=True)
    assert opened_again["decision"] is None
    opened.take("adjudicator", "POST", path, **ends, relation=None)
    again = opened.take("adjudicator", "GET", path)["proposals"][0]
    assert again["decision"] == {"relation": None, "link_id": None}
    # it is about two claims of the log: either text shows it, and so does whoever codes one anew
    of_other = opened.take("adjudicator", "GET", "links/S001")["proposals"]
    (found,) = [
        one
        for one in of_other
        if {one["from"]["claim_id"], one["to"]["claim_id"]} == {*ends.values()}
    ]
    assert found["decision"] == again["decision"]
    opened.desk.work_folder.set_aside(SOURCE)
    assert opened.take("adjudicator", "GET", path)["proposals"][0]["decision"] == again["decision"]
    for wrong in ({"relation": "nonsense", "basis": "x"}, {"relation": "updates", "basis": None}):
        assert opened.ask("adjudicator", "POST", path, **ends, **wrong).status_code == 422


@pytest.mark.slow
def test_a_claim_is_amended_and_what_would_be_written_is_shown_first(opened: Opened) -> None:
    found = opened.take("adjudicator", "GET", "claims/C001-001")
    assert found["quote"] == "stopped sharing tide tables with Sudland"
    path = "claims/C001-001/amend"
    given = {"version": 1, "changes": {"topic": "law", "note": None}, "reason": "A slip."}
    looked = opened.take("adjudicator", "POST", path, **given)
    assert looked["changes"] == [{"column": "topic", "before": "sharing", "after": "law"}]
    assert (looked["written"], looked["errors"]) == (False, 0)
    bad = opened.take("adjudicator", "POST", path, **{**given, "changes": {"voice": "quoted"}})
    assert [one["rule"] for one in bad["findings"]] == ["speech-has-hop"]
    for wrong in ({**given, "reason": " ", "write": True}, {**given, "changes": {}}):
        assert opened.ask("adjudicator", "POST", path, **wrong).status_code in (400, 422)
    assert opened.take("adjudicator", "POST", path, **given, write=True)["written"]
    late = opened.ask("adjudicator", "POST", path, **given, write=True)
    history = late.json()["error"]["current"]["history"]
    assert [one["version"] for one in history] == [1, 2]
    assert history[1]["is_open"]
    batch = opened.take("adjudicator", "GET", "open")
    row = next(one for one in batch["rows"] if one["stream"] == "claims")
    assert (row["id"], row["action"]) == ("C001-001", "amend")
    text = opened.desk.log.require_places("S001").text
    span = {"start": 0, "end": 9_999}
    for changes, status in (
        (span, 400),
        ({**span, "text_sha256": "0" * 64}, 409),
        ({**span, "text_sha256": text.sha256}, 422),
    ):
        moved = {"version": 2, "changes": changes, "reason": "x"}
        assert opened.ask("adjudicator", "POST", path, **moved).status_code == status


@pytest.mark.slow
@pytest.mark.parametrize("what", ["amend", "furniture"])
def test_what_waits_while_a_text_is_corrected_is_not_written_on_the_other_text(
    what: str, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looked at the text before, and gets the lock of the log after the correction."""
    world = World(opened.desk.package, opened.desk.log.texts_folder)
    source = "S001"
    text = opened.desk.log.require_places(source).text
    version = opened.desk.log.source(source)["version"]
    later = world.texts / "later.txt"
    later.write_text(f"Corrected. {text.content}", "utf-8")
    module = amendments if what == "amend" else furniture
    write = module.amend

    def meanwhile(*given: Any, **named: Any) -> Any:
        correct(world.package, source, later, world.supplied, Choices(), "So.", "coder-1")
        return write(*given, **named)

    monkeypatch.setattr(module, "amend", meanwhile)
    span = passage("lost a chart", text.content)
    if what == "amend":
        changes = {"utf16": span["utf16"], "text_sha256": text.sha256}
        given = {"version": 1, "changes": changes, "reason": "So.", "write": True}
        late = opened.ask("adjudicator", "POST", "claims/C001-001/amend", **given)
    else:
        ranges = [{"utf16": offsets("lost a chart", text.content), "kind": "navigation"}]
        given = {"version": version, "furniture": ranges, "reason": "So."}
        late = opened.ask("adjudicator", "PUT", f"sources/{source}/furniture", **given)
    assert late.json()["error"]["code"] == "stale", late.text
    assert "was changed meanwhile" in late.json()["error"]["message"]
    assert late.json()["error"]["current"]
    rows = opened.desk.log.whole.history("sources", source)
    assert rows["version"].to_list() == [1, 2]


@pytest.mark.slow
def test_a_page_changes_what_it_shows_though_numbers_of_versions_and_places_come_again(
    opened: Opened,
) -> None:
    world = World(opened.desk.package, opened.desk.log.texts_folder)
    source, text = "S001", opened.desk.log.require_places("S001").text
    later = world.texts / "later.txt"

    def corrected(words: str) -> None:
        later.write_text(f"{words} {text.content}", "utf-8")
        correct(world.package, source, later, world.supplied, Choices(), "So.", "coder-1")

    corrected("Corrected.")
    page = opened.take("adjudicator", "GET", f"sources/{source}")
    claim = opened.take("adjudicator", "GET", "claims/C001-001")
    opened.take("adjudicator", "DELETE", f"open/{source}", with_references=True)
    corrected("Corrected once more.")
    again = opened.take("adjudicator", "GET", "claims/C001-001")
    assert (claim["version"], claim["quote"]) == (again["version"], again["quote"])
    given = {"version": page["source"]["version"], "furniture": [], "reason": "So."}
    asked = {"version": claim["version"], "changes": {"note": "Seen."}, "reason": "So."}
    for method, path, body, digest, current in (
        ("PUT", f"sources/{source}/furniture", given, page["digest"], None),
        ("POST", "claims/C001-001/amend", asked, claim["digest"], again["digest"]),
    ):
        late = opened.ask("adjudicator", method, path, **body, digest=digest)
        assert late.json()["error"]["code"] == "stale", late.text
        assert "is another now; look at it" in late.json()["error"]["message"]
        if current is not None:
            opened.take("adjudicator", method, path, **body, digest=current)
    opened.take("adjudicator", "DELETE", f"open/{source}", with_references=True)
    for name in ("One.", "Another."):
        row = {"actor_id": name.lower().strip("."), "name": name, "actor_type": "group"}
        add(world.package, "actors", Entries([row]), "coder-1", None)
    first, second = rows_with_places(opened, "actors")
    opened.take("adjudicator", "DELETE", f"open/{first['place']}", digest=first["digest"])
    late = opened.ask("adjudicator", "DELETE", f"open/{first['place']}", digest=first["digest"])
    assert late.json()["error"]["code"] == "stale"
    assert late.json()["error"]["current"]["id"] == second["id"]
    opened.take("adjudicator", "DELETE", f"open/{first['place']}", digest=second["digest"])


def code_again(opened: Opened, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Code and decide a text by as many changes as before; return what pages show before the end.

    That is the coder's work before it is finished, and the decisions before they are committed.
    """
    opened.put("coder-1", SOURCE, "a", {**founder(), "statement": text})
    work = opened.take("coder-1", "GET", f"work/{SOURCE}")
    opened.finish("coder-1", SOURCE)
    change(opened, "take-all")
    return work, shown(opened)


@pytest.mark.slow
def test_a_page_of_a_former_pass_changes_nothing_of_the_next_though_numbers_come_again(
    opened: Opened,
) -> None:
    work, decided = code_again(opened, "Vessels may be lost there.")
    decision = decided["units"][0]
    change(opened, "commit")
    opened.desk.work_folder.set_aside(SOURCE)
    draft, next_decided = code_again(opened, "Ships may be lost there.")
    assert (draft["state"], next_decided["state"]) == (work["state"], decided["state"])
    assert (draft["file"], next_decided["file"]) != (work["file"], decided["file"])
    number, base = {"state": decided["state"]}, {"base": decision["rev"]}
    for method, path, given in (
        ("PUT", f"units/{decision['unit']}", {**base, "take": "none"}),
        ("PUT", "proposals/coder-1/actors/x", base),
        ("PUT", "registered/actors/x", {"base": 0, "value": {}}),
        ("DELETE", "registered/actors/x", {"base": 0}),
        *(("POST", what, number) for what in ("accept-agreed", "take-all", "undo", "commit")),
        ("POST", "sides", {**number, "sides": ["coder-1"]}),
    ):
        late = opened.ask("adjudicator", method, f"{PATH}/{path}", **given, file=decided["file"])
        assert late.json()["error"]["code"] == "stale", (path, late.text)
        assert late.json()["error"]["current"]["file"] == next_decided["file"]
    change(opened, "undo")
    # a work that is not finished, of the same numbers again
    opened.desk.work_folder.set_aside(SOURCE)
    opened.put("coder-1", SOURCE, "a", {**founder(), "statement": "Boats may be lost there."})
    own, rev = f"work/{SOURCE}", work["drafts"][0]["rev"]
    number = {"state": work["state"]}
    for method, path, given in (
        ("PUT", "drafts/a", {"base": rev, "value": founder()}),
        ("PUT", "drafts/b", {"base": 0, "value": founder()}),
        ("DELETE", "drafts/a", {"base": rev}),
        ("PUT", "registered/actors/x", {"base": 0, "value": {}}),
        ("DELETE", "registered/actors/x", {"base": 0}),
        *(("POST", what, number) for what in ("undo", "redo", "finish")),
    ):
        late = opened.ask("coder-1", method, f"{own}/{path}", **given, file=work["file"])
        assert late.json()["error"]["code"] == "stale", (path, late.text)
        current = late.json()["error"]["current"]
        assert current["drafts"][0]["value"]["statement"] == "Boats may be lost there."
        if path == "drafts/a":
            assert current["draft"]["value"]["statement"] == "Boats may be lost there."
    now = opened.take("coder-1", "GET", own)
    assert opened.take("coder-1", "POST", f"{own}/finish", **number, file=now["file"])["finished"]


def rows_with_places(opened: Opened, stream: str) -> list[dict[str, Any]]:
    rows = opened.take("adjudicator", "GET", "open")["rows"]
    return [row for row in rows if row["stream"] == stream]


def committed_claims(opened: Opened) -> World:
    """Two claims of one coder, in the open batch, and the package that they are of."""
    opened.put("coder-1", SOURCE, "a", founder())
    boats = claim_value("Some ninety boats", "Vessels may be lost there, ninety of them.")
    opened.put("coder-1", SOURCE, "b", boats)
    opened.finish("coder-1", SOURCE)
    change(opened, "take-all")
    change(opened, "commit")
    return World(opened.desk.package, opened.desk.log.texts_folder)


def link_row(first: str, relation: str, second: str) -> dict[str, Any]:
    ends = {"from_claim_id": first, "to_claim_id": second}
    return {**ends, "relation": relation, "basis": "Another person's."}


@pytest.mark.slow
def test_what_is_sealed_or_goes_with_a_row_is_what_was_listed(opened: Opened) -> None:
    world = committed_claims(opened)
    world.add("links", [link_row("C102-001", "same_fact", "C102-002")])
    row = next(one for one in rows_with_places(opened, "claims") if one["id"] == "C102-001")
    path = f"open/{row['place']}"
    refused = opened.ask("adjudicator", "DELETE", path, digest=row["digest"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid")
    listed = refused.json()["error"]
    assert [one["entity"] for one in listed["findings"]] == ["L0002"]
    seal = {"slug": "lamps", "title": "Lamps", "method": "At the desk."}
    seen = opened.take("adjudicator", "GET", "open")
    world.add("links", [link_row("C001-001", "implies", "C102-001")])
    for method, at, given in (
        ("DELETE", path, {"with_references": True, "digest": listed["digest"]}),
        ("DELETE", path, {"with_references": True, "digest": row["digest"]}),
        ("POST", "seal", {**seal, "digest": seen["digest"]}),
    ):
        late = opened.ask("adjudicator", method, at, **given)
        assert late.json()["error"]["code"] == "stale", late.text
    assert len(opened.take("adjudicator", "GET", "open")["rows"]) == len(seen["rows"]) + 1
    listed = opened.ask("adjudicator", "DELETE", path, digest=row["digest"]).json()["error"]
    assert [one["entity"] for one in listed["findings"]] == ["L0002", "L0003"]
    given = {"with_references": True, "digest": listed["digest"]}
    assert len(opened.take("adjudicator", "DELETE", path, **given)["dropped"]) == 3
    late = opened.ask("adjudicator", "POST", "seal", **seal, digest=seen["digest"])
    assert late.json()["error"]["code"] == "stale"
    now = opened.take("adjudicator", "GET", "open")["digest"]
    assert opened.take("adjudicator", "POST", "seal", **seal, digest=now)["batch"]


@pytest.mark.slow
@pytest.mark.parametrize("relation", ["same_fact", None])
def test_a_link_rests_on_the_claims_and_the_decision_that_were_shown(
    relation: str | None, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = committed_claims(opened)
    path = f"links/{SOURCE}"

    def pair() -> dict[str, Any]:
        found = opened.take("adjudicator", "GET", path)["proposals"]
        names = {"C102-001", "C102-002"}
        return next(one for one in found if {one[end]["claim_id"] for end in ENDS} == names)

    asked = {**link_row("C102-001", "", "C102-002"), "relation": relation}
    seen = [pair()]
    world.amend("claims", "C102-001", statement="Vessels may be lost, says somebody else.")
    seen.append(pair())
    world.add("links", [link_row("C102-002", "implies", "C102-001")])
    for one in seen:
        late = opened.ask("adjudicator", "POST", path, **asked, digest=one["digest"])
        assert late.json()["error"]["code"] == "stale", late.text
        assert late.json()["error"]["current"] == {name: pair()[name] for name in SHOWN}
    link = pair()["decision"]
    assert link["relation"] == "implies"
    # another link that gets the number of one that was dropped is not taken back
    at = f"open/{link['link_id']}"
    opened.take("adjudicator", "DELETE", at, digest=link["digest"])
    world.add("links", [link_row("C102-002", "updates", "C102-001")])
    assert pair()["decision"]["link_id"] == link["link_id"]
    late = opened.ask("adjudicator", "DELETE", at, digest=link["digest"])
    assert late.json()["error"]["code"] == "stale"
    opened.take("adjudicator", "DELETE", at, digest=pair()["decision"]["digest"])
    answer = opened.take("adjudicator", "POST", path, **asked, digest=pair()["digest"])
    assert {name: answer[name] for name in SHOWN} == {name: pair()[name] for name in SHOWN}
    # whoever waits for the log while a claim is amended is refused as well
    if relation is None:
        return
    opened.take("adjudicator", "DELETE", at, digest=answer["decision"]["digest"])
    write = links.add

    def meanwhile(*given: Any, **named: Any) -> Any:
        world.amend("claims", "C102-002", statement="Ninety vessels may be lost there.")
        return write(*given, **named)

    monkeypatch.setattr(links, "add", meanwhile)
    late = opened.ask("adjudicator", "POST", path, **asked, digest=pair()["digest"])
    assert late.json()["error"]["code"] == "stale", late.text


ENDS, SHOWN = ("from", "to"), ("decision", "digest")


def test_the_batch_is_sealed_with_what_a_coder_would_say(opened: Opened) -> None:
    proposal = opened.take("adjudicator", "GET", "seal")
    assert proposal["slug"] == "lighthouse-keepers-at-odds"
    wrong = {"slug": "No Slug", "title": "T", "method": "M"}
    assert opened.ask("adjudicator", "POST", "seal", **wrong).status_code == 422
    given = {"slug": "lamps", "title": "Lamps", "method": "At the desk."}
    assert opened.take("adjudicator", "POST", "seal", **given)["batch"] == "events/0004-lamps"
    assert opened.ask("adjudicator", "POST", "seal", **given).status_code == 422


@pytest.mark.slow
def test_of_a_text_that_has_claims_the_codings_alone_are_added(opened: Opened) -> None:
    source = "S001"
    text = opened.desk.log.require_places(source).text
    value = {**founder(), **passage("lost a chart", text.content), "text_sha256": text.sha256}
    for role in ("coder-1", "coder-2"):
        opened.put(role, source, "a", value)
        opened.finish(role, source)
    path = f"adjudication/{source}"
    opened.take("adjudicator", "POST", f"{path}/accept-agreed", state=0)
    refused = opened.ask("adjudicator", "POST", f"{path}/commit", state=1)
    assert "has claims already" in refused.json()["error"]["message"]
    found = opened.take("adjudicator", "POST", f"{path}/commit", state=1, codings_only=True)
    assert (found["committed"], found["claims"]) == (True, None)
    rows = opened.take("adjudicator", "GET", "open")["rows"]
    assert [row["stream"] for row in rows].count("codings") == 2
    assert "claims" not in [row["stream"] for row in rows]

    def state() -> str:
        states = opened.take("coder-1", "GET", "desk")["sources"]
        return str({one["source_id"]: one["state"] for one in states}[source])

    assert state() == "committed"
    with pytest.raises(ClaimlogError, match="seal it first"):
        begin_new_pass(opened.desk, source)
    given = {"slug": "codings", "title": "Codings", "method": "At the desk."}
    opened.take("adjudicator", "POST", "seal", **given)
    assert state() == "sealed"
    late = opened.ask("coder-1", "PUT", f"work/{source}/drafts/x", base=0, value=value)
    assert late.json()["error"]["code"] == "closed"
    place = begin_new_pass(opened.desk, source)
    names = {path.name for path in place.iterdir()}
    assert names == {"coder-1.ndjson", "coder-2.ndjson", "_decisions.ndjson"}
    opened.put("coder-1", source, "x", value)
    opened.finish("coder-1", source)
    found = opened.take("adjudicator", "POST", f"{path}/commit", state=0, codings_only=True)
    assert found["committed"]
    assert opened.desk.log.whole.rows("codings")["pass"].to_list() == [1, 1, 2]
    with pytest.raises(ClaimlogError, match="is not decided"):
        begin_new_pass(opened.desk, SOURCE)
