"""``derive``: the law of each count of a subject, from evaluations at small sizes under the operation meter."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from bptt_bench.analyse.derive.exact_law import ExactLaw, combined, make_symbols
from bptt_bench.analyse.derive.mean_laws import MeanLaw, mean_laws
from bptt_bench.analyse.derive.proof import Comparison, compare
from bptt_bench.analyse.derive.sampling import SIZE_LIMIT, Component, Counted, Limits, Sampler, Sizes, spread_base
from bptt_bench.analyse.derive.search import Derived, Obstacle, Search
from bptt_bench.analyse.derive.spread import MeanGrowth, Spread, mean_growth, spreads
from bptt_bench.errors import ExperimentError
from bptt_bench.measure.counters.evaluation import TALLY, EvaluationCounts, Stop, SubjectCounter
from bptt_bench.measure.timing.clock import Clock, ProcessorClock
from bptt_bench.plan import Experiment, Factor, Point, Subject

SECONDS = 8.0  # of the processor, at most, on the evaluations of one subject
EVALUATIONS = {1: 80, 2: 120}  # how many of the longest may be made, by the number of factors
EVALUATIONS_OTHERWISE = 160
PRODUCTS = "multiply_adds"  # the category that laws of time are about, where there is one


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedCount:
    """A derived count of a subject, beside what is stated of it.

    Attributes
    ----------
    found : its law, or why there is none.
    stated : the closed form that the subject states, as an expression of sympy; None if it states none.
    comparison : of the law with the closed form, as formulas.
    spread, growth, mean_laws : of a count that depends on the data, over inputs.
    """

    found: Derived
    stated: Any = None
    comparison: Comparison | None = None
    spread: tuple[Spread, ...] = ()
    growth: tuple[MeanGrowth, ...] = ()
    mean_laws: tuple[MeanLaw, ...] = ()

    @property
    def phase(self) -> str:
        """The phase, empty where the code names none."""
        return self.found.component[0]

    @property
    def category(self) -> str:
        """What was counted."""
        return self.found.component[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedSubject:
    """What was found of a subject, at one choice of its categories.

    Attributes
    ----------
    levels : of the factors that are categories.
    counts : of each phase and category, in the order in which they were met.
    evaluations : how many were made.
    stop : what made counting impossible, if anything did.
    same_inputs : whether all inputs of a size were the same.
    failure : what the code raised at all sizes that were tried.
    """

    name: str
    levels: Mapping[str, str]
    factors: tuple[str, ...]
    counts: tuple[DerivedCount, ...]
    evaluations: int
    seconds: float
    stop: Stop | None = None
    same_inputs: bool = False
    failure: str = ""

    def law(self, phase: str | None, category: str) -> ExactLaw | None:
        """Return the law of a count of one phase, or of all of them; None if one of these has no law."""
        wanted = [one for one in self.counts if one.category == category and phase in (None, one.phase)]
        laws = [one.found.law for one in wanted]
        known = [law for law in laws if law is not None]
        return combined((Fraction(1), law) for law in known) if len(known) == len(laws) else None

    @property
    def categories(self) -> list[str]:
        """What was counted, in any phase."""
        return list(dict.fromkeys(one.category for one in self.counts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """The derived laws of the subjects of an experiment.

    Attributes
    ----------
    first : whether they are of an evaluation with fresh buffers, instead of one after it.
    """

    experiment: Experiment
    subjects: tuple[DerivedSubject, ...]
    first: bool = False

    def subject(self, name: str) -> DerivedSubject | None:
        """Return what was found of a subject, at its first categories."""
        return next((one for one in self.subjects if one.name == name), None)


def derive_experiment(
    experiment: Experiment,
    *,
    subjects: Sequence[str] = (),
    phase: str | None = None,
    category: str | None = None,
    first: bool = False,
    seconds: float = SECONDS,
    largest: int | Mapping[str, int] = SIZE_LIMIT,
    own: str = "",
    clock: Clock | None = None,
    on_subject: Callable[[DerivedSubject], None] | None = None,
) -> Derivation:
    """Derive the laws of the counts of an experiment's subjects.

    Parameters
    ----------
    subjects : names; all by default.
    phase, category : of the counts that are wanted; all by default.
    first : of an evaluation with fresh inputs and buffers; by default of the one after it, as it is timed.
    seconds : at most, on the evaluations of one subject.
    largest : size of any factor, or of each by name.
    own : top-level package of the experiment.
    on_subject : called with each subject as soon as it is done.

    Raises
    ------
    ExperimentError : an unknown subject, or nothing is called like the phase or category.
    """
    names = list(dict.fromkeys(experiment.subject(name).name for name in subjects))
    chosen = [experiment.subject(name) for name in names] or list(experiment.subjects)
    missing = experiment.missing()
    found = []
    for subject, levels in itertools.product(
        [one for one in chosen if one.name not in missing], _categories(experiment)
    ):
        task = _Task(experiment=experiment, subject=subject, levels=levels, clock=clock or ProcessorClock(), own=own)
        limits = (seconds, largest)
        derived = task.run(phase=phase, category=category, first=first, limits=limits)
        found.append(derived)
        if on_subject is not None:
            on_subject(derived)
    _require_wanted(found, phase, category)
    return Derivation(experiment=experiment, subjects=tuple(found), first=first)


def leading_category(derivation: Derivation) -> str | None:
    """Return the category that relations and largest terms are about: products, or the only one that was counted."""
    categories = list(dict.fromkeys(name for one in derivation.subjects for name in one.categories))
    if PRODUCTS in categories:
        return PRODUCTS
    return categories[0] if len(categories) == 1 else None


def _require_wanted(found: Sequence[DerivedSubject], phase: str | None, category: str | None) -> None:
    if any(one.counts or one.stop or one.failure for one in found) or (phase is None and category is None):
        return
    option, value = ("--phase", phase) if category is None else ("--category", category)
    raise ExperimentError(f"{option} {value!r}: nothing of this name was counted")


def _categories(experiment: Experiment) -> list[dict[str, str]]:
    """Return the combinations of categories that the first profile visits."""
    names = [factor.name for factor in experiment.factors if factor.is_category]
    cells = next(iter(experiment.profiles.values())).cells(experiment.subject_names) if names else ()
    found = dict.fromkeys(tuple(str(cell.point[name]) for name in names) for cell in cells)
    return [dict(zip(names, levels, strict=True)) for levels in found] or [{}]


@dataclass(slots=True, kw_only=True)
class _Task:
    """The derivation of one subject at one choice of categories."""

    experiment: Experiment
    subject: Subject
    levels: Mapping[str, str]
    clock: Clock
    own: str
    _counter: SubjectCounter = field(init=False)

    def __post_init__(self) -> None:
        self._counter = SubjectCounter(self.subject, self.clock, self.own)

    @property
    def _factors(self) -> list[Factor]:
        return [factor for factor in self.experiment.factors if not factor.is_category]

    def run(
        self, *, phase: str | None, category: str | None, first: bool, limits: tuple[float, int | Mapping[str, int]]
    ) -> DerivedSubject:
        start, self._counter.first = self.clock.now(), first
        names = tuple(factor.name for factor in self._factors)
        sampler = self._sampler(phase, category, first=first, limits=limits)
        is_possible = sampler.find_base(self._smallest_points(names)) and self._counter.stop is None
        found = Search(sampler).run() if is_possible else []
        stop = self._counter.stop
        failure = "" if is_possible or stop is not None else next(iter(sampler.found.values())).failure
        counts = self._counts(sampler, found, names, first=first) if stop is None else ()
        several = [digests for digests in self._counter.inputs.values() if len(digests) > 1]
        return DerivedSubject(
            name=self.subject.name,
            levels=self.levels,
            factors=names,
            counts=counts,
            evaluations=len(sampler.found),
            seconds=self.clock.now() - start,
            stop=stop,
            failure=failure,
            same_inputs=not several and is_possible,
        )

    def _counts(
        self, sampler: Sampler, found: Sequence[Derived], names: Sequence[str], *, first: bool
    ) -> tuple[DerivedCount, ...]:
        """Return the counts beside what is stated of them, those that depend on the data with their spread."""
        spread = spreads(sampler, [one.component for one in found if one.obstacle is Obstacle.DATA])
        counts = []
        for one in found:
            made = spread.get(one.component)
            if made is None:
                counts.append(self._compared(one, names, first=first))
                continue
            growth = [mean_growth(made, name) for name in names]
            known = tuple(each for each in growth if each is not None)
            counts.append(DerivedCount(found=one, spread=tuple(made), growth=known, mean_laws=mean_laws(made)))
        return tuple(counts)

    def _sampler(
        self, phase: str | None, category: str | None, *, first: bool, limits: tuple[float, int | Mapping[str, int]]
    ) -> Sampler:
        seconds, largest = limits
        names = tuple(factor.name for factor in self._factors)
        least = tuple(max(1, int(factor.minimum or 1)) for factor in self._factors)
        limit = seconds / EVALUATIONS.get(len(names), EVALUATIONS_OTHERWISE)

        def count(sizes: Mapping[str, int], number: int) -> Counted:
            if self._counter.stop is not None:
                return Counted(counts=None, seconds=seconds, failure=self._counter.stop.detail)
            levels: dict[str, int | str] = {**self.levels, **sizes}
            point = Point({factor.name: levels[factor.name] for factor in self.experiment.factors})
            made = self._counter.count(point, number)
            return _wanted(made, phase, category, first=first)

        return Sampler(
            count=count,
            names=names,
            least=least,
            base=spread_base(least, self._ranks(names)),
            limits=Limits(seconds=seconds, seconds_per_evaluation=limit, largest=largest),
        )

    def _ranks(self, names: Sequence[str]) -> list[int]:
        """Return the order of the factors by their usual sizes, the smallest as 0: n before k of k ≤ n."""
        usual = {name: min((level for level in self._levels(name)), default=1) for name in names}
        ordered = sorted(names, key=lambda name: (usual[name], -names.index(name)))
        return [ordered.index(name) for name in names]

    def _levels(self, name: str) -> list[float]:
        cells = next(iter(self.experiment.profiles.values())).cells([self.subject.name])
        return [float(cell.point[name]) for cell in cells]

    def _smallest_points(self, names: Sequence[str]) -> list[Sizes]:
        """Return the smallest points of the experiment's first profile, for subjects that need such sizes."""
        cells = next(iter(self.experiment.profiles.values())).cells([self.subject.name])
        points = {tuple(int(cell.point[name]) for name in names) for cell in cells}
        return sorted(points, key=sum)[:3]

    def _compared(self, found: Derived, names: Sequence[str], *, first: bool) -> DerivedCount:
        """Return a count beside the closed form that the subject states, compared as formulas if possible."""
        if self.subject.counts is None or found.law is None or first or found.component[0] == TALLY:
            return DerivedCount(found=found)
        symbols = make_symbols(names)
        try:
            forms: Mapping[str, Mapping[str, Any]] = self.subject.counts(symbols)  # type: ignore[arg-type]  # symbols
            phase, category = found.component
            stated = forms.get(phase, {}).get(category, 0)
            return DerivedCount(found=found, stated=stated, comparison=compare(found.law, stated, symbols))
        except (TypeError, ValueError, AttributeError, KeyError):  # a form for numbers alone
            return DerivedCount(found=found)


def _wanted(made: EvaluationCounts, phase: str | None, category: str | None, *, first: bool) -> Counted:
    counts = made.first if first else made.later
    if counts is not None:
        kept = {key: n for key, n in counts.items() if _is_wanted(key, phase, category)}
        return Counted(counts=kept, seconds=made.seconds, again=made.again or first)
    return Counted(counts=None, seconds=made.seconds, failure=made.failure)


def _is_wanted(component: Component, phase: str | None, category: str | None) -> bool:
    return (phase is None or component[0] == phase) and (category is None or component[1] == category)
