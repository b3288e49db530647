"""Addresses at which codings are compared and decided."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from claimlog.desk.adjudication_view import Adjudication, decided_findings, verdicts_dict
from claimlog.desk.blindness import require_own_finished
from claimlog.desk.coder_agreement import agreement
from claimlog.desk.commit_decisions import commit_decisions
from claimlog.desk.desk import Desk
from claimlog.desk.request_error import RequestError
from claimlog.desk.save_decisions import (
    accept_agreed,
    choose_sides,
    decide,
    remove_own_entry,
    save_own_entry,
    settle_proposal,
    step_decisions,
    take_all,
)
from claimlog.desk.save_drafts import is_of_file
from claimlog.desk.web.request import Request
from claimlog.desk.web.router import CHECKS, CODES, DECIDES, SLOW, Route

Found = dict[str, Any]
BASE = "api/adjudication/{source}"
UNIT = r"(?P<unit>(new:)?[a-z0-9+-]{1,90})"


def adjudication_routes() -> list[Route]:
    """Return the routes of the API of who decides, and of the verdicts that coders see."""
    proposal = f"{BASE}/proposals/{{coder}}/{{stream}}/{{id}}"
    entry = f"{BASE}/registered/{{stream}}/{{id}}"
    return [
        Route("GET", BASE, _show, DECIDES, CHECKS),
        Route("PUT", f"{BASE}/units/{UNIT}", _decide, DECIDES),
        Route("POST", f"{BASE}/accept-agreed", _accept_agreed, DECIDES, CHECKS),
        Route("POST", f"{BASE}/take-all", _take_all, DECIDES, CHECKS),
        Route("POST", f"{BASE}/sides", _choose_sides, DECIDES, CHECKS),
        Route("PUT", proposal, _settle_proposal, DECIDES, CHECKS),
        Route("PUT", entry, _save_entry, DECIDES),
        Route("DELETE", entry, _remove_entry, DECIDES),
        Route("POST", f"{BASE}/undo", _undo, DECIDES, CHECKS),
        Route("POST", f"{BASE}/redo", _redo, DECIDES, CHECKS),
        Route("GET", f"{BASE}/findings", _findings, DECIDES, CHECKS),
        Route("GET", f"{BASE}/agreement", _agreement, DECIDES, CHECKS),
        Route("POST", f"{BASE}/commit", _commit, DECIDES, SLOW),
        Route("GET", "api/verdicts/{source}", _verdicts, CODES, CHECKS),
    ]


def _open(desk: Desk, request: Request) -> Adjudication:
    """Return the adjudication that a request is about.

    A page that changes it says whose codings it compares, and of which file the numbers of states
    and revisions are: they are the same whatever is compared, and of decisions that are made anew.

    Raises
    ------
    RequestError
        If others are compared by now, or it is decided anew.
    """
    opened = Adjudication.open(desk, request.parts["source"], request.role.name)
    if request.method == "GET":
        return opened
    compared, file = (request.given(name, str, None) for name in ("compared", "file"))
    is_shown = compared in (None, opened.comparison_digest)
    if not is_shown or not is_of_file(opened.decisions.journal, file):
        raise opened.stale()
    return opened


def _show(desk: Desk, request: Request) -> Found:
    return _open(desk, request).as_dict()


def _decide(desk: Desk, request: Request) -> Found:
    base = request.given("base", int)
    return decide(_open(desk, request), request.parts["unit"], request.json, base)


def _accept_agreed(desk: Desk, request: Request) -> Found:
    accept_agreed(_open(desk, request), request.given("state", int))
    return _show(desk, request)


def _take_all(desk: Desk, request: Request) -> Found:
    take_all(_open(desk, request), request.given("state", int))
    return _show(desk, request)


def _choose_sides(desk: Desk, request: Request) -> Found:
    choose_sides(_open(desk, request), request.given("sides", list), request.given("state", int))
    return _show(desk, request)


def _settle_proposal(desk: Desk, request: Request) -> Found:
    parts, base = request.parts, request.given("base", int)
    same_as = request.given("same_as", str, None)
    new = request.given("registered_as", str, None)
    settle_proposal(
        _open(desk, request), parts["coder"], parts["stream"], parts["id"], same_as, new, base
    )
    return _show(desk, request)


def _save_entry(desk: Desk, request: Request) -> Found:
    parts = request.parts
    value, base = request.given("value", dict), request.given("base", int)
    return save_own_entry(_open(desk, request), parts["stream"], parts["id"], value, base)


def _remove_entry(desk: Desk, request: Request) -> Found:
    parts, base = request.parts, request.given("base", int)
    return remove_own_entry(_open(desk, request), parts["stream"], parts["id"], base)


def _undo(desk: Desk, request: Request) -> Found:
    step_decisions(_open(desk, request), request.given("state", int), again=False)
    return _show(desk, request)


def _redo(desk: Desk, request: Request) -> Found:
    step_decisions(_open(desk, request), request.given("state", int), again=True)
    return _show(desk, request)


def _findings(desk: Desk, request: Request) -> Found:
    return decided_findings(_open(desk, request))


def _agreement(desk: Desk, request: Request) -> Found:
    return {"agreement": agreement(_open(desk, request))}


def _commit(desk: Desk, request: Request) -> Found:
    state, codings_only = request.given("state", int), request.given("codings_only", bool, False)
    commit_decisions(_open(desk, request), request.role, state, codings_only)
    return _show(desk, request)


def _verdicts(desk: Desk, request: Request) -> Found:
    require_own_finished(desk.work_folder, request.role, request.parts["source"])
    opened = _open(desk, request)
    answer = verdicts_dict(opened)
    with suppress(RequestError):  # what was decided is shown also where nothing can be compared
        answer["agreement"] = agreement(opened)
    return answer
