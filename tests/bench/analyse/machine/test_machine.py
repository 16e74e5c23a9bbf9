"""Times of works on an invented machine, computed by hand; nothing is fitted, so every number is exact."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import analyse
from bptt_bench.analyse.machine.machine import Machine, TimeParts, cached_bytes, predict, shrink_to, total
from bptt_bench.analyse.machine.prediction import LogErrors
from bptt_bench.errors import MachineError
from bptt_bench.plan import CostLaw, Design, Experiment, Factor, Point, Profile, Subject, Work
from bptt_bench.plan.machine.readings import (
    BandwidthReading,
    ElementwiseReading,
    Operation,
    ProductKind,
    ProductReading,
    Readings,
    TranscendentalReading,
)

OPERATIONS: tuple[Operation, ...] = ("read", "clear", "copy", "add")
PRODUCTS: tuple[ProductKind, ...] = ("gemm", "gemv", "gevm", "ger")
CALL = 1e-6  # seconds of a call with nothing to do
NEAR, FAR = 1 << 20, 1 << 30  # bytes that the caches hold, and that they do not
WIDTH = 64  # elements in a row of the matrices that were read


def net(operations: float, rate: float) -> dict[str, float]:
    """Seconds of a call that does so many operations at a rate, its dispatch included."""
    return {"seconds": CALL + operations / rate, "median_seconds": CALL + operations / rate}


def matrix(kind: ProductKind, size: int, rate: float) -> ProductReading:
    """Reading of a product of a vector with a matrix of so many bytes."""
    rows = size // (4 * WIDTH)
    m, n, k = {"gemv": (rows, 1, WIDTH), "gevm": (1, WIDTH, rows), "ger": (rows, WIDTH, 1)}[kind]
    return ProductReading(kind=kind, dtype="float32", m=m, n=n, k=k, working_set_bytes=size, **net(rows * WIDTH, rate))


def readings(speed: float = 1.0) -> Readings:
    """1e10 multiply-adds a second near and 2e9 far, 5e10 of matrices; 4e10 bytes a second near and 1e10 far."""
    bandwidth = [
        BandwidthReading(operation=name, working_set_bytes=size, **net(size, rate))
        for name in OPERATIONS
        for size, rate in ((NEAR // 8, 4e10), (NEAR, 4e10), (FAR, 1e10))
    ]
    made = Readings(
        products=(
            *(matrix(kind, size, rate) for kind in PRODUCTS[1:] for size, rate in ((NEAR, 1e10), (FAR, 2e9))),
            *(
                ProductReading(kind=kind, dtype="float32", m=1, n=1, k=1, working_set_bytes=12, **net(0, 1))
                for kind in PRODUCTS
            ),
            ProductReading(kind="gemm", dtype="float32", m=64, n=64, k=64, working_set_bytes=49152, **net(64**3, 5e10)),
        ),
        bandwidth=tuple(bandwidth),
        transcendental=(
            TranscendentalReading(function="exp", dtype="float32", working_set_bytes=NEAR, **net(NEAR // 8, 2e9)),
            TranscendentalReading(function="tanh", dtype="float32", working_set_bytes=NEAR, **net(NEAR // 8, 1e9)),
        ),
        elementwise=(ElementwiseReading(dtype="float32", working_set_bytes=NEAR, **net(NEAR // 8, 8e9)),),
        empty_call_seconds=CALL,
        python_call_seconds=5e-8,
        first_touch_seconds_per_byte=2.5e-10,
        clear_seconds_per_byte=2.5e-11,
        rounds=1,
    )
    return at_speed(made, speed)


def at_speed(made: Readings, speed: float) -> Readings:
    """The same machine, everything so many times as fast."""
    lists: dict[str, Any] = {
        name: tuple(dataclasses.replace(one, seconds=one.seconds / speed) for one in getattr(made, name))
        for name in ("products", "bandwidth", "transcendental", "elementwise")
    }
    bare: dict[str, Any] = {
        one.name: getattr(made, one.name) / speed
        for one in dataclasses.fields(made)
        if "seconds" in one.name and getattr(made, one.name) is not None
    }
    return dataclasses.replace(made, **lists, **bare)


def gemv(rows: int, calls: int = 1, working_set: int = 0) -> Work:
    return Work(
        phase="a", kind="product", product="gemv", shape=(rows, 1, WIDTH), operations=rows * WIDTH * calls, calls=calls,
        bytes_moved=4 * rows * WIDTH * calls, working_set=working_set,
    )  # fmt: skip


def close(parts: TimeParts) -> Any:
    return pytest.approx(parts, rel=1e-9, abs=1e-18)


def test_caches_hold_what_is_read_as_fast_as_anything() -> None:
    assert cached_bytes(readings()) == NEAR


def test_product_in_the_cache_is_arithmetic_and_dispatch() -> None:
    parts = Machine(readings()).predict_work(gemv(1000, calls=10))
    assert parts == close(TimeParts(arithmetic=10 * 64_000 / 1e10, dispatch=10 * CALL))


def test_product_of_a_matrix_beyond_the_cache_pays_the_difference_to_memory() -> None:
    rows = FAR // (4 * WIDTH)
    parts = Machine(readings()).predict_work(gemv(rows))
    operations = rows * WIDTH
    assert parts == close(
        TimeParts(arithmetic=operations / 1e10, memory=operations / 2e9 - operations / 1e10, dispatch=CALL)
    )


@pytest.mark.parametrize(
    ("product", "shape"), [("gemv", (1000, 1, 64)), ("gevm", (1, 64, 1000)), ("ger", (1000, 64, 1))]
)
def test_small_matrix_that_comes_round_after_a_gigabyte_comes_from_memory(
    product: Any, shape: tuple[int, int, int]
) -> None:
    work = dataclasses.replace(gemv(1000, working_set=FAR), product=product, shape=shape)
    parts = Machine(readings()).predict_work(work)
    assert parts == close(TimeParts(arithmetic=64_000 / 1e10, memory=64_000 / 2e9 - 64_000 / 1e10, dispatch=CALL))


def test_matrix_product_beyond_the_cache_moves_its_bytes() -> None:
    work = Work(
        phase="a", kind="product", product="gemm", shape=(64, 64, 64), operations=64**3, calls=1,
        bytes_moved=49152, working_set=FAR,
    )  # fmt: skip
    near = dataclasses.replace(work, working_set=0)
    machine = Machine(readings())
    assert machine.predict_work(near) == close(TimeParts(arithmetic=64**3 / 5e10, dispatch=CALL))
    assert machine.predict_work(work).memory == pytest.approx(49152 * (1e-10 - 0.25e-10))


def test_elementwise_work_pays_for_the_bytes_beyond_the_cache() -> None:
    work = Work(phase="a", kind="elementwise", operations=8000, calls=2, bytes_moved=64_000, working_set=FAR)
    parts = Machine(readings()).predict_work(work)
    assert parts == close(TimeParts(elementwise=8000 / 8e9, memory=64_000 * (1e-10 - 0.25e-10), dispatch=2 * CALL))


@pytest.mark.parametrize(("read", "call"), [(None, CALL), (3e-6, 3e-6)])
def test_reductions_cost_a_call_of_their_own_if_that_was_read(read: float | None, call: float) -> None:
    work = Work(phase="a", kind="reduction", operations=800, calls=2, working_set=100)
    machine = Machine(dataclasses.replace(readings(), reduction_call_seconds=read))
    assert machine.predict_work(work) == close(TimeParts(elementwise=800 / 8e9, dispatch=2 * call))


@pytest.mark.parametrize(("function", "rate"), [("exp", 2e9), ("tanh", 1e9)])
def test_functions_have_rates_of_their_own(function: Any, rate: float) -> None:
    work = Work(phase="a", kind="transcendental", operations=500, calls=1, working_set=100, function=function)
    assert Machine(readings()).predict_work(work) == close(TimeParts(elementwise=500 / rate, dispatch=CALL))


@pytest.mark.parametrize("kind", ["copy", "clear"])
def test_what_is_moved_or_cleared_is_memory(kind: Any) -> None:
    work = Work(phase="a", kind=kind, operations=1000, calls=3, bytes_moved=4000, working_set=100)
    assert Machine(readings()).predict_work(work) == close(TimeParts(memory=4000 / 4e10, dispatch=3 * CALL))


def test_allocation_and_calls_of_python() -> None:
    machine = Machine(readings())
    assert machine.predict_work(Work(phase="a", kind="allocation", operations=4000)) == close(
        TimeParts(allocation=1e-6)
    )
    assert machine.predict_work(Work(phase="a", kind="call", operations=20)) == close(TimeParts(dispatch=1e-6))


def every_kind() -> list[Work]:
    return [
        gemv(1000, 5, FAR),
        dataclasses.replace(gemv(30), phase="b"),
        Work(phase="b", kind="elementwise", operations=900, calls=1, bytes_moved=7200, working_set=FAR),
        Work(phase="a", kind="transcendental", operations=900, calls=1, bytes_moved=7200, working_set=FAR),
        Work(phase="c", kind="clear", operations=900, calls=1, bytes_moved=3600, working_set=FAR),
        Work(phase="c", kind="allocation", operations=3600),
        Work(phase="c", kind="call", operations=7),
    ]


def test_parts_and_phases_sum_to_the_whole() -> None:
    machine = Machine(readings())
    by_phase = predict(machine, every_kind())
    assert list(by_phase) == ["a", "b", "c"]
    found = total(by_phase)
    assert found.seconds == pytest.approx(sum(machine.predict_work(work).seconds for work in every_kind()), rel=1e-12)
    assert found.seconds == pytest.approx(sum(parts.seconds for parts in by_phase.values()), rel=1e-12)
    assert all(part > 0 for part in found)


def test_machine_twice_as_fast_takes_half_the_time() -> None:
    slow, fast = (total(predict(Machine(readings(speed)), every_kind())) for speed in (1.0, 2.0))
    assert fast == close(TimeParts(*(part / 2 for part in slow)))


def test_type_that_was_not_read_is_named() -> None:
    with pytest.raises(MachineError, match="float64"):
        Machine(readings()).predict_work(dataclasses.replace(gemv(10), dtype="float64"))


@pytest.mark.parametrize("shape", [(8, 100_000, 100), (3000, 3000, 3000), (1, 1, 500_000), (20, 20, 20)])
def test_shrunk_product_fits_and_is_not_smaller_than_it_must_be(shape: tuple[int, int, int]) -> None:
    def size(m: int, n: int, k: int) -> int:
        return m * k + k * n + m * n

    found = shrink_to(shape, 10_000)
    assert size(*found) <= 10_000
    assert found == shape if size(*shape) <= 10_000 else size(*found) > 2_500


def test_errors_are_those_of_logarithms() -> None:
    predicted = np.array([1.0, 2.0, 1.0, 0.5, 1.0])
    errors = LogErrors.of(predicted, np.ones(5))
    assert [errors.median, errors.worst, errors.bias] == pytest.approx([0.0, np.log(2), 0.0])


# --- a run: the same predictions and the measured times ---


def works(point: Point) -> list[Work]:
    return [gemv(int(point["n"]), calls=3), Work(phase="a", kind="call", operations=100)]


def experiment(**changes: Any) -> Experiment:
    subject = Subject(name="product", prepare=lambda point: lambda: None, law=CostLaw("n"), works=works, **changes)
    return Experiment(
        name="made up",
        factors=(Factor(name="n"),),
        subjects=(subject,),
        profiles={"quick": Profile(design=Design.of([{"n": 8}]))},
    )


def run(probe: Readings | None, excess: float = 1.25) -> pd.DataFrame:
    """A frame in which everything takes longer than the made-up machine would need, by one factor."""
    machine = Machine(readings())
    rng = np.random.default_rng(5)
    rows = [
        {"subject": "product", "n": n, "block": block, "seconds_per_eval": seconds * np.exp(0.001 * rng.normal())}
        for n in (10, 20, 50, 100, 200, 500, 1000)
        for block in range(5)
        for seconds in [excess * total(predict(machine, works(Point(n=n)))).seconds]
    ]
    frame = pd.DataFrame(rows)
    frame.attrs |= {"factors": ["n"], "probe": None if probe is None else {"readings": probe.to_json()}}
    return frame


def test_a_run_with_a_probe_is_predicted_and_fitted() -> None:
    prediction = analyse(run(readings()), experiment(overhead=("1",)), ()).machine_predictions["product"]
    assert prediction.error.median == pytest.approx(np.log(1.25), abs=0.002)
    assert prediction.error.bias == pytest.approx(-np.log(1.25), abs=0.002)
    assert prediction.fitted_error.worst < 0.005
    assert prediction.at({"n": 100.0}) == close(TimeParts(arithmetic=3 * 6400 / 1e10, dispatch=3 * CALL + 5e-6))
    parts = prediction.points[list(TimeParts._fields)].to_numpy().sum(axis=1)
    assert parts == pytest.approx(prediction.points["predicted"].to_numpy(), rel=1e-12)


def test_measured_times_do_not_move_the_prediction() -> None:
    first, second = (
        analyse(run(readings(), excess), experiment(overhead=("1",)), ()).machine_predictions["product"]
        for excess in (1.0, 3.0)
    )
    assert first.points["predicted"].tolist() == second.points["predicted"].tolist()


def test_a_run_without_a_probe_or_without_works_is_not_predicted() -> None:
    assert analyse(run(None), experiment(), ()).machine_predictions == {}
    bare = dataclasses.replace(experiment().subjects[0], works=None)
    assert analyse(run(readings()), dataclasses.replace(experiment(), subjects=(bare,)), ()).machine_predictions == {}


def test_a_probe_that_lacks_what_a_work_needs_predicts_nothing() -> None:
    lacking = dataclasses.replace(readings(), products=())
    assert analyse(run(lacking), experiment(), ()).machine_predictions == {}
