"""What a browser keeps that is not saved, in a real Chromium: all is there for whom it is of."""

from __future__ import annotations

from playwright.sync_api import Browser, FilePayload, Page, expect

from browser import browser
from test_desk_browser import READY
from test_desk_browser_packages import (
    DESCRIBED,
    LOADED,
    Desks,
    coding,
    desk,
    desks,
    enter,
    relabel,
    running,
    windows,
)

__all__ = ["browser", "desk", "desks"]

LOOK = "typed before the codebook or a schema was changed"


def choose(page: Page, name: str) -> None:
    """Choose a text of this name, whose words are others than those of another name."""
    words = f"The buoy of {name} is lost.\n".encode()
    text: FilePayload = {"name": name, "mimeType": "text/plain", "buffer": words}
    page.set_input_files("#file", text)
    expect(page.locator("#details")).to_be_visible()


def describe(page: Page, title: str) -> None:
    for column, value in (DESCRIBED | {"title": title}).items():
        page.fill(f"#entry-{column}", value)
    page.select_option("#entry-language", "en")
    page.select_option("#entry-reliability", "C")


def test_what_is_typed_of_texts_in_outdated_pages_is_there_when_each_is_chosen_again(
    browser: Browser, desks: Desks
) -> None:
    desk, _ = desks
    with windows(browser) as context, running(desk):
        page = enter(context, desk, "coder-1", "register", LOADED)
        page.on("dialog", lambda dialog: dialog.accept())
        alarm, title, of_a = page.locator("#alarm"), page.locator("#entry-title"), "that of a"

        def try_in_vain() -> None:
            page.locator("#save").click()
            expect(page.locator("#problems")).to_contain_text("reload it")
            page.reload()

        choose(page, "a.txt")
        describe(page, of_a)
        relabel(desk)
        try_in_vain()
        only_a = "What was typed of a.txt is kept: choose that text again."
        expect(alarm).to_have_text(only_a)
        choose(page, "b.txt")
        expect(alarm).to_have_text(only_a)
        page.reload()
        expect(alarm).to_have_text(only_a)  # of b.txt nothing was typed
        choose(page, "b.txt")
        describe(page, "that of b")
        relabel(desk, "Retold", "Told anew")
        try_in_vain()
        expect(alarm).to_contain_text("typed of a.txt, b.txt is kept: choose each of those texts")
        choose(page, "a.txt")
        expect(alarm).to_contain_text(LOOK)
        expect(alarm).to_contain_text("What was typed of b.txt is kept")
        expect(title).to_have_value(of_a)
        page.locator("#save").click()
        expect(page.locator("#title")).to_have_text(of_a)
        page.goto(f"{desk.base}/coder-1/register")
        expect(alarm).to_have_text("What was typed of b.txt is kept: choose that text again.")
        choose(page, "b.txt")
        expect(title).to_have_value("that of b")
        page.locator("#save").click()
        expect(page.locator("#title")).to_have_text("that of b")
        page.goto(f"{desk.base}/coder-1/register")
        page.wait_for_function(LOADED)
        expect(alarm).to_be_hidden()


def test_what_is_typed_of_entries_in_outdated_pages_is_there_when_each_is_asked_for_again(
    browser: Browser, desks: Desks
) -> None:
    desk, _ = desks
    with windows(browser) as context, running(desk):
        page = coding(context, desk)
        page.on("dialog", lambda dialog: dialog.accept())
        dialog, kind = page.get_by_role("dialog"), page.locator("#entry-actor_type")

        def ask(name: str) -> None:
            page.evaluate("name => { claimlogDesk.register('actors', name); }", name)
            expect(page.locator("#entry-name")).to_have_value(name)

        def reload() -> None:
            page.reload()
            page.wait_for_function(READY)

        ask("Buoy Authority")
        kind.select_option("agency")
        relabel(desk)
        dialog.get_by_role("button", name="Register").click()
        expect(dialog).to_contain_text("reload it")
        reload()
        ask("Ferry Guild")
        expect(dialog).not_to_contain_text(LOOK)
        kind.select_option("group")
        reload()
        for name, value in (("Buoy Authority", "agency"), ("Ferry Guild", "group")):
            ask(name)
            expect(dialog).to_contain_text(LOOK)
            expect(kind).to_have_value(value)
            dialog.get_by_role("button", name="Not now").click()
            expect(dialog).to_have_count(0)
        reload()
        for name in ("Buoy Authority", "Ferry Guild"):
            ask(name)
            expect(dialog).not_to_contain_text(LOOK)
            dialog.get_by_role("button", name="Not now").click()
