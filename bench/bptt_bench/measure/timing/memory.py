"""What one evaluation needs of memory: bytes that it allocates, and how far it raises the peak of its process.

The peak is what a machine must have, whoever allocates it, and is known to some 0.3 MB only: Linux counts the pages of
a process in batches for each core. What Python and NumPy allocate is known to the byte, but not what compiled code
takes for itself. So both are measured, each in an evaluation of its own, since watching allocations takes memory too.
"""

from __future__ import annotations

import ctypes
import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from bptt_bench.plan import Evaluation

PROCESS = Path("/proc/self")  # of this process, on Linux
RESET_PEAK = "5"  # written to clear_refs: the peak is from now on what is resident at present (proc(5))
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # names of glibc's settings (mallopt(3))
# Blocks from this size on go back to the system when they are freed. By default glibc raises the size to that of the
# largest block freed, up to 32 MiB, keeps what is freed, and later evaluations would find it there.
MAPPED_FROM_BYTES = 1 << 16
CERTAIN_BYTES = 1 << 23  # a peak this far above what is resident, and not moved by a reset, was not reset
KIB = 1 << 10


def release_memory() -> None:
    """Return freed memory to the system, as far as the allocator does it."""
    gc.collect()
    for name, value in (("mallopt", M_MMAP_THRESHOLD), ("mallopt", M_TRIM_THRESHOLD)):
        _call(name, value, MAPPED_FROM_BYTES)
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    """Call a function of the C library that not every system has."""
    try:
        function = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return
    function(*arguments)


def peak_bytes(evaluate: Evaluation, process: Path = PROCESS) -> int | None:
    """Return the peak resident bytes of this process during one evaluation, beyond what is resident before it.

    None where the system does not report it: only Linux resets the peak, and not everywhere is that allowed.
    """
    release_memory()
    resident = _reset(process)
    if resident is None:
        return None
    evaluate()
    return max(_peak_and_resident(process)[0] - resident, 0)


def _reset(process: Path) -> int | None:
    """Have the system forget the peak of a process; bytes that are resident now, None where it does not forget."""
    try:
        stood_at, _ = _peak_and_resident(process)
        (process / "clear_refs").write_text(RESET_PEAK)
        peak, resident = _peak_and_resident(process)
    except (OSError, KeyError, ValueError):
        return None
    return None if peak >= stood_at and peak > resident + CERTAIN_BYTES else resident


def _peak_and_resident(process: Path) -> tuple[int, int]:
    """Return the bytes at the peak and at present, as the system counts them.

    Raises
    ------
    KeyError : it does not.
    """
    lines = (line.partition(":") for line in (process / "status").read_text().splitlines())
    values = {name: value.split() for name, _, value in lines}
    peak, resident = (int(values[name][0]) * KIB for name in ("VmHWM", "VmRSS"))
    return peak, resident


def allocated_bytes(prepare: Callable[[], Evaluation]) -> int:
    """Return the most bytes that Python and NumPy hold at once during one evaluation, beyond what they hold before it.

    What is prepared is watched as well: an evaluation that frees some of it needs that much less.
    """
    tracemalloc.start()
    try:
        evaluate = prepare()
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        evaluate()
        _, most = tracemalloc.get_traced_memory()
        return most - before
    finally:
        tracemalloc.stop()
