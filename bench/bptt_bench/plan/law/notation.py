"""Translates laws as people write them, ``n log n``, ``O(n²)``, ``|V|·|E|``, into the parser's notation.

Text with one meaning is translated; text with two raises an error that names both. Nothing is evaluated: the result is
text, which the parser of laws then reads and checks like any other.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from bptt_bench.errors import LawError

FUNCTIONS = {  # of one argument, which may follow without brackets: as they are written, and as they are parsed
    **dict.fromkeys(("log", "ln"), "log"),
    **dict.fromkeys(("log2", "log_2", "lg", "ld"), "log2"),  # lg: to base 2 in texts on algorithms
    **dict.fromkeys(("log10", "log_10"), "log10"),
    "exp": "exp",
    **dict.fromkeys(("sqrt", "√"), "sqrt"),
    "abs": "abs",
    "floor": "floor",
    **dict.fromkeys(("ceil", "ceiling"), "ceil"),
    "factorial": "factorial",
}
SEVERAL = ("min", "max")  # functions of several arguments, which are always in brackets
BOUNDS = ("O", "Θ", "θ")  # around a law they say what `bound` says; the law is what they hold
SIGNS = str.maketrans(
    {"·": "*", "⋅": "*", "∙": "*", "×": "*", "∗": "*", "÷": "/", "∕": "/", "−": "-", "–": "-"}
    | {"≤": "<=", "≥": ">=", "≠": "!="}
)
DIVISIONS = ("/", "//", "%")
ROUNDED = {"⌊": ("floor", "⌋"), "⌈": ("ceil", "⌉")}  # the function and the closing bracket
CLOSING = (")", *(closing for _, closing in ROUNDED.values()))
RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱᵃᵇᶜᵈᵉᶠᵍʰʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻ"
TOKEN = re.compile(
    rf"(?P<blank>\s+)|(?P<raised>[{RAISED}]+(?:·[{RAISED}]+)*)|(?P<number>(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    rf"|(?P<name>[^\W\d{RAISED}][^\W{RAISED}]*)|(?P<sign>\*\*|//|[<>=!]=|[-^+*/%<>≤≥≠(),|√!·⋅∙×∗÷∕−–⌊⌋⌈⌉])"
)


class Token(NamedTuple):
    """A piece of text, its kind, and whether blanks stand before it."""

    kind: str
    text: str
    apart: bool


class Operand(NamedTuple):
    """What is multiplied, as the parser reads it, and what may make its end ambiguous.

    ``bare``: the argument of a function that has no brackets. ``power``: ends with a plain exponent after ``^``.
    ``root``: the function is ``√``, which takes no more than what stands next to it.
    """

    text: str
    bare: str = ""
    power: bool = False
    root: bool = False


def translate(text: str) -> str | None:
    """Translate the text of a law into the parser's notation; None if it holds what no law holds.

    Raises
    ------
    LawError : it can be read in two ways, or says what is not a law; the message says what to write.

    >>> [translate(text) for text in ("n log n", "O(n² + |V|·|E|)", "T(T+1)/2 √H", "lg² n", "n¹·⁵")]
    ['n*log(n)', '(n**(2)+V*E)', 'T*(T+1)/2*sqrt(H)', 'log2(n)**(2)', 'n**(1.5)']
    """
    tokens = _tokens(text)
    if tokens is None:
        return None
    reader = _Reader(tokens)
    written = reader.expression()
    return written if reader.at_end else None


def suggest_name(name: str, known: Collection[str]) -> str:
    """Return what an unknown name was probably meant to be; empty if no known name is near.

    >>> [suggest_name(name, ["n", "m"]) for name in ("nlogn", "N", "nm", "q")]
    ['n*log(n)', 'n', 'n*m', '']
    """
    alike = [one for one in known if one.casefold() == name.casefold()]
    if alike or not known:
        return alike[0] if alike else ""
    pieces = sorted({*known, *(word for word in FUNCTIONS if word.isascii())}, key=len, reverse=True)
    parts = re.findall("|".join(map(re.escape, pieces)), name)
    if len(parts) > 1 and "".join(parts) == name and parts[-1] in known:
        return translate(" ".join(parts)) or ""
    return next(iter(difflib.get_close_matches(name, known, n=1)), "")


def _tokens(text: str) -> list[Token] | None:
    tokens, apart, end = [], False, 0
    while end < len(text):
        found = TOKEN.match(text, end)
        if found is None:
            return None
        end, kind = found.end(), str(found.lastgroup)
        if kind != "blank":
            piece = found[0]
            written = piece.replace("·", ".") if kind == "raised" else piece.translate(SIGNS)
            tokens.append(Token(kind, unicodedata.normalize("NFKC", written).replace("−", "-"), apart))
        apart = kind == "blank"
    return tokens


@dataclass(slots=True)
class _Reader:
    """Reads tokens from left to right and writes out what stands between them: products and brackets."""

    tokens: list[Token]
    at: int = field(default=0)

    @property
    def at_end(self) -> bool:
        return self.at == len(self.tokens)

    @property
    def next(self) -> Token:
        return Token("end", "", apart=False) if self.at_end else self.tokens[self.at]

    def take(self) -> Token:
        if self.at_end:
            raise LawError(f"ends after {self.tokens[-1].text!r}; a number, a factor or a bracket must follow")
        token = self.next
        self.at += 1
        return token

    def expression(self) -> str:
        """Read operands and signs up to a closing bracket or the end."""
        written, divided = "", ""
        while not self.at_end and self.next.text not in CLOSING and (self.next.text != "|" or self.begins_bars()):
            if not self.begins_operand():
                divided = f"{written}{self.next.text}" if self.next.text in DIVISIONS else ""
                written += self.take().text.replace("^", "**")
                continue
            operand = self.operand()
            while self.begins_operand():
                self.refuse_two_readings(operand, divided)
                further = self.operand()
                operand = further._replace(text=f"{operand.text}*{further.text}")
            sign = self.next.text
            if operand.bare and not operand.root and sign in DIVISIONS and self.at + 1 < len(self.tokens):
                outer, under = operand.text.removesuffix(f"({operand.bare})"), self.tokens[self.at + 1].text
                raise _ambiguous(f"{operand.text}{sign}{under}", f"{outer}({operand.bare}{sign}{under})")
            written, divided = written + operand.text, ""
        return written

    def begins_operand(self) -> bool:
        return self.next.kind in ("number", "name") or self.next.text in ("(", "√", *ROUNDED) or self.begins_bars()

    def begins_bars(self) -> bool:
        following = self.tokens[self.at : self.at + 3]
        return [one.text for one in following[::2]] == ["|", "|"] and following[1].kind == "name"

    def begins_function(self) -> bool:
        return self.next.text.lower() in FUNCTIONS

    def refuse_two_readings(self, before: Operand, divided: str) -> None:
        """Raise where a product without a sign between its parts can be read in two ways."""
        upcoming = self.next
        if before.bare and not self.begins_function() and not (before.root and upcoming.apart):
            outer = before.text.removesuffix(f"({before.bare})")
            raise _ambiguous(f"{before.text}*{upcoming.text}", f"{outer}({before.bare}*{upcoming.text})")
        if before.power and not upcoming.apart and upcoming.text != "(" and not self.begins_function():
            base, _, exponent = before.text.rpartition("**")
            raise _ambiguous(f"{before.text}*{upcoming.text}", f"{base}**({exponent}*{upcoming.text})")
        if divided and not (before.text.isdigit() and upcoming.apart):
            raise _ambiguous(f"{divided}{before.text}*{upcoming.text}", f"{divided}({before.text}*{upcoming.text})")

    def operand(self) -> Operand:
        """Read a number, a name, brackets or a function, with its power."""
        found = self.function() if self.begins_function() else Operand(self.atom())
        return self.raised(found)

    def raised(self, found: Operand) -> Operand:
        while True:
            if self.next.text == "!":
                self.take()
                found = Operand(f"factorial({found.text})")
            elif self.next.kind == "raised":
                self.refuse_power_of_argument(found)
                found = Operand(f"{found.text}**({self.take().text})")
            elif self.next.text in ("^", "**"):
                self.refuse_power_of_argument(found)
                caret = self.take().text == "^"
                exponent = self.exponent()
                if caret:
                    self.refuse_fraction(found.text, exponent)
                found = Operand(f"{found.text}**{exponent}", power=caret and not exponent.endswith(")"))
            else:
                return found

    def exponent(self) -> str:
        sign = self.take().text if self.next.text in ("-", "+") else ""
        inner = self.function().text if self.begins_function() else self.atom()
        return f"{sign}{inner}"

    def refuse_power_of_argument(self, found: Operand) -> None:
        if found.bare:
            outer = found.text.removesuffix(f"({found.bare})")
            power = (
                self.next.text
                if self.next.kind == "raised"
                else "".join(one.text for one in self.tokens[self.at + 1 :][:1])
            )
            raise _ambiguous(f"{found.text}**{power}", f"{outer}({found.bare}**{power})")

    def refuse_fraction(self, base: str, exponent: str) -> None:
        """Raise at ``n^1/2``, which most write for the root and Python reads as a half of n."""
        following = [one.text for one in self.tokens[self.at : self.at + 2]]
        if exponent.isdigit() and len(following) == 2 and following[0] == "/" and following[1].isdigit():
            over, under = int(exponent), int(following[1])
            if under > 1 and math.gcd(over, under) == 1:
                raise _ambiguous(f"{base}**({over}/{under})", f"{base}**{over}/{under}")

    def function(self) -> Operand:
        """Read a function with its argument, which may lack brackets, and its power."""
        word = self.take().text.lower()
        name, power = FUNCTIONS[word], ""
        if self.next.kind == "raised":
            power = f"**({self.take().text})"
        elif self.next.text in ("^", "**") and [one.kind for one in self.tokens[self.at + 1 :][:1]] == ["number"]:
            self.take()
            power = f"**{self.take().text}"
        if not self.begins_operand():  # a factor that is called like a function
            return Operand(f"{word}{power}")
        if self.next.text == "(":
            return Operand(f"{name}{self.group()}{power}")
        inner = self.function().text if self.begins_function() else self.atom()
        return Operand(f"{name}({inner}){power}", bare="" if power else inner, root=word == "√")

    def atom(self) -> str:
        if self.begins_bars():
            self.take()
            name = self.take().text
            self.take()
            return name
        if self.next.text == "(":
            return self.group()
        if self.next.text in ROUNDED:
            return self.rounded()
        token = self.take()
        if token.kind == "name" and self.next.text == "(" and not self.next.apart:
            return self.called(token.text)
        return token.text

    def called(self, name: str) -> str:
        """Read a name before a bracket: a bound, a product such as ``n(n-1)``, or a call."""
        if name in BOUNDS:
            return self.group()
        if name in ("Ω", "ω"):
            raise LawError(f"{name}(…) bounds the cost from below; write the law alone, and bound='lower'")
        joined = re.fullmatch(r"([^\W\d])(log2|log10|log|lg|ln|exp|sqrt)", name)
        if joined:
            raise LawError(f"{name!r} is one word; write {joined[1]}*{FUNCTIONS[joined[2]]}{self.group()}")
        product = "*" if len(name) == 1 or name[1:].isdigit() else ""
        return f"{name}{product}{self.group()}"

    def group(self) -> str:
        self.take()
        inner = self.expression()
        closed = self.take().text if not self.at_end else ""
        return f"({inner}{closed}"

    def rounded(self) -> str:
        """Read what stands in the brackets of rounding, ``⌊n/2⌋``."""
        function, closing = ROUNDED[self.take().text]
        inner = self.expression()
        if self.at_end or self.take().text != closing:
            raise LawError(f"the bracket of {function}({inner} is not closed by {closing}")
        return f"{function}({inner})"


def _ambiguous(one: str, other: str) -> LawError:
    return LawError(f"can be read as {one} or as {other}; write the one that is meant")
