"""Error rates of fits and verdicts on simulated measurements whose truth is known."""

from bptt_bench.validation.score import STATED, Outcome, summary, trial
from bptt_bench.validation.simulate import DESIGNS, LAWS, SETTINGS, Setting, Truth, simulate
from bptt_bench.validation.verdict_trial import VerdictTrial, verdict_summary, verdict_trial

__all__ = [
    "DESIGNS",
    "LAWS",
    "SETTINGS",
    "STATED",
    "Outcome",
    "Setting",
    "Truth",
    "VerdictTrial",
    "simulate",
    "summary",
    "trial",
    "verdict_summary",
    "verdict_trial",
]
