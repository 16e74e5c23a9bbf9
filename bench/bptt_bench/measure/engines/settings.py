"""Settings of the engine of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bptt_bench.errors import MeasureError

LOCAL, DASK = ENGINES = ("local", "dask")
WAIT_SECONDS = 300.0  # without any worker: a cluster that grows by itself needs minutes for its first


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """An engine by its name, and how to reach its cluster; not one of the settings that identify a run.

    Attributes
    ----------
    name : ``local`` measures in processes of this machine, one after the other; ``dask`` on the workers of a cluster.
    scheduler : address such as ``tcp://127.0.0.1:8786``; None: a local cluster is started.
    tls_ca_file, tls_cert, tls_key : for a scheduler at a ``tls://`` address; None: as dask is configured.
    workers : of the local cluster; None: one.
    wait_seconds : how long a run waits while there is no worker at all.
    """

    name: str = LOCAL
    scheduler: str | None = None
    tls_ca_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    workers: int | None = None
    wait_seconds: float = WAIT_SECONDS

    def __post_init__(self) -> None:
        if self.name not in ENGINES:
            raise MeasureError(f"engine must be one of {', '.join(ENGINES)}, got {self.name!r}")
        tls = {"tls_ca_file": self.tls_ca_file, "tls_cert": self.tls_cert, "tls_key": self.tls_key}
        given = {"scheduler": self.scheduler, "workers": self.workers, **tls}
        for name, value in given.items() if self.name == LOCAL else ():
            if value is not None:
                raise MeasureError(f"{name}={str(value)!r}: goes with engine={DASK!r}")
        if self.scheduler is not None and self.workers is not None:
            raise MeasureError(f"workers={self.workers}: is for a local cluster; {self.scheduler} has its own")
        if self.workers is not None and self.workers < 1:
            raise MeasureError(f"workers must be a whole number from 1, got {self.workers}")
        if not self.wait_seconds >= 0:
            raise MeasureError(f"wait must be seconds from 0, got {self.wait_seconds!r}")
        for name, path in tls.items():
            if path is not None:
                self._require_tls_file(name, path)

    def _require_tls_file(self, name: str, path: Path) -> None:
        if self.scheduler is None or not self.scheduler.startswith("tls://"):
            raise MeasureError(f"{name}={str(path)!r}: goes with a scheduler at a tls:// address")
        if not path.is_file():
            raise MeasureError(f"{name}={str(path)!r}: no such file")
