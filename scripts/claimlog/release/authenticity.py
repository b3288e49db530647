"""What vouches for a release: an index in a checkout that the reader trusts, or a signature."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from claimlog.checkout import Checkout
from claimlog.errors import ClaimlogError, Finding
from claimlog.log.release_index import ReleaseEntry
from claimlog.package import RELEASE, SUMS, Package
from claimlog.release.checkpoint import log_origin, verify_checkpoint
from claimlog.release.checksums import sha256_of_file
from claimlog.release.release_copy import ReleaseCopy
from claimlog.release.release_site import is_of_site
from claimlog.release.release_statement import STATEMENT_SUFFIX, read_statement
from claimlog.release.release_verdict import FILES, LOG, Verdict
from claimlog.release.signed_note import NOTE_BYTES
from claimlog.release.walk_release import GET_AGAIN
from claimlog.strict_json import is_same_json
from claimlog.untrusted_files import RIGHT_FILE, read_regular

CHECKPOINT_SUFFIX = ".checkpoint"
RULE = "release-signature"


def check_index(
    copy: ReleaseCopy, index: Sequence[ReleaseEntry], place: str, verdict: Verdict
) -> None:
    """Compare every file of a release, and its archive if there is one, with an index.

    Parameters
    ----------
    place
        Where the index lies, for the verdict.
    """
    entry = next((e for e in index if str(e.version) == verdict.version), None)
    if entry is None:
        versions = ", ".join(str(e.version) for e in index) or "none"
        message = f"the index knows no release {verdict.version or '?'}; it has {versions}"
        remedy = "update the checkout, or verify it --alone"
        verdict.findings.append(Finding("release-index", RELEASE, message, remedy=remedy))
        return
    own = f"{verdict.name}-{verdict.version}"
    if not entry.is_of(own):
        message = f"is of {own}.zip, the index in {place} of {entry.data['archive']['path']}"
        remedy = "run this in a checkout of that dataset, or verify it --alone"
        verdict.findings.append(Finding("release-index", RELEASE, message, remedy=remedy))
        return
    # pages are listed in SHA256SUMS alone, which every file was compared with before this
    digests = {name: digest for name, digest in copy.digests.items() if not is_of_site(name)}
    issue = entry.issue_with(SUMS, copy.digests.get(SUMS))
    differing = [
        name
        for name in sorted({*digests, *issue["files"]})
        if digests.get(name) != issue["files"].get(name)
    ]
    for name in differing:
        message = f"is not the file that {entry.display_path} names"
        verdict.findings.append(Finding("release-index", name, message, remedy=GET_AGAIN))
    archive = copy.archive
    if archive is not None and sha256_of_file(archive) != issue["archive"]["sha256"]:
        differing.append(archive.name)
        message = f"is not the archive that {entry.display_path} names"
        verdict.findings.append(Finding("release-index", archive.name, message, remedy=GET_AGAIN))
    verdict.checks.append(f"every file against {entry.display_path}")
    is_first = issue is entry.issues[0]
    flaw = None if differing else entry.summary_flaw(copy.summary) if is_first else None
    if flaw:
        # its files are those of the entry, so that this is what is false
        remedy = "restore the entry from git, or verify it --alone"
        verdict.findings.append(Finding("release-index", entry.display_path, flaw, remedy=remedy))
    elif not differing:
        verdict.vouchers.append(f"{entry.display_path} of {place}")
        verdict.omissions += _notes_about_issues(entry, issue)


def _notes_about_issues(entry: ReleaseEntry, issue: Mapping[str, Any]) -> Iterator[str]:
    """Say which issue a copy is, if a release was made again without rows of it."""
    last = entry.issues[-1]
    if issue is not last:
        rows = ", ".join(map(str, last["rows"]))
        yield (
            f"rows {rows} of the log as they were published: they were taken down, and the release "
            f"was made again on {last['date']} without them; get that issue"
        )
    elif issue is not entry.issues[0]:
        yield (
            f"against the files of the first issue: this one was made on {issue['date']} without "
            f"rows {', '.join(map(str, issue['rows']))} of the log, which were taken down"
        )


def check_signatures(copy: ReleaseCopy, key: Path, verdict: Verdict) -> None:
    """Check the signed statement beside a release; without one, the signed checkpoint.

    The second covers size and root of the log only and vouches for no other file.
    """
    statement, checkpoint = copy.beside(STATEMENT_SUFFIX), copy.beside(CHECKPOINT_SUFFIX)
    path = statement if statement.exists() else checkpoint
    if not path.exists():
        message = "is not beside the release, so no signature can be checked"
        remedy = "get it from where the release was published"
        verdict.findings.append(Finding(RULE, statement.name, message, remedy=remedy))
        return
    try:
        data = read_regular(path, path.name, NOTE_BYTES, remedy=RIGHT_FILE)
        if path == statement:
            signed = read_statement(data, key, path.name)
            size, root = signed.size, signed.root
            claims = {"dataset": signed.name, "version": signed.version, SUMS: signed.sums}
        else:
            signed_checkpoint = verify_checkpoint(data, key, path.name)
            size, root, claims = (
                signed_checkpoint.size,
                signed_checkpoint.root.hex(),
                {"log": signed_checkpoint.origin},
            )
    except ClaimlogError as error:
        message = str(error).removeprefix(f"{path.name}: ")
        verdict.findings.append(Finding(RULE, path.name, message))
        return
    own = {
        "dataset": verdict.name,
        "log": log_origin(copy.summary, str(verdict.name)),
        "version": verdict.version,
        SUMS: copy.digests[SUMS],
    }
    flaw = next((f"another {what}" for what, value in claims.items() if value != own[what]), None)
    if not is_same_json(copy.summary.get("tree"), {"size": size, "root": root}):
        flaw = f"a tree of {size} rows with another root"
    if flaw:
        message = f"is signed, but for {flaw} than this release has"
        verdict.findings.append(Finding(RULE, path.name, message, remedy=GET_AGAIN))
        return
    if (stem := f"{verdict.name}-{verdict.version}") != copy.name:
        # the name that a reader asked for; a signed release of another dataset is no answer
        message = f"is the signed release {stem}, not {copy.name}"
        remedy = f"if {stem} is what you want, name it and its signature so"
        verdict.findings.append(Finding(RULE, copy.target.name, message, remedy=remedy))
        return
    verdict.signed = FILES if path == statement else LOG
    if path == statement:
        verdict.checks.append(f"signature of {path.name} over every file")
        verdict.vouchers.append(f"the signature in {path.name} with the key in {key.name}")
    else:
        verdict.checks.append(f"signature of {path.name} over size and root of the log only")
        verdict.omissions.append(f"a signature over every file ({statement.name} is not here)")


def index_doubt(package: Package, target: Path) -> str | None:
    """Say why the index of a package that nobody named does not vouch for a copy, or return None.

    Whoever made a checkout chose what lies beside the package, and where its links lead: also
    around a submodule. Without git nothing says where what they made ends.
    """
    top = Checkout.outermost(package)
    if top is None:
        return "which is no git checkout, so that it may have come with this copy from one hand"
    tops = (top.absolute(), top.resolve())
    # `resolve` would follow links, and `..` may lead out of where this is run
    path = Path(os.path.abspath(target))  # noqa: PTH100
    ways = (path, target.resolve(), *(parent.resolve() for parent in path.parents))
    if any(way.is_relative_to(it) for way in ways for it in tops):
        return "which holds this copy: whoever made the one made the other"
    return None
