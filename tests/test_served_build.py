"""A server and the build that it reads: another build beside it, an older log, remote readers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import httpx
import polars as pl
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.http import HTTPFileSystem

from claimlog import files
from claimlog.build import build
from claimlog.errors import ClaimlogError
from claimlog.site.served_build import ServedBuild, database_of, log_behind, pin_build
from claimlog.site.server import _read_json
from conftest import World, asking, await_startup, claim, copied


@dataclass
class Running:
    """The command ``claimlog serve`` at work on a package."""

    world: World
    base: str
    process: subprocess.Popen[bytes]
    log: Path

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.base}{path}", timeout=30)


@contextmanager
def serving(world: World, log: Path, *words: str) -> Iterator[Running]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "claimlog", "serve", "--port", str(port), *words]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=world.root, env={**os.environ}, stdout=output, stderr=output
        )
    try:
        await_startup(process, log)
        yield Running(world, f"http://127.0.0.1:{port}", process, log)
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def built(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A build that is older than the log by an amendment."""
    world = copied(made, tmp_path_factory.mktemp("built"))
    build(world.package, world.package.build)
    world.amend("claims", "C001-003", "Said better.", note="Pilots.")
    world.seal("later")
    return world


@pytest.fixture(scope="module")
def running(built: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    log = tmp_path_factory.mktemp("log") / "serve.log"
    with serving(built, log, "--base-url", "/x/", "--trusted-proxy", "192.0.2.1") as server:
        yield server
    # whoever ends the server finds nothing left of it
    assert not [*(built.package.state / "serving").iterdir()]


def test_polars_reads_a_table_from_the_server(running: Running) -> None:
    address = f"{running.base}/downloads/claims.parquet"
    assert len(pl.read_parquet(address)) == 5
    assert pl.scan_parquet(address).select("topic").collect().columns == ["topic"]
    assert " 206 " in running.log.read_text("utf-8")  # it asked for parts


def test_pyarrow_reads_a_column_from_the_server(running: Running) -> None:
    with fsspec.open(f"{running.base}/downloads/claims.parquet", block_size=1024) as file:
        assert pq.read_table(file, columns=["topic"]).num_rows == 5


class TimedFiles(HTTPFileSystem):  # type: ignore[misc]  # fsspec ships no types
    """Files of a web server, with the times that DuckDB asks for."""

    protocol = "http"

    def modified(self, path: str) -> Any:
        return parsedate_to_datetime(httpx.head(path).headers["last-modified"])


def test_duckdb_reads_a_table_from_the_server(running: Running) -> None:
    """Through fsspec: DuckDB's own httpfs cannot be had without its server of extensions."""
    with duckdb.connect() as connection:
        connection.register_filesystem(TimedFiles(skip_instance_cache=True))
        address = f"{running.base}/downloads/claims.parquet"
        query = f"select count(*), max(claim_id) from read_parquet('{address}')"
        assert connection.execute(query).fetchone() == (5, "C001-006")


def test_a_server_says_that_the_log_has_more_than_its_build(running: Running) -> None:
    tree_size = running.get("/-/healthz").json()["build"]["tree_size"]
    assert (
        f"build: is of {tree_size} rows, and the log has {tree_size + 1} now; run make build to "
        "serve them"
    ) in running.log.read_text("utf-8").splitlines()


@pytest.mark.slow
def test_a_build_meanwhile_changes_nothing_that_is_served_and_the_server_says_so(
    running: Running,
) -> None:
    paths = ["/x/claims.json", "/downloads/claims.parquet", "/downloads/datapackage.json",
             "/tiny.db", "/tiny/claims.json?_shape=array", "/downloads/claims.csv"]  # fmt: skip
    before = [running.get(path).content for path in paths[:-2]]
    world = running.world
    world.add("claims", [claim("About forty pilots", "Pilots signed.", topic="trust")])
    world.seal("more")
    build(world.package, world.package.build)
    assert [running.get(path).content for path in paths[:-2]] == before
    # what nobody has asked for yet is of the same build
    assert len(running.get("/tiny/claims.json?_shape=array").json()) == 5
    assert len(running.get("/tiny.json?sql=select+*+from+claims").json()["rows"]) == 5
    assert running.get("/downloads/claims.csv").text.count("\nC001-") == 5
    assert running.get("/-/healthz").json()["build"]["replaced"] is True
    until = time.monotonic() + 40
    while "another build has taken the place" not in running.log.read_text("utf-8"):
        assert time.monotonic() < until
        time.sleep(0.2)


def test_a_build_is_older_only_than_a_log_that_lies_around_it(made: World, tmp_path: Path) -> None:
    world = copied(made, tmp_path)
    build(world.package, world.package.build)
    served = ServedBuild(world.package.build, world.package.build)
    assert log_behind(world.package, served) is None
    (world.file("claims").parent).rename(tmp_path / "last")  # a log that was rewritten
    assert log_behind(world.package, served) is not None
    (world.root / "events").rename(tmp_path / "events")
    assert log_behind(world.package, served) is None


@pytest.mark.parametrize("links", [True, False])
def test_a_build_is_served_from_links_or_else_copies_that_go_with_their_server(
    links: bool,
    built: World,
    noted_sources: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package = built.package
    if not links:

        def refuse(*_: Any) -> None:
            raise OSError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
    abandoned = package.state / "serving" / ".build-new-999999999-00000000"
    abandoned.mkdir(parents=True)
    served = pin_build(package, package.build)
    assert not abandoned.exists()
    names = {path.relative_to(package.build) for path in package.build.rglob("*")}
    assert {path.relative_to(served.folder) for path in served.folder.rglob("*")} == names
    file = "parquet/claims.parquet"
    assert (served.folder / file).samefile(package.build / file) is links
    size = (package.build / file).stat().st_size
    assert noted_sources.get(str(package.build / file)) == (None if links else size)
    assert (served.folder / file).stat().st_mtime == (package.build / file).stat().st_mtime
    assert not served.is_replaced
    served.release()
    assert not served.folder.exists()
    assert package.build.is_dir()
    ServedBuild(package.build, package.build).release()
    assert package.build.is_dir()


def test_another_container_removes_nothing_that_is_served(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There the number of the server's process is nobody's."""
    package = running.world.package
    [links] = (package.state / "serving").iterdir()
    monkeypatch.setattr(files, "_is_alive", lambda _: False)
    files.remove_abandoned(package.state / "serving" / "build")
    pin_build(package, package.build).release()
    assert [*(package.state / "serving").iterdir()] == [links]
    assert running.get("/downloads/claims.csv").status_code == 200


@pytest.mark.slow
def test_a_takedown_names_what_is_served_and_removes_what_a_killed_server_left(
    made: World, tmp_path: Path
) -> None:
    world = copied(made, tmp_path)
    build(world.package, world.package.build)
    for number in (1, 2):
        world.amend("claims", "C001-003", "Said better.", note=f"Pilots {number}.")
        world.seal(f"later-{number}")
    words = ("takedown", "C001-003", "--reason", "Court.", "--by", "maintainer", "--version")
    with serving(world, tmp_path / "serve.log") as server:
        [links] = (world.package.state / "serving").iterdir()
        done = world.run(*words, "1")
        assert f"left to do: {world.package.relative(links)} may hold it" in done.stdout
        assert links.exists()
        server.process.kill()
        server.process.wait(20)
    done = world.run(*words, "2")
    assert "/serving/" not in done.stdout + done.stderr
    assert not links.exists()
    links.mkdir()
    assert world.run("build").returncode == 0
    assert not links.exists()


def put_another_build(origin: Path, old: Path) -> None:
    """Put a copy in the place of a build, with another fingerprint, as publishing does."""
    new = origin.with_name("another")
    shutil.copytree(origin, new)
    note = new / "datasette" / "inputs.sha256"
    note.write_text(f"another {len([*old.parent.iterdir()])}\n", "utf-8")
    origin.rename(old)
    new.rename(origin)


@pytest.mark.parametrize("times", [1, 9])
def test_a_build_that_is_replaced_while_it_is_linked_is_linked_anew(
    times: int, built: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = tmp_path / "build"
    shutil.copytree(built.package.build, origin)
    link, replaced = os.link, 0

    def link_slowly(source: str, target: str) -> None:
        nonlocal replaced
        link(source, target)
        if source.endswith(".db") and replaced < times:
            replaced += 1
            put_another_build(origin, tmp_path / f"old-{replaced}")

    monkeypatch.setattr(os, "link", link_slowly)
    if times == 1:
        served = pin_build(built.package, origin)
        for path in served.folder.rglob("*.*"):
            assert path.samefile(origin / path.relative_to(served.folder))
        served.release()
    else:
        with pytest.raises(OSError, match="another build"):
            pin_build(built.package, origin)
    assert not [*(built.package.state / "serving").glob(f".build*{os.getpid()}*")]


@pytest.mark.parametrize(
    "name", ["datasette/inputs.sha256", "datapackage.json", "datasette/metadata.json"]
)
def test_nobody_waits_at_a_pipe_in_place_of_a_file_of_the_build(
    name: str, built: World, tmp_path: Path
) -> None:
    folder = tmp_path / "build"
    shutil.copytree(built.package.build, folder)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    answers: list[Any] = []

    def look() -> None:
        served = pin_build(built.package, folder)
        here = ServedBuild(folder, folder)
        answers.append((served.is_replaced, here.is_replaced))
        answers.append((here.fingerprint, here.stated_log.get("tree_size")))
        with suppress(ClaimlogError):
            answers.append(_read_json(folder / name))
        served.release()

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(30)
    assert answers[0] == (False, False)
    assert (not answers[1][0]) is (name == "datasette/inputs.sha256")
    assert (answers[1][1] is None) is (name == "datapackage.json")
    assert len(answers) == 2, "a pipe is no file that can be read"


def test_where_no_links_can_be_made_a_build_is_served_where_it_lies(
    built: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from claimlog.site import served_build, server_command

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    started: list[list[str]] = []
    monkeypatch.setattr(served_build.shutil, "copytree", refuse)
    monkeypatch.setattr(os, "execv", lambda _, words: started.append(words))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = server_command.ServerOptions("127.0.0.1", port)
    server_command.serve(built.package, built.package.build, options)
    assert str(built.package.build / "tiny.db") in started[0]
    said = capsys.readouterr().err.splitlines()
    # another test may have built meanwhile, which is said too
    [line] = [line for line in said if line.startswith("build: is read where it lies")]
    assert "No space left on device" in line


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--trusted-proxy", "proxy.example"], "--trusted-proxy proxy.example: is no address"),
        (["--base-url", "data"], "--base-url data: is no address of a server"),
        (["--base-url", "/tiny/"], "--base-url /tiny/: addresses of what is served begin so too"),
    ],
)
def test_a_server_is_not_started_with_what_is_no_address(
    words: list[str], message: str, built: World
) -> None:
    folder = built.package.state / "serving"
    before = {*folder.glob(".build*")}
    done = built.run("serve", "--port", "8999", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert not done.stdout
    assert {*folder.glob(".build*")} == before


SLOW_START = """
import asyncio, sys
from pathlib import Path
from claimlog.site.served_build import ServedBuild
from claimlog.site.server import make_server

async def app(scope, receive, send):
    print("warming up", flush=True)
    await asyncio.sleep(60)

build = ServedBuild(*map(Path, sys.argv[1:]))
server = make_server(app, "127.0.0.1", 0, build=build)
server.run([server.config.bind_socket()])
"""


@pytest.mark.slow
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_still_warming_up_ends_when_it_is_told_to(
    told: signal.Signals, tmp_path: Path
) -> None:
    links, origin = tmp_path / "links", tmp_path / "build"
    links.mkdir()
    origin.mkdir()
    words = [sys.executable, "-c", SLOW_START, str(links), str(origin)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"warming up\n"
            process.send_signal(told)
            assert process.wait(20) != 0
        finally:
            process.kill()
    assert origin.exists()
    assert not links.exists()


def test_a_build_that_a_clone_brought_gives_away_no_file_of_elsewhere(
    built: World, tmp_path: Path
) -> None:
    folder = tmp_path / "build"
    shutil.copytree(built.package.build, folder)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("secret.json", "absolute.json", "above.json", "linked.json", "claims.parquet"):
        (elsewhere / name).write_text('{"password": "swordfish"}', "utf-8")
    (folder / "linked.json").symlink_to(elsewhere / "linked.json")
    (folder / "beside").symlink_to(elsewhere)
    os.mkfifo(folder / "pipe.json")
    path = folder / "datapackage.json"
    descriptor = json.loads(path.read_bytes())
    about = {"name": "x", "mediatype": "text/plain", "bytes": 1, "hash": "sha256:" + "0" * 64}
    foreign = [
        *(str(elsewhere / "absolute.json"), "../elsewhere/above.json", "linked.json"),
        *("beside/secret.json", "beside/claims.parquet", "pipe.json", "parquet", ".", "a\0.json"),
    ]
    descriptor["resources"] = [{**about, "path": name} for name in foreign]
    path.write_text(json.dumps(descriptor), "utf-8")
    ask = asking(folder)
    names = [Path(name).name for name in foreign if "\0" not in name and name != "."]
    for name in (*names, "claims.csv"):
        assert (name, ask(f"/downloads/{name}").status_code) == (name, 404)
    assert ask("/downloads/datapackage.json").status_code == 200
    assert "secret" not in ask("/downloads").text
    path.rename(elsewhere / path.name)
    path.symlink_to(elsewhere / path.name)
    assert asking(folder)("/downloads/datapackage.json").status_code == 404


def test_a_build_whose_database_is_a_link_is_not_served(built: World, tmp_path: Path) -> None:
    (tmp_path / "tiny.db").symlink_to(built.package.build / "tiny.db")
    with pytest.raises(ClaimlogError, match=r"tiny\.db: is a link"):
        database_of(built.package, tmp_path)
