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
from functools import cache, partial
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
)
NOT_NEEDED = ("workshop.bench", "claimlog.site", "claimlog.__main__", "claimlog.spark")
RELEASING = frozenset(("release", "reissue", "site"))
"""Commands that draw pages."""
DRAWING = "claimlog.site."
"""How programs that draw pages begin."""
STREAMS = ("in", "out", "err")


def run(
    folder: Path,
    words: Sequence[str],
    env: Mapping[str, str],
    data: bytes | None,
    timeout: int,
    module: str = "claimlog",
) -> subprocess.CompletedProcess[bytes]:
    """Run claimlog, or another module, in `folder` and return what it printed."""
    with tempfile.TemporaryDirectory(prefix="forked-") as name:
        said = Path(name)
        (said / "in").write_bytes(data or b"")
        command = {"module": module, "words": list(words)}
        asked = {**command, "cwd": str(folder), "env": dict(env), "said": name}
        status = _server().ask(asked, timeout)
        out, err = ((said / stream).read_bytes() for stream in STREAMS[1:])
    return subprocess.CompletedProcess([module, *words], status, out, err)


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
    """The process that forks; asked by a line of JSON, it answers with the number and status."""

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
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"
        self.lock = threading.Lock()
        self.waiting: dict[int, tuple[threading.Event, list[int]]] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, asked: Mapping[str, Any], timeout: int) -> int:
        """Run one command; several threads may ask at once."""
        ended, status = threading.Event(), list[int]()
        with self.lock:
            number = len(self.waiting)
            self.waiting[number] = (ended, status)
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps({**asked, "number": number}) + "\n")
            self.process.stdin.flush()
        if not ended.wait(timeout):
            raise subprocess.TimeoutExpired(["claimlog", *asked["words"]], timeout)
        return status[0]

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            number, code = map(int, line.split())
            ended, status = self.waiting[number]
            status.append(code)
            ended.set()


@cache
def _server() -> Server:
    return Server()


class ForkedProgram:
    """A program that the server has forked, with what is used of a `subprocess.Popen`."""

    def __init__(
        self, address: str, module: str, stderr: IO[bytes], env: Mapping[str, str]
    ) -> None:
        self._status = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._status.connect(address)
        for_child, to_child = os.pipe()
        from_child, of_child = os.pipe()
        asked = {"module": module, "cwd": str(Path.cwd()), "env": dict(env)}
        own = (for_child, of_child)
        socket.send_fds(self._status, [json.dumps(asked).encode()], [*own, stderr.fileno()])
        for descriptor in own:
            os.close(descriptor)
        self.pid = int(self._status.recv(20))
        self.stdin, self.stdout = os.fdopen(to_child, "wb"), os.fdopen(from_child, "rb")
        self.returncode: int | None = None

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

    def kill(self) -> None:
        """End it, if it has not ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def fork_limited_programs(server: Callable[[], str] = lambda: _server().address) -> None:
    """Have this process fork what it would start anew to work within limits."""
    from claimlog import limited_process

    def start(command: Sequence[str], **given: Any) -> Any:
        module = command[-1]
        is_ours = command[0] == sys.executable and module.startswith("claimlog.")
        if not is_ours:
            return subprocess.Popen(command, **given)
        return ForkedProgram(server(), module, given["stderr"], given["env"])

    limited_process.subprocess = SimpleNamespace(  # type: ignore[attr-defined]
        **{name: value for name, value in vars(subprocess).items() if name != "Popen"},
        Popen=start,
    )


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
    """Fork for every line of standard input until it ends, and for every program asked for."""
    skip_flushes()
    preload()
    know_sound_schemas()
    fork_limited_programs(lambda: address)
    gc.collect()
    gc.freeze()  # what is there already is nothing that a child has to look through
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(address)
    listener.listen(64)
    answers, lock = sys.stdout, threading.Lock()
    print("ready", file=answers, flush=True)

    def tell(number: int, status: int) -> None:
        with lock:
            print(number, status, file=answers, flush=True)

    rest = b""
    with selectors.DefaultSelector() as ready:
        ready.register(0, selectors.EVENT_READ)
        ready.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.fileobj is listener:
                    _fork_program(listener.accept()[0])
                    continue
                data = os.read(0, 1 << 16)
                if not data:
                    return
                *lines, rest = (rest + data).split(b"\n")
                for asked in map(json.loads, lines):
                    if RELEASING.intersection(asked["words"]):
                        _prepare_releases()
                    child = _fork(_command, asked)
                    _tell_status(child, partial(tell, asked["number"]))


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

    def tell(status: int) -> None:
        with contextlib.suppress(OSError), connection:  # nobody may wait for it any more
            connection.send(b"%d" % status)

    child = _fork(_program, asked, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    connection.send(b"%d" % child)
    _tell_status(child, tell)


def _tell_status(child: int, tell: Callable[[int], None]) -> None:
    """Wait for a child in a thread, and tell its exit status."""

    def wait() -> None:
        _, status = os.waitpid(child, 0)
        tell(os.waitstatus_to_exitcode(status))

    threading.Thread(target=wait, daemon=True).start()


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


def _command(asked: Mapping[str, Any]) -> None:
    descriptors = []
    for number, stream in enumerate(STREAMS):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT
        descriptors.append(os.open(Path(asked["said"]) / stream, flags))
    _become(asked, descriptors)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = [asked["module"], *asked["words"]]
    runpy.run_module(asked["module"], run_name="__main__", alter_sys=True)


def _program(asked: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    _become(asked, descriptors)
    sys.argv = [asked["module"], *asked.get("words", ())]
    warnings.simplefilter("ignore")  # the server has imported the module already
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
