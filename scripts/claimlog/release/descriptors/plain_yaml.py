"""YAML as our descriptors need it: no alias, with which a small file grows to any size."""

from __future__ import annotations

from typing import Any

import yaml

LONGEST = 1 << 20
"""Most characters that are read: a citation or a card has some thousands."""


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # the library ships no types
    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.YAMLError(f"line {mark.line + 1} holds an alias, which no descriptor needs")
        return super().compose_node(parent, index)


def load_yaml(text: str) -> Any:
    """Return the value of a YAML document.

    Raises
    ------
    yaml.YAMLError
        If it is no YAML, longer than `LONGEST`, or holds an alias.
    """
    if len(text) > LONGEST:
        raise yaml.YAMLError(f"longer than {LONGEST:,} characters")
    return yaml.load(text, Loader=_Loader)  # safe, and knows even less


def dump_yaml(value: dict[str, Any]) -> str:
    """Return YAML in the order given."""
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=100)
    return text
