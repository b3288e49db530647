"""Addresses at which texts are read and coded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.desk.corrected_text import require_text_of_work
from claimlog.desk.desk import Desk
from claimlog.desk.entry_editing import (
    next_number,
    remove_entry,
    save_entry,
)
from claimlog.desk.forms import form
from claimlog.desk.furniture import mark_furniture, may_mark_furniture, source_claims
from claimlog.desk.journal import state_digest
from claimlog.desk.latest_values import LatestValues
from claimlog.desk.lookup import PROMPT_ENTRIES, NamedEntry, find_entries, named_entries
from claimlog.desk.overview import overview, register_coder
from claimlog.desk.quick_answers import prompt_answer
from claimlog.desk.request_error import ABSENT, RequestError
from claimlog.desk.row_references import form_streams
from claimlog.desk.save_drafts import (
    finish,
    remove_draft,
    require_shown_work,
    save_draft,
    step_back,
    work_dict,
    work_findings,
)
from claimlog.desk.saved_work import SavedWork
from claimlog.desk.shared_wording import shared_runs
from claimlog.desk.web.request import Request
from claimlog.desk.web.router import CHECKS, CODES, DECIDES, SCREENS, SLOW, Route
from claimlog.desk.work import Work

Found = dict[str, Any]


def coding_routes() -> list[Route]:
    """Return the routes of the API that coders use."""
    draft, entry = "api/work/{source}/drafts/{draft}", "api/work/{source}/registered/{stream}/{id}"
    return [
        Route("GET", "api/desk", _overview, pace=SCREENS),
        Route("POST", "api/coders", _register_coder, pace=SLOW),
        Route("GET", "api/form", _form),
        Route("GET", "api/lookup/{stream}", _lookup),
        Route("GET", "api/sources/{source}", _source, pace=SLOW),
        Route("PUT", "api/sources/{source}/furniture", _mark_furniture, pace=SLOW),
        Route("GET", "api/sources/{source}/claims", _source_claims, DECIDES),
        Route("POST", "api/sources/{source}/snap", _snap),
        Route("POST", "api/sources/{source}/own-words", _own_words, pace=CHECKS),
        Route("GET", "api/work/{source}", _work, CODES),
        Route("PUT", draft, _save_draft, CODES),
        Route("DELETE", draft, _remove_draft, CODES),
        Route("PUT", entry, _save_entry, CODES),
        Route("DELETE", entry, _remove_entry, CODES),
        Route("POST", "api/work/{source}/undo", _undo, CODES),
        Route("POST", "api/work/{source}/redo", _redo, CODES),
        Route("GET", "api/work/{source}/findings", _findings, CODES, CHECKS),
        Route("POST", "api/work/{source}/finish", _finish, CODES, CHECKS),
    ]


def _own_work(desk: Desk, request: Request) -> Work:
    """Return the work of the role that asks: no request names another's."""
    desk.log.source(request.parts["source"])
    work = desk.work_folder.work(request.role.name, request.parts["source"])
    require_text_of_work(desk.package, work, desk.log.entries("sources"))
    if request.method != "GET":
        require_shown_work(desk, work, request.given("file", str, None), request.parts.get("draft"))
    return work


def _overview(desk: Desk, request: Request) -> Found:
    with prompt_answer():  # who opens a text waits for no works that are read
        return overview(desk, request.role)


def _register_coder(desk: Desk, request: Request) -> Found:
    kind, about = request.given("kind", str), request.given("description", str)
    return register_coder(desk, request.role, kind, about)


def _form(desk: Desk, _: Request) -> Found:
    log, version = desk.log.sealed_log, desk.log.definition_version
    return desk.computed.get("form", (log.root, version), lambda: form(log))


def _lookup(desk: Desk, request: Request) -> Found:
    stream, query = request.parts["stream"], request.query.get("q", "")[:200]
    definition = desk.log.definition
    if stream not in form_streams(definition)[1:]:
        raise RequestError(ABSENT, f"nothing is looked up in {stream}")
    saved: SavedWork | None = None
    used: Mapping[str, int] = {}
    if (source := request.query.get("source")) and not request.role.decides:
        desk.log.source(source)
        saved = work = desk.work_folder.work(request.role.name, source)
        used = work.usage(definition).get(stream, {})
    elif source:
        saved = desk.decisions(source)
    proposed = saved.entry_rows().get(stream, {}) if saved else {}

    def entries_of(
        values: LatestValues, version: object, rows: Mapping[str, Any]
    ) -> list[NamedEntry]:
        return values.get(
            f"names of {stream}",
            (version, desk.log.definition_version),
            lambda: named_entries(definition, stream, rows),
            is_long=len(rows) > PROMPT_ENTRIES,
        )

    known = entries_of(desk.computed, desk.log.version, desk.log.entries(stream))
    own = entries_of(saved.computed, proposed, proposed) if saved else []
    return {
        "entries": find_entries(definition, stream, query, known, own, used),
        "next": next_number(desk, request.role, definition.streams[stream], proposed),
    }


def _source(desk: Desk, request: Request) -> Found:
    name = request.parts["source"]
    row, places = desk.log.source(name), desk.log.places(name)
    found = {
        "source": row,
        "digest": state_digest(row),
        "may_mark_furniture": may_mark_furniture(desk, request.role, name),
        "sealed": name in desk.log.sealed_log.ids("sources"),
    }
    if places is None:
        return {**found, "text": None}
    return {
        **found,
        "text": {
            "sha256": places.text.sha256,
            "length": len(places.text.content),
            "utf16_length": places.utf16_length,
            "content": places.text.content,
            "furniture": places.furniture_spans(),
            "words": places.words(),
        },
    }


def _mark_furniture(desk: Desk, request: Request) -> Found:
    version, given = request.given("version", int), request.given("furniture", list)
    reason = request.given("reason", str, "")
    shown = request.given("digest", str, None)
    mark_furniture(desk, request.role, request.parts["source"], version, given, reason, shown)
    return _source(desk, request)


def _source_claims(desk: Desk, request: Request) -> Found:
    return source_claims(desk, request.parts["source"])


def _snap(desk: Desk, request: Request) -> Found:
    places = desk.log.require_places(request.parts["source"])
    start, end = places.requested_span(request.json)
    return {"span": places.as_dict(start, end), "quote": places.quote(start, end)}


def _own_words(desk: Desk, request: Request) -> Found:
    places = desk.log.require_places(request.parts["source"])
    limit = desk.log.definition.thresholds["shared_words"]
    text = request.given("text", str)[:10_000]
    return {"limit": limit, "runs": shared_runs(places, text, limit)}


def _work(desk: Desk, request: Request) -> Found:
    return work_dict(desk, _own_work(desk, request))


def _save_draft(desk: Desk, request: Request) -> Found:
    value, base = request.given("value", dict), request.given("base", int)
    return save_draft(desk, _own_work(desk, request), request.parts["draft"], value, base)


def _remove_draft(desk: Desk, request: Request) -> Found:
    base = request.given("base", int)
    return remove_draft(desk, _own_work(desk, request), request.parts["draft"], base)


def _save_entry(desk: Desk, request: Request) -> Found:
    work, parts = _own_work(desk, request), request.parts
    work.require_unfinished()
    value, base = request.given("value", dict), request.given("base", int)
    with desk.beginning(work) as marks:
        return save_entry(desk, work, parts["stream"], parts["id"], value, base, marks)


def _remove_entry(desk: Desk, request: Request) -> Found:
    work, parts = _own_work(desk, request), request.parts
    work.require_unfinished()
    base = request.given("base", int)
    return remove_entry(desk, work, work.drafts(), parts["stream"], parts["id"], base)


def _undo(desk: Desk, request: Request) -> Found:
    return step_back(desk, _own_work(desk, request), request.given("state", int), again=False)


def _redo(desk: Desk, request: Request) -> Found:
    return step_back(desk, _own_work(desk, request), request.given("state", int), again=True)


def _findings(desk: Desk, request: Request) -> Found:
    return work_findings(desk, _own_work(desk, request), request.query.get("draft"))


def _finish(desk: Desk, request: Request) -> Found:
    return finish(desk, _own_work(desk, request), request.given("state", int))
