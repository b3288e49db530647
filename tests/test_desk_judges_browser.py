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
from test_desk_browser import SAVED, entered
from test_desk_judge_browser import (
    PASSAGES,
    TAKEN,
    code_by_two,
    wait_for_passages,
)
from workshop.bench.desk.desk_server import DeskServer, open_desk

__all__ = ["browser"]

TEXT = "The ferry will sink. Some ninety boats use it. Nobody minds them. A keeper slept.\n"
SOURCES = ("S103",)
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
