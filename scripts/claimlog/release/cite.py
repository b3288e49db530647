"""Citations of a release and of claims in it: BibTeX, RIS, CSL-JSON, APA and DataCite.

A format is a writer in `WRITERS`; `bibliography_reader` finds such citations again, and
`claimlog.site.claim_citation` says which of them pages show. CITATION.cff is made by
`descriptors.citation_cff`.

The fields of an item describe what is cited, a release or one claim of it; the release of a claim
stands in the fields for its container. A DOI and an address appear where the package has them. A
claim has no DOI of its own; the release's is given as an address.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from claimlog.errors import UsageError
from claimlog.escaping import json_text, plain_line
from claimlog.release.cited_names import key_name
from claimlog.release.metadata import ReleaseMetadata, permalink
from claimlog.schema.edtf_wording import date_in_words

# BibTeX counts braces even behind a backslash, so that \{ alone would leave an item open
TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_"},
}
DERIVED = "wasDerivedFrom"
"""The relation of PROV-O between a copy and the work that it is a copy of."""

NO_NAMES: Mapping[str, str] = MappingProxyType({})
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True)
class ClaimVersion:
    """A claim as a release holds it; `source_published` is EDTF, `event_id` hex.

    `speakers` are those who are said to say so, outermost first; none where the source states it in
    its own voice. `outlets` published what the source is a copy of. `denied` says whether the last
    speaker disputes it in a claim of his own.
    """

    claim_id: str
    version: int
    event_id: str
    statement: str
    source_id: str
    source_title: str
    source_publisher: str
    source_published: str | None
    retracted: bool
    speakers: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    denied: bool = False

    @classmethod
    def of(
        cls,
        row: Mapping[str, Any],
        source: Mapping[str, Any],
        actors: Mapping[str, str] = NO_NAMES,
        outlets: Sequence[str] = (),
        disputing: Iterable[Mapping[str, Any]] = (),
    ) -> ClaimVersion:
        """Return a version of a claim from its row of the log and that of its source.

        Parameters
        ----------
        actors
            Names of actors by identifier; one without a name is written as its identifier.
        outlets
            Who published what the source was derived from.
        disputing
            Rows of the claims that dispute it.
        """
        hops = row.get("attributions") or ()
        speakers = (
            f"“{hop['description']}”"  # our words for somebody who has no name
            if hop.get("description")
            else actors.get(hop["actor_id"], str(hop["actor_id"]))
            for hop in hops
        )
        return cls(
            claim_id=row["claim_id"],
            version=row["version"],
            event_id=row["event_id"],
            statement=row["statement"],
            source_id=row["source_id"],
            source_title=source["title"],
            source_publisher=source["publisher"],
            source_published=source["published"],
            retracted=row["action"] == "retract",
            speakers=tuple(speakers),
            outlets=tuple(outlets),
            denied=any(_speaker_id(other) == _speaker_id(row) for other in disputing)
            and _speaker_id(row) is not None,
        )


@dataclass(frozen=True)
class CitedItem:
    """A release, or a claim in it, as the formats cite it; every text is one line."""

    metadata: ReleaseMetadata
    claim: ClaimVersion | None

    @property
    def key(self) -> str:
        if self.claim is None:
            return self.metadata.stem
        return f"{self.metadata.stem}-{key_name(self.claim.claim_id)}"

    @property
    def title(self) -> str:
        if self.claim is None:
            return plain_line(self.metadata.title)
        mark = " [retracted]" if self.claim.retracted else ""
        return f"{self.claim.claim_id}{mark}: {plain_line(self.claim.statement)}"

    @property
    def version(self) -> str:
        return str(self.claim.version) if self.claim else self.metadata.version

    @property
    def path(self) -> str:
        return permalink(self.metadata.version, self.claim.claim_id if self.claim else None)

    @property
    def doi(self) -> str | None:
        return None if self.claim else self.metadata.doi

    @property
    def url(self) -> str | None:
        """Address that shows the release, or the claim as the release holds it.

        Without a homepage below which the pages lie, a claim's is the DOI, where its archive is.
        """
        metadata = self.metadata
        if address := metadata.page_address(self.claim.claim_id if self.claim else None):
            return address
        return (metadata.doi_address if self.claim else None) or metadata.homepage

    @property
    def place(self) -> str:
        """Where the item is shown, in words: the path of the site, and the file in the archive."""
        file = self.metadata.page_file(self.claim.claim_id if self.claim else None)
        inside = f", in the archive {self.metadata.stem}.zip the file {file}" if file else ""
        return f"permalink path {self.path}{inside}"

    @property
    def note(self) -> str:
        metadata, claim = self.metadata, self.claim
        if claim is None:
            return (
                f"Released on {metadata.date}: log of {metadata.tree_size} events, root "
                f"{metadata.root}; {self.place}."
            )
        dated = (
            f"dated {date_in_words(claim.source_published)}"
            if claim.source_published
            else "undated"
        )
        source = (
            f"source {claim.source_id}, “{plain_line(claim.source_title)}” "
            f"({plain_line(claim.source_publisher)}, {dated}{_copied_from(claim)})"
        )
        identity = (
            f"Claim {claim.claim_id}, claim version {claim.version}, event {claim.event_id}, in "
            f"the log of {metadata.tree_size} events with root {metadata.root}; {self.place}."
        )
        if claim.retracted:
            return (
                f"{identity} Retracted: it was read as what {source}, states, never as what is so."
            )
        *through, speaker = map(plain_line, claim.speakers or ("",))
        if not speaker:
            return f"{identity} It says that {source}, states it, never that it is so."
        way = f" (by way of {', '.join(through)})" if through else ""
        if claim.denied:
            return (
                f"{identity} It says that {source}, ascribes it to {speaker}, who denies it{way}, "
                "never that it is so."
            )
        return (
            f"{identity} It says that {source}, reports that {speaker} says so{way}, "
            "never that it is so."
        )


def cite(metadata: ReleaseMetadata, claims: Sequence[ClaimVersion], format: str) -> str:
    """Return a citation of the release, or of each of the claims as a part of it.

    Parameters
    ----------
    claims
        Claims as the release holds them, in the order in which they are to be cited; none cites
        the release. One that is given twice is cited once.
    format
        One of FORMATS. With claims, ``datacite`` is an array instead of an object.

    Raises
    ------
    UsageError
        If the format is unknown, or two versions of one claim are given: their keys would be one.
    """
    if format not in WRITERS:
        raise UsageError(f'unknown format "{format}"; expected one of {", ".join(FORMATS)}')
    cited = list(dict.fromkeys(claims))
    for name, times in Counter(claim.claim_id for claim in cited).items():
        if times > 1:
            raise UsageError(f"{name} is given in {times} versions; cite the one you used")
    return WRITERS[format](
        [CitedItem(metadata, claim) for claim in cited] or [CitedItem(metadata, None)]
    )


def _bibtex(item: CitedItem) -> str:
    metadata = item.metadata
    release = f"version {metadata.version}"
    how = f"In: {metadata.title}, {release}. Data set" if item.claim else f"Data set, {release}"
    fields = {
        "author": " and ".join(f"{{{_tex(name)}}}" for name in metadata.creators),
        "title": f"{{{_tex(item.title)}}}",
        "year": metadata.date[:4],
        "month": MONTHS[_release_day(metadata).month - 1],
        "howpublished": _tex(how),
        "version": _tex(item.version),
        "publisher": f"{{{_tex(_publisher(metadata))}}}",
        "copyright": _tex(metadata.licence["name"]),
        "note": _tex(item.note),
        # verbatim in biblatex: not escaped
        "doi": item.doi,
        "url": item.url,
    }
    lines = (
        # the name of a month is a macro of every style
        f"  {name} = {value},\n" if name == "month" else f"  {name} = {{{value}}},\n"
        for name, value in fields.items()
        if value
    )
    return f"@misc{{{item.key},\n{''.join(lines)}}}\n"


def _ris(item: CitedItem) -> str:
    metadata = item.metadata
    tags: list[tuple[str, str | None]] = [
        ("TY", "DATA"),
        ("ID", item.key),
        *(("AU", name) for name in metadata.creators),
        ("PY", metadata.date[:4]),
        ("DA", metadata.date.replace("-", "/")),
        ("TI", item.title),
        ("T2", _container(metadata) if item.claim else None),
        ("ET", item.version),
        ("PB", _publisher(metadata)),
        ("N1", item.note),
        ("DO", item.doi),
        ("UR", item.url),
    ]
    lines = [f"{tag}  - {plain_line(value)}\r\n" for tag, value in tags if value]
    return "".join([*lines, "ER  - \r\n"])


def _csl(item: CitedItem) -> dict[str, Any]:
    day = _release_day(item.metadata)
    return _without_empty(
        {
            "id": item.key,
            "type": "dataset",
            "title": item.title,
            "container-title": _container(item.metadata) if item.claim else None,
            "author": [{"literal": name} for name in item.metadata.creators],
            "issued": {"date-parts": [[day.year, day.month, day.day]]},
            "version": item.version,
            "publisher": _publisher(item.metadata),
            "DOI": item.doi,
            "URL": item.url,
            "note": item.note,
        }
    )


def _apa(item: CitedItem) -> str:
    metadata, claim = item.metadata, item.claim
    names = metadata.creators
    authors = ", & ".join([", ".join(names[:-1]), names[-1]]) if names[1:] else names[0]
    release = f"{metadata.title} (Version {metadata.version}) [Data set]"
    if claim is None:
        what = release
    else:
        # the statement stands where APA describes a work that has a number and no title
        version = f"claim version {claim.version}{', retracted' if claim.retracted else ''}"
        statement = plain_line(claim.statement).removesuffix(".")
        what = f"{claim.claim_id} ({version}) [{statement}]. In {release}"
    # APA leaves out a publisher who is the author
    publisher = (
        "" if _publisher(metadata) == " and ".join(names) else _end_sentence(_publisher(metadata))
    )
    page = metadata.page_address(claim.claim_id) if claim else None
    address = page or metadata.doi_address or item.url or ""
    parts = (
        _end_sentence(authors),
        f"({metadata.date[:4]}).",
        f"{what}.",
        publisher,
        item.note,
        address,
    )
    return " ".join(part for part in parts if part) + "\n"


def _datacite(item: CitedItem) -> dict[str, Any]:
    """Return attributes of DataCite 4.5 (https://schema.datacite.org/meta/kernel-4.5/)."""
    metadata, claim = item.metadata, item.claim
    year = metadata.date[:4]
    rights = {
        "rights": metadata.licence["title"],
        "rightsUri": metadata.licence_address,
        "rightsIdentifier": metadata.licence["name"],
        "rightsIdentifierScheme": "SPDX",
    }
    creators = [{"name": name, "nameType": "Organizational"} for name in metadata.creators]
    identifiers = {"permalink path": item.path}
    descriptions = {"TechnicalInfo": item.note}
    part_of: list[dict[str, Any]] = []
    subjects: list[str] = []
    if claim is None:
        kind = {"resourceTypeGeneral": "Dataset", "resourceType": "Dataset"}
        subjects = list(dict.fromkeys(map(plain_line, metadata.head.get("keywords", []))))
        if item.url:
            identifiers["URL"] = item.url
        if metadata.head.get("description"):
            descriptions = {"Abstract": plain_line(metadata.head["description"]), **descriptions}
    else:
        kind = {"resourceTypeGeneral": "Other", "resourceType": "Dataset part"}
        identifiers |= {"claim id": claim.claim_id, "event id": claim.event_id}
        identifiers |= {"log root": f"{metadata.tree_size}:{metadata.root}"}
        if page := metadata.page_address(claim.claim_id):
            identifiers["URL"] = page
        container = metadata.page_address() or metadata.homepage
        identifier = {
            "relatedItemIdentifier": metadata.doi or container,
            "relatedItemIdentifierType": "DOI" if metadata.doi else "URL",
        }
        release = {
            "relationType": "IsPartOf",
            "relatedItemType": "Dataset",
            "relatedItemIdentifier": identifier if metadata.doi or container else None,
            "titles": [{"title": metadata.title}],
            "creators": creators,
            "publicationYear": year,
            "edition": metadata.version,
            "publisher": _publisher(metadata),
        }
        part_of = [_without_empty(release)]
    return _without_empty(
        {
            "schemaVersion": "http://datacite.org/schema/kernel-4",
            "doi": item.doi,
            "types": kind,
            "creators": creators,
            "titles": [{"title": item.title}],
            "publisher": {"name": _publisher(metadata)},
            "publicationYear": year,
            "dates": [{"date": metadata.date, "dateType": "Issued"}],
            "version": item.version,
            "subjects": [{"subject": subject} for subject in subjects],
            "rightsList": [_without_empty(rights)],
            "descriptions": [
                {"description": text, "descriptionType": name}
                for name, text in descriptions.items()
            ],
            "alternateIdentifiers": [
                {"alternateIdentifier": value, "alternateIdentifierType": name}
                for name, value in identifiers.items()
            ],
            "relatedItems": part_of,
        }
    )


def _publisher(metadata: ReleaseMetadata) -> str:
    return " and ".join(metadata.publishers)


def _speaker_id(row: Mapping[str, Any]) -> str | None:
    """Return the actor of the innermost hop of a claim; None for a nameless one and for none."""
    hops = row.get("attributions") or ()
    return hops[-1]["actor_id"] if hops else None


def _copied_from(claim: ClaimVersion) -> str:
    """Say whose work the source of a claim is a copy of, if that is known."""
    outlets = [plain_line(name) for name in dict.fromkeys(claim.outlets)]
    others = [name for name in outlets if name != plain_line(claim.source_publisher)]
    return f"; derived from a work of {' and of '.join(others)}" if others else ""


def _container(metadata: ReleaseMetadata) -> str:
    return f"{metadata.title} (version {metadata.version})"


def _release_day(metadata: ReleaseMetadata) -> date:
    return date.fromisoformat(metadata.date)


def _end_sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _tex(text: str) -> str:
    return re.sub(r"[\\{}~^&%$#_]", lambda match: TEX[match[0]], plain_line(text))


def _without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that are not empty."""
    return {name: value for name, value in fields.items() if value}


def _json(value: Any) -> str:
    return f"{json_text(value)}\n"


def _write_datacite(items: Sequence[CitedItem]) -> str:
    found = [_datacite(item) for item in items]
    return _json(found if items[0].claim else found[0])


WRITERS: Mapping[str, Callable[[Sequence[CitedItem]], str]] = {
    "bibtex": lambda items: "\n".join(map(_bibtex, items)),
    "ris": lambda items: "".join(map(_ris, items)),
    "csl-json": lambda items: _json([_csl(item) for item in items]),
    "apa": lambda items: "".join(map(_apa, items)),
    "datacite": _write_datacite,
}
"""By format, what writes citations of a release or of claims in it, one after the other."""
FORMATS = tuple(WRITERS)
