"""A one-line reason is short, says what was found, and is made, not cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bptt_bench import judge
from bptt_bench.analyse.findings import growth, obstacles
from bptt_bench.analyse.findings.estimates import ExponentEstimate, RatioEstimate
from bptt_bench.analyse.findings.limits import Limits
from bptt_bench.analyse.findings.reason import Finding, Kind, Reason, Width
from bptt_bench.analyse.findings.remarks import AbsentSubjects, CacheRegime, MissingPoints, PointsOutside
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.report.words.findings.clauses import words
from bptt_bench.report.words.headlines import brief, cause_of, headline_of
from bptt_bench.report.words.reasons import text_beside_regimes, text_of

MOST_WORDS = 20  # of a one-line reason; more is for the whole one
RESULTS = Path(__file__).resolve().parents[4] / "results"
ESTIMATE = ExponentEstimate(
    factors=("H",),
    terms=("T*H**2",),
    at={"H": 960, "T": 16},
    predicted=2.0,
    limits=Limits(low=1.8, high=2.2),
    estimate=Interval(2.366, 2.218, 2.513),
)
REGIME = CacheRegime(term="T*H**2", working_set="4*H**2", threshold=Interval(11e6, 11e6, 11e6), slowdown=3.74)


def law_growth(**changes: object) -> growth.LawGrowth:
    whole = growth.FactorGrowth(
        factors=("n",), predicted=1.0, estimate=Interval(1.95, 1.9, 2.0), limits=Limits(low=0.75, high=1.25), n_steps=4
    )
    fields: dict[str, object] = {"law": "n", "response": "seconds_per_eval", "bound": "tight", "overhead": ()}
    return growth.LawGrowth(**fields | {"at": {"n": 8}, "whole": whole, "growths": (whole,)} | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("run", ["reference", "race", "race-stock"])
def test_every_reason_of_the_committed_runs_fits_a_line(run: str) -> None:
    for verdict in judge(RESULTS / run):
        line = headline_of(verdict.reason)
        assert "\n" not in line
        assert len(line.split()) <= MOST_WORDS, line
        assert len(line) <= len(text_of(verdict.reason)), line


def test_a_refuted_exponent_says_what_a_cache_did_to_it() -> None:
    reason = Reason(kind=Kind.OUTSIDE, finding=ESTIMATE, remarks=(REGIME,))
    assert headline_of(reason) == ("2.37 (2.22 to 2.51), allowed 1.8 to 2.2; operations cost up to 3.7x beyond a cache")
    assert cause_of(reason) == "operations cost up to 3.7x beyond a cache"
    assert cause_of(Reason(kind=Kind.WITHIN, finding=ESTIMATE, remarks=(REGIME,))) == ""


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (Width(cause="misfit"), "points off the law make it wide"),
        (Width(cause="noise"), "noise makes it wide"),
        (Width(cause=None, remedy="repetitions"), "without repetitions noise is unknown"),
        (
            Width(cause=None, remedy="a quiet machine", machine=MissingPoints(missing=1)),
            "the machine was busy during the run",
        ),
        (Width(cause=None), ""),
    ],
)
def test_what_makes_an_interval_wide_is_the_cause(width: Width, expected: str) -> None:
    assert cause_of(Reason(kind=Kind.IMPRECISE, finding=ESTIMATE, width=width)) == expected


@pytest.mark.parametrize(
    ("remark", "said"),
    [
        (MissingPoints(missing=2), "2 of the claimed points were not measured"),
        (AbsentSubjects(subjects={"jax": "it is not installed"}, n_claimed=4), "1 of 4 others did not run"),
        (REGIME, ""),
    ],
)
def test_a_supported_claim_says_on_what_it_was_not_judged(remark: Finding, said: str) -> None:
    reason = Reason(kind=Kind.WITHIN, finding=ESTIMATE, remarks=(remark,))
    assert cause_of(reason) == said
    assert headline_of(reason) == "; ".join(filter(None, ["2.37 (2.22 to 2.51), allowed 1.8 to 2.2", said]))


def test_a_ratio_says_at_how_many_points_it_is_outside() -> None:
    finding = RatioEstimate(
        at={"T": 4},
        n_points=5,
        estimate=Interval(3, 2.9, 3.1),
        predicted=2,
        deviation=0.5,
        median_deviation=0.1,
        margin=0.25,
        bound="tight",
    )
    reason = Reason(kind=Kind.OUTSIDE, finding=finding, remarks=(PointsOutside(outside=3, n_points=5),))
    assert headline_of(reason) == (
        "ratio off by +50\u202f% at the worst of 5 points, allowed ±25\u202f%; outside at 3 of 5 points"
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ""),
        ({"closer": "n**2", "also_fit": ("n**2",)}, "; n² fits far better"),
        (
            {"closer": "n**2", "carriers": ("__memcpy_avx_unaligned_erms (libc)",), "carried": 0.96},
            "; n² fits far better: memcpy (libc), 96 % of the instructions",
        ),
        (
            {"closer": "n**2", "carriers": ("f (lib)", "g (lib)"), "carried": 0.5},
            "; n² fits far better: f (lib) and others, 50 % of the instructions",
        ),
        ({"rival": "n*log(n)"}, "; n·log(n) may be the law as well"),
        ({"hiding": ("n",)}, "; n may hide it, larger levels would decide"),
        ({"also_fit": ("n*log(n)",)}, "; n·log(n) fits"),
        ({"also_fit": ("n", "n*log(n)")}, "; n and n·log(n) fit"),
    ],
)
def test_a_law_says_what_else_would_fit(changes: dict[str, object], expected: str) -> None:
    reason = Reason(kind=Kind.OUTSIDE, finding=law_growth(**changes))
    assert headline_of(reason) == f"time grows by an exponent of 1.95 (1.90 to 2.00), the law by 1{expected}"


def test_what_was_counted_says_what_happened_to_the_time_of_an_operation() -> None:
    cost = growth.OperationCost(counted="instructions", rise=1.9, smallest={"n": 1}, largest={"n": 9})
    found = growth.WorkAndTime(work=law_growth(response="instructions_count"), work_verdict="supported", cost=cost)
    assert brief(found) == (
        "instructions grow by an exponent of 1.95 (1.90 to 2.00), the law by 1; time per instruction rises 1.9-fold"
    )


def test_a_rise_that_is_worth_a_number_is_the_cause_and_said_once() -> None:
    for rise, expected in ((4.46, "time per instruction rises 4.46-fold"), (1.1, "")):
        cost = growth.OperationCost(counted="instructions", rise=rise, smallest={"n": 1}, largest={"n": 9})
        found = growth.WorkAndTime(work=law_growth(response="instructions_count"), work_verdict="supported", cost=cost)
        reason = Reason(kind=Kind.WITHIN, finding=found)
        assert cause_of(reason) == expected
        assert headline_of(reason).count("time per instruction") == 1


def test_what_may_hide_a_law_is_said_before_what_fits_better() -> None:
    finding = law_growth(closer="n*log(n)", hiding=("1",))
    assert cause_of(Reason(kind=Kind.IMPRECISE, finding=finding)) == "1 may hide it, larger levels would decide"


def test_a_law_that_is_outgrown_says_by_how_much_and_not_that_steps_are_few() -> None:
    text = text_of(Reason(kind=Kind.OUTSIDE, finding=law_growth(outgrown=87.0)))
    assert "more at every step, in all 87 times as much as the law" in text
    assert "too few" not in text


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (obstacles.ChangedInput(changed={"x": "list"}, factor=0.1, at={"n": 1}), "the call changes its input"),
        (obstacles.ChangedInput(changed={"f": "cache"}, factor=9, at={"n": 1}), "the call remembers its result"),
        (
            obstacles.SmallShare(terms=("T*H**2",), share=0.012, of="time", at={"T": 1}),
            "T·H² is only 1.2\u202f% of the time",
        ),
        (obstacles.UnusableData(subject="s", error="word " * 30), "the samples of s cannot be used"),
    ],
)
def test_what_prevents_a_judgement_is_short_too(finding: Finding, expected: str) -> None:
    line = headline_of(Reason(kind=Kind.NOT_DONE, finding=finding))
    assert line.startswith(f"work not done: {expected}")
    assert len(line) < 80


def test_a_finding_without_a_short_form_is_said_in_full() -> None:
    finding = obstacles.NoRoofline(subject="s")
    assert brief(finding) == words(finding)


def test_regimes_are_left_out_where_a_table_has_them() -> None:
    reason = Reason(kind=Kind.OUTSIDE, finding=ESTIMATE, remarks=(MissingPoints(missing=2), REGIME))
    assert "once its working set 4·H² has left a cache at about 11 MB, each operation of T·H²" in text_of(reason)
    assert text_beside_regimes(reason) == text_of(
        Reason(kind=Kind.OUTSIDE, finding=ESTIMATE, remarks=reason.remarks[:1])
    )


def test_terms_are_written_in_one_way() -> None:
    texts = [text_of(verdict.reason) + headline_of(verdict.reason) for verdict in judge(RESULTS / "reference")]
    assert any("T·H²" in text for text in texts)
    assert not any("**" in text or "T*H" in text for text in texts)


@pytest.mark.parametrize(
    ("estimate", "steps", "said"),
    [
        (Interval(6.14, 2.94, 8.77), 5, "outside the allowed 0.75 to 1.25, but 5 steps between levels are too few"),
        (Interval(2.0, 1.9, 2.1), 5, "outside the allowed 0.75 to 1.25"),
        (Interval(6.14, 2.94, 8.77), 6, "outside the allowed 0.75 to 1.25"),
    ],
)
def test_a_law_that_few_steps_cannot_refute_says_so(estimate: Interval, steps: int, said: str) -> None:
    limits = Limits(low=0.75, high=1.25)
    whole = growth.FactorGrowth(
        factors=("n",), predicted=1.0, estimate=estimate, limits=limits, n_steps=steps, is_rough=steps < 6
    )
    text = text_of(Reason(kind=Kind.IMPRECISE, finding=law_growth(whole=whole, growths=(whole,))))
    assert said in text
    assert ("too few" in text) is ("too few" in said)


def test_a_law_that_counts_leave_open_says_so_beside_its_time() -> None:
    counts = law_growth(response="instructions_count", hiding=("1", "n"))
    reason = Reason(kind=Kind.NOT_IDENTIFIABLE, finding=law_growth(), remarks=(growth.OpenWork(work=counts),))
    assert cause_of(reason) == "instructions leave it open, as 1 + n may hide it"
    by_time = cause_of(replace(reason, kind=Kind.WITHIN))
    assert by_time == "by time, because instructions leave it open, as 1 + n may hide it"


def test_a_law_says_what_also_fits_or_which_factor_it_misses() -> None:
    met = Interval(1.0, 0.9, 1.1)
    whole = replace(law_growth().whole, estimate=met)
    finding = law_growth(whole=whole, growths=(whole,), also_fit=("n*log(n)",))
    assert headline_of(Reason(kind=Kind.WITHIN, finding=finding)).endswith("; n·log(n) also fits")
    missed = replace(law_growth().whole, factors=("d",))
    finding = law_growth(whole=whole, growths=(replace(whole, factors=("n",)), missed))
    assert brief(finding) == "time grows with d by an exponent of 1.95 (1.90 to 2.00), the law by 1"


def test_counts_outside_the_margin_say_up_to_which_size_they_were_counted() -> None:
    missed = law_growth()
    outside = replace(missed.whole, limits=Limits(low=9.0, high=10.0))
    counts = law_growth(response="instructions_count", whole=outside, growths=(outside,))
    assert "; counted up to n=8" in words(counts)
    assert "counted up to" not in words(replace(counts, response="seconds_per_eval"))
