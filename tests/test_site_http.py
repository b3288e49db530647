"""HTTP of the site: validators, parts of files, compression, other origins, methods, proxies."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from datasette.app import Datasette

from claimlog.build import build
from claimlog.errors import UsageError
from claimlog.site import page_html, routing
from claimlog.site.base_path import BaseUrl, require_free_base
from claimlog.site.delivery.answer import Answer
from claimlog.site.delivery.answer_cache import ANSWERS, AnswerCache
from claimlog.site.page_answer import PageAnswer
from claimlog.site.page_list import site_pages
from claimlog.site.protection import reader_limits
from claimlog.site.protection.host_names import NAMES, names_of
from conftest import World, copied, datasette_of

Ask = Callable[..., httpx.Response]

WITHOUT_PARAMETERS = (
    *("/measures", "/origins", "/actors", "/sources", "/codebook", "/quality"),
    *("/releases", "/downloads", "/claims/C001-001", "/actors/nor"),
)
"""Pages of ours whose answer is the same whatever parameters there are."""

PAGES = ["/", "/claims", "/claims/C001-001", "/sources.json", "/codebook"]
TABLES = ["/tiny", "/tiny/claims", "/tiny/claims.json?_size=2", "/tiny/claims/C001-001"]
OTHERS = ["/-/static-plugins/claimlog/frame.css", "/-/static/app.css", "/robots.txt"]
FILE = "/downloads/claims.parquet"


@pytest.fixture(scope="module")
def served(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = copied(made, tmp_path_factory.mktemp("http"))
    (world.root / "docs").mkdir()
    (world.root / "docs" / "use.md").write_text("# How to use it\n", "utf-8")
    build(world.package, world.package.build)
    return world


@pytest.fixture(scope="module")
def site(served: World) -> Datasette:
    return datasette_of(served.package.build)


@pytest.fixture
def ask(site: Datasette) -> Ask:
    return asking_of(site)


def asking_of(site: Datasette) -> Ask:
    """Return a way to ask with a method and headers, as a browser would reach the server."""
    app = site.app()

    def ask(path: str, method: str = "GET", **headers: str) -> httpx.Response:
        parts: list[bytes] = []

        async def app_and_parts(scope: Any, receive: Any, send: Any) -> None:
            async def send_and_keep(message: dict[str, Any]) -> None:
                parts.append(message.get("body", b""))
                await send(message)

            await app(scope, receive, send_and_keep)

        async def request() -> httpx.Response:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            given.setdefault("accept-encoding", "identity")
            transport = httpx.ASGITransport(app=app_and_parts)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as one:
                return await one.request(method, path, headers=given)

        answer = asyncio.run(request())
        answer.extensions["sent"] = b"".join(parts)
        return answer

    return ask


@pytest.mark.slow
def test_a_page_that_cannot_change_is_drawn_once(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    draw, context = Datasette.render_template, page_html.page_context

    async def render_template(self: Any, template: Any, *args: Any, **given: Any) -> str:
        drawn.append(template)
        return await draw(self, template, *args, **given)  # type: ignore[no-any-return]

    def page_context(answer: PageAnswer, *args: str) -> dict[str, Any]:
        drawn.append(answer.template)
        return context(answer, *args)

    monkeypatch.setattr(Datasette, "render_template", render_template)
    monkeypatch.setattr(page_html, "page_context", page_context)
    for path in ("/claims?topic=trust&x=once", "/tiny/claims?_size=3&_nofacet=1"):
        drawn.clear()
        answers = [ask(path) for _ in range(3)]
        assert len({answer.text for answer in answers}) == 1
        assert len(drawn) == 1
        assert ask(path, accept_encoding="gzip").text == answers[0].text
        assert len(drawn) == 1


@pytest.mark.parametrize("path", WITHOUT_PARAMETERS)
def test_a_parameter_that_a_page_does_not_look_at_has_nothing_drawn_anew(
    path: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, data = ask(path), ask(f"{path}.json")
    assert page.status_code == data.status_code == 200

    def page_context(*_: Any) -> None:
        pytest.fail("The page is drawn anew.")

    monkeypatch.setattr(page_html, "page_context", page_context)
    monkeypatch.setattr(routing, "draw_json", page_context)
    for query in ("x=1", "page=2", "_=&%00"):
        assert ask(f"{path}?{query}").content == page.content
        assert ask(f"{path}.json?{query}").content == data.content
    assert f'href="{path}.json"' in page.text


def test_what_may_change_or_was_chosen_by_a_reader_is_not_sent_from_memory(
    served: World, ask: Ask
) -> None:
    page = served.root / "docs" / "use.md"
    assert "How to use it" in ask("/docs/use").text
    tag = ask("/docs/use").headers["etag"]
    page.write_text("# How to read it\n", "utf-8")
    changed = ask("/docs/use", if_none_match=tag)
    assert changed.status_code == 200
    assert "How to read it" in changed.text
    assert ask("/-/healthz").headers["cache-control"] == "no-store"
    first, second = (ask("/tiny.json?sql=select+1").json()["query_ms"] for _ in range(2))
    assert first != second  # each was run


@pytest.mark.parametrize("path", [*PAGES, *TABLES, *OTHERS, "/docs", "/docs/use"])
def test_a_page_has_a_validator_and_is_not_sent_again_to_whoever_has_it(
    path: str, ask: Ask
) -> None:
    answer = ask(path)
    tag = answer.headers["etag"]
    assert answer.status_code == 200
    assert "cookie" not in answer.headers.get("vary", "").lower()
    for given in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = ask(path, if_none_match=given)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert "content-type" not in again.headers
        assert "content-security-policy" in again.headers
    assert ask(path, if_none_match='"other"').content == answer.content
    packed = ask(path, accept_encoding="gzip", if_none_match=tag)
    assert packed.status_code == 304


@pytest.mark.parametrize("path", [*PAGES, *TABLES, *OTHERS, FILE, "/tiny.db", "/nothing", "/docs"])
def test_head_has_the_headers_of_get_and_no_body(path: str, ask: Ask) -> None:
    get, head = ask(path), ask(path, "HEAD")
    assert head.content == b""
    assert head.status_code == get.status_code
    assert dict(head.headers) == dict(get.headers)
    assert int(get.headers["content-length"]) == len(get.content)


@pytest.mark.parametrize("path", ["/tiny/claims.csv?_stream=1", "/downloads/claims.csv"])
def test_head_of_a_stream_makes_no_stream(path: str, ask: Ask) -> None:
    head = ask(path, "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/")


def test_text_is_compressed_for_who_accepts_it(ask: Ask) -> None:
    for path in (*PAGES, *TABLES, OTHERS[0], "/claims?q=nothing-like-this", "/nothing"):
        plain = ask(path)
        packed = ask(path, accept_encoding="br, gzip")
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
        sent = packed.extensions["sent"]
        assert gzip.decompress(sent) == plain.content
        assert int(packed.headers["content-length"]) == len(sent) < len(plain.content)
        for refused in ("gzip;q=0", "identity", "br", ""):
            assert "content-encoding" not in ask(path, accept_encoding=refused).headers


@pytest.mark.parametrize("path", ["/tiny/claims.csv?_stream=1", "/downloads/claims.csv"])
def test_a_stream_is_compressed_as_it_is_made(path: str, ask: Ask) -> None:
    packed = ask(path, accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.extensions["sent"]) == ask(path).content


@pytest.mark.parametrize("path", [FILE, "/tiny.db", "/downloads/validation.json"])
def test_files_are_never_compressed_because_their_readers_ask_for_parts(
    path: str, ask: Ask
) -> None:
    answer = ask(path, accept_encoding="gzip")
    assert "content-encoding" not in answer.headers
    assert answer.headers["accept-ranges"] == "bytes"


RANGES = [
    ("bytes=0-3", 0, 4), ("bytes=4-4", 4, 5), ("bytes=10-", 10, None), ("bytes=-8", -8, None),
    ("bytes=0-999999999", 0, None), ("bytes=-999999999", 0, None), ("Bytes = 0-3", 0, 4),
    (f"bytes=0-{'9' * 5000}", 0, None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "start", "stop"), RANGES)
@pytest.mark.parametrize("path", [FILE, "/downloads/datapackage.json", "/tiny.db"])
def test_a_part_of_a_file_is_sent(
    path: str, text: str, start: int, stop: int | None, ask: Ask
) -> None:
    whole = ask(path).content
    part = ask(path, range=text)
    expected = whole[start:stop]
    first = start if start >= 0 else len(whole) + start
    assert part.status_code == 206
    assert part.content == expected
    assert int(part.headers["content-length"]) == len(expected)
    assert part.headers["content-range"] == (
        f"bytes {first}-{first + len(expected) - 1}/{len(whole)}"
    )
    head = ask(path, "HEAD", range=text)
    assert (head.content, head.headers["content-range"]) == (b"", part.headers["content-range"])


@pytest.mark.parametrize(
    "text",
    ["bytes=0-1,4-5", "bytes=5-2", "bytes=-", "bytes=", "items=0-1", "bytes=a-b", "0-1", "bytes=0"],
)
def test_several_parts_and_what_is_no_range_are_answered_with_the_whole(
    text: str, ask: Ask
) -> None:
    answer = ask(FILE, range=text)
    assert answer.status_code == 200
    assert answer.content == ask(FILE).content


@pytest.mark.parametrize("text", ["bytes=999999999-", "bytes=-0", f"bytes={'9' * 30}-"])
def test_a_part_that_no_file_has_is_refused_with_its_size(text: str, ask: Ask) -> None:
    answer = ask(FILE, range=text)
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{len(ask(FILE).content)}"


def test_a_part_is_added_only_to_the_same_version(ask: Ask) -> None:
    whole = ask(FILE)
    tag, modified = whole.headers["etag"], whole.headers["last-modified"]
    later = format_datetime(parsedate_to_datetime(modified) + timedelta(days=1), usegmt=True)
    for same in (tag, modified):
        assert ask(FILE, range="bytes=0-3", if_range=same).status_code == 206
    for other in ('"other"', f"W/{tag}", later, "nonsense"):
        answer = ask(FILE, range="bytes=0-3", if_range=other)
        assert (answer.status_code, answer.content) == (200, whole.content)


def test_a_file_is_not_sent_again_to_whoever_has_it_and_no_other_version_to_who_wants_none(
    ask: Ask,
) -> None:
    whole = ask(FILE)
    tag, modified = whole.headers["etag"], whole.headers["last-modified"]
    earlier = format_datetime(parsedate_to_datetime(modified) - timedelta(days=1), usegmt=True)
    for given in ({"if_none_match": tag}, {"if_modified_since": modified}):
        answer = ask(FILE, **given)
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    # the tag decides, where both are given
    assert ask(FILE, if_none_match='"other"', if_modified_since=modified).status_code == 200
    for given in (
        {"if_modified_since": earlier},
        {"if_modified_since": "nonsense"},
        {"if_match": tag},
        {"if_match": "*"},
        {"if_unmodified_since": modified},
    ):
        assert ask(FILE, **given).status_code == 200
    for given in ({"if_match": '"other"'}, {"if_unmodified_since": earlier}):
        answer = ask(FILE, **given)
        assert (answer.status_code, answer.content) == (412, b"")


def test_the_tag_of_a_file_is_its_hash_so_that_every_server_has_the_same(
    ask: Ask,
) -> None:
    rows = ask("/downloads.json").json()
    listed = [*rows["parquet"], *rows["others"]]
    assert "datapackage.json" in {row["file"] for row in listed}
    for row in listed:
        answer = ask(f"/downloads/{row['file']}")
        assert answer.headers["etag"] == f'"{row["sha256"]}"'
        assert hashlib.sha256(answer.content).hexdigest() == row["sha256"]
    assert ask("/tiny.db").headers["etag"] == f'"{rows["database"]["sha256"]}"'


DATA = ["/claims.json", "/tiny/claims.json", "/tiny.json?sql=select+1", "/tiny/claims.csv", FILE,
        "/downloads/claims.csv", "/tiny.db", "/nothing.json", "/index.json"]  # fmt: skip


@pytest.mark.parametrize("path", DATA)
def test_pages_from_elsewhere_may_read_the_data_of_a_public_server(path: str, ask: Ask) -> None:
    for answer in (ask(path, origin="https://elsewhere.example"), ask(path)):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
        assert "Content-Range" in answer.headers["access-control-expose-headers"]
    asked = ask(path, "OPTIONS", origin="https://a.example", access_control_request_method="GET")
    assert asked.status_code == 204
    assert "POST" not in asked.headers["access-control-allow-methods"]
    assert "Range" in asked.headers["access-control-allow-headers"]
    assert asked.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/", "/claims", "/tiny/claims", "/-/versions.json", *OTHERS])
def test_pages_and_what_the_server_is_stay_with_their_own_origin(path: str, ask: Ask) -> None:
    for method in ("GET", "OPTIONS"):
        answer = ask(path, method, origin="https://elsewhere.example")
        assert "access-control-allow-origin" not in answer.headers


def test_the_data_of_a_server_for_one_machine_are_for_pages_of_that_machine(
    served: World,
) -> None:
    site = datasette_of(served.package.build)
    NAMES[site] = names_of("127.0.0.1", [])
    ask = asking_of(site)
    for origin in ("http://localhost:3000", "http://127.0.0.1:8888", "http://[::1]:1"):
        answer = ask("/claims.json", origin=origin)
        assert answer.headers["access-control-allow-origin"] == origin
        assert "Origin" in answer.headers["vary"].split(", ")
    for origin in ("https://elsewhere.example", "null", "http://localhost.example", "http://[", ""):
        answer = ask("/claims.json", origin=origin)
        assert "access-control-allow-origin" not in answer.headers
        assert "Origin" in answer.headers["vary"]
    NAMES[site] = names_of("127.0.0.1", ["claims.example"])
    answer = ask("/claims.json", host="claims.example", origin="https://elsewhere.example")
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"])
@pytest.mark.parametrize(
    "path", ["/", "/claims", "/tiny.json?sql=select+1", FILE, "/nothing", "/-/healthz.json"]
)
def test_nothing_can_be_written(method: str, path: str, ask: Ask) -> None:
    answer = ask(path, method)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    if ".json" in path:
        assert answer.json()["status"] == 405
    else:
        assert "Nothing can be written" in answer.text


def test_answers_in_memory_have_a_bound_and_the_latest_are_there() -> None:
    answers = AnswerCache(50_000)
    for number in range(200):
        scope = {"path": f"/{number}", "query_string": b""}
        answers.put((f"/{number}".encode(), b"", b""), Answer(200, [], b"x" * 1_000))
        assert answers.bytes <= 50_000
        assert answers.get(scope, b"") is not None
    assert 2 <= len(answers) < 50
    assert answers.get({"path": "/0", "query_string": b""}, b"") is None
    before = (len(answers), answers.bytes)
    answers.put((b"long",), Answer(200, [], b"x" * (reader_limits.CACHED_ANSWER_BYTES + 1)))
    assert (len(answers), answers.bytes) == before
    for _ in range(3):  # the same one again takes no more room
        answers.put((b"/199", b"", b""), Answer(200, [], b"x" * 1_000))
    assert (len(answers), answers.bytes) == before


def test_a_page_of_datasettes_is_not_sent_under_another_name(ask: Ask) -> None:
    one, other = (ask("/tiny/claims", host=host) for host in ("one.example", "other.example"))
    assert "http://one.example/tiny/claims.json" in one.text
    assert "one.example" not in other.text


@pytest.mark.parametrize(
    ("sql", "kept"),
    [
        ("select claim_id from claims", True),
        ("select claim_id, date('now') as day from claims", False),
        ("select claim_id from claims order by random()", False),
        ("select * from claims where claim_id = :claim", True),
    ],
)
def test_a_canned_query_is_answered_once_unless_its_rows_may_change(
    sql: str, kept: bool, served: World
) -> None:
    site = datasette_of(served.package.build)
    site._metadata_local["databases"]["tiny"]["queries"]["own"] = {"sql": sql}
    ask = asking_of(site)
    for path in ("/tiny/own", "/tiny/own.json?_shape=array"):
        before = len(ANSWERS.get(site, ()))
        assert ask(path).status_code == 200
        assert len(ANSWERS[site]) == before + kept
        assert ask(path).status_code == 200
    before = len(ANSWERS[site])
    assert ask("/tiny/own?claim=C001-001").status_code == 200  # a reader's choice
    assert len(ANSWERS[site]) == before


def test_no_answer_depends_on_who_asks(ask: Ask) -> None:
    plain = ask("/claims?topic=trust")
    for headers in ({"cookie": "ds_actor=x"}, {"authorization": "Bearer x"}):
        answer = ask("/claims?topic=trust", **headers)
        assert answer.text == plain.text
        assert answer.headers["cache-control"] == plain.headers["cache-control"]


@pytest.mark.parametrize("sent", ["", "/x/trust"])
def test_with_a_base_every_link_has_it_once_whether_or_not_the_proxy_takes_it_off(
    sent: str, served: World
) -> None:
    ask = asking_of(datasette_of(served.package.build, base_url="/x/trust/"))
    followed = 0
    for path in (
        *PAGES,
        *TABLES,
        "/docs/use",
        "/releases",
        "/nothing",
        "/tiny/claims?_facet=topic",
    ):
        answer = ask(f"{sent}{path}")
        assert answer.status_code == (404 if path == "/nothing" else 200)
        links = re.findall(r'(?:href|src|action)="([^"#]+)"', answer.text)
        links += re.findall(r'"(?:next_url|toggle_url|contentUrl|@id)": "([^"]+)"', answer.text)
        for link in links:
            local = link.removeprefix("http://localhost")
            if local.startswith("/"):
                followed += 1
                assert local.startswith("/x/trust/")
                assert not local.startswith("/x/trust/x/trust")
    assert followed > 200
    assert ask(f"{sent}/tiny/claims/").headers["location"] == "/x/trust/tiny/claims"
    assert ask("/x/trust//elsewhere.example").status_code == 404
    for path in ("/claims.csv", "/tiny.db", "/-/databases.json", "/x/trust/claims", "/"):
        answer = ask(f"/x/trust/x/trust{path}")
        assert (path, answer.status_code) == (path, 404)
    assert ask("/x/%74rust/x/trust/claims.csv").status_code in (302, 404)


def test_a_base_by_the_name_of_what_is_served_is_refused(served: World) -> None:
    datasette = datasette_of(served.package.build)
    pages = site_pages(datasette)
    for base in ("/tiny/", "/tiny/claims/", "/claims/", "/docs/", "/-/static/"):
        with pytest.raises(UsageError, match="--base-url"):
            require_free_base(base, datasette, pages)
    for base in ("/", "/data/", "/x/tiny/"):
        require_free_base(base, datasette, pages)


@pytest.mark.parametrize(
    "text",
    ["claims.example", "data", "ftp://a.example/", "https:///x", "/a b", "/a?b", "https://a@b/",
     "//x", "/a//b", "https://[/", "/é"],
)  # fmt: skip
def test_a_base_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--base-url"):
        BaseUrl.parse(text)


def test_a_monitor_is_told_which_build_answers(served: World, ask: Ask) -> None:
    about = json.loads((served.package.build / "datapackage.json").read_bytes())
    for path in ("/-/healthz", "/-/healthz.json"):
        data = ask(path).json()
        assert data["ok"] is True
        assert data["dataset"] == {"name": "tiny", "version": about["version"]}
        assert (data["build"]["tree_size"], data["build"]["root"]) == (
            about["log"]["tree_size"],
            about["log"]["root"],
        )
        assert len(data["build"]["fingerprint"]) == 64
        assert data["build"]["replaced"] is False
        assert data["releases"] == []


def test_a_file_that_went_missing_is_not_found(served: World, tmp_path: Path) -> None:
    folder = tmp_path / "build"
    shutil.copytree(served.package.build, folder)
    ask = asking_of(datasette_of(folder))
    (folder / "parquet" / "claims.parquet").unlink()
    assert ask(FILE).status_code == 404
