"""The pages of a release as plain files: in its archive, and what verifying says of them.

They are drawn from the other files of the release. Who draws them is given by the command, because
the site stands above releases and not below them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from claimlog import __version__
from claimlog.errors import Finding
from claimlog.release.checksums import MAX_LISTED, sha256_of_files
from claimlog.release.release_copy import ReleaseCopy
from claimlog.release.release_file_names import SITE
from claimlog.release.release_verdict import Verdict
from claimlog.release.walk_release import GET_AGAIN, relative_paths

SiteDrawer = Callable[[Path], None]
"""Writes ``site/`` into the directory of a release that has all else."""

RULE = "release-site"
ENTRANCE = f"{SITE}/index.html"


def is_of_site(name: str) -> bool:
    """Whether a file of a release is one of its pages."""
    return name.startswith(f"{SITE}/")


def listed_files(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of the files that an entry of the index lists: all but the pages.

    ``SHA256SUMS``, which is among them, lists these too.
    """
    return {name: it for name, it in sha256_of_files(folder).items() if not is_of_site(name)}


def site_size(folder: Path) -> int:
    """Return the number of files of a release's pages; 0 if it has none to enter by."""
    if not (folder / ENTRANCE).is_file():
        return 0
    return len(relative_paths(folder / SITE))


def check_site(copy: ReleaseCopy, verdict: Verdict) -> None:
    """Say what vouches for the pages of a release, or that they have to be drawn again.

    Whoever remakes an archive can write anything into a page, and no hash of the log covers it.
    """
    pages = [*filter(is_of_site, copy.digests)]
    if not pages:
        if copy.tool_version is not None and not verdict.vouchers:
            # nothing but a voucher says whether it was made with them
            verdict.omissions.append(
                f"pages: it holds no {SITE}/, which `claimlog release` makes since 0.3.0"
            )
        return
    if verdict.vouchers:
        verdict.checks.append(f"{len(pages)} files of {SITE}/, which are those that were published")
    elif copy.tool_version != __version__:
        verdict.omissions.append(
            f"the {len(pages)} files of {SITE}/: claimlog {copy.tool_version or 'of no version'} "
            f"drew them, this is {__version__}; they may say anything and run scripts"
        )
    else:
        verdict.undrawn_pages = len(pages)


def note_drawn_pages(verdict: Verdict, differing: Sequence[str]) -> None:
    """Note which files of a release's pages are not what this claimlog draws from its tables."""
    pages, verdict.undrawn_pages = verdict.undrawn_pages, 0
    for name in differing[:MAX_LISTED]:
        message = "is not what claimlog draws from the tables of the release"
        verdict.findings.append(Finding(RULE, f"{SITE}/{name}", message, remedy=GET_AGAIN))
    if len(differing) > MAX_LISTED:
        message = f"{len(differing)} files in all are not what claimlog draws"
        verdict.findings.append(Finding(RULE, f"{SITE}/", message, remedy=GET_AGAIN))
    if not differing:
        verdict.checks.append(f"{pages} files of {SITE}/, byte for byte as they are drawn again")


def note_undrawn_pages(verdict: Verdict) -> None:
    """Note that the pages of a release were not drawn again."""
    pages, verdict.undrawn_pages = verdict.undrawn_pages, 0
    if pages:
        verdict.omissions.append(
            f"the {pages} files of {SITE}/, which were not drawn again; they may say anything"
        )
