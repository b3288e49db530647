"""Desks of two packages, one after the other at one address in one real Chromium.

Roles, ports and numbers of sources are the same in every package by default: what is unsaved of one
is neither shown, saved nor forgotten at the desk of another, be it a copy of it.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, FilePayload, Page, expect

from browser import WIDE, browser
from conftest import World, copied
from desk_client import ROLES, Opened, claim_value, passage
from test_desk_browser import READY, SAVED, OtherPage, log_in
from workshop.bench.desk.desk_server import HOST, DeskServer

__all__ = ["browser"]

CODED, JUDGED, MARKED, LINKED = "S102", "S103", "S104", "S001"
TEXT = "The ferry will sink. Some ninety boats use the strait.\n"
NOTICE = "All of it is on sale.\n"
ELSEWHERE = "#kept-elsewhere"
MINE = "What is typed here is of one package."
Desks = tuple[DeskServer, DeskServer]


@pytest.fixture(scope="module")
def desk(registered: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A package at whose desk two coded a text, and see a passage of it differently."""
    world = copied(registered, tmp_path_factory.mktemp("desk"))
    asked = Opened.of(world.package, world.texts)
    assert asked.register_text(TEXT, "The ferry") == JUDGED
    assert asked.register_text(NOTICE, "A notice") == MARKED
    for role, modality in (("coder-1", "actual"), ("coder-2", "hypothetical")):
        for name, words in (("a", "ferry will sink"), ("b", "Some ninety boats")):
            place = passage(words, TEXT)
            value = claim_value("boats", "They may be there.", modality=modality)
            asked.put(role, JUDGED, name, value | place)
        asked.finish(role, JUDGED)
    asked.close()
    return world


@pytest.fixture
def desks(desk: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    """The desks of two copies of it, at one address; neither is started."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    first, second = (copied(desk, tmp_path_factory.mktemp("desk")) for _ in range(2))
    both = tuple(DeskServer(one.root, one.texts, port, ROLES) for one in (first, second))
    yield both[0], both[1]
    for server in both:
        server.stop()


@contextmanager
def running(desk: DeskServer) -> Iterator[None]:
    """The desk answers, until a power cut."""
    desk.start()
    yield
    desk.kill()


@contextmanager
def windows(browser: Browser) -> Iterator[BrowserContext]:
    """Windows of one person; any script that fails there fails the test."""
    context = browser.new_context(viewport=WIDE)
    faults: list[str] = []
    context.on("weberror", lambda error: faults.append(str(error.error)))
    yield context
    assert not faults
    context.close()


def enter(context: BrowserContext, desk: DeskServer, role: str, path: str, ready: str) -> Page:
    log_in(context, desk, role)
    page = context.new_page()
    page.goto(f"{desk.base}/{role}/{path}")
    page.wait_for_function(ready)
    return page


LISTED = "() => document.querySelector('#sources tr')"
PAIRS = "() => document.querySelector('#proposals li.here')"
UNITS = "() => window.claimlogDesk?.state?.units.length === 2"


def coding(context: BrowserContext, desk: DeskServer) -> Page:
    return enter(context, desk, "coder-1", f"code/{CODED}", READY)


def judging(context: BrowserContext, desk: DeskServer) -> Page:
    return enter(context, desk, "adjudicator", f"adjudicate/{JUDGED}", UNITS)


def code(page: Page, statement: str = MINE) -> None:
    """Begin a claim, with its statement."""
    page.evaluate("() => claimlogDesk.take([4, 19])")
    page.locator("#summary button", has_text="Statement").first.click()
    page.keyboard.insert_text(statement)


def make_another(desk: DeskServer) -> None:
    """Put another file in the place of the lock, as where a package is restored."""
    lock = desk.folder / ".claimlog" / "desk" / "lock"
    shutil.copy2(lock, lock.with_name("copied"))
    lock.with_name("copied").replace(lock)


def relabel(desk: DeskServer, label: str = "Paraphrased", other: str = "Retold") -> None:
    """Call a code otherwise: pages that are open are of another codebook from then on."""
    codes = desk.folder / "schemas" / "codebook" / "codes" / "voice.csv"
    before = codes.read_text("utf-8")
    assert f",{label}," in before
    codes.write_text(before.replace(f",{label},", f",{other},"), "utf-8")


def statements(desk: DeskServer) -> list[Any]:
    """Return what is saved of a coder."""
    client = OtherPage(desk, CODED, "coder-1").client
    drafts = client.get(f"/coder-1/api/work/{CODED}").json()["drafts"]
    return [draft["value"].get("statement") for draft in drafts]


@pytest.mark.slow
def test_a_claim_that_one_desk_has_not_saved_is_kept_from_the_next_and_saved_by_its_own(
    browser: Browser, desks: Desks
) -> None:
    first, second = desks
    with windows(browser) as context:
        with running(first):
            page = coding(context, first)
        code(page)
        expect(page.locator("#saved")).to_have_text("Not saved, kept in this browser")
        page.close()
        with running(second):
            page = coding(context, second)
            page.wait_for_function(SAVED)
            assert page.evaluate("() => claimlogDesk.work.drafts") == []
            assert statements(second) == []
            expect(page.locator(ELSEWHERE)).to_contain_text(
                "keeps 1 change of coder-1 that another"
            )
            page.close()
        with running(first):
            page = coding(context, first)
            page.wait_for_function(SAVED)
            assert statements(first) == [MINE]
            page.reload()
            page.wait_for_function(READY)
            expect(page.locator(ELSEWHERE)).to_be_hidden()


COPY_KEPT = """([words, from, to, hash]) => {
    const isIt = ([key, kept]) => key.includes(from) && kept.includes(words);
    const [key, kept] = Object.entries(localStorage).find(isIt);
    const { value, ...change } = JSON.parse(kept);
    const text_sha256 = hash ?? value.text_sha256;
    const copy = JSON.stringify({ ...change, value: { ...value, text_sha256 } });
    localStorage.setItem(key.replace(from, to), copy);
}"""
"""Keeps a change once more, as of another source or of another text."""


@pytest.mark.slow
def test_a_desk_goes_on_with_what_one_other_has_not_saved_and_with_nothing_of_any_third(
    browser: Browser, desks: Desks
) -> None:
    first, second = desks
    others = "That is of another package."
    with windows(browser) as context:
        for desk, words in ((first, MINE), (second, others)):
            with running(desk):
                page = coding(context, desk)
            code(page, words)
            expect(page.locator("#saved")).to_have_text("Not saved, kept in this browser")
            page.close()
        make_another(first)
        with running(first):
            page = coding(context, first)
            # of a source that is not here, and of another text than is here
            page.evaluate(COPY_KEPT, [MINE, f"{CODED}/", "S999/", None])
            page.evaluate(COPY_KEPT, [MINE, f"{CODED}/", f"{CODED}/e", "0" * 64])
            page.reload()
            page.wait_for_function(READY)
            own, other = (
                page.locator(f"{ELSEWHERE} > div", has_text=words) for words in (MINE, others)
            )
            expect(other).to_contain_text("keeps 1 change of coder-1 that another desk")
            expect(own).to_contain_text("keeps 3 changes of coder-1 that another desk")
            expect(own).to_contain_text(f"S999 “{MINE}”")
            own.get_by_role("button").click()
            expect(own).to_contain_text("keeps 2 changes of coder-1 that another desk")
            page.wait_for_function(READY)
            page.wait_for_function(SAVED)
            assert statements(first) == [MINE]
            own.get_by_role("button").click()
            expect(page.locator("#live")).to_contain_text("Nothing was taken")
            expect(own).to_contain_text("keeps 2 changes")
            expect(other).to_be_visible()
            page.close()
        with running(second):
            page = coding(context, second)
            page.wait_for_function(SAVED)
            assert statements(second) == [others]


@pytest.mark.slow
def test_a_basis_that_one_desk_has_not_saved_is_said_at_the_next_which_can_go_on_with_it(
    browser: Browser, desks: Desks
) -> None:
    first, second = desks
    with windows(browser) as context:
        with running(first):
            page = enter(context, first, "adjudicator", f"links/{LINKED}", PAIRS)
        page.keyboard.press("b")
        page.keyboard.insert_text(MINE)
        page.close()
        with running(second):
            page = enter(context, second, "adjudicator", f"links/{LINKED}", PAIRS)
            expect(page.locator("#basis")).to_have_value("")
            expect(page.locator(ELSEWHERE)).to_contain_text(f"{LINKED} “{MINE}”")
            page.locator(f"{ELSEWHERE} button").click()
            expect(page.locator("#basis")).to_have_value(MINE)
            expect(page.locator(ELSEWHERE)).to_be_hidden()


@pytest.mark.slow
def test_nothing_unsaved_is_kept_of_a_kind_that_the_next_desk_would_not_find(
    browser: Browser, desks: Desks
) -> None:
    with windows(browser) as context, running(desks[0]):
        page = judging(context, desks[0])
        keep = "what => claimlogDesk.decisions.browser.keep(what, { text: 'Words.' })"
        page.evaluate(keep, "note/a+a")
        with pytest.raises(Error, match="is of no kind in"):
            page.evaluate(keep, "remark/a+a")


@pytest.mark.slow
def test_what_a_judge_began_at_one_desk_is_kept_from_the_next_and_shown_by_its_own(
    browser: Browser, desks: Desks
) -> None:
    first, second = desks
    with windows(browser) as context:
        with running(first):
            page = judging(context, first)
        page.evaluate("() => claimlogDesk.choose('b+b')")
        page.keyboard.press("c")
        page.keyboard.insert_text("A careful note.")
        expect(page.locator("#alarm")).to_contain_text("cannot be reached")
        page.keyboard.press("Escape")
        page.evaluate("() => claimlogDesk.choose('a+a')")
        page.keyboard.press("n")
        page.locator("dialog button[data-slot=statement]").click()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(MINE)
        page.close()
        with running(second):
            page = judging(context, second)
            page.wait_for_function(SAVED)
            expect(page.get_by_role("dialog")).to_have_count(0)
            expect(page.locator("#live")).not_to_contain_text("corrected")
            assert OtherPage(second, JUDGED).verdicts() == [(None, None)] * 2
            page.close()
        with running(first):
            page = judging(context, first)
            expect(page.get_by_role("dialog")).to_contain_text(MINE)
            page.wait_for_function(SAVED)
            assert OtherPage(first, JUDGED).verdicts() == [(None, None), (None, "A careful note.")]


def expect_both_refused(coder: Page, judge: Page, said: str) -> None:
    """Code and decide on pages that say why nothing of it is saved."""
    code(coder)
    expect(coder.locator("#alarm")).to_contain_text(said)
    expect(coder.locator("#saved")).to_have_text("Not saved, kept in this browser")
    judge.bring_to_front()
    judge.keyboard.press("x")
    expect(judge.locator("#alarm")).to_contain_text(said)
    expect(judge.locator("#saved")).to_have_text("Not saved")


@pytest.mark.slow
def test_a_page_that_stayed_open_goes_on_with_its_own_desk_alone(
    browser: Browser, desks: Desks
) -> None:
    first, second = desks
    refused = "this page is of another desk"
    with windows(browser) as context:
        with running(first):
            coder, judge = coding(context, first), judging(context, first)
            start = enter(context, first, "coder-1", "", LISTED)
        with running(second):
            for role in ("coder-1", "adjudicator"):
                log_in(context, second, role)
            expect_both_refused(coder, judge, refused)
            start.evaluate("() => dispatchEvent(new Event('focus'))")
            expect(start.locator("#alarm")).to_contain_text(refused)
            assert statements(second) == []
            assert OtherPage(second, JUDGED).verdicts() == [(None, None)] * 2
        with running(first):
            for role in ("coder-1", "adjudicator"):
                log_in(context, first, role)
            for page in (coder, judge):
                # a coder's page tries again by itself, perhaps just now
                page.evaluate("() => document.querySelector('#alarm button')?.click()")
                page.wait_for_function(SAVED)
                expect(page.locator("#alarm")).to_be_hidden()
            assert statements(first) == [MINE]
            assert OtherPage(first, JUDGED).verdicts() == [("none", None), (None, None)]


@pytest.mark.slow
def test_what_is_typed_in_forms_of_another_codebook_is_looked_at_before_it_is_saved(
    browser: Browser, desks: Desks
) -> None:
    desk, _ = desks
    refused = "the codebook or a schema was changed since this page was opened; reload it"
    with windows(browser) as context, running(desk):
        coder, judge = coding(context, desk), judging(context, desk)
        relabel(desk)
        expect_both_refused(coder, judge, refused)
        coder.bring_to_front()
        coder.reload()
        coder.wait_for_function(READY)
        expect(coder.locator("#alarm")).to_contain_text("typed before the codebook")
        expect(coder.locator("#saved")).to_have_text("Not saved")
        assert statements(desk) == []
        assert OtherPage(desk, JUDGED).verdicts() == [(None, None)] * 2
        coder.evaluate("() => claimlogDesk.open(claimlogDesk.work.drafts[0].draft, 'statement')")
        coder.keyboard.press("End")
        coder.keyboard.insert_text(" So it is.")
        coder.wait_for_function(SAVED)
        assert statements(desk) == [f"{MINE} So it is."]


@pytest.mark.slow
def test_a_form_that_is_sent_as_a_whole_is_in_the_page_that_is_reloaded_for_another_codebook(
    browser: Browser, desks: Desks
) -> None:
    desk, _ = desks
    buoy: FilePayload = {"name": "buoy.txt", "mimeType": "text/plain", "buffer": b"It is lost.\n"}
    look = "typed before the codebook or a schema was changed"
    with windows(browser) as context, running(desk):
        text = enter(context, desk, "coder-1", "register", LOADED)
        claim = enter(context, desk, "adjudicator", "claims/C001-001", "() => window.claimlogDesk")
        marks = enter(context, desk, "adjudicator", f"sources/{MARKED}", LOADED)
        seal = enter(context, desk, "adjudicator", "review", LOADED)
        pages = (text, claim, marks, seal)
        for page in pages:
            page.on("dialog", lambda dialog: dialog.accept())
        text.set_input_files("#file", buoy)
        for column, value in DESCRIBED.items():
            text.fill(f"#entry-{column}", value)
        text.select_option("#entry-language", "en")
        text.select_option("#entry-reliability", "C")
        _mark_line(text)
        claim.locator("[data-slot=note]").first.click()
        claim.keyboard.insert_text("A careful note.")
        claim.fill("#reason", "It was noted.")
        _mark_line(marks)
        expect(seal.locator("#seal-method")).not_to_have_value("")
        seal.fill("#seal-title", "Of ferries")
        relabel(desk)
        for page, button in ((text, "#save"), (claim, "#write"), (marks, "#save")):
            page.bring_to_front()
            page.locator(button).click()
            expect(page.locator("#problems")).to_contain_text("reload it")
        seal.bring_to_front()
        seal.locator("#seal").click()
        seal.locator("dialog button.strong").click()
        expect(seal.locator("#seal-problems")).to_contain_text("reload it")
        claim.bring_to_front()
        claim.locator("#reason").press("End")
        claim.keyboard.insert_text(" So it is.")  # typed on after it was refused
        for _ in range(2):  # whatever becomes of the first page
            for page in pages:
                page.reload()
        expect(text.locator("#alarm")).to_contain_text("typed of buoy.txt is kept")
        text.set_input_files("#file", buoy)
        for page in pages:
            expect(page.locator("#alarm")).to_contain_text(look)
        expect(seal.locator("#seal-title")).to_have_value("Of ferries")
        for page, button in ((text, "#save"), (claim, "#write"), (marks, "#save")):
            page.bring_to_front()
            page.locator(button).click()
        expect(marks.locator("#saved")).to_have_text("Saved")
        expect(claim.locator("#history")).to_contain_text("It was noted. So it is.")
        expect(text.locator("#title")).to_have_text(DESCRIBED["title"])
        client = OtherPage(desk, JUDGED).client
        source = text.url.rpartition("/")[2]
        for name, end in ((source, len(buoy["buffer"]) - 1), (MARKED, len(NOTICE) - 1)):
            found = client.get(f"/adjudicator/api/sources/{name}").json()
            assert [one["utf16"] for one in found["text"]["furniture"]] == [[0, end]]
        found = client.get("/adjudicator/api/claims/C001-001").json()
        assert found["claim"]["note"] == "A careful note."
        for page in (claim, marks):
            page.reload()
        expect(claim.locator("#changes")).to_contain_text("Nothing is changed yet")
        expect(claim.locator("#alarm")).to_be_hidden()
        expect(marks.locator("#furniture li")).to_have_count(1)
        expect(marks.locator("#alarm")).to_be_hidden()


@pytest.mark.slow
def test_an_entry_that_is_typed_in_an_outdated_page_is_there_when_it_is_asked_for_again(
    browser: Browser, desks: Desks
) -> None:
    desk, _ = desks

    def ask(page: Page) -> None:
        page.wait_for_function("() => window.claimlogDesk?.record.row")
        page.evaluate("() => claimlogDesk.record.goTo('dyad_from')")
        page.keyboard.press("+")

    with windows(browser) as context, running(desk):
        page = enter(context, desk, "adjudicator", "claims/C001-001", "() => window.claimlogDesk")
        page.on("dialog", lambda dialog: dialog.accept())
        dialog = page.get_by_role("dialog")
        ask(page)
        page.fill("#entry-name", "Buoy Authority")
        page.select_option("#entry-actor_type", "agency")
        relabel(desk)
        dialog.get_by_role("button", name="Register").click()
        expect(dialog).to_contain_text("reload it")
        for _ in range(2):
            page.reload()
            page.wait_for_function("() => window.claimlogDesk?.record.row")
        ask(page)
        expect(page.locator("#entry-name")).to_have_value("Buoy Authority")
        expect(page.locator("#entry-actor_id")).to_have_value("buoy-authority")
        expect(page.locator("#entry-actor_type")).to_have_value("agency")
        expect(dialog).to_contain_text("typed before the codebook or a schema was changed")
        dialog.get_by_role("button", name="Register").click()
        expect(dialog).to_have_count(0)
        ask(page)
        expect(page.locator("#entry-name")).to_have_value("")


LOADED = "() => document.readyState === 'complete'"
DESCRIBED = {
    "title": "A buoy",
    "publisher": "The Example Gazette",
    "rights": "Ours.",
    "reliability_rationale": "Invented.",
}


def _mark_line(page: Page) -> None:
    """Mark the first line of a text as furniture."""
    page.bring_to_front()
    expect(page.locator("#marking-tools")).to_be_visible()
    page.locator("#scroller").focus()
    for key in ("ArrowDown", "m"):
        page.keyboard.press(key)
    expect(page.locator("#furniture li")).to_have_count(1)


@pytest.mark.slow
def test_a_page_goes_on_when_the_package_has_new_rights_or_was_moved(
    browser: Browser, desks: Desks
) -> None:
    desk, _ = desks
    lock = desk.folder / ".claimlog" / "desk" / "lock"
    with windows(browser) as context:
        with running(desk):
            page, judge = coding(context, desk), judging(context, desk)
            before = desk.address("coder-1")
        code(page)
        expect(page.locator("#saved")).to_have_text("Not saved, kept in this browser")
        lock.chmod(lock.stat().st_mode ^ 0o100)
        with running(desk):
            assert desk.address("coder-1") != before
            for role in ("coder-1", "adjudicator"):
                log_in(context, desk, role)
            page.evaluate("() => document.querySelector('#alarm button')?.click()")
            page.wait_for_function(SAVED)
            assert statements(desk) == [MINE]
        page.keyboard.insert_text(" So it is.")
        judge.bring_to_front()
        judge.evaluate("() => claimlogDesk.choose('b+b')")
        judge.keyboard.press("c")
        judge.keyboard.insert_text("A careful note.")
        expect(judge.locator("#alarm")).to_contain_text("cannot be reached")
        make_another(desk)
        with running(desk):
            for role in ("coder-1", "adjudicator"):
                log_in(context, desk, role)
            page.evaluate("() => document.querySelector('#alarm button')?.click()")
            expect(page.locator("#alarm")).to_contain_text("if its package was moved or restored")
            for own, ready in ((page, READY), (judge, UNITS)):
                own.bring_to_front()
                own.reload()
                own.wait_for_function(ready)
                own.locator(f"{ELSEWHERE} button").click()
                expect(own.locator(ELSEWHERE)).to_be_hidden()
                own.wait_for_function(ready)
                own.wait_for_function(SAVED)
            assert statements(desk) == [f"{MINE} So it is."]
            assert OtherPage(desk, JUDGED).verdicts() == [(None, None), (None, "A careful note.")]
