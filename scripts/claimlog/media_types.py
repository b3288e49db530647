"""Media types of the files of packages, builds and releases, by the end of their names."""

from __future__ import annotations

PARQUET, SQLITE = "application/vnd.apache.parquet", "application/vnd.sqlite3"
JSON, NDJSON = "application/json", "application/x-ndjson"
BINARY, PLAIN = "application/octet-stream", "text/plain"

MEDIA_TYPES = {
    ".csv": "text/csv",
    ".db": SQLITE,
    ".json": JSON,
    ".md": "text/markdown",
    ".ndjson": NDJSON,
    ".parquet": PARQUET,
    ".png": "image/png",
    ".sql": "application/sql",
    ".svg": "image/svg+xml",
    ".whl": "application/zip",
}
