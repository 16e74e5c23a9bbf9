"""Formats terms and names for sentences."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from bptt_bench.plan.law.law import Term

RAISED = str.maketrans("0123456789-.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻·")


def join_names(names: Sequence[str]) -> str:
    """Join names for a sentence.

    >>> join_names(["n"]), join_names(["n", "m"]), join_names(["n", "k", "m"])
    ('n', 'n and m', 'n, k and m')
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the question whether a known name was meant, for the end of a message; empty if none is near.

    >>> did_you_mean("quik", ["quick", "full"]), did_you_mean("N", ["n"]), did_you_mean("q", ["n"])
    ("; did you mean 'quick'?", "; did you mean 'n'?", '')
    """
    names = {one.casefold(): one for one in map(str, known)}
    near = difflib.get_close_matches(name.casefold(), names, n=1)
    return f"; did you mean {names[near[0]]!r}?" if near and names[near[0]] != name else ""


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name nearest to a name: one that holds it, else the one most like it; ``None`` of none.

    >>> nearest_name("of t", ["a: exponent of T", "of"]), nearest_name("ratoi", ["exponent", "ratio"])
    ('a: exponent of T', 'ratio')
    """
    names = {one.casefold(): one for one in reversed(list(known))}  # of equal names the first
    wanted = name.strip().casefold()
    holding = [one for one in names if wanted in one]
    near = difflib.get_close_matches(wanted, holding or names, n=1, cutoff=0.0)
    return names[near[0]] if near else None


def unknown_name(what: str, name: str, known: Sequence[str]) -> str:
    """Return a message that a name is unknown, with the known names and the one that was probably meant.

    >>> unknown_name("profile", "quik", ["quick", "full"])
    "profile 'quik': unknown; the profiles are quick, full; did you mean 'quick'?"
    """
    return f"{what} {name!r}: unknown; the {what}s are {', '.join(known) or 'none'}{did_you_mean(name, known)}"


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
