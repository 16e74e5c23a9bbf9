"""What a user would pick instead: other libraries' ways to the same loss and gradients, one a file.

Each is written as somebody who knows the library would: look-ups outside the graph, so that nobody makes a dense
gradient of L; products over all steps outside the loop; everything compiled before the first timed call. No library is
imported before a peer is prepared.
"""

from __future__ import annotations

from bptt_rnn.peers import jax_jit, torch_compiled, torch_eager, torch_rnn
from bptt_rnn.peers.interface import Peer

PEERS: dict[str, Peer] = {one.PEER.name: one.PEER for one in (torch_eager, torch_rnn, torch_compiled, jax_jit)}

__all__ = ["PEERS", "Peer"]
