"""Descriptors and generated pages of a release, written anew and compared.

No hash of the log covers what they say, and whoever remakes an archive can write anything there.
What this version of claimlog writes of a release must be what lies there, to the byte. Another
version may rightly have written other words; then the verdict names the files that were not
compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from claimlog import __version__
from claimlog.compile import OPTIONAL_LOG_KEYS, log_state
from claimlog.errors import Finding
from claimlog.escaping import short_line
from claimlog.export.descriptor import FileHashes, descriptor_of_build, dump_json
from claimlog.fold import cutoff
from claimlog.log.coder_kinds import coder_kinds
from claimlog.log.read_file import read_bytes
from claimlog.log.release_index import FOLDER
from claimlog.package import DESCRIPTOR, LOG, RELEASE, VALIDATION, read_json
from claimlog.release.descriptors import PARSERS, descriptors, find_disagreements
from claimlog.release.generated_package_files import generated_package_files
from claimlog.release.metadata import ReleaseMetadata
from claimlog.release.release_copy import ReleaseCopy
from claimlog.release.release_file_names import CHANGES, LICENCE
from claimlog.release.release_verdict import Verdict
from claimlog.release.walk_release import GET_AGAIN
from claimlog.release.write_release_folder import folder_metadata, release_summary

RULE = "release-descriptors"
MAX_LISTED = 12
"""Files that a line names before it says only how many there are."""


def check_descriptors(copy: ReleaseCopy, verdict: Verdict) -> None:
    """Compare the descriptors with each other, with the files, and with what is written now."""
    folder, summary = copy.folder, copy.summary
    datapackage = read_json(folder / DESCRIPTOR, DESCRIPTOR)
    log = copy.readable_log()
    metadata = folder_metadata(
        *(folder, log.definition, summary, datapackage, copy.digests),
        coders=coder_kinds(log, log.size),
    )
    files = {name: read_bytes(folder / name, name) for name in PARSERS if (folder / name).is_file()}
    for sentence in find_disagreements(files, metadata):
        verdict.findings.append(Finding(RULE, "", sentence, remedy=GET_AGAIN))
    if release_summary(metadata, int(summary["batches"]), copy.table_hashes) != summary:
        message = "does not say what the files hold"
        verdict.findings.append(Finding(RULE, RELEASE, message, remedy=GET_AGAIN))
    verdict.checks.append("descriptors against each other and the files")
    if not verdict.vouchers:
        _check_generated_text(copy, metadata, verdict)


def _check_generated_text(copy: ReleaseCopy, metadata: ReleaseMetadata, verdict: Verdict) -> None:
    """Compare each generated file with what this version of claimlog writes.

    Not needed where somebody vouches for the release: then they are the files that were published.
    """
    expected = dict(_regenerated_files(copy, metadata))
    stated = read_json(copy.folder / DESCRIPTOR, DESCRIPTOR)
    try:
        sentences = [*_datapackage_differences(stated, json.loads(expected[DESCRIPTOR]))]
    except (LookupError, TypeError, AttributeError):
        sentences = ["is not in the form in which claimlog writes it"]
    for sentence in sentences[:MAX_LISTED]:
        verdict.findings.append(Finding(RULE, DESCRIPTOR, sentence, remedy=GET_AGAIN))
    others = [name for name, data in expected.items() if not _has_content(copy, name, data)]
    verdict.checks.append(
        f"words of {len(expected) - len(others)} descriptors and generated files, written anew"
    )
    if copy.tool_version == __version__:
        # a page that is drawn again shows what these say
        message = f"is not what claimlog {__version__} writes, which the release says made it"
        verdict.findings += [Finding(RULE, name, message, remedy=GET_AGAIN) for name in others]
    elif others:
        verdict.omissions.append(
            f"the words of {_join_names(others)}: this version of claimlog writes them otherwise, "
            "so another version made them or somebody altered them"
        )
    authored = [name for name in (CHANGES, LICENCE) if (copy.folder / name).is_file()]
    authored += [f"{LOG}/{FOLDER}/"] if (copy.folder / LOG / FOLDER).is_dir() else []
    verdict.omissions.append(
        f"the words of {_join_names(authored)}, and those of the log's definition and manifests: "
        "they follow from nothing else here"
    )


def _regenerated_files(copy: ReleaseCopy, metadata: ReleaseMetadata) -> Iterator[tuple[str, bytes]]:
    """Yield every file that follows from the others, as it is written now."""
    log = copy.readable_log()
    state = log_state(log, cutoff(log, None))
    datapackage = descriptor_of_build(log.definition, metadata.rows, state, FileHashes(copy.folder))
    yield from descriptors(metadata, datapackage).items()
    summary = release_summary(metadata, len(log.batches), copy.table_hashes)
    yield RELEASE, dump_json({**copy.summary, **summary})
    if copy.report is not None:
        yield VALIDATION, copy.report.dump()
    for path, text in generated_package_files(copy.package):
        yield path.relative_to(copy.folder).as_posix(), text.encode("utf-8")


def _datapackage_differences(
    stated: Mapping[str, Any], expected: Mapping[str, Any]
) -> Iterator[str]:
    """Yield where the Data Package leads programs to something else, whichever version wrote it.

    They find a table's file, the code list of a column, and what log was folded, by what it says.
    """
    places = {item["name"]: item["path"] for item in expected["resources"]}
    found = [(item["name"], item["path"]) for item in stated["resources"]]
    for name, path in found:
        if name not in places:
            yield (
                f'gives {short_line(path)} as the resource "{short_line(name)}", which the release '
                "does not have"
            )
        elif path != places[name]:
            yield f'gives {short_line(path)} as the file of "{name}", which is {places[name]}'
    yield from (f'gives "{name}" no file' for name in places.keys() - dict(found).keys())
    if len(found) > len(dict(found)):
        yield "gives a resource more than once"
    lists, coded = _code_lists(stated), _code_lists(expected)
    for column in [*dict.fromkeys((*coded, *lists))]:
        one, other = (" and ".join(it.get(column, ["no list"])) for it in (lists, coded))
        if one != other:
            yield (
                f'gives {short_line(one)} as the code list of "{short_line(column)}", which is '
                f"{short_line(other)}"
            )
    log = expected["log"]
    for key, value in stated["log"].items():
        if key in {*log, *OPTIONAL_LOG_KEYS} and value != log.get(key):
            yield f'says of the log another "{key}" than it has'


def _code_lists(datapackage: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the code lists of each coded column, and of what its values consist of.

    A column that is described twice has two.
    """
    found: dict[str, list[str]] = {}
    for item in datapackage["resources"]:
        for field in item.get("schema", {}).get("fields", ()):
            for part, place in _parts(field):
                if "codelist" in part:
                    name = ".".join((item["name"], field["name"], *place))
                    found.setdefault(name, []).append(str(part["codelist"]))
    return found


def _parts(field: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], tuple[str, ...]]]:
    items = field.get("items") or {}
    yield field, ()
    yield items, ("items",)
    for part in items.get("fields", ()):
        yield part, ("items", part["name"])


def _has_content(copy: ReleaseCopy, name: str, data: bytes) -> bool:
    path = copy.folder / name
    if not path.is_file() or path.stat().st_size != len(data):
        return False
    return path.read_bytes() == data


def _join_names(names: Iterable[str]) -> str:
    """Return file names in a line, the first few of many."""
    every = [*names]
    more = f" and {len(every) - MAX_LISTED} more" if len(every) > MAX_LISTED else ""
    return ", ".join(every[:MAX_LISTED]) + more
