"""Nothing is counted as zero in silence: every name that NumPy has is counted, known to be free, or refused.

Tests demand a line that was worked out by hand for every rule, and an error for all that NumPy has besides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bptt_bench.measure.counters.creation import CREATION_RULES, REFUSED
from bptt_bench.measure.counters.functions import FUNCTION_RULES, METHOD_RULES
from bptt_bench.measure.counters.meter import CATEGORIES, Meter, MeteredArray, UncountedOperation
from bptt_bench.measure.counters.ufuncs import UFUNC_CATEGORIES, UFUNC_PRODUCTS

from tests.bench.measure.counters.worked_out import CREATION, FUNCTIONS, METHODS, Arrays, Line, count, operands


def lines(table: dict[str, Line | list[Line]]) -> list[Any]:
    cases = []
    for name, entry in table.items():
        for number, line in enumerate(entry if isinstance(entry, list) else [entry]):
            cases.append(pytest.param(*line, id=f"{name}-{number}"))
    return cases


@pytest.mark.parametrize(("run", "expected"), [*lines(FUNCTIONS), *lines(CREATION), *lines(METHODS)])
def test_an_operation_counts_as_worked_out_and_its_values_stay_the_same(
    run: Callable[[Arrays], Any], expected: dict[str, int]
) -> None:
    actual, result = count(run)
    assert actual == {category: expected[category] for category in CATEGORIES if category in expected}
    assert_identical(result, run(operands()))


def assert_identical(metered: Any, plain: Any) -> None:
    """Equal to the last bit, metered where the other is an array, and a scalar where the other is one."""
    if isinstance(plain, tuple | list):
        assert type(metered) is type(plain)
        for one, other in zip(metered, plain, strict=True):
            assert_identical(one, other)
    elif isinstance(plain, np.ndarray):
        assert type(metered) is MeteredArray
        assert (metered.dtype, metered.shape) == (plain.dtype, plain.shape)
        assert metered.tobytes() == plain.tobytes()
    else:
        assert type(metered) is type(plain)
        assert metered == plain


def test_every_rule_has_a_line_that_was_worked_out() -> None:
    assert FUNCTIONS.keys() == FUNCTION_RULES.keys()
    assert METHODS.keys() == METHOD_RULES.keys()
    assert CREATION.keys() | FUNCTIONS.keys() == CREATION_RULES.keys() | FUNCTIONS.keys()


# --- the names that NumPy has ---

NAMES = [name for name in dir(np) if not name.startswith("_")]
UFUNCS = sorted({getattr(np, name) for name in NAMES if isinstance(getattr(np, name), np.ufunc)}, key=str)
ARRAY_FUNCTIONS = [name for name in NAMES if hasattr(getattr(np, name), "_implementation")]
# neither make an array nor take one apart
HARMLESS = {
    *("base_repr", "binary_repr", "format_float_positional", "format_float_scientific", "typename", "info"),
    *("broadcast_shapes", "isdtype", "isfortran", "isscalar", "issubdtype", "iterable", "mintypecode", "promote_types"),
    *(
        "get_printoptions",
        "set_printoptions",
        "printoptions",
        "getbufsize",
        "setbufsize",
        "show_config",
        "show_runtime",
    ),
    *("geterr", "geterrcall", "seterr", "seterrcall", "get_include", "datetime_data", "test"),
    "frompyfunc",  # what it makes is a ufunc that no rule knows
}


def test_every_array_function_is_counted_or_refused() -> None:
    functions = {name: getattr(np, name) for name in ARRAY_FUNCTIONS}
    unknown = {name: function for name, function in functions.items() if name not in {*FUNCTION_RULES, *CREATION_RULES}}
    assert len(functions) > 150
    assert {"median", "correlate", "cross", "unique", "interp"} <= unknown.keys()
    array = Meter().metered([1.0])
    with Meter():
        for name, function in unknown.items():
            with pytest.raises(UncountedOperation, match=r"^numpy\.\w+: its operations cannot be counted"):
                array.__array_function__(function, (MeteredArray,), (), {})
            assert function.__name__ == name or name == "row_stack"


def test_every_other_function_is_replaced_or_harmless() -> None:
    others = {
        name
        for name in NAMES
        if callable(getattr(np, name)) and not isinstance(getattr(np, name), type) and not hasattr(np.generic, name)
        if name not in ARRAY_FUNCTIONS and not isinstance(getattr(np, name), np.ufunc)
    }
    assert len(others) > 50
    assert others - {*CREATION_RULES, *REFUSED, *HARMLESS} == set()


@pytest.mark.parametrize("name", [name for name in REFUSED if hasattr(np, name)])
def test_a_refused_name_raises_and_is_itself_again_afterwards(name: str) -> None:
    before = getattr(np, name)
    with Meter():
        stand_in: Any = getattr(np, name)
        with pytest.raises(UncountedOperation, match=rf"^numpy\.{name}: "):
            stand_in[0:3] if name in ("c_", "mgrid", "ogrid", "r_") else stand_in(3)
    assert getattr(np, name) is before


@pytest.mark.parametrize(
    "call", [lambda: np.linalg.norm([1.0]), lambda: np.fft.fft([1.0]), lambda: np.random.default_rng(3)]
)
def test_linear_algebra_transforms_and_random_numbers_are_refused(call: Callable[[], object]) -> None:
    with Meter(), pytest.raises(UncountedOperation, match=r"^numpy\.(linalg\.norm|fft\.fft|random\.default_rng): "):
        call()
    assert call() is not None


@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda ufunc: ufunc.__name__)
def test_every_ufunc_counts_one_per_output_element_or_is_refused(ufunc: np.ufunc) -> None:
    name, elements = ufunc.__name__, 5
    if name in UFUNC_PRODUCTS:
        return  # below
    kinds = next((kinds for kinds in ufunc.types if set(kinds.split("->")[0]) <= set("dil")), ufunc.types[0])
    inputs = [np.ones(elements, dtype=kind) for kind in kinds.split("->")[0]]
    with np.errstate(all="ignore"):
        plain = ufunc(*inputs)
    with np.errstate(all="ignore"), Meter(strict=True) as meter:
        metered = [meter.metered(value) for value in inputs]
        if name not in UFUNC_CATEGORIES:
            with pytest.raises(UncountedOperation, match=rf"ufunc {name} "):
                ufunc(*metered)
            return
        result = ufunc(*metered)
    size = sum(output.nbytes for output in (plain if isinstance(plain, tuple) else [plain]))
    assert meter.total() == {UFUNC_CATEGORIES[name]: elements * ufunc.nout, "bytes_allocated": size}
    assert_identical(result, plain)


def test_the_refused_ufuncs_are_few_and_known() -> None:
    refused = {ufunc.__name__ for ufunc in UFUNCS} - UFUNC_CATEGORIES.keys() - set(UFUNC_PRODUCTS)
    assert refused == {"gcd", "lcm", "nextafter", "spacing"}


def test_every_public_method_is_counted_or_refused() -> None:
    public = [name for name in dir(np.ndarray) if not name.startswith("_") and callable(getattr(np.ndarray, name))]
    refused = {name for name in public if name not in METHOD_RULES} - {"view"}  # free, or an exit that is refused
    assert refused >= {"argpartition", "byteswap", "dump", "dumps", "partition", "resize", "setfield", "tofile"}
    with Meter() as meter:
        for name in refused:
            with pytest.raises(UncountedOperation, match=rf"^numpy\.ndarray\.{name}: "):
                getattr(meter.metered([1.0]), name)()
    assert meter.counts == {}


@pytest.mark.parametrize("name", ["flat", "data", "ctypes", "__array_interface__", "__array_struct__"])
def test_attributes_that_hand_out_plain_elements_are_refused(name: str) -> None:
    array = Meter().metered([1.0, 2.0])
    with Meter(), pytest.raises(UncountedOperation, match=rf"^numpy\.ndarray\.{name}: "):
        getattr(array, name)
    assert getattr(array, name) is not None  # nothing counts any more


def test_special_methods_are_ufuncs_or_known() -> None:
    """A special method that NumPy adds must be looked at."""
    operators = """abs add and divmod eq floordiv ge gt iadd iand ifloordiv ilshift imatmul imod imul invert ior ipow
        irshift isub itruediv ixor le lshift lt matmul mod mul ne neg or pos pow radd rand rdivmod rfloordiv rlshift
        rmatmul rmod rmul ror rpow rrshift rshift rsub rtruediv rxor sub truediv xor"""  # each asks __array_ufunc__
    one_scalar = "bool complex float index int"
    of_objects = """class class_getitem delattr dir doc format getattribute getstate hash init init_subclass new setattr
        setstate sizeof subclasshook len array_namespace array_priority dlpack_device"""
    the_meters_own = "array_finalize array_function array_ufunc getitem setitem contains copy deepcopy repr str"
    refused = "array_interface array_struct reduce reduce_ex dlpack"
    through_getitem = "iter"
    asked_by_others = "array array_wrap delitem buffer"  # delitem always raises; buffer has a name from Python 3.12 on
    groups = (operators, one_scalar, of_objects, the_meters_own, refused, through_getitem, asked_by_others)
    known = {f"__{name}__" for group in groups for name in group.split()}
    assert {name for name in dir(np.ndarray) if name.startswith("__")} - known == set()
