"""What was typed in columns that are retired since, in a real Chromium: shown, and in no way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from browser import browser
from conftest import World, copied
from desk_client import ROLES, Opened, passage
from test_desk_browser import READY, SAVED, OtherPage
from test_desk_browser_kept import choose, describe
from test_desk_browser_packages import LOADED, enter, windows
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


def write(page: Page, column: str, words: str) -> None:
    page.locator(f"#summary button[data-slot={column}]").click()
    page.keyboard.insert_text(words)


def typed_beside(
    context: BrowserContext,
    server: DeskServer,
    column: str,
    words: str,
    *changes: Callable[[Path], None],
) -> Page:
    """Return the page of a coder who typed an answer while the definition was changed."""
    page = enter(context, server, "coder-1", f"code/{CODED}", READY)
    page.evaluate("() => claimlogDesk.open('a')")
    server.kill()
    write(page, column, words)
    expect(page.locator("#saved")).to_have_text("Not saved, kept in this browser")
    for change in changes:
        change(server.folder)
    server.start()
    page.close()
    page = enter(context, server, "coder-1", f"code/{CODED}", READY)
    page.evaluate("() => claimlogDesk.open('a')")
    expect(page.locator("#alarm")).to_contain_text("Change it, and it is sent again.")
    return page


@pytest.mark.slow
def test_a_coder_is_shown_what_is_retired_and_saves_the_rest(
    browser: Browser, server: DeskServer
) -> None:
    with windows(browser) as context:
        page = typed_beside(context, server, "note", " And more.", retire)
        gone = page.locator("#summary .gone")
        words = [GONE.format("note", f"{NOTE} And more."), GONE.format(KEY, SPEAKER)]
        expect(gone).to_have_text(words)
        write(page, "statement", " So it is.")
        page.wait_for_function(SAVED)
        expect(gone).to_have_text(words)
    client = OtherPage(server, CODED, "coder-1").client
    work = client.get(f"/coder-1/api/work/{CODED}").json()
    assert work["drafts"][0]["value"]["statement"] == "The beam was made weaker. So it is."
    body = {"state": work["state"]}
    assert client.post(f"/coder-1/api/work/{CODED}/finish", json=body).status_code == 200


@pytest.mark.slow
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


HOUR = "That took an hour to find out."
NO_NOTE = GONE.format("note", HOUR)


@pytest.mark.slow
def test_words_of_an_entry_a_text_and_an_amendment_are_shown_once_their_column_is_retired(
    browser: Browser, server: DeskServer
) -> None:
    claims, path = "() => window.claimlogDesk?.record.row", "claims/C001-001"
    with windows(browser) as context:
        coder = enter(context, server, "coder-1", f"code/{CODED}", READY)
        text = enter(context, server, "coder-1", "register", LOADED)
        claim = enter(context, server, "adjudicator", path, claims)
        pages = (coder, text, claim)
        for page in pages:
            page.on("dialog", lambda dialog: dialog.accept())
        ask = "() => { claimlogDesk.register('actors', 'Buoy Authority'); }"
        coder.evaluate(ask)
        coder.locator("#entry-actor_type").select_option("agency")
        choose(text, "a.txt")
        expect(text.locator(".entry-form .gone")).to_have_count(0)
        describe(text, "A buoy")
        for page in (coder, text):
            page.fill("#entry-note", HOUR)
        claim.locator("[data-slot=note]").first.click()
        claim.keyboard.insert_text(HOUR)
        claim.fill("#reason", "It was noted.")
        retire(server.folder, ("claims", "actors", "sources"))
        coder.get_by_role("dialog").get_by_role("button", name="Register").click()
        text.locator("#save").click()
        claim.bring_to_front()
        claim.locator("#write").click()
        for page in pages:
            expect(page.get_by_text("reload it").last).to_be_visible()
        for _ in range(2):
            for page in pages:
                page.bring_to_front()
                page.reload()
            coder.wait_for_function(READY)
            coder.evaluate(ask)
            text.wait_for_function(LOADED)
            choose(text, "a.txt")
            for page in pages:
                expect(page.locator("form .gone, #changes .gone")).to_have_text([NO_NOTE])
        coder.get_by_role("dialog").get_by_role("button", name="Register").click()
        expect(coder.get_by_role("dialog")).to_have_count(0)
        claim.get_by_role("button", name="Give these words up").click()
        expect(claim.locator("#changes .gone")).to_have_count(0)
        expect(claim.locator("#reason")).to_have_value("It was noted.")
        text.locator("#save").click()
        expect(text.locator("#title")).to_have_text("A buoy")


KEEP_MISFITS = """async given => {
    const { KEPT, DEFINITION } = await import("/static/api.js");
    const { fits } = await import("/static/held_value.js");
    const { form, work, text } = claimlogDesk;
    const kindOf = one => `${one.kind} ${one.list}`;
    const kinds = all => [...new Map(all.map(one => [kindOf(one), one])).values()];
    const { fields } = form.streams.claims;
    const [of] = fields.filter(one => one.kind === "objects");
    const found = [];
    for (const field of [...kinds(fields), ...kinds(of.fields)]) {
        const list = fields.includes(field) ? null : of;
        for (const held of given) {
            if (fits(field, held)) continue;
            const name = `m${found.length}`;
            const row = { [field.column]: held };
            const passage = { utf16: [4, 19], text_sha256: text.sha256 };
            const cells = list ? { [list.column]: [row] } : row;
            const value = { statement: name, ...cells, ...passage };
            const change = { name, value, base: 0, file: work.file, earlier: {}, mark: name };
            const kept = JSON.stringify({ ...change, definition: DEFINITION });
            localStorage.setItem(`${work.queue.place}/${name}`, kept);
            const words = typeof held === "object" ? JSON.stringify(held) : String(held);
            found.push([name, list ? `${list.column}.0.${field.column}` : field.column, words]);
        }
    }
    return found;
}"""
"""Keeps in the browser, of each kind of field, what its form cannot hold."""

REFUSED = "name => claimlogDesk.work.queue.changes.get(name)?.refusal"


@pytest.mark.slow
def test_what_fits_a_field_no_more_is_shown_in_words_and_the_rest_is_saved(
    browser: Browser, server: DeskServer
) -> None:
    given = ["green as the sea", 5, True, ["a", "b"], [{"hue": "green"}], {"start": 1}]
    with windows(browser) as context:
        page = enter(context, server, "coder-1", f"code/{CODED}", READY)
        found = page.evaluate(KEEP_MISFITS, given)
        assert len(found) > len(given) * 4
        page.reload()
        page.wait_for_function(READY)
        for name, key, words in found:
            page.wait_for_function(REFUSED, arg=name)
            page.evaluate("([name, key]) => claimlogDesk.open(name, key)", [name, key])
            expect(page.locator(f"#summary [data-slot='{key}'] .value")).to_have_text(words)
            expect(page.locator("#panel .flaws")).to_contain_text(f"“{words}” was typed for")
        expect(page.locator("#alarm")).to_contain_text("answer it anew")
        client = OtherPage(server, CODED, "coder-1").client
        drafts = client.get(f"/coder-1/api/work/{CODED}").json()["drafts"]
        saved = {draft["draft"]: draft["value"] for draft in drafts}
        assert {name for name, _, _ in found} < {*saved}
        for name, key, _ in found:
            page.evaluate("([name, key]) => claimlogDesk.open(name, key)", [name, key])
            page.evaluate("() => claimlogDesk.record.set(null)")
        page.wait_for_function(SAVED)
        expect(page.locator("#alarm")).to_be_hidden()
