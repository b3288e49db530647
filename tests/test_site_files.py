"""The site as plain files: every link resolves, below any path and from a disk."""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page as BrowserPage

from accessibility import violations
from browser import NO_CHROMIUM, OPEN_ALL, WIDE, Watch, chromium, opened, too_wide
from claimlog.build import build
from claimlog.errors import ClaimlogError
from claimlog.file_names import distinct_files, file_segment
from claimlog.limited_worker import requested_path
from claimlog.log.read_log import read
from claimlog.log.release_index import read_index
from claimlog.package import Package
from claimlog.release.checksums import sha256_of_files
from claimlog.release.citation_lookup import find_claim, find_release
from claimlog.release.enclosing_release import known_releases
from claimlog.release.release_site import note_drawn_pages
from claimlog.release.release_verdict import Verdict
from claimlog.release.site_mark import MARK, SITE_OF, write_mark
from claimlog.release.verify import verify_copy
from claimlog.release.verify_process import verify_in_process
from claimlog.site.files import write
from claimlog.site.files.addresses import Address
from claimlog.site.files.publish import publish_site
from claimlog.site.files.redraw import differing_pages
from claimlog.site.files.release_pages import draw_release_site, release_source
from claimlog.site.files.site_source import SiteSource
from claimlog.site.files.site_worker import versions_script
from claimlog.site.store import LIST_PARTS
from conftest import World, asking, copied
from file_sites import write_pages
from repositories import Repo
from site_links import broken_links, read_page
from test_hostile_archives import pack

HOME = "https://claims.example/data"
PROGRAM = "claimlog.site.files.redraw"


@dataclass(frozen=True)
class Published:
    """A tiny package with a release that holds its pages, and the site of both."""

    repo: Repo
    release: Path
    site: Path


def publish(repo: Repo) -> Published:
    """Release the log before its corrections, and write the site of the log after them."""
    about = json.loads((repo.root / "datapackage.json").read_text("utf-8"))
    about |= {"homepage": HOME}
    (repo.root / "datapackage.json").write_text(json.dumps(about), "utf-8")
    release = repo.release("0.1.0", as_of="2", draw_site=draw_release_site).folder
    build(repo.package, repo.package.build)
    site = repo.root.parent / "public"
    # the environment names texts, as that of a coder does
    done = repo.world.run(
        *("site", "--out", str(site), "--releases", "all"), CLAIMLOG_TEXTS=str(repo.world.texts)
    )
    assert done.returncode == 0, done.stderr
    return Published(repo, release, site)


@pytest.fixture(scope="module")
def published(checked_in: Repo, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The site of the log after its corrections, beside the release before them."""
    return publish(checked_in.copy(tmp_path_factory.mktemp("files")))


@pytest.mark.slow
def test_every_link_of_every_file_leads_to_a_file_and_a_place(published: Published) -> None:
    assert [*broken_links(published.site)] == []


@pytest.mark.slow
def test_every_script_of_a_page_that_hosts_send_at_any_depth_is_a_file_of_the_site(
    published: Published,
) -> None:
    for folder in (published.site, published.site / "releases" / "0.1.0"):
        page = (folder / "404.html").read_text("utf-8")
        scripts = re.findall(r'<script[^>]* src="([^"]*)"', page)
        assert len(scripts) >= 2
        for address in scripts:
            assert address.startswith(f"{HOME}/")
            assert (published.site / address.removeprefix(f"{HOME}/")).is_file(), address


@pytest.mark.slow
def test_the_pages_in_a_release_link_to_its_files_and_leave_it_for_nothing(
    published: Published,
) -> None:
    assert [*broken_links(published.release / "site")] == []
    downloads = (published.release / "site" / "downloads" / "index.html").read_text("utf-8")
    assert 'href="../../parquet/claims.parquet"' in downloads
    assert not (published.release / "site" / "downloads" / "claims.parquet").exists()


def test_files_hold_what_a_server_answers(published: Published) -> None:
    get = asking(published.repo.package.build)
    for path in ("/claims", "/claims/C001-001", "/sources/S001", "/codebook", "/quality"):
        twin = json.loads((published.site / f"{path[1:]}.json").read_text("utf-8"))
        answer = get(f"{path}.json").json()
        for value in (twin, answer):
            value.pop("jsonld", None)  # it holds addresses, which begin with the home
        assert twin == answer, path
    heading = re.compile(r"<h1.*?</h1>", re.S)
    for path in ("", "/facts", "/claims/C001-004"):
        file = published.site / path[1:] / "index.html"
        assert heading.findall(file.read_text("utf-8")) == heading.findall(get(path or "/").text)


def test_a_page_whose_rows_are_too_many_says_so_in_its_files_as_a_server_does(
    tiny_build: World, tmp_path: Path
) -> None:
    own = copied(tiny_build, tmp_path).package.build
    with closing(sqlite3.connect(own / "tiny.db")) as database:
        hops = f"[{', '.join(['1'] * (LIST_PARTS + 1))}]"
        database.execute("update claim_versions set attributions = ?", [hops])
        database.commit()
    write_pages(own, tmp_path / "site", "/claims/C001-001", "/actors/nor")
    folder = tmp_path / "site" / "claims"
    page = (folder / "C001-001" / "index.html").read_text("utf-8")
    twin = json.loads((folder / "C001-001.json").read_text("utf-8"))
    answer = asking(own)("/claims/C001-001.json").json()
    assert (twin["title"], twin["message"]) == (answer["title"], answer["error"])
    assert twin["title"] == "Too long"
    assert twin["message"] in page
    assert "Norland" in (tmp_path / "site" / "actors" / "nor" / "index.html").read_text("utf-8")


def test_feeds_and_annotations_are_files_that_lead_on_to_files(published: Published) -> None:
    for site in (published.site, published.release / "site"):
        feeds = sorted(path.name for path in (site / "feeds").iterdir())
        assert feeds == ["corrections.atom", "releases.atom"]
        for name in feeds:
            root = ElementTree.fromstring((site / "feeds" / name).read_bytes())
            links = [
                link.get("href", "") for link in root.iter("{http://www.w3.org/2005/Atom}link")
            ]
            assert f"../feeds/{name}" in links
            assert all((site / "feeds" / link).is_file() for link in links), links
        claim = site / "claims" / "C001-001.jsonld"
        assert json.loads(claim.read_text("utf-8"))["type"] == "Annotation"
        page = (site / "claims" / "C001-001" / "index.html").read_text("utf-8")
        assert page.count('href="../../claims/C001-001.jsonld"') == 2
        junk = [path for path in site.rglob("*") if "\\" in path.name or "%5C" in path.name]
        assert junk == []


def test_a_retracted_claim_keeps_its_page(published: Published) -> None:
    page = (published.site / "claims" / "C001-004" / "index.html").read_text("utf-8")
    assert "Retracted." in page


def test_no_page_holds_a_text_though_the_environment_names_texts(published: Published) -> None:
    text = b"Read also: Ten quiet beaches"
    assert text.decode() in (published.repo.world.texts / "harbour.txt").read_text("utf-8")
    holding = [p for p in published.site.rglob("*") if p.is_file() and text in p.read_bytes()]
    assert holding == []


def test_no_file_page_asks_for_what_only_a_server_has(published: Published) -> None:
    for path in published.site.rglob("*.html"):
        text = path.read_text("utf-8")
        assert "<textarea" not in text
        assert 'name="sql"' not in text
        assert "/tiny/" not in text, path
        assert "Content-Security-Policy" in text
    query = (published.site / "queries" / "speakers" / "index.html").read_text("utf-8")
    assert "select" in query.casefold()


def test_a_page_has_its_canonical_address_and_says_what_it_is_of(published: Published) -> None:
    claim = published.site / "claims" / "C001-001" / "index.html"
    assert read_page(claim).canonical == f"{HOME}/claims/C001-001/"
    assert read_page(published.site / "index.html").canonical == f"{HOME}/"
    frozen = published.site / "releases" / "0.1.0" / "claims" / "C001-001" / "index.html"
    assert 'data-release="0.1.0"' in frozen.read_text("utf-8")
    assert "release 0.1.0" in frozen.read_text("utf-8")
    assert "the log of" in claim.read_text("utf-8")


def test_a_release_lies_in_the_site_as_it_lies_in_its_archive(published: Published) -> None:
    there = published.site / "releases" / "0.1.0"
    for path in filter(Path.is_file, (published.release / "site").rglob("*")):
        own, copy = path.read_bytes(), there / path.relative_to(published.release / "site")
        # files beside site/ lie in it here
        outside = rb'(?:\.\./)+(?=(?:parquet/|csv/)?[\w-]+\.(?:parquet|csv|db|json)")'
        parts = re.split(outside, own)
        at = 0
        for part in parts:
            at = copy.read_bytes().index(part, at) + len(part)
    assert (there / "parquet" / "claims.parquet").is_file()
    assert (published.site / "releases" / "0.1.0.html").is_file()
    assert "window.claimlogVersions" in (there.parent / "versions.js").read_text("utf-8")


def test_the_same_log_gives_the_same_bytes(published: Published, tmp_path: Path) -> None:
    done = published.repo.world.run(
        *("site", "--out", str(tmp_path / "again"), "--releases", "all"), PYTHONHASHSEED="7"
    )
    assert done.returncode == 0, done.stderr
    assert sha256_of_files(tmp_path / "again") == sha256_of_files(published.site)


def test_the_log_in_a_release_knows_that_release(published: Published, tmp_path: Path) -> None:
    log = tmp_path / "release" / "log"
    shutil.copytree(published.release / "log", log)
    assert known_releases(Package(log)) == []  # nothing lies around it
    summary = log.parent / "release.json"
    shutil.copy(published.release / "release.json", summary)
    release = find_release(read(Package(log)))
    assert (release.version, release.has_pages) == ("0.1.0", False)
    assert find_claim(read(Package(log)), "C001-001", release).version.version == 1
    assert find_release(read(Package(published.release / "log"))).has_pages
    forged = json.loads(summary.read_text("utf-8"))
    for flaw in ({"version": "0.9.0"}, {"tree": {"size": 3, "root": "0" * 64}}, {"date": "soon"}):
        summary.write_text(json.dumps(forged | flaw), "utf-8")
        with pytest.raises(ClaimlogError, match=r"^\.\./release\.json: "):
            find_release(read(Package(log)))


@pytest.mark.slow
def test_the_pages_of_a_release_are_drawn_again_to_the_byte_where_nobody_vouches(
    published: Published, tmp_path: Path
) -> None:
    folder = tmp_path / published.release.name
    shutil.copytree(published.release, folder)
    sound = Verdict(undrawn_pages=3)
    note_drawn_pages(sound, [])
    assert sound.checks == ["3 files of site/, byte for byte as they are drawn again"]
    page = folder / "site" / "claims" / "C001-001" / "index.html"
    page.write_text(page.read_text("utf-8").replace("pilots", "spies"), "utf-8")
    [finding] = verify_in_process(pack(folder), site_program=PROGRAM).findings
    assert finding.path == "site/claims/C001-001/index.html"
    assert "not what claimlog draws" in str(finding)


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True], ids=["directory", "archive"])
def test_pages_are_drawn_again_whatever_the_directory_is_called(
    packed: bool, published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive is unpacked in the directory for temporary files."""
    odd = tmp_path / os.fsdecode(b"caf\xe9 #1?")
    folder = odd / published.release.name
    shutil.copytree(published.release, folder)
    monkeypatch.setattr(tempfile, "tempdir", str(odd))
    verdict = verify_in_process(pack(folder) if packed else folder, site_program=PROGRAM)
    assert verdict.findings == []
    assert any("as they are drawn again" in check for check in verdict.checks)


@pytest.mark.slow
def test_a_page_that_is_added_or_missing_in_a_release_is_found(
    published: Published, tmp_path: Path
) -> None:
    folder = tmp_path / published.release.name
    shutil.copytree(published.release, folder)
    (folder / "site" / "facts" / "index.html").rename(folder / "site" / "evil.html")
    assert differing_pages(release_source(folder), folder / "site") == [
        "evil.html",
        "facts/index.html",
    ]
    (folder / "site" / "run.exe").write_bytes(b"MZ")
    pack(folder)
    assert "site/run.exe" in "\n".join(map(str, verify_copy(folder).findings))


@pytest.mark.slow
def test_pages_that_another_claimlog_drew_are_named_as_not_checked(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimlog.release.release_site.__version__", "9.9.9")
    verdict = verify_copy(published.release)
    assert any("drew them, this is 9.9.9" in line for line in verdict.omissions)
    vouched = verify_copy(published.release, read_index(published.repo.package))
    assert vouched.findings == []
    assert any("those that were published" in line for line in vouched.checks)


def test_a_site_is_written_only_where_nothing_else_lies(
    published: Published, tmp_path: Path
) -> None:
    package = published.repo.package
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work", "utf-8")
    with pytest.raises(ClaimlogError, match="did not write"):
        publish_site(package, package.build, mine)
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]
    (mine / MARK).write_text('{"written_by": "somebody"}', "utf-8")
    with pytest.raises(ClaimlogError, match="did not write"):
        publish_site(package, package.build, mine)
    (tmp_path / "link").symlink_to(mine)
    with pytest.raises(ClaimlogError, match="is a link"):
        publish_site(package, package.build, tmp_path / "link")


def test_a_site_is_not_replaced_together_with_files_of_the_user(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, out = published.repo.package, tmp_path / "public"
    shutil.copytree(published.site, out)

    def draw(_work: object, request: Mapping[str, Any]) -> dict[str, Any]:
        (out / "CNAME").write_text("claims.example", "utf-8")  # while it is drawn
        target = requested_path(request, "target")
        assert target is not None
        (target / "index.html").write_text("new", "utf-8")
        return {}

    monkeypatch.setattr("claimlog.site.files.publish.run_limited", draw)
    for _ in range(2):
        with pytest.raises(ClaimlogError, match="CNAME: claimlog site did not write it"):
            publish_site(package, package.build, out)
    assert (out / "claims" / "index.html").is_file()
    (out / "CNAME").unlink()
    monkeypatch.setattr("claimlog.site.files.publish.run_limited", lambda *_: {})
    publish_site(package, package.build, out)
    assert not (out / "claims").exists()


def test_a_failure_leaves_the_earlier_site_as_it_was(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = published.repo.package
    out = tmp_path / "public"
    out.mkdir()
    write_mark(out, {SITE_OF: package.descriptor["name"]})

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("claimlog.site.files.publish.run_limited", fail)
    with pytest.raises(ClaimlogError, match="nothing was replaced"):
        publish_site(package, package.build, out)
    assert [path.name for path in out.iterdir()] == [MARK]
    assert [path.name for path in tmp_path.iterdir()] == ["public"]


@pytest.mark.slow
def test_a_build_that_is_older_than_the_log_is_refused(world: World, tmp_path: Path) -> None:
    build(world.package, world.package.build)
    world.amend("claims", "C001-001", "A note was wanted.", note="A note.")
    world.seal("more")
    done = world.run("site", "--out", str(tmp_path / "public"))
    assert done.returncode == 1
    assert "run make build first" in done.stderr
    assert not (tmp_path / "public").exists()


@pytest.mark.parametrize(
    ("address", "html", "twin"),
    [
        (Address(""), "index.html", "index.json"),
        (Address("/claims/C1"), "claims/C1/index.html", "claims/C1.json"),
        (Address("/claims", (("page", "2"),)), "claims/page=2.html", "claims/page=2.json"),
        (Address("/x/a.json"), "x/a%2Ejson/index.html", "x/a%2Ejson.json"),
        (Address("/x/con"), "x/%63on/index.html", "x/%63on.json"),
        (Address("/x/AUX.y"), "x/%41UX.y/index.html", "x/%41UX.y.json"),
        (Address("/x/nul.json"), "x/nul%2Ejson/index.html", "x/nul%2Ejson.json"),
        (Address("/x/a."), "x/a%2E/index.html", "x/a%2E.json"),
        (Address("/x/console"), "x/console/index.html", "x/console.json"),
        (Address("/releases/1.0.0", (), True), "releases/1.0.0.html", "releases/1.0.0.json"),
    ],
)
def test_an_address_has_files_of_its_own(address: Address, html: str, twin: str) -> None:
    assert (address.file, address.json_file) == (html, twin)


@pytest.mark.parametrize("name", ["..", ".", "a/b", "é" * 300, "a?b#c", "page=2"])
def test_no_identifier_leads_out_of_its_folder_or_to_another_file(name: str) -> None:
    segment = file_segment(name)
    assert re.fullmatch(r"[A-Za-z0-9_.~%-]{1,200}", segment)
    assert segment.strip(".")


@pytest.mark.parametrize("name", ["..", "a" * 200, "SA", "sa"])
def test_what_is_called_as_the_hash_of_another_has_a_file_of_its_own(name: str) -> None:
    hashed = f"sha256-{sha256(name.encode()).hexdigest()}"
    names = [name, hashed, hashed.upper(), f"{hashed}x", "sa", "SA"]
    assert file_segment(hashed) == f"%73{hashed[1:]}"
    for order in (names, names[::-1]):
        given = distinct_files(dict.fromkeys(order), ".json", ())
        assert len({file.casefold() for file in given.values()}) == len(given)


def test_identifiers_that_capitals_alone_tell_apart_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def files(*_: object) -> AsyncIterator[tuple[str, bytes]]:
        for name in ("index.html", "x/aus/index.html", "x/aus.json", "x/AUS/index.html"):
            yield name, b""

    monkeypatch.setattr(write, "site_files", files)
    with pytest.raises(ClaimlogError, match="x/AUS and x/aus: are one directory where"):
        write.write_site(SiteSource(tmp_path, tmp_path, {}, {}), tmp_path / "site")


# --- in a browser


@pytest.fixture(scope="module")
def browser(published: Published) -> Iterator[Browser]:
    """One browser, opened after all that needs a loop of its own."""
    assert published.site.is_dir()
    if chromium() is None:
        pytest.skip(NO_CHROMIUM)
    with opened() as browser:
        yield browser


@pytest.fixture(scope="module")
def bases(published: Published) -> Iterator[dict[str, str]]:
    """The addresses of the site: on the disk, and below a path of a plain file server."""
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    handler = functools.partial(quiet, directory=str(published.site.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {
            "file": published.site.as_uri(),
            "sub-path": f"http://127.0.0.1:{server.server_port}/{published.site.name}",
        }
        server.shutdown()


@pytest.fixture
def page(browser: Browser) -> Iterator[BrowserPage]:
    page = browser.new_page(viewport=WIDE)  # type: ignore[arg-type]
    page.set_default_timeout(30_000)
    yield page
    page.close()


KINDS = (
    *("index.html", "claims/index.html", "claims/C001-001/index.html", "sources/S001/index.html"),
    *("search/index.html", "downloads/index.html", "as-of/index.html", "releases/0.1.0.html"),
    *("queries/speakers/index.html", "404.html", "releases/0.1.0/claims/C001-003/index.html"),
)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["file", "sub-path"])
def test_pages_load_from_their_own_place_alone_without_a_complaint(
    place: str, bases: dict[str, str], page: BrowserPage
) -> None:
    watch = Watch(bases[place]).on(page)
    for kind in KINDS:
        if kind == "404.html":
            continue  # its links lead to the home
        page.goto(f"{bases[place]}/{kind}")
        assert page.evaluate("getComputedStyle(document.querySelector('header.top')).display") != ""
        assert page.evaluate("document.styleSheets.length") >= 2
    assert watch.said == []


@pytest.mark.slow
def test_axe_finds_no_violation_and_pages_fit_a_phone(
    bases: dict[str, str], page: BrowserPage
) -> None:
    found = []
    for kind in KINDS:
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        page.goto(f"{bases['file']}/{kind}")
        page.evaluate(OPEN_ALL)
        found += [f"{kind}: {line}" for line in too_wide(page)]
        if kind != "404.html":
            found += violations(page, kind, ["light"])
    assert found == []


def test_a_reader_walks_from_the_start_to_a_claim_without_scripts(
    bases: dict[str, str], browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{bases['file']}/index.html")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Claims").click()
    page.get_by_role("link", name="C001-001", exact=True).click()
    assert page.url.endswith("/claims/C001-001/index.html")
    assert page.get_by_role("heading", level=1).is_visible()
    page.goto(f"{bases['file']}/search/index.html")
    assert "needs JavaScript here" in page.content()
    context.close()


def test_a_page_of_a_release_tells_of_a_newer_one_where_that_is_known(
    published: Published, browser: Browser, tmp_path: Path
) -> None:
    site = tmp_path / "0.1.0"
    shutil.copytree(published.release / "site", site)
    page = browser.new_page()
    claim = site / "claims" / "C001-001" / "index.html"
    page.goto(claim.as_uri())
    assert page.get_by_text("is newer").count() == 0
    known = [{"version": "0.2.0", "date": "2027-01-01", "events": 99, "site": True}]
    known.append({"version": "0.1.0", "date": "2026-11-21", "events": 9, "site": True})
    script = f"window.claimlogVersions = {json.dumps(known)};"
    (tmp_path / "versions.js").write_text(script, "utf-8")
    page.goto(claim.as_uri())
    link = page.get_by_text("Release 0.2.0 of 2027-01-01 is newer").get_by_role("link")
    assert link.get_attribute("href") == (
        (tmp_path / "0.2.0" / "claims" / "C001-001" / "index.html").as_uri()
    )
    page.close()


def test_versions_are_told_newest_first() -> None:
    assert versions_script([], []) == "window.claimlogVersions = [];\n"
