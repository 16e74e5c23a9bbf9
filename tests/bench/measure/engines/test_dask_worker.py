"""What a task does on its worker, without a cluster: how it sees that it is wanted, and the lock of its host."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from bptt_bench.measure.engines.dask_worker import _is_wanted, host_lock


@pytest.mark.parametrize(
    ("task", "worker", "expected"),
    [
        ("executing", "running", True),
        ("long-running", "running", True),
        ("executing", "paused", True),  # short of memory: it begins nothing, and ends what it has begun
        ("cancelled", "running", False),
        ("executing", "closing_gracefully", False),
        ("executing", "closing", False),
    ],
)
def test_a_task_is_wanted_until_it_is_cancelled_or_its_worker_ends(task: str, worker: str, *, expected: bool) -> None:
    tasks = {"mine": SimpleNamespace(state=task)}
    seen = SimpleNamespace(state=SimpleNamespace(tasks=tasks), status=SimpleNamespace(name=worker))
    assert _is_wanted(seen, "mine") is expected
    assert not _is_wanted(seen, "forgotten")


@pytest.mark.parametrize("name", ["a", "rack 7/node é", "../up", "."])
def test_a_host_of_any_name_has_a_lock_that_one_at_a_time_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    over = threading.Event()
    over.set()
    with host_lock(name, lambda: None, threading.Event()) as first:
        assert first is not None
        assert [path.parent for path in tmp_path.rglob("*.lock")] == [tmp_path]
        with host_lock(name, lambda: None, over) as second:
            assert second is None
