"""What the meter sees of NumPy code: every way in which an operation can be written, once and in the right phase.

How much each single operation counts for is in ``counting/``.
"""

from __future__ import annotations

import doctest
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bptt_bench.measure.counters import meter as meter_module
from bptt_bench.measure.counters.meter import CATEGORIES, Meter, MeteredArray, StrayArrayWarning, UncountedOperation
from hypothesis import given
from hypothesis import strategies as st
from numpy import empty as empty_from_before
from numpy.typing import NDArray

Array = NDArray[Any]
PLAIN = np.ones((2, 2))
MASKED: Any = np.ma.masked_array([1.0])


def counted(run: Callable[[Meter], object]) -> dict[str, int]:
    with Meter(strict=True) as meter:
        run(meter)
    return meter.total()


@pytest.fixture
def a() -> Array:
    return Meter().metered(np.arange(12.0).reshape(3, 4))


@pytest.fixture
def v() -> Array:
    return Meter().metered(np.arange(4.0))


# --- phases, events, totals ---


def test_the_example_of_the_documentation_is_true() -> None:
    outcome = doctest.testmod(meter_module)
    assert (outcome.attempted, outcome.failed) == (2, 0)


def test_operations_count_into_the_phase_that_was_entered(a: Array) -> None:
    with Meter() as meter:
        a + 1
        meter.phase("recur")
        a @ a.T
        meter.phase("output")
        np.exp(a, out=a)
        meter.phase("recur")
        a @ a.T
    assert meter.counts == {
        "": {"adds_multiplies": 12, "bytes_allocated": 96},
        "recur": {"multiply_adds": 72, "bytes_allocated": 144},
        "output": {"transcendentals": 12},
    }
    assert meter.total() == {
        "multiply_adds": 72,
        "adds_multiplies": 12,
        "transcendentals": 12,
        "bytes_allocated": 240,
    }
    assert list(meter.total()) == [name for name in CATEGORIES if name in meter.total()]


def test_a_phase_without_operations_leaves_no_trace(a: Array) -> None:
    with Meter() as meter:
        meter.phase("recur")
        a.T[1:]
    assert meter.counts == {}


def test_a_meter_adds_up_over_several_blocks(a: Array) -> None:
    meter = Meter()
    for _ in range(3):
        with meter:
            a.sum()
    assert meter.total() == {"adds_multiplies": 33}


def test_ticks_are_counted_by_label() -> None:
    meter = Meter()
    meter.tick("pass")
    meter.tick("pass", 3)
    assert meter.calls == {"pass": 4}


def test_registering_an_input_is_free_and_shares_its_memory() -> None:
    plain = np.arange(3.0)
    with Meter() as meter:
        metered = meter.metered(plain)
        meter.metered([1.0, 2.0])
    assert np.shares_memory(metered, plain)
    assert meter.counts == {}


# --- ufuncs ---


def test_broadcasting_counts_the_elements_of_the_output(a: Array, v: Array) -> None:
    assert counted(lambda _: a[:, :1] * v) == {"adds_multiplies": 12, "bytes_allocated": 96}


def test_output_in_place_allocates_nothing(a: Array, v: Array) -> None:
    def run(_: Meter) -> None:
        assert np.multiply(a, v, out=a) is a
        assert np.multiply(a, v, a) is a
        assert np.add(a, 1, out=(a,)) is a

    assert counted(run) == {"adds_multiplies": 36}


def test_in_place_operators_keep_the_array_and_write_it_once(a: Array, v: Array) -> None:
    def run(_: Meter) -> None:
        b = a
        b += v
        b -= 1
        assert b is a
        a[1:] *= v  # NumPy leaves out the copy of the part onto itself
        a[:, 0] /= 2

    assert counted(run) == {"adds_multiplies": 12 + 12 + 8, "divisions": 3}


def test_in_place_with_a_fancy_index_gathers_and_scatters(v: Array) -> None:
    places = Meter().metered(np.array([0, 2, 3]))

    def run(_: Meter) -> None:
        v[places] += 1

    assert counted(run) == {"adds_multiplies": 3, "elements_moved": 6, "bytes_allocated": 24}


def test_output_into_a_metered_array_is_seen_when_all_inputs_are_plain(v: Array) -> None:
    with pytest.warns(StrayArrayWarning), Meter() as meter:
        result = np.add(np.ones.__wrapped__(4), 1, out=v)  # type: ignore[attr-defined]  # the stand-in wraps the original
    assert result is v
    assert meter.total() == {"adds_multiplies": 4}


@pytest.mark.parametrize("product", [lambda x, y: x @ y, np.matmul, np.dot, np.inner, np.vdot, np.multiply])
def test_either_operand_metered_is_enough(product: Callable[[Any, Any], Any]) -> None:
    x, y = np.arange(4.0), np.arange(4.0)
    for pair in ((Meter().metered(x), y), (x, Meter().metered(y))):
        with pytest.warns(StrayArrayWarning, match="met plain arrays"), Meter() as meter:
            product(*pair)
        assert sum(meter.strays.values()) == 1
        assert 4 in meter.total().values()


def test_a_mask_leaves_what_is_really_computed(a: Array) -> None:
    mask = Meter().metered(np.array([True, False, True, True]))

    def run(_: Meter) -> None:
        np.exp(a, out=a, where=mask)
        np.add.reduce(a, axis=1, where=mask)
        np.add.reduce(a, axis=1, where=mask, initial=1.0)

    assert counted(run) == {"transcendentals": 9, "adds_multiplies": (9 - 3) + 9, "bytes_allocated": 48}


def test_a_mask_that_is_overwritten_still_counts_what_it_was() -> None:
    def mask() -> Array:
        return Meter().metered(np.array([True, False, True, True]))

    masks = [mask() for _ in range(4)]

    def run(_: Meter) -> None:
        masks[0][masks[0]] = False
        np.putmask(masks[1], masks[1], False)
        np.copyto(masks[2], False, where=masks[2])
        with pytest.raises(UncountedOperation, match=r"^numpy.logical_not with its mask in the memory of its output"):
            np.logical_not(masks[3], out=masks[3], where=masks[3])

    assert counted(run) == {"elements_moved": 9}


def test_methods_of_ufuncs(a: Array, v: Array) -> None:
    assert counted(lambda _: np.add.reduce(a)) == {"adds_multiplies": 8, "bytes_allocated": 32}
    assert counted(lambda _: np.maximum.reduce(a, axis=None)) == {"comparisons": 11}
    assert counted(lambda _: np.add.accumulate(a, axis=1)) == {"adds_multiplies": 9, "bytes_allocated": 96}
    assert counted(lambda _: np.add.reduceat(v, [0, 1])) == {"adds_multiplies": 0 + 2, "bytes_allocated": 16}
    assert counted(lambda _: np.add.reduceat(v, [2, 0])) == {"adds_multiplies": 0 + 3, "bytes_allocated": 16}
    assert counted(lambda _: np.add.outer(v, v)) == {"adds_multiplies": 16, "bytes_allocated": 128}
    assert counted(lambda _: np.multiply.outer(v, v)) == {"multiply_adds": 16, "bytes_allocated": 128}


def test_unbuffered_updates_count_one_per_element_addressed(a: Array, v: Array) -> None:
    rows = Meter().metered(np.array([0, 0, 2]))

    def run(_: Meter) -> None:
        np.add.at(a, rows, 1.0)
        np.add.at(v, rows, 1.0)
        np.negative.at(v, [0, 1])

    assert counted(run) == {"adds_multiplies": 3 * 4 + 3 + 2}
    assert a[0].tolist() == [2, 3, 4, 5]


def test_several_outputs_count_each(v: Array) -> None:
    def run(_: Meter) -> None:
        whole, rest = divmod(v, 3)
        assert isinstance(whole, MeteredArray)
        assert isinstance(rest, MeteredArray)
        assert np.modf(v, out=(whole, rest))[1] is rest

    assert counted(run) == {"divisions": 8, "bytes_allocated": 64, "adds_multiplies": 8}


@pytest.mark.parametrize(
    ("left", "right", "multiplications"),
    [
        ((4,), (4,), 4),
        ((3, 4), (4,), 12),
        ((4,), (4, 3), 12),
        ((2, 4), (4, 3), 24),
        ((5, 2, 4), (4, 3), 120),
        ((5, 1, 2, 4), (7, 4, 3), 5 * 7 * 24),
        ((2, 0), (0, 3), 0),
    ],
)
def test_matrix_products_of_every_shape(left: tuple[int, ...], right: tuple[int, ...], multiplications: int) -> None:
    x, y = Meter().metered(np.ones(left)), Meter().metered(np.ones(right))
    allocated = np.asarray(np.ones(left) @ np.ones(right))
    expected = {"multiply_adds": multiplications, "bytes_allocated": allocated.nbytes if allocated.ndim else 0}
    assert counted(lambda _: x @ y) == {name: value for name, value in expected.items() if value}


def test_generalised_products_and_their_axes(a: Array, v: Array) -> None:
    vecdot: Any = np.vecdot
    matmul: Any = np.matmul
    if hasattr(np, "matvec"):  # NumPy 2.2
        assert counted(lambda _: np.matvec(a, v)) == {"multiply_adds": 12, "bytes_allocated": 24}
        assert counted(lambda _: np.vecmat(v, a.T)) == {"multiply_adds": 12, "bytes_allocated": 24}
    assert counted(lambda _: np.vecdot(a, v)) == {"multiply_adds": 12, "bytes_allocated": 24}
    assert counted(lambda _: vecdot(a, a, axis=0)) == {"multiply_adds": 12, "bytes_allocated": 32}
    transposed = [(1, 0), (0, 1), (0, 1)]
    assert counted(lambda _: matmul(a, a, axes=transposed)) == {"multiply_adds": 4 * 3 * 4, "bytes_allocated": 128}


def test_scalars_stay_scalars_and_views_stay_metered(a: Array) -> None:
    with Meter() as meter:
        total = a.sum() + np.float64(1) * np.exp(np.float64(2))  # arithmetic between scalars is not a array kernel
        for view in (a.T, a[1:], a.reshape(-1), a.mT, a[0], next(iter(a)), a.view(np.int64), a.real):
            assert type(view) is MeteredArray
        assert type(a[1, 2]) is np.float64
    assert type(total) is np.float64
    assert meter.total() == {"adds_multiplies": 11}


def test_a_result_without_dimensions_allocates_nothing() -> None:
    assert counted(lambda meter: np.exp(meter.metered(2.0))) == {"transcendentals": 1}


def test_what_numpy_does_inside_an_operation_is_not_counted_again(v: Array) -> None:
    """``kron`` multiplies, ``linspace`` makes an ``arange``, ``mean`` reduces."""
    assert counted(lambda _: np.kron(v, v)) == {"multiply_adds": 16, "bytes_allocated": 128}
    assert counted(lambda _: np.linspace(0, 1, 4)) == {"adds_multiplies": 8, "bytes_allocated": 32}
    assert counted(lambda _: np.mean(v)) == {"adds_multiplies": 3, "divisions": 1}


def test_the_parts_of_complex_numbers_can_be_set() -> None:
    def run(meter: Meter) -> None:
        z = meter.metered(np.zeros.__wrapped__(3, complex))  # type: ignore[attr-defined]
        z.real, z.imag = 1.0, 2.0
        assert z.tolist() == [1 + 2j] * 3
        with pytest.raises(TypeError, match="no imaginary part"):
            z.real.imag = 1.0

    assert counted(run) == {"elements_moved": 3 + 3 + 3}


# --- refused: nothing is counted as zero in silence ---


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (np.median, "numpy.median"),
        (np.linalg.norm, "numpy.linalg.norm"),
        (lambda x: np.gcd(x.astype(int), 2), "ufunc gcd"),
        (np.frompyfunc(abs, 1, 1), "ufunc abs"),
        (lambda x: np.einsum("i,i,i", x, x, x), "numpy.einsum of 3 operands"),
        (lambda x: np.einsum(x, [0], x, [0]), "numpy.einsum with lists of indices"),
        (lambda x: np.diff(x, prepend=0.0), "numpy.diff with prepend or append"),
        (lambda x: np.var(x, where=x > 0), "numpy.var with mean or where"),
        (lambda x: np.sum(x, 0, None, None, False, 1.0), "numpy.sum with initial or where given by position"),
        (lambda x: np.fill_diagonal(np.ones((3, 2)), x), "numpy.fill_diagonal of a tall matrix"),
        (lambda x: np.add(x, MASKED), "type MaskedArray"),
        (lambda x: x.view(np.ndarray), r"view\(ndarray\)"),
        (np.ndarray.copy, "made a new array from a metered one"),
        (lambda x: PLAIN.dot(x[:2]), "made a new array from a metered one"),
    ],
)
def test_an_unknown_operation_is_refused_by_name(operation: Callable[[Any], object], name: str, v: Array) -> None:
    with Meter(), pytest.raises(UncountedOperation, match=name):
        operation(v)


def test_a_refused_function_leaves_its_arguments_alone(v: Array) -> None:
    with Meter(), pytest.raises(UncountedOperation):
        np.gcd(v, v, out=v)
    assert v.tolist() == [0, 1, 2, 3]


def test_an_operation_that_fails_is_not_counted(a: Array, v: Array) -> None:
    with Meter() as meter:
        with pytest.raises(ValueError, match="mismatch"):
            a.T @ v
        with pytest.raises(IndexError):
            v[7] = 1.0
    assert meter.counts == {}


def test_an_array_made_out_of_sight_is_warned_of_when_it_meets_a_metered_one(v: Array) -> None:
    out = empty_from_before(4)
    meter = Meter()

    def run() -> None:
        with meter:
            np.add(v, 1, out=out)
            np.copyto(out, v)

    with pytest.warns(StrayArrayWarning, match=r"^2 operations \(first: numpy.add\) met plain arrays"):
        run()
    assert meter.strays == {"numpy.add": 1, "numpy.copyto": 1}
    assert meter.total() == {"adds_multiplies": 4, "elements_moved": 4}


def test_a_strict_meter_refuses_arrays_made_out_of_sight(v: Array) -> None:
    message = r"^numpy.add: an argument of shape \(4,\) is a plain array"
    with Meter(strict=True) as meter, pytest.raises(UncountedOperation, match=message):
        np.add(v, 1, out=empty_from_before(4))
    assert meter.counts == {}


def test_plain_scalars_and_arrays_without_dimensions_are_no_strays(v: Array) -> None:
    half = np.array(0.5)
    assert counted(lambda _: v * half) == {"adds_multiplies": 4, "bytes_allocated": 32}


# --- the namespace of NumPy ---


def snapshot() -> dict[str, Any]:
    modules = {"": np, "linalg.": np.linalg, "fft.": np.fft, "random.": np.random}
    return {prefix + name: value for prefix, module in modules.items() for name, value in vars(module).items()}


def test_numpy_is_itself_again_after_the_block_and_after_an_error() -> None:
    assert np.random is not None  # NumPy imports it on first use
    before = snapshot()
    with Meter():
        assert snapshot() != before
    assert snapshot() == before
    with pytest.raises(ZeroDivisionError), Meter():
        raise ZeroDivisionError
    assert snapshot() == before
    assert type(np.zeros(3)) is np.ndarray


def test_an_error_in_the_block_is_not_hidden_by_the_warning(v: Array) -> None:
    def stray_then_fail() -> None:
        np.add(v, empty_from_before(4))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Meter():
        stray_then_fail()


def test_a_nested_meter_is_refused_and_the_outer_one_goes_on(v: Array) -> None:
    with Meter() as outer:
        with pytest.raises(RuntimeError, match="neither nested nor used at the same time"), Meter():
            pass
        v.sum()
    assert outer.total() == {"adds_multiplies": 3}


def in_thread(run: Callable[[], object]) -> list[object]:
    """What another thread returned, or the error that it raised."""
    outcome: list[object] = []

    def catch() -> None:
        try:
            outcome.append(run())
        except (RuntimeError, UncountedOperation) as error:
            outcome.append(error)

    thread = threading.Thread(target=catch)
    thread.start()
    thread.join()
    return outcome


def test_another_thread_keeps_plain_arrays_and_cannot_count(v: Array) -> None:
    with Meter() as meter:
        assert type(in_thread(lambda: np.ones(3))[0]) is np.ndarray
        assert isinstance(in_thread(lambda: np.linalg.norm([1.0]))[0], float)
        assert "another meter is counting" in str(in_thread(Meter().__enter__)[0])
        assert "called from another thread" in str(in_thread(lambda: v + 1)[0])
    assert meter.counts == {}


def test_metered_arrays_are_plain_in_all_they_do_once_nothing_counts(a: Array, v: Array) -> None:
    assert type(a + 1) is np.ndarray
    assert type(np.linalg.norm(a)) is np.float64
    assert type(np.median(a, axis=0)) is np.ndarray
    assert np.add(a, 1, out=a) is a
    assert a.copy().tolist() == np.arange(1.0, 13.0).reshape(3, 4).tolist()
    np.testing.assert_allclose(a @ v, np.asarray(a) @ np.asarray(v))


# --- values ---

Step = Callable[[Any, Any], Any]
STEPS: dict[str, Step] = {
    "add": lambda x, y: x + y,
    "scaled": lambda x, y: 0.5 * x - y / 3,
    "product": lambda x, y: x @ y.T,
    "plain product": lambda x, y: np.arange(x.shape[-1], dtype=x.dtype) @ x.T,
    "softmax": lambda x, y: np.exp(x - x.max()) / np.exp(x - x.max()).sum(),
    "out": lambda x, y: np.multiply(x, y, out=np.empty_like(x)),
    "in place": lambda x, y: x.__iadd__(np.tanh(y)),
    "gather": lambda x, y: x[np.array([0, -1, 0])],
    "mask": lambda x, y: np.where(x > y, x, y)[x > 0],
    "mean": lambda x, y: x.mean(axis=0),
    "einsum": lambda x, y: np.einsum("ij,ij->i", x, y),
    "outer": np.outer,
    "cumsum": lambda x, y: np.cumsum(x, axis=1)[:, ::-1],
    "stack": lambda x, y: np.stack([x, y]).reshape(-1),
    "sort": lambda x, y: np.sort(x, axis=0),
    "std": lambda x, y: (x.std(), x.argmax(), divmod(x, 2.0)),
    "round": lambda x, y: np.round(x, 1).clip(-1, 1),
    "at": lambda x, y: np.add.at(x, ([0, 0], [0, 0]), y[0, :1]),
}


@given(
    names=st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=6),
    rows=st.integers(1, 5),
    columns=st.integers(1, 5),
    dtype=st.sampled_from(["float32", "float64"]),
    seed=st.integers(0, 10),
)
def test_values_are_those_of_plain_numpy_to_the_last_bit(
    names: list[str], rows: int, columns: int, dtype: str, seed: int
) -> None:
    def run(x: Any, y: Any) -> list[Any]:
        return [*(STEPS[name](x, y) for name in names), x, y]

    first, second = np.random.default_rng(seed).standard_normal((2, rows, columns)).astype(dtype)
    plain = run(first.copy(), second.copy())
    with Meter(strict=True) as meter:
        metered = run(meter.metered(first.copy()), meter.metered(second.copy()))
    for one, other in zip(flat(metered), flat(plain), strict=True):
        if other is None:
            assert one is None
            continue
        assert (isinstance(one, MeteredArray), type(one)) == (
            isinstance(other, np.ndarray),
            MeteredArray if isinstance(other, np.ndarray) else type(other),
        )
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


def flat(values: Any) -> list[Any]:
    return [item for value in values for item in flat(value)] if isinstance(values, list | tuple) else [values]
