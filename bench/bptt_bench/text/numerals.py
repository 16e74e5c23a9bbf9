"""Numbers as people write them: decimal commas, separated thousands, letters for multiples, and powers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bptt_bench.errors import StoreError

MULTIPLES = {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
BINARY = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
FEWEST_BINARY = 3  # levels that are powers of two, times K or M: fewer may be so by chance
LONG = 4  # digits of a number in which some write a mark between thousands
HALF = 0.5  # the mantissa of every power of two
MULTIPLE = re.compile(r"([+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})) ?([kKMGT])(i?)[bB]?")
EXPONENT = r"(?:[eE][+-]?[0-9]{1,3})?"
GROUPED = re.compile(rf"[+-]?[1-9][0-9]{{0,2}}(?:,[0-9]{{3}}){{1,6}}(?:\.[0-9]{{0,40}})?{EXPONENT}")
DECIMAL_COMMA = re.compile(rf"[+-]?(?:[0-9]{{0,18}}|[1-9][0-9]{{0,2}}(?:\.[0-9]{{3}}){{1,6}}),[0-9]{{1,40}}{EXPONENT}")
GROUPED_BY_POINT = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")
POINT_GROUPS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3}){1,6}")  # thousands, beside decimal commas
POWER = re.compile(r"([1-9][0-9]{0,17}) ?(?:\*\*|\^) ?([+-]?[0-9]{1,3})")
POINT = re.compile(rf"[+-]?[0-9]{{0,18}}\.[0-9]{{1,40}}{EXPONENT}")


def find_decimal_mark(path: Path, cells: Iterable[str], *, is_decimal_allowed: bool = True) -> str:
    """Return whether commas in numbers are decimal marks or stand between thousands, from all cells of a table.

    Beside commas that must be decimal, points stand between thousands, if three digits follow each of them. Where
    ``is_decimal_allowed`` is false, as between commas, entries with a comma that must be decimal are text.

    Raises
    ------
    StoreError : some must be the one, some the other; or neither is certain.

    >>> find_decimal_mark(Path(), ["0,5", "1,250"]), find_decimal_mark(Path(), ["1,000", "0.5"])
    (',', '.')
    >>> find_decimal_mark(Path(), ["1.000", "1,5"])
    ','
    """
    every = list(cells)
    commas = [cell for cell in every if "," in cell and (is_decimal_allowed or not _has_decimal_comma(cell))]
    grouped = [cell for cell in commas if GROUPED.fullmatch(cell)]
    surely_grouped = next((cell for cell in grouped if DECIMAL_COMMA.fullmatch(cell) is None), None)
    surely_decimal = next(filter(_has_decimal_comma, commas), None)
    if not grouped and surely_decimal is None:
        return "."
    is_point = any(POINT.fullmatch(cell) and GROUPED_BY_POINT.fullmatch(cell) is None for cell in every)
    if surely_decimal is not None:
        pointed = next(filter(GROUPED_BY_POINT.fullmatch, every), None)
        other = surely_grouped or (pointed if is_point else None)
        if other is not None:
            raise StoreError(f"{path}: must have one kind of decimal mark, got {surely_decimal!r} and {other!r}")
        return ","
    if surely_grouped is not None or is_point:
        return "."
    raise StoreError(
        f"{path}: holds {grouped[0]!r}, which may be a thousand or have a decimal comma; write numbers without a comma"
    )


def _has_decimal_comma(cell: str) -> bool:
    """Return whether a number has a comma that cannot stand between thousands."""
    return DECIMAL_COMMA.fullmatch(cell) is not None and GROUPED.fullmatch(cell) is None


def decimal_point_notes(path: Path, columns: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a note where nothing shows whether points are decimal or separate thousands.

    Raises
    ------
    StoreError : a column has whole numbers without a point, too, so that either may be meant.

    >>> decimal_point_notes(Path(), {"t": ["1.413", "2.826"]})
    ["column 't': numbers such as '1.413' are read as 1.413, with a decimal point, not as thousands"]
    """
    if any(POINT.fullmatch(cell) and not GROUPED_BY_POINT.fullmatch(cell) for of in columns.values() for cell in of):
        return []
    notes = []
    for name, cells in columns.items():
        pointed = next(filter(GROUPED_BY_POINT.fullmatch, cells), None)
        whole = next((cell for cell in cells if cell.isascii() and cell.isdigit()), None)
        if pointed is not None and whole is not None:
            raise StoreError(
                f"{path}, column {name!r}: holds {pointed!r} beside {whole!r}, which may be a thousand or have a "
                "decimal point; write thousands without a point"
            )
        if pointed is not None:
            notes.append(
                f"column {name!r}: numbers such as {pointed!r} are read as {float(pointed):.12g}, with a decimal "
                "point, not as thousands"
            )
    return notes


def require_thousands(path: Path, columns: Mapping[str, Sequence[str]]) -> None:
    """See that a column whose points separate thousands has no thousand without one.

    Raises
    ------
    StoreError : it has, so that its points may be decimal.
    """
    for name, cells in columns.items():
        pointed = next(filter(POINT_GROUPS.fullmatch, cells), None)
        long = next((cell for cell in cells if cell.isascii() and cell.isdigit() and len(cell) >= LONG), None)
        if pointed is not None and long is not None:
            raise StoreError(
                f"{path}, column {name!r}: holds {pointed!r} beside {long!r}, which may be a thousand or have a "
                "decimal point; write thousands without a point"
            )


def parse_numeral(cell: str, mark: str = ".") -> float | None:
    """Return a number with a decimal comma, separated thousands, or a letter for a multiple.

    ``mark`` is that of decimals; beside decimal commas, points stand between thousands.

    >>> [parse_numeral(text) for text in ("1,000", "2K", "1.5 MiB", "x", "1")], parse_numeral("1.234,5", ",")
    ([1000, 2000, 1572864, None, None], 1234.5)
    >>> parse_numeral("1.000.000", ","), parse_numeral("1.000.000")
    (1000000, None)
    """
    if mark == "," and POINT_GROUPS.fullmatch(cell):
        return int(cell.replace(".", ""))
    if mark == "," and DECIMAL_COMMA.fullmatch(cell):
        return float(cell.replace(".", "").replace(",", "."))
    if mark == "." and GROUPED.fullmatch(cell):
        value = float(cell.replace(",", ""))
        return int(value) if value.is_integer() else value
    found = MULTIPLE.fullmatch(cell.replace(",", ".") if mark == "," else cell)
    if found is None:
        return None
    value = float(found[1]) * (BINARY if found[3] else MULTIPLES)[found[2].lower()]
    return int(value) if value.is_integer() else value


def are_binary(cells: Iterable[str]) -> bool:
    """Return whether multiples look as if K meant 1024: powers of two throughout, on both sides of a step of letters.

    >>> are_binary(["4K", "256K", "1M"]), are_binary(["4K", "100K", "1M"]), are_binary(["4K", "8K", "16K"])
    (True, False, False)
    """
    found = [MULTIPLE.fullmatch(cell) for cell in dict.fromkeys(cells)]
    parts = [(float(one[1]), one[2].lower(), one[3]) for one in found if one is not None]
    sizes = {size for size, _, _ in parts}
    are_powers = all(size >= 1 and math.frexp(size)[0] == HALF for size in sizes)
    is_plain = len(parts) == len(found) >= FEWEST_BINARY and not any(binary for _, _, binary in parts)
    return is_plain and are_powers and len({letter for _, letter, _ in parts}) > 1 and max(sizes) > 1


def parse_power(cell: str) -> float | None:
    """Return the number that a power stands for, as programs print levels; None if the text is not one.

    >>> [parse_power(text) for text in ("2^10", "2**24", "10^-3", "2^x", "10^400", "1024")]
    [1024, 16777216, 0.001, None, None, None]
    """
    found = POWER.fullmatch(cell)
    if found is None:
        return None
    base, exponent = int(found[1]), int(found[2])
    try:
        value = float(base) ** exponent
    except OverflowError:
        return None
    return base**exponent if exponent >= 0 else value


def parse_spelled(cell: str, mark: str = ".") -> float | None:
    """Return the number of ``parse_numeral`` or ``parse_power``."""
    number = parse_numeral(cell, mark)
    return parse_power(cell) if number is None else number


def parse_level(text: str) -> float | None:
    """Return the number that a person types for a level; None if the text is not one.

    >>> [parse_level(text) for text in ("1e6", "1_000", "10k", "4Ki", "2**24", "2^24", "float32")]
    [1000000.0, 1000.0, 10000, 4096, 16777216, 16777216, None]
    """
    try:
        return float(text)
    except ValueError:
        return parse_spelled(text.strip())
