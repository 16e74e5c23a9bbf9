"""JAX: ``jit`` of ``value_and_grad``, the steps as a ``lax.scan``."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from bptt_rnn.gradients import Gradients
from bptt_rnn.model import Params, Tokens
from bptt_rnn.peers.interface import Evaluation, Peer, not_installed, threads

JaxArray = Any  # jax is imported only where it is used


def prepare(params: Params, tokens: Tokens) -> Evaluation:
    """Prepare loss and gradients, compiled."""
    jax = import_jax()
    jnp = jax.numpy

    def loss_of(differentiated: tuple[JaxArray, ...], targets: JaxArray) -> JaxArray:
        E, W_e, W_h, b1, U, b2, h0 = differentiated

        def step(h: JaxArray, a: JaxArray) -> tuple[JaxArray, JaxArray]:
            h = jax.nn.sigmoid(W_h @ h + a)
            return h, h

        _, states = jax.lax.scan(step, h0, E @ W_e.T + b1)
        logits = states @ U.T + b2
        of_target = jnp.take_along_axis(logits, targets[:, None], axis=1)
        return jnp.sum(jax.nn.logsumexp(logits, axis=1)) - jnp.sum(of_target)

    def loss_and_gradients(L: JaxArray, rest: tuple[JaxArray, ...], tokens: JaxArray) -> Any:
        return jax.value_and_grad(loss_of)((L[tokens[:-1]], *rest), tokens[1:])

    ids = jnp.asarray(tokens.astype(np.int32))
    L, *rest = (jnp.asarray(array) for array in (*params, np.zeros_like(params.b1)))
    compiled = jax.jit(loss_and_gradients).lower(L, tuple(rest), ids).compile()
    arguments = (L, tuple(rest), ids)

    def evaluate() -> Any:
        return jax.block_until_ready(compiled(*arguments))

    return evaluate


def import_jax() -> Any:
    """Import JAX for the processor, with the number of threads that it reads on import."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("NPROC", str(threads()))  # XLA's size of its pool
    import jax

    return jax


def gradients(result: Any) -> tuple[float, Gradients]:
    """Return loss and gradients as a number and arrays."""
    loss, arrays = result
    return float(loss), Gradients(*(np.asarray(array) for array in arrays))


def missing() -> str | None:
    """Return why JAX cannot be used here."""
    return not_installed("jax") or not_installed("jaxlib")


PEER = Peer(name="jax jit", missing=missing, prepare=prepare, gradients=gradients)
