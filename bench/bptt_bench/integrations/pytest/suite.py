"""Measures one experiment in a session of `pytest --benchmark`: its rounds, and the fixture that takes them.

This is not part of the plugin, which every pytest session loads: the plugin imports it, and NumPy, when needed.

pytest-benchmark takes all rounds of a benchmark in a row, and whatever else runs meanwhile slows all of them; points
would then differ by when they were measured. Here a test takes the first round of its benchmark. The other rounds
follow after the last test: block after block, each visits every benchmark once, in a seeded random order. While claims
are not supported yet, further blocks visit the benchmarks of their subjects, as far as the tests allow.
"""

from __future__ import annotations

import contextlib
import io
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from bptt_bench.errors import ExperimentError
from bptt_bench.integrations.pytest.rounds import (
    Benchmark,
    BenchmarkFixture,
    Unmeasured,
    calibrate_round,
    empty_call_seconds,
    one_line,
    pin_blas,
)
from bptt_bench.measure.timing.timing import is_below_floor, no_garbage_collection
from bptt_bench.plan import Cell, Claim, Design, Experiment, Point, Subject, block_order
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.plan.experiment.seeded import SeededPrepare

if TYPE_CHECKING:
    import pandas as pd

    from bptt_bench.analyse.verdicts.analysis import Analysis
    from bptt_bench.analyse.verdicts.verdict import Verdict

ROUNDS = 5
FURTHER_ROUNDS = 4  # at a time, after which the claims are judged again
SECONDS_PER_ROUND = 0.005  # long beside the resolution of a timer, short enough for a suite of many points
SEED = 1  # of the order in which a block visits the benchmarks


@dataclass(kw_only=True)
class Suite:
    """An experiment as measured in this session, one row per round."""

    experiment: Experiment
    rows: list[dict[str, Any]] = field(default_factory=list)
    benchmarks: list[Benchmark] = field(default_factory=list)
    unmeasured: list[Unmeasured] = field(default_factory=list)
    _analysed: tuple[int, Analysis] | None = None

    def begin(self, benchmark: Benchmark, seconds_per_eval: float, started_at: float) -> None:
        """Keep a benchmark and its first round; rounds of a cell that has one already are numbered on from there."""
        benchmark.first_block = sum(other.rounds for other in self.benchmarks if other.cell == benchmark.cell)
        self.benchmarks.append(benchmark)
        self._keep(benchmark, seconds_per_eval, started_at)

    def visit_blocks(self) -> Iterator[int]:
        """Take the rounds that are still to be taken, block by block; gives how many visits a block made.

        A benchmark that raises is not visited again, and the others go on.
        """
        silent = io.StringIO()  # pytest captures what tests print, and no more
        with (
            pin_blas(),
            no_garbage_collection(),
            contextlib.redirect_stdout(silent),
            contextlib.redirect_stderr(silent),
        ):
            while waiting := self._waiting() or self._extended():
                block = min(each.taken for each in waiting)
                due = [each for each in waiting if each.taken == block]
                for cell in block_order([*{each.cell: None for each in due}], block=block, seed=SEED):
                    for benchmark in (each for each in due if each.cell == cell):
                        self._visit(benchmark)
                yield len(due)

    def _waiting(self) -> list[Benchmark]:
        return [each for each in self.benchmarks if each.taken < each.rounds and not each.failed]

    def _extended(self) -> list[Benchmark]:
        """Give further rounds to the benchmarks whose subjects have claims that these may decide; return them.

        A claim that is refuted by few rounds is judged on more before it fails the session.
        """
        extensible = [each for each in self.benchmarks if each.rounds < each.most_rounds and not each.failed]
        if not extensible:
            return []
        subjects = self._undecided_subjects()
        chosen = [each for each in extensible if each.cell.subject in subjects]
        for each in chosen:
            each.rounds = min(each.rounds + FURTHER_ROUNDS, each.most_rounds)
        return chosen

    def _undecided_subjects(self) -> set[str]:
        """Return the subjects of claims that are refuted, or open for want of precision that samples would give."""
        from bptt_bench.analyse.findings.reason import Kind

        undecided = {
            (one.claim, one.subject)
            for one in self.analysis().verdicts
            if one.verdict == "refuted" or (one.reason.kind is Kind.IMPRECISE and one.reason.cause != "misfit")
        }
        claims = [claim for claim in self.claims()[0] if (claim.name, claim.subject) in undecided]
        found = (self.experiment.subject_of(name) for claim in claims for name in subjects_of(claim))
        return {subject.name for subject in found if subject is not None}

    def _visit(self, benchmark: Benchmark) -> None:
        """Take one more round of a benchmark, or keep why that failed."""
        cell, started_at = benchmark.cell, time.time()
        try:
            seconds = benchmark.visit(self.experiment.subject(cell.subject))
        except Exception as error:  # noqa: BLE001  # of the code that is measured: reported at the end, and fails the session
            benchmark.failed = True
            why = f"{one_line(error)}, in round {benchmark.taken + 1} of {benchmark.rounds}"
            self.unmeasured.append(Unmeasured(f"{cell.subject} at {cell.point}", why))
            return
        self._keep(benchmark, seconds, started_at)

    def _keep(self, benchmark: Benchmark, seconds_per_eval: float, started_at: float) -> None:
        """Keep the round of a benchmark that was just taken."""
        self.add(
            benchmark.cell,
            block=benchmark.first_block + benchmark.taken,
            evaluations=benchmark.evaluations,
            seconds_per_eval=seconds_per_eval,
            started_at=started_at,
        )
        benchmark.taken += 1

    def add(self, cell: Cell, *, block: int, evaluations: int, seconds_per_eval: float, started_at: float) -> None:
        """Keep a round as a row of the frame."""
        self.rows.append(
            {
                "subject": cell.subject,
                **cell.point,
                "block": block,
                "process": 0,
                "started_at": started_at,
                "evaluations": evaluations,
                "timing": "whole",
                SECONDS_PER_EVAL: seconds_per_eval,
                "below_floor": is_below_floor(seconds_per_eval, empty_call_seconds()),
            }
        )

    def frame(self) -> pd.DataFrame:
        """Return the rounds as the tidy frame that the analysis reads."""
        import pandas as pd

        frame = pd.DataFrame(self.rows)
        factors = [factor.name for factor in self.experiment.factors]
        frame.attrs.update(factors=factors, run={}, checks=[], skips=[], workers=[], finish=None)
        return frame

    def claims(self) -> tuple[list[Claim], list[Claim]]:
        """Return the claims whose subjects were all measured, and the rest, for each stratum."""
        from bptt_bench.analyse.evidence.strata import stratify

        frame, _, claims = stratify(self.frame(), self.experiment, self.experiment.claims)
        measured = set(frame.get("subject", ()))
        judged: list[Claim] = []
        rest: list[Claim] = []
        for claim in claims:
            (judged if subjects_of(claim) <= measured else rest).append(claim)
        return judged, rest

    def analysis(self) -> Analysis:
        """Return fits and verdicts of what has been measured so far.

        Raises
        ------
        pytest.UsageError : a claim that cannot be judged on any data, such as one about a term that the law lacks.
        """
        from bptt_bench.analyse import analyse
        from bptt_bench.errors import FitError

        if self._analysed is None or self._analysed[0] != len(self.rows):
            try:
                with warnings.catch_warnings():  # a project that turns warnings into errors means its own
                    warnings.simplefilter("default")
                    self._analysed = len(self.rows), analyse(self.frame(), self.experiment, self.claims()[0])
            except FitError as error:
                raise pytest.UsageError(f"experiment {self.experiment.name!r}: {error}") from None
        return self._analysed[1]

    def refuted(self) -> list[Verdict]:
        """Return the verdicts that fail the session."""
        return [verdict for verdict in self.analysis().verdicts if verdict.verdict == "refuted"]

    def to_json(self) -> dict[str, list[dict[str, Any]]]:
        """Return verdicts as ``verdict --json`` gives them, fits as ``fit --json`` does, with their subjects."""
        from bptt_bench.report.words.documents import fit_document, verdict_documents

        analysis = self.analysis()
        fits = [{"subject": subject, **fit_document(fit)} for (subject, _), fit in analysis.fits.items()]
        return {"verdicts": verdict_documents(analysis.verdicts), "fits": fits}

    def text(self, *, width: int, colour: bool) -> str:
        """Return fits and verdicts as tables, then the claims that nothing was measured for."""
        from bptt_bench.report.terminal.tables import as_text

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
    machine: dict[str, Any]  # filled with the BLAS and its threads while measuring
    measuring: str = ""  # subject and point, once they are known

    def measure(
        self,
        subject: str,
        point: Mapping[str, Any],
        *,
        line: str | None = None,
        rounds: int = ROUNDS,
        most_rounds: int | None = None,
        seconds_per_round: float = SECONDS_PER_ROUND,
    ) -> None:
        """Time a subject at a point, BLAS on one thread and garbage collection off; its preparation is not timed.

        The first round is taken at once, the others after the last test, in random order among those of other points.
        The subject is prepared anew for each.

        Parameters
        ----------
        line : the factor that varies among the benchmarks of the group that this one joins.
        rounds : samples; each holds as many evaluations as last about ``seconds_per_round``.
        most_rounds : samples where claims on the subject are not supported by ``rounds`` of them; no more by default.

        Raises
        ------
        ExperimentError : the experiment has no such subject, or one whose call consumes its input.
        DesignError : the point does not give each factor of the experiment a level that it allows.
        """
        self.measuring = f"{subject} at {Point(point)}"
        experiment = self.suite.experiment
        chosen = experiment.subject(subject)
        (at,) = Design.of([point]).validated(experiment.factors)
        if isinstance(chosen.prepare, SeededPrepare) and chosen.prepare.consumes:
            raise ExperimentError(
                f"subject {subject!r}: consumes its input, and a round evaluates one many times; use `bptt-bench run`"
            )
        _require_rounds("rounds", rounds, 1)
        most = rounds if most_rounds is None else most_rounds
        _require_rounds("most_rounds", most, rounds)
        if line is not None:
            self.benchmark.group = group_name(at, line)
        self.benchmark.extra_info.update(benchmark_info(chosen, subject, at))
        evaluation = chosen.prepare(at)
        with pin_blas() as blas, no_garbage_collection():
            self.machine.update(blas)
            count = 1 if self.benchmark.disabled else calibrate_round(evaluation, seconds_per_round)
            started_at = time.time()
            self.benchmark.pedantic(evaluation, rounds=1, iterations=count)
        stats = self.benchmark.stats
        if stats is not None:
            begun = Benchmark(
                cell=Cell(subject, at),
                stats=stats,
                rounds=rounds,
                most_rounds=most,
                first_block=0,
                evaluations=count,
                seconds_per_round=seconds_per_round,
            )
            # already divided by the iterations: in seconds per evaluation
            self.suite.begin(begun, float(stats.stats.data[0]), started_at)


def _require_rounds(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} must be a whole number from {least}, got {value!r}")


def subjects_of(claim: Claim) -> set[str]:
    """Return the subjects that a claim is about."""
    return {name for name in (claim.subject, getattr(claim, "over", None), getattr(claim, "less", None)) if name}


def describe_failure(item: pytest.Item, error: BaseException) -> list[str]:
    """Return what the test of a scaling benchmark was to measure, and why it failed."""
    what = item.name
    scaling: Scaling | None = getattr(item, "funcargs", {}).get("scaling")
    if scaling is not None:
        what = scaling.measuring or what
        scaling.benchmark.skipped = True  # has failed: do not count it as unmeasured as well
    return [what, one_line(error)]


def group_name(point: Mapping[str, Any], line: str) -> str:
    """Name of a line through a point.

    >>> group_name({"V": 64, "T": 8}, "T")
    'line in T (V=64)'
    """
    if line not in point:
        raise ValueError(f"line={line!r}: unknown factor; the factors are {', '.join(point)}")
    others = str(Point({name: level for name, level in point.items() if name != line}))
    return f"line in {line} ({others})" if others else f"line in {line}"


def benchmark_info(subject: Subject, name: str, point: Point) -> dict[str, Any]:
    """Return subject, point, law and predicted operations of a benchmark for pytest-benchmark's JSON."""
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
