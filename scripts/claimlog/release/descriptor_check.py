"""Descriptors and generated pages of a release, written anew and compared.

No hash of the log covers what they say, and whoever remakes an archive can write anything there.
What this version of claimlog writes of a release must be what lies there, to the byte. Another
version may rightly have written other words for people, and no other values for programs; then the
verdict names the files whose words were not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from claimlog import __version__
from claimlog.compile import log_state
from claimlog.errors import Finding
from claimlog.export.descriptor import FileHashes, descriptor_of_build, dump_json
from claimlog.fold import cutoff
from claimlog.log.read_file import read_bytes
from claimlog.log.release_index import FOLDER
from claimlog.package import LOG, RELEASE, VALIDATION
from claimlog.release.descriptors import (
    PARSE_ERRORS,
    PARSERS,
    descriptors,
    find_disagreements,
)
from claimlog.release.descriptors.program_values import SENTENCES, program_differences
from claimlog.release.generated_package_files import generated_package_files
from claimlog.release.metadata import ReleaseMetadata
from claimlog.release.release_copy import ReleaseCopy
from claimlog.release.release_file_names import CHANGES, LICENCE
from claimlog.release.release_verdict import Verdict
from claimlog.release.walk_release import GET_AGAIN
from claimlog.release.write_release_folder import folder_metadata, release_summary
from claimlog.strict_json import is_same_json

RULE = "release-descriptors"
MAX_LISTED = 12
"""Files that a line names before it says only how many there are."""


def check_descriptors(copy: ReleaseCopy, verdict: Verdict) -> None:
    """Compare the descriptors with each other, with the files, and with what is written now."""
    folder, summary, log = copy.folder, copy.summary, copy.readable_log()
    state = log_state(log, cutoff(log, None))
    metadata = folder_metadata(folder, log.definition, summary, state, copy.contents, copy.digests)
    files = {name: read_bytes(folder / name, name) for name in PARSERS if (folder / name).is_file()}
    for sentence in find_disagreements(files, metadata):
        verdict.findings.append(Finding(RULE, "", sentence, remedy=GET_AGAIN))
    if not is_same_json(release_summary(metadata, len(log.batches), copy.contents), summary):
        message = "does not say what the files hold"
        verdict.findings.append(Finding(RULE, RELEASE, message, remedy=GET_AGAIN))
    verdict.checks.append("descriptors against each other and the files")
    if not verdict.vouchers:
        _check_generated_text(copy, metadata, state, verdict)


def _check_generated_text(
    copy: ReleaseCopy, metadata: ReleaseMetadata, state: Mapping[str, Any], verdict: Verdict
) -> None:
    """Compare each generated file with what this version of claimlog writes.

    Not needed where somebody vouches for the release: then they are the files that were published.
    """
    expected = dict(_regenerated_files(copy, metadata, state))
    others = [name for name, data in expected.items() if not _has_content(copy, name, data)]
    remedy = GET_AGAIN
    if copy.tool_version not in (None, __version__):
        remedy += f", or verify it with a claimlog {copy.tool_version} that you have from elsewhere"
    for name in PARSERS:
        if name in others:
            sentences = _program_differences(copy, name, expected[name])
            verdict.findings += [Finding(RULE, name, it, remedy=remedy) for it in sentences]
    verdict.checks.append(f"what programs read of {len(PARSERS)} descriptors, written anew")
    verdict.checks.append(
        f"words of {len(expected) - len(others)} descriptors and generated files, written anew"
    )
    if copy.tool_version == __version__:
        # a page that is drawn again shows what these say
        message = f"is not what claimlog {__version__} writes, which the release says made it"
        verdict.findings += [Finding(RULE, name, message, remedy=GET_AGAIN) for name in others]
    elif wordy := [name for name in others if name in SENTENCES or name not in PARSERS]:
        verdict.omissions.append(
            f"the words of {_join_names(wordy)}: this version of claimlog writes them otherwise, "
            "so another version made them or somebody altered them"
        )
    authored = [name for name in (CHANGES, LICENCE) if (copy.folder / name).is_file()]
    authored += [f"{LOG}/{FOLDER}/"] if (copy.folder / LOG / FOLDER).is_dir() else []
    verdict.omissions.append(
        f"the words of {_join_names(authored)}, and those of the log's definition and manifests: "
        "they follow from nothing else here"
    )


def _regenerated_files(
    copy: ReleaseCopy, metadata: ReleaseMetadata, state: Mapping[str, Any]
) -> Iterator[tuple[str, bytes]]:
    """Yield every file that follows from the others, as it is written now."""
    log = copy.readable_log()
    datapackage = descriptor_of_build(log.definition, metadata.rows, state, FileHashes(copy.folder))
    yield from descriptors(metadata, datapackage).items()
    summary = release_summary(metadata, len(log.batches), copy.contents)
    yield RELEASE, dump_json({**copy.summary, **summary})
    if copy.report is not None:
        yield VALIDATION, copy.report.dump()
    for path, text in generated_package_files(copy.package):
        yield path.relative_to(copy.folder).as_posix(), text.encode("utf-8")


def _program_differences(copy: ReleaseCopy, name: str, written: bytes) -> list[str]:
    path = copy.folder / name
    if not path.is_file():
        return []  # which is said already
    data = read_bytes(path, name)
    try:
        return program_differences(name, data, written, is_early=copy.tool_version is None)
    except PARSE_ERRORS:
        return ["is not in the form in which claimlog writes it"]


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
