"""Commands as processes of their own without the second that Python takes to import libraries.

A server that has imported everything forks a child for each command, and for each program that a
command would start to work within limits. The child has its own directory, environment, streams,
limits and exit status, as a started command has; what only a fresh interpreter can show (its own
options, signals at start) is left to `subprocess`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import io
import json
import os
import pickle
import pkgutil
import resource
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

HEAVY = (
    *("polars", "pyarrow.parquet", "pandera.polars", "frictionless", "adbc_driver_sqlite.dbapi"),
    # these are imported by their libraries when they are first used
    *("pandera.backends.polars.builtin_checks", "frictionless.formats", "frictionless.portals"),
    *("frictionless.resources", "narwhals._polars.namespace", "narwhals._polars.group_by"),
    *("narwhals._polars.dataframe", "narwhals.group_by", "narwhals._interchange.dataframe"),
    *("pandera.backends.polars.container", "pandera.backends.register_checks", "slugify", "tqdm"),
    *("jsonschema.validators", "idna", "narwhals._namespace", "click._textwrap"),
)
NOT_NEEDED = ("workshop.bench", "claimlog.site", "claimlog.__main__", "claimlog.spark")
RELEASING = frozenset(("release", "reissue", "site"))
"""Commands that draw pages."""
DRAWING = "claimlog.site."
"""How programs that draw pages begin."""


def run(
    folder: Path,
    words: Sequence[str],
    env: Mapping[str, str],
    data: bytes | None,
    timeout: int,
    module: str = "claimlog",
    file_size: int | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run claimlog, or another module, in `folder` and return what it printed.

    Parameters
    ----------
    file_size
        Bytes past which it can write to no file, as on a full disk.

    Raises
    ------
    subprocess.TimeoutExpired
        If it takes longer than `timeout` seconds; it is ended.
    """
    with tempfile.TemporaryFile() as given, ThreadPoolExecutor(2) as readers:
        given.write(data or b"")
        given.seek(0)
        (from_out, out), (from_err, err) = os.pipe(), os.pipe()
        program = start(folder, words, env, (given.fileno(), out, err), module, file_size)
        for descriptor in (out, err):
            os.close(descriptor)
        printed = [readers.submit(_read_all, descriptor) for descriptor in (from_out, from_err)]
        try:
            status = program.wait(timeout)
        finally:
            program.kill()
        return subprocess.CompletedProcess(
            [module, *words], status, *(stream.result() for stream in printed)
        )


def _read_all(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read()


def write_program(folder: Path) -> None:
    """Write a program `claimlog` for scripts, with their directory, streams and environment."""
    program = folder / "claimlog"
    program.write_text(PROGRAM.format(python=sys.executable, address=_server().address), "utf-8")
    program.chmod(0o755)


PROGRAM = """#!{python} -IS
import json, os, socket, sys
status = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
status.connect({address!r})
asked = {{"module": "claimlog", "words": sys.argv[1:], "cwd": os.getcwd(), "env": dict(os.environ)}}
socket.send_fds(status, [json.dumps(asked).encode()], [0, 1, 2])
status.recv(20)
sys.exit(int(status.recv(20)))
"""


class Server:
    """The process that forks, until its standard input ends."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="forks-")
        self.address = f"{self.folder.name}/programs"
        # a command that ran in this process has said that nothing is imported from beside a script
        env = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
        self.process = subprocess.Popen(
            [sys.executable, __file__, self.address],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"


@cache
def _server() -> Server:
    return Server()


class ForkedProgram:
    """A program that the server has forked, with what is used of a `subprocess.Popen`."""

    stdin: IO[bytes]
    stdout: IO[bytes]

    def __init__(self, address: str, asked: Mapping[str, Any], streams: Sequence[int]) -> None:
        self._status = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._status.connect(address)
        socket.send_fds(self._status, [json.dumps(asked).encode()], [*streams])
        self.pid = int(self._status.recv(20))
        self.returncode: int | None = None

    @classmethod
    def with_pipes(cls, address: str, asked: Mapping[str, Any], stderr: int) -> ForkedProgram:
        """Fork a program that is given what it works on, and answers, through pipes."""
        for_child, to_child = os.pipe()
        from_child, of_child = os.pipe()
        forked = cls(address, asked, (for_child, of_child, stderr))
        for descriptor in (for_child, of_child):
            os.close(descriptor)
        forked.stdin, forked.stdout = os.fdopen(to_child, "wb"), os.fdopen(from_child, "rb")
        return forked

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status; raises `subprocess.TimeoutExpired`."""
        if self.returncode is None:
            self._status.settimeout(timeout)
            try:
                self.returncode = int(self._status.recv(20))
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired([str(self.pid)], timeout or 0) from None
            self._status.close()
        return self.returncode

    def poll(self) -> int | None:
        """Return the exit status; None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def terminate(self) -> None:
        """Ask it to end, if it has not ended."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it, if it has not ended."""
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def start(
    folder: Path,
    words: Sequence[str],
    env: Mapping[str, str],
    streams: Sequence[int],
    module: str = "claimlog",
    file_size: int | None = None,
) -> ForkedProgram:
    """Start a program as `run` does, with three descriptors as its standard streams."""
    asked = {"module": module, "words": [*words], "cwd": str(folder), "env": dict(env)}
    asked["file_size"] = file_size
    return ForkedProgram(_server().address, asked, streams)


def fork_limited_programs(server: Callable[[], str] = lambda: _server().address) -> None:
    """Have this process fork what it would start anew to work within limits."""
    from claimlog import limited_process

    def popen(command: Sequence[str], **given: Any) -> Any:
        module = command[-1]
        is_ours = command[0] == sys.executable and module.startswith("claimlog.")
        if not is_ours:
            return subprocess.Popen(command, **given)
        asked = {"module": module, "cwd": str(Path.cwd()), "env": dict(given["env"])}
        return ForkedProgram.with_pipes(server(), asked, given["stderr"].fileno())

    limited_process.subprocess = _subprocess_that(popen)  # type: ignore[attr-defined]


def fork_desks() -> None:
    """Have this process fork the desks that it would start anew for pages in a browser."""
    from workshop.bench.desk import desk_server

    def popen(command: Sequence[str], cwd: Path, stdout: IO[bytes], stderr: int) -> ForkedProgram:
        assert command[:3] == [sys.executable, "-m", "claimlog"]
        assert stderr == subprocess.STDOUT
        output = stdout.fileno()
        with Path(os.devnull).open("rb") as nothing:
            return start(cwd, command[3:], os.environ, (nothing.fileno(), output, output))

    desk_server.subprocess = _subprocess_that(popen)  # type: ignore[attr-defined]


def _subprocess_that(popen: Callable[..., Any]) -> SimpleNamespace:
    """Return `subprocess` with another `Popen`."""
    return SimpleNamespace(**{**vars(subprocess), "Popen": popen})


def skip_flushes() -> None:
    """Have this process and its forks wait for no disk: no test cuts the power.

    What is flushed, and when, is proved by `faults`, of commands that are started anew.
    """
    os.fsync = lambda _: None  # type: ignore[assignment]


def preload() -> None:
    """Import what commands import when they run; start nothing that a fork would not survive."""
    for name in HEAVY:
        importlib.import_module(name)
    import claimlog

    for module in pkgutil.walk_packages(claimlog.__path__, "claimlog."):
        if not module.name.startswith(NOT_NEEDED):
            importlib.import_module(module.name)
    from frictionless import system

    _ = system.methods  # it looks for plugins among all that is installed


def know_sound_schemas() -> None:
    """Have a fork, which may start threads, tell which schemas of this repository have their shape.

    The packages of tests begin with them; what they change is judged by each command.
    """
    from claimlog.package import Package
    from claimlog.schema.definition import read_definition
    from claimlog.schema.sound_values import recall_sound, used_digests

    told, tell = os.pipe()

    def read() -> None:
        read_definition(Package(Path(__file__).resolve().parents[1]))
        with os.fdopen(tell, "wb") as pipe:
            pickle.dump(used_digests(), pipe)

    child = _fork(read)
    os.close(tell)
    with os.fdopen(told, "rb") as pipe:
        recall_sound(pickle.load(pipe))
    os.waitpid(child, 0)


def serve(address: str) -> None:
    """Fork for every program that is asked for, until standard input ends."""
    from claimlog.fingerprint import tool_fingerprint
    from known_definitions import remember_definitions

    skip_flushes()
    preload()
    know_sound_schemas()
    definitions = Path(address).with_name("definitions")
    definitions.mkdir()
    remember_definitions(definitions)
    tool_fingerprint()  # which each command that builds takes of the same files
    fork_limited_programs(lambda: address)
    gc.collect()
    gc.freeze()  # what is there already is nothing that a child has to look through
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(address)
    listener.listen(64)
    print("ready", flush=True)
    with selectors.DefaultSelector() as ready:
        ready.register(0, selectors.EVENT_READ)
        ready.register(listener, selectors.EVENT_READ)
        while all(key.fileobj is listener for key, _ in ready.select()):
            _fork_program(listener.accept()[0])


@cache
def _prepare_releases() -> None:
    """Import what draws pages, compile their templates, and make the wheel that releases carry."""
    from datasette.app import Datasette

    import claimlog.site
    from claimlog.errors import ClaimlogError
    from claimlog.release.tool_wheel import running_tool
    from compiled_templates import keep_compiled_templates

    for module in pkgutil.walk_packages(claimlog.site.__path__, "claimlog.site."):
        importlib.import_module(module.name)
    with contextlib.suppress(ClaimlogError):  # which the command says itself
        running_tool()
    keep_compiled_templates()
    site = Datasette([], memory=True)
    asyncio.run(site.invoke_startup())
    templates = site.jinja_env.overlay(enable_async=False)
    for name in templates.list_templates(["html"]):
        templates.get_template(name)


def _fork_program(connection: socket.socket) -> None:
    data, descriptors, *_ = socket.recv_fds(connection, 1 << 20, 3)
    asked = json.loads(data)
    if asked["module"].startswith(DRAWING) or RELEASING.intersection(asked.get("words", ())):
        _prepare_releases()

    def tell_status() -> None:
        _, status = os.waitpid(child, 0)
        with contextlib.suppress(OSError), connection:  # nobody may wait for it any more
            connection.send(b"%d" % os.waitstatus_to_exitcode(status))

    child = _fork(_program, asked, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    connection.send(b"%d" % child)
    threading.Thread(target=tell_status, daemon=True).start()


def _fork(run: Callable[..., None], *given: Any) -> int:
    """Return the number of a child that runs a function and ends with its exit status."""
    child = os.fork()
    if child:
        return child
    status: object = 1
    try:
        run(*given)
        status = 0
    except SystemExit as end:
        status = end.code or 0
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)


def _program(asked: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    _become(asked, descriptors)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = [asked["module"], *asked.get("words", ())]
    # the server has imported the module already
    warnings.filterwarnings("ignore", category=RuntimeWarning, module="runpy")
    if (size := asked.get("file_size")) is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    runpy.run_module(asked["module"], run_name="__main__", alter_sys=True)


def _become(asked: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    """Take streams, directory and environment of a process that was started anew."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin, sys.stdout, sys.stderr = (
        io.TextIOWrapper(
            (io.BufferedReader if number == 0 else io.BufferedWriter)(
                io.FileIO(number, "r" if number == 0 else "w", closefd=False)
            ),
            encoding="utf-8",
            errors="backslashreplace" if number == 2 else "surrogateescape",
            line_buffering=number == 2,
        )
        for number in range(3)
    )
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    tempfile.tempdir = None


if __name__ == "__main__":
    serve(sys.argv[1])
