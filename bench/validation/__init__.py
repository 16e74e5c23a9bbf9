"""Validation: how often fits and verdicts are wrong, counted on simulated measurements whose truth is known."""

from bench.validation.simulate import DESIGNS, LAWS, Setting, Truth, simulate

__all__ = ["DESIGNS", "LAWS", "Setting", "Truth", "simulate"]
