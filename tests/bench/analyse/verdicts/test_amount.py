"""Amounts: tight, upper and lower bounds, each both ways, and what keeps a claim open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.evidence.evidence import fit_all
from bptt_bench.analyse.verdicts.judges import judge_all
from bptt_bench.analyse.verdicts.verdict import Verdict
from bptt_bench.errors import FitError
from bptt_bench.plan import AmountClaim, CostLaw, Design, Experiment, Factor, Point, Profile, Subject
from bptt_bench.report.words.reasons import text_of

LEVELS = (10, 20, 40, 80)
LARGE = 1_000_000  # bytes a unit
POINTS = Design.grid({"n": LEVELS})


def weighed(bytes_per_n: float = LARGE, **columns: Any) -> pd.DataFrame:
    """A run in which memory alone was measured: so many bytes for each unit of n."""
    n = np.array(LEVELS)
    frame = pd.DataFrame({"subject": "s", "n": n, "stage": "memory", "timing": "memory", "below_floor": False})
    frame = frame.assign(
        seconds_per_eval=np.nan, scratch_bytes=bytes_per_n * n, peak_scratch_bytes=bytes_per_n * n,
        allocated_bytes=bytes_per_n * n,
    ).assign(**columns)  # fmt: skip
    frame.attrs.update(factors=["n"])
    return frame


def timed(rng: np.random.Generator, *, noise: float) -> pd.DataFrame:
    """A run of 8 blocks in which n milliseconds were measured."""
    n, block = (values.ravel() for values in np.meshgrid(LEVELS, np.arange(8)))
    seconds = 1e-3 * n * np.exp(rng.normal(0, noise, len(n)))
    frame = pd.DataFrame({"subject": "s", "n": n, "block": block, "seconds_per_eval": seconds, "below_floor": False})
    frame.attrs.update(factors=["n"])
    return frame


def verdict(frame: pd.DataFrame, amount: str | Callable[[Point], float], **claim: Any) -> Verdict:
    settings = {"response": "scratch_bytes", "points": POINTS, "margin": 0.1, **claim}
    made = AmountClaim(name="amount", subject="s", amount=amount, **settings)
    experiment = Experiment(
        name="made",
        factors=(Factor(name="n"),),
        subjects=(Subject(name="s", prepare=lambda _: lambda: None, memory_law=CostLaw("n")),),
        profiles={"quick": Profile(design=POINTS)},
    )
    return judge_all(fit_all(frame, experiment), [made])[0]


@pytest.mark.parametrize(
    ("bound", "stated", "word"),
    [
        ("tight", 1.05, "supported"),
        ("tight", 0.95, "supported"),
        ("tight", 1.2, "refuted"),
        ("tight", 0.8, "refuted"),
        ("upper", 1.05, "supported"),
        ("upper", 5.0, "supported"),
        ("upper", 0.8, "refuted"),
        ("lower", 0.95, "supported"),
        ("lower", 0.1, "supported"),
        ("lower", 1.2, "refuted"),
    ],
)
def test_each_bound_goes_both_ways(bound: str, stated: float, word: str) -> None:
    found = verdict(weighed(), f"{stated * LARGE:.0f}*n", bound=bound)
    assert found.verdict == word
    assert found.kind == "amount"
    assert found.estimate == found.low == found.high


def test_the_reason_names_the_worst_point_and_speaks_in_megabytes() -> None:
    frame = weighed(scratch_bytes=np.array([10e6, 20e6, 60e6, 80e6]))
    found = verdict(frame, "1000000*n")
    assert text_of(found.reason) == (
        "at n=40, the worst of 4 points, the memory beyond the result is 60 MB against 40 MB stated "
        "(+50.0 %, allowed ±10 %); outside at 1 of 4 points."
    )
    assert (found.verdict, found.predicted, found.estimate) == ("refuted", 40e6, 60e6)


def test_a_peak_is_not_known_better_than_the_system_counts_pages() -> None:
    large = verdict(weighed(), f"{LARGE}*n", response="peak_scratch_bytes")
    assert large.verdict == "supported"
    assert (large.low, large.high) == (large.estimate - 3e5, large.estimate + 3e5)  # type: ignore[operator]
    small = verdict(weighed(10_000), "10000*n", response="peak_scratch_bytes")
    assert small.verdict == "inconclusive"
    assert text_of(small.reason).startswith("imprecise: at n=10")
    assert verdict(weighed(10_000), "10000*n").verdict == "supported"  # what was allocated is known


def test_nothing_at_all_is_below_an_upper_bound_and_far_from_a_tight_one() -> None:
    assert verdict(weighed(0), "100*n", bound="upper").verdict == "supported"
    assert verdict(weighed(0), "100*n").verdict == "refuted"


def test_points_that_were_not_measured_are_counted() -> None:
    found = verdict(weighed(), f"{LARGE}*n", points=Design.grid({"n": (*LEVELS, 160)}))
    assert found.verdict == "supported"
    assert text_of(found.reason).endswith("1 of the claimed points was not measured.")
    nowhere = verdict(weighed(), f"{LARGE}*n", points=Design.grid({"n": (10, 7, 8, 9)}))
    assert text_of(nowhere.reason) == "no data: 1 of the 4 claimed points were measured; 3 are needed."


def test_without_memory_there_is_no_data(rng: np.random.Generator) -> None:
    assert text_of(verdict(timed(rng, noise=0.01), "n").reason) == "no data: s has no rows with scratch_bytes."
    blind = verdict(weighed(peak_scratch_bytes=np.nan), "n", response="peak_scratch_bytes")
    assert text_of(blind.reason) == "no data: the system of this run does not report the peak of a process."


def test_a_time_is_judged_with_its_noise(rng: np.random.Generator) -> None:
    def found(stated: str, noise: float) -> str:
        return verdict(timed(rng, noise=noise), stated, response="seconds_per_eval").verdict

    assert found("0.001*n", 0.01) == "supported"
    assert found("0.0013*n", 0.01) == "refuted"
    assert found("0.0011*n", 0.2) == "inconclusive"


def test_an_amount_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(FitError, match="amount '8\\*m' has 'm', which its points do not have"):
        verdict(weighed(), "8*m")
    with pytest.raises(FitError, match="is -10 at n=20; allowed are numbers above 0"):
        verdict(weighed(), "n - 30", points=Design.grid({"n": (20, 40, 80)}))


def test_parts_of_an_amount_may_be_equal_or_subtracted() -> None:
    assert verdict(weighed(), f"{LARGE // 2}*n + {LARGE // 2}*n").verdict == "supported"
    assert verdict(weighed(), f"{LARGE}*(n + 1) - {LARGE}").verdict == "supported"


def test_an_amount_may_be_a_function_of_the_point() -> None:
    right = verdict(weighed(), lambda point: LARGE * point["n"])
    assert (right.verdict, right.predicted) == ("supported", verdict(weighed(), f"{LARGE}*n").predicted)
    assert verdict(weighed(), lambda point: 2 * LARGE * point["n"]).verdict == "refuted"
    with pytest.raises(FitError, match=r"amount is -1 at .*; allowed are numbers above 0"):
        verdict(weighed(), lambda _: -1.0)
