"""Sites of strangers' packages: where they are written, what is copied, and what they may take."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from claimlog import directory_swap
from claimlog.cli import cli
from claimlog.directory_swap import publish_directory
from claimlog.errors import ClaimlogError
from claimlog.log.release_index import ReleaseEntry
from claimlog.package import Package
from claimlog.release import walk_release
from claimlog.release.checksums import dump_sums
from claimlog.release.site_mark import MARK, require_own_site, write_mark
from claimlog.site.files import prepared_query, write
from claimlog.site.files.frozen_sites import copy_site
from claimlog.site.files.plain_svg import svg_flaw
from claimlog.site.files.prepared_query import QueryProcess
from claimlog.site.files.publish import require_own_directory
from claimlog.site.store import Store
from claimlog.sql_process import Answer
from conftest import ROOT, World

PAGE = b'<a href="../parquet/claims.parquet">claims</a>'
FILES = {"site/index.html": PAGE, "site/static/a.js": b"1", "parquet/claims.parquet": b"PAR1"}
MINE = b"# the user's own"


# pages of releases --------------------------------------------------------------------------------


@pytest.fixture
def checkout(bare: World) -> Package:
    """A checkout that brings the directory of a release, and a file of the user beside it."""
    folder = bare.root / "dist" / "tiny-0.1.0"
    for name, data in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (bare.root / "evil.html").write_bytes(b"theirs")
    return bare.package


def entry(package: Package, **listed: bytes) -> ReleaseEntry:
    """The entry of the release, whose list of checksums names its files and some others."""
    digests = {name: sha256(data).hexdigest() for name, data in {**FILES, **listed}.items() if data}
    text = dump_sums(digests)
    (package.root / "dist" / "tiny-0.1.0" / "SHA256SUMS").write_text(text, "utf-8")
    files = {"SHA256SUMS": sha256(text.encode()).hexdigest()}
    return ReleaseEntry({"version": "0.1.0", "files": files}, "releases/0.1.0.json")


def test_pages_of_a_release_are_copied_with_the_files_that_they_offer(
    checkout: Package, tmp_path: Path
) -> None:
    copy_site(checkout, entry(checkout), tmp_path / "out")
    assert (tmp_path / "out" / "index.html").read_bytes() == PAGE.replace(b"../", b"")
    assert (tmp_path / "out" / "parquet" / "claims.parquet").read_bytes() == b"PAR1"


@pytest.mark.parametrize(
    "name",
    [
        "site/../../../evil.html",  # is there, and is what the list says
        "site/../evil.html",
        "site/a/../../../../evil.html",
        "site/./evil.html",
        "site//evil.html",
        "site//etc/evil.html",
        "site/.bashrc",
        "site/absent.html",
    ],
)
def test_a_list_of_checksums_names_no_file_but_pages_that_are_there(
    name: str, checkout: Package, tmp_path: Path
) -> None:
    own = tmp_path / "evil.html"
    own.write_bytes(MINE)
    (checkout.root / "dist" / "tiny-0.1.0" / "site" / ".bashrc").write_bytes(b"theirs")
    with pytest.raises(ClaimlogError, match="is no page of the release, or is not there"):
        copy_site(checkout, entry(checkout, **{name: b"theirs"}), tmp_path / "a" / "b" / "out")
    assert own.read_bytes() == MINE


@pytest.mark.parametrize("kind", ["another", "hole", "pipe", "link", "folder", "list"])
def test_a_page_that_is_not_the_one_of_the_list_is_refused(
    kind: str, checkout: Package, tmp_path: Path
) -> None:
    folder = checkout.root / "dist" / "tiny-0.1.0"
    script, released = folder / "site" / "static" / "a.js", entry(checkout)
    script.unlink()
    if kind == "another":
        script.write_bytes(b"2")
    elif kind == "hole":
        with script.open("wb") as file:
            file.truncate(1 << 40)
    elif kind == "pipe":
        os.mkfifo(script)
    elif kind == "link":
        script.symlink_to(checkout.root / "evil.html")
    elif kind == "folder":
        script.parent.rmdir()
        script.parent.symlink_to(checkout.root)
        (checkout.root / "a.js").write_bytes(b"1")
    else:
        script.write_bytes(b"1")
        (folder / "SHA256SUMS").write_text("all is well\n", "utf-8")
    with pytest.raises(ClaimlogError, match=r"^dist/tiny-0\.1\.0/"):
        copy_site(checkout, released, tmp_path / "out")


def test_a_page_of_many_names_is_not_copied_for_each_of_them(
    checkout: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk_release, "WRITTEN_BYTES", 1000)
    static = checkout.root / "dist" / "tiny-0.1.0" / "site" / "static"
    data = bytes(1000)
    (static / "0.js").write_bytes(data)
    for number in range(1, 4):
        os.link(static / "0.js", static / f"{number}.js")
    released = entry(checkout, **{f"site/static/{number}.js": data for number in range(4)})
    with pytest.raises(ClaimlogError, match="files have several names or holes, and copies more"):
        copy_site(checkout, released, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_only_the_last_issue_of_a_release_is_shown(checkout: Package, tmp_path: Path) -> None:
    first = entry(checkout)
    last = {"files": {"SHA256SUMS": "0" * 64}}
    both = replace(first, data={**first.data, "reissues": [last]})
    with pytest.raises(ClaimlogError, match=r"is not the one that releases/0\.1\.0\.json names"):
        copy_site(checkout, both, tmp_path / "out")
    reissued = {**first.data, "files": last["files"], "reissues": [{"files": first.files}]}
    copy_site(checkout, replace(first, data=reissued), tmp_path / "out")
    assert (tmp_path / "out" / "index.html").is_file()


# marks --------------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site of two files with its mark."""
    site = tmp_path / "public"
    (site / "claims").mkdir(parents=True)
    (site / "index.html").write_text("ours", "utf-8")
    (site / "claims" / "index.html").write_text("ours", "utf-8")
    write_mark(site, {"site_of": "tiny"})
    return site


def add_file(name: str) -> Callable[[Path], None]:
    def add(site: Path) -> None:
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_bytes(MINE)

    return add


def replace_by_link(site: Path) -> None:
    (site / "index.html").unlink()
    (site / "index.html").symlink_to(site / "claims" / "index.html")


def replace_by_pipe(site: Path) -> None:
    (site / MARK).unlink()
    os.mkfifo(site / MARK)


def mark_as(text: str) -> Callable[[Path], None]:
    return lambda site: (site / MARK).write_text(text, "utf-8") and None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (add_file(".git/HEAD"), r"/\.git/HEAD: claimlog site did not write it"),
        (add_file("CNAME"), "/CNAME: claimlog site did not write it"),
        (add_file("papers/thesis.html"), "/papers/thesis.html: claimlog site did not write it"),
        (add_file("claims/mine.html"), "/claims/mine.html: claimlog site did not write it"),
        (lambda site: (site / "a").symlink_to("b"), "/a: claimlog site did not write it"),
        (replace_by_link, "/index.html: is no regular file"),
        (replace_by_pipe, "/site.json: is no regular file"),
        (lambda site: (site / MARK).unlink(), "holds files that claimlog site did not write"),
        (mark_as("{"), "holds files that claimlog site did not write"),
        (mark_as('{"written_by": "claimlog site", "files": 3}'), "did not write"),
        (mark_as('{"written_by": "claimlog site"}'), "claimlog site did not write it, by the list"),
        (mark_as('{"written_by": "me", "files": ["index.html"]}'), "did not write"),
    ],
)
def test_a_site_that_holds_anything_else_is_not_replaced(
    change: Callable[[Path], None], said: str, site: Path
) -> None:
    require_own_site(site, "public", "move it")
    change(site)
    with pytest.raises(ClaimlogError, match=f"{said}.*; move it$"):
        require_own_site(site, "public", "move it")


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"site_of": "huge"}, r"public: is a site of another kind or dataset \(site_of 'tiny'\)"),
        ({"preview_of": "tiny"}, "public: is a site of another kind or dataset"),
    ],
)
def test_a_site_of_another_dataset_or_of_what_is_sealed_is_not_replaced(
    about: dict[str, str], said: str, site: Path
) -> None:
    require_own_site(site, "public", "move it", {"site_of": "tiny"})
    with pytest.raises(ClaimlogError, match=f"{said}.*; move it$"):
        require_own_site(site, "public", "move it", about)
    with pytest.raises(ClaimlogError, match=f"{said}.*; name another directory"):
        require_own_directory(site, about)


def test_a_mark_lists_what_lies_in_the_site(site: Path) -> None:
    mark = json.loads((site / MARK).read_text("utf-8"))
    assert mark["files"] == ["claims/index.html", "index.html"]
    (site / "claims" / "index.html").unlink()  # what is gone harms nobody
    require_own_site(site, "public", "move it")


# what lies beside a directory that is replaced ----------------------------------------------------


@pytest.mark.parametrize("name", [".out-old", ".out-old-2024", ".out-new-2024", ".out-new-mine"])
@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("can_exchange", [True, False])
def test_what_is_the_user_s_beside_a_directory_stays(
    name: str, is_there: bool, can_exchange: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_exchange:
        monkeypatch.setattr(directory_swap, "_exchange", lambda *_: False)
    if is_there:
        (tmp_path / "out").mkdir()
    (tmp_path / name).mkdir()
    (tmp_path / name / "mine.txt").write_bytes(MINE)
    with publish_directory(tmp_path / "out", "out") as folder:
        (folder / "ours").write_text("new", "utf-8")
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert found == [name, f"{name}/mine.txt", "out", "out/ours"]


def test_what_a_killed_site_left_beside_the_directory_goes_with_the_next(tmp_path: Path) -> None:
    (tmp_path / ".out-new-4194305-0a1b2c3d" / "claims").mkdir(parents=True)
    with publish_directory(tmp_path / "out", "out") as folder:
        (folder / "ours").write_text("new", "utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


# images -------------------------------------------------------------------------------------------

NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
DOCTYPE = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/a.dtd">'
XHTML = '<!DOCTYPE svg PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "a.dtd">'


def image(inside: str = "", head: str = "", attributes: str = "") -> bytes:
    return f"{head}<svg {NAMESPACES} {attributes}>{inside}</svg>".encode()


@pytest.mark.parametrize(
    "data",
    [
        image('<use xlink:href="#a"/><rect fill="url(#g)" aria-label="a: b"/>'),
        image("<text>a &amp; b; &lt;c&gt; &#x28;</text>", DOCTYPE),
        image('<style>.a{fill:url("#b")}</style>', '<?xml version="1.0" encoding="UTF-8"?>'),
        image(
            '<image href="data:image/png;base64,AA"/><filter><feBlend in="a"/></filter>', DOCTYPE
        ),
        image(
            '<i:namedview i:zoom="2"/>',
            attributes='xmlns:i="http://www.inkscape.org/namespaces/inkscape" xml:space="preserve"',
        ),
        *(path.read_bytes() for path in sorted((ROOT / "docs").glob("*.svg"))),
    ],
)
def test_a_drawing_is_plain(data: bytes) -> None:
    assert svg_flaw(data) is None


@pytest.mark.parametrize(
    "data",
    [
        image("<script>1</script>"),
        image("<metadata><script>1</script></metadata>"),
        image('<h:script xmlns:h="http://www.w3.org/1999/xhtml">1</h:script>'),
        image("<foreignObject/>"),
        image("<animate/>"),
        image("<set/>"),
        image('<a href="javascript:1"/>'),
        image('<use href="javascript:1"/>'),
        image('<use xlink:href="other.svg#a"/>'),
        image('<image href="other.svg"/>'),
        image('<image href="data:image/svg+xml,x"/>'),
        image(attributes='onload="1"'),
        image(attributes='ONLOAD="1"'),
        image(attributes='xml:base="http://a"'),
        image('<rect style="fill:url(http://a)"/>'),
        image('<style>@import "a"</style>'),
        image("<style>a{b:u\\72l(a)}</style>"),
        image("<style>a{b:url(a)}<title/></style>"),
        image(head='<?xml-stylesheet href="a.xsl"?>'),
        image(head='<?xml version="1.0" encoding="utf-7"?>'),
        image("&e;", '<!DOCTYPE svg [<!ENTITY e "<script/>">]>'),
        image('<style>&commat;import "a"</style>', XHTML),  # which a browser knows by the type
        image('<rect fill="url&lpar;http://a&rpar;"/>', DOCTYPE),
        image('<style>&#64;import "a"</style>'),
        image().decode().encode("utf-16"),
        b'<script xmlns="http://www.w3.org/2000/svg"/>',
        b"<svg/>",
        b"<html><script>1</script></html>",
        b"GIF89a",
        b"",
    ],
)
def test_an_image_that_is_more_than_a_drawing_is_not(data: bytes) -> None:
    assert svg_flaw(data)


def test_a_site_copies_no_image_that_is_more_than_a_drawing(
    bare: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = {"plain.svg": image(), "active.svg": image("<script/>"), "photo.png": b"GIF89a"}
    monkeypatch.setattr(write, "read_file", lambda _, name, __: data[name])
    store = Store(bare, "tiny")
    assert write.read_image(store, "plain.svg") == image()
    assert write.read_image(store, "photo.png") == b"GIF89a"
    with pytest.raises(ClaimlogError, match=r"^docs/active\.svg: holds the element 'script'"):
        write.read_image(store, "active.svg")


# prepared queries ---------------------------------------------------------------------------------

LETTERS = "printf('%.*c', 990000, 'x')"
COUNT = "with recursive r(i) as (select 1 union all select i + 1 from r where i < 300)"


@pytest.fixture
def ask(tiny_build: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Answer]:
    """Runs SQL as a prepared query of the site is run."""
    database = next(tiny_build.package.build.glob("*.db"))
    monkeypatch.setattr(prepared_query, "prepared_seconds", lambda _: 60.0)

    def run(sql: str) -> Answer:
        process = QueryProcess()
        try:
            return process.run("large", database, sql, ())
        finally:
            process.end()

    return run


def page_failure(answer: Answer) -> str:
    return str(prepared_query.page_rows(answer)["failure"])


def test_a_page_lists_the_first_rows_of_a_query(ask: Callable[[str], Answer]) -> None:
    rows = prepared_query.page_rows(ask(f"{COUNT} select i, x'00' as b, null as c from r"))
    assert (len(rows["rows"]), rows["more"], rows["failure"]) == (200, True, None)
    assert rows["rows"][0] == [1, "1 bytes", None]
    assert rows["columns"] == ["i", "b", "c"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (f"{COUNT} select {LETTERS} || i from r", "Its rows are too long for a page."),
        (f"{COUNT} select {', '.join([LETTERS] * 30)} from r", "Its rows are too long for a page."),
        (f"select substr({LETTERS}, 1, 900000) from (values (1), (2), (3), (4), (5))", "too long"),
        (f"{COUNT} select count(*) from r a, r b, r c", "It takes too long for a page."),
        ("select none from claims", "It fails: no such column: none."),
        ("select fts3_tokenizer('a', 'b')", "It fails: not authorized to use function"),
    ],
)
def test_a_query_that_is_too_much_is_so_on_every_machine(
    sql: str, said: str, ask: Callable[[str], Answer]
) -> None:
    assert said in page_failure(ask(sql))


SLOW_STEP = (
    f"with r as (select {LETTERS} || 'b' as b) select instr({LETTERS}, substr(b, 500000)) from r"
)
WIDE_ROW = f"{COUNT} select {', '.join([LETTERS] * 190)} from r"


@pytest.mark.slow
@pytest.mark.parametrize(("sql", "seconds"), [(WIDE_ROW, 60.0), (SLOW_STEP, 0.1)])
def test_a_query_that_reaches_a_limit_of_its_process_fails_the_command(
    sql: str, seconds: float, ask: Callable[[str], Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared_query, "prepared_seconds", lambda _: seconds)
    with pytest.raises(ClaimlogError, match="the prepared query large: its page takes more than"):
        ask(sql)


# what comes meanwhile -----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["new", "OUT", *("--title", "T", "--topic", "a topic", "--author", "A")],
        ["build", "--out", "OUT"],
        ["export", "claims", "--out", "OUT"],
        ["site", "--out", "OUT"],
    ],
)
def test_what_somebody_put_there_while_a_directory_was_written_stays(
    words: list[str], tiny_build: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, flush = tmp_path / "out", directory_swap.sync

    def work(path: Path) -> None:
        out.mkdir(exist_ok=True)
        (out / "notes.txt").write_bytes(MINE)
        flush(path)

    monkeypatch.setattr(directory_swap, "sync", work)
    given = [str(out) if word == "OUT" else word for word in words]
    done = CliRunner().invoke(cli, ["--package", str(tiny_build.root), *given])
    assert isinstance(done.exception, ClaimlogError)
    assert re.search("is not empty|no build of ours|is there already|site", str(done.exception))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (out / "notes.txt").read_bytes() == MINE
