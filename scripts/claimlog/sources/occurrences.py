"""Every place of a run of characters in a text, in a time that grows with the text.

Runs that repeat themselves ("ha ha ha") stand at overlapping places. To compare all of a run at
each of them takes time by the square, which a text can be made for.
"""

from __future__ import annotations


def occurrences(content: str, part: str) -> list[int]:
    """Return every offset at which `part` stands in `content`, overlapping ones included.

    Where two places overlap by half, their distance is a period of the part (Fine and Wilf, 1965):
    whether it stands once more a period later is seen by the characters that are new there.
    """
    found: list[int] = []
    size, at = len(part), content.find(part)
    while at >= 0:
        distance = at - found[-1] if found else size
        found.append(at)
        if 0 < 2 * distance <= size:
            last = part[-distance:]
            while content.startswith(last, at + size):
                at += distance
                found.append(at)
        at = content.find(part, at + 1)
    return found
