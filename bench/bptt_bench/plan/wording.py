"""Terms and names as they stand in a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_bench.plan.law import Term

RAISED = str.maketrans("0123456789-.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻·")


def enumerated(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> enumerated(["n"]), enumerated(["n", "m"]), enumerated(["n", "k", "m"])
    ('n', 'n and m', 'n, k and m')
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def bare(term: str) -> str:
    """A term without the factors that it only names to say that they have no part in it.

    >>> bare("n*log(n)*m**0"), bare("n**0*m"), bare("n**0*m**0"), bare("n*(m**0+1)"), bare("n**0.5"), bare("n**0/m")
    ('n*log(n)', 'm', '1', 'n*(m**0+1)', 'n**0.5', '1/m')
    """
    left = re.sub(r"(?:^|(?<!\*)\*)[^\W\d]\w*\*\*0(?![\w.]|\*\*)", "", term).removeprefix("*")
    return f"1{left}" if not left or left.startswith("/") else left


def printed(term: str) -> str:
    """A term as it stands in print: products as dots, powers raised. Read as a law it is the same term.

    >>> printed("T*(T+1)/2*H**2"), printed("T**1.5"), printed("n**-1"), printed("(2*n**2)**k"), printed("n*m**0")
    ('T·(T+1)/2·H²', 'T¹·⁵', 'n⁻¹', '(2·n²)^k', 'n')
    """
    raised = re.sub(
        r"\*\*(?:\((-?\d+(?:\.\d+)?)\)|(-?\d+(?:\.\d+)?)(?![\w.]|\*\*))",
        lambda power: (power[1] or power[2]).translate(RAISED),
        bare(term),
    )
    return raised.replace("**", "^").replace("*", "·")


def label(term: Term) -> str:
    """A term of a law as it stands in print."""
    return printed(str(term))
