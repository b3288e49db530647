"""Templates compiled once a process: each Datasette compiles its own, and tests make hundreds.

This module is a plugin of Datasette, for tests alone.
"""

from __future__ import annotations

import sys
from types import CodeType
from typing import Any

from datasette import hookimpl
from datasette.plugins import pm
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class CompiledTemplates(BytecodeCache):
    """What templates were compiled to, by name, place and content, and whether they may wait."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str, bool], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get(_key(bucket))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._codes[_key(bucket)] = bucket.code


def _key(bucket: Bucket) -> tuple[str, str, bool]:
    return bucket.key, bucket.checksum, bucket.environment.is_async


COMPILED = CompiledTemplates()


@hookimpl
def prepare_jinja2_environment(env: Any) -> None:
    """Give the environment of a Datasette the templates that others have compiled."""
    env.bytecode_cache = COMPILED


def keep_compiled_templates() -> None:
    """Have every Datasette of this process take templates that another one has compiled."""
    pm.register(sys.modules[__name__], __name__)
