"""The environment record says what was measured on, and gives no path away."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from bptt_bench.measure.probe import environment as module
from bptt_bench.measure.probe.environment import available_bytes, cache_sizes, environment, thread_pools


def test_environment_names_machine_and_libraries() -> None:
    found = environment()
    assert found["packages"]["numpy"] == np.__version__
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["memory_bytes"] >= found["memory_available_bytes"] > 0
    assert found["cores_logical"] >= 1
    assert None not in found.values()


def test_environment_holds_no_path_of_the_machine() -> None:
    text = json.dumps(environment())
    for path in (Path(sys.prefix), Path.home(), Path(__file__).resolve().parents[4]):
        assert str(path) not in text


def test_blas_is_named_with_its_threads() -> None:
    blas, *_ = (pool for pool in thread_pools() if pool["api"] == "blas")  # SciPy may have brought one of its own
    assert blas["threads"] >= 1
    assert "filepath" not in blas
    assert environment()["blas"][0]["name"] == blas["name"]


def test_cache_sizes_are_read_as_bytes(tmp_path: Path) -> None:
    for index, (level, kind, size) in enumerate(
        [("1", "Data", "32K"), ("1", "Instruction", "64K"), ("2", "Unified", "1M")]
    ):
        folder = tmp_path / f"index{index}"
        folder.mkdir()
        for name, text in (("level", level), ("type", kind), ("size", size)):
            (folder / name).write_text(text + "\n")
    assert cache_sizes(tmp_path) == {"L1d": 32 << 10, "L1i": 64 << 10, "L2": 1 << 20}
    assert cache_sizes(tmp_path / "nowhere") is None


@pytest.mark.parametrize(("limit", "expected"), [("1000000", 1_000_000 - 400_000 + 100_000), ("300000", 0)])
def test_a_container_with_less_memory_than_the_machine_sets_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, expected: int
) -> None:
    (tmp_path / "memory.max").write_text(limit + "\n")
    (tmp_path / "memory.current").write_text("400000\n")
    (tmp_path / "memory.stat").write_text("anon 300000\ninactive_file 100000\n")
    monkeypatch.setattr(module, "_CGROUP", tmp_path)
    assert available_bytes() == expected


def test_a_container_without_a_limit_has_the_machine_s_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("400000\n")
    monkeypatch.setattr(module, "_CGROUP", tmp_path)
    assert available_bytes() > 1 << 20
