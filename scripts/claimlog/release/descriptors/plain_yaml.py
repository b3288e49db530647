"""YAML as our descriptors need it: no alias, by which a small file grows, and no key twice."""

from __future__ import annotations

from typing import Any

import yaml

MAX_CHARACTERS = 1 << 20
"""Most characters that are read: a citation or a card has some thousands."""


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # the library ships no types
    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.YAMLError(f"line {mark.line + 1} holds an alias, which no descriptor needs")
        return super().compose_node(parent, index)

    def compose_mapping_node(self, anchor: Any) -> Any:
        node = super().compose_mapping_node(anchor)
        keys: set[str] = set()
        for key, _ in node.value:
            # readers disagree about which of two values holds
            if not isinstance(key, yaml.ScalarNode) or key.value in keys:
                line = key.start_mark.line + 1
                raise yaml.YAMLError(
                    f"line {line} holds a key that is there already, or is no word"
                )
            keys.add(key.value)
        return node


def load_yaml(text: str) -> Any:
    """Return the value of a YAML document.

    Raises
    ------
    yaml.YAMLError
        If it is no YAML, longer than `LONGEST`, or holds an alias or a key twice.
    """
    if len(text) > MAX_CHARACTERS:
        raise yaml.YAMLError(f"longer than {MAX_CHARACTERS:,} characters")
    return yaml.load(text, Loader=_Loader)  # safe, and knows even less


def dump_yaml(value: dict[str, Any]) -> str:
    """Return YAML in the order given."""
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=100)
    return text
