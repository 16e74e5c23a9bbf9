"""An experiment: factors, subjects, how much to measure, and the claims. A value; it runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.plan.claim import Claim
from bench.plan.design import DesignError, Factor, Profile
from bench.plan.subject import Subject

PLACEBO_SUFFIX = " (placebo)"


class ExperimentError(ValueError):
    """An experiment that cannot be run; the message names the part, what it was and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """What to measure and what to claim about it.

    Attributes
    ----------
    profiles : by name, such as ``quick``, ``standard`` and ``full``.
    placebo : the subject that is measured under two names, so that a run shows its own false alarm (an A/A test).
    """

    name: str
    factors: tuple[Factor, ...]
    subjects: tuple[Subject, ...]
    profiles: Mapping[str, Profile]
    claims: tuple[Claim, ...] = ()
    placebo: str | None = None

    def __post_init__(self) -> None:
        if not self.factors or not self.subjects or not self.profiles:
            raise ExperimentError(f"experiment {self.name!r}: needs at least one factor, one subject and one profile")
        names = [subject.name for subject in self.subjects]
        if len(set(names)) < len(names):
            raise ExperimentError(f"experiment {self.name!r}: two subjects share a name in {', '.join(names)}")
        if self.placebo is not None and self.placebo not in names:
            raise ExperimentError(f"placebo {self.placebo!r}: not a subject; the subjects are {', '.join(names)}")
        claims = [claim.name for claim in self.claims]
        for name in claims:
            if claims.count(name) > 1:
                raise ExperimentError(f"claim {name!r}: {claims.count(name)} claims have this name; each needs its own")
        factors = [factor.name for factor in self.factors]
        for subject in self.subjects:
            if subject.law is not None:
                subject.law.require(factors)
        for profile in self.profiles.values():
            for design in (profile.design, *profile.extra.values()):
                design.validated(self.factors)

    @property
    def subject_names(self) -> tuple[str, ...]:
        """Names under which subjects are measured, the placebo's second name included."""
        names = tuple(subject.name for subject in self.subjects)
        return names if self.placebo is None else (*names, self.placebo + PLACEBO_SUFFIX)

    def subject(self, name: str) -> Subject:
        """The subject of that name; a placebo's second name gives the subject itself."""
        for subject in self.subjects:
            if subject.name == name.removesuffix(PLACEBO_SUFFIX):
                return subject
        raise ExperimentError(f"subject {name!r}: unknown; the subjects are {', '.join(self.subject_names)}")

    def profile(self, name: str) -> Profile:
        if name not in self.profiles:
            raise ExperimentError(f"profile {name!r}: unknown; the profiles are {', '.join(self.profiles)}")
        return self.profiles[name]


__all__ = ["PLACEBO_SUFFIX", "DesignError", "Experiment", "ExperimentError"]
