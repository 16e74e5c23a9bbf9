"""Validation: how often fits and verdicts are wrong, counted on simulated measurements whose truth is known."""

from bench.validation.score import STATED, Outcome, summary, trial
from bench.validation.simulate import DESIGNS, LAWS, SETTINGS, Setting, Truth, simulate

__all__ = ["DESIGNS", "LAWS", "SETTINGS", "STATED", "Outcome", "Setting", "Truth", "simulate", "summary", "trial"]
