"""What a self-test found, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from bptt_bench.analyse.verdicts.trust import ALARM_LEVEL, CHECK, FaultFound, Stability, Trust
from bptt_bench.report.format import unnamed_subject
from bptt_bench.text.numbers import in_percent


def lines(found: Trust) -> Iterator[str]:
    """Yield the findings one by one, the conclusion last."""
    if found.noise is not None and found.contaminated_share is not None:
        disturbed = in_percent(found.contaminated_share)
        yield f"noise: {in_percent(found.noise)} within points, {disturbed} of samples disturbed"
    if found.placebo is not None:
        one = found.placebo
        yield (
            f"placebo, one subject under two names: found to differ in {one.alarms} of {one.runs} runs, "
            f"and at {one.point_alarms} of {one.points} points (5 % are due to chance)"
        )
    for fault in found.faults:
        yield from _fault(fault)
    same = sum(claim.same == claim.runs for claim in found.claims)
    yield f"claims: {same} of {len(found.claims)} had the same verdict in all {found.healthy} healthy runs"
    for claim in found.claims:
        if claim.same < claim.runs or claim.counts["refuted"]:
            yield f"  {_name(claim)}: {_counts(claim)}"
    if found.coverage is not None:
        name, share = found.coverage.lowest
        yield (
            f"intervals: 95 % ones held the truth {in_percent(found.coverage.share)} of the time in "
            f"{found.coverage.trials} simulated measurements with this noise; worst, {name}: {in_percent(share)}"
        )
    yield upshot(found)


def _fault(one: FaultFound) -> Iterator[str]:
    word = "caught" if one.caught == one.runs else "MISSED"
    yield (
        f"fault {one.fault}, {one.statement}: {word} ({one.caught} of {one.runs} runs; by checks in {one.by_check}, "
        f"by claims about time in {one.by_timing})"
    )
    for claim, runs in one.claims.items():
        yield f"  {claim}: refuted in {runs}"


def _name(one: Stability) -> str:
    """Return the name of a claim, with its subject where it does not say that."""
    subject = unnamed_subject(one.claim, one.subject)
    return f"{one.claim} ({subject})" if subject else one.claim


def _counts(claim: Stability) -> str:
    return ", ".join(f"{count} {word}" for word, count in claim.counts.items() if count)


def upshot(found: Trust) -> str:
    """Return in one sentence whether verdicts on this machine are to be trusted, and why."""
    if not found.trusted:
        return f"on this machine verdicts are not to be trusted, because {'; '.join(reasons(found))}"
    n = len(found.faults)
    caught = {0: "the experiment plants no fault", 1: "the planted fault was caught"}.get(
        n, f"all {n} planted faults were caught"
    )
    fine = f"{caught}, and none of {len(found.claims)} claims was refuted in {found.healthy} healthy runs"
    trusted = "verdicts here can be trusted"
    if found.decides_only_checks:
        timed = sum(one.kind != CHECK for one in found.claims)
        noise = "" if found.noise is None else f" with {in_percent(found.noise)} noise"
        trusted = (
            "on this machine, as it is now, only checks can be trusted, because none of "
            f"{timed} claims about time could be decided{noise}"
        )
    but = "; ".join(caveats(found))
    return f"{trusted}: {fine}" + (f"; but {but}" if but else "")


def reasons(found: Trust) -> list[str]:
    """Return why verdicts are not to be trusted; empty if they are."""
    missed = (
        f"the planted fault {one.fault!r} was caught in {one.caught} of {one.runs} runs" for one in found.missed_faults
    )
    refuted = (
        f"{_name(one)!r} was refuted in {one.counts['refuted']} of {one.runs} healthy runs"
        for one in found.wrongly_refuted
    )
    return [*missed, *refuted]


def caveats(found: Trust) -> list[str]:
    """Return what to keep in mind even where verdicts are to be trusted."""
    lines = [
        f"claims about time saw the fault {one.fault!r} in {one.by_timing} of {one.runs} runs"
        for one in found.unseen_by_timing
    ]
    placebo = found.restless_placebo
    if placebo is not None:
        points = f"{placebo.point_alarms} of {placebo.points} points"
        lines.append(f"the placebo differs from itself at {points}, where {in_percent(ALARM_LEVEL, 0)} are expected")
    if found.changing_claims:
        changing = f"{len(found.changing_claims)} of {len(found.claims)} claims"
        lines.append(f"{changing} changed their verdict from run to run")
    return lines
