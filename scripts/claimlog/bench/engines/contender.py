"""One engine builds one log, in a process of its own, and is watched with all its children.

``python -m claimlog.bench.engines.contender ENGINE PACKAGE OUT`` prints seconds, peak memory and
the logical hash of every table as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from time import perf_counter

from claimlog.package import Package
from claimlog.schema import Schemas

PROPERTIES = {
    "spark.master": "local[2]",
    "spark.driver.memory": "3g",
    "spark.sql.shuffle.partitions": "4",
}
"""Two cores and little else: what a laptop gives."""

EVERY = 0.25  # seconds between two looks at memory


class Watch:
    """The most memory that this process and its children, Java and its workers, held at once."""

    def __init__(self) -> None:
        self.peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(EVERY):
            self.peak = max(self.peak, resident())


def resident() -> int:
    """Return the resident bytes of this process and all below it."""
    parents: dict[int, int] = {}
    sizes: dict[int, int] = {}
    page = os.sysconf("SC_PAGE_SIZE")
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        parents[int(path.parent.name)] = int(words[1])
        sizes[int(path.parent.name)] = int(words[21]) * page
    family = {os.getpid()}
    grown = True
    while grown:
        below = {one for one, parent in parents.items() if parent in family}
        grown = not below <= family
        family |= below
    return sum(sizes.get(one, 0) for one in family)


def embedded(package: Package, out: Path) -> dict[str, str]:
    """Build in this process and return the logical hashes of what was written."""
    from claimlog.pipeline import build

    build(package, out)
    return {}


def spark(package: Package, out: Path) -> dict[str, str]:
    """Build on local Spark and return the logical hashes that it found."""
    from claimlog.spark.build import build

    built = build(package, str(out), properties=PROPERTIES)
    return {name: table.root for name, table in built.tables.items()}


def hashes(package: Package, out: Path) -> dict[str, str]:
    """Return the logical hash of every table of an embedded build."""
    from claimlog.export.logical import of_parquet

    tables = Schemas(package).tables
    return {
        name: of_parquet(out / "parquet" / f"{name}.parquet", table).root
        for name, table in tables.items()
    }


ENGINES = {"embedded": embedded, "spark": spark}


def main(engine: str, root: str, out: str) -> None:
    """Build with an engine and print what it took."""
    package = Package(Path(root))
    begun = perf_counter()
    with Watch() as watch:
        found = ENGINES[engine](package, Path(out))
        seconds = perf_counter() - begun
    # hashing is a part of Spark's build and not of the embedded one: it is not timed there
    tables = found or hashes(package, Path(out))
    print(json.dumps({"seconds": seconds, "peak": watch.peak, "tables": tables}))


if __name__ == "__main__":
    main(*sys.argv[1:])
