"""Depositing a release at Zenodo, by the REST API of InvenioRDM for drafts and records.

Every run looks at what is there and does what is missing: the draft is found by title, version and
earlier versions, its files by name and checksum.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from claimlog.errors import ClaimlogError
from claimlog.escaping import plain_line
from claimlog.release.metadata import ReleaseMetadata
from claimlog.release.publishing.listed_items import MOST_ITEMS, PAGE_SIZE, listed_items
from claimlog.release.publishing.published_files import (
    SHOWN,
    PublishedFile,
    ReleaseFiles,
    Say,
    documented_answers,
)
from claimlog.release.publishing.remote_digest import require_digest
from claimlog.release.publishing.remote_words import bare_words
from claimlog.release.publishing.zenodo_metadata import deposit, differing_field
from claimlog.web_client import Upload, WebClient

SERVICE = "https://zenodo.org"
MEDIA_TYPE = "application/vnd.inveniordm.v1+json"
"""By ``application/json`` Zenodo answers in the form of its earlier API."""

IDENTIFIER = re.compile(r"[\w.-]{1,100}", re.ASCII)
DOI_LENGTH, TITLE_LENGTH = 200, 2_000
"""Characters of a DOI, and of a title."""

UPLOADS = 2
"""How often a file is sent before a wrong checksum is an error."""


@dataclass(frozen=True)
class Deposit:
    """A draft or record as it is at the service.

    Attributes
    ----------
    address
        Its page.
    doi, concept_doi
        The DOI of this version, and of all versions; None before it is public, or where the
        service has none.
    """

    address: str
    is_published: bool
    doi: str | None = None
    concept_doi: str | None = None


@dataclass(frozen=True)
class _Record:
    """What matters of a record or draft in an answer of the service."""

    id: str
    parent: str
    is_published: bool
    index: int
    title: str
    version: str
    doi: str | None
    concept_doi: str | None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> _Record:
        metadata, parent = data.get("metadata") or {}, data.get("parent") or {}
        return cls(
            id=_identifier(data),
            parent=_identifier(parent) if "id" in parent else "",
            is_published=bool(data.get("is_published")),
            index=int((data.get("versions") or {}).get("index", 0)),
            title=bare_words(str(metadata.get("title") or "")[:TITLE_LENGTH]),
            version=str(metadata.get("version") or "")[:SHOWN],
            doi=_doi(data),
            concept_doi=_doi(parent),
        )


def _doi(data: Mapping[str, Any]) -> str | None:
    identifier = ((data.get("pids") or {}).get("doi") or {}).get("identifier")
    if identifier is not None and not 0 < len(str(identifier)) <= DOI_LENGTH:
        raise ValueError("a DOI that is none")
    return None if identifier is None else str(identifier)


def _identifier(data: Mapping[str, Any]) -> str:
    """Return the identifier of a record, which stands in addresses."""
    identifier = str(data["id"])
    if not IDENTIFIER.fullmatch(identifier):
        raise ValueError("an identifier of a record that is none")
    return identifier


class ZenodoPublisher:
    """Brings one release to the service.

    Parameters
    ----------
    service
        Address of Zenodo, its sandbox, or another InvenioRDM.
    record
        Identifier of any earlier version there; found by DOI or title by default.
    """

    def __init__(
        self,
        client: WebClient,
        service: str,
        release: ReleaseFiles,
        metadata: ReleaseMetadata,
        record: str | None,
        say: Say,
    ) -> None:
        self.client = client
        self.service = service
        self.release = release
        self.metadata = metadata
        self.record = record
        self.say = say

    def publish(self, is_final: bool) -> Deposit:
        """Bring the release into a draft, check it, and publish it if that is wanted.

        Raises
        ------
        ClaimlogError
            If a draft of something else is in the way, a request fails, or a file there is not the
            one that was published. Running it again goes on from what is there.
        """
        with documented_answers(self.service, "InvenioRDM", "deposit"):
            return self._publish(is_final)

    def _publish(self, is_final: bool) -> Deposit:
        family = self._family()
        same = [it for it in family if it.is_published and it.version == self.metadata.version]
        if same:
            self.say(f"release {self.metadata.version} is public there already")
            return self._public_deposit(same[0].id)
        draft = self._draft(family)
        self._update(draft)
        self._fill(draft)
        self._own_files(draft)
        where = f"{self.service}/uploads/{draft}"
        for file in self.release.files:
            require_digest(self.client, self._content(draft, file.name, True), file, where)
        if not is_final:
            return Deposit(where, False)
        self._call("POST", f"records/{draft}/draft/actions/publish")
        return self._public_deposit(draft)

    def _family(self) -> list[_Record]:
        """Return the records and drafts of this dataset.

        By the parent of a record that was named, the DOI of all versions if there is one, or else
        the title.
        """
        own = [_Record.of(hit) for hit in self._own_records()]
        if self.record is not None:
            parent = _Record.of(self._call("GET", f"records/{quote(self.record, safe='')}")).parent
            return [it for it in own if it.parent == parent]
        doi = self.metadata.doi
        if doi is None:
            title = bare_words(self.metadata.title)
            return [it for it in own if it.title == title]
        family = [it for it in own if it.concept_doi == doi]
        if not family:
            raise ClaimlogError(
                f"{self.service}: this account has no record of {doi}, the DOI that "
                'datapackage.json gives as "id"; name the last version with --record, or use the '
                "token of the account that has it"
            )
        parents = {it.parent for it in family}
        return [it for it in own if it.parent in parents]

    def _own_records(self) -> Iterator[Mapping[str, Any]]:
        def fetch_page(page: int) -> Any:
            query = f"allversions=true&size={PAGE_SIZE}&page={page}"
            return self._call("GET", f"user/records?{query}")["hits"]["hits"]

        return listed_items(
            fetch_page,
            f"{self.service}: this account has more than {MOST_ITEMS:,} records, too many to look "
            "through; use the token of an account for this dataset",
        )

    def _draft(self, family: Sequence[_Record]) -> str:
        """Return the identifier of this release's draft: found, or made."""
        drafts = [it for it in family if not it.is_published]
        own = [it for it in drafts if it.version == self.metadata.version or self._is_unused(it)]
        stale = [it for it in drafts if it not in own]
        if stale or len(own) > 1:
            found = (stale or own)[-1]
            what = f"of version {found.version}" if found.version else "without a version"
            more = " is there twice" if not stale else " was never published"
            raise ClaimlogError(
                f"{self.service}/uploads/{found.id}: a draft {what} of this dataset{more}; publish "
                "it or discard it there, and run this again"
            )
        if own:
            self.say(f"going on with the draft {own[0].id}")
            return own[0].id
        public = max((it for it in family if it.is_published), key=_index, default=None)
        if public is None:
            made = self._call("POST", "records", self._body())
            self._refuse_errors(made)
        else:
            made = self._call("POST", f"records/{public.id}/versions")
        draft = _identifier(made)
        self.say(f"made the draft {draft}")
        return draft

    def _is_unused(self, draft: _Record) -> bool:
        """Whether a draft is as a new version is made: without a version and without files."""
        return not draft.version and draft.index > 1 and not self._files(draft.id, True)

    def _body(self) -> dict[str, Any]:
        host = self.service.partition("://")[2].partition("/")[0]
        is_zenodo = host == "zenodo.org" or host.endswith(".zenodo.org")
        publisher = "Zenodo" if is_zenodo else " and ".join(self.metadata.publishers)
        return deposit(self.metadata, publisher)

    def _update(self, draft: str) -> None:
        body = self._body()
        answer = self._call("PUT", f"records/{draft}/draft", body)
        self._refuse_errors(answer)
        if name := differing_field(body["metadata"], answer["metadata"]):
            raise ClaimlogError(
                f"{self.service}/uploads/{draft}: has another {name} than was sent; do not publish "
                "it, discard it there and run this again"
            )

    def _refuse_errors(self, answer: Mapping[str, Any]) -> None:
        """Refuse a draft that was saved with fields that the service does not take."""
        for error in answer.get("errors") or ():
            words = ", ".join(map(str, error.get("messages", ())))
            raise ClaimlogError(
                f"{self.service}/uploads/{_identifier(answer)}: the service does not take "
                f"{plain_line(error.get('field', ''))[:SHOWN]} ({plain_line(words)[:200]}); mend "
                "datapackage.json for the next release, or the field there"
            )

    def _files(self, record: str, is_draft: bool) -> dict[str, Mapping[str, Any]]:
        path = f"records/{record}/draft/files" if is_draft else f"records/{record}/files"
        return {str(item["key"]): item for item in self._call("GET", path)["entries"]}

    def _own_files(self, draft: str) -> dict[str, Mapping[str, Any]]:
        """Return the files of a draft; refuse one that is none of the release's."""
        there = self._files(draft, True)
        if others := self.release.foreign_files(there):
            raise ClaimlogError(
                f"{self.service}/uploads/{draft}: holds {others}; delete that there, and run this "
                "again"
            )
        return there

    def _fill(self, draft: str) -> None:
        """Bring every file into a draft that is not there with its checksum."""
        there = self._own_files(draft)
        for file in self.release.files:
            found = there.get(file.name)
            if found is not None and _is_same(found, file):
                self.say(f"{file.name} is there already")
                continue
            for _ in range(UPLOADS):
                if found is not None:
                    # an upload that broke off, or another file in a draft that nobody has seen
                    self._call("DELETE", f"records/{draft}/draft/files/{quote(file.name)}")
                found = self._upload(draft, file)
                if _is_same(found, file):
                    break
            else:
                raise ClaimlogError(
                    f"{self.service}/uploads/{draft}: {file.name} arrived damaged {UPLOADS} times "
                    f"({str((found or {}).get('checksum'))[:SHOWN]}); run this again later"
                )
            self.say(f"uploaded {file.name}, {file.size:,} bytes")

    def _upload(self, draft: str, file: PublishedFile) -> Mapping[str, Any]:
        """Send a file in the three steps of the service; return what it says of it."""
        self._call("POST", f"records/{draft}/draft/files", [{"key": file.name}])
        path = f"records/{draft}/draft/files/{quote(file.name)}"
        self.client.upload("PUT", self._url(f"{path}/content"), Upload(file.path, file.size))
        answer: Mapping[str, Any] = self._call("POST", f"{path}/commit")
        return answer

    def _public_deposit(self, identifier: str) -> Deposit:
        """Return a public record after a look at it and its files."""
        where = f"{self.service}/records/{identifier}"
        data = self._call("GET", f"records/{identifier}")
        record = _Record.of(data)
        if record.id != identifier or not record.is_published:
            raise ClaimlogError(
                f"{where}: is not public, although the service published it; look at it there, and "
                "run this again"
            )
        there = self._files(record.id, False)
        for file in self.release.files:
            if file.name not in there:
                raise ClaimlogError(
                    f"{where}: lacks {file.name}, and a public record is not changed; add it there "
                    "by hand, or leave it to the next release"
                )
            require_digest(self.client, self._content(record.id, file.name, False), file, where)
        if others := self.release.foreign_files(there):
            self.say(f"note: {where} also holds {others}")
        if name := differing_field(self._body()["metadata"], data["metadata"]):
            self.say(f"note: {where} has another {name} than the release")
        return Deposit(where, True, record.doi, record.concept_doi)

    def _content(self, record: str, name: str, is_draft: bool) -> str:
        part = "draft/files" if is_draft else "files"
        return self._url(f"records/{record}/{part}/{quote(name)}/content")

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        return self.client.fetch_json(method, self._url(path), body)

    def _url(self, path: str) -> str:
        return f"{self.service}/api/{path}"


def _index(record: _Record) -> int:
    return record.index


def _is_same(found: Mapping[str, Any], file: PublishedFile) -> bool:
    """Whether a file at the service is complete and has the checksum of ours."""
    return (
        found.get("status", "completed") == "completed"
        and found.get("checksum") == f"md5:{file.md5}"
        and int(found.get("size", file.size)) == file.size
    )
