"""Reader of Label Studio's JSON: regions in plain text, with choices and notes on each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.interchange.annotations import (
    CODE_POINT,
    ForeignAnnotation,
    Project,
    Quote,
)
from claimlog.interchange.foreign_files import (
    EXPORT_AGAIN,
    decode_json,
    decode_utf8,
    is_offset,
    read_foreign_file,
    text_value,
)

FORMAT = "label-studio"
LABELS = ("labels", "hypertextlabels", "paragraphlabels")
PLACE = ("start", "end", "text", "globalOffsets", "startOffset", "endOffset")
"""Keys of a region that say where it is, and of what words."""

Region = dict[str, Any]


def read_label_studio(path: Path) -> Project:
    """Read an export of Label Studio, as JSON and not as JSON-MIN.

    Raises
    ------
    ClaimlogError
        If it is none.
    """
    shown = str(path)
    tasks = decode_json(decode_utf8(read_foreign_file(path), shown), shown)
    tasks = tasks if isinstance(tasks, list) else [tasks]
    project = Project(FORMAT, shown, CODE_POINT)
    number = 0
    for index, task in enumerate(tasks, 1):
        where = f"{shown} task {index}"
        if not isinstance(task, dict) or not isinstance(task.get("annotations"), list):
            raise ClaimlogError(
                f'{where}: has no list "annotations"; {EXPORT_AGAIN} as JSON (not JSON-MIN)'
            )
        attempts = [(attempt, _results(attempt, where)) for attempt in task["annotations"]]
        targets = {part.get("to_name") for _, results in attempts for part in results}
        document = project.add_document(_name(task, index), _text(task, targets, where))
        if task.get("predictions"):
            project.losses.add_loss("predictions of a task", f"task {index}")
        for attempt, results in attempts:
            for annotation in _annotations(project, attempt, results, where, number):
                number += 1
                project.add_annotation(document, annotation)
    project.require_limits()
    return project


def _name(task: Region, index: int) -> str:
    file = task.get("file_upload")
    return file if isinstance(file, str) and file else f"task {text_value(task.get('id', index))}"


def _results(attempt: Any, where: str) -> list[Region]:
    """Return what one coder marked in a task."""
    results = attempt.get("result") if isinstance(attempt, dict) else None
    if not isinstance(results, list) or not all(isinstance(part, dict) for part in results):
        raise ClaimlogError(f'{where}: an annotation has no list "result"; {EXPORT_AGAIN}')
    for part in results:
        if not isinstance(part.get("to_name"), str | None):
            raise ClaimlogError(
                f'{where}: "to_name" of a result is {text_value(part["to_name"])[:60]}, expected '
                f"the name of a text; {EXPORT_AGAIN}"
            )
    return results


def _text(task: Region, targets: Collection[str | None], where: str) -> str:
    data = task.get("data")
    texts = data if isinstance(data, dict) else {}
    strings = {name: value for name, value in texts.items() if isinstance(value, str)}
    named = [name for name in strings if name == "text" or name in targets]
    chosen = named or list(strings)
    if len(chosen) != 1:
        raise ClaimlogError(
            f'{where}: "data" holds {len(chosen)} texts, expected one that is called "text"; '
            "rename the one that was annotated"
        )
    return strings[chosen[0]]


def _annotations(
    project: Project, attempt: Region, results: list[Region], where: str, number: int
) -> Iterator[ForeignAnnotation]:
    """Yield the regions of one coder's work on a task."""
    shown = where.removeprefix(f"{project.shown} ")
    if attempt.get("was_cancelled"):
        project.losses.add_loss("an annotation of a task that was cancelled", shown)
        return
    if attempt.get("ground_truth"):
        project.losses.add_loss("the mark that an annotation is ground truth", shown)
    coder = _coder(attempt.get("completed_by"))
    for region in _regions(project, results, where):
        number += 1
        annotation = _region(project, region, number, coder, f"{shown} region {number}")
        if annotation is not None:
            yield annotation


def _coder(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("email") or value.get("username") or value.get("id")
    return None if value is None else text_value(value)


def _regions(project: Project, results: list[Region], where: str) -> Iterator[list[Region]]:
    """Yield the results of each region; those without a region are of the whole task."""
    by_id: dict[str, list[Region]] = {}
    shown = where.removeprefix(f"{project.shown} ")
    for index, result in enumerate(results):
        kind = text_value(result.get("type"))[:40]
        value = result.get("value")
        if result.get("type") == "relation":
            project.losses.add_loss("a relation between two regions", shown)
        elif not isinstance(value, dict):
            raise ClaimlogError(f'{where}: a result has no "value"; {EXPORT_AGAIN}')
        elif "start" not in value and "end" not in value:
            project.losses.add_loss(f"{kind} of a whole task", shown)
        else:
            by_id.setdefault(text_value(result.get("id", index)), []).append(result)
    yield from by_id.values()


def _region(
    project: Project, results: list[Region], number: int, coder: str | None, where: str
) -> ForeignAnnotation | None:
    value = results[0]["value"]
    start, end = value.get("start"), value.get("end")
    labels: dict[str, None] = {}
    said: dict[str, list[str]] = {}
    for result in results:
        for name, given in result["value"].items():
            if name in LABELS and isinstance(given, list):
                labels |= dict.fromkeys(text_value(label) for label in given)
            elif name not in PLACE or (name == "text" and _is_note(result)):
                attribute = text_value(result.get("from_name") or name)
                said.setdefault(attribute, []).append(_attribute(given))
        for name in ("score", "meta"):
            if result.get(name):
                project.losses.add_loss(f'"{name}" of a region', where)
    words = next((one["value"].get("text") for one in results if not _is_note(one)), None)
    quote = Quote(words) if isinstance(words, str) else None
    if isinstance(start, str) or not (is_offset(start) and is_offset(end)):
        project.losses.add_loss(
            "a region of HTML or dialogue, whose offsets are of no plain text", where
        )
        return None
    attributes = {name: "; ".join(dict.fromkeys(values)) for name, values in said.items()}
    return ForeignAnnotation(number, ((start, end),), tuple(labels), attributes, coder, quote)


def _is_note(result: Region) -> bool:
    """Whether the text of a result is what somebody wrote about its region, and no quote of it."""
    return bool(result.get("type") == "textarea")


def _attribute(given: Any) -> str:
    if isinstance(given, list) and all(isinstance(part, str) for part in given):
        return "; ".join(given)
    return text_value(given)


def is_label_studio(value: Any) -> bool:
    """Whether a JSON value looks like tasks of Label Studio."""
    task = value[0] if isinstance(value, list) and value else value
    return isinstance(task, Mapping) and "annotations" in task and "data" in task
