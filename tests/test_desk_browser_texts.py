"""Texts and identifiers of any kind at the desk, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, expect

from browser import browser
from conftest import World, copied
from test_desk_browser import entered
from test_desk_browser_saves import ROLES
from workshop.bench.desk.desk_server import DeskServer, open_desk

__all__ = ["browser"]


@pytest.fixture(scope="module")
def desk(registered: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskServer]:
    world = copied(registered, tmp_path_factory.mktemp("desk"))
    with open_desk(world.root, world.texts, ROLES) as server:
        yield server


def chosen(text: str) -> FilePayload:
    """A file with a text, as a person chooses it."""
    return {"name": "buoy.txt", "mimeType": "text/plain", "buffer": text.encode()}


@pytest.mark.parametrize("beside", [".", "a"])
def test_a_line_of_very_many_signs_that_do_not_print_is_drawn_and_lines_after_it_are_marked(
    browser: Browser, desk: DeskServer, beside: str
) -> None:
    line = f"\u200b{beside}" * 40_000
    text = f"A buoy was lost.\n{line}\nFrom\u200b home.\n"
    with entered(browser, desk, "coder-1", "register") as page:
        page.set_input_files("#file", chosen(text))
        expect(page.locator("#text p")).to_have_count(3)
        expect(page.locator(".escaped")).to_have_count(5000)
        assert page.evaluate("() => document.querySelectorAll('#text p')[1].dir") == "auto"
        page.locator("#scroller").focus()
        for _ in range(3):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("m")
        expect(page.locator("#furniture li")).to_contain_text(r"From\u200b home.")


def test_a_text_of_very_many_lines_and_a_list_of_very_many_rows_are_drawn(
    browser: Browser, desk: DeskServer
) -> None:
    with entered(browser, desk, "coder-1", "register") as page:
        drawn = page.evaluate(
            """async () => {
                const { fill, h } = await import("/static/dom.js");
                const { TextPane } = await import("/static/text_pane.js");
                const [text, scroller, list] = ["div", "div", "ul"].map((tag) => h(tag));
                new TextPane(text, scroller, "a\\n".repeat(200_000));
                fill(list, Array.from({ length: 200_000 }, () => h("li")));
                return [text, list].map((one) => one.childElementCount);
            }"""
        )
        assert drawn == [200_000, 200_000]
