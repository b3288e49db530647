"""The names that files of a release's log can have, and those of its definition that it has."""

from __future__ import annotations

import re
from collections.abc import Collection

from claimlog.errors import ClaimlogError
from claimlog.fingerprint import TAKEDOWNS
from claimlog.log.batch import MANIFEST, NAME, STREAM_FILE
from claimlog.log.release_index import FOLDER, VERSION
from claimlog.package import DESCRIPTOR, LOG, SCHEMA_PATH, Package
from claimlog.release.walk_release import relative_paths
from claimlog.schema.site_config import FILE as PRESENTATION_FILE

ROWS = STREAM_FILE.pattern.replace("?P<stream>", "?:")
LOG_FILE = re.compile(
    rf"{LOG}/(?:{re.escape(DESCRIPTOR)}|{re.escape(TAKEDOWNS)}|docs/codebook\.md"
    rf"|{SCHEMA_PATH.pattern}"
    rf"|events/{NAME.pattern}/(?:{re.escape(MANIFEST)}|{ROWS})"
    rf"|{FOLDER}/(?:{VERSION.pattern})\.json)",
    re.ASCII,
)

SHAPES = ("schemas/batch.json", "schemas/release.json")
"""JSON Schemas of claimlog's own files, which releases up to 0.2.0 hold; they name no claimlog."""


def is_definition_file(path: str, streams: Collection[str], is_early: bool = False) -> bool:
    """Whether a definition with some streams consists of a file, among others.

    Parameters
    ----------
    path
        From the package's directory.
    is_early
        Whether it is that of a release which names no claimlog.
    """
    if path.count("/") > 1 or not path.endswith(".json"):
        return SCHEMA_PATH.fullmatch(path) is not None
    own = {PRESENTATION_FILE, *(f"schemas/{name}.json" for name in streams)}
    return path in own or (is_early and path in SHAPES)


def refuse_unnamed_schemas(package: Package, streams: Collection[str]) -> None:
    """Refuse files below ``schemas/`` of which the definition does not consist.

    Raises
    ------
    ClaimlogError
        Naming the first one.
    """
    for name in relative_paths(package.schemas):
        if not is_definition_file(f"schemas/{name}", streams):
            raise ClaimlogError(
                f"schemas/{name}: is no stream, table, code list, query or other file of the "
                "definition, and would be published with it; take it out of schemas/, commit that, "
                "and run this again"
            )
