"""Ratios, crossovers, passes and dominant terms follow from laws; a wrong claim is seen to differ."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import pytest
from bptt_bench.analyse.derive.exact_law import ExactLaw, monomial
from bptt_bench.analyse.derive.proof import Comparison
from bptt_bench.analyse.derive.relations import Relation, dominant_term, relations
from bptt_bench.plan import Claim, CrossoverClaim, Design, Point, RatioClaim


def law(text: Mapping[str, int]) -> ExactLaw:
    """A law from monomials such as "TTH": its letters are factors."""
    terms = {monomial([(letter, 1) for letter in letters]): Fraction(c) for letters, c in text.items()}
    return ExactLaw(terms)


FORWARD = {"output": {"THV": 1}, "embed": {"THd": 1}, "recur": {"THH": 1}}
NAIVE = {"output": {"THV": 3}, "embed": {"TTHd": 1, "THd": 2}, "recur": {"TTHH": 1, "THH": 2}}
AGGREGATED = {"output": {"THV": 3}, "embed": {"THd": 3}, "recur": {"THH": 3}}
LAWS = {"forward": FORWARD, "naive": NAIVE, "aggregated": AGGREGATED}
AT = Point(V=100, d=10, H=10, T=5)


def law_of(name: str, phase: str | None) -> ExactLaw | None:
    if name not in LAWS:
        return None
    phases = LAWS[name] if phase is None else {phase: LAWS[name][phase]}
    total = ExactLaw({})
    for one in phases.values():
        total = total + law(one)
    return total


def claims(ratio: str = "(V + (T+1)/2*(d+H)) / (V + d + H)", level: str = "(2*V-d-H) / (d+H)") -> list[Claim]:
    return [
        RatioClaim(
            name="r",
            subject="naive",
            statement="",
            over="aggregated",
            less="forward",
            ratio=ratio,
            points=Design.of([AT]),
        ),
        CrossoverClaim(
            name="c",
            subject="naive",
            statement="",
            factor="T",
            at=AT,
            rising=("embed", "recur"),
            falling=("output",),
            level=level,
            less="forward",
        ),
    ]


def found(*given: Claim) -> dict[str, list[Relation]]:
    made = relations(list(given), law_of, ["V", "d", "H", "T"])
    return {kind: [one for one in made if one.kind == kind] for kind in ("passes", "ratio", "crossover")}


def test_ratio_crossover_and_passes_are_found_and_equal_what_is_stated() -> None:
    by_kind = found(*claims())
    assert [one.comparison for one in (*by_kind["ratio"], *by_kind["crossover"])] == [Comparison.EQUAL] * 2
    assert {one.subject: one.found for one in by_kind["passes"]} == {"naive": "T*(T + 1)/2", "aggregated": "T"}
    assert by_kind["crossover"][0].found == "(-H + 2*V - d)/(H + d)"


@pytest.mark.parametrize("wrong", ["(T+1)/2", "(V + T/2*(d+H)) / (V + d + H)"])
def test_a_wrong_ratio_differs(wrong: str) -> None:
    assert found(*claims(ratio=wrong))["ratio"][0].comparison is Comparison.DIFFERENT


def test_a_wrong_crossover_differs() -> None:
    assert found(*claims(level="2*V / (d+H)"))["crossover"][0].comparison is Comparison.DIFFERENT


def test_claims_about_what_was_not_derived_are_left_out() -> None:
    other = claims()[0]
    assert relations([other], lambda name, phase: None, ["V", "d", "H", "T"]) == []


def test_the_dominant_term_has_its_share() -> None:
    term = dominant_term(law({"THV": 3, "THd": 1}), {"V": 9, "d": 3, "H": 2, "T": 2})
    assert term is not None
    assert term.term == "3*H*T*V"
    assert term.share == pytest.approx(0.9)
    assert dominant_term(ExactLaw({}), {"V": 1}) is None
