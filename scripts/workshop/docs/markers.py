"""Generated parts of Markdown pages: what stands between a pair of marker lines.

<!-- generated: NAME -->
...
<!-- /generated -->
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.files import write_durably

END = "<!-- /generated -->"
PART = re.compile(
    rf"^<!-- generated: (?P<name>[a-z-]+) -->\n(?P<body>.*?)^{re.escape(END)}$",
    re.DOTALL | re.MULTILINE,
)
MARKER = re.compile(r"^<!-- /?generated\b.*$", re.MULTILINE)


def start_marker(name: str) -> str:
    """Return the line before a generated part."""
    return f"<!-- generated: {name} -->"


def documentation_pages(root: Path) -> list[Path]:
    """Return the Markdown pages of a package: README.md, if there is one, and those of docs/."""
    readme = root / "README.md"
    return [*([readme] if readme.is_file() else []), *sorted((root / "docs").glob("*.md"))]


def read_page(root: Path, page: Path) -> str:
    """Return the text of a page whose markers come in pairs.

    Raises
    ------
    ClaimlogError
        If it is not UTF-8 text, or a marker has no partner.
    """
    name = page.relative_to(root)
    try:
        text = page.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ClaimlogError(f"{name}: cannot be read as UTF-8 text ({error})") from error
    left = MARKER.search(PART.sub("", text))
    nested = next((MARKER.search(match["body"]) for match in PART.finditer(text)), None)
    if alone := left or nested:
        raise ClaimlogError(
            f"{name}: the marker {alone.group()} has no partner; "
            f"a part begins with {start_marker('NAME')} and ends with {END}"
        )
    return text


def part_names(text: str) -> list[str]:
    """Return the names of the generated parts of a page, in order."""
    return [match["name"] for match in PART.finditer(text)]


def fill_parts(text: str, bodies: Mapping[str, str]) -> str:
    """Return a page with new text in the parts that `bodies` names, and the rest as it was."""

    def replace_body(match: re.Match[str]) -> str:
        body = bodies.get(match["name"])
        return match.group() if body is None else f"{start_marker(match['name'])}\n{body}{END}"

    return PART.sub(replace_body, text)


def page_of_part(root: Path, name: str) -> Path:
    """Return the page that holds a generated part.

    Raises
    ------
    ClaimlogError
        If it stands on no page, or in more than one place.
    """
    pages = [
        page
        for page in documentation_pages(root)
        for part in part_names(read_page(root, page))
        if part == name
    ]
    if len(pages) != 1:
        raise ClaimlogError(
            f"docs: expected the lines {start_marker(name)} and {END} in one place of README.md "
            f"or docs/, found them in {len(pages)}; put them where the part should stand"
        )
    return pages[0]


def write_part(root: Path, name: str, body: str) -> Path:
    """Write a generated part to the page that holds it; return that page."""
    page = page_of_part(root, name)
    write_durably(page, fill_parts(read_page(root, page), {name: f"{body}\n"}).encode("utf-8"))
    return page
