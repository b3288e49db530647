"""YAML as our descriptors need it: plain values, each once and none that grows.

An alias makes much of a small file, of two keys readers take another one, and tags and numbers to
base 60 are made into values in ways that take long or fail.
"""

from __future__ import annotations

from typing import Any

import yaml

MAX_CHARACTERS = 1 << 20
"""Most characters that are read: a citation or a card has some thousands."""


NUMBER_CHARACTERS = 40
"""Most characters of a number: its value may be worked out in the square of their number."""


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # the library ships no types
    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.YAMLError(f"line {mark.line + 1} holds an alias, which no descriptor needs")
        event = self.peek_event()
        if event.tag is not None:
            line = event.start_mark.line + 1
            raise yaml.YAMLError(f"line {line} holds the tag {event.tag[:40]!r}; take it out")
        return super().compose_node(parent, index)

    def construct_number(self, node: Any) -> Any:
        """Return a number of a bounded length."""
        if len(node.value) > NUMBER_CHARACTERS:
            line = node.start_mark.line + 1
            raise yaml.YAMLError(
                f"line {line} holds a number of {len(node.value):,} characters; put it in quotes, "
                "if it is text"
            )
        is_whole = node.tag == "tag:yaml.org,2002:int"
        return self.construct_yaml_int(node) if is_whole else self.construct_yaml_float(node)

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


for _kind in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _Loader.construct_number)


def load_yaml(text: str) -> Any:
    """Return the value of a YAML document.

    Raises
    ------
    yaml.YAMLError
        If it is no YAML, longer than `MAX_CHARACTERS`, or holds an alias, a tag, a key twice, or a
        number that is longer than `NUMBER_CHARACTERS`.
    """
    if len(text) > MAX_CHARACTERS:
        raise yaml.YAMLError(f"longer than {MAX_CHARACTERS:,} characters")
    return yaml.load(text, Loader=_Loader)  # safe, and knows even less


def load_own_yaml(text: str) -> Any:
    """Return the value of a YAML document that is written as `dump_yaml` does.

    Of other texts, with merged keys or values that each version of YAML takes for another type,
    readers make different values.

    Raises
    ------
    ValueError
        If it is written otherwise.
    yaml.YAMLError
        As `load_yaml` does.
    """
    value = load_yaml(text)
    if dump_yaml(value) != text:
        raise ValueError("is not written as claimlog writes YAML")
    return value


def dump_yaml(value: dict[str, Any]) -> str:
    """Return YAML in the order given."""
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=100)
    return text
