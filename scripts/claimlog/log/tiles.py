"""The layout of C2SP tlog-tiles (https://c2sp.org/tlog-tiles): a Merkle tree as static files.

A tile holds 256 consecutive hashes of a level, and a level is eight levels of the tree above the
one below it. The rows lie beside the tiles of level 0, in bundles of 256. The last tile of a level
may be partial; its name says how wide it is, so that nothing that was published changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from claimlog.errors import ClaimlogError
from claimlog.log.leaf_entries import LeafEntry
from claimlog.log.proofs import HASH_BYTES, tree_root

WIDTH = 256
"""Hashes of a full tile, and rows of a full bundle."""

ENTRY_BYTES = 65_535
"""The longest row of a bundle: its length is written as two bytes."""

BUNDLE_BYTES = WIDTH * (2 + ENTRY_BYTES)
"""The largest bundle."""

TILES = "tile"
"""The directory of tiles and bundles, beside the checkpoint."""

ENTRIES = "entries"
"""What stands in place of a level in the path of a bundle."""


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """Return the path of a tile, or with `ENTRIES` as level of a bundle, below the log's prefix.

    >>> tile_path(0, 1234067), tile_path("entries", 0, 7)
    ('tile/0/x001/x234/067', 'tile/entries/000.p/7')
    """
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    folders = "".join(f"x{part}/" for part in parts[:-1])
    partial = "" if width == WIDTH else f".p/{width}"
    return f"{TILES}/{level}/{folders}{parts[-1]}{partial}"


def level_sizes(size: int) -> list[int]:
    """Return how many hashes each level has in a tree of `size` rows, from level 0 on.

    >>> level_sizes(70_000), level_sizes(0)
    ([70000, 273, 1], [])
    """
    sizes = []
    while size:
        sizes.append(size)
        size //= WIDTH
    return sizes


def tile_files(entries: Iterable[LeafEntry], sizes: Collection[int]) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of every tile and bundle of the rows.

    Parameters
    ----------
    sizes
        Sizes of trees that partial tiles are written for.

    Raises
    ------
    ClaimlogError
        If a row is too long for a bundle.
    """
    levels: list[list[bytes]] = [[]]
    bundle: list[bytes] = []
    for count, entry in enumerate(entries, 1):
        if len(entry.line) > ENTRY_BYTES:
            raise ClaimlogError(
                f"row {count - 1} of the log has {len(entry.line):,} bytes; tiles hold rows of at "
                f"most {ENTRY_BYTES:,}"
            )
        bundle.append(entry.line)
        levels[0].append(entry.hash)
        if count % WIDTH == 0:
            yield tile_path(ENTRIES, count // WIDTH - 1), dump_bundle(bundle)
            bundle.clear()
            yield from _full_tiles(levels, count)
        if count in sizes:
            yield from _partial_tiles(levels, bundle, count)


def _full_tiles(levels: list[list[bytes]], count: int) -> Iterator[tuple[str, bytes]]:
    """Yield the tiles that row number `count` completed; their hashes go up a level."""
    level = 0
    while len(levels[level]) == WIDTH:
        yield tile_path(level, (count >> 8 * (level + 1)) - 1), b"".join(levels[level])
        if len(levels) == level + 1:
            levels.append([])
        levels[level + 1].append(tree_root(levels[level]))
        levels[level].clear()
        level += 1


def _partial_tiles(
    levels: list[list[bytes]], bundle: list[bytes], size: int
) -> Iterator[tuple[str, bytes]]:
    """Yield the tiles at the right edge of a tree of `size` rows."""
    if bundle:
        yield tile_path(ENTRIES, size // WIDTH, len(bundle)), dump_bundle(bundle)
    for level, hashes in enumerate(levels):
        if hashes:
            yield tile_path(level, size >> 8 * (level + 1), len(hashes)), b"".join(hashes)


def dump_bundle(lines: Iterable[bytes]) -> bytes:
    """Return rows as a bundle, each behind its length."""
    return b"".join(len(line).to_bytes(2, "big") + line for line in lines)


def parse_bundle(data: bytes) -> list[bytes] | None:
    """Return the rows of a bundle; None if it ends within one, or holds more than a bundle does."""
    lines: list[bytes] = []
    place = 0
    while place < len(data) and len(lines) < WIDTH:
        end = place + 2 + int.from_bytes(data[place : place + 2], "big")
        if place + 2 > len(data) or end > len(data):
            return None
        lines.append(data[place + 2 : end])
        place = end
    return lines if place == len(data) else None


def parse_tile(data: bytes) -> list[bytes]:
    """Return the hashes of a tile whose length was checked."""
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]
