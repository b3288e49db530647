"""What programs read of a descriptor, which is the same whichever version of claimlog wrote it.

They find files, columns and addresses by it, so that a key that is not known here leads them
wherever it says. Therefore all is compared but the sentences that claimlog words itself, and what
the published releases have otherwise is known key by key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from typing import Any

from claimlog.escaping import json_text, short_line
from claimlog.release.checksums import MAX_LISTED
from claimlog.release.descriptors import card, rocrate
from claimlog.release.descriptors.plain_yaml import load_own_yaml
from claimlog.release.descriptors.stated_metadata import load_json
from claimlog.strict_json import is_same_json

READERS: Mapping[str, Callable[[bytes], Any]] = {
    "CITATION.cff": lambda data: load_own_yaml(data.decode()),
    "README.md": lambda data: load_own_yaml(card.split_page(data)[0]),
}
"""How descriptors are read that are not JSON."""

SENTENCES: Mapping[str, Collection[str]] = {
    "datacite.json": ["description"],
    "CITATION.cff": ["message"],
    ".zenodo.json": ["description", "notes"],
    "dataset.jsonld": ["measurementTechnique"],
    "README.md": [],
}
"""Files that hold sentences of claimlog's own, for people, and the keys with them.

Those of ``README.md`` are its page, and no value of its front matter.
"""


def program_differences(name: str, data: bytes, written: bytes, is_early: bool) -> list[str]:
    """Return what a descriptor tells programs otherwise, each as the rest of a sentence about it.

    Of much the first `MAX_LISTED` are returned.

    Parameters
    ----------
    written
        The file as this version writes it.
    is_early
        Whether the release names no version of claimlog, as those up to 0.2.0, which have other
        forms.

    Raises
    ------
    Exception
        One of `PARSE_ERRORS` if the file cannot be read.
    """
    read: Callable[[bytes], Any] = READERS.get(name, load_json)
    forms = [read(written)]
    if is_early and name in EARLY_FORMS:
        early = read(written)
        EARLY_FORMS[name](early)
        forms.insert(0, early)
    stated, sentences = read(data), SENTENCES.get(name, ())
    found = ([*islice(_differences(stated, form, sentences), MAX_LISTED)] for form in forms)
    return min(found, key=len)


def _differences(
    stated: Any, written: Any, sentences: Collection[str], place: str = ""
) -> Iterator[str]:
    if isinstance(stated, dict) and isinstance(written, dict):
        for key in {**written, **stated}:
            inner = f"{place}/{key}" if place else str(key)
            if key not in stated:
                yield f"lacks {inner}, which the release has"
            elif key not in written:
                yield f"has {short_line(inner)}, which the release does not have"
            elif not (key in sentences and isinstance(stated[key], str)):
                yield from _differences(stated[key], written[key], sentences, inner)
    elif isinstance(stated, list) and isinstance(written, list):
        if len(stated) != len(written):
            yield f"has {len(stated)} entries in {place}, which has {len(written)} in the release"
        for number, (one, other) in enumerate(zip(stated, written, strict=False)):
            yield from _differences(one, other, sentences, f"{place}/{_label(other, number)}")
    elif not is_same_json(stated, written):
        said, right = (short_line(json_text(value, None)) for value in (stated, written))
        yield f"gives {said} as {place}, which is {right}"


def _label(item: Any, number: int) -> str:
    """Return what an entry of a list is called, for a message."""
    names = item if isinstance(item, dict) else {}
    return str(names.get("@id") or names.get("name") or number)


def _early_package(value: Any) -> None:
    """Tables were not said to be such, and codes were no categories."""
    for item in value["resources"]:
        item.pop("type", None)
        for field in item.get("schema", {}).get("fields", ()):
            field.pop("categories", None)
            field.pop("categoriesOrdered", None)


def _early_crate(value: Any) -> None:
    """One author was a list too, and no publisher was named."""
    root = next(item for item in value["@graph"] if item["@id"] == rocrate.ROOT)
    if isinstance(root["author"], dict):
        root["author"] = [root["author"]]
    del root["publisher"]


def _early_card(value: Any) -> None:
    """Without a register of coders, all were taken for machines."""
    value.setdefault("annotations_creators", [card.BY_MACHINES])


EARLY_FORMS: Mapping[str, Callable[[Any], None]] = {
    "datapackage.json": _early_package,
    "ro-crate-metadata.json": _early_crate,
    "README.md": _early_card,
}
"""Make of what is written now what releases up to 0.2.0 have."""
