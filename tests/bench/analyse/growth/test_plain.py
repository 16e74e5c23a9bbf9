"""Which powers the functions of a count take, and which laws that leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import bptt_bench as bench
import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import analyse
from bptt_bench.analyse.discover.discover import discover, discover_leading
from bptt_bench.analyse.discover.law_set import LawSet
from bptt_bench.analyse.discover.of_run import find_laws
from bptt_bench.analyse.growth.plain import outgrowing_law, plain_laws, steeper_functions
from bptt_bench.analyse.growth.slopes import Response
from bptt_bench.plan import CostLaw

LEVELS = np.array([16.0, 34, 74, 160, 290, 500, 1077, 1600, 2901, 5000, 10_772, 25_000, 50_000])
Functions = Mapping[str, Callable[[np.ndarray], np.ndarray]]
LOOP: Functions = {"step (lib)": lambda n: 180 * n + 90_000, "call (lib)": lambda n: 30 * n + 2500}
SORT: Functions = {**LOOP, "merge (lib)": lambda n: 3 * n * np.log2(n)}
COPY: Functions = {**LOOP, "__memcpy_avx (libc)": lambda n: n * n / 800}
TABLE: Functions = {**LOOP, "look (lib)": lambda n: n * (60 + 9 * np.sin(2 * np.log(n)))}


def response(functions: Functions, levels: np.ndarray = LEVELS) -> Response:
    counts = {name: np.asarray(count(levels), dtype=np.float64) for name, count in functions.items()}
    total = np.sum(list(counts.values()), axis=0)
    return Response(points={"n": levels}, values=total, is_exact=True, by_function=counts)


def laws(functions: Functions, levels: np.ndarray = LEVELS) -> list[str]:
    return [law.text for law in plain_laws(response(functions, levels))]


@pytest.mark.parametrize(
    ("functions", "expected"),
    [
        (LOOP, ["n"]),
        (SORT, ["n*log(n)"]),
        (COPY, ["n**2"]),
        ({**LOOP, "root (lib)": lambda n: 4 * n**1.5}, []),  # between two powers
        ({**LOOP, "rare (lib)": lambda n: n * n / 6000}, []),  # which would be most of it at larger sizes
        ({"only (lib)": lambda n: 900 * np.log2(n)}, []),
    ],
)
def test_the_highest_power_that_a_good_part_takes_leads(functions: Functions, expected: list[str]) -> None:
    assert laws(functions) == expected


def test_what_is_too_little_known_says_nothing() -> None:
    assert laws(LOOP, LEVELS[:5]) == []
    known = response(LOOP)
    half = {"step (lib)": 0.5 * known.values}
    assert plain_laws(Response(points=known.points, values=known.values, is_exact=True, by_function=half)) == []
    assert plain_laws(Response(points=known.points, values=known.values, is_exact=True)) == []


def test_numbers_that_are_made_anew_take_no_power_of_small_sizes() -> None:
    """Up to some 800 numbers most of the growth is that of numbers above 256."""
    numbers: Functions = {
        "step (lib)": lambda n: 60 * n + 900,
        "PyLong_FromLong (lib)": lambda n: 20 * n + 40 * np.maximum(n - 256, 0),
        "_PyObject_Malloc (lib)": lambda n: 1 + 50 * np.maximum(n - 256, 0),
    }
    small = np.array([100.0, 150, 200, 300, 400, 600, 800])
    assert laws({"step (lib)": numbers["step (lib)"], "square (lib)": lambda n: n * n / 9}, small) == ["n**2"]
    assert laws(numbers, small) in ([], ["n"])
    assert outgrowing_law(CostLaw("n"), response(numbers, small)) is None


@pytest.mark.parametrize(("law", "outgrowing"), [("n", "n**2"), ("n*log(n)", "n**2"), ("n**1.5", None), ("n**2", None)])
def test_a_law_is_outgrown_by_a_whole_power_more(law: str, outgrowing: str | None) -> None:
    found = outgrowing_law(CostLaw(law), response(COPY))
    assert (None if found is None else found.text) == outgrowing


def test_functions_that_grow_far_more_are_told_from_those_that_jump() -> None:
    growing: Functions = {**LOOP, "scan (lib)": lambda n: n**1.8 / 100}
    assert steeper_functions(CostLaw("n"), response(growing)).functions == ("scan (lib)",)
    jumping: Functions = {**LOOP, "block (lib)": lambda n: np.where(n > 20_000, 20.0, 0.2) * n}
    assert steeper_functions(CostLaw("n"), response(jumping)).functions == ()
    assert steeper_functions(CostLaw("n"), response(COPY)).functions == ()  # which serves memory


def counted(functions: Functions, *, known: bool = True) -> pd.DataFrame:
    given = response(functions)
    table = pd.DataFrame({"subject": "it", "n": LEVELS, "instructions_count": given.values})
    each = [{name: counts[i] for name, counts in given.by_function.items()} for i in range(len(LEVELS))]
    table.attrs["factors"] = ["n"]
    table.attrs["counts"] = [
        {
            "subject": "it",
            "point": {"n": float(level)},
            "by_input": {"instructions": [total]},
            "by_function": one if known else {},
        }
        for level, total, one in zip(LEVELS, given.values, each, strict=True)
    ]
    return table


def test_a_function_that_begins_at_large_sizes_takes_no_power_for_it() -> None:
    begins: Functions = {**LOOP, "__memset_avx (libc)": lambda n: n * np.where(n > 20_000, 40.0, 11.0)}
    assert "n**2" not in laws(begins)
    assert outgrowing_law(CostLaw("n"), response(begins)) is None


def test_laws_that_are_found_are_those_of_functions() -> None:
    for functions, expected in ((LOOP, ["n"]), (SORT, ["n*log(n)"]), (COPY, ["n**2"])):
        found = discover_leading(counted(functions), response="instructions_count")
        assert [one.law.text for one in found.candidates] == expected
        lower = {"n"} if expected != ["n"] else set()
        assert {str(term) for term in found.fit.full_law.terms} == {*expected, *lower, "1"}
        stated = discover(counted(functions), response="instructions_count")
        assert [one.law.text for one in stated.candidates] == expected
    total = discover_leading(counted(SORT, known=False), response="instructions_count")
    assert len(total.candidates) > 1


def test_a_law_that_the_total_has_nothing_of_is_none() -> None:
    """Of words that are counted the chains of a table rise once, and fall again."""
    falling: Functions = {**LOOP, "look (lib)": lambda n: n * (60 - 9 * np.sin(np.log(n) / 1.9))}
    given = response(falling)
    beside = given.beside_with(CostLaw("n*log(n)"), ("1", "n"))
    assert beside is not None
    assert (beside.share < 0.01) == (laws(falling) == ["n"])


def test_a_law_of_two_that_are_left_is_outgrown_by_neither() -> None:
    assert laws(TABLE) == ["n", "n*log(n)"]
    assert outgrowing_law(CostLaw("log(n)"), response(TABLE)) is not None
    assert outgrowing_law(CostLaw("n**0.15"), response(TABLE)) is not None  # n is 0.85 more
    assert outgrowing_law(CostLaw("n**0.25"), response(TABLE)) is None  # only n·log(n) is as much more


def test_what_serves_memory_and_grows_far_more_leaves_the_law_to_the_total() -> None:
    steep: Functions = {**LOOP, "__memcpy_avx (libc)": lambda n: n**1.5 / 4}
    assert laws(steep) == []


@pytest.mark.parametrize("is_timed", [False, True])
def test_a_run_without_a_law_is_answered_by_functions(*, is_timed: bool) -> None:
    table = counted(SORT).assign(timing="counts")
    if is_timed:
        levels = np.repeat(np.geomspace(1000, 100_000, 8).round(), 3)
        seconds = pd.DataFrame({"subject": "it", "n": levels, "seconds_per_eval": 1e-8 * levels * np.log(levels)})
        table = pd.concat([table, seconds.assign(timing="whole")], ignore_index=True)
        table.attrs = counted(SORT).attrs
    measure = ("time", "instructions") if is_timed else "instructions"
    experiment = bench.experiment({"it": lambda _point: list}, n=[1000, 50_000], measure=measure)
    found = find_laws(analyse(table, experiment).evidence)["it"]
    assert isinstance(found, LawSet)
    assert [one.law.text for one in (found.work[0] if is_timed else found).candidates] == ["n*log(n)"]


def test_two_laws_that_functions_leave_are_as_likely() -> None:
    found = discover_leading(counted(TABLE), response="instructions_count")
    assert {one.law.text: one.weight for one in found.candidates} == {"n": 0.5, "n*log(n)": 0.5}
