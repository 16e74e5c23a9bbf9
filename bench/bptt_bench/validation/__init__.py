"""Validation: how often fits and verdicts are wrong, counted on simulated measurements whose truth is known."""

from bptt_bench.validation.judged import Judged, judge_trial, judged_summary
from bptt_bench.validation.score import STATED, Outcome, summary, trial
from bptt_bench.validation.simulate import DESIGNS, LAWS, SETTINGS, Setting, Truth, simulate

__all__ = [
    "DESIGNS",
    "LAWS",
    "SETTINGS",
    "STATED",
    "Judged",
    "Outcome",
    "Setting",
    "Truth",
    "judge_trial",
    "judged_summary",
    "simulate",
    "summary",
    "trial",
]
