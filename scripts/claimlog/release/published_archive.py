"""The archive of a release that was made: verified before it is signed or published."""

from __future__ import annotations

import shlex
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.log.event_log import Log
from claimlog.log.release_index import ReleaseEntry, require_agreement
from claimlog.package import SUMS
from claimlog.release.release_verdict import Verdict
from claimlog.release.verify_process import verify_in_process


def verify_published_archive(
    log: Log,
    index: list[ReleaseEntry],
    entry: ReleaseEntry,
    out: Path,
    key: Path | None,
    intention: str,
) -> tuple[Path, Verdict]:
    """Return the archive of a release in `out`, its last issue, with the verdict on it.

    An entry is one file that a patch can change; who follows the log believes what was signed. So
    the archive that was verified is the one of the issue that a signature would be about.

    Parameters
    ----------
    key
        Public key that must have signed the release.
    intention
        What is not done if it is not whole: "signed", "published".

    Raises
    ------
    ClaimlogError
        If the archive is not there, not whole, or not the last issue that the index names, or the
        entry disagrees with the log.
    """
    package = log.package
    archive = out / f"{package.descriptor['name']}-{entry.version}.zip"
    package.refuse_links(archive)
    make = (
        f"claimlog release --rebuild {entry.version} --exact "
        f"--out {shlex.quote(package.relative(out))}"
    )
    if not archive.is_file():
        raise ClaimlogError(
            f"{package.relative(archive)}: is not there, and a release is checked before it is "
            f"{intention}; make it again: {make}"
        )
    require_agreement(entry, log)
    verdict = verify_in_process(archive, index, key)
    if verdict.findings:
        more = f" ({len(verdict.findings)} findings)" if len(verdict.findings) > 1 else ""
        raise ClaimlogError(f"{verdict.findings[0]}{more}; nothing was {intention}")
    if key is not None:
        verdict.require_signature(package.relative(archive), f"nothing was {intention}")
    # an archive is of the release that it holds, whatever its file is called
    release = (verdict.name, verdict.version)
    if release != (package.descriptor["name"], str(entry.version)) or not verdict.vouchers:
        raise ClaimlogError(
            f"{package.relative(archive)}: holds release {verdict.version} of {verdict.name}, not "
            f"{entry.version} of {package.descriptor['name']}; nothing was {intention}. Move it "
            f"away and make it again: {make}"
        )
    last = entry.issues[-1]
    if verdict.sums != last["files"][SUMS]:
        raise ClaimlogError(
            f"{package.relative(archive)}: is not the last issue of {entry.version} that "
            f"{entry.display_path} names, which was made on {last['date']}; nothing was "
            f"{intention}. Put that issue there; if {entry.version} was never made again, restore "
            "the entry from git"
        )
    return archive, verdict
