"""Several implementations of one thing: when their results count as equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The results of all subjects of an experiment are those of one of them, at every point that is measured.

    Each subject is evaluated once at a point before its first sample there, and compared with the reference. What the
    reference returns must stay as it is while others are evaluated.

    Attributes
    ----------
    reference : the subject whose results are taken to be right.
    difference : of two results, the second that of the reference: 0 for equal ones, NaN for one that is none.
    allowed : the largest difference that counts as equal.
    result : for some subjects, what makes a result of the evaluation's value, so that only like is compared.
    """

    reference: str
    difference: Callable[[object, object], float]
    allowed: float
    result: Mapping[str, Callable[[object], object]] = field(default_factory=dict)

    def result_of(self, subject: str, value: object) -> object:
        """The result of a subject, made of what its evaluation returned."""
        convert = self.result.get(subject)
        return value if convert is None else convert(value)

    def reference_of(self, _subject: str) -> str:
        """The subject whose results those of a subject are to be: one for all."""
        return self.reference

    def claim_of(self, subject: str) -> str:
        """The name under which a verdict on a subject is given.

        >>> Agreement(reference="slow", difference=lambda a, b: 0.0, allowed=0.0).claim_of("fast")
        'results of fast = slow'
        """
        return f"results of {subject} = {self.reference_of(subject)}"
