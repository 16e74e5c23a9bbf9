"""Bytes of one evaluation: known allocations are found, and a system that cannot tell a peak gives none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bptt_bench.measure.timing.memory import CERTAIN_BYTES, allocated_bytes, peak_bytes
from bptt_bench.plan import Evaluation

pytestmark = pytest.mark.measures

KIB = 1 << 10
MEBI = 1 << 20


def process(folder: Path, *, peak: int, resident: int) -> Path:
    """A folder like /proc/self of a process with so many KiB at its peak and at present."""
    (folder / "status").write_text(f"Name:\tpython\nVmHWM:\t {peak} kB\nVmRSS:\t {resident} kB\nThreads:\t1\n")
    (folder / "clear_refs").touch()
    return folder


def test_the_peak_is_what_it_rose_to_over_what_was_resident_before(tmp_path: Path) -> None:
    process(tmp_path, peak=1_000, resident=1_000)
    assert peak_bytes(lambda: process(tmp_path, peak=1_700, resident=1_100), tmp_path) == 700 * KIB
    assert (tmp_path / "clear_refs").exists()


def test_the_peak_is_reset_before_the_evaluation(tmp_path: Path) -> None:
    process(tmp_path, peak=1_000, resident=1_000)
    seen = list[str]()
    peak_bytes(lambda: seen.append((tmp_path / "clear_refs").read_text()), tmp_path)
    assert seen == ["5"]


def test_a_system_that_does_not_reset_peaks_gives_none(tmp_path: Path) -> None:
    assert peak_bytes(lambda: None, tmp_path / "nowhere") is None
    process(tmp_path, peak=1_000 + 2 * CERTAIN_BYTES // KIB, resident=1_000)  # writing changes nothing
    assert peak_bytes(lambda: None, tmp_path) is None
    (tmp_path / "status").write_text("Name:\tpython\n")
    assert peak_bytes(lambda: None, tmp_path) is None


def test_a_file_that_an_evaluation_misses_is_no_missing_peak(tmp_path: Path) -> None:
    process(tmp_path, peak=1_000, resident=1_000)
    with pytest.raises(FileNotFoundError, match="weights"):
        peak_bytes((tmp_path / "weights").read_bytes, tmp_path)


@pytest.mark.parametrize("size", [1_000, 100_000, 10_000_000])
def test_what_numpy_allocates_is_found(size: int) -> None:
    def prepare() -> Evaluation:
        kept = np.ones(3 * size)  # of the prepared state, and not counted

        def evaluate() -> object:
            ones = np.ones(size)  # by a name of its own: NumPy reuses large arrays that nobody names
            return kept[:size] + ones

        return evaluate

    assert allocated_bytes(prepare) == pytest.approx(2 * 8 * size, abs=1_000)


def test_what_is_freed_before_the_end_is_part_of_the_peak() -> None:
    def evaluate() -> int:
        return len(bytes(5 * MEBI)) + len(bytes(3 * MEBI))

    assert allocated_bytes(lambda: evaluate) == pytest.approx(5 * MEBI, abs=1_000)


def test_prepared_memory_that_an_evaluation_gives_up_makes_room() -> None:
    def prepare() -> Evaluation:
        held = [np.ones(MEBI // 8)]

        def evaluate() -> object:
            held.clear()
            return np.ones(3 * MEBI // 8)

        return evaluate

    assert allocated_bytes(prepare) == pytest.approx(2 * MEBI, abs=1_000)
