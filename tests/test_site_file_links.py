"""Addresses in pages that are files: only values of attributes are made relative, nothing else."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from itertools import cycle
from pathlib import Path

import pytest

from claimlog.build import build
from claimlog.site.files.absent_pages import unlink_absent_pages
from claimlog.site.files.addresses import Address, PageRoutes
from claimlog.site.files.links import LinkTargets, PageLinks
from conftest import World
from file_sites import write_pages

ADDRESSES = ("href", "src", "action")
ENDS = [f"Words {name}=" for name in ADDRESSES]
"""What ends as an attribute begins, where a quote comes after it."""

Piece = tuple[str, ...]


class Structure(HTMLParser):
    """Tags of a page with their attributes, addresses left out, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.pieces: list[Piece] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = (f"{name}={'' if name in ADDRESSES else value}" for name, value in attrs)
        self.pieces.append((tag, *given))

    def handle_endtag(self, tag: str) -> None:
        self.pieces.append((f"/{tag}",))

    def handle_data(self, data: str) -> None:
        self.pieces.append(("", data))


@pytest.mark.slow
def test_words_of_a_package_become_no_attributes_in_pages_that_are_files(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.root / "schemas" / "claims.json"
    spec = json.loads(path.read_text("utf-8"))
    for column, end in zip(spec["fields"], cycle(ENDS), strict=False):
        column["description"] = end
    path.write_text(json.dumps(spec), "utf-8")
    assert world.run("schemas", "--write").returncode == 0
    (world.root / "docs").mkdir(exist_ok=True)
    words = "src=//elsewhere.example/x href=javascript:x() style=top:0 onload=x()"
    lines = (f'![i](none.png "{end}") {words} [x](none.md "{end}") {words}\n' for end in ENDS)
    (world.root / "docs" / "more.md").write_text("# More\n\n" + "\n".join(lines), "utf-8")
    build(world.package, world.package.build)
    drawn: list[str] = []
    relative = PageLinks.in_html

    def compare(links: PageLinks, html: str) -> str:
        after = relative(links, html)
        assert Structure(after).pieces == Structure(html).pieces
        drawn.append(html)
        return after

    monkeypatch.setattr(PageLinks, "in_html", compare)
    write_pages(world.package.build, tmp_path / "site", "/docs/more", "/claims/C001-001")
    for html in drawn:
        assert all(f'title="{end}"' in html for end in ENDS)


@pytest.mark.parametrize("end", ENDS)
def test_a_link_to_a_page_that_is_absent_loses_its_address_and_no_word(
    end: str, tmp_path: Path
) -> None:
    link = f'<p><a title="{end}" href="none.html">x</a> <a href="#top" title="{end}">y</a></p>'
    page = tmp_path / "page.html"
    page.write_text(link, "utf-8")
    unlink_absent_pages(tmp_path)
    assert page.read_text("utf-8") == link.replace(' href="none.html"', "")


@pytest.mark.parametrize("end", ENDS)
def test_links_of_a_feed_are_told_from_its_words(end: str) -> None:
    links = PageLinks(LinkTargets(PageRoutes(()), {}), Address("/feeds/claims.atom"), "../")
    feed = f'<link title="{end}" href="/claims/1"/><link href="/claims" title="{end}"/>'
    assert links.in_feed(feed) == (
        f'<link title="{end}" href="../claims/1/index.html"/>'
        f'<link href="../claims/index.html" title="{end}"/>'
    )
