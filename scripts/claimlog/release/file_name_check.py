"""Check that a release holds no file but those that making one writes.

A list of checksums accepts whatever it lists. A write-ahead log beside the database alters what
SQLite reads, a further table passes for one of ours, and a program waits to be run: so every name
must follow from the definition.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from claimlog.errors import Finding
from claimlog.package import LOG, VALIDATION
from claimlog.release.checksums import MAX_LISTED, RULE
from claimlog.release.delta import DELTA, DELTA_FILE, ROWS_FOLDER
from claimlog.release.descriptors.stated_metadata import csv_name
from claimlog.release.log_file_names import LOG_FILE, is_definition_file
from claimlog.release.release_file_names import CHANGES, LICENCE, SITE
from claimlog.release.release_limits import MAX_DEPTH, NAME_LENGTH
from claimlog.release.tool_wheel import LOCK, wheel_name
from claimlog.release.walk_release import GET_AGAIN, relative_paths
from claimlog.release.write_release_folder import DESCRIPTOR_FILES
from claimlog.schema.definition import Definition

PART = r"(?!\.{1,2}(?:/|\Z))[\w%=,~.+-]+"
FILE_NAME = re.compile(
    rf"(?!.{{{NAME_LENGTH + 1}}})(?:{PART}/){{0,{MAX_DEPTH}}}{PART}", re.ASCII | re.DOTALL
)
"""The form that the name of any file of a release has."""

SITE_FILE = re.compile(
    rf"{SITE}/(?:(?!\.\.?/)[\w%=,~.-]+/)*[\w%=,~.-]+\.(?:html|json|jsonld|atom|css|js|svg|png|txt|xml)",
    re.ASCII,
)


def is_delta_file(path: str, tables: Collection[str]) -> bool:
    """Whether a file may lie in the delta of a release; which ones do follows from the log."""
    inner = path.removeprefix(f"{DELTA}/")
    if inner == path:
        return False
    rows = {f"{ROWS_FOLDER}/{table}.parquet" for table in tables}
    return path == DELTA_FILE or inner == LICENCE or path in rows or bool(LOG_FILE.fullmatch(inner))


def _is_log_file(path: str, definition: Definition, is_early: bool) -> bool:
    inner = path.removeprefix(f"{LOG}/")
    if inner.startswith("schemas/"):
        return inner != path and is_definition_file(inner, definition.streams, is_early)
    return LOG_FILE.fullmatch(path) is not None


def check_file_names(
    folder: Path, definition: Definition, tool_version: str | None
) -> Iterator[Finding]:
    """Yield the files of a release's directory that no release has.

    Parameters
    ----------
    definition
        That of its log.
    tool_version
        Version of the claimlog whose wheel and lock file it should hold, if any.
    """
    name, tables = definition.descriptor["name"], definition.tables
    expected = {*DESCRIPTOR_FILES, CHANGES, VALIDATION, LICENCE, f"{name}.db"}
    expected |= {f"parquet/{table}.parquet" for table in tables} | {*map(csv_name, tables)}
    if tool_version is not None:
        expected |= {wheel_name(tool_version), LOCK}
    extra = [
        path
        for path in relative_paths(folder)
        if path not in expected
        and not _is_log_file(path, definition, tool_version is None)
        and not is_delta_file(path, tables)
        and not (tool_version is not None and SITE_FILE.fullmatch(path))
    ]
    for path in extra[:MAX_LISTED]:
        message = "is no file that a release of this definition holds"
        yield Finding(RULE, path, message, remedy=GET_AGAIN)
    if len(extra) > MAX_LISTED:
        message = f"{len(extra)} files in all are none that a release holds"
        yield Finding(RULE, "", message, remedy=GET_AGAIN)
