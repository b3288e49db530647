"""A file of another tool is read in a process of its own, within limits of time and memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from claimlog.errors import ClaimlogError, UsageError
from claimlog.interchange.import_formats import READERS, read_project
from claimlog.interchange.read_foreign_project import project_limits, read_foreign_project
from claimlog.limited_process import Limits
from claimlog.limits import INTERCHANGE_MEMORY, INTERCHANGE_SECONDS, INTERCHANGE_UNPACKED_BYTES, MIB
from conftest import World
from test_interchange import qdpx, web_annotation, write, xmi

TASK = {
    "data": {"text": "a\u2028b\U0001f469"},
    "predictions": [{}],
    "annotations": [
        {
            "completed_by": {"email": "b@x.example"},
            "result": [
                {
                    "id": "a",
                    "type": "labels",
                    "from_name": "l",
                    "to_name": "text",
                    "value": {"start": 0, "end": 1, "text": "a", "labels": ["x", "y\n"]},
                }
            ],
        }
    ],
}
STRUCTURES = [
    {"%ID": 1, "%TYPE": "uima.cas.Sofa", "sofaString": "Words"},
    {"%ID": 2, "%TYPE": "custom.P", "@sofa": 1, "begin": 0, "end": 5, "a": "b"},
]
SELECTION = '<PlainTextSelection startPosition="0" endPosition="1"/>'
FILES: dict[str, Any] = {
    "web-annotation": web_annotation(body=[{"type": "TextualBody", "value": "x"}]),
    "cas-json": {"%FEATURE_STRUCTURES": STRUCTURES},
    "cas-xmi": xmi('<custom:P xmi:id="6" sofa="1" begin="1" end="3"/>'),
    "refi-qda": qdpx(
        f'<TextSource name="t" plainTextPath="internal://t.txt">{SELECTION}</TextSource>', t="ab"
    ),
    "label-studio": [TASK],
    "doccano": {"text": "a\u0000b", "label": [[0, 1, "x"]], "Comments": ["c"], "other": 1},
}


def limit(monkeypatch: pytest.MonkeyPatch, limits: Limits) -> None:
    """Have files of other tools read within other limits."""
    monkeypatch.setattr(f"{read_foreign_project.__module__}.project_limits", lambda *_: limits)


@pytest.mark.parametrize("name", READERS)
def test_what_the_process_hands_on_is_what_the_reader_found(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / "x", FILES[name])
    found = read_project(path, name)
    assert found.documents
    assert read_foreign_project(path, name) == found


@pytest.mark.usefixtures("fresh_programs")
def test_a_file_is_read_by_a_program_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "x", FILES["cas-json"])
    assert read_foreign_project(path, None) == read_project(path, None)


def test_limits_grow_with_the_file_up_to_what_is_unpacked_and_are_multiplied() -> None:
    assert project_limits(0).seconds == INTERCHANGE_SECONDS
    assert project_limits(10**6).seconds == INTERCHANGE_SECONDS + 10
    assert project_limits(10**6, 3).seconds == 3 * (INTERCHANGE_SECONDS + 10)
    assert project_limits(0, 2).memory == 2 * INTERCHANGE_MEMORY
    assert project_limits(1 << 60) == project_limits(INTERCHANGE_UNPACKED_BYTES)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(0, 1 << 30, MIB), "reading it takes longer than 0 seconds"),
        (Limits(60, MIB, MIB), "reading it takes more memory than 0.0 GB"),
    ],
)
def test_a_file_that_takes_too_much_is_given_up_in_one_line(
    limits: Limits, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "x", FILES["doccano"] | {"text": "x" * 20_000_000})
    limit(monkeypatch, limits)
    with pytest.raises(ClaimlogError) as caught:
        read_foreign_project(path, "doccano", 2)
    where, remedy = f"{path}: {said}", "if you trust where the files come from, raise the limits"
    assert str(caught.value) == f"{where}, so nothing was added; {remedy}: --limits 4"


def test_a_project_that_grows_when_it_is_written_down_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "x", FILES["doccano"] | {"text": "x" * 2_000_000})
    limit(monkeypatch, Limits(60, 1 << 30, MIB))
    with pytest.raises(ClaimlogError, match=r"x: holds more .* nothing was added; .*--limits 2$"):
        read_foreign_project(path, "doccano")


def test_what_is_no_file_of_a_tool_is_one_line_as_it_is_to_the_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    long = tmp_path / ("x" * 300)
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "absent", long, tmp_path / "\udcff"):
        with pytest.raises(ClaimlogError) as caught:
            read_foreign_project(path, None)
        assert "\n" not in str(caught.value)
    path = write(tmp_path / "x", "neither this nor that")
    with pytest.raises(UsageError, match="say which it is with --format"):
        read_foreign_project(path, None)


def test_import_takes_the_limits_as_an_option(world: World, tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", FILES["doccano"] | {"text": "x" * 30_000_000})
    words = ("import", str(path), "--as", "claims", "--texts", str(world.texts))
    done = world.run(*words, "--format", "doccano", "--limits", "0.01")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "--limits 0.02" in done.stderr
    assert world.run(*words, "--limits", "nan").returncode == 2
