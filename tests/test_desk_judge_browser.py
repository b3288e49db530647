"""Pages of who decides, in a real headless Chromium: answers that are late or lost, two windows.

Fixtures have module scope; each test has a text of its own, which two coded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from playwright.sync_api import Browser, Page, expect

from browser import NO_CHROMIUM, chromium, opened
from conftest import World, copied
from desk_client import Opened, claim_value, passage
from test_desk_browser import SAVED, coding, entered, register_text
from workshop.bench.desk.desk_server import DeskServer, open_desk

TEXT = "The ferry will sink. Some ninety boats use it. Nobody minds them. A keeper slept.\n"
PASSAGES = ("ferry will sink", "Some ninety boats", "Nobody minds them", "keeper slept")
TEXTS = 2
"""How many texts are coded by two; they are S103 and so on."""


@pytest.fixture(scope="module")
def browser(desk: DeskServer) -> Iterator[Browser]:  # noqa: ARG001
    """One browser for the module, opened after what asks in this process: both want a loop."""
    if chromium() is None:
        pytest.skip(NO_CHROMIUM)
    with opened() as browser:
        yield browser


@pytest.fixture(scope="module")
def desk(registered: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskServer]:
    """A desk that is served, with texts that two coded and see differently."""
    world = copied(registered, tmp_path_factory.mktemp("desk"))
    asked = Opened.of(world.package, world.texts)
    for number in range(TEXTS):
        _code_by_two(asked, f"S{103 + number}", f"{TEXT}\nThis is copy {number}.\n")
    asked.close()
    with open_desk(world.root, world.texts, ("coder-1", "coder-2", "adjudicator")) as server:
        yield server


def _code_by_two(asked: Opened, source: str, text: str) -> None:
    register_text(asked, f"{source}.txt", text)
    for role, modality in (("coder-1", "actual"), ("coder-2", "hypothetical")):
        for name, words in zip("abcd", PASSAGES, strict=True):
            value = claim_value("boats", f"It is said of {words[-5:]}.", modality=modality)
            asked.put(role, source, name, value | passage(words, text))
        asked.finish(role, source)


def wait_for_passages(page: Page, number: int = len(PASSAGES)) -> None:
    page.wait_for_function(
        "number => window.claimlogDesk?.state?.units.length === number", arg=number
    )


HOLD = """() => {
    const [ask, held] = [window.fetch, []];
    window.fetch = async (address, options) => {
        const answer = await ask(address, options);
        if (options.method !== "GET") await new Promise(go => held.push(go));
        return answer;
    };
    window.letGo = () => { window.fetch = ask; for (const go of held) go() };
}"""
"""Holds back what answers say of changes, as a slow disk does, until `letGo`."""


def dialogs(page: Page) -> Sequence[str | None]:
    return [one.get_attribute("aria-label") for one in page.locator("dialog").all()]


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
            assert dialogs(page) == [own]
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
