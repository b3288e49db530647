"""Lines of batches: which was sealed on top of which, and which of them lost a race."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claimlog.log.batch import Batch


class BatchLines:
    """Batches by the one that each was sealed on top of; two that have the same one raced.

    A batch whose predecessor is not there begins a line, and races whatever else begins one.
    """

    def __init__(self, batches: Collection[Batch]) -> None:
        self._by_digest = {batch.manifest_sha256: batch for batch in batches}
        self._followers: dict[Path | None, list[Batch]] = {}
        for batch in batches:
            before = self.before(batch)
            self._followers.setdefault(before.path if before else None, []).append(batch)

    def before(self, batch: Batch) -> Batch | None:
        """Return the batch that one was sealed on top of, if it is there."""
        return self._by_digest.get(batch.manifest["previous_sha256"])

    def below(self, batch: Batch) -> Iterator[Batch]:
        """Yield the batch that one was sealed on top of, the one before that, and so on."""
        before = self.before(batch)
        while before is not None:
            yield before
            before = self.before(before)

    def followers(self, batch: Batch | None) -> Sequence[Batch]:
        """Return the batches that were sealed on top of one; those that begin a line for None."""
        return self._followers.get(batch.path if batch else None, [])

    def above(self, batch: Batch) -> Iterator[Batch]:
        """Yield the batches that were sealed on top of one, those on top of these, and so on."""
        waiting = deque(self.followers(batch))
        while waiting:
            yield (one := waiting.popleft())
            waiting += self.followers(one)

    def trunk(self, *preferred: Iterable[Batch]) -> list[Batch]:
        """Return the line that stays where batches race.

        Parameters
        ----------
        preferred
            Batches that it holds if it can, the most important ones first; where none of them
            decides, the first batch goes on.
        """
        groups = [self._with_below(batches) for batches in preferred]
        line: list[Batch] = []
        while racing := self.followers(line[-1] if line else None):
            line.append(min(racing, key=lambda one: [one.path not in group for group in groups]))
        return line

    def _with_below(self, batches: Iterable[Batch]) -> set[Path]:
        found: set[Path] = set()
        for batch in batches:
            for one in chain([batch], self.below(batch)):
                if one.path in found:
                    break
                found.add(one.path)
        return found

    def branches(self, trunk: Collection[Batch]) -> Iterator[list[Batch]]:
        """Yield each batch that lost a race against one of a trunk, with all on top of it."""
        staying = {batch.path for batch in trunk}
        for batch in (None, *trunk):
            for one in self.followers(batch):
                if one.path not in staying:
                    yield [one, *self.above(one)]
