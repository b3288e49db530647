"""One engine builds one log, in a process of its own, and is watched with all its children.

``python -m workshop.bench.engines.contender ENGINE PACKAGE OUT`` prints seconds, peak memory and
the logical hash of every table as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter

from claimlog.package import Package
from claimlog.schema.definition import read_definition
from workshop.bench.memory_watch import MemoryWatch

SPARK_PROPERTIES = {
    "spark.master": "local[2]",
    "spark.driver.memory": "3g",
    "spark.sql.shuffle.partitions": "4",
}
"""Two cores and little else: what a laptop gives."""


def build_embedded(package: Package, out: Path) -> dict[str, str]:
    """Build in this process and return the logical hashes of what was written."""
    from claimlog.build import build

    build(package, out)
    return {}


def build_on_spark(package: Package, out: Path) -> dict[str, str]:
    """Build on local Spark and return the logical hashes that it found."""
    from claimlog.spark.build import build

    built = build(package, str(out), properties=SPARK_PROPERTIES)
    return {name: table.root for name, table in built.tables.items()}


def table_hashes(package: Package, out: Path) -> dict[str, str]:
    """Return the logical hash of every table of an embedded build."""
    from claimlog.export.content_hash import parquet_content

    tables = read_definition(package).tables
    return {
        name: parquet_content(out / "parquet" / f"{name}.parquet", table).root
        for name, table in tables.items()
    }


ENGINES = {"embedded": build_embedded, "spark": build_on_spark}


def main(engine: str, root: str, out: str) -> None:
    """Build with an engine and print what it took."""
    package = Package(Path(root))
    start = perf_counter()
    with MemoryWatch() as watch:
        hashes = ENGINES[engine](package, Path(out))
        seconds = perf_counter() - start
    # hashing is a part of Spark's build and not of the embedded one: it is not timed there
    tables = hashes or table_hashes(package, Path(out))
    print(json.dumps({"seconds": seconds, "peak": watch.peak, "tables": tables}))


if __name__ == "__main__":
    main(*sys.argv[1:])
