"""The project of another tool as lines of JSON: how one process hands what it read to another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from claimlog.interchange.annotations import ForeignAnnotation, ForeignDocument, Project, Quote
from claimlog.interchange.loss_report import LossReport


def project_lines(project: Project) -> Iterator[str]:
    """Yield what a project is, then each document as an object and its annotations as lists."""
    yield json.dumps(
        {
            "format": project.format,
            "shown": project.shown,
            "unit": project.unit,
            "losses": asdict(project.losses),
            "columns": project.columns,
            "bare_labels": project.bare_labels,
        }
    )
    for document in project.documents:
        yield json.dumps({"name": document.name, "text": document.text, "sha256": document.sha256})
        for annotation in document.annotations:
            yield json.dumps(_cells(annotation))


def project_of_lines(lines: Iterable[bytes]) -> Project:
    """Return the project that lines were made of, to be read and not to be added to."""
    rest = iter(lines)
    head = json.loads(next(rest))
    project = Project(**{**head, "losses": LossReport(**head["losses"])})
    for line in rest:
        value = json.loads(line)
        if isinstance(value, dict):
            project.documents.append(ForeignDocument(**value))
        else:
            project.documents[-1].annotations.append(_annotation(*value))
    return project


def _cells(annotation: ForeignAnnotation) -> list[Any]:
    quote = annotation.quote
    return [
        *(annotation.number, annotation.spans, annotation.labels, dict(annotation.attributes)),
        *(annotation.coder, None if quote is None else asdict(quote)),
    ]


def _annotation(
    number: int,
    spans: list[list[int]],
    labels: list[str],
    attributes: dict[str, str],
    coder: str | None,
    quote: dict[str, Any] | None,
) -> ForeignAnnotation:
    places = tuple((start, end) for start, end in spans)
    words = None if quote is None else Quote(**quote)
    return ForeignAnnotation(number, places, tuple(labels), attributes, coder, words)
