"""Reads one file of another tool, as a program within limits, and writes down what it holds."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from claimlog.errors import UsageError
from claimlog.interchange.import_formats import read_project
from claimlog.interchange.project_lines import project_lines
from claimlog.interchange.read_foreign_project import LINES, TOO_MUCH, USAGE
from claimlog.limited_worker import answer_request, refuse_programs


def _answer(target: Path, scratch: Path, request: Mapping[str, Any]) -> Mapping[str, Any]:
    refuse_programs()
    try:
        project = read_project(target, request["format"])
    except UsageError as error:  # which has an exit status of its own
        return {USAGE: str(error)}
    try:
        with (scratch / LINES).open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in project_lines(project))
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        return {TOO_MUCH: True}
    return {}


def main() -> None:
    """Read the file that standard input names."""
    answer_request(_answer)


if __name__ == "__main__":
    main()
