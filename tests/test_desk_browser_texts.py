"""Texts and identifiers of any kind at the desk, in a real Chromium."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, FilePayload, expect

from browser import browser
from conftest import World, copied
from desk_client import claim_value, passage
from test_desk_browser import READY, SAVED, OtherPage, coding, entered
from test_desk_browser_packages import DESCRIBED
from test_desk_browser_saves import ROLES
from workshop.bench.desk.desk_server import DeskServer, open_desk

__all__ = ["browser"]

LETTER_LAST = r".*\w"
"""Ends in a letter of any script, as the log reads it; in a browser, of ASCII."""

IDENTIFIERS = ("Ä~1", "a#b?c=1", "../x.json", "50%2F")


@pytest.fixture(scope="module")
def desk(registered: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskServer]:
    """A desk of a package whose sources and actors have identifiers and names of any letters."""
    world = copied(registered, tmp_path_factory.mktemp("desk"))
    schemas = world.root / "schemas"
    for name in ("sources", "claims", "codings"):
        path = schemas / f"{name}.json"
        schema = json.loads(path.read_text("utf-8"))
        for column in schema["fields"]:
            if column["name"] in ("source_id", "claim_id"):
                column["constraints"].pop("pattern", None)
        path.write_text(json.dumps(schema), "utf-8")
    path = schemas / "actors.json"
    schema = json.loads(path.read_text("utf-8"))
    for column in schema["fields"]:
        if column["name"] == "name":
            column.setdefault("currentConstraints", {})["pattern"] = LETTER_LAST
    path.write_text(json.dumps(schema), "utf-8")
    with open_desk(world.root, world.texts, ROLES) as server:
        yield server


def chosen(text: str) -> FilePayload:
    """A file with a text, as a person chooses it."""
    return {"name": "buoy.txt", "mimeType": "text/plain", "buffer": text.encode()}


@pytest.mark.slow
@pytest.mark.parametrize("beside", [".", "a"])
def test_a_line_of_very_many_signs_that_do_not_print_is_drawn_and_lines_after_it_are_marked(
    browser: Browser, desk: DeskServer, beside: str
) -> None:
    line = f"\u200b{beside}" * 40_000
    text = f"A buoy was lost.\n{line}\nFrom\u200b home.\n"
    with entered(browser, desk, "coder-1", "register") as page:
        page.set_input_files("#file", chosen(text))
        expect(page.locator("#text p")).to_have_count(3)
        expect(page.locator(".escaped")).to_have_count(5000)
        assert page.evaluate("() => document.querySelectorAll('#text p')[1].dir") == "auto"
        page.locator("#scroller").focus()
        for _ in range(3):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("m")
        expect(page.locator("#furniture li")).to_contain_text(r"From\u200b home.")


@pytest.mark.slow
def test_a_text_of_very_many_lines_and_a_list_of_very_many_rows_are_drawn(
    browser: Browser, desk: DeskServer
) -> None:
    with entered(browser, desk, "coder-1", "register") as page:
        drawn = page.evaluate(
            """async () => {
                const { fill, h } = await import("/static/dom.js");
                const { TextPane } = await import("/static/text_pane.js");
                const [text, scroller, list] = ["div", "div", "ul"].map((tag) => h(tag));
                new TextPane(text, scroller, "a\\n".repeat(200_000));
                fill(list, Array.from({ length: 200_000 }, () => h("li")));
                return [text, list].map((one) => one.childElementCount);
            }"""
        )
        assert drawn == [200_000, 200_000]


def test_claims_of_very_many_lines_are_drawn_by_where_they_begin_and_end(
    browser: Browser, desk: DeskServer
) -> None:
    with entered(browser, desk, "coder-1", "register") as page:
        drawn = page.evaluate(
            """async () => {
                const { h } = await import("/static/dom.js");
                const { TextPane } = await import("/static/text_pane.js");
                const { ClaimMarks } = await import("/static/claim_marks.js");
                const [text, scroller, margin] = ["div", "div", "div"].map((tag) => h(tag));
                scroller.append(text);
                document.body.append(scroller, margin);
                const content = "ab\\n".repeat(2_000);
                const pane = new TextPane(text, scroller, content);
                const marks = new ClaimMarks(pane, margin, [], () => {});
                pane.onVisible = () => {};
                pane.visible = [0, 60];
                let read = 0;
                const { getClientRects } = Range.prototype;
                Range.prototype.getClientRects = function counted() {
                    const found = getClientRects.call(this);
                    read += found.length;
                    return found;
                };
                const claim = (_, at) => ({
                    name: `${at}`,
                    span: [0, content.length - 1 - 3 * at],
                    trait: ["left", "right"][at % 2],
                });
                marks.show(Array.from({ length: 200 }, claim), null);
                Range.prototype.getClientRects = getClientRects;
                const length = (one) => pane.offset(one.endContainer, one.endOffset)
                    - pane.offset(one.startContainer, one.startOffset);
                const marked = ["claim-left", "claim-right"].map((name) => (
                    [...CSS.highlights.get(name)].reduce((sum, one) => sum + length(one), 0)));
                const [bar] = margin.children;
                const isLong = parseFloat(bar.style.height) > text.offsetHeight * 0.9;
                return { bars: margin.childElementCount, isLong, read, marked };
            }"""
        )
        assert (drawn["bars"], drawn["isLong"]) == (200, True)
        assert drawn["read"] <= 2 * 200  # and not a rectangle a line for each claim
        assert max(drawn["marked"]) <= 60  # each word that is near, once


def test_what_lies_in_furniture_is_found_without_asking_each_mark_for_each_word(
    browser: Browser, desk: DeskServer
) -> None:
    with entered(browser, desk, "coder-1", "register") as page:
        found = page.evaluate(
            """async () => {
                const { TextWords } = await import("/static/text_words.js");
                const wordsOf = (count) => Array.from({ length: 2 * count }, (_, at) => at);
                let read = 0;
                const get = (span, key) => { read += 1; return span[key]; };
                const mark = (_, at) => ({ utf16: new Proxy([40 * at, 40 * at + 39], { get }) });
                const marks = Array.from({ length: 1_000 }, mark);
                const words = new TextWords("a ".repeat(20_001), wordsOf(20_001), marks, "en");
                const next = words.beside(0, 1);
                const spans = [[40, 60], [0, 30], [10, 50], [0, 4], [90, 93]];
                const few = new TextWords(
                    "a ".repeat(60), wordsOf(60), spans.map((utf16) => ({ utf16 })), "en");
                const isIn = (at) => spans.some(([start, end]) => start <= at && at < end);
                const wrong = Array.from({ length: 60 }, (_, at) => at).filter(
                    (at) => few.isFurniture(at) !== isIn(2 * at));
                return { next, read, wrong };
            }"""
        )
        assert (found["next"], found["wrong"]) == (20_000, [])
        assert found["read"] < 100 * 1_000


def test_a_name_is_taken_that_fits_a_pattern_as_the_log_reads_it(
    browser: Browser, desk: DeskServer
) -> None:
    with coding(browser, desk, "coder-1", "S102") as page:
        page.evaluate("() => { claimlogDesk.register('actors', 'Haus Menü'); }")
        page.select_option("#entry-actor_type", "group")
        page.get_by_role("button", name="Register").click()
        expect(page.locator("dialog")).to_have_count(0)
        client = OtherPage(desk, "S102", "coder-1").client
        found = client.get("/coder-1/api/lookup/actors?q=Menü&source=S102").json()
        assert "haus-menu" in [entry["id"] for entry in found["entries"]]


def registered_as(desk: DeskServer, identifier: str) -> str:
    """Register a text as a source of this identifier; return the text."""
    client = OtherPage(desk, "S102", "coder-1").client
    binary = {"content-type": "application/octet-stream"}
    text = f"The ferry {identifier} sank. Nobody minded it.\n"
    read = client.post("/coder-1/api/texts?name=x.txt", content=text.encode(), headers=binary)
    source = {**DESCRIBED, "language": "en", "reliability": "C", "source_id": identifier}
    body = {"upload": read.json()["upload"], "source": source}
    answer = client.post("/coder-1/api/sources", json=body)
    assert answer.status_code == 200, answer.text
    return text


@pytest.mark.slow
def test_a_source_of_any_identifier_is_decided_and_its_links_are_shown(
    browser: Browser, desk: DeskServer
) -> None:
    identifier = "b/#c?d=%2F"
    text, quoted = registered_as(desk, identifier), quote(identifier, safe="")
    for role, modality in (("coder-1", "actual"), ("coder-2", "hypothetical")):
        client = OtherPage(desk, quoted, role).client
        work = f"/{role}/api/work/{quoted}"
        value = claim_value("boats", "It went down there.", modality=modality) | passage(
            "sank", text
        )
        answer = client.put(f"{work}/drafts/a", json={"base": 0, "value": value})
        assert answer.status_code == 200, answer.text
        answer = client.post(f"{work}/finish", json={"state": answer.json()["state"]})
        assert answer.status_code == 200, answer.text
    other = OtherPage(desk, quoted)
    with entered(browser, desk, "adjudicator", f"adjudicate/{quoted}") as page:
        page.wait_for_function("() => window.claimlogDesk?.state?.units.length === 1")
        page.keyboard.press("c")
        page.keyboard.insert_text("A note.")
        other.await_verdicts([(None, "A note.")])
        page.keyboard.press("Escape")
        page.keyboard.press("l")
        other.await_verdicts([("left", "A note.")])
        body = {"state": other.shown()["state"]}
        assert other.client.post(f"{other.path}/commit", json=body).status_code == 200
        page.goto(f"{desk.base}/adjudicator/links/{quoted}")
        expect(page.locator("h1")).to_contain_text("Links")
        expect(page.locator("#alarm")).to_be_hidden()


@pytest.mark.slow
def test_a_source_of_any_identifier_that_a_package_allows_is_opened_and_coded(
    browser: Browser, desk: DeskServer
) -> None:
    client = OtherPage(desk, "S102", "coder-1").client
    for identifier in IDENTIFIERS:
        registered_as(desk, identifier)
    with entered(browser, desk, "coder-1") as page:
        start = page.url
        for identifier in IDENTIFIERS:
            row = page.locator("#sources tr", has=page.locator(f"th a:text-is('{identifier}')"))
            row.get_by_role("link", name="furniture").click()
            expect(page.locator("p.id")).to_have_text(identifier)
            expect(page.locator("#text p")).to_contain_text(f"The ferry {identifier} sank")
            page.goto(start)
            row.get_by_role("link", name="code", exact=True).click()
            page.wait_for_function(READY)
            page.evaluate("() => claimlogDesk.take([4, 9])")
            page.wait_for_function(SAVED)
            path = f"/coder-1/api/work/{quote(identifier, safe='')}"
            drafts = client.get(path).json()["drafts"]
            assert [draft["quote"] for draft in drafts] == ["ferry"]
            page.goto(start)
    desk_steps = client.get("/coder-1/api/desk").json()["next"]
    addresses = [step["address"] for step in desk_steps if step["source_id"] in IDENTIFIERS]
    assert len(addresses) == len(IDENTIFIERS)
    assert {client.get(address).status_code for address in addresses} == {200}
