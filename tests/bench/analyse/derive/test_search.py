"""Exact laws are recovered from counts alone; what is in no family, or changes somewhere, is never called a law."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import isqrt

import pytest
from bptt_bench.analyse.derive.atoms import ceil_log2
from bptt_bench.analyse.derive.sampling import Counted, Limits, Sampler, spread_base
from bptt_bench.analyse.derive.search import CONFIRMATIONS, Derived, Obstacle, Search

Form = Callable[..., int | None]
COMPONENT = ("", "steps")


def sampler_of(form: Form, *, names: str, seconds: float = 0.001, largest: int = 1 << 16) -> Sampler:
    """A sampler of a closed form; sizes at which it is None cannot be evaluated."""

    def count(sizes: Mapping[str, int], number: int) -> Counted:
        value = form(**sizes)
        if value is None:
            return Counted(counts=None, seconds=seconds, failure="ValueError: not such sizes")
        return Counted(counts={COMPONENT: value}, seconds=seconds)

    least = tuple(1 for _ in names)
    return Sampler(
        count=count,
        names=tuple(names),
        least=least,
        base=spread_base(least, list(reversed(range(len(names))))),
        limits=Limits(seconds=100.0, seconds_per_evaluation=1.0, largest=largest),
    )


def derived(form: Form, *, names: str, largest: int = 1 << 16) -> Derived:
    sampler = sampler_of(form, names=names, largest=largest)
    assert sampler.find_base([])
    (found,) = Search(sampler).run()
    return found


def passes(T: int, k1: int = 16, k2: int = 32) -> int:
    return sum(min(start, T, k2) for start in range(k1, T + k1, k1))


def segmented(T: int) -> int:
    length = isqrt(T - 1) + 1
    return T + (T - 1) // length * (length - 1)


def classes(V: int) -> tuple[int, int]:
    words = isqrt(V - 1) + 1
    return words, -(-V // words)


LAWS: dict[str, tuple[str, Form]] = {
    "a constant": ("nm", lambda n, m: 5),
    "a polynomial with fractions": ("n", lambda n: (n - 1) * n * (2 * n - 1) // 6),
    "four factors": ("VdHT", lambda V, d, H, T: 2 * T * H * V + T * (T + 1) * (H * d + H * H)),
    "six factors": ("abcdef", lambda a, b, c, d, e, f: a * b * c + d * e**2 + f + a * f),
    "tiles": ("nm", lambda n, m: -(-n // 32) * -(-m // 32) * m),
    "large tiles": ("VHT", lambda V, H, T: 2 * T * V + -(-V // 1024) * T * (H + 2) - T),
    "small tiles": ("nm", lambda n, m: -(-n // 7) * m + n),
    "truncated passes": ("HT", lambda H, T: (T + 2 * passes(T)) * H * H),
    "all of it for each tile": ("n", lambda n: n * n * -(-n // 16)),
    "segments of the root": ("HT", lambda H, T: 3 * T * H + (segmented(T) + 2 * T) * H * H),
    "classes of the root": ("VT", lambda V, T: T * sum(classes(V)) + T * classes(V)[0]),
    "a binary search": ("nm", lambda n, m: m * ceil_log2(n + 1) + 3),
    "a sort": ("n", lambda n: n * ceil_log2(n)),
    "padding to a power of two": ("n", lambda n: 3 * 2 ** ceil_log2(2 * n - 1) * ceil_log2(2 * n - 1) + n),
    "padding of a sum": ("nm", lambda n, m: 2 ** ceil_log2(n + m - 1) * ceil_log2(n + m - 1)),
    "a minimum of two factors": ("nmk", lambda n, m, k: min(n, m) ** 2 * k + n * m),
    "a clipped difference": ("nk", lambda n, k: max(n - k + 1, 0) * k),
    "an exception at 1": ("n", lambda n: 7 if n == 1 else n * n + 2),
    "a change at 50": ("n", lambda n: n if n < 50 else n * n),
    "a period of two": ("n", lambda n: n * n // 2),
    "a period of three": ("n", lambda n: n * (n % 3)),
    "sizes that are powers of two alone": ("nb", lambda n, b: b * n * ceil_log2(n) if n & (n - 1) == 0 else None),
    "seven to the logarithm": ("nb", lambda n, b: b * 7 ** ceil_log2(n) if n & (n - 1) == 0 and n < 5000 else None),
    "one factor not above another": ("nkd", lambda n, k, d: 3 * n * k * d + k * d if k <= n else None),
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_found_and_holds_far_beyond_the_sizes_that_were_counted(name: str) -> None:
    names, form = LAWS[name]
    found = derived(form, names=names)
    assert found.law is not None, found
    assert found.confirmed_at >= CONFIRMATIONS
    rng = random.Random(5)
    for _ in range(200):
        sizes = {factor: rng.randint(1, 3000) for factor in names}
        if found.powers_of_two:
            sizes.update({factor: 1 << rng.randint(0, 11) for factor in found.powers_of_two})
        expected = form(**sizes)
        if expected is not None:
            assert found.law.at(sizes) == expected, (sizes, str(found.law))


def changed_at(places: Callable[[int], bool]) -> Form:
    return lambda n: n * n + (n if places(n) else 0)


def collatz(n: int) -> int:
    return 0 if n == 1 else 1 + collatz(3 * n + 1 if n % 2 else n // 2)


NO_LAWS: dict[str, tuple[str, Form]] = {
    "primes": ("n", changed_at(lambda n: n > 1 and all(n % q for q in range(2, isqrt(n) + 1)))),
    "powers of two alone differ": ("n", changed_at(lambda n: n & (n - 1) == 0)),
    "squares and products of a power": ("nm", lambda n, m: (n.bit_length() + n.bit_count() - 1) * m),
    "steps of Collatz": ("n", collatz),
    "the bits of a size": ("n", lambda n: n.bit_count()),
    "the number of divisors": ("n", lambda n: sum(n // i for i in range(1, min(n, 300) + 1))),
    "a threshold of a product": ("nm", lambda n, m: n * m if n * m < 4096 else 2 * n * m),
    "a random count": ("n", lambda n: random.Random(n).randint(0, n)),
    "greatest common divisors": ("nm", lambda n, m: __import__("math").gcd(n, m)),
}


@pytest.mark.parametrize("name", NO_LAWS)
def test_what_is_no_law_of_the_families_is_not_called_one(name: str) -> None:
    names, form = NO_LAWS[name]
    found = derived(form, names=names, largest=4096)
    if found.law is None:
        assert found.obstacle in (Obstacle.NO_EXPRESSION, Obstacle.FEW_SIZES)
        return
    raise AssertionError(f"{name}: {found.law}")


def test_a_change_at_any_size_that_is_reached_is_seen() -> None:
    for place in (2, 14, 15, 50, 129, 777):
        found = derived(lambda n, place=place: 3 * n + (n if n >= place else 0), names="n", largest=4096)
        if found.law is not None:
            assert [found.law.at({"n": n}) for n in range(1, 4000)] == [
                3 * n + (n if n >= place else 0) for n in range(1, 4000)
            ]


def test_exponential_counts_have_too_few_sizes_to_be_confirmed() -> None:
    found = derived(lambda n: 2**n - 1 if n < 20 else None, names="n")
    assert found.law is None
    assert found.obstacle is Obstacle.FEW_SIZES
    assert found.nearest is not None
    assert str(found.nearest.law) == "2**n - 1"
    assert found.nearest.holds_at == found.nearest.of == 19


def test_the_nearest_expression_says_where_it_fails_first_and_by_how_much() -> None:
    found = derived(lambda n, m: n * m if n * m < 4096 else 2 * n * m, names="nm", largest=4096)
    assert found.nearest is not None
    assert str(found.nearest.law) == "m*n"
    assert found.nearest.deviation == 0.5
    at = found.nearest.first_failure
    assert at["n"] * at["m"] >= 4096


def test_inputs_that_count_differently_are_data_and_have_no_law() -> None:
    sampler = sampler_of(lambda n: n, names="n")
    rng = random.Random(3)
    sampler.count = lambda sizes, number: Counted(
        counts={COMPONENT: sizes["n"] + rng.randint(0, sizes["n"])}, seconds=0.001
    )
    assert sampler.find_base([])
    (found,) = Search(sampler).run()
    assert (found.law, found.obstacle) == (None, Obstacle.DATA)
    assert found.differs_at is not None


def test_a_count_that_a_further_evaluation_changes_has_no_law() -> None:
    sampler = sampler_of(lambda n: n, names="n")
    sampler.count = lambda sizes, number: Counted(counts={COMPONENT: sizes["n"]}, seconds=0.001, again=sizes["n"] != 9)
    assert sampler.find_base([])
    (found,) = Search(sampler).run()
    assert (found.law, found.obstacle, found.differs_at) == (None, Obstacle.STATE, {"n": 9})


def test_a_spent_budget_is_named() -> None:
    sampler = sampler_of(lambda n, m: n * m + isqrt(n), names="nm", seconds=10.0)
    assert sampler.find_base([])
    (found,) = Search(sampler).run()
    assert (found.law, found.obstacle) == (None, Obstacle.BUDGET)


def test_determining_sizes_are_as_many_as_terms_need() -> None:
    found = derived(lambda n: n * n, names="n")
    assert found.law is not None
    assert found.law.terms == {(("n", 2),): Fraction(1)}
    assert found.determined_by == 1
