"""Pages of who decides, in a real headless Chromium: another judge, another pass, keys of the page.

Fixtures have module scope; each test has a text of its own, which two coded.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from browser import browser
from claimlog.desk.desk import Desk
from claimlog.desk.overview import begin_new_pass
from claimlog.package import Package
from conftest import World, copied
from desk_client import Opened, claim_value, passage
from slow_answers import withheld
from test_desk_browser import SAVED, OtherPage, entered, register_text
from test_desk_judge_browser import (
    PASSAGES,
    TAKEN,
    code_by_two,
    decided_links,
    focus,
    take_over,
    wait_for_passages,
)
from workshop.bench.desk.desk_server import DeskServer, open_desk

__all__ = ["browser"]

TEXT = "The ferry will sink. Some ninety boats use it. Nobody minds them. A keeper slept.\n"
SOURCES = ("S103", "S104", "S105", "S106", "S107")
AGAIN = "S108"
"""A text that is coded in two passes."""

PILOTS = {"name": "Harbour pilots", "actor_type": "agency"}


@pytest.fixture(scope="module")
def desk(registered: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskServer]:
    """A desk with two who decide, and texts that two coded and see differently."""
    world = copied(registered, tmp_path_factory.mktemp("desk"))
    asked = Opened.of(world.package, world.texts)
    for source in SOURCES:
        code_by_two(asked, source, _text(source), PILOTS)
    register_text(asked, f"{AGAIN}.txt", TEXT)
    asked.close()
    roles = ("coder-1", "coder-2", "adjudicator", "adjudicator-2")
    with open_desk(world.root, world.texts, roles) as server:
        yield server


def _code_again(desk: DeskServer, words: str) -> None:
    """Have two code one passage, whose draft has one name in each pass."""
    for role, modality in (("coder-1", "actual"), ("coder-2", "hypothetical")):
        client = OtherPage(desk, AGAIN, role).client
        work = f"/{role}/api/work/{AGAIN}"
        value = claim_value("boats", "They may be there.", modality=modality) | passage(words, TEXT)
        answer = client.put(f"{work}/drafts/a", json={"base": 0, "value": value})
        assert answer.status_code == 200, answer.text
        answer = client.post(f"{work}/finish", json={"state": answer.json()["state"]})
        assert answer.status_code == 200, answer.text


def _begin_anew(desk: DeskServer, other: OtherPage) -> None:
    """Have a pass decided on another page, dropped then, and another one begun."""
    other.decide("left", None, ["a+a"])
    body = {"state": other.shown()["state"], "codings_only": True}
    assert other.client.post(f"{other.path}/commit", json=body).status_code == 200
    for place in ("codings:2", "codings:1"):
        answer = other.client.request("DELETE", f"/adjudicator/api/open/{place}", json={})
        assert answer.status_code == 200, answer.text
    begin_new_pass(Desk(Package(desk.folder), desk.texts), AGAIN)


def _text(source: str) -> str:
    return f"{TEXT}\nThis is {source}.\n"


NOTHING_LEAVES = "() => { window.fetch = () => Promise.reject(new TypeError('no network')) }"
"""Keeps every request of a page from the desk, even one that is on its way as the page closes."""

FATES = "() => claimlogDesk.state.proposals.map(one => one.same_as ?? one.registered_as)"


@pytest.mark.slow
def test_the_keys_of_the_page_say_nothing_of_an_entry_that_was_just_settled(
    browser: Browser, desk: DeskServer
) -> None:
    with entered(browser, desk, "adjudicator", "adjudicate/S103") as page:
        wait_for_passages(page)
        fates = page.get_by_role("group", name="What becomes of actor-of-coder-2").get_by_role(
            "button"
        )
        chosen, here = fates.and_(page.locator("[aria-pressed=true]")), page.locator("#units .here")
        expect(chosen).to_have_text("register it as it is")
        same = fates.filter(has_text="the same as Harbour pilots of coder-1")
        same.focus()
        page.keyboard.press("Enter")
        expect(chosen).to_have_text("the same as Harbour pilots of coder-1")
        for way in ("by keys", "by the mouse"):
            page.keyboard.press("ArrowDown")
            expect(here).to_contain_text(PASSAGES[1])
            page.keyboard.press("ArrowUp")
            page.keyboard.press("r")
            page.wait_for_function(f"() => ({TAKEN})()[0] === 'right'")
            expect(here).to_contain_text(PASSAGES[1])
            page.wait_for_function(SAVED)
            assert page.evaluate(FATES) == ["actor-of-coder-1", "coder-1/actor-of-coder-1"]
            page.evaluate("() => claimlogDesk.choose('a+a')")
            page.keyboard.press("o")
            page.wait_for_function(f"() => ({TAKEN})()[0] === null")
            if way == "by keys":
                fates.filter(has_text="register it as it is").click()
                expect(chosen).to_have_text("register it as it is")
                same.click()
                expect(chosen).to_have_text("the same as Harbour pilots of coder-1")


@pytest.mark.slow
def test_what_another_judge_decided_or_took_back_is_undone_or_made_again_only_if_that_is_meant(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, "S104", "adjudicator-2")
    with entered(browser, desk, "adjudicator", "adjudicate/S104") as page:
        dialog = page.get_by_role("dialog")

        def asked(keys: str, said: str, answer: str, takes: list[str | None]) -> None:
            page.keyboard.press(keys)
            expect(dialog).to_contain_text(said)
            dialog.get_by_role("button", name=answer).click()
            expect(dialog).to_have_count(0)
            taken(takes)

        def unasked(keys: str, takes: list[str | None]) -> None:
            page.keyboard.press(keys)
            taken(takes)
            expect(dialog).to_have_count(0)

        def taken(takes: list[str | None]) -> None:
            page.wait_for_function(
                f"takes => ({TAKEN})().join() === takes", arg=",".join(one or "" for one in takes)
            )
            page.wait_for_function(SAVED)

        wait_for_passages(page)
        theirs = "was made by adjudicator-2"
        unasked("l", ["left", None, None, None])
        other.decide("none", "Two's reason.", ["b+b"])
        focus(page)
        page.wait_for_function(f"() => ({TAKEN})()[1] === 'none'")
        asked("Control+z", theirs, "Not now", ["left", "none", None, None])
        # nor after a reload, nor once a decision or a note of this page has changed nothing
        page.reload()
        wait_for_passages(page)
        asked("Control+z", theirs, "Not now", ["left", "none", None, None])
        page.evaluate("() => claimlogDesk.choose('b+b')")
        page.keyboard.press("x")
        page.wait_for_function("() => claimlogDesk.decisions.waiting.size === 0")
        asked("Control+z", theirs, "Not now", ["left", "none", None, None])
        page.evaluate("() => claimlogDesk.choose('c+c')")
        page.keyboard.press("c")
        page.keyboard.type("h")
        page.keyboard.press("Backspace")
        page.wait_for_function(SAVED)
        page.keyboard.press("Escape")
        asked("Control+z", theirs, "Not now", ["left", "none", None, None])
        # a step that was asked for before that was known is not made
        page.evaluate("() => claimlogDesk.choose('b+b')")
        with withheld(page, "PUT", "/b+b"):
            page.keyboard.press("x")
            page.keyboard.press("Control+z")
        expect(page.locator("#alarm")).to_contain_text("Not saved: undo")
        assert other.verdicts()[1] == ("none", "Two's reason.")
        # an own decision is taken back, and made again, without a question
        page.evaluate("() => claimlogDesk.choose('c+c')")
        unasked("r", ["left", "none", "right", None])
        page.reload()
        wait_for_passages(page)
        unasked("Control+z", ["left", "none", None, None])
        unasked("Control+y", ["left", "none", "right", None])
        unasked("Control+z", ["left", "none", None, None])
        asked("Control+z", theirs, "Take it back", ["left", None, None, None])
        unasked("Control+y", ["left", "none", None, None])
        asked("Control+z", theirs, "Take it back", ["left", None, None, None])
        # what they took back is theirs to make again
        state = other.shown()["state"]
        assert other.client.post(f"{other.path}/undo", json={"state": state}).status_code == 200
        focus(page)
        page.wait_for_function(f"() => ({TAKEN})()[0] === null")
        said = "was taken back by adjudicator-2"
        asked("Control+y", said, "Not now", [None, None, None, None])
        asked("Control+y", said, "Make it again", ["left", None, None, None])


@pytest.mark.slow
def test_what_was_typed_of_a_passage_of_one_pass_is_not_put_on_one_of_that_name_in_the_next(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, AGAIN)
    _code_again(desk, "ferry will sink")
    with entered(browser, desk, "adjudicator", f"adjudicate/{AGAIN}") as page:
        wait_for_passages(page, 1)
        page.evaluate(NOTHING_LEAVES)
        page.keyboard.press("c")
        page.keyboard.type("A ferry is no boat.")
        page.keyboard.press("Escape")
        page.keyboard.press("n")
        page.locator("dialog button[data-slot=statement]").click()
        page.keyboard.press("Control+a")
        page.keyboard.type("Ferries sink.")
        page.wait_for_function(
            "() => Object.keys(localStorage).some(key => key.includes('/begun/'))"
        )
        again = page.context.new_page()
        page.close()
        _begin_anew(desk, other)
        _code_again(desk, "keeper slept")
        again.goto(f"{desk.base}/adjudicator/adjudicate/{AGAIN}")
        wait_for_passages(again, 1)
        expect(again.locator("#units .here")).to_contain_text("keeper slept")
        alarm = again.locator("#alarm")
        expect(alarm).to_contain_text("the note “A ferry is no boat.”")
        expect(alarm).to_contain_text("the value of your own “Ferries sink.”")
        expect(again.locator("#saved")).to_have_text("Not saved")
        expect(again.locator("#units .here input")).to_have_value("")
        expect(again.get_by_role("dialog")).to_have_count(0)
        # what is typed now is of what is compared now, and is there after a reload
        again.keyboard.press("n")
        expect(again.get_by_role("dialog")).not_to_contain_text("Ferries sink.")
        again.locator("dialog button[data-slot=statement]").click()
        again.keyboard.press("Control+a")
        again.keyboard.type("A keeper sleeps.")
        again.reload()
        expect(again.get_by_role("dialog")).to_contain_text("A keeper sleeps.")
        again.get_by_role("button", name="Not now").click()
        assert other.verdicts() == [(None, None)]
        # what was typed before is kept, whatever is decided, until the person says that it may go
        again.keyboard.press("l")
        again.wait_for_function(f"() => ({TAKEN})()[0] === 'left'")
        again.wait_for_function("() => claimlogDesk.decisions.waiting.size === 0")
        for is_read_anew in (False, True):
            if is_read_anew:
                again.reload()
                wait_for_passages(again, 1)
            expect(alarm).to_contain_text("the note “A ferry is no boat.”")
            expect(alarm).to_contain_text("the value of your own “Ferries sink.” (")
            expect(again.locator("#saved")).to_have_text("Not saved")
        for words in ("the note", "the value of your own"):
            alarm.get_by_role("button", name=f"Give up {words}").click()
            expect(alarm).not_to_contain_text(words)
        again.wait_for_function(SAVED)
        again.reload()
        wait_for_passages(again, 1)
        again.wait_for_function(SAVED)
        expect(alarm).to_be_hidden()
        assert other.verdicts() == [("left", None)]


@pytest.mark.slow
def test_nothing_is_taken_over_before_it_is_saved_what_becomes_of_each_entry(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, "S106")
    same = "the same as Harbour pilots of coder-1"
    with entered(browser, desk, "adjudicator", "adjudicate/S106") as page:
        wait_for_passages(page)
        other.decide("left", None, ["a+a", "b+b", "c+c"])
        focus(page)
        page.wait_for_function("() => claimlogDesk.state.open === 1")
        fates = page.get_by_role("group", name="What becomes of actor-of-coder-2")
        page.route("**/proposals/**", lambda route: route.abort())
        fates.get_by_role("button", name=same).click()
        alarm = page.locator("#alarm")
        expect(alarm).to_contain_text("Not saved: what becomes of actor-of-coder-2")
        page.unroute_all()
        page.evaluate("() => claimlogDesk.choose('d+d')")
        page.keyboard.press("l")  # of something else
        page.wait_for_function("() => claimlogDesk.state.open === 0")
        expect(alarm).to_contain_text("Not saved: what becomes of actor-of-coder-2")
        page.locator("#commit").click()
        page.get_by_role("dialog").get_by_role("button", name="Take over").click()
        expect(alarm).to_contain_text("what becomes of actor-of-coder-2; taking over")
        expect(page.locator("#saved")).to_have_text("Not saved")
        assert not other.shown()["committed"]
        fates.get_by_role("button", name=same).click()
        page.wait_for_function(SAVED)
        page.locator("#commit").click()
        page.get_by_role("dialog").get_by_role("button", name="Take over").click()
        expect(page.locator("#after")).to_be_visible()
        assert page.evaluate(FATES) == ["actor-of-coder-1", "coder-1/actor-of-coder-1"]


@pytest.mark.slow
def test_a_basis_is_there_after_a_reload_and_a_pair_without_a_link_can_be_opened_again(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, "S105")
    take_over(other)
    with entered(browser, desk, "adjudicator", "links/S105") as page:
        here, basis = page.locator("#proposals .here"), page.locator("#basis")
        state = here.locator(".state")
        expect(state).to_have_text("open")
        page.keyboard.press("b")
        page.keyboard.type("The same log book.")
        page.reload()
        expect(basis).to_have_value("The same log book.")
        page.keyboard.press("0")
        page.keyboard.press("k")
        expect(state).to_have_text("no link")
        page.keyboard.press("o")
        expect(state).to_have_text("open")
        assert decided_links(other) == []
        # a link after that is taken back to what is open, not to what was said before it
        page.keyboard.press("0")
        page.keyboard.press("k")
        expect(state).to_have_text("no link")
        here.locator(".buttons button").first.click()
        page.keyboard.press("k")
        page.get_by_role("button", name="Take the link back").click()
        expect(state).to_have_text("open")
        assert decided_links(other) == []
        page.reload()
        expect(basis).to_have_value("")  # it was saved
        # what was typed of other claims is said, and not taken for a basis of these
        page.keyboard.press("b")
        page.keyboard.type("Of others.")
        page.evaluate(
            """() => {
                const key = Object.keys(localStorage).find((key) => key.includes("/basis/"));
                const kept = JSON.parse(localStorage.getItem(key));
                localStorage.setItem(key, JSON.stringify({ ...kept, words: "Other words." }));
            }"""
        )
        alarm = page.locator("#alarm")
        for _ in range(2):  # whatever is decided of the pair
            page.reload()
            expect(alarm).to_contain_text("Not saved: the basis “Of others.”")
            expect(basis).to_have_value("")
            page.keyboard.press("0")
            page.keyboard.press("k")
            expect(state).to_have_text("no link")
            expect(alarm).to_contain_text("Not saved: the basis “Of others.”")
            page.keyboard.press("o")
            expect(state).to_have_text("open")
        alarm.get_by_role("button", name="Give up the basis").click()
        expect(alarm).to_be_hidden()
        page.reload()
        expect(state).to_have_text("open")
        expect(alarm).to_be_hidden()


@pytest.mark.slow
def test_a_basis_that_one_window_empties_stays_kept_as_another_went_on_with_it(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, "S107")
    take_over(other)
    with entered(browser, desk, "adjudicator", "links/S107") as first:
        basis = first.locator("#basis")
        expect(basis).to_be_visible()
        first.keyboard.press("b")
        first.keyboard.type("The same log book")
        second = first.context.new_page()
        second.goto(first.url)
        expect(second.locator("#basis")).to_have_value("The same log book")
        first.bring_to_front()
        first.keyboard.type(", to the letter.")
        second.bring_to_front()
        second.locator("#basis").fill("")
        first.reload()
        expect(basis).to_have_value("The same log book, to the letter.")
        # one's own is gone once it is emptied
        basis.fill("")
        first.reload()
        expect(first.locator("#proposals .here .state")).to_have_text("open")
        expect(basis).to_have_value("")
