"""The law of the time is what grows most in the counts, in the notation of laws."""

from __future__ import annotations

from fractions import Fraction

import pytest
from bptt_bench.analyse.derive.atoms import Argument, Atom
from bptt_bench.analyse.derive.exact_law import ExactLaw, monomial
from bptt_bench.analyse.derive.time_law import law_of_time


def law(*terms: tuple[int, list[tuple[Argument, int]]]) -> ExactLaw:
    return ExactLaw({monomial(powers): Fraction(c) for c, powers in terms})


LOG = Atom("ceil_log2", ("n",))
CASES: dict[str, list[ExactLaw]] = {
    "n**2": [law((1, [("n", 2)]), (-1, [("n", 1)])), law((7, [("n", 1)]))],
    "n**2*m": [law((2, [("n", 2), ("m", 1)])), law((1, [("n", 1), ("m", 1)]))],
    "m + n": [law((1, [("n", 1)])), law((3, [("m", 1)]))],
    "log2(n)*n": [law((1, [("n", 1), (LOG, 1)]))],
    "n*log2(n)": [law((3, [(Atom("power", (2, LOG)), 1), (LOG, 1)]))],
    "n/16*m": [law((2, [(Atom("ceil_quotient", ("n", 16)), 1), ("m", 1)]))],
    "sqrt(n)*m": [law((2, [(Atom("ceil_root", ("n",)), 1), ("m", 1)]))],
    "1": [law((5, []))],
}


@pytest.mark.parametrize("text", CASES)
def test_the_largest_terms_are_kept_without_coefficients_and_roundings(text: str) -> None:
    found = law_of_time(CASES[text])
    point = {"n": 4096.0, "m": 64.0}
    assert sorted(found.factors) == sorted({name for name in "nm" if name in text.replace("min", "")})
    from bptt_bench.plan import CostLaw

    assert found.evaluate(point) == pytest.approx(CostLaw(text).evaluate(point))


def test_what_is_taken_off_a_largest_term_stays_with_it() -> None:
    clipped = law((1, [("n", 1), ("k", 1)]), (-1, [(Atom("min", ("n", "k")), 1), ("k", 1)]))
    found = law_of_time([clipped])
    assert len(found.terms) == 1
    assert found.evaluate({"n": 10.0, "k": 4.0}) == 24
