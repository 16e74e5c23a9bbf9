"""The inspection of a cell: did its first evaluation do its work, and do later ones find the same work to do?

That an input has changed says little: buffers are written, counters count. What counts is whether the time depends on
it. So a call whose inputs are put back each time is timed in turns with the call that was measured, which finds them as
it has left them. Memory that is new, and all that is loaded once, is paid for before on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bptt_bench.measure.timing.clock import Clock
from bptt_bench.measure.worker.inputs import Input, estimate_bytes, find_inputs, is_cache
from bptt_bench.measure.worker.loading import one_line
from bptt_bench.plan import Evaluation
from bptt_bench.plan.experiment.deferred import deferred_kind

SUSPICIOUS = 1.5  # ratio of the first evaluation to later ones from which a changed input is examined
TURNS = ((0.01, 5), (0.5, 3))  # comparisons of evaluations that take up to so many seconds; of slower ones FEWEST_TURNS
FEWEST_TURNS = 1
MOST_COPIED = 1 << 26  # bytes of inputs that are copied to be put back


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was seen of the evaluations of a cell.

    Attributes
    ----------
    returned : kind of promise that the first returned instead of a result, a key of ``INSTEAD``; None: a result.
    changed : inputs that the first changed, by name, with their types.
    grown : items of a sequence after the first evaluation and after the last, by name, where each leaves it longer.
    restored_seconds, repeated_seconds : of evaluations whose inputs were put back, and of others that found them as all
        evaluations before had left them, in turns. Empty: nothing gave a reason to compare.
    trouble : what a call raised that was made for the comparison alone, which was given up then.
    input_bytes : about how many bytes the inputs take that are evaluated in turn, as far as they are seen.
    """

    returned: str | None = None
    changed: Mapping[str, str] = field(default_factory=dict)
    grown: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    restored_seconds: Sequence[float] = ()
    repeated_seconds: Sequence[float] = ()
    trouble: str = ""
    input_bytes: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the inspection as plain data."""
        return {
            "returned": self.returned,
            "changed": dict(self.changed),
            **({"grown": {name: list(lengths) for name, lengths in self.grown.items()}} if self.grown else {}),
            "restored_seconds": list(self.restored_seconds),
            "repeated_seconds": list(self.repeated_seconds),
            **({"trouble": self.trouble} if self.trouble else {}),
            **({} if self.input_bytes is None else {"input_bytes": self.input_bytes}),
        }


class Inspector:
    """Looks at a call around its first evaluation, and again when it has been measured.

    Parameters
    ----------
    evaluate : the call, prepared and not yet made.
    inputs : what it works on; by default what can be reached from it.

    Attributes
    ----------
    seconds_in_evaluations : of all evaluations that were made here.
    input_bytes : of the inputs, before the first evaluation.
    """

    def __init__(self, evaluate: Evaluation, clock: Clock, inputs: Sequence[Input] | None = None) -> None:
        self._evaluate, self._clock = evaluate, clock
        self._inputs = find_inputs(evaluate) if inputs is None else inputs
        self._changed: list[Input] = []
        self._longer: list[tuple[Input, int]] = []  # with its length after the first evaluation
        self._returned: str | None = None
        self._first = 0.0
        self.input_bytes = estimate_bytes(self._inputs)
        self.seconds_in_evaluations = 0.0

    def evaluate_first(self) -> float:
        """Evaluate for the first time, and return the seconds."""
        self.watch(self._time_first)
        return self._first

    def watch(self, call: Callable[[], object], evaluations: int = 1) -> object:
        """Return what a call returns that evaluates so often, and note what it is and which inputs it has changed."""
        before = [(each.digest(), each.length) for each in self._inputs]
        result = call()
        self._returned = deferred_kind(result)
        pairs = list(zip(self._inputs, before, strict=True))
        self._changed = [each for each, (digest, _) in pairs if each.digest() != digest]
        longer = ((each, each.length, was) for each, (_, was) in pairs)
        self._longer = [
            (each, was + (now - was) // evaluations)
            for each, now, was in longer
            if now is not None and was is not None and now > was
        ]
        return result

    def compare_fresh(self, later: float, prepare: Callable[[], Evaluation]) -> Inspection:
        """Return what was seen; ``later`` evaluations took so many seconds, ``prepare`` gives the call with new inputs.

        What cannot be put back is prepared anew each time.
        """
        if not self.is_suspicious(later):
            return self._inspection()
        try:
            return self._compare_fresh(prepare)
        except Exception as error:  # noqa: BLE001  # preparing twice may conflict, such as over a port
            return replace(self._inspection(), trouble=one_line(error))

    def _compare_fresh(self, prepare: Callable[[], Evaluation]) -> Inspection:
        other = prepare()
        names = {(each.name, each.kind) for each in self._changed}
        same = [each for each in find_inputs(other) if (each.name, each.kind) in names]
        put_back = [each.restorer(MOST_COPIED // len(same)) for each in same]
        if len(put_back) < len(names) or None in put_back:
            return self._inspection(prepare, lambda: self._evaluate)
        self._time(other)  # new memory is paid for before the comparison
        return self._inspection(lambda: _restore_inputs(put_back, other), lambda: self._evaluate)

    def compare_in_place(self, later: float | None, put_back: Sequence[Callable[[], None] | None]) -> Inspection:
        """Return the same where the call cannot be prepared anew.

        Parameters
        ----------
        later : seconds of later evaluations; None: the first was not timed, and any change is looked into.
        put_back : restore the inputs, in their order.
        """
        mine = [(each, restore) for each, restore in zip(self._inputs, put_back, strict=True) if each in self._changed]
        before = [restore for _, restore in mine]
        if not mine or None in before or (later is not None and not self.is_suspicious(later)):
            return self._inspection()
        try:
            after = [None if is_cache(each.value) else each.restorer(MOST_COPIED // len(mine)) for each, _ in mine]
            return self._inspection(
                lambda: _restore_inputs(before, self._evaluate), lambda: _restore_inputs(after, self._evaluate)
            )
        except Exception as error:  # noqa: BLE001  # an additional call must not fail the measurement
            return replace(self._inspection(), trouble=one_line(error))

    def is_suspicious(self, later: float) -> bool:
        """Return whether a changed input may be why later evaluations took less or more than the first."""
        return bool(self._changed) and max(self._first, later) >= SUSPICIOUS * min(self._first, later)

    def _inspection(
        self, restored: Callable[[], Evaluation] | None = None, repeated: Callable[[], Evaluation] | None = None
    ) -> Inspection:
        times: tuple[list[float], list[float]] = ([], [])
        lengths = [(each.name, first, each.length or 0) for each, first in self._longer]
        grown = {name: (first, last) for name, first, last in lengths if last > first}
        if restored is not None and repeated is not None:
            turns = next((many for seconds, many in TURNS if self._first <= seconds), FEWEST_TURNS)
            for _ in range(turns):
                times[0].append(self._time(restored()))
                times[1].append(self._time(repeated()))
        return Inspection(
            returned=self._returned,
            changed={each.name: each.kind for each in self._changed},
            grown=grown,
            restored_seconds=times[0],
            repeated_seconds=times[1],
        )

    def _time_first(self) -> object:
        start = self._clock.now()
        result = self._evaluate()
        self._first = self._clock.now() - start
        self.seconds_in_evaluations += self._first
        return result

    def _time(self, evaluate: Evaluation) -> float:
        start = self._clock.now()
        evaluate()
        seconds = self._clock.now() - start
        self.seconds_in_evaluations += seconds
        return seconds


def _restore_inputs(put_back: Sequence[Callable[[], None] | None], evaluate: Evaluation) -> Evaluation:
    """Return the call with its inputs restored."""
    for each in put_back:
        if each is not None:
            each()
    return evaluate
