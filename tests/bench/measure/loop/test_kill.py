"""Whatever ends a run, and whenever: what it had reported is stored, once, and its processes are gone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.measures

ROOT = Path(__file__).resolve().parents[4]
CELLS = 2 * 8 * 5  # names, points, blocks


def ended(folder: Path, kind: str, trials: int) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.bench.measure.forks", str(folder), kind, str(trials), "20260701"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def require_nothing_lost(found: list[dict[str, Any]]) -> None:
    for one in found:
        assert one["missing"] == []
        assert one["twice"] == 0
        assert one["checks"] <= 1
        assert one["workers_gone"]
        assert one["stored"] <= CELLS
        # Not the other way round: killed between the last sample and the finish, a run has nothing left to go on with.
        assert one["stored"] == CELLS or not one["finished"]
    assert found[-1]["exit"] == 0
    assert found[-1]["stored"] == CELLS
    assert found[-1]["checks"] == 1
    assert any(one["finished"] for one in found)
    assert sum(one["reported"] for one in found) > CELLS  # the moments were spread over the runs


def test_nothing_that_was_reported_is_missing_after_kill_9_at_fifty_random_moments(tmp_path: Path) -> None:
    found = ended(tmp_path, "KILL", 50)
    assert len(found) == 51
    require_nothing_lost(found)
    assert sum(one["exit"] == -9 for one in found) > 15
    assert len({one["stored"] for one in found}) > 5


def test_interrupt_and_terminate_at_random_moments_leave_a_usable_run(tmp_path: Path) -> None:
    found = ended(tmp_path, "STOP", 16)
    require_nothing_lost(found)
    stopped = [one for one in found if one["exit"] == 130]
    assert len(stopped) >= 4
    assert all(one["exit"] in (0, 130) for one in found)
