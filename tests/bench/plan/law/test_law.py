"""A law is read, never run: what is allowed means what mathematics says, and everything else is refused in one line."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import sympy
from bptt_bench.errors import LawError
from bptt_bench.plan import CostLaw
from bptt_bench.plan.law.law import MAX_LAW_CHARACTERS
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
        ("T // 2", "is not allowed"),
        ("'T'", "is not allowed"),
        ("True*T", "is not allowed"),
        ("exp(T)", "is not allowed"),
        ("log", "needs an argument"),
        ("log(T, 2)", "log takes 1 argument, got 2"),
        ("min(T)", "min takes 2 arguments or more, got 1"),
        ("n**2 - n", "added, not subtracted"),
        ("T**1e9", "at most 64"),
        ("9**9**9", "a power is not allowed"),
        ("1e999", "not a finite number"),
        ("((9**9)**9)**9", "only a plain number or a factor"),
        ("T" * (MAX_LAW_CHARACTERS + 1), "at most"),
        ("(" * 900 + "T" + ")" * 900, "law"),
        ("-" * 1900 + "T", "law"),
    ],
)
def test_anything_else_is_refused_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(LawError, match=reason.replace("*", r"\*").replace("(", r"\(")) as caught:
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
