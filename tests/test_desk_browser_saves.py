"""Pages of texts, coding and claims in a real Chromium: what is said to be saved is, all of it.

Answers are withheld until something else was done, as on a machine that is slow.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from browser import NO_CHROMIUM, chromium, opened
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
