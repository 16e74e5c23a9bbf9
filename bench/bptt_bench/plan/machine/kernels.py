"""Kernels of the BLAS library, instruction sets of the processor, and the variables that choose between them.

A variable left over in a shell can halve the speed unnoticed: with ``OPENBLAS_CORETYPE=Haswell`` matrix products ran
at 242 instead of 444 GFLOP/s on a processor with AVX-512.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

# What an instruction set needs of a processor, the widest first, as Linux names its features.
# OpenBLAS takes its AVX-512 kernels only where all four parts are there.
NEEDED = {
    "AVX-512": frozenset(("avx512f", "avx512bw", "avx512dq", "avx512vl")),
    "AVX2": frozenset(("avx2", "fma")),
    "AVX": frozenset(("avx",)),
    "SSE": frozenset(("sse2",)),
}
WIDEST_FIRST = tuple(NEEDED)
# The instruction set of each kernel that OpenBLAS and BLIS choose between on x86, by the name that they report.
KERNELS = {
    **dict.fromkeys(("skylakex", "cooperlake", "sapphirerapids", "skx", "knl", "zen4", "zen5"), "AVX-512"),
    **dict.fromkeys(("haswell", "zen", "zen2", "zen3", "excavator"), "AVX2"),
    **dict.fromkeys(("sandybridge", "bulldozer", "piledriver", "steamroller"), "AVX"),
    **dict.fromkeys(("prescott", "core2", "penryn", "dunnington", "nehalem", "atom", "nano"), "SSE"),
    **dict.fromkeys(("athlon", "opteron", "opteron_sse3", "barcelona", "bobcat", "generic"), "SSE"),
}
OF_BLAS = (
    *("OPENBLAS_CORETYPE", "OPENBLAS_VERBOSE_CORETYPE", "BLIS_ARCH_TYPE", "BLIS_MODEL_TYPE"),
    *("MKL_ENABLE_INSTRUCTIONS", "MKL_DEBUG_CPU_TYPE", "MKL_CBWR", "ATLAS_CORETYPE"),
)
OF_OTHERS = ("NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")


def instruction_set(flags: Collection[str]) -> str | None:
    """Return the widest vector instruction set of a processor; None if it is not of the x86 family.

    >>> instruction_set({"sse2", "avx", "avx2", "fma"}), instruction_set({"asimd", "sve"})
    ('AVX2', None)
    """
    return next((name for name in WIDEST_FIRST if NEEDED[name] <= set(flags)), None)


def kernel_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables that choose kernels, with their values."""
    return {name: environment[name] for name in (*OF_BLAS, *OF_OTHERS) if environment.get(name)}


def describe_library(library: Mapping[str, Any]) -> str:
    """Format a library with its version and kernel.

    >>> describe_library({"name": "openblas", "version": "0.3.31", "architecture": "Haswell"})
    'openblas 0.3.31, kernel Haswell (AVX2)'
    """
    named = " ".join(str(library[part]) for part in ("name", "version") if library.get(part))
    kernel = library.get("architecture")
    if not kernel:
        return named
    width = KERNELS.get(str(kernel).casefold())
    return f"{named}, kernel {kernel}{f' ({width})' if width else ''}"


def kernel_warnings(
    libraries: Sequence[Mapping[str, Any]], offered: str | None, variables: Mapping[str, str]
) -> list[str]:
    """Return a sentence for each library with too narrow a kernel, and each variable that may cause it.

    Parameters
    ----------
    libraries : as ``thread_pools`` lists them.
    offered : the instruction set of the processor, of ``instruction_set``.
    variables : those that choose kernels, of ``kernel_variables``.
    """
    of_blas = {name: value for name, value in variables.items() if name in OF_BLAS}
    asked = ", ".join(f"{name}={value}" for name, value in of_blas.items())
    unset = ", ".join(f"{name} (now {value})" for name, value in of_blas.items())
    found = []
    for library in {(one.get("name"), one.get("architecture")): one for one in libraries}.values():
        runs = KERNELS.get(str(library.get("architecture", "")).casefold())
        if runs and offered in WIDEST_FIRST and WIDEST_FIRST.index(runs) > WIDEST_FIRST.index(offered):
            remedy = f"unset {unset}" if asked else "a newer version of the library may choose better"
            found.append(
                f"{describe_library(library)}, runs on a processor with {offered}: matrix products may take "
                f"twice as long; {remedy}"
            )
    if not found and asked and any(name.startswith("MKL") for name in variables):  # MKL does not report its kernel
        found.append(f"{asked} is set: MKL may run a lesser kernel than the processor offers")
    others = ", ".join(f"{name}={value}" for name, value in variables.items() if name in OF_OTHERS)
    if others:
        found.append(f"{others} is set: element-wise operations may run slower than the processor can")
    return list(dict.fromkeys(found))


def kernel_warnings_of_run(attributes: Mapping[Any, Any]) -> list[str]:
    """Return the warnings for a stored run, from the attributes of its frame; each host is judged on its own."""
    run, hosts = attributes.get("run") or {}, attributes.get("hosts") or {}
    if len(hosts) > 1:
        several = [(environment.get("blas") or [], environment) for environment in hosts.values()]
    else:
        several = [(libraries_of_run(attributes), run.get("environment") or {})]
    found = [
        kernel_warnings(libraries, environment.get("vector_instructions"), environment.get("kernel_variables") or {})
        for libraries, environment in several
    ]
    return list(dict.fromkeys(itertools.chain.from_iterable(found)))


def libraries_of_run(attributes: Mapping[Any, Any]) -> list[Mapping[str, Any]]:
    """Return the BLAS libraries of the measuring processes, else those of the process that began the run."""
    run = attributes.get("run") or {}
    pools = [pool for worker in attributes.get("workers") or () for pool in worker.get("threads") or ()]
    found = [pool for pool in pools if pool.get("api") == "blas"] or (run.get("environment") or {}).get("blas") or []
    return list({describe_library(pool): pool for pool in found}.values())
