"""Checks whether a machine is fit to measure on: what disturbs a measurement, with a judgement and a remedy."""

from __future__ import annotations

import itertools
import os
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from bptt_bench.measure.engines.counting.instructions import counter_name
from bptt_bench.measure.probe.environment import (
    THREAD_VARIABLES,
    available_bytes,
    cpu_flags,
    load_average,
    thread_pools,
    usable_cores,
)
from bptt_bench.measure.timing.clock import Clock
from bptt_bench.measure.timing.timing import floor_seconds, no_garbage_collection, seconds_of
from bptt_bench.plan.machine import kernels
from bptt_bench.plan.machine.readings import Readings

Judgement = Literal["good", "poor", "unknown", "noted"]  # noted: a fact about the machine, neither good nor poor

BUSY_SHARE = 0.25  # of the cores: above this load other work runs beside a worker for long enough to be seen
MIN_CORES = 2  # one for the worker, one for everything else
COARSE_CLOCK_SECONDS = 1e-6  # a sample of 1 ms is then known to a thousandth
SLOW_CALL_SECONDS = 1e-6  # an empty call costs tens of nanoseconds; far more means an emulated clock or a tracer
NOISY = 0.02  # relative: a quiet machine stays under 0.01, and claims with margins of 0.1 need several times less
PROBE_SECONDS, PROBE_SAMPLES = 1e-3, 200  # fifth of a second in all: short, and longer than a scheduler's time slice
PROBE_MATRIX = 128  # order of the matrix product: its operands fit into any L2 cache
STEADY = 1.1  # times the best moment: a machine of one speed stays below; margins of 0.1 to 0.25 are judged
MIN_ROUNDS = 3  # of a probe, for a usual moment to differ from the best one
MAD_TO_SIGMA = 1.4826  # for normal noise: Rousseeuw & Croux (1993), Alternatives to the median absolute deviation
SYSTEM = Path("/sys/devices/system/cpu")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The result of one check; ``value`` is in the unit that ``name`` says, None where it cannot be read."""

    name: str
    value: float | str | None
    shown: str
    judgement: Judgement
    remark: str

    @classmethod
    def judge(cls, name: str, value: float | str | None, shown: str, is_good: bool, good: str, poor: str) -> Diagnosis:
        """Return a finding with the remark for a good or for a poor value."""
        return cls(name, value, shown, "good" if is_good else "poor", good if is_good else poor)

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain data."""
        return asdict(self)


def check_load(load: float | None, cores: int) -> Diagnosis:
    """Check the load of the last minute against the cores."""
    if load is None:
        return Diagnosis("load_average", None, "not readable", "unknown", "look for other work")
    poor = "other work is running, or ended within the last minute: wait for it, or expect wide intervals"
    shown = f"{load:.2f} on {cores} cores"
    return Diagnosis.judge("load_average", load, shown, load <= BUSY_SHARE * cores, "quiet enough", poor)


def check_cores(cores: int) -> Diagnosis:
    """Check how many cores this process may use."""
    good, poor = "one is left for the rest of the system", "everything else runs on the measuring core"
    return Diagnosis.judge("cores", cores, f"{cores} to use", cores >= MIN_CORES, good, poor)


def check_threads(libraries: Sequence[Mapping[str, Any]], environment: Mapping[str, str]) -> Diagnosis:
    """Check the threads of the numerical libraries; workers are pinned in any case."""
    threads = max((int(library["threads"]) for library in libraries), default=None)
    if threads is None:
        return Diagnosis("blas_threads", None, "no library found", "unknown", "threads cannot be verified")
    variables = ", ".join(f"{name}={environment[name]}" for name in THREAD_VARIABLES if name in environment)
    kinds = ", ".join(sorted({str(library["name"]) for library in libraries}))
    shown = f"{threads} ({kinds}; {variables or 'not pinned in this shell'})"
    pinned = "run pins its workers itself (--threads, 1 by default) and reads it back"
    return Diagnosis("blas_threads", threads, shown, "good", pinned)


def check_kernels(
    libraries: Sequence[Mapping[str, Any]], offered: str | None, variables: Mapping[str, str]
) -> Diagnosis:
    """Check whether BLAS runs the kernels that the processor was made for."""
    name, found = "blas_kernel", kernels.kernel_warnings(libraries, offered, variables)
    blas = [one for one in libraries if one.get("api") == "blas"]
    value = ", ".join(dict.fromkeys(str(one["architecture"]) for one in blas if one.get("architecture"))) or None
    shown = value or "not readable"
    if not found and (value is None or offered is None):
        return Diagnosis(name, value, shown, "unknown", "whether it fits the processor is unknown")
    return Diagnosis.judge(name, value, shown, not found, f"the processor offers {offered}", "; ".join(found))


def check_current_kernel() -> Diagnosis:
    """Check the BLAS kernel of this process against its processor."""
    return check_kernels(thread_pools(), kernels.instruction_set(cpu_flags()), kernels.kernel_variables(os.environ))


def check_frequency(governor: str | None, boost: bool | None) -> Diagnosis:
    """Check how the clock rate is governed, and whether it may go beyond its rated speed."""
    name = "frequency_scaling"
    if governor is None and boost is None:
        remark = "hidden, as in most virtual machines: trust the noise below instead"
        return Diagnosis(name, None, "not readable", "unknown", remark)
    turbo = {True: "turbo on", False: "turbo off", None: "turbo not readable"}[boost]
    steady = governor in {None, "performance"} and boost is not True
    poor = "speed may follow temperature and load: governor performance, turbo off is steadier"
    return Diagnosis.judge(name, governor, f"governor {governor or 'not readable'}, {turbo}", steady, "steady", poor)


def check_clock(resolution_seconds: float) -> Diagnosis:
    """Check the smallest step between two readings of the clock."""
    is_fine, shown = resolution_seconds <= COARSE_CLOCK_SECONDS, f"{resolution_seconds * 1e9:.0f} ns"
    good, poor = "far below a sample", "coarse: samples must be long"
    return Diagnosis.judge("clock_resolution_seconds", resolution_seconds, shown, is_fine, good, poor)


def check_empty_call(seconds_per_eval: float) -> Diagnosis:
    """Check the cost of timing itself: an evaluation that does nothing."""
    is_cheap, shown = seconds_per_eval <= SLOW_CALL_SECONDS, f"{seconds_per_eval * 1e9:.0f} ns"
    good = "calls that take hardly longer than this are marked below floor"
    poor = "slow: is a tracer, a profiler or an emulator at work?"
    return Diagnosis.judge("empty_call_seconds_per_eval", seconds_per_eval, shown, is_cheap, good, poor)


def check_counter(counter: str | None) -> Diagnosis:
    """Check whether instructions can be counted, and by what."""
    name = "instruction_counter"
    if counter is None:
        remark = "instructions cannot be counted: install valgrind (Debian and Ubuntu: apt install valgrind)"
        return Diagnosis(name, None, "none", "noted", remark)
    return Diagnosis(name, counter, counter, "good", "counts instructions (measure instructions)")


def check_noise(relative: float) -> Diagnosis:
    """Check the spread of the same work, repeated."""
    shown = f"{relative:.2%} of a {PROBE_SECONDS * 1e3:g} ms matrix product"
    good, poor = "small beside any margin", "noisy: close other programs, or measure more blocks"
    return Diagnosis.judge("noise_relative", relative, shown, relative <= NOISY, good, poor)


def check_speed(slowdown: float, rounds: int) -> Diagnosis:
    """Check how much slower the machine was in the median round of its probe than in the best."""
    if rounds < MIN_ROUNDS:
        shown, remark = f"read in {rounds} of {MIN_ROUNDS} rounds needed", "too few rounds: give it more time"
        return Diagnosis("slowdown", None, shown, "unknown", remark)
    shown = f"{slowdown:.2f} times as long in the usual moment as in the best"
    poor = "its speed changes while it measures: more blocks even that out"
    return Diagnosis.judge("slowdown", slowdown, shown, slowdown <= STEADY, "one speed", poor)


def machine_findings(readings: Readings) -> list[Diagnosis]:
    """Return the machine's rates at some working sets and its steadiness; what was not read is absent."""
    from bptt_bench.report import format as show
    from bptt_bench.report.terminal.readings import AT_BYTES, bare, rates

    net = "without the cost of the call"
    found = [Diagnosis(one.name, one.value, one.shown, "noted", one.label) for one in bare(readings)]
    for rate in rates(readings):
        for at, value in zip(AT_BYTES, rate.values, strict=True):
            if value is not None:
                name, shown = f"{rate.name} at {at >> 10} KiB", show.si(value, rate.unit)
                remark = f"{rate.label}, {net}"
                found.append(Diagnosis(name, value, shown, "noted", remark))
    return [*found, check_speed(readings.slowdown, readings.rounds)]


def relative_mad(seconds: Sequence[float]) -> float:
    """Return the robust relative spread: the scaled median absolute deviation over the median.

    >>> round(relative_mad([1.0, 1.01, 0.99, 1.0, 7.0]), 4)
    0.0148
    """
    middle = statistics.median(seconds)
    return MAD_TO_SIGMA * statistics.median(abs(one - middle) for one in seconds) / middle


def clock_resolution_seconds(clock: Clock, tries: int = 1_000) -> float:
    """Return the smallest step between neighbouring readings that differ."""
    readings = [clock.now() for _ in range(tries)]
    steps = [after - before for before, after in itertools.pairwise(readings) if after > before]
    return min(steps, default=float("inf"))


def sample_repeatedly(clock: Clock, evaluate: Callable[[], object]) -> list[float]:
    """Return the seconds of repeated samples of the same work, about ``PROBE_SECONDS`` each."""
    with no_garbage_collection():
        seconds_of(evaluate, 3, clock)
        one = max(min(seconds_of(evaluate, 1, clock) for _ in range(5)), 1e-9)
        evaluations = max(1, round(PROBE_SECONDS / one))
        return [seconds_of(evaluate, evaluations, clock) for _ in range(PROBE_SAMPLES)]


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None


def read_frequency(system: Path = SYSTEM) -> tuple[str | None, bool | None]:
    """Return governor and turbo as the kernel reports them; None where it does not."""
    governor = _read(system / "cpu0/cpufreq/scaling_governor")
    no_turbo, boost = _read(system / "intel_pstate/no_turbo"), _read(system / "cpufreq/boost")
    if no_turbo is not None:
        return governor, no_turbo == "0"
    return governor, None if boost is None else boost == "1"


def examine(clock: Clock) -> Iterator[Diagnosis]:
    """Yield all findings, one after another; takes about a second."""
    import numpy as np
    import threadpoolctl

    cores = usable_cores() or 1
    yield check_load(load_average(), cores)
    yield check_cores(cores)
    matrix = np.random.default_rng(0).random((PROBE_MATRIX, PROBE_MATRIX), dtype=np.float32)
    product = matrix @ matrix  # also loads the library, so that it can be seen
    yield check_threads(thread_pools(), os.environ)
    yield check_current_kernel()
    yield check_frequency(*read_frequency())
    yield check_clock(clock_resolution_seconds(clock))
    yield check_empty_call(floor_seconds(clock))
    yield check_counter(counter_name())
    with threadpoolctl.threadpool_limits(1):
        yield check_noise(relative_mad(sample_repeatedly(clock, lambda: np.matmul(matrix, matrix, out=product))))


def probe_machine(clock: Clock, seconds: float) -> Readings:
    """Probe the machine with one thread, as a run of one thread does."""
    import threadpoolctl

    from bptt_bench.measure.probe.probe import probe

    with threadpoolctl.threadpool_limits(1):
        return probe(clock, available=available_bytes(), seconds=seconds)
