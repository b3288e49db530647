"""Addresses at which links are decided, and the open batch is looked at, amended and sealed."""

from __future__ import annotations

from typing import Any

from claimlog.desk.amendments import amend_claim, claim_history
from claimlog.desk.desk import Desk
from claimlog.desk.draft_values import clean_values
from claimlog.desk.entry_editing import spot_table
from claimlog.desk.links import decide_link, links_dict
from claimlog.desk.review import added_digest, drop_row, open_batch_dict, proposed_seal, seal_batch
from claimlog.desk.text_registration import read_address, read_upload, register_source
from claimlog.desk.web.preview_mount import PreviewMount
from claimlog.desk.web.request import Request
from claimlog.desk.web.router import DECIDES, FETCHES, PREVIEWS, READS, SLOW, Route
from claimlog.edit.add_amend_retract import Entries, add
from claimlog.limits import TEXT_BYTES

Found = dict[str, Any]


def review_routes(preview: PreviewMount) -> list[Route]:
    """Return the routes of the API about the open batch, and those that register texts."""
    return [
        Route(
            *("POST", "api/texts", _upload),
            pace=READS,
            body_bytes=TEXT_BYTES,
            content_type=b"application/octet-stream",
        ),
        Route("POST", "api/texts/by-address", _fetch, pace=FETCHES),
        Route("POST", "api/sources", _register_source, pace=SLOW),
        Route("GET", "api/links/{source}", _links, DECIDES, SLOW),
        Route("POST", "api/links/{source}", _decide_link, DECIDES, SLOW),
        Route("GET", "api/open", _open_batch, DECIDES, SLOW),
        Route("DELETE", "api/open/{name}", _drop, DECIDES, SLOW),
        Route("POST", "api/registers/{stream}", _register_entry, DECIDES, SLOW),
        Route(
            *("POST", "api/preview", lambda _desk, request: preview.build(request.role)),
            *(DECIDES, PREVIEWS),
        ),
        Route("GET", "api/seal", lambda desk, _: proposed_seal(desk), DECIDES, SLOW),
        Route("POST", "api/seal", _seal, DECIDES, SLOW),
        Route("GET", "api/claims/{claim}", _claim, DECIDES, SLOW),
        Route("POST", "api/claims/{claim}/amend", _amend, DECIDES, SLOW),
    ]


def _upload(desk: Desk, request: Request) -> Found:
    return read_upload(desk, request.role, request.query.get("name", ""), request.body)


def _fetch(desk: Desk, request: Request) -> Found:
    return read_address(desk, request.role, request.given("address", str))


def _register_source(desk: Desk, request: Request) -> Found:
    furniture = request.given("furniture", list, [])
    source, upload = request.given("source", dict), request.given("upload", str)
    return register_source(desk, request.role, upload, source, furniture)


def _links(desk: Desk, request: Request) -> Found:
    return links_dict(desk, request.parts["source"])


def _decide_link(desk: Desk, request: Request) -> Found:
    ends = ("from_claim_id", "to_claim_id")
    given: Found = {name: request.given(name, str) for name in ends}
    given["is_open"] = request.given("is_open", bool, False)
    given["relation"] = request.given("relation", str, None)
    given["basis"] = request.given("basis", str, None)
    shown = request.given("digest", str, None)
    return decide_link(desk, request.parts["source"], request.role, given, shown)


def _open_batch(desk: Desk, request: Request) -> Found:
    return open_batch_dict(desk, request.role)


def _drop(desk: Desk, request: Request) -> Found:
    with_references = request.given("with_references", bool, False)
    shown = request.given("digest", str, None)
    return drop_row(desk, request.parts["name"], with_references, shown)


def _register_entry(desk: Desk, request: Request) -> Found:
    table = spot_table(desk, request.parts["stream"])
    value = clean_values(table, request.given("value", dict), beside=(table.id,))
    author, texts = request.role.name, desk.log.texts
    addition = add(desk.package, table.name, Entries([value]), author, texts, desk.today)
    if not addition.rows:
        return {"id": addition.duplicates[0].identifier, "digest": None}
    name = addition.rows[0][table.id]
    return {"id": name, "digest": added_digest(desk, name)}


def _seal(desk: Desk, request: Request) -> Found:
    slug, title, method = (request.given(name, str) for name in ("slug", "title", "method"))
    shown = request.given("digest", str, None)
    return seal_batch(desk, request.role, slug, title, method, shown)


def _claim(desk: Desk, request: Request) -> Found:
    return claim_history(desk, request.parts["claim"])


def _amend(desk: Desk, request: Request) -> Found:
    return amend_claim(
        desk,
        request.role,
        request.parts["claim"],
        request.given("version", int),
        request.given("changes", dict),
        request.given("reason", str, ""),
        request.given("write", bool, False),
        request.given("digest", str, None),
    )
