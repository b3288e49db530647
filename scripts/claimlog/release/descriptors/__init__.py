"""Descriptors of a release: one set of metadata, as each tool and archive wants to read it.

Every module writes one descriptor (`describe`) and says what it tells (`read`), so that
`agreement` can hold all of them against the metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import yaml

from claimlog.export.descriptor import dump_json
from claimlog.release.descriptors import (
    card,
    citation,
    croissant,
    datacite,
    package,
    rocrate,
    schemaorg,
    zenodo,
)
from claimlog.release.descriptors.stated_metadata import StatedMetadata, disagreements_of
from claimlog.release.metadata import ReleaseMetadata

PACKAGE = "datapackage.json"
WRITERS: Mapping[str, Callable[[ReleaseMetadata], bytes]] = {
    "croissant.json": croissant.describe,
    "ro-crate-metadata.json": rocrate.describe,
    "datacite.json": datacite.describe,
    "CITATION.cff": citation.describe,
    ".zenodo.json": zenodo.describe,
    "dataset.jsonld": schemaorg.describe,
    "README.md": card.describe,
}
PARSERS: Mapping[str, Callable[[bytes], StatedMetadata]] = {
    PACKAGE: package.parse,
    "croissant.json": schemaorg.parse,
    "ro-crate-metadata.json": rocrate.parse,
    "datacite.json": datacite.parse,
    "CITATION.cff": citation.parse,
    ".zenodo.json": zenodo.parse,
    "dataset.jsonld": schemaorg.parse,
    "README.md": card.parse,
}
PARSE_ERRORS = (
    AttributeError,
    LookupError,
    RecursionError,
    StopIteration,
    TypeError,
    ValueError,
    yaml.YAMLError,
)
"""What the readers raise on a file that is not as its writer made it."""


def descriptors(metadata: ReleaseMetadata, datapackage: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the descriptors of a release by file name, for the root of its directory.

    Parameters
    ----------
    datapackage
        The Data Package descriptor that the build made; it is written as it is.
    """
    made = {name: describe(metadata) for name, describe in WRITERS.items()}
    return {PACKAGE: dump_json(datapackage), **made}


def find_disagreements(files: Mapping[str, bytes], metadata: ReleaseMetadata) -> list[str]:
    """Return a sentence for everything in which the descriptors do not say what the metadata say.

    Compared are title, version, date, licence, creators, keywords and DOI, and of the data files
    names, sizes and hashes; each where the format has a place for it.

    Parameters
    ----------
    files
        The descriptors by file name; what else lies in the directory may be among them.
    """
    found: list[str] = []
    for name, read in PARSERS.items():
        if name not in files:
            found.append(f"{name} is missing.")
            continue
        try:
            flaws = list(disagreements_of(read(files[name]), metadata))
        except PARSE_ERRORS as error:
            reason = " ".join(str(error).split())[:200]
            found.append(f"{name} cannot be read ({type(error).__name__}: {reason}).")
        else:
            found += [f"{name} {flaw}" for flaw in flaws]
    return found
