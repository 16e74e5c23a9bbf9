"""Checks of categories, the factors whose levels are text: no expression may name one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bptt_bench.errors import LawError
from bptt_bench.plan.claims.claim import AmountClaim, Claim, CrossoverClaim, RatioClaim
from bptt_bench.plan.design.design import Factor, Point
from bptt_bench.plan.experiment.subject import Subject
from bptt_bench.plan.law.law import CostLaw


def find_category_misuse(factors: Sequence[Factor], subjects: Iterable[Subject], claims: Iterable[Claim]) -> str | None:
    """Return why an expression may not name a category, in one line; None if none does.

    Raises
    ------
    DesignError : a claim about a level that its category does not have.
    """
    categories = {factor.name: factor for factor in factors if factor.is_category}
    if not categories:
        return None
    for what, expression in (*_subject_expressions(subjects), *_claim_expressions(claims)):
        named = [name for name in _factor_names(expression) if name in categories]
        if named:
            return (
                f"{what} {expression!r}: names the category {named[0]!r}; expressions are written in numbers, and each "
                "level of a category has a fit of its own"
            )
    for claim in claims:
        for point in claim_points(claim):
            for name, category in categories.items():
                if name in point:
                    category.validate(point[name])
    return None


def claim_points(claim: Claim) -> tuple[Point, ...]:
    """Return the points that a claim names."""
    at, points = getattr(claim, "at", None), getattr(claim, "points", None)
    return (*(() if at is None else (at,)), *(() if points is None else points))


def _subject_expressions(subjects: Iterable[Subject]) -> Iterator[tuple[str, str]]:
    for subject in subjects:
        for law in subject.laws:
            yield f"subject {subject.name!r}: law", law.text
        for term in subject.overheads:
            yield f"subject {subject.name!r}: overhead", term
        for term, size in subject.term_bytes.items():
            yield f"subject {subject.name!r}: term_bytes of {term!r}", size


def _claim_expressions(claims: Iterable[Claim]) -> Iterator[tuple[str, str]]:
    for claim in claims:
        match claim:
            case RatioClaim():
                yield f"claim {claim.name!r}: ratio", claim.ratio
            case CrossoverClaim():
                yield f"claim {claim.name!r}: level", claim.level
            case AmountClaim() if isinstance(claim.amount, str):
                yield f"claim {claim.name!r}: amount", claim.amount
        factor = getattr(claim, "factor", None)
        if factor is not None:
            yield f"claim {claim.name!r}: factor", factor
        for factor in getattr(claim, "together_with", ()):
            yield f"claim {claim.name!r}: together_with", factor


def _factor_names(expression: str) -> tuple[str, ...]:
    try:
        return CostLaw(f"1*({expression})").factors
    except LawError:  # which whoever evaluates it will report
        return ()
