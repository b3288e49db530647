"""Descriptors of a release: its metadata in the format of each tool and archive.

Every module writes one format (`describe`) and reads back what a file of it states (`parse`), so
that `find_disagreements` can compare all of them with the metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import yaml

from claimlog.export.descriptor import dump_json
from claimlog.release.checksums import MAX_LISTED
from claimlog.release.descriptors import (
    card,
    citation_cff,
    croissant,
    datacite,
    package,
    rocrate,
    schemaorg,
    zenodo,
)
from claimlog.release.descriptors.stated_metadata import StatedMetadata, disagreements
from claimlog.release.metadata import ReleaseMetadata

PACKAGE = "datapackage.json"
WRITERS: Mapping[str, Callable[[ReleaseMetadata], bytes]] = {
    "croissant.json": croissant.describe,
    "ro-crate-metadata.json": rocrate.describe,
    "datacite.json": datacite.describe,
    "CITATION.cff": citation_cff.describe,
    ".zenodo.json": zenodo.describe,
    "dataset.jsonld": schemaorg.describe,
    "README.md": card.describe,
}
PARSERS: Mapping[str, Callable[[bytes], StatedMetadata]] = {
    PACKAGE: package.parse,
    "croissant.json": schemaorg.parse,
    "ro-crate-metadata.json": rocrate.parse,
    "datacite.json": datacite.parse,
    "CITATION.cff": citation_cff.parse,
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
"""What `parse` raises on a file that `describe` did not write."""


def descriptors(metadata: ReleaseMetadata, datapackage: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the descriptors of a release by file name, for the root of its directory.

    Parameters
    ----------
    datapackage
        The Data Package descriptor that the build made; it is written as it is.
    """
    written = {name: describe(metadata) for name, describe in WRITERS.items()}
    return {PACKAGE: dump_json(datapackage), **written}


def find_disagreements(files: Mapping[str, bytes], metadata: ReleaseMetadata) -> list[str]:
    """Return a sentence for each statement of the descriptors that the metadata contradict.

    Compared are title, version, date, licence, creators, keywords and DOI, and of the data files
    names, sizes and hashes; each where the format has a place for it. Of one file the first
    `MAX_LISTED` are returned.

    Parameters
    ----------
    files
        The descriptors by file name; what else lies in the directory may be among them.
    """
    sentences: list[str] = []
    for name, parse in PARSERS.items():
        if name not in files:
            sentences.append(f"{name} is missing.")
            continue
        try:
            flaws = [*islice(disagreements(parse(files[name]), metadata), MAX_LISTED)]
        except PARSE_ERRORS as error:
            reason = " ".join(str(error).split())[:200]
            sentences.append(f"{name} cannot be read ({type(error).__name__}: {reason}).")
        else:
            sentences += [f"{name} {flaw}" for flaw in flaws]
    return sentences
