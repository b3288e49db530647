"""Regular expressions of the package take time in proportion to what they look through."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import time
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain, permutations
from pathlib import Path
from types import ModuleType

import pytest
import regex

import claimlog
from claimlog.release.checksums import SUMS_LINE
from claimlog.schema.edtf import OTHER_LEVELS
from claimlog.sources.text import BROKEN
from thorough import TIMES

ENGINES: dict[str, ModuleType] = {"re": re, "regex": regex}
ANCHORED = {"match", "fullmatch"}
SIGNS = 30_000
"""Of a text: what begins anew at each of them takes seconds, and milliseconds otherwise."""
SECONDS = 0.5
PAIRED = 8
"""Signs of a pattern of which each two are tried."""
COMMON = ' \n"<(-_.aA9é\u00ad'
AnyPattern = re.Pattern[str] | re.Pattern[bytes]


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(claimlog.__path__, "claimlog."):
        if not found.name.startswith("claimlog.spark") and not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def calls(module: ModuleType) -> Iterator[ast.Call]:
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def looked_for(module: ModuleType) -> Iterator[str]:
    """Yield the names of patterns that a module looks for anywhere in a text."""
    for call in calls(module):
        for given in (call.func, *call.args):  # a method may be handed on, as to map
            match given:
                case ast.Attribute(ast.Name(name), method) if method not in ANCHORED:
                    yield name


def written_in_calls(module: ModuleType) -> Iterator[tuple[str, AnyPattern, bool]]:
    for call in calls(module):
        match call:
            case ast.Call(
                ast.Attribute(ast.Name("re" | "regex" as engine), method),
                [ast.Constant(pattern), *_],
            ) if method not in ("compile", "escape"):
                flags = [ast.unparse(word.value) for word in call.keywords if word.arg == "flags"]
                flag = eval(flags[0], dict(ENGINES)) if flags else 0
                place = f"{module.__name__}:{call.lineno}"
                yield place, ENGINES[engine].compile(pattern, flag), method not in ANCHORED


def held(value: object) -> Iterator[AnyPattern]:
    """Yield patterns that a value of a module is, or that lie in it."""
    if isinstance(value, re.Pattern | regex.Pattern):
        yield value
    elif isinstance(value, Mapping):
        yield from held([*value.values()])
    elif isinstance(value, tuple | list | set | frozenset):
        for item in value:
            yield from held(item)


@cache
def patterns() -> list[tuple[str, AnyPattern, bool]]:
    """Return the place of each pattern, the pattern, and whether it is looked for anywhere."""
    found: dict[tuple[object, int], tuple[str, AnyPattern, bool]] = {}
    for module in modules():
        scanned = {*looked_for(module)}
        named = (
            (f"{module.__name__}.{name}", pattern, name in scanned)
            for name, value in vars(module).items()
            for pattern in held(value)
        )
        for place, pattern, anywhere in chain(named, written_in_calls(module)):
            key = pattern.pattern, pattern.flags
            known = found.get(key, (place, pattern, False))
            found[key] = (known[0], pattern, anywhere or known[2])
    return [*found.values()]


def texts(pattern: str) -> Iterator[str]:
    """Yield texts that begin as the pattern does, or not, and go on with one sign for long."""
    plain = pattern.replace(r"\s", " ").replace(r"\b", "").replace("\\", "")
    heads = {"", *re.findall(r"[A-Za-z<!:/=@&#\"{}\[\]., -]{2,}", plain)[:2]}
    for sign in dict.fromkeys(COMMON):
        for head in heads:
            yield head + sign * SIGNS
            yield (head + sign) * (SIGNS // (len(head) + 1))
    # what two signs begin and an end that nothing matches refutes is tried from each of them
    signs = [sign for sign in dict.fromkeys(plain) if sign.isprintable()]
    for one, other in permutations(signs[: PAIRED * TIMES], 2):
        yield (one + other) * (SIGNS // 2) + "\n"


@pytest.mark.slow
def test_patterns_of_the_package_are_found() -> None:
    found = {pattern: anywhere for _, pattern, anywhere in patterns()}
    assert len(found) > 150
    assert (found[SUMS_LINE], found[BROKEN]) == (False, True)
    assert all(pattern in found for pattern, _ in OTHER_LEVELS)


def seconds(pattern: AnyPattern, text: str, *, anywhere: bool) -> float:
    given = text if isinstance(pattern.pattern, str) else text.encode()
    began = time.process_time()
    if anywhere:
        sum(1 for _ in pattern.finditer(given))  # type: ignore[arg-type]
    else:
        pattern.fullmatch(given)  # type: ignore[arg-type]
        pattern.match(given)  # type: ignore[arg-type]
    return time.process_time() - began


def is_slow(pattern: AnyPattern, text: str, *, anywhere: bool) -> bool:
    return seconds(pattern, text, anywhere=anywhere) > SECONDS


@pytest.mark.slow
@pytest.mark.parametrize(
    ("written", "anywhere"),
    [(r"[^\n]*\n", True), (r".*[0-9].*", False), (r"(?:[?~].*|.*[?~].+)", False)],
)
def test_a_pattern_that_begins_anew_at_each_sign_would_be_seen(
    written: str, anywhere: bool
) -> None:
    pattern = re.compile(written)
    assert any(is_slow(pattern, text, anywhere=anywhere) for text in texts(written))


@pytest.mark.slow
@pytest.mark.parametrize("anywhere", [True, False], ids=["anywhere", "from the beginning"])
def test_every_pattern_takes_time_in_proportion_to_the_text(anywhere: bool) -> None:
    slow = []
    for place, pattern, is_anywhere in patterns():
        if is_anywhere is anywhere:
            written = pattern.pattern
            plain = written if isinstance(written, str) else written.decode("latin-1")
            for text in texts(plain):
                if is_slow(pattern, text, anywhere=anywhere):
                    slow.append(f"{place}: {text[:20]!r}…")
                    break
    assert slow == []
