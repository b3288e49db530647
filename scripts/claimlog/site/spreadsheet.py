"""An answer that streams a table as CSV, written in threads of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from claimlog.export.table_csv import csv_pieces
from claimlog.site.datasette_internals import AsgiStream
from claimlog.site.protection import reader_limits
from claimlog.site.protection.reader_request import CURRENT

THREADS = ThreadPoolExecutor(reader_limits.STREAMS, thread_name_prefix="claimlog-csv")
"""One for each slot, so that no other answer waits for a thread that writes a table."""


def safe_csv(path: Path) -> AsgiStream:
    """Return an answer that sends the table of a Parquet file as CSV, lists as JSON."""

    async def send(writer: Any) -> None:
        pieces = csv_pieces(path)
        try:
            while (piece := await _next_piece(pieces)) is not None:
                await writer.write(piece)
        finally:
            with suppress(ValueError):  # a thread still reads from it, and closes it
                pieces.close()

    name = f"{path.stem}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return AsgiStream(send, headers=headers, content_type="text/csv; charset=utf-8")


async def _next_piece(pieces: Generator[str, None, None]) -> str | None:
    """Return the next piece; a reader who leaves has the slot until the thread is done."""
    thread = asyncio.get_running_loop().run_in_executor(THREADS, next, pieces, None)
    if request := CURRENT.get():
        request.hold(thread)
    return await asyncio.shield(thread)
