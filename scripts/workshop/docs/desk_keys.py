"""The keys of the coding desk as a table, from the file that the desk reads."""

from __future__ import annotations

from importlib.resources import files

from claimlog.log.event_log import Log
from claimlog.strict_json import decode_object
from workshop.docs.markdown_table import markdown_table

NAMES = {
    " ": "Space",
    "ArrowDown": "↓",
    "ArrowUp": "↑",
    "ArrowLeft": "←",
    "ArrowRight": "→",
    "Control": "Ctrl",
}


def desk_keys(_log: Log) -> str:
    """Return every key with what it does, by where it is pressed."""
    path = files("claimlog.desk.web") / "static" / "keys.json"
    table = decode_object(path.read_text("utf-8"))
    titles = {mode["mode"]: mode["title"] for mode in table["modes"]}
    return markdown_table(
        ("where", "key", "what it does"),
        (
            (titles[one["mode"]], ", ".join(_name(key) for key in one["keys"]), one["text"])
            for one in table["keys"]
        ),
    )


def _name(combination: str) -> str:
    if combination == "+":
        return "`+`"
    return "+".join(f"`{NAMES.get(key, key)}`" for key in combination.split("+"))
