"""Where the next seconds go: worked cases, brute force on a small design, and what gets no time at all."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from bptt_bench.analyse.adaptive.allocate import Allocation, allocate, empty_allocation
from bptt_bench.analyse.adaptive.precision import IntervalTarget, LinearisedFit, PairedSamples, TimedCell
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.plan import Point
from bptt_bench.report.words.reasons import text_of
from scipy.stats import t as student

SIGMA2 = 0.04  # variance of a sample


def cell(x: float, subject: str = "s", timing: str = "whole") -> TimedCell:
    return TimedCell(subject, Point(x=x), timing)


def rows(points: Sequence[Mapping[str, float]]) -> Array:
    """A straight line: intercept and slope."""
    return np.array([[1.0, point["x"]] for point in points])


def line(
    xs: Sequence[float] = (0.0, 1.0),
    *,
    gradient: Sequence[float] = (0.0, 1.0),
    effect: float = 0.0,
    counts: Sequence[float] | None = None,
    subject: str = "s",
) -> LinearisedFit:
    cells = tuple(cell(x, subject) for x in xs)
    return LinearisedFit(
        cells=cells,
        jacobian=rows([one.point for one in cells]),
        gradient=np.array(gradient),
        effect=effect,
        least_effect=effect,
        noise=np.full(len(xs), SIGMA2),
        counts=np.full(len(xs), 1.0) if counts is None else np.array(counts, dtype=float),
        rows=rows,
    )


def target(*parts: LinearisedFit, claim: str = "slope", half_width: float = 1.0, weight: float = 1.0) -> IntervalTarget:
    return IntervalTarget(claim=claim, what="slope", half_width=half_width, deciding=0.0, basis=parts, weight=weight)


def costs(*each: tuple[float, float]) -> dict[TimedCell, float]:
    return {cell(x): seconds for x, seconds in each}


def test_the_influence_of_a_point_is_what_the_figure_moves_by() -> None:
    xs = np.array([0.0, 1.0, 2.0, 5.0])
    expected = (xs - xs.mean()) / ((xs - xs.mean()) ** 2).sum()  # of the slope of an ordinary line
    np.testing.assert_allclose(line(tuple(xs)).influence(), expected, atol=1e-12)


def test_variance_is_noise_over_samples_and_the_points_own_effects() -> None:
    part = line(effect=0.01, counts=(2, 8))  # slope = y(1) - y(0)
    assert part.variance() == pytest.approx(2 * 0.01 + SIGMA2 / 2 + SIGMA2 / 8)


def test_two_equal_ends_of_a_line_get_equal_time() -> None:
    found = allocate([target(line())], costs((0, 1.0), (1, 1.0)), [0.0], seconds=20.0)
    assert found.visits == {cell(0): 10, cell(1): 10}
    assert found.seconds == 20.0
    (forecast,) = found.forecasts
    assert forecast.expected == pytest.approx(math.sqrt((2 * SIGMA2 / 11) / (2 * SIGMA2)))


def test_samples_go_as_the_inverse_root_of_their_cost() -> None:
    # of Σ 1/n at a total cost of Σ c n the minimum is at n ∝ 1/√c: with a cost of 9 to 1, three times as many
    found = allocate([target(line())], costs((0, 0.9), (1, 0.1)), [0.0], seconds=12.0, most_visits=100)
    there = {x: 1 + found.visits[cell(x)] for x in (0, 1)}
    assert there[1] / there[0] == pytest.approx(3.0, rel=0.1)  # whole visits


def test_no_spot_is_visited_more_often_than_allowed() -> None:
    cost = {**costs((0, 1.0), (1, 1.0)), cell(1, "over"): 0.1, cell(1, "under"): 0.1}
    found = allocate([target(line()), pairs(1.0)], cost, [0.0, 0.0], seconds=1000.0, most_visits=7)
    assert found.visits == dict.fromkeys(cost, 7)
    assert found.together == {(cell(1, "over"), cell(1, "under")): 7}


def test_one_more_sample_is_worth_less_than_the_derivative_says() -> None:
    # 1/n falls by 1/2 from 1 to 2 samples and by 1/6 from 2 to 3; its slope, 1 and 1/4, would choose the other end
    found = allocate([target(line(counts=(1, 2)))], costs((0, 3.7), (1, 1.0)), [0.0], seconds=4.0)
    assert found.visits[cell(1)] >= 1
    assert cell(0) not in found.visits


def test_the_noisier_end_gets_more() -> None:
    part = line()
    noisier = LinearisedFit(
        **{**{name: getattr(part, name) for name in part.__slots__}, "noise": np.array([16 * SIGMA2, SIGMA2])}
    )
    found = allocate([target(noisier)], costs((0, 1.0), (1, 1.0)), [0.0], seconds=38.0, most_visits=100)
    assert (1 + found.visits[cell(0)]) / (1 + found.visits[cell(1)]) == pytest.approx(4.0, rel=0.05)


def test_the_greedy_choice_is_as_good_as_the_best_of_all_on_a_small_design() -> None:
    xs, cost = (0.0, 1.0, 2.0, 4.0), (1.0, 2.0, 1.0, 3.0)
    targets = [
        target(line(xs, counts=(1, 3, 2, 1)), claim="slope"),
        target(line(xs, gradient=(1.0, 0.0), effect=0.001, counts=(1, 3, 2, 1)), claim="intercept"),
    ]
    seconds_per_visit = costs(*zip(xs, cost, strict=True))
    budget = 12.0

    def loss(visits: Sequence[int]) -> float:
        total = 0.0
        for one in targets:
            (part,) = one.basis if isinstance(one.basis, tuple) else ()
            after = part.influence() ** 2 @ (part.effect + part.noise / (part.counts + np.array(visits)))
            total += 0.5 * math.log(after / part.variance())
        return total

    affordable = [
        visits
        for visits in itertools.product(range(13), range(7), range(13), range(5))
        if sum(n * each for n, each in zip(visits, cost, strict=True)) <= budget
    ]
    best = min(map(loss, affordable))
    found = allocate(targets, seconds_per_visit, [0.0, 0.0], seconds=budget)
    chosen = [found.visits.get(cell(x), 0) for x in xs]
    assert sum(n * each for n, each in zip(chosen, cost, strict=True)) == pytest.approx(found.seconds)
    assert found.seconds <= budget
    assert loss(chosen) <= 0.99 * best  # both negative: all but a hundredth of what can be gained
    expected = sum(math.log(forecast.expected / forecast.target.half_width) for forecast in found.forecasts)
    assert loss(chosen) == pytest.approx(expected)


def test_no_more_is_spent_than_what_was_wanted_takes() -> None:
    wanted = 0.5
    found = allocate([target(line())], costs((0, 1.0), (1, 1.0)), [wanted], seconds=1000.0)
    assert found.visits == {cell(0): 3, cell(1): 3}  # variance 2 σ²/4 is a quarter of 2 σ²
    assert found.forecasts[0].expected == pytest.approx(wanted)


def test_what_is_narrow_enough_gets_nothing_and_leaves_its_time_to_the_rest() -> None:
    done, open_ = target(line(subject="done"), claim="done", half_width=0.1), target(line(), claim="open")
    cost = {**costs((0, 1.0), (1, 1.0)), cell(0, "done"): 0.01, cell(1, "done"): 0.01}
    found = allocate([done, open_], cost, [0.2, 0.0], seconds=10.0)
    assert {one.subject for one in found.visits} == {"s"}
    assert set(found.served.values()) == {"open"}
    assert [forecast.is_open for forecast in found.forecasts] == [False, True]
    assert found.forecasts[0].expected == 0.1


def test_what_misfit_alone_makes_wide_is_named_and_gets_nothing() -> None:
    found = allocate([target(line(effect=10.0))], costs((0, 1.0), (1, 1.0)), [0.0], seconds=10.0)
    assert not found.visits
    (exhausted,) = found.exhausted
    assert exhausted.claim == "slope"
    assert text_of(exhausted.reason).startswith(
        "imprecise: slope is known to ±1, and no time would narrow that below ±0.998"
    )


def test_an_aim_out_of_reach_gets_nothing_only_where_it_is_to_be_reached() -> None:
    half = target(line(effect=SIGMA2))  # noise and misfit in equal parts: at best 0.71
    cost = costs((0, 1.0), (1, 1.0))
    assert not allocate([half], cost, [0.5], seconds=10.0, reach=True).visits
    assert allocate([half], cost, [0.5], seconds=10.0).visits
    assert allocate([half], cost, [0.75], seconds=10.0, reach=True).visits


def test_a_new_point_is_chosen_where_it_narrows_more_than_samples_of_the_old_ones() -> None:
    part = line((0.0, 0.5, 1.0), effect=0.01, counts=(50, 50, 50))
    cost = costs((0, 1.0), (0.5, 1.0), (1, 1.0), (10, 1.0))
    found = allocate([target(part)], cost, [0.0], seconds=1.0, new=[cell(10)])
    assert found.visits == {cell(10): 1}
    assert found.forecasts[0].expected == pytest.approx(
        math.sqrt(part.with_points([cell(10)]).variance() / part.variance())
    )
    assert not allocate([target(part)], cost, [0.0], seconds=1.0, new=[]).visits.get(cell(10))


def test_a_new_point_that_helps_one_target_and_harms_another_is_weighed() -> None:
    # in a plain least-squares fit a poorly known new point can widen a figure that the old ones fix well
    sharp = line((0.0, 0.5, 1.0), gradient=(1.0, 0.5), counts=(500, 500, 500))
    slope = line((0.0, 0.5, 1.0), effect=1e-4, counts=(500, 500, 500))
    new = [cell(x) for x in (0.55, 0.6, 20.0)]
    cost = costs((0, 1.0), (0.5, 1.0), (1, 1.0), (0.55, 0.1), (0.6, 0.1), (20.0, 1.0))
    assert sharp.with_points(new[:1]).variance() > sharp.variance()
    found = allocate([target(sharp, claim="middle"), target(slope)], cost, [0.0, 0.0], seconds=30.0, new=new)
    assert found.new == {cell(20.0)}
    assert found.served[cell(20.0)] == "slope"
    assert 29.0 < found.seconds <= 30.0


def test_the_variance_with_a_new_point_is_that_of_the_fit_that_has_it() -> None:
    part = line((0.0, 0.5, 1.0, 4.0), gradient=(0.3, 1.0), effect=0.01, counts=(2, 7, 3, 1))
    new = [cell(x) for x in (0.2, 3.0, 10.0)]
    expected = [part.with_points([one]).variance() for one in new]
    np.testing.assert_allclose(part.variances_with(rows([one.point for one in new])), expected)


def test_a_new_point_of_another_subject_or_beyond_a_threshold_is_none() -> None:
    part = line((0.0, 0.5, 1.0), effect=0.01)
    assert part.would_gain(cell(10))
    assert not part.would_gain(cell(10, "another"))
    assert not part.would_gain(cell(10, timing="phases"))
    below = LinearisedFit(
        **{**{name: getattr(part, name) for name in part.__slots__}, "accepts": lambda point: point["x"] < 5}
    )
    assert not below.would_gain(cell(10))


def pairs(x: float, *, total: float = 2.0, clean: float = 1.0) -> IntervalTarget:
    cells = (cell(x, "over"), cell(x, "under"))
    basis = PairedSamples(cells=cells, total=total, clean=clean, freedom=5.0, confidence=0.95)
    return IntervalTarget(
        claim="ratio", what=f"ratio at x={x:g}", half_width=0.2, deciding=0.0, basis=basis, weight=0.5
    )


def test_a_ratio_is_narrowed_by_visits_to_both_and_as_its_pairs_grow() -> None:
    cost = {cell(x, name): 1.0 for x in (1, 2) for name in ("over", "under")}
    found = allocate([pairs(1.0, clean=0.5), pairs(2.0, clean=0.5)], cost, [0.0, 0.0], seconds=16.0)
    assert found.visits == dict.fromkeys(cost, 4)
    width = student.ppf(0.975, 7) / student.ppf(0.975, 5) * math.sqrt(2 / 4)  # 4 visits give 2 clean pairs more
    assert found.forecasts[0].expected == pytest.approx(0.2 * width)


def test_what_serves_no_aim_is_not_visited_even_where_nothing_else_is_affordable() -> None:
    unrelated = cell(0, "unrelated")
    cost = {**costs((0, 0.7), (1, 1.1)), cell(1, "over"): 0.9, cell(1, "under"): 1.3, unrelated: 1e-3}
    for seconds in np.linspace(3.0, 60.0, 30):
        found = allocate(
            [target(line(counts=(500, 500))), pairs(1.0, total=400)], cost, [0.0, 0.0], seconds=float(seconds)
        )
        assert unrelated not in found.visits


def test_a_ratio_with_a_subject_that_cannot_be_visited_gets_nothing() -> None:
    assert not allocate([pairs(1.0)], {cell(1, "over"): 1.0}, [0.0], seconds=10.0).visits


def test_visits_that_serve_a_ratio_narrow_fits_on_the_same_samples_too() -> None:
    part = line((0.0, 1.0), subject="over")
    cost = {cell(x, name): 1.0 for x in (0, 1) for name in ("over", "under")}
    found = allocate([pairs(1.0), target(part)], cost, [0.0, 1.0], seconds=4.0)  # the line needs nothing itself
    n = found.visits[cell(1, "over")]
    assert n == 2
    together = allocate([pairs(1.0), target(part)], cost, [0.15, 0.9], seconds=50.0)
    assert together.visits[cell(1, "over")] > together.visits.get(cell(0, "over"), 0)


def test_the_same_question_has_the_same_answer_and_the_budget_holds() -> None:
    def ask() -> Allocation:
        return allocate(
            [target(line((0.0, 1.0, 3.0))), pairs(1.0)],
            {**costs((0, 0.3), (1, 0.7), (3, 1.1)), cell(1, "over"): 0.2, cell(1, "under"): 0.4},
            [0.0, 0.0],
            seconds=7.7,
        )

    first, second = ask(), ask()
    assert first.visits == second.visits
    assert first.seconds <= 7.7
    assert first.seconds == pytest.approx(
        sum(times * first.seconds_per_visit[one] for one, times in first.visits.items())
    )


def test_nothing_is_spent_where_nothing_is_affordable_or_asked_for() -> None:
    cost = costs((0, 1.0), (1, 1.0))
    assert not allocate([target(line())], cost, [0.0], seconds=0.5).visits
    assert not allocate([], cost, [], seconds=10.0).visits
    emptied = empty_allocation(allocate([target(line())], cost, [0.0], seconds=10.0))
    assert (emptied.visits, emptied.seconds, emptied.forecasts[0].expected) == ({}, 0.0, 1.0)
