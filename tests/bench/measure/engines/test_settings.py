"""Which engine is asked for: what does not go together, or is not there, is refused by name."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.errors import MeasureError
from bptt_bench.measure.engines import Cluster
from bptt_bench.measure.engines.cluster_factory import cluster_for
from bptt_bench.measure.engines.settings import EngineSettings

HERE = Path(__file__)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"name": "ray"}, r"^engine must be one of local, dask, got 'ray'$"),
        ({"scheduler": "tcp://x:1"}, r"^scheduler='tcp://x:1': goes with engine='dask'$"),
        ({"workers": 2}, r"^workers='2': goes with engine='dask'$"),
        ({"tls_key": HERE}, r"^tls_key='.*': goes with engine='dask'$"),
        ({"name": "dask", "workers": 0}, r"^workers must be a whole number from 1, got 0$"),
        ({"name": "dask", "workers": 2, "scheduler": "tcp://x:1"}, r"^workers=2: is for a local cluster"),
        ({"name": "dask", "wait_seconds": -1.0}, r"^wait must be seconds from 0, got -1.0$"),
        ({"name": "dask", "wait_seconds": float("nan")}, r"^wait must be seconds from 0, got nan"),
        ({"name": "dask", "tls_cert": HERE}, r"^tls_cert='.*': goes with a scheduler at a tls:// address$"),
        ({"name": "dask", "scheduler": "tcp://x:1", "tls_cert": HERE}, r"goes with a scheduler at a tls:// address$"),
        ({"name": "dask", "scheduler": "tls://x:1", "tls_ca_file": Path("no.pem")}, r"^tls_ca_file='no.pem': no such"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(given: dict[str, Any], expected: str) -> None:
    with pytest.raises(MeasureError, match=expected):
        EngineSettings(**given)


def test_the_local_engine_needs_no_cluster() -> None:
    assert cluster_for(EngineSettings()) is None


def test_a_cluster_is_a_fleet_that_is_not_connected_yet() -> None:
    pytest.importorskip("distributed")
    cluster = cluster_for(EngineSettings(name="dask", scheduler="tcp://192.0.2.1:1", wait_seconds=7.0))
    assert isinstance(cluster, Cluster)
    assert (cluster.name, cluster.wait_seconds) == ("scheduler tcp://192.0.2.1:1", 7.0)


def test_without_distributed_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *given: Any) -> Any:
        if name.partition(".")[0] == "distributed":
            raise ModuleNotFoundError("No module named 'distributed'", name="distributed")
        return real(name, *given)

    monkeypatch.setattr(builtins, "__import__", missing)
    expected = r"^engine='dask': distributed is not installed; install the extra 'cluster'$"
    with pytest.raises(MeasureError, match=expected):
        cluster_for(EngineSettings(name="dask"))
