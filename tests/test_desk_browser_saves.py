"""Pages of texts, coding and claims in a real Chromium: what is said to be saved is, all of it.

Answers are withheld until something else was done, as on a machine that is slow.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from browser import NO_CHROMIUM, chromium, opened
from claimlog.package import Package
from conftest import World, copied
from test_desk_browser import OtherPage, entered
from workshop.bench.desk.desk_server import DeskServer, open_desk

ROLES = ("coder-1", "coder-2", "coder-3", "adjudicator")
MADE = "S102"
WITHHOLD = """([method, end]) => {
    const { fetch } = window;
    const released = new Promise((resolve) => {
        window.release = () => { window.fetch = fetch; resolve(); };
    });
    window.withheld = 0;
    window.fetch = async (url, options) => {
        const answer = await fetch(url, options);
        if (options.method !== method || !url.endsWith(end)) return answer;
        window.withheld += 1;
        await released;
        return answer;
    };
}"""


@pytest.fixture(scope="module")
def desk(registered: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskServer]:
    world = copied(registered, tmp_path_factory.mktemp("desk"))
    with open_desk(world.root, world.texts, ROLES) as server:
        yield server


@pytest.fixture(scope="module")
def browser(desk: DeskServer) -> Iterator[Browser]:  # noqa: ARG001
    if chromium() is None:
        pytest.skip(NO_CHROMIUM)
    with opened() as browser:
        yield browser


@contextmanager
def withheld(page: Page, method: str, end: str) -> Iterator[None]:
    """Answers to requests of an address that ends so reach the page when this is left."""
    page.evaluate(WITHHOLD, [method, end])
    yield
    page.wait_for_function("() => window.withheld > 0")
    page.evaluate("() => release()")


def test_furniture_that_is_marked_while_other_is_saved_is_not_said_to_be_saved(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, MADE)
    path = f"/adjudicator/api/sources/{MADE}"
    before = len(other.client.get(path).json()["text"]["furniture"])
    with entered(browser, desk, "adjudicator", f"sources/{MADE}") as page:
        saved, save = page.locator("#saved"), page.locator("#save")
        expect(page.locator("#marking-tools")).to_be_visible()
        page.locator("#scroller").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("m")
        expect(saved).to_have_text("Not saved")
        with withheld(page, "PUT", "/furniture"):
            save.click()
            expect(saved).to_have_text("Saving …")
            expect(save).to_be_disabled()
            page.locator("#scroller").focus()
            for key in ("ArrowDown", "ArrowDown", "ArrowDown", "m"):
                page.keyboard.press(key)
            expect(page.locator("#furniture li")).to_have_count(before + 2)
        expect(saved).to_have_text("Not saved")
        assert len(other.client.get(path).json()["text"]["furniture"]) == before + 1
        save.click()
        expect(saved).to_have_text("Saved")
        expect(save).to_be_disabled()
        assert len(other.client.get(path).json()["text"]["furniture"]) == before + 2
        page.locator("#furniture button").last.click()
        expect(saved).to_have_text("Not saved")


def test_what_is_typed_while_an_amendment_is_written_stays_and_is_written_next(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, MADE)
    path = "/adjudicator/api/claims/C001-001"

    def saved(column: str) -> Any:
        return other.client.get(path).json()["claim"][column]

    with entered(browser, desk, "adjudicator", "claims/C001-001") as page:
        changes, alarm = page.locator("#changes"), page.locator("#alarm")
        _answer(page, "statement", "It may come so.")
        page.fill("#reason", "It was said so.")
        with withheld(page, "POST", "/amend"):
            page.locator("#write").click()
            expect(page.locator("#write")).to_be_disabled()
            _answer(page, "note", "A note")
            page.wait_for_timeout(500)  # in which a page asks what the rules say of it
        expect(page.locator("#written")).to_be_visible()
        assert page.evaluate("() => document.activeElement.value") == "A note"
        page.keyboard.type(", typed on.")
        expect(changes).to_contain_text("A note, typed on.")
        expect(changes).not_to_contain_text("It may come so.")
        expect(alarm).to_be_hidden()
        assert (saved("statement"), saved("note")) == ("It may come so.", None)
        # what another amended meanwhile is shown, and what was typed here is laid over it
        World(Package(desk.folder), desk.texts).amend(
            "claims", "C001-001", statement="They may come, says another."
        )
        page.fill("#reason", "It was noted.")
        page.locator("#write").click()
        expect(alarm).to_contain_text("amended meanwhile")
        expect(page.locator("#title")).to_have_text("They may come, says another.")
        page.locator("#write").click()
        expect(changes).to_contain_text("Nothing is changed yet")
        expect(alarm).to_be_hidden()
        assert (saved("statement"), saved("note")) == (
            "They may come, says another.",
            "A note, typed on.",
        )


def test_a_page_with_something_unsaved_is_not_left_without_a_question(
    browser: Browser, desk: DeskServer
) -> None:
    with entered(browser, desk, "adjudicator", "claims/C001-001") as page:
        questions: list[str] = []

        def answer(dialog: Dialog) -> None:
            questions.append(dialog.type)
            dialog.accept()

        page.on("dialog", answer)
        _answer(page, "note", "Not to be lost.")
        page.reload()
        assert questions == ["beforeunload"]
        page.goto(f"{desk.base}/adjudicator/sources/{MADE}")
        expect(page.locator("#marking-tools")).to_be_visible()
        page.reload()
        expect(page.locator("#marking-tools")).to_be_visible()
        assert questions == ["beforeunload"]
        page.locator("#furniture button").last.click()
        page.reload()
        assert questions == ["beforeunload"] * 2


def _answer(page: Page, column: str, text: str) -> None:
    """Type the answer to a question of the form that is open."""
    page.locator(f"[data-slot={column}]").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
