"""What the command ``derive`` and ``bench.derive`` do with an experiment: derive its laws."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bptt_bench.errors import TextError
from bptt_bench.measure.worker.output import redirect_standard_output
from bptt_bench.plan import Experiment
from bptt_bench.text.points import PointText, parse_points
from bptt_bench.text.quantities import parse_duration
from bptt_bench.workflows.derive.derive import SECONDS, DerivedSubject, derive_experiment
from bptt_bench.workflows.derive.document import DerivedLaws


def derive_laws(
    experiment: Experiment,
    *,
    own: str = "",
    subjects: Sequence[str] = (),
    phase: str | None = None,
    category: str | None = None,
    first: bool = False,
    at: Sequence[PointText] = (),
    within: str | float | None = None,
    say: Callable[[str], None] | None = None,
) -> DerivedLaws:
    """Return the derived laws of the subjects of an experiment; ``say`` hears of each subject.

    Parameters
    ----------
    own : top-level package of the experiment.

    Raises
    ------
    ExperimentError : no such subject or count.
    TextError : a point or a time that cannot be used.
    """
    seconds = SECONDS if within is None else parse_duration("--within", str(within), least=0.1, bare=True)
    points = _points(at, experiment)

    def report(found: DerivedSubject) -> None:
        if say is not None:
            laws = sum(1 for one in found.counts if one.found.law is not None)
            say(f"{found.name}: {laws} of {len(found.counts)} laws, {found.evaluations} sizes, {found.seconds:.1f} s")

    with redirect_standard_output():
        derivation = derive_experiment(
            experiment,
            subjects=subjects,
            phase=phase,
            category=category,
            first=first,
            seconds=seconds,
            own=own,
            on_subject=report,
        )
    return DerivedLaws(derivation, points)


def _points(at: Sequence[PointText], experiment: Experiment) -> list[dict[str, int]]:
    names = [factor.name for factor in experiment.factors if not factor.is_category]
    found = []
    for query in parse_points(list(at)) if at else ():
        for point in query.points(dict.fromkeys(names, True)):
            wrong = [name for name in point if name not in names] + [name for name in names if name not in point]
            if wrong:
                raise TextError(f"--at {query.text!r}: must name each of {', '.join(names)}; see {wrong[0]}")
            found.append({name: int(float(point[name])) for name in names})
    return found
