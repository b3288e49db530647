"""Publishing a release: nothing twice, nothing wrong, nothing public that was not told to be."""

from __future__ import annotations

import copy
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import pytest
from click.testing import CliRunner

from claimlog import web_client
from claimlog.cli import cli
from claimlog.errors import ClaimlogError, UsageError
from claimlog.files import lock_temporary
from claimlog.interrupt_handler import begin_command, outcome
from claimlog.log.leaf_entries import iterate_entries
from claimlog.log.merkle import EMPTY_ROOT
from claimlog.log.release_index import read_index
from claimlog.log.tiles import dump_bundle
from claimlog.package import Package
from claimlog.release import published_archive, walk_release
from claimlog.release.checkpoint import Checkpoint
from claimlog.release.checksums import sha256_of_files
from claimlog.release.descriptors.citation_cff import parse
from claimlog.release.metadata import ReleaseMetadata, entry_metadata
from claimlog.release.prove import claim_row
from claimlog.release.publishing import doi, published_files
from claimlog.release.publishing.directory import copy_release, plan_directory
from claimlog.release.publishing.doi import write_doi
from claimlog.release.publishing.github import HEADERS, GithubPublisher, Page
from claimlog.release.publishing.published_files import PublishedFile, ReleaseFiles, verified_files
from claimlog.release.publishing.zenodo import MEDIA_TYPE, Deposit, ZenodoPublisher
from claimlog.release.release_verdict import FILES, Verdict
from claimlog.release.site_mark import SITE_OF, write_mark
from claimlog.release.tile_log import write_tiles
from claimlog.release.tlog_proof import TlogProof, prove_row
from claimlog.schema.definition import read_definition
from claimlog.site.files.site_worker import versions_script
from claimlog.standard_streams import CommandOutput
from claimlog.web_client import WebClient
from claimlog.web_origins import Token, origin
from conftest import ROOT, World
from web_servers import Answer, HangUp, Request, Server
from web_services import TOKEN, Asset, GitHub, Storage, StoredFile, Zenodo


class Publish(Protocol):
    """Publishes, and keeps what it printed."""

    said: list[str]

    def __call__(self, *given: Any, **more: Any) -> Any: ...


@pytest.fixture(scope="module")
def release(tiny_release: Package) -> ReleaseFiles:
    """The files of release 0.1.0, verified."""
    index = read_index(tiny_release)
    public = tiny_release.root.parent / "public.pem"
    return verified_files(tiny_release, index, index[-1], tiny_release.root / "dist", public)


@pytest.fixture(scope="module")
def small_release(release: ReleaseFiles, tmp_path_factory: pytest.TempPathFactory) -> ReleaseFiles:
    """A release of two short files, for tests that publish it a hundred times."""
    folder = tmp_path_factory.mktemp("small")
    for name in ("a.zip", "a.json"):
        (folder / name).write_text(name)
    files = (PublishedFile.of(folder / name, name) for name in ("a.zip", "a.json"))
    return replace(release, files=tuple(files))


@pytest.fixture(scope="module")
def metadata(tiny_release: Package) -> ReleaseMetadata:
    return entry_metadata(read_definition(tiny_release), read_index(tiny_release)[-1])


@pytest.fixture
def pauses() -> list[float]:
    """Seconds that were waited, one after the other."""
    return []


def client_of(server: Server, pauses: list[float], **given: Any) -> WebClient:
    token = Token(TOKEN, frozenset({origin(server.url)}))
    return WebClient(token, sleep=pauses.append, **given)


@pytest.fixture
def zenodo() -> Iterator[Zenodo]:
    server = Zenodo()
    with server.running():
        yield server


@pytest.fixture
def deposit(
    zenodo: Zenodo, release: ReleaseFiles, metadata: ReleaseMetadata, pauses: list[float]
) -> Callable[..., Deposit]:
    """Publishes at the local Zenodo; ``said`` of the function has what it printed."""

    said: list[str] = []

    def run(
        is_final: bool = True,
        files: ReleaseFiles = release,
        about: ReleaseMetadata = metadata,
        record: str | None = None,
    ) -> Deposit:
        with client_of(zenodo, pauses, media_type=MEDIA_TYPE) as client:
            publisher = ZenodoPublisher(client, zenodo.url, files, about, record, said.append)
            return publisher.publish(is_final)

    run.said = said  # type: ignore[attr-defined]
    return run


@pytest.fixture
def github() -> Iterator[GitHub]:
    storage = Storage()
    server = GitHub(storage)
    with storage.running(), server.running():
        yield server


@pytest.fixture
def page(github: GitHub, release: ReleaseFiles, pauses: list[float]) -> Callable[..., Page]:
    """Publishes at the local GitHub."""

    said: list[str] = []

    def run(is_final: bool = True, files: ReleaseFiles = release) -> Page:
        with client_of(github, pauses, headers=HEADERS) as client:
            publisher = GithubPublisher(
                client, github.url, "me/tiny", files, "Tiny 0.1.0", "Notes.", said.append
            )
            return publisher.publish(is_final)

    run.said = said  # type: ignore[attr-defined]
    return run


def whole(files: dict[str, bytes], release: ReleaseFiles) -> bool:
    """Whether a service holds the files of the release and no others."""
    return files == {file.name: file.path.read_bytes() for file in release.files}


def record_files(record: Any) -> dict[str, bytes]:
    return {name: file.data for name, file in record.files.items() if file.is_complete}


def asset_files(github: GitHub) -> dict[str, bytes]:
    return {asset.name: asset.data for asset in github.assets.values()}


# the files --------------------------------------------------------------------------------------


def test_archive_signatures_and_entry_are_published_and_the_entry_comes_last(
    release: ReleaseFiles, tiny_release: Package
) -> None:
    names = [file.name for file in release.files]
    assert names == [f"tiny-0.1.0.{it}" for it in ("zip", "signature", "checkpoint", "json")]
    assert "whole and unaltered, by releases/0.1.0.json" in release.sentence
    assert "signature in tiny-0.1.0.signature" in release.sentence
    entry = json.loads((tiny_release.root / "releases" / "0.1.0.json").read_text())
    assert release.files[0].sha256 == entry["archive"]["sha256"]


def test_an_archive_that_is_not_the_published_one_is_not_published(
    tiny_release: Package, tmp_path: Path
) -> None:
    index = read_index(tiny_release)
    shutil.copyfile(
        tiny_release.root / "dist" / "tiny-0.1.0.zip", target := tmp_path / "tiny-0.1.0.zip"
    )
    target.write_bytes(target.read_bytes().replace(b"pilots", b"pirates"[:6], 1))
    with pytest.raises(ClaimlogError, match="is damaged or no zip"):
        verified_files(tiny_release, index, index[-1], tmp_path, None)
    target.unlink()
    with pytest.raises(ClaimlogError, match=r"is not there, .* before it is published; make it ag"):
        verified_files(tiny_release, index, index[-1], tmp_path, None)


@pytest.fixture
def is_verified(release: ReleaseFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the archive be one that was verified: what lies beside it is looked at after that."""

    def verified(*given: Any) -> tuple[Path, Any]:
        return given[3] / "tiny-0.1.0.zip", SimpleNamespace(sentence=release.sentence)

    monkeypatch.setattr(published_files, "verify_published_archive", verified)


# Zenodo -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".signature", ".checkpoint", ".tlog-proof"])
def test_a_link_beside_the_archive_publishes_no_file_of_its_reader(
    suffix: str, tiny_release: Package, tmp_path: Path
) -> None:
    dist = shutil.copytree(tiny_release.root / "dist", tmp_path / "dist")
    (tmp_path / "id_ed25519").write_text("private")
    note = dist / f"tiny-0.1.0{suffix}"
    note.unlink(missing_ok=True)
    note.symlink_to("../id_ed25519")
    index = read_index(tiny_release)
    with pytest.raises(ClaimlogError, match=rf"tiny-0\.1\.0{suffix}: .*leads out of"):
        verified_files(tiny_release, index, index[-1], dist, None)


def test_with_a_key_nothing_is_published_of_which_it_signed_the_log_alone(
    tiny_release: Package, tmp_path: Path
) -> None:
    dist = shutil.copytree(tiny_release.root / "dist", tmp_path / "dist")
    (dist / "tiny-0.1.0.signature").unlink()
    index, key = read_index(tiny_release), tiny_release.root.parent / "public.pem"
    with pytest.raises(
        ClaimlogError, match=r"0\.signature is not beside it.*nothing was published"
    ):
        verified_files(tiny_release, index, index[-1], dist, key)


def other_note(text: str) -> Callable[[Path, Path], str]:
    return lambda _, __: text


def of_tree(origin: str, size: int, root: bytes) -> Callable[[Path, Path], str]:
    """Return what signs a checkpoint of a tree, with the key of the release."""
    return lambda key, _: Checkpoint(origin, size, root).note(key)


def signed_with_another_key(_: Path, note: Path) -> str:
    text, gap, line = note.read_text("utf-8").rpartition("\n\n")
    *name, data = line.split(" ")
    return f"{text}{gap}{' '.join(name)} {'B' if data[0] == 'A' else 'A'}{data[1:]}"


def proof_beside(_: Path, note: Path) -> str:
    checkpoint = note.with_suffix(".checkpoint").read_text("utf-8")
    return TlogProof(b"no row of it", 0, (), checkpoint).text()


EVIL = f"tiny\n999999\n{'A' * 43}=\n\n\N{EM DASH} evil AAAAAAAAAAAA\n"
PAGE = "<script>alert(1)</script> not a proof"
NOTES: dict[str, tuple[str, Callable[[Path, Path], str], str]] = {
    "a page as a statement": (".signature", other_note(PAGE), "is not signed"),
    "a page as a checkpoint": (".checkpoint", other_note(PAGE), "is no checkpoint"),
    "a page as a proof": (".tlog-proof", other_note(PAGE), "is no proof"),
    "a tree that is none": (".checkpoint", other_note(EVIL), "are not what this log begins with"),
    "another log": (".checkpoint", of_tree("other", 0, EMPTY_ROOT), "is of the log 'other'"),
    "an earlier tree": (".checkpoint", of_tree("tiny", 0, EMPTY_ROOT), "is about something else"),
    "a row that is not there": (".tlog-proof", proof_beside, "does not prove what it says"),
}


@pytest.mark.usefixtures("is_verified")
@pytest.mark.parametrize("has_key", [True, False])
@pytest.mark.parametrize("kind", NOTES)
def test_a_note_about_something_else_is_not_published(
    kind: str, has_key: bool, tiny_release: Package, tmp_path: Path
) -> None:
    suffix, text, said = NOTES[kind]
    dist = shutil.copytree(tiny_release.root / "dist", tmp_path / "dist")
    home, note = tiny_release.root.parent, dist / f"tiny-0.1.0{suffix}"
    note.write_text(text(home / "key.pem", note), "utf-8")
    index = read_index(tiny_release)
    with pytest.raises(ClaimlogError, match=rf"tiny-0\.1\.0{suffix}: .*{said}"):
        verified_files(
            tiny_release, index, index[-1], dist, home / "public.pem" if has_key else None
        )


@pytest.mark.usefixtures("is_verified")
def test_a_proof_beside_the_archive_goes_along(
    release: ReleaseFiles, tiny_release: Package, tmp_path: Path
) -> None:
    dist = shutil.copytree(tiny_release.root / "dist", tmp_path / "dist")
    note = (dist / "tiny-0.1.0.checkpoint").read_text("utf-8")
    proof = prove_row(release.log, claim_row(release.log, "C001-001"), note, "checkpoint")
    (dist / "tiny-0.1.0.tlog-proof").write_text(proof.text(), "utf-8")
    index = read_index(tiny_release)
    public = tiny_release.root.parent / "public.pem"
    files = verified_files(tiny_release, index, index[-1], dist, public)
    assert "tiny-0.1.0.tlog-proof" in files.names
    text = signed_with_another_key(dist, dist / "tiny-0.1.0.tlog-proof")
    (dist / "tiny-0.1.0.tlog-proof").write_text(text, "utf-8")
    with pytest.raises(ClaimlogError, match=r"tlog-proof: .*not with the key"):
        verified_files(tiny_release, index, index[-1], dist, public)


@pytest.mark.usefixtures("is_verified")
@pytest.mark.parametrize("suffix", [".signature", ".checkpoint"])
def test_every_note_beside_an_archive_is_held_against_the_key(
    suffix: str, tiny_release: Package, tmp_path: Path
) -> None:
    dist = shutil.copytree(tiny_release.root / "dist", tmp_path / "dist")
    note = dist / f"tiny-0.1.0{suffix}"
    note.write_text(signed_with_another_key(dist, note), "utf-8")
    index = read_index(tiny_release)
    public = tiny_release.root.parent / "public.pem"
    with pytest.raises(ClaimlogError, match=rf"tiny-0\.1\.0{suffix}: .*not with the key"):
        verified_files(tiny_release, index, index[-1], dist, public)
    files = verified_files(tiny_release, index, index[-1], dist, None).files
    assert note.name in {file.name for file in files}


def test_the_checkpoint_of_tiles_is_held_against_the_key(
    release: ReleaseFiles, tmp_path: Path
) -> None:
    moved = beside_archive(release, tmp_path / "dist")
    note = tmp_path / "dist" / "checkpoint"
    note.write_text(signed_with_another_key(note, note), "utf-8")
    with pytest.raises(ClaimlogError, match=r"dist/checkpoint: .*not with the key"):
        plan_directory(moved, tmp_path / "public")
    assert plan_directory(replace(moved, key=None), tmp_path / "public").checkpoint


def test_a_release_stops_at_a_draft_and_is_public_when_it_is_told_to_be(
    zenodo: Zenodo, deposit: Publish, release: ReleaseFiles
) -> None:
    draft = deposit(is_final=False)
    assert draft == Deposit(f"{zenodo.url}/uploads/1001", False)
    assert whole(record_files(zenodo.drafts[0]), release)
    public = deposit()
    assert public == Deposit(
        f"{zenodo.url}/records/1001", True, "10.5072/zenodo.1001", "10.5072/zenodo.1000"
    )
    assert "going on with the draft 1001" in deposit.said
    assert "tiny-0.1.0.zip is there already" in deposit.said
    record = zenodo.published[0].metadata
    assert record["title"] == "A tiny package"
    assert record["version"] == "0.1.0"
    assert record["publication_date"] == "2026-11-21"
    assert record["rights"] == [{"id": "cc-by-4.0"}]


def test_a_release_that_is_public_already_is_checked_and_nothing_else(
    zenodo: Zenodo, deposit: Publish
) -> None:
    begin_command()
    first = deposit()
    assert outcome() == "look whether it was done before you run it again"
    del zenodo.requests[:]
    begin_command()
    assert deposit() == first
    assert {request.method for request in zenodo.requests} == {"GET"}
    assert outcome() == "nothing was changed"
    assert len(zenodo.records) == 1


def test_the_next_release_is_a_new_version_of_the_same_record(
    zenodo: Zenodo, deposit: Publish, metadata: ReleaseMetadata
) -> None:
    first = deposit()
    head = {**metadata.head, "id": f"https://doi.org/{first.concept_doi}", "title": "Renamed"}
    second = deposit(about=replace(metadata, version="0.2.0", head=head))
    assert second.concept_doi == first.concept_doi
    assert second.doi != first.doi
    assert [it.index for it in zenodo.published] == [1, 2]


def test_an_earlier_record_can_be_named(
    zenodo: Zenodo, deposit: Publish, metadata: ReleaseMetadata
) -> None:
    deposit()
    other = replace(metadata, version="0.2.0", head={**metadata.head, "title": "Renamed"})
    deposit(about=other, record="1001")
    assert {it.parent for it in zenodo.published} == {1000}


def test_a_doi_that_the_account_does_not_have_is_named(
    deposit: Publish, metadata: ReleaseMetadata, zenodo: Zenodo
) -> None:
    head = {**metadata.head, "id": "https://doi.org/10.5072/zenodo.7"}
    with pytest.raises(ClaimlogError, match=r"has no record of 10\.5072/zenodo\.7"):
        deposit(about=replace(metadata, head=head))
    assert not zenodo.records


def test_a_stale_draft_is_named_and_nothing_is_made_beside_it(
    zenodo: Zenodo, deposit: Publish, metadata: ReleaseMetadata
) -> None:
    stale = zenodo.add({"title": metadata.title, "version": "0.0.9"})
    with pytest.raises(ClaimlogError, match=rf"/uploads/{stale.id}: a draft of version 0\.0\.9"):
        deposit()
    assert len(zenodo.records) == 1
    assert not stale.files


def test_a_draft_that_somebody_fills_by_hand_is_stale_and_an_empty_one_is_taken(
    zenodo: Zenodo, deposit: Publish, metadata: ReleaseMetadata
) -> None:
    deposit()
    second = replace(metadata, version="0.2.0")
    begun = zenodo.add({"title": metadata.title}, parent=1000)
    begun.files["notes.txt"] = StoredFile(b"mine", True)
    with pytest.raises(ClaimlogError, match="a draft without a version of this dataset was never"):
        deposit(about=second)
    begun.files.clear()
    assert deposit(about=second).address == f"{zenodo.url}/records/{begun.id}"


def test_of_two_drafts_of_one_release_none_is_chosen(
    zenodo: Zenodo, deposit: Publish, metadata: ReleaseMetadata
) -> None:
    for _ in range(2):
        zenodo.add({"title": metadata.title, "version": "0.1.0"})
    with pytest.raises(ClaimlogError, match="is there twice; publish it or discard it there"):
        deposit()


def test_a_file_of_somebody_else_in_the_draft_is_named(zenodo: Zenodo, deposit: Publish) -> None:
    deposit(is_final=False)
    zenodo.drafts[0].files["notes.txt"] = StoredFile(b"mine", True)
    with pytest.raises(ClaimlogError, match=r"holds notes\.txt, which is no file of this release"):
        deposit()
    assert zenodo.drafts


def test_a_broken_and_another_file_of_the_same_name_are_sent_again(
    zenodo: Zenodo, deposit: Publish, release: ReleaseFiles
) -> None:
    deposit(is_final=False)
    files = zenodo.drafts[0].files
    files["tiny-0.1.0.zip"] = StoredFile(b"half", False)
    files["tiny-0.1.0.json"] = StoredFile(b"{}", True)
    deposit()
    assert whole(record_files(zenodo.published[0]), release)


def test_an_upload_that_arrives_damaged_is_sent_again_and_then_given_up(
    zenodo: Zenodo, deposit: Publish, release: ReleaseFiles
) -> None:
    zenodo.damage = 1
    deposit(is_final=False)
    assert whole(record_files(zenodo.drafts[0]), release)
    zenodo.records.clear()
    zenodo.damage = 2
    with pytest.raises(ClaimlogError, match=r"tiny-0\.1\.0\.zip arrived damaged 2 times"):
        deposit()
    assert not zenodo.published


def test_a_file_that_lies_about_its_checksum_is_found_before_it_is_public(
    zenodo: Zenodo, deposit: Publish
) -> None:
    deposit(is_final=False)

    def forge(_: int, request: Request) -> Answer | None:
        is_content = request.method == "GET" and request.path.endswith(".zip/content")
        return Answer(200, b"another") if is_content else None

    zenodo.before = forge
    with pytest.raises(ClaimlogError, match=r"there has SHA-256 .*; do not publish it"):
        deposit()
    assert not zenodo.published


def test_fields_that_the_service_does_not_take_are_named(
    zenodo: Zenodo, deposit: Publish, metadata: ReleaseMetadata
) -> None:
    head = {**metadata.head, "contributors": [{"title": "A", "roles": ["publisher"]}], "title": ""}
    with pytest.raises(ClaimlogError, match=r"does not take metadata\.title \(Missing data"):
        deposit(about=replace(metadata, head=head))
    assert not zenodo.published


# faults -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_passing_fault_of_what_is_safe_to_repeat_is_waited_out(
    status: int, zenodo: Zenodo, deposit: Publish, pauses: list[float]
) -> None:
    zenodo.before = lambda number, _: Answer(status, {"message": "no"}) if number == 1 else None
    assert deposit().is_published
    assert pauses == [1.0]


@pytest.mark.parametrize("place", ["records", "content", "commit", "publish"])
def test_too_many_requests_are_waited_out_wherever_they_are(
    place: str, zenodo: Zenodo, deposit: Publish, pauses: list[float], release: ReleaseFiles
) -> None:
    refused: list[str] = []

    def refuse(_: int, request: Request) -> Answer | None:
        if request.path.endswith(f"/{place}") and request.method != "GET" and not refused:
            refused.append(request.path)
            return Answer(429, {"message": "Rate limit"}, {"retry-after": "7"})
        return None

    zenodo.before = refuse
    assert deposit().is_published
    assert pauses == [7.0]
    assert whole(record_files(zenodo.published[0]), release)


def test_a_wait_that_is_too_long_is_left_to_the_user(
    zenodo: Zenodo, deposit: Publish, pauses: list[float]
) -> None:
    zenodo.before = lambda *_: Answer(429, {"message": "Slow"}, {"retry-after": "3600"})
    with pytest.raises(ClaimlogError, match=r"429: Slow.* asks to wait 3,600 seconds, run this"):
        deposit()
    assert pauses == []


@pytest.mark.parametrize("status", [500, 504])
def test_a_fault_that_lasts_is_one_line_and_the_next_run_goes_on(
    status: int, zenodo: Zenodo, deposit: Publish, release: ReleaseFiles
) -> None:
    def fail(_: int, request: Request) -> Answer | None:
        return Answer(status, b"<html>") if request.path.endswith("/content") else None

    zenodo.before = fail
    with pytest.raises(ClaimlogError, match=rf"/content: PUT answered {status}; the service has"):
        deposit()
    zenodo.before = lambda *_: None
    deposit()
    assert whole(record_files(zenodo.published[0]), release)
    assert len(zenodo.records) == 1


def test_a_fault_after_a_draft_was_made_makes_no_second_one(
    zenodo: Zenodo, deposit: Publish
) -> None:
    def fail(_: int, request: Request) -> Answer | None:
        is_creation = request.method == "POST" and request.path == "/api/records"
        return Answer(500, {"message": "Internal"}) if is_creation else None

    zenodo.after = fail
    with pytest.raises(ClaimlogError, match="POST answered 500: Internal"):
        deposit()
    zenodo.after = lambda *_: None
    deposit()
    assert len(zenodo.records) == 1


def test_a_connection_that_breaks_in_an_upload_is_begun_again(
    zenodo: Zenodo, deposit: Publish, release: ReleaseFiles
) -> None:
    broken: list[int] = []

    def hang_up(number: int, request: Request) -> Answer | None:
        if request.method == "PUT" and request.path.endswith(".zip/content") and not broken:
            broken.append(number)
            raise HangUp
        return None

    zenodo.before = hang_up
    deposit()
    assert whole(record_files(zenodo.published[0]), release)


def test_a_service_that_never_answers_is_one_line(
    zenodo: Zenodo, deposit: Publish, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    import threading

    monkeypatch.setattr(web_client, "IDLE_SECONDS", 0.2)
    waiting = threading.Event()
    zenodo.before = lambda *_: waiting.wait(5) and None
    try:
        with pytest.raises(ClaimlogError, match=r"GET failed \(.*timed out.*\); look at the conn"):
            deposit()
    finally:
        waiting.set()
    assert pauses == [1.0, 3.0, 9.0]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"hits": 5}', b'{"hits": {"hits": [{}]}}'])
def test_what_is_no_answer_of_the_service_is_one_line(
    body: bytes, zenodo: Zenodo, deposit: Publish
) -> None:
    zenodo.before = lambda *_: Answer(200, body)
    with pytest.raises(ClaimlogError, match=r"no JSON|answers otherwise than InvenioRDM documents"):
        deposit()


def other_answers(server: Server, name: str, change: Callable[[Any], None]) -> None:
    """Have a service answer a call by something else than it keeps, or keep it."""
    own = getattr(server, name)

    def changed(*given: Any) -> Answer:
        answer: Answer = own(*given)
        body = copy.deepcopy(answer.body)
        change(body)
        return replace(answer, body=body)

    setattr(server, name, changed)


OTHER_METADATA: dict[str, dict[str, Any]] = {
    "title": {"title": "Another title"},
    "version": {"version": "01.0"},
    "day": {"publication_date": "2026-11-22"},
    "list of creators": {"creators": [{"person_or_org": {"name": "Mallory"}}]},
    "licence": {"rights": []},
}


@pytest.mark.parametrize("field", OTHER_METADATA)
def test_a_draft_that_says_something_else_is_not_published_and_a_record_that_does_is_named(
    field: str, zenodo: Zenodo, deposit: Publish
) -> None:
    def alter(body: Any) -> None:
        body["metadata"] |= OTHER_METADATA[field]

    own = zenodo.update
    other_answers(zenodo, "update", alter)
    with pytest.raises(
        ClaimlogError, match=rf"uploads/1001: has another {field} than was sent; do"
    ):
        deposit()
    assert not zenodo.published
    zenodo.update = own  # type: ignore[method-assign]
    other_answers(zenodo, "read", alter)
    for _ in range(2):
        del deposit.said[:]
        assert deposit().concept_doi == "10.5072/zenodo.1000"
        where = f"{zenodo.url}/records/1001"
        assert deposit.said[-1] == f"note: {where} has another {field} than the release"


def test_signs_that_a_service_writes_otherwise_are_no_other_words(
    zenodo: Zenodo, deposit: Publish, metadata: ReleaseMetadata
) -> None:
    """InvenioRDM keeps straight quotes, single letters and no blanks around a field."""
    title = " \u201cTiny\u201d, the \u201afi\u0301rst\u2018\u200b\u00a0one "
    about = replace(metadata, head={**metadata.head, "title": title})
    own = zenodo.shown

    def shown(record: Any) -> dict[str, Any]:
        metadata = {**record.metadata, "title": "\"Tiny\", the 'f\u00edrst' one"}
        return {**own(record), "metadata": metadata}

    zenodo.shown = shown  # type: ignore[method-assign]
    deposit(about=about, is_final=False)
    assert deposit(about=about).is_published
    assert len(zenodo.records) == 1
    other = replace(metadata, head={**metadata.head, "title": "Tiny, the f\u00edrst one++"})
    with pytest.raises(ClaimlogError, match="has another title than was sent"):
        deposit(about=other)
    assert len(zenodo.records) == 2
    assert not [line for line in deposit.said if line.startswith("note: ")]


def test_a_public_record_with_one_more_file_is_named_in_every_run(
    zenodo: Zenodo, deposit: Publish
) -> None:
    own = zenodo.publish

    def publish(request: Request, record: Any) -> Answer:
        record.files["tiny-0.1.0-corrected.zip"] = StoredFile(b"forged", True)
        return own(request, record)

    zenodo.publish = publish  # type: ignore[method-assign]
    also = f"note: {zenodo.url}/records/1001 also holds "
    deposit()
    assert deposit.said[-1] == (f"{also}tiny-0.1.0-corrected.zip, which is no file of this release")
    zenodo.published[0].files["z"] = StoredFile(b"", True)
    deposit()
    assert deposit.said[-1] == (
        f"{also}tiny-0.1.0-corrected.zip and 1 more, which are no files of this release"
    )


@pytest.mark.parametrize("change", [{"is_published": False}, {"id": "1002"}])
def test_a_record_that_the_service_does_not_call_public_is_not_called_so(
    change: dict[str, Any], zenodo: Zenodo, deposit: Publish
) -> None:
    other_answers(zenodo, "read", lambda body: body.update(change))
    for _ in range(2):
        with pytest.raises(ClaimlogError, match="records/1001: is not public, although the"):
            deposit()


HUGE = 1 << 20
HOSTILE_RECORDS = {
    "a long identifier": b'{"id": "%s"}' % (b"a" * HUGE),
    "an identifier of control characters": b'{"id": "\\u0000\\u001b[2J"}',
    "an identifier that leads elsewhere": b'{"id": "../../other"}',
    "an endless index": b'{"hits": {"hits": [{"id": 1, "versions": {"index": 1e400}}]}}',
    "a long version": b'{"hits": {"hits": [{"id": 1, "metadata": {"title": "%%s", "version": "%s"}'
    b"}]}}" % (b"1" * HUGE),
    "a long DOI": b'{"hits": {"hits": [{"id": 1, "pids": {"doi": {"identifier": "%s"}}}]}}'
    % (b"1" * HUGE),
}


@pytest.mark.parametrize("kind", HOSTILE_RECORDS)
def test_what_a_hostile_service_writes_into_its_records_is_one_short_line(
    kind: str, zenodo: Zenodo, deposit: Publish, metadata: ReleaseMetadata
) -> None:
    body = HOSTILE_RECORDS[kind].replace(b"%s", metadata.title.encode())
    empty = Answer(200, {"hits": {"hits": []}})
    zenodo.before = lambda _, request: (
        empty if b"hits" not in body and request.method == "GET" else Answer(200, body)
    )
    with pytest.raises(ClaimlogError, match=r"answers otherwise than|was never published") as error:
        deposit()
    assert all(len(said) < 500 for said in [str(error.value), *deposit.said])  # type: ignore[attr-defined]


HOSTILE_PAGES: dict[str, dict[str, Any]] = {
    "an endless number": {"id": 1e400},
    "an address with an open bracket": {"upload_url": "https://[::1/{?name}"},
    "an address with a port that is none": {"upload_url": "https://x:99999999/{?name}"},
    "a long address": {"upload_url": f"https://x/{'a' * HUGE}"},
}


@pytest.mark.parametrize("kind", HOSTILE_PAGES)
def test_what_a_hostile_service_writes_into_its_pages_is_one_short_line(
    kind: str, github: GitHub, page: Publish
) -> None:
    words = {"tag_name": "v0.1.0", "name": "Tiny 0.1.0", "body": "Notes.", "draft": True}
    given = {**words, "id": 1, "html_url": "https://x/", "upload_url": "https://x/"}
    body = json.dumps({**given, **HOSTILE_PAGES[kind]}).replace("Infinity", "1e400").encode()
    github.before = lambda _, request: (
        Answer(200, body) if request.method == "POST" else Answer(200, b"[]")
    )
    with pytest.raises(ClaimlogError, match=r"answers otherwise|is no address|no place for") as it:
        page()
    assert len(str(it.value)) < 500


@pytest.mark.parametrize(
    "place", ["html_url", "long html_url", "id", "hidden html_url", "location", "name", "message"]
)
def test_the_token_is_cut_out_wherever_a_service_repeats_it(
    place: str, github: GitHub, release: ReleaseFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = {"id": 1, "draft": True, "html_url": github.url, "upload_url": github.url}
    answers: dict[str, Any] = {
        "html_url": Answer(
            200, {**draft, "html_url": f"https://x/{TOKEN}", "upload_url": "http://x"}
        ),
        # of which a message shows so much that it ends within the token
        "long html_url": Answer(
            200, {**draft, "html_url": f"https://x/{'a' * 275}{TOKEN}", "upload_url": "http://x"}
        ),
        "id": Answer(200, {**draft, "id": "_" * 45 + TOKEN}),
        # of which a message leaves out what does not print
        "hidden html_url": Answer(
            200, {**draft, "html_url": "\u200b".join(TOKEN), "upload_url": "http://x"}
        ),
        "location": Answer(200, draft),
        "name": Answer(200, draft),
        "message": Answer(422, {"message": "no", "errors": [{"field": TOKEN, "code": TOKEN}]}),
    }
    names = Answer(200, [{"id": 1, "name": TOKEN, "size": 1}])

    def answer(_: int, request: Request) -> Answer:
        if request.method == "POST":
            given = answers[place]
            return replace(given, body={**request.json, **given.body})
        if place == "location":
            return Answer(302, headers={"location": f"http://127.0.0.2/{'a' * 270}{TOKEN}"})
        return names if "assets" in request.path else Answer(200, b"[]")

    github.before = answer
    monkeypatch.setattr(
        "claimlog.cli.publish._verified_release", lambda *_: (release.entry, release)
    )
    monkeypatch.setattr("claimlog.release.changelog.release_notes", lambda *_: "Notes.")
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    words = ["publish", "github", "me/tiny", "--service", github.url]
    done = CliRunner().invoke(cli, words, standalone_mode=False)
    assert isinstance(done.exception, ClaimlogError)
    assert re.search("…|%E2%80%A6", str(done.exception))
    assert TOKEN[:8] not in f"{done.output} {done.exception}"


def test_an_answer_without_end_is_not_read(
    zenodo: Zenodo, deposit: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_client, "WEB_ANSWER_BYTES", 1000)
    zenodo.before = lambda *_: Answer(200, b" " * 2000)
    with pytest.raises(ClaimlogError, match="is larger than the 1,000 bytes that are read"):
        deposit()


def test_the_token_is_sent_to_no_other_host_and_stands_in_no_message(
    zenodo: Zenodo, deposit: Publish
) -> None:
    other = Storage()
    other.files["elsewhere"] = b"{}"
    with other.running():
        zenodo.before = lambda *_: Answer(302, headers={"location": f"{other.url}/elsewhere"})
        with pytest.raises(ClaimlogError):
            deposit()
        assert other.requests
        assert all("Authorization" not in request.headers for request in other.requests)
    zenodo.before = lambda *_: Answer(403, {"message": f"{TOKEN} may not"})
    with pytest.raises(ClaimlogError, match="GET answered 403: … may not; the token may") as error:
        deposit()
    assert TOKEN not in repr(error.getrepr(showlocals=True, style="value").reprcrash)
    assert TOKEN not in repr(Token(TOKEN, frozenset()))


@pytest.mark.parametrize("value", ["", "two words", "t\x00ken", "tök", "x" * 5000])
def test_what_is_no_token_is_refused_without_being_shown(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "\0" in value:
        monkeypatch.setattr(os, "environ", {"A_TOKEN": value})
    else:
        monkeypatch.setenv("A_TOKEN", value)
    with pytest.raises(UsageError, match="A_TOKEN: ") as error:
        Token.from_environment("A_TOKEN", "make one", "https://zenodo.org")
    assert not value or value not in str(error.value)
    assert "A_TOKEN" not in os.environ


class Killed(BaseException):
    """Stands for the end of the process."""


def killed_at(point: int, is_sent: bool) -> Callable[..., Any]:
    """Return a way to send requests that ends the process at one, before or after it is sent."""
    real, number = WebClient._send, 0

    def send(self: WebClient, *given: Any) -> Any:
        nonlocal number
        number += 1
        if number != point:
            return real(self, *given)
        if is_sent:
            real(self, *given).close()
        raise Killed

    return send


def kill_everywhere(
    run: Publish, reset: Callable[[], object], check: Callable[[], None]
) -> Iterator[int]:
    """Publish, killed at each request in turn, before and after it, and then once more."""
    for is_sent in (False, True):
        for point in range(1, 100):
            reset()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(WebClient, "_send", killed_at(point, is_sent))
                try:
                    run()
                except Killed:
                    pass
                else:
                    break
            run()
            check()
            yield point


@pytest.mark.slow
def test_a_deposit_that_is_killed_at_any_request_is_completed_by_the_next_run(
    zenodo: Zenodo, deposit: Publish, small_release: ReleaseFiles, metadata: ReleaseMetadata
) -> None:
    release, second = small_release, replace(metadata, version="0.2.0")
    deposit(files=release)
    first = next(iter(zenodo.records.values()))

    def reset() -> None:
        zenodo.records.clear()
        zenodo.records[first.id] = first

    def check() -> None:
        assert len(zenodo.records) == 2
        assert all(it.is_published and whole(record_files(it), release) for it in zenodo.published)

    points = [*kill_everywhere(lambda: deposit(files=release, about=second), reset, check)]
    assert len(points) >= 2 * 15  # before and after each of its requests


@pytest.mark.slow
def test_a_page_that_is_killed_at_any_request_is_completed_by_the_next_run(
    github: GitHub, page: Publish, small_release: ReleaseFiles
) -> None:
    def reset() -> None:
        github.releases.clear()
        github.assets.clear()

    def check() -> None:
        assert [it["draft"] for it in github.releases.values()] == [False]
        assert whole(asset_files(github), small_release)

    points = [*kill_everywhere(lambda: page(files=small_release), reset, check)]
    assert len(points) >= 2 * 12


# GitHub -----------------------------------------------------------------------------------------


def test_a_page_stops_at_a_draft_and_is_public_when_it_is_told_to_be(
    github: GitHub, page: Publish, release: ReleaseFiles
) -> None:
    assert page(is_final=False) == Page("https://github.example/me/tiny/releases/untagged-1", False)
    assert whole(asset_files(github), release)
    assert page() == Page("https://github.example/me/tiny/releases/v0.1.0", True)
    assert github.releases[1]["name"] == "Tiny 0.1.0"
    assert github.releases[1]["draft"] is False
    del github.requests[:]
    assert page().is_published
    assert {request.method for request in github.requests} == {"GET"}


def test_a_tag_that_is_not_there_is_not_made(github: GitHub, page: Publish) -> None:
    github.tags.clear()
    with pytest.raises(ClaimlogError, match=r"has no tag v0\.1\.0.*git push origin v0\.1\.0"):
        page()
    assert not github.releases


def test_the_draft_of_another_version_is_noted_and_left_alone(
    github: GitHub, page: Publish
) -> None:
    github.releases[7] = {"id": 7, "tag_name": "v0.0.9", "draft": True}
    page()
    assert any("the draft of v0.0.9 was never published" in line for line in page.said)
    assert github.releases[7]["draft"]


def test_two_drafts_of_one_tag_are_named(github: GitHub, page: Publish) -> None:
    for number in (7, 8):
        github.releases[number] = {"id": number, "tag_name": "v0.1.0", "draft": True}
    with pytest.raises(ClaimlogError, match=r"v0\.1\.0 is there twice; discard all but one"):
        page()


def test_assets_that_broke_off_or_differ_are_sent_again(
    github: GitHub, page: Publish, release: ReleaseFiles
) -> None:
    page(is_final=False)
    first, second, *_ = github.assets.values()
    first.state, first.data = "starter", b""
    second.data = b"another"
    page()
    assert whole(asset_files(github), release)


def test_a_foreign_asset_a_damaged_and_a_lacking_one_are_named(
    github: GitHub, page: Publish
) -> None:
    github.damage = 1
    with pytest.raises(ClaimlogError, match="arrived damaged; run this again"):
        page()
    github.assets[99] = Asset(99, 1, "notes.txt", b"mine")
    with pytest.raises(ClaimlogError, match=r"holds notes\.txt, which is no file of this release"):
        page()
    del github.assets[99]
    page()
    github.assets.popitem()
    with pytest.raises(ClaimlogError, match=r"lacks tiny.*what is public is not changed"):
        page()


def other_pages(github: GitHub, method: str, change: dict[str, Any]) -> None:
    """Have GitHub answer what makes or changes a release by something else."""
    own = github.answer

    def answer(request: Request) -> Answer:
        given = own(request)
        if request.method != method or "tag_name" not in given.body:
            return given
        return replace(given, body={**given.body, **change})

    github.answer = answer  # type: ignore[method-assign]


@pytest.mark.parametrize("change", [{"draft": True}, {"tag_name": "v0.0.9"}])
def test_a_page_that_is_a_draft_or_of_another_tag_after_all_is_not_called_public(
    change: dict[str, Any], github: GitHub, page: Publish
) -> None:
    other_pages(github, "PATCH", change)
    with pytest.raises(ClaimlogError, match=r"is not the public release of v0\.1\.0, although"):
        page()


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("title", {"name": "Another title"}),
        ("text", {"body": None}),
        ("tag", {"tag_name": "v0.0.9"}),
    ],
)
def test_a_page_that_says_something_else_than_was_sent_gets_no_file(
    field: str, change: dict[str, Any], github: GitHub, page: Publish
) -> None:
    other_pages(github, "POST", change)
    with pytest.raises(ClaimlogError, match=rf"untagged-1: has another {field} than was sent; do"):
        page()
    assert not github.assets


def test_a_text_that_was_written_into_the_draft_goes_public_and_is_named(
    github: GitHub, page: Publish
) -> None:
    page(is_final=False)
    github.releases[1]["body"] = "Read this first."
    where = "https://github.example/me/tiny/releases/v0.1.0"
    for _ in range(2):
        assert page() == Page(where, True)
        assert page.said[-1] == f"note: {where} has another text than the release"
    assert github.releases[1]["body"] == "Read this first."


def test_a_public_page_with_one_more_file_is_named_in_every_run(
    github: GitHub, page: Publish
) -> None:
    own = github.answer

    def answer(request: Request) -> Answer:
        if request.method == "PATCH":
            github.assets[99] = Asset(99, 1, "tiny-0.1.0-corrected.zip", b"forged")
        return own(request)

    github.answer = answer  # type: ignore[method-assign]
    for _ in range(2):
        page()
        assert page.said[-1].endswith(
            "v0.1.0 also holds tiny-0.1.0-corrected.zip, which is no file of this release"
        )


def test_nothing_is_uploaded_to_an_address_that_is_not_of_the_service(
    github: GitHub, page: Publish
) -> None:
    github.upload_address = "https://uploads.example"
    with pytest.raises(ClaimlogError, match="is no place for the token; nothing was sent"):
        page()


# directories ------------------------------------------------------------------------------------


def test_a_directory_gets_every_file_once_and_never_another(
    release: ReleaseFiles, tmp_path: Path
) -> None:
    target, said = tmp_path / "public", list[str]()
    plan = plan_directory(release, target)
    assert not target.exists()
    copy_release(plan, release, said.append)
    assert whole({path.name: path.read_bytes() for path in target.iterdir()}, release)
    copy_release(plan_directory(release, target), release, said.append)
    assert said[-1] == "tiny-0.1.0.json is there already"
    (target / "tiny-0.1.0.zip").write_bytes(b"another")
    with pytest.raises(ClaimlogError, match="is there and is not the file of this release"):
        plan_directory(release, target)


def test_a_directory_gets_every_file_though_nobody_reads_what_is_said_of_it(
    release: ReleaseFiles, tmp_path: Path
) -> None:
    begin_command()
    said = io.StringIO()
    with Path("/dev/full").open("w") as full:
        out = CommandOutput(full, said)
        plan = plan_directory(release, tmp_path / "public")
        copy_release(plan, release, lambda text: print(text, file=out))
    assert plan_directory(release, tmp_path / "public").names == []
    assert [line.split(",")[0] for line in said.getvalue().splitlines()] == [
        f"copied {name}" for name in plan.names
    ]


def test_what_a_killed_copy_left_in_a_directory_of_whatever_release_goes(
    release: ReleaseFiles, tmp_path: Path
) -> None:
    """Rows that were taken down since may be in it, and it is served."""
    target = tmp_path / "public"
    target.mkdir()
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = target / f".tiny-0.0.9.zip-new-{ended.pid}-0123abcd"
    running = target / f".tiny-0.0.9.zip-new-{os.getpid()}-0123abcd"
    own = target / ".htaccess"
    for path in (left, running, own):
        path.write_bytes(b"of a row")
    with lock_temporary(running):
        copy_release(plan_directory(release, target), release, str)
    assert [path.exists() for path in (left, running, own)] == [False, True, True]


def test_a_copy_that_is_killed_at_any_file_is_completed_by_the_next_run(
    release: ReleaseFiles, tmp_path: Path
) -> None:
    target, real = tmp_path / "public", Path.replace
    for point in range(len(release.files)):
        left = point

        def replace_path(path: Path, other: Path) -> Path:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return real(path, other)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Path, "replace", replace_path)
            with pytest.raises(Killed):
                copy_release(plan_directory(release, target), release, str)
        assert not (target / "tiny-0.1.0.json").exists()  # it would say that all is there
        copy_release(plan_directory(release, target), release, str)
        assert whole({path.name: path.read_bytes() for path in target.iterdir()}, release)
        shutil.rmtree(target)


def beside_archive(release: ReleaseFiles, folder: Path) -> ReleaseFiles:
    """Return a release whose files lie in another directory, with a site and the log as tiles."""
    shutil.copytree(release.files[0].path.parent, folder)
    files = tuple(
        replace(file, path=folder / file.name) if (folder / file.name).exists() else file
        for file in release.files
    )
    write_pages(folder / "site", "index.html", "new")
    (folder / "versions.js").write_text(versions_script([], []))
    note = (folder / "tiny-0.1.0.checkpoint").read_text("utf-8")
    write_tiles(release.log, [], note, folder, str(folder))
    return replace(release, files=files)


def write_pages(site: Path, name: str, text: str) -> None:
    """Write a site of one page as claimlog does."""
    site.mkdir(parents=True)
    (site / name).write_text(text)
    write_mark(site, {SITE_OF: "tiny"})


def test_a_list_of_releases_does_not_go_back(release: ReleaseFiles, tmp_path: Path) -> None:
    """A checkout that lacks a release would take it out of the menu of every page."""
    release = beside_archive(release, tmp_path / "dist")
    target = tmp_path / "public"
    target.mkdir()
    there = 'window.claimlogVersions = [{"version": "0.1.0"}, {"version": "9.0.0"}];\n'
    (target / "versions.js").write_text(there)
    with pytest.raises(ClaimlogError, match=r"versions\.js: names 0\.1\.0, which .* does not"):
        plan_directory(release, target)
    (tmp_path / "dist" / "versions.js").write_text(there)
    assert "versions.js" in plan_directory(release, target).names


def test_the_site_and_tiles_beside_the_archive_go_along_and_the_site_is_replaced_whole(
    release: ReleaseFiles, tmp_path: Path
) -> None:
    release = beside_archive(release, tmp_path / "dist")
    target = tmp_path / "public"
    write_pages(target / "site", "old.html", "old")
    (target / "versions.js").write_text("window.claimlogVersions = [];\n")
    partial = target / "tile" / "entries" / "000.p" / "3"  # of a state that others follow
    write_bundle(release, partial)
    assert plan_directory(release, target).names[:4] == [
        *("site/", "tile/", "checkpoint", "versions.js")
    ]
    copy_release(plan_directory(release, target), release, str)
    assert sorted(path.name for path in (target / "site").iterdir()) == ["index.html", "site.json"]
    assert partial.is_file()
    for name in ("versions.js", "checkpoint"):
        assert (target / name).read_bytes() == (tmp_path / "dist" / name).read_bytes()
    tiles = sha256_of_files(tmp_path / "dist" / "tile")
    assert tiles.items() <= sha256_of_files(target / "tile").items()
    said = list[str]()
    copy_release(plan_directory(release, target), release, said.append)
    assert {"site/ is there already", "tile/ is there already"} <= {*said}


def write_bundle(release: ReleaseFiles, path: Path) -> None:
    """Write the first three rows of a log as a follower of an earlier state found them."""
    path.parent.mkdir(parents=True)
    rows = iterate_entries(release.log, release.log.size)
    path.write_bytes(dump_bundle(row.line for row in islice(rows, 3)))


def test_a_site_is_not_copied_once_for_each_name_of_a_file(
    release: ReleaseFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk_release, "WRITTEN_BYTES", 10_000)
    release = beside_archive(release, tmp_path / "dist")
    site, target = tmp_path / "dist" / "site", tmp_path / "public"
    (site / "large.html").write_text("x" * 4_000)
    for number in range(2):
        os.link(site / "large.html", site / f"{number}.html")
    write_mark(site, {SITE_OF: "tiny"})
    copy_release(plan_directory(release, target), release, str)
    os.link(site / "large.html", site / "2.html")
    write_mark(site, {SITE_OF: "tiny"})
    message = "dist/site: files have further names, whose copies take 12,000 bytes; write it again"
    with pytest.raises(ClaimlogError, match=message):
        plan_directory(release, target)
    assert not (target / "site" / "2.html").exists()


def test_a_site_may_have_more_files_than_a_release(
    release: ReleaseFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk_release, "MAX_FILES", 3)
    release = beside_archive(release, tmp_path / "dist")
    site, target = tmp_path / "dist" / "site", tmp_path / "public"
    for number in range(5):
        (site / f"{number}.html").write_text("x")
    write_mark(site, {SITE_OF: "tiny"})
    for _ in range(2):
        copy_release(plan_directory(release, target), release, str)
    assert (target / "site" / "4.html").is_file()


def link_in(folder: str) -> Callable[[Path, Path], None]:
    def link(dist: Path, target: Path) -> None:
        place = {"dist": dist, "public": target}[folder] / "site"
        place.mkdir(parents=True, exist_ok=True)
        (place / "secret").symlink_to("/etc/passwd")

    return link


def secret_as(name: str) -> Callable[[Path, Path], None]:
    """Put a link to a private file in the place of one that lies beside the archive."""

    def link(dist: Path, _: Path) -> None:
        (dist.parent / "id_ed25519").write_text("private")
        (dist / name).unlink()
        (dist / name).symlink_to("../id_ed25519")

    return link


def beside(name: str, text: str = "", holes: int = 0) -> Callable[[Path, Path], None]:
    """Put a file in the place of one that lies beside the archive."""

    def put(dist: Path, _: Path) -> None:
        (dist / name).write_text(text)
        if holes:
            os.truncate(dist / name, holes)

    return put


def write(name: str, text: str) -> Callable[[Path, Path], None]:
    def write_text(_: Path, target: Path) -> None:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text)

    return write_text


OTHER_LOG = "theirs.example/log\n5000\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— a AAAA\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (write("site/thesis.tex", "years of work"), "site: holds files that claimlog site did not"),
        (lambda _, target: (target / "site").symlink_to(target.parent), "site: is a link"),
        (write("site", "mine"), "site: cannot be read"),
        (link_in("dist"), "dist/site/secret: claimlog site did not write it"),
        (secret_as("site/index.html"), "dist/site/index.html: is no regular file"),
        (beside("site/index.html", holes=1 << 40), "dist/site/index.html: .*consists of holes"),
        (secret_as("versions.js"), "dist/versions.js: leads out of"),
        (secret_as("checkpoint"), "dist/checkpoint: leads out of"),
        (beside("versions.js", holes=1 << 40), "dist/versions.js: is larger than"),
        (beside("versions.js", "window.claimlogVersions = [];\nf();\n"), "is no list of releases"),
        *(
            (beside("versions.js", f"window.claimlogVersions = [{entry}];\n"), "is no list of re")
            for entry in ("f()", "3", "{}", '{"version": 3}', '{"version": "//example.org"}')
        ),
        (link_in("public"), "public/site: holds files that claimlog site did not write"),
        (write("checkpoint", OTHER_LOG), "public/checkpoint: "),
        (write("checkpoint", "mine"), "public/checkpoint: "),
        (write("versions.js", "mine"), "versions.js: is no list of releases"),
    ],
)
def test_what_claimlog_did_not_write_in_a_directory_stays(
    change: Callable[[Path, Path], None], said: str, release: ReleaseFiles, tmp_path: Path
) -> None:
    dist, target = tmp_path / "dist", tmp_path / "public"
    release = beside_archive(release, dist)
    target.mkdir()
    change(dist, target)
    before = sorted(target.rglob("*"))
    with pytest.raises(ClaimlogError, match=said):
        plan_directory(release, target)
    assert sorted(target.rglob("*")) == before


def test_a_tile_of_another_log_is_never_replaced(release: ReleaseFiles, tmp_path: Path) -> None:
    release = beside_archive(release, tmp_path / "dist")
    name = next(p for p in (tmp_path / "dist" / "tile" / "0").rglob("*") if p.is_file())
    theirs = tmp_path / "public" / name.relative_to(tmp_path / "dist")
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"of another log")
    with pytest.raises(ClaimlogError, match="holds other bytes than the log gives"):
        copy_release(plan_directory(release, tmp_path / "public"), release, str)
    assert theirs.read_bytes() == b"of another log"
    assert not (tmp_path / "public" / "tiny-0.1.0.json").exists()


# the DOI ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{\n  "$schema": "a",\n  "name": "b"\n}\n',
            '{\n  "$schema": "a",\n  "id": "https://doi.org/10.5072/z.1",\n  "name": "b"\n}\n',
        ),
        (
            '{\n\t"name": "b"\n}',
            '{\n\t"id": "https://doi.org/10.5072/z.1",\n\t"name": "b"\n}',
        ),
        ('{"name": "b"}', '{"id": "https://doi.org/10.5072/z.1","name": "b"}'),
    ],
)
def test_a_doi_is_written_and_nothing_else_of_the_descriptor_changes(
    text: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "datapackage.json"
    path.write_text(text)
    (tmp_path / "schemas").mkdir()
    shutil.copyfile(ROOT / "schemas" / "thresholds.csv", tmp_path / "schemas" / "thresholds.csv")
    monkeypatch.setattr(doi, "refresh_generated_files", lambda *_: ["CITATION.cff"])
    assert write_doi(Package(tmp_path), "10.5072/z.1") == ["datapackage.json", "CITATION.cff"]
    assert path.read_text() == expected
    assert write_doi(Package(tmp_path), "10.5072/z.1") == ["CITATION.cff"]
    with pytest.raises(ClaimlogError, match=r'has https://doi\.org/10\.5072/z\.1 as "id", and'):
        write_doi(Package(tmp_path), "10.5072/z.2")
    assert path.read_text() == expected


def test_a_doi_gets_into_every_file_by_the_next_run_wherever_the_first_was_killed(
    tiny_release: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Package.write
    for point, names in enumerate([("datapackage.json", "CITATION.cff"), ("CITATION.cff",)]):
        root = tmp_path / str(point)
        shutil.copytree(tiny_release.root, root, ignore=shutil.ignore_patterns(".git", "dist"))
        (root / "CITATION.cff").write_text("stale")
        package, writes = Package(root), iter(range(point))

        def write(self: Package, path: Path, data: bytes, left: Iterator[int] = writes) -> None:
            if next(left, None) is None:
                raise Killed
            own(self, path, data)

        with monkeypatch.context() as patch:
            patch.setattr(Package, "write", write)
            with pytest.raises(Killed):
                write_doi(package, "10.5072/z.1")
        assert write_doi(Package(root), "10.5072/z.1") == [*names]
        assert parse((root / "CITATION.cff").read_bytes()).doi == "10.5072/z.1"
        assert write_doi(Package(root), "10.5072/z.1") == []


@pytest.mark.parametrize("text", ["", "10.5072", 'zenodo"1', "10.5072/a b"])
def test_what_is_no_doi_is_not_written(text: str, tmp_path: Path) -> None:
    (tmp_path / "datapackage.json").write_text('{"name": "b"}')
    with pytest.raises(ClaimlogError, match="is no DOI"):
        write_doi(Package(tmp_path), text)
    assert (tmp_path / "datapackage.json").read_text() == '{"name": "b"}'


# the command ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_command_is_killed_in_an_upload_and_then_publishes_and_writes_the_doi(
    tiny_release: Package, zenodo: Zenodo, tmp_path: Path, release: ReleaseFiles
) -> None:
    root = tmp_path / "package"
    shutil.copytree(tiny_release.root, root)
    (root / "CITATION.cff").write_text("stale")
    words = ["publish", "zenodo", "--service", zenodo.url]
    environment = {**os.environ, "ZENODO_TOKEN": TOKEN, "CI": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "claimlog", *words], cwd=root, env=environment
    )

    def kill(_: int, request: Request) -> Answer | None:
        if request.path.endswith(".zip/content"):
            process.send_signal(signal.SIGKILL)
            raise HangUp
        return None

    zenodo.before = kill
    assert process.wait(120) == -signal.SIGKILL
    zenodo.before = lambda *_: None
    world = World(Package(root), root)
    done = world.run(*words, "--publish", ZENODO_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    assert len(zenodo.records) == 1
    assert whole(
        record_files(zenodo.published[0]),
        replace(release, files=tuple(release.files)),
    )
    assert "going on with the draft 1001" in done.stdout
    assert "DOI of all versions: 10.5072/zenodo.1000" in done.stdout
    assert "wrote CITATION.cff; commit it" in done.stdout
    assert json.loads((root / "datapackage.json").read_text())["id"] == (
        "https://doi.org/10.5072/zenodo.1000"
    )
    assert parse((root / "CITATION.cff").read_bytes()).doi == "10.5072/zenodo.1000"
    every = [path for path in root.rglob("*") if path.is_file()]
    assert TOKEN not in done.stdout + done.stderr
    assert not any(TOKEN.encode() in path.read_bytes() for path in every)


@pytest.mark.parametrize(
    ("words", "env", "message"),
    [
        (["zenodo"], {}, "ZENODO_TOKEN: is not set in the environment; make one at https://zen"),
        (["github", "me/tiny"], {}, "GITHUB_TOKEN: is not set in the environment"),
        (["github", "me"], {}, "me: is no repository; expected OWNER/NAME"),
        (["zenodo", "--service", "ftp://a"], {"ZENODO_TOKEN": TOKEN}, "expected https://"),
        (["zenodo", "--service", "http://zenodo.example"], {"ZENODO_TOKEN": TOKEN}, "not https"),
        (["directory", "/nowhere", "--release", "9.9.9"], {}, "9.9.9: is no release of tiny"),
    ],
)
def test_a_wrong_wish_is_one_line_and_no_request(
    words: list[str], env: dict[str, str], message: str, tiny_release: Package
) -> None:
    world = World(tiny_release, tiny_release.root)
    done = world.run("publish", *words, **{"ZENODO_TOKEN": "", "GITHUB_TOKEN": "", **env})
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert TOKEN not in done.stderr


# the checklist ----------------------------------------------------------------------------------

RUN_ELSEWHERE = ("claimlog validate", "claimlog seal", "claimlog verify")
"""Commands of the checklist that other tests run, of the log and of verifying."""


def checklist() -> list[str]:
    """Return the commands of the checklist of a maintainer, in order."""
    page = (ROOT / "docs" / "releases.md").read_text("utf-8")
    part = page.partition("## From seal to DOI\n")[2].partition("\n### ")[0]
    return re.findall(r"^    (\S.*)$", part, re.MULTILINE)


@pytest.mark.slow
def test_the_checklist_of_a_maintainer_leads_from_the_signature_to_the_doi(
    tiny_release: Package,
    zenodo: Zenodo,
    github: GitHub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = tmp_path / "package"
    shutil.copytree(tiny_release.root, root)
    for name, given in (("KEY.pem", "key.pem"), ("PUBLIC.pem", "public.pem")):
        shutil.copyfile(tiny_release.root.parent / given, tmp_path / name)
    monkeypatch.chdir(root)
    [entry] = read_index(tiny_release)
    sums = entry.data["files"]["SHA256SUMS"]
    verdict = Verdict("0.1.0", "tiny", vouchers=["a test"], sums=sums, signed=FILES)
    monkeypatch.setattr(published_archive, "verify_in_process", lambda *_, **__: verdict)
    words = {"0.3.0": "0.1.0", "OWNER/NAME": "me/tiny", "allied-trust": "tiny"}
    done = []
    for command in checklist():
        if command.startswith(RUN_ELSEWHERE):
            continue
        for old, new in words.items():
            command = command.replace(old, new)
        program, *rest = shlex.split(command.replace("https://sandbox.zenodo.org", zenodo.url))
        assert program == "claimlog"
        if "github" in rest:
            rest += ["--service", github.url]
        elif "zenodo" in rest and "--service" not in rest:
            rest += ["--service", zenodo.url]
        environment = {"ZENODO_TOKEN": TOKEN, "GITHUB_TOKEN": TOKEN, "CI": "1"}
        answer = CliRunner().invoke(cli, rest, env=environment, catch_exceptions=False)
        assert answer.exit_code == 0, answer.output
        done.append(rest[:2])
    assert len(zenodo.published) == 1
    assert [it["draft"] for it in github.releases.values()] == [False]
    assert (tmp_path / "public" / "tiny-0.1.0.json").is_file()
    assert '"id": "https://doi.org/10.5072/zenodo.1000"' in (root / "datapackage.json").read_text()
    assert len(done) == 7
