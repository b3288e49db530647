"""Which slow tests a run takes: all, or with ``--slow=sample`` one in twenty, chosen by the commit.

Slow is a test function whose cases take more than two seconds together on a quiet core, unless it
walks a main way from end to end: the pages of documentation, a release and its verification, a
text that is coded in a browser. It is marked ``slow``. The same commit always has the same sample,
and the next one another.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

ONE_IN = 20
"""How many slow tests there are for each one of a sample."""


def commit_of(root: Path) -> str:
    """Return the commit that a checkout is on, or no word where git knows none."""
    try:
        command = ["git", "-C", str(root), "rev-parse", "--verify", "--quiet", "HEAD"]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:
        return ""


def is_in_sample(name: str, commit: str) -> bool:
    """Whether the slow test of this name belongs to the sample of a commit."""
    digest = hashlib.sha256(f"{commit} {name}".encode("utf-8", "backslashreplace")).digest()
    return int.from_bytes(digest[:8], "big") % ONE_IN == 0


def left_out(items: Sequence[pytest.Item], commit: str) -> list[pytest.Item]:
    """Return the slow tests that are not in the sample of a commit, in their order."""
    return [
        item
        for item in items
        if item.get_closest_marker("slow") and not is_in_sample(item.nodeid, commit)
    ]
