"""Checks of the mathematics as claims."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from bptt_bench.plan import CheckClaim, CheckResult

from bptt_rnn.checks import Check


def make_meter() -> Any:
    """Return a meter that raises on unknown operations."""
    from bptt_bench.measure.counters.meter import Meter  # only when operations are counted

    return Meter(strict=True)


def check_claims(checks: Iterable[Check]) -> list[CheckClaim]:
    """Return a claim for each check."""
    return [
        CheckClaim(
            name=check.name,
            subject=check.subject,
            statement=check.statement,
            check=functools.partial(_judged, check),
        )
        for check in checks
    ]


def _judged(check: Check, seed: int) -> CheckResult:
    found = check.measure(seed)
    return CheckResult(
        estimate=float(found.worst),
        allowed=check.allowed,
        cases=found.cases,
        detail=found.detail,
        passes=found.passes,
        pass_symbols=("J", "h") if found.passes else None,
    )
