"""Reading a release or build from a program: what is checked, what comes back, what is refused."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import claimlog
from claimlog import web_connections
from claimlog.dataset import file_access, open_dataset
from claimlog.dataset.file_access import AddressFiles, fetch_files
from claimlog.errors import ClaimlogError
from claimlog.package import SUMS, Package
from claimlog.release.archive import write_archive
from claimlog.release.checksums import dump_sums, sha256_of_files
from claimlog.release.release_limits import MAX_FILES
from claimlog.release.verify import verify_copy
from claimlog.web_client import WebClient
from conftest import ROOT
from web_servers import Answer, FileServer, HangUp, Request

STEM = "tiny-0.1.0"


@pytest.fixture(scope="module")
def archive(tiny_release: Package) -> Path:
    return tiny_release.root / "dist" / f"{STEM}.zip"


@pytest.fixture
def server(tiny_release: Package) -> Iterator[FileServer]:
    server = FileServer(tiny_release.root / "dist")
    with server.running():
        yield server


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claimlog.web_client.PAUSES", (0.0, 0.0, 0.0))


def test_importing_claimlog_loads_none_of_its_libraries() -> None:
    code = "import claimlog, sys; print(*{m.partition('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {*done.stdout.split()}
    assert not loaded & {"polars", "pyarrow", "httpx", "numpy", "click", "pandas"}


def test_an_archive_is_verified_and_its_tables_are_typed_in_every_library(
    tiny_release: Package, archive: Path
) -> None:
    data = claimlog.open(archive, index=tiny_release.root)
    assert data.verdict is not None
    assert data.verdict.sentence.startswith("release 0.1.0 of tiny is whole and unaltered, by rel")
    claims = data.table("claims")
    stored = pl.read_parquet(archive.with_suffix("") / "parquet" / "claims.parquet")
    assert claims.equals(stored)
    assert claims.schema == stored.schema
    arrow = data.table("claims", "arrow")
    assert isinstance(arrow, pa.Table)
    assert pa.types.is_dictionary(arrow.schema.field("topic").type)
    frame = data.table("claims", "pandas")
    assert isinstance(frame, pd.DataFrame)
    assert frame["topic"].dtype.name == "category"
    assert frame["version"].dtype == "Int64"
    assert str(frame["recorded_at"].dtype).endswith("UTC]")
    assert [*frame["claim_id"]] == claims["claim_id"].to_list()
    for coded in (claims, frame):
        labels = data.labels("topic")
        assert {*coded["topic"]} <= {*labels}
    assert labels["sharing"] == "Intelligence sharing"


def test_a_citation_names_the_release_and_its_root(archive: Path) -> None:
    data = claimlog.open(archive, check="checksums")
    assert "A tiny package (Version 0.1.0) [Data set]" in data.citation
    assert json.loads((archive.with_suffix("") / "release.json").read_text())["tree"]["root"] in (
        data.citation
    )
    assert data.cite("bibtex").startswith("@misc{tiny-0.1.0,")
    assert repr(data).startswith("<release 0.1.0 of tiny: ")


@pytest.mark.parametrize("place", ["build", ""])
def test_a_build_is_opened_by_its_directory_or_its_package(
    place: str, tiny_release: Package
) -> None:
    data = claimlog.open(tiny_release.root / place)
    assert not data.is_release
    assert data.verdict is None
    assert data.table("claims").height == 5
    assert "Unreleased state of the log of" in data.citation
    with pytest.raises(ClaimlogError, match="a build is no release"):
        data.cite("bibtex")


def test_one_table_reads_one_file(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = claimlog.open(archive, check="checksums")
    read: list[str] = []
    real = file_access.read_member
    monkeypatch.setattr(
        file_access,
        "read_member",
        lambda path, name, most: (read.append(name), real(path, name, most))[1],
    )
    data.table("actors")
    assert read == ["parquet/actors.parquet"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda data: data.table("nothing"), "nothing: is no table of tiny 0.1.0; it has sources,"),
        (lambda data: data.table("claims", "spss"), "library='spss': expected one of polars"),
        (lambda data: data.labels("statement"), "statement: has no code list"),
        (lambda data: data.labels("kind"), "kind: is coded by .* and .*; name its table too"),
    ],
)
def test_what_is_not_there_is_named(call: Any, message: str, archive: Path) -> None:
    with pytest.raises(ClaimlogError, match=message):
        call(claimlog.open(archive, check="checksums"))


def test_of_columns_of_one_name_the_table_tells_which(archive: Path) -> None:
    assert "copy" in claimlog.open(archive, check="checksums").labels("kind", "sources")


@pytest.mark.slow
def test_an_altered_table_is_refused_however_it_is_opened(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / STEM
    shutil.copytree(archive.with_suffix(""), folder)
    path = folder / "parquet" / "claims.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(
        ClaimlogError, match=r"parquet/claims.parquet: is altered.*nothing was read"
    ):
        claimlog.open(folder)
    data = claimlog.open(folder, check="checksums")
    assert data.table("actors").height == 6
    with pytest.raises(ClaimlogError, match=r"parquet/claims\.parquet is altered"):
        data.table("claims")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["archive", "directory"])
def test_what_is_exchanged_once_it_was_verified_is_not_read(
    form: str, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, place = tmp_path / "other" / STEM, tmp_path / STEM
    for folder in (other, place):
        shutil.copytree(archive.with_suffix(""), folder)
    (other / "CHANGES.md").write_text("Forged.\n", "utf-8")
    (other / SUMS).write_text(dump_sums(sha256_of_files(other)), "utf-8")
    if form == "archive":
        write_archive(other, other.with_suffix(".zip"))
        other, place = other.with_suffix(".zip"), tmp_path / f"{STEM}.zip"
        shutil.copyfile(archive, place)
    verify = open_dataset.verify_in_process

    def exchange_afterwards(*values: Any, **named: Any) -> Any:
        verdict = verify(*values, **named)
        place.rename(tmp_path / "verified")
        other.rename(place)
        return verdict

    monkeypatch.setattr(open_dataset, "verify_in_process", exchange_afterwards)
    with pytest.raises(ClaimlogError, match="was exchanged while it was verified"):
        claimlog.open(place)


def test_an_altered_build_is_refused(tiny_release: Package, tmp_path: Path) -> None:
    shutil.copytree(tiny_release.build, tmp_path / "build")
    path = tmp_path / "build" / "parquet" / "claims.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(ClaimlogError, match=r"parquet/claims\.parquet is altered"):
        claimlog.open(tmp_path / "build").table("claims")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (SUMS, b"nonsense", "is not in the order|is no line of a checksum|is not the file"),
        ("datapackage.json", b"{}", "datapackage.json is not the file that SHA256SUMS lists"),
        ("release.json", None, "release.json is not the file that SHA256SUMS lists"),
    ],
)
def test_a_release_whose_own_files_are_wrong_is_refused(
    name: str, data: bytes | None, message: str, archive: Path, tmp_path: Path
) -> None:
    folder = tmp_path / STEM
    shutil.copytree(archive.with_suffix(""), folder)
    (folder / name).write_bytes(data) if data is not None else (folder / name).unlink()
    with pytest.raises(ClaimlogError, match=message):
        claimlog.open(folder, check="checksums")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"check": "some"}, "check='some': expected one of all, checksums"),
        ({"check": "checksums", "index": ROOT}, "neither key nor index is looked at"),
    ],
)
def test_a_wrong_wish_is_refused(given: dict[str, Any], message: str, archive: Path) -> None:
    with pytest.raises(ClaimlogError, match=message):
        claimlog.open(archive, **given)


def test_what_is_no_release_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no zip")
    for path, message in (
        (tmp_path, "holds neither a release nor a build"),
        (tmp_path / "nowhere", "is neither the directory nor the zip"),
        (tmp_path / "a.zip", "is damaged or no zip"),
    ):
        with pytest.raises(ClaimlogError, match=message):
            claimlog.open(path, check="checksums")


# addresses --------------------------------------------------------------------------------------


def test_the_address_of_an_archive_is_fetched_verified_and_forgotten(
    server: FileServer, tiny_release: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = tiny_release.root.parent / "public.pem"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with claimlog.open(f"{server.url}/{STEM}.zip", key=public) as data:
        assert data.verdict is not None
        assert "by the signature in tiny-0.1.0.signature" in data.verdict.sentence
        assert data.table("claims").height == 5
        assert [path.name[:9] for path in tmp_path.iterdir()] == ["claimlog-"]
    assert [*tmp_path.iterdir()] == []
    asked = [request.path for request in server.requests]
    assert asked == [f"/{STEM}.zip", f"/{STEM}.signature"]


@pytest.mark.slow
def test_a_key_that_signed_the_log_alone_does_not_open_a_release(
    tiny_release: Package, tmp_path: Path
) -> None:
    """Whoever leaves the signature away passes on the checkpoint of these rows, which is true."""
    public = tiny_release.root.parent / "public.pem"
    for suffix in (".zip", ".checkpoint"):
        shutil.copyfile(
            tiny_release.root / "dist" / f"{STEM}{suffix}", tmp_path / f"{STEM}{suffix}"
        )
    with pytest.raises(
        ClaimlogError, match=rf"{STEM}\.signature is not beside it.*nothing was read"
    ):
        claimlog.open(tmp_path / f"{STEM}.zip", key=public)
    verdict = verify_copy(tmp_path / f"{STEM}.zip", key=public)
    assert verdict.findings == verdict.vouchers == []
    assert (
        "; its log is the one that the holder of the key signed; the rest, by" in verdict.sentence
    )
    assert f"get {STEM}.signature from where it was published" in verdict.sentence


def test_of_the_address_of_a_directory_only_what_is_read_is_fetched(server: FileServer) -> None:
    data = claimlog.open(f"{server.url}/{STEM}/", check="checksums")
    assert data.table("actors").height == 6
    asked = [request.path.removeprefix(f"/{STEM}/") for request in server.requests]
    assert {*asked} == {SUMS, "datapackage.json", "release.json", "parquet/actors.parquet"}


@pytest.mark.slow
def test_the_address_of_a_directory_is_verified_when_all_of_it_is_fetched(
    server: FileServer, tiny_release: Package
) -> None:
    data = claimlog.open(f"{server.url}/{STEM}", index=tiny_release.root)
    assert data.verdict is not None
    assert "whole and unaltered" in data.verdict.sentence


def test_a_served_build_is_read_as_its_server_names_its_files(
    tiny_release: Package, tmp_path: Path
) -> None:
    flat = tmp_path / "downloads"
    shutil.copytree(tiny_release.build / "parquet", flat)
    shutil.copyfile(tiny_release.build / "datapackage.json", flat / "datapackage.json")
    server = FileServer(tmp_path)
    with server.running():
        data = claimlog.open(f"{server.url}/downloads/", check="checksums")
        assert data.table("claims").height == 5


def test_an_address_without_a_list_is_not_taken_for_a_build_that_nobody_verifies(
    server: FileServer,
) -> None:
    server.before = lambda _, request: Answer(404) if SUMS in request.path else None
    with pytest.raises(ClaimlogError, match=r'nothing to verify it by; if .*check="checksums"'):
        claimlog.open(f"{server.url}/{STEM}")
    assert {request.path.rpartition("/")[2] for request in server.requests} == {SUMS}


def test_an_altered_file_of_an_address_is_refused(server: FileServer) -> None:
    data = claimlog.open(f"{server.url}/{STEM}", check="checksums")
    server.before = lambda *_: Answer(200, b"PAR1")
    with pytest.raises(ClaimlogError, match=r"parquet/claims\.parquet is altered"):
        data.table("claims")


def test_more_than_the_descriptor_states_is_not_fetched(server: FileServer) -> None:
    data = claimlog.open(f"{server.url}/{STEM}", check="checksums")
    server.before = lambda *_: Answer(200, bytes(10_000_000))
    with pytest.raises(ClaimlogError, match=r"is larger than the [0-9,]+ bytes that are read"):
        data.table("claims")


def test_the_files_of_a_directory_have_a_time_together(
    server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(file_access, "monotonic", lambda: clock[0])
    monkeypatch.setattr(web_connections, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    write = file_access.AddressFiles.write

    def slow(files: Any, name: str, target: Any, most: int) -> int | None:
        clock[0] += 100  # not long enough for one exchange to be cut off
        return write(files, name, target, most)

    monkeypatch.setattr(file_access.AddressFiles, "write", slow)
    with pytest.raises(ClaimlogError, match=r"its files come too slowly, .*fetch its archive"):
        claimlog.open(f"{server.url}/{STEM}")
    assert len(server.requests) < 10


def test_a_pause_that_the_server_asks_for_is_of_the_time_of_all_files_together(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        clock[0] += seconds
        pauses.append(seconds)

    monkeypatch.setattr(file_access, "monotonic", lambda: clock[0])
    monkeypatch.setattr(web_connections, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    server.before = lambda *_: Answer(503, b"", {"Retry-After": "110"})
    files = AddressFiles(f"{server.url}/{STEM}", WebClient(sleep=sleep))
    with pytest.raises(ClaimlogError, match=r"tiny\.db: GET answered 503"):
        fetch_files(files, ["tiny.db", SUMS], tmp_path)
    assert (pauses, len(server.requests)) == ([110.0], 2)
    # what is asked of the same client later has its own time
    server.before = lambda *_: None
    assert files.read(SUMS, 100_000)


def test_a_file_that_comes_after_its_time_has_come_too_slowly(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(file_access, "monotonic", lambda: clock[0])
    monkeypatch.setattr(web_connections, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    def late(*_: object) -> Answer:
        clock[0] += 130
        return Answer(500)

    server.before = late
    files = AddressFiles(f"{server.url}/{STEM}", WebClient(sleep=lambda _: None))
    with pytest.raises(ClaimlogError, match="its files come too slowly, a second each"):
        fetch_files(files, ["tiny.db"], tmp_path)
    assert len(server.requests) == 1


def test_an_answer_that_is_compressed_cut_or_odd_is_one_line(server: FileServer) -> None:
    for answer in (
        Answer(200, gzip.compress(bytes(50_000_000)), {"Content-Encoding": "gzip"}),
        Answer(200, gzip.compress(b"{}"), {"Content-Encoding": "x-gzip"}),
        Answer(206, b"PAR1", {"Content-Range": "bytes 0-3/1000"}),
        Answer(302, b"", {"Location": "file:///etc/hostname"}),
        Answer(200, b"[" * 1_000_000),
    ):
        server.before = lambda *_, answer=answer: answer
        for place in (STEM, f"{STEM}.zip"):
            with pytest.raises(ClaimlogError) as error:
                claimlog.open(f"{server.url}/{place}", check="checksums")
            assert "\n" not in str(error.value)
            assert len(str(error.value)) < 700


def test_a_download_that_breaks_off_is_begun_again(server: FileServer, archive: Path) -> None:
    server.after = lambda number, _: (
        Answer(200, archive.read_bytes(), cut=1000) if number == 1 else None
    )
    data = claimlog.open(f"{server.url}/{STEM}.zip", check="checksums")
    assert data.table("claims").height == 5
    assert len(server.requests) == 2


def test_an_address_that_never_answers_is_one_line(server: FileServer) -> None:
    def hang_up(*_: object) -> Answer | None:
        raise HangUp

    server.before = hang_up
    with pytest.raises(ClaimlogError, match=r"GET failed \(.*\); look at the connection and run"):
        claimlog.open(f"{server.url}/{STEM}.zip")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://claims.example/a.zip", "is not https"),
        ("https://me:secret@claims.example/a.zip", "holds no name or password"),
        ("https://", "is no address"),
    ],
)
def test_an_address_that_cannot_be_trusted_is_not_asked(
    address: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WebClient, "_send", None)
    with pytest.raises(ClaimlogError, match=message) as error:
        claimlog.open(address)
    assert "secret" not in str(error.value)


def test_an_address_leads_on_to_another_file_and_not_without_end(server: FileServer) -> None:
    def lead_on(_: int, request: Request) -> Answer | None:
        if request.path.startswith("/latest"):
            return Answer(302, headers={"location": f"/{STEM}.zip"})
        if request.path.startswith("/round"):
            return Answer(302, headers={"location": "/round.zip"})
        return None

    server.before = lead_on
    assert claimlog.open(f"{server.url}/latest.zip", check="checksums").version == "0.1.0"
    with pytest.raises(ClaimlogError, match="leads on more than 5 times"):
        claimlog.open(f"{server.url}/round.zip")


ENDS = ("a/..", "..", "a" * 300, "%2e%2e", "")


@pytest.mark.slow
@pytest.mark.parametrize("end", ENDS)
def test_an_address_names_no_file_of_this_machine(
    end: str, server: FileServer, archive: Path
) -> None:
    folder = archive.with_suffix("")
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}

    def serve(_: int, request: Request) -> Answer:
        path = request.path.partition("?")[0]
        name = max((name for name in files if path.endswith(f"/{name}")), key=len, default=None)
        file = archive if path.endswith(".zip") else name and files[name]
        return Answer(200, file.read_bytes()) if file else Answer(404)

    server.before = serve
    if end == "..":
        with claimlog.open(f"{server.url}/{end}") as data:
            assert data.verdict is not None
    for address in (
        f"{server.url}/{end}",
        f"{server.url}/{end}.zip",
        f"{server.url}/{end}.zip?x=/y",
    ):
        with claimlog.open(address, check="checksums") as data:
            assert data.version == "0.1.0"


def test_no_room_for_what_an_address_holds_is_one_line(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    for place in (STEM, f"{STEM}.zip"):
        with pytest.raises(ClaimlogError, match=r"absent: cannot be written .*; make room there"):
            claimlog.open(f"{server.url}/{place}")


LISTS = {
    "places elsewhere": (["../../evil"], "lists '../../evil', which is no file's name"),
    "the directory itself": (["./x/."], "which is no file's name"),
    "a NUL": (["a\0b"], "which is no file's name"),
    "a long name": (["a" * 300], "which is no file's name"),
    "a deep name": (["a/" * 20 + "a"], "which is no file's name"),
    "a file that is a directory too": (["a", "a/b"], "lists 'a', which is no file's name"),
    "too many": ([f"f{n:07}" for n in range(MAX_FILES + 1)], "lists more than 100,000 files"),
}


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_that_is_none_of_a_release_is_refused_before_anything_is_fetched(
    kind: str, server: FileServer
) -> None:
    names, said = LISTS[kind]
    lines = "".join(f"{'0' * 64}  {name}\n" for name in sorted(names)).encode()
    server.before = lambda _, request: Answer(200, lines) if SUMS in request.path else Answer()
    with pytest.raises(ClaimlogError, match=said):
        claimlog.open(f"{server.url}/{STEM}")
    assert {request.path.rpartition("/")[2] for request in server.requests} == {SUMS}


def test_a_table_is_read_up_to_a_limit_whatever_size_the_descriptor_states(
    server: FileServer, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = json.loads((archive.with_suffix("") / "datapackage.json").read_text("utf-8"))
    for resource in about["resources"]:
        resource["bytes"] = 2**53 - 1
    descriptor = json.dumps(about).encode()
    sums = (archive.with_suffix("") / SUMS).read_text("utf-8").splitlines(keepends=True)
    forged = {
        SUMS: "".join(
            f"{sha256(descriptor).hexdigest()}{line[64:]}"
            if line.endswith("  datapackage.json\n")
            else line
            for line in sums
        ).encode(),
        "datapackage.json": descriptor,
    }
    server.before = lambda _, request: (
        Answer(200, forged[name]) if (name := request.path.split("/")[-1]) in forged else None
    )
    monkeypatch.setattr("claimlog.dataset.dataset.FETCHED_BYTES", 1_000)
    data = claimlog.open(f"{server.url}/{STEM}", check="checksums")
    with pytest.raises(ClaimlogError, match=r"is larger than the 1,000 bytes that are read"):
        data.table("claims")


# R ----------------------------------------------------------------------------------------------


def r_script() -> str:
    """Return the script for R and SQLite that stands in the page on use."""
    text = (ROOT / "docs" / "use.md").read_text("utf-8")
    return next(part.partition("```")[0] for part in text.split("```r\n")[1:] if "RSQLite" in part)


def test_the_script_for_r_is_short_and_its_sql_holds(archive: Path) -> None:
    lines = [line for line in r_script().splitlines() if line]
    assert len(lines) <= 10
    with sqlite3.connect(archive.with_suffix("") / "tiny.db") as database:
        for line in lines:
            if '"select ' in line:
                assert database.execute(line.split('"')[1]).fetchall()


@pytest.mark.slow
def test_the_script_for_r_runs(archive: Path, tmp_path: Path) -> None:
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("NOT RUN: Rscript is not installed (Debian: r-cran-rsqlite)")
    check = [program, "-e", 'stopifnot(requireNamespace("RSQLite"), requireNamespace("digest"))']
    if subprocess.run(check, capture_output=True).returncode:
        pytest.skip("NOT RUN: R lacks RSQLite or digest (Debian: r-cran-rsqlite, r-cran-digest)")
    folder = tmp_path / "allied-trust-0.3.0"
    shutil.copytree(archive.with_suffix(""), folder)
    (folder / "tiny.db").rename(folder / "allied-trust.db")
    sums = (folder / SUMS).read_text().replace("  tiny.db", "  allied-trust.db")
    (folder / SUMS).write_text(sums)
    done = subprocess.run(
        [program, "-"], input=r_script(), cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "sharing" in done.stdout
