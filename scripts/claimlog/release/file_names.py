"""The files that a release may hold: those that making one writes, and no others.

A list of checksums welcomes whatever it lists. A log of changes beside the database alters what
SQLite reads, a further table passes for one of ours, and a program waits to be run: so every name
must follow from the definition.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from claimlog.errors import Finding
from claimlog.log.batch import MANIFEST, NAME, STREAM_FILE
from claimlog.log.release_index import FOLDER, VERSION
from claimlog.package import DESCRIPTOR
from claimlog.release.layout import (
    AGAIN,
    CHANGES,
    LICENCE,
    LOG,
    MOST_LISTED,
    RULE,
    VALIDATION,
    paths,
)
from claimlog.release.stage import DESCRIBING

ROWS = STREAM_FILE.pattern.replace("?P<stream>", "?:")
IN_LOG = re.compile(
    rf"{LOG}/(?:{re.escape(DESCRIPTOR)}|docs/codebook\.md"
    rf"|schemas/(?:\w[\w-]*/)*\w[\w-]*\.(?:json|csv)|schemas/past/[a-z][a-z0-9_]*\.[0-9]{{1,6}}\.json"
    rf"|schemas/queries/[a-z][a-z0-9_]*\.sql"
    rf"|events/{NAME.pattern}/(?:{re.escape(MANIFEST)}|{ROWS})"
    rf"|{FOLDER}/(?:{VERSION.pattern})\.json)",
    re.ASCII,
)


def check_names(folder: Path, name: str, tables: Collection[str]) -> Iterator[Finding]:
    """Yield the files of a release's directory that no release has.

    Parameters
    ----------
    name
        Of the dataset, after which the SQLite file is named.
    tables
        Names of the tables of the definition.
    """
    expected = {*DESCRIBING, CHANGES, VALIDATION, LICENCE, f"{name}.db"}
    expected |= {f"parquet/{table}.parquet" for table in tables}
    extra = [path for path in paths(folder) if path not in expected and not IN_LOG.fullmatch(path)]
    for path in extra[:MOST_LISTED]:
        message = "is no file that a release of this definition holds"
        yield Finding(RULE, path, message, remedy=AGAIN)
    if len(extra) > MOST_LISTED:
        message = f"{len(extra)} files in all are none that a release holds"
        yield Finding(RULE, "", message, remedy=AGAIN)
