"""Families of functions of one factor, in which a count along a line is sought: the simplest first.

A family is a sequence of monomials in atoms of one factor. A count is in the family if it is their rational combination
at every measured size; columns that come first are preferred.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from bptt_bench.analyse.derive.atoms import Argument, Atom
from bptt_bench.analyse.derive.exact_law import ONE, Monomial, monomial, product

HIGHEST_DEGREE = 6  # of a polynomial in one factor
SMALL_TILES = range(2, 13)
SMALL_THRESHOLDS = (1, 2, 3, 4)

Family = tuple[Monomial, ...]


def powers(atom: Argument, highest: int) -> Family:
    """Return 1 and the powers of an atom, up to the highest."""
    return (ONE, *(monomial([(atom, power)]) for power in range(1, highest + 1)))


def polynomials(name: str, highest: int = HIGHEST_DEGREE) -> Family:
    """Return the powers of a factor."""
    return powers(name, highest)


def total_degree(symbols: Sequence[Argument], highest: int) -> Family:
    """Return all monomials in some atoms up to a total degree, by degree, with the first atoms first."""
    every = itertools.product(range(highest + 1), repeat=len(symbols))
    ordered = sorted((sum(powers), tuple(-power for power in powers), powers) for powers in every)
    return tuple(monomial(zip(symbols, powers, strict=True)) for degree, _, powers in ordered if degree <= highest)


def thresholds(name: str, places: Sequence[int], degree: int = 3) -> Family:
    """Return polynomials that may change at some sizes: powers of minima, then jumps, each with its own polynomial."""
    continuous = [monomial([(Atom("min", (name, place)), power)]) for power in (1, 2, 3) for place in places]
    jumps = [
        monomial([(Atom("above", (name, place)), 1), (name, power)]) for power in range(degree + 1) for place in places
    ]
    return (*polynomials(name, degree), *continuous, *jumps)


def tiles(name: str, size: int, degree: int = 2) -> Iterator[Family]:
    """Yield families of work that is cut into tiles of a size: whole ones, or all of them."""
    minima = [monomial([(Atom("min", (name, times * size)), 1)]) for times in (1, 2, 3)]
    for quotient in (Atom("ceil_quotient", (name, size)), Atom("floor_quotient", (name, size))):
        few = [monomial([(Atom("min", (quotient, most)), 1)]) for most in (1, 2, 3)]
        yield (*total_degree((name, quotient), degree), *few, *minima)
    for shift in range(1, min(size - 1, 8)):
        shifted = Atom("floor_quotient", (Atom("plus", (name, shift)), size))
        yield total_degree((name, shifted), degree)


def periodic(name: str, size: int, degree: int) -> Family:
    """Return polynomials whose coefficients have a period, as polynomials in the factor and its quotient."""
    return total_degree((name, Atom("floor_quotient", (name, size))), degree)


def roots(name: str) -> Iterator[Family]:
    """Yield families of work in segments of about the root: the length of a segment and their number."""
    for root in ("ceil_root", "floor_root"):
        length = Atom(root, (name,))
        for number in (
            Atom("floor_quotient", (Atom("minus", (name, 1)), length)),
            Atom("ceil_quotient", (name, length)),
            Atom("floor_quotient", (name, length)),
        ):
            yield total_degree((name, length, number), 2)
        yield total_degree((name, length), 3)


def logarithms(name: str) -> Iterator[Family]:
    """Yield families with binary logarithms: rounded down or up, and the power of two there."""
    for rounded in (
        Atom("floor_log2", (name,)),
        Atom("ceil_log2", (name,)),
        Atom("ceil_log2", (Atom("plus", (name, 1)),)),
    ):
        power = Atom("power", (2, rounded))
        yield total_degree((name, rounded), 2)
        yield total_degree((name, rounded), 3)
        low = (ONE, monomial([(name, 1)]), monomial([(name, 2)]))
        scaled = [monomial([(rounded, i), (power, j)]) for j in (1, 2, 3) for i in (0, 1, 2)]
        yield (*low, *powers(rounded, 2)[1:], monomial([(name, 1), (rounded, 1)]), *scaled)


def exponentials(name: str) -> Iterator[Family]:
    """Yield families that grow by a factor at each step: powers of two and three, numbers of Fibonacci, factorials."""
    low = (ONE, *polynomials(name, 2)[1:])
    two = Atom("power", (2, name))
    yield (*low, *(monomial([(two, 1), (name, i)]) for i in (0, 1, 2)))
    yield (*low, monomial([(Atom("power", (3, name)), 1)]), monomial([(two, 1)]))
    yield (*low, *(monomial([(Atom("fibonacci", (a,)), 1)]) for a in (name, Atom("plus", (name, 1)))))
    factorial = Atom("factorial", (name,))
    yield (*low, *(monomial([(factorial, 1), (name, i)]) for i in (0, 1)))


def at_powers_of_two(name: str) -> Iterator[Family]:
    """Yield families for sizes that are powers of two: with the logarithm, and with other bases to its power."""
    log = Atom("log2", (name,))
    yield total_degree((name, log), 2)
    yield total_degree((name, log), 3)
    three, seven = (Atom("power", (base, log)) for base in (3, 7))
    yield (*total_degree((name, log), 2), monomial([(three, 1)]), monomial([(seven, 1)]))


def beyond_polynomials(name: str) -> Iterator[Family]:
    """Yield the families in which a count is sought where it is not a polynomial even at small sizes."""
    for place in SMALL_THRESHOLDS:
        yield thresholds(name, [place], 4)
    yield from (with_first(family, name) for family in _whole_lines(name))


def with_first(family: Family, name: str) -> Family:
    """Return a family whose functions may differ by a constant at size 1, where much begins."""
    return (*family, monomial([(Atom("above", (name, 1)), 1)]))


def _whole_lines(name: str) -> Iterator[Family]:
    for size in SMALL_TILES:
        for family in tiles(name, size):
            yield family
            break
    for size in SMALL_TILES:
        yield from itertools.islice(tiles(name, size), 1, None)
    yield periodic(name, 2, 4)
    for size in (3, 4, 5):
        yield periodic(name, size, size)
    yield from roots(name)
    yield from logarithms(name)
    yield from exponentials(name)


def at_breakpoint(name: str, first: int) -> Iterator[Family]:
    """Yield families for a count that leaves a polynomial at a size: thresholds and tiles there."""
    yield thresholds(name, [first - 1])
    for size in (first - 1, first):
        if size > 1:
            yield from itertools.islice(tiles(name, size), 2)
    for size in (first - 1, first):
        if size > 1:
            yield from itertools.islice(tiles(name, size), 2, None)
    yield thresholds(name, [first - 1, 2 * (first - 1)])
    for size in (first - 1, first):
        if size > 1:
            yield from itertools.islice(tiles(name, size, 3), 2)


def minima(one: str, other: str) -> Iterator[tuple[Argument, ...]]:
    """Yield the minimum of two factors, also with one of them larger by one, and which of them is larger."""
    yield (Atom("min", (one, other)),)
    yield (Atom("min", (Atom("plus", (one, 1)), other)),)
    yield (Atom("min", (one, Atom("plus", (other, 1)))),)
    yield (Atom("min", (one, other)), Atom("above", (one, other)))


def logarithms_of_sums(one: str, other: str) -> Iterator[tuple[Argument, ...]]:
    """Yield binary logarithms of the sum of two factors, with the power of two there."""
    both = Atom("plus", (one, other))
    for total in (Atom("minus", (both, 1)), both, Atom("plus", (both, 1))):
        log = Atom("ceil_log2", (total,))
        yield (log, Atom("power", (2, log)))


def with_atoms(basis: Sequence[Monomial], atoms: Sequence[Argument]) -> list[Monomial]:
    """Return products of further atoms with columns, up to the degree of the columns, and of these atoms alone."""
    highest = max(1, *(sum(power for _, power in column) for column in basis))
    found = [
        product(monomial(zip(atoms, exponents, strict=True)), column)
        for exponents in itertools.product(range(3), repeat=len(atoms))
        if any(exponents)
        for column in basis
        if sum(exponents) + sum(each for _, each in column) <= max(highest, len(atoms))
    ]
    return list(dict.fromkeys(found))


def closed(support: Iterable[Monomial], name: str) -> tuple[Monomial, ...]:
    """Return monomials with all lower powers of each, simplest first."""
    found: dict[Monomial, None] = {ONE: None}
    for one in support:
        ranges = [range(power + 1) for _, power in one]
        for exponents in itertools.product(*ranges):
            found[monomial((atom, power) for (atom, _), power in zip(one, exponents, strict=True))] = None
    return tuple(sorted(found, key=lambda one: (sum(power for _, power in one), str(one) if name else "")))
