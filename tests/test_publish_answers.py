"""Publishing at a hostile service: every value of every answer is another one, of any type."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from claimlog.errors import ClaimlogError
from claimlog.log.release_index import read_index
from claimlog.package import Package
from claimlog.release.metadata import entry_metadata
from claimlog.release.publishing.github import HEADERS, GithubPublisher
from claimlog.release.publishing.published_files import PublishedFile, ReleaseFiles, verified_files
from claimlog.release.publishing.zenodo import MEDIA_TYPE, ZenodoPublisher
from claimlog.schema.definition import read_definition
from claimlog.web_client import WebClient
from claimlog.web_origins import Token, origin
from web_servers import Answer, Server
from web_services import TOKEN, GitHub, Storage, Zenodo

DEEP = b"[" * 200_000
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 10**30, 1.5, float("inf"), float("nan"), "9" * 5_000, "\u00b2", "\u0661"),
    *("", "x" * 100_000, "\x00\x1b[2J", "../..", "\ud800", [], [[]], [None], {}, {"id": {}}),
)
"""Values that no service documents; one of them stands in each place, in turn."""

LONGEST = 600
"""Characters of a line that quotes a service."""

Publish = Callable[[Server], list[str]]
"""Publishes at a server and returns what was said."""


@pytest.fixture(scope="module")
def release(tiny_release: Package, tmp_path_factory: pytest.TempPathFactory) -> ReleaseFiles:
    """A verified release, of which two short files are sent."""
    index = read_index(tiny_release)
    public = tiny_release.root.parent / "public.pem"
    whole = verified_files(tiny_release, index, index[-1], tiny_release.root / "dist", public)
    folder = tmp_path_factory.mktemp("files")
    return replace(whole, files=(*_short_files(folder),))


def _short_files(folder: Path) -> Iterator[PublishedFile]:
    for name in ("a.zip", "a.json"):
        (folder / name).write_text(name)
        yield PublishedFile.of(folder / name, name)


def client_of(server: Server, **given: Any) -> WebClient:
    return WebClient(Token(TOKEN, frozenset({origin(server.url)})), sleep=lambda _: None, **given)


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where every value inside of a JSON value is, itself included."""
    yield place
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, held in pairs:
        yield from places(held, (*place, key))


def with_value(value: Any, place: tuple[Any, ...], other: Any) -> Any:
    if not place:
        return other
    changed = copy.deepcopy(value)
    holder = changed
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = other
    return changed


def answers_of(server: Server, publish: Publish) -> list[Any]:
    """Return the JSON of every answer of a service to a publishing that succeeds, else None."""
    given: list[Any] = []
    server.after = lambda _, __: None
    own = server.answer

    def noted(request: Any) -> Answer:
        answer = own(request)
        given.append(None if isinstance(answer.body, bytes) else answer.body)
        return answer

    server.answer = noted  # type: ignore[method-assign]
    with server.running():
        publish(server)
    return given


def assert_one_line_at_most(make: Callable[[], Server], publish: Publish) -> int:
    """Publish once for each value of each answer; return how often."""
    values, runs = cycle(ODD), 0
    for number, body in enumerate(answers_of(make(), publish), 1):
        if body is None:
            continue
        bodies = [json.dumps(with_value(body, it, next(values))).encode() for it in places(body)]
        for data in (*bodies, DEEP):
            server = make()
            server.after = lambda at, _, n=number, d=data: Answer(200, d) if at == n else None
            said: list[str] = []
            with server.running():
                try:
                    said += publish(server)
                except ClaimlogError as error:
                    said.append(str(error))
            assert all(len(line) < LONGEST and "\x1b" not in line for line in said), (number, data)
            runs += 1
    return runs


@pytest.mark.slow
def test_whatever_zenodo_answers_is_one_short_line(
    release: ReleaseFiles, tiny_release: Any
) -> None:
    metadata = entry_metadata(read_definition(tiny_release), read_index(tiny_release)[-1])

    def publish(server: Server) -> list[str]:
        said: list[str] = []
        with client_of(server, media_type=MEDIA_TYPE) as client:
            ZenodoPublisher(client, server.url, release, metadata, None, said.append).publish(True)
        return said

    assert assert_one_line_at_most(Zenodo, publish) > 200


@pytest.mark.slow
def test_whatever_github_answers_is_one_short_line(release: ReleaseFiles) -> None:
    storage = Storage()

    def publish(server: Server) -> list[str]:
        said: list[str] = []
        with client_of(server, headers=HEADERS) as client:
            page = GithubPublisher(client, server.url, "me/tiny", release, "T", "N", said.append)
            page.publish(True)
        return said

    with storage.running():
        assert assert_one_line_at_most(lambda: GitHub(storage), publish) > 50


def test_a_page_with_more_than_was_asked_for_is_not_looked_through(
    release: ReleaseFiles, tiny_release: Package
) -> None:
    metadata = entry_metadata(read_definition(tiny_release), read_index(tiny_release)[-1])
    many = [{"id": 1, "name": "x", "size": 1, "draft": True, "tag_name": "v9.9.9"}] * 101
    said: list[str] = []
    zenodo, storage = Zenodo(), Storage()
    zenodo.before = lambda _, __: Answer(200, {"hits": {"hits": many}})
    with zenodo.running(), client_of(zenodo, media_type=MEDIA_TYPE) as client:
        publisher = ZenodoPublisher(client, zenodo.url, release, metadata, None, said.append)
        with pytest.raises(ClaimlogError, match=r"\(ValueError: 101 items on a page of 100\)"):
            publisher.publish(True)
    assert len(zenodo.requests) == 1
    for path in ("/releases", "/assets"):
        github = GitHub(storage)
        github.before = lambda _, asked, end=path: (
            Answer(200, many) if asked.path.partition("?")[0].endswith(end) else None
        )
        with github.running(), client_of(github, headers=HEADERS) as client:
            page = GithubPublisher(client, github.url, "me/tiny", release, "T", "N", said.append)
            with pytest.raises(ClaimlogError, match=r"\(ValueError: 101 items on a page of 100\)"):
                page.publish(True)
    assert not any("v9.9.9" in line for line in said)


def test_of_many_drafts_of_other_versions_a_few_are_named(release: ReleaseFiles) -> None:
    storage = Storage()
    github = GitHub(storage)
    for number in range(2, 30):
        github.releases[number] = {"id": number, "tag_name": f"v{number}.0.0", "draft": True}
    said: list[str] = []
    with storage.running(), github.running(), client_of(github, headers=HEADERS) as client:
        GithubPublisher(client, github.url, "me/tiny", release, "T", "N", said.append).publish(True)
    notes = [line for line in said if line.startswith("note: ")]
    assert len(notes) == 6
    assert notes[-1] == "note: 23 more drafts were never published"
