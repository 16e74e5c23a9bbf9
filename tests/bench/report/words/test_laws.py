"""What measurements say of a law that was stated, and the laws that they do not exclude, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import bptt_bench as bench
import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.discover.law_set import Candidate, LawSet
from bptt_bench.analyse.findings.fits import FarPoint, NoLawFits
from bptt_bench.plan import CostLaw
from bptt_bench.report import format as show
from bptt_bench.report.words.laws import answer_text, growth_lines, stated_text, work_text

from tests.bench.analyse.predict.test_law_tests import with_square


def measured(seconds: Callable[[float], float], noise: float, repetitions: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        {"n": n, "seconds_per_eval": seconds(n) * float(np.exp(rng.normal(0, noise)))}
        for n in (100, 200, 400, 800, 1600, 3200, 6400, 12_800)
        for _ in range(repetitions)
    ]
    return pd.DataFrame(rows)


def zigzag(n: float) -> float:
    """A tenth off n², up and down at random."""
    offs = {100: 1.1, 200: 0.9, 400: 0.91, 800: 1.08, 1600: 1.1, 3200: 0.92, 6400: 0.9, 12_800: 1.09}
    return 1e-8 * n**2 * offs[int(n)]


LITTLE = "too little to matter at twice the largest size"


def found(seconds: Callable[[float], float], noise: float) -> LawSet:
    return bench.discover(measured(seconds, noise), factors=["n"])


@pytest.mark.parametrize(
    ("seconds", "law", "repetitions", "begins", "ends"),
    [
        (lambda n: 1e-8 * n, "n", 5, "the data agree with n: it is off by ", " at most"),
        (lambda n: 1e-8 * n**2, "n", 5, "the data reject n: it is off by ", " at most"),
        (
            zigzag,
            "n**2",
            5,
            f"points lie off n² by more than their noise explains, {LITTLE}: it is ",
            " most",
        ),
        (lambda n: 1e-8 * n**1.5, "n**2", 5, "the data reject n²: it is off by ", " at most"),
        (lambda n: 1e-8 * n**1.5, "n**2", 1, "the data reject n²: it is off by ", " at most"),
        (lambda n: 1e-8 * n, "n**2", 5, "the data say little of n²: the law's own terms explain ", "overhead n"),
        (lambda n: 1e-8 * n, "n", 1, "n is off by ", " at most; whether it holds cannot be tested"),
    ],
)
def test_the_first_line_says_whether_the_data_reject_the_stated_law(
    seconds: Callable[[float], float], law: str, repetitions: int, begins: str, ends: str
) -> None:
    said = stated_text(bench.fit(measured(seconds, 0.01, repetitions), law))
    assert (said[: len(begins)], said[-len(ends) :]) == (begins, ends)


@pytest.mark.parametrize("repetitions", [1, 5])
def test_exact_data_are_said_to_lie_on_their_law(repetitions: int) -> None:
    said = stated_text(bench.fit(measured(lambda n: 3 * n + 1, 0.0, repetitions), "n"))
    assert said == "all points lie on n, to within rounding"


def test_a_term_that_a_prediction_would_need_rejects_the_law_in_the_first_line() -> None:
    """Points are off by less than their samples show, and a term n² takes a third of the largest size."""
    assert stated_text(with_square(0.35)).startswith("the data reject n: it is off by ")
    assert stated_text(with_square(0.0)).startswith("the data agree with n")


def test_a_test_of_5_percent_says_how_rare_it_is() -> None:
    (one,) = found(lambda n: 1e-8 * n, 0.02).candidates
    lack = replace(one.fit.lack_of_fit, kind="rejected", trend=None, p_value=0.048)
    said = stated_text(replace(one.fit, lack_of_fit=lack))
    assert said.startswith("the data speak little against n (p = 0.048, one good table in 21): it is off by ")
    sure = stated_text(replace(one.fit, lack_of_fit=replace(lack, p_value=0.004)))
    assert sure.startswith("points lie off n by more than their noise explains")


def test_a_set_that_fits_nothing_claims_no_other_fits_and_names_what_lies_off() -> None:
    jump = found(lambda n: 1e-8 * n * (2.0 if n > 10_000 else 1.0), 0.02)
    assert [type(one) for one in jump.doubts] == [NoLawFits]
    assert answer_text(jump).startswith("no law fits all points; nearest: the time grows as n")
    assert " lies off, " in answer_text(jump)
    assert "too" not in answer_text(jump)
    assert work_text(jump) == answer_text(jump)


@pytest.mark.parametrize(("size", "times"), [(12_800, 10.0), (100, 30.0), (800, 0.2)])
def test_a_point_far_off_without_repetitions_is_named_first(size: float, times: float) -> None:
    frame = measured(lambda n: 1e-8 * n * (times if n == size else 1.0), 0.01, repetitions=1)
    laws = bench.discover(frame, factors=["n"])
    (far,) = laws.doubts
    assert isinstance(far, FarPoint)
    assert dict(far.at) == {"n": size}
    assert far.off + 1 == pytest.approx(times, rel=0.05)
    assert answer_text(laws).startswith(f"the time grows as n, but n = {show.level(size)} lies off, ")
    assert any(line.startswith(f"n={size:g} lies farthest off n of 8 points (") for line in growth_lines(laws))


def test_a_time_that_is_cut_off_at_a_limit_does_not_fall() -> None:
    limited = found(lambda n: min(1e-8 * n**2, 0.05), 0.005)
    assert answer_text(limited) == "the time changes as n²·(n<=1600) + (n>1600)"


def test_a_lower_bound_below_the_law_is_not_far_off_it() -> None:
    frame = measured(lambda n: min(1e-8 * n**2, 0.1), 0.005, repetitions=1)
    frame["stopped"] = (frame["n"] > 3000).astype(int)
    laws = bench.discover(frame, factors=["n"], censored="stopped")
    assert (laws.law.text, laws.doubts) == ("n**2", ())


def test_exponents_are_those_at_the_largest_levels_where_the_time_falls() -> None:
    threads = np.tile([1.0, 2, 4, 8, 16, 32], 3)
    noise = np.exp(0.005 * np.random.default_rng(0).standard_normal(len(threads)))
    frame = pd.DataFrame({"threads": threads, "seconds": (1 / threads + 0.02) * noise})
    (line, *_) = growth_lines(bench.discover(frame, factors=["threads"]))
    assert line.startswith("exponent of threads at threads = 32, whichever law holds: −0.6")


def test_one_of_many_tests_at_5_percent_is_no_headline() -> None:
    (one,) = found(lambda n: 1e-8 * n, 0.02).candidates
    lack = replace(one.fit.lack_of_fit, kind="rejected", p_value=0.03)
    off = LawSet(candidates=(replace(one, fit=replace(one.fit, lack_of_fit=lack)),))
    assert answer_text(off) == "the time grows as n"
    (line,) = (line for line in growth_lines(off) if "lie off" in line)
    assert line.startswith("points lie off n by more than their noise explains, most at n=")
    assert line.endswith(" (p = 0.03)")
    worse = replace(one.fit.lack_of_fit, kind="rejected", p_value=0.004)
    alone = LawSet(candidates=(replace(one, fit=replace(one.fit, lack_of_fit=worse)),))
    assert answer_text(alone).startswith("no law fits all points")
    assert answer_text(replace(alone, tests=5)) == "the time grows as n"


def test_an_answer_that_is_not_the_likeliest_says_why() -> None:
    (simple,) = found(lambda n: 1e-8 * n, 0.02).candidates
    likelier = Candidate(law=CostLaw("n + n**2"), weight=0.6, fit=simple.fit)
    laws = LawSet(candidates=(likelier, replace(simple, weight=0.4)))
    assert "n is the answer because it is the simplest" in list(growth_lines(laws))
    assert answer_text(laws) == "the time grows as n; 1 other law fits too"
    assert work_text(laws) == "the time grows as n, or as n + n²"
    assert not any("the simplest" in line for line in growth_lines(LawSet(candidates=(simple,))))


def test_a_constant_time_does_not_grow() -> None:
    assert answer_text(found(lambda _n: 1e-3, 0.02)) == "the time does not grow with n"
