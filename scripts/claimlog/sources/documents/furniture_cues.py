"""Lines that look like page furniture by their words, in the languages of most pages.

It is a proposal that the user sees and may change, so a cue stands here only if a short line that
begins with it is hardly ever a sentence of an article.
"""

from __future__ import annotations

import re

LONGEST_LINE = 160
"""Characters: a longer line is a paragraph, whatever it begins with."""

READING_TIME = "reading time"
"""Cues of lines that say how long an article takes, which are furniture like navigation."""

CUES = {
    "pointer": r"(?:read (?:also|more|next|the full)|see (?:also|the full)|more on this|click here"
    r"|full story|lesen sie auch|mehr dazu|siehe auch|weiterlesen|lire aussi|à lire aussi"
    r"|en savoir plus|lea también|leer más|leggi anche|lees ook)\b",
    "footer": r"(?:©|\(c\) ?\d|copyright\b|all rights reserved|alle rechte vorbehalten"
    r"|tous droits réservés|todos los derechos reservados|tutti i diritti riservati"
    r"|alle rechten voorbehouden)",
    "form": r"(?:sign up (?:for|to)|subscribe (?:to|now|today)|leave a (?:comment|reply)"
    r"|your e-?mail address|jetzt abonnieren|newsletter abonnieren|abonnez-vous"
    r"|inscrivez-vous|suscríbete|iscriviti)\b",
    "navigation": r"(?:share (?:this|on)|follow us|connect with us|advertisement$|anzeige$"
    r"|publicité$|publicidad$|teilen$|partager$|skip to|print this|back to top)",
    READING_TIME: r"(?:[·•|\u2013\u2014-] *)?(?:[0-9]{1,3}[ -]?"
    r"(?:min\b\.?|mins\b|minutes?|minuten|minuti|minutos)[ -]*"
    r"(?:read\b|reading\b|lesezeit|de lecture|de lectura|di lettura|leestijd)"
    r"|(?:reading time|lesezeit|temps de lecture|tiempo de lectura|leestijd)\b *:? *[0-9])",
    "related": r"(?:related (?:articles|posts|stories|topics)|most read|you may also like"
    r"|recommended for you|mehr zum thema|sur le même sujet)\b",
    "caption": r"(?:photo(?:graph)?|image|picture|credit|foto|bild|crédit)(?: by| credit)?:",
}
PATTERNS = {kind: re.compile(cue, re.IGNORECASE) for kind, cue in CUES.items()}


def furniture_kind(line: str) -> str | None:
    """Return the kind of page furniture that a line looks like, None for none.

    >>> furniture_kind("Read also: Ten quiet beaches"), furniture_kind("They read more charts.")
    ('pointer', None)
    >>> furniture_kind("\u00b7 4 min read"), furniture_kind("4 minutes later the boat came.")
    ('navigation', None)
    """
    line = line.strip()
    if not line or len(line) > LONGEST_LINE or "\n" in line:
        return None
    found = next((name for name, pattern in PATTERNS.items() if pattern.match(line)), None)
    return "navigation" if found == READING_TIME else found
