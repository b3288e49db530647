"""Bring a release where people can get it: Zenodo, GitHub, a directory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from claimlog.cli.base import Context, example, pass_context, progress
from claimlog.cli.output import line
from claimlog.errors import ClaimlogError

if TYPE_CHECKING:
    from claimlog.log.release_index import ReleaseEntry
    from claimlog.release.publishing.published_files import ReleaseFiles
    from claimlog.web_client import WebClient
    from claimlog.web_origins import Token

F = TypeVar("F", bound=Callable[..., Any])
ZENODO_TOKEN, GITHUB_TOKEN = "ZENODO_TOKEN", "GITHUB_TOKEN"
MEGABYTE = 1_000_000


@click.group()
def publish() -> None:
    """Bring a release to Zenodo, GitHub or a directory, as a draft until --publish is given.

    The archive is verified first, and what is there afterwards is held against the index. It can be
    run again after any failure: what is there already is found and not made twice.
    """


def _release_options(function: F) -> F:
    """Add what every place takes: version, where the archive lies, key, --publish."""
    options = (
        click.option("--publish", "is_final", is_flag=True, help="Make it public, for good."),
        click.option(
            "--from",
            "out",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="DIR",
            help="Where archive and signatures lie; dist/ by default.",
        ),
        click.option(
            "--key",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="PUBLIC.pem",
            help="Public key that must have signed the release.",
        ),
        click.option(
            "--release", "version", metavar="VERSION", help="The last one of the index by default."
        ),
    )
    for option in options:
        function = option(function)
    return function


@publish.command(
    epilog=example(
        "claimlog publish zenodo",
        "claimlog publish zenodo --service https://sandbox.zenodo.org",
        "claimlog publish zenodo --release 0.3.0 --publish",
    )
)
@_release_options
@click.option(
    "--record", metavar="ID", help="A record there of an earlier version; found by DOI or title."
)
@click.option(
    "--service",
    default="https://zenodo.org",
    show_default=True,
    metavar="URL",
    help="Zenodo, its sandbox, or another InvenioRDM.",
)
@pass_context
def zenodo(
    context: Context,
    version: str | None,
    is_final: bool,
    out: Path | None,
    key: Path | None,
    record: str | None,
    service: str,
) -> None:
    """Deposit a release at Zenodo. The token is taken from ZENODO_TOKEN.

    Once it is public, the DOI of all versions is written into datapackage.json and CITATION.cff.
    """
    from claimlog.release.metadata import entry_metadata
    from claimlog.release.publishing.doi import write_doi
    from claimlog.release.publishing.zenodo import MEDIA_TYPE, ZenodoPublisher
    from claimlog.schema.definition import read_definition
    from claimlog.web_origins import Token, require_address

    service = require_address(service, "--service")
    remedy = f"make one at {service}/account/settings/applications with deposit:write and \
deposit:actions"
    token = Token.from_environment(ZENODO_TOKEN, remedy, service)
    package = context.package
    _hold_release_lock(context)
    entry, release = _verified_release(context, version, out, key)
    metadata = entry_metadata(read_definition(package), entry)
    with _client(token, MEDIA_TYPE, {}, release) as client:
        publisher = ZenodoPublisher(client, service, release, metadata, record, line)
        deposit = publisher.publish(is_final)
    _say_outcome(deposit.address, deposit.is_published, release)
    if not deposit.is_published:
        return
    line(f"DOI of version {entry.version}: {deposit.doi or 'none'}")
    if deposit.concept_doi is None:
        line("the service names no DOI of all versions, so none was written into datapackage.json")
        return
    line(f"DOI of all versions: {deposit.concept_doi}")
    for name in write_doi(package, deposit.concept_doi):
        line(f"wrote {name}; commit it")


@publish.command(
    epilog=example(
        "claimlog publish github OWNER/NAME", "claimlog publish github OWNER/NAME --publish"
    )
)
@click.argument("repository", metavar="OWNER/NAME")
@_release_options
@click.option(
    "--service",
    default="https://api.github.com",
    show_default=True,
    metavar="URL",
    help="The API of GitHub, or of a server of one's own.",
)
@pass_context
def github(
    context: Context,
    repository: str,
    version: str | None,
    is_final: bool,
    out: Path | None,
    key: Path | None,
    service: str,
) -> None:
    """Make a release at GitHub of the tag that is there. The token is taken from GITHUB_TOKEN."""
    from claimlog.release.changelog import release_notes
    from claimlog.release.publishing.github import (
        HEADERS,
        MEDIA_TYPE,
        GithubPublisher,
        require_repository,
        upload_origins,
    )
    from claimlog.web_origins import Token, require_address

    repository = require_repository(repository)
    service = require_address(service, "--service")
    remedy = "make one with the permission to write contents of the repository"
    token = Token.from_environment(GITHUB_TOKEN, remedy, *upload_origins(service))
    package = context.package
    _hold_release_lock(context)
    entry, release = _verified_release(context, version, out, key)
    title = f"{package.descriptor['title']} {entry.version}"
    notes = release_notes(package, str(entry.version))
    with _client(token, MEDIA_TYPE, HEADERS, release) as client:
        publisher = GithubPublisher(client, service, repository, release, title, notes, line)
        page = publisher.publish(is_final)
    _say_outcome(page.address, page.is_published, release)


@publish.command(
    epilog=example(
        "claimlog publish directory /srv/claims", "claimlog publish directory /srv/claims --publish"
    )
)
@click.argument("target", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@_release_options
@pass_context
def directory(
    context: Context,
    target: Path,
    version: str | None,
    is_final: bool,
    out: Path | None,
    key: Path | None,
) -> None:
    """Copy a release into a directory, with the site and tiles that lie beside its archive.

    Without --publish it says what it would copy.
    """
    from claimlog.release.publishing.directory import copy_release, plan_directory

    _hold_release_lock(context)
    _, release = _verified_release(context, version, out, key)
    plan = plan_directory(release, target.absolute())
    if is_final:
        copy_release(plan, release, line)
        line(f"{target}: holds the {len(release.files)} files of the release, as published")
        return
    for name in plan.names:
        line(f"would copy {name}")
    line(f"{target}: nothing was copied; run this with --publish to copy it")


def _hold_release_lock(context: Context) -> None:
    """Keep others from releasing or publishing until the command ends: two would deposit twice."""
    from claimlog.release.release_lock import release_lock

    click.get_current_context().with_resource(release_lock(context.package))


def _verified_release(
    context: Context, version: str | None, out: Path | None, key: Path | None
) -> tuple[ReleaseEntry, ReleaseFiles]:
    """Return the entry of a release and its files, after its archive was verified."""
    from claimlog.log.release_index import find_entry, read_index
    from claimlog.release.publishing.published_files import verified_files

    package = context.package
    index = read_index(package)
    if not index:
        raise ClaimlogError("releases: nothing was released yet; make one: claimlog release")
    name = str(package.descriptor["name"])
    entry = find_entry(index, version or str(index[-1].version), name)
    release = verified_files(package, index, entry, (out or package.dist).absolute(), key)
    line(release.sentence)
    if key is None and len(release.files) > 2:
        line("signatures go along unchecked; --key PUBLIC.pem checks them")
    return entry, release


@contextmanager
def _client(
    token: Token, media_type: str, headers: dict[str, str], release: ReleaseFiles
) -> Iterator[WebClient]:
    """Yield a client that shows how many megabytes went over the line, there and back."""
    from claimlog.web_client import WebClient

    seen = 0
    with progress("publish", 2 * release.bytes // MEGABYTE + 1) as step:

        def count(size: int) -> None:
            nonlocal seen
            for _ in range((seen + size) // MEGABYTE - seen // MEGABYTE):
                step("MB")
            seen += size

        with WebClient(token, media_type, headers, progress=count) as client:
            yield client


def _say_outcome(address: str, is_published: bool, release: ReleaseFiles) -> None:
    number = len(release.files)
    if is_published:
        line((f"public at {address}: {number} files with the published hashes", "green"))
    else:
        line(f"draft at {address}: {number} files with the published hashes")
        line("look at it there; to make it public, run this again with --publish")
