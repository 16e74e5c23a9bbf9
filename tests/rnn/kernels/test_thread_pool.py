"""Jobs on a few threads: all are run, failures come back, and BLAS is left as it was found."""

from __future__ import annotations

import os
import threading
from collections import deque

import pytest
from bptt_rnn.kernels import thread_pool
from threadpoolctl import threadpool_limits


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("jobs", [1, 2, 5, 40])
def test_every_job_is_run_once(threads: int, jobs: int) -> None:
    done: list[int] = []
    thread_pool.run_all([lambda i=i: done.append(i) for i in range(jobs)], threads)  # type: ignore[misc]
    assert sorted(done) == list(range(jobs))


def test_jobs_run_side_by_side_on_as_many_threads_as_asked_for() -> None:
    meeting = threading.Barrier(3, timeout=30)  # broken unless three jobs wait at once
    seen: set[int] = set()

    def job() -> None:
        seen.add(threading.get_ident())
        meeting.wait()

    thread_pool.run_all([job, job, job], 3)
    assert len(seen) == 3
    assert threading.get_ident() in seen


def test_one_thread_is_the_callers() -> None:
    seen: list[int] = []
    thread_pool.run_all([lambda: seen.append(threading.get_ident())] * 4, 1)
    assert set(seen) == {threading.get_ident()}


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("failing", [0, 1, 5])
def test_a_failure_reaches_the_caller_and_the_pool_still_works(threads: int, failing: int) -> None:
    def job(i: int) -> None:
        if i == failing:
            raise ArithmeticError(f"job {i}")

    with pytest.raises(ArithmeticError, match=f"job {failing}"):
        thread_pool.run_all([lambda i=i: job(i) for i in range(6)], threads)  # type: ignore[misc]
    test_every_job_is_run_once(threads, 6)


def test_a_failure_on_another_thread_reaches_the_caller() -> None:
    caller = threading.get_ident()
    other_has_failed = threading.Event()

    def job() -> None:
        if threading.get_ident() == caller:
            assert other_has_failed.wait(30)
            return
        try:
            raise ArithmeticError("elsewhere")
        finally:
            other_has_failed.set()

    with pytest.raises(ArithmeticError, match="elsewhere"):
        thread_pool.run_all([job, job], 2)


def test_jobs_after_a_failure_are_left_out() -> None:
    done: list[int] = []

    def fail() -> None:
        raise ArithmeticError("first")

    with pytest.raises(ArithmeticError):
        thread_pool.run_all([fail, lambda: done.append(1)], 1)
    assert done == []


def test_jobs_that_nobody_has_begun_at_a_failure_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    other_runs, cleared = threading.Event(), threading.Event()
    done: list[str] = []

    class Watched(deque[thread_pool.Job]):
        def clear(self) -> None:
            super().clear()
            cleared.set()

    def fail() -> None:
        assert other_runs.wait(10)
        raise ArithmeticError("first")

    def until_cleared() -> None:
        other_runs.set()
        done.append("cleared" if cleared.wait(10) else "not cleared")

    monkeypatch.setattr(thread_pool, "deque", Watched)
    with pytest.raises(ArithmeticError, match="first"):
        thread_pool.run_all([fail, until_cleared, lambda: done.append("late")], 2)
    assert done == ["cleared"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own() -> None:
    test_every_job_is_run_once(2, 4)
    child = os.fork()
    if child == 0:
        done: list[int] = []
        meeting = threading.Barrier(2, timeout=30)

        def job() -> None:
            meeting.wait()
            done.append(1)

        try:
            thread_pool.run_all([job, job], 2)
        finally:
            os._exit(0 if len(done) == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_blas_has_one_thread_inside_and_as_many_as_before_after_it() -> None:
    with threadpool_limits(2, user_api="blas"):
        if thread_pool.blas_threads() != 2:
            pytest.skip("this BLAS has one thread only")
        with thread_pool.one_blas_thread():
            assert thread_pool.blas_threads() == 1
        assert thread_pool.blas_threads() == 2


def test_blas_is_set_back_after_a_failure() -> None:
    with threadpool_limits(2, user_api="blas"):
        before = thread_pool.blas_threads()
        with pytest.raises(ArithmeticError), thread_pool.one_blas_thread():
            raise ArithmeticError
        assert thread_pool.blas_threads() == before


def test_blas_is_set_back_when_the_last_of_overlapping_callers_leaves() -> None:
    with threadpool_limits(2, user_api="blas"):
        before = thread_pool.blas_threads()
        first, second = thread_pool.one_blas_thread(), thread_pool.one_blas_thread()
        with first:
            second.__enter__()
        assert thread_pool.blas_threads() == 1
        second.__exit__(None, None, None)
        assert thread_pool.blas_threads() == before


def test_libraries_are_looked_up_once() -> None:
    assert thread_pool.libraries() is thread_pool.libraries()
    assert {library.user_api for library in thread_pool.libraries()} == {"blas"}
