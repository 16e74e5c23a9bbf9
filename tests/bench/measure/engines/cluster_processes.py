"""Makes schedulers and workers of dask.distributed that tests can kill: processes of their own, forked, so that they
start within moments of each other.

    python -m tests.bench.measure.engines.cluster_processes

Orders come as lines of JSON: ``{"what": "scheduler", "tls": {}}`` or ``{"what": "worker", "scheduler":
"tcp://…", "host": "a", "tls": {}}``; each is answered by the process and its address. It ends with its input.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[4]


class ClusterProcesses:
    """Schedulers and workers as tests see them; as a context manager it ends all of them."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.bench.measure.engines.cluster_processes"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._pids: set[int] = set()
        return self

    def __exit__(self, *_: object) -> None:
        for pid in tuple(self._pids):
            self.kill(pid)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def scheduler(self, **tls: str) -> tuple[int, str]:
        """Process and address of a new scheduler."""
        return self._request(what="scheduler", tls=tls)

    def worker(self, scheduler: str, host: str, **tls: str) -> tuple[int, str]:
        """Process and address of a new worker, which calls its host by that name."""
        return self._request(what="worker", scheduler=scheduler, host=host, tls=tls)

    def kill(self, pid: int) -> None:
        self._pids.discard(pid)
        with contextlib.suppress(ProcessLookupError):  # it may have ended with its scheduler
            os.kill(pid, signal.SIGKILL)

    def _request(self, **order: Any) -> tuple[int, str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        pid, address = json.loads(self._process.stdout.readline())
        self._pids.add(pid)
        return pid, address


async def _scheduler(order: dict[str, Any], answer: int) -> None:
    import distributed

    kind: Any = distributed.Scheduler
    protocol = "tls://" if order["tls"] else "tcp://"
    made = kind(host="127.0.0.1", port=0, protocol=protocol, security=_security(order["tls"]), dashboard=False)
    await _serve(made, answer)


async def _worker(order: dict[str, Any], answer: int) -> None:
    import distributed

    os.environ["BENCH_HOST"] = order["host"]
    kind: Any = distributed.Worker
    made = kind(order["scheduler"], nthreads=1, security=_security(order["tls"]), dashboard=False, death_timeout=20)
    await _serve(made, answer)


async def _serve(made: Any, answer: int) -> None:
    async with made:
        os.write(answer, json.dumps([os.getpid(), made.address]).encode() + b"\n")
        os.close(answer)
        await made.finished()


def _security(tls: dict[str, str]) -> Any:
    import distributed

    kind: Any = distributed.Security
    return kind(require_encryption=True, **tls) if tls else None


def main() -> None:
    warnings.simplefilter("ignore")
    import bptt_bench.measure.engines.dask_worker  # noqa: F401
    import distributed.scheduler
    import distributed.worker  # noqa: F401  # once, for all that are forked

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for line in sys.stdin:
        order = json.loads(line)
        ours, theirs = os.pipe()
        if os.fork() == 0:
            os.close(ours)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            code = 1
            try:
                asyncio.run({"scheduler": _scheduler, "worker": _worker}[order["what"]](order, theirs))
                code = 0
            finally:
                os._exit(code)
        os.close(theirs)
        with os.fdopen(ours, "rb") as answer:
            sys.stdout.write(answer.readline().decode() or "[0, null]\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
