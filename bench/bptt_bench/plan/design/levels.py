"""Makes factors from lists of levels, and a design that distinguishes the terms of a law."""

from __future__ import annotations

import difflib
import itertools
import math
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np

from bptt_bench.errors import DesignError
from bptt_bench.plan.design.design import Design, Factor, Level

# With 3 % noise and as much scatter between points, intervals of an exponent were ±0.075 with five levels of a single
# factor over two decades, and ±0.05 with seven. Of two factors a grid of 5 x 5 separated n + m from n·m in 12 of 12
# simulations, with an interval of ±0.011; lines through the middle and corners, ±0.017.
ENOUGH_OF_ONE, ENOUGH_OF_MANY = 5, 4  # levels of a single factor, and of each of several: as they are given
FILLED_OF_ONE, FILLED_OF_MANY = 7, 5  # at least so many are made of fewer
LARGEST_GRID = 36  # points; beyond, lines through the middle and the corners
MOST_CORNERS = 32  # five factors; beyond, the two outermost
MOST_LEVELS = 1000  # of a factor: range(1, 10**6) would be measured for days
EXAMPLE = "such as [1000, 10_000, 100_000]"
SMALL_LEVEL = 100  # below which a factor may be an exponent or a depth


def merge_levels(factors: object, levels: Mapping[str, Any], options: Mapping[str, object]) -> dict[str, Any]:
    """Merge the levels that are given in ``factors`` and by keyword.

    Parameters
    ----------
    options : what else can be given by keyword. A factor that has the name of an option is given in ``factors``.

    Raises
    ------
    DesignError : an option that was given levels, ``factors`` without names, or a factor given twice.
    """
    for name, value in options.items():
        if _are_levels(value):
            raise DesignError(
                f"{name}={_format_values(value)}: is an option, not a factor; a factor of this name is written "
                f"factors={{{name!r}: {_format_values(value)}}}"
            )
    if not isinstance(factors, Mapping | None):
        raise DesignError(f"factors={factors!r}: must be levels by name, such as {{'n': {EXAMPLE[8:]}}}")
    by_name = {unicodedata.normalize("NFKC", str(name)): given for name, given in (factors or {}).items()}
    twice = [name for name in by_name if name in levels]
    if twice:
        raise DesignError(f"factors: {twice[0]!r} is given by keyword as well; give it once")
    return {**by_name, **levels}


def _are_levels(value: object) -> TypeGuard[Collection[Any]]:
    """Return whether a value can only be levels: several numbers, whatever holds them."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Collection):
        return False
    return len(value) > 0 and all(isinstance(one, int | float | np.number) for one in value)


def _format_values(values: Iterable[Any]) -> str:
    first = [repr(one.item() if isinstance(one, np.generic) else one) for one in itertools.islice(values, 5)]
    return f"[{', '.join([*first[:4], '…'] if len(first) > 4 else first)}]"


def read_levels(name: str, given: object, options: Iterable[str]) -> list[Level]:
    """Return the levels of a factor as a list; an iterator is read once.

    Raises
    ------
    DesignError : what cannot be levels (one of the options may have been meant), a single one, or too many.
    """
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        near = difflib.get_close_matches(name, options, n=1)
        hint = f"; did you mean {near[0]}=?" if near else ""
        raise DesignError(
            f"{name}={given!r}: is not an option, and levels of a factor must be several, {EXAMPLE}{hint}"
        )
    levels = list(itertools.islice(given, MOST_LEVELS + 1))
    if len(levels) > MOST_LEVELS:
        raise DesignError(
            f"{name}={_format_values(levels)}: must be at most {MOST_LEVELS} levels; few are enough, {EXAMPLE}, and "
            "others are put between them"
        )
    if len({one if isinstance(one, int | float | np.number) else str(one) for one in levels}) < 2:
        raise DesignError(f"{name}={_format_values(levels)}: must be two different levels or more, {EXAMPLE}")
    return levels


def quoting_hint(levels: Iterable[object]) -> str:
    """Return the hint to write numbers without quotes if all texts are numbers, else an empty text.

    >>> quoting_hint(["1000", "1e5"]), quoting_hint(["a", "1"])
    ('; write numbers without quotes, [1000, 1e5]', '')
    """
    texts = [str(level).strip() for level in levels]
    try:
        numbers = all(math.isfinite(float(text)) for text in texts)
    except ValueError:
        numbers = False
    return f"; write numbers without quotes, [{', '.join(texts)}]" if numbers else ""


def make_factors(levels: Mapping[str, Sequence[Level]]) -> tuple[Factor, ...]:
    """Make a factor for each name: integer for whole numbers, real for others, category for text.

    A number without a fraction is whole, also if written as 1e5.

    Raises
    ------
    DesignError : no factor at all, or levels that are neither numbers above 0 nor text.
    """
    if not levels:
        raise DesignError(f"experiment: has no factor; give each its levels by name, n={EXAMPLE[8:]}")
    kinds = {name: _factor_kind(name, given) for name, given in levels.items()}
    return tuple(
        Factor(
            name=name,
            kind=kinds[name],
            levels=tuple(dict.fromkeys(map(str, given))) if kinds[name] == "category" else (),
        )
        for name, given in levels.items()
    )


def _factor_kind(name: str, levels: Sequence[Level]) -> Any:
    if all(isinstance(level, str) for level in levels):
        return "category"
    factor = Factor(name=name, kind="real")
    try:
        numbers = [float(factor.validate(level)) for level in levels]
    except DesignError as error:
        raise DesignError(f"{error}; or give text at every level") from None
    return "integer" if all(number.is_integer() for number in numbers) else "real"


def make_design(factors: Sequence[Factor], levels: Mapping[str, Sequence[Level]]) -> Design:
    """Make a design: every combination of the levels if these are few, else lines through the middle and corners.

    Fewer than five levels of a single factor, or four of each of several, are too few to distinguish laws:
    others are added between them, evenly in the logarithm.
    Every level of a category is combined with all points.

    Raises
    ------
    DesignError : levels that their factor does not allow, or too close together to add any between them.
    """
    numbers = [factor for factor in factors if factor.kind != "category"]
    if not numbers:
        names = ", ".join(factor.name for factor in factors)
        quoted = next(filter(None, (quoting_hint(levels[factor.name]) for factor in factors)), "")
        raise DesignError(
            f"experiment: has only categories ({names}); a law needs a factor with numbers, n={EXAMPLE[8:]}{quoted}"
        )
    filled = {one.name: _fill_levels(one, levels[one.name], alone=len(numbers) == 1) for one in numbers}
    choices = {
        one.name: list(dict.fromkeys(one.validate(level) for level in levels[one.name]))
        for one in factors
        if one.kind == "category"
    }
    points = _numeric_design(filled)
    chosen = [dict(zip(choices, combination, strict=True)) for combination in itertools.product(*choices.values())]
    return Design.of({**point, **choice} for point in points for choice in chosen).validated(factors)


def levels_between(
    design: Design, factors: Sequence[Factor], given: Mapping[str, Sequence[Level]]
) -> dict[str, tuple[float, ...]]:
    """Return the levels of a design that were not given, by factor; factors without such are left out."""
    found = {}
    for factor in factors:
        asked = {factor.validate(level) for level in given[factor.name]}
        numbers = {level for point in design if not isinstance(level := point[factor.name], str)}
        if added := tuple(sorted(numbers - asked)):
            found[factor.name] = added
    return found


def _numeric_design(levels: Mapping[str, Sequence[float]]) -> Design:
    if math.prod(map(len, levels.values())) <= LARGEST_GRID:
        return Design.grid(levels)
    ends = {name: (values[0], values[-1]) for name, values in levels.items()}
    middle = {name: values[len(values) // 2] for name, values in levels.items()}
    lines = Design.lines(middle, levels)
    if 2 ** len(ends) <= MOST_CORNERS:
        return lines + Design.corners(ends)
    return lines + Design.of({name: pair[i] for name, pair in ends.items()} for i in (0, 1))


def _fill_levels(factor: Factor, given: Sequence[Level], *, alone: bool) -> list[float]:
    """Return the levels in order, with others between them if they are few."""
    values = sorted({_validate_number(factor, level) for level in given})
    enough, wanted = (ENOUGH_OF_ONE, FILLED_OF_ONE) if alone else (ENOUGH_OF_MANY, FILLED_OF_MANY)
    if len(values) >= enough:
        return values
    parts = math.ceil((wanted - 1) / (len(values) - 1)) if len(values) > 1 else 1
    between = set()
    for low, high in itertools.pairwise(values):
        step = high ** (1 / parts) / low ** (1 / parts)
        for level in (low ** (1 - i / parts) * high ** (i / parts) for i in range(1, parts)):
            between.add(
                _validate_number(factor, round(level) if factor.kind == "integer" else _round_level(level, step))
            )
    filled = sorted({*values, *between})
    if len(filled) < enough:
        low, high = filled[0], filled[-1]
        is_small = factor.kind == "integer" and high < SMALL_LEVEL
        example = f"such as {[int(low) + i for i in range(enough)]}" if is_small else EXAMPLE
        raise DesignError(
            f"{factor.name}={list(given)!r}: {len(filled)} levels with all between them; {enough} are needed: give "
            f"levels that lie farther apart, {example}"
        )
    return filled


def _round_level(level: float, step: float) -> float:
    """Round a level to three digits, or to as many as keep it within a hundredth of a step."""
    return float(f"{level:.{max(3, 2 - math.floor(math.log10(step - 1)))}g}")


def _validate_number(factor: Factor, level: Level) -> float:
    value = factor.validate(level)
    assert not isinstance(value, str)
    return value
