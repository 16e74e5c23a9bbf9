"""Gradients of the language model: one algorithm a file, all with one signature and one result."""

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
from bptt_rnn.gradients.naive_textbook import naive_textbook
from bptt_rnn.gradients.rtrl import rtrl
from bptt_rnn.gradients.truncated import truncated

# Those of the derivation, and naive as its cost can be read, which no text of usual length affords.
ALGORITHMS: dict[str, Algorithm] = {
    "naive": naive,
    "aggregated": aggregated,
    "batched": batched,
    "naive-textbook": naive_textbook,
}
FAMILY: dict[str, Algorithm] = {
    "naive": naive,
    "aggregated": aggregated,
    "batched": batched,
    "fused": fused,
    "truncated": truncated,
    "checkpointed": checkpointed,
    "rtrl": rtrl,
    "batched-chunked": batched_chunked,
}
# A model with other parameters, which is not an ``Algorithm``; its costs are listed under this name.
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
