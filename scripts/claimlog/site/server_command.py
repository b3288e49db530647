"""The command that serves a build, and the settings of Datasette."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from claimlog.command_limits import allow_a_server
from claimlog.errors import ClaimlogError, reason
from claimlog.export.metadata import PAGE_ROWS
from claimlog.package import Package
from claimlog.site.base_path import BaseUrl
from claimlog.site.protection import reader_limits
from claimlog.site.protection.forwarded import require_addresses

SETTINGS: Mapping[str, bool | int] = {
    "default_allow_sql": True,
    "sql_time_limit_ms": reader_limits.QUERY_MILLISECONDS,
    "max_returned_rows": reader_limits.TABLE_ROWS,
    "default_page_size": PAGE_ROWS,
    "facet_time_limit_ms": reader_limits.FACET_MILLISECONDS,
    "suggest_facets": False,  # the declared facets are indexed; guessed ones can time out
    "allow_csv_stream": True,
}
"""Settings of Datasette; the limits among them, and all others, are in `reader_limits`."""


@dataclass(frozen=True)
class ServerOptions:
    """Where a server listens, how readers reach it, and what it serves beside a build.

    Attributes
    ----------
    releases
        Versions of releases, parted by commas, or ``all``; None for none.
    host_names
        Names under which readers ask for it, beside its address.
    base_url
        Address, or path, under which readers reach it through a proxy.
    trusted_proxies
        Addresses and networks of proxies that may say who asks.
    """

    host: str
    port: int
    releases: str | None = None
    host_names: tuple[str, ...] = ()
    base_url: str = "/"
    trusted_proxies: tuple[str, ...] = ()


def server_command(
    package: Package, folder: Path, options: ServerOptions, origin: Path | None = None
) -> list[str]:
    """Return the command line of the server of a build.

    Parameters
    ----------
    origin
        The directory that the build was linked from, if `folder` is not it.

    Raises
    ------
    ClaimlogError
        If there is no build, the database of a release is missing, or the port is taken.
    UsageError
        If the base URL is no address, or a proxy is named by none.
    """
    from claimlog.site.served_build import database_of

    database = database_of(package, folder)
    BaseUrl.parse(options.base_url)
    require_addresses(options.trusted_proxies)
    require_port(options.host, options.port)
    words = [sys.executable, "-P", "-m", "claimlog.site.server_process"]
    words += ["--immutable", str(database)]
    if options.releases is not None:
        from claimlog.site.release_databases import place_releases

        for path in place_releases(package, folder, options.releases):
            words += ["--immutable", str(path)]
    words += ["--inspect-file", str(folder / "datasette" / "inspect.json")]
    words += ["--metadata", str(folder / "datasette" / "metadata.json")]
    words += ["--host", options.host, "--port", str(options.port)]
    words += ["--base-url", options.base_url]
    if origin is not None:
        words += ["--origin", str(origin)]
    for name in options.host_names:
        words += ["--host-name", name]
    for proxy in options.trusted_proxies:
        words += ["--trusted-proxy", proxy]
    for name, value in SETTINGS.items():
        words += ["--setting", name, str(int(value))]
    return words


def require_port(host: str, port: int) -> None:
    """Raise if a server cannot listen on a port.

    Raises
    ------
    ClaimlogError
        If it is taken or not allowed, with another one to take.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ClaimlogError(
                f"port {port} on {host} cannot be used ({error.strerror}); "
                f"take another: make serve PORT={port + 1 if port < 65535 else 8001}"
            ) from error


def serve(
    package: Package, folder: Path, options: ServerOptions, texts: Path | None = None
) -> None:
    """Replace this process by the server of a build, with the source texts of a directory.

    The server reads links to the files that are there now, and removes them when it ends.
    """
    from claimlog.site.build_check import require_build_database
    from claimlog.site.served_build import ServedBuild, database_of, log_behind, pin_build
    from claimlog.site.source_texts import VARIABLE, summarize_texts

    database_of(package, folder)
    try:
        build = pin_build(package, folder)
    except OSError as error:
        build = ServedBuild(folder, folder)
        print(
            f"{package.relative(folder)}: is read where it lies, because links to its files cannot "
            f"be made ({reason(error)}); build nothing there while it is served",
            file=sys.stderr,
            flush=True,
        )
    try:
        database = database_of(package, build.folder)
        require_build_database(build, database)
        if texts is not None:
            print(summarize_texts(database, texts), flush=True)
            os.environ[VARIABLE] = str(texts.resolve())
        words = server_command(package, build.folder, options, build.origin.resolve())
        if note := log_behind(package, build):
            print(note, file=sys.stderr, flush=True)
        allow_a_server()
        os.execv(words[0], words)
    except BaseException:
        build.release()
        raise
