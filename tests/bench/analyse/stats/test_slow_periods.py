"""A machine that changes its speed for a while: its spells must be told from noise, and its fast speed found."""

from __future__ import annotations

import numpy as np
from bptt_bench.analyse.stats.location import has_slow_periods, locate
from numpy.typing import NDArray

POINTS, BLOCKS = 60, 8
SLOWER = np.log(1.3)


def visits(rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Point of each visit, every block in an order of its own, and when it was made."""
    point = np.concatenate([rng.permutation(POINTS) for _ in range(BLOCKS)])
    return point, np.arange(len(point), dtype=float)


def two_speeds(rng: np.random.Generator, n: int, *, slow: float, stays: float) -> NDArray[np.float64]:
    """Log excess of visits of a machine that is slow for a share of the time, in spells of 1 / (1 - stays) visits."""
    state, states = rng.random() < slow, []
    for _ in range(n):
        if rng.random() > stays:
            state = rng.random() < slow
        states.append(state)
    return np.where(states, SLOWER + 0.1 * rng.standard_normal(n), 0.0)


def test_the_fast_speed_is_found_where_the_machine_is_slow_half_of_the_time(rng: np.random.Generator) -> None:
    errors, blind = [], []
    for _ in range(10):
        point, when = visits(rng)
        y = 0.015 * rng.standard_normal(len(point)) + two_speeds(rng, len(point), slow=0.6, stays=0.85)
        assert has_slow_periods(y, point, when)
        errors.append(np.sqrt(np.mean(locate(y, point, None, when).log_seconds ** 2)))
        blind.append(np.sqrt(np.mean(locate(y, point).log_seconds ** 2)))
    assert np.median(errors) < 0.04
    assert max(errors) < max(blind), "without the time of visits the likelihood is misled at least once"


def test_the_same_samples_in_another_order_are_noise(rng: np.random.Generator) -> None:
    point, when = visits(rng)
    y = 0.015 * rng.standard_normal(len(point)) + two_speeds(rng, len(point), slow=0.6, stays=0.85)
    assert has_slow_periods(y, point, when)
    assert not has_slow_periods(y, point, rng.permutation(when))


def test_independent_noise_is_hardly_ever_taken_for_spells(rng: np.random.Generator) -> None:
    alarms = 0
    for _ in range(200):
        point, when = visits(rng)
        y = 0.1 * rng.standard_normal(len(point))
        y[rng.random(len(y)) < 0.1] += 0.7
        alarms += has_slow_periods(y, point, when)
    assert alarms <= 2


def test_too_few_visits_and_equal_samples_show_no_spells(rng: np.random.Generator) -> None:
    point, when = visits(rng)
    assert not has_slow_periods(np.zeros(len(point)), point, when)
    assert not has_slow_periods(rng.standard_normal(20), np.repeat(np.arange(10), 2), np.arange(20.0))


def test_locations_do_not_depend_on_the_time_where_there_are_no_spells(rng: np.random.Generator) -> None:
    point, when = visits(rng)
    y = 0.05 * rng.standard_normal(len(point))
    np.testing.assert_array_equal(locate(y, point).log_seconds, locate(y, point, None, when).log_seconds)
