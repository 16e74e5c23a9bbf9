"""Units: as people write them, as formats state them, and in the names of columns.

A value stays in the unit in which it was given; it is converted where it is printed or held against a budget.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bptt_bench.errors import TextError

SI = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
BINARY = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
MOST_CHARACTERS = 40
ALLOWED = "a unit such as s, ms, us, B, MB, MiB or B/s, or a word for what is counted, such as instructions"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measurement.

    Attributes
    ----------
    symbol : as it is written, such as ``ms``.
    base : the unit that takes SI prefixes when an amount is printed, such as ``s``; empty where none does, as for what
        is counted.
    scale : of base units in one of this unit.
    """

    symbol: str
    base: str = ""
    scale: float = 1.0

    @property
    def dimension(self) -> str:
        """Return what two amounts must share to be compared."""
        return self.base or self.symbol

    @property
    def words(self) -> str:
        """Return the unit as a heading names it; amounts below it have prefixes of their own.

        >>> unit_of_name("time_ms").words, unit_of_name("peak_bytes").words, unit_of_name("comparisons_count").words
        ('seconds', 'bytes', 'comparisons')
        """
        return {"s": "seconds", "B": "bytes"}.get(self.base, self.dimension)


SECOND, BYTE = Unit("s", "s"), Unit("B", "B")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TIMES = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_UNITS = {
    **{symbol: Unit(symbol, "s", scale) for symbol, scale in _TIMES.items()},
    **{f"{prefix}B": Unit(f"{prefix}B", "B", scale) for prefix, scale in {**SI, **BINARY}.items()},
    **{f"{prefix}FLOP": Unit(f"{prefix}FLOP", "FLOP", scale) for prefix, scale in SI.items()},
    "%": Unit("%"),
}
_OTHER_NAMES = {
    "ns": "nanosecond nanoseconds nanosec nanosecs nanos nsec nsecs",
    "us": "microsecond microseconds microsec microsecs micros usec usecs",
    "ms": "millisecond milliseconds millisec millisecs millis msec msecs",
    "s": "second seconds sec secs",
    "min": "minute minutes mins",
    "h": "hour hours hr hrs",
    "B": "byte bytes",
    "kB": "kilobyte kilobytes kb",
    "MB": "megabyte megabytes mb",
    "GB": "gigabyte gigabytes gb",
    "TB": "terabyte terabytes tb",
    "KiB": "kibibyte kibibytes kib",
    "MiB": "mebibyte mebibytes mib",
    "GiB": "gibibyte gibibytes gib",
    "TiB": "tebibyte tebibytes tib",
    "%": "percent pct",
}
_BY_WORD = {word: symbol for symbol, words in _OTHER_NAMES.items() for word in (symbol.lower(), *words.split())}
_COUNTED = frozenset({"instructions", "operations", "cycles"})
_EVALUATIONS = _words("op ops eval evals evaluation iter iters iteration loop call run query step round rep")
_A_SECOND = _words("ops qps rps tps fps iops")  # how often a second, by names of their own
_THINGS = _words("op ops item items request requests req reqs call calls event events row rows element elements")
_WORDS_OF_TIME = _words("time latency duration runtime elapsed wall t")
STATISTICS = _words("mean avg average median med min max std stddev sd best worst total sum p50 p90 p95 p99 p999 value")
_UNSURE = _words("min h b B d m")  # at the end of a name: a minimum, a height, a variant
_BRACKETS = re.compile(r"[(\[]\s*([^()\[\]]{1,40}?)\s*[)\]]\s*$")
_WORD = re.compile(r"[A-Za-z%][A-Za-z0-9_%/·*-]{0,39}")


def unit_of(text: str) -> Unit | None:
    """Return the unit that a text names; None where it is unknown.

    >>> unit_of("ms"), unit_of("GiB").scale, unit_of("apples")
    (Unit(symbol='ms', base='s', scale=0.001), 1073741824.0, None)
    >>> [unit_of(text).symbol for text in ("\xb5s", "\u03bcs", "microseconds", "ns/op", "MB / s", "items/s", "GFLOPS")]
    ['us', 'us', 'us', 'ns', 'MB/s', 'items/s', 'GFLOP/s']
    """
    text = _normalize(text).strip()
    over, slash, under = (part.strip() for part in text.partition("/"))
    if slash and under and "/" not in under:
        return _quotient(over, under)
    words = text.split()
    if len(words) == 3 and words[1] == "per":
        return _quotient(words[0], words[2])
    return _simple_unit(text)


def parse_unit(text: str, option: str = "--unit") -> Unit:
    """Return the unit that a user states: a known one, or a word for what is counted.

    Raises
    ------
    TextError : neither.

    >>> parse_unit("instructions"), parse_unit("1/s").dimension
    (Unit(symbol='instructions', base='', scale=1.0), '1/s')
    """
    if not is_unit(text):
        raise TextError(f"{option}: must be {ALLOWED}, got {text[:MOST_CHARACTERS]!r}")
    return unit_of(text) or Unit(text.strip())


def is_unit(text: str) -> bool:
    """Return whether a text can be a unit: a known one, or a word for what is counted."""
    return unit_of(text) is not None or _WORD.fullmatch(text.strip()) is not None


def unit_of_name(name: str) -> Unit | None:
    """Return the unit that the name of a column ends with; None where it has none.

    >>> names = ("time_ms", "Time (ns)", "wall [us]", "ns/op", "rss_MB", "seconds_per_eval")
    >>> [unit_of_name(name).symbol for name in names]
    ['ms', 'ns', 'us', 'ns', 'MB', 's']
    >>> names = ("bytes_per_second", "ops", "items/s", "comparisons_count", "elapsedMillis")
    >>> [unit_of_name(name).symbol for name in names]
    ['B/s', '1/s', 'items/s', 'comparisons', 'ms']
    >>> [unit_of_name(name) for name in ("latency", "throughput", "time_min", "n")]
    [None, None, None, None]
    """
    name = _normalize(name).strip()
    bracket = _BRACKETS.search(name)
    if bracket is not None:
        found = unit_of(bracket[1])
        if found is not None:
            return found
        name = name[: bracket.start()].strip()
    if "/" in name and (found := unit_of(re.split(r"[\s,;:_]+", re.sub(r"\s*/\s*", "/", name))[-1])) is not None:
        return found
    tokens = [token for word in re.split(r"[^0-9A-Za-z%]+", name) if word for token in _split_camel_case(word)]
    while len(tokens) > 1 and tokens[-1].lower() in STATISTICS:
        tokens.pop()
    return _unit_of_words(tokens) if tokens else None


def name_with_unit(name: str, unit: Unit | None) -> str:
    """Return a name with a unit, as near to a given one as possible: for formats that have no other place for it.

    >>> [name_with_unit(name, unit_of("ms")) for name in ("latency", "time_ms")], name_with_unit("hits", Unit("apples"))
    (['latency_ms', 'time_ms'], 'hits')
    """
    if unit is None or unit_of_name(name) == unit:
        return name
    longer = f"{name}_{re.sub('/', '_per_', unit.symbol)}"
    longer = f"{name}_bytes" if unit == BYTE else longer
    return longer if unit_of_name(longer) == unit else name


def _unit_of_words(tokens: list[str]) -> Unit | None:
    """Return the unit in the words of a name."""
    last = tokens[-1]
    over = [i for i, token in enumerate(tokens[1:-1]) if token.lower() == "per"]
    if over:  # of a, per, b: the last a and its b
        return _quotient(tokens[over[-1]], tokens[over[-1] + 2])
    if last == "count" and len(tokens) > 1:
        return Unit("_".join(tokens[:-1]))
    if len(tokens) > 1 and (found := _unit_of_pair(tokens[-2], last)) is not None:
        return found
    if last.lower() in _A_SECOND and (len(tokens) == 1 or last.lower() != "ops"):
        return Unit("1/s")
    if last in _COUNTED:
        return Unit(last)
    return None if last in _UNSURE else _simple_unit(last)


def _unit_of_pair(before: str, last: str) -> Unit | None:
    """Return the unit of the last two words of a name, such as ``ns`` and ``op``, or ``items`` and ``s``."""
    if last.lower() in _EVALUATIONS and (found := _simple_unit(before)) is not None:
        return found
    is_rate = last == "s" and (before.lower() in _THINGS or _is_size(before))
    return _quotient(before, last) if is_rate else None


def _simple_unit(word: str) -> Unit | None:
    """Return the unit of a word without a slash."""
    if word in _UNITS:
        return _UNITS[word]
    for end, under in (("ps", "B"), ("S", "FLOP")):  # MBps, GFLOPS
        if word.endswith(under + end):
            return _quotient(word.removesuffix(end), "s")
    known = _BY_WORD.get(word.lower()) if len(word) > 1 else None
    return None if known is None else _UNITS[known]


def _quotient(over: str, under: str) -> Unit | None:
    """Return the unit of so much of one in another: a rate where that is a time, the cost of one of something else."""
    top, bottom = _simple_unit(over), _simple_unit(under)
    if under.lower() in _EVALUATIONS:
        return top
    if bottom is not None and bottom.base == "s":
        if over.lower() in _WORDS_OF_TIME:  # time/ms, as physicists head a column
            return bottom
        if top is None or not top.base:
            is_word = _WORD.fullmatch(over) is not None or over == "1"
            return Unit(f"{over}/{bottom.symbol}") if is_word else None
        return Unit(f"{top.symbol}/{bottom.symbol}", f"{top.base}/s", top.scale / bottom.scale)
    if top is None or not top.base or _WORD.fullmatch(under) is None:
        return None
    return Unit(f"{top.symbol}/{under}", f"{top.base}/{under}", top.scale)


def _split_camel_case(word: str) -> list[str]:
    """Return the parts of ``elapsedMillis``; ``MiB`` has none."""
    return [word] if _simple_unit(word) is not None else re.split(r"(?<=[a-z])(?=[A-Z])", word)


def _is_size(word: str) -> bool:
    found = _simple_unit(word)
    return found is not None and found.base in ("B", "FLOP")


def _normalize(text: str) -> str:
    """Return the text with one micro sign for the two that look alike, as a letter where a unit begins with it."""
    return text.replace("\u03bc", "u").replace("\xb5", "u")
