"""The doctor's judgements, from readings made up for the purpose; only the last test asks the machine itself."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from bptt_bench.measure.timing.clock import FakeClock, WallClock
from bptt_bench.workflows import doctor
from bptt_bench.workflows.doctor import Judgement


@pytest.mark.parametrize(("load", "judgement"), [(None, "unknown"), (0.4, "good"), (0.5, "good"), (0.51, "poor")])
def test_load_is_judged_against_the_cores(load: float | None, judgement: Judgement) -> None:
    assert doctor.check_load(load, cores=2).judgement == judgement


def test_one_core_is_too_few() -> None:
    assert [doctor.check_cores(cores).judgement for cores in (1, 2)] == ["poor", "good"]


@pytest.mark.parametrize(
    ("governor", "boost", "judgement"),
    [
        (None, None, "unknown"),
        ("performance", False, "good"),
        ("performance", None, "good"),
        (None, False, "good"),
        ("performance", True, "poor"),
        ("powersave", False, "poor"),
        (None, True, "poor"),
    ],
)
def test_frequency_is_good_only_when_it_is_steady(governor: str | None, boost: bool | None, judgement: str) -> None:
    assert doctor.check_frequency(governor, boost).judgement == judgement


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, (None, None)),
        ({"cpu0/cpufreq/scaling_governor": "performance\n", "cpufreq/boost": "1"}, ("performance", True)),
        ({"intel_pstate/no_turbo": "1", "cpufreq/boost": "1"}, (None, False)),
        ({"intel_pstate/no_turbo": "0"}, (None, True)),
    ],
)
def test_frequency_is_read_from_the_kernel(files: dict[str, str], expected: object, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert doctor.read_frequency(tmp_path) == expected


def test_threads_say_what_the_shell_asks_for() -> None:
    libraries = [{"name": "openblas", "threads": 2}, {"name": "openmp", "threads": 4}]
    assert doctor.check_threads(libraries, {}).shown == "4 (openblas, openmp; not pinned in this shell)"
    pinned = doctor.check_threads(libraries[:1], {"OMP_NUM_THREADS": "2", "HOME": "x"})
    assert (pinned.value, pinned.shown) == (2, "2 (openblas; OMP_NUM_THREADS=2)")
    assert doctor.check_threads([], {}).judgement == "unknown"


def test_a_lesser_kernel_than_the_processor_offers_is_poor() -> None:
    library = {"name": "openblas", "api": "blas", "architecture": "Haswell"}
    asked = doctor.check_kernels([library], "AVX-512", {"OPENBLAS_CORETYPE": "Haswell"})
    assert (asked.judgement, asked.value) == ("poor", "Haswell")
    assert "unset OPENBLAS_CORETYPE (now Haswell)" in asked.remark
    assert doctor.check_kernels([library], "AVX2", {}).judgement == "good"
    assert doctor.check_kernels([library], None, {}).judgement == "unknown"
    assert doctor.check_kernels([], "AVX2", {}).judgement == "unknown"


def test_limits_of_clock_call_and_noise_are_inclusive() -> None:
    assert [doctor.check_clock(seconds).judgement for seconds in (1e-6, 1.1e-6)] == ["good", "poor"]
    assert [doctor.check_empty_call(seconds).judgement for seconds in (1e-6, 1.1e-6)] == ["good", "poor"]
    assert [doctor.check_noise(relative).judgement for relative in (0.02, 0.021)] == ["good", "poor"]


def test_clock_resolution_is_the_smallest_step() -> None:
    assert doctor.clock_resolution_seconds(FakeClock(seconds_per_reading=2**-20)) == 2**-20
    assert doctor.clock_resolution_seconds(FakeClock()) == float("inf")  # a clock that stands still resolves nothing


def test_probe_repeats_the_work_until_a_sample_lasts_a_millisecond() -> None:
    clock = FakeClock()
    seconds = doctor.sample_repeatedly(clock, lambda: clock.advance(1e-4))
    assert len(seconds) == doctor.PROBE_SAMPLES
    assert seconds == pytest.approx([1e-3] * doctor.PROBE_SAMPLES)
    assert doctor.relative_mad(seconds) == pytest.approx(0, abs=1e-9)


def test_noise_is_not_moved_by_a_minority_of_spikes() -> None:
    quiet = [1 + step / 1000 for step in range(-5, 6)]
    spiky = list(itertools.chain(quiet, [50.0] * 3))
    assert doctor.relative_mad(spiky) < 2 * doctor.relative_mad(quiet) < 0.02


def test_every_reading_of_this_machine_is_judged_and_explained() -> None:
    readings = list(doctor.examine(WallClock()))
    assert len({reading.name for reading in readings}) == len(readings) == 9
    for reading in readings:
        assert reading.judgement in {"good", "poor", "unknown", "noted"}
        assert reading.shown
        assert reading.remark
        assert set(reading.to_json()) == {"name", "value", "shown", "judgement", "remark"}


def test_what_counts_instructions_is_named_or_the_remedy() -> None:
    found = doctor.check_counter("valgrind-3.19.0")
    assert (found.judgement, found.value) == ("good", "valgrind-3.19.0")
    none = doctor.check_counter(None)
    assert (none.judgement, none.value) == ("noted", None)
    assert "apt install valgrind" in none.remark
