"""Formats the terms of laws for sentences."""

from __future__ import annotations

import re

from bptt_bench.plan.law.law import Term

RAISED = str.maketrans("0123456789-.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻·")


def drop_absent_factors(term: str) -> str:
    """Return a term without the factors raised to 0, which only state that they have no part in it.

    >>> [drop_absent_factors(term) for term in ("n*log(n)*m**0", "n**0*m", "n**0*m**0", "n**0.5", "n**0/m", "n**0%m")]
    ['n*log(n)', 'm', '1', 'n**0.5', '1/m', '1%m']
    """
    absent = r"[^\W\d]\w*\*\*0(?![\w.]|\*\*)"
    behind = re.sub(rf"(?<!\*)\*{absent}", "", term)
    ahead = re.sub(rf"^(?:{absent}\*(?!\*))+", "", behind)
    return re.sub(rf"^{absent}", "1", ahead)


def format_term(term: str) -> str:
    """Format a term for print: products as dots, powers raised. The parser of laws reads it as the same term.

    >>> [format_term(term) for term in ("T*(T+1)/2*H**2", "T**1.5", "n**-1", "(2*n**2)**k", "n*m**0")]
    ['T·(T+1)/2·H²', 'T¹·⁵', 'n⁻¹', '(2·n²)^k', 'n']
    """
    raised = re.sub(
        r"\*\*(?:\((-?\d+(?:\.\d+)?)\)|(-?\d+(?:\.\d+)?)(?![\w.]|\*\*))",
        lambda power: (power[1] or power[2]).translate(RAISED),
        drop_absent_factors(term),
    )
    return raised.replace("**", "^").replace("*", "·")


def format_law_term(term: Term) -> str:
    """Format a term of a law for print."""
    return format_term(str(term))
