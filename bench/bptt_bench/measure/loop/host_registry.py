"""The hosts of a run: which are available, whether they have the code, and which is idle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bptt_bench.errors import MeasureError
from bptt_bench.measure.engines.fingerprint import NOT_THERE
from bptt_bench.measure.worker.visits import Calibrations, Skips

DIGITS = 12  # of a fingerprint are enough to see that two differ


class Host:
    """A host with its workers; what is known of it lasts as long as the run.

    Attributes
    ----------
    workers : addresses of its workers.
    calibrations, skips : of cells on this host; another may be faster or have more memory.
    peaks_read : whether its peaks have been read.
    is_busy : whether it measures something.
    """

    def __init__(self, name: str, seconds_per_sample: float) -> None:
        self.name = name
        self.workers: dict[str, None] = {}
        self.calibrations, self.skips = Calibrations(seconds_per_sample), Skips()
        self.peaks_read = self.is_busy = False

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(self.workers) or 'no worker left'})"


class HostRegistry:
    """The workers that can measure, by their hosts.

    Parameters
    ----------
    code : fingerprints that every host must have.
    store_host : stores the name and environment of a host, once each.
    notify : receives each message that is worth a line.
    """

    def __init__(
        self,
        code: Mapping[str, str],
        *,
        seconds_per_sample: float,
        store_host: Callable[[str, Mapping[str, Any]], None],
        notify: Callable[[str], None],
    ) -> None:
        self._code, self._seconds_per_sample = code, seconds_per_sample
        self._store_host, self._notify = store_host, notify
        self._hosts: dict[str, Host] = {}
        self.is_begun = False  # whether something has been measured: from then on an unfit host is left out

    def add(self, worker: str, host: str, environment: Mapping[str, Any], code: Mapping[str, str]) -> None:
        """Add a worker.

        Raises
        ------
        MeasureError : its host has other code, and nothing has been measured yet.
        """
        for what, ours in self._code.items():
            if code.get(what) != ours:
                self.reject(worker, _code_differs(what, code.get(what, ""), ours))
                return
        if host not in self._hosts:
            self._hosts[host] = Host(host, self._seconds_per_sample)
            self._store_host(host, environment)
        self._hosts[host].workers[worker] = None

    def reject(self, worker: str, reason: str) -> None:
        """Leave out a worker that cannot measure.

        Raises
        ------
        MeasureError : nothing has been measured yet.
        """
        message = f"worker {worker}: {reason}"
        if not self.is_begun:
            raise MeasureError(message)
        self._notify(f"{message}; it is left out")

    def remove(self, worker: str) -> None:
        """Remove a worker."""
        for host in self._hosts.values():
            host.workers.pop(worker, None)

    @property
    def n_available(self) -> int:
        """Return how many hosts have a worker."""
        return sum(bool(host.workers) for host in self._hosts.values())

    def idle(self) -> Iterator[Host]:
        """Return the hosts with a worker that measure nothing."""
        return (host for host in self._hosts.values() if host.workers and not host.is_busy)


def _code_differs(what: str, theirs: str, ours: str) -> str:
    if theirs.startswith(NOT_THERE):
        return f"{what} {theirs}; every host needs the same code"
    return (
        f"{what} is another one there (sha256 {theirs[:DIGITS] or 'unknown'}, here {ours[:DIGITS]}); "
        "every host needs the same code"
    )
