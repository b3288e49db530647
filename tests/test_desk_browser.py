"""The coding desk in a real headless Chromium, by keys alone: coding, deciding, sealing, failures.

Fixtures have module scope: one server and one browser for all, and a source for each journey.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accessibility import page_violations
from browser import PHONE, browser
from claimlog.escaping import UNPRINTABLE
from claimlog.log.read_log import read
from claimlog.package import Package
from conftest import ROOT, World, copied
from desk_client import ARTICLE, Opened, claim_value, offsets, passage
from own_topics import TESTIMONY
from slow_answers import lose_answer
from workshop.bench.desk.desk_driver import LETTERS, DeskDriver
from workshop.bench.desk.desk_server import DeskServer, open_desk

__all__ = ["browser"]

ROLES = ("coder-1", "coder-2", "coder-3", "adjudicator")
MADE = "S102"
"""The article of the desk's tests, which the package of `registered` has."""
SCRIPTS = (
    "🗼 שומרי המגדלור חלוקים\n\nהמשרד עמעם את המנורה, אמר שומר.\n\n"
    "灯塔看守人意见不一。 部里调暗了灯。\n"
)
TABS = "The ferry was late again. The master blamed the fog. Nobody believed him at all.\n"
TURNED = "She said \u202ella ta ton\u202c yester\u00adday.\n\nIt was \u200bnot\u200b an error.\n"
LATE = "The last ferry came at noon. Some ninety people were on it, and none of them complained.\n"
JUDGED = "The ferry will sink. Some ninety boats use the strait. Nobody minds them at all.\n"
KEYS = json.loads((ROOT / "scripts/claimlog/desk/web/static/keys.json").read_text("utf-8"))
READY = "() => window.claimlogDesk && claimlogDesk.cursor && claimlogDesk.cursor.hasFocus"
SAVED = "() => document.getElementById('saved').dataset.state === 'saved'"
DRAFTS = "() => claimlogDesk.work.drafts.map(one => one.value)"
CODES: dict[str, Any] = {
    "content": "event",
    "voice": "author",
    "modality": "actual",
    "topic": "sharing",
    "origin_basis": "unknown",
    "time_frame": "past",
    "sharing_effect": "none",
    "coder_confidence": "high",
}


expect.set_options(timeout=30_000)  # a machine may have other work


@pytest.fixture(scope="module")
def desk(registered: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskServer]:
    """A desk that is served, with further texts: one of other scripts, and one for two windows."""
    world = copied(registered, tmp_path_factory.mktemp("desk"))
    asked = Opened.of(world.package, world.texts)
    for name, text in (
        ("scripts.txt", SCRIPTS),
        ("tabs.txt", TABS),
        ("turned\u202etxt.txt", TURNED),
        ("late.txt", LATE),
    ):
        register_text(asked, name, text)
    _code_by_two(asked)
    asked.close()
    with open_desk(world.root, world.texts, ROLES) as server:
        yield server


def register_text(asked: Opened, name: str, text: str) -> None:
    kind = {"content-type": "application/octet-stream"}
    path = f"/coder-1/api/texts?{urlencode({'name': name})}"
    answer = asked.send("POST", path, "coder-1", text.encode(), kind).json()
    source = {
        "title": answer["name"],
        "publisher": "The Example Gazette",
        "language": "en",
        "rights": "Ours.",
        "reliability": "C",
        "reliability_rationale": "Invented.",
    }
    upload = answer["upload"]
    asked.take("coder-1", "POST", "sources", upload=upload, source=source, furniture=[])


def _code_by_two(asked: Opened) -> None:
    """Register a text, and code it by two who see two passages differently."""
    register_text(asked, "judged.txt", JUDGED)
    for role, modality in (("coder-1", "actual"), ("coder-2", "hypothetical")):
        for name, words in (("a", "ferry will sink"), ("b", "Some ninety boats")):
            place = passage(words, JUDGED)
            value = claim_value("boats", "They may be there.", modality=modality) | place
            asked.put(role, "S107", name, value)
        asked.finish(role, "S107")


class OtherPage:
    """Another page of a role, of who decides at first, which sends what it is told to."""

    def __init__(self, desk: DeskServer, source: str, role: str = "adjudicator") -> None:
        self.client = httpx.Client(base_url=desk.base, headers={"origin": desk.base}, timeout=60)
        entered = self.client.get(desk.address(role).removeprefix(desk.base))
        self.client.headers["cookie"] = entered.headers["set-cookie"].partition(";")[0]
        self.path = f"/{role}/api/adjudication/{source}"

    def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(self.path).json()
        return found

    def decide(self, take: str, note: str | None, units: Sequence[str] = ("a+a", "b+b")) -> None:
        revisions = {unit["unit"]: unit["rev"] for unit in self.shown()["units"]}
        for unit in units:
            body = {"base": revisions[unit], "take": take, "note": note}
            answer = self.client.put(f"{self.path}/units/{unit}", json=body)
            assert answer.status_code == 200, answer.text

    def verdicts(self) -> list[tuple[str, str | None]]:
        units = self.shown()["units"]
        return [(unit["verdict"] and unit["verdict"]["take"], unit["note"]) for unit in units]

    def await_verdicts(self, expected: list[tuple[str, str | None]]) -> None:
        """Ask until the verdicts are as expected: a page sends one after the other."""
        for _ in range(300):
            if self.verdicts() == expected:
                return
            time.sleep(0.1)
        assert self.verdicts() == expected


def log_in(context: BrowserContext, desk: DeskServer, role: str) -> None:
    """Give the pages of a context the cookie of a role, without drawing where that begins."""
    answer = context.request.get(desk.address(role), max_redirects=0)
    assert answer.status == 303, answer.status_text


@contextmanager
def entered(browser: Browser, desk: DeskServer, role: str, path: str = "") -> Iterator[Page]:
    """A page of a role, by its address; any script that fails there fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    if path:
        log_in(context, desk, role)
        page.goto(f"{desk.base}/{role}/{path}")
    else:
        page.goto(desk.address(role))
    try:
        yield page
        assert not faults
    finally:
        context.close()


@contextmanager
def coding(browser: Browser, desk: DeskServer, role: str, source: str) -> Iterator[Page]:
    with entered(browser, desk, role, f"code/{source}") as page:
        page.wait_for_function(READY)
        yield page


def words_of(page: Page, quote: str) -> tuple[int, int]:
    """Return the numbers of the first and the last word of a passage."""
    found = page.evaluate(
        "quote => { const at = claimlogDesk.text.content.indexOf(quote); "
        "return claimlogDesk.words.within([at, at + quote.length]) }",
        quote,
    )
    return found[0], found[1]


def code(page: Page, quote: str, statement: str, **given: Any) -> int:
    """Code a passage by keys alone; return how many."""
    row = {**CODES, "statement": statement, **given}
    return DeskDriver(page).code_claim(words_of(page, quote), row)


def finish(page: Page) -> None:
    page.wait_for_function(SAVED)
    page.get_by_role("button", name="Finish …").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Finish").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#finished")).to_be_visible()


def dialog_yes(page: Page) -> None:
    page.locator("dialog button.strong").focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog")).to_have_count(0)


PASSAGES = {
    "has dimmed the lamp": "Its light was made weaker by those in charge of ports.",
    "ships will founder": "Vessels could go down in those waters.",
    "Some ninety boats": "About ninety small vessels pass there.",
}


def test_an_article_is_coded_by_two_decided_sealed_and_seen_by_keys_alone(
    browser: Browser, desk: DeskServer
) -> None:
    for role, topic in (("coder-1", "sharing"), ("coder-2", "law")):
        with coding(browser, desk, role, MADE) as page:
            counts = [code(page, *item) for item in PASSAGES.items()]
            assert max(counts) <= 16
            if role == "coder-1":
                code(page, "The ministry may relight the lamp", "It might burn again.", topic=topic)
            else:  # another code for the last one, by its letter
                page.keyboard.press("Alt+ArrowUp")
                page.keyboard.press("Escape")
            finish(page)
            assert len(page.evaluate(DRAFTS)) == (4 if role == "coder-1" else 3)
    with entered(browser, desk, "adjudicator", f"adjudicate/{MADE}") as page:
        expect(page.locator("#units .here")).to_be_visible()
        assert not page_violations(page, "adjudicate")
        _decide_across_reloads(page, desk)
        page.keyboard.press("l")  # the passage that coder-1 alone marked
        expect(page.locator("#left-open")).to_have_text("3 passages to decide")
        page.keyboard.press("a")
        expect(page.locator("#left-open")).to_have_text("everything is decided")
        page.keyboard.press("Control+z")
        expect(page.locator("#left-open")).to_have_text("3 passages to decide")
        page.keyboard.press("Control+y")
        expect(page.locator("#left-open")).to_have_text("everything is decided")
        page.get_by_role("button", name="Take over …").focus()
        page.keyboard.press("Enter")
        dialog_yes(page)
        expect(page.locator("#after")).to_be_visible()
    with entered(browser, desk, "coder-2", f"verdicts/{MADE}") as page:
        expect(page.locator("#units .state").first).to_have_text("as the other said")
        expect(page.locator("#units .notice")).to_have_text("To you: It is said twice.")
        assert not page_violations(page, "verdicts")
    with entered(browser, desk, "adjudicator", "review") as page:
        expect(page.locator("#verdict")).to_contain_text("nothing breaks a rule")
        page.locator("#preview").press("Enter")
        site = page.frame_locator("iframe")
        expect(site.locator("main")).to_be_visible(timeout=60_000)
        assert not page_violations(page, "review")
        address = page.locator("iframe").get_attribute("src")
        page.goto(f"{desk.base}{address}claims/C102-001")
        expect(page.locator("main")).to_contain_text(PASSAGES["has dimmed the lamp"])
        page.goto(f"{desk.base}/adjudicator/review")
        expect(page.locator("#seal-method")).not_to_have_value("")
        page.locator("#seal").press("Enter")
        dialog_yes(page)
        expect(page.locator("#sealed")).to_contain_text("Sealed as events/", timeout=60_000)
    claims = read(Package(desk.folder)).live("claims").to_dicts()
    statements = {row["statement"] for row in claims if row["source_id"] == MADE}
    assert statements == {*PASSAGES.values(), "It might burn again."}
    with entered(browser, desk, "adjudicator", "claims/C102-001") as page:
        page.locator("[data-slot=topic]").click()
        page.keyboard.press("t")
        expect(page.locator("#changes")).to_contain_text("Version 2")
        page.fill("#reason", "It is about reliance.")
        page.locator("#write").press("Enter")
        expect(page.locator("#written")).to_be_visible()
        expect(page.locator("#history")).to_contain_text("It is about reliance.")
        assert not page_violations(page, "claim")


HERE = "() => window.claimlogDesk && claimlogDesk.state && document.querySelector('#units .here')"


def _decide_across_reloads(page: Page, desk: DeskServer) -> None:
    """Type a note and a value, kill the server and reload: all of it is there, at its place."""
    address = page.url
    page.keyboard.press("c")
    page.keyboard.insert_text("It is said twice.")
    page.wait_for_function("() => Object.keys(claimlogDesk.decisions.notes).length === 0")
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    expect(page.locator("#left-open")).to_have_text("3 passages to decide")
    desk.kill()
    desk.start()
    page.goto(address)
    page.wait_for_function(HERE)
    expect(page.locator("#left-open")).to_have_text("3 passages to decide")
    expect(page.locator("#units .here .unit-head")).to_contain_text("no claim · It is said twice.")
    page.keyboard.press("Control+z")
    expect(page.locator("#left-open")).to_have_text("4 passages to decide")
    page.keyboard.press("n")
    page.locator("dialog button[data-slot=statement]").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("Perhaps it burns again.")
    assert not page_violations(page, "a value of one's own")
    page.reload()
    page.wait_for_function(HERE)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Perhaps it burns again.")
    dialog.get_by_role("button", name="Not now").click()
    expect(page.locator("#units .here input")).to_have_value("It is said twice.")
    page.locator("#units .here").focus()
    page.keyboard.press("?")
    expect(page.locator(".cheat-sheet dd").first).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#units .here").focus()


@pytest.mark.slow
def test_pages_are_accessible(browser: Browser, desk: DeskServer) -> None:
    found = []
    with entered(browser, desk, "coder-3") as page:
        expect(page.locator("#coder-form")).to_be_visible()
        found += page_violations(page, "start")
        page.goto(f"{desk.base}/coder-3/register")
        found += page_violations(page, "register")
        page.set_input_files(
            "#file", {"name": "new.txt", "mimeType": "text/plain", "buffer": ARTICLE[9:].encode()}
        )
        expect(page.locator("#details")).to_be_visible()
        page.locator("#scroller").press("ArrowDown")
        page.keyboard.press("m")
        expect(page.locator("#furniture li")).to_have_count(1)
        found += page_violations(page, "register, a text")
    with coding(browser, desk, "coder-3", MADE) as page:
        found += page_violations(page, "code, the text")
        page.keyboard.type("as")
        found += page_violations(page, "code, a text field")
        page.keyboard.insert_text("A statement.")
        page.keyboard.press("Enter")
        found += page_violations(page, "code, codes")
        for key in (".", "d"):
            page.keyboard.press(key)
        page.wait_for_selector("#entries:not([aria-busy])", state="attached")
        found += page_violations(page, "code, a lookup")
        page.keyboard.press("F1")
        found += page_violations(page, "keys")
        page.keyboard.press("F1")
        page.keyboard.press("Escape")
        page.keyboard.press("Delete")
        page.wait_for_function(SAVED)
    with entered(browser, desk, "adjudicator", f"links/{MADE}") as page:
        found += page_violations(page, "links")
        page.goto(f"{desk.base}/adjudicator/sources/S103")
        expect(page.locator("#furniture-form")).to_be_visible()
        found += page_violations(page, "source")
    assert not found, "\n".join(found)


@pytest.mark.slow
def test_what_was_acknowledged_survives_a_kill_and_what_was_not_is_kept_and_sent(
    browser: Browser, desk: DeskServer
) -> None:
    with coding(browser, desk, "coder-1", "S104") as page:
        code(page, "The ferry was late", "The boat did not come on time.")
        page.wait_for_function(SAVED)
        for key in "sd":  # a second claim, which the server never hears of
            if key == "d":
                desk.kill()
            page.keyboard.press(key)
        page.keyboard.insert_text("He did so.")
        page.keyboard.press("Enter")
        page.keyboard.press("1")
        expect(page.locator("#saved")).to_have_text("Not saved, kept in this browser")
        expect(page.locator("#alarm")).to_contain_text("cannot be reached")
        desk.start()
        page.goto(f"{desk.base}/coder-1/code/S104")  # as after the browser was killed, too
        page.wait_for_function(READY)
        page.wait_for_function(SAVED)
        page.reload()
        page.wait_for_function(READY)
        drafts = page.evaluate(DRAFTS)
        assert [draft["statement"] for draft in drafts] == [
            "The boat did not come on time.",
            "He did so.",
        ]
        assert drafts[1]["content"] == "event"
        # its words were sent when the server was gone, and again before its answers were
        for key, length in (("z", 1), ("y", 2)):
            for _ in range(2):
                page.keyboard.press(f"Control+{key}")
            said = (
                "value => claimlogDesk.work.drafts.length === value && !claimlogDesk.work.stepping"
            )
            page.wait_for_function(said, arg=length)
        assert page.evaluate(DRAFTS) == drafts


@pytest.mark.slow
def test_coding_goes_on_without_a_network_and_catches_up(
    browser: Browser, desk: DeskServer
) -> None:
    with coding(browser, desk, "coder-2", "S104") as page:
        page.evaluate("() => claimlogDesk.names.find('actors', '')")
        page.context.set_offline(True)
        code(page, "The ferry was late", "It did not come on time.")
        assert page.evaluate("() => claimlogDesk.cursor.hasFocus")
        expect(page.locator("#saved")).to_have_text("Not saved, kept in this browser")
        page.context.set_offline(False)
        page.evaluate("() => dispatchEvent(new Event('online'))")
        page.wait_for_function(SAVED)
        page.reload()
        page.wait_for_function(READY)
        assert page.evaluate(DRAFTS)[0]["statement"] == "It did not come on time."


@pytest.mark.slow
def test_of_two_windows_nothing_is_lost(browser: Browser, desk: DeskServer) -> None:
    with coding(browser, desk, "coder-3", "S104") as first:
        code(first, "Nobody believed him", "He was not trusted.")
        first.wait_for_function(SAVED)
        second = first.context.new_page()
        second.goto(f"{desk.base}/coder-3/code/S104")
        second.wait_for_function(READY)
        second.evaluate(
            "() => { claimlogDesk.work.others.onmessage = null }"
        )  # it hears nothing of the first
        for page, key in ((first, "2"), (second, "3")):
            page.evaluate("() => { claimlogDesk.work.refresh = async () => {} }")
            page.evaluate("() => claimlogDesk.open(claimlogDesk.work.drafts[0].draft, 'content')")
            page.keyboard.press(key)
        first.wait_for_function(SAVED)
        expect(second.locator("#alarm")).to_contain_text("changed elsewhere")
        second.get_by_role("button", name="Compare and decide").click()
        table = second.locator(".versions-table .differs")
        expect(table).to_contain_text("Content")
        assert not page_violations(second, "conflict")
        second.get_by_role("button", name="Take what is here").click()
        second.wait_for_function(SAVED)
        assert second.evaluate(DRAFTS)[0]["content"] == "attitude"


CLICK_LEFT_TWICE = """() => {
    for (const name of ["a+a", "b+b"]) {
        claimlogDesk.choose(name);
        const buttons = [...document.querySelectorAll("#units .here button")];
        buttons.find(one => one.textContent.includes("take coder-1")).click();
    }
}"""
TAKES = "() => claimlogDesk.state.units.map(one => one.verdict?.take ?? null)"


@pytest.mark.slow
def test_a_judge_changes_and_takes_over_what_was_shown_when_it_was_asked_for(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, "S107")
    with entered(browser, desk, "adjudicator", "adjudicate/S107") as page:
        alarm = page.locator("#alarm")
        page.wait_for_function("() => window.claimlogDesk?.state?.units.length === 2")
        other.decide("none", "No claim.")
        page.evaluate(CLICK_LEFT_TWICE)  # the second waits for the answer to the first
        expect(alarm).to_contain_text("Another page decided meanwhile")
        expect(alarm).to_contain_text("left on “ferry will sink”; left on “Some ninety boats”")
        assert other.verdicts() == [("none", "No claim.")] * 2
        page.evaluate(CLICK_LEFT_TWICE)
        other.await_verdicts([("left", "No claim.")] * 2)
        page.wait_for_function(SAVED)
        expect(alarm).to_be_hidden()
        # what is done next does not rest on a decision that the page did not show
        other.decide("right", "No claim.", ["b+b"])
        page.evaluate("() => claimlogDesk.choose('a+a')")
        page.keyboard.press("x")
        expect(alarm).to_contain_text("what it saved is shown now")
        assert page.evaluate(TAKES) == ["none", "right"]
        assert page.evaluate("() => claimlogDesk.state.state") == other.shown()["state"]
        # the dialog asks about what was shown before it, with a note that is typed and without
        for note in ("Mine.", ""):
            page.evaluate("() => claimlogDesk.choose('a+a')")
            if note:
                page.keyboard.press("c")
                page.keyboard.type(note)
            other.decide("none" if note else "left", "Its own.")
            page.evaluate("() => document.getElementById('commit').click()")
            dialog_yes(page)
            expect(alarm).to_contain_text("Not saved: the note" if note else "taking over")
            assert not other.shown()["committed"]
            assert other.verdicts() == [("none" if note else "left", "Its own.")] * 2
            page.evaluate("() => { claimlogDesk.decisions.notes = {} }")
        # a note that is typed is not put over one that was saved there since, but with it
        page.evaluate("() => claimlogDesk.decisions.load()")
        page.evaluate("() => claimlogDesk.choose('a+a')")
        page.keyboard.press("c")
        page.keyboard.press("End")
        page.keyboard.type(" And mine.")
        page.evaluate("() => claimlogDesk.decisions.saveNotes()")
        other.await_verdicts([("left", "Its own. And mine."), ("left", "Its own.")])
        page.keyboard.type(" Or not.")
        other.decide("left", "Another.", ["a+a"])
        assert not page.evaluate("() => claimlogDesk.decisions.saveNotes()")
        assert not page.evaluate("() => claimlogDesk.decisions.saveNotes()")
        assert other.verdicts()[0] == ("left", "Another.")
        page.keyboard.type(".")
        expect(page.locator("#units .here .unit-head")).to_contain_text("Another.")
        assert not page.evaluate("() => claimlogDesk.decisions.saveNotes()")
        assert other.verdicts()[0] == ("left", "Another.")
        page.keyboard.type(" Another.")
        page.get_by_role("button", name="Write your note in its place").click()
        mine = "Its own. And mine. Or not.. Another."
        other.await_verdicts([("left", mine), ("left", "Its own.")])


@pytest.mark.slow
def test_a_text_is_finished_as_it_was_shown_when_that_was_confirmed(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, "S104", "coder-2")
    with coding(browser, desk, "coder-2", "S104") as page:
        code(page, "Nobody believed him", "He was not trusted.")
        page.wait_for_function(SAVED)
        page.get_by_role("button", name="Finish …").click()
        value = claim_value("boats", "It came late.") | passage("ferry was late", TABS)
        path = "/coder-2/api/work/S104"
        saved = other.client.put(f"{path}/drafts/other", json={"base": 0, "value": value})
        assert saved.status_code == 200, saved.text
        page.evaluate("() => claimlogDesk.work.refresh()")
        page.get_by_role("dialog").get_by_role("button", name="Finish").click()
        expect(page.get_by_role("dialog")).to_contain_text("changed in another window")
        assert not other.client.get(path).json()["finished"]
        page.get_by_role("dialog").get_by_role("button", name="Close").click()
        # a change of its own does not make the page go on from one that it has not shown
        body = {"base": saved.json()["draft"]["rev"], "value": {**value, "topic": "law"}}
        assert other.client.put(f"{path}/drafts/other", json=body).status_code == 200
        more = [{**CODES, "statement": "It was the air."}, offsets("blamed the fog", TABS)]
        page.evaluate("more => claimlogDesk.work.save('more', ...more) && null", more)
        page.wait_for_function(SAVED)
        page.wait_for_function("() => claimlogDesk.work.draft('other')?.value.topic === 'law'")
        page.route("**/finish", lose_answer)
        finish(page)  # which the page looks up
        names = {one["draft"] for one in other.client.get(path).json()["drafts"]}
        assert {"other", "more"} < names


@pytest.mark.slow
def test_pages_of_links_and_of_the_open_batch_do_what_they_showed(
    browser: Browser, desk: DeskServer
) -> None:
    other, world = OtherPage(desk, "S107"), World(Package(desk.folder), desk.texts)
    other.decide("left", None)
    body = {"state": other.shown()["state"]}
    assert other.client.post(f"{other.path}/commit", json=body).status_code == 200
    ends = {"from_claim_id": "C107-002", "to_claim_id": "C107-001"}
    with entered(browser, desk, "adjudicator", "links/S107") as page:
        alarm, here = page.locator("#alarm"), page.locator("#proposals .here")
        pair = page.get_by_role("button", name=re.compile(r"C107-00\d and C107"))

        def open_pair() -> None:
            if pair.count():
                pair.click()  # it went on to another one

        expect(here).to_contain_text("C107-001")
        world.amend("claims", "C107-001", statement="They may be there, says another.")
        page.fill("#basis", "Both say so.")
        page.keyboard.press("Escape")
        page.keyboard.press("1")
        expect(alarm).to_contain_text("others now; look at them")
        open_pair()
        expect(page.locator("#basis")).to_have_value("Both say so.")
        expect(here).to_contain_text("says another")
        page.keyboard.press("1")
        expect(page.locator("body")).to_contain_text("Linked.")
        open_pair()
        take_back = page.get_by_role("button", name="Take the link back")
        expect(take_back).to_be_visible()
        expect(alarm).to_be_hidden()
        (link,) = (row for row in _open_rows(other) if row["stream"] == "links")
        path = f"/adjudicator/api/open/{link['id']}"
        assert other.client.request("DELETE", path, json={}).status_code == 200
        again = world.add("links", [{**ends, "relation": "implies", "basis": "Another's."}])
        assert again == [link["id"]]
        take_back.click()
        expect(alarm).to_contain_text("is another row now")
        assert [row["id"] for row in _open_rows(other) if row["stream"] == "links"] == again
    with entered(browser, desk, "adjudicator", "review") as page:
        alarm, dialog = page.locator("#alarm"), page.locator("dialog")
        expect(page.locator("#seal-method")).not_to_have_value("")
        world.amend("claims", "C107-002", statement="They may be there, says a third.")
        page.locator("#seal").press("Enter")
        dialog_yes(page)
        expect(page.locator("#seal-problems")).to_contain_text("other rows now")
        expect(page.locator("#rows")).to_contain_text("says a third")
        page.get_by_role("button", name="Take C107-001 back").first.click()
        dialog.locator("button.strong").click()
        expect(dialog).to_contain_text("These cannot stay without it")
        expect(dialog).to_contain_text(f"{again[0]}: refers to C107-001")
        ends["to_claim_id"], ends["from_claim_id"] = "C001-001", "C107-001"
        world.add("links", [{**ends, "relation": "implies", "basis": "A third one's."}])
        dialog.locator("button.strong").click()
        expect(alarm).to_contain_text("with others that depend on it now")
        assert [row for row in _open_rows(other) if row["id"] == "C107-001"]


def _open_rows(page: OtherPage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.client.get("/adjudicator/api/open").json()["rows"]
    return found


def test_texts_of_other_scripts_are_chosen_by_labels_and_marked_to_the_letter(
    browser: Browser, desk: DeskServer
) -> None:
    with coding(browser, desk, "coder-1", "S103") as page:
        for quote in ("המשרד עמעם את המנורה", "部里调暗了灯"):
            code(page, quote, "The lamp was made weaker.")
        page.wait_for_function(SAVED)
        spans = page.evaluate(
            "() => claimlogDesk.work.drafts.map(one => [one.quote, one.span.start, one.span.end])"
        )
        assert [quote for quote, _, _ in spans] == ["המשרד עמעם את המנורה", "部里调暗了灯"]
        assert all(SCRIPTS[start:end] == quote for quote, start, end in spans)
        marked = page.evaluate(
            "() => ['claim-1', 'claim-current'].flatMap(name => [...CSS.highlights.get(name)].map("
            "range => range.startContainer.data.slice(range.startOffset, range.endOffset)))"
        )
        assert {quote for quote, _, _ in spans} <= set(marked)


@pytest.mark.slow
def test_what_turns_or_hides_words_of_a_text_is_seen_and_counts_as_itself(
    browser: Browser, desk: DeskServer
) -> None:
    with coding(browser, desk, "coder-1", "S105") as page:
        assert page.inner_text("#title") == r"turned\u202etxt.txt"
        escapes = page.eval_on_selector_all(".escaped", "all => all.map(one => one.dataset.said)")
        assert escapes == [r"\u202e", r"\u202c", r"\xad", r"\u200b", r"\u200b"]
        for quote in ("yester\u00adday", "error"):
            code(page, quote, "Something was said.")
        page.wait_for_function(SAVED)
        spans = page.evaluate(
            "() => claimlogDesk.work.drafts.map(one => [one.quote, one.span.start, one.span.end])"
        )
        assert [quote for quote, _, _ in spans] == ["yester\u00adday", "error"]
        assert all(TURNED[start:end] == quote for quote, start, end in spans)
        shown = page.evaluate("() => document.documentElement.textContent") + page.title()
        assert not UNPRINTABLE.search(shown)
    with entered(browser, desk, "coder-2", "sources/S105") as page:
        expect(page.locator(".escaped")).to_have_count(5)
        assert not UNPRINTABLE.search(page.evaluate("() => document.documentElement.textContent"))


@pytest.mark.slow
def test_decision_steps_lead_to_codes_and_words_of_the_text_are_marked(
    browser: Browser, desk: DeskServer
) -> None:
    with coding(browser, desk, "coder-2", "S103") as page:
        page.keyboard.press(LETTERS[0])
        page.keyboard.press(LETTERS[1])
        own = page.evaluate("() => claimlogDesk.text.content.split('\\n').join(' ')")
        page.keyboard.insert_text(own)
        expect(page.locator(".typed-note")).to_contain_text("words or more in a row")
        expect(page.locator(".mirror mark").first).to_be_attached()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text("In other words.")
        page.keyboard.press("Enter")
        page.keyboard.press("-")
        for answer in "nny":
            page.keyboard.press(answer)
        page.wait_for_function("() => claimlogDesk.record.row.content === 'attitude'")
        assert page.evaluate("() => claimlogDesk.record.active") == "voice"
        page.keyboard.press("Escape")
        page.keyboard.press("Delete")
        page.wait_for_function(SAVED)
        assert page.evaluate(DRAFTS) == []


def test_a_claim_whose_questions_were_passed_over_is_not_called_complete(
    browser: Browser, desk: DeskServer
) -> None:
    with coding(browser, desk, "coder-2", "S106") as page:
        page.evaluate(
            "words => claimlogDesk.take(claimlogDesk.words.span(...words))",
            words_of(page, "Some ninety people"),
        )
        page.evaluate("() => { while (claimlogDesk.record.active) claimlogDesk.record.pass(); }")
        expect(page.locator("#live")).to_contain_text("is left. To decide: ")
        page.evaluate("() => claimlogDesk.work.delete(claimlogDesk.work.drafts[0].draft)")
        page.wait_for_function(SAVED)


@pytest.mark.slow
def test_yes_and_no_are_answered_by_keys_and_by_steps(browser: Browser, tmp_path: Path) -> None:
    world = TESTIMONY.begin(tmp_path / "package")
    codebook = world.root / "schemas" / "codebook"
    for name, row in (
        ("variables", "hearsay,Hearsay,hearsay,I.,E.,X.,,,1.0.0"),
        ("steps", "hearsay,1,The speaker heard it from others.,yes"),
        ("steps", "hearsay,2,The speaker was there.,no"),
    ):
        with (codebook / f"{name}.csv").open("a", encoding="utf-8") as file:
            file.write(f"{row}\n")
    world = World(Package(world.root), world.texts)
    TESTIMONY.add(world, "claims", "links")
    world.seal("first")
    answered = "value => claimlogDesk.record.row.hearsay === value"
    with (
        open_desk(world.root, world.texts, ("coder-1",)) as server,
        coding(browser, server, "coder-1", "S001") as page,
    ):
        page.keyboard.press(LETTERS[0])
        page.keyboard.press(LETTERS[1])
        for keys, value in (("2", False), ("1", True), ("-ny", False), ("-y", True), ("2", False)):
            page.evaluate("() => claimlogDesk.record.goTo('hearsay')")
            for key in keys:
                page.keyboard.press(key)
            page.wait_for_function(answered, arg=value)
        asked = page.locator("li", has_text="Hearsay").first
        expect(asked.locator(".value")).to_have_text("No")
        page.wait_for_function(SAVED)
        assert [draft["hearsay"] for draft in page.evaluate(DRAFTS)] == [False]


@pytest.mark.slow
def test_furniture_of_a_registered_text_is_marked_by_keys(
    browser: Browser, desk: DeskServer
) -> None:
    with entered(browser, desk, "adjudicator", "sources/S103") as page:
        expect(page.locator("#marking-tools")).to_be_visible()  # its keys are heard from then on
        page.locator("#scroller").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("m")
        expect(page.locator("#furniture li")).to_contain_text("שומרי המגדלור")
        page.fill("#reason", "Seen late.")  # which a sealed source needs
        page.locator("#save").press("Enter")
        expect(page.locator("#saved")).to_have_text("Saved")
        page.reload()
        expect(page.locator("#furniture li")).to_have_count(1)
        page.locator("#furniture button").press("Enter")
        page.fill("#reason", "Seen late.")  # which a sealed source needs
        page.locator("#save").press("Enter")
        expect(page.locator("#saved")).to_have_text("Saved")


def test_every_key_of_the_sheet_has_an_action(browser: Browser, desk: DeskServer) -> None:
    with coding(browser, desk, "coder-1", "S103") as page:
        actions = set(page.evaluate("() => Object.keys(claimlogDesk.keys.actions)"))
        page.keyboard.press("?")
        expect(page.locator(".cheat-sheet dd").first).to_be_visible()
    named = {one["action"] for one in KEYS["keys"] if one["mode"] in ("anywhere", "text")}
    assert named - actions == {"label", "word", "clause", "sentence"}  # of the cursor itself


@pytest.mark.slow
def test_a_page_of_a_text_that_was_corrected_is_read_anew_and_keeps_nothing_of_its_places(
    browser: Browser, desk: DeskServer
) -> None:
    with coding(browser, desk, "coder-1", "S106") as page:
        page.context.set_offline(True)
        code(page, "Some ninety people", "They were that many.")
        page.wait_for_function("() => document.getElementById('saved').dataset.state === 'failed'")
        world = World(Package(desk.folder), desk.texts)
        later = desk.texts / "later-than-late.txt"
        later.write_text(f"Corrected. {LATE}", "utf-8")
        rest = ("--texts", str(desk.texts), "--reason", "Corrected.", "--by", "adjudicator")
        assert world.run("correct", "S106", "--text", str(later), *rest).returncode == 0
        page.context.set_offline(False)
        alarm = page.locator("#alarm")
        expect(alarm).to_contain_text("the text was corrected since passages were chosen in it")
        page.get_by_role("button", name="Give this change up").click()
        page.wait_for_function("() => window.claimlogDesk?.text.content.startsWith('Corrected. ')")
        page.wait_for_function(READY)
        assert page.evaluate(DRAFTS) == []
        code(page, "Some ninety people", "They were that many.")
        page.wait_for_function(SAVED)
        quotes = page.evaluate("() => claimlogDesk.work.drafts.map(one => one.quote)")
        assert quotes == ["Some ninety people"]


def test_a_phone_is_refused_politely_and_loses_nothing(browser: Browser, desk: DeskServer) -> None:
    with entered(browser, desk, "coder-1", "code/S103") as page:
        page.set_viewport_size(PHONE)
        expect(page.locator(".narrow")).to_be_visible()
        expect(page.locator("#text")).to_be_hidden()
        page.goto(f"{desk.base}/coder-1/")
        expect(page.locator("#sources tr").first).to_be_visible()
        width = page.evaluate("() => document.documentElement.scrollWidth")
        assert width <= PHONE["width"]


def test_pages_use_no_inline_script_or_style() -> None:
    web = Path(ROOT / "scripts/claimlog/desk/web")
    for template in web.glob("templates/*.html"):
        text = template.read_text("utf-8")
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", text), template.name
