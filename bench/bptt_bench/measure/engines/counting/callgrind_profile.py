"""Read what callgrind writes down: the instructions of all functions together, and of each by itself.

Source: "Callgrind Format Specification", in the Valgrind manual.
"""

from __future__ import annotations

import re
from collections import defaultdict

from bptt_bench.text.wording import printable

TOTAL = re.compile(rb"^(?:summary|totals):\s*(\d+)\s*$", re.MULTILINE)
SMALLEST_SHARE = 1 / 1000  # of all instructions, below which a function is left out
KINDS = {b"ob": b"ob", b"cob": b"ob", b"fn": b"fn", b"cfn": b"fn"}  # what a line names, for itself or for a call
TEMPLATE = re.compile(r"<[^<>]*>")
LONGEST_NAME = 80


def total_of(profile: bytes) -> int | None:
    """Return the instructions of a profile; None where it has no total."""
    found = TOTAL.search(profile)
    return None if found is None else int(found[1])


def functions_of(profile: bytes) -> dict[str, int]:
    """Return the instructions of each function by itself, without those that it calls, by ``name (library)``.

    Functions that make less than ``SMALLEST_SHARE`` of all instructions are left out. A function that calls itself has
    a name of its own below its first call, which ends with ``'2``.

    >>> functions_of(b"ob=(1) /lib/libm.so.6\\nfn=(1) f\\n3 70\\ncfn=(2) g\\ncalls=1 9\\n4 30\\nfn=(2)\\n9 30\\n")
    {'f (libm)': 70, 'g (libm)': 30}
    """
    found: defaultdict[str, int] = defaultdict(int)
    for (library, function), count in _own_costs(profile).items():
        found[_label(function.decode(errors="replace"), library.decode(errors="replace"))] += count
    least = SMALLEST_SHARE * sum(found.values())
    return {name: count for name, count in found.items() if count >= least}


def _own_costs(profile: bytes) -> dict[tuple[bytes, bytes], int]:
    """Return the instructions of each function by itself, by its library and name."""
    counts: defaultdict[tuple[bytes, bytes], int] = defaultdict(int)
    names: dict[tuple[bytes, bytes], bytes] = {}  # by kind and number, which stands for a name from then on
    current = {b"ob": b"", b"fn": b""}
    is_of_a_call = False  # the line holds what a call took, which is that of another function
    for line in profile.splitlines():
        if line[:1].isdigit() or line[:1] in {b"+", b"-", b"*"}:
            if not is_of_a_call:
                counts[current[b"ob"], current[b"fn"]] += int(line.partition(b" ")[2] or 0)
            is_of_a_call = False
            continue
        key, _, text = line.partition(b"=")
        is_of_a_call = key == b"calls"
        if key in KINDS:
            number, _, name = text.partition(b" ")
            known = names[KINDS[key], number] = name or names.get((KINDS[key], number), number)
            if key in current:
                current[key] = known
    return counts


def _label(function: str, library: str) -> str:
    """Return the name of a function without its parameters, and of its library without folder and version.

    >>> _label("unsigned long part<vec<double>, 8>(double*, long) [clone .part.0]'2", "/a/_umath.cpython-311-x86.so")
    "part'2 (_umath)"
    """
    name, mark, level = function.partition("'")
    plain = name.replace("(anonymous namespace)", "").replace("operator()", "operator")
    while plain != (without := TEMPLATE.sub("", plain)):
        plain = without
    plain = plain.partition("(")[0].strip()
    short = (plain.rpartition(" ")[2] or name)[:LONGEST_NAME]
    file = library.rpartition("/")[2]
    return printable(f"{short}{mark}{level} ({file.partition('.so')[0].partition('.cpython')[0]})")
