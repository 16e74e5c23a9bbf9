"""Cost of ``batched-chunked``."""

from __future__ import annotations

from bptt_rnn.cost.basic import BATCHED, VIEW_BYTES, hidden_bytes
from bptt_rnn.cost.closed_form import Bytes, Cost, Counts, added, by_phase
from bptt_rnn.gradients.chunked import WORDS


def chunked_cost(words: int = WORDS) -> Cost:
    """Return the closed forms for a given number of words in a chunk."""

    def counts(V: int, d: int, H: int, T: int) -> Counts:
        chunks = -(-V // words)
        assert BATCHED.counts is not None
        beyond = by_phase(
            multiply_adds=(0, 0, T * H * V),
            # + b2, - max and Σ exp once more; rescaling of Σ exp (largest - further, times, + of chunk), where Σ exp of
            # a chunk has one addition less; parts of Uᵀ δ. Indices of targets and ŷ_k - 1 are computed one by one.
            adds_multiplies=(0, 0, 2 * T * V + 2 * chunks * T + T + chunks * T * H - 2 * T),
            transcendentals=(0, 0, T * V + chunks * T),
            comparisons=(0, 0, T),  # the largest of a chunk and that so far, instead of one row's own
            # cleared: largest, Σ exp, Uᵀ δ; o_k kept and ŷ_k - 1 written, where batched gathers and scatters
            elements_moved=(0, 0, 2 * T + T * H + 2 * T - 3 * T),
        )
        return added(BATCHED.counts(V, d, H, T), beyond)

    def buffer_bytes(V: int, d: int, H: int, T: int, itemsize: int) -> Bytes:
        sizes = hidden_bytes(V, d, H, T, itemsize)
        output = T * min(V, words) + T * H + 5 * T + V * H + V
        return {**sizes, "output": sizes["output"] + itemsize * output}

    return Cost(
        name="batched-chunked",
        phase_laws=BATCHED.phase_laws,
        phase_overheads=BATCHED.phase_overheads,
        # as in batched, but for the logits: those of a chunk are gone through again and again
        term_bytes={**BATCHED.term_bytes, "T*V": f"4*T*min(V,{words})"},
        counts=counts,
        buffer_bytes=buffer_bytes,
        view_bytes=VIEW_BYTES["batched"],
        passes=BATCHED.passes,
        multiply_adds=lambda V, d, H, T: BATCHED.multiply_adds(V, d, H, T) + T * H * V,
        memory_law=f"T*min(V,{words}) + T*H + T*d",
        memory_overhead=("1", "T", "V"),  # views of each chunk
    )


CHUNKED = chunked_cost()
