"""A profile is read as its total, and as what each function makes by itself."""

from __future__ import annotations

import pytest
from bptt_bench.measure.engines.counting.callgrind_profile import SMALLEST_SHARE, functions_of, total_of

PROFILE = b"""\
# callgrind format
version: 1
positions: line
events: Ir

ob=(2) /usr/lib/libpython3.11.so.1.0
fl=(7) Objects/listobject.c
fn=(11) merge_at
0 600
fi=(8) Objects/object.c
+3 20
fe=(7)
cob=(3) /usr/lib/libc.so.6
cfi=(9) ???
cfn=(12) memcpy
calls=4 0
-2 250
* 30

fn=(13) list_sort_impl'2
0 100
cfn=(11)
calls=1 0
0 900

ob=(3)
fl=(9)
fn=(12)
0 250

totals: 1000
"""


def test_what_a_function_calls_is_not_its_own() -> None:
    assert functions_of(PROFILE) == {
        "merge_at (libpython3.11)": 650,
        "list_sort_impl'2 (libpython3.11)": 100,
        "memcpy (libc)": 250,
    }
    assert total_of(PROFILE) == 1000


def test_functions_that_make_next_to_nothing_are_left_out() -> None:
    most = round(1 / SMALLEST_SHARE)
    small = b"ob=(1) a.so\nfn=(1) large\n1 %d\nfn=(2) small\n1 %d\n"
    assert list(functions_of(small % (most, 1))) == ["large (a)"]
    assert list(functions_of(small % (most, 2))) == ["large (a)", "small (a)"]


@pytest.mark.parametrize(
    ("function", "label"),
    [
        ("void np::qsort<double, 8>(double*, long)", "np::qsort (a)"),
        ("std::map<int, std::pair<a, b> >::operator()(int) const", "std::map::operator (a)"),
        ("f(int) [clone .part.0]'2", "f'2 (a)"),
        ("0x000000000029ad80", "0x000000000029ad80 (a)"),
        ("<unnamed>", "<unnamed> (a)"),
        ("(anonymous namespace)::run(int)", "::run (a)"),
    ],
)
def test_a_function_is_named_without_its_types(function: str, label: str) -> None:
    profile = f"ob=(1) /lib/a.so.3\nfn=(1) {function}\n1 10\n".encode()
    assert functions_of(profile) == {label: 10}


def test_overloads_are_one_function() -> None:
    profile = b"ob=(1) a.so\nfn=(1) f(int)\n1 10\nfn=(2) f(double)\n1 20\n"
    assert functions_of(profile) == {"f (a)": 30}


def test_a_profile_without_a_total_has_none() -> None:
    assert total_of(b"version: 9\n") is None
    assert functions_of(b"") == {}
