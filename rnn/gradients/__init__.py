"""Gradients of the language model: one algorithm a file, one signature, one meaning of the result."""

from __future__ import annotations

from rnn.gradients.aggregated import aggregated
from rnn.gradients.batched import batched
from rnn.gradients.forward import forward
from rnn.gradients.interface import PHASES, Algorithm, Gradients, Workspace
from rnn.gradients.naive import naive

ALGORITHMS: dict[str, Algorithm] = {"naive": naive, "aggregated": aggregated, "batched": batched}

__all__ = ["ALGORITHMS", "PHASES", "Algorithm", "Gradients", "Workspace", "forward"]
