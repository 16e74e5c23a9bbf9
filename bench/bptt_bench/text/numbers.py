"""Numbers as we print them: three digits, SI prefixes, one way to write an amount, an interval, a share, a duration."""

from __future__ import annotations

import math

from bptt_bench.text.units import Unit

UNDEFINED = "–"
NARROW = "\u202f"  # narrow no-break space: groups digits and parts a number from its unit, and never wraps
PREFIXES = dict(zip(range(-18, 19, 3), ("a", "f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E"), strict=True))
ALL_DIGITS = 12
DIGITS_OF_A_LEVEL = 15  # every decimal number of so many is read again as the same


def number(value: float | None, digits: int = 3) -> str:
    """Return a plain number to so many significant digits, with separated thousands.

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


def exact(value: float) -> str:
    """Return a level as it is typed: all of its digits, and nothing between them.

    >>> exact(1234567.0), exact(0.1), exact(2.5e-7), exact(16000057.5)
    ('1234567', '0.1', '2.5e-07', '16000057.5')
    """
    return f"{value:.{DIGITS_OF_A_LEVEL}g}"


def fixed(value: float | None, places: int = 2) -> str:
    """Return a number with a fixed count of decimals, so that numbers beside each other line up.

    >>> fixed(1.0), fixed(-0.126), fixed(16384.2, 0), fixed(None)
    ('1.00', '−0.13', '16\\u202f384', '–')
    """
    if value is None or math.isnan(value):
        return UNDEFINED
    if math.isinf(value):
        return "−∞" if value < 0 else "∞"
    return f"{value:,.{places}f}".replace("-", "−").replace(",", NARROW)


def prefix_of(value: float) -> int:
    """Return the power of ten, a multiple of three, whose SI prefix suits a value.

    >>> prefix_of(0.002), prefix_of(3e-10), prefix_of(0.0)
    (-3, -12, 0)
    """
    if value == 0 or not math.isfinite(value):
        return 0
    rounded = float(f"{abs(value):.3g}")  # 999.7 µs is 1.00 ms, not 1000 µs
    return min(18, max(-18, 3 * math.floor(math.log10(rounded) / 3)))


def si(value: float | None, unit: str = "s", digits: int = 3) -> str:
    """Return a value with its unit and an SI prefix.

    >>> si(0.00321), si(1.9e-12), si(0.0009997), si(0), si(None), si(2e9, "B")
    ('3.21\\u202fms', '1.9\\u202fps', '1\\u202fms', '0\\u202fs', '–', '2\\u202fGB')
    """
    if value is None or math.isnan(value):
        return UNDEFINED
    power = prefix_of(value)
    return f"{number(value / 10.0**power, digits)}{NARROW}{PREFIXES[power]}{unit}"


def interval(estimate: float | None, low: float | None, high: float | None) -> str:
    """Return an estimate with its interval, all with as many decimals as give the largest three digits.

    >>> interval(1.0234, 0.98, 1.06), interval(293, 260.2, float("inf"))
    ('1.02 [0.98, 1.06]', '293 [260, ∞]')
    >>> interval(1.0234, None, None), interval(None, None, None), interval(3e-14, 2e-14, 4e-14)
    ('1.02', '–', '3e-14 [2e-14, 4e-14]')
    """
    value, *ends = _alike(estimate, low, high)
    return f"{value} [{', '.join(ends)}]" if ends else value


def interval_in_sentence(estimate: float | None, low: float | None, high: float | None) -> str:
    """Return an estimate with its interval within a sentence, in the digits of a table.

    >>> interval_in_sentence(1.0234, 0.98, 1.06), interval_in_sentence(1.1, 1.09, 1.12)
    ('1.02 (0.98 to 1.06)', '1.10 (1.09 to 1.12)')
    """
    value, *ends = _alike(estimate, low, high)
    return f"{value} ({' to '.join(ends)})" if ends else value


def _alike(estimate: float | None, low: float | None, high: float | None) -> tuple[str, ...]:
    """Return an estimate and the ends of its interval in the same digits; the estimate alone where they are unknown."""
    if estimate is None or math.isnan(estimate):
        return (UNDEFINED,)
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return (number(estimate),)
    return tuple(aligned(estimate, low, high))


def aligned(*values: float) -> list[str]:
    """Return numbers with as many decimals as give the largest of them three digits.

    >>> aligned(1.0234, 0.98, 1.06), aligned(293, 260.2), aligned(3e-14, 2e-14)
    (['1.02', '0.98', '1.06'], ['293', '260'], ['3e-14', '2e-14'])
    """
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if largest != 0 and not 1e-4 <= largest < 1e9:
        return [number(value) for value in values]
    places = 2 if largest == 0 else max(0, 2 - math.floor(math.log10(largest)))
    return [fixed(value, places) for value in values]


def si_interval(estimate: float | None, low: float | None, high: float | None, *, unit: str = "s") -> str:
    """Return an estimate with its interval in SI units, one prefix for all three.

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


def size(n_bytes: float) -> str:
    """Return bytes with a binary prefix.

    >>> size(32768), size(17 * 2**30), size(100)
    ('32\\u202fKiB', '17\\u202fGiB', '100\\u202fB')
    """
    step = min(4, int(math.log2(n_bytes) // 10)) if n_bytes >= 1 else 0
    return f"{number(n_bytes / 1024**step)}{NARROW}{('', 'Ki', 'Mi', 'Gi', 'Ti')[step]}B"


def percent(share: float | None, digits: int = 2) -> str:
    """Return a share of one as a percentage.

    >>> percent(0.934), percent(0.00831), percent(1.0), percent(None)
    ('93\\u202f%', '0.83\\u202f%', '100\\u202f%', '–')
    """
    if share is None or math.isnan(share):
        return UNDEFINED
    return f"{number(100 * share, 3 if abs(share) >= 0.9995 else digits)}{NARROW}%"


def in_percent(share: float | None, places: int = 1, *, signed: bool = False) -> str:
    """Return a share of one as a percentage within a sentence, with so many decimals.

    >>> in_percent(1.464), in_percent(0.05, 0), in_percent(-0.002, 2, signed=True), in_percent(None)
    ('146.4 %', '5 %', '−0.20 %', '–')
    """
    if share is None:
        return UNDEFINED
    sign = "+" if signed and share >= 0 else ""
    return f"{sign}{fixed(100 * share, places)} %".replace(NARROW, " ")


def duration(seconds: float | None) -> str:
    """Return a length of time as a person says it.

    >>> duration(134.2), duration(3725), duration(8.25), duration(None)
    ('2 min 14 s', '1 h 2 min', '8.25\\u202fs', '–')
    """
    if seconds is None or math.isnan(seconds):
        return UNDEFINED
    if seconds < 60:
        return si(seconds)
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def amount(value: float | None, unit: Unit | None, digits: int = 3) -> str:
    """Return an amount in some unit: with its base unit and an SI prefix, or a plain number where none takes prefixes.

    >>> from bptt_bench.text.units import unit_of_name
    >>> milliseconds, comparisons = unit_of_name("time_ms"), unit_of_name("comparisons_count")
    >>> amount(3.21, milliseconds), amount(1234567.0, comparisons), amount(5000.0, None)
    ('3.21\\u202fms', '1\\u202f234\\u202f567', '5\\u202f000')
    """
    if unit is None or not unit.base:
        return number(value, digits)
    return si(None if value is None else value * unit.scale, unit.base, digits)


def amount_interval(estimate: float | None, low: float | None, high: float | None, unit: Unit | None) -> str:
    """Return an amount with its interval; the coefficient of a count may be a fraction or a large number.

    >>> from bptt_bench.text.units import unit_of_name
    >>> [amount_interval(0.5, 0.49, 0.51, unit_of_name(name)) for name in ("comparisons_count", "x_bytes")]
    ['0.500 [0.490, 0.510]', '500 [490, 510]\\u202fmB']
    """
    if unit is None or not unit.base:
        return interval(estimate, low, high)
    scaled = (None if value is None else value * unit.scale for value in (estimate, low, high))
    return si_interval(*scaled, unit=unit.base)


def duration_in_sentence(seconds: float) -> str:
    """Return a length of time within a sentence, in whole seconds.

    >>> duration_in_sentence(42.4), duration_in_sentence(605), duration_in_sentence(3725)
    ('42 s', '10 min 5 s', '1 h 2 min')
    """
    return duration(round(seconds)).replace(NARROW, " ")


def amount_in_sentence(value: float, unit: Unit | None, digits: int = 3) -> str:
    """Return an amount within a sentence, with plain spaces; what is counted has all its digits.

    >>> from bptt_bench.text.units import unit_of_name
    >>> size, seconds, count = map(unit_of_name, ("x_bytes", "seconds_per_eval", "x_count"))
    >>> amount_in_sentence(12_340_000.0, size), amount_in_sentence(0.00321, seconds)
    ('12.3 MB', '3.21 ms')
    >>> amount_in_sentence(1_234_567.0, count), amount_in_sentence(0.25, None)
    ('1234567', '0.25')
    """
    if unit is None or not unit.base:
        return f"{value:.{ALL_DIGITS if unit is not None else digits}g}"
    return amount(value, unit, digits).replace(NARROW, " ")


def span_in_sentence(estimate: float, low: float, high: float, unit: Unit | None, *, digits: int = 3) -> str:
    """Return an amount within a sentence with its interval, where that has a visible width.

    >>> from bptt_bench.text.units import unit_of_name
    >>> of = unit_of_name("x_bytes")
    >>> span_in_sentence(12.3e6, 12e6, 12.6e6, of), span_in_sentence(18e6, 17.99e6, 18.01e6, of)
    ('12.3 MB (12 MB to 12.6 MB)', '18 MB')
    """
    shown, *ends = (amount_in_sentence(value, unit, digits) for value in (estimate, low, high))
    return shown if set(ends) == {shown} else f"{shown} ({ends[0]} to {ends[1]})"
