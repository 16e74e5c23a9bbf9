"""Points at which a subject could not be measured, for all verdicts that rest on the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bptt_bench.analyse.data.response import is_exact
from bptt_bench.analyse.findings.remarks import UnmeasuredPoints
from bptt_bench.plan import PLACEBO_SUFFIX, CheckClaim, Claim, Point


def unmeasured_points(skips: Sequence[Mapping[str, Any]], subject: str) -> UnmeasuredPoints | None:
    """Return where a subject could not be measured, in the order of the points; ``None`` if it could everywhere."""
    mine = [skip for skip in skips if skip["subject"] == subject]
    if not mine:
        return None
    points = sorted((skip["point"] for skip in mine), key=lambda point: [(str(type(x)), x) for x in point.values()])
    return UnmeasuredPoints(
        subject=subject,
        points=tuple(dict.fromkeys(map(Point, points))),
        reason=str(mine[0]["reason"]),
        is_counting=all(skip.get("timing") == "counts" for skip in mine),
    )


def all_gaps(skips: Sequence[Mapping[str, Any]]) -> tuple[UnmeasuredPoints, ...]:
    """Return for each subject, placebos left out, where it could not be measured."""
    subjects = dict.fromkeys(str(skip["subject"]) for skip in skips)
    found = (unmeasured_points(skips, name) for name in subjects if not name.endswith(PLACEBO_SUFFIX))
    return tuple(gap for gap in found if gap is not None)


def gap_of_claim(claim: Claim, skips: Sequence[Mapping[str, Any]]) -> UnmeasuredPoints | None:
    """Return where the subject of a claim could not be measured, in what the claim is about; ``None`` if it could."""
    if isinstance(claim, CheckClaim):
        return None
    timings = ("whole", "memory", "counts") if is_exact(getattr(claim, "response", "")) else ("whole", "phases")
    return unmeasured_points([skip for skip in skips if skip.get("timing", "whole") in timings], claim.subject)
