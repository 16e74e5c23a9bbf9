"""What operations count for, worked out by hand, one line or more for every rule.

The operands are ``a`` of shape (3, 4) and ``v`` of shape (4,), both float64, ``i``, three whole numbers of eight bytes,
and ``z``, three complex ones. A line is a use of the operation and its tally.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from bptt_bench.measure.counters.meter import Meter

PLAIN = np.arange(3.0)
ALIASES = {
    "mul": "multiply_adds",
    "add": "adds_multiplies",
    "div": "divisions",
    "exp": "transcendentals",
    "cmp": "comparisons",
    "mov": "elements_moved",
    "new": "bytes_allocated",
}


class Arrays(NamedTuple):
    """The operands of the tables; fresh ones for every line."""

    a: Any
    v: Any
    i: Any
    z: Any


def operands() -> Arrays:
    a = np.arange(12.0).reshape(3, 4) - 4.25
    return Arrays(a, np.array([2.5, -1.0, 0.5, 3.0]), np.array([2, 0, 2]), np.arange(3) * 1j)


def count(run: Callable[[Arrays], Any]) -> tuple[dict[str, int], Any]:
    arrays = operands()
    with Meter(strict=True) as meter:
        result = run(Arrays(*(meter.metered(array) for array in arrays)))
    return meter.total(), result


def tally(**numbers: int) -> dict[str, int]:
    return {ALIASES[name]: number for name, number in numbers.items()}


Line = tuple[Callable[[Arrays], Any], dict[str, int]]

FUNCTIONS: dict[str, Line | list[Line]] = {
    # views are free, and copies are not
    "reshape": [(lambda x: np.reshape(x.a, (4, 3)), {}), (lambda x: np.reshape(x.a.T, 12), tally(mov=12, new=96))],
    "ravel": [(lambda x: np.ravel(x.a), {}), (lambda x: np.ravel(x.a[:, :2]), tally(mov=6, new=48))],
    "transpose": (lambda x: np.transpose(x.a), {}),
    "permute_dims": (lambda x: np.permute_dims(x.a, (1, 0)), {}),
    "matrix_transpose": (lambda x: np.matrix_transpose(x.a), {}),
    "squeeze": (lambda x: np.squeeze(x.a[:1]), {}),
    "swapaxes": (lambda x: np.swapaxes(x.a, 0, 1), {}),
    "moveaxis": (lambda x: np.moveaxis(x.a, 0, 1), {}),
    "rollaxis": (lambda x: np.rollaxis(x.a, 1), {}),
    "expand_dims": (lambda x: np.expand_dims(x.a, 0), {}),
    "diagonal": (lambda x: np.diagonal(x.a), {}),
    "flip": (lambda x: np.flip(x.a), {}),
    "fliplr": (lambda x: np.fliplr(x.a), {}),
    "flipud": (lambda x: np.flipud(x.a), {}),
    "rot90": (lambda x: np.rot90(x.a), {}),
    "broadcast_to": (lambda x: np.broadcast_to(x.v, (3, 4)), {}),
    "broadcast_arrays": (lambda x: np.broadcast_arrays(x.v, x.a), {}),
    "atleast_1d": (lambda x: np.atleast_1d(x.a), {}),
    "atleast_2d": (lambda x: np.atleast_2d(x.v), {}),
    "atleast_3d": (lambda x: np.atleast_3d(x.v), {}),
    "real": (lambda x: np.real(x.z), {}),
    "imag": [(lambda x: np.imag(x.z), {}), (lambda x: np.imag(x.a), tally(mov=12, new=96))],
    "meshgrid": [
        (lambda x: np.meshgrid(x.v, x.i), tally(mov=24, new=192)),
        (lambda x: np.meshgrid(x.v, x.i, copy=False), {}),
    ],
    "split": (lambda x: np.split(x.a, 3), {}),
    "array_split": (lambda x: np.array_split(x.v, 3), {}),
    "hsplit": (lambda x: np.hsplit(x.a, 2), {}),
    "vsplit": (lambda x: np.vsplit(x.a, 3), {}),
    "dsplit": (lambda x: np.dsplit(x.a[:, None], 2), {}),
    "unstack": (lambda x: np.unstack(x.a), {}),
    "astype": [
        (lambda x: np.astype(x.a, np.float32), tally(mov=12, new=48)),
        (lambda x: np.astype(x.a, np.float64, copy=False), {}),
    ],
    # elements written
    "copy": (lambda x: np.copy(x.a), tally(mov=12, new=96)),
    "take": [
        (lambda x: np.take(x.a, x.i, axis=0), tally(mov=12, new=96)),
        (lambda x: np.take(x.a, x.i, axis=0, out=x.a.copy()), tally(mov=24, new=96)),
    ],
    "take_along_axis": (lambda x: np.take_along_axis(x.v, x.i, 0), tally(mov=3, new=24)),
    "repeat": (lambda x: np.repeat(x.v, 3), tally(mov=12, new=96)),
    "choose": (lambda x: np.choose(x.i, [x.i, x.i, x.i]), tally(mov=3, new=24)),
    "compress": (lambda x: np.compress(x.v > 0, x.a, axis=1), tally(cmp=4, mov=9, new=4 + 72)),
    "extract": (lambda x: np.extract(x.v > 0, x.v), tally(cmp=4, mov=3, new=4 + 24)),
    "concatenate": [
        (lambda x: np.concatenate([x.v, x.v]), tally(mov=8, new=64)),
        (lambda x: np.concatenate([x.v[:2], x.v[:2]], out=x.a[0]), tally(mov=4)),
    ],
    "concat": (lambda x: np.concat([x.v, x.v]), tally(mov=8, new=64)),
    "stack": (lambda x: np.stack([x.v, x.v]), tally(mov=8, new=64)),
    "hstack": (lambda x: np.hstack([x.v, x.v]), tally(mov=8, new=64)),
    "vstack": (lambda x: np.vstack([x.v, x.v]), tally(mov=8, new=64)),
    "dstack": (lambda x: np.dstack([x.v, x.v]), tally(mov=8, new=64)),
    "column_stack": (lambda x: np.column_stack([x.v, x.v]), tally(mov=8, new=64)),
    "block": (lambda x: np.block([x.v, x.v]), tally(mov=8, new=64)),
    "append": (lambda x: np.append(x.v, x.v), tally(mov=8, new=64)),
    "delete": (lambda x: np.delete(x.v, 1), tally(mov=3, new=24)),
    "insert": (lambda x: np.insert(x.v, 1, 7.0), tally(mov=5, new=40)),
    "tile": (lambda x: np.tile(x.v, 2), tally(mov=8, new=64)),
    "roll": (lambda x: np.roll(x.v, 1), tally(mov=4, new=32)),
    "resize": (lambda x: np.resize(x.v, 6), tally(mov=6, new=48)),
    "diag": [(lambda x: np.diag(x.v), tally(mov=16 + 4, new=128)), (lambda x: np.diag(x.a), {})],
    "zeros_like": (lambda x: np.zeros_like(x.a), tally(mov=12, new=96)),
    "ones_like": (lambda x: np.ones_like(x.a, dtype=np.float32), tally(mov=12, new=48)),
    "full_like": (lambda x: np.full_like(x.v, 3.0), tally(mov=4, new=32)),
    "empty_like": (lambda x: np.empty_like(x.v).shape, tally(new=32)),
    # in place
    "copyto": [
        (lambda x: np.copyto(x.a, x.v), tally(mov=12)),
        (lambda x: np.copyto(x.a, 0.0, where=x.v > 0), tally(cmp=4, mov=9, new=4)),
        (lambda x: np.copyto(x.a, x.a), {}),
    ],
    "put": (lambda x: np.put(x.a, x.i, 1.0), tally(mov=3)),
    "putmask": (lambda x: np.putmask(x.v, x.v > 0, 9.0), tally(cmp=4, mov=3, new=4)),
    "place": (lambda x: np.place(x.v, x.v > 0, [9.0]), tally(cmp=4, mov=3, new=4)),
    "fill_diagonal": (lambda x: np.fill_diagonal(x.a, 0.0), tally(mov=3)),
    # reductions: inputs less outputs
    "sum": [
        (lambda x: np.sum(x.a), tally(add=11)),
        (lambda x: np.sum(x.a, axis=0), tally(add=8, new=32)),
        (lambda x: np.sum(x.a, axis=1, keepdims=True), tally(add=9, new=24)),
        (lambda x: np.sum(x.a, initial=1.0), tally(add=12)),
        (lambda x: np.sum(x.a, where=x.v > 0), tally(cmp=4, add=8, new=4)),
        (lambda x: np.sum(x.a, axis=0, out=x.v), tally(add=8)),
        (lambda x: np.sum(x.a, 0, None, x.v), tally(add=8)),
    ],
    "prod": (lambda x: np.prod(x.a, axis=1), tally(add=9, new=24)),
    "max": (lambda x: np.max(x.a, axis=0), tally(cmp=8, new=32)),
    "min": (lambda x: np.min(x.a), tally(cmp=11)),
    "amax": (lambda x: np.amax(x.a), tally(cmp=11)),
    "amin": (lambda x: np.amin(x.a), tally(cmp=11)),
    "any": (lambda x: np.any(x.a), tally(cmp=11)),
    "all": (lambda x: np.all(x.a, axis=1), tally(cmp=9, new=3)),
    "argmax": (lambda x: np.argmax(x.a, axis=1), tally(cmp=9, new=24)),
    "argmin": (lambda x: np.argmin(x.a), tally(cmp=11)),
    "ptp": (lambda x: np.ptp(x.a, axis=0), tally(cmp=16, add=4, new=32)),
    "mean": [
        (lambda x: np.mean(x.a, axis=0), tally(add=8, div=4, new=32)),
        (lambda x: np.mean(x.a), tally(add=11, div=1)),
    ],
    "var": (lambda x: np.var(x.a), tally(add=11 + 12 + 12 + 11, div=2)),
    "std": (lambda x: np.std(x.a, axis=0), tally(add=8 + 12 + 12 + 8, div=12, new=32)),
    "cumsum": [
        (lambda x: np.cumsum(x.a), tally(add=11, new=96)),
        (lambda x: np.cumsum(x.a, axis=1), tally(add=9, new=96)),
    ],
    "cumprod": (lambda x: np.cumprod(x.a, axis=0), tally(add=8, new=96)),
    "diff": [
        (lambda x: np.diff(x.v), tally(add=3, new=24)),
        (lambda x: np.diff(x.a, n=2), tally(add=9 + 6, new=48)),
    ],
    "trace": (lambda x: np.trace(x.a), tally(add=2)),
    "count_nonzero": (lambda x: np.count_nonzero(x.a), tally(cmp=12)),
    # element by element
    "clip": [
        (lambda x: np.clip(x.a, 0, 1), tally(cmp=24, new=96)),
        (lambda x: np.clip(x.a, None, 1, out=x.a), tally(cmp=12)),
        (lambda x: np.clip(x.a, min=0), tally(cmp=12, new=96)),
    ],
    "round": [
        (lambda x: np.round(x.v), tally(add=4, new=32)),
        (lambda x: np.round(x.v, 1), tally(add=8, div=4, new=32)),
    ],
    "around": (lambda x: np.around(x.v), tally(add=4, new=32)),
    "where": [
        (lambda x: np.where(x.v > 0, x.a, 0.0), tally(cmp=4 + 12, new=4 + 96)),
        (lambda x: np.where(x.v), tally(cmp=4, mov=4, new=32)),
    ],
    "nonzero": (lambda x: np.nonzero(x.i), tally(cmp=3, mov=2, new=16)),
    "flatnonzero": (lambda x: np.flatnonzero(x.i), tally(cmp=3, mov=2, new=16)),
    "argwhere": (lambda x: np.argwhere(x.i), tally(cmp=3, mov=2, new=16)),
    "sort": (lambda x: np.sort(x.a, axis=0), tally(cmp=12 * 2, mov=12, new=96)),
    "argsort": (lambda x: np.argsort(x.a, axis=None), tally(cmp=12 * 4, mov=12, new=96)),
    "searchsorted": (lambda x: np.searchsorted(x.a[0], x.i), tally(cmp=3 * 3, new=24)),
    "linspace": (lambda x: np.linspace(0, 1, 5), tally(add=10, new=40)),
    # products: scalar multiplications
    "dot": [
        (lambda x: np.dot(x.a, x.v), tally(mul=12, new=24)),
        (lambda x: np.dot(x.a, x.a.T), tally(mul=36, new=72)),
        (lambda x: np.dot(x.v, x.v), tally(mul=4)),
        (lambda x: np.dot(x.a, 2.0), tally(mul=12, new=96)),
        (lambda x: np.dot(x.a[:, :3].T, x.i.astype(float), out=x.v[:3]), tally(mul=9, mov=3, new=24)),
    ],
    "inner": (lambda x: np.inner(x.a, x.a), tally(mul=36, new=72)),
    "vdot": (lambda x: np.vdot(x.a, x.a), tally(mul=12)),
    "outer": [
        (lambda x: np.outer(x.i, x.v), tally(mul=12, new=96)),
        (lambda x: np.outer(x.i, x.v, out=x.a), tally(mul=12)),
    ],
    "kron": (lambda x: np.kron(x.i, x.v), tally(mul=12, new=96)),
    "convolve": (lambda x: np.convolve(x.i, x.v), tally(mul=12, new=48)),
    "tensordot": [
        (lambda x: np.tensordot(x.a, x.v, 1), tally(mul=12, new=24)),
        (lambda x: np.tensordot(x.a, x.a, axes=((0,), (0,))), tally(mul=48, new=128)),
        (lambda x: np.tensordot(x.a, x.a), tally(mul=12)),
        (lambda x: np.tensordot(x.v, x.i, 0), tally(mul=12, new=96)),
    ],
    "einsum": [
        (lambda x: np.einsum("ij,kj->ik", x.a, x.a), tally(mul=36, new=72)),
        (lambda x: np.einsum("ij,j", x.a, x.v, out=np.empty(3)), tally(mul=12, new=24)),
        (lambda x: np.einsum("...j,j->...", x.a, x.v), tally(mul=12, new=24)),
        (lambda x: np.einsum("ij->", x.a), tally(mul=12)),
        (lambda x: np.einsum("ij->ji", x.a), {}),
        (lambda x: np.einsum("ij,jk", x.a[:, :1], x.a[:1]), tally(mul=12, new=96)),
    ],
    # questions
    "shape": (lambda x: np.shape(x.a), {}),
    "ndim": (lambda x: np.ndim(x.a), {}),
    "size": (lambda x: np.size(x.a), {}),
    "may_share_memory": (lambda x: np.may_share_memory(x.a, x.v), {}),
    "shares_memory": (lambda x: np.shares_memory(x.a, x.v), {}),
    "result_type": (lambda x: np.result_type(x.a, x.z), {}),
    "can_cast": (lambda x: np.can_cast(x.a.dtype, np.float32), {}),
    "min_scalar_type": (lambda x: np.min_scalar_type(x.a), {}),
    "common_type": (lambda x: np.common_type(x.a), {}),
    "iscomplexobj": (lambda x: np.iscomplexobj(x.a), {}),
    "isrealobj": (lambda x: np.isrealobj(x.a), {}),
    "array_repr": (lambda x: np.array_repr(x.a), {}),
    "array_str": (lambda x: np.array_str(x.a), {}),
    "array2string": (lambda x: np.array2string(x.a), {}),
}

CREATION: dict[str, Line | list[Line]] = {
    "empty": (lambda x: np.empty((2, 3)).shape, tally(new=48)),
    "zeros": (lambda x: np.zeros((2, 3), dtype=np.float32), tally(mov=6, new=24)),
    "ones": (lambda x: np.ones(6), tally(mov=6, new=48)),
    "full": (lambda x: np.full(6, 3.0), tally(mov=6, new=48)),
    "arange": (lambda x: np.arange(6.0), tally(mov=6, new=48)),
    "eye": (lambda x: np.eye(2, 3), tally(mov=6, new=48)),
    "identity": (lambda x: np.identity(2), tally(mov=4, new=32)),
    "indices": (lambda x: np.indices((2, 3)), tally(mov=12, new=96)),
    "fromiter": (lambda x: np.fromiter(range(3), dtype=float), tally(mov=3, new=24)),
    "array": [
        (lambda x: np.array([1.0, 2.0]), tally(mov=2, new=16)),
        (lambda x: np.array(x.a), tally(mov=12, new=96)),
        (lambda x: np.array([x.v, x.v]), tally(mov=8, new=64)),
    ],
    "asarray": [
        (lambda x: np.asarray(x.a), {}),
        (lambda x: np.asarray(x.a, dtype=np.float32), tally(mov=12, new=48)),
    ],
    "asanyarray": (lambda x: np.asanyarray([1.0, 2.0]), tally(mov=2, new=16)),
    "ascontiguousarray": [
        (lambda x: np.ascontiguousarray(x.a), {}),
        (lambda x: np.ascontiguousarray(x.a.T), tally(mov=12, new=96)),
    ],
    "asfortranarray": (lambda x: np.asfortranarray(x.a), tally(mov=12, new=96)),
    "require": (lambda x: np.require(x.a, requirements="F"), tally(mov=12, new=96)),
    "frombuffer": (lambda x: np.frombuffer(b"abcd", dtype=np.uint8), {}),
    "from_dlpack": (lambda x: np.from_dlpack(PLAIN), {}),
}
METHODS: dict[str, Line | list[Line]] = {
    "reshape": (lambda x: x.a.reshape(2, 6), {}),
    "ravel": (lambda x: x.a.T.ravel(), tally(mov=12, new=96)),
    "transpose": (lambda x: x.a.transpose(1, 0), {}),
    "squeeze": (lambda x: x.a[:1].squeeze(), {}),
    "swapaxes": (lambda x: x.a.swapaxes(0, 1), {}),
    "diagonal": (lambda x: x.a.diagonal(), {}),
    "astype": [
        (lambda x: x.a.astype(np.float32), tally(mov=12, new=48)),
        (lambda x: x.a.astype(np.float64, copy=False), {}),
    ],
    "copy": (lambda x: x.a.copy(), tally(mov=12, new=96)),
    "__copy__": (lambda x: copy.copy(x.a), tally(mov=12, new=96)),
    "__deepcopy__": (lambda x: copy.deepcopy(x.a), tally(mov=12, new=96)),
    "flatten": (lambda x: x.a.flatten(), tally(mov=12, new=96)),
    "take": (lambda x: x.v.take(x.i), tally(mov=3, new=24)),
    "repeat": (lambda x: x.v.repeat(2), tally(mov=8, new=64)),
    "choose": (lambda x: x.i.choose([x.i, x.i, x.i]), tally(mov=3, new=24)),
    "compress": (lambda x: x.v.compress([True, False, True, False]), tally(mov=2, new=16)),
    "sum": [
        (lambda x: x.a.sum(), tally(add=11)),
        (lambda x: x.a.sum(0), tally(add=8, new=32)),
        (lambda x: x.a.sum(axis=0, out=x.v), tally(add=8)),
        (lambda x: x.a.sum(initial=3.0), tally(add=12)),
    ],
    "prod": (lambda x: x.a.prod(), tally(add=11)),
    "max": (lambda x: x.a.max(axis=1, keepdims=True), tally(cmp=9, new=24)),
    "min": (lambda x: x.a.min(), tally(cmp=11)),
    "any": (lambda x: x.a.any(), tally(cmp=11)),
    "all": (lambda x: x.a.all(), tally(cmp=11)),
    "argmax": (lambda x: x.a.argmax(), tally(cmp=11)),
    "argmin": (lambda x: x.a.argmin(axis=0), tally(cmp=8, new=32)),
    "mean": (lambda x: x.a.mean(axis=1), tally(add=9, div=3, new=24)),
    "var": (lambda x: x.v.var(), tally(add=3 + 4 + 4 + 3, div=2)),
    "std": (lambda x: x.v.std(), tally(add=3 + 4 + 4 + 3, div=3)),
    "cumsum": (lambda x: x.a.cumsum(axis=0), tally(add=8, new=96)),
    "cumprod": (lambda x: x.a.cumprod(), tally(add=11, new=96)),
    "trace": (lambda x: x.a.trace(), tally(add=2)),
    "clip": (lambda x: x.a.clip(0, 1), tally(cmp=24, new=96)),
    "round": (lambda x: x.v.round(), tally(add=4, new=32)),
    "nonzero": (lambda x: x.i.nonzero(), tally(cmp=3, mov=2, new=16)),
    "argsort": (lambda x: x.v.argsort(), tally(cmp=8, mov=4, new=32)),
    "searchsorted": (lambda x: x.a[0].searchsorted(x.v), tally(cmp=3 * 4, new=32)),
    "put": (lambda x: x.v.put(x.i, 1.0), tally(mov=3)),
    "dot": (lambda x: x.a.dot(x.v), tally(mul=12, new=24)),
    "item": (lambda x: x.a.item(3), {}),
    "setflags": (lambda x: x.a.setflags(write=False), {}),
    "getfield": (lambda x: x.a.getfield(np.int64), {}),
    "to_device": (lambda x: x.a.to_device("cpu"), {}),
    "__repr__": (lambda x: repr(x.a), {}),
    "__str__": (lambda x: str(x.a), {}),
    "__getitem__": [
        (lambda x: x.a[1:, ::2], {}),
        (lambda x: x.a[1], {}),
        (lambda x: x.a[1, 2], {}),
        (lambda x: x.a[..., None], {}),
        (lambda x: x.a[x.i], tally(mov=12, new=96)),
        (lambda x: x.a[x.i, x.i], tally(mov=3, new=24)),
        (lambda x: x.a[[0, 1], 1:], tally(mov=6, new=48)),
        (lambda x: x.v[x.v > 0], tally(cmp=4, mov=3, new=4 + 24)),
    ],
    "__setitem__": [
        (lambda x: x.a.__setitem__((slice(1, None), 0), 1.0), tally(mov=2)),
        (lambda x: x.a.__setitem__(..., x.v), tally(mov=12)),
        (lambda x: x.v.__setitem__(2, 1.0), tally(mov=1)),
        (lambda x: x.a.__setitem__(x.i, 1.0), tally(mov=12)),
        (lambda x: x.v.__setitem__(x.v > 0, 1.0), tally(cmp=4, mov=3, new=4)),
    ],
    "__contains__": (lambda x: 2.5 in x.v, tally(cmp=4 + 3)),
    "tolist": (lambda x: x.a.tolist(), tally(mov=12)),
    "tobytes": (lambda x: x.a.tobytes(), tally(mov=12)),
    "conj": [(lambda x: x.a.conj(), {}), (lambda x: x.z.conj(), tally(add=3, new=48))],
    "conjugate": (lambda x: x.z.conjugate(), tally(add=3, new=48)),
    "fill": (lambda x: x.a.fill(1.0), tally(mov=12)),
    "sort": (lambda x: x.v.sort(), tally(cmp=8)),
}
