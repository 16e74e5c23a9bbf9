"""Names and messages in sentences: joined, listed, safe to print, and the known name that was probably meant."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Sequence

MOST_CHARACTERS = 160  # of a name: two lines of a terminal; longer ones are cut and end with a digest
DIGEST_CHARACTERS = 8
MOST_LISTED = 20  # names in a message
MOST_MESSAGE = 1500  # characters of a message


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


def list_names(names: Sequence[str]) -> str:
    """Return names for a line that says what is allowed: the first of them, and how many more there are.

    >>> list_names(["n", "m"]), list_names([f"x{i}" for i in range(30)])[-20:]
    ('n, m', 'x18, x19 and 10 more')
    """
    more = len(names) - MOST_LISTED
    return f"{', '.join(map(str, names[:MOST_LISTED]))}{f' and {more} more' if more > 0 else ''}"


def one_line(message: str) -> str:
    """Return a message that may quote anything as one printable line of bounded length."""
    return printable(" ".join(message.split()), MOST_MESSAGE)


def printable(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return a name that can be printed: bounded, with control characters, escapes and lone surrogates spelled out.

    Names that differ still differ afterwards.

    >>> printable("sort"), printable("a\\x1b[31mb"), printable("\\ud800")
    ('sort', 'a\\\\x1b[31mb', '\\\\ud800')
    >>> printable("n" * 1000, most=20)
    'nnnnnnnnnnn…ffab69d9'
    """
    if len(text) > most:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_CHARACTERS]
        return f"{printable(text[: most - DIGEST_CHARACTERS - 1], 10 * most)}…{digest}"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
