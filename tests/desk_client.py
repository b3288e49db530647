"""Asking the desk in this process, as its pages do, and an invented article to code."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from claimlog.desk.desk import Desk
from claimlog.desk.roles import Role
from claimlog.desk.web.app import DeskApp
from claimlog.desk.web.tokens import role_tokens
from claimlog.package import Package
from conftest import World, copied

HOST = "http://127.0.0.1:8010"
ROLES = ("coder-1", "coder-2", "adjudicator")
ARTICLE = """Lighthouse keepers at odds 🗼

Home | Tides | Contact

Norland: its harbour ministry has dimmed the lamp at Cape Sorrow, a keeper said on Tuesday. Sudland
fears that ships will founder. “We were never asked”, a pilot from Sudland said. Some ninety boats
use the strait every week. The ministry may relight the lamp in spring.
"""
"""Written for these tests; an emoji stands before all that is coded."""

FURNITURE = "Home | Tides | Contact"


def offsets(words: str, text: str = ARTICLE) -> list[int]:
    """Return where words stand, in units of UTF-16, as a browser counts."""
    start = text.index(words)
    return [_units(text[:start]), _units(text[: start + len(words)])]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def of_text(text: str = ARTICLE) -> dict[str, Any]:
    """Return of which text a passage is, as a page sends it."""
    return {"text_sha256": sha256(text.encode()).hexdigest()}


def passage(words: str, text: str = ARTICLE) -> dict[str, Any]:
    """Return where words stand in a text, as a page sends it."""
    return {"utf16": offsets(words, text), **of_text(text)}


def claim_value(words: str, statement: str, **given: Any) -> dict[str, Any]:
    return {
        **passage(words),
        "statement": statement,
        "content": "event",
        "voice": "author",
        "modality": "actual",
        "topic": "sharing",
        "time_frame": "past",
        "sharing_effect": "none",
        "origin_basis": "unknown",
        "coder_confidence": "high",
        **given,
    }


@dataclass
class Opened:
    """A desk that is open for all roles."""

    app: DeskApp
    cookies: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, package: Package, texts: Path, today: date | None = None) -> Opened:
        desk = Desk(package, texts, tuple(map(Role, ROLES)), today)
        opened = cls(DeskApp(desk, role_tokens(desk.work_folder, ROLES)))
        for role, token in opened.app.tokens.items():
            answer = opened.send("GET", f"/{role}/start?token={token}", None)
            assert answer.status_code == 303, answer.text
            opened.cookies[role] = answer.headers["set-cookie"].partition(";")[0]
        return opened

    @property
    def desk(self) -> Desk:
        return self.app.desk

    def send(
        self,
        method: str,
        path: str,
        role: str | None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request with the cookie of a role, or without any."""
        sent = {"origin": HOST, "content-type": "application/json", **(headers or {})}
        if role is not None:
            sent["cookie"] = self.cookies[role]

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
                return await client.request(method, path, content=body, headers=sent)

        return asyncio.run(ask())

    def ask(self, role: str, method: str, path: str, /, **body: Any) -> httpx.Response:
        """Send JSON to an address of the API of a role."""
        import orjson

        data = None if method == "GET" else orjson.dumps(body)
        return self.send(method, f"/{role}/api/{path}", role, data)

    def take(self, role: str, method: str, path: str, /, **body: Any) -> dict[str, Any]:
        """Send JSON, and return the answer of a request that is taken."""
        answer = self.ask(role, method, path, **body)
        assert answer.status_code == 200, f"{method} {path}: {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    def register(self, title: str = "Lighthouse keepers at odds") -> str:
        """Register the invented article, with its furniture, and return its identifier."""
        furniture = [{"utf16": offsets(FURNITURE), "kind": "navigation"}]
        return self.register_text(ARTICLE, title, furniture)

    def register_text(self, text: str, title: str, furniture: Sequence[Any] = ()) -> str:
        """Register a text, and return the identifier of its source."""
        answer = self.send(
            "POST",
            "/coder-1/api/texts?name=lighthouse.txt",
            "coder-1",
            text.encode(),
            {"content-type": "application/octet-stream"},
        )
        assert answer.status_code == 200, answer.text
        source = {
            "title": title,
            "publisher": "The Example Gazette",
            "published": "2025-05-14",
            "language": "en",
            "rights": "Ours.",
            "reliability": "C",
            "reliability_rationale": "Invented.",
        }
        found = self.take(
            "coder-1",
            "POST",
            "sources",
            upload=answer.json()["upload"],
            source=source,
            furniture=[*furniture],
        )
        return str(found["source_id"])

    def put(self, role: str, source: str, name: str, value: dict[str, Any], base: int = 0) -> Any:
        """Save a draft, and return the answer."""
        return self.take(role, "PUT", f"work/{source}/drafts/{name}", base=base, value=value)

    def finish(self, role: str, source: str) -> dict[str, Any]:
        state = self.take(role, "GET", f"work/{source}")["state"]
        return self.take(role, "POST", f"work/{source}/finish", state=state)

    def settle(self) -> None:
        """Wait until each thread has let go of what it did last."""
        for queue in self.app._queues.values():
            queue._thread.submit(int).result()

    def close(self) -> None:
        self.app.close()


def desk_of(world: World, folder: Path) -> Opened:
    """Return the desk of a copy of a package."""
    own = copied(world, folder)
    return Opened.of(own.package, own.texts)
