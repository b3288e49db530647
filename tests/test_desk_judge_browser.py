"""Pages of who decides, in a real headless Chromium: answers that are late or lost, two windows.

Fixtures have module scope; each test has a text of its own, which two coded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from browser import browser
from claimlog.package import Package
from conftest import World, copied
from desk_client import Opened, claim_value, passage
from slow_answers import lose_next_answer, withheld
from test_desk_browser import SAVED, OtherPage, coding, dialog_yes, entered, register_text
from workshop.bench.desk.desk_server import DeskServer, open_desk

__all__ = ["browser"]

TEXT = "The ferry will sink. Some ninety boats use it. Nobody minds them. A keeper slept.\n"
PASSAGES = ("ferry will sink", "Some ninety boats", "Nobody minds them", "keeper slept")
TEXTS = 9
"""How many texts are coded by two; they are S103 and so on."""


@pytest.fixture(scope="module")
def desk(registered: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskServer]:
    """A desk that is served, with texts that two coded and see differently."""
    world = copied(registered, tmp_path_factory.mktemp("desk"))
    asked = Opened.of(world.package, world.texts)
    for number in range(TEXTS):
        code_by_two(asked, f"S{103 + number}", _text(number))
    asked.close()
    with open_desk(world.root, world.texts, ("coder-1", "coder-2", "adjudicator")) as server:
        yield server


def _text(number: int) -> str:
    return f"{TEXT}\nThis is copy {number}.\n"


def code_by_two(
    asked: Opened, source: str, text: str, actor: Mapping[str, Any] | None = None
) -> None:
    """Register a text and have it coded; each of the two has a name of their own for an actor."""
    register_text(asked, f"{source}.txt", text)
    for role, modality in (("coder-1", "actual"), ("coder-2", "hypothetical")):
        for name, words in zip("abcd", PASSAGES, strict=True):
            said = f"Harbours crowded there: {words[-5:]}."
            value = claim_value("boats", said, modality=modality)
            asked.put(role, source, name, value | passage(words, text))
        if actor:
            path = f"work/{source}/registered/actors/actor-of-{role}"
            asked.take(role, "PUT", path, base=0, value=actor)
        asked.finish(role, source)


def wait_for_passages(page: Page, number: int = len(PASSAGES)) -> None:
    page.wait_for_function(
        "number => window.claimlogDesk?.state?.units.length === number", arg=number
    )


HOLD = """() => {
    const ask = window.fetch;
    const held = new Promise(go => { window.letGo = () => { window.fetch = ask; go() } });
    window.fetch = async (address, options) => {
        const answer = await ask(address, options);
        if (options.method !== "GET") await held;
        return answer;
    };
}"""
"""Holds back what answers say of changes, as a slow disk does, until `letGo`."""


def focus(page: Page) -> None:
    """Come back to the window from another one."""
    with page.expect_response(lambda answer: answer.request.method == "GET"):
        page.evaluate("() => dispatchEvent(new Event('focus'))")


TAKEN = "() => claimlogDesk.state.units.map(one => one.verdict?.take ?? null)"


@pytest.mark.slow
def test_a_button_closes_the_dialog_in_which_it_stands(browser: Browser, desk: DeskServer) -> None:
    own, new = "A value of one's own", "New: Actors"
    with entered(browser, desk, "adjudicator", "adjudicate/S103") as page:
        wait_for_passages(page)
        page.keyboard.press("n")
        page.locator("dialog button[data-slot=statement]").click()
        page.keyboard.press("End")
        page.keyboard.type(" Mine.")
        page.locator("dialog button[data-slot=dyad_from]").click()
        page.keyboard.press("0")
        page.keyboard.type("Zedland")
        for button in ("Not now", "Register"):
            page.keyboard.press("+")
            inner = page.get_by_role("dialog", name=new)
            inner.locator("#entry-actor_type").select_option(index=1)
            inner.get_by_role("button", name=button, exact=True).click()
            expect(inner).to_have_count(0)
            expect(page.locator("dialog")).to_have_count(1)
            expect(page.locator("dialog")).to_have_attribute("aria-label", own)
        # what is cancelled while a decision before it is on its way is not registered
        with withheld(page, "PUT", "/c+c"):
            decide = (
                "({ decisions }) => void decisions.decide(decisions.unit('c+c'), { take: 'left' })"
            )
            page.evaluate_handle("() => claimlogDesk").evaluate(decide)
            page.wait_for_function("() => window.withheld > 0")
            page.keyboard.press("+")
            inner = page.get_by_role("dialog", name=new)
            page.fill("#entry-name", "Yland")
            inner.locator("#entry-actor_type").select_option(index=1)
            inner.get_by_role("button", name="Register", exact=True).click()
            inner.get_by_role("button", name="Not now", exact=True).click()
        page.wait_for_function(SAVED)
        page.evaluate("() => claimlogDesk.decisions.load()")
        registered = page.evaluate("() => claimlogDesk.state.registered.map(one => one.id)")
        assert registered == ["zedland"]
        outer = page.get_by_role("dialog", name=own)
        expect(outer).to_contain_text("Mine.")
        outer.get_by_role("button", name="Take this").click()
        page.wait_for_function("() => claimlogDesk.state.units[0].verdict?.take === 'new'")
        value = page.evaluate("() => claimlogDesk.state.units[0].verdict.value")
        assert value["statement"].endswith(" Mine.")
        assert value["dyad_from"] == ["zedland"]
    with coding(browser, desk, "coder-1", "S102") as page:
        page.keyboard.type("as")
        page.evaluate("() => claimlogDesk.record.goTo('dyad_from')")
        page.keyboard.press("+")
        page.fill("#entry-name", "Zedland Harbour Authority")
        page.keyboard.press("F1")
        page.locator("dialog.cheat-sheet").get_by_role("button", name="Close").click()
        expect(page.locator("dialog.cheat-sheet")).to_have_count(0)
        expect(page.locator("#entry-name")).to_have_value("Zedland Harbour Authority")


@pytest.mark.slow
def test_a_late_answer_takes_nobody_elsewhere_and_makes_no_keys_of_what_is_typed(
    browser: Browser, desk: DeskServer
) -> None:
    said = "really, all are exact or close enough"  # each of its letters may be a key
    with entered(browser, desk, "adjudicator", "adjudicate/S104") as page:
        wait_for_passages(page)
        page.evaluate(HOLD)
        page.keyboard.press("l")  # goes on at once, to where the next key decides
        expect(page.locator("#units .here")).to_contain_text(PASSAGES[1])
        page.keyboard.press("r")
        page.keyboard.press("k")  # back, to write why
        page.keyboard.press("c")
        page.keyboard.type(said[:12])
        expect(page.locator("#saved")).to_have_text("Saving …")
        page.evaluate("() => letGo()")
        page.wait_for_function("() => claimlogDesk.state.units[1].verdict")
        page.keyboard.type(said[12:])
        page.wait_for_function(SAVED)
        expect(page.locator("#units .here")).to_contain_text(PASSAGES[1])
        expect(page.locator("#units .here input")).to_have_value(said)
        found = page.evaluate(
            "() => claimlogDesk.state.units.map(one => [one.verdict?.take, one.note])"
        )
        assert found == [["left", None], ["right", said], [None, None], [None, None]]


@pytest.mark.slow
def test_the_open_passage_stays_open_after_others_came_or_went(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, "S105")
    with entered(browser, desk, "adjudicator", "adjudicate/S105") as page:
        wait_for_passages(page)
        alarm, here = page.locator("#alarm"), page.locator("#units .here")
        page.evaluate("() => claimlogDesk.choose('b+b')")
        unit, rev = f"{other.path}/units/new:n1", 0
        new = claim_value("boats", "It is there.") | passage("The ferry", _text(2))

        def put(take: str | None) -> int:
            """Another judge adds a passage, or takes it away."""
            value = new if take else None
            body = {"base": rev, "take": take, "value": value, "note": None}
            answer = other.client.put(unit, json=body)
            assert answer.status_code == 200, answer.text
            return int(answer.json()["unit"]["rev"])

        rev = put("new")
        focus(page)
        wait_for_passages(page, 5)
        expect(here).to_contain_text(PASSAGES[1])
        expect(alarm).to_contain_text("what it saved is shown now")
        page.keyboard.press("x")
        page.wait_for_function(f"() => ({TAKEN})()[2] === 'none'")
        assert page.evaluate(TAKEN) == ["new", None, "none", None, None]
        # one that is gone is said, here and after a reload, and no key decides what stands there
        page.evaluate("() => claimlogDesk.choose('new:n1')")
        rev = put(None)
        for again in (False, True):
            if again:
                page.evaluate(
                    "() => claimlogDesk.decisions.browser.keepHere('place', {unit: 'new:n1'})"
                )
                page.reload()
            else:
                focus(page)
            wait_for_passages(page)
            expect(alarm).to_contain_text("is not there any more")
            page.keyboard.press("x")
            page.wait_for_function(SAVED)
            assert page.evaluate(TAKEN) == [None, "none", None, None]
        page.keyboard.press("j")
        expect(alarm).to_be_hidden()
        # a note on one that is gone by the time that it is saved
        rev = put("new")
        focus(page)
        wait_for_passages(page, 5)
        page.evaluate("() => claimlogDesk.choose('new:n1')")
        page.route("**/units/**", lambda route: route.abort())
        page.keyboard.press("c")
        page.keyboard.type("At length.")
        expect(alarm).to_contain_text("Not saved: the note on")
        page.unroute_all()
        put(None)
        focus(page)
        wait_for_passages(page)
        page.evaluate("() => claimlogDesk.decisions.saveNotes()")
        expect(alarm).to_contain_text("the note “At length.”")


@pytest.mark.slow
def test_what_is_saved_although_its_answer_is_lost_is_not_called_unsaved_nor_done_twice(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, "S106")
    with entered(browser, desk, "adjudicator", "adjudicate/S106") as page:
        wait_for_passages(page)
        alarm = page.locator("#alarm")
        steps = [
            ("**/units/**", "l", ["left", None, None, None]),
            ("**/units/**", "r", ["left", "right", None, None]),
            ("**/undo", "Control+z", ["left", None, None, None]),
            ("**/redo", "Control+y", ["left", "right", None, None]),
            ("**/units/**", "x", ["left", "right", "none", None]),
        ]
        for path, key, takes in steps:
            lose_next_answer(page, path)
            page.keyboard.press(key)
            page.wait_for_function(
                f"takes => ({TAKEN})().join() === takes", arg=",".join(take or "" for take in takes)
            )
            page.wait_for_function(SAVED)
            expect(alarm).to_be_hidden()
            assert [take for take, _ in other.verdicts()] == takes
        # of what nobody hears for a while it is known later, and it is not done again
        page.route("**/api/adjudication/**", lambda route: route.abort())
        lose_next_answer(page, "**/undo")
        page.keyboard.press("Control+z")
        expect(alarm).to_contain_text("Not saved: undo")
        page.unroute_all()
        page.get_by_role("button", name="Try again").click()
        page.wait_for_function(SAVED)
        expect(alarm).to_be_hidden()
        assert [take for take, _ in other.verdicts()] == ["left", "right", None, None]
        other.decide("none", None, ["c+c", "d+d"])
        focus(page)
        page.wait_for_function("() => claimlogDesk.state.open === 0")
        lose_next_answer(page, "**/commit")
        page.locator("#commit").click()
        dialog_yes(page)
        expect(page.locator("#after")).to_be_visible()
        page.wait_for_function(SAVED)
        expect(alarm).to_be_hidden()


@pytest.mark.slow
def test_what_is_not_saved_stays_said_until_that_passage_is_decided_again(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, "S107")
    with entered(browser, desk, "adjudicator", "adjudicate/S107") as page:
        wait_for_passages(page)
        alarm = page.locator("#alarm")
        other.decide("none", None, ["a+a"])
        page.keyboard.press("l")
        expect(alarm).to_contain_text("Not saved: left on “ferry will sink”")
        focus(page)
        expect(alarm).to_contain_text("Not saved: left on “ferry will sink”")
        expect(page.locator("#saved")).to_have_text("Not saved")
        # a note that did not reach the server keeps nothing back that is asked for afterwards
        page.evaluate("() => claimlogDesk.choose('b+b')")
        page.keyboard.press("c")
        page.route("**/units/**", lambda route: route.abort())
        page.keyboard.type("Why.")
        page.keyboard.press("Escape")
        page.keyboard.press("n")
        expect(alarm).to_contain_text("the note on “Some ninety boats”")
        page.unroute_all()
        page.get_by_role("button", name="Take this").click()
        expect(alarm).not_to_contain_text("the note on")
        page.wait_for_function("() => claimlogDesk.decisions.waiting.size === 0")
        assert other.verdicts()[1] == ("new", "Why.")
        # what is decided since, and saved, says nothing of the first one
        page.keyboard.press("x")
        page.wait_for_function("() => claimlogDesk.state.units[2].verdict?.take === 'none'")
        expect(alarm).to_contain_text("Not saved: left on “ferry will sink”")
        page.evaluate("() => claimlogDesk.choose('d+d')")
        page.keyboard.press("x")
        page.wait_for_function("() => claimlogDesk.state.open === 0")
        page.evaluate("() => claimlogDesk.decisions.commit()")
        expect(alarm).to_contain_text("left on “ferry will sink”; taking over")
        page.evaluate("() => claimlogDesk.choose('a+a')")
        page.keyboard.press("l")
        page.wait_for_function(SAVED)
        expect(alarm).to_be_hidden()
        assert [take for take, _ in other.verdicts()][:3] == ["left", "new", "none"]


@pytest.mark.slow
def test_a_note_is_not_written_over_one_that_came_while_it_was_typed(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, "S110")
    with entered(browser, desk, "adjudicator", "adjudicate/S110") as page:
        wait_for_passages(page)
        alarm = page.locator("#alarm")
        page.evaluate("() => claimlogDesk.choose('b+b')")
        page.keyboard.press("c")
        page.keyboard.type("My")
        other.decide("none", "Of another.", ["b+b"])
        focus(page)
        page.wait_for_function("() => claimlogDesk.state.units[1].note === 'Of another.'")
        page.keyboard.type(" note.")
        expect(alarm).to_contain_text("another was written meanwhile: “Of another.”")
        page.keyboard.press("Escape")
        page.evaluate("() => claimlogDesk.choose('b+b')")
        page.keyboard.press("l")  # a verdict is saved without the note
        page.wait_for_function("() => claimlogDesk.state.units[1].verdict.take === 'left'")
        assert other.verdicts()[1] == ("left", "Of another.")
        page.evaluate("() => claimlogDesk.choose('b+b')")
        page.keyboard.press("c")
        page.keyboard.press("End")
        page.keyboard.type(" Of another.")
        write = alarm.get_by_role("button", name="Write your note in its place")
        write.click()
        page.wait_for_function(SAVED)
        assert other.verdicts()[1] == ("left", "My note. Of another.")
        # one whose letters are in what is typed, and one that comes while the first is shown
        page.evaluate("() => claimlogDesk.choose('c+c')")
        page.keyboard.press("c")
        other.decide("none", "no", ["c+c"])
        page.keyboard.type("not sure of this")
        expect(alarm).to_contain_text("another was written meanwhile: “no”")
        page.keyboard.type(".")
        page.wait_for_function("() => claimlogDesk.decisions.waiting.size === 0")
        assert other.verdicts()[2] == ("none", "no")
        other.decide("none", "a", ["c+c"])
        write.click()
        expect(alarm).to_contain_text("another was written meanwhile: “a”")
        expect(alarm).not_to_contain_text("“no”")
        assert other.verdicts()[2] == ("none", "a")
        page.locator("#units .here input").fill("")
        page.wait_for_function(SAVED)
        expect(alarm).not_to_contain_text("Not saved")
        expect(page.locator("#units .here input")).to_have_value("a")
        assert other.verdicts()[2] == ("none", "a")


@pytest.mark.slow
def test_two_windows_of_a_judge_keep_what_is_begun_in_each(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, "S108")
    with entered(browser, desk, "adjudicator", "adjudicate/S108") as first:
        second = first.context.new_page()
        second.goto(first.url)
        for page, name in ((first, "a+a"), (second, "b+b")):
            wait_for_passages(page)
            page.evaluate("name => claimlogDesk.choose(name)", name)
            page.keyboard.press("n")
            page.locator("dialog button[data-slot=statement]").click()
            page.keyboard.press("End")
            page.keyboard.type(f" Mine of {name}.")
        second.get_by_role("button", name="Take this").click()
        second.wait_for_function(SAVED)
        first.reload()
        wait_for_passages(first)
        expect(first.get_by_role("dialog")).to_contain_text("Mine of a+a.")
        first.get_by_role("button", name="Not now").click()
        first.keyboard.press("c")
        first.route("**/units/**", lambda route: route.abort())
        first.keyboard.type("A careful note.")
        expect(first.locator("#alarm")).to_contain_text("Not saved: the note")
        second.evaluate("() => claimlogDesk.choose('c+c')")
        second.keyboard.press("c")
        second.keyboard.type("Another.")
        second.wait_for_function(SAVED)
        first.unroute_all()
        first.reload()
        wait_for_passages(first)
        expect(first.locator("#units .here")).to_contain_text(PASSAGES[0])
        other.await_verdicts(
            [(None, "A careful note."), ("new", None), (None, "Another."), (None, None)]
        )


@pytest.mark.slow
def test_a_dialog_that_closed_takes_the_focus_from_nothing_that_is_typed_since(
    browser: Browser, desk: DeskServer
) -> None:
    """A browser tells of the close after keys that were pressed since, where it is busy."""
    with entered(browser, desk, "adjudicator", "adjudicate/S108") as page:
        wait_for_passages(page)
        page.evaluate("() => claimlogDesk.choose('d+d')")
        page.keyboard.press("n")
        page.evaluate(
            """() => {
                document.querySelector("dialog").close();
                document.querySelector("#units .here input").focus();
            }"""
        )
        expect(page.locator("dialog")).to_have_count(0)
        page.keyboard.type("really")  # each of its letters may be a key
        expect(page.locator("#units .here input")).to_have_value("really")
        page.wait_for_function(SAVED)
        assert page.evaluate(TAKEN)[3] is None


@pytest.mark.slow
def test_a_value_that_one_window_of_a_judge_has_open_is_neither_shown_nor_forgotten_by_another(
    browser: Browser, desk: DeskServer
) -> None:
    def begin(page: Page) -> None:
        page.evaluate("() => claimlogDesk.choose('d+d')")
        page.keyboard.press("n")

    def write(page: Page, words: str) -> None:
        page.locator("dialog button[data-slot=statement]").click()
        page.keyboard.press("End")
        page.keyboard.type(words)

    with entered(browser, desk, "adjudicator", "adjudicate/S108") as first:
        wait_for_passages(first)
        begin(first)
        write(first, " Of the first.")
        second = first.context.new_page()
        second.goto(first.url)
        wait_for_passages(second)
        expect(second.locator("#units .here")).to_be_visible()
        expect(second.get_by_role("dialog")).to_have_count(0)
        begin(second)
        expect(second.get_by_role("dialog")).not_to_contain_text("Of the first.")
        write(second, " Of the second.")
        second.get_by_role("button", name="Not now").click()
        first.reload()
        expect(first.get_by_role("dialog")).to_contain_text("Of the first.")
        # once its window is gone, another one goes on with it
        third = first.context.new_page()
        first.close()
        third.goto(second.url)
        expect(third.get_by_role("dialog")).to_contain_text("Of the first.")
        third.get_by_role("button", name="Not now").click()
        third.reload()
        expect(third.locator("#units .here")).to_be_visible()
        expect(third.get_by_role("dialog")).to_have_count(0)


@pytest.mark.slow
def test_links_are_decided_of_the_pairs_that_were_shown_whenever_answers_come(
    browser: Browser, desk: DeskServer
) -> None:
    other = OtherPage(desk, "S109")
    take_over(other)
    said = "some 10,000 of the 30,000 ships"  # figures are keys of relations, 0 is no link
    with entered(browser, desk, "adjudicator", "links/S109") as page:
        here, alarm = page.locator("#proposals .here"), page.locator("#alarm")
        expect(here).to_be_visible()
        page.evaluate(HOLD)
        page.keyboard.press("b")
        page.keyboard.type("Both say so.")
        page.keyboard.press("Escape")
        page.keyboard.press("1")
        page.keyboard.press("b")
        page.keyboard.type(said[:12])
        expect(page.locator("#proposals")).to_contain_text("saving …")
        page.evaluate("() => letGo()")
        expect(page.locator("#proposals")).not_to_contain_text("saving …")
        page.keyboard.type(said[12:])
        expect(page.locator("#basis")).to_have_value(said)
        assert [one["relation"] for one in decided_links(other)] == ["disputes"]
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        page.keyboard.press("k")
        expect(page.locator("#basis")).to_have_value(said)
        # answers that are lost: of a link, and of taking it back
        lose_next_answer(page, "**/api/links/**")
        page.keyboard.press("1")
        expect(page.locator("#proposals")).not_to_contain_text("saving …")
        expect(alarm).to_be_hidden()
        assert [one["relation"] for one in decided_links(other)] == ["disputes"] * 2
        page.keyboard.press("k")
        lose_next_answer(page, "**/api/open/**")
        take_back = page.get_by_role("button", name="Take the link back")
        take_back.click()
        expect(take_back).to_have_count(0)
        expect(here).to_contain_text("open")
        expect(alarm).to_be_hidden()
        assert len(decided_links(other)) == 1
        # what is refused is said of its pair, wherever the page is by then
        page.route("**/api/links/**", lambda route: route.abort())
        page.keyboard.press("0")
        expect(alarm).to_contain_text("Not saved: no link of C1")
        page.unroute_all()
        page.keyboard.press("j")
        expect(alarm).to_contain_text("Not saved: no link of C1")


def take_over(page: OtherPage) -> None:
    """Decide all passages of a text that `code_by_two` coded, and take the claims over."""
    page.decide("left", None, ("a+a", "b+b", "c+c", "d+d"))
    committed = page.client.post(f"{page.path}/commit", json={"state": page.shown()["state"]})
    assert committed.status_code == 200, committed.text


def decided_links(page: OtherPage) -> list[dict[str, Any]]:
    found = page.client.get(page.path.replace("adjudication", "links")).json()["proposals"]
    return [one["decision"] for one in found if one["decision"]]


@pytest.mark.slow
def test_what_was_taken_back_or_sealed_is_seen_although_no_answer_came(
    browser: Browser, desk: DeskServer
) -> None:
    world = World(Package(desk.folder), desk.texts)
    batches = [*(desk.folder / "events").iterdir()]
    ends = {"from_claim_id": "C001-001", "to_claim_id": "C001-002"}
    (link,) = world.add("links", [{**ends, "relation": "qualifies", "basis": "It says so."}])
    with entered(browser, desk, "adjudicator", "review") as page:
        alarm = page.locator("#alarm")
        expect(page.locator("#seal-method")).not_to_have_value("")
        button = page.get_by_role("button", name=f"Take {link} back")
        lose_next_answer(page, "**/api/open/**")
        button.click()
        dialog_yes(page)
        expect(button).to_have_count(0)
        expect(alarm).to_be_hidden()
        lose_next_answer(page, "**/api/seal")
        page.locator("#seal").click()
        dialog_yes(page)
        expect(page.locator("#sealed")).to_contain_text("No answer came", timeout=60_000)
        expect(page.locator("#seal-part")).to_be_hidden()
        expect(alarm).to_be_hidden()
    assert len([*(desk.folder / "events").iterdir()]) == len(batches) + 1


def test_a_decision_draws_anew_what_it_changes_and_no_other_row_or_bar(
    browser: Browser, desk: DeskServer
) -> None:
    drawn = "'#units > li, #margin > .bar'"
    with entered(browser, desk, "adjudicator", "adjudicate/S111") as page:
        wait_for_passages(page)
        expect(page.locator("#margin > .bar")).to_have_count(2 * len(PASSAGES))
        page.evaluate("() => new Promise(go => requestAnimationFrame(() => setTimeout(go)))")
        page.evaluate(f"() => document.querySelectorAll({drawn}).forEach(one => one.was = true)")
        page.keyboard.press("x")
        page.wait_for_function(f"() => ({TAKEN})()[0] === 'none'")
        page.wait_for_function(SAVED)
        stayed = f"() => [...document.querySelectorAll({drawn})].map(one => Boolean(one.was))"
        others = [True] * (len(PASSAGES) - 2 + 2 * len(PASSAGES))
        assert sorted(page.evaluate(stayed)) == [False, False, *others]
        rows = page.locator("#units > li")
        expect(rows.first).to_have_class("unit decided")
        expect(rows.nth(1)).to_have_class("unit here")
        expect(rows.nth(1)).to_be_focused()
        expect(page.locator("#margin > .current")).to_have_attribute("data-name", "b+b|left")
        rows.last.locator("button").click()
        expect(rows.last).to_have_class("unit here")
        expect(page.locator("#margin > .current")).to_have_attribute("data-name", "d+d|left")
        ranges = """() => {
            const make = document.createRange;
            let made = 0;
            document.createRange = () => { made += 1; return make.call(document); };
            claimlogDesk.marks.draw();
            return made;
        }"""
        assert page.evaluate(ranges) == 0  # each that is made follows all changes of the page
