"""Cost laws: sums of named terms in the factors, read from text without ever evaluating it as code.

A law such as ``T*H*V + T*H*d + T*H**2`` is a shape. Its coefficients (seconds per unit of each term) come from a fit.
The terms are those written between the top-level plus signs: ``T*(T+1)/2*H**2`` is one term, not two.
"""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bptt_bench.errors import LawError
from bptt_bench.plan.law.algebra import NUMERIC, SMOOTH, evaluate, symbolic
from bptt_bench.plan.law.notation import suggest_name
from bptt_bench.plan.law.parser import names_in, parse_terms, term_text
from bptt_bench.text.arguments import show_value

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True, slots=True)
class Term:
    """One additive term of a law: its text, its parsed form and the factors that occur in it (none in a constant)."""

    text: str
    node: ast.expr
    factors: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "factors", frozenset(names_in(self.node)))

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Term({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Term) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def evaluate(self, point: Mapping[str, ArrayLike]) -> NDArray[np.float64]:
        """Evaluate the term at a point, or at many when the factors are arrays of equal shape.

        Infinite where it is too large for a number, and not a number where it is undefined; NumPy does not warn of it.
        """
        values, shape = _as_arrays(point, self.factors)
        with np.errstate(all="ignore"):
            result = np.asarray(evaluate(self.node, values, NUMERIC), dtype=np.float64)
        return np.broadcast_to(result, shape) if result.shape != shape else result

    def powers(self) -> dict[str, float]:
        """Return what a term multiplies, each with its power; logarithms have the power 0.

        >>> CostLaw("n**2*m*log(n)").terms[0].powers(), CostLaw("(n-k+1)**2/2").terms[0].powers()
        ({'n': 2.0, 'm': 1.0, 'log(n)': 0.0}, {'(n - k + 1)': 2.0})
        """
        found: dict[str, float] = {}
        _collect_powers(self.node, 1.0, found)
        return found

    def times(self, base: str, power: float) -> str:
        """Return the text of the term times a power of one of its ``powers``, or of another factor.

        >>> term = CostLaw("n**2*m").terms[0]
        >>> term.times("n", -1.0), term.times("m", 1.0), term.times("k", 0.5)
        ('n*m', 'n**2*m**2', 'n**2*m*k**0.5')
        >>> CostLaw("(n-k+1)*k").terms[0].times("k", -1.0)
        '1*(n-k+1)'
        """
        gathered = _with_power(self.node, base, power)
        factor = _to_power(ast.parse(base, mode="eval").body, power)
        return term_text(gathered or ast.BinOp(self.node, ast.Mult(), factor))

    def local_exponent(self, factor: str, point: Mapping[str, float]) -> float:
        """Return ∂ log term / ∂ log factor at a point: 1 for ``T`` in ``T*H``, (2T+1)/(T+1) in ``T*(T+1)``.

        0 where the term itself is 0. Steps count by what they grow with on average: 1 for ``n`` in ``ceil(n/64)``.
        """
        if factor not in self.factors or float(self.evaluate(point)) == 0:
            return 0.0
        step = 1e-5  # central difference in log p: error about 1e-10, and min and max need no special rule
        steps = np.array([-step, 0.0, step])
        values = {name: np.full(3, float(point[name])) for name in self.factors}
        values[factor] = values[factor] * np.exp(steps)
        with np.errstate(all="ignore"):
            down, value, up = np.broadcast_to(evaluate(self.node, values, SMOOTH), (3,))
            return float((up - down) / (2 * step * value)) if value else 0.0


def _as_arrays(
    point: Mapping[str, ArrayLike], names: Iterable[str]
) -> tuple[dict[str, NDArray[np.float64]], tuple[int, ...]]:
    """Return the levels of some factors as arrays, and the shape of a value at the point or points."""
    values = {name: np.asarray(point[name], dtype=np.float64) for name in names}
    shapes = {np.shape(point[name]) for name in point}
    return values, shapes.pop() if len(shapes) == 1 else np.broadcast_shapes(*shapes)


@dataclass(frozen=True, slots=True, init=False)
class CostLaw:
    """A cost law: terms with non-negative coefficients that add up to the cost of one evaluation.

    Parameters
    ----------
    text : the law, for example ``"T*H*V + T*H*d + T*H**2"``; allowed are names, numbers, ``+ - * / // % **``, ``log``,
        ``log2``, ``log10``, ``exp``, ``sqrt``, ``abs``, ``floor``, ``ceil``, ``factorial``, ``min``, ``max``, and
        comparisons in brackets, which are 1 or 0; also as people write them: ``"O(n log n)"``.
    signed : whether terms may be negative, as those of a closed form are; of a law to be fitted each adds to the cost.

    Raises
    ------
    LawError : the text holds anything else, or nothing.

    Examples
    --------
    >>> law = CostLaw("T*H*V + T*H**2")
    >>> law
    CostLaw('T*H*V + T*H**2')
    >>> [str(term) for term in law.terms]
    ['T*H*V', 'T*H**2']
    >>> law.evaluate({"T": 2, "H": 3, "V": 5})
    array(48.)
    """

    text: str
    terms: tuple[Term, ...]
    factors: tuple[str, ...] = field(compare=False)

    def __repr__(self) -> str:
        return f"CostLaw({self.text!r})"

    def __init__(self, text: str, *, signed: bool = False) -> None:
        if not isinstance(text, str):
            raise LawError(f"law: must be text such as 'n*log(n)', got {show_value(text)}")
        terms = tuple(dict.fromkeys(_parse(text, signed)))
        object.__setattr__(self, "text", " + ".join(term.text for term in terms))
        object.__setattr__(self, "terms", terms)
        object.__setattr__(self, "factors", tuple(sorted({name for term in terms for name in term.factors})))

    def __str__(self) -> str:
        return self.text

    def expanded(self) -> CostLaw:
        """Return the law with sums of different factors multiplied out, so that each has a coefficient of its own.

        In O((E + V)·log V) nothing says that an edge costs as much as a node.

        >>> CostLaw("(E + V)*log(V)").expanded().text, CostLaw("n*(n+1)/2").expanded().text
        ('E*log(V) + V*log(V)', 'n*(n+1)/2')
        """
        parts = [part for term in self.terms for part in _multiply_out(term.node)]
        texts = [str(term) for term in self.terms] if len(parts) == len(self.terms) else map(ast.unparse, parts)
        return CostLaw(" + ".join(texts))

    def plus(self, *terms: str) -> CostLaw:
        """Return the law with further terms; a term that it has already is kept once."""
        return CostLaw(" + ".join((self.text, *terms)))

    def columns(self, point: Mapping[str, ArrayLike]) -> NDArray[np.float64]:
        """Return the design matrix ``(n_points, n_terms)``: the value of each term at each point.

        Raises
        ------
        LawError : the law names a factor that the points do not have.
        """
        self.require(point)
        # only the factors may decide the shape: a data frame may carry columns of text beside them
        names = self.factors or tuple(point)[:1]
        values, shape = _as_arrays({name: point[name] for name in names}, self.factors)
        table = np.empty((*shape, len(self.terms)))
        with np.errstate(all="ignore"):
            for j, term in enumerate(self.terms):
                table[..., j] = evaluate(term.node, values, NUMERIC)
        return table

    def require(self, names: Sequence[str] | Mapping[str, Any]) -> None:
        """Raise ``LawError`` unless every factor of the law is among the names."""
        unknown = [name for name in self.factors if name not in names]
        if unknown:
            near = suggest_name(unknown[0], [name for name in names if name.isidentifier()])
            hint = f"; did you mean {near}?" if near else ""
            raise LawError(
                f"law {self.text!r}: unknown name {unknown[0]!r}; the factors here are {', '.join(names)}{hint}"
            )

    def evaluate(
        self, point: Mapping[str, ArrayLike], coefficients: Sequence[float] | NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Evaluate the law at one or many points; all coefficients are 1 unless given."""
        weights = np.ones(len(self.terms)) if coefficients is None else np.asarray(coefficients, dtype=np.float64)
        with np.errstate(all="ignore"):  # 0 times what is infinite
            return np.asarray(self.columns(point) @ weights)

    def dominant(self, point: Mapping[str, float], coefficients: Sequence[float] | None = None) -> Term:
        """Return the largest term at a point."""
        weights = np.ones(len(self.terms)) if coefficients is None else np.asarray(coefficients, dtype=np.float64)
        return self.terms[int(np.argmax(self.columns(point) * weights))]

    def local_exponent(
        self, factor: str, point: Mapping[str, float], coefficients: Sequence[float] | None = None
    ) -> float:
        """Return ∂ log cost / ∂ log factor at a point: the mean of the terms' exponents, weighted by their shares.

        NaN where the law is 0.
        """
        weights = np.ones(len(self.terms)) if coefficients is None else np.asarray(coefficients, dtype=np.float64)
        values = self.columns(point) * weights
        exponents = np.array([term.local_exponent(factor, point) for term in self.terms])
        total = float(values.sum())
        return float(values @ exponents) / total if total else math.nan

    def expression(self) -> sympy.Expr:
        """Return the law as a sympy expression in positive symbols."""
        import sympy

        symbols = {name: sympy.Symbol(name, positive=True) for name in self.factors}
        algebra = symbolic()
        return sympy.Add(*(evaluate(term.node, symbols, algebra) for term in self.terms))

    def latex(self) -> str:
        """Return the law as LaTeX, terms in the order in which they were written."""
        import sympy

        algebra = symbolic()
        symbols = {name: sympy.Symbol(name, positive=True) for name in self.factors}
        return " + ".join(sympy.latex(evaluate(term.node, symbols, algebra)) for term in self.terms)


@functools.lru_cache(maxsize=1024)
def _parse(text: str, signed: bool) -> tuple[Term, ...]:
    return tuple(Term(term_text(node), node) for node in parse_terms(text, signed=signed))


def _collect_powers(node: ast.expr, power: float, found: dict[str, float]) -> None:
    """Add what an expression multiplies to the powers found so far; numbers are left out."""
    match node:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            _collect_powers(left, power, found)
            _collect_powers(right, power, found)
        case ast.BinOp(left=left, op=ast.Div() | ast.FloorDiv(), right=ast.Constant()):
            _collect_powers(left, power, found)
        case ast.Call(func=ast.Name(id="floor" | "ceil"), args=[argument]):
            _collect_powers(argument, power, found)
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() | float() as exponent)):
            _collect_powers(left, power * exponent, found)
        case ast.Name(id=name):
            found[name] = found.get(name, 0.0) + power
        case ast.Call() | ast.Compare() | ast.BinOp(op=ast.Mod()):
            text = ast.unparse(node)
            is_growing = isinstance(node, ast.Call) and ast.unparse(node.func) == "exp"
            found.setdefault(text, math.inf if is_growing else 0.0)
        case _ if names_in(node):
            is_exponential = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)
            text = f"({ast.unparse(node)})"
            found[text] = found.get(text, 0.0) + (math.inf if is_exponential else power)


def _with_power(node: ast.expr, base: str, power: float) -> ast.expr | None:
    """Return a product in which a base has a power more; ``None`` if it is not among what is multiplied."""
    match node:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            if (changed := _with_power(left, base, power)) is not None:
                return _product(changed, right)
            changed = _with_power(right, base, power)
            return None if changed is None else _product(left, changed)
        case ast.BinOp(left=left, op=ast.Div() as over, right=ast.Constant() as divisor):
            changed = _with_power(left, base, power)
            return None if changed is None else ast.BinOp(changed, over, divisor)
        case ast.BinOp(left=inner, op=ast.Pow(), right=ast.Constant(value=int() | float() as own)):
            return _to_power(inner, own + power) if _is_base(inner, base) else None
    return _to_power(node, 1 + power) if _is_base(node, base) else None


def _is_base(node: ast.expr, base: str) -> bool:
    return ast.unparse(node) == (base if isinstance(node, ast.Name | ast.Call) else base[1:-1])


def _to_power(node: ast.expr, power: float) -> ast.expr:
    whole = int(power) if float(power).is_integer() else power
    if whole in (0, 1):
        return node if whole else ast.Constant(1)
    return ast.BinOp(node, ast.Pow(), ast.Constant(whole))


def _product(left: ast.expr, right: ast.expr) -> ast.expr:
    """Return a product without factors that are 1."""
    if isinstance(left, ast.Constant) and left.value == 1:
        return right
    return left if isinstance(right, ast.Constant) and right.value == 1 else ast.BinOp(left, ast.Mult(), right)


def _multiply_out(node: ast.expr) -> list[ast.expr]:
    """Return the parts of a product of sums of different factors; the node itself where there is no such sum."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult):
        return [node]
    left, right = (_summands(side) or _multiply_out(side) for side in (node.left, node.right))
    return [ast.BinOp(left=one, op=ast.Mult(), right=other) for one in left for other in right]


def _summands(node: ast.expr) -> list[ast.expr]:
    """Return the terms of a sum, each of which has a factor that no other has; nothing if it is another sum."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Add):
        return []
    terms = [*(_summands(node.left) or [node.left]), *(_summands(node.right) or [node.right])]
    names = [names_in(term) for term in terms]
    is_own = all(own and not own & set().union(*names[:i], *names[i + 1 :]) for i, own in enumerate(names))
    return terms if is_own else []
