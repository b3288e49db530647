"""Files of peers beside the repository (../shared/peers), which no test may silently do without."""

from __future__ import annotations

from pathlib import Path

import pytest

PEERS = Path(__file__).parents[2] / "shared" / "peers"


def peer_files(name: str, pattern: str, number: int) -> list[Path]:
    """Return a peer's files that match `pattern`; skip loudly without them, fail on a part."""
    folder = PEERS / name
    if not folder.is_dir():
        pytest.skip(f"NOT RUN: needs the files of peers in ../shared/peers/{name}")
    found = sorted(folder.glob(pattern))
    assert len(found) == number, f"../shared/peers/{name}: {len(found)} of {number} files"
    return found
