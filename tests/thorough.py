"""How many examples a property draws: few by default, many with CLAIMLOG_THOROUGH=20."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("CLAIMLOG_THOROUGH", "1"))
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture)


def examples(number: int, unit: int | None = None) -> settings:
    """Return settings for so many examples by default; no deadline, as cores are shared.

    Where many are asked for they are that many times `unit`.
    """
    most = number if TIMES == 1 else (unit or number) * TIMES
    return settings(max_examples=most, deadline=None, suppress_health_check=SLOW)
