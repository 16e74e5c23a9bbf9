"""What ``fused`` costs is what it really allocates, and as many multiply-adds as the other sweeps."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from bptt_bench.plan.law.law import CostLaw
from bptt_rnn import cost
from bptt_rnn.gradients import Workspace
from bptt_rnn.gradients.fused import fused, warm
from bptt_rnn.model import Params


def allocated(V: int, d: int, H: int, T: int, dtype: type, compiled: bool | None = None) -> tuple[int, int]:
    """Bytes that one evaluation keeps, and its peak, gradients included; the code is compiled and loaded before."""
    rng = np.random.default_rng(0)
    warm(np.dtype(dtype), compiled)
    params, tokens = Params.init(V, d, H, rng, dtype), rng.integers(0, V, T + 1)
    workspace = Workspace()
    tracemalloc.start()
    fused(params, tokens, None, workspace, threads=2, compiled=compiled)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return kept, peak


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("compiled", [None, False])
@pytest.mark.parametrize(
    ("V", "d", "H", "T"), [(20_000, 16, 24, 8), (300, 40, 200, 60), (2_000, 300, 8, 700), (200_000, 10, 20, 40)]
)
def test_buffers_are_what_is_really_allocated(
    dtype: type, compiled: bool | None, V: int, d: int, H: int, T: int
) -> None:
    predicted = sum(cost.buffer_bytes("fused", V, d, H, T, np.dtype(dtype).itemsize).values())
    kept, peak = allocated(V, d, H, T, dtype, compiled)
    assert kept == pytest.approx(predicted, rel=0.02)
    assert peak == pytest.approx(predicted, rel=0.05)


@pytest.mark.parametrize(("V", "d", "H", "T"), [(20_000, 16, 24, 8), (300, 40, 200, 60), (200_000, 10, 20, 40)])
def test_memory_beyond_the_gradients_is_within_a_tenth_of_its_form(V: int, d: int, H: int, T: int) -> None:
    _, peak = allocated(V, d, H, T, np.float32)
    beyond = peak - cost.gradient_bytes(V, d, H, T)
    assert beyond == pytest.approx(cost.scratch_bytes("fused", V, d, H, T), rel=0.10)


def test_multiply_adds_and_passes_are_those_of_one_sweep() -> None:
    for point in ((1009, 31, 17, 23), (1, 1, 1, 1)):
        assert cost.multiply_adds("fused", *point) == cost.multiply_adds("aggregated", *point)
    assert [cost.passes("fused", T) for T in (1, 35)] == [1, 35]


def test_operations_of_compiled_code_are_not_counted() -> None:
    with pytest.raises(ValueError, match="algorithm='fused': its operations are not counted"):
        cost.counts("fused", 2, 2, 2, 2)


def test_laws_are_laws_of_the_four_factors() -> None:
    known = cost.cost_of("fused")
    factors = ("V", "d", "H", "T")
    assert known.law == "T*H*V + T*H*d + T*H**2"
    CostLaw(known.law).plus(*known.overheads).require(factors)
    CostLaw(known.memory_law).plus(*known.memory_overhead).require(factors)
