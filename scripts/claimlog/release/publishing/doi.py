"""Writing a DOI where it belongs: ``id`` of ``datapackage.json``, from there ``CITATION.cff``."""

from __future__ import annotations

import json
import re

from claimlog.edit.log_lock import writing_lock
from claimlog.errors import ClaimlogError, reason
from claimlog.package import DESCRIPTOR, Package
from claimlog.release.generated_package_files import refresh_generated_files
from claimlog.release.metadata import DOI, DOI_RESOLVER

HEAD = re.compile(r'\A\s*\{(?P<space>\s*)(?:"\$schema"\s*:\s*"[^"\\]*",)?')
"""The descriptor up to where ``id`` goes: behind ``$schema``, or else first."""


def write_doi(package: Package, doi: str) -> list[str]:
    """Write the DOI of all versions into the package; return the files that changed.

    It is the dataset's, not that of one version: later releases state it too.

    Parameters
    ----------
    doi
        Without the resolver's address.

    Raises
    ------
    ClaimlogError
        If it is no DOI, the descriptor has another one, or a file cannot be written.
    """
    address = f"{DOI_RESOLVER}{doi}"
    if not DOI.fullmatch(address):
        raise ClaimlogError(f"{doi[:100]!r}: is no DOI; look at the record, and write it by hand")
    with writing_lock(package):
        written = [DESCRIPTOR] if _write_id(package, address) else []
        # by itself: a run that was killed may have written the descriptor alone
        refreshed = refresh_generated_files(package, f"{DESCRIPTOR} has the DOI {doi}")
    return [*written, *refreshed]


def _write_id(package: Package, address: str) -> bool:
    """Write the address of a DOI into the descriptor, unless it is there; return whether."""
    text = package.text(DESCRIPTOR)
    before = package.json(DESCRIPTOR)
    if before.get("id") == address:
        return False
    if "id" in before:
        raise ClaimlogError(
            f'{DESCRIPTOR}: has {str(before["id"])[:100]} as "id", and the record {address}; write '
            "the right one there"
        )
    match = HEAD.match(text)
    assert match is not None, "parsed as an object"
    space = match["space"]
    head = match[0] if match[0].rstrip().endswith(",") else match[0].rstrip()
    after = f'{head}{space}"id": {json.dumps(address)},{text[len(head) :]}'
    if json.loads(after) != {**before, "id": address}:
        raise ClaimlogError(f'{DESCRIPTOR}: write "id": "{address}" into it by hand')
    try:
        package.write(package.root / DESCRIPTOR, after.encode("utf-8"))
    except OSError as error:
        raise ClaimlogError(
            f"{DESCRIPTOR}: cannot be written ({reason(error)}); run this again, or write "
            f'"id": "{address}" into it'
        ) from error
    return True
