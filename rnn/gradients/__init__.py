"""Gradients of the language model: one algorithm a file, one signature, one meaning of the result."""

from __future__ import annotations

from rnn.gradients.aggregated import aggregated
from rnn.gradients.batched import batched
from rnn.gradients.checkpointed import checkpointed
from rnn.gradients.forward import forward
from rnn.gradients.fused import fused
from rnn.gradients.interface import PHASES, Algorithm, Gradients, Workspace
from rnn.gradients.naive import naive
from rnn.gradients.rtrl import rtrl
from rnn.gradients.truncated import truncated

ALGORITHMS: dict[str, Algorithm] = {"naive": naive, "aggregated": aggregated, "batched": batched}
FAMILY: dict[str, Algorithm] = {
    **ALGORITHMS,
    "fused": fused,
    "truncated": truncated,
    "checkpointed": checkpointed,
    "rtrl": rtrl,
}

__all__ = ["ALGORITHMS", "FAMILY", "PHASES", "Algorithm", "Gradients", "Workspace", "forward"]
