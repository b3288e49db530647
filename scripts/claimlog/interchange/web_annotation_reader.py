"""Reader of W3C Web Annotations (JSON-LD): one, a list, a page, or a collection with its page."""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.interchange.annotations import (
    CODE_POINT,
    ForeignAnnotation,
    ForeignDocument,
    Project,
    Quote,
)
from claimlog.interchange.foreign_files import (
    EXPORT_AGAIN,
    decode_json,
    decode_utf8,
    read_foreign_file,
    text_value,
)
from claimlog.interchange.loss_report import LossReport
from claimlog.interchange.web_annotation import CLASSIFYING, PURPOSES
from claimlog.interchange.web_annotation_flaws import annotation_flaws, as_list, has_context

FORMAT = "web-annotation"
SAID = ("@context", "id", "type", "body", "bodyValue", "target", "creator", "motivation")
"""Keys of an annotation of which nothing is lost."""

TAGGING = (CLASSIFYING, "tagging", "identifying")
TEXT_COLUMNS = {purpose: column for column, purpose in PURPOSES.items()}
OWN_COLUMNS = {**TEXT_COLUMNS, **{f"{CLASSIFYING} {name}": name for name in TEXT_COLUMNS}}
"""Columns of the attributes that are called by a purpose, and of columns called like one."""

PAIR = re.compile(r"([A-Za-z_][\w.-]*): (.*)", re.DOTALL)
HASHED = re.compile(r"ni://[^/]*/sha-256;([A-Za-z0-9_-]{43})(\?.*)?")


def read_web_annotations(path: Path) -> Project:
    """Read a file of Web Annotations.

    Raises
    ------
    ClaimlogError
        If it is none, or an annotation in it is none.
    """
    shown = str(path)
    value = decode_json(decode_utf8(read_foreign_file(path), shown), shown)
    project = Project(FORMAT, shown, CODE_POINT, columns={**OWN_COLUMNS})
    documents: dict[str, ForeignDocument] = {}
    context = value.get("@context") if isinstance(value, dict) else None
    for number, item in enumerate(_items(value, project.losses, shown), 1):
        where = f"{shown}:{number}"
        flaw = next(annotation_flaws(item), None)
        if flaw is None and not has_context(item.get("@context", context)):
            flaw = 'has another "@context"'
        if flaw:
            raise ClaimlogError(f"{where}: no Web Annotation: {flaw}; mend it, or take it out")
        name, annotation = _annotation(item, number, project.losses, f"annotation {number}")
        if name not in documents:
            documents[name] = project.add_document(name, sha256=_hash(name))
        project.add_annotation(documents[name], annotation)
    project.require_limits()
    return project


def _items(value: Any, losses: LossReport, shown: str) -> Iterator[Any]:
    kinds = as_list(value.get("type")) if isinstance(value, dict) else []
    if isinstance(value, list):
        yield from value
    elif "AnnotationPage" in kinds:
        if value.get("next"):
            losses.add_loss("further pages, which lie at another address", shown)
        items = value.get("items")
        if not isinstance(items, list):
            raise ClaimlogError(f'{shown}: the page has no "items"; {EXPORT_AGAIN}')
        yield from items
    elif "AnnotationCollection" in kinds:
        page = value.get("first")
        if isinstance(page, dict):
            yield from _items(page, losses, shown)
        else:
            losses.add_loss("the pages of the collection, which lie at another address", shown)
    else:
        yield value


def _annotation(
    item: dict[str, Any], number: int, losses: LossReport, where: str
) -> tuple[str, ForeignAnnotation]:
    """Return the name of the text that is annotated, and the annotation."""
    labels: dict[str, None] = {}
    said: dict[str, list[str]] = {}
    motivation = next(iter(as_list(item.get("motivation"))), "")
    for body in [
        *as_list(item.get("body")),
        *({"value": text} for text in as_list(item.get("bodyValue"))),
    ]:
        _add_body(body, motivation, labels, said, losses, where)
    attributes = {name: "; ".join(texts) for name, texts in said.items()}
    for name in item:
        if name not in SAID:
            losses.add_loss(f'"{name[:60]}" of an annotation', where)
    targets = [_target(part, losses, where) for part in as_list(item["target"])]
    names = {name for name, _, _ in targets}
    spans = tuple(span for _, span, _ in targets if span)
    if len(names) > 1:
        losses.add_loss("further targets of an annotation, in other texts", where)
        spans, quote = (), None
    else:
        quote = (
            next((quote for _, _, quote in targets if quote), None) if len(targets) < 2 else None
        )
    coder = _agent(next(iter(as_list(item.get("creator"))), None))
    return targets[0][0], ForeignAnnotation(number, spans, tuple(labels), attributes, coder, quote)


def _add_body(
    body: Any,
    motivation: str,
    labels: dict[str, None],
    said: dict[str, list[str]],
    losses: LossReport,
    where: str,
) -> None:
    """Add a body to labels and attributes; one of text that is no tag is called by its purpose."""
    if not isinstance(body, dict) or not isinstance(body.get("value"), str):
        losses.add_loss("a body that is no text, but another resource", where)
        return
    text = body["value"]
    purpose = next(iter(as_list(body.get("purpose"))), motivation) or "commenting"
    pair = PAIR.fullmatch(text) if purpose in TAGGING else None
    if pair:
        name = f"{CLASSIFYING} {pair[1]}" if pair[1] in TEXT_COLUMNS else pair[1]
        said.setdefault(name, []).append(pair[2])
    elif purpose in TAGGING:
        labels[text] = None
    else:
        said.setdefault(purpose, []).append(text)


def _target(
    target: Any, losses: LossReport, where: str
) -> tuple[str, tuple[int, int] | None, Quote | None]:
    """Return name, span and quote of a target."""
    if isinstance(target, str):
        return target, None, None
    source = target.get("source", target.get("id"))
    source = next(iter(as_list(source)), "")
    name = source.get("id", "") if isinstance(source, dict) else source
    if "items" in target:
        losses.add_loss("a set of targets", where)
    span = quote = None
    for selector in as_list(target.get("selector")):
        kind = selector.get("type") if isinstance(selector, dict) else None
        if kind == "TextPositionSelector" and "refinedBy" not in selector:
            span = (selector["start"], selector["end"])
        elif kind == "TextQuoteSelector" and "refinedBy" not in selector:
            quote = Quote(selector["exact"], selector.get("prefix", ""), selector.get("suffix", ""))
        else:
            losses.add_loss(f"a selector of another kind ({text_value(kind)[:40]})", where)
    for key in target:
        if key in ("state", "styleClass", "renderedVia", "scope"):
            losses.add_loss(f'"{key}" of a target', where)
    return name or "a text without a name", span, quote


def _agent(value: Any) -> str | None:
    if isinstance(value, dict):
        value = next((value[k] for k in ("nickname", "name", "id") if value.get(k)), None)
    return None if value is None else text_value(value)


def _hash(name: str) -> str | None:
    """Return the SHA-256 that an address names (RFC 6920), as hex."""
    match = HASHED.fullmatch(name)
    try:
        return urlsafe_b64decode(f"{match[1]}=").hex() if match else None
    except (ValueError, binascii.Error):
        return None
