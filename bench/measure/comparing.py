"""Results compared before they are timed: what the measuring process does, and what the run asks of it."""

from __future__ import annotations

import math
from collections.abc import Callable

from bench.measure.crew import Crew
from bench.measure.engines import Worker
from bench.measure.messages import Compare, Compared, TooLarge
from bench.measure.records import Sink, agreement_record
from bench.measure.schedule import Visit
from bench.plan import Agreement, Evaluation, Experiment, Point

Prepared = Callable[[str], "Evaluation | TooLarge"]  # the evaluation of a subject at the point in question


class Comparer:
    """Keeps the result of the reference at the point where it was last asked for."""

    def __init__(self) -> None:
        self._point: Point | None = None
        self._expected: object = None

    def compare(self, agreement: Agreement, subject: str, point: Point, prepared: Prepared) -> Compared | TooLarge:
        """Evaluate a subject once and compare; its reference is evaluated once for all subjects of a point."""
        if point != self._point:
            self._point = self._expected = None  # given up before the next is made
            reference = prepared(agreement.reference)
            if isinstance(reference, TooLarge):
                return reference
            self._expected = agreement.result_of(agreement.reference, reference())
            self._point = point
        evaluate = prepared(subject)
        if isinstance(evaluate, TooLarge):
            return evaluate
        found = agreement.result_of(subject, evaluate())
        difference = float(agreement.difference(found, self._expected))
        return Compared(difference=difference if math.isfinite(difference) else None)


class Comparisons:
    """Asks a measuring process for what is not compared yet, before a subject's first sample at a point.

    Parameters
    ----------
    done : subjects at points that were compared before.
    """

    def __init__(self, experiment: Experiment, crew: Crew, sink: Sink, done: frozenset[tuple[str, Point]]) -> None:
        self._agreement, self._crew, self._sink, self._done = experiment.agreement, crew, sink, set(done)
        self._subjects = {subject.name for subject in experiment.subjects}

    def before(self, worker: Worker, visit: Visit) -> None:
        """Compare and store, where that is due.

        Raises
        ------
        MeasureError : a subject failed.
        """
        agreement, cell = self._agreement, (visit.subject, visit.point)
        if agreement is None or cell in self._done or visit.subject not in self._subjects:
            return  # a placebo is its subject
        if visit.subject == agreement.reference or agreement.reference not in self._subjects:
            return
        request = Compare(subject=visit.subject, point=visit.point)
        reply = self._crew.ask(worker, request, f"result of {visit.subject!r} at {visit.point}")
        self._done.add(cell)
        if isinstance(reply, Compared):
            self._sink.append(agreement_record(visit, agreement, reply))
