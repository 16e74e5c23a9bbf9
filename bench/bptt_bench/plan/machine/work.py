"""The work of an evaluation, as a subject declares it: operations, bytes and calls, each kind by phase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from bptt_bench.errors import ExperimentError

Kind = Literal["product", "elementwise", "reduction", "transcendental", "copy", "clear", "allocation", "call"]
Function = Literal["exp", "tanh"]
Product = Literal["gemm", "gemv", "gevm", "ger"]

KINDS: tuple[Kind, ...] = get_args(Kind)
PRODUCTS: tuple[Product, ...] = get_args(Product)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Operations of one kind in an evaluation, all repetitions together.

    Attributes
    ----------
    phase : the phase in which it is done.
    kind : ``product`` of matrices and vectors, ``elementwise`` arithmetic, ``reduction`` to a sum or a maximum,
        ``transcendental`` functions such as exp, ``copy`` of elements, ``clear`` (a constant written), ``allocation``
        of fresh memory, ``call`` of a Python function.
    operations : per evaluation; multiply-adds of a product, elements, bytes of an allocation, or Python calls.
    calls : library calls per evaluation that these operations take; a shape is that of one call.
    bytes_moved : per evaluation, from or to whatever level of the memory holds the working set.
    working_set : bytes that are gone through from one use of the operands to the next, which decides that level.
    product : ``gemm`` of matrices, ``gemv`` of matrix and vector, ``gevm`` of vector and matrix, ``ger`` for a rank-1
        update, target += column × row, its additions included.
    shape : (m, n, k) of one product, (m, k) × (k, n): n is 1 for ``gemv``, m for ``gevm``, k for ``ger``.
    function : which function a transcendental work is most like.
    """

    phase: str
    kind: Kind
    operations: int
    calls: int = 0
    bytes_moved: int = 0
    working_set: int = 0
    dtype: str = "float32"
    product: Product | None = None
    shape: tuple[int, int, int] | None = None
    function: Function = "exp"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ExperimentError(f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}")
        for name in ("operations", "calls", "bytes_moved", "working_set"):
            if getattr(self, name) < 0:
                raise ExperimentError(
                    f"{name} of {self.kind} must be a whole number from 0, got {getattr(self, name)!r}"
                )
        if self.function not in get_args(Function):
            raise ExperimentError(f"function must be one of {', '.join(get_args(Function))}, got {self.function!r}")
        if self.kind != "product":
            if self.product is not None or self.shape is not None:
                raise ExperimentError(
                    f"product={self.product!r}, shape={self.shape!r} of {self.kind}: only products have them"
                )
            return
        if self.product not in PRODUCTS or self.shape is None:
            raise ExperimentError(
                f"product={self.product!r}, shape={self.shape!r}: a product has a shape and is one of "
                f"{', '.join(PRODUCTS)}"
            )
        m, n, k = self.shape
        thin = {"gemm": 1, "gemv": n, "gevm": m, "ger": k}[self.product]
        if min(self.shape) < 1 or thin != 1:
            raise ExperimentError(
                f"shape of {self.product} must be numbers from 1, with n=1 for gemv, m=1 for gevm, k=1 for ger, got "
                f"{self.shape!r}"
            )
        if self.operations != m * n * k * self.calls:
            raise ExperimentError(
                f"operations={self.operations!r} of {self.product}: {self.calls} calls of shape {self.shape!r} take "
                f"{m * n * k * self.calls}"
            )
