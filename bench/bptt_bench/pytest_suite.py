"""What `pytest --benchmark` measures: one experiment of a session, its rounds, and the fixture that takes them.

Apart from the plugin, which every pytest session loads: the plugin imports this module, and with it NumPy, when needed.
"""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from bptt_bench.measure.clock import WallClock
from bptt_bench.measure.timing import calibrate, floor_seconds, is_below_floor, no_garbage_collection, warm_up
from bptt_bench.plan import Claim, Design, Evaluation, Experiment, Point, Subject

if TYPE_CHECKING:
    import pandas as pd

    from bptt_bench.analyse.analysis import Analysis
    from bptt_bench.analyse.verdict import Verdict

ROUNDS = 5
WARMUP_ROUNDS = 1
SECONDS_PER_ROUND = 0.005  # long beside the resolution of a timer, short enough for a suite of many points
BLAS_THREADS = 1


class BenchmarkFixture(Protocol):
    """What is used of pytest-benchmark's fixture; ``stats`` stays None where benchmarks are disabled."""

    group: str | None
    extra_info: dict[str, Any]
    stats: Any
    disabled: bool

    def pedantic(self, target: Evaluation, *, rounds: int, warmup_rounds: int, iterations: int) -> object:
        """Time a call in rounds of a given number of iterations."""
        ...


@dataclass(kw_only=True)
class Suite:
    """An experiment as measured in this session, one row per round."""

    experiment: Experiment
    rows: list[dict[str, Any]] = field(default_factory=list)
    _analysed: tuple[int, Analysis] | None = None

    def add(self, subject: str, point: Point, *, evaluations: int, seconds_per_eval: list[float]) -> None:
        """Keep the rounds of a benchmark; rounds of a point that was measured before are numbered on from there."""
        key = {"subject": subject, **point}
        before = sum(key.items() <= row.items() for row in self.rows)
        self.rows.extend(
            {
                **key,
                "block": block,
                "process": 0,
                "evaluations": evaluations,
                "timing": "whole",
                "seconds_per_eval": seconds,
                "below_floor": is_below_floor(seconds, empty_call_seconds()),
            }
            for block, seconds in enumerate(seconds_per_eval, start=before)
        )

    def frame(self) -> pd.DataFrame:
        """The rounds as the tidy frame that the analyse stage reads."""
        import pandas as pd

        frame = pd.DataFrame(self.rows)
        factors = [factor.name for factor in self.experiment.factors]
        frame.attrs.update(factors=factors, run={}, checks=[], skips=[], workers=[], finish=None)
        return frame

    def claims(self) -> tuple[list[Claim], list[Claim]]:
        """The claims whose subjects were all measured, and the rest; where there are categories, stratum by stratum."""
        from bptt_bench.analyse.strata import stratified

        frame, _, claims = stratified(self.frame(), self.experiment, self.experiment.claims)
        measured = set(frame.get("subject", ()))
        judged: list[Claim] = []
        rest: list[Claim] = []
        for claim in claims:
            needed = {claim.subject, getattr(claim, "over", None), getattr(claim, "less", None)} - {None}
            (judged if needed <= measured else rest).append(claim)
        return judged, rest

    def analysis(self) -> Analysis:
        """Fits and verdicts of what has been measured so far.

        Raises
        ------
        pytest.UsageError : a claim that cannot be judged on any data, such as one about a term that the law lacks.
        """
        from bptt_bench.analyse import FitError, analyse

        if self._analysed is None or self._analysed[0] != len(self.rows):
            try:
                with warnings.catch_warnings():  # a project that turns warnings into errors means its own
                    warnings.simplefilter("default")
                    self._analysed = len(self.rows), analyse(self.frame(), self.experiment, self.claims()[0])
            except FitError as error:
                raise pytest.UsageError(f"experiment {self.experiment.name!r}: {error}") from None
        return self._analysed[1]

    def refuted(self) -> list[Verdict]:
        """The verdicts that fail the session."""
        return [verdict for verdict in self.analysis().verdicts if verdict.verdict == "refuted"]

    def to_json(self) -> dict[str, list[dict[str, Any]]]:
        """Verdicts as ``verdict --json`` gives them, fits as ``fit --json`` does, with their subjects."""
        analysis = self.analysis()
        fits = [{"subject": subject, **fit.to_json()} for (subject, _), fit in analysis.fits.items()]
        return {"verdicts": [verdict.to_json() for verdict in analysis.verdicts], "fits": fits}

    def text(self, *, width: int, colour: bool) -> str:
        """Fits and verdicts as tables, then the claims that nothing was measured for."""
        from bptt_bench.report.terminal import as_text

        lines = [as_text(self.analysis(), width=width, colour=colour).rstrip("\n")]
        rest = self.claims()[1]
        if rest:
            names = ", ".join(claim.name for claim in rest)
            lines.append(f"not judged, because their subjects were not measured: {names}")
        return "\n".join(lines)


@dataclass(kw_only=True)
class Scaling:
    """Measures subjects of an experiment through pytest-benchmark's fixture; the value of the ``scaling`` fixture."""

    benchmark: BenchmarkFixture
    suite: Suite
    machine: dict[str, Any]  # filled with what BLAS said while measuring

    def measure(
        self,
        subject: str,
        point: Mapping[str, Any],
        *,
        line: str | None = None,
        rounds: int = ROUNDS,
        warmup_rounds: int = WARMUP_ROUNDS,
        seconds_per_round: float = SECONDS_PER_ROUND,
    ) -> None:
        """Time a subject at a point, BLAS on one thread and garbage collection off; its preparation is not timed.

        Parameters
        ----------
        line : the factor that varies among the benchmarks of the group that this one joins.
        rounds : samples; each holds as many evaluations as last about ``seconds_per_round``.

        Raises
        ------
        ExperimentError : the experiment has no such subject.
        DesignError : the point does not give each factor of the experiment a level that it allows.
        """
        experiment = self.suite.experiment
        chosen = experiment.subject(subject)
        (at,) = Design.of([point]).validated(experiment.factors)
        if line is not None:
            self.benchmark.group = group_name(at, line)
        self.benchmark.extra_info.update(described(chosen, subject, at))
        evaluation = chosen.prepare(at)
        with pinned() as blas, no_garbage_collection():
            self.machine.update(blas)
            count = 1 if self.benchmark.disabled else calibrated(evaluation, seconds_per_round)
            self.benchmark.pedantic(evaluation, rounds=rounds, warmup_rounds=warmup_rounds, iterations=count)
        if self.benchmark.stats is not None:
            # already divided by the iterations: one number a round, in seconds per evaluation
            seconds = list(self.benchmark.stats.stats.data)
            self.suite.add(subject, at, evaluations=count, seconds_per_eval=seconds)


def group_name(point: Mapping[str, Any], line: str) -> str:
    """Name of a line through a point.

    >>> group_name({"V": 64, "T": 8}, "T")
    'line in T (V=64)'
    """
    if line not in point:
        raise ValueError(f"line={line!r}: unknown factor; the factors are {', '.join(point)}")
    others = str(Point({name: level for name, level in point.items() if name != line}))
    return f"line in {line} ({others})" if others else f"line in {line}"


def described(subject: Subject, name: str, point: Point) -> dict[str, Any]:
    """What pytest-benchmark's JSON says of a benchmark: subject, point, law and predicted operations per evaluation."""
    info: dict[str, Any] = {"subject": name, "point": dict(point)}
    if subject.law is not None:
        info["law"] = subject.law.text
    if subject.counts is not None:
        totals: dict[str, int] = {}
        for of_phase in subject.counts(point).values():
            for category, operations in of_phase.items():
                totals[category] = totals.get(category, 0) + int(operations)
        info["counts"] = totals
        info["predicted_multiply_adds"] = totals.get("multiply_adds", 0)
    return info


def calibrated(evaluation: Evaluation, seconds_per_round: float) -> int:
    """How many evaluations make a round, once the first ones have warmed up."""
    clock = WallClock()
    warm_up(evaluation, clock, seconds_per_round)
    return calibrate(evaluation, clock, seconds_per_round)[0]


@functools.cache
def empty_call_seconds() -> float:
    """Seconds per evaluation of a call that does nothing, measured once a session."""
    return floor_seconds(WallClock())


@contextlib.contextmanager
def pinned() -> Iterator[dict[str, Any]]:
    """One BLAS thread within the block; gives the threads and the BLAS that were read back."""
    import threadpoolctl

    with threadpoolctl.threadpool_limits(limits=BLAS_THREADS, user_api="blas"):
        blas = blas_info()
        if blas["threads"] not in (None, BLAS_THREADS):
            pytest.fail(f"BLAS threads: {BLAS_THREADS} asked for, {blas['threads']} read back", pytrace=False)
        yield blas


def blas_info() -> dict[str, Any]:
    """NumPy's BLAS and its threads, as threadpoolctl reads them back; threads are None where it sees no BLAS."""
    import threadpoolctl

    pools = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    pools = [pool for pool in pools if "numpy" in pool["filepath"]] or pools  # SciPy may bring one of its own
    names = {f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}".strip() for pool in pools}
    return {"blas": sorted(names), "threads": max((int(pool["num_threads"]) for pool in pools), default=None)}
