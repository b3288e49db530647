"""Identifiers of any signs, as a package may allow them: addresses, files, citations, releases."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

import pytest

from claimlog.file_names import path_segment
from claimlog.release.cited_names import key_name
from claimlog.release.verify_process import verify_in_process
from conftest import ROOT, asking
from repositories import Repo
from site_links import PageReader, broken_links
from test_hostile_archives import pack
from test_site_files import PROGRAM, Published, publish

CLAIM = "C{1}, @book{x,/..?a=b#c%41:~(é)."
SOURCE = "S:1?x#y"
ACTOR = "no/r:d<i>%2F"
TEMPLATES = ROOT / "scripts" / "claimlog" / "site" / "templates"


@pytest.fixture(scope="module")
def odd(checked_in: Repo, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A package of odd identifiers, its release, and its site as files."""
    repo = checked_in.copy(tmp_path_factory.mktemp("odd"))
    repo.world.rename({"C001-001": CLAIM, "S001": SOURCE, "nor": ACTOR})
    repo.commit()
    return publish(repo)


@pytest.mark.slow
def test_every_link_leads_to_a_file(odd: Published) -> None:
    assert [*broken_links(odd.site)] == []
    assert [*broken_links(odd.release / "site")] == []


@pytest.mark.slow
def test_a_release_of_them_passes_where_nobody_vouches(odd: Published) -> None:
    verdict = verify_in_process(pack(odd.release), site_program=PROGRAM)
    assert verdict.findings == []
    assert any("as they are drawn again" in check for check in verdict.checks)


@pytest.mark.slow
def test_every_link_of_their_pages_is_answered(odd: Published) -> None:
    get = asking(odd.repo.package.build)
    seen = set()
    for start in ("/", "/claims", "/sources", "/actors", "/measures", "/facts", "/disputes"):
        page = get(start)
        assert page.status_code == 200, start
        for address in _links(page.text):
            if address not in seen:
                seen.add(address)
                assert get(address).status_code == 200, address
    for stream, name in (("claims", CLAIM), ("sources", SOURCE), ("actors", ACTOR)):
        path = f"/{stream}/{path_segment(name)}"
        assert unquote(path) in map(unquote, seen)
        page = get(path)
        assert [address for address in _links(page.text) if get(address).status_code != 200] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("searched", "query"),
    [
        (f"tiny-0.1.0-{key_name(CLAIM)}", ""),
        (f"/releases/0.1.0/claims/{path_segment(CLAIM)}", ""),
        (f"https://claims.example/claims/{path_segment(CLAIM)}/", ""),
        (f"/claims/{quote(CLAIM, safe='~:,')}?a=%26", "?a=%26"),
    ],
)
def test_a_search_for_what_cites_them_leads_to_their_page(
    searched: str, query: str, odd: Published
) -> None:
    found = asking(odd.repo.package.build)(f"/search.json?q={quote(searched, safe='')}").json()
    absent = found["absent_release"] or {"path": found["leads_to"]}  # the build is newer than 0.1.0
    assert absent["path"] == f"/claims/{path_segment(CLAIM)}{query}"


def _links(page: str) -> list[str]:
    reader = PageReader()
    reader.feed(page)
    return [one.partition("#")[0] for one in reader.addresses if one.startswith("/") and one != "/"]


def test_templates_write_identifiers_in_addresses_as_segments() -> None:
    written = 0
    for path in sorted(TEMPLATES.glob("*.html")):
        for name in re.findall(r'/" ~ ([^ )~]+)', path.read_text("utf-8")):
            written += 1
            is_file = name.endswith(".file")  # whose name is ours, and ends in its format
            assert is_file or name.endswith("|segment"), f"{path.name}: {name}"
    assert written > 50
