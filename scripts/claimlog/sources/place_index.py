"""Places of a part in a long text, by an index: of thousands of quotes none reads all of it.

Grams are runs of a few characters; the index holds those that stand at every so many of them, side
by side. Wherever a part stands that is nearly twice as long as a gram, one of them lies in it, at
one of its first offsets.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.uint64]

LONG_TEXT = 200_000
"""Characters from which on looking into the index is faster than reading."""

MOST_CANDIDATES = 5_000
"""Places of the grams of a part from which on the text is read: it repeats itself."""

FACTOR = 0x9E3779B97F4A7C15
"""Odd, so that a gram is hashed by powers of it modulo 2**64; what collides is compared anyway."""


READ_OF_PART = 4_096
"""Characters of a part of which the rarest grams are looked for."""


class PlaceIndex:
    """The grams of a text in the order of their hashes, and where each stands.

    Parameters
    ----------
    gram
        Characters of a gram.
    """

    def __init__(self, content: str, gram: int) -> None:
        self.content = content
        self.gram = gram
        powers = [pow(FACTOR, power, 1 << 64) for power in range(gram)]
        self._powers = np.array(powers, dtype=np.uint64)
        codes = _code_points(content)
        count = len(codes) // gram if len(content) >= LONG_TEXT else 0
        hashes = self._hashes(codes[: count * gram].reshape(count, gram))
        order = np.argsort(hashes, kind="stable")
        self._sorted, self._places = hashes[order], order * gram

    def places(self, part: str) -> list[int] | None:
        """Return every offset of a part, overlapping ones too; None if only reading tells."""
        if not len(self._sorted) or len(part) < 2 * self.gram - 1:
            return None
        codes = _code_points(part[:READ_OF_PART])
        hashes = self._hashes(np.lib.stride_tricks.sliding_window_view(codes, self.gram))
        lows = np.searchsorted(self._sorted, hashes, "left")
        counts = np.searchsorted(self._sorted, hashes, "right") - lows
        # where the first of its grams stands at an offset, others do at each step of a gram
        first = range(self.gram)
        rarest = [at + self.gram * int(np.argmin(counts[at :: self.gram])) for at in first]
        if int(counts[rarest].sum()) > MOST_CANDIDATES:
            return None
        starts = [
            place - offset
            for offset in rarest
            for place in self._places[lows[offset] : lows[offset] + counts[offset]].tolist()
        ]
        return sorted(at for at in starts if at >= 0 and self.content.startswith(part, at))

    def _hashes(self, grams: npt.NDArray[np.uint32]) -> Numbers:
        hashes = np.zeros(len(grams), dtype=np.uint64)
        for column, power in enumerate(self._powers):
            hashes += grams[:, column] * power
        return hashes


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
