"""The probe: which tasks it visits when, on a clock moved by hand; its calls, against plain arithmetic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from bptt_bench.measure.probe import probe as probing
from bptt_bench.measure.probe.buffers import MIB, ProbeBuffers
from bptt_bench.measure.probe.probe import probe, read
from bptt_bench.measure.probe.task import ProbeTask, ProbeTasks
from bptt_bench.measure.probe.tasks import (
    LARGEST_BYTES,
    addition,
    allocate_tasks,
    move,
    plan_tasks,
    product,
    transcendental,
)
from bptt_bench.measure.timing.clock import FakeClock, WallClock
from bptt_bench.plan import Evaluation
from bptt_bench.plan.machine.readings import BandwidthReading, Operation, ProductKind, Readings


class Machine:
    """A machine of tasks that take known times; ``slow`` says by how much at a moment."""

    def __init__(self, slow: Callable[[float], float] = lambda _now: 1.0) -> None:
        self.clock, self.slow, self.calls = FakeClock(), slow, Counter[str]()

    def evaluation(self, name: str, seconds: float) -> Evaluation:
        def evaluate() -> None:
            self.calls[name] += 1
            self.clock.advance(seconds * self.slow(self.clock.now()))

        return evaluate

    def task(self, n_bytes: int, seconds: float) -> ProbeTask:
        return ProbeTask(
            name=f"copy of {n_bytes} bytes",
            evaluate=self.evaluation(str(n_bytes), seconds),
            work=n_bytes,
            reading=lambda least, median: BandwidthReading(
                operation="copy", working_set_bytes=n_bytes, seconds=least, median_seconds=median
            ),
        )

    def tasks(self, *sized: tuple[int, float]) -> ProbeTasks:
        return ProbeTasks(
            sized=[self.task(*one) for one in sized],
            empty_call=self.evaluation("empty", 4e-7),
            reduction_call=self.evaluation("reduction", 9e-7),
            python_call=self.evaluation("python", 1e-7),
            fresh=self.evaluation("fresh", 0.010),
            warm=self.evaluation("warm", 0.004),
            touched_bytes=40_000_000,
            skipped=["left out before"],
        )


def test_readings_are_exact_on_a_steady_machine() -> None:
    machine = Machine()
    found = read(machine.tasks((1000, 1e-5), (2_000_000, 2e-3)), machine.clock, until=1e9, max_rounds=3)
    assert found.rounds == 3
    assert found.empty_call_seconds == pytest.approx(4e-7)
    assert found.reduction_call_seconds == pytest.approx(9e-7)
    assert found.python_call_seconds == pytest.approx(1e-7)
    assert found.first_touch_seconds_per_byte == pytest.approx(0.006 / 40e6)
    assert found.clear_seconds_per_byte == pytest.approx(0.004 / 40e6)
    assert [one.bytes_per_second for one in found.bandwidth] == pytest.approx([1e8, 1e9])
    assert found.slowdown == pytest.approx(1)
    assert found.skipped == ("left out before",)


def test_a_machine_of_two_speeds_shows_its_best_and_its_usual_one() -> None:
    # Twice as slow for four seconds of every five, which is two visits of every three; a round takes 0.2 s.
    machine = Machine(slow=lambda now: 1.0 if now % 5 < 1 else 2.0)
    found = read(machine.tasks(*[(n, 1e-3) for n in range(1, 60)]), machine.clock, until=30, max_rounds=1000)
    assert found.rounds > 50
    assert {round(one.seconds, 9) for one in found.bandwidth} == {1e-3}
    assert {round(one.median_seconds, 9) for one in found.bandwidth} == {2e-3}
    assert found.slowdown == pytest.approx(2)


def test_rounds_end_when_another_one_would_not_fit() -> None:
    machine = Machine()
    sized = [(n, 0.1) for n in range(1, 11)]  # 2 s a round: each is warmed up once, and timed once
    found = read(machine.tasks(*sized), machine.clock, until=8.5)
    assert 8 < machine.clock.now() <= 8.5
    assert found.rounds == 4
    assert all(machine.calls[str(n)] == machine.calls["1"] for n in range(1, 11))


def test_a_slow_machine_reads_small_sizes_once_and_names_what_is_left() -> None:
    machine = Machine()
    found = read(machine.tasks((30, 3.0), (10, 1.0), (20, 2.0), (40, 4.0)), machine.clock, until=8.0)
    assert found.rounds == 1
    assert [one.working_set_bytes for one in found.bandwidth] == [10, 20, 30]
    assert found.skipped == ("left out before", "copy of 40 bytes: no time was left")
    assert found.first_touch_seconds_per_byte > 0


def test_visits_are_shuffled_between_rounds() -> None:
    machine, order = Machine(), list[str]()

    def noted(task: ProbeTask) -> Evaluation:
        def evaluate() -> None:
            order.append(task.name)
            machine.clock.advance(1e-2)

        return evaluate

    planned_tasks = machine.tasks(*[(n, 1e-2) for n in range(1, 9)])
    sized = [replace(task, evaluate=noted(task)) for task in planned_tasks.sized]
    read(replace(planned_tasks, sized=sized), machine.clock, until=1e9, max_rounds=3)
    visits = order[::2]  # a warm-up and the sample, of one call each
    rounds = [visits[i : i + 8] for i in range(0, len(visits), 8)]
    assert rounds[0] == [f"copy of {n} bytes" for n in range(1, 9)]  # cheap ones first
    assert all(sorted(one) == rounds[0] for one in rounds)
    assert len({tuple(one) for one in rounds}) == len(rounds) == 3


@pytest.mark.parametrize(
    ("kind", "m", "n", "k"),
    [
        ("gemm", 7, 5, 3),
        ("gemm", 50, 5, 3),
        ("gemm", 5, 50, 3),
        ("gemm", 5, 3, 50),
        ("gemv", 9, 1, 4),
        ("gevm", 1, 4, 9),
        ("ger", 30_000, 16, 1),  # several tiles
        ("ger", 2, 2, 1),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products_compute_what_they_say(kind: ProductKind, m: int, n: int, k: int, dtype: str) -> None:
    buffers = ProbeBuffers.of(8 * MIB)
    buffers.inputs[:] = np.random.default_rng(5).random(buffers.inputs.shape, dtype=np.float32)
    one = product(kind, dtype, m, n, k)  # type: ignore[arg-type]  # a parameter of the test
    evaluate = one.set_up(buffers)
    left_shape, right_shape = ((k, m) if m > max(n, k) else (m, k)), ((n, k) if n > max(m, k) else (k, n))
    if kind == "gevm":  # the matrix comes first
        right, left = buffers.reads(dtype, (k, n), (1, k))  # type: ignore[arg-type]
    else:
        left, right = buffers.reads(dtype, *((left_shape, right_shape) if kind == "gemm" else ((m, k), (k, n))))  # type: ignore[arg-type]
    left, right = (left.T if left.shape != (m, k) else left), (right.T if right.shape != (k, n) else right)
    before = buffers.writes(dtype, (m, n)).copy() if kind == "ger" else 0.0  # type: ignore[arg-type]
    expected = before + np.einsum("ik,kj->ij", left, right)
    evaluate()
    np.testing.assert_allclose(buffers.writes(dtype, (m, n)), expected, rtol=1e-5)  # type: ignore[arg-type]
    reading = one.reading(2e-6, 3e-6)
    assert reading.multiply_adds == m * n * k  # type: ignore[attr-defined]
    assert reading.working_set_bytes == (m * k + k * n + m * n) * np.dtype(dtype).itemsize  # type: ignore[attr-defined]


@pytest.mark.parametrize(("operation", "arrays"), [("read", 2), ("clear", 1), ("copy", 2), ("add", 3)])
def test_bytes_moved_are_those_of_all_arrays(operation: Operation, arrays: int) -> None:
    buffers = ProbeBuffers.of(MIB)
    one = move(operation, 24 * 1024)
    result = one.set_up(buffers)()
    length = 24 * 1024 // (8 * arrays)
    value = float(buffers.inputs.view(np.float64)[0])
    assert one.reading(1.0, 1.0).working_set_bytes == length * 8 * arrays  # type: ignore[attr-defined]
    if operation == "read":
        assert result == pytest.approx(length * value**2)
    else:
        expected = {"clear": 0.5, "copy": value, "add": 2 * value}[operation]
        out = buffers.outputs["float64"]
        assert np.all(out[:length] == expected)
        assert np.all(out[length:] == 0.5)


def test_functions_and_additions_take_the_elements_that_they_say() -> None:
    buffers = ProbeBuffers.of(MIB)
    one = transcendental("exp", "float32", 8 * 1024)
    one.set_up(buffers)()
    assert one.reading(1.0, 1.0).elements == 1024  # type: ignore[attr-defined]
    assert np.count_nonzero(buffers.outputs["float32"] == np.exp(np.float32(0.5))) == 1024
    other = addition("float64", 16 * 1024)
    other.set_up(buffers)()
    assert other.reading(1.0, 1.0).elements == 1024  # type: ignore[attr-defined]
    assert np.count_nonzero(buffers.outputs["float64"] != 0.5) == 1024


def test_everything_planned_fits_the_memory_that_a_probe_takes_at_most() -> None:
    found = list(plan_tasks())
    assert max(one.inputs_bytes for one in found) <= LARGEST_BYTES
    assert len({one.name for one in found}) == len(found)
    assert 200 < len(found) < 400
    assert 2.5 * LARGEST_BYTES < 512e6
    sizes = [one.reading(1, 1) for one in found]
    assert max(getattr(one, "working_set_bytes", 0) for one in sizes) >= 128 * MIB


def test_a_machine_with_little_memory_reads_small_sizes_and_names_the_others() -> None:
    found = allocate_tasks(available=4 * MIB)
    names = " ".join(found.skipped)
    assert "copy of 128 MiB: needs 128 MiB of inputs, 0.8 MiB can be had" in found.skipped
    assert "first touch of 40 MiB: read with 0.4 MiB instead" in found.skipped
    assert "ger float64" in names
    assert {type(task.reading(1, 1)).__name__ for task in found.sized} == {
        "ProductReading", "BandwidthReading", "TranscendentalReading", "ElementwiseReading"
    }  # fmt: skip
    assert len(found.sized) + len(found.skipped) == len(list(plan_tasks())) + 1


def test_the_whole_probe_runs_with_next_to_no_memory_and_its_readings_can_be_stored() -> None:
    clock = FakeClock(seconds_per_reading=probing.SECONDS_PER_SAMPLE)  # whatever is timed lasts one sample
    found = probe(clock, available=0, seconds=1e9)
    assert found.rounds == probing.MAX_ROUNDS
    assert Readings.from_json(found.to_json()) == found
    assert all(one.seconds == pytest.approx(probing.SECONDS_PER_SAMPLE) for one in found.products)
    assert found.first_touch_seconds_per_byte == 0


@pytest.mark.measures
def test_real_readings_distinguish_a_large_product_from_a_small_one() -> None:
    found = probe(WallClock(), available=8 * MIB, seconds=1.0)
    assert found.products
    assert found.empty_call_seconds > 0
    products = [one for one in found.products if one.kind == "gemm" and one.dtype == "float32"]
    work = {one.m * one.n * one.k: one.seconds for one in products}  # on a busy machine there is not a time for all
    assert len(work) >= 2
    if max(work) >= 500 * min(work):
        assert work[max(work)] > 3 * work[min(work)]
