"""The options of commands that measure: on this machine, or on the workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from bptt_bench.measure.engines.choice import EngineSettings

Command = TypeVar("Command", bound=Callable[..., Any])
_FILE = click.Path(path_type=Path)
_OPTIONS = (
    click.option(
        "--engine",
        metavar="local|dask",
        help="Where to measure: here, or block by block on the hosts of a dask.distributed cluster, one measurement at "
        "a time on each.  [default: local]",
    ),
    click.option(
        "--scheduler",
        metavar="URL",
        help="Of the cluster, such as tcp://host:8786.  [default: a local cluster is started and ended]",
    ),
    click.option("--tls-ca-file", type=_FILE, metavar="FILE", help="Certificate authority of a tls:// scheduler."),
    click.option("--tls-cert", type=_FILE, metavar="FILE", help="Our certificate for it."),
    click.option("--tls-key", type=_FILE, metavar="FILE", help="The key of that certificate."),
    click.option("--workers", type=int, metavar="N", help="Workers of the local cluster.  [default: 1]"),
    click.option(
        "--wait", metavar="TIME", help="How long to wait while there is no worker, such as 5min.  [default: 300]"
    ),
)


def engine_options(command: Command) -> Command:
    """Give a command the options; it takes them as one mapping of keyword arguments."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def engine_of(options: Mapping[str, Any]) -> EngineSettings:
    """The engine that the options name.

    Raises
    ------
    MeasureError : they do not go together, or name what there is not.
    TextError : what to wait is not a time.
    """
    from bptt_bench.measure.engines.choice import EngineSettings
    from bptt_bench.text.quantities import parse_duration

    chosen = {"name" if name == "engine" else name: value for name, value in options.items() if value is not None}
    if "wait" in chosen:
        chosen["wait_seconds"] = parse_duration("--wait", chosen.pop("wait"), least=0.0, bare=True)
    return EngineSettings(**chosen)
