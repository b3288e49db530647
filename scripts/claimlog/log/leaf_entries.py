"""The bytes of every row in the order of the log, each with its leaf hash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from claimlog.errors import ClaimlogError
from claimlog.log.batch import Batch
from claimlog.log.columnar import read_rows, written_lines
from claimlog.log.event_log import Log
from claimlog.log.merkle import CompactRange, leaf_hash
from claimlog.log.read_file import PIECE, chunks, written_as
from claimlog.log.takedowns import whole_file
from claimlog.schema.definition import Definition


class LeafEntry(NamedTuple):
    """A leaf of the tree: its hash, and the row that it is the hash of, without line feed.

    Of a row that was taken down the hash alone is left, and ``line`` is empty.
    """

    hash: bytes
    line: bytes


def iterate_entries(log: Log, size: int) -> Iterator[LeafEntry]:
    """Yield the first `size` rows of a log, as they are in its files.

    The root over what is yielded is compared with the one that the log was read with after each
    batch, so that a file which changed meanwhile is noticed.

    Raises
    ------
    ClaimlogError
        If a file cannot be read, or no longer holds the rows that the log was read with.
    """
    tree, trees = CompactRange(), iter(log.trees)
    for batch in log.batches:
        for stream in batch.streams:
            taken = batch.taken.get(stream, ())
            for line, row in whole_file(iterate_lines(log.definition, batch, stream), taken):
                if tree.size == size:
                    return
                leaf = leaf_hash(line) if row is None else bytes.fromhex(row.leaf_hash)
                entry = LeafEntry(leaf, line)
                tree.extend([entry.hash])
                yield entry
        if (tree.size, tree.root()) != next(trees):
            raise ClaimlogError(f"{batch.shown}: changed while it was read; run this again")


def iterate_lines(definition: Definition, batch: Batch, stream: str) -> Iterator[bytes]:
    """Yield the lines of a file of a batch, whichever format it has."""
    path, display_path = batch.file(stream), batch.shown_file(stream)
    if not batch.in_columns(stream):
        for data in chunks(path, display_path, PIECE, definition.thresholds["line_bytes"]):
            yield from data.split(b"\n")[:-1]
        return
    table = definition.schema_of(stream, written_as(batch, stream, definition))
    for lines in read_rows(path, table, display_path):
        if lines.frame is None:
            raise ClaimlogError(f"{display_path}: changed while it was read; run this again")
        yield from written_lines(lines.frame, table)
