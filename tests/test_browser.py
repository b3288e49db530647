"""The site in a real headless Chromium: sound pages, accessible, usable by key, print, no script.

Fixtures have module scope on purpose: see `browser`.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accessibility import SCHEMES, page_violations, violations
from browser import (
    FOCUSED,
    MARK_FOCUSABLE,
    NO_CHROMIUM,
    OPEN_ALL,
    WIDE,
    Crawl,
    Site,
    Watch,
    chromium,
    opened,
    serving,
    too_wide,
)
from claimlog.build import build
from claimlog.package import Package
from claimlog.schema.site_config import read_presentation
from claimlog.site.page_list import PAGES
from claimlog.site.pages.package_pages import pages_of_topic
from conftest import ROOT
from reader import Reader, missing_answers
from repositories import Repo
from thorough import TIMES

OF_TOPIC = [item.pattern for item in pages_of_topic(read_presentation(Package(ROOT)).pages)]
PATTERNS = [*(item.pattern for item in PAGES), *OF_TOPIC, "/measures/(?P<measure_id>[^/.]+)"]
QUESTIONS = json.loads(Path(__file__).with_name("reader_questions.json").read_text("utf-8"))
MOST_CLICKS = 4
FILES = (
    *(r"/downloads/(?P<file>[^/]+)", r"/docs/(?P<image>[^/]+)"),
    *(item.pattern for item in PAGES if item.is_document),
)
"""Routes that answer with a file, no page."""
MISSING = "/claims/C999-999"
PAPER = {"width": 794, "height": 1123}
"""A4 at 96 dots an inch."""
CUT_OFF = (
    "cells => cells.filter(c => c.getBoundingClientRect().right > innerWidth).map(c => c.className)"
)
CLAIM = (
    "select c.claim_id from claims c where incident_id is not null or measure is not null "
    "order by (select count(*) from links l where c.claim_id in (l.from_claim_id, l.to_claim_id)) "
    "+ 2 * hops + (c.version > 1) desc, c.claim_id limit 1"
)
RETRACTED = "select claim_id from claim_versions where action = 'retract' order by claim_id limit 1"
SAMPLES = (
    CLAIM,
    "select source_id from claims group by source_id order by count(*), source_id limit 1",
    "select actor_id from claim_actors join claims using (claim_id) group by actor_id "
    "having count(distinct role) = 3 and count(measure) order by count(*), actor_id limit 1",
    "select incident_id from incidents order by claims < 20 desc, claims desc limit 1",
    "select fact_id from corroboration order by claims desc limit 1",
    "select version, version as release from releases order by tree_size desc limit 1",
    "select codelist from codebook where scheme is not null order by codelist limit 1",
    "select a.state_id as ally, c.measure from claims c join measure_takers t using (measure_id) "
    "join actors a using (actor_id) where c.measure is not null and a.state_id is not null "
    "group by 1, 2 order by count(*) desc limit 1",
    "select 'performance' as document",
    "select trust_holder ->> 0 as holder, trust_object ->> 0 as object from claims "
    "where json_array_length(trust_holder) = 1 and json_array_length(trust_object) = 1 "
    "group by 1, 2 order by count(*) desc limit 1",
    "select measure_id from measures order by claims desc limit 1",
)
"""Queries whose columns fill the named parts of a route: all that a page can show, in few rows."""

ASKED = {
    "search results": "/claims?q=intelligence",
    "a filtered list": "/claims?topic=trust&topic=sharing&occurred=any&sort=-date",
    "a search for what no query language bears": "/claims?q=%22+AND+%28%3Cb%3E",
    "an as-of date": "/as-of?date=2026-11-21",
}
"""Pages that are what they are by their query; only those whose route exists are looked at."""


def exists(path: str) -> bool:
    """Return whether a page of ours answers at a path."""
    return any(re.fullmatch(pattern, path.partition("?")[0]) for pattern in PATTERNS)


KINDS = [
    *(
        pytest.param(pattern, id="home" if re.fullmatch(pattern, "") else pattern)
        for pattern in PATTERNS
        if pattern not in FILES
    ),
    pytest.param("retracted", id="a retracted claim"),
    *(pytest.param(path, id=name) for name, path in ASKED.items() if exists(path)),
]


def needs(*paths: str) -> pytest.MarkDecorator:
    """Mark a journey as failing while pages on its way are not there, and as failing no longer."""
    absent = [path or "home" for path in paths if not exists(path)]
    reason = f"these pages do not exist yet: {', '.join(absent)}"
    return pytest.mark.xfail(bool(absent), reason=reason, strict=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the module.

    It must be closed before another module uses asyncio, for Playwright keeps a loop running.
    """
    if chromium() is None:
        pytest.skip(NO_CHROMIUM)
    with opened() as browser:
        yield browser


@pytest.fixture(scope="module")
def tiny(once_released: Repo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The tiny package, served with its text, and with the release before its corrections."""
    repo = once_released.copy(tmp_path_factory.mktemp("tiny"))
    out = repo.package.build
    build(repo.package, out)
    more = ("--texts", str(repo.world.texts), "--releases", "all")
    with serving(repo.root, out, *more) as site:
        yield site


@pytest.fixture(scope="module")
def site(corpus_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """This project's own corpus, served."""
    out = tmp_path_factory.mktemp("served") / "build"
    shutil.copytree(corpus_build, out)
    shutil.copytree(ROOT / "docs", out.with_name("docs"))
    with serving(ROOT, out) as site:
        yield site


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One context for the module."""
    context = browser.new_context(color_scheme="light", viewport=WIDE)  # type: ignore[arg-type]
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    yield page
    page.close()


@pytest.fixture(scope="module")
def address(site: Site) -> Callable[[str], str]:
    """Return the path of a kind of page on the corpus."""

    def of(kind: str) -> str:
        if kind == "retracted":
            return f"/claims/{site.one(RETRACTED)}"
        return site.filled(kind, SAMPLES) if kind in PATTERNS else kind

    return of


@pytest.fixture
def claim(site: Site) -> str:
    """The address of a claim with much on its page."""
    return f"{site.base}/claims/{site.one(CLAIM)}"


# --- what is served


def report(faults: list[str], crawl: Crawl) -> None:
    """Fail with all faults that a crawl found."""
    if faults:
        lines = "\n".join(faults)
        pytest.fail(f"{len(faults)} faults in {crawl.seen.total()} links:\n{lines}", pytrace=False)


@pytest.mark.slow
def test_every_link_within_the_tiny_site_leads_to_what_it_says(tiny: Site) -> None:
    crawl = Crawl(tiny, PATTERNS, most=150 * TIMES, most_raw=15 * TIMES).run()
    report(crawl.faults, crawl)


@pytest.mark.slow
def test_every_link_leads_to_what_it_says_and_every_kind_of_page_is_linked(site: Site) -> None:
    crawl = Crawl(site, PATTERNS, most=400, most_raw=30).run()
    report(crawl.faults + crawl.unlinked(), crawl)


# --- what a reader is answered


def test_there_are_questions_enough_and_each_is_one() -> None:
    assert len(QUESTIONS) >= 25
    asked = [item["question"] for item in QUESTIONS]
    assert len(set(asked)) == len(asked)
    assert all(item["answers"] and all(item["answers"]) for item in QUESTIONS)


@pytest.mark.slow
@pytest.mark.parametrize("item", QUESTIONS, ids=lambda item: item["question"])
def test_a_reader_finds_the_answer_from_the_first_page(item: dict[str, Any], site: Site) -> None:
    with httpx.Client(base_url=site.base, timeout=60) as client:
        reader = Reader(lambda path: client.get(path).raise_for_status().text)
        for click in item["clicks"]:
            text, *beside = [click] if isinstance(click, str) else click
            reader.click(text, beside)
        assert reader.clicks <= MOST_CLICKS
        assert missing_answers(reader, item["answers"]) == [], reader.path


def test_a_reader_is_not_answered_by_what_stands_apart() -> None:
    page = """<p>Nor stopped.</p><p>Sud denies it.</p><table><thead><tr><th>who</th>
        <th>origins</th></tr></thead><tbody><tr><th colspan="2">Taken</th></tr><tr><td>Nor</td>
        <td>16</td></tr><tr><td>Sud</td><td>1</td></tr></tbody></table>"""
    reader = Reader(lambda _: page)
    assert missing_answers(reader, [["Taken", "who: Nor", "origins: 16"], ["Sud denies it"]]) == []
    wrong = [["Nor", "denies"], ["who: Nor", "origins: 1"], ["Denied", "who: Nor"], ["origins: 6"]]
    assert len(missing_answers(reader, wrong)) == len(wrong)
    with pytest.raises(AssertionError, match="0 links say 'Nor'"):
        reader.click("Nor")


def test_the_header_is_one_line_and_the_first_screen_holds_answers(site: Site, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(site.base)
    heights = page.locator("header.top, header.top nav a").evaluate_all(
        "all => all.map(e => Math.round(e.getBoundingClientRect().top))"
    )
    assert len(set(heights[1:])) == 1, "the links of the header stand in several lines"
    assert page.locator("header.top").evaluate("e => e.offsetHeight") < 60
    rows = page.locator("table.answers tbody tr:not(.kind)")
    seen = rows.evaluate_all(
        "all => all.filter(e => e.getBoundingClientRect().bottom <= innerHeight).length"
    )
    assert seen >= 6
    assert too_wide(page) == []


# --- every kind of page


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_loads_without_complaint_from_this_host_alone_and_axe_finds_no_violation(
    kind: str, site: Site, page: Page, address: Callable[[str], str]
) -> None:
    watch = Watch(site.base).on(page)
    path = address(kind)
    answer = page.goto(site.base + path)
    assert answer is not None
    assert answer.status == 200, path
    page.evaluate(OPEN_ALL)
    assert watch.said == [], path
    assert page.locator("h1").count() == 1, path
    assert page.title().strip(" ·"), path
    assert too_wide(page) == [], path
    found = violations(page, path)
    if found:
        pytest.fail("\n".join(found), pytrace=False)


LONG_TABLE = """<!doctype html><html lang="en"><title>x</title><main><h1>x</h1><table>
  <tr><th>number</th><th>word</th></tr>{rows}</table>
  <p>A <a href="/">link</a> among words.</p></main>"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("style", "rule"),
    [
        ("color: #999", "color-contrast"),
        ("background: #666", "color-contrast"),
        ("opacity: 0.4", "color-contrast"),
        ("color: #111", None),
    ],
)
def test_axe_finds_the_one_cell_of_a_long_table_that_looks_otherwise(
    style: str, rule: str | None, page: Page
) -> None:
    cells = [f"<tr><td>{number}</td><td>alike</td></tr>" for number in range(200)]
    cells[150] = f'<tr style="{style}"><td>150</td><td>alike</td></tr>'
    page.set_content(LONG_TABLE.replace("{rows}", "".join(cells)))
    found = page_violations(page, "a table")
    assert [line.split()[0] for line in found] == ([rule] * 2 * len(SCHEMES) if rule else [])


def test_axe_finds_a_link_that_nothing_but_its_colour_tells_from_its_words(page: Page) -> None:
    page.set_content(LONG_TABLE.replace("{rows}", ""))
    assert page_violations(page, "x") == []
    page.add_style_tag(content="a { text-decoration: none; color: #222 }")
    found = page_violations(page, "x")
    assert [line.split()[0] for line in found] == ["link-in-text-block"] * len(SCHEMES)


def test_a_missing_page_says_so_in_a_heading_and_is_as_sound(site: Site, page: Page) -> None:
    answer = page.goto(site.base + MISSING)
    assert answer is not None
    assert answer.status == 404
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator("main")).to_contain_text("C999-999")
    assert too_wide(page) == []
    assert violations(page, MISSING) == []


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/sources/S001", "/claims/C001-001"])
def test_a_page_that_shows_the_text_of_an_article_is_as_sound(
    path: str, tiny: Site, page: Page
) -> None:
    watch = Watch(tiny.base).on(page)
    page.goto(tiny.base + path)
    expect(page.locator("main")).to_contain_text("tide tables with Sudland on Monday")
    assert watch.said == []
    assert too_wide(page) == []
    assert violations(page, f"{path} with its text") == []


# --- a release beside the latest

FROZEN = "/releases/0.1.0"
OUT = re.compile(
    r"/(|releases(/[0-9.]+)?|downloads|-/.*|tiny-0_1_0.*|releases/0\.1\.0/.*)(?=$|[?#])"
)
"""Where pages of a release may lead: into it, to its tables, and to what is of no release."""


LED = "() => [...document.querySelectorAll('a[href^=\"/\"]')].filter(a => !a.closest('.notice'))"
LED += ".map(a => a.getAttribute('href'))"
"""The links of a page but those of a notice, which says that there is something newer."""


def pages_of_a_release(tiny: Site) -> list[str]:
    """Return the address of every kind of page in the frozen release."""
    samples = (
        "select 'C001-003' as claim_id, 'S001' as source_id, 'nor' as actor_id, "
        "'lost-chart' as incident_id, 'topic' as codelist, 'nor' as ally, "
        "'stop_subject' as measure, fact_id from corroboration",
    )
    kinds = [item.pattern for item in PAGES if item.in_releases and not item.is_document]
    return [FROZEN + tiny.filled(kind, samples) for kind in kinds]


@pytest.mark.slow
def test_every_page_of_a_release_is_sound_and_leads_into_the_release(
    tiny: Site, page: Page
) -> None:
    watch = Watch(tiny.base).on(page)
    faults = []
    for path in pages_of_a_release(tiny):
        answer = page.goto(tiny.base + path)
        assert answer is not None
        assert answer.status == 200, path
        expect(page.locator(".frozen")).to_have_text("release 0.1.0")
        expect(page.locator(".crumbs")).to_contain_text("Release 0.1.0")
        led = set(page.evaluate(LED)) - {f"{path}.json"}
        faults += [f"{path}: leads to {to}" for to in sorted(led) if not OUT.match(to)]
    assert faults == []
    assert watch.said == []


@pytest.mark.slow
def test_axe_finds_no_violation_in_a_claim_of_a_release_that_has_a_newer_version(
    tiny: Site, page: Page
) -> None:
    page.goto(f"{tiny.base}{FROZEN}/claims/C001-003")
    expect(page.locator(".notice")).to_contain_text("has version 2 of this claim")
    page.locator(".notice a").click()
    page.wait_for_url("**/claims/C001-003")
    expect(page.locator(".id").first).to_contain_text("version 2 of the log as it stands")
    expect(page.locator("section[aria-labelledby=h-cite] .notice")).to_contain_text(
        "Release 0.1.0 holds version 1 of C001-003; version 2 is newer"
    )
    found = violations(page, "a claim that is newer than its release")
    page.locator("[data-copy=Permalink]").click()
    page.wait_for_url(f"**{FROZEN}/claims/C001-003")
    expect(page.locator(".id").first).to_contain_text("version 1 in release 0.1.0")
    found += violations(page, "a claim of a release")
    assert found == []


def test_a_release_says_what_it_does_not_hold_yet_and_one_that_is_unknown_is_said_to_be(
    tiny: Site, page: Page
) -> None:
    for path, said in {
        "/releases/9.9.9/claims/C001-001": "Release 9.9.9 is not served here",
        f"{FROZEN}/claims/C999-001": "There is no claim C999-001",
    }.items():
        answer = page.goto(tiny.base + path)
        assert answer is not None
        assert answer.status == 404
        expect(page.locator("main")).to_contain_text(said)


# --- Datasette's own pages

RAW = {
    "tables and queries": "/{name}",
    "a table": "/{name}/claims?topic=trust&_sort=start",
    "a row": "/{name}/claims/C001-001",
    "a prepared query": "/{name}/measures_by_ally",
    "a query with parameters": "/{name}/claim_history?claim_id=C001-003",
    "a query of one's own": "/{name}?sql=select+claim_id,+statement+from+claims",
    "a query that is wrong": "/{name}?sql=select+nothing",
    "a table that is missing": "/{name}/nothing",
    "an address that is missing": "/nowhere",
}


@pytest.mark.slow
@pytest.mark.parametrize("path", RAW.values(), ids=RAW)
def test_pages_of_datasette_have_our_frame_and_axe_finds_no_violation(
    path: str, tiny: Site, page: Page
) -> None:
    watch = Watch(tiny.base).on(page)
    answer = page.goto(tiny.base + path.format(name=tiny.name))
    assert answer is not None
    wrong = {"select+nothing": 400, "nothing": 404, "nowhere": 404}
    status = next((code for end, code in wrong.items() if path.endswith(end)), 200)
    assert answer.status == status
    expect(page.locator("header .name")).to_have_text("A tiny package")
    expect(page.locator("h1")).to_have_count(1)
    assert page.locator("html").get_attribute("lang") == "en"
    if status == 200:
        assert watch.said == []
    assert too_wide(page) == []
    assert violations(page, path) == []


# --- keys


def test_the_first_tab_reaches_the_skip_link_which_leads_into_the_content(
    page: Page, claim: str
) -> None:
    page.goto(claim)
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)["skip"]
    skip = page.locator(":focus").bounding_box()
    assert skip is not None
    assert skip["x"] >= 0, "the skip link is not seen when it has the focus"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)["main"], "after the skip link, Tab is not in the content"


def test_every_interactive_element_of_a_claim_is_reached_by_tab_and_shows_its_focus(
    page: Page, claim: str
) -> None:
    page.goto(claim)
    page.evaluate(OPEN_ALL)
    wanted: list[str] = page.evaluate(MARK_FOCUSABLE)
    reached, unseen = set(), []
    for _ in wanted:
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUSED)
        reached.add(now["mark"])
        if not now["seen"]:
            unseen.append(now["html"])
    assert [html for i, html in enumerate(wanted) if str(i) not in reached] == []
    assert unseen == [], "the focus cannot be seen"


def test_a_definition_is_shown_when_its_code_has_the_focus(page: Page, claim: str) -> None:
    page.goto(claim)
    code = page.locator(".code").first
    shown = page.locator(f"#{code.get_attribute('aria-describedby')}")
    expect(shown).to_be_hidden()
    code.focus()
    expect(shown).to_be_visible()


# --- journeys


@needs("", "/claims", "/sources/S001")
def test_a_reader_finds_a_claim_by_its_words_and_comes_to_its_source(
    site: Site, page: Page
) -> None:
    page.goto(f"{site.base}/")
    page.get_by_role("searchbox").first.fill("intelligence")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/search\?.*q=intelligence"))
    found = page.locator("main a[href*='/claims/C']").first
    to = found.get_attribute("href") or ""
    found.click()
    page.wait_for_url(f"**{to}")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".id")).to_contain_text(to.rpartition("/")[2])
    page.locator("main a[href*='/sources/S']").first.click()
    page.wait_for_url(re.compile(r"/sources/S[0-9]+$"))
    expect(page.locator("h1")).to_be_visible()


@needs("/claims")
def test_a_reader_chooses_by_the_keyboard_takes_it_away_and_gets_the_file(
    site: Site, page: Page
) -> None:
    page.goto(f"{site.base}/claims")
    group = page.locator("details.facet[open]").last
    box = group.get_by_role("checkbox").first
    name, value = box.get_attribute("name"), box.get_attribute("value")
    count = group.locator(".n").first.inner_text()
    box.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/claims\?{name}={value}$"))
    expect(page.locator("h2").first).to_contain_text(f"{count} claim")
    with page.expect_download() as download:
        page.locator("a", has_text="CSV").first.click()
    assert download.value.suggested_filename == "claims-selected.csv"
    page.locator(".chip a").click()
    page.wait_for_url(re.compile(r"/claims$"))


def test_a_reader_sees_the_citation_of_a_claim_and_opens_its_other_forms(
    page: Page, claim: str
) -> None:
    page.goto(claim)
    cite = page.locator("section[aria-labelledby=h-cite]")
    expect(cite.locator("pre:visible")).to_have_count(1)
    expect(cite.locator("pre:visible")).to_contain_text(claim.rpartition("/")[2])
    cite.locator("summary", has_text="BibTeX").click()
    expect(cite.locator("pre:visible").first).to_contain_text("@")


def test_every_form_of_a_citation_and_the_permalink_are_copied_by_key(
    browser: Browser, claim: str
) -> None:
    allowed = browser.new_context(viewport=WIDE, permissions=["clipboard-read", "clipboard-write"])  # type: ignore[arg-type]
    try:
        page = allowed.new_page()
        page.goto(claim)
        page.evaluate(OPEN_ALL)
        forms = page.locator("section[aria-labelledby=h-cite] [data-copy]")
        names = [form.get_attribute("data-copy") or "" for form in forms.all()]
        assert names == ["Permalink", "File", "BibTeX", "RIS", "CSL-JSON", "Text (APA)"]
        for form, name in zip(forms.all(), names, strict=True):
            page.get_by_role("button", name=f"Copy {name}", exact=True).press("Enter")
            expect(page.get_by_role("status").filter(has_text=f"{name} copied")).to_have_count(1)
            copied = page.evaluate("() => navigator.clipboard.readText()")
            assert copied == form.text_content()
    finally:
        allowed.close()


def test_where_there_is_no_clipboard_the_citation_is_selected_instead(
    page: Page, claim: str
) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.goto(claim)
    page.get_by_role("button", name="Copy Text (APA)", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="selected, press Ctrl+C")).to_have_count(1)
    selected = page.evaluate("() => window.getSelection().toString()")
    assert selected.strip() == page.locator("[data-copy='Text (APA)']").inner_text().strip()


@needs("", "/downloads")
def test_a_reader_downloads_a_table_as_parquet(site: Site, page: Page, tmp_path: Path) -> None:
    page.goto(f"{site.base}/")
    page.get_by_role("link", name="Downloads").first.click()
    page.wait_for_url(re.compile(r"/downloads$"))
    with page.expect_download() as waiting:
        page.locator("a[href$='/claims.parquet']").first.click()
    file = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(file)
    assert file.name == "claims.parquet"
    assert file.read_bytes() == (site.database.parent / "parquet" / file.name).read_bytes()


# --- print, and no script


def test_print_shows_the_statement_and_the_citation_without_the_navigation(
    page: Page, claim: str
) -> None:
    page.goto(claim)
    page.emulate_media(media="print")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("section[aria-labelledby=h-cite] pre").last).to_be_visible()
    for hidden in ("nav[aria-label=Main]", "form[role=search]", ".skip", ".steps"):
        expect(page.locator(hidden).first).to_be_hidden()


def test_no_cell_of_a_table_or_query_is_cut_off_on_paper(tiny: Site, page: Page) -> None:
    page.set_viewport_size(PAPER)
    page.emulate_media(media="print")
    for path in ("claims", "claims/C001-001", "changes", "codebook", "measures_by_ally"):
        page.goto(f"{tiny.base}/{tiny.name}/{path}")
        cells = page.locator(".rows-and-columns td:visible")
        assert cells.count() > 0, path
        assert cells.evaluate_all(CUT_OFF) == [], path
        shown = page.locator(".rows-and-columns td").first
        label = shown.evaluate("cell => getComputedStyle(cell, '::before').content")
        headed = page.locator(".rows-and-columns th").first.is_visible()
        assert headed != (label not in ("none", "normal")), path  # named once, and once only


def test_without_script_a_claim_says_the_same(browser: Browser, page: Page, claim: str) -> None:
    plain = browser.new_context(java_script_enabled=False, viewport=WIDE)
    try:
        bare = plain.new_page()
        for shown in (bare, page):
            shown.goto(claim)
        assert bare.locator(".copy").count() == 0, "a button that does nothing"
        page.evaluate("() => document.querySelectorAll('.copy, .copied').forEach(e => e.remove())")
        for part in ("h1", ".codes", ".chain", "section[aria-labelledby=h-cite]"):
            text = bare.locator(part).inner_text()
            assert text.strip()
            assert text == page.locator(part).inner_text(), part
    finally:
        plain.close()
