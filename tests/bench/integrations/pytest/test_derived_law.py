"""Marked tests whose law is derived from their code, in pytest sessions of toy projects."""

from __future__ import annotations

import importlib
import re

import pytest
from bptt_bench.errors import BenchError
from bptt_bench.integrations.pytest.stated_law import Complexity
from bptt_bench.plan import CostLaw

pytest_plugins = ["pytester"]

for module in ("pandas", "scipy.stats", "sympy", "bptt_bench.integrations.pytest.derived_law"):
    importlib.import_module(module)  # before a session inside this process forgets what it imported

PRODUCT = """
import numpy as np
import pytest


@pytest.mark.complexity("derive", n=[8, 16, 32, 64, 128], inconclusive="report")
def test_product(benchmark, n):
    a, b = np.random.random((n, n)), np.random.random((n, 3))
    benchmark.pedantic(np.dot, (a, b), rounds=2)
"""


@pytest.fixture
def project(installed: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("COLUMNS", "200")
    return installed


def test_the_law_of_the_code_is_judged(project: pytest.Pytester) -> None:
    project.makepyfile(test_it=PRODUCT)
    result = project.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:cov")
    assert re.search(r"test_product\[law\]: .*\(law n\*\*2 derived from the code\)", result.stdout.str())


def test_a_test_with_other_fixtures_needs_a_stated_law(project: pytest.Pytester) -> None:
    project.makepyfile(test_it=PRODUCT.replace("benchmark, n)", "benchmark, n, tmp_path)"))
    result = project.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:cov")
    assert "law='derive': the test takes the fixture 'tmp_path', which is not there at other" in result.stdout.str()


def test_the_marker_reads_derive_as_a_name_too() -> None:
    for stated in (
        Complexity.of(("derive",), {"n": [1, 2, 4]}),
        Complexity.of((), {"law": "derive", "n": [1, 2, 4], "margin": 0.1}),
    ):
        assert stated.derives
        assert (stated.law, stated.finds, stated.text) == (None, False, "of its code")
    assert Complexity.of(("derive",), {"n": [1, 2, 4, 8]}).with_law(CostLaw("n**2")).text == "n**2"
    with pytest.raises(BenchError, match=r"n: 3 levels, .*; at least 4 are needed"):
        Complexity.of(("derive",), {"n": [1, 2, 4]}).with_law(CostLaw("n**2"))
