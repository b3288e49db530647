"""What was typed in columns that are retired since, in a real Chromium: shown, and in no way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from browser import browser
from conftest import World, copied
from desk_client import ROLES, Opened, passage
from test_desk_browser import READY, SAVED, OtherPage
from test_desk_browser_packages import enter, windows
from test_desk_retired import MODALITIES, NOTE, SPEAKER, retire, said_by_a_keeper
from workshop.bench.desk.desk_server import DeskServer, open_desk

__all__ = ["browser"]

CODED, JUDGED = "S102", "S103"
TEXT = "The ferry will sink. Some ninety boats use the strait.\n"
UNIT = "() => window.claimlogDesk?.state?.units.length === 1"
KEY = "speaker_key of Attribution chain"
GONE = "There is no {} any more, for which “{}” was typed."


@pytest.fixture(scope="module")
def desk(registered: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A package at whose desk one codes a text, and two coded another."""
    world = copied(registered, tmp_path_factory.mktemp("desk"))
    asked = Opened.of(world.package, world.texts)
    asked.put("coder-1", CODED, "a", said_by_a_keeper())
    assert asked.register_text(TEXT, "The ferry") == JUDGED
    for role, modality in MODALITIES.items():
        place = passage("ferry will sink", TEXT)
        asked.put(role, JUDGED, "a", said_by_a_keeper(modality=modality) | place)
        asked.finish(role, JUDGED)
    asked.close()
    return world


@pytest.fixture
def server(desk: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskServer]:
    """The desk of a copy of it."""
    own = copied(desk, tmp_path_factory.mktemp("desk"))
    with open_desk(own.root, own.texts, ROLES) as server:
        yield server


def test_a_coder_is_shown_what_is_retired_and_saves_the_rest(
    browser: Browser, server: DeskServer
) -> None:
    with windows(browser) as context:
        page = enter(context, server, "coder-1", f"code/{CODED}", READY)
        page.evaluate("() => claimlogDesk.open('a')")
        page.locator("#summary button[data-slot=note]").click()
        server.kill()
        page.keyboard.type(" And more.")
        expect(page.locator("#saved")).to_have_text("Not saved, kept in this browser")
        retire(server.folder)
        server.start()
        page.close()
        page = enter(context, server, "coder-1", f"code/{CODED}", READY)
        page.evaluate("() => claimlogDesk.open('a')")
        gone = page.locator("#summary .gone")
        words = [GONE.format("note", f"{NOTE} And more."), GONE.format(KEY, SPEAKER)]
        expect(gone).to_have_text(words)
        page.locator("#summary button[data-slot=statement]").click()
        page.keyboard.type(" So it is.")
        page.wait_for_function(SAVED)
        expect(gone).to_have_text(words)
    client = OtherPage(server, CODED, "coder-1").client
    work = client.get(f"/coder-1/api/work/{CODED}").json()
    assert work["drafts"][0]["value"]["statement"] == "The beam was made weaker. So it is."
    body = {"state": work["state"]}
    assert client.post(f"/coder-1/api/work/{CODED}/finish", json=body).status_code == 200


def test_who_decides_is_shown_what_is_retired_and_takes_the_rest_over(
    browser: Browser, server: DeskServer
) -> None:
    retire(server.folder)
    with windows(browser) as context:
        page = enter(context, server, "adjudicator", f"adjudicate/{JUDGED}", UNIT)
        said = [GONE.format("note", NOTE), GONE.format(KEY, SPEAKER)]
        sides = ("coder-1", "coder-2")
        expected = [f"{side}: {words}" for side in sides for words in said]
        expect(page.locator("#units .coder-note")).to_have_text(expected)
        page.keyboard.press("n")
        expect(page.locator("dialog .gone")).to_have_text(said)
        page.get_by_role("button", name="Take this").click()
        other = OtherPage(server, JUDGED)
        other.await_verdicts([("new", None)])
    body = {"state": other.shown()["state"]}
    answer = other.client.post(f"{other.path}/commit", json=body)
    assert answer.status_code == 200, answer.text
