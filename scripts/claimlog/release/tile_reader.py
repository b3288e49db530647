"""Reading a log as C2SP tlog-tiles, anybody's: every row against its tile, and these to the root.

The directory may be a stranger's. Which files are read follows from the size in the checkpoint
alone, each has a largest size, and all of it together a limit, so that neither links from many
names to one file nor holes in files make it endless.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError, Finding
from claimlog.limits import TILED_BYTES, TILED_ROWS
from claimlog.log.leaf_entries import LeafEntry
from claimlog.log.merkle import CompactRange, leaf_hash
from claimlog.log.proofs import HASH_BYTES, tree_root
from claimlog.log.tiles import (
    BUNDLE_BYTES,
    ENTRIES,
    WIDTH,
    level_sizes,
    parse_bundle,
    parse_tile,
    tile_path,
)
from claimlog.release.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from claimlog.release.published_checkpoint import CHECKPOINT_FILE
from claimlog.release.signed_note import NOTE_BYTES
from claimlog.release.tile_takedowns import GET_TILE, TAKEN_FILE, read_taken_rows
from claimlog.untrusted_files import RIGHT_FILE, read_regular


@dataclass
class TiledLog:
    """A directory of tiles, with the checkpoint that it is read by.

    Attributes
    ----------
    taken
        What the directory says of each row that was taken down, by its place. Nobody signed it.
    missing
        Those of them that were read so far and are not there.
    bytes_read
        How much of it was read so far.
    """

    folder: Path
    checkpoint: Checkpoint
    taken: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    missing: dict[int, str] = field(default_factory=dict, init=False)
    bytes_read: int = field(default=0, init=False)

    @classmethod
    def open(cls, folder: Path, key: Path | str | None = None) -> TiledLog:
        """Read the checkpoint of a directory of tiles.

        Parameters
        ----------
        key
            Public key that must have signed it, as in `signing_key.read_public_key`; without one
            no signature is checked.

        Raises
        ------
        ClaimlogError
            If it is no checkpoint, is not signed by the key, or is of more rows than are read.
        """
        path = folder / CHECKPOINT_FILE
        data = read_regular(path, str(path), NOTE_BYTES, folder, RIGHT_FILE)
        if key is None:
            checkpoint, _ = parse_checkpoint(data, str(path))
        else:
            checkpoint = verify_checkpoint(data, key, str(path))
        if checkpoint.size > TILED_ROWS:
            raise ClaimlogError(
                f"{path}: is of {checkpoint.size:,} rows, {TILED_ROWS:,} are the most that are read"
            )
        return cls(folder, checkpoint, read_taken_rows(folder))

    def entries(self) -> Iterator[LeafEntry]:
        """Yield every row with its leaf hash, each bundle once it agrees with its tile.

        That the tiles agree with the checkpoint is known when the last one was yielded.

        Raises
        ------
        ClaimlogError
            If a file is missing, malformed or too large, a row is not what its tile says, or the
            tiles do not give the root of the checkpoint.
        """
        size = self.checkpoint.size
        levels: list[list[bytes]] = [[] for _ in level_sizes(size)]
        tree = CompactRange()
        for first in range(0, size, WIDTH):
            width = min(WIDTH, size - first)
            hashes = self._tile(0, first // WIDTH, width)
            yield from self._bundle(first // WIDTH, hashes)
            tree.extend(hashes)
            levels[0] = hashes
            for level in range(len(levels)):
                if len(levels[level]) == WIDTH:
                    self._check_tile(level, tree.size, levels[level])
                    if level + 1 < len(levels):
                        levels[level + 1].append(tree_root(levels[level]))
                    levels[level] = []
        for level, hashes in enumerate(levels):
            if hashes:
                self._check_tile(level, size, hashes)
        if tree.root() != self.checkpoint.root:
            raise ClaimlogError(
                f"{self.folder}: its tiles give the root {tree.root().hex()} of {size} rows, its "
                f"checkpoint names {self.checkpoint.root.hex()}"
            )

    def _check_tile(self, level: int, size: int, hashes: list[bytes]) -> None:
        """Compare the last tile of a level of the tree so far with what those below it give."""
        index = (size // WIDTH**level - 1) // WIDTH
        if level and self._tile(level, index, len(hashes)) != hashes:
            path = self.folder / tile_path(level, index, len(hashes))
            raise ClaimlogError(
                f"{path}: does not hold the hashes of the tiles below it; {GET_TILE}"
            )

    def _tile(self, level: int, index: int, width: int) -> list[bytes]:
        """Return the first `width` hashes of a tile; a full one may stand for a partial one."""
        path, data, present = self._read(level, index, width, WIDTH * HASH_BYTES)
        if len(data) != present * HASH_BYTES:
            raise ClaimlogError(
                f"{path}: has {len(data)} bytes, expected {present * HASH_BYTES}; {GET_TILE}"
            )
        return parse_tile(data)[:width]

    def _bundle(self, index: int, hashes: list[bytes]) -> Iterator[LeafEntry]:
        """Yield the rows of a bundle that hash to `hashes`."""
        path, data, present = self._read(ENTRIES, index, len(hashes), BUNDLE_BYTES)
        lines = parse_bundle(data)
        if lines is None or len(lines) != present:
            raise ClaimlogError(f"{path}: is no bundle of {present} rows; {GET_TILE}")
        for place, (line, expected) in enumerate(zip(lines, hashes, strict=False)):
            if leaf_hash(line) != expected:
                row = index * WIDTH + place
                said = self.taken.get(row, {})
                if line or said.get("leaf_hash") != expected.hex():
                    raise ClaimlogError(
                        f"{path}: row {row} is not the one that the tile of level 0 holds the hash "
                        f"of; {GET_TILE}"
                    )
                self.missing[row] = _words_about(said)
            yield LeafEntry(expected, line)

    def _read(self, level: int | str, index: int, width: int, most: int) -> tuple[Path, bytes, int]:
        """Return path and bytes of a tile or bundle, and how wide the one that is there is."""
        path = self.folder / tile_path(level, index, width)
        full = self.folder / tile_path(level, index)
        if not path.exists() and full.exists():
            path, width = full, WIDTH  # a log may drop a partial tile once the full one is there
        data = read_regular(path, str(path), most, self.folder, GET_TILE)
        self.bytes_read += len(data)
        if self.bytes_read > TILED_BYTES:
            raise ClaimlogError(
                f"{self.folder}: holds more than {TILED_BYTES:,} bytes of tiles and rows, the most "
                "that are read"
            )
        return path, data, width


def _words_about(said: Mapping[str, Any]) -> str:
    """Return why a row is missing, as it can stand in quotes: whoever wrote it chose the words."""
    words = (
        f"taken down on {said.get('taken_down', 'no day')} by {said.get('by', 'nobody')}: "
        f"{said.get('reason', 'no reason')}"
    )
    return words.replace('"', "'")


def missing_rows(tiled: TiledLog, known: Collection[int]) -> list[Finding]:
    """Return a finding for each row that was missing as the log was read, but for `known` ones.

    Whoever serves a directory can empty a row in it and write why: no signature covers that.
    """
    return [
        Finding(
            "tile-row",
            str(tiled.folder / TAKEN_FILE),
            f"row {row} is missing, and nobody vouches for why; this file, which nobody signed, "
            f'says "{said}"',
            remedy=f"if you know from elsewhere that it was taken down: --missing {row}",
        )
        for row, said in sorted(tiled.missing.items())
        if row not in known
    ]


def check_tiled_log(tiled: TiledLog, kept_roots: Mapping[int, str]) -> int:
    """Read a whole log as tiles; return how many rows its tree has, `TiledLog.missing` ones too.

    Parameters
    ----------
    kept_roots
        Roots that the reader kept, by size of the tree; the log must begin with these trees.

    Raises
    ------
    ClaimlogError
        As `TiledLog.entries` does, or if the log does not begin with a tree whose root was kept.
    """
    tree = CompactRange()
    roots = {0: tree.root()}
    for entry in tiled.entries():
        tree.extend([entry.hash])
        if tree.size in kept_roots:
            roots[tree.size] = tree.root()
    for size, root in kept_roots.items():
        if size > tree.size:
            raise ClaimlogError(
                f"{tiled.folder}: has {tree.size} rows, less than the {size} whose root you kept"
            )
        if roots[size].hex() != root:
            raise ClaimlogError(
                f"{tiled.folder}: its first {size} rows have the root {roots[size].hex()}, not the "
                "one that you kept: this is another log, or it was rewritten"
            )
    return tree.size
