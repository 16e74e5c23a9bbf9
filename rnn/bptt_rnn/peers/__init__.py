"""Implementations of the same loss and gradients in other libraries, one a file.

Each follows the advice of its library: look-ups outside the graph, which avoids a dense gradient of L; products over
all steps outside the loop; compilation before the first timed call. No library is imported before a peer is prepared.
"""

from __future__ import annotations

from bptt_rnn.peers import jax_jit, torch_compiled, torch_eager, torch_rnn
from bptt_rnn.peers.interface import Peer

PEERS: dict[str, Peer] = {one.PEER.name: one.PEER for one in (torch_eager, torch_rnn, torch_compiled, jax_jit)}

__all__ = ["PEERS", "Peer"]
