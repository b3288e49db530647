"""Columns that are renamed or of another type since a draft was saved, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from browser import browser
from claimlog.desk.carried_values import EARLIER
from conftest import World, copied
from desk_client import Opened
from test_desk_browser import READY, SAVED, OtherPage
from test_desk_browser_packages import enter, windows
from test_desk_browser_retired import CODED, GONE, server, typed_beside, write
from test_desk_other_columns import (
    GREEN,
    HARSH,
    add_key,
    coloured,
    count_colours,
    of_colour_and_tone,
    remove_colour_and_tone,
    rename_colour,
    said,
)
from workshop.bench.desk.desk_server import DeskServer

__all__ = ["browser", "coloured", "server"]


@pytest.fixture(scope="module")
def desk(coloured: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A package at whose desk one codes a text."""
    world = copied(coloured, tmp_path_factory.mktemp("desk"))
    asked = Opened.of(world.package, world.texts)
    asked.put("coder-1", CODED, "a", said())
    asked.close()
    return world


UNHELD = "“{1}” was typed for {0}, which cannot hold it any more."
DRAFT = "claimlogDesk.work.draft('a').value"


def open_anew(page: Page) -> None:
    page.reload()
    page.wait_for_function(READY)
    page.evaluate("() => claimlogDesk.open('a')")


def saved_claim(server: DeskServer) -> dict[str, object]:
    """Return what is saved of the claim's colours, tones and moods."""
    client = OtherPage(server, CODED, "coder-1").client
    (draft,) = client.get(f"/coder-1/api/work/{CODED}").json()["drafts"]
    return of_colour_and_tone(draft["value"])


@pytest.mark.slow
def test_a_coder_finds_answers_under_the_new_name_of_a_column_and_sends_what_was_typed_before(
    browser: Browser, server: DeskServer
) -> None:
    with windows(browser) as context:
        page = typed_beside(context, server, "colour", " and deep", rename_colour, add_key)
        typed = f"{GREEN} and deep"
        expect(page.locator("#summary .gone")).to_have_text(GONE.format("colour", typed))
        write(page, "statement", " So it is.")
        page.wait_for_function(f"() => {DRAFT}.statement.endsWith('is.')")
        page.wait_for_function(SAVED)
        # a page of now is asked for the mood, and nobody answered: no constant is put there
        assert saved_claim(server) == {"shade": typed, "tone": HARSH, "mood": None}
        open_anew(page)
        expect(page.locator("#summary button[data-slot=shade]")).to_contain_text(typed)
        expect(page.locator("#summary .gone")).to_have_count(0)
        write(page, "shade", " too")
        page.wait_for_function(f"() => {DRAFT}.shade?.endsWith('too')")
        page.wait_for_function(SAVED)
    assert saved_claim(server)["shade"] == f"{typed} too"


@pytest.mark.slow
def test_a_coder_is_shown_an_answer_of_another_type_until_the_question_is_answered_anew(
    browser: Browser, server: DeskServer
) -> None:
    count_colours(server.folder)
    with windows(browser) as context:
        page = enter(context, server, "coder-1", f"code/{CODED}", READY)
        page.evaluate("() => claimlogDesk.open('a')")
        gone = page.locator("#summary .gone")
        expect(gone).to_have_text(UNHELD.format("Colour", GREEN))
        write(page, "statement", " So it is.")
        page.wait_for_function(f"() => {DRAFT}.statement.endsWith('is.')")
        page.wait_for_function(SAVED)
        expect(gone).to_have_text(UNHELD.format("Colour", GREEN))
        write(page, "colour", "3")
        page.wait_for_function(f"() => {DRAFT}.colour === 3")
        page.wait_for_function(SAVED)
        open_anew(page)
        expect(gone).to_have_count(0)
    assert saved_claim(server) == {"colour": 3, "tone": HARSH}


@pytest.mark.slow
def test_a_coder_goes_on_with_a_claim_of_which_a_column_and_a_key_were_removed_meanwhile(
    browser: Browser, server: DeskServer
) -> None:
    with windows(browser) as context:
        page = typed_beside(context, server, "colour", " and deep", remove_colour_and_tone)
        write(page, "statement", " So it is.")
        page.wait_for_function(f"() => {DRAFT}.statement.endsWith('is.')")
        page.wait_for_function(SAVED)
        expect(page.locator("#alarm")).to_be_hidden()
    words = {f"colour{EARLIER}": f"{GREEN} and deep", f"tone{EARLIER}": HARSH}
    assert saved_claim(server) == words


@pytest.mark.slow
def test_an_answer_of_another_type_stays_when_what_was_typed_over_it_is_given_up(
    browser: Browser, server: DeskServer
) -> None:
    """Once the rest is saved too, for in the place of what is no number nothing is saved."""
    with windows(browser) as context:
        page = typed_beside(context, server, "colour", " and deep", count_colours)
        write(page, "statement", " So it is.")
        expect(page.locator("#alarm")).to_contain_text("is no number")
        page.get_by_role("button", name="Give this change up").click()
        page.wait_for_function(SAVED)
        expect(page.locator("#alarm")).to_be_hidden()
        assert page.evaluate(f"() => {DRAFT}.statement").endswith("So it is.")
    assert saved_claim(server) == {f"colour{EARLIER}": GREEN, "tone": HARSH}
