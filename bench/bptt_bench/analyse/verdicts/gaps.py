"""Points at which a subject could not be measured, in words, for all that stands on the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bptt_bench.analyse.data.response import is_exact
from bptt_bench.analyse.fitting.diagnose import describe
from bptt_bench.analyse.verdicts.verdict import Verdict, sentence
from bptt_bench.plan import PLACEBO_SUFFIX, CheckClaim, Claim
from bptt_bench.plan.law.wording import join_names

MOST_POINTS = 3  # that are named, of one subject
MOST_CHARACTERS = 120  # of a reason


def gaps_in_words(skips: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield for each subject where it could not be measured, and why at the first of these points."""
    for subject in dict.fromkeys(str(skip["subject"]) for skip in skips):
        mine = [skip for skip in skips if skip["subject"] == subject and not subject.endswith(PLACEBO_SUFFIX)]
        if mine:
            reason = str(mine[0]["reason"])
            short = reason if len(reason) <= MOST_CHARACTERS else f"{reason[:MOST_CHARACTERS]}…"
            yield f"{subject}: not measured at {_points(mine)} ({short})"


def with_gaps(verdict: Verdict, claim: Claim, skips: Sequence[Mapping[str, Any]]) -> Verdict:
    """Return the verdict, its reason with the points at which its subject could not be measured."""
    if isinstance(claim, CheckClaim):
        return verdict
    timings = ("whole", "memory", "counts") if is_exact(getattr(claim, "response", "")) else ("whole", "phases")
    mine = [skip for skip in skips if skip["subject"] == claim.subject and skip.get("timing", "whole") in timings]
    if not mine:
        return verdict
    return replace(verdict, reason=sentence(f"{verdict.reason.removesuffix('.')}; not measured at {_points(mine)}"))


def _points(skips: Sequence[Mapping[str, Any]]) -> str:
    ordered = sorted((skip["point"] for skip in skips), key=lambda point: [(str(type(x)), x) for x in point.values()])
    points = list(dict.fromkeys(map(describe, ordered)))
    more = [f"{len(points) - MOST_POINTS} more points"] if len(points) > MOST_POINTS else []
    return join_names([*points[:MOST_POINTS], *more])
