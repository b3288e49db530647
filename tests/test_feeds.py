"""The Atom feeds, read by checks of our own of what RFC 4287 demands."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urljoin
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from claimlog.build import build
from claimlog.site.atom import Feed, FeedEntry, atom_document, urn
from conftest import Get, World, asking

ATOM = "{http://www.w3.org/2005/Atom}"
FEEDS = ("/feeds/releases.atom", "/feeds/corrections.atom")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
URN = re.compile("urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ONCE = {"generator", "icon", "id", "logo", "rights", "subtitle", "title", "updated"}
OF_FEEDS = {*ONCE, "author", "category", "contributor", "link", "entry"}
OF_ENTRIES = {
    *("author", "category", "content", "contributor", "id", "link", "published"),
    *("rights", "source", "summary", "title", "updated"),
}


@pytest.fixture(scope="module")
def get(made: World, tmp_path_factory: pytest.TempPathFactory) -> Get:
    folder = tmp_path_factory.mktemp("feeds") / "build"
    build(made.package, folder)
    return asking(folder)


def parse(data: bytes) -> Element:
    """Return a feed, checked by what sections 3 and 4 of RFC 4287 say that it MUST hold."""
    root = ElementTree.fromstring(data)
    assert root.tag == f"{ATOM}feed"
    entries = root.findall(f"{ATOM}entry")
    for element, known, once in (
        (root, OF_FEEDS, ONCE),
        *((entry, OF_ENTRIES, OF_ENTRIES - {"author", "category", "link"}) for entry in entries),
    ):
        names = [child.tag.removeprefix(ATOM) for child in element]
        assert set(names) <= known
        assert all(names.count(name) <= 1 for name in once)
        assert {"id", "title", "updated"} <= set(names)
        assert URN.fullmatch(element.findtext(f"{ATOM}id") or "")
        links = element.findall(f"{ATOM}link")
        assert len({link.get("rel") for link in links}) == len(links)
        assert all(link.get("href") and "/" in link.get("type", "") for link in links)
        for name in ("updated", "published"):
            for child in element.findall(f"{ATOM}{name}"):
                assert TIME.fullmatch(child.text or "")
                datetime.fromisoformat(child.text or "")
        for person in element.findall(f"{ATOM}author"):
            assert (person.findtext(f"{ATOM}name") or "").strip()
    has_author = root.find(f"{ATOM}author") is not None
    assert has_author or all(entry.find(f"{ATOM}author") is not None for entry in entries)
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len({*ids, root.findtext(f"{ATOM}id")}) == len(ids) + 1
    for entry in entries:
        relations = {link.get("rel") for link in entry.findall(f"{ATOM}link")}
        assert entry.find(f"{ATOM}content") is not None or "alternate" in relations
        content = entry.find(f"{ATOM}content")
        assert content is None or content.get("type", "text") == "text"
        assert content is None or not list(content)
    return root


@pytest.mark.slow
@pytest.mark.parametrize("address", FEEDS)
def test_a_feed_is_atom_and_its_links_lead_to_pages(address: str, get: Get) -> None:
    answer = get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    root = parse(answer.content)
    links = {
        urljoin(f"http://x{address}", link.get("href", "")).removeprefix("http://x")
        for link in root.iter(f"{ATOM}link")
    }
    assert address in links
    assert all(get(link).status_code == 200 for link in links)
    assert get(address).content == answer.content
    assert get(f"{address}.json").json()["id"] == root.findtext(f"{ATOM}id")


@pytest.mark.slow
def test_corrections_are_listed_with_reason_and_changed_values(get: Get) -> None:
    root = parse(get("/feeds/corrections.atom").content)
    newest, other = root.findall(f"{ATOM}entry")
    assert (newest.findtext(f"{ATOM}title") or "").startswith("C001-004 retracted: ")
    assert (other.findtext(f"{ATOM}title") or "").startswith("C001-003 amended: ")
    said = (other.findtext(f"{ATOM}content") or "").splitlines()
    assert said[:2] == ["The letter says pilots of the port.", "note: empty -> Port pilots."]
    assert said[2].endswith("in no release yet.")
    assert other.findtext(f"{ATOM}author/{ATOM}name") == "coder-1"
    updated = [entry.findtext(f"{ATOM}updated") or "" for entry in (newest, other)]
    assert root.findtext(f"{ATOM}updated") == max(updated)


def test_a_feed_without_entries_has_the_date_of_the_first_row(get: Get, made: World) -> None:
    root = parse(get("/feeds/releases.atom").content)
    assert root.findall(f"{ATOM}entry") == []
    assert root.findtext(f"{ATOM}updated") == made.rows("sources", 0)[0]["recorded_at"]


def test_the_first_page_and_that_of_releases_lead_to_the_feeds(get: Get) -> None:
    for page in ("/", "/releases"):
        for address in FEEDS:
            about = 'rel="alternate" type="application/atom[+]xml" title="[^"]+"'
            assert re.search(f'<link {about} href="{address}">', get(page).text), (page, address)


def test_texts_are_escaped_and_what_no_xml_may_hold_is_replaced() -> None:
    nasty = "<script>&amp;\x00\x1b]]>\ufffe\U0001f600"
    entry = FeedEntry(urn("x", "1"), nasty, "2026-11-21T00:00:00Z", "../a?b&c", nasty, nasty)
    feed = Feed(urn("x"), nasty, nasty, "x.atom", "..", [nasty], nasty, entry.updated, [entry])
    root = parse(atom_document(feed))
    clean = r"<script>&amp;\x00\x1b]]>" "\ufffd\U0001f600"
    assert root.findtext(f"{ATOM}title") == clean
    assert root.findtext(f"{ATOM}entry/{ATOM}content") == clean


def test_identifiers_depend_on_names_alone_and_differ() -> None:
    assert urn("tiny", "releases") == urn("tiny", "releases")
    names = [("tiny", "releases"), ("tiny", "corrections"), ("other", "releases")]
    assert len({urn(*name) for name in names}) == 3
