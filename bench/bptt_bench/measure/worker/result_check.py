"""Results that are compared before they are timed: in the measuring process, and in the run."""

from __future__ import annotations

import math
from collections.abc import Callable

from bptt_bench.measure.protocol.messages import ComparisonReply, SkipReply
from bptt_bench.measure.protocol.schedule import Visit
from bptt_bench.plan import Agreement, Evaluation, Experiment, Point

Prepared = Callable[[str], "Evaluation | SkipReply"]  # the evaluation of a subject at the point in question


class ResultComparer:
    """Compares results with that of the reference, which is kept for one point."""

    def __init__(self) -> None:
        self._point: Point | None = None
        self._expected: object = None

    def compare(
        self, agreement: Agreement, subject: str, point: Point, prepared: Prepared
    ) -> ComparisonReply | SkipReply:
        """Evaluate a subject once and compare; its reference is evaluated once for all subjects of a point."""
        if point != self._point:
            self._point = self._expected = None  # given up before the next is made
            reference = prepared(agreement.reference)
            if isinstance(reference, SkipReply):
                return reference
            self._expected = agreement.result_of(agreement.reference, reference())
            self._point = point
        evaluate = prepared(subject)
        if isinstance(evaluate, SkipReply):
            return evaluate
        found = agreement.result_of(subject, evaluate())
        difference = float(agreement.difference(found, self._expected))
        return ComparisonReply(difference=difference if math.isfinite(difference) else None)


class PendingComparisons:
    """Which results are still to be compared with that of the reference: each subject's once at each point.

    Parameters
    ----------
    done : subjects at points that were compared before.
    """

    def __init__(self, experiment: Experiment, done: frozenset[tuple[str, Point]]) -> None:
        self._agreement, self._taken = experiment.agreement, set(done)
        self._subjects = {subject.name for subject in experiment.subjects}

    def start(self, visit: Visit) -> bool:
        """Return whether a comparison is due before a visit; from then on it is not."""
        agreement, cell = self._agreement, (visit.subject, visit.point)
        if agreement is None or cell in self._taken or visit.subject not in self._subjects:
            return False  # a placebo is its subject
        if visit.subject == agreement.reference or agreement.reference not in self._subjects:
            return False
        self._taken.add(cell)
        return True

    def undo(self, visit: Visit) -> None:
        """Make a comparison due again that was taken and could not be made."""
        self._taken.discard((visit.subject, visit.point))
