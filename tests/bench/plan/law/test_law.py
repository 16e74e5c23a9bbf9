"""A law is read, never run: what is allowed means what mathematics says, and everything else is refused in one line."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import sympy
from bptt_bench.errors import LawError
from bptt_bench.plan import CostLaw
from bptt_bench.plan.law.parser import MAX_LAW_CHARACTERS
from hypothesis import given
from hypothesis import strategies as st


def test_terms_are_those_between_top_level_plus_signs() -> None:
    law = CostLaw("1 + T*(T + 1)/2*H**2 + T * H * V")
    assert [str(term) for term in law.terms] == ["1", "T*(T+1)/2*H**2", "T*H*V"]
    assert law.factors == ("H", "T", "V")


def test_a_repeated_term_is_kept_once() -> None:
    assert CostLaw("T + T").text == "T"
    assert CostLaw("T").plus("1", "T", "T*V").text == "T + 1 + T*V"


def test_columns_evaluate_every_term_at_every_point() -> None:
    law = CostLaw("1 + n*log(n) + min(n, m) + sqrt(m)/2")
    points = {"n": np.array([1.0, 8.0]), "m": np.array([4.0, 4.0])}
    expected = np.array([[1.0, 0.0, 1.0, 1.0], [1.0, 8 * math.log(8), 4.0, 1.0]])
    np.testing.assert_allclose(law.columns(points), expected, rtol=1e-15)


@given(T=st.floats(1, 1e4), H=st.floats(1, 1e4), V=st.floats(1, 1e6), a=st.floats(1e-3, 1e3), b=st.floats(1e-3, 1e3))
def test_local_exponent_is_the_logarithmic_derivative(T: float, H: float, V: float, a: float, b: float) -> None:
    law, point = CostLaw("T*(T+1)*H**2 + T*H*V"), {"T": T, "H": H, "V": V}
    first, second = a * T * (T + 1) * H**2, b * T * H * V
    expected = (first * (2 * T + 1) / (T + 1) + second) / (first + second)
    assert law.local_exponent("T", point, [a, b]) == pytest.approx(expected, rel=1e-7)
    assert law.local_exponent("H", point, [a, b]) == pytest.approx((2 * first + second) / (first + second), rel=1e-7)


def test_a_term_that_is_zero_has_no_growth() -> None:
    law = CostLaw("n + n*max(0, 1 - 100/n)")
    assert law.local_exponent("n", {"n": 10}) == pytest.approx(1)
    assert law.local_exponent("n", {"n": 100}) == pytest.approx(1, abs=0.51)  # the kink itself
    assert law.local_exponent("n", {"n": 200}) == pytest.approx((200 + 200) / (200 + 100))


def test_dominant_term_depends_on_the_point() -> None:
    law = CostLaw("T*H*V + T*H**2")
    assert str(law.dominant({"T": 1, "H": 10, "V": 100})) == "T*H*V"
    assert str(law.dominant({"T": 1, "H": 100, "V": 10})) == "T*H**2"


def test_symbols_and_numbers_agree() -> None:
    law = CostLaw("T*(T+1)/2*H + log(V)*T + max(T, H, V)**2 + 3e-2")
    point = {"T": 3.0, "H": 5.0, "V": 7.0}
    value = law.expression().subs({sympy.Symbol(k, positive=True): v for k, v in point.items()})
    assert float(law.evaluate(point)) == pytest.approx(float(value), rel=1e-12)
    assert r"\log{\left(V \right)}" in law.latex()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("T +", "cannot be read"),
        ("__import__('os').system('true')", "is not allowed"),
        ("(lambda: T)()", "is not allowed"),
        ("T.real", "is not allowed"),
        ("T[0]", "is not allowed"),
        ("T if T else H", "is not allowed"),
        ("T << 2", "is not allowed"),
        ("(T in H)", "is not allowed"),
        ("(T is H)", "is not allowed"),
        ("T and H", "is not allowed"),
        ("not T", "is not allowed"),
        ("~T", "is not allowed"),
        ("(T := 2)", "is not allowed"),
        ("{T}", "is not allowed"),
        ("[T for T in H]", "is not allowed"),
        ("max(*T)", "max takes 2 arguments or more, got 1"),
        ("max(*T, H)", "is not allowed"),
        ("'T'", "is not allowed"),
        ("True*T", "is not allowed"),
        ("sin(T)", "is not allowed"),
        ("exp", "needs an argument"),
        ("log", "needs an argument"),
        ("log(T, 2)", "log takes 1 argument, got 2"),
        ("min(T)", "min takes 2 arguments or more, got 1"),
        ("n**2 - n", "added, not subtracted"),
        ("n + 0", "the term 0 is 0; each term of a cost law adds to the cost"),
        ("-n", "the term -n is negative; each term of a cost law adds to the cost"),
        ("n + n*-2", "the term n*-2 is negative"),
        ("n*m/-3", "the term n*m/-3 is negative"),
        ("log(0.5)*n", "the term log(0.5)*n is negative"),
        ("-1", "the term -1 is negative"),
        ("n + m >= 64", "a comparison must be in brackets, such as n*(n >= 64)"),
        ("1 < n < 8", "a comparison must be in brackets"),
        ("n = m", "cannot be read"),
        ("T**1e9", "at most 64"),
        ("9**9**9", "a power is not allowed"),
        ("1e999", "not a finite number"),
        ("exp(exp(exp(9)))*n", "exp(exp(9)) is not a finite number"),
        ("floor(exp(1000))*n", "exp(1000) is not a finite number"),
        ("factorial(1e9)", "not a finite number"),
        ("n/(2 - 2)*(3 % 0)", "3 % 0 is not a finite number"),
        ("2**exp(9)", "at most 64"),
        ("exp(2)**exp(9)", "at most 64"),
        ("((9**9)**9)**9", "only a plain number or a factor"),
        ("T" * (MAX_LAW_CHARACTERS + 1), "at most"),
        ("(" * 900 + "T" + ")" * 900, "law"),
        ("-" * 1900 + "T", "law"),
    ],
)
def test_anything_else_is_refused_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(LawError, match=re.escape(reason)) as caught:
        CostLaw(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "near"), [("nlogn", "n*log(n)"), ("N", "n"), ("nm", "n*m"), ("hiden", "hidden")])
def test_an_unknown_factor_comes_with_what_was_probably_meant(name: str, near: str) -> None:
    with pytest.raises(LawError, match=f"unknown name '{name}'; .*; did you mean {re.escape(near)}"):
        CostLaw(name).require(["n", "m", "hidden"])


def test_a_law_too_large_for_a_number_is_infinite_and_numpy_does_not_warn() -> None:
    law = CostLaw("2**n + n")
    assert law.evaluate({"n": np.array([2.0, 5000.0])}).tolist() == [6.0, math.inf]  # pytest makes warnings errors
    assert law.evaluate({"n": 5000.0}, [0.0, 1.0]) != 0


def test_factorials_and_bases_mean_what_mathematics_says() -> None:
    law = CostLaw("n! + log2(n) + log10(n)")
    expected = np.array([[1.0, 0.0, 0.0], [24.0, 2.0, math.log10(4)]])
    np.testing.assert_allclose(law.columns({"n": np.array([1.0, 4.0])}), expected, rtol=1e-13)
    assert float(law.expression().subs(sympy.Symbol("n", positive=True), 4)) == pytest.approx(26 + math.log10(4))


STEPS = "ceil(n/64)*m + floor(n/7) + n//7*m + n%7 + abs(n-m)**2 + exp(-m/n) + m*(n>=64) + (n==m) + (n!=m) + (1<m<64)"


def test_steps_remainders_and_comparisons_mean_what_mathematics_says() -> None:
    law, n, m = CostLaw(STEPS), np.array([64.0, 63.0, 5.0]), np.array([3.0, 63.0, 70.0])
    expected = [
        np.ceil(n / 64) * m,
        np.floor(n / 7),
        np.floor(n / 7) * m,
        n - 7 * np.floor(n / 7),
        (n - m) ** 2,
        1 / np.exp(m / n),
        m * np.array([1, 0, 0]),
        np.array([0, 1, 0]),
        np.array([1, 0, 1]),
        np.array([1, 1, 0]),
    ]
    np.testing.assert_allclose(law.columns({"n": n, "m": m}), np.transpose(expected), rtol=1e-14)
    assert CostLaw(law.text) == law
    symbols = [sympy.Symbol(name, positive=True) for name in ("n", "m")]
    for levels in zip(n.tolist(), m.tolist(), strict=True):
        value = law.expression().subs(dict(zip(symbols, map(int, levels), strict=True)))
        assert float(value) == pytest.approx(float(law.evaluate(dict(zip("nm", levels, strict=True)))), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "exponent"),
    [("ceil(n/64)", 1), ("n//64*n", 2), ("n*(n>=64)", 1), ("n*(n>64) + n", 1), ("n%60", 0), ("floor(log2(n))", 0.2404)],
)
def test_growth_by_steps_is_that_of_their_average(text: str, exponent: float) -> None:
    assert CostLaw(text).local_exponent("n", {"n": 64}) == pytest.approx(exponent, abs=1e-4)


def test_powers_look_through_rounding_and_not_into_a_comparison() -> None:
    (term,) = CostLaw("n*ceil(n/64)*(m//2)*(m > 8)*(k % 3)").terms
    assert term.powers() == {"n": 2.0, "m": 1.0, "m > 8": 0.0, "k % 3": 0.0}
    assert CostLaw("exp(n)").terms[0].powers() == {"exp(n)": math.inf}


def test_a_term_with_two_minus_signs_is_not_negative() -> None:
    assert float(CostLaw("-n*-m").evaluate({"n": 2, "m": 3})) == 6


def test_a_law_full_of_steps_takes_no_longer_to_write_as_mathematics() -> None:
    nested = "n"
    for _ in range(60):
        nested = f"floor(({nested})/m)%9"
    assert CostLaw(f"{nested} + (n>=64)").terms[1].factors == {"n"}
    assert CostLaw("n%m%k + 2**n%3").expression().free_symbols == set(sympy.symbols("n m k", positive=True))


def test_unknown_factor_is_named_with_those_that_exist() -> None:
    with pytest.raises(LawError, match="unknown name 'Q'; the factors here are V, T"):
        CostLaw("T*Q").columns({"V": 1.0, "T": 2.0})


@given(st.text(max_size=40))
def test_no_text_gets_past_the_parser_with_another_error(text: str) -> None:
    try:
        law = CostLaw(text)
    except LawError:
        return
    with np.errstate(all="ignore"):
        law.columns(dict.fromkeys(law.factors, 2.0))


def test_a_closed_form_may_have_terms_below_0() -> None:
    form = CostLaw("n**2 + -1*n", signed=True)
    assert form.text == "n**2 + -1*n"
    assert float(form.evaluate({"n": 3})) == 6
    with pytest.raises(LawError, match="negative"):
        CostLaw("n**2 + -1*n")
