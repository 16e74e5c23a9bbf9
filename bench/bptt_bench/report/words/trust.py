"""What a self-test found, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from bptt_bench.analyse.verdicts.trust import FaultFound, Stability, Trust


def lines(found: Trust) -> Iterator[str]:
    """The findings one by one, the upshot last."""
    if found.noise is not None and found.contaminated_share is not None:
        yield f"noise: {found.noise:.1%} within points, {found.contaminated_share:.1%} of samples disturbed"
    if found.placebo is not None:
        one = found.placebo
        yield (
            f"placebo, one subject under two names: told apart in {one.alarms} of {one.runs} runs, "
            f"and at {one.point_alarms} of {one.points} points (5 % are due to chance)"
        )
    for fault in found.faults:
        yield from _fault(fault)
    same = sum(claim.same == claim.runs for claim in found.claims)
    yield f"claims: {same} of {len(found.claims)} had the same verdict in all {found.healthy} healthy runs"
    for claim in found.claims:
        if claim.same < claim.runs or claim.counts["refuted"]:
            yield f"  {claim.claim}: {_counts(claim)}"
    if found.coverage is not None:
        name, share = found.coverage.lowest
        yield (
            f"intervals: 95 % ones held the truth {found.coverage.share:.1%} of the time in {found.coverage.trials} "
            f"simulated measurements with this noise; worst, {name}: {share:.1%}"
        )
    yield found.in_words()


def _fault(one: FaultFound) -> Iterator[str]:
    word = "caught" if one.caught == one.runs else "MISSED"
    yield (
        f"fault {one.fault}, {one.statement}: {word} ({one.caught} of {one.runs} runs; by checks in {one.by_check}, "
        f"by claims about time in {one.by_timing})"
    )
    for claim, runs in one.claims.items():
        yield f"  {claim}: refuted in {runs}"


def _counts(claim: Stability) -> str:
    return ", ".join(f"{count} {word}" for word, count in claim.counts.items() if count)
