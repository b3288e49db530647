"""Renders pages of the documentation as HTML in processes, which are few and end with their reader.

A page may be a stranger's: its process may be slow, large, and say more than it should.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock, Timer
from time import monotonic

from claimlog.site.protection.slots import Slots

PROGRAM = Path(__file__).with_name("markdown_page.py")
PROCESSES, WAITING = 2, 8
"""Pages that are rendered at a time, of which one peer may have one, and that may wait."""

WAIT_SECONDS = 60.0
"""Seconds that a busy machine may take to give a process the processor time of a page."""

HTML_BYTES = 2_000_000
CACHE_BYTES = 16_000_000
"""Bytes of HTML that are kept to be sent again."""

FAILURE_SECONDS = 60.0
"""Seconds for which a page that took too much is not tried again."""


class HtmlCache:
    """Pages by the hash of what they are rendered from, the latest used within `CACHE_BYTES`."""

    def __init__(self) -> None:
        self._pages: OrderedDict[bytes, tuple[bytes | None, float]] = OrderedDict()
        self._bytes = 0

    def __contains__(self, key: bytes) -> bool:
        html, until = self._pages.get(key, (None, 0.0))
        return html is not None or until > monotonic()

    def get(self, key: bytes) -> bytes | None:
        """Return a page; None for one that took too much, or is not there."""
        if key not in self._pages:
            return None
        self._pages.move_to_end(key)
        return self._pages[key][0]

    def put(self, key: bytes, html: bytes | None) -> None:
        """Keep a page, or for a while that it took too much."""
        self._remove(key)
        self._pages[key] = html, monotonic() + FAILURE_SECONDS
        self._bytes += _size(html)
        while self._bytes > CACHE_BYTES:
            self._remove(next(iter(self._pages)))

    def _remove(self, key: bytes) -> None:
        if key in self._pages:
            self._bytes -= _size(self._pages.pop(key)[0])


def _size(html: bytes | None) -> int:
    return 1_000 + len(html or b"")  # an entry takes room too


@dataclass(eq=False)
class Rendering:
    """A page that is being rendered, for all who wait for it."""

    task: asyncio.Task[bytes | None]
    readers: int = 0


class DocumentRenderer:
    """Renders each page once, for as long as somebody waits for it."""

    def __init__(self) -> None:
        self._slots = Slots(PROCESSES, WAITING)
        self._threads = ThreadPoolExecutor(PROCESSES, thread_name_prefix="claimlog-document")
        self._cache = HtmlCache()
        self._running: dict[bytes, Rendering] = {}

    async def render(
        self, text: str, names: tuple[str, ...], top: str, peer: str = ""
    ) -> str | None:
        """Return a page as HTML; None if that takes too much.

        When the last reader who waits for it is cancelled, its process is ended first.

        Parameters
        ----------
        text, names, top
            Those of `claimlog.site.markdown_page.render_document`.
        peer
            Who asks, and has a share of the processes.

        Raises
        ------
        ServerBusy
            If too many wait already, or it takes too long to begin.
        """
        given = {"text": text, "names": names, "top": top, "most": HTML_BYTES}
        job = json.dumps(given).encode("ascii")
        key = sha256(job).digest()
        html = self._cache.get(key) if key in self._cache else await self._join(key, job, peer)
        return None if html is None else html.decode("utf-8", "replace")

    async def _join(self, key: bytes, job: bytes, peer: str) -> bytes | None:
        """Wait for a page together with those who already do."""
        rendering = self._running.get(key)
        if rendering is None:
            rendering = Rendering(asyncio.create_task(self._render(key, job, peer)))
            self._running[key] = rendering
        rendering.readers += 1
        try:
            return await asyncio.shield(rendering.task)
        finally:
            rendering.readers -= 1
            if not rendering.readers:
                if self._running.get(key) is rendering:
                    del self._running[key]
                rendering.task.cancel()
                await asyncio.wait([rendering.task])

    async def _render(self, key: bytes, job: bytes, peer: str) -> bytes | None:
        release = await self._slots.acquire(peer)
        try:
            html = await self._run(Program(), job)
        finally:
            release()
        self._cache.put(key, html)
        return html

    async def _run(self, program: Program, job: bytes) -> bytes | None:
        """Run a program and return its answer; it has ended, whether there is one or an error."""
        running = asyncio.get_running_loop().run_in_executor(self._threads, program.run, job)
        try:
            return await asyncio.shield(running)
        finally:
            program.end()
            await asyncio.wait([running])


class Program:
    """One run of `markdown_page.py`, which can be ended from another thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ended = False
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, job: bytes) -> bytes | None:
        """Return the HTML of a page; None if the process fails, or takes or says too much."""
        with self._lock:
            if self._ended:
                return None
            # -P: a module that lies beside the program is none that it imports
            self._process = process = subprocess.Popen(
                [sys.executable, "-P", str(PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        timer = Timer(WAIT_SECONDS, self.end)
        timer.start()
        try:
            html = _exchange(process, job)
            return html if html is not None and process.wait() == 0 else None
        finally:
            timer.cancel()
            process.kill()
            process.wait()

    def end(self) -> None:
        """End the process, or keep it from being started."""
        with self._lock:
            self._ended = True
            if self._process is not None:
                self._process.kill()


def _exchange(process: subprocess.Popen[bytes], job: bytes) -> bytes | None:
    """Give a process its page, and return what it answers; None if that is too long."""
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdout:
        try:
            with process.stdin:
                process.stdin.write(job)
        except BrokenPipeError:  # it ended without reading
            return None
        html = process.stdout.read(HTML_BYTES + 1)
    return html if len(html) <= HTML_BYTES else None


RENDERER = DocumentRenderer()
"""That of this server."""
