"""Which kernels run and which the processor offers, from machines made up for the purpose."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from bptt_bench.measure.probe.environment import cpu_flags, environment
from bptt_bench.plan.machine.kernels import (
    instruction_set,
    kernel_variables,
    kernel_warnings,
    kernel_warnings_of_run,
    libraries_of_run,
)

SERVER = {"sse2", "avx", "avx2", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl"}
LAPTOP = SERVER - {"avx512bw"}  # OpenBLAS takes no AVX-512 kernel there


def library(kernel: str | None = None, name: str = "openblas") -> dict[str, Any]:
    return {"name": name, "api": "blas", "version": "0.3.31", **({"architecture": kernel} if kernel else {})}


@pytest.mark.parametrize(
    ("flags", "expected"),
    [(SERVER, "AVX-512"), (LAPTOP, "AVX2"), ({"avx", "sse2"}, "AVX"), ({"sse2"}, "SSE"), ({"asimd"}, None), ((), None)],
)
def test_the_widest_instruction_set_is_what_all_its_parts_are_there_for(flags: set[str], expected: str | None) -> None:
    assert instruction_set(flags) == expected


def test_a_lesser_kernel_is_named_with_the_variable_that_asked_for_it() -> None:
    (found,) = kernel_warnings([library("Haswell")], "AVX-512", {"OPENBLAS_CORETYPE": "Haswell"})
    assert found == (
        "openblas 0.3.31, kernel Haswell (AVX2), runs on a processor with AVX-512: matrix products may take twice as "
        "long; unset OPENBLAS_CORETYPE (now Haswell)"
    )
    (of_itself,) = kernel_warnings([library("Zen")], "AVX-512", {})
    assert "a newer version of the library may choose better" in of_itself


@pytest.mark.parametrize("kernel", ["SkylakeX", "Cooperlake", "SapphireRapids", "NeoverseN1", None])
def test_a_kernel_as_wide_as_the_processor_or_an_unknown_one_is_no_warning(kernel: str | None) -> None:
    assert kernel_warnings([library(kernel)], "AVX-512", {}) == []
    assert kernel_warnings([library("Haswell")], "AVX2", {}) == []
    assert kernel_warnings([library("Haswell")], None, {}) == []


def test_variables_whose_effect_cannot_be_read_are_named() -> None:
    (mkl,) = kernel_warnings([library(name="mkl")], "AVX-512", {"MKL_ENABLE_INSTRUCTIONS": "SSE4_2"})
    assert mkl == "MKL_ENABLE_INSTRUCTIONS=SSE4_2 is set: MKL may run a lesser kernel than the processor offers"
    (numpy,) = kernel_warnings([], "AVX-512", {"NPY_DISABLE_CPU_FEATURES": "AVX512F"})
    assert numpy.startswith("NPY_DISABLE_CPU_FEATURES=AVX512F is set: element-wise operations")


def test_only_variables_that_choose_kernels_are_kept() -> None:
    assert kernel_variables({"HOME": "x", "OPENBLAS_CORETYPE": "", "MKL_CBWR": "AVX2"}) == {"MKL_CBWR": "AVX2"}


def test_a_run_is_judged_by_the_processes_that_measured_it() -> None:
    environment = {"vector_instructions": "AVX-512", "blas": [library("SkylakeX")]}
    workers = [{"threads": [{**library("Haswell"), "threads": 1}, {"name": "openmp", "api": "openmp"}]}] * 2
    run = {"run": {"environment": environment}, "workers": workers}
    assert [one["architecture"] for one in libraries_of_run(run)] == ["Haswell"]
    assert len(kernel_warnings_of_run(run)) == 1
    assert kernel_warnings_of_run({"run": {"environment": environment}}) == []
    assert kernel_warnings_of_run({}) == []


def test_of_several_hosts_each_is_judged_on_its_own() -> None:
    fine = {"vector_instructions": "AVX2", "blas": [library("Haswell")]}
    lesser = {"vector_instructions": "AVX-512", "blas": [library("Haswell")]}
    assert kernel_warnings_of_run({"hosts": {"a": fine, "b": fine}}) == []
    assert len(kernel_warnings_of_run({"hosts": {"a": fine, "b": lesser, "c": lesser}})) == 1


def test_the_environment_of_a_run_says_which_kernel_was_asked_for() -> None:
    code = (
        "import json, numpy; from bptt_bench.measure.probe.environment import environment; "
        "print(json.dumps(environment()))"
    )
    asked = {**os.environ, "OPENBLAS_CORETYPE": "Nehalem", "PYTHONPATH": os.pathsep.join(sys.path)}
    found = json.loads(subprocess.run([sys.executable, "-c", code], env=asked, check=True, capture_output=True).stdout)
    assert found["kernel_variables"] == {"OPENBLAS_CORETYPE": "Nehalem"}
    assert found.get("vector_instructions") == instruction_set(cpu_flags()) == environment().get("vector_instructions")
    kernels = {str(one.get("architecture")) for one in found["blas"]}
    assert bool(kernel_warnings(found["blas"], "AVX2", found["kernel_variables"])) == ("Nehalem" in kernels)
