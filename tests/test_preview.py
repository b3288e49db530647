"""The preview of the open batch: the pages that its rows will make, as files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from claimlog.desk import preview_files
from claimlog.desk.preview_files import NOTICE, write_preview
from claimlog.edit.merge import merge
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.site.files.absent_pages import unlink_absent_pages
from claimlog.site.files.write import write_site
from conftest import World, actor, copied
from test_ledger import LETTER


@dataclass
class Preview:
    """A package with an open batch, and the pages of it."""

    world: World
    folder: Path
    pages: dict[str, Path]

    def text(self, name: str) -> str:
        return (self.folder / name / "index.html").read_text("utf-8")


@pytest.fixture(scope="module")
def preview(made: World, tmp_path_factory: pytest.TempPathFactory) -> Preview:
    """Open: a new claim, two actors, a merge of the one into the other, and a retracted link."""
    world = copied(made, tmp_path_factory.mktemp("preview"))
    world.add("claims", [LETTER])
    world.add("actors", [actor("port", "agency"), actor("harbour", "agency")])
    merge(world.package, "actors", "harbour", "port", "One port.", "coder-1")
    world.retract("L0001")
    folder = world.root.parent / "pages"
    return Preview(world, folder, write_preview(world.package, world.supplied, folder))


@pytest.mark.slow
def test_the_pages_are_those_of_the_open_rows_or_of_what_they_refer_to(preview: Preview) -> None:
    names = ["actors/port", "actors/harbour", "claims/C001-007", "claims/C001-006"]
    assert [*preview.pages] == [*names, "claims/C001-001"]
    assert all(path.is_file() for path in preview.pages.values())


@pytest.mark.slow
def test_a_page_says_what_it_will_say_once_sealed(preview: Preview) -> None:
    assert LETTER["statement"] in preview.text("claims/C001-007")
    twin = json.loads((preview.folder / "claims" / "C001-007.json").read_text("utf-8"))
    assert twin["claim"]["version"] == 1
    assert twin["passage"]["shown"] is False


def test_pages_that_a_page_links_to_are_there_and_none_beyond(preview: Preview) -> None:
    assert (preview.folder / "sources" / "S001" / "index.html").is_file()
    assert not (preview.folder / "codebook" / "voice" / "index.html").exists()


def test_every_page_says_that_it_is_a_preview_and_links_to_no_page_that_is_not_there(
    preview: Preview,
) -> None:
    pages = [*preview.folder.rglob("*.html")]
    assert pages
    for page in pages:
        text = page.read_text("utf-8")
        assert NOTICE in text
        assert 'class="find"' not in text
        for address in re.findall(r'<a\b[^<>]* href="([^"]*)"', text):
            file = unquote(address.partition("#")[0].partition("?")[0])
            assert "://" in address or (page.parent / file).exists(), (page, address)


def test_an_address_that_no_file_can_have_leads_to_no_page(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text(f'<a href="{"a" * 5_000}">Long</a> <a href="index.html">Here</a>', "utf-8")
    unlink_absent_pages(tmp_path)
    assert page.read_text("utf-8") == '<a>Long</a> <a href="index.html">Here</a>'


def test_the_page_of_a_merged_actor_leads_on_as_a_file(preview: Preview) -> None:
    page = preview.text("actors/harbour")
    assert 'href="../../actors/port/index.html">Where it is now' in page


def test_the_log_and_the_open_batch_stay_as_they_were(preview: Preview) -> None:
    assert not preview.world.package.build.exists()
    assert len(json.loads(preview.world.run("open", "--json").stdout)) == 6 - 1


def test_an_earlier_preview_is_replaced_and_nothing_else_is(
    preview: Preview, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("Mine.", "utf-8")
    with pytest.raises(ClaimlogError, match="holds files that claimlog site did not write"):
        write_preview(preview.world.package, None, tmp_path)
    pages = write_preview(preview.world.package, None, preview.folder, ["L0001"])
    assert [*pages] == ["claims/C001-006", "claims/C001-001"]


def test_what_comes_while_a_preview_is_drawn_is_not_lost(
    preview: Preview, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = preview.folder / "notes.txt"

    def draw(*given: Any, **named: Any) -> None:
        mine.write_text("Mine.", "utf-8")
        write_site(*given, **named)

    monkeypatch.setattr(preview_files, "write_site", draw)
    with pytest.raises(ClaimlogError, match=r"notes\.txt: claimlog site did not write it"):
        write_preview(preview.world.package, None, preview.folder, ["L0001"])
    assert mine.read_text("utf-8") == "Mine."
    mine.unlink()


@pytest.mark.parametrize(
    ("name", "said"), [("C001-070", 'no row of "C001-070"; did you mean "C001-007"')]
)
def test_a_row_that_is_not_open_is_named(
    preview: Preview, tmp_path: Path, name: str, said: str
) -> None:
    with pytest.raises(ClaimlogError, match=said):
        write_preview(preview.world.package, None, tmp_path / "out", [name])


def test_without_an_open_batch_there_is_nothing_to_preview(world: World, tmp_path: Path) -> None:
    done = world.run("preview", "--out", str(tmp_path / "out"))
    assert done.stderr.startswith("claimlog: there is no open batch; claimlog add begins one")
    assert not (tmp_path / "out").exists()


def test_rows_that_break_rules_have_no_pages_yet(world: World, tmp_path: Path) -> None:
    world.add("claims", [LETTER])
    path = world.package.state / "open" / "claims.ndjson"
    path.write_text(path.read_text("utf-8").replace("S001", "S009"), "utf-8")
    with pytest.raises(FindingsError, match="there are no pages of it yet"):
        write_preview(world.package, None, tmp_path / "out")
    assert not (tmp_path / "out").exists()
