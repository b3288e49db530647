"""The documentation of a package on its site: pages and images of docs/, and nothing else."""

from __future__ import annotations

import asyncio
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from claimlog.build import build
from claimlog.site import document_renderer
from claimlog.site.document_renderer import DocumentRenderer, HtmlCache
from claimlog.site.markdown_page import heading_anchor, render_document, without_comments
from claimlog.site.pages import documentation
from claimlog.site.pages.documentation import (
    IMAGE_BYTES,
    PAGE_BYTES,
    document_title,
)
from claimlog.site.store import Store
from conftest import ROOT, Get, World, asking, copied

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PAGE = """# How do I *use* `it`?

<!-- generated: table -->
| name | count |
| --- | --: |
| a | 1 |
<!-- /generated -->

## A second `part`

[another](other.md), [its part](other.md#there), [here](#a-second-part), [the web](https://example.org/x),
[a script](javascript:alert(1)), [elsewhere](../secret.md), [none](none.md), [a file](/etc/passwd)

![plot](plot.svg) ![outside](../plot.svg) ![remote](https://example.org/a.png)

<script>alert(1)</script> and <b onclick="x">bold</b>
"""


@pytest.fixture(scope="module")
def documented(tiny_build: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A built package with documentation, and beside it what must not be served."""
    world = copied(tiny_build, tmp_path_factory.mktemp("documented"))
    docs = world.root / "docs"
    (docs / "deep").mkdir(parents=True)
    (docs / "use.md").write_text(PAGE, "utf-8")
    (docs / "other.md").write_text("# Other\n\n## There\n", "utf-8")
    (docs / "deep" / "inner.md").write_text("# Secret\n", "utf-8")
    (docs / "plot.svg").write_text(SVG, "utf-8")
    (docs / "notes.txt").write_text("Secret\n", "utf-8")
    (docs / "long.md").write_text("# Long\n" + "a" * PAGE_BYTES, "utf-8")
    (docs / "large.png").write_bytes(b"a" * (IMAGE_BYTES + 1))
    (world.root / "secret.md").write_text("# Secret\n", "utf-8")
    (docs / "link.md").symlink_to(world.root / "secret.md")
    os.mkfifo(docs / "pipe.md")
    return world


@pytest.fixture(scope="module")
def get(documented: World) -> Get:
    return asking(documented.package.build)


def links(page: Any) -> list[str]:
    return re.findall(r'<a href="([^"]*)"', page.text.partition("<main")[2].partition("</main>")[0])


def test_the_pages_are_listed_by_their_titles(get: Get) -> None:
    page = get("/docs")
    assert page.status_code == 200
    assert links(page) == ["/", "/docs/other", "/docs/use"]
    assert "How do I *use* it?" in page.text
    assert get("/docs.json").json()["documents"] == [
        {"name": "other", "title": "Other"},
        {"name": "use", "title": "How do I *use* it?"},
    ]


def test_a_page_is_drawn_with_its_tables_and_without_the_markers(get: Get) -> None:
    page = get("/docs/use")
    assert page.status_code == 200
    assert "<h1" in page.text
    assert "<td>a</td>" in page.text
    assert "generated" not in page.text
    assert 'id="a-second-part"' in page.text
    assert get("/docs/use.json").json()["title"] == "How do I *use* it?"


def test_links_lead_to_pages_places_and_the_web_and_nowhere_else(get: Get) -> None:
    assert links(get("/docs/use"))[2:] == [
        "/docs/other",
        "/docs/other#there",
        "#a-second-part",
        "https://example.org/x",
    ]


def test_images_are_those_of_the_documentation(get: Get) -> None:
    assert re.findall(r'<img [^>]*src="([^"]*)"', get("/docs/use").text) == ["/docs/plot.svg"]
    image = get("/docs/plot.svg")
    assert (image.status_code, image.headers["content-type"]) == (200, "image/svg+xml")
    assert image.text == SVG
    policy = image.headers["content-security-policy"]
    assert "; sandbox; " in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox" not in get("/docs/use").headers["content-security-policy"]


def test_a_page_is_drawn_once_until_a_file_of_the_documentation_changes(
    get: Get, documented: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    read_text = documentation.read_text

    def noted(store: Store, name: str) -> str:
        names.append(name)
        return read_text(store, name)

    monkeypatch.setattr(documentation, "read_text", noted)
    assert "There" in get("/docs/other?once").text
    assert "There" in get("/docs/other?once").text
    assert names == ["other.md"]
    path = documented.root / "docs" / "other.md"
    try:
        path.write_text("# Other\n\n## Elsewhere\n", "utf-8")
        assert "Elsewhere" in get("/docs/other?once").text
        (path.parent / "new.md").write_text("# New\n", "utf-8")
        assert "/docs/new" in links(get("/docs"))
    finally:
        path.write_text("# Other\n\n## There\n", "utf-8")
        (path.parent / "new.md").unlink(missing_ok=True)
    assert names.count("other.md") >= 2
    assert "/docs/new" not in links(get("/docs"))


def test_html_in_a_page_is_text(get: Get) -> None:
    text = get("/docs/use").text.partition("<main")[2].partition("</main>")[0]
    assert "<script" not in text
    assert "<b " not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


@pytest.mark.parametrize(
    "path",
    [
        "/docs/inner",
        "/docs/deep",
        "/docs/deep/inner",
        "/docs/notes",
        "/docs/notes.txt",
        "/docs/secret",
        "/docs/link",
        "/docs/pipe",
        "/docs/long",
        "/docs/large.png",
        "/docs/none.svg",
        "/docs/use.md",
        "/docs/..%2Fsecret",
        "/docs/%2e%2e/secret",
        "/docs/..%2Fdatapackage.json",
    ],
)
def test_nothing_else_is_served(path: str, get: Get) -> None:
    answer = get(path)
    if answer.status_code == 302:  # Datasette's own way of writing a percent sign
        answer = get(answer.headers["location"])
    assert answer.status_code == 404
    assert "Secret" not in answer.text


@pytest.mark.slow
def test_the_footer_leads_to_the_documentation_only_where_there_is_some(
    get: Get, made: World, tmp_path: Path
) -> None:
    link = '<a href="/docs">Documentation</a>'
    assert link in get("/claims").text
    world = copied(made, tmp_path)
    for folder in (world.package.build, tmp_path / "elsewhere"):
        build(world.package, folder)
        bare = asking(folder)
        assert link not in bare("/claims").text
        assert bare("/docs").status_code == 200
        assert bare("/docs/use").status_code == 404


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_every_page_of_this_repository_keeps_its_links_images_and_tables(path: Path) -> None:
    text = path.read_text("utf-8")
    names = frozenset(file.name for file in path.parent.iterdir())
    html = render_document(text, names, "/docs")
    assert "<a>" not in html
    assert all('src="/docs/' in image for image in re.findall(r"<img [^>]*>", html))
    assert "&lt;!--" not in html
    assert html.count("<table>") == len(re.findall(r"^\|[ :|]*-[ :|-]*\|$", text, re.MULTILINE))
    anchors = {heading_anchor(title) for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
    assert {*re.findall(r'href="#([^"]*)"', html)} <= anchors
    assert document_title(text) in html.replace("<code>", "").replace("</code>", "")


@pytest.mark.parametrize("end", ["", "-->", "-->\n"])
def test_comments_are_left_out_in_a_time_that_grows_with_the_page(end: str) -> None:
    started = time.process_time()
    page = "# A\n\n" + "<!--" * 32_000 + end  # took 15 seconds
    assert "<h1" in render_document(page, frozenset(), "/docs")
    assert time.process_time() - started < 5
    assert without_comments("a<!-- b --> \nc<!--d-->e<!-- f") == "ace<!-- f"


def render(text: str, *names: str) -> str | None:
    return asyncio.run(DocumentRenderer().render(text, names, "/docs"))


def has_ended(pid: Path) -> bool:
    """Return whether the process that wrote its number into a file is gone."""
    return not Path(f"/proc/{pid.read_text()}").exists()


def waiting_program(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have pages rendered by a program without an end, and return where it writes its number."""
    pid, program = folder / "pid", folder / "endless.py"
    program.write_text(
        "import os, time\n"
        f"with open({str(folder / 'starts')!r}, 'a') as starts: starts.write('x')\n"
        f"with open({str(pid)!r} + '~', 'w') as file: file.write(str(os.getpid()))\n"
        f"os.rename({str(pid)!r} + '~', {str(pid)!r})\n"
        "time.sleep(60)\n"
    )
    monkeypatch.setattr(document_renderer, "PROGRAM", program)
    return pid


async def started(pid: Path) -> None:
    async with asyncio.timeout(30):
        while not pid.exists():
            await asyncio.sleep(0.01)


def test_a_page_that_takes_too_long_is_ended_and_tried_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting_program(tmp_path, monkeypatch)
    monkeypatch.setattr(document_renderer, "WAIT_SECONDS", 0.3)
    renderer = DocumentRenderer()
    assert asyncio.run(renderer.render("# A", (), "/docs")) is None
    monkeypatch.undo()
    assert asyncio.run(renderer.render("# A", (), "/docs")) is None
    monkeypatch.setattr(document_renderer, "monotonic", lambda: time.monotonic() + 61)
    assert asyncio.run(renderer.render("# A", (), "/docs")) == '<h1 id="a">A</h1>\n'


def test_of_a_page_that_grows_no_more_is_read_than_may_be_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_renderer, "HTML_BYTES", 2_000)
    assert render("[a]: http://" + "b" * 100 + "\n\n" + "[a]" * 100) is None
    program = tmp_path / "long.py"
    program.write_text("import sys\nwhile True: sys.stdout.write('x' * 100_000)\n")
    monkeypatch.setattr(document_renderer, "PROGRAM", program)
    assert render("# Long") is None


def test_a_page_is_the_same_drawn_in_a_process() -> None:
    text = "# Ä\n\n[b](b.md) <!-- c --> <i>d</i>"
    own = render_document(text, frozenset({"b.md"}), "/docs")
    assert render(text, "b.md") == own


def test_a_process_ends_with_its_last_reader_who_keeps_the_slot_until_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = waiting_program(tmp_path, monkeypatch)

    async def leave() -> None:
        renderer = DocumentRenderer()
        readers = [asyncio.create_task(renderer.render("# A", (), "/docs", "a")) for _ in range(3)]
        await started(pid)
        other = asyncio.create_task(renderer.render("# B", (), "/docs", "a"))
        for reader in readers[:2]:
            reader.cancel()
        await asyncio.wait(readers[:2])
        assert not has_ended(pid)
        readers[2].cancel()
        await asyncio.wait([readers[2]])
        assert has_ended(pid)
        pid.unlink()
        await started(pid)  # the slot went to the other
        other.cancel()
        await asyncio.wait([other])
        assert has_ended(pid)

    asyncio.run(leave())
    assert (tmp_path / "starts").read_text() == "xx"


def test_a_peer_with_slow_pages_keeps_no_other_from_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = waiting_program(tmp_path, monkeypatch)

    async def read() -> str | None:
        renderer = DocumentRenderer()
        slow = [
            asyncio.create_task(renderer.render(f"# {number}", (), "/docs", "a"))
            for number in range(3)
        ]
        await started(pid)
        monkeypatch.undo()
        html = await renderer.render("# A", (), "/docs", "b")
        assert not any(task.done() for task in slow)
        for task in slow:
            task.cancel()
        await asyncio.wait(slow)
        return html

    assert asyncio.run(read()) == '<h1 id="a">A</h1>\n'


def test_a_page_is_drawn_after_no_thread_could_begin_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_thread(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    async def draw() -> str | None:
        renderer = DocumentRenderer()
        with monkeypatch.context() as patch:
            patch.setattr(renderer._threads, "submit", no_thread)
            for number in range(document_renderer.PROCESSES):
                with pytest.raises(RuntimeError, match="new thread"):
                    await renderer.render(f"# {number}", (), "/docs")
        return await renderer.render("# A", (), "/docs")

    assert asyncio.run(draw()) == '<h1 id="a">A</h1>\n'


def test_pages_are_kept_within_a_number_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_renderer, "CACHE_BYTES", 10_000)
    cache = HtmlCache()
    for key in (b"a", b"b", b"a", b"c"):
        cache.put(key, b"x" * 3_500)
    assert [key in cache for key in (b"a", b"b", b"c")] == [True, False, True]
    cache.put(b"d", b"x" * 20_000)
    assert b"d" not in cache
