"""Experiments: factors, subjects, profiles and claims. An experiment is a value; it runs nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bptt_bench.errors import DesignError, ExperimentError
from bptt_bench.plan.claims.agreement import Agreement
from bptt_bench.plan.claims.claim import AmountClaim, CheckClaim, CheckResult, Claim
from bptt_bench.plan.design.design import Design, Factor, Point
from bptt_bench.plan.design.profile import Profile
from bptt_bench.plan.experiment.categories import find_category_misuse
from bptt_bench.plan.experiment.stratum import PLACEBO_SUFFIX, subject_of
from bptt_bench.plan.experiment.subject import COUNTED, Evaluation, PhaseSwitch, Subject
from bptt_bench.plan.law.law import CostLaw
from bptt_bench.text.wording import did_you_mean, unknown_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """What a run predicts and then measures, beyond the points its laws were fitted to.

    Attributes
    ----------
    beyond : points that lie beyond the sweep: no point of it is as large in every factor.
    subjects : whose time is predicted there.
    profile : the sweep that the predictions rest on.
    visits : samples of each cell beyond.
    """

    beyond: Design
    subjects: tuple[str, ...]
    profile: str = "standard"
    visits: int = 3

    def __post_init__(self) -> None:
        if self.visits < 1:
            raise DesignError(f"visits must be a whole number from 1, got {self.visits!r}")
        if not self.beyond.points or not self.subjects:
            raise DesignError("foresight: needs at least one point beyond the sweep and one subject")
        if len(set(self.subjects)) < len(self.subjects):
            raise DesignError(f"foresight: names a subject twice in {', '.join(self.subjects)}")


def distance_beyond(point: Mapping[str, Any], swept: Iterable[Mapping[str, Any]]) -> float:
    """Return the factor by which levels must grow from the nearest point of a sweep to reach a point.

    At most 1 where some point of the sweep is as large in every factor, so that no law with coefficients from 0 makes
    the point slower than that one. Points of other categories say nothing; infinite where there are no others.

    >>> sweep = [{"n": 4, "k": 10}, {"n": 16, "k": 2}]
    >>> [distance_beyond(point, sweep) for point in ({"n": 64, "k": 2}, {"n": 16, "k": 10}, {"n": 4, "k": 2})]
    [4.0, 4.0, 1.0]
    """
    chosen = {name: level for name, level in point.items() if isinstance(level, str)}
    like = (start for start in swept if all(start[name] == level for name, level in chosen.items()))
    numbers = [name for name in point if name not in chosen]
    return min((max(_growth(point[name], start[name]) for name in numbers) for start in like), default=math.inf)


def _growth(level: float, start: float) -> float:
    if start == 0:
        return math.inf if level > 0 else 1.0
    return level / start


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A wrong version of one subject; everything else of the experiment stays as it is.

    Attributes
    ----------
    name : under which a run asks for it.
    statement : what is wrong, in words.
    subject : which subject it stands in for, under its own name and that of its placebo.
    prepare, prepare_phased : as those of the subject; without the second no phases of the subject are timed.
    checks : by the name of a check claim, the same check on the wrong version.
    caught_by : names of the claims of which at least one is expected to be refuted.
    """

    name: str
    statement: str
    subject: str
    prepare: Callable[[Point], Evaluation]
    prepare_phased: Callable[[Point, PhaseSwitch], Evaluation] | None = None
    checks: Mapping[str, Callable[[int], CheckResult]] = field(default_factory=dict)
    caught_by: tuple[str, ...] = ()


WIDEST_MARGIN = 100.0  # of a claim: a hundred times as much, or a hundred powers; beyond, everything is supported


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """What to measure and what to claim about it.

    Attributes
    ----------
    profiles : by name, such as ``quick``, ``standard`` and ``full``.
    placebo : the subject that is measured under two names, so that a run shows its own false alarm (an A/A test);
        several where they are one and the same at several categories.
    foresight : points beyond a sweep that its laws have to predict; measured by ``foresee`` alone.
    agreement : when results of subjects count as equal, if they are compared; a difference is a refuted check.
    environment : variables that measuring processes are started with, such as those of an allocator.
    is_timed : whether the time is measured; where it is not, there are memory and counts alone.
    faults : wrong versions of subjects that the claims are expected to catch; none is measured unless asked for.
    added_levels : levels of factors that were put in between those that were asked for.
    complete : makes the experiment anew with the laws of its subjects, where these are derived from the code.
    """

    name: str
    factors: tuple[Factor, ...]
    subjects: tuple[Subject, ...]
    profiles: Mapping[str, Profile]
    claims: tuple[Claim, ...] = ()
    placebo: str | tuple[str, ...] | None = None
    foresight: Foresight | None = None
    faults: tuple[Fault, ...] = ()
    agreement: Agreement | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    is_timed: bool = True
    added_levels: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    complete: Callable[[Mapping[str, CostLaw]], Experiment] | None = None

    def __post_init__(self) -> None:
        if not self.factors or not self.subjects or not self.profiles:
            raise ExperimentError(f"experiment {self.name!r}: needs at least one factor, one subject and one profile")
        names = [subject.name for subject in self.subjects]
        _require_names(self, names)
        _require_claims(self.claims)
        _require_faults(self.faults, names)
        for subject in self.subjects:
            _require_laws(subject, [factor.name for factor in self.factors])
            _require_look(subject)
        if all(factor.is_category for factor in self.factors):
            raise ExperimentError(f"experiment {self.name!r}: has categories only; a law needs a factor of numbers")
        wrong = find_category_misuse(self.factors, self.subjects, self.claims)
        if wrong is not None:
            raise ExperimentError(wrong)
        for profile in self.profiles.values():
            _require_designs(profile, self.factors)
        if self.foresight is not None:
            _require_foresight(self.foresight, self.subjects, self.profiles, self.factors)

    @property
    def placebos(self) -> tuple[str, ...]:
        """The subjects that are measured under two names."""
        if self.placebo is None:
            return ()
        return (self.placebo,) if isinstance(self.placebo, str) else self.placebo

    @property
    def subject_names(self) -> tuple[str, ...]:
        """Return the names under which subjects are measured, the placebo's second name included."""
        names = tuple(subject.name for subject in self.subjects)
        return (*names, *(placebo + PLACEBO_SUFFIX for placebo in self.placebos))

    def subject(self, name: str) -> Subject:
        """Return the subject of that name; a placebo's second name gives the subject itself."""
        for subject in self.subjects:
            if subject.name == name.removesuffix(PLACEBO_SUFFIX):
                return subject
        raise ExperimentError(unknown_name("subject", name, self.subject_names))

    def subject_of(self, name: str) -> Subject | None:
        """Return the subject that a claim names, also as a placebo or at some levels of the categories."""
        names = [subject.name for subject in self.subjects]
        found = subject_of(name, names, [factor.name for factor in self.factors if factor.is_category])
        return None if found is None else self.subject(found)

    def missing(self) -> dict[str, str]:
        """Return the subjects that cannot be measured here, each with the reason."""
        asked = {one.name: one.missing() for one in self.subjects if one.missing is not None}
        return {name: reason for name, reason in asked.items() if reason is not None}

    def without(self, names: Collection[str]) -> Experiment:
        """Return the experiment without some subjects; claims stay.

        Raises
        ------
        ExperimentError : no subject would be left, or the reference of the agreement would be left out.
        """
        if not names:
            return self
        left = tuple(subject for subject in self.subjects if subject.name not in names)
        if not left:
            raise ExperimentError(f"experiment {self.name!r}: all its subjects are missing here")
        agreement = self.agreement
        if agreement is not None:
            if agreement.reference in names:
                raise ExperimentError(f"agreement: its reference {agreement.reference!r} is missing here")
            kept = {name: convert for name, convert in agreement.result.items() if name not in names}
            agreement = replace(agreement, result=kept)
        placebos = tuple(placebo for placebo in self.placebos if placebo not in names)
        return replace(
            self,
            subjects=left,
            agreement=agreement,
            placebo=placebos if len(placebos) > 1 else next(iter(placebos), None),
            foresight=None if set(names) & set(self.foresight.subjects if self.foresight else ()) else self.foresight,
            faults=tuple(fault for fault in self.faults if fault.subject not in names),
        )

    def profile(self, name: str) -> Profile:
        if name not in self.profiles:
            raise ExperimentError(unknown_name("profile", name, tuple(self.profiles)))
        return self.profiles[name]

    def with_fault(self, name: str) -> Experiment:
        """Return the experiment with one subject replaced by its wrong version; laws and claims stay.

        Raises
        ------
        ExperimentError : no such fault, or one that names a claim that there is not.
        """
        fault = next((fault for fault in self.faults if fault.name == name), None)
        if fault is None:
            known = ", ".join(repr(fault.name) for fault in self.faults) or "none"
            hint = did_you_mean(name, [fault.name for fault in self.faults])
            raise ExperimentError(f"fault {name!r}: unknown; the faults of experiment {self.name!r} are {known}{hint}")
        claims = {claim.name: claim for claim in self.claims}
        strangers = [claim for claim in (*fault.checks, *fault.caught_by) if claim not in claims]
        if strangers:
            raise ExperimentError(f"fault {name!r}: names claim {strangers[0]!r}, which the experiment does not have")
        for claim_name, check in fault.checks.items():
            claim = claims[claim_name]
            if not isinstance(claim, CheckClaim):
                raise ExperimentError(f"fault {name!r}: has a check for claim {claim_name!r}, which is not a check")
            claims[claim_name] = replace(claim, check=check)
        right = self.subject(fault.subject)
        wrong = replace(right, prepare=fault.prepare, prepare_phased=fault.prepare_phased)
        subjects = tuple(wrong if one is right else one for one in self.subjects)
        return replace(self, subjects=subjects, claims=tuple(claims.values()))


def _require_names(experiment: Experiment, names: Sequence[str]) -> None:
    """Raise unless subjects have names of their own, and placebo and agreement name subjects."""
    known = ", ".join(names)
    if len(set(names)) < len(names):
        raise ExperimentError(f"experiment {experiment.name!r}: two subjects share a name in {known}")
    for name in names:
        if name.endswith(PLACEBO_SUFFIX):
            raise ExperimentError(f"subject {name!r}: ends as the second name of a placebo does; choose another")
    for placebo in experiment.placebos:
        if placebo not in names:
            raise ExperimentError(f"placebo {placebo!r}: not a subject; the subjects are {known}")
    agreement = experiment.agreement
    for name in () if agreement is None else (agreement.reference, *agreement.result):
        if name not in names:
            raise ExperimentError(f"agreement of {name!r}: not a subject; the subjects are {known}")


def _require_claims(claims: Sequence[Claim]) -> None:
    names = [claim.name for claim in claims]
    for name in names:
        if names.count(name) > 1:
            raise ExperimentError(f"claim {name!r}: {names.count(name)} claims have this name; each needs its own")
    for claim in claims:
        _require_margin(claim)


def _require_designs(profile: Profile, factors: Sequence[Factor]) -> None:
    """Raise unless the designs of a profile have points of these factors; one of several may be empty."""
    designs = (profile.design, *profile.extra.values())
    for design in designs:
        if design.points or not any(other.points for other in designs):
            design.validated(factors)


def _require_margin(claim: Claim) -> None:
    margin = getattr(claim, "margin", 1.0)
    is_exact = isinstance(claim, AmountClaim) and margin == 0  # amounts may be claimed to the byte
    if isinstance(margin, bool) or not isinstance(margin, int | float) or not (0 < margin <= WIDEST_MARGIN or is_exact):
        least = "from 0" if isinstance(claim, AmountClaim) else "above 0"
        raise ExperimentError(
            f"claim {claim.name!r}: margin must be a number {least} and at most {WIDEST_MARGIN:g}, got {margin!r}"
        )


def _require_faults(faults: Sequence[Fault], subjects: Sequence[str]) -> None:
    for i, fault in enumerate(faults):
        if fault.subject not in subjects:
            raise ExperimentError(
                f"fault {fault.name!r}: its subject is {fault.subject!r}; the subjects are {', '.join(subjects)}"
            )
        if fault.name in [other.name for other in faults[:i]]:
            raise ExperimentError(f"fault {fault.name!r}: two faults have this name; each needs its own")


def _require_laws(subject: Subject, factors: Sequence[str]) -> None:
    if subject.law is not None:
        subject.law.require(factors)
    if subject.memory_law is not None:
        subject.memory_law.require(factors)
    elif subject.memory_overhead is not None or subject.output_bytes is not None:
        raise ExperimentError(
            f"subject {subject.name!r}: memory_overhead and output_bytes go with a memory_law, which it lacks"
        )
    _require_counts(subject, factors)


def _require_look(subject: Subject) -> None:
    place = subject.look
    if place is not None and (type(place) is not int or place < 0):
        raise ExperimentError(f"subject {subject.name!r}: look must be a whole number from 0, got {place!r}")


def _require_counts(subject: Subject, factors: Sequence[str]) -> None:
    for name, law in subject.count_laws.items():
        law.require(factors)
        if not name.isidentifier():
            raise ExperimentError(f"subject {subject.name!r}: counts {name!r}; allowed are names such as 'comparisons'")
    if subject.tally is None and set(subject.count_laws) - set(COUNTED):
        raise ExperimentError(f"subject {subject.name!r}: count_laws go with a tally, which it lacks")
    for name in subject.count_overheads:
        if name not in subject.count_laws:
            raise ExperimentError(f"subject {subject.name!r}: count_overheads of {name!r}, which has no law of its own")


def _require_foresight(
    foresight: Foresight, subjects: Sequence[Subject], profiles: Mapping[str, Profile], factors: Sequence[Factor]
) -> None:
    laws = {subject.name: subject.law for subject in subjects}
    for name in foresight.subjects:
        if name not in laws:
            raise ExperimentError(f"foresight of {name!r}: not a subject; the subjects are {', '.join(laws)}")
        if laws[name] is None:
            raise ExperimentError(f"foresight of {name!r}: the subject has no law to predict with")
    if foresight.profile not in profiles:
        raise ExperimentError(f"foresight after {foresight.profile!r}: the profiles are {', '.join(profiles)}")
    foresight.beyond.validated(factors)
    require_beyond(foresight, profiles, foresight.profile)


def require_beyond(foresight: Foresight, profiles: Mapping[str, Profile], profile: str) -> None:
    """See that the points of a foresight lie beyond what a profile sweeps.

    Raises
    ------
    ExperimentError : one does not.
    """
    for subject in foresight.subjects:
        swept = [cell.point for cell in profiles[profile].cells([subject])]
        for point in foresight.beyond:
            if distance_beyond(point, swept) <= 1:
                raise ExperimentError(
                    f"foresight at {point}: lies within what profile {profile!r} sweeps of {subject}, in every factor"
                )


__all__ = ["PLACEBO_SUFFIX", "DesignError", "Experiment", "ExperimentError"]
