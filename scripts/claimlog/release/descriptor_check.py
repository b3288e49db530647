"""What a release says in words: descriptors and generated pages, written anew and compared.

Words are no rows: no hash of the log covers them, and whoever remakes an archive can say anything.
What this version of claimlog writes of a release must be what lies there, to the byte. Another
version may rightly have written other words; then the verdict names the files whose words nobody
compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from claimlog.compile import log_state
from claimlog.errors import Finding
from claimlog.export.descriptor import FileHashes, descriptor_of_build, dump_json
from claimlog.fold import cutoff
from claimlog.log.read_file import read_bytes
from claimlog.log.release_index import FOLDER, Version
from claimlog.package import DESCRIPTOR, read_json
from claimlog.release.descriptors import READERS, agreement, descriptors
from claimlog.release.generated_files import generated_files
from claimlog.release.layout import AGAIN, CHANGES, LICENCE, LOG, RELEASE, VALIDATION
from claimlog.release.metadata import Facts
from claimlog.release.release_copy import ReleaseCopy
from claimlog.release.stage import Plan, facts_of, summary
from claimlog.release.verdict import Verdict

RULE = "release-descriptors"
LISTED = 12
"""Files that a line names before it says only how many there are."""


def check_descriptors(copy: ReleaseCopy, verdict: Verdict) -> None:
    """The descriptors agree with each other and with the files, and say it in the right words."""
    folder, said = copy.folder, copy.summary
    plan = Plan(
        Version.parse(str(said["version"])),
        str(said["date"]),
        int(said["batches"]),
        read_bytes(folder / CHANGES, CHANGES).decode("utf-8"),
        (),
    )
    described = read_json(folder / DESCRIPTOR, DESCRIPTOR)
    facts = facts_of(folder, copy.log.definition, plan, described, copy.digests)
    files = {name: read_bytes(folder / name, name) for name in READERS if (folder / name).is_file()}
    for sentence in agreement(files, facts):
        verdict.findings.append(Finding(RULE, "", sentence, remedy=AGAIN))
    found = summary(facts, plan.batches, copy.table_hashes)
    if {**found, "fold_version": None} != {**said, "fold_version": None}:
        message = "does not say what the files hold"
        verdict.findings.append(Finding(RULE, RELEASE, message, remedy=AGAIN))
    verdict.checked.append("descriptors against each other and the files")
    if not verdict.vouchers:
        _check_words(copy, facts, verdict)


def _check_words(copy: ReleaseCopy, facts: Facts, verdict: Verdict) -> None:
    """Every file of words is, to the byte, what this version of claimlog writes.

    Where somebody vouches for the release, they are the words that were published.
    """
    expected = dict(_written_anew(copy, facts))
    other = [name for name, data in expected.items() if not _holds(copy, name, data)]
    verdict.checked.append(
        f"words of {len(expected) - len(other)} descriptors and generated files, written anew"
    )
    if other:
        verdict.unchecked.append(
            f"the words of {_listed(other)}: this version of claimlog writes them otherwise, so "
            "another version made them or somebody altered them"
        )
    authored = [name for name in (CHANGES, LICENCE) if (copy.folder / name).is_file()]
    authored += [f"{LOG}/{FOLDER}/"] if (copy.folder / LOG / FOLDER).is_dir() else []
    verdict.unchecked.append(
        f"the words of {_listed(authored)}, and those of the log's definition and manifests: "
        "they follow from nothing else here"
    )


def _written_anew(copy: ReleaseCopy, facts: Facts) -> Iterator[tuple[str, bytes]]:
    """Yield every file that follows from the others, as it is written now."""
    log = copy.readable_log()
    state = log_state(log, cutoff(log, None))
    described = descriptor_of_build(log.definition, facts.rows, state, FileHashes(copy.folder))
    yield from descriptors(facts, described).items()
    said = {**copy.summary, **summary(facts, len(log.batches), copy.table_hashes)}
    yield RELEASE, dump_json({**said, "fold_version": copy.summary.get("fold_version")})
    if copy.report is not None:
        yield VALIDATION, copy.report.dump()
    for path, text in generated_files(copy.package):
        yield path.relative_to(copy.folder).as_posix(), text.encode("utf-8")


def _holds(copy: ReleaseCopy, name: str, data: bytes) -> bool:
    path = copy.folder / name
    if not path.is_file() or path.stat().st_size != len(data):
        return False
    return path.read_bytes() == data


def _listed(names: Iterable[str]) -> str:
    """Return file names in a line, the first few of many."""
    listed = [*names]
    more = f" and {len(listed) - LISTED} more" if len(listed) > LISTED else ""
    return ", ".join(listed[:LISTED]) + more
