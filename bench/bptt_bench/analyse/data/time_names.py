"""Which names of columns are those of times: in words, by their units, or hardly."""

from __future__ import annotations

import re

from bptt_bench.text.units import SECOND, STATISTICS, parse_unit, unit_of, unit_of_name

# words in the name of a column that holds times, and words beside them in the name of one that holds something else
TIMES = frozenset(("time", "times", "walltime", "runtime", "cputime", "elapsed", "duration", "latency", "wall"))
NO_TIMES = frozenset(
    (
        *("std", "stddev", "stdev", "sd", "sem", "err", "error", "var", "variance", "cv", "low", "high", "ci"),
        *("start", "started", "end", "ended", "stamp", "timestamp", "date", "step", "steps", "unit", "units", "limit"),
        *("timeout", "zone", "count", "per"),
    )
)
WORD = re.compile(r"[A-Z]+(?![a-zµ])|[A-Z]?[a-zµ]+")


def _words_before_per(name: str) -> list[str]:
    """Return the words in the name of a column, in small letters, without those after ``per``."""
    return [word.lower() for word in WORD.findall(re.split(r"/|[_ ]per[_ ]", name)[0])]


def is_time(name: str) -> bool:
    """Return whether a column has the name of a time.

    >>> [name for name in ("time_ms", "Wall Time (s)", "ns/op", "realTime", "s") if not is_time(name)]
    []
    >>> [name for name in ("bytes_per_second", "MB/s", "time_step", "time_stddev", "S", "items") if is_time(name)]
    []
    """
    words = _words_before_per(name)
    unit = unit_of_name(name)
    is_called_one = bool(TIMES.intersection(words)) if unit is None else unit.base == SECOND.base
    return is_called_one and not NO_TIMES.intersection(words)


def is_clearly_time(name: str) -> bool:
    """Return whether a column can hardly be anything but a time: a factor may be called ``s``, or ``size_s``.

    Its name has a word of a time, at its end or before a unit; or a unit alone, which is spelled out, or that of a
    statistic or of an evaluation.

    >>> names = ("time_ms", "Wall Time (s)", "cpu_time", "runtime_avg", "t_s", "seconds", "mean_ms", "ns/op")
    >>> [name for name in names if not is_clearly_time(name)]
    []
    >>> names = ("s", "ms", "hours", "size_s", "forward_ms", "runtime_threads", "time_step")
    >>> [name for name in names if is_clearly_time(name)]
    []
    """
    if not is_time(name):
        return False
    every = _words_before_per(name)
    words = [word for word in every if word not in (*STATISTICS, "p")]  # of p99
    if unit_of_name(name) is None:
        return words[-1] in TIMES
    if words and unit_of(words[-1]) is not None:
        words.pop()
    is_more = len(every) > 1 or not _is_bare_unit(name)
    return bool({*TIMES, "t"}.intersection(words)) or (not words and (is_more or "second" in every[0]))


def is_unclear_time(name: str) -> bool:
    """Return whether a column has the name of a time, and may be something else."""
    return is_time(name) and not is_clearly_time(name)


def _is_bare_unit(name: str) -> bool:
    """Return whether the name of a column is that of a unit of time, which a factor may have: ``s``, ``hours``."""
    unit = unit_of(name) if name.isalpha() else None
    return unit is not None and unit.base == SECOND.base


def is_time_of_step(name: str) -> bool:
    """Return whether a column has the name of the time of a step: a unit of time, and no word beside it of a time.

    Such may also be the size of a step in simulated time, as ``time_step`` is.

    >>> [name for name in ("step_s", "train_step_ms", "time_step_s", "step", "steps_s", "step_std_ms")
    ...  if is_time_of_step(name)]
    ['step_s', 'train_step_ms']
    """
    words = set(_words_before_per(name))
    unit = unit_of_name(name)
    has_unit = unit is not None and unit.base == SECOND.base
    return has_unit and "step" in words and not words.intersection(TIMES) and words & NO_TIMES == {"step"}


def is_rate(name: str) -> bool:
    """Return whether a column has the name of what is done in a time.

    >>> [name for name in ("samples_per_s", "items/s", "ops", "ns/op", "time_ms") if is_rate(name)]
    ['samples_per_s', 'items/s', 'ops']
    """
    unit = unit_of_name(name)
    under = "" if unit is None else unit.symbol.partition("/")[2]
    known = parse_unit(under) if under else None
    return known is not None and known.base == SECOND.base
