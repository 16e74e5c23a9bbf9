"""What a measuring process reads of its machine: threads, the probe, the peaks. Modules are loaded when needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bptt_bench.measure.timing.clock import Clock
from bptt_bench.plan.machine.peaks import Peaks
from bptt_bench.plan.machine.readings import Readings


class ThreadsError(RuntimeError):
    """A numerical library that does not use the number of threads that was set."""


def probe_machine(clock: Clock, available: int) -> Readings:
    """Return the readings of a probe; what it needs is loaded only where one is requested."""
    from bptt_bench.measure.probe.probe import probe

    return probe(clock, available=available)


def peaks_of_machine(clock: Clock, threads: int, available: int) -> Peaks:
    """Return the peaks of the machine; what reading them needs is loaded only where they are requested."""
    from bptt_bench.measure.probe.peaks import read_peaks

    return read_peaks(clock, threads=threads, available=available)


def require_threads(pools: Sequence[Mapping[str, Any]], threads: int) -> None:
    """See that every library that reports its threads uses as many as were set.

    Raises
    ------
    ThreadsDiffer : one does not.
    """
    for pool in pools:
        if pool["threads"] != threads:
            raise ThreadsError(
                f"threads={threads}: {pool['name']} uses {pool['threads']} instead; a library cannot use more threads "
                "than there are cores, and the experiment must not change their number"
            )
