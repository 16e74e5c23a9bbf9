"""Laws of which one term is a multiple of another are refused; those whose terms are alike in part are not."""

from __future__ import annotations

import bptt_bench as bench
import pandas as pd
import pytest
from bptt_bench.errors import FitError, LawError
from bptt_bench.plan import CostLaw
from bptt_bench.plan.law.distinct import with_distinct_terms


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("n + 2*n", "n", "2*n"),
        ("n*log2(n) + n*log(n)", "n*log2(n)", "n*log(n)"),
        ("1 + n + n/3", "n", "n/3"),
        ("n*m + m*n", "n*m", "m*n"),
        ("sqrt(n) + n**0.5", "sqrt(n)", "n**0.5"),
        ("2**n + 2**(n+3)", "2**n", "2**(n+3)"),
        ("3 + n + 5", "3", "5"),
        ("log(n**2) + log(n)", "log(n**2)", "log(n)"),
    ],
)
def test_a_term_that_is_a_multiple_of_another_is_named(text: str, one: str, other: str) -> None:
    law = CostLaw(text)
    with pytest.raises(LawError) as caught:
        with_distinct_terms(law)
    assert str(caught.value) == f"law {law.text!r}: {other!r} is a multiple of {one!r}; leave out one"


@pytest.mark.parametrize(
    "text",
    [
        *("n + n**2 + n*log(n)", "n*m + n + m", "n + ceil(n/64)", "n + n*(n>32768)", "n*(n<=9) + n*(n>9)"),
        *("max(n,6900) + n", "n//2 + n", "factorial(n) + 2**n", "n + n", "log(n) + log(m)", "n + n**1.01", "1"),
    ],
)
def test_terms_that_are_alike_in_part_are_allowed(text: str) -> None:
    assert with_distinct_terms(CostLaw(text)) == CostLaw(text)


def test_a_fit_and_an_experiment_refuse_such_a_law() -> None:
    frame = pd.DataFrame({"n": [1, 2, 4, 8, 16], "seconds": [1.0, 2.1, 4, 8, 16]})
    for law, overhead in (("n + 2*n", ()), ("2*n", "n")):
        with pytest.raises(FitError, match=r"is a multiple of .*; leave out one"):
            bench.fit(frame, law, overhead=overhead)
    with pytest.raises(LawError, match=r"law 'n \+ 2\*n': '2\*n' is a multiple of 'n'; leave out one"):
        bench.experiment(lambda point: lambda: None, law="n + 2*n", n=[1, 2, 4, 8, 16, 32])
