"""What a release says in words: descriptors and generated pages, written anew and compared.

Words are no rows: no hash of the log covers them, and whoever remakes an archive can say anything.
What this version of claimlog writes of a release must be what lies there, to the byte. Another
version may rightly have written other words; then the verdict names the files whose words nobody
compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from claimlog.compile import folded_state
from claimlog.errors import Finding
from claimlog.export.descriptor import Hashed, describe, dump_json
from claimlog.fold import cutoff
from claimlog.log.read_file import read_bytes
from claimlog.log.release_index import FOLDER, Version
from claimlog.package import DESCRIPTOR, read_json
from claimlog.release.descriptors import PARSERS, descriptors, find_disagreements
from claimlog.release.generated_files import generated_files
from claimlog.release.layout import CHANGES, GET_AGAIN, LICENCE, LOG, RELEASE, VALIDATION
from claimlog.release.metadata import ReleaseMetadata
from claimlog.release.release_copy import ReleaseCopy
from claimlog.release.stage import ReleasePlan, folder_metadata, release_summary
from claimlog.release.verdict import Verdict

RULE = "release-descriptors"
MAX_LISTED = 12
"""Files that a line names before it says only how many there are."""


def check_descriptors(copy: ReleaseCopy, verdict: Verdict) -> None:
    """The descriptors agree with each other and with the files, and say it in the right words."""
    folder, said = copy.folder, copy.summary
    plan = ReleasePlan(
        Version.parse(str(said["version"])),
        str(said["date"]),
        int(said["batches"]),
        read_bytes(folder / CHANGES, CHANGES).decode("utf-8"),
        (),
    )
    described = read_json(folder / DESCRIPTOR, DESCRIPTOR)
    metadata = folder_metadata(folder, copy.log.definition, plan, described, copy.digests)
    files = {name: read_bytes(folder / name, name) for name in PARSERS if (folder / name).is_file()}
    for sentence in find_disagreements(files, metadata):
        verdict.findings.append(Finding(RULE, "", sentence, remedy=GET_AGAIN))
    found = release_summary(metadata, plan.batches, copy.table_hashes)
    if {**found, "fold_version": None} != {**said, "fold_version": None}:
        message = "does not say what the files hold"
        verdict.findings.append(Finding(RULE, RELEASE, message, remedy=GET_AGAIN))
    verdict.checks.append("descriptors against each other and the files")
    if not verdict.vouchers:
        _check_generated_text(copy, metadata, verdict)


def _check_generated_text(copy: ReleaseCopy, metadata: ReleaseMetadata, verdict: Verdict) -> None:
    """Every file of words is, to the byte, what this version of claimlog writes.

    Where somebody vouches for the release, they are the words that were published.
    """
    expected = dict(_regenerated_files(copy, metadata))
    other = [name for name, data in expected.items() if not _has_content(copy, name, data)]
    verdict.checks.append(
        f"words of {len(expected) - len(other)} descriptors and generated files, written anew"
    )
    if other:
        verdict.omissions.append(
            f"the words of {_join_names(other)}: this version of claimlog writes them otherwise, "
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
    state = folded_state(log, cutoff(log, None))
    described = describe(log.definition, metadata.rows, state, Hashed(copy.folder))
    yield from descriptors(metadata, described).items()
    said = {**copy.summary, **release_summary(metadata, len(log.batches), copy.table_hashes)}
    yield RELEASE, dump_json({**said, "fold_version": copy.summary.get("fold_version")})
    if copy.report is not None:
        yield VALIDATION, copy.report.dump()
    for path, text in generated_files(copy.package):
        yield path.relative_to(copy.folder).as_posix(), text.encode("utf-8")


def _has_content(copy: ReleaseCopy, name: str, data: bytes) -> bool:
    path = copy.folder / name
    if not path.is_file() or path.stat().st_size != len(data):
        return False
    return path.read_bytes() == data


def _join_names(names: Iterable[str]) -> str:
    """Return file names in a line, the first few of many."""
    listed = [*names]
    more = f" and {len(listed) - MAX_LISTED} more" if len(listed) > MAX_LISTED else ""
    return ", ".join(listed[:MAX_LISTED]) + more
