"""Counts of one evaluation of a subject, by its own tally or under the meter, with inputs of one's own choice."""

from __future__ import annotations

import contextlib
import hashlib
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bptt_bench.measure.counters.call import UncountedOperation
from bptt_bench.measure.counters.held import Held, Replacer, inspect
from bptt_bench.measure.counters.meter import Meter
from bptt_bench.measure.counters.tally import read_tally
from bptt_bench.measure.timing.clock import Clock
from bptt_bench.plan import Evaluation, Point, Subject
from bptt_bench.plan.experiment.deferred import deferred_kind
from bptt_bench.plan.experiment.seeded import SeededPrepare
from bptt_bench.plan.experiment.subject import Tally

NO_PHASE, TALLY = "", "tally"  # phases: of code that names none, and of what the subject counts itself
OTHER_INPUTS = 1_000  # from this number on: inputs of sizes that had others before
CHECKED_EVERY = 8  # evaluations: so often a third one is counted, and inputs are compared with what they were

Counts = dict[tuple[str, str], int]  # by phase and category


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """What makes counting impossible: ``kind`` is one of the constants of this module, ``detail`` names it."""

    kind: str
    detail: str


UNCOUNTED, LIBRARY, DEFERRED = "uncounted operation", "library", "deferred"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationCounts:
    """The counts of one evaluation.

    Attributes
    ----------
    first : of an evaluation with fresh inputs and buffers, where that is wanted.
    later : of the one after it.
    failure : why there are none: what the code raised at such sizes.
    again : whether a third evaluation counts what the second did, and the second what the first did if that changed its
        inputs.
    """

    first: Counts | None
    later: Counts | None
    seconds: float
    failure: str = ""
    again: bool = True


@dataclass(slots=True)
class SubjectCounter:
    """Counts evaluations of a subject.

    Attributes
    ----------
    first : whether the first evaluation is wanted, and not only the one after it.
    stop : what made counting impossible, once something has.
    inputs : digests of the inputs at each point, to see whether they differ.
    """

    subject: Subject
    clock: Clock
    own: str = ""
    first: bool = False
    stop: Stop | None = None
    inputs: dict[Point, set[str]] = field(default_factory=dict)
    _number: int = 0
    _functions: list[types.FunctionType] = field(default_factory=list)  # whose globals are metered

    def count(self, point: Point, number: int) -> EvaluationCounts:
        """Return the counts at a point, with inputs made from random numbers of their own."""
        start = self.clock.now()
        self._number += 1
        try:
            first, later, again = self._counted(point, number)
        except UncountedOperation as error:
            self.stop = self.stop or Stop(kind=UNCOUNTED, detail=" ".join(str(error).split()))
            return EvaluationCounts(first=None, later=None, seconds=self.clock.now() - start, failure=str(error))
        except Exception as error:  # noqa: BLE001  # code of the user may raise anything at sizes that it does not allow
            failure = f"{type(error).__name__}: {' '.join(str(error).split())}"
            return EvaluationCounts(first=None, later=None, seconds=self.clock.now() - start, failure=failure)
        return EvaluationCounts(first=first, later=later, seconds=self.clock.now() - start, again=again)

    def _counted(self, point: Point, number: int) -> tuple[Counts, Counts, bool]:
        if self.subject.tally is not None:
            tallied = self._tallied(point, number, self.subject.tally)
            return tallied, tallied, True
        meter = Meter(strict=True)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self._number == 1:
                self._run(self._prepared(point, number, meter))  # so that what is imported on the way is imported
            evaluate = self._prepared(point, number, meter)
            held = self._inspected(evaluate, number)
            if held is not None and held.libraries:
                self.stop = self.stop or Stop(kind=LIBRARY, detail=", ".join(held.libraries))
            before = None if held is None else digest_of(held)
            if before is not None:
                self.inputs.setdefault(point, set()).add(before)
            checked = held is not None or self.first or self._consumes
            first, later, again = self._metered(evaluate, meter, checked=checked)
            if first != later and held is not None and digest_of(held) != before:
                again = self._consumes
        return first, later, again

    def _inspected(self, evaluate: Evaluation, number: int) -> Held | None:
        """Return what an evaluation reaches; of most evaluations None, because it costs as much as counting."""
        if self._number > CHECKED_EVERY and self._number % CHECKED_EVERY and number < OTHER_INPUTS:
            return None
        held = inspect(evaluate, self.own)
        self._functions = held.functions
        return held

    def _metered(self, evaluate: Evaluation, meter: Meter, *, checked: bool) -> tuple[Counts, Counts, bool]:
        """Return the counts of a first and a second evaluation, and whether a third has those of the second.

        Unless it is ``checked``, the first is made without a meter, which is many times as quick, and has no counts.
        """
        found: list[Counts] = []
        if not checked:
            self._run(evaluate)
        with meter:
            replacer = Replacer(meter.metered, meter.stand_ins())
            metered = replacer(evaluate)
            with replacer.replaced_globals(self._functions):
                found.append(self._once(metered, meter))
                if checked and not self._consumes:
                    found += [self._once(metered, meter), self._once(metered, meter)]
        later = found[min(1, len(found) - 1)]
        return found[0], later, found[-1] == later

    def _run(self, evaluate: Evaluation) -> None:
        result = evaluate()
        kind = deferred_kind(result)
        if kind is not None:
            self.stop = self.stop or Stop(kind=DEFERRED, detail=kind)

    def _once(self, evaluate: Evaluation, meter: Meter) -> Counts:
        meter.counts = {}
        meter.phase(NO_PHASE)
        self._run(evaluate)
        return {(phase, name): n for phase, counted in meter.counts.items() for name, n in counted.items()}

    @property
    def _consumes(self) -> bool:
        return isinstance(self.subject.prepare, SeededPrepare) and self.subject.prepare.consumes

    def _prepared(self, point: Point, number: int, meter: Meter) -> Evaluation:
        phased = self.subject.prepare_phased
        with salted(number):
            if phased is not None:
                return phased(point, meter.phase)
            if isinstance(self.subject.prepare, SeededPrepare):
                return self.subject.prepare.with_input(point, number)
            return self.subject.prepare(point)

    def _tallied(self, point: Point, number: int, tally: Tally) -> Counts:
        """Return what a tally counts, of which exact laws need whole numbers."""
        with salted(number):
            found = read_tally(tally, point, number)
        whole = {(TALLY, name): value for name, value in found.items() if isinstance(value, int)}
        for name, value in found.items():
            if (TALLY, name) not in whole:
                raise ValueError(f"tally: {name} must be a whole number, got {value!r}")
        return whole


def digest_of(held: Held) -> str:
    """Return a digest of the arrays that an evaluation holds; equal ones have the same."""
    digest = hashlib.blake2b(digest_size=16)
    for array in held.arrays:
        if array.dtype != object:
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


@contextlib.contextmanager
def salted(number: int) -> Iterator[None]:
    """Let generators with a seed of their own depend on the number of an input, too; 0 changes nothing."""
    if number == 0:
        yield
        return
    original: Callable[..., Any] = np.random.default_rng

    def with_salt(given: Any = None) -> Any:
        if isinstance(given, np.random.Generator | np.random.BitGenerator):
            return original(given)
        entropy = given.entropy if isinstance(given, np.random.SeedSequence) else given
        return original(np.random.SeedSequence(entropy, spawn_key=(number,)))

    random: types.ModuleType = np.random
    try:
        random.default_rng = with_salt  # type: ignore[attr-defined]
        yield
    finally:
        random.default_rng = original  # type: ignore[attr-defined]
