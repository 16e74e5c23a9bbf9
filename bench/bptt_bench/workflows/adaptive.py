"""Adaptive runs: the first blocks of the profile, then rounds of the visits that narrow the intervals most.

A round fits what has been measured so far, chooses the visits that narrow the intervals of the claims under judgement
most per second (``bptt_bench.analyse.adaptive.allocate``), stores the choice with its reasons, and measures it in a
fresh process.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.errors import ExperimentError, StoreError
from bptt_bench.measure.loop import run as loop
from bptt_bench.measure.loop.events import Listener, RunFinished
from bptt_bench.measure.loop.interleave import AnnotatingSink
from bptt_bench.measure.protocol.messages import Timing
from bptt_bench.measure.protocol.schedule import Block, Visit
from bptt_bench.plan import Cell, Experiment, Point, block_order
from bptt_bench.plan.experiment.claims_from_law import with_details
from bptt_bench.plan.experiment.stopping_rule import NARROWEST, SHORTEST_BUDGET_SECONDS, WIDEST, StoppingRule
from bptt_bench.store import SampleStore
from bptt_bench.text.numbers import duration
from bptt_bench.text.quantities import parse_duration, parse_share
from bptt_bench.workflows.settings import Settings, experiment_of, run_arguments

if TYPE_CHECKING:
    import pandas as pd

    from bptt_bench.analyse.adaptive.allocate import Allocation
    from bptt_bench.analyse.adaptive.precision import IntervalTarget, TimedCell
    from bptt_bench.analyse.discover.law_set import LawSet
    from bptt_bench.analyse.evidence.evidence import Evidence
    from bptt_bench.analyse.evidence.strata import Strata


ROUND_SECONDS = 20.0  # of measuring between two looks at the intervals, if nothing speaks against it
ROUNDS = 3.0  # a short budget is divided into this many rounds
THINKING_SHARE = 0.1  # of the time, at most, for fitting and choosing: it determines the length of a round
START_UP_SECONDS = 1.0  # of a measuring process, before the first one has shown how long it takes
PACE_LIMITS = 0.5, 2.0  # of what visits take over what they were expected to; beyond, something else happened
LEAST_GAIN = 0.01  # of the half-width of an open interval in a round; below it no further round is worth its time
DECIDING_OVERHEAD = 2.0  # times the evaluations at a deciding point: preparing, calibrating and warming up
ADAPTIVE = "adaptive"  # the stage of what is measured here
TIMINGS: tuple[Timing, ...] = ("whole", "phases")
LINES_PER_ROUND = 6  # claims named in the messages of a round; the record holds all


class Sampler:
    """Chooses what to measure next; called by the loop of a run whenever nothing is left to be measured.

    Parameters
    ----------
    read : the samples so far, as ``load`` gives them.
    append : stores a record.
    seconds_used : seconds that the run has taken so far, computations included.
    say : receives what is worth a line.
    """

    def __init__(
        self,
        experiment: Experiment,
        rule: StoppingRule,
        *,
        seed: int,
        read: Callable[[], pd.DataFrame],
        append: Callable[[Mapping[str, Any]], None],
        seconds_used: Callable[[], float],
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._experiment, self._rule, self._seed = experiment, rule, seed
        self._read, self._append, self._seconds_used, self._say = read, append, seconds_used, say


class AdaptiveSampler(Sampler):
    """Chooses the visits that narrow the intervals of claims most.

    Parameters
    ----------
    profile : whose samples last as long as those of this run.
    """

    def __init__(self, experiment: Experiment, profile: str, rule: StoppingRule, **how: Any) -> None:
        super().__init__(experiment, rule, **how)
        self._seconds_per_sample = experiment.profile(profile).seconds_per_sample
        self._pace, self._start_up, self._thinking = 1.0, START_UP_SECONDS, 0.0
        self._last: tuple[float, float, float] | None = None  # end of thinking, seconds planned, seconds in visits then
        self._named: set[str] = set()

    def __call__(self) -> Sequence[Block]:
        """Return the blocks of the next round; none if the stopping rule is met or cannot be."""
        from bptt_bench.analyse.adaptive.allocate import empty_allocation
        from bptt_bench.analyse.adaptive.candidates import visit_seconds
        from bptt_bench.analyse.adaptive.interval_targets import interval_targets, required_fits
        from bptt_bench.analyse.evidence.evidence import fit_all
        from bptt_bench.analyse.evidence.strata import Strata, stratify

        begun = self._seconds_used()
        try:
            frame = self._read()
        except StoreError:  # nothing could be measured at all
            return ()
        if not self._learn(begun, float(frame["visit_seconds"].sum())):
            return self._choose(begun, frame, empty_allocation(), "nothing of the last round could be measured")
        if self._budget - begun <= self._start_up + self._thinking:
            return self._choose(begun, frame, empty_allocation(), self._used_up())
        detailed = with_details(self._experiment, only=True)
        samples, experiment, claims = stratify(frame, detailed, detailed.claims)
        evidence = fit_all(samples, experiment, only=required_fits(claims))
        targets, hopeless = interval_targets(evidence, claims)
        seconds = self._seconds(begun, self._seconds_used() - begun)
        allocation, why = self._allocate(evidence, targets, visit_seconds(samples), seconds)
        allocation = dataclasses.replace(allocation, exhausted=(*hopeless, *allocation.exhausted))
        return self._choose(begun, frame, _with_categories(allocation, Strata.of(self._experiment, frame)), why)

    def _choose(self, begun: float, frame: pd.DataFrame, allocation: Allocation, why: str) -> Sequence[Block]:
        """Store an allocation, say what it is, and make blocks of it."""
        first = int(frame["block"].max()) + 1
        blocks = make_blocks(self._experiment, allocation.visits, allocation.together, first=first, seed=self._seed)
        self._thinking = self._seconds_used() - begun
        self._append(
            {
                "record": "allocation",
                "used_seconds": begun,
                "thinking_seconds": self._thinking,
                "seconds": allocation.seconds * self._pace,
                "why": why,
                "blocks": [block.number for block in blocks],
                **allocation_record(allocation),
            }
        )
        self._announce(allocation, why)
        self._last = begun + self._thinking, allocation.seconds, float(frame["visit_seconds"].sum())
        return blocks

    @property
    def _budget(self) -> float:
        return math.inf if self._rule.budget_seconds is None else self._rule.budget_seconds

    def _used_up(self) -> str:
        return f"the budget of {self._budget:g} s is used up"

    def _learn(self, now: float, in_visits: float) -> bool:
        """Update the pace and the start-up time from the last round; return whether it had any visits."""
        if self._last is None:
            return True
        ended, planned, before = self._last
        took = in_visits - before
        if not took > 0:
            return False
        low, high = PACE_LIMITS
        self._pace = min(max(took / planned, low), high)
        self._start_up = max(now - ended - took, 0.0)
        return True

    def _seconds(self, begun: float, thinking: float) -> float:
        """Return how long the next round may last, in seconds."""
        left = self._budget - begun - thinking - self._start_up
        usual = max((thinking + self._start_up) / THINKING_SHARE, min(ROUND_SECONDS, left / ROUNDS))
        # a last round too short to be worth its start is measured together with this one
        return left if left < usual + (thinking + self._start_up) / THINKING_SHARE / 2 else usual

    def _allocate(
        self, evidence: Evidence, targets: Sequence[IntervalTarget], cost: Mapping[TimedCell, float], seconds: float
    ) -> tuple[Allocation, str]:
        """Return the next visits and their reason; no visits and the reason at the end.

        Undecided targets come first. If only a budget is given, the rest of it narrows all intervals alike.
        """
        from bptt_bench.analyse.adaptive.allocate import allocate, empty_allocation
        from bptt_bench.analyse.adaptive.candidates import unmeasured_cells

        new = unmeasured_cells(evidence, targets, cost, seconds_per_sample=self._seconds_per_sample)
        affordable = seconds / self._pace
        limited = self._rule.has_targets

        def spend(wanted: Sequence[float]) -> Allocation:
            return allocate(targets, {**cost, **new}, wanted, seconds=affordable, new=new, reach=limited)

        chosen = spend([self._rule.target_half_width(target.claim, target.deciding) for target in targets])
        if limited and not any(forecast.is_open for forecast in chosen.forecasts):
            return empty_allocation(chosen), "all is as narrow as wanted"
        if affordable < min(cost.values()):
            return empty_allocation(chosen), self._used_up()
        if limited and not _is_worth_it(chosen):
            return empty_allocation(chosen), "no sample helps what is still open"
        if not chosen.visits and not limited:
            chosen = dataclasses.replace(spend([0.0] * len(targets)), exhausted=chosen.exhausted)
            return chosen, "all intervals alike" if chosen.visits else "no sample narrows any interval"
        return chosen, "what is open"

    def _announce(self, allocation: Allocation, why: str) -> None:
        from bptt_bench.report.words.reasons import clause_of

        for one in allocation.exhausted:
            if one.claim not in self._named:
                self._named.add(one.claim)
                self._say(f"no more time for {one.claim}: {clause_of(one.reason)}")
        if not allocation.visits:
            self._say(f"done: {why}")
            return
        samples = sum(allocation.visits.values())
        self._say(f"next {allocation.seconds * self._pace:.0f} s, {samples} samples, for {why}:")
        for line in allocation_lines(allocation)[:LINES_PER_ROUND]:
            self._say(f"  {line}")


class DecidingSampler(Sampler):
    """Chooses the points that decide between the laws that a subject without a law may follow."""

    def __init__(self, experiment: Experiment, rule: StoppingRule, **how: Any) -> None:
        super().__init__(experiment, rule, **how)
        self._chosen: set[TimedCell] = set()

    def __call__(self) -> Sequence[Block]:
        """Return the blocks of the next round; none if nothing would decide, or no time is left for it."""
        from bptt_bench.analyse.adaptive.precision import TimedCell
        from bptt_bench.analyse.discover.deciding import EVALUATIONS, deciding_measurement
        from bptt_bench.analyse.discover.of_run import find_laws
        from bptt_bench.analyse.evidence.strata import Strata
        from bptt_bench.report.words.laws import distinguished
        from bptt_bench.workflows.judge import analyse_run

        try:
            frame = self._read()
        except StoreError:  # nothing could be measured at all
            return ()
        begun = self._seconds_used()
        left = (self._rule.budget_seconds or math.inf) - begun - START_UP_SECONDS
        analysis = analyse_run(frame, self._experiment)
        found = {name: one for name, one in find_laws(analysis.evidence).items() if not isinstance(one, str)}
        strata = Strata.of(self._experiment, frame)
        visits: dict[TimedCell, int] = {}
        seconds = 0.0
        for name, laws in found.items():
            decides = deciding_measurement(laws, within=(left - seconds) / DECIDING_OVERHEAD)
            if decides is None or decides.seconds is None:
                continue
            cell = TimedCell(*strata.cell(Cell(name, Point(decides.at))), "whole")
            if cell in self._chosen:
                continue
            self._say(
                f"next {duration(decides.seconds)}: {name} at {cell.point}, which would tell {distinguished(decides)}"
            )
            visits[cell] = EVALUATIONS
            seconds += decides.seconds * DECIDING_OVERHEAD
        self._chosen.update(visits)
        if not visits:
            self._say(f"done: {_why_not(found, left)}")
            return ()
        blocks = make_blocks(self._experiment, visits, {}, first=int(frame["block"].max()) + 1, seed=self._seed)
        self._append(
            {
                "record": "allocation",
                "used_seconds": begun,
                "thinking_seconds": self._seconds_used() - begun,
                "seconds": seconds,
                "why": "what decides between the laws that fit",
                "blocks": [block.number for block in blocks],
                "visits": [
                    {"subject": cell.subject, "point": dict(cell.point), "timing": cell.timing, "visits": times}
                    for cell, times in visits.items()
                ],
                "intervals": [],
                "unhelped": [],
            }
        )
        return blocks


def _why_not(found: Mapping[str, LawSet], left: float) -> str:
    if all(len(laws.candidates) == 1 for laws in found.values()):
        return "one law is left for each subject" if found else "every subject states a law"
    if left <= 0:
        return "the time is used up"
    return "no point beyond those measured would decide between the laws that are left within the time"


def _is_worth_it(allocation: Allocation) -> bool:
    """Return whether a round narrows any open interval noticeably."""
    return any(
        forecast.is_open and forecast.expected < (1 - LEAST_GAIN) * forecast.target.half_width
        for forecast in allocation.forecasts
    )


def make_blocks(
    experiment: Experiment,
    visits: Mapping[TimedCell, int],
    together: Mapping[tuple[TimedCell, ...], int],
    *,
    first: int,
    seed: int,
) -> list[Block]:
    """Divide visits into blocks: each timed cell at most once a block, its visits spread over all blocks of the round.

    A disturbance of some seconds then affects few visits of any timed_cell, and every block has many points, so
    that the effect of a block can be estimated. Points come in seeded order, subjects to be compared side by side.
    """
    rng = np.random.default_rng([seed, first])
    members: list[set[TimedCell]] = [set() for _ in range(max(visits.values(), default=0))]
    single = dict(visits)
    for pair, times in together.items():
        _spread_evenly(members, pair, times, rng)
        for timed_cell in pair:
            single[timed_cell] -= times
    for timed_cell, times in single.items():
        _spread_evenly(members, (timed_cell,), times, rng)
    blocks = []
    for number, timed_cells in enumerate(members, start=first):
        chosen = {(timed_cell.subject, timed_cell.point, timed_cell.timing) for timed_cell in timed_cells}
        cells = [
            Cell(timed_cell.subject, _validate_point(experiment, timed_cell.point))
            for timed_cell in visits
            if timed_cell in timed_cells
        ]
        ordered = (
            Visit(*cell, number, timing)
            for cell in block_order(list(dict.fromkeys(cells)), block=number, seed=seed)
            for timing in TIMINGS
            if (*cell, timing) in chosen
        )
        blocks.append(Block(number, tuple(ordered), ADAPTIVE))
    return blocks


def _spread_evenly(
    members: Sequence[set[TimedCell]], timed_cells: Sequence[TimedCell], times: int, rng: np.random.Generator
) -> None:
    """Put some timed cells into so many of the blocks that have none of them, evenly from a random start."""
    free = [block for block in members if not block.intersection(timed_cells)]
    start = rng.random()
    for i in range(times):
        free[int((i + start) * len(free) / times)].update(timed_cells)


def _with_categories(allocation: Allocation, strata: Strata) -> Allocation:
    """Return the visits with strata replaced by subjects at points with their categories."""
    if not strata.categories:
        return allocation

    def real(timed_cell: TimedCell) -> TimedCell:
        return timed_cell._replace(**strata.cell(Cell(timed_cell.subject, timed_cell.point))._asdict())

    return dataclasses.replace(
        allocation,
        visits={real(timed_cell): times for timed_cell, times in allocation.visits.items()},
        together={tuple(map(real, pair)): times for pair, times in allocation.together.items()},
        seconds_per_visit={real(timed_cell): seconds for timed_cell, seconds in allocation.seconds_per_visit.items()},
        served={real(timed_cell): claim for timed_cell, claim in allocation.served.items()},
        new=frozenset(map(real, allocation.new)),
    )


def _validate_point(experiment: Experiment, point: Point) -> Point:
    """Return a point with its levels as a profile stores them."""
    return Point({factor.name: factor.validate(point[factor.name]) for factor in experiment.factors})


def allocation_record(allocation: Allocation) -> dict[str, Any]:
    """Return an allocation as a record: the visits with the claim that each was chosen for, and every interval."""
    from bptt_bench.report.words.reasons import clause_of

    return {
        "visits": [
            {
                "subject": timed_cell.subject,
                "point": dict(timed_cell.point),
                "timing": timed_cell.timing,
                "visits": times,
                "seconds_per_visit": allocation.seconds_per_visit[timed_cell],
                "new": timed_cell in allocation.new,
                "claim": allocation.served[timed_cell],
            }
            for timed_cell, times in allocation.visits.items()
        ],
        "intervals": [
            {
                "claim": forecast.target.claim,
                "what": forecast.target.what,
                "half_width": forecast.target.half_width,
                "wanted": forecast.wanted if math.isfinite(forecast.wanted) else None,
                "expected": forecast.expected,
                "attainable": forecast.attainable,
            }
            for forecast in allocation.forecasts
        ],
        "unhelped": [{"claim": one.claim, "reason": clause_of(one.reason)} for one in allocation.exhausted],
    }


def allocation_lines(allocation: Allocation) -> list[str]:
    """Return a line for each claim on which visits it gets and why, the claim with most time first.

    ``12 s at aggregated V=2000 d=100 H=100 T=70 and 3 more (sum-linear, exponent of n: ±0.031 -> ±0.022)``
    """
    seconds: dict[str, dict[TimedCell, float]] = {}
    for timed_cell, times in allocation.visits.items():
        served = seconds.setdefault(allocation.served[timed_cell], {})
        served[timed_cell] = times * allocation.seconds_per_visit[timed_cell]
    lines = []
    for claim, timed_cells in sorted(seconds.items(), key=lambda item: -sum(item[1].values())):
        most = max(timed_cells, key=lambda timed_cell: timed_cells[timed_cell])
        more = f" and {len(timed_cells) - 1} more" if len(timed_cells) > 1 else ""
        mine = [forecast for forecast in allocation.forecasts if forecast.target.claim == claim]
        gains = max(mine, key=lambda forecast: forecast.target.half_width / forecast.expected)
        change = f"±{gains.target.half_width:.3g} -> ±{gains.expected:.3g}"
        where = f"{most.subject} at {most.point}{more}"
        lines.append(f"{sum(timed_cells.values()):.2g} s at {where} ({claim}, {gains.target.what}: {change})")
    return lines


FIRST_BLOCKS, FIRST_PHASE_BLOCKS = 2, 1  # enough to know the noise, and what every cell costs; two processes


def read_stopping_rule(
    budget: str | None, until: str | None, resumed: Path | None, decide: str | None = None
) -> StoppingRule | None:
    """Return the stopping rule of the options, else that of the run to be resumed; None for a fixed length.

    Raises
    ------
    TextError : a budget or a width that cannot be.
    ExperimentError : options that exclude each other.
    StoreError : the folder to be continued holds no run.
    """
    if decide is not None:
        if budget is not None or until is not None:
            raise ExperimentError("--decide: not with --budget or --until, which narrow the intervals of claims")
        seconds = parse_duration("--decide", decide, least=SHORTEST_BUDGET_SECONDS)
        return StoppingRule(budget_seconds=seconds, decides=True)
    if budget is not None or until is not None:
        return StoppingRule(
            budget_seconds=None
            if budget is None
            else parse_duration("--budget", budget, least=SHORTEST_BUDGET_SECONDS),
            until=None if until is None else parse_share("--until", until, least=NARROWEST, most=WIDEST),
        )
    return None if resumed is None else stored_stopping_rule(resumed)


def stored_stopping_rule(folder: Path) -> StoppingRule | None:
    """Return the stopping rule of a stored run; None for a run of a fixed number of blocks.

    Raises
    ------
    StoreError : the folder holds no run.
    """
    from bptt_bench.store.runs.samples import SAMPLES, read_records

    records = read_records(folder / SAMPLES)
    stored = records[0].get("adaptive") if records else None
    return None if stored is None else StoppingRule(**stored)


def first_blocks(experiment: Experiment, profile: str, rule: StoppingRule | None = None) -> Experiment:
    """Return the experiment with only the blocks of a profile with which an adaptive run begins.

    These are the first two; all where the points that decide between laws follow.
    """
    whole = experiment.profile(profile)
    if rule is not None and rule.decides:
        return experiment
    first = dataclasses.replace(
        whole,
        blocks=min(FIRST_BLOCKS, whole.blocks),
        processes=min(FIRST_BLOCKS, whole.blocks),
        phase_blocks=min(FIRST_PHASE_BLOCKS, whole.phase_blocks),
    )
    return dataclasses.replace(experiment, profiles={**experiment.profiles, profile: first})


def measure_adaptively(
    settings: Settings,
    rule: StoppingRule,
    folder: Path,
    *,
    resume: bool = False,
    force: bool = False,
    on_event: Listener | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> RunFinished:
    """Measure into a folder until the rule is met.

    Raises
    ------
    ExperimentError, StoreError, MeasureError : what cannot be used; one line each.
    Interrupted : by a signal; what was measured before is stored.
    """
    from bptt_bench.store.frame import load

    begun, stored_seconds = time.monotonic(), _seconds_stored(folder) if resume else 0.0
    experiment = experiment_of(settings)
    if not experiment.is_timed:
        raise ExperimentError("--budget and --until: must be used with the time, which --measure leaves out")
    with SampleStore.resume(folder) if resume else SampleStore.create(folder) as store:
        if store.done.header is not None and "adaptive" not in store.done.header and not rule.decides:
            raise StoreError(f"{folder}: holds a run of a fixed number of blocks; --budget and --until need a new one")
        how: dict[str, Any] = {
            "seed": settings.seed,
            "read": lambda: load(folder),
            "append": store.append,
            "seconds_used": lambda: (0.0 if rule.decides else stored_seconds) + time.monotonic() - begun,
            "say": say,
        }
        sampler: Callable[[], Sequence[Block]] = (
            DecidingSampler(experiment, rule, **how)
            if rule.decides
            else AdaptiveSampler(experiment, settings.profile, rule, **how)
        )
        return loop.run(
            first_blocks(experiment, settings.profile, rule),
            **run_arguments(settings),
            sink=AnnotatingSink(store, {"adaptive": rule.to_json()}),
            done=store.done,
            force=force,
            on_event=on_event,
            next_blocks=sampler,
        )


def _seconds_stored(folder: Path) -> float:
    """Return the seconds that the stored samples of an interrupted run took; 0 if it holds none."""
    from bptt_bench.store.frame import load

    try:
        return float(load(folder)["visit_seconds"].sum())
    except StoreError:
        return 0.0
