"""Terms and names as they stand in a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_bench.plan.law import Term

RAISED = str.maketrans("0123456789.", "⁰¹²³⁴⁵⁶⁷⁸⁹·")


def enumerated(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> enumerated(["n"]), enumerated(["n", "m"]), enumerated(["n", "k", "m"])
    ('n', 'n and m', 'n, k and m')
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def bare(term: str) -> str:
    """A term without the factors that it only names to say that they have no part in it.

    >>> bare("n*log(n)*m**0"), bare("n**0*m"), bare("n**0*m**0"), bare("n*(m**0+1)"), bare("n**0.5")
    ('n*log(n)', 'm', '1', 'n*(m**0+1)', 'n**0.5')
    """
    return re.sub(r"(?:^|(?<!\*)\*)[^\W\d]\w*\*\*0(?![\w.]|\*\*)", "", term).removeprefix("*") or "1"


def label(term: Term) -> str:
    """A term in words: without the factors that it only names to say that they have no part in it.

    >>> from bptt_bench.plan.law import CostLaw
    >>> [label(CostLaw(text).terms[0]) for text in ("n*log(n)*m**0", "n**0*m**0", "2*n**2")]
    ['n·log(n)', '1', '2·n²']
    """
    raised = re.sub(r"\*\*(\d+(?:\.\d+)?)", lambda power: power[1].translate(RAISED), bare(str(term)))
    return raised.replace("**", "^").replace("*", "·")
