"""What a marker states, read: points of its designs, defaults, and rounds reduced to samples."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.errors import BenchError, ExperimentError
from bptt_bench.integrations.pytest.stated_law import OPTIONS, Complexity, block_medians

LEVELS = [10, 20, 40, 80, 160]


def test_defaults() -> None:
    stated = Complexity.of(["n"], {"n": LEVELS})
    assert (stated.overhead, stated.bound, stated.margin, stated.design) == (("1",), "tight", None, "lines")
    assert [dict(point) for point in stated.points] == [{"n": n} for n in LEVELS]


def test_whole_levels_are_int_whatever_they_come_as() -> None:
    stated = Complexity.of(["n"], {"n": np.array(LEVELS, dtype=np.int32)})
    assert all(type(level) is int for level in stated.levels["n"])
    assert Complexity.of(["n"], {"n": [1, 2.5, 3, 4]}).levels["n"] == (1.0, 2.5, 3.0, 4.0)
    assert Complexity.of(["n"], {"n": range(1, 6)}).levels["n"] == (1, 2, 3, 4, 5)


def test_levels_that_come_twice_are_measured_once_and_keep_their_order() -> None:
    assert Complexity.of(["n"], {"n": [40, 10, 20, 10, 80]}).levels["n"] == (40, 10, 20, 80)


def test_lines_go_through_the_middle_and_corners_are_added() -> None:
    stated = Complexity.of(["n*m"], {"n": [30, 10, 20], "m": [1, 2, 3]})
    assert [tuple(point.values()) for point in stated.points] == [
        *[(20, 2), (30, 2), (10, 2), (20, 1), (20, 3)],
        *[(10, 1), (10, 3), (30, 1), (30, 3)],
    ]
    assert len(Complexity.of(["n*m"], {"n": LEVELS, "m": LEVELS, "design": "grid"}).points) == 25


def test_overhead_comes_as_text_terms_or_none() -> None:
    for overhead, terms in [("1 + n", ("1", "n")), (["1", "n"], ("1", "n")), (None, ()), ("", ()), ([], ())]:
        assert Complexity.of(["n**2"], {"n": LEVELS, "overhead": overhead}).overhead == terms


@pytest.mark.parametrize("levels", [None, 7, {"a": 1}, [True, 2, 3], [1, 2, float("nan")], [1, 2, float("inf")]])
def test_levels_that_are_none_are_refused_by_name(levels: object) -> None:
    with pytest.raises(BenchError, match=r"^(factor )?n must be "):
        Complexity.of(["n"], {"n": levels})


def test_a_factor_may_be_called_like_an_option() -> None:
    assert Complexity.of(["margin"], {"factors": {"margin": LEVELS}}).levels["margin"] == tuple(LEVELS)
    with pytest.raises(BenchError, match=r"margin=\[10, 20, 40, 80, …\]: is an option.*factors=\{'margin': "):
        Complexity.of(["n"], {"n": LEVELS, "margin": LEVELS})


@pytest.mark.parametrize("law", [None, 3, "", "n +", "__import__('os')", "n" * 3000])
def test_laws_that_are_none_are_refused(law: object) -> None:
    with pytest.raises(BenchError, match=r"^law"):
        Complexity.of([law], {"n": LEVELS})


def test_rounds_become_medians_of_runs_in_their_order() -> None:
    rounds = [float(i) for i in range(100)]
    rounds[7] = 1e6
    samples = block_medians(rounds, 20)
    assert len(samples) == 20
    assert samples == sorted(samples)
    assert samples[1] == 7.0 or samples[1] == 8.0
    assert block_medians([3.0, 1.0]) == [3.0, 1.0]


def test_few_long_rounds_and_many_short_ones_measure_the_same() -> None:
    """Noise of a round has the same law at every point: minima of many rounds would come out lower than of few."""
    random = np.random.default_rng(0)
    few, many = (np.exp(random.normal(0, 0.1, count)) for count in (20, 20_000))
    gap = abs(np.mean(block_medians(list(many))) - 1)
    assert gap < 0.01
    minima = [part.min() for part in np.array_split(many, 20)]
    assert np.mean(minima) < 0.8 < np.mean(block_medians(list(few)))


def test_without_a_law_how_a_test_scales_is_found() -> None:
    stated = Complexity.of([], {"n": LEVELS})
    assert (stated.law, stated.finds, stated.text) == (None, True, "how it scales")


def test_at_most_is_an_upper_bound_beside_which_laws_are_found() -> None:
    stated = Complexity.of([], {"n": LEVELS, "at_most": "n**2"})
    assert (stated.text, stated.bound, stated.finds) == ("n**2", "upper", True)
    assert not Complexity.of(["n**2"], {"n": LEVELS, "bound": "upper"}).finds


@pytest.mark.parametrize(
    ("args", "given", "message"),
    [
        (["n"], {"at_most": "n**2"}, "must have one law, such as 'n\\*log\\(n\\)' or at_most='n\\*\\*2', got 2"),
        ([], {"at_most": "n**2", "bound": "tight"}, "at_most and bound: give one of them"),
        ([], {"at_most": 3}, "at_most must be a law such as 'n\\*\\*2', got 3"),
        ([], {"margin": 0.1}, "margin: goes with a law"),
    ],
)
def test_options_that_need_a_law_are_refused_without_one(
    args: list[str], given: dict[str, object], message: str
) -> None:
    with pytest.raises(BenchError, match=message):
        Complexity.of(args, {"n": LEVELS, **given})


def test_without_a_law_a_factor_needs_five_levels() -> None:
    with pytest.raises(BenchError, match=r"n: 4 levels, [0-9, ]*; at least 5 would show how it scales"):
        Complexity.of([], {"n": [1, 2, 4, 8]})


@pytest.mark.parametrize("value", ["cycles", "memory", ("time", "memory")])
def test_a_measure_that_a_marker_does_not_take_is_told_which_it_does(value: object) -> None:
    with pytest.raises(ExperimentError, match=r"^measure must be some of time, instructions, operations, got "):
        OPTIONS["measure"](value)
