"""One build of a log in a process of its own, watched with all its children.

``python -m workshop.bench.growth.contender PACKAGE OUT (fresh | update)`` prints seconds, processor
seconds, peak memory and rows as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from time import perf_counter

from claimlog.package import Package
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
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu_seconds": sum(one.ru_utime + one.ru_stime for one in used),
                "peak_bytes": watch.peak,
                "rows": report.log.size,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
