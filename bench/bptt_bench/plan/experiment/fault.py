"""Planted faults: versions of a subject that are wrong on purpose, to see that the claims catch them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bptt_bench.plan.claims.claim import CheckResult
from bptt_bench.plan.design.design import Point
from bptt_bench.plan.experiment.subject import Evaluation, PhaseSwitch


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
