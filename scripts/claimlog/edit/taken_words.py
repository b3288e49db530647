"""What files of the checkout beside the log still say of rows that are taken down.

In the changelog a generated line that speaks of one of these rows alone loses the row's reason. A
line that is somebody's own, or is about other rows too, is not rewritten by guess: it is named.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import orjson
import polars as pl

from claimlog.checkout import Checkout
from claimlog.edit.open_batch import open_folder
from claimlog.errors import ClaimlogError
from claimlog.escaping import markdown
from claimlog.git import CheckoutError, NoCheckoutError, NoCommitError
from claimlog.limits import STATE_BYTES
from claimlog.log.lines import without_lines
from claimlog.log.takedowns import TakenRow
from claimlog.package import CHANGELOG, Package
from claimlog.package_state import DESK, require_own_state
from claimlog.schema.table_schema import Table
from claimlog.untrusted_files import read_regular

TELLING = 12
"""Characters from which on words of a row are looked for outside of the changelog."""

LISTED = 20
"""Lines that are named at most."""


class SaidElsewhere(NamedTuple):
    """The changelog without the words, None if it stays, and lines that somebody has to look at."""

    changelog: bytes | None
    lines: tuple[str, ...]


def words_that_go(rows: pl.DataFrame, versions: Collection[int], table: Table) -> list[str]:
    """Return the free text of versions of an entity that none of those that stay says."""
    goes = pl.col("version").is_in([*versions])
    found: dict[str, None] = {}
    for column in ("reason", *(item.name for item in table.fields if item.own_words)):
        left = rows.filter(~goes)[column].drop_nulls().to_list()
        said = rows.filter(goes)[column].drop_nulls().to_list()
        found |= dict.fromkeys(word for word in said if isinstance(word, str) and word not in left)
    return [word for word in found if word.strip()]


def said_elsewhere(
    package: Package, words: Sequence[str], taken: Sequence[TakenRow], written: Collection[str]
) -> SaidElsewhere:
    """Return what files of the checkout say of rows that are taken down.

    Parameters
    ----------
    words
        What the rows say, and no version that stays.
    taken
        The rows, all of one entity.
    written
        Files that the takedown writes.
    """
    path = package.root / CHANGELOG
    text = package.document(path) if path.is_file() else None
    lines: list[str] = []
    changed = None
    if text is not None and words:
        fresh = _rewritten(text, words, taken)
        changed = None if fresh == text else fresh.encode("utf-8")
        # the one reader of a changelog is Markdown, a hand-written line need not be
        lines += _holding(CHANGELOG, fresh, [*words, *map(markdown, words)])
    telling = [word for word in words if len(word) >= TELLING]
    telling = [*dict.fromkeys(form for word in telling for form in _forms(word))]
    unsealed = [package.relative(path) for path in sorted(open_folder(package).glob("*.ndjson"))]
    gone = {bytes.fromhex(row.leaf_hash) for row in taken}
    for name in (*unsealed, *_other_files(package, written)) if telling else ():
        try:
            data = read_regular(package.root / name, name, STATE_BYTES, package.root)
        except ClaimlogError:
            continue  # a link, or larger than any page for people
        if name in unsealed:  # the rows themselves go
            data, _ = without_lines(data, gone, instead=b"\n")
        lines += _holding(name, data.decode("utf-8", "replace"), telling)
        if len(lines) > LISTED:
            break
    return SaidElsewhere(changed, tuple(lines[:LISTED]))


def _forms(words: str) -> tuple[str, ...]:
    """Return words as files hold them: as they are, in Markdown, and in JSON."""
    return words, markdown(words), orjson.dumps(words)[1:-1].decode("utf-8")


def _rewritten(text: str, words: Sequence[str], taken: Sequence[TakenRow]) -> str:
    """Return a changelog whose generated lines about one entity alone lack the words."""
    identifier = re.escape(markdown(taken[0].id))
    versions = ", ".join(str(row.version) for row in taken)
    note = markdown(f"(version {versions} was taken down on {taken[0].taken_down})")
    about = re.compile(rf"- {identifier}(?: \\?\([^:]*\\?\))?: ")
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if begin := about.match(line):
            said = line[begin.end() :]
            for word in sorted(words, key=len, reverse=True):
                said = _standing_alone(markdown(word)).sub(lambda _: note, said)
            lines[number] = begin[0] + said
    return "\n".join(lines)


def _standing_alone(words: str) -> re.Pattern[str]:
    """Return a pattern of words that are no part of a longer one."""
    return re.compile(rf"(?<!\w){re.escape(words)}(?!\w)")


def _holding(name: str, text: str, words: Sequence[str]) -> Iterator[str]:
    """Yield the place of each line that holds some of the words."""
    lines: set[int] = set()
    for pattern in map(_standing_alone, words):
        number, reached = 1, 0
        for found in pattern.finditer(text):
            number += text.count("\n", reached, found.start())
            reached = found.start()
            lines.add(number)
    yield from (f"{name}:{number}" for number in sorted(lines))


def _other_files(package: Package, written: Collection[str]) -> Iterator[str]:
    """Yield files of the package that are neither of the log nor written.

    These are the ones that git holds, and what was saved at the desk.
    """
    saved = require_own_state(package) / DESK
    yield from (package.relative(path) for path in sorted(saved.rglob("*.ndjson")))
    try:
        held = Checkout.of(package).blobs("HEAD")
    except (NoCheckoutError, NoCommitError):
        return
    except CheckoutError as error:
        raise ClaimlogError(
            f"git does not say which files it holds, and they may say it too ({error}); run this "
            "again once git answers here; nothing was taken down"
        ) from error
    for name in held:
        if name != CHANGELOG and name not in written and not name.startswith("events/"):
            yield name
