"""Pages of texts, coding and claims in a real Chromium: what is said to be saved is, all of it.

Answers are withheld until something else was done, as on a machine that is slow.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, FilePayload, Page, Request, expect

from browser import browser
from claimlog.package import Package
from conftest import World, copied
from desk_client import claim_value
from slow_answers import lose_answer, withheld
from test_desk_browser import READY, SAVED, OtherPage, coding, entered
from workshop.bench.desk.desk_server import DeskServer, open_desk

__all__ = ["browser"]

ROLES = ("coder-1", "coder-2", "coder-3", "adjudicator")
MADE = "S102"


@pytest.fixture(scope="module")
def desk(registered: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskServer]:
    world = copied(registered, tmp_path_factory.mktemp("desk"))
    with open_desk(world.root, world.texts, ROLES) as server:
        yield server


@pytest.mark.slow
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
        # if only the answer is lost, it is the page's own marks that are there
        page.locator("#furniture button").last.click()
        page.route("**/furniture", lose_answer)
        save.click()
        expect(page.locator("#problems")).to_contain_text("cannot be reached")
        expect(saved).to_have_text("Not saved")
        page.unroute_all()
        page.locator("#furniture button").last.click()
        save.click()
        expect(saved).to_have_text("Saved")
        expect(page.locator("#alarm")).to_be_hidden()
        assert len(other.client.get(path).json()["text"]["furniture"]) == before
        # what another marked meanwhile is not taken for them
        page.locator("#scroller").press("m")
        shown = other.client.get(path).json()
        body = {"version": shown["source"]["version"], "furniture": []}
        assert other.client.put(f"{path}/furniture", json=body).status_code == 200
        save.click()
        expect(page.locator("#alarm")).to_contain_text("amended meanwhile")
        expect(saved).to_have_text("Not saved")


@pytest.mark.slow
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


@pytest.mark.slow
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
        page.locator("#scroller").focus()
        for key in ("ArrowDown", "m"):
            page.keyboard.press(key)
        page.reload()
        assert questions == ["beforeunload"] * 2


def _answer(page: Page, column: str, text: str) -> None:
    """Type the answer to a question of the form that is open."""
    page.locator(f"[data-slot={column}]").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


OTHERS = "a pilot from Sudland said"
OWN = "has dimmed the lamp"


class OtherWindow:
    """Another window of a coder, which saves and reads claims of the article."""

    def __init__(self, desk: DeskServer, role: str) -> None:
        self.client = OtherPage(desk, MADE, role).client
        self.path = f"/{role}/api/work/{MADE}"

    def save(self, name: str, words: str, statement: str) -> None:
        revisions = {one["draft"]: one["rev"] for one in self.drafts()}
        body = {"base": revisions.get(name, 0), "value": claim_value(words, statement)}
        answer = self.client.put(f"{self.path}/drafts/{name}", json=body)
        assert answer.status_code == 200, answer.text

    def drafts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get(self.path).json()["drafts"]
        return found

    def statements(self) -> dict[str, str]:
        return {one["draft"]: one["value"].get("statement") for one in self.drafts()}


@contextmanager
def statement_open(browser: Browser, desk: DeskServer, role: str) -> Iterator[Page]:
    """The page of a coder with the statement of the claim "own" open, in which is typed."""
    OtherWindow(desk, role).save("own", OWN, "It is weak.")
    with coding(browser, desk, role, MADE) as page:
        page.evaluate("() => claimlogDesk.open('own', 'statement')")
        expect(page.locator("#panel textarea")).to_be_focused()
        yield page


@pytest.mark.slow
def test_text_that_is_being_typed_stays_when_the_work_is_read_anew(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherWindow(desk, "coder-1")
    with statement_open(browser, desk, "coder-1") as page:
        text, saved = page.locator("#panel textarea"), page.locator("#saved")
        other.save("others", OTHERS, "One said it.")
        with withheld(page, "GET", f"work/{MADE}"):
            page.evaluate("() => dispatchEvent(new Event('focus'))")
            page.wait_for_function("() => window.withheld > 0")
            page.keyboard.type(" This is")
            expect(saved).to_have_text("Saving …")
        page.keyboard.type(" typed")
        page.wait_for_function(SAVED)
        assert text.input_value() == "It is weak. This is typed"
        assert other.statements()["own"] == "It is weak. This is typed"
        # what was read before the latest text was saved does not take its place
        other.save("others", OTHERS, "Another said it.")
        with withheld(page, "GET", f"work/{MADE}"):
            page.evaluate("() => dispatchEvent(new Event('focus'))")
            page.wait_for_function("() => window.withheld > 0")
            page.keyboard.type(" and saved")
            page.wait_for_function(SAVED)
        page.wait_for_function(
            "() => claimlogDesk.work.draft('others').value.statement === 'Another said it.'"
        )
        # nor does the place in the text at which is typed change
        assert text.input_value() == "It is weak. This is typed and saved"
        page.keyboard.press("Home")
        other.save("others", OTHERS, "A third said it.")
        page.evaluate("() => claimlogDesk.work.refresh()")
        page.keyboard.type("So: ")
        page.wait_for_function(SAVED)
        assert other.statements()["own"] == "So: It is weak. This is typed and saved"
        # a page that is closed at once keeps what was typed
        page.keyboard.type("Well, so: ")
        page.reload()
        page.wait_for_function(READY)
        page.wait_for_function(SAVED)
        assert other.statements()["own"] == "So: Well, so: It is weak. This is typed and saved"


@pytest.mark.slow
def test_text_that_is_typed_while_the_text_before_it_is_saved_is_saved_too(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherWindow(desk, "coder-2")
    with statement_open(browser, desk, "coder-2") as page:
        alarm, failed = page.locator("#alarm"), page.locator("#saved[data-state=failed]")
        with withheld(page, "PUT", "/own"):
            page.keyboard.type(" One")
            page.wait_for_function("() => window.withheld > 0")
            page.keyboard.type(" two")
        page.wait_for_function(SAVED)
        assert other.statements()["own"] == "It is weak. One two"
        # if only the answer is lost, it is the page's own text that is there
        for reloads in (False, True):
            page.route("**/drafts/own", lose_answer)
            page.keyboard.type(" three")
            expect(failed).to_be_visible()
            page.keyboard.type(" four")
            page.unroute_all()
            if reloads:
                page.reload()
                page.wait_for_function(READY)
            page.wait_for_function(SAVED)
            expect(alarm).to_be_hidden()
        assert other.statements()["own"] == f"It is weak. One two{' three four' * 2}"


def test_what_is_asked_for_without_a_network_is_not_done_when_it_is_back(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherWindow(desk, "coder-3")
    with statement_open(browser, desk, "coder-3") as page:
        page.context.set_offline(True)
        page.keyboard.type(" Typed.")
        page.locator("#undo").click()
        expect(page.locator("#live")).to_contain_text("not saved yet")
        page.locator("#finish").click()
        expect(page.locator("#live")).to_contain_text("Not everything is saved")
        page.context.set_offline(False)
        page.wait_for_function(SAVED)
        assert other.statements()["own"] == "It is weak. Typed."
        expect(page.locator("dialog")).to_have_count(0)


@pytest.mark.slow
def test_an_entry_is_not_registered_once_that_is_cancelled(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherWindow(desk, "coder-3")

    def registered() -> list[str]:
        return [one["id"] for one in other.client.get(other.path).json()["registered"]]

    with statement_open(browser, desk, "coder-3") as page:
        dialog = page.get_by_role("dialog")

        def begin() -> None:
            page.evaluate("() => claimlogDesk.record.goTo('dyad_from')")
            page.keyboard.press("+")
            dialog.locator("#entry-name").fill("Zedland Authority")
            dialog.locator("#entry-actor_type").select_option(index=1)

        page.evaluate("() => claimlogDesk.names.find('actors', '')")
        page.context.set_offline(True)
        page.keyboard.type(" Typed.")
        begin()
        dialog.get_by_role("button", name="Register").click()
        expect(dialog).to_contain_text("Not registered: what was changed before is not saved yet.")
        dialog.get_by_role("button", name="Not now").click()
        page.context.set_offline(False)
        page.wait_for_function(SAVED)
        assert registered() == []
        for method, end in (("PUT", "/own"), ("PUT", "/zedland-authority")):
            with withheld(page, method, end):
                page.evaluate("() => claimlogDesk.record.goTo('statement')")
                page.keyboard.type(" On.")
                begin()
                dialog.get_by_role("button", name="Register").click()
                page.wait_for_function("() => window.withheld > 0")
                dialog.get_by_role("button", name="Not now").click()
            page.wait_for_function(SAVED)
            page.evaluate("() => claimlogDesk.work.refresh()")
            page.wait_for_timeout(300)
            assert registered() == []
        begin()
        dialog.get_by_role("button", name="Register").click()
        expect(dialog).to_have_count(0)
        assert registered() == ["zedland-authority"]


def test_an_entry_is_registered_once_and_stays_whatever_is_clicked_twice(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherWindow(desk, "coder-3")
    with statement_open(browser, desk, "coder-3") as page:
        sent: list[str] = []

        def note(request: Request) -> None:
            if "/registered/" in request.url:
                sent.append(request.method)

        page.on("request", note)
        register = page.get_by_role("dialog").get_by_role("button", name="Register")
        for begin, twice in (
            ("Ared", register.dblclick),
            (
                "Bred",
                lambda: [page.locator("#entry-name").press("Enter"), page.keyboard.press("Enter")],
            ),
        ):
            page.evaluate(
                "() => claimlogDesk.record.change({...claimlogDesk.record.row, dyad_from: null})"
            )
            page.evaluate("() => claimlogDesk.record.goTo('dyad_from')")
            page.keyboard.press("+")
            page.fill("#entry-name", f"{begin} Authority")
            page.select_option("#entry-actor_type", index=1)
            with withheld(page, "PUT", f"/{begin.lower()}-authority"):
                twice()
                page.wait_for_function("() => window.withheld > 0")
                expect(page.locator("#entry-name")).to_be_disabled()
            expect(page.get_by_role("dialog")).to_have_count(0)
            page.wait_for_function(SAVED)
        assert sent == ["PUT", "PUT"]
        registered = [one["id"] for one in other.client.get(other.path).json()["registered"]]
        assert registered[-2:] == ["ared-authority", "bred-authority"]
        (own,) = (one for one in other.drafts() if one["draft"] == "own")
        assert own["value"]["dyad_from"] == ["bred-authority"]


def test_a_change_that_is_given_up_is_no_longer_shown(browser: Browser, desk: DeskServer) -> None:
    other = OtherWindow(desk, "coder-1")
    with statement_open(browser, desk, "coder-1") as page:
        alarm, saved = page.locator("#alarm"), page.locator("#saved")
        give_up = page.get_by_role("button", name="Give this change up")
        no_code = "() => claimlogDesk.record.change({ ...claimlogDesk.record.row, topic: 'none' })"
        page.evaluate(no_code)
        expect(alarm).to_contain_text("none of its codes")
        page.context.set_offline(True)
        give_up.click()
        expect(alarm).to_contain_text("Not given up: The desk's server cannot be reached.")
        expect(saved).to_have_text("Not saved")
        page.context.set_offline(False)
        give_up.click()
        page.wait_for_function(SAVED)
        assert page.evaluate("() => claimlogDesk.record.row.topic") == "sharing"
        # a claim that was never saved goes with it
        count = len(other.drafts())
        page.evaluate("() => claimlogDesk.work.save('new', { topic: 'none' }, [0, 10]) && null")
        page.evaluate("() => claimlogDesk.open('new')")
        expect(page.locator("#count")).to_have_text(f"{count + 1} claims")
        give_up.click()
        page.wait_for_function(SAVED)
        expect(page.locator("#count")).to_have_text(f"{count} claim{'s' * (count != 1)}")
        expect(page.locator("#quote")).to_have_text("The claim that was open is no longer there.")
        expect(alarm).to_be_hidden()


@pytest.mark.slow
def test_a_change_that_one_window_gives_up_stays_kept_as_another_goes_on_with_it(
    browser: Browser, desk: DeskServer
) -> None:
    with statement_open(browser, desk, "coder-1") as page:
        change = "topic => claimlogDesk.record.change({ ...claimlogDesk.record.row, topic })"
        page.evaluate(change, "none")
        expect(page.locator("#alarm")).to_contain_text("none of its codes.")
        second = page.context.new_page()
        second.goto(page.url)
        expect(second.locator("#alarm")).to_contain_text("none of its codes.")
        page.route("**/drafts/own", lambda route: route.abort())
        page.evaluate(change, "sharing")
        page.evaluate("() => claimlogDesk.open('own', 'statement')")
        page.keyboard.type(" Kept.")
        expect(page.locator("#saved[data-state=failed]")).to_be_visible()
        second.get_by_role("button", name="Give this change up").click()
        second.wait_for_function(SAVED)
        page.reload()
        page.wait_for_function(READY)
        page.unroute_all()
        page.wait_for_function(SAVED)
        assert OtherWindow(desk, "coder-1").statements()["own"] == "It is weak. Kept."


ASKS = """() => {
    const event = new Event('beforeunload', { cancelable: true });
    dispatchEvent(event);
    return event.defaultPrevented;
}"""
"""Whether a page asks before it is left."""


@pytest.mark.slow
def test_what_a_second_window_typed_on_stays_kept_when_the_first_one_is_answered(
    browser: Browser, desk: DeskServer
) -> None:
    with statement_open(browser, desk, "coder-2") as page:
        with withheld(page, "PUT", "/own"):
            page.keyboard.type(" First.")
            page.wait_for_function("() => window.withheld > 0")
            second = page.context.new_page()
            second.route("**/drafts/own", lambda route: route.abort())
            second.goto(page.url)
            second.wait_for_function(READY)
            second.evaluate("() => claimlogDesk.open('own', 'statement')")
            second.keyboard.type(" Second.")
            expect(second.locator("#saved")).to_have_text("Not saved, kept in this browser")
        page.wait_for_function(SAVED)
        assert not second.evaluate(ASKS)
        second.close()
        page.reload()
        page.wait_for_function(READY)
        page.wait_for_function(SAVED)
        assert OtherWindow(desk, "coder-2").statements()["own"] == "It is weak. First. Second."
        # a window in whose place another one keeps what it typed is not left without a question
        page.context.set_offline(True)
        page.evaluate("() => claimlogDesk.open('own', 'statement')")
        page.keyboard.type(" Third.")
        assert not page.evaluate(ASKS)
        (key,) = page.evaluate(
            "() => Object.keys(localStorage).filter((key) => key.endsWith('/own'))"
        )
        page.evaluate('key => localStorage.setItem(key, \'{"mark": "of another"}\')', key)
        assert page.evaluate(ASKS)


def test_words_that_are_chosen_for_a_claim_that_is_gone_are_told(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherWindow(desk, "coder-2")
    with statement_open(browser, desk, "coder-2") as page:
        quote = page.locator("#quote")
        page.evaluate("() => claimlogDesk.keys.actions.respan()")
        (own,) = (one for one in other.drafts() if one["draft"] == "own")
        removed = other.client.request(
            "DELETE", f"{other.path}/drafts/own", json={"base": own["rev"]}
        )
        assert removed.status_code == 200, removed.text
        count = len(other.drafts())
        page.evaluate("() => dispatchEvent(new Event('focus'))")
        expect(quote).to_have_text("The claim that was open is no longer there.")
        for said, more in (("is no longer there. Choose them again", 0), ("Claim", 1)):
            page.locator("#text").focus()
            page.keyboard.type("ad")
            expect(quote).to_contain_text(said)
            page.wait_for_function(SAVED)
            assert len(other.drafts()) == count + more


PLACE = """words => {
    const walker = document.createTreeWalker(document.getElementById('text'), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const at = walker.currentNode.data.indexOf(words);
        if (at < 0) continue;
        const range = document.createRange();
        range.setStart(walker.currentNode, at);
        range.setEnd(walker.currentNode, at + words.length);
        const { left, right, top, bottom } = range.getBoundingClientRect();
        return [left + 2, right - 2, (top + bottom) / 2];
    }
}"""
"""Where words stand in the window."""


def test_words_go_to_the_claim_that_the_button_says(browser: Browser, desk: DeskServer) -> None:
    other = OtherWindow(desk, "coder-3")

    def choose(words: str) -> None:
        left, right, middle = page.evaluate(PLACE, words)
        page.mouse.move(left, middle)
        page.mouse.down()
        page.mouse.move(right, middle, steps=5)
        page.mouse.up()

    def quotes() -> set[str]:
        page.wait_for_function(SAVED)
        return {one["quote"] for one in other.drafts()}

    with statement_open(browser, desk, "coder-3") as page:
        before = quotes()
        page.keyboard.press("F2")
        choose("ships will")
        expect(page.locator("#quote button.strong")).to_have_text("These words for claim 1 (Enter)")
        page.get_by_role("button", name="New claim").click()
        expect(page.locator("#count")).to_have_text(f"{len(before) + 1} claims")
        assert quotes() == {*before, "ships will"}
        page.evaluate("() => claimlogDesk.open('own')")
        page.keyboard.press("F2")
        choose("a pilot")
        page.keyboard.press("Enter")
        page.wait_for_function("() => claimlogDesk.work.draft('own').quote === 'a pilot'")
        assert quotes() == {*before, "ships will", "a pilot"} - {OWN}


@pytest.mark.slow
def test_a_description_stays_when_the_text_is_to_be_chosen_again(
    browser: Browser, desk: DeskServer
) -> None:
    def chosen(text: str) -> FilePayload:
        return {"name": "buoy.txt", "mimeType": "text/plain", "buffer": text.encode()}

    text = "A buoy was lost.\n\nNobody looked for it.\n"
    with entered(browser, desk, "coder-1", "register") as page:
        questions: list[str] = []

        def answer(dialog: Dialog) -> None:
            questions.append(dialog.type)
            dialog.accept()

        page.on("dialog", answer)
        page.set_input_files("#file", chosen(text))
        for column, value in {
            "title": "A buoy",
            "publisher": "The Example Gazette",
            "rights": "Ours.",
            "reliability_rationale": "Invented.",
        }.items():
            page.fill(f"#entry-{column}", value)
        page.select_option("#entry-language", "en")
        page.select_option("#entry-reliability", "C")
        page.locator("#scroller").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("m")
        expect(page.locator("#begin")).to_be_hidden()
        desk.kill()
        desk.start()
        page.locator("#save").click()
        expect(page.locator("#problems")).to_contain_text("choose it again")
        page.set_input_files("#file", chosen(f"{text}Or almost.\n"))
        expect(page.locator("#alarm")).to_contain_text("This is not the text")
        page.set_input_files("#file", chosen(text))
        expect(page.locator("#begin")).to_be_hidden()
        expect(page.locator("#alarm")).to_be_hidden()
        page.route("**/api/sources", lose_answer)  # which makes it a source all the same
        page.locator("#save").click()
        expect(page.locator("#problems")).to_contain_text("cannot be reached")
        page.unroute_all()
        page.fill("#entry-title", "Another buoy")
        page.locator("#save").click()
        expect(page.locator("#problems")).to_contain_text("already, as it was described before")
        page.fill("#entry-title", "A buoy")
        page.locator("#save").click()
        expect(page.locator("#title")).to_have_text("A buoy")
        source = page.url.rpartition("/")[2]
        found = OtherPage(desk, MADE).client.get(f"/adjudicator/api/sources/{source}").json()
        assert [one["utf16"] for one in found["text"]["furniture"]] == [[0, 16]]
        assert questions == []
        page.goto(f"{desk.base}/coder-1/register")
        page.set_input_files("#file", chosen(f"{text}Or almost.\n"))
        page.fill("#entry-title", "Not a buoy")
        page.reload()
        assert questions == ["beforeunload"]
