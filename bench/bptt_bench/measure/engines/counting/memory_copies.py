"""How the C library copies and fills memory in a process whose instructions are counted.

By instructions that repeat themselves, from a size on that depends on the processor. Valgrind counts each repetition,
a byte, and the processor counts one for all of them: beyond that size the count of a copy would jump thirtyfold, or
stop growing. So there is one way at all sizes.

Source: "Tunables", in the manual of the GNU C Library; other C libraries ignore the variable.
"""

from __future__ import annotations

from collections.abc import Mapping

VARIABLE = "GLIBC_TUNABLES"
NEVER_REPEATED = 0x4000_0000  # bytes from which copies repeat one instruction
SOON_REPEATED = 0x201  # the library ignores 512 or less where vectors are of 64 bytes


def copying(environment: Mapping[str, str], repeated_from: int) -> dict[str, str]:
    """Return an environment with which copies repeat one instruction from a size in bytes on.

    >>> copying({"GLIBC_TUNABLES": "glibc.malloc.check=1"}, SOON_REPEATED)["GLIBC_TUNABLES"].split(":")[:2]
    ['glibc.malloc.check=1', 'glibc.cpu.x86_rep_movsb_threshold=0x201']
    """
    sizes = {"rep_movsb": repeated_from, "rep_stosb": repeated_from, "non_temporal": NEVER_REPEATED}
    ours = (f"glibc.cpu.x86_{name}_threshold={size:#x}" for name, size in sizes.items())
    return {**environment, VARIABLE: ":".join(filter(None, [environment.get(VARIABLE), *ours]))}
