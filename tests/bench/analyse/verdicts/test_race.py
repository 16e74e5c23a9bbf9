"""Races made of exact times: who is the fastest, by how much, how near to the roofline, and what becomes of claims."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import Verdict, analyse, judge
from bptt_bench.analyse.evidence.evidence import fit_all
from bptt_bench.analyse.verdicts.race import Race, geometric_mean, race_of, speedups
from bptt_bench.errors import FitError
from bptt_bench.plan import (
    Agreement,
    Claim,
    Design,
    Experiment,
    Factor,
    Point,
    Profile,
    RooflineClaim,
    SpeedupClaim,
    Subject,
    Traffic,
)
from bptt_bench.report.words.documents import verdict_documents
from bptt_bench.report.words.reasons import text_of

POINTS = Design.grid({"n": [10, 100]})
PEAKS = {"products": {"8x8x8": 4e9}, "moves": {"copy": 2e9, "read": 1e9}, "threads": 2}
BLOCKS = 12


def traffic(point: Point) -> Traffic:
    """At n = 10 arithmetic is the limit (4 µs against 0.5 µs), at n = 100 memory (40 µs against 50 µs)."""
    n = point["n"]
    return Traffic(operations=1600 * n, least_bytes=1000 if n == 10 else 100_000)


def speedup(at_least: float, *, mean: bool = False, over: tuple[str, ...] = ("slow", "other")) -> SpeedupClaim:
    return SpeedupClaim(
        name=f"at least {at_least}", subject="tuned", over=over, points=POINTS, at_least=at_least, mean=mean
    )


def experiment(*claims: Claim, names: Sequence[str] = ("tuned", "slow", "other"), **more: Any) -> Experiment:
    return Experiment(
        name="a race",
        factors=(Factor(name="n"),),
        subjects=tuple(
            Subject(name=name, prepare=lambda point: lambda: None, roofline=traffic if name == "tuned" else None)
            for name in names
        ),
        profiles={"quick": Profile(design=POINTS)},
        claims=claims or (speedup(1.0),),
        **more,
    )


def frame(
    seconds: Mapping[str, Mapping[int, float]], *, noise: float = 0.002, blocks: int = BLOCKS, **attrs: Any
) -> pd.DataFrame:
    """Samples about given times by subject and n; each block is up to 30 % slower for all alike."""
    rng = np.random.default_rng(3)
    drift = 1 + 0.3 * rng.random(blocks)
    rows = [
        {
            "subject": name, "n": n, "block": block, "process": 0, "evaluations": 1, "timing": "whole",
            "stage": "sweep", "below_floor": False, "started_at": float(block),
            "seconds_per_eval": value * drift[block] * math.exp(noise * rng.normal()),
        }
        for name, by_n in seconds.items() for n, value in by_n.items() for block in range(blocks)
    ]  # fmt: skip
    made = pd.DataFrame(rows)
    made.attrs.update({"factors": ["n"], "run": {"profile": "quick"}, **attrs})
    return made


TIMES = {"tuned": {10: 1e-5, 100: 1e-4}, "slow": {10: 3e-5, 100: 2e-4}, "other": {10: 2e-5, 100: 4e-4}}


def raced(seconds: Mapping[str, Mapping[int, float]] = TIMES, **attrs: Any) -> Race:
    found = race_of(fit_all(frame(seconds, **attrs), experiment()))
    assert found is not None
    return found


def only(verdicts: Sequence[Verdict]) -> Verdict:
    (verdict,) = verdicts
    return verdict


def test_the_fastest_other_is_found_at_each_point_and_drift_cancels() -> None:
    first, second = raced().standings
    assert (first.point, first.fastest, second.fastest) == (Point(n=10), "other", "slow")
    assert list(first.seconds) == ["tuned", "other", "slow"]
    for standing in (first, second):
        assert standing.speedup is not None
        assert standing.speedup.estimate == pytest.approx(2.0, rel=0.005)
        assert 1.97 < standing.speedup.low < standing.speedup.estimate < standing.speedup.high < 2.03
    assert first.ratios["slow"].estimate == pytest.approx(3.0, rel=0.005)


def test_the_interval_of_the_fastest_is_no_narrower_than_what_is_known_of_each() -> None:
    found = speedups(fit_all(frame(TIMES, noise=0.1), experiment()), "tuned", ("slow", "other"), POINTS.points)
    for one in found:
        every = [ratio.interval(0.95) for ratio in one.over.values()]
        assert one.interval(0.95).low == min(interval.low for interval in every)
        assert one.interval(0.95).high == min(interval.high for interval in every)


def test_the_geometric_mean_is_that_of_the_speedups_over_the_fastest() -> None:
    times = {**TIMES, "slow": {10: 3e-5, 100: 8e-4}}  # 2 at the first point, 4 at the second
    found = speedups(fit_all(frame(times), experiment()), "tuned", ("slow", "other"), POINTS.points)
    mean = geometric_mean(found, 0.95)
    assert mean is not None
    assert mean.estimate == pytest.approx(math.sqrt(8), rel=0.005)
    each = [one.interval(0.95) for one in found]
    assert math.log(mean.high / mean.low) < math.log(each[0].high / each[0].low)  # more pairs, less error
    assert geometric_mean([], 0.95) is None


def test_shares_of_the_roofline_are_taken_of_the_lower_roof() -> None:
    first, second = raced(peaks=[{"peaks": PEAKS}]).standings
    assert first.roofline is not None
    assert second.roofline is not None
    assert (first.roofline.limit, second.roofline.limit) == ("operations", "bytes")
    assert (first.roofline.seconds, second.roofline.seconds) == (4e-6, 5e-5)
    drifted = first.seconds["tuned"].estimate / 1e-5  # the location lies within the drift
    assert first.shares["tuned"].estimate == pytest.approx(0.4 / drifted)
    assert first.shares["tuned"].low < first.shares["tuned"].estimate < first.shares["tuned"].high


def test_a_subject_that_was_not_measured_takes_no_part() -> None:
    found = raced({name: TIMES[name] for name in ("tuned", "other")}, missing={"slow": "it is not installed"})
    assert [standing.fastest for standing in found.standings] == ["other", "other"]
    assert found.missing == {"slow": "it is not installed"}
    plain = found.to_json()
    assert json.loads(json.dumps(plain))["missing"] == {"slow": "it is not installed"}
    assert plain["points"][1]["fastest_peer"] == "other"
    assert plain["peaks"] is None


def test_an_experiment_without_such_a_claim_is_no_race() -> None:
    claim = RooflineClaim(name="share", subject="tuned", at=POINTS.points[0], at_least=0.5)
    assert race_of(fit_all(frame(TIMES), experiment(claim))) is None


@pytest.mark.parametrize(
    ("at_least", "mean", "word"),
    [(1.9, False, "supported"), (2.1, False, "refuted"), (2.0, False, "inconclusive"), (1.9, True, "supported")],
)
def test_a_speedup_is_judged_on_its_interval(at_least: float, mean: bool, word: str) -> None:
    verdict = only(judge(frame(TIMES, noise=0.01), experiment(speedup(at_least, mean=mean))))
    assert (verdict.verdict, verdict.kind, verdict.predicted) == (word, "speedup", at_least)
    assert verdict.estimate == pytest.approx(2.0, rel=0.02)


def test_a_speedup_at_every_point_is_that_of_the_worst() -> None:
    times = {**TIMES, "slow": {10: 3e-5, 100: 1.1e-4}}
    verdict = only(judge(frame(times), experiment(speedup(1.5))))
    assert verdict.verdict == "refuted"
    assert "at n=100, the worst of 2 points" in text_of(verdict.reason)
    assert "below that at 1 of 2 points" in text_of(verdict.reason)
    assert verdict.estimate == pytest.approx(1.1, rel=0.01)
    assert only(judge(frame(times), experiment(speedup(1.4, mean=True)))).verdict == "supported"


def test_missing_others_are_named_and_without_any_nothing_is_decided() -> None:
    absent = {"slow": "it is not installed"}
    two = {name: TIMES[name] for name in ("tuned", "other")}
    verdict = only(judge(frame(two, missing=absent), experiment(speedup(1.9))))
    assert verdict.verdict == "supported"
    assert text_of(verdict.reason).endswith("1 of 2 did not run: slow (it is not installed).")
    alone = only(judge(frame({"tuned": TIMES["tuned"]}, missing=absent), experiment(speedup(1.9))))
    assert alone.verdict == "inconclusive"
    assert text_of(alone.reason).startswith("no data")


def test_a_point_that_was_not_measured_is_no_pass() -> None:
    times = {name: {10: by_n[10]} for name, by_n in TIMES.items()}
    verdict = only(judge(frame(times), experiment(speedup(1.5))))
    assert verdict.verdict == "inconclusive"
    assert "1 of the claimed points was not measured" in text_of(verdict.reason)


def test_one_block_says_nothing_of_noise() -> None:
    assert text_of(only(judge(frame(TIMES, blocks=1), experiment(speedup(1.5)))).reason).startswith("no data: 1 block")


@pytest.mark.parametrize(("at_least", "word"), [(0.25, "supported"), (0.45, "refuted")])
def test_a_share_of_the_roofline_is_judged_on_its_interval(at_least: float, word: str) -> None:
    claim = RooflineClaim(name="share", subject="tuned", at=Point(n=10), at_least=at_least)
    verdict = only(judge(frame(TIMES, peaks=[{"peaks": PEAKS}]), experiment(claim)))
    assert (verdict.verdict, verdict.kind) == (word, "roofline")
    assert "the 4 GFLOP/s of matrix products that 2 threads reached" in text_of(verdict.reason)


@pytest.mark.parametrize(
    ("at", "subject", "peaks", "reason"),
    [
        (7, "tuned", PEAKS, "no data: tuned was not measured at n=7."),
        (10, "tuned", None, "no data: the run read no peaks of the machine."),
        (10, "slow", PEAKS, "no data: slow declares no roofline."),
    ],
)
def test_without_a_roofline_a_share_is_open(at: int, subject: str, peaks: Any, reason: str) -> None:
    claim = RooflineClaim(name="share", subject=subject, at=Point(n=at), at_least=0.5)
    stored = [] if peaks is None else [{"peaks": peaks}]
    verdict = only(judge(frame(TIMES, peaks=stored), experiment(claim)))
    assert (verdict.verdict, text_of(verdict.reason)) == ("inconclusive", reason)


def test_the_best_of_all_readings_is_the_peak() -> None:
    slow = {**PEAKS, "products": {"8x8x8": 1e9}, "moves": {"copy": 3e9}}
    peaks = raced(peaks=[{"peaks": PEAKS}, {"peaks": slow}]).peaks
    assert peaks is not None
    assert (peaks.operations_per_second, peaks.bytes_per_second) == (4e9, 3e9)


def test_more_than_the_roofline_is_no_pass() -> None:
    claim = RooflineClaim(name="share", subject="tuned", at=Point(n=10), at_least=0.25)
    slow = {**PEAKS, "products": {"8x8x8": 1e9}}
    verdict = only(judge(frame(TIMES, peaks=[{"peaks": slow}]), experiment(claim)))
    assert verdict.verdict == "inconclusive"
    assert text_of(verdict.reason).endswith("the peaks were read in a slower moment.")


def test_broken_peaks_are_an_error_of_one_line() -> None:
    with pytest.raises(FitError, match="record of the peaks: peaks: have no 'moves'"):
        raced(peaks=[{"peaks": {"products": {"a": 1.0}}}])


AGREEMENT = Agreement(reference="slow", difference=lambda a, b: 0.0, allowed=1e-6)


def compared(*found: tuple[str, int, float | None]) -> list[dict[str, Any]]:
    return [
        {"subject": name, "point": {"n": n}, "reference": "slow", "difference": value, "allowed": 1e-6}
        for name, n, value in found
    ]


@pytest.mark.parametrize(
    ("differences", "word", "worst"),
    [((1e-7, 9e-7), "supported", 9e-7), ((1e-7, 2e-6), "refuted", 2e-6), ((None, 1e-7), "refuted", None)],
)
def test_results_agree_where_the_largest_difference_is_allowed(
    differences: tuple[float | None, float], word: str, worst: float | None
) -> None:
    records = compared(("tuned", 10, differences[0]), ("tuned", 100, differences[1]))
    found = analyse(frame(TIMES, agreements=records), experiment(agreement=AGREEMENT)).verdicts
    verdict = next(one for one in found if one.subject == "tuned" and one.kind == "check")
    assert (verdict.claim, verdict.verdict) == ("results of tuned = slow", word)
    assert verdict_documents([verdict])[0]["estimate"] == worst
    assert "at 2 points" in text_of(verdict.reason)
    other = next(one for one in found if one.claim == "results of other = slow")
    assert (other.verdict, text_of(other.reason)) == ("inconclusive", "no data: no result was compared.")


def test_results_without_any_difference_name_no_point() -> None:
    found = analyse(frame(TIMES, agreements=compared(("tuned", 10, 0.0))), experiment(agreement=AGREEMENT)).verdicts
    verdict = next(one for one in found if one.claim == "results of tuned = slow")
    assert (verdict.verdict, text_of(verdict.reason)) == (
        "supported",
        "no difference at any of 1 points, allowed 1e-06.",
    )


def test_a_missing_subject_has_no_results_to_agree() -> None:
    samples = frame(TIMES, agreements=compared(("tuned", 10, 0.0)), missing={"other": "it is not installed"})
    found = judge(samples, experiment(agreement=AGREEMENT))
    assert [one.claim for one in found if one.kind == "check"] == ["results of tuned = slow"]
