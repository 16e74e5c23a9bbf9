"""Measuring processes inside the test: the real protocol and handler, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bptt_bench.measure.engines import WorkerDied
from bptt_bench.measure.protocol.messages import Reply, Request, SampleRequest, decode, encode
from bptt_bench.measure.timing.clock import Clock, FakeClock
from bptt_bench.measure.worker.request_handler import RequestHandler
from bptt_bench.plan import Claim, CostLaw, Design, Evaluation, Experiment, Factor, PhaseSwitch, Point, Profile, Subject
from bptt_bench.plan.machine.readings import BandwidthReading, ProductReading, Readings

SECONDS_PER_UNIT = 0.001  # what the toy subject costs per unit of its factor n
PROBE_SECONDS = 7.0  # what the fake probe takes
PEAK = 5_000_000  # bytes that the fake system tells
READINGS = Readings(
    products=(
        ProductReading(
            kind="gemv", dtype="float32", m=10, n=1, k=10, working_set_bytes=480, seconds=2e-6, median_seconds=3e-6
        ),
    ),
    bandwidth=(BandwidthReading(operation="copy", working_set_bytes=8192, seconds=1e-6, median_seconds=1e-6),),
    transcendental=(),
    elementwise=(),
    empty_call_seconds=4e-7,
    python_call_seconds=3e-8,
    first_touch_seconds_per_byte=1e-10,
    clear_seconds_per_byte=5e-11,
    rounds=3,
    skipped=("copy of 128 MiB: no time was left",),
)


class FakeWorker:
    """Answers as a real process would, through the same messages."""

    def __init__(self, engine: FakeEngine, handler: RequestHandler) -> None:
        self._engine, self._handler = engine, handler
        self.closed = False

    def send(self, request: Request) -> Reply:
        assert not self.closed
        request = decode(encode(request))
        self._engine.requests.append(request)
        measured = sum(isinstance(one, SampleRequest) for one in self._engine.requests)
        if self._engine.dies_at_sample == measured and isinstance(request, SampleRequest):
            raise WorkerDied("it was killed by SIGSEGV")
        reply: Reply = decode(encode(self._handler.handle(request)))
        return reply

    def close(self) -> None:
        self.closed = True


class FakeEngine:
    """Starts fake workers, and sees that there are never two at once.

    Parameters
    ----------
    available : bytes of memory that the machine seems to have.
    peak : bytes by which evaluations seem to raise the peak of their process; None: the system cannot tell.
    threads : that the numerical libraries seem to use; None: as many as they were told.
    """

    def __init__(
        self,
        experiment: Experiment,
        clock: FakeClock,
        *,
        available: Callable[[], int] = lambda: 1 << 40,
        threads: int | None = None,
        dies_at_sample: int | None = None,
        start_up_seconds: float = 0.0,
        peak: int | None = PEAK,
    ) -> None:
        self._experiment, self._clock, self._available, self._threads = experiment, clock, available, threads
        self.dies_at_sample = dies_at_sample
        self._start_up_seconds, self._peak = start_up_seconds, peak
        self.workers: list[FakeWorker] = []
        self.requests: list[Request] = []

    def start(self, *, threads: int) -> FakeWorker:
        assert all(worker.closed for worker in self.workers), "two workers at once"
        self._clock.advance(self._start_up_seconds)

        def pools() -> list[dict[str, Any]]:
            return [{"name": "openblas", "api": "blas", "threads": self._threads or threads}]

        def load(_module: str, _corpus: Path | None) -> Experiment:
            return self._experiment

        def probe(clock: Clock, _available: int) -> Readings:
            assert clock is self._clock
            self._clock.advance(PROBE_SECONDS)
            return READINGS

        def peak(evaluate: Evaluation) -> int | None:
            evaluate()
            return self._peak

        handler = RequestHandler(self._clock, available=self._available, pools=pools, load=load, probe=probe, peak=peak)
        self.workers.append(FakeWorker(self, handler))
        return self.workers[-1]


class ListSink:
    """Keeps records in memory."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.synced = 0

    def append(self, record: Mapping[str, Any]) -> None:
        self.records.append(dict(record))

    def sync(self) -> None:
        self.synced = len(self.records)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [record for record in self.records if record["record"] == kind]


def linear(clock: FakeClock, name: str = "linear", *, prepare_seconds: float = 0.0, phased: bool = False) -> Subject:
    """A subject that takes n milliseconds: a quarter of them in phase ``a``, the rest in phase ``b``."""

    def prepare(point: Point) -> Evaluation:
        clock.advance(prepare_seconds)
        return lambda: clock.advance(SECONDS_PER_UNIT * point["n"])

    def prepare_phased(point: Point, switch: PhaseSwitch) -> Evaluation:
        def evaluate() -> None:
            switch("a")
            clock.advance(0.25 * SECONDS_PER_UNIT * point["n"])
            switch("b")
            clock.advance(0.75 * SECONDS_PER_UNIT * point["n"])

        return evaluate

    return Subject(
        name=name,
        prepare=prepare,
        prepare_phased=prepare_phased if phased else None,
        law=CostLaw("n"),
        working_set=lambda point: int(1000 * point["n"]),
    )


def toy(
    *subjects: Subject,
    claims: Sequence[Claim] = (),
    placebo: str | None = None,
    n: Sequence[int] = (1, 4),
    **profile: Any,
) -> Experiment:
    """An experiment in one factor ``n``, with a profile ``quick``."""
    settings = {"blocks": 3, "seconds_per_sample": 0.02, "processes": 2, "phase_blocks": 1, **profile}
    return Experiment(
        name="toy",
        factors=(Factor(name="n"),),
        subjects=subjects,
        profiles={"quick": Profile(design=Design.grid({"n": n}), **settings)},
        claims=tuple(claims),
        placebo=placebo,
    )
