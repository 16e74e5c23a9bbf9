"""What repeated runs add up to, on verdicts that are made up: every count is known in advance."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from bptt_bench.analyse.findings.limits import Word
from bptt_bench.analyse.findings.obstacles import NotRecorded
from bptt_bench.analyse.findings.reason import Kind, Reason
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.trust import (
    Coverage,
    PlaceboAlarms,
    Repeat,
    fault_found,
    placebo_alarms,
    stability,
    trust,
)
from bptt_bench.analyse.verdicts.verdict import Verdict
from bptt_bench.plan import Evaluation, Fault, Point
from bptt_bench.report.words.documents import trust_document
from bptt_bench.report.words.trust import caveats, upshot

KINDS = {"counts": "check", "growth": "exponent", "ratio": "ratio"}
S: Word = "supported"
R: Word = "refuted"
X: Word = "inconclusive"
QUIET = Interval(1.0, 0.99, 1.01)  # of a placebo that raises no alarm
LETTERS = {"S": S, "R": R, "X": X}


def verdict(claim: str, word: Word, subject: str = "s") -> Verdict:
    return Verdict(
        claim=claim,
        subject=subject,
        kind=KINDS[claim],
        predicted=1.0,
        estimate=1.0,
        low=0.9,
        high=1.1,
        verdict=word,
        reason=Reason(kind=Kind.NO_DATA, finding=NotRecorded(record="check")),
    )


def repeat(
    words: str,
    *,
    fault: str | None = None,
    placebo: Interval | None = QUIET,
    alarms: tuple[int, int] = (1, 20),
) -> Repeat:
    """A run with a verdict of each claim, by letter: supported, refuted, X for inconclusive."""
    return Repeat(
        name=f"{fault or 'healthy'}-{words}",
        fault=fault,
        verdicts=tuple(verdict(claim, LETTERS[letter]) for claim, letter in zip(KINDS, words, strict=True)),
        placebo=placebo,
        placebo_alarms=alarms,
        noise=0.02,
        contaminated_share=0.1,
    )


def prepare(_point: Point) -> Evaluation:
    return lambda: None


FAULT = Fault(name="f", statement="is wrong", subject="s", prepare=prepare, caught_by=("counts", "growth"))


def test_stability_counts_each_verdict_of_each_claim() -> None:
    found = stability([repeat("SSX"), repeat("SSS"), repeat("SRX")])
    assert [one.claim for one in found] == list(KINDS)
    assert [one.counts for one in found] == [{S: 3, R: 0, X: 0}, {S: 2, R: 1, X: 0}, {S: 1, R: 0, X: 2}]
    assert [(one.commonest, one.same, one.runs) for one in found] == [(S, 3, 3), (S, 2, 3), (X, 2, 3)]


def test_of_two_equally_common_verdicts_inconclusive_is_taken() -> None:
    assert [one.commonest for one in stability([repeat("SSS"), repeat("XXX")])] == [X, X, X]


def test_claims_of_one_name_on_two_subjects_are_two() -> None:
    def both(first: Word, second: Word, fault: str | None = None) -> Repeat:
        of_two = (verdict("growth", first, "one"), verdict("growth", second, "two"))
        return replace(repeat("SSS", fault=fault), verdicts=of_two)

    found = trust([both(R, S), both(S, S)], [])
    assert [(one.claim, one.subject, one.counts[R]) for one in found.claims] == [
        ("growth", "one", 1),
        ("growth", "two", 0),
    ]
    assert upshot(found).endswith("'growth (one)' was refuted in 1 of 2 healthy runs")
    caught = fault_found(FAULT, stability([both(R, S)]), [both(R, S, "f"), both(R, R, "f")])
    assert (caught.runs, caught.caught, caught.claims) == (2, 1, {"growth": 1})


def test_no_run_is_no_evidence() -> None:
    with pytest.raises(ValueError, match=r"^repeats: 0 given; at least 1 is needed$"):
        stability([])


def test_a_fault_is_caught_only_by_claims_that_healthy_runs_support() -> None:
    healthy = stability([repeat("SSX"), repeat("SSX")])
    runs = [repeat(words, fault="f") for words in ("RRR", "SRS", "RXX", "SSR", "XXX")]
    found = fault_found(FAULT, healthy, [*runs, repeat("RRR"), repeat("RRR", fault="another")])
    assert (found.runs, found.caught, found.by_check, found.by_timing) == (5, 3, 2, 2)
    assert found.claims == {"counts": 2, "growth": 2}
    assert (found.fault, found.statement, found.expected) == ("f", "is wrong", ("counts", "growth"))


def test_placebo_alarms_are_intervals_without_one() -> None:
    runs = [
        repeat("SSS", placebo=Interval(1.02, 1.001, 1.04), alarms=(3, 20)),
        repeat("SSS", placebo=Interval(0.98, 0.97, 0.999)),
        repeat("SSS"),
        repeat("SSS", placebo=None, alarms=(0, 0)),
    ]
    assert placebo_alarms(runs) == PlaceboAlarms(runs=3, alarms=2, points=60, point_alarms=5)
    assert placebo_alarms(runs[-1:]) is None


def test_trust_needs_every_fault_caught_and_nothing_sound_refuted() -> None:
    fine = trust([repeat("SSS"), repeat("SSS"), repeat("RRS", fault="f")], [FAULT])
    assert fine.trusted
    assert (fine.healthy, fine.noise, fine.contaminated_share, caveats(fine)) == (2, 0.02, 0.1, [])
    assert upshot(fine) == (
        "verdicts here can be trusted: the planted fault was caught, and none of 3 claims was refuted in 2 healthy runs"
    )
    missed = trust([repeat("SSS"), repeat("SSR"), repeat("SSS", fault="f")], [FAULT])
    assert not missed.trusted
    assert upshot(missed) == (
        "on this machine verdicts are not to be trusted, because the planted fault 'f' was caught in 0 of 1 runs; "
        "'ratio (s)' was refuted in 1 of 2 healthy runs"
    )


def test_where_time_decides_nothing_only_checks_are_to_be_trusted() -> None:
    found = trust([repeat("SXX"), repeat("SXX"), repeat("RXX", fault="f")], [FAULT])
    assert found.trusted
    assert upshot(found) == (
        "on this machine, as it is now, only checks can be trusted, because none of 2 claims about time could be "
        "decided with 2.0 % noise: the planted fault was caught, and none of 3 claims was refuted in 2 healthy runs; "
        "but claims about time saw the fault 'f' in 0 of 1 runs"
    )
    assert upshot(trust([repeat("SXS")], [])).startswith("verdicts here can be trusted: ")


def test_caveats_name_a_restless_placebo_and_changing_verdicts() -> None:
    runs = [repeat("SSS", alarms=(9, 20)), repeat("SXS"), repeat("RSS", fault="f")]
    assert caveats(trust(runs, [FAULT])) == [
        "claims about time saw the fault 'f' in 0 of 1 runs",
        "the placebo differs from itself at 11 of 60 points, where 5 % are expected",
        "1 of 3 claims changed their verdict from run to run",
    ]
    assert caveats(trust([repeat("SSS", alarms=(2, 20))], [])) == []


def test_the_document_is_plain_data() -> None:
    coverage = Coverage(noise=0.02, trials=120, share=0.95, lowest=("prediction", 0.92))
    found = trust_document(trust([repeat("SSS"), repeat("RSS", fault="f")], [FAULT], coverage))
    assert json.loads(json.dumps(found, allow_nan=False)) == {
        **found,
        "claims": [{**one, "counts": dict(one["counts"])} for one in found["claims"]],
        "faults": [{**one, "expected": list(one["expected"])} for one in found["faults"]],
        "coverage": {**found["coverage"], "lowest": ["prediction", 0.92]},
    }
    assert found["trusted"] is True
    assert math.isclose(found["coverage"]["share"], 0.95)
