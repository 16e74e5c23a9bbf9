"""Laws held against the instructions of each function, where a total leaves them open."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import bptt_bench as bench
import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.verdicts.judges import judge
from bptt_bench.analyse.verdicts.verdict import Verdict
from bptt_bench.plan.design.design import Design
from bptt_bench.report.words.reasons import text_of

Counts = Mapping[str, Callable[..., float]]
Levels = Mapping[str, tuple[int, ...]]
WIDE = (16, 34, 74, 160, 290, 500, 625, 1077, 1600, 2321, 2901, 5000, 6250, 10_772, 12_500, 23_208, 25_000, 50_000)
LOOP: Counts = {"step (lib)": lambda n: 180 * n + 900, "call (lib)": lambda n: 30 * n + 2500}
SORT: Counts = {**LOOP, "merge (lib)": lambda n: 3 * n * np.log2(n)}


def verdict(
    functions: Counts, law: str, *, known: bool = True, noise: float = 0.0, levels: Levels | None = None
) -> Verdict:
    """The verdict on the sum of functions, which are known or not, and of which some differ by noise."""
    levels = levels or {"n": WIDE}
    points = Design.grid(levels)
    random = np.random.default_rng(1)
    rows, counts = [], []
    for point in points:
        each = {name: count(**point) * np.exp(random.normal(0, noise)) for name, count in functions.items()}
        total = sum(each.values())
        rows.append({"subject": "it", **point, "instructions_count": float(round(total))})
        counts.append(
            {
                "subject": "it",
                "point": dict(point),
                "by_input": {"instructions": [round(total)]},
                "by_function": each if known else {},
            }
        )
    table = pd.DataFrame(rows)
    table.attrs |= {"factors": list(levels), "counts": counts}
    ends = {name: [values[len(values) // 4], values[-1]] for name, values in levels.items()}
    experiment = bench.experiment({"it": lambda _point: list}, law, factors=ends, measure="instructions")
    (found,) = judge(table, experiment)
    return found


def test_a_sort_that_is_a_fifth_of_a_loop_is_seen_in_its_function() -> None:
    assert [verdict(SORT, law, known=False).verdict for law in ("n", "n*log(n)")] == ["supported", "inconclusive"]
    refuted, supported = verdict(SORT, "n"), verdict(SORT, "n*log(n)")
    assert (refuted.verdict, supported.verdict) == ("refuted", "supported")
    assert "n·log(n) fits far better; merge (lib) grows with a logarithm, 18 % of the instructions" in text_of(
        refuted.reason
    )
    assert "the law with 1 + n beside it by 1.02; merge (lib) grows with a logarithm" in text_of(supported.reason)


def test_a_table_that_doubles_hides_no_logarithm_of_functions_that_have_none() -> None:
    doubling: Counts = {**LOOP, "dict_resize (lib)": lambda n: 60 * n * (1 + (np.log2(n) % 1))}
    assert verdict(doubling, "n*log(n)", known=False).verdict != "refuted"
    assert verdict(doubling, "n*log(n)").verdict == "refuted"
    assert verdict(doubling, "n").verdict == "supported"


def test_a_square_that_lower_terms_would_hide_is_refuted_where_no_function_takes_it() -> None:
    functions: Counts = {
        "step (lib)": lambda n: 180 * n + 90_000,
        "sort (lib)": lambda n: 9 * n * np.log2(n),
        "noise (lib)": lambda n: 8 * n,
    }
    levels = {"n": (500, 1000, 2000, 4000, 8000, 12_000)}
    assert verdict(functions, "n**2", known=False, noise=0.01, levels=levels).verdict == "inconclusive"
    assert verdict(functions, "n**2", noise=0.01, levels=levels).verdict == "refuted"


def test_a_product_in_fast_code_is_not_refuted_for_the_slow_loop_around_it() -> None:
    """Of n calls with m numbers each, a twentieth of the instructions is in the numbers."""
    functions: Counts = {
        "call (lib)": lambda n, m: 2000 * n + 0 * m,
        "add (lib)": lambda n, m: 0.6 * n * m + 25 * n,
    }
    levels = {"n": (50, 100, 200, 400, 800), "m": (20, 50, 100, 200)}
    for known in (True, False):
        assert verdict(functions, "n*m", known=known, levels=levels).verdict != "refuted"


def test_a_logarithm_that_is_seen_supports_no_law_that_the_counts_outgrow() -> None:
    squares: Counts = {**SORT, "square (lib)": lambda n: n * n / 10}
    assert verdict(squares, "n*log(n)").verdict == "refuted"


def test_functions_that_grow_more_than_the_law_are_named() -> None:
    functions: Counts = {
        **LOOP,
        "__memcpy_avx_unaligned_erms (libc)": lambda n: n * n / 6,
        "_PyEval_EvalFrameDefault'2 (libpython3.11)": lambda n: 2 * n * n,
    }
    found = verdict(functions, "n")
    assert found.verdict == "refuted"
    assert "; the interpreter of Python and memcpy (libc) grow more than the law, 100 % of the instructions" in text_of(
        found.reason
    )
    less = verdict(LOOP, "n**2")
    assert less.verdict == "refuted"
    assert "more than the law" not in text_of(less.reason)


@pytest.mark.parametrize("law", ["n", "n*log(n)"])
def test_without_functions_a_total_is_judged_as_before(law: str) -> None:
    only: Counts = {"all (lib)": lambda n: 26 * n * np.log2(n) + 400 * n}
    assert verdict(only, law, known=False).verdict == ("supported" if law == "n*log(n)" else "refuted")


def test_a_law_beside_which_functions_grow_far_more_is_left_open() -> None:
    """At larger sizes they are most of it."""
    rare: Counts = {**LOOP, "scan (lib)": lambda n: n**1.6 / 40}
    found = verdict(rare, "n")
    assert found.verdict == "inconclusive"
    assert "scan (lib) grows more than the law, 7 % of the instructions" in text_of(found.reason)
    assert verdict({**LOOP, "scan (lib)": lambda n: n**1.6 / 400}, "n").verdict == "supported"


def test_a_square_that_functions_take_refutes_what_the_total_leaves_open() -> None:
    copies: Counts = {**LOOP, "__memcpy_avx_unaligned_erms (libc)": lambda n: n * n / 1500}
    assert verdict(copies, "n", known=False).verdict != "refuted"
    found = verdict(copies, "n")
    assert found.verdict == "refuted"
    assert "n² fits far better; memcpy (libc) grows more than the law, 14 % of the instructions" in text_of(
        found.reason
    )
    assert verdict(copies, "n**2").verdict != "refuted"


def test_only_functions_that_grow_as_the_total_does_are_to_blame() -> None:
    """A function whose numbers get longer grows a little more than n too."""
    functions: Counts = {
        **LOOP,
        "text (lib)": lambda n: n**1.15 * 90,
        "scan (lib)": lambda n: n * n / 4,
    }
    found = verdict(functions, "n")
    assert found.verdict == "refuted"
    assert "scan (lib) grows more than the law" in text_of(found.reason)
    assert "text (lib)" not in text_of(found.reason)
