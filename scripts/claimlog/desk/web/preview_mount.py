"""The site's own pages of the log with the open batch, below the desk's addresses."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from claimlog.desk.blindness import require_deciding
from claimlog.desk.desk import Desk
from claimlog.desk.preview import build_preview
from claimlog.desk.request_error import ABSENT, RequestError
from claimlog.desk.roles import Role
from claimlog.site.protection.host_names import LOOPBACK, NAMES
from claimlog.site.protection.reader_pool import POOLS
from claimlog.site.server_command import SETTINGS
from claimlog.site.source_texts import forget_texts

PREVIEW = "preview/"
PREVIEW_HEADERS = {
    b"x-frame-options": b"SAMEORIGIN",
    b"cache-control": b"no-store",
}
NO_ANCESTORS, OWN_ANCESTORS = b"frame-ancestors 'none'", b"frame-ancestors 'self'"


class PreviewMount:
    """A Datasette for each role that asks for one, which is replaced with each build."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._folder: Path | None = None
        self._builds = 0
        self._building = threading.Lock()
        self._opening = asyncio.Lock()
        self._opened: dict[str, tuple[Any, Any]] = {}
        """By role, a Datasette and its application."""
        self._opened_build = 0

    def build(self, role: Role) -> dict[str, Any]:
        """Build the pages anew, and return their address."""
        with self._building:
            self._folder = build_preview(self.desk)
            self._builds += 1
        return {"address": f"/{role.name}/{PREVIEW}"}

    def require_open(self, role: Role) -> None:
        """Refuse a role that codes, and a preview that was not built.

        Raises
        ------
        RequestError
            Saying which.
        """
        require_deciding(role)
        if self._folder is None:
            raise RequestError(ABSENT, "there is no preview yet; ask for it on the page of review")

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        name = scope["path"].lstrip("/").partition("/")[0]
        app = await self._application(name)

        async def send_framed(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                pairs = [
                    (key, value.replace(NO_ANCESTORS, OWN_ANCESTORS))
                    for key, value in message.get("headers", [])
                    if key.lower() not in PREVIEW_HEADERS
                ]
                message = {**message, "headers": [*pairs, *PREVIEW_HEADERS.items()]}
            await send(message)

        await app(scope, receive, send_framed)

    async def _application(self, role: str) -> Any:
        """Return what serves the latest build to a role; what served an earlier one is ended."""
        async with self._opening:  # a browser asks for a page and what it shows at once
            build = self._builds
            if build != self._opened_build:
                await asyncio.to_thread(self.close)
                forget_texts()  # one may have been registered since
                self._opened_build = build
            if role not in self._opened:
                datasette = await self._open(role)
                self._opened[role] = datasette, datasette.app()
            return self._opened[role][1]

    async def _open(self, role: str) -> Any:
        from datasette.app import Datasette

        folder = self._folder
        assert folder is not None
        about = folder / "datasette"
        database = folder / f"{self.desk.package.descriptor['name']}.db"
        datasette = Datasette(
            [],
            immutables=[str(database)],
            metadata=await asyncio.to_thread(_read, about / "metadata.json"),
            inspect_data=await asyncio.to_thread(_read, about / "inspect.json"),
            settings={**SETTINGS, "base_url": f"/{role}/{PREVIEW}"},
        )
        NAMES[datasette] = LOOPBACK
        await datasette.invoke_startup()
        return datasette

    def close(self) -> None:
        """Forget what is open, and end its threads, processes and connections."""
        opened, self._opened = self._opened, {}
        for datasette, _ in opened.values():
            POOLS[datasette].close()
            if datasette.executor is not None:
                datasette.executor.shutdown(wait=True)  # a query is stopped in time
            for database in datasette.databases.values():
                database.close()


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))
