"""Numbers as a reader wants them: three digits, SI prefixes, and one way to write an interval.

Values are converted here and nowhere else; everything upstream is in seconds and plain ratios.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from bptt_bench.analyse.response import is_count, is_exact, meaning, unit
from bptt_bench.plan.wording import printed

UNDEFINED = "–"
NARROW = "\u202f"  # narrow no-break space: groups digits and parts a number from its unit, and never wraps
PREFIXES = dict(zip(range(-18, 19, 3), ("a", "f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E"), strict=True))
WHOLE = "seconds_per_eval"
CAUSES = ("not identifiable", "below floor", "too noisy")  # why a claim may stay open
SUFFIX = "_" + WHOLE


def number(value: float | None, digits: int = 3) -> str:
    """A plain number to so many significant digits, thousands apart.

    >>> number(0.98765), number(16384), number(2.0), number(4.2e-13), number(None)
    ('0.988', '16\\u202f384', '2', '4.2e-13', '–')
    >>> number(-0.0004), number(1234.5), number(float("inf"))
    ('−0.0004', '1\\u202f234', '∞')
    """
    if value is None or math.isnan(value):
        return UNDEFINED
    sign = "−" if value < 0 else ""
    size = abs(value)
    if math.isinf(size):
        return sign + "∞"
    if size != 0 and not 1e-4 <= size < 1e9:
        return sign + f"{size:.{digits}g}"
    places = digits - 1 if size == 0 else max(0, digits - 1 - math.floor(math.log10(size)))
    text = f"{size:,.{places}f}".replace(",", NARROW)
    return sign + (text.rstrip("0").rstrip(".") if "." in text else text)


def fixed(value: float | None, places: int = 2) -> str:
    """A number with a fixed count of decimals, so that numbers beside each other line up.

    >>> fixed(1.0), fixed(-0.126), fixed(16384.2, 0), fixed(None)
    ('1.00', '−0.13', '16\\u202f384', '–')
    """
    if value is None or math.isnan(value):
        return UNDEFINED
    if math.isinf(value):
        return "−∞" if value < 0 else "∞"
    return f"{value:,.{places}f}".replace("-", "−").replace(",", NARROW)


def prefix_of(value: float) -> int:
    """The power of ten, a multiple of three, whose SI prefix suits a value.

    >>> prefix_of(0.002), prefix_of(3e-10), prefix_of(0.0)
    (-3, -12, 0)
    """
    if value == 0 or not math.isfinite(value):
        return 0
    rounded = float(f"{abs(value):.3g}")  # 999.7 µs is 1.00 ms, not 1000 µs
    return min(18, max(-18, 3 * math.floor(math.log10(rounded) / 3)))


def si(value: float | None, unit: str = "s", digits: int = 3) -> str:
    """A value with its unit and an SI prefix.

    >>> si(0.00321), si(1.9e-12), si(0.0009997), si(0), si(None), si(2e9, "B")
    ('3.21\\u202fms', '1.9\\u202fps', '1\\u202fms', '0\\u202fs', '–', '2\\u202fGB')
    """
    if value is None or math.isnan(value):
        return UNDEFINED
    power = prefix_of(value)
    return f"{number(value / 10.0**power, digits)}{NARROW}{PREFIXES[power]}{unit}"


def interval(estimate: float | None, low: float | None, high: float | None) -> str:
    """An estimate with its interval, all with as many decimals as give the largest three digits.

    >>> interval(1.0234, 0.98, 1.06), interval(293, 260.2, float("inf"))
    ('1.02 [0.98, 1.06]', '293 [260, ∞]')
    >>> interval(1.0234, None, None), interval(None, None, None), interval(3e-14, 2e-14, 4e-14)
    ('1.02', '–', '3e-14 [2e-14, 4e-14]')
    """
    if estimate is None or math.isnan(estimate):
        return UNDEFINED
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return number(estimate)
    largest = max((abs(value) for value in (estimate, low, high) if math.isfinite(value)), default=0.0)
    if largest != 0 and not 1e-4 <= largest < 1e9:
        return f"{number(estimate)} [{number(low)}, {number(high)}]"
    places = 2 if largest == 0 else max(0, 2 - math.floor(math.log10(largest)))
    return f"{fixed(estimate, places)} [{fixed(low, places)}, {fixed(high, places)}]"


def si_interval(estimate: float | None, low: float | None, high: float | None, unit: str = "s") -> str:
    """The same in SI units, one prefix for all three.

    >>> si_interval(0.00321, 0.0031, 0.0033)
    '3.21 [3.10, 3.30]\\u202fms'
    >>> si_interval(0.0, 0.0, 2e-9)
    '0.00 [0.00, 2.00]\\u202fns'
    """
    if estimate is None or math.isnan(estimate):
        return UNDEFINED
    reference = estimate or (high or 0.0)
    power = prefix_of(reference)
    scaled = [None if value is None else value / 10.0**power for value in (estimate, low, high)]
    return f"{interval(*scaled)}{NARROW}{PREFIXES[power]}{unit}"


def amount(value: float | None, name: str) -> str:
    """A value of a response: with its unit and an SI prefix, or a plain number for a count.

    >>> amount(0.00321, "seconds_per_eval"), amount(1234567.0, "comparisons_count")
    ('3.21\\u202fms', '1\\u202f234\\u202f567')
    """
    return number(value) if is_count(name) else si(value, unit(name))


def amount_interval(estimate: float | None, low: float | None, high: float | None, name: str) -> str:
    """The same with its interval; the coefficient of a count is as often a fraction as a large number.

    >>> amount_interval(0.5, 0.49, 0.51, "comparisons_count"), amount_interval(0.5, 0.49, 0.51, "scratch_bytes")
    ('0.500 [0.490, 0.510]', '500 [490, 510]\\u202fmB')
    """
    return interval(estimate, low, high) if is_count(name) else si_interval(estimate, low, high, unit(name))


def size(n_bytes: float) -> str:
    """Bytes with a binary prefix.

    >>> size(32768), size(17 * 2**30), size(100)
    ('32\\u202fKiB', '17\\u202fGiB', '100\\u202fB')
    """
    step = min(4, int(math.log2(n_bytes) // 10)) if n_bytes >= 1 else 0
    return f"{number(n_bytes / 1024**step)}{NARROW}{('', 'Ki', 'Mi', 'Gi', 'Ti')[step]}B"


def percent(share: float | None, digits: int = 2) -> str:
    """A share of one as a percentage.

    >>> percent(0.934), percent(0.00831), percent(1.0), percent(None)
    ('93\\u202f%', '0.83\\u202f%', '100\\u202f%', '–')
    """
    if share is None or math.isnan(share):
        return UNDEFINED
    return f"{number(100 * share, 3 if abs(share) >= 0.9995 else digits)}{NARROW}%"


def duration(seconds: float | None) -> str:
    """A length of time as a person says it.

    >>> duration(134.2), duration(3725), duration(8.25), duration(None)
    ('2 min 14 s', '1 h 2 min', '8.25\\u202fs', '–')
    """
    if seconds is None or math.isnan(seconds):
        return UNDEFINED
    if seconds < 60:
        return si(seconds)
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def term(text: str) -> str:
    """A term of a law in print, as it is read again."""
    return printed(text)


def law(text: str) -> str:
    """A whole law in print.

    >>> law("T*H*V + T*H**2")
    'T·H·V + T·H²'
    """
    return " + ".join(term(part) for part in text.split(" + "))


def level(value: float) -> str:
    """A level of a factor, in full up to nine digits.

    >>> level(35), level(1000000), level(0.5)
    ('35', '1\\u202f000\\u202f000', '0.5')
    """
    return number(value, 9)


def short_level(value: float) -> str:
    """A level where room is scarce, such as beside a tick.

    >>> short_level(512), short_level(16384), short_level(1000000), short_level(0.5)
    ('512', '16\\u202f384', '1M', '0.5')
    """
    if abs(value) < 100_000:
        return number(value, 5)
    power = min(9, prefix_of(value))
    return number(value / 10.0**power) + PREFIXES[power]


def point(levels: Mapping[str, float]) -> str:
    """The levels of a point.

    >>> point({"V": 16384, "d": 100})
    'V = 16\\u202f384, d = 100'
    """
    return ", ".join(f"{name} = {level(value)}" for name, value in levels.items())


def response(name: str) -> str:
    """The name of a response in words.

    >>> response("seconds_per_eval"), response("recur_seconds_per_eval"), response("latency")
    ('whole evaluation', 'phase recur', 'latency')
    >>> response("scratch_bytes"), response("comparisons_count")
    ('memory beyond the result', 'number of comparisons')
    """
    if name == WHOLE:
        return "whole evaluation"
    if is_exact(name):
        return meaning(name)
    return f"phase {name.removesuffix(SUFFIX)}" if name.endswith(SUFFIX) else name


def unsaid(claim: str, subject: str) -> str:
    """What the name of a claim does not say of its subject; the categories of that it often does.

    >>> unsaid("naive: exponent of T", "naive"), unsaid("exponent of n", "sort"), unsaid("a: exponent [x=1]", "a [x=1]")
    ('', 'sort', '')
    >>> unsaid("exponent of n [dtype=float32]", "sort [dtype=float32]")
    'sort'
    """
    base, bracket, levels = subject.partition(" [")
    about = base if bracket + levels in claim else subject
    return "" if about in claim else about


def against(name: str, factor: str) -> str:
    """The title of a figure of a response along a factor.

    >>> against("seconds_per_eval", "T"), against("scratch_bytes", "T")
    ('Time against T, whole evaluation', 'Memory beyond the result against T')
    """
    words = response(name)
    return f"{words[:1].upper()}{words[1:]} against {factor}" if is_exact(name) else f"Time against {factor}, {words}"


def verdict_words(verdict: str, reason: str = "") -> str:
    """A verdict in words; an open one with its cause, where the reason begins with one.

    >>> verdict_words("supported", "as predicted"), verdict_words("inconclusive", "too noisy: ±40 %")
    ('supported', 'inconclusive: too noisy')
    """
    cause = next((cause for cause in CAUSES if reason.startswith(cause)), None)
    return f"{verdict}: {cause}" if verdict == "inconclusive" and cause else verdict
