"""The environment of a run: machine, libraries, threads, commit. No path of the machine is recorded."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from bptt_bench.plan.machine.kernels import instruction_set, kernel_variables
from bptt_bench.text.numerals import parse_numeral

PACKAGES = (
    "bptt-bench",
    "numpy",
    "scipy",
    "pandas",
    "matplotlib",
    "sympy",
    "psutil",
    "threadpoolctl",
    "numba",
    "torch",
    "jax",
)
THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
_CGROUP = Path("/sys/fs/cgroup")


def environment(experiment: Path | None = None) -> dict[str, Any]:
    """Return everything about this machine and installation that may matter to a time; unknown entries are absent.

    Parameters
    ----------
    experiment : the folder of what is measured, whose commit is meant; None: of no commit.
    """
    import psutil

    memory = psutil.virtual_memory()
    found = {
        "host": host_name(),
        "system": platform.system(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cpu": cpu_model(),
        "vector_instructions": instruction_set(cpu_flags()),
        "kernel_variables": kernel_variables(os.environ) or None,
        "cores_physical": psutil.cpu_count(logical=False),
        "cores_logical": psutil.cpu_count(),
        "cores_usable": usable_cores(),
        "caches_bytes": cache_sizes(),
        "memory_bytes": memory.total,
        "memory_available_bytes": available_bytes(),
        "load_average": load_average(),
        "frequency_governor": _text(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        "hypervisor": True if "hypervisor" in cpu_flags() else None,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "packages": _versions(),
        "blas": [
            {name: pool[name] for name in ("name", "version", "architecture", "threading_layer") if name in pool}
            for pool in thread_pools()
            if pool["api"] == "blas"
        ],
        **({} if experiment is None else _commit(experiment)),
    }
    return {name: value for name, value in found.items() if value is not None}


def host_name() -> str:
    """Return a name that identifies this machine without revealing its own, unless somebody has named it.

    The variable BENCH_HOST names it: for containers of one machine that have cores of their own, or machines that all
    have one name.
    """
    return os.environ.get("BENCH_HOST") or hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def thread_pools() -> list[dict[str, Any]]:
    """Return what each loaded numerical library reports about itself: name, api, version, threads."""
    import threadpoolctl

    names = {
        "internal_api": "name",
        "user_api": "api",
        "version": "version",
        "architecture": "architecture",
        "threading_layer": "threading_layer",
        "num_threads": "threads",
    }
    return [
        {ours: pool[theirs] for theirs, ours in names.items() if pool.get(theirs) is not None}
        for pool in threadpoolctl.threadpool_info()
    ]


def cpu_model() -> str | None:
    """Name of the processor, as it states it itself."""
    for line in (_text(Path("/proc/cpuinfo")) or "").splitlines():
        if line.startswith(("model name", "Model")):
            return line.partition(":")[2].strip()
    return platform.processor() or None


def cpu_flags() -> frozenset[str]:
    """Return the features of the processor as the kernel names them; empty where it does not."""
    for line in (_text(Path("/proc/cpuinfo")) or "").splitlines():
        if line.startswith(("flags", "Features")):
            return frozenset(line.partition(":")[2].split())
    return frozenset()


def usable_cores() -> int | None:
    """Return the number of cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def cache_sizes(folder: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> dict[str, int] | None:
    """Return the bytes of each cache of the first core by name, such as ``L1d``; on a shared machine an upper bound."""
    sizes = {}
    for cache in sorted(folder.glob("index*")):
        level, kind, size = (_text(cache / name) for name in ("level", "type", "size"))
        if level and size and size[:-1].isdigit():
            suffix = {"Data": "d", "Instruction": "i"}.get(kind or "", "")
            sizes[f"L{level}{suffix}"] = int(parse_numeral(f"{size}i") or size[:-1])  # the kernel writes 32K for 32 KiB
    return sizes or None


def available_bytes() -> int:
    """Return the bytes that can still be allocated: the machine's, or the container's where that is less."""
    import psutil

    available = int(psutil.virtual_memory().available)
    limit, used = _text(_CGROUP / "memory.max"), _text(_CGROUP / "memory.current")
    if limit is None or used is None or not limit.isdigit():
        return available
    statistics = dict(line.split(maxsplit=1) for line in (_text(_CGROUP / "memory.stat") or "").splitlines())
    droppable = int(statistics.get("inactive_file", 0))  # file pages that the kernel drops when memory runs short
    return max(0, min(available, int(limit) - int(used) + droppable))


def memory_bytes() -> int:
    """Return the bytes of memory: the machine's, or what the container may use where that is less."""
    import psutil

    total = int(psutil.virtual_memory().total)
    limit = _text(_CGROUP / "memory.max")
    return min(total, int(limit)) if limit is not None and limit.isdigit() else total


def load_average() -> float | None:
    """Return the mean number of busy processes over the last minute."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return None


def _versions() -> dict[str, str]:
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _commit(folder: Path) -> dict[str, Any]:
    """Return the commit that is checked out in a folder, and whether files differ from it."""
    commit = _git(folder, "rev-parse", "HEAD")
    return {} if commit is None else {"commit": commit, "commit_dirty": bool(_git(folder, "status", "--porcelain"))}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        ran = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout.strip()


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
