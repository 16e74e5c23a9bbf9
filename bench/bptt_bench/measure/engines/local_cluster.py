"""A cluster of this machine, for as long as a run lasts: a scheduler and workers under a process of their own.

    python -m bptt_bench.measure.engines.local_cluster WORKERS

It prints its address on standard output and ends with its standard input, so that it never outlives the run. It has a
process of its own: workers would import the main module of the run, which may be a script without a guard, and the
scheduler would share its core with the storing of samples.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from bptt_bench.errors import MeasureError
from bptt_bench.measure.engines.local import worker_environment

CLOSE_SECONDS = 5.0  # to end by itself


@contextlib.contextmanager
def local_cluster(workers: int) -> Iterator[str]:
    """Start a cluster that ends with the block, and yield its address.

    Raises
    ------
    MeasureError : it did not start.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "bptt_bench.measure.engines.local_cluster", str(workers)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=worker_environment(os.environ, threads=1),
        process_group=0,  # Ctrl-C on the terminal reaches only the run
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        address = process.stdout.readline().decode().strip()
        if not address:
            raise MeasureError(f"local cluster: did not start (status {process.wait()})")
        yield address
    finally:
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=CLOSE_SECONDS)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def main(workers: int) -> None:
    """Start a cluster, with nothing in it that would take time off the measuring, and end it with the input."""
    import dask
    import distributed

    warnings.simplefilter("ignore")
    start: Any = distributed.LocalCluster  # has no types
    quiet: Any = {"distributed.worker.profile.enabled": False}
    answer = os.dup(1)
    os.dup2(2, 1)  # what is measured may print
    with (
        dask.config.set(quiet),
        start(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            silence_logs=logging.CRITICAL + 1,
            memory_limit=0,  # what is measured is in other processes, and watched there
        ) as cluster,
    ):
        os.write(answer, cluster.scheduler_address.encode() + b"\n")
        os.close(answer)
        sys.stdin.buffer.read()


if __name__ == "__main__":
    main(int(sys.argv[1]))
