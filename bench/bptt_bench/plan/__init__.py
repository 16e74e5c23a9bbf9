"""Plan: what to measure, where, in which order, and what is claimed about it."""

from bptt_bench.plan.agreement import Agreement
from bptt_bench.plan.claim import (
    AmountClaim,
    CheckClaim,
    CheckResult,
    Claim,
    CrossoverClaim,
    ExponentClaim,
    RatioClaim,
    RooflineClaim,
    ShareClaim,
    SpeedupClaim,
)
from bptt_bench.plan.design import Design, DesignError, Factor, Point
from bptt_bench.plan.experiment import PLACEBO_SUFFIX, Experiment, ExperimentError, require_beyond
from bptt_bench.plan.fault import Fault
from bptt_bench.plan.foresight import Foresight, farther
from bptt_bench.plan.law import CostLaw, LawError, Term
from bptt_bench.plan.peaks import Traffic
from bptt_bench.plan.profile import Cell, Profile, block_order
from bptt_bench.plan.subject import Counts, Evaluation, PhaseSwitch, Subject
from bptt_bench.plan.work import Work, WorkError

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
    "WorkError",
    "block_order",
    "farther",
    "require_beyond",
]
