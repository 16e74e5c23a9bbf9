"""A process that counts the operations of evaluations, with NumPy under the meter or by the subject's own tally.

Started by ``bptt_bench.measure.engines.counting.operations``. Requests come on standard input, one JSON line each, and
replies leave on standard output.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bptt_bench.measure.counters.call import UncountedOperation
from bptt_bench.measure.counters.call_counter import OperationCount, count_call
from bptt_bench.measure.counters.tally import read_tally
from bptt_bench.measure.worker.counting.instructions import Pipes
from bptt_bench.measure.worker.loading import describe_error, load_experiment, package_of
from bptt_bench.plan import Evaluation, Experiment, Point, Subject
from bptt_bench.plan.experiment.seeded import SeededPrepare
from bptt_bench.plan.experiment.subject import Tally


def count_subject(subject: Subject, point: Point, inputs: int, own: str = "") -> list[OperationCount]:
    """Return the operations of one evaluation of a subject at a point, for each of several inputs.

    A subject with a tally is counted by it: all that it names, together. Of any other the evaluation that is counted is
    not the first on its input, unless that uses its input up.

    Raises
    ------
    UncountedOperation : the evaluation does something that cannot be counted, or nothing that can.
    ValueError : the tally gives something else than numbers from 0 by name.
    """
    if subject.tally is not None:
        return [_tallied(subject.tally, point, number) for number in range(inputs)]
    uses_up = isinstance(subject.prepare, SeededPrepare) and subject.prepare.consumes
    subject.prepare(point)()  # which imports, and fills caches
    found = []
    for number in range(inputs):
        evaluate = _prepared(subject, point, number)
        if not uses_up:
            evaluate()
        found.append(count_call(evaluate, own)[0])
    return found


def _prepared(subject: Subject, point: Point, number: int) -> Evaluation:
    prepare = subject.prepare
    return prepare.with_input(point, number) if isinstance(prepare, SeededPrepare) else prepare(point)


def _tallied(tally: Tally, point: Point, number: int) -> OperationCount:
    counts = read_tally(tally, point, number)
    if not any(counts.values()):
        raise UncountedOperation(f"the tally gives {counts}")
    return OperationCount(round(sum(counts.values())), 0)


def reply_of(counts: Sequence[OperationCount]) -> dict[str, Any]:
    """Return the reply for some counts."""
    return {"counts": [one.operations for one in counts], "unseen": max((one.unseen for one in counts), default=0)}


def answer(experiment: Experiment, request: dict[str, Any], own: str) -> dict[str, Any]:
    """Return the reply to a request for one subject at one point."""
    point = Point(request["point"])
    try:
        return reply_of(count_subject(experiment.subject(request["subject"]), point, request["inputs"], own))
    except UncountedOperation as error:
        return {"error": f"operations: {' '.join(str(error).split())}"}
    except Exception as error:  # noqa: BLE001  # whatever the user's code raises, the run must name it
        return {"error": describe_error(error)}


def main() -> None:
    """Load the experiment of the first line, then answer a request a line until they end."""
    pipes = Pipes()
    requests = iter(pipes)
    opening = next(requests)
    corpus = opening["corpus"]
    experiment = load_experiment(opening["module"], None if corpus is None else Path(corpus))
    if opening["fault"] is not None:
        experiment = experiment.with_fault(opening["fault"])
    own = package_of(opening["module"])
    pipes.reply({})
    for request in requests:
        pipes.reply(answer(experiment, request, own))
    sys.exit(0)


if __name__ == "__main__":
    main()
