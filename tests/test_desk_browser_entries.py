"""What is entered on pages of the desk, in a real Chromium: it is what was typed, where it was.

Answers come late, as on a machine that is slow, and keys are held down.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from browser import browser
from conftest import World, copied
from desk_client import Opened
from slow_answers import lose_answer, withheld
from test_desk_browser import READY, SAVED, OtherPage, entered
from test_desk_browser_saves import MADE, OTHERS, ROLES, OtherWindow, statement_open
from test_desk_judge_browser import PASSAGES, TEXT, code_by_two, wait_for_passages
from workshop.bench.desk.desk_server import DeskServer, open_desk

__all__ = ["browser"]

JUDGED, HELD = "S103", "S104"
"""Texts that two coded."""


@pytest.fixture(scope="module")
def desk(registered: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskServer]:
    """A desk that is served, with texts that two coded and see differently."""
    world = copied(registered, tmp_path_factory.mktemp("desk"))
    asked = Opened.of(world.package, world.texts)
    for source in (JUDGED, HELD):
        code_by_two(asked, source, f"{TEXT}\nOf {source}.\n")
    asked.close()
    with open_desk(world.root, world.texts, ROLES) as server:
        yield server


def _type_figure(page: Page, text: str) -> None:
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


@pytest.mark.slow
def test_a_figure_is_saved_as_the_number_that_was_typed_or_not_at_all(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherWindow(desk, "coder-1")

    def saved() -> Any:
        return other.drafts()[0]["value"].get("figure_value")

    def open_figure(page: Page) -> None:
        page.evaluate("() => claimlogDesk.open('own', 'figure_value')")
        expect(page.get_by_role("textbox", name="Figure value")).to_be_focused()

    with statement_open(browser, desk, "coder-1") as page:
        note, status = page.locator("#typed-note"), page.locator("#saved")
        open_figure(page)
        for text, number in (("0.125", 0.125), ("-3,5", -3.5), ("10000", 10_000), ("10", 10)):
            _type_figure(page, text)
            page.wait_for_function(SAVED)
            assert saved() == number
        page.keyboard.press("End")
        page.keyboard.type(",000")  # after the number that begins so was saved
        for text, said in (
            ("10,000", "write 10000, or 10.0000 if that is meant"),
            ("1.000.000", "write 1000000."),
            ("1 000", "write 1000."),
            ("0x10", "is no number"),
            ("1e3", "is no number"),
            ("90 boats", "is no number"),
            ("12345678901234567", "more than the 15 digits"),
        ):
            if text != "10,000":
                _type_figure(page, text)
            expect(note).to_contain_text(said)
            expect(page.locator("#alarm")).to_contain_text(f"Not saved: Figure value: “{text}”")
            page.keyboard.press("Enter")
            assert page.evaluate("() => claimlogDesk.record.active") == "figure_value"
            expect(status).to_have_text("Not saved")
            assert saved() is None
        # it is kept as it was typed, wherever the person goes, and the way leads back to it
        page.evaluate("() => claimlogDesk.record.goTo('statement')")
        page.keyboard.type(" On.")
        page.reload()
        page.wait_for_function(READY)
        expect(status).to_have_text("Not saved")
        assert other.statements()["own"] == "It is weak. On."
        page.evaluate("() => claimlogDesk.open('own')")
        field = page.get_by_role("textbox", name="Figure value")
        for _ in range(20):
            if field.count():
                break
            page.keyboard.press("Enter")
        expect(field).to_have_value("12345678901234567")
        expect(note).to_contain_text("more than the 15 digits")
        page.locator("#finish").click()
        expect(page.locator("#live")).to_contain_text("Not everything is saved")
        expect(page.locator("#live")).to_be_visible()
        open_figure(page)
        _type_figure(page, "90")
        page.wait_for_function(SAVED)
        assert saved() == 90
        expect(page.locator("#alarm")).to_be_hidden()


@pytest.mark.slow
def test_a_figure_comes_back_when_a_text_that_is_no_number_is_given_up_and_nothing_else_is_undone(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherWindow(desk, "coder-2")

    def saved() -> dict[str, Any]:
        return {one["draft"]: one["value"].get("figure_value") for one in other.drafts()}

    with statement_open(browser, desk, "coder-2") as page:
        field = page.get_by_role("textbox", name="Figure value")
        alarm, give_up = page.locator("#alarm"), page.get_by_text("Give this change up")
        page.evaluate("() => claimlogDesk.open('own', 'figure_value')")
        _type_figure(page, "90")
        page.wait_for_function(SAVED)
        other.save("others", OTHERS, "One said it.")
        page.evaluate("() => claimlogDesk.work.refresh()")
        expect(page.locator("#count")).to_have_text("2 claims")
        for reloads in (False, True):
            page.keyboard.press("End")
            page.keyboard.type(" boats")
            expect(alarm).to_contain_text("“90 boats” is no number")
            assert saved() == {"own": None, "others": None}
            # no step goes back behind it
            for which in ("undo", "redo"):
                page.evaluate("which => claimlogDesk.step(which)", which)
                expect(page.locator("#live")).to_contain_text("not saved yet")
            assert saved() == {"own": None, "others": None}
            if reloads:
                page.evaluate("() => claimlogDesk.record.goTo('note')")
                page.keyboard.type("Noted.")
                page.reload()
                page.wait_for_function(READY)
                expect(alarm).to_contain_text("“90 boats” is no number")
                page.evaluate("() => claimlogDesk.open('own', 'figure_value')")
            give_up.click()
            page.wait_for_function(SAVED)
            expect(field).to_have_value("90")
            assert saved() == {"own": 90, "others": None}
            field.focus()
        (own,) = (one for one in other.drafts() if one["draft"] == "own")
        assert own["value"]["note"] == "Noted."


def test_an_amendment_with_a_figure_that_is_no_number_is_not_written(
    browser: Browser, desk: DeskServer
) -> None:
    client = OtherPage(desk, MADE).client
    with entered(browser, desk, "adjudicator", "claims/C001-001") as page:
        problems = page.locator("#problems")
        page.wait_for_function("() => window.claimlogDesk?.record.row")
        page.evaluate("() => claimlogDesk.record.goTo('figure_value')")
        _type_figure(page, "30,000")
        expect(problems).to_contain_text("write 30000, or 30.0000")
        page.fill("#reason", "It was read wrongly.")
        page.locator("#write").click()
        expect(page.get_by_role("textbox", name="Figure value")).to_be_focused()
        assert client.get("/adjudicator/api/claims/C001-001").json()["version"] == 1


NUMBER_OF_ACTORS = """() => {
    const { fields } = claimlogDesk.form.streams.actors;
    fields.push({ column: 'figure', label: 'Figure', kind: 'number', required: false });
    claimlogDesk.record.goTo('dyad_from');
}"""
"""Gives actors a column of numbers, as a topic may."""


@pytest.mark.slow
def test_no_value_and_no_entry_is_taken_with_a_figure_that_is_no_number(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, JUDGED)
    with entered(browser, desk, "adjudicator", f"adjudicate/{JUDGED}") as page:
        wait_for_passages(page)
        page.keyboard.press("n")
        page.locator("dialog [data-slot=figure_value]").click()
        page.keyboard.type("1,500")
        page.get_by_role("button", name="Take this").click()
        field = page.get_by_role("textbox", name="Figure value")
        expect(field).to_be_focused()
        expect(page.locator("#typed-note")).to_contain_text("write 1500, or 1.5000")
        assert other.verdicts()[0] == (None, None)
        _type_figure(page, "1500")
        page.get_by_role("button", name="Take this").click()
        other.await_verdicts([("new", None), *[(None, None)] * (len(PASSAGES) - 1)])
        assert other.shown()["units"][0]["verdict"]["value"]["figure_value"] == 1500
    with statement_open(browser, desk, "coder-2") as page:
        page.evaluate(NUMBER_OF_ACTORS)
        page.keyboard.press("+")
        page.fill("#entry-name", "Zedland Authority")
        page.select_option("#entry-actor_type", index=1)
        figure, register = page.locator("#entry-figure"), page.get_by_text("Register", exact=True)
        figure.fill("1,500")
        register.click()
        expect(figure).to_be_focused()
        said = "“1,500” is no number here: write 1500, or 1.5000 if that is meant."
        assert figure.evaluate("(one) => one.validationMessage") == said
        figure.fill("1500")
        with page.expect_request("**/registered/actors/zedland-authority") as asked:
            register.click()
        assert asked.value.post_data_json["value"]["figure"] == 1500


def _hold(page: Page, key: str, times: int = 12) -> None:
    """Hold a key down, which the keyboard repeats."""
    for _ in range(times):
        page.keyboard.down(key)
        page.wait_for_timeout(20)
    page.keyboard.up(key)


@pytest.mark.slow
def test_a_key_that_is_held_and_a_double_click_decide_one_passage(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, HELD)
    none, still_open = ("none", None), (None, None)

    def expect_decided(count: int) -> None:
        other.await_verdicts([none] * count + [still_open] * (len(PASSAGES) - count))
        page.wait_for_function(SAVED)
        page.wait_for_timeout(300)
        other.await_verdicts([none] * count + [still_open] * (len(PASSAGES) - count))

    with entered(browser, desk, "adjudicator", f"adjudicate/{HELD}") as page:
        wait_for_passages(page)
        no_claim = page.locator("#units .here").get_by_role("button", name="no claim")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowUp")
        _hold(page, "x")
        expect_decided(1)
        no_claim.dblclick(delay=20)
        expect_decided(2)
        page.keyboard.press("x")
        expect_decided(3)
        page.keyboard.down("Control")
        _hold(page, "z")
        page.keyboard.up("Control")
        expect_decided(2)
        # nor does a key go on in a field, or on a button, that it led to
        _hold(page, "c")
        page.wait_for_timeout(50)
        expect(page.locator("#units .here input")).to_be_focused()
        expect(page.locator("#units .here input")).to_have_value("")
        page.keyboard.press("Escape")
        for key in "xx":
            page.keyboard.press(key)
        expect_decided(4)
        page.locator("#commit").focus()
        _hold(page, "Enter")
        expect(page.get_by_role("dialog")).to_have_count(1)
        page.get_by_role("button", name="Not now").click()
        assert not other.shown()["committed"]
        # which an arrow does: it decides nothing
        page.keyboard.press("Escape")
        page.evaluate("() => claimlogDesk.go(0)")
        _hold(page, "ArrowDown", 3)
        assert page.evaluate("() => claimlogDesk.at") == 3


@pytest.mark.slow
def test_a_key_that_is_held_and_a_double_click_decide_one_pair(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, HELD)

    def decided() -> int:
        found = other.client.get(f"/adjudicator/api/links/{HELD}").json()["proposals"]
        return sum(one["decision"] is not None for one in found)

    for unit in other.shown()["units"]:
        other.decide("left", None, [unit["unit"]])
    body = {"state": other.shown()["state"]}
    assert other.client.post(f"{other.path}/commit", json=body).status_code == 200
    with entered(browser, desk, "adjudicator", f"links/{HELD}") as page:
        here = page.locator("#proposals .here")
        expect(here).to_contain_text("C104")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowUp")
        for count, act in enumerate((lambda: _hold(page, "0"), lambda: _no_link(page).dblclick())):
            act()
            expect(here).not_to_contain_text("saving")
            page.wait_for_timeout(500)
            assert decided() == count + 1
        _hold(page, "b")
        expect(page.locator("#basis")).to_have_value("")


def _no_link(page: Page) -> Any:
    return page.locator("#proposals .here").get_by_role("button", name="no link")


@pytest.mark.slow
def test_a_key_that_is_held_and_a_double_click_answer_one_question(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherWindow(desk, "coder-3")
    active = "() => claimlogDesk.record.active"

    def own() -> dict[str, Any]:
        page.wait_for_function(SAVED)
        (value,) = (one["value"] for one in other.drafts() if one["draft"] == "own")
        return {name: given for name, given in value.items() if name not in ("start", "end")}

    with statement_open(browser, desk, "coder-3") as page:
        before = own()
        page.evaluate("() => claimlogDesk.record.goTo('modality')")
        _hold(page, " ")
        assert own() == {name: one for name, one in before.items() if name != "modality"}
        for act in (lambda: _hold(page, "1"), lambda: page.locator(".option").nth(1).dblclick()):
            page.evaluate("() => claimlogDesk.work.save('own', {statement: 'It is weak.'})&&null")
            page.evaluate("() => claimlogDesk.open('own', 'content')")
            act()
            assert len(own()) == 2
            assert page.evaluate(active) == "voice"
        # at the last question it makes no claim of the words that have its letter
        page.evaluate("() => claimlogDesk.fresh()")
        _hold(page, "a")
        page.keyboard.press("Escape")
        assert own()
        assert len(other.drafts()) == 1
        # nor is all undone
        page.evaluate("() => claimlogDesk.open('own', 'content')")
        page.keyboard.press("1")
        own()
        page.keyboard.press("Escape")
        page.keyboard.down("Control")
        _hold(page, "z")
        page.keyboard.up("Control")
        assert own()["content"] == "state"


WHERE = "() => [claimlogDesk.current, claimlogDesk.record.active]"


@pytest.mark.slow
def test_an_entry_that_is_looked_up_is_put_where_it_was_asked_for(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherWindow(desk, "coder-1")
    first, second = other.client.get("/coder-1/api/lookup/actors").json()["entries"][:2]
    lookup = ("GET", f"source={MADE}")

    def dyads() -> dict[str, list[str] | None]:
        page.wait_for_function(SAVED)
        return {one["draft"]: one["value"].get("dyad_from") for one in other.drafts()}

    def ask() -> None:
        page.evaluate("() => claimlogDesk.open('own', 'dyad_from')")
        page.locator("#panel input").focus()
        page.keyboard.type(first["id"])
        page.keyboard.press("Enter")

    def empty() -> None:
        page.evaluate("() => claimlogDesk.open('own', 'dyad_from')")
        page.evaluate("() => claimlogDesk.record.set(null)")
        assert dyads()["own"] is None

    other.save("others", OTHERS, "One said it.")
    with statement_open(browser, desk, "coder-1") as page:
        # another claim is open by then: what is typed there is an answer there, at once
        with withheld(page, *lookup):
            ask()
            _hold(page, "x")  # meant for what would have come next
            assert page.locator("#panel input").input_value() == first["id"]
            page.evaluate("() => claimlogDesk.open('others', 'dyad_from')")
            page.evaluate("() => claimlogDesk.record.goTo('content')")
            page.keyboard.press("2")
            assert page.evaluate("() => claimlogDesk.record.row.content") == "state"
            page.evaluate("() => claimlogDesk.record.goTo('dyad_from')")
        page.wait_for_function("() => claimlogDesk.work.draft('own').value.dyad_from")
        assert dyads() == {"own": [first["id"]], "others": None}
        assert page.evaluate(WHERE) == ["others", "dyad_from"]
        assert page.locator("#panel input").input_value() == ""
        # another question
        empty()
        with withheld(page, *lookup):
            ask()
            page.locator("[data-slot=statement]").click()
        page.wait_for_function("() => claimlogDesk.record.row.dyad_from")
        assert page.evaluate(WHERE) == ["own", "statement"]
        assert dyads()["own"] == [first["id"]]
        # it was answered meanwhile
        empty()
        with withheld(page, *lookup):
            ask()
            page.evaluate("() => claimlogDesk.open('others', 'dyad_from')")
            page.evaluate("() => claimlogDesk.open('own', 'dyad_from')")
            page.evaluate("id => claimlogDesk.record.answer([id])", second["id"])
        expect(page.locator("#live")).to_contain_text("came too late")
        assert dyads()["own"] == [second["id"]]
        # the next identifier of a numbered register
        empty()
        page.evaluate("() => { claimlogDesk.form.streams.actors.numbered = true }")
        page.evaluate("() => claimlogDesk.open('own', 'dyad_from')")
        with withheld(page, "GET", f"lookup/actors?source={MADE}"):
            page.keyboard.press("+")
            expect(page.get_by_role("dialog")).to_have_count(1)
            page.keyboard.press("Alt+ArrowDown")
            page.fill("#entry-name", "Zedland Authority")
            page.select_option("#entry-actor_type", index=1)
            page.get_by_text("Register", exact=True).click()  # it has no identifier yet
            expect(page.locator("#entry-actor_id")).to_be_focused()
            page.keyboard.type("zedland")
        page.get_by_text("Register", exact=True).click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert dyads() == {"own": ["zedland"], "others": None}


BEGIN_ITEM = """() => {
    const { record } = claimlogDesk;
    const { column, fields } = record.fields.find(({ kind }) => kind === 'objects');
    const voice = record.fields.find((one) => one.column === 'voice');
    const { code } = voice.codes.find((one) => one.code !== record.row.voice);
    record.change({ ...record.row, voice: code });
    record.goTo(column);
    record.addItem();
    const inner = fields.find(({ kind }) => kind === 'reference').column;
    record.goTo(`${column}.0.${inner}`);
    return [column, inner];
}"""


def test_an_entry_that_is_looked_up_for_an_item_is_not_put_in_one_that_was_begun_since(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherWindow(desk, "coder-3")
    entry = other.client.get("/coder-3/api/lookup/actors").json()["entries"][0]["id"]
    with statement_open(browser, desk, "coder-3") as page:
        column, inner = page.evaluate(BEGIN_ITEM)
        with withheld(page, "GET", f"source={MADE}"):
            _look_up(page, entry)
            page.evaluate("column => claimlogDesk.record.goTo(column)", column)
            page.get_by_role("button", name="Take item 1 away").click()
            page.evaluate("() => claimlogDesk.record.addItem()")
        expect(page.locator("#live")).to_contain_text("came too late")
        expect(page.locator("#live")).to_be_visible()
        page.wait_for_function(SAVED)
        items = page.evaluate("column => claimlogDesk.record.row[column]", column)
        assert [one.get(inner) for one in items] == [None]


@pytest.mark.slow
def test_an_entry_that_is_looked_up_takes_nobody_back_to_its_question(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherWindow(desk, "coder-2")
    entry = other.client.get("/coder-2/api/lookup/actors").json()["entries"][0]["id"]

    def ask(page: Page, source: str) -> Any:
        page.evaluate("() => claimlogDesk.record.goTo('dyad_from')")
        page.locator("#panel input").focus()
        answers = withheld(page, "GET", f"source={source}")
        answers.__enter__()
        page.keyboard.type(entry)
        page.keyboard.press("Enter")
        return answers

    with statement_open(browser, desk, "coder-2") as page:
        answers = ask(page, MADE)
        page.locator("#text").click()
        expect(page.locator("#text")).to_be_focused()
        answers.__exit__(None, None, None)
        page.wait_for_function("() => claimlogDesk.record.row.dyad_from")
        expect(page.locator("#text")).to_be_focused()
        assert page.evaluate(WHERE) == ["own", "dyad_from"]
    source = OtherPage(desk, MADE).client.get("/adjudicator/api/claims/C001-001").json()
    with entered(browser, desk, "adjudicator", "claims/C001-001") as page:
        page.wait_for_function("() => window.claimlogDesk?.record.row")
        answers = ask(page, source["claim"]["source_id"])
        page.locator("#reason").click()
        page.keyboard.type("The source ")
        answers.__exit__(None, None, None)
        expect(page.locator("#changes")).to_contain_text("Dyad from")
        page.keyboard.type("names it.")
        expect(page.locator("#reason")).to_have_value("The source names it.")


def test_an_entry_that_is_looked_up_for_a_value_that_is_given_up_begins_none(
    browser: Browser, desk: DeskServer
) -> None:
    with entered(browser, desk, "adjudicator", f"adjudicate/{JUDGED}") as page:
        wait_for_passages(page)
        page.evaluate("() => claimlogDesk.go(3)")
        page.keyboard.press("n")
        page.locator("dialog [data-slot=dyad_from]").click()
        with withheld(page, "GET", f"source={JUDGED}"):
            page.keyboard.type("ada")
            page.keyboard.press("Enter")
            page.get_by_role("button", name="Not now").click()
        page.wait_for_timeout(300)
        assert page.evaluate("() => claimlogDesk.decisions.browser.below('begun')") == []


def _look_up(page: Page, entry: str, then: str = "") -> None:
    """Ask for an entry at the question that is open, and type on."""
    page.locator("#panel input, dialog .panel input").focus()
    page.keyboard.type(entry)
    page.keyboard.press("Enter")
    page.keyboard.type(then)


@pytest.mark.slow
def test_escape_gives_up_nothing_that_is_typed_in_a_dialog(
    browser: Browser, desk: DeskServer
) -> None:
    said, dialogs = "“Not now” does", "() => document.querySelectorAll('dialog[open]').length"

    def expect_open(page: Page, count: int) -> None:
        for _ in range(3):
            page.keyboard.press("Escape")
            expect(page.locator("#live")).to_contain_text(said)
            expect(page.locator("#live")).to_be_visible()
            assert page.evaluate(dialogs) == count

    with entered(browser, desk, "adjudicator", f"adjudicate/{JUDGED}") as page:
        wait_for_passages(page)
        page.evaluate("() => claimlogDesk.go(3)")
        page.keyboard.press("n")
        page.keyboard.press("Escape")  # nothing is typed yet
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.keyboard.press("n")
        page.locator("dialog [data-slot=note]").click()
        page.keyboard.type("Written with care.")
        expect_open(page, 1)
        # nor after a reload
        page.reload()
        expect(page.get_by_role("dialog")).to_be_visible()
        expect_open(page, 1)
        page.locator("dialog [data-slot=dyad_from]").first.click()
        page.keyboard.press("+")
        page.locator("#entry-name").fill("Typed")
        expect_open(page, 2)
        page.get_by_role("button", name="Not now").last.click()
        page.get_by_role("button", name="Not now").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert page.evaluate("() => claimlogDesk.decisions.browser.below('begun')") == []


@pytest.mark.slow
def test_keys_that_are_typed_ahead_at_the_last_question_are_no_other_answer_to_it(
    browser: Browser, desk: DeskServer
) -> None:
    client = OtherPage(desk, MADE).client
    first = client.get("/adjudicator/api/lookup/actors").json()["entries"][0]["id"]
    complete = """() => { // no question waits behind the one that is open
        claimlogDesk.record.walk.next = () => null;
        claimlogDesk.record.goTo('dyad_from');
    }"""
    claim = client.get("/adjudicator/api/claims/C001-001").json()["claim"]
    with entered(browser, desk, "adjudicator", "claims/C001-001") as page:
        page.wait_for_function("() => window.claimlogDesk?.record.row")
        page.evaluate("() => claimlogDesk.record.change({...claimlogDesk.row, dyad_from: null})")
        page.evaluate(complete)
        with withheld(page, "GET", f"source={claim['source_id']}"):
            _look_up(page, first, "2 sourcex")
            page.keyboard.press("Backspace")
            page.keyboard.type("s say so")
        expect(page.locator("#reason")).to_have_value("2 sources say so")
        assert page.evaluate("() => claimlogDesk.row.dyad_from") == [first]
    other = OtherPage(desk, JUDGED)
    with entered(browser, desk, "adjudicator", f"adjudicate/{JUDGED}") as page:
        wait_for_passages(page)
        page.evaluate("() => claimlogDesk.go(2)")
        unit = page.evaluate("() => claimlogDesk.name")
        given = page.evaluate("() => claimlogDesk.units[2].left?.value.dyad_from ?? []")
        page.keyboard.press("n")
        for column in ("note", "dyad_from"):  # the way leads to nothing behind it
            page.locator(f"dialog [data-slot={column}]").first.click()
        for _ in range(20):
            if page.locator("dialog .panel").evaluate("one => !one.dataset.slot"):
                break
            page.keyboard.press("Enter")
        page.locator("dialog [data-slot=dyad_from]").first.click()
        with withheld(page, "GET", f"source={JUDGED}"):
            _look_up(page, first, "2")
            # and the value is not taken before the entry is there
            page.get_by_role("button", name="Take this").click()
            expect(page.locator("#live")).to_be_visible()
            expect(page.locator("#live")).to_contain_text("still looked up")
        # nor without what was typed ahead
        expect(page.locator("#live")).to_contain_text("What was typed while the entry was")
        expect(page.get_by_role("dialog")).to_have_count(1)
        page.get_by_role("button", name="Take this").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.wait_for_function(SAVED)
        (verdict,) = (one["verdict"] for one in other.shown()["units"] if one["unit"] == unit)
        assert verdict["value"]["dyad_from"] == [*given, first]
        # nor without it, if there is none
        page.evaluate("() => claimlogDesk.go(3)")
        page.keyboard.press("n")
        page.locator("dialog [data-slot=dyad_from]").first.click()
        with withheld(page, "GET", f"source={JUDGED}"):
            _look_up(page, "qqqq")
            page.get_by_role("button", name="Take this").click()
        expect(page.locator("#live")).to_be_visible()
        expect(page.locator("#live")).to_contain_text("Nothing fits qqqq.")
        expect(page.get_by_role("dialog")).to_have_count(1)


@pytest.mark.slow
def test_an_entry_for_an_amendment_is_not_in_the_open_batch_once_that_is_cancelled(
    browser: Browser, desk: DeskServer
) -> None:
    client = OtherPage(desk, MADE).client

    def registered() -> list[str]:
        rows = client.get("/adjudicator/api/open").json()["rows"]
        return [row["id"] for row in rows if row["stream"] == "actors"]

    with entered(browser, desk, "adjudicator", "claims/C001-001") as page:
        dialog = page.get_by_role("dialog")
        page.wait_for_function("() => window.claimlogDesk?.record.row")

        def begin(name: str) -> None:
            page.evaluate("() => claimlogDesk.record.goTo('dyad_from')")
            page.keyboard.press("+")
            page.fill("#entry-name", name)
            page.select_option("#entry-actor_type", "agency")

        before = registered()
        for name in ("Ypsiland Authority", "Ypsiland Authority", "Xland Authority"):
            begin(name)
            if name == "Xland Authority":  # it was there before
                dialog.get_by_role("button", name="Register").click()
                expect(dialog).to_have_count(0)
                begin(name)
            with withheld(page, "POST", "registers/actors"):
                dialog.get_by_role("button", name="Register").click()
                page.wait_for_function("() => window.withheld > 0")
                dialog.get_by_role("button", name="Not now").click()
            page.wait_for_timeout(700)
        assert registered() == [*before, "xland-authority"]
        expect(page.locator("#alarm")).to_be_hidden()


def _lose_write(route: Route) -> None:
    if '"write":true' in (route.request.post_data or ""):
        lose_answer(route)
    else:
        route.continue_()


@pytest.mark.slow
def test_an_amendment_whose_answer_is_lost_is_seen_to_be_written(
    browser: Browser, desk: DeskServer
) -> None:
    client = OtherPage(desk, MADE).client
    path = "/adjudicator/api/claims/C001-001"

    with entered(browser, desk, "adjudicator", "claims/C001-001") as page:
        page.wait_for_function("() => window.claimlogDesk?.record.row")
        for text, is_down in (("A remark.", False), ("Another remark.", True)):
            version = client.get(path).json()["version"]
            page.evaluate("() => claimlogDesk.record.goTo('note')")
            page.keyboard.press("Control+a")
            page.keyboard.type(text)
            page.fill("#reason", f"Because of: {text}")
            expect(page.locator("#problems")).to_be_empty()
            page.wait_for_timeout(600)  # in which a page asks what the rules say of it
            page.route("**/amend", _lose_write)
            if is_down:  # then nothing can be looked up
                page.route("**/api/claims/C001-001", lambda route: route.abort())
            page.locator("#write").click()
            if is_down:
                expect(page.locator("#problems")).to_contain_text("cannot be reached")
                page.unroute_all()
                page.locator("#write").click()
            expect(page.locator("#changes")).to_contain_text("Nothing is changed yet")
            page.unroute_all()
            expect(page.locator("#written")).to_be_visible()
            expect(page.locator("#alarm")).to_be_hidden()
            expect(page.locator("#problems")).to_be_empty()
            expect(page.locator("#reason")).to_have_value("")
            assert client.get(path).json()["version"] == version + 1
