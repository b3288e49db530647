"""The coding desk in a process of its own, for a package that may be changed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from claimlog.errors import ClaimlogError

READY_SECONDS = 60
HOST = "127.0.0.1"
COPIED = ("datapackage.json", "events", "schemas", "CITATION.cff")


@dataclass
class DeskServer:
    """A desk that answers, and the start address of each role."""

    folder: Path
    texts: Path
    port: int
    roles: Sequence[str]
    process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder.parent / f"desk-{self.port}.log"

    def start(self) -> None:
        """Start the process, and wait until it says its addresses.

        Raises
        ------
        ClaimlogError
            If it ends, or says none in time.
        """
        command = [sys.executable, "-m", "claimlog", "desk", "--texts", str(self.texts)]
        command += ["--port", str(self.port), *(f"--role={role}" for role in self.roles)]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdout=output, stderr=subprocess.STDOUT
            )
        until = monotonic() + READY_SECONDS
        while not (self._lines(f"{self.roles[-1]}: ") and self._answers()):
            if self.process.poll() is not None or monotonic() > until:
                self.stop()
                raise ClaimlogError(f"the desk does not start: {self.log.read_text('utf-8')}")
            sleep(0.05)

    def address(self, role: str) -> str:
        """Return the start address of a role."""
        return self._lines(f"{role}: ")[-1].partition(": ")[2]

    def _lines(self, begin: str) -> list[str]:
        lines = self.log.read_text("utf-8").splitlines()
        return [line for line in lines if line.startswith(begin)]

    def _answers(self) -> bool:
        with socket.socket() as asked:
            asked.settimeout(1)
            return asked.connect_ex((HOST, self.port)) == 0

    def kill(self) -> None:
        """End the process as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def serve_desk(root: Path, texts: Path, folder: Path, roles: Sequence[str]) -> Iterator[DeskServer]:
    """Serve the desk for a copy of a package in `folder`, on a free port."""
    package = folder / "package"
    package.mkdir()
    for name in COPIED:
        place = root / name
        if place.is_dir():
            shutil.copytree(place, package / name)
        elif place.exists():
            shutil.copy(place, package / name)
    with open_desk(package, texts, roles) as server:
        yield server


@contextmanager
def open_desk(package: Path, texts: Path, roles: Sequence[str]) -> Iterator[DeskServer]:
    """Serve the desk for a package itself, on a free port."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    server = DeskServer(package, texts, port, roles)
    server.start()
    try:
        yield server
    finally:
        server.stop()
