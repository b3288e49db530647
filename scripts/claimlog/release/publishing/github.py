"""Publishing a release at GitHub, by its REST API of releases and their assets.

The draft is found by its tag, the assets by name and digest; what is missing is uploaded to the
address that the release names.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from claimlog.errors import ClaimlogError, UsageError
from claimlog.escaping import plain_line
from claimlog.media_types import BINARY
from claimlog.release.publishing.listed_items import MOST_ITEMS, PAGE_SIZE, listed_items
from claimlog.release.publishing.published_files import (
    PublishedFile,
    ReleaseFiles,
    Say,
    documented_answers,
)
from claimlog.release.publishing.remote_digest import require_digest
from claimlog.release.publishing.remote_words import bare_words
from claimlog.web_client import Upload, WebClient, WebError
from claimlog.web_origins import display_address, origin

SERVICE = "https://api.github.com"
UPLOAD_SERVICE = "https://uploads.github.com"
MEDIA_TYPE = "application/vnd.github+json"
HEADERS = {"X-GitHub-Api-Version": "2022-11-28"}
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}/[A-Za-z0-9._-]{1,100}")
TAG = re.compile(r"v[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}")
DRAFTS_NAMED = 5
"""Drafts of other versions that are named."""

NOT_FOUND = 404


@dataclass(frozen=True)
class Page:
    """A release at GitHub: its page, and whether others see it."""

    address: str
    is_published: bool


@dataclass(frozen=True)
class _Asset:
    """What matters of a file at GitHub in an answer; ``digest`` is empty at old servers."""

    id: int
    name: str
    state: str
    size: int
    digest: str

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> _Asset:
        digest = data.get("digest")
        return cls(
            id=int(data["id"]),
            name=str(data["name"]),
            state=str(data.get("state")),
            size=int(data["size"]),
            digest="" if digest is None else str(digest),
        )

    def is_same(self, file: PublishedFile) -> bool:
        """Whether it is complete and has the digest of ours."""
        return (
            self.state == "uploaded"
            and self.size == file.size
            and self.digest in ("", f"sha256:{file.sha256}")
        )


def upload_origins(service: str) -> tuple[str, ...]:
    """Return the addresses to which a token for an API may go."""
    return (service, UPLOAD_SERVICE) if service == SERVICE else (service,)


def require_repository(name: str) -> str:
    """Return OWNER/NAME.

    Raises
    ------
    UsageError
        If it is none.
    """
    if not REPOSITORY.fullmatch(name):
        raise UsageError(f"{plain_line(name)[:100]}: is no repository; expected OWNER/NAME")
    return name


class GithubPublisher:
    """Brings one release to a repository.

    Parameters
    ----------
    service
        Address of the API: GitHub's, or that of a server of one's own.
    repository
        OWNER/NAME.
    title, notes
        Of the release; Markdown.
    """

    def __init__(
        self,
        client: WebClient,
        service: str,
        repository: str,
        release: ReleaseFiles,
        title: str,
        notes: str,
        say: Say,
    ) -> None:
        self.client = client
        self.base = f"{service}/repos/{repository}"
        self.release = release
        self.tag = f"v{release.entry.version}"
        self.title = title
        self.notes = notes
        self.say = say

    def publish(self, is_final: bool) -> Page:
        """Bring the release into a draft, check it, and publish it if that is wanted.

        Raises
        ------
        ClaimlogError
            If the tag is not there, two drafts are, a request fails, or a file there is not the one
            that was published. Running it again goes on from what is there.
        """
        with documented_answers(self.base, "GitHub", "release"):
            return self._publish(is_final)

    def _publish(self, is_final: bool) -> Page:
        self._require_tag()
        found = self._find()
        if found is None:
            found = self._make_draft()
        elif found["draft"]:
            self.say(f"going on with the draft of {self.tag}")
        number, where = int(found["id"]), display_address(str(found["html_url"]))
        if found["draft"]:
            self._fill(number, where, str(found["upload_url"]))
        else:
            self.say(f"{self.tag} is public there already")
        self._check(number, where, bool(found["draft"]))
        if found["draft"] and is_final:
            found = self._make_public(number)
            where = display_address(str(found["html_url"]))
            self._check(number, where, False)
        if name := self._differing_field(found):
            self.say(f"note: {where} has another {name} than the release")
        return Page(where, not found["draft"])

    def _make_draft(self) -> Mapping[str, Any]:
        body = {"tag_name": self.tag, "name": self.title, "body": self.notes, "draft": True}
        made: Mapping[str, Any] = self.client.fetch_json("POST", f"{self.base}/releases", body)
        where = display_address(str(made["html_url"]))
        if name := self._differing_field(made):
            raise ClaimlogError(
                f"{where}: has another {name} than was sent; do not publish it, discard it there "
                "and run this again"
            )
        self.say(f"made a draft of {self.tag}")
        return made

    def _make_public(self, number: int) -> Mapping[str, Any]:
        body = {"draft": False, "tag_name": self.tag}
        address = f"{self.base}/releases/{number}"
        made: Mapping[str, Any] = self.client.fetch_json("PATCH", address, body)
        if made["draft"] or made["tag_name"] != self.tag:
            raise ClaimlogError(
                f"{display_address(str(made['html_url']))}: is not the public release of "
                f"{self.tag}, although it was published as that; look at it there, and run this "
                "again"
            )
        return made

    def _differing_field(self, found: Mapping[str, Any]) -> str | None:
        """Return what a release says otherwise than ours; who has a draft may write its text."""
        if found["tag_name"] != self.tag:
            return "tag"
        own = (("title", "name", self.title), ("text", "body", self.notes))
        return next(
            (it for it, key, ours in own if bare_words(found.get(key)) != bare_words(ours)), None
        )

    def _require_tag(self) -> None:
        """Refuse a tag that is not there: publishing would make it, of whatever is newest."""
        try:
            self.client.fetch_json("GET", f"{self.base}/git/ref/tags/{self.tag}")
        except WebError as error:
            if error.status != NOT_FOUND:
                raise
            raise ClaimlogError(
                f"{self.base}: has no tag {self.tag}, or the token does not see the repository; "
                f"push the tag (git push origin {self.tag}) and run this again"
            ) from None

    def _find(self) -> Mapping[str, Any] | None:
        """Return the release or draft of the tag; name drafts of other versions."""
        own, drafts = None, 0
        for item in self._listed("releases"):
            if item["tag_name"] == self.tag:
                if own is not None:
                    raise ClaimlogError(
                        f"{display_address(str(item['html_url']))}: {self.tag} is there twice; "
                        "discard all but one there, and run this again"
                    )
                own = item
            elif item["draft"] and TAG.fullmatch(str(item["tag_name"])):
                drafts += 1
                if drafts <= DRAFTS_NAMED:
                    self.say(
                        f"note: the draft of {item['tag_name']} was never published: "
                        f"{display_address(str(item['html_url']))}"
                    )
        if drafts > DRAFTS_NAMED:
            self.say(f"note: {drafts - DRAFTS_NAMED:,} more drafts were never published")
        return own

    def _listed(self, path: str) -> Iterator[Mapping[str, Any]]:
        def fetch_page(page: int) -> Any:
            url = f"{self.base}/{path}?per_page={PAGE_SIZE}&page={page}"
            return self.client.fetch_json("GET", url)

        too_many = f"{self.base}/{path}: are more than {MOST_ITEMS:,}, too many to look through"
        return listed_items(fetch_page, too_many)

    def _assets(self, number: int) -> dict[str, _Asset]:
        listed = map(_Asset.of, self._listed(f"releases/{number}/assets"))
        return {asset.name: asset for asset in listed}

    def _fill(self, number: int, where: str, template: str) -> None:
        """Bring every file into a draft that is not there with its digest."""
        target = template.partition("{")[0]
        token = self.client.token
        if token is None or origin(target) not in token.origins:
            raise ClaimlogError(
                f"{where}: wants uploads at {display_address(target)}, which is no place for the "
                "token; nothing was sent"
            )
        there = self._assets(number)
        self._refuse_foreign_files(there, where)
        for file in self.release.files:
            found = there.get(file.name)
            if found is not None and found.is_same(file):
                self.say(f"{file.name} is there already")
                continue
            if found is not None:
                # an upload that broke off, or another file in a draft that nobody has seen
                self._delete(found)
            sent = self._upload(target, file)
            if not sent.is_same(file):
                self._delete(sent)
                raise ClaimlogError(f"{where}: {file.name} arrived damaged; run this again")
            self.say(f"uploaded {file.name}, {file.size:,} bytes")

    def _refuse_foreign_files(self, there: Collection[str], where: str) -> None:
        if others := self.release.foreign_files(there):
            raise ClaimlogError(f"{where}: holds {others}; delete that there, and run this again")

    def _delete(self, asset: _Asset) -> None:
        self.client.fetch_json("DELETE", f"{self.base}/releases/assets/{asset.id}")

    def _upload(self, target: str, file: PublishedFile) -> _Asset:
        url = f"{target}?name={quote(file.name)}"
        return _Asset.of(self.client.upload("POST", url, Upload(file.path, file.size)))

    def _check(self, number: int, where: str, is_draft: bool) -> None:
        """Download every file and hold it against the one that was published."""
        there = self._assets(number)
        if is_draft:
            self._refuse_foreign_files(there, where)
        elif others := self.release.foreign_files(there):
            self.say(f"note: {where} also holds {others}")
        for file in self.release.files:
            if file.name not in there:
                raise ClaimlogError(
                    f"{where}: lacks {file.name}, and what is public is not changed; add it there "
                    "by hand, or leave it to the next release"
                )
            asset = f"{self.base}/releases/assets/{there[file.name].id}"
            require_digest(self.client, asset, file, where, BINARY)
