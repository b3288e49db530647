"""Zenodo and GitHub on loopback, with states, as their documentation describes them.

Drafts become records, files are pending until they are committed, tags and assets are there or
not, and what may not be done is answered as the services do. Written from
inveniordm.docs.cern.ch/reference/rest_api_drafts_records and docs.github.com/rest/releases.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import md5, sha256
from typing import Any
from urllib.parse import parse_qs

from web_servers import Answer, Request, Server

TOKEN = "test-token-never-shown"


def bearer(request: Request) -> str:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return headers.get("authorization", "").removeprefix("Bearer ")


@dataclass
class StoredFile:
    data: bytes | None = None
    is_complete: bool = False


@dataclass
class Record:
    """A draft or, once published, a record of InvenioRDM."""

    id: int
    parent: int
    index: int
    metadata: dict[str, Any]
    is_published: bool = False
    files: dict[str, StoredFile] = field(default_factory=dict)


class Zenodo(Server):
    """An account at an InvenioRDM."""

    def __init__(self) -> None:
        super().__init__()
        self.records: dict[int, Record] = {}
        self.damage = 0
        """Uploads that arrive with another last byte."""

    @property
    def drafts(self) -> list[Record]:
        return [record for record in self.records.values() if not record.is_published]

    @property
    def published(self) -> list[Record]:
        return [record for record in self.records.values() if record.is_published]

    def add(self, metadata: dict[str, Any], parent: int | None = None) -> Record:
        number = 1000 + 10 * len(self.records)
        index = 1 + sum(it.parent == parent for it in self.records.values())
        record = Record(number + 1, parent or number, index, metadata)
        self.records[record.id] = record
        return record

    def answer(self, request: Request) -> Answer:
        is_own = bearer(request) == TOKEN
        for pattern, method, call in ROUTES:
            match = re.fullmatch(pattern, request.path)
            if match is None or request.method != method:
                continue
            record = None
            if match.groups():
                record = self.records.get(int(match[1]))
                is_draft = "/draft" in request.path
                if record is None or is_draft is record.is_published:
                    return refusal(404, "The persistent identifier does not exist.")
            needs_token = "/draft" in request.path or method != "GET" or "/user/" in request.path
            if needs_token and not is_own:
                return refusal(403, "Permission denied.")
            return getattr(self, call)(request, record, *match.groups()[1:])
        return refusal(404, "The requested URL was not found on the server.")

    def shown(self, record: Record) -> dict[str, Any]:
        """Return a record as application/vnd.inveniordm.v1+json."""
        doi = {"doi": {"identifier": f"10.5072/zenodo.{record.id}"}}
        parent_doi = {"doi": {"identifier": f"10.5072/zenodo.{record.parent}"}}
        is_known = any(it.is_published and it.parent == record.parent for it in self.published)
        return {
            "id": str(record.id),
            "is_published": record.is_published,
            "is_draft": not record.is_published,
            "metadata": record.metadata,
            "parent": {"id": str(record.parent), "pids": parent_doi if is_known else {}},
            "pids": doi if record.is_published else {},
            "versions": {"index": record.index},
            "links": {},
        }

    def list_own(self, request: Request, _: None) -> Answer:
        query = parse_qs(request.query)
        size, page = int(query["size"][0]), int(query["page"][0])
        every = [self.shown(it) for it in self.records.values()]
        hits = every[size * (page - 1) : size * page]
        return Answer(200, {"hits": {"hits": hits, "total": len(every)}})

    def create(self, request: Request, _: None) -> Answer:
        return Answer(201, self.saved(self.add(request.json["metadata"])))

    def saved(self, record: Record) -> dict[str, Any]:
        """Return a draft with the fields that are not valid, as the service saves it anyway."""
        errors = [
            {"field": f"metadata.{name}", "messages": ["Missing data for required field."]}
            for name in ("title", "publication_date", "creators", "resource_type", "publisher")
            if not record.metadata.get(name)
        ]
        return {**self.shown(record), **({"errors": errors} if errors else {})}

    def new_version(self, _: Request, record: Record) -> Answer:
        if not record.is_published:
            return refusal(404, "The persistent identifier is not registered.")
        for draft in self.drafts:
            if draft.parent == record.parent:
                return Answer(201, self.shown(draft))
        kept = {
            k: v for k, v in record.metadata.items() if k not in ("version", "publication_date")
        }
        return Answer(201, self.shown(self.add(kept, record.parent)))

    def read(self, _: Request, record: Record) -> Answer:
        return Answer(200, self.shown(record))

    def update(self, request: Request, record: Record) -> Answer:
        record.metadata = request.json["metadata"]
        return Answer(200, self.saved(record))

    def publish(self, _: Request, record: Record) -> Answer:
        errors = self.saved(record).get("errors", [])
        if not record.files or not all(it.is_complete for it in record.files.values()):
            errors.append({"field": "files.enabled", "messages": ["Missing uploaded files."]})
        if errors:
            return Answer(400, {"message": "A validation error occurred.", "errors": errors})
        record.is_published = True
        return Answer(202, self.shown(record))

    def shown_file(self, name: str, file: StoredFile) -> dict[str, Any]:
        if not file.is_complete:
            return {"key": name, "status": "pending"}
        assert file.data is not None
        checksum = f"md5:{md5(file.data).hexdigest()}"
        return {"key": name, "status": "completed", "checksum": checksum, "size": len(file.data)}

    def list_files(self, _: Request, record: Record) -> Answer:
        return Answer(200, {"entries": [self.shown_file(*it) for it in record.files.items()]})

    def start_file(self, request: Request, record: Record) -> Answer:
        for item in request.json:
            if item["key"] in record.files:
                return refusal(400, f"File with key {item['key']} already exists.")
            record.files[item["key"]] = StoredFile()
        return Answer(201, {"entries": []})

    def put_content(self, request: Request, record: Record, name: str) -> Answer:
        file = record.files.get(name)
        if file is None:
            return refusal(404, f"No file with key {name}.")
        if file.is_complete:
            return refusal(400, f'File with key "{name}" is commited.')
        file.data = request.body
        if self.damage:
            self.damage -= 1
            file.data = request.body[:-1] + b"\xff"
        return Answer(200, {"key": name, "status": "pending"})

    def commit_file(self, _: Request, record: Record, name: str) -> Answer:
        file = record.files[name]
        if file.data is None:
            return refusal(400, "File has no content.")
        file.is_complete = True
        return Answer(200, self.shown_file(name, file))

    def delete_file(self, _: Request, record: Record, name: str) -> Answer:
        del record.files[name]
        return Answer(204)

    def content(self, _: Request, record: Record, name: str) -> Answer:
        file = record.files.get(name)
        if file is None or file.data is None or not file.is_complete:
            return refusal(404, "No such file.")
        return Answer(200, file.data)


RECORD = r"/api/records/(\d+)"
ROUTES = (
    ("/api/user/records", "GET", "list_own"),
    ("/api/records", "POST", "create"),
    (RECORD, "GET", "read"),
    (f"{RECORD}/versions", "POST", "new_version"),
    (f"{RECORD}/draft", "PUT", "update"),
    (f"{RECORD}/draft/actions/publish", "POST", "publish"),
    (f"{RECORD}/draft/files", "GET", "list_files"),
    (f"{RECORD}/files", "GET", "list_files"),
    (f"{RECORD}/draft/files", "POST", "start_file"),
    (f"{RECORD}/draft/files/([^/]+)/content", "PUT", "put_content"),
    (f"{RECORD}/draft/files/([^/]+)/commit", "POST", "commit_file"),
    (f"{RECORD}/draft/files/([^/]+)", "DELETE", "delete_file"),
    (f"{RECORD}/draft/files/([^/]+)/content", "GET", "content"),
    (f"{RECORD}/files/([^/]+)/content", "GET", "content"),
)


def refusal(status: int, message: str) -> Answer:
    return Answer(status, {"status": status, "message": message})


@dataclass
class Asset:
    id: int
    release: int
    name: str
    data: bytes
    state: str = "uploaded"


class GitHub(Server):
    """A repository with its tags, releases and assets; assets are downloaded from elsewhere."""

    def __init__(self, storage: Storage) -> None:
        super().__init__()
        self.storage = storage
        self.tags = {"v0.1.0"}
        self.releases: dict[int, dict[str, Any]] = {}
        self.assets: dict[int, Asset] = {}
        self.damage = 0
        self.upload_address = self.url

    def answer(self, request: Request) -> Answer:
        if bearer(request) != TOKEN:
            return Answer(401, {"message": "Bad credentials"})
        assert request.path.startswith("/repos/me/tiny/")
        path = request.path.removeprefix("/repos/me/tiny/")
        match path.split("/"), request.method:
            case ["git", "ref", "tags", tag], "GET":
                return Answer(200, {}) if tag in self.tags else refusal(404, "Not Found")
            case ["releases"], "GET":
                return self.page([self.shown(it) for it in self.releases.values()], request)
            case ["releases"], "POST":
                return self.create(request)
            case ["releases", number], "PATCH":
                release = self.releases[int(number)]
                release |= request.json
                self.tags.add(release["tag_name"])
                return Answer(200, self.shown(release))
            case ["releases", number, "assets"], "GET":
                own = [it for it in self.assets.values() if it.release == int(number)]
                return self.page([self.shown_asset(it) for it in own], request)
            case ["releases", number, "assets"], "POST":
                return self.upload(request, int(number))
            case ["releases", "assets", number], "DELETE":
                return Answer(204) if self.assets.pop(int(number), None) else refusal(404, "")
            case ["releases", "assets", number], "GET":
                asset = self.assets[int(number)]
                self.storage.files[asset.name] = asset.data
                location = f"{self.storage.url}/{asset.name}?signed=1"
                return Answer(302, headers={"location": location})
        return refusal(404, "Not Found")

    def page(self, items: list[dict[str, Any]], request: Request) -> Answer:
        query = parse_qs(request.query)
        size, page = int(query["per_page"][0]), int(query["page"][0])
        return Answer(200, items[size * (page - 1) : size * page])  # type: ignore[arg-type]

    def create(self, request: Request) -> Answer:
        given = request.json
        taken = [it for it in self.releases.values() if it["tag_name"] == given["tag_name"]]
        if any(not it["draft"] for it in taken):
            error = {"resource": "Release", "code": "already_exists", "field": "tag_name"}
            return Answer(422, {"message": "Validation Failed", "errors": [error]})
        number = 1 + len(self.releases)
        self.releases[number] = {"id": number, **given}
        return Answer(201, self.shown(self.releases[number]))

    def shown(self, release: dict[str, Any]) -> dict[str, Any]:
        place = "untagged-1" if release["draft"] else release["tag_name"]
        upload = (
            f"{self.upload_address}/repos/me/tiny/releases/{release['id']}/assets{{?name,label}}"
        )
        page = f"https://github.example/me/tiny/releases/{place}"
        return {**release, "html_url": page, "upload_url": upload}

    def shown_asset(self, asset: Asset) -> dict[str, Any]:
        return {
            "id": asset.id,
            "name": asset.name,
            "state": asset.state,
            "size": len(asset.data),
            "digest": f"sha256:{sha256(asset.data).hexdigest()}",
        }

    def upload(self, request: Request, release: int) -> Answer:
        name = parse_qs(request.query)["name"][0]
        if any(it.release == release and it.name == name for it in self.assets.values()):
            error = {"resource": "ReleaseAsset", "code": "already_exists", "field": "name"}
            return Answer(422, {"message": "Validation Failed", "errors": [error]})
        data = request.body
        if self.damage:
            self.damage -= 1
            data = data[:-1] + b"\xff"
        asset = Asset(1 + len(self.requests), release, name, data)
        self.assets[asset.id] = asset
        return Answer(201, self.shown_asset(asset))


class Storage(Server):
    """Where GitHub's downloads lead: another host, which gets no token."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}

    def answer(self, request: Request) -> Answer:
        assert not bearer(request)
        return Answer(200, self.files[request.path.lstrip("/")])
