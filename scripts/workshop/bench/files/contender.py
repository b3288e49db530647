"""One site written as files in a process of its own, watched with all its children.

``python -m workshop.bench.files.contender PACKAGE OUT`` builds the package, and prints seconds,
processor seconds, peak memory, pages, files and bytes as JSON; building is not timed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter

from claimlog.build import build
from claimlog.package import Package
from claimlog.site.files.publish import publish_site
from workshop.bench.machine import processor_seconds
from workshop.bench.memory_watch import MemoryWatch


def main(root: str, out: str) -> None:
    """Write the site and print what it took."""
    package, folder = Package(Path(root)), Path(out)
    events = build(package, package.build).log.size
    start, used = perf_counter(), processor_seconds()
    with MemoryWatch() as watch:
        size = publish_site(package, package.build, folder)
        seconds = perf_counter() - start
    cpu_seconds = processor_seconds() - used
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    print(
        json.dumps(
            {
                "events": events,
                "seconds": seconds,
                "cpu_seconds": cpu_seconds,
                "peak_bytes": watch.peak,
                "pages": size.pages,
                "files": len(sizes),
                "bytes": sum(sizes),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
