"""One build of a log in a process of its own, watched with all its children.

``python -m workshop.bench.growth.contender PACKAGE OUT (fresh | update)`` prints seconds, processor
seconds, peak memory and rows as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter

from claimlog.package import Package
from workshop.bench.machine import processor_seconds
from workshop.bench.memory_watch import MemoryWatch


def main(root: str, out: str, how: str) -> None:
    """Build and print what it took."""
    start = perf_counter()
    with MemoryWatch() as watch:
        from claimlog import build, fingerprint

        # a small log is cached too, and its build updated
        fingerprint.MEMORY_BYTES = build.UPDATE_BYTES = 0
        report = build.build(Package(Path(root)), Path(out), fresh=how == "fresh")
        seconds = perf_counter() - start
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu_seconds": processor_seconds(),
                "peak_bytes": watch.peak,
                "rows": report.log.size,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
