"""The pages of the desk: a frame each, which scripts fill by the API."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader

from claimlog.desk.desk import Desk
from claimlog.desk.request_error import ABSENT, RequestError
from claimlog.desk.web.request import HTML, Answer, Handler, Request
from claimlog.desk.web.router import ALL, CODES, DECIDES, Route
from claimlog.escaping import printable_line
from claimlog.file_names import path_segment

PAGES = (
    ("", "start", "The coding desk", ALL),
    ("register", "register", "Register a text", ALL),
    ("sources/{source}", "source", "Source", ALL),
    ("code/{source}", "code", "Code", CODES),
    ("verdicts/{source}", "verdicts", "Verdicts", CODES),
    ("adjudicate/{source}", "adjudicate", "Adjudicate", DECIDES),
    ("links/{source}", "links", "Links", DECIDES),
    ("review", "review", "Review and seal", DECIDES),
    ("claims/{claim}", "claim", "Amend a claim", DECIDES),
)
"""Address, name, title, and for whom."""

STATIC_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
STATIC_FOLDERS = {"": "claimlog.desk.web", "site/": "claimlog.site"}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loader = PackageLoader("claimlog.desk.web", "templates")
    found = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    found.filters["segment"] = path_segment
    return found


def page_routes() -> list[Route]:
    """Return the routes of all pages."""
    return [Route("GET", pattern, _page(name, title), who) for pattern, name, title, who in PAGES]


def _page(name: str, title: str) -> Handler:
    def draw(desk: Desk, request: Request) -> Answer:
        source = request.parts.get("source")
        if source is not None:
            desk.log.source(source)
        text = (
            _environment()
            .get_template(f"desk_{name}.html")
            .render(
                page=name,
                title=title,
                role=request.role.name,
                decides=request.role.decides,
                base=f"/{request.role.name}/",
                desk_mark=request.desk_mark,
                definition=desk.log.definition_version,
                source=source,
                claim=request.parts.get("claim"),
                dataset=printable_line(str(desk.package.descriptor.get("title", ""))),
            )
        )
        return Answer(text.encode(), HTML)

    return draw


def failure_page(error: RequestError) -> Answer:
    """Return the page of a request that is refused."""
    text = _environment().get_template("desk_failure.html").render(message=error.message)
    return Answer(text.encode(), HTML, error.status)


def static_file(name: str) -> Answer:
    """Return a file of the desk's own, or of the site's, for pages.

    Raises
    ------
    RequestError
        If there is none of that name.
    """
    folder = "site/" if name.startswith("site/") else ""
    short = name.removeprefix(folder)
    place = files(STATIC_FOLDERS[folder]) / "static"
    known = {path.name: path for path in place.iterdir() if path.is_file()}
    ending = f".{short.rpartition('.')[2]}"
    if short not in known or ending not in STATIC_TYPES:
        raise RequestError(ABSENT, "there is no such file")
    return Answer(known[short].read_bytes(), STATIC_TYPES[ending])
