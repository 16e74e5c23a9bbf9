"""A store must lose nothing that was reported, whatever happens, and never mix two runs."""

from __future__ import annotations

import errno
import json
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.errors import StoreError
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.protocol.schedule import Visit
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import Point
from bptt_bench.store.runs.samples import SampleStore, read_records

from tests.bench.measure.fakes import FakeEngine, linear, toy

HEADER = {"record": "run", "schema": 1, "experiment": "toy", "factors": ["n"]}


def sample(n: int = 1, block: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "record": "sample", "subject": "s", "point": {"n": n}, "block": block, "process": 0, "timing": "whole",
        "evaluations": 5, "seconds_per_eval": 0.25, **more,
    }  # fmt: skip


def stored(folder: Path, *records: dict[str, Any]) -> Path:
    with SampleStore.create(folder) as store:
        for record in records:
            store.append(record)
    return folder / "samples.jsonl"


def test_records_come_back_as_they_were_written(tmp_path: Path) -> None:
    records = [HEADER, sample(1), sample(2, timing="phases", phase_seconds_per_eval={"a": 0.1})]
    path = stored(tmp_path / "deep" / "run", *records)
    assert read_records(path) == records
    assert path.read_bytes().count(b"\n") == 3


def test_a_record_is_in_the_file_before_append_returns(tmp_path: Path) -> None:
    with SampleStore.create(tmp_path) as store:
        store.append(HEADER)
        store.append(sample())
        assert len(read_records(tmp_path / "samples.jsonl")) == 2  # while the store is open, without a sync


def test_a_resumed_store_knows_what_is_done_and_goes_on_at_the_end(tmp_path: Path) -> None:
    records = [
        HEADER,
        {"record": "check", "claim": "c", "estimate": 0.0, "allowed": 1.0, "cases": 1},
        {"record": "worker", "process": 0, "pid": 1},
        sample(1),
        sample(2, 1, timing="phases"),
        {"record": "worker", "process": 1, "pid": 2},
    ]
    path = stored(tmp_path, *records)
    with SampleStore.resume(tmp_path) as store:
        assert store.done.header == HEADER
        assert store.done.checks == {"c"}
        assert store.done.processes == 2
        assert store.done.samples == {Visit("s", Point(n=1), 0, "whole"), Visit("s", Point(n=2), 1, "phases")}
        assert store.recovered_bytes == 0
        store.append(sample(3))
    assert read_records(path) == [*records, sample(3)]


@pytest.mark.parametrize("cut", [1, 5, 60])
def test_a_torn_last_line_is_cut_off_when_the_run_goes_on_and_ignored_by_readers(tmp_path: Path, cut: int) -> None:
    path = stored(tmp_path, HEADER, sample(1), sample(2))
    torn = path.read_bytes()[:-cut]
    path.write_bytes(torn)
    assert read_records(path) == [HEADER, sample(1)]
    assert path.read_bytes() == torn
    with SampleStore.resume(tmp_path) as store:
        assert store.recovered_bytes == len(torn) - torn.rfind(b"\n") - 1
        assert len(store.done.samples) == 1
        store.append(sample(3))
    assert read_records(path) == [HEADER, sample(1), sample(3)]


def test_a_run_killed_before_its_first_line_was_whole_can_begin_anew(tmp_path: Path) -> None:
    path = stored(tmp_path, HEADER)
    path.write_bytes(path.read_bytes()[:10])
    with SampleStore.resume(tmp_path) as store:
        assert store.done.header is None
        store.append(HEADER)
    assert read_records(path) == [HEADER]


@pytest.mark.parametrize(
    "line", [b'{"record": "sam\n', b"\x00\x00\x00\n", b"7\n", b'{"record": "a"}, {"record": "b"}\n', b"\n"]
)
def test_a_broken_line_in_the_middle_is_an_error_that_names_it(tmp_path: Path, line: bytes) -> None:
    path = stored(tmp_path, HEADER, sample(1), sample(2))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], line, lines[2]]))
    with pytest.raises(StoreError, match=r"samples.jsonl line 3: "):
        read_records(path)
    with pytest.raises(StoreError, match=r"samples.jsonl line 3: "):
        SampleStore.resume(tmp_path)


@pytest.mark.parametrize("depth", [200, 100_000])  # more than is copied, and than is read
def test_a_line_that_is_nested_too_deep_is_an_error_that_names_it(tmp_path: Path, depth: int) -> None:
    path = stored(tmp_path, HEADER)
    deep = b'{"record": "probe", "a": ' + b"[" * depth + b"]" * depth + b"}\n"
    path.write_bytes(path.read_bytes() + deep)
    with pytest.raises(StoreError, match=r"samples\.jsonl line 2: is nested too deep$"):
        read_records(path)
    with pytest.raises(StoreError, match=r"samples\.jsonl line 2: is nested too deep$"):
        SampleStore.resume(tmp_path)


def test_a_sample_without_its_time_is_an_error_that_names_the_line(tmp_path: Path) -> None:
    incomplete = sample()
    del incomplete["seconds_per_eval"]
    path = stored(tmp_path, HEADER, incomplete)
    with pytest.raises(StoreError, match="line 2: the sample has no 'seconds_per_eval'"):
        read_records(path)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = stored(tmp_path, {**HEADER, "schema": 3})
    with pytest.raises(StoreError, match="has schema 3; this version reads schemas up to 2"):
        read_records(path)
    with pytest.raises(StoreError, match="has schema 3"):
        SampleStore.resume(tmp_path)


def test_a_file_that_does_not_begin_with_a_run_is_refused(tmp_path: Path) -> None:
    path = stored(tmp_path, sample())
    with pytest.raises(StoreError, match="does not begin with the record of a run"):
        read_records(path)


def test_a_folder_that_holds_a_run_is_not_written_over(tmp_path: Path) -> None:
    path = stored(tmp_path, HEADER, sample())
    with pytest.raises(StoreError, match="holds a run already, of experiment toy; resume it, or name another folder"):
        SampleStore.create(tmp_path)
    assert len(read_records(path)) == 2


def test_a_folder_that_holds_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("dear")
    with pytest.raises(StoreError, match=r"holds 'thesis.tex', which is not a run; name a new or empty folder"):
        SampleStore.create(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_without_a_run_cannot_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no run to be resumed"):
        SampleStore.resume(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_an_output_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file: cannot be used as output folder: File exists"):
        SampleStore.create(tmp_path / "file")
    with pytest.raises(StoreError, match="cannot be used as output folder: Not a directory"):
        SampleStore.create(tmp_path / "file" / "run")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="Permission denied"):
            SampleStore.create(tmp_path)
        with pytest.raises(StoreError, match="Permission denied"):
            SampleStore.create(tmp_path / "run")
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_of_the_system_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(StoreError, match="/proc/bptt: cannot be used as output folder: "):
        SampleStore.create("/proc/bptt")


def test_a_second_run_in_one_folder_is_refused_and_told_by_whom(tmp_path: Path) -> None:
    with SampleStore.create(tmp_path) as store:
        store.append(HEADER)
        with pytest.raises(StoreError, match=rf"is in use by another run \(process {os.getpid()}\)"):
            SampleStore.resume(tmp_path)
        store.append(sample())
    with SampleStore.resume(tmp_path) as store:
        assert len(store.done.samples) == 1


def test_a_store_that_could_not_be_opened_gives_its_lock_back(tmp_path: Path) -> None:
    path = stored(tmp_path, {**HEADER, "schema": 99})
    with pytest.raises(StoreError, match="schema 99"):
        SampleStore.resume(tmp_path)
    path.write_bytes(json.dumps(HEADER).encode() + b"\n")
    SampleStore.resume(tmp_path).close()


def filling_up(room: int) -> Callable[[int, bytes], int]:
    """A disk with so much room: it takes what still fits, and then nothing."""

    def write(file: int, data: bytes) -> int:
        nonlocal room
        if room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = os.write(file, data[:room])
        room -= written
        return written

    return write


@pytest.mark.parametrize("part", [0, 1, 50])
def test_a_full_disk_is_one_clear_line_and_all_before_it_is_kept(tmp_path: Path, part: int) -> None:
    whole = sum(len(json.dumps(record, separators=(",", ":"))) + 1 for record in (HEADER, sample(1)))
    store = SampleStore.create(tmp_path, write=filling_up(whole + part))
    store.append(HEADER)
    store.append(sample(1))
    with pytest.raises(StoreError, match=r"cannot be written: the disk is full; what came before is kept$"):
        store.append(sample(2))
    store.close()
    path = tmp_path / "samples.jsonl"
    assert path.stat().st_size == whole
    with SampleStore.resume(tmp_path) as again:
        again.append(sample(2))
    assert read_records(path) == [HEADER, sample(1), sample(2)]


def test_a_half_written_line_that_cannot_be_cut_off_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_file: int, _size: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    store = SampleStore.create(tmp_path, write=filling_up(100))
    store.append(HEADER)
    with monkeypatch.context() as patch:
        patch.setattr(os, "ftruncate", refuse)
        with pytest.raises(StoreError, match="the disk is full"):
            store.append(sample(2))
    store.close()
    assert (tmp_path / "samples.jsonl").stat().st_size == 100
    assert read_records(tmp_path / "samples.jsonl") == [HEADER]


def test_a_real_limit_of_the_system_is_met_the_same_way(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    path = stored(tmp_path, HEADER, sample(1))
    whole = path.stat().st_size
    with SampleStore.resume(tmp_path) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (whole + 20, hard))
        try:
            with pytest.raises(StoreError, match="the file has reached the largest size allowed"):
                store.append(sample(2))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.stat().st_size == whole


def test_a_run_on_a_disk_that_fills_up_ends_with_one_line_and_can_be_continued(tmp_path: Path) -> None:
    clock = FakeClock()
    experiment = toy(linear(clock), n=(1, 2, 3))
    engine = FakeEngine(experiment, clock)
    settings: dict[str, Any] = {"module": "toy", "profile": "quick", "seed": 0, "threads": 1, "clock": clock}
    with (
        SampleStore.create(tmp_path, write=filling_up(1500)) as store,
        pytest.raises(
            StoreError, match=r"samples.jsonl: cannot be written: the disk is full; what came before is kept$"
        ),
    ):
        run(experiment, sink=store, engine=engine, describe_environment=dict, **settings)
    assert all(worker.closed for worker in engine.workers)
    before = read_records(tmp_path / "samples.jsonl")
    assert 0 < sum(record["record"] == "sample" for record in before) < 9
    with SampleStore.resume(tmp_path) as store:
        run(experiment, sink=store, done=store.done, engine=engine, describe_environment=dict, **settings)
    after = read_records(tmp_path / "samples.jsonl")
    assert after[: len(before)] == before
    assert sum(record["record"] == "sample" for record in after) == 9
