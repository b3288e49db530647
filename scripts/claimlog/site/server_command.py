"""The command that serves a build, and the settings of Datasette."""

from __future__ import annotations

import socket
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.export.metadata import PAGE_ROWS
from claimlog.package import Package

SETTINGS: Mapping[str, bool | int] = {
    "default_allow_sql": True,
    "sql_time_limit_ms": 2000,
    "max_returned_rows": 200,
    "default_page_size": PAGE_ROWS,
    "facet_time_limit_ms": 1000,
    "suggest_facets": False,  # the declared facets are indexed; guessed ones can time out
    "allow_csv_stream": True,
}
"""Settings of Datasette: readers may run SQL of their own, for two seconds and 200 rows."""


def server_command(
    package: Package,
    folder: Path,
    host: str,
    port: int,
    releases: str | None = None,
    host_names: Collection[str] = (),
) -> list[str]:
    """Return the command line of the server for a build and for `releases` beside it.

    Parameters
    ----------
    host_names
        Names under which readers ask for it, beside its address.

    Raises
    ------
    ClaimlogError
        If there is no build, the database of a release is missing, or the port is taken.
    """
    database = folder / f"{package.descriptor['name']}.db"
    if not database.is_file():
        raise ClaimlogError(f"{package.relative(database)}: there is no build; run make build")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ClaimlogError(
                f"port {port} on {host} cannot be used ({error.strerror}); "
                f"take another: make serve PORT={port + 1 if port < 65535 else 8001}"
            ) from error
    words = [sys.executable, "-P", "-m", "claimlog.site.server"]
    words += ["--immutable", str(database)]
    if releases is not None:
        from claimlog.site.release_databases import place_releases

        for path in place_releases(package, folder, releases):
            words += ["--immutable", str(path)]
    words += ["--inspect-file", str(folder / "datasette" / "inspect.json")]
    words += ["--metadata", str(folder / "datasette" / "metadata.json")]
    words += ["--host", host, "--port", str(port)]
    for name in host_names:
        words += ["--host-name", name]
    for name, value in SETTINGS.items():
        words += ["--setting", name, str(int(value))]
    return words


def serve(
    package: Package,
    folder: Path,
    host: str,
    port: int,
    texts: Path | None = None,
    releases: str | None = None,
    host_names: Collection[str] = (),
) -> None:
    """Replace this process by the server of a build, with the source texts of a directory."""
    import os

    from claimlog.site.source_texts import VARIABLE, summarize_texts

    words = server_command(package, folder, host, port, releases, host_names)
    if texts is not None:
        print(summarize_texts(folder / f"{package.descriptor['name']}.db", texts), flush=True)
        os.environ[VARIABLE] = str(texts.resolve())
    print(f"serving http://{host}:{port}/ (stop with Ctrl-C)", flush=True)
    os.execv(words[0], words)
