"""Parses the text of a law into checked expressions, one for each term, without ever evaluating it as code."""

from __future__ import annotations

import ast
import contextlib
import keyword
import math
import re
from collections.abc import Iterator

import numpy as np

from bptt_bench.errors import LawError
from bptt_bench.plan.law.algebra import BINARY, COMPARISONS, NUMERIC, UNARY, evaluate
from bptt_bench.plan.law.notation import FUNCTIONS, SEVERAL, translate

MAX_LAW_CHARACTERS = 2_000  # a law is a line a person can read; this bounds the parser's work on hostile text
MAX_EXPONENT = 64  # beyond this a power overflows for every size worth measuring
_ARITY = {**dict.fromkeys(FUNCTIONS.values(), 1), **dict.fromkeys(SEVERAL, 2)}  # minima and maxima: two or more
ALLOWED = f"names, numbers, + - * / // % **, comparisons in brackets, {', '.join(_ARITY)}"


def parse_terms(text: str, *, signed: bool = False) -> list[ast.expr]:
    """Return the terms of a law: what stands between its top-level plus signs, checked; ``signed``: also below 0.

    Raises
    ------
    LawError : the text holds anything that a law may not hold, or nothing.
    """
    if not text.strip():
        raise LawError(f"law: {text!r} is empty; allowed are {ALLOWED}")
    if len(text) > MAX_LAW_CHARACTERS:
        raise LawError(f"law: {len(text)} characters; at most {MAX_LAW_CHARACTERS} are allowed")
    body = _tree(text)
    try:
        terms = _addends(body)
        for term in terms:
            _check(term, text)
            if not signed:
                _check_sign(term, text)
    except RecursionError:
        raise LawError(f"law: nested too deeply; allowed are {ALLOWED}") from None
    return terms


def names_in(node: ast.expr) -> set[str]:
    """Return the names of factors in an expression, without those of functions."""
    functions = {id(child.func) for child in ast.walk(node) if isinstance(child, ast.Call)}
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name) and id(child) not in functions}


def term_text(node: ast.expr) -> str:
    """Return the text of a term, which is read as the same term wherever it stands in a law."""
    text = ast.unparse(node).replace(" ", "")
    is_sum = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)
    if is_sum and any(isinstance(part, ast.Sub) for part in ast.walk(node)):
        return f"1*({text})"  # by itself it would be several terms, of which one is subtracted
    return f"({text})" if isinstance(node, ast.Compare) else text


def _tree(text: str) -> ast.expr:
    """Parse the text of a law into a syntax tree, which is not checked yet."""
    try:
        written = translate(text)
    except LawError as error:
        raise LawError(f"law {text!r}: {error}") from None
    except RecursionError:
        written = None
    for attempt in filter(None, (written, text.strip())):  # what is not in anybody's notation is refused as it stands
        body: ast.expr | None = None
        with contextlib.suppress(SyntaxError, ValueError, MemoryError, RecursionError):
            body = ast.parse(attempt, mode="eval").body
        if isinstance(body, ast.Compare) and any(_outside_brackets(attempt)):
            raise LawError(f"law {text!r}: a comparison must be in brackets, such as n*(n >= 64)")
        if body is not None:
            return body
    reserved = next((word for word in re.findall(r"[^\W\d]\w*", text) if keyword.iskeyword(word)), None)
    if reserved is not None:
        raise LawError(f"law {text!r}: {reserved!r} is a word of Python, which no law can name{_rename(reserved)}")
    raise LawError(f"law {text!r}: cannot be read; allowed are {ALLOWED}")


def _rename(name: str) -> str:
    """Return how a column is named that has a name which no law can use, as the end of a message."""
    return f"; a column of this name needs another, such as --rename {name}=m"


def _outside_brackets(text: str) -> Iterator[str]:
    """Yield the signs of comparison that stand outside all brackets."""
    depth = 0
    for sign in re.findall(r"[()<>!=]", text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth == 0 and sign not in "()":
            yield sign


def _addends(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_addends(node.left), *_addends(node.right)]
    return [node]


def _check(node: ast.expr, text: str) -> None:
    """Raise unless the tree holds only what a law may hold."""
    if isinstance(node, ast.Name):
        if node.id in _ARITY:
            raise LawError(f"law {text!r}: {node.id!r} is a function and needs an argument{_rename(node.id)}")
        return
    for part in _parts(node, text):
        _check(part, text)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        _check_power(node.left, node.right, text)
    if not names_in(node) and not math.isfinite(_number(node)):
        raise LawError(f"law {text!r}: {ast.unparse(node)[:60]} is not a finite number")


def _parts(node: ast.expr, text: str) -> list[ast.expr]:
    """Return the expressions that an expression is made of; raise if a law may not hold it."""
    match node:
        case ast.Constant(value=value) if isinstance(value, int | float) and not isinstance(value, bool):
            return []
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            return [left, right]
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in UNARY:
            return [operand]
        case ast.Compare(left=left, ops=tests, comparators=others) if all(type(test) in COMPARISONS for test in tests):
            return [left, *others]
        case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]) if name in _ARITY:
            _check_arity(name, len(parts), text)
            return parts
    raise LawError(f"law {text!r}: {ast.unparse(node)[:60]!r} is not allowed; allowed are {ALLOWED}")


def _number(node: ast.expr) -> float:
    """Return the value of an expression without names."""
    with np.errstate(all="ignore"):
        return float(evaluate(node, {}, NUMERIC))


def _check_arity(name: str, given: int, text: str) -> None:
    """Raise unless a function has as many arguments as it takes."""
    wanted = _ARITY[name]
    if given == wanted or (wanted > 1 and given > wanted):
        return
    takes = "1 argument" if wanted == 1 else f"{wanted} arguments or more"
    hint = "; other bases are written log2 and log10" if name == "log" else ""
    raise LawError(f"law {text!r}: {name} takes {takes}, got {given}{hint}")


def _check_power(base: ast.expr, exponent: ast.expr, text: str) -> None:
    """Raise for powers that are too large to evaluate exactly in symbolic mathematics."""
    if not names_in(exponent) and any(isinstance(child, ast.Pow) for child in ast.walk(exponent)):
        raise LawError(f"law {text!r}: {ast.unparse(exponent)!r}: a power is not allowed as an exponent")
    if not names_in(exponent) and not abs(_number(exponent)) <= MAX_EXPONENT:
        raise LawError(f"law {text!r}: exponent {ast.unparse(exponent)}; at most {MAX_EXPONENT} is allowed")
    if not names_in(base) and not isinstance(base, ast.Constant):
        raise LawError(f"law {text!r}: {ast.unparse(base)!r}: only a plain number or a factor can be raised to a power")


def _check_sign(term: ast.expr, text: str) -> None:
    """Raise for a term that takes away from the cost, or adds nothing: coefficients are never negative."""
    if isinstance(term, ast.BinOp) and isinstance(term.op, ast.Sub):
        raise LawError(f"law {text!r}: terms are added, not subtracted; write n*(n-1), not n**2 - n")
    if _is_negative(term):
        shown = term_text(term)[:60]
        raise LawError(f"law {text!r}: the term {shown} is negative; each term of a cost law adds to the cost")
    if isinstance(term, ast.Constant) and term.value == 0:
        raise LawError(f"law {text!r}: the term {term_text(term)[:60]} is 0; each term of a cost law adds to the cost")


def _is_negative(node: ast.expr) -> bool:
    """Return whether a product has a negative sign: an odd number of minus signs and of negative numbers."""
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return not _is_negative(operand)
        case ast.UnaryOp(operand=operand):
            return _is_negative(operand)
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() | ast.FloorDiv(), right=right):
            return _is_negative(left) != _is_negative(right)
    return not names_in(node) and _number(node) < 0
