"""Finds the claims that somebody's bibliography cites, in BibTeX, RIS or CSL-JSON.

A bibliography is edited by hand and by reference managers, which rename keys, move fields and
break lines. So an entry is no more than the text of its fields here, in which a claim is found by
what a citation says of it: its event, or the path of its permalink, or the key it was given. What
begins one is taken more liberally than any reader does, and what stands before the first is read
too: words that are no entry cost nothing, and an entry that is passed over a warning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.escaping import CONTROLS, INVISIBLE, JOINERS
from claimlog.limits import CITATIONS, DOCUMENT_BYTES, ENTRIES, ENTRY_LENGTH
from claimlog.release.cite import TEX
from claimlog.release.cited_names import (
    ADDRESS_NAME,
    KEY_NAME,
    identifier_in_address,
    identifier_in_key,
)
from claimlog.strict_json import decode_value
from claimlog.untrusted_files import RIGHT_FILE, read_regular

VERSION = r"(?P<release>[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9})"
ANY_KEY = re.compile(rf".+?-{VERSION}-[^-]")
PERMALINK = rf"/releases/{VERSION}/claims/(?P<claim>{ADDRESS_NAME})"
PATH_WORDS = "permalink path "
"""What a citation of ours says before a path that has no address."""

EVENT = re.compile(r"\bevent (?P<event>[0-9a-f]{64})\b")
CLAIM_VERSION = re.compile(
    r"\bClaim (?P<claim>(?:(?!\bClaim ).)+?), claim version (?P<version>[0-9]{1,9})\b"
)

BIBTEX_ENTRY = r"@\s*+[^\s\"#%'(),={}@\\]*+\s*+[{(]\s*+(?P<key>[^,\s{}()@]*)"
"""An entry begins at any @, as BibTeX reads it: in a word, a remark, or behind a per cent sign."""

RIS_TAG = r"^[^\S\n]*+{}[^\S\n]*+[-\u2010-\u2015\u2212]"
RIS_ENTRY = RIS_TAG.format("TY")
FLAGS = re.MULTILINE | re.IGNORECASE
ENTRY = re.compile(f"{BIBTEX_ENTRY}|{RIS_ENTRY}", FLAGS)
ENTRY_BELOW_RIS = re.compile(rf"^[^\w\n@]*+{BIBTEX_ENTRY}|{RIS_ENTRY}", FLAGS)
"""A value of RIS, which has a tag before it, may hold any words."""

RIS_KEY = re.compile(rf"{RIS_TAG.format('ID')}[^\S\n]*(?P<key>\S+)", FLAGS)
NAME_LENGTH = 200
"""Characters of a key or identifier that are shown: the longest of ours have some twenty."""

TEX_ESCAPE = re.compile("|".join([*map(re.escape, TEX.values()), r"\\[{}]"]))
TEX_SIGNS = {escape: sign for sign, escape in TEX.items()}


@dataclass(frozen=True)
class ClaimCitation:
    """A claim as an entry of a bibliography cites it.

    Attributes
    ----------
    key, line
        The entry's key and the number of its first line, by which people find it; of an item of
        CSL-JSON the key alone.
    release, version, event_id
        The release, the version of the claim and its event, as far as the entry says them.
    """

    key: str
    line: int | None
    claim_id: str
    release: str | None = None
    version: int | None = None
    event_id: str | None = None


def read_citations(path: Path, dataset: str, homepage: str | None = None) -> list[ClaimCitation]:
    """Return the citations of claims in a bibliography; all else in it is passed over.

    Parameters
    ----------
    dataset
        Name of the dataset, with which the keys begin that `cite` gives.
    homepage
        Address of the dataset, with which those of its claims begin; others' are passed over.

    Raises
    ------
    ClaimlogError
        If the file cannot be read, is too large or no text, or has more entries or cites more
        claims than are checked.
    """
    data = read_regular(path, str(path), DOCUMENT_BYTES, remedy=RIGHT_FILE)
    try:
        text = data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise ClaimlogError(f"{path}: is no UTF-8 ({error.reason}); save it as UTF-8") from error
    text = re.sub(f"[{CONTROLS}]", " ", re.sub(f"[{INVISIBLE}{JOINERS}]+", "", text))
    places = [PATH_WORDS, *([homepage.rstrip("/")] if homepage else [])]
    address = re.compile(rf"(?:{'|'.join(map(re.escape, places))}){PERMALINK}")
    own_key = re.compile(rf"(?<![\w.-]){re.escape(dataset)}-{VERSION}-(?P<claim>{KEY_NAME})")
    found = []
    for number, (key, line, entry) in enumerate(_entries(text, path)):
        if number == ENTRIES:
            raise ClaimlogError(f"{path}: has more than {ENTRIES:,} entries; check it in parts")
        key, entry = key[:ENTRY_LENGTH], entry[:ENTRY_LENGTH]
        for citation in _citations(key, line, entry, own_key, address):
            found.append(citation)
            if len(found) > CITATIONS:
                raise ClaimlogError(
                    f"{path}: cites more than {CITATIONS:,} claims; check it in parts"
                )
    return found


def _entries(text: str, path: Path) -> Iterator[tuple[str, int | None, str]]:
    """Yield key, line and text of each entry, whatever format the file has; a key may be empty."""
    if text.lstrip()[:1] in ("[", "{"):
        yield from _csl_entries(text, path)
        return
    for start, line, part in _parts(text):
        if start is not None and start["key"] is not None:
            yield start["key"], line, TEX_ESCAPE.sub(_tex_sign, part)
        else:
            match = RIS_KEY.search(part) if start else None
            yield (match["key"] if match else ""), line, part


def _tex_sign(escape: re.Match[str]) -> str:
    return TEX_SIGNS.get(escape[0], escape[0][-1])


def _parts(text: str) -> Iterator[tuple[re.Match[str] | None, int, str]]:
    """Yield what stands before the first entry, and each entry, with the number of its first line.

    One at a time is held, because there may be millions; more than `ENTRY_LENGTH` of no entry is.
    """
    line, last = 1, 0
    first = ENTRY.search(text)
    rule = ENTRY_BELOW_RIS if first and first["key"] is None else ENTRY
    for start, following in pairwise(chain((None,), rule.finditer(text), (None,))):
        end = len(text) if following is None else following.start()
        if start is not None:
            line += text.count("\n", last, start.start())
            last = start.start()
            end = min(end, last + ENTRY_LENGTH)
        yield start, line, text[last:end]


def _csl_entries(text: str, path: Path) -> Iterator[tuple[str, int | None, str]]:
    try:
        value = decode_value(text)
    except ValueError as error:
        raise ClaimlogError(f"{path}: is no JSON that can be read ({error})") from error
    for item in _items(value):
        key = str(item.get("id", "")) if isinstance(item, dict) else ""
        yield key, None, "\n".join(_texts(item))[:ENTRY_LENGTH]


def _items(value: Any) -> Iterator[Any]:
    """Yield the items in a JSON value, wherever it lists them, and what stands beside them."""
    yield from _parts_of(value, lambda part: not {"id", "type"}.isdisjoint(part))


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a JSON value, however deep."""
    return (part for part in _parts_of(value, lambda _: False) if isinstance(part, str))


def _parts_of(value: Any, is_whole: Callable[[dict[str, Any]], bool]) -> Iterator[Any]:
    """Yield what lists and objects hold, in order and in a time that grows with the size alone.

    Parameters
    ----------
    is_whole
        Whether an object is yielded, and not what it holds.
    """
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, list):
            left.extend(reversed(part))
        elif isinstance(part, dict) and not is_whole(part):
            left.extend(reversed(part.values()))
        else:
            yield part


def _citations(
    key: str, line: int | None, entry: str, own_key: re.Pattern[str], address: re.Pattern[str]
) -> Iterator[ClaimCitation]:
    """Yield each claim of the dataset that an entry cites, by an address or by its key.

    Where no key was found, one may stand anywhere.
    Version and event, if it says them, are of the claim that it names with the version, or else of
    the first.
    """
    text = " ".join(entry.split())
    event, stated = EVENT.search(text), CLAIM_VERSION.search(text)
    named = [own_key.fullmatch(key)] if key else own_key.finditer(text)
    keys = [match for match in named if match]
    if not keys and ANY_KEY.match(key):
        return  # a claim of another dataset that is kept with claimlog
    cited: dict[tuple[str | None, str], None] = {}
    for place in address.finditer(text):
        cited.setdefault((place["release"], identifier_in_address(place["claim"])))
    for match in keys:
        name = match["claim"] if key else match["claim"].rstrip(".-")
        cited.setdefault((match["release"], identifier_in_key(name)))
    if not cited and event and stated:
        cited[None, stated["claim"]] = None
    told = stated["claim"] if stated else next((claim for _, claim in cited), None)
    for release, claim in cited:
        is_told = claim == told
        told = None if is_told else told  # of one release, where several are cited
        yield ClaimCitation(
            short_name(key),
            line,
            claim,
            release,
            int(stated["version"]) if stated and is_told else None,
            event["event"] if event and is_told else None,
        )


def short_name(name: str) -> str:
    """Return a key or identifier for a message, cut where it is longer than any of ours."""
    return name if len(name) <= NAME_LENGTH else f"{name[:NAME_LENGTH]}…"
