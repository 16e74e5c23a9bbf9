"""Requests of Valgrind: nothing happens without it, and under it they are answered."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from bptt_bench.measure.worker.instrumentation import (
    RUNNING_ON_VALGRIND,
    client_request,
    switch_instrumentation,
)

ASK = "from bptt_bench.measure.worker import instrumentation as one; print(one.client_request()(one.{}))"


@pytest.mark.skipif(client_request() is None, reason="requests are known for x86-64 on Linux")
def test_without_valgrind_a_request_does_nothing() -> None:
    request = client_request()
    assert request is not None
    assert request(RUNNING_ON_VALGRIND) == 0
    switch_instrumentation(on=True)
    switch_instrumentation(on=False)


@pytest.mark.skipif(client_request() is None or shutil.which("valgrind") is None, reason="needs valgrind on x86-64")
def test_under_valgrind_a_request_is_answered() -> None:
    command = [sys.executable, "-c", ASK.format("RUNNING_ON_VALGRIND")]
    done = subprocess.run(["valgrind", "--tool=none", "-q", *command], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
