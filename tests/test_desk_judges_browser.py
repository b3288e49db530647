"""Pages of who decides, in a real headless Chromium: another judge, another pass, keys of the page.

Fixtures have module scope; each test has a text of its own, which two coded.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from browser import browser
from conftest import World, copied
from desk_client import Opened
from slow_answers import withheld
from test_desk_browser import SAVED, OtherPage, entered
from test_desk_judge_browser import (
    PASSAGES,
    TAKEN,
    code_by_two,
    focus,
    wait_for_passages,
)
from workshop.bench.desk.desk_server import DeskServer, open_desk

__all__ = ["browser"]

TEXT = "The ferry will sink. Some ninety boats use it. Nobody minds them. A keeper slept.\n"
SOURCES = ("S103", "S104")
PILOTS = {"name": "Harbour pilots", "actor_type": "agency"}


@pytest.fixture(scope="module")
def desk(registered: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskServer]:
    """A desk with two who decide, and texts that two coded and see differently."""
    world = copied(registered, tmp_path_factory.mktemp("desk"))
    asked = Opened.of(world.package, world.texts)
    for source in SOURCES:
        code_by_two(asked, source, _text(source), PILOTS)
    asked.close()
    roles = ("coder-1", "coder-2", "adjudicator", "adjudicator-2")
    with open_desk(world.root, world.texts, roles) as server:
        yield server


def _text(source: str) -> str:
    return f"{TEXT}\nThis is {source}.\n"


FATES = "() => claimlogDesk.state.proposals.map(one => one.same_as ?? one.registered_as)"


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
            page.wait_for_function(SAVED)
            assert page.evaluate(TAKEN) == takes

        def unasked(keys: str, takes: list[str | None]) -> None:
            page.keyboard.press(keys)
            page.wait_for_function(
                f"takes => ({TAKEN})().join() === takes", arg=",".join(one or "" for one in takes)
            )
            page.wait_for_function(SAVED)
            expect(dialog).to_have_count(0)

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
