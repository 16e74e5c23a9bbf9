"""Gradients of the language model: one algorithm a file, one signature, one meaning of the result."""

from __future__ import annotations

from bptt_rnn.algorithm import PHASES, Algorithm, Gradients, Workspace
from bptt_rnn.class_model import ClassGradients, ClassParams
from bptt_rnn.gradients.aggregated import aggregated
from bptt_rnn.gradients.batched import batched
from bptt_rnn.gradients.checkpointed import checkpointed
from bptt_rnn.gradients.chunked import batched_chunked
from bptt_rnn.gradients.class_based import batched_class
from bptt_rnn.gradients.forward import forward
from bptt_rnn.gradients.fused import fused
from bptt_rnn.gradients.naive import naive
from bptt_rnn.gradients.rtrl import rtrl
from bptt_rnn.gradients.truncated import truncated

ALGORITHMS: dict[str, Algorithm] = {"naive": naive, "aggregated": aggregated, "batched": batched}
FAMILY: dict[str, Algorithm] = {
    **ALGORITHMS,
    "fused": fused,
    "truncated": truncated,
    "checkpointed": checkpointed,
    "rtrl": rtrl,
    "batched-chunked": batched_chunked,
}
# Another model with parameters of its own, so that it is no ``Algorithm``; its costs are under this name.
CLASS_BASED = {"batched-class": batched_class}

__all__ = [
    "ALGORITHMS",
    "CLASS_BASED",
    "FAMILY",
    "PHASES",
    "Algorithm",
    "ClassGradients",
    "ClassParams",
    "Gradients",
    "Workspace",
    "forward",
]
