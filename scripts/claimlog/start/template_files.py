"""The template of a new package: files that lie in the wheel, and what is filled into them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template

from claimlog import __version__
from claimlog.package import DEFINITION_FORMAT
from claimlog.release.tool_wheel import LOCK, running_tool
from claimlog.validate.report import RULES_FILE, rules_text

TOOL_FOLDER = "tool"
"""Where a package keeps the claimlog that its Makefile installs, with its lock file."""

RENEWED = {
    "Makefile": "Makefile",
    ".github/workflows/dataset.yml": "dataset.yml",
    ".gitignore": "gitignore",
    ".gitattributes": "gitattributes",
}
"""Files of a package that hold nothing of its own, by the name that they have in the template."""

TOOL_FILE = re.compile(
    rf"{TOOL_FOLDER}/(?:claimlog-[A-Za-z0-9_.+-]{{1,80}}\.whl|{re.escape(LOCK)})"
)
"""Files in it, of whatever version of claimlog."""

SCHEMAS = "schemas"


def renewed_files() -> dict[str, bytes]:
    """Return the files that claimlog writes into every package and may renew, by path.

    Raises
    ------
    ClaimlogError
        If the code that runs cannot be passed on as a wheel.
    """
    tool = running_tool()
    return {
        **{path: template_bytes(f"files/{name}") for path, name in RENEWED.items()},
        f"{TOOL_FOLDER}/{tool.file_name}": tool.data,
        f"{TOOL_FOLDER}/{LOCK}": tool.lock,
    }


def is_renewed(path: str) -> bool:
    """Whether some claimlog writes a file of this path: a package may list any as written.

    >>> is_renewed("tool/claimlog-0.3.0-py3-none-any.whl"), is_renewed("events/1-a/a.ndjson")
    (True, False)
    """
    return path in RENEWED or TOOL_FILE.fullmatch(path) is not None


def stamp(digests: Mapping[str, str]) -> dict[str, object]:
    """Return what a package says that it was made with, as `package.STAMP` describes it.

    Parameters
    ----------
    digests
        SHA-256 of the files that claimlog wrote, by path.
    """
    return {"version": __version__, "schemas": DEFINITION_FORMAT, "files": dict(digests)}


def digest(data: bytes) -> str:
    """Return the SHA-256 of a file, in hex."""
    return sha256(data).hexdigest()


def template_schemas() -> dict[str, bytes]:
    """Return the generic schemas and codebook, by path in the package."""
    found = dict(_below(_template().joinpath(SCHEMAS), SCHEMAS))
    return {**found, f"{SCHEMAS}/{RULES_FILE}": rules_text().encode()}


def _below(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        place = f"{path}/{entry.name}"
        if entry.is_dir():
            yield from _below(entry, place)
        else:
            yield place, entry.read_bytes()


def template_bytes(name: str) -> bytes:
    """Return a file of the template."""
    return _template().joinpath(name).read_bytes()


def filled_template(name: str, values: Mapping[str, str]) -> bytes:
    """Return a file of the template with values in place of ``$name``."""
    return Template(template_bytes(name).decode()).substitute(values).encode()


def template_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file of the template."""
    return [*csv.DictReader(io.StringIO(template_bytes(name).decode()))]


def _template() -> Traversable:
    return files("claimlog.start").joinpath("template")
