"""Laws as people write them: one meaning is read, two are answered with both, and what we print is read back."""

from __future__ import annotations

import re

import numpy as np
import pytest
from bptt_bench.errors import LawError
from bptt_bench.plan import CostLaw
from bptt_bench.plan.law.wording import format_law_term, format_term
from bptt_bench.report.format import law as printed_law
from hypothesis import assume, given
from hypothesis import strategies as st

ONE_MEANING = [
    ("n log n", "n*log(n)"),
    ("O(n log n)", "n*log(n)"),
    ("Θ(n²)", "n**2"),
    ("O(|V| + |E| log |V|)", "V + E*log(V)"),
    ("O(n) + O(m)", "n + m"),
    ("n·log(n)", "n*log(n)"),
    ("n × m", "n*m"),
    ("n²", "n**2"),
    ("n^2", "n**2"),
    ("n¹·⁵·m", "n**1.5*m"),
    ("n⁻¹", "n**-1"),
    ("2ⁿ", "2**n"),
    ("2^n", "2**n"),
    ("n^(1/2)", "n**(1/2)"),
    ("n^3/6", "n**3/6"),
    ("n log2 n", "n*log2(n)"),
    ("n log₂(n)", "n*log2(n)"),
    ("lg n", "log2(n)"),
    ("n ln n", "n*log(n)"),
    ("LOG n", "log(n)"),
    ("log log n", "log(log(n))"),
    ("log² n", "log(n)**2"),
    ("n log^2(n)", "n*log(n)**2"),
    ("log n log m", "log(n)*log(m)"),
    ("sqrt n", "sqrt(n)"),
    ("√T·H", "sqrt(T)*H"),
    ("√(n+1)", "sqrt(n+1)"),
    ("√n/2", "sqrt(n)/2"),
    ("V*E", "V*E"),
    ("|V||E|", "V*E"),
    ("T·H·(|V| + d + D_h)", "T*H*(V+d+D_h)"),
    ("n(n-1)/2", "n*(n-1)/2"),
    ("T(T+1)/2 H^2 + 2n", "T*(T+1)/2*H**2 + 2*n"),
    ("1/2 n^2", "1/2*n**2"),
    ("n! m", "factorial(n)*m"),
    ("n₁ m", "n1*m"),
    ("⌈n/64⌉ m", "ceil(n/64)*m"),
    ("⌊log2 n⌋·⌈√m⌉", "floor(log2(n))*ceil(sqrt(m))"),
    ("n (n ≥ 64) + m (n ≠ m)", "n*(n>=64) + m*(n!=m)"),
    ("n // 2 + n % 8", "n//2 + n%8"),
    ("m exp n", "m*exp(n)"),
    ("ceiling(n/2)", "ceil(n/2)"),
    ("µ log µ", "μ*log(μ)"),  # as Python reads names: the micro sign is the Greek letter
    ("n −1/n", None),  # a subtraction, which laws refuse, whatever the sign looks like
]


@pytest.mark.parametrize(("text", "law"), ONE_MEANING)
def test_what_has_one_meaning_is_read(text: str, law: str | None) -> None:
    if law is None:
        with pytest.raises(LawError, match="added, not subtracted"):
            CostLaw(text)
    else:
        assert CostLaw(text).text == CostLaw(law).text


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("n log n m", "n*log(n)*m", "n*log(n*m)"),
        ("n log n / 2", "n*log(n)/2", "n*log(n/2)"),
        ("log n^2", "log(n)**2", "log(n**2)"),
        ("log n²", "log(n)**2", "log(n**2)"),
        ("√n²", "sqrt(n)**2", "sqrt(n**2)"),
        ("√2n", "sqrt(2)*n", "sqrt(2*n)"),
        ("n^1/2", "n**(1/2)", "n**1/2"),
        ("n^2m", "n**2*m", "n**(2*m)"),
        ("n/2m", "n/2*m", "n/(2*m)"),
        ("n//2m", "n//2*m", "n//(2*m)"),
        ("n%8m", "n%8*m", "n%(8*m)"),
        ("ceil n/64", "ceil(n)/64", "ceil(n/64)"),
        ("exp n m", "exp(n)*m", "exp(n*m)"),
    ],
)
def test_what_has_two_meanings_is_answered_with_both(text: str, one: str, other: str) -> None:
    with pytest.raises(LawError) as caught:
        CostLaw(text)
    assert str(caught.value) == f"law {text!r}: can be read as {one} or as {other}; write the one that is meant"
    assert CostLaw(one).text == one.replace(" ", "")
    assert CostLaw(other).text == other.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("nlog(n)", "'nlog' is one word; write n*log(n)"),
        ("Ω(n)", "bounds the cost from below; write the law alone, and bound='lower'"),
        (
            "log",
            "'log' is a function and needs an argument; a column of this name needs another, such as --rename log=m",
        ),
        ("lambda", "'lambda' is a word of Python, which no law can name; a column of this name needs another, such as"),
        ("n*class", "'class' is a word of Python, which no law can name; a column of this name needs another, such as"),
        ("n(", "cannot be read"),
        ("n)", "cannot be read"),
        ("|n", "cannot be read"),
        ("n**", "ends after '**'; a number, a factor or a bracket must follow"),
        ("2^", "ends after '^'; a number, a factor or a bracket must follow"),
        ("n**-", "ends after '-'; a number, a factor or a bracket must follow"),
        ("n | m", "is not allowed"),
        ("⌈n", "the bracket of ceil(n is not closed by ⌉"),
        ("⌊n⌉", "the bracket of floor(n is not closed by ⌋"),
        ("n⌉", "cannot be read"),
        ("nexp(n)", "'nexp' is one word; write n*exp(n)"),
        ("sin(n)", "'sin(n)' is not allowed; allowed are names, numbers"),
    ],
)
def test_what_is_not_a_law_is_answered_in_one_line(text: str, answer: str) -> None:
    with pytest.raises(LawError) as caught:
        CostLaw(text)
    assert answer in str(caught.value)
    assert "\n" not in str(caught.value)


# --- what we print is read back ---------------------------------------------------------------------------------------

NAMES = ("n", "m", "T", "D_h", "x2", "lg", "größe", "O")
numbers = st.integers(1, 40).map(str) | st.floats(1e-3, 9).map(repr)
leaves = st.sampled_from(NAMES) | numbers


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    powers = st.integers(-3, 5).map(str) | st.floats(-3, 3).map(repr) | inner.map("({})".format)
    return st.one_of(
        st.tuples(inner, st.sampled_from(("*", "/", "+", "-", "//", "%", ">=", "<", "!=")), inner).map(
            "({0[0]}{0[1]}{0[2]})".format
        ),
        st.tuples(inner, st.sampled_from(("*", "/", "//", "%")), inner).map("{0[0]}{0[1]}{0[2]}".format),
        st.tuples(inner, powers).map("({0[0]})**{0[1]}".format),
        st.tuples(st.sampled_from(NAMES), powers).map("{0[0]}**{0[1]}".format),
        st.tuples(st.sampled_from(("log", "log2", "sqrt", "factorial", "exp", "abs", "ceil", "floor")), inner).map(
            "{0[0]}({0[1]})".format
        ),
        st.tuples(st.sampled_from(("min", "max")), inner, inner).map("{0[0]}({0[1]}, {0[2]})".format),
    )


laws = st.lists(st.recursive(leaves, grown, max_leaves=6), min_size=1, max_size=3).map(" + ".join)


@given(laws)
def test_what_we_print_is_read_back(text: str) -> None:
    try:
        law = CostLaw(text)
    except LawError:
        assume(False)
    assume("**0*(" not in law.text and not re.search(r"\)\*\w+\*\*0", law.text))  # a sum alone is several terms
    assert CostLaw(law.text) == law
    for shown in (" + ".join(format_law_term(term) for term in law.terms), printed_law(law.text)):
        again = CostLaw(shown)
        if "**0" not in law.text:  # which is left out in print
            assert again.text == law.text
        point = dict.fromkeys(law.factors, 2.5)
        found = sum(float(term.evaluate(point)) for term in again.terms)
        expected = sum(
            float(term.evaluate(point)) for term in CostLaw(text).terms if len(again.terms) == len(law.terms)
        )
        if len(again.terms) == len(law.terms):
            np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("term", ["n**1e-05", "n**2**m", "n**0/m", "(n+1)**2.5", "n**-0.5*m", "2**(n/2)"])
def test_powers_that_cannot_be_raised_stand_behind_a_caret(term: str) -> None:
    assert CostLaw(format_term(term)).evaluate({"n": 3, "m": 2}) == pytest.approx(
        CostLaw(term).evaluate({"n": 3, "m": 2})
    )
