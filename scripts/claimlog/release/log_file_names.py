"""The names that files of a release's log can have."""

from __future__ import annotations

import re

from claimlog.fingerprint import TAKEDOWNS
from claimlog.log.batch import MANIFEST, NAME, STREAM_FILE
from claimlog.log.release_index import FOLDER, VERSION
from claimlog.package import DESCRIPTOR, LOG, SCHEMA_PATH

ROWS = STREAM_FILE.pattern.replace("?P<stream>", "?:")
LOG_FILE = re.compile(
    rf"{LOG}/(?:{re.escape(DESCRIPTOR)}|{re.escape(TAKEDOWNS)}|docs/codebook\.md"
    rf"|{SCHEMA_PATH.pattern}"
    rf"|events/{NAME.pattern}/(?:{re.escape(MANIFEST)}|{ROWS})"
    rf"|{FOLDER}/(?:{VERSION.pattern})\.json)",
    re.ASCII,
)
