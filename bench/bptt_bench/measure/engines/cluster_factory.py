"""Creates the cluster of a run from its settings."""

from __future__ import annotations

from bptt_bench.errors import MeasureError
from bptt_bench.measure.engines import Cluster
from bptt_bench.measure.engines.settings import DASK, LOCAL, EngineSettings


def cluster_for(choice: EngineSettings) -> Cluster | None:
    """Return the workers of a cluster; None for this machine.

    Raises
    ------
    MeasureError : what the engine takes is not installed.
    """
    if choice.name == LOCAL:
        return None
    try:
        import distributed  # noqa: F401  # to say what is missing before anything is begun
    except ImportError as error:
        raise MeasureError(
            f"engine={DASK!r}: {error.name or 'distributed'} is not installed; install the extra 'cluster'"
        ) from None
    from bptt_bench.measure.engines.dask_cluster import DaskCluster

    return DaskCluster(choice)
