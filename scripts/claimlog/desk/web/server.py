"""Serving the desk on this machine until a signal ends it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

from claimlog.command_limits import allow_a_server
from claimlog.desk.desk import Desk
from claimlog.desk.roles import Role
from claimlog.desk.web.app import DeskApp
from claimlog.desk.web.tokens import role_tokens
from claimlog.package import Package
from claimlog.site.server import bounded_server
from claimlog.site.server_command import require_port
from claimlog.site.source_texts import VARIABLE

HOST = "127.0.0.1"


def serve_desk(
    package: Package, texts: Path, roles: Sequence[Role], port: int, today: date | None = None
) -> None:
    """Serve the desk, and print the start address of each role.

    Raises
    ------
    ClaimlogError
        If the port is taken, or the state of the package is none of ours.
    """
    require_port(HOST, port)
    desk = Desk(package, texts, tuple(roles), today)
    os.environ[VARIABLE] = str(texts.resolve())  # for the pages of the preview
    app = DeskApp(desk, role_tokens(desk.work_folder, desk.roles))
    # a start address holds a token, so that what is asked is not logged
    server = bounded_server(app, HOST, port, takes_bodies=True, access_log=False)
    for name, token in app.tokens.items():
        print(f"{name}: http://{HOST}:{port}/{name}/start?token={token}", flush=True)
    print("(stop with Ctrl-C; whoever has an address opens the desk in that role)", flush=True)
    allow_a_server()
    try:
        with suppress(KeyboardInterrupt):  # how it is meant to end
            server.run([server.config.bind_socket()])
    finally:
        app.close()
