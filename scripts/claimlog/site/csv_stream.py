"""An answer that streams a table as CSV, written in threads of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from typing import Any

from claimlog.export.table_csv import csv_pieces
from claimlog.site.protection.piece_stream import PieceStream, write_piece


def safe_csv(datasette: Any, path: Path) -> PieceStream:
    """Return an answer that sends the table of a Parquet file as CSV, lists as JSON."""

    async def send() -> AsyncGenerator[str, None]:
        pieces = csv_pieces(path)
        try:
            while (piece := await write_piece(next, pieces, None)) is not None:
                yield piece
        finally:
            with suppress(ValueError):  # a thread still reads from it, and closes it
                pieces.close()

    return PieceStream(datasette, f"{path.stem}.csv", "text/csv; charset=utf-8", send)
