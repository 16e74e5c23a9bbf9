"""Plan: what to measure, where, in which order, and what is claimed about it."""

from bptt_bench.errors import DesignError, ExperimentError, LawError
from bptt_bench.plan.claims.agreement import Agreement
from bptt_bench.plan.claims.claim import (
    AmountClaim,
    CheckClaim,
    CheckResult,
    Claim,
    CrossoverClaim,
    ExponentClaim,
    LawClaim,
    RatioClaim,
    RooflineClaim,
    ShareClaim,
    SpeedupClaim,
)
from bptt_bench.plan.design.design import Design, Factor, Point
from bptt_bench.plan.design.profile import Cell, Profile, block_order
from bptt_bench.plan.experiment.experiment import (
    PLACEBO_SUFFIX,
    Experiment,
    Fault,
    Foresight,
    distance_beyond,
    require_beyond,
)
from bptt_bench.plan.experiment.subject import Counts, Evaluation, PhaseSwitch, Subject
from bptt_bench.plan.law.law import CostLaw, Term
from bptt_bench.plan.machine.peaks import Traffic
from bptt_bench.plan.machine.work import Work

__all__ = [
    "PLACEBO_SUFFIX",
    "Agreement",
    "AmountClaim",
    "Cell",
    "CheckClaim",
    "CheckResult",
    "Claim",
    "CostLaw",
    "Counts",
    "CrossoverClaim",
    "Design",
    "DesignError",
    "Evaluation",
    "Experiment",
    "ExperimentError",
    "ExponentClaim",
    "Factor",
    "Fault",
    "Foresight",
    "LawClaim",
    "LawError",
    "PhaseSwitch",
    "Point",
    "Profile",
    "RatioClaim",
    "RooflineClaim",
    "ShareClaim",
    "SpeedupClaim",
    "Subject",
    "Term",
    "Traffic",
    "Work",
    "block_order",
    "distance_beyond",
    "require_beyond",
]
