"""What a browser keeps that is not saved, in a real Chromium: all is there for whom it is of."""

from __future__ import annotations

import json
from itertools import product
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Dialog, FilePayload, Page, expect

from browser import browser
from test_desk_browser import READY, SAVED, OtherPage
from test_desk_browser_packages import (
    CODED,
    DESCRIBED,
    ELSEWHERE,
    JUDGED,
    LINKED,
    LISTED,
    LOADED,
    MINE,
    PAIRS,
    UNITS,
    Desks,
    code,
    coding,
    desk,
    desks,
    enter,
    judging,
    make_another,
    relabel,
    running,
    windows,
)
from test_desk_browser_texts import registered_as
from workshop.bench.desk.desk_server import DeskServer

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


@pytest.mark.slow
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


@pytest.mark.slow
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


IDENTIFIER = "press:7/a b"
KEEP_AS_BEFORE = """([before, quoted]) => {
    const found = Object.entries(localStorage).filter(([key]) => key.includes(`/${quoted}/`));
    for (const [key, value] of found) {
        localStorage.removeItem(key);
        localStorage.setItem(key.replace(`/${quoted}/`, `/${before}/`), value);
        localStorage.setItem(key.replace(`/${quoted}/`, "/100%/"), "null");
    }
    return found.length;
}"""
"""Keeps what is of a source as earlier releases did, and something of one that was never quoted."""


def register_any(desk: DeskServer) -> None:
    """Register a source under an identifier that is quoted in addresses."""
    for name in ("sources", "claims", "codings"):
        path = desk.folder / "schemas" / f"{name}.json"
        schema = json.loads(path.read_text("utf-8"))
        for column in schema["fields"]:
            if column["name"] in ("source_id", "claim_id"):
                column["constraints"].pop("pattern", None)
        path.write_text(json.dumps(schema), "utf-8")
    with running(desk):
        registered_as(desk, IDENTIFIER)


@pytest.mark.slow
def test_a_claim_that_an_earlier_release_kept_is_gone_on_with_whatever_its_source_is_called(
    browser: Browser, desks: Desks
) -> None:
    first, second = desks
    quoted = quote(IDENTIFIER, safe="")
    path = f"code/{quoted}"

    def statements(desk: DeskServer) -> list[str]:
        client = OtherPage(desk, IDENTIFIER, "coder-1").client
        drafts = client.get(f"/coder-1/api/work/{quoted}").json()["drafts"]
        return [draft["value"]["statement"] for draft in drafts]

    for one in desks:
        register_any(one)
    with windows(browser) as context:

        def code_in_vain(desk: DeskServer) -> None:
            with running(desk):
                page = enter(context, desk, "coder-1", path, READY)
            code(page)
            expect(page.locator("#saved")).to_have_text("Not saved, kept in this browser")
            assert page.evaluate(KEEP_AS_BEFORE, [IDENTIFIER, quoted]) == 1
            page.close(run_before_unload=False)

        for one in desks:
            code_in_vain(one)
        make_another(second)
        with running(first):
            page = enter(context, first, "coder-1", path, READY)
            page.wait_for_function(SAVED)
            assert statements(first) == [MINE]
            page.close()
        with running(second):
            page = enter(context, second, "coder-1", path, READY)
            expect(page.locator(ELSEWHERE)).to_contain_text(f"{IDENTIFIER} “{MINE}”")
            page.locator(f"{ELSEWHERE} button").click()
            expect(page.locator(ELSEWHERE)).to_be_hidden()
            page.wait_for_function(READY)
            page.wait_for_function(SAVED)
            assert statements(second) == [MINE]


def test_what_a_judge_typed_in_an_earlier_release_is_kept_whatever_its_source_is_called(
    browser: Browser, desks: Desks
) -> None:
    desk, _ = desks
    words = {"left/a/note/b": {"said": "a/note/b"}, "note/a+b": {"text": "A note."}}
    read = """async ([what, source]) => {
        const { KeptValues } = await import("/static/kept_values.js");
        const { placeOf } = await import("/static/unsaved_kinds.js");
        const kept = new KeptValues(placeOf(what, source));
        return Object.fromEntries(["basis", "left", "note"].flatMap((one) => kept.below(one)));
    }"""
    keep = """async ([what, source, all]) => {
        const { KEPT } = await import("/static/api.js");
        for (const [name, value] of Object.entries(all)) {
            localStorage.setItem(`${KEPT}/${what}/${source}/${name}`, JSON.stringify(value));
        }
    }"""
    with windows(browser) as context, running(desk):
        page = enter(context, desk, "adjudicator", "", LISTED)
        for what, source in product(("decisions", "links"), (IDENTIFIER, "S1", "100%")):
            page.evaluate(keep, [what, source, words])
        page.reload()
        for what, source in product(("decisions", "links"), (IDENTIFIER, "S1", "100%")):
            found = page.evaluate(read, [what, source])
            assert found == {"a/note/b": {"said": "a/note/b"}, "a+b": {"text": "A note."}}


OF_OTHERS = """kind => {
    for (const [key, kept] of Object.entries(localStorage)) {
        if (!key.includes(`/${kind}/`)) continue;
        const others = { ...JSON.parse(kept), words: "others", compared: "others" };
        localStorage.setItem(key, JSON.stringify(others));
    }
}"""
"""Makes of what was typed of pairs, or passages, what was typed of others of the same names."""


@pytest.mark.slow
def test_any_sign_is_kept_of_what_a_judge_typed_of_claims_that_are_others_now(
    browser: Browser, desks: Desks
) -> None:
    desk, _ = desks
    words = "One line\u2028the next\u2029the last"
    with windows(browser) as context:
        with running(desk):
            page = enter(context, desk, "adjudicator", f"links/{LINKED}", PAIRS)
            judge = judging(context, desk)
        for one, key, kind in ((page, "b", "basis"), (judge, "c", "note")):
            one.bring_to_front()
            one.keyboard.press(key)
            one.keyboard.insert_text(words)
            one.evaluate(OF_OTHERS, kind)
            one.close(run_before_unload=False)
        with running(desk):
            for path, ready in ((f"links/{LINKED}", PAIRS), (f"adjudicate/{JUDGED}", UNITS)):
                page = enter(context, desk, "adjudicator", path, ready)
                for _ in range(2):
                    expect(page.locator("#alarm")).to_contain_text("One line\\u2028the next\\u2029")
                    page.reload()
                    page.wait_for_function(ready)
                page.locator("#alarm button").click()
                expect(page.locator("#alarm")).to_be_hidden()


STRANGE = ("{", "5", '"words"', "[]", "{}", '{"value": {}, "unit": 7}')
"""What no release keeps; the words of a person may be in it."""


@pytest.mark.slow
def test_what_is_kept_and_not_understood_is_said_and_keeps_no_page_from_starting(
    browser: Browser, desks: Desks
) -> None:
    desk, _ = desks
    keep = """async all => {
        const { KEPT } = await import("/static/api.js");
        const role = KEPT.split("/").at(-1);
        localStorage.setItem(`claimlog-desk-pins/${role}`, all.pins);
        for (const [name, value] of Object.entries(all.kept)) {
            localStorage.setItem(`${KEPT}/${name}`, value);
        }
    }"""
    kinds = ("work/{}/d", "decisions/{}/note/", "decisions/{}/begun/", "links/{}/basis/")
    places = (
        ("coder-1", f"code/{CODED}", READY, [kinds[0].format(CODED)]),
        ("adjudicator", f"adjudicate/{JUDGED}", UNITS, [one.format(JUDGED) for one in kinds[1:3]]),
        ("adjudicator", f"links/{LINKED}", PAIRS, [kinds[3].format(LINKED)]),
    )
    with windows(browser) as context, running(desk):
        for role, path, ready, names in places:
            page = enter(context, desk, role, "", LISTED)
            kept = {f"{name}{at}": text for name in names for at, text in enumerate(STRANGE)}
            page.evaluate(keep, {"kept": kept, "pins": "null"})
            page.goto(f"{desk.base}/{role}/{path}")
            page.wait_for_function(ready)
            said = page.locator(f"{ELSEWHERE} > div", has_text=path.partition("/")[2])
            expect(said).to_have_count(len(kept))
            expect(said.first).to_contain_text("does not understand")
            found = page.evaluate("() => Object.values(localStorage)")
            assert found.count("{") == len(names)
            said.locator("summary").first.click()
            expect(said.first.locator("details")).to_contain_text(STRANGE[0])
            for _ in kept:
                said.first.get_by_role("button").click()
            expect(page.locator(ELSEWHERE)).to_be_hidden()
            page.evaluate("() => localStorage.clear()")
            page.close()


def test_a_decision_is_made_while_the_browser_keeps_no_more(browser: Browser, desks: Desks) -> None:
    desk, _ = desks
    fill = """() => {
        for (const store of [localStorage, sessionStorage]) {
            store.clear();
            for (let size = 1 << 22; size; size >>= 1) {
                try {
                    for (let at = 0; ; at += 1) store.setItem(`${size}-${at}`, "x".repeat(size));
                } catch { /* full */ }
            }
        }
    }"""
    with windows(browser) as context, running(desk):
        page = judging(context, desk)
        page.evaluate(fill)
        for _ in range(2):
            page.keyboard.press("x")
        page.wait_for_function(SAVED)
        OtherPage(desk, JUDGED).await_verdicts([("none", None)] * 2)


TYPED = "Something that took an hour to find out."


@pytest.mark.slow
def test_before_a_page_with_anything_typed_in_a_form_is_left_the_browser_asks(
    browser: Browser, desks: Desks
) -> None:
    desk, _ = desks
    forms = (
        ("coder-1", f"code/{CODED}", READY, "#entry-note"),
        ("adjudicator", "review", LOADED, "#seal-method"),
        ("adjudicator", f"sources/{JUDGED}", LOADED, "#reason"),
        ("adjudicator", "claims/C001-001", "() => window.claimlogDesk?.record.row", "#reason"),
    )
    asked: list[str] = []

    def accept(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    with windows(browser) as context, running(desk):
        for role, path, ready, place in forms:
            page = enter(context, desk, role, path, ready)
            if place == "#entry-note":
                page.evaluate("() => { claimlogDesk.register('actors', 'Buoy Authority'); }")
            asked.clear()
            page.on("dialog", accept)
            expect(page.locator(place)).to_be_visible()
            page.locator(place).press("End")
            page.keyboard.insert_text(TYPED)
            page.reload()
            assert asked == ["beforeunload"], path
            page.wait_for_function(ready)
            page.reload()
            assert asked == ["beforeunload"], path
            page.close()
