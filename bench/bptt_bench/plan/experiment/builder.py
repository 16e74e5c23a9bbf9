"""Builds an experiment from a function that prepares, the levels of its factors, and a law if one is claimed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, get_args

import numpy as np

from bptt_bench.errors import DesignError, ExperimentError, LawError
from bptt_bench.plan.claims.agreement import Agreement, difference
from bptt_bench.plan.claims.claim import Bound, Claim
from bptt_bench.plan.design.design import ONE_LINE, Design, Factor, Level, Point, is_one_line
from bptt_bench.plan.design.levels import (
    levels_between,
    make_design,
    make_factors,
    merge_levels,
    quoting_hint,
    read_levels,
)
from bptt_bench.plan.design.profile import Profile
from bptt_bench.plan.experiment.claims_from_law import claim_laws, is_constant, name_all_factors, term_values
from bptt_bench.plan.experiment.experiment import Experiment
from bptt_bench.plan.experiment.instructions import measuring, parse_measures
from bptt_bench.plan.experiment.seeded import Prepare, SeededPrepare, SeededTally, require_arguments, require_inputs
from bptt_bench.plan.experiment.stratum import subject_of
from bptt_bench.plan.experiment.subject import Subject, Tally
from bptt_bench.plan.law.distinct import with_distinct_terms
from bptt_bench.plan.law.law import CostLaw
from bptt_bench.plan.law.notation import suggest_name
from bptt_bench.plan.law.overflow import smaller_levels_hint

DERIVED = "derive"  # in place of a law: the one that is found in the code
SPARE_POINTS = 2  # more than terms: fewer, and no claim is judged
PROFILE_DEFAULTS = {
    "quick": (5, 0.01, 2),
    "standard": (8, 0.02, 4),
    "full": (16, 0.05, 4),
}  # blocks, seconds a sample, processes


def experiment(
    prepare: Prepare | Mapping[str, Prepare],
    law: str | CostLaw | Mapping[str, str | CostLaw] | None = None,
    *,
    name: str | None = None,
    overhead: str | Sequence[str] = "1",
    bound: Bound | None = "tight",
    margin: float | None = None,
    memory_law: str | Mapping[str, str] | None = None,
    output_bytes: Callable[[Point], int] | None = None,
    tally: Tally | Mapping[str, Tally] | None = None,
    count_laws: Mapping[str, str] | None = None,
    equal: Callable[[Any, Any], bool] | None = None,
    reference: str | None = None,
    claims: Sequence[Claim] = (),
    measure: str | Sequence[str] | None = None,
    inputs: int | None = None,
    consumes: bool = False,
    blocks: int | None = None,
    seconds_per_sample: float | None = None,
    factors: Mapping[str, Sequence[Level]] | None = None,
    **levels: Sequence[Level],
) -> Experiment:
    """Make an experiment of one function, or of several that do the same; assign it to ``EXPERIMENT``.

    Parameters
    ----------
    prepare : builds the inputs at a point (``point["n"]``) and returns the call to be timed; or several of these, by
        the names of what they time. ``random`` and ``numpy.random`` are seeded by the point beforehand. The
        call is made many times: it must leave its inputs as they are, unless it ``consumes`` them.
    law : how the time grows, such as ``"n*log(n)"`` or ``"O(n log n)"``; for several, one law for all, or one for each
        by name. None: nothing is claimed, and a run answers with the laws that the measurements do not exclude.
        ``"derive"``: the law that ``bptt-bench derive`` finds in the code, when the experiment is run.
    name : of the experiment; that of the module by default.
    overhead : terms beside the law. By default a constant: what a call costs. With ``"auto"`` also single factors
        where the data require them; these can absorb the misfit of a wrong law, so that it is not refuted but
        called not identifiable.
    bound : whether the law is met (``tight``) or not exceeded (``upper``). None: no claims beside those given.
    margin : how far exponents may be off those of the law; None: 0.25, and 0.05 for counts.
    memory_law : how the memory that a call needs grows, beside its inputs and ``output_bytes`` of its result.
    tally : makes one counted call at a point and gives what it did by name, such as ``{"comparisons": 127}``; for
        several, one for all, or by name for those that count. It is never timed.
    count_laws : how these counts grow, by their names: ``{"comparisons": "n*log(n)"}``.
    equal : whether two results, the second that of the reference, are the same; by default they are equal, or are
        numbers that differ by rounding alone.
    reference : whose results are taken to be right; the first by default.
    claims : further claims.
    measure : what to measure, some of ``time``, ``memory``, ``instructions`` and ``operations``; None: time, and memory
        where it has a law. Instructions are counted at small levels, by the processor or with Valgrind, operations as
        NumPy is asked for them; both are claimed to follow the law.
    inputs : how many a point has, each prepared with random numbers of its own and evaluated in turn; one input would
        be learnt by the branch predictor. None: as many as are cheap to prepare, and others in each block.
    consumes : whether the call uses its input up, such as a sort in place: each gets one of its own, prepared before.
    blocks, seconds_per_sample : how often and how long each point is measured, for all profiles.
    factors : levels by name, for factors that are called like a parameter: ``factors={"blocks": [10, 1000]}``.
    levels : of each factor, by its name: ``n=[1000, 10_000, 100_000]``, ``backend=["numpy", "torch"]``. Others are
        added between numbers that are few.

    Raises
    ------
    ExperimentError, DesignError, LawError : what cannot be used; one line that names the parameter.
    """
    options = {option: value for option, value in locals().items() if option not in ("prepare", "factors", "levels")}
    given = {each: read_levels(each, some, options) for each, some in merge_levels(factors, levels, options).items()}
    if law == DERIVED:
        return _to_be_derived(prepare, {**options, "law": None, "measure": measure, "factors": given})
    _require_options(bound, margin, name, output_bytes, count_laws)
    require_inputs(inputs, consumes)
    prepares = _read_prepares(prepare, name)
    named = make_factors(given)
    design = make_design(named, given)
    points = _numeric_points(design, named)
    laws = {
        each: _named(_read_law("law", text, named), named)
        for each, text in (_read_per_subject("law", law, prepares) if law is not None else {}).items()
    }
    memory = {} if memory_law is None else _read_per_subject("memory_law", memory_law, prepares)
    stated = {each: _named(_read_law("memory_law", text, named), named) for each, text in memory.items()}
    for each_law in (*laws.values(), *stated.values()):
        _require_values("law", each_law, points)
    tallies = _read_tallies(tally, prepares)
    counts = {
        each: _named(_read_law(f"count_laws of {each!r}", text, named), named)
        for each, text in (count_laws or {}).items()
    }
    if counts and not tallies:
        raise ExperimentError(f"count_laws={count_laws!r}: need a tally that counts")
    subjects = tuple(
        Subject(
            name=each,
            prepare=SeededPrepare(how, inputs, consumes),
            law=laws.get(each),
            overhead=_read_overhead(overhead, laws[each], named, points) if each in laws else None,
            memory_law=stated.get(each),
            output_bytes=output_bytes,
            tally=tallies.get(each),
            count_laws=counts if each in tallies else {},
        )
        for each, how in prepares.items()
    )
    _require_points(points, subjects)
    made = [] if bound is None else _make_claims(subjects, bound, margin)
    _require_claims(claims, prepares, named)
    made_of = Experiment(
        name=name or _module_name(next(iter(prepares.values()))) or next(iter(prepares)),
        factors=named,
        subjects=subjects,
        profiles={
            profile: Profile(
                design=design,
                blocks=usual_blocks if blocks is None else blocks,
                seconds_per_sample=usual_seconds if seconds_per_sample is None else seconds_per_sample,
                processes=processes,
            )
            for profile, (usual_blocks, usual_seconds, processes) in PROFILE_DEFAULTS.items()
        },
        claims=(*made, *claims),
        placebo=_read_reference(reference, prepares),
        agreement=_make_agreement(equal, _read_reference(reference, prepares)) if len(prepares) > 1 else None,
        added_levels=levels_between(design, named, given),
    )
    return made_of if measure is None else measuring(made_of, parse_measures(measure), bound=bound)


def _to_be_derived(prepare: Any, options: Mapping[str, Any]) -> Experiment:
    """Return an experiment without laws, which makes itself anew once they are known."""
    how = {name: value for name, value in options.items() if name != "law"}

    def complete(laws: Mapping[str, CostLaw]) -> Experiment:
        return experiment(prepare, dict(laws) if isinstance(prepare, Mapping) else next(iter(laws.values())), **how)

    return replace(experiment(prepare, None, **how), complete=complete)


def _require_options(bound: object, margin: object, name: object, output_bytes: Any, count_laws: object) -> None:
    if bound is not None and bound not in get_args(Bound):
        raise ExperimentError(f"bound must be one of {', '.join(get_args(Bound))}, None, got {bound!r}")
    if margin is not None and (isinstance(margin, bool) or not isinstance(margin, int | float) or not 0 < margin < inf):
        raise ExperimentError(f"margin must be a number above 0, got {margin!r}")
    if name is not None and not is_one_line(name):
        raise ExperimentError(f"name must be {ONE_LINE}, got {name!r}")
    if output_bytes is not None and not callable(output_bytes):
        raise ExperimentError(f"output_bytes must be a function of a point, got {output_bytes!r}")
    if output_bytes is not None:
        require_arguments(output_bytes, 1, "output_bytes")
    if not isinstance(count_laws, Mapping | None):
        raise ExperimentError(f"count_laws must map names to laws, {{'comparisons': 'n*log(n)'}}, got {count_laws!r}")


def _require_claims(claims: object, prepares: Mapping[str, Prepare], factors: Sequence[Factor]) -> None:
    if not isinstance(claims, Sequence) or not all(isinstance(claim, Claim) for claim in claims):
        raise ExperimentError(f"claims must be a sequence of claims, such as bench.ExponentClaim(...), got {claims!r}")
    categories = [factor.name for factor in factors if factor.is_category]
    for claim in claims:
        if subject_of(claim.subject, prepares, categories) is None:
            raise ExperimentError(f"claim {claim.name!r}: is about {claim.subject!r}; there is {', '.join(prepares)}")


@dataclass(frozen=True, slots=True)
class EqualityDifference:
    """A difference computed from a predicate: 0 if a user's function says that two results are equal, else 1."""

    equal: Callable[[Any, Any], bool]

    def __call__(self, found: object, expected: object) -> float:
        return 0.0 if self.equal(found, expected) else 1.0


def _make_claims(subjects: Sequence[Subject], bound: Bound, margin: float | None) -> list[Claim]:
    return [
        claim
        for subject in subjects
        for claim in claim_laws(subject, f"{subject.name} " if len(subjects) > 1 else "", bound, margin)
    ]


def _numeric_points(design: Design, factors: Sequence[Factor]) -> list[Point]:
    """Return the points without the levels of categories, each once."""
    names = [factor.name for factor in factors if factor.kind != "category"]
    return list(dict.fromkeys(Point({name: point[name] for name in names}) for point in design))


def _read_prepares(prepare: object, name: str | None) -> dict[str, Prepare]:
    """Return the functions that prepare, by the names of their subjects."""
    if isinstance(prepare, Mapping):
        if not prepare:
            raise ExperimentError("prepare must be a function of a point, or a mapping of functions, got {}")
        for each, how in prepare.items():
            if not is_one_line(each):
                raise ExperimentError(f"prepare: a name must be {ONE_LINE}, got {each!r}")
            if not callable(how):
                raise ExperimentError(f"prepare of {each!r} must be a function of a point, got {how!r}")
            require_arguments(how, 1, f"prepare of {each!r}")
        return dict(prepare)
    if not callable(prepare):
        raise ExperimentError(f"prepare must be a function of a point, or a mapping of functions, got {prepare!r}")
    require_arguments(prepare, 1, "prepare")
    function = getattr(prepare, "func", prepare)
    own = str(getattr(function, "__name__", "function")).removeprefix("prepare_")
    return {name or _module_name(prepare) or own: prepare}


def _read_tallies(given: Tally | Mapping[str, Tally] | None, prepares: Mapping[str, Prepare]) -> dict[str, Tally]:
    """Return the tallies by the names of their subjects, seeded like what is timed."""
    named = given if isinstance(given, Mapping) else {} if given is None else dict.fromkeys(prepares, given)
    for each, how in named.items():
        if each not in prepares:
            raise ExperimentError(f"tally of {each!r}: nothing has this name; there is {', '.join(prepares)}")
        if not callable(how):
            raise ExperimentError(f"tally must be a function of a point, got {how!r}")
        require_arguments(how, 1, "tally")
    return {each: SeededTally(how) for each, how in named.items()}


def _module_name(prepare: Any) -> str:
    """Return the last part of a function's module name; empty for a script, a notebook or a built-in."""
    function = getattr(prepare, "func", prepare)  # of functools.partial
    module = str(getattr(function, "__module__", "") or "").rpartition(".")[2]
    return "" if module in ("__main__", "builtins") else module


def _read_per_subject(parameter: str, given: Any, prepares: Mapping[str, Prepare]) -> dict[str, Any]:
    """Return what is given for each implementation: by name, or one value for all."""
    if not isinstance(given, Mapping):
        return dict.fromkeys(prepares, given)
    known = ", ".join(prepares)
    strangers = [each for each in given if each not in prepares]
    missing = [each for each in prepares if each not in given]
    if strangers:
        raise ExperimentError(f"{parameter} of {strangers[0]!r}: nothing has this name; there is {known}")
    if missing and parameter == "law":
        raise ExperimentError(f"{parameter}: says nothing of {missing[0]!r}; it needs one for each of {known}")
    return dict(given)


def _read_law(parameter: str, text: object, factors: Sequence[Factor]) -> CostLaw:
    """Parse a law and check that it names factors with numbers alone."""
    if not isinstance(text, str | CostLaw):
        raise LawError(f"{parameter}={text!r}: must be text such as 'n*log(n)'")
    try:
        law = CostLaw(str(text))
    except LawError as error:
        raise LawError(str(error) if parameter == "law" else f"{parameter}: {error}") from None
    for name in law.factors:
        factor = next((one for one in factors if one.name == name), None)
        if factor is None:
            near = suggest_name(name, [one.name for one in factors])
            hint = f"; did you mean {near}?" if near else f"; give {name}=[1000, 10_000]"
            raise LawError(f"{parameter} {str(text)!r}: names {name}, which has no levels{hint}")
        if factor.kind == "category":
            raise LawError(
                f"{parameter} {str(text)!r}: names {name}, whose levels are text, each with a fit of its own"
                f"{quoting_hint(factor.levels)}"
            )
    return law


def _named(law: CostLaw, factors: Sequence[Factor]) -> CostLaw:
    return name_all_factors(law, [one.name for one in factors if not one.is_category])


def _read_overhead(
    given: str | Sequence[str], law: CostLaw, factors: Sequence[Factor], points: Sequence[Point]
) -> tuple[str, ...] | None:
    """Return the terms beside the law, without those that it has; None to let the fit choose."""
    if given == "auto":
        return None
    if not isinstance(given, str | Sequence):
        raise ExperimentError(f"overhead must be terms such as '1 + n', 'auto', or () for none, got {given!r}")
    texts = (given,) if isinstance(given, str) else tuple(given)
    terms = [term for text in texts for term in _read_law("overhead", text, factors).terms]
    own = {str(term) for term in law.terms}
    if any(is_constant(term, points) for term in law.terms):  # a law of no growth, n**0
        terms = [term for term in terms if not is_constant(term, points)]
    return tuple(dict.fromkeys(str(term) for term in terms if str(term) not in own))


def _require_values(parameter: str, law: CostLaw, points: Sequence[Point]) -> None:
    """See that no term of a law is a multiple of another, nor undefined or below 0 where it is to be measured."""
    with_distinct_terms(law)
    columns = term_values(law, points)
    if not columns.any():
        raise LawError(f"{parameter} {law.text!r}: must be above 0 somewhere; it is 0 at every point")
    wrong = np.argwhere(~(np.isfinite(columns) & (columns >= 0)))
    if len(wrong):
        point, term = points[int(wrong[0][0])], law.terms[int(wrong[0][1])]
        value, hint = columns[tuple(wrong[0])], smaller_levels_hint(term, point)
        raise LawError(
            f"{parameter} {law.text!r}: {term} is {value:.3g} at {point}; allowed are laws from 0 upwards{hint}"
        )


def _require_points(points: Sequence[Point], subjects: Sequence[Subject]) -> None:
    """See that there are points enough to judge each law, and that it has a value above 0 at all of them."""
    for subject in subjects:
        if subject.law is None:
            continue
        terms = len(subject.law.terms) + len(subject.overhead or ())
        if len(points) < terms + SPARE_POINTS:
            raise DesignError(
                f"{', '.join(points[0])}: make {len(points)} points for the {terms} terms of law {subject.law.text!r} "
                f"and its overhead; {terms + SPARE_POINTS} are needed: give more levels"
            )


def _read_reference(given: str | None, prepares: Mapping[str, Prepare]) -> str:
    if given is None:
        return next(iter(prepares))
    if given not in prepares:
        raise ExperimentError(f"reference={given!r}: nothing has this name; there is {', '.join(prepares)}")
    return given


def _make_agreement(equal: Callable[[Any, Any], bool] | None, reference: str) -> Agreement:
    if equal is None:
        return Agreement(reference=reference, difference=difference, allowed=0.0)
    if not callable(equal):
        raise ExperimentError(f"equal must be a function of two results that returns whether they agree, got {equal!r}")
    require_arguments(equal, 2, "equal")
    return Agreement(reference=reference, difference=EqualityDifference(equal), allowed=0.0)
