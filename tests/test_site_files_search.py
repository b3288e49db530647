"""Search, filters and orders of a site of plain files, in a browser that opened them from a disk.

What they answer is compared with what the server answers to the same address.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect

from accessibility import violations
from browser import NO_CHROMIUM, WIDE, Watch, chromium, opened
from claimlog.build import build
from claimlog.escaping import UNPRINTABLE, printable
from claimlog.site.files.addresses import Address
from claimlog.site.files.index_script import index_script
from claimlog.site.files.markup_trees import markup_trees
from claimlog.site.search.index import TOKENIZER
from conftest import Get, World, asking, copied
from file_sites import FileSite, write_pages
from own_topics import DOSES, TESTIMONY
from searches import SEARCHES, check_answer

Answer = dict[str, Any]

RELEASE = "0.1.0"
"""A release whose pages lie in the site of the tiny package."""

MORE_SEARCHES = (
    *(
        "the of",
        "*** “”",
        "a",
        "C004",
        "C0000-001",
        '"signal',
        "ZELENSKYY",
        "naïve Zürich \u0131 İ ß",
    ),
    *("/claims", "/claims/C9", "/measures/gbr/stop_subject", "/codebook/topic", "/releases/0.2.0"),
    *("www.cnn.com/x", "http://[::1]/x", "a.example/x?y=%ff", "U.S. allies", "drug-boats", "🙂"),
    *("inteligence of alies", "uk withold", "intel shar", "«C004-004»", "x" * 400, "w " * 30),
)
LISTS: dict[str, tuple[tuple[str, str], ...]] = {
    "corpus": (
        ("claims", ""),
        ("claims", "page=2"),
        ("claims", "sort=-date"),
        ("claims", "sort=origins&page=3"),
        ("claims", "topic=trust&topic=sharing&occurred=any&sort=-date"),
        ("claims", "ally=GBR&towards=usa"),
        ("claims", "speaker=donald-trump&speaker=jd-vance&act=no"),
        ("claims", "ally=uk&towards=America&speaker=Zelenskyy"),
        ("claims", "ally=Brittain&towards=Zelensky"),
        ("claims", "q=UK+boats"),
        ("claims", "q=%22drug+boats%22&sort=recorded"),
        ("claims", "q=***"),
        ("claims", "topic=Intelligence+sharing&origin=unknown"),
        ("claims", "topic=trsut&source=S9&occurred=2025-13&sort=newest"),
        ("claims", "occurred=2025&period=2025-Q1"),
        ("claims", "occurred=March+2025"),
        ("claims", "occurred=2025-q4&occurred=none&trust_sign=any"),
        ("claims", "taker=none&measure=any&q=&topic="),
        ("incidents", "actor=gbr&sort=claims"),
        ("incidents", "occurred=2025-03&incident_type=diplomacy"),
        ("findings", "sort=id&page=2"),
        ("link_codings", "relation=none"),
        ("coders", "kind=any"),
    ),
    "tiny": (
        ("claims", "topic=trust&topic=sharing&ally=none&sort=date"),
        ("claims", "q=Kingdom+of+Norland&towards=sud"),
        ("claims", "speaker=nor&measure_id=pact-review"),
        ("incidents", "occurred=2019"),
        ("coders", "sort=id"),
    ),
    "doses": (
        ("claims", ""),
        ("claims", "dose_value=2.5..10"),
        ("claims", "dose_value=40.0&dose_value=+..+02.5"),
        ("claims", "dose_value=10..&dose_value=none&dose_hours=any"),
        ("claims", "dose_value=..-1&effect=helps"),
        ("claims", "dose_unit=mg&dose_hours=8..24&sort=id"),
        ("claims", "dose_value=40-10&dose_hours=daily&dose_hours=..&dose_hours=1,500+h"),
        ("claims", "dose_value=ANY&dose_value=1e400&dose_value=-5+to+2,5"),
        ("claims", f"dose_value={'9' * 31}&dose_value={'9' * 30}"),
        ("studies", "patients=..20"),
        ("studies", "patients=13..&kind=trial"),
        ("studies", "patients=a+dozen"),
    ),
    "trial": (
        ("claims", ""),
        ("claims", "hearsay=no&hearsay=none"),
        ("claims", "hearsay=YES&stance=forgets"),
        ("claims", "hearsay=any&sort=id"),
        ("claims", "hearsay=1"),
        ("exhibits", "returned=no"),
    ),
}
"""Lists and what is asked of them, by dataset: this one, the tiny one, and two of other topics."""

ENDINGS = (
    *("s", "es", "ies", "sses", "ed", "ing", "eed", "ational", "tional", "enci", "anci", "izer"),
    *("logi", "bli", "alli", "entli", "eli", "ousli", "ization", "ation", "ator", "alism", "ll"),
    *("iveness", "fulness", "ousness", "aliti", "iviti", "biliti", "icate", "ative", "alize"),
    *("iciti", "ical", "ful", "ness", "al", "ance", "ence", "er", "ic", "able", "ible", "ant"),
    *("ement", "ment", "ent", "sion", "tion", "ion", "ou", "ism", "ate", "iti", "ous", "ive"),
    *("ize", "e", "y", "ly"),
)
STEMS = (
    *("tr", "b", "oat", "by", "hop", "hopp", "fall", "fill", "plast", "agr", "motor", "troubl"),
    *("siz", "conflat", "rel", "cond", "oper", "feud", "decis", "sens", "control", "roll", "éa"),
    *(
        "ünd",
        "ğ\u0131n",
        "ñandu",
        "straße",
        "Ὀδυσσεύς",
        "москв",
        "y\u0131ld",
        "İzm",
        "\u017ft",
        "x" * 62,
    ),
)


@pytest.fixture(scope="module")
def builds(made: World, corpus_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Answer:
    world = copied(made, tmp_path_factory.mktemp("tiny"))
    build(world.package, world.package.build)
    folders = [corpus_build, world.package.build]
    for topic in (DOSES, TESTIMONY):
        own = topic.begin(tmp_path_factory.mktemp(topic.choices.name) / "package")
        topic.add(own)
        own.seal("all")
        build(own.package, own.package.build)
        folders.append(own.package.build)
    return dict(zip(LISTS, folders, strict=True))


@pytest.fixture(scope="module")
def sites(builds: Answer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileSite]:
    """The index and the pages of this corpus, and of the tiny package."""
    pages = {"corpus": ("/search", "/claims", "/incidents"), "tiny": ("/search", "/claims")}
    pages["doses"] = pages["trial"] = ("/claims",)
    pages["tiny"] += (f"/releases/{RELEASE}/search", f"/releases/{RELEASE}/claims")
    return {
        name: write_pages(
            *(folder, tmp_path_factory.mktemp(f"{name}-files"), *pages[name]),
            release=RELEASE if name == "tiny" else "",
        )
        for name, folder in builds.items()
    }


@pytest.fixture(scope="module")
def served(builds: Answer) -> dict[str, dict[Any, Answer]]:
    """What the server answers, asked before there is a browser: see `browser`."""
    answers: dict[str, dict[Any, Answer]] = {}
    for name, folder in builds.items():
        get = asking(folder)
        texts = [*(one["q"] for one in SEARCHES.get(name, ())), *MORE_SEARCHES]
        answers[name] = {text: _served_search(get, text) for text in texts}
        answers[name] |= {own: _served_list(get, *own) for own in LISTS[name]}
    return answers


def _served_search(get: Get, text: str) -> Answer:
    data = get(f"/search.json?q={quote(text, safe='')}").json()
    entries = [*data["named"], *(one for group in data["groups"] for one in group["results"])]
    claims = [one["claim_id"] for one in data["claims"]["results"]]
    return {
        "leads_to": data["leads_to"],
        "paths": [*(one["path"] for one in entries), *(f"/claims/{one}" for one in claims)],
        "results": [
            *(f"{one['kind']}/{one['id']}" for one in entries),
            *(f"claims/{one}" for one in claims),
        ],
        "suggestion": data["suggestion"],
    }


def _served_list(get: Get, name: str, query: str) -> Answer:
    data = get(f"/{name}.json?{query}").json()
    rows = [
        row.get("claim_id") or row.get("incident_id") or row["id"]
        for row in data.get("claims") or data.get("incidents") or data.get("rows") or []
    ]
    near = [
        [{key: one[key] for key in ("label", "link")} for one in e["near"]] for e in data["errors"]
    ]
    return {
        "total": data["part"]["total"],
        "pages": data["part"]["pages"],
        "errors": [
            {"message": error["message"], "near": own}
            for error, own in zip(data["errors"], near, strict=True)
        ],
        "notes": data["notes"],
        "query": data["query"],
        "filters": data["filters"],
        "rows": [f"/{name}/{row}" for row in rows],
    }


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A browser, opened when all that needs an event loop is done."""
    if chromium() is None:
        pytest.skip(NO_CHROMIUM)
    for name in ("sites", "served"):
        request.getfixturevalue(name)
    with opened() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport=WIDE)
    watch = Watch("file://").on(page)
    yield page
    page.close()
    assert watch.said == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["corpus", "tiny"])
def test_every_search_has_the_answer_of_the_server_in_the_same_order(
    name: str, sites: dict[str, FileSite], served: dict[str, dict[Any, Answer]], page: Page
) -> None:
    site = sites[name]
    page.goto(site.url("search/index.html"))
    expected = {one["q"]: one for one in SEARCHES[name]}
    compared = 0
    for text in (*expected, *MORE_SEARCHES):
        of_server, of_files = served[name][text], site.search(page, text)
        lead = of_server["leads_to"]
        assert of_files["led"] == (lead and site.file_of(lead)), text
        if lead is None:
            assert of_files["found"] == [*map(site.file_of, of_server["paths"])], text
            suggestion = of_server["suggestion"]
            said = f"Did you mean {suggestion}?" if suggestion else ""
            assert said in of_files["said"], text
        if text in expected:
            check_answer(of_server, expected[text])
        compared += 1
    assert compared >= len(SEARCHES[name]) + len(MORE_SEARCHES)


@pytest.mark.slow
@pytest.mark.parametrize("name", LISTS)
def test_every_list_has_the_rows_counts_and_errors_of_the_server(
    name: str, sites: dict[str, FileSite], served: dict[str, dict[Any, Answer]], page: Page
) -> None:
    site = sites[name]
    page.goto(site.url("claims/index.html"))
    for own in LISTS[name]:
        of_server, of_files = served[name][own], site.list(page, *own)
        assert of_files["rows"] == [*map(site.file_of, of_server["rows"])], own
        for key in ("total", "pages", "errors", "notes", "query", "filters"):
            assert of_files[key] == of_server[key], (own, key)
    assert any(served[name][own]["rows"] for own in LISTS[name])


def test_a_range_of_numbers_is_typed_beside_what_is_there_and_can_be_taken_away(
    sites: dict[str, FileSite], page: Page
) -> None:
    site = sites["doses"]
    site.open(page, "claims/index.html?dose_value=any")
    field = page.locator("#f-dose_value")
    assert field.get_attribute("placeholder") == "2.5..40, 2.5.. or ..40"
    label = page.locator("label[for=f-dose_value]")
    assert label.text_content() == "A number or a range; the lowest is 2.5, the highest 40"
    page.uncheck("input[name=dose_value][value=any]")
    field.fill("3..20")
    page.keyboard.press("Enter")
    page.wait_for_selector(".chip >> text=3 to 20")
    assert page.locator("[data-of=rows] li").count() == 1
    assert "Dose value (see dose_unit)" in page.inner_text("ul.chosen")
    page.click(".chip a")
    page.wait_for_url("**/claims/index.html")


def test_a_filter_that_has_no_value_but_none_is_not_shown(
    sites: dict[str, FileSite], page: Page
) -> None:
    site = sites["trial"]
    for query, shown in (("sort=id", ["Hearsay"]), ("incident=none", ["Hearsay", "Incident"])):
        site.open(page, f"claims/index.html?{query}")
        legends = page.locator("legend").all_text_contents()
        assert [name for name in legends if name in ("Hearsay", "Incident")] == shown
        values = page.locator("input[name=hearsay]")
        assert [one.get_attribute("value") for one in values.all()] == ["any", "none", "yes", "no"]


def test_pages_of_a_release_search_and_list_what_is_of_the_release(
    sites: dict[str, FileSite], page: Page
) -> None:
    site, folder = sites["tiny"], f"releases/{RELEASE}"
    page.goto(site.url(f"{folder}/search/index.html"))
    assert site.search(page, "c001-001")["led"] == f"{folder}/claims/C001-001/index.html"
    found = site.search(page, "pilots norland")["found"]
    assert found
    assert all(one.startswith(f"{folder}/") for one in found)
    address = f"https://claims.example/{folder}/claims/C001-002"
    assert site.search(page, address)["led"] == f"{folder}/claims/C001-002/index.html"
    site.open(page, f"{folder}/claims/index.html?topic=trust")
    link = page.locator("[data-of=rows] a").first.get_attribute("href") or ""
    assert link.startswith(site.url(f"{folder}/claims/C001-"))
    page.goto(site.url("search/index.html"))
    assert site.search(page, address)["led"] == f"{folder}/claims/C001-002/index.html"
    assert site.search(page, "/claims/C001-002")["led"] == "claims/C001-002/index.html"


def test_a_permalink_of_another_release_is_not_taken_for_the_present_page(
    sites: dict[str, FileSite], page: Page
) -> None:
    site = sites["corpus"]
    page.goto(site.url("search/index.html"))
    for text in ("/releases/0.2.0/claims/C004-017", "allied-trust-0.2.0-C004-017"):
        answer = site.search(page, text)
        assert answer["led"] is None
        assert answer["said"].startswith("This asks for release 0.2.0, and these pages are of ")
        links = page.locator("#status a").evaluate_all("links => links.map((one) => one.href)")
        files = ("claims/C004-017/index.html", "releases/0.2.0/index.html")
        assert links == [site.url(file) for file in files]
    answer = site.search(page, "/releases/9.9.9/claims/C004-017")
    assert answer["led"] is None
    assert answer["said"].startswith("There is no release 9.9.9. These are: 0.1.0, 0.2.0")


def test_a_search_is_sent_and_answered_from_a_disk_and_back_leads_to_the_one_before(
    sites: dict[str, FileSite], page: Page
) -> None:
    site = sites["corpus"]
    site.open(page, "search/index.html?q=inteligence+sharing")
    assert "Did you mean Intelligence sharing?" in page.inner_text("[role=status]")
    assert page.title().startswith("Search: inteligence sharing")
    page.fill("#ask", "UK")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/index.html?q=UK")
    page.wait_for_selector(".named a >> text=United Kingdom")
    page.click("text=Choose among those whose statement says it by source, topic and more")
    page.wait_for_url("**/claims/index.html?q=UK")
    page.wait_for_selector("h1 >> text=Claims with “UK”")
    page.go_back()
    page.wait_for_selector(".named a >> text=United Kingdom")
    page.goto(site.url("search/index.html?q=denmark"))
    page.wait_for_selector("text=and nothing near it")
    assert page.locator("#results a").count() == 4


def test_a_list_is_filtered_by_key_and_each_choice_is_an_address(
    sites: dict[str, FileSite], page: Page
) -> None:
    site = sites["corpus"]
    site.open(page, "claims/index.html?topic=trust&sort=-date")
    before = page.inner_text("[data-of=heading]")
    assert re.fullmatch(r"\d+ claims found", before)
    assert page.inner_text("[role=status]") == f"{before}."
    page.focus("input[name=topic][value=sharing]")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url("**topic=sharing**")
    page.wait_for_selector(".chip >> text=Intelligence sharing")
    after = page.inner_text("[data-of=heading]")
    assert int(after.split()[0]) > int(before.split()[0])
    page.click("[aria-label='Take away Topic: Trust and reliability']")
    expect(page.locator(".chip")).to_have_count(1)
    page.go_back()
    expect(page.locator(".chip")).to_have_count(2)
    assert page.inner_text("[data-of=heading]") == after


@pytest.mark.slow
@pytest.mark.parametrize(
    "address",
    [
        "search/index.html?q=inteligence+sharing",
        "search/index.html?q=trust&kind=claims",
        "claims/index.html?topic=trust&occurred=any",
        "claims/index.html?topic=trsut",
        "incidents/index.html?occurred=2025",
    ],
)
def test_axe_finds_nothing_wrong_with_what_scripts_show(
    address: str, sites: dict[str, FileSite], browser: Browser
) -> None:
    page = browser.new_page(viewport=WIDE)  # axe itself asks for files, which the policy refuses
    sites["corpus"].open(page, address)
    assert violations(page, address, ["light"]) == []
    page.close()


def test_an_address_that_asks_for_what_is_not_there_says_so_and_what_may_be_meant(
    sites: dict[str, FileSite], page: Page
) -> None:
    site = sites["corpus"]
    site.open(page, "claims/index.html?topic=trsut")
    assert "there is no “trsut”. Try Trust and reliability." in page.inner_text("[role=alert]")
    assert page.locator("[data-of=rows] li").count() == 0
    page.click("[role=alert] a")
    page.wait_for_selector(".chip >> text=Trust and reliability")
    site.open(page, "claims/index.html?page=900")
    assert "There is no page 900 of this list" in page.inner_text("[role=alert]")
    site.open(page, "incidents/index.html?actor=none&occurred=1950")
    assert page.is_visible("text=No incident fits all of that.")
    assert page.is_hidden("table")


def test_without_a_script_the_list_is_there_and_says_that_filters_want_one(
    sites: dict[str, FileSite], browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(sites["corpus"].url("claims/index.html?topic=trust"))
    assert page.locator("ol.found li").count() > 10
    notice = page.locator("noscript p")
    assert notice.is_visible()
    assert "To choose from this list needs JavaScript" in (notice.text_content() or "")
    page.goto(sites["corpus"].url("search/index.html?q=UK"))
    assert notice.is_visible()
    assert "The search needs JavaScript" in (notice.text_content() or "")
    context.close()


def test_the_stems_of_words_are_those_of_the_full_text_index(
    sites: dict[str, FileSite], page: Page, corpus_build: Path
) -> None:
    with closing(sqlite3.connect(next(corpus_build.glob("*.db")))) as corpus:
        statements = [text for (text,) in corpus.execute("select statement from claims")]
    words = sorted({stem + ending for stem in STEMS for ending in ENDINGS})
    texts = [*statements, *words]
    with closing(sqlite3.connect(":memory:")) as database:
        database.text_factory = lambda data: data.decode("utf-8", "replace")
        database.execute(f"create virtual table t using fts5(x, tokenize='{TOKENIZER}')")
        database.execute("create virtual table v using fts5vocab(t, instance)")
        database.executemany("insert into t (rowid, x) values (?, ?)", enumerate(texts))
        expected: list[list[str]] = [[] for _ in texts]
        for word, row in database.execute("select term, doc from v order by doc, offset"):
            expected[row].append(word)
    page.goto(sites["tiny"].url("search/index.html"))
    found = page.evaluate("(texts) => texts.map(claimlog.tokens)", texts)
    wrong = [own for own in zip(texts, expected, found, strict=True) if own[1] != own[2]]
    assert wrong == []
    assert len(texts) > 2000


def test_a_script_gives_every_key_that_an_object_has(page: Page) -> None:
    """Also the key by which the text of a script says what an object is made after."""
    value = {
        "__proto__": "defined",
        "a": {"__proto__": ['"__proto__":']},
        '"__proto__":': None,
        'b"__proto__': 1,
    }
    _, script = index_script("tried", value)
    read = "(script) => { const claimlogIndex = {}; eval(script); return JSON.stringify("
    text = page.evaluate(f"{read}claimlogIndex.tried); }}", script.decode())
    assert json.loads(text) == value


@pytest.mark.parametrize("name", ["C1", "con", "AUX.y", "nul.json", "a.", "com10", "é b"])
def test_scripts_find_the_file_of_an_identifier_where_it_is_written(
    name: str, sites: dict[str, FileSite], page: Page
) -> None:
    page.goto(sites["tiny"].url("search/index.html"))
    found = page.evaluate("name => claimlog.fileOf(`/x/${name}`)", name)
    assert unquote(found) == Address(f"/x/{quote(name)}").file


UNPRINTABLE_PARTS = st.sampled_from(
    [*"aé1 \r\n\x1b\u202e\u200b\u200c\u200d\ufe0f\u20e3\u2028\u3164ك", "\U0001f600", "\U000e0041"]
)


def blocks_of_characters() -> Iterator[range]:
    """Yield all code points but surrogates, some hundred at a time."""
    for first in range(0, 0x110000, 0x100):
        if not 0xD800 <= first < 0xE000:
            yield range(first, first + 0x100)


@pytest.mark.slow
def test_scripts_escape_what_does_not_print_as_the_server_does(
    sites: dict[str, FileSite], page: Page
) -> None:
    page.goto(sites["tiny"].url("search/index.html"))

    @given(st.lists(st.lists(UNPRINTABLE_PARTS, max_size=9).map("".join), min_size=50))
    @settings(max_examples=5, deadline=None)  # and one with every character
    @example(["a".join(chr(code) * 2 for code in block) for block in blocks_of_characters()])
    def check(texts: list[str]) -> None:
        # as one string: a driver takes long to hand over a million
        script = "(texts) => JSON.stringify(JSON.parse(texts).map(claimlog.printable))"
        assert json.loads(page.evaluate(script, json.dumps(texts))) == [*map(printable, texts)]

    check()


@pytest.mark.parametrize(
    "address",
    [
        *("search/index.html?q=", "claims/index.html?q=", "claims/index.html?sort="),
        *("claims/index.html?content=", "claims/index.html?occurred="),
    ],
)
def test_an_address_cannot_turn_or_hide_the_words_of_a_page(
    address: str, sites: dict[str, FileSite], page: Page
) -> None:
    sites["tiny"].open(page, address + quote("\u202ecod.evil\u200b\x1b[31m"))
    fields = "() => [...document.querySelectorAll('input')].map((one) => one.value).join()"
    for shown in (page.inner_text("body"), page.title(), page.evaluate(fields)):
        assert not UNPRINTABLE.search(shown)
    assert r"\u202ecod.evil" in page.inner_text("body")


def test_what_the_index_holds_is_text_and_elements_of_rows_and_nothing_else(
    sites: dict[str, FileSite], page: Page
) -> None:
    page.goto(sites["tiny"].url("search/index.html"))
    text = page.evaluate("claimlog.fromTree(['li', '<img src=x onerror=alert(1)>']).innerHTML")
    assert text == "&lt;img src=x onerror=alert(1)&gt;"
    for tree in (["script", "1"], ["a", {"onclick": "1"}, "x"]):
        made = "(tree) => { try { claimlog.fromTree(tree); return true; } catch { return false; } }"
        assert page.evaluate(made, tree) is False
    link = "claimlog.fromTree(['a', {href: 'javascript:alert(1)'}, 'x']).href"
    assert page.evaluate(link).startswith("file:///")


@pytest.mark.parametrize(
    "html", ["<script>x</script>", '<li onclick="x">y</li>', '<li style="x">y</li>']
)
def test_a_row_with_what_no_row_has_is_refused_when_the_index_is_made(html: str) -> None:
    with pytest.raises(ValueError, match="scripts make no such"):
        markup_trees(html, str)


def test_a_row_keeps_what_looks_like_markup_as_text() -> None:
    assert markup_trees("<li>&lt;b&gt; &amp;amp;</li>", str) == [["li", "<b> &amp;"]]


def test_the_parts_of_the_index_are_scripts_that_add_one_value_each(
    sites: dict[str, FileSite],
) -> None:
    files = sorted((sites["tiny"].folder / "lookup").iterdir())
    assert len(files) > 10
    for path in files:
        text = path.read_text("utf-8")
        match = re.fullmatch(r"claimlogIndex\[(\"[^\"]+\")\]=(.*);\n", text, re.S)
        assert match, path.name
        assert json.loads(match[1]) == path.stem
        json.loads(match[2])


@pytest.mark.slow
def test_the_same_build_gives_the_same_index_in_another_process(
    builds: Answer, sites: dict[str, FileSite], tmp_path: Path
) -> None:
    code = (
        "import sys, pathlib; from file_sites import write_pages; "
        "write_pages(*map(pathlib.Path, sys.argv[1:3]), release='0.1.0')"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(builds["tiny"]), str(tmp_path)],
        check=True,
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
    )
    first, second = (
        {path.name: path.read_bytes() for path in (folder / "lookup").iterdir()}
        for folder in (sites["tiny"].folder, tmp_path)
    )
    assert first == second
