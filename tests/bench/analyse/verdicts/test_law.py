"""Laws held against simulated times: what grows as stated passes, what is a power off is refuted, the rest stays open.

The errors are counted, not looked at once: over many seeds no true law may be refuted and no wrong one supported.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from types import SimpleNamespace

import bptt_bench as bench
import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.growth import refine
from bptt_bench.analyse.growth.logarithm import CloserLaw
from bptt_bench.analyse.verdicts import law as law_verdicts
from bptt_bench.analyse.verdicts.judges import judge
from bptt_bench.analyse.verdicts.law_of_samples import Growth, judge_growth
from bptt_bench.analyse.verdicts.verdict import Verdict
from bptt_bench.plan import CostLaw, Design
from bptt_bench.plan.claims.claim import Bound
from bptt_bench.plan.experiment.claims_from_law import MARGIN_OF_NO_GROWTH
from bptt_bench.plan.experiment.instructions import RESPONSE
from bptt_bench.report.words.headlines import headline_of
from bptt_bench.report.words.reasons import text_of

LEVELS = (1000, 4000, 16_000, 64_000, 256_000)
LINES = tuple({"n": n, "m": 200} for n in (10, 30, 100, 300, 1000)) + tuple(
    {"n": 100, "m": m} for m in (20, 60, 600, 2000)
)
CORNERS = tuple({"n": n, "m": m} for n in (10, 1000) for m in (20, 2000))


def frame(
    seconds: Callable[..., float], points: tuple[Mapping[str, float], ...], *, seed: int, point_noise: float = 0.03
) -> pd.DataFrame:
    """Samples with an error of their own and one that all samples of a point share."""
    random = np.random.default_rng(seed)
    rows = []
    for point in points:
        there = seconds(**point) * np.exp(random.normal(0, point_noise))
        rows += [
            {"subject": "it", **point, "seconds_per_eval": there * np.exp(random.normal(0, 0.01))} for _ in range(9)
        ]
    table = pd.DataFrame(rows)
    table.attrs["factors"] = list(points[0])
    return table


def along_n(seconds: Callable[..., float], law: str, *, seed: int = 0, **options: object) -> Growth:
    points = tuple({"n": n} for n in LEVELS)
    bound: Bound = options.pop("bound", "tight")  # type: ignore[assignment]
    noise = float(options.pop("point_noise", 0.03))  # type: ignore[arg-type]
    data = frame(seconds, points, seed=seed, point_noise=noise)
    return judge_growth(data, CostLaw(law), name="it", bound=bound, **options)  # type: ignore[arg-type]


def in_two(seconds: Callable[..., float], law: str, *, seed: int = 0) -> Growth:
    return judge_growth(frame(seconds, (*LINES, *CORNERS), seed=seed), CostLaw(law), name="it")


@pytest.mark.parametrize(
    ("seconds", "law"),
    [
        (lambda n: 1e-9 * n, "n"),
        (lambda n: 1e-9 * n + 1e-5, "n"),
        (lambda n: 1e-9 * n * np.log(n) + 1e-6, "n*log(n)"),
        (lambda n: 1e-12 * n**2 + 1e-6, "n**2"),
        (lambda n: 1e-7, "1"),
        (lambda n: 1e-9 * n * (1 + np.log(n / 1000) / 5), "n"),  # slower by item beyond the caches
    ],
)
def test_true_laws_are_not_refuted(seconds: Callable[..., float], law: str) -> None:
    words = Counter(along_n(seconds, law, seed=seed).word for seed in range(6))
    assert words["refuted"] == 0
    assert words["supported"] >= 4


@pytest.mark.parametrize(
    ("seconds", "law"),
    [
        (lambda n: 1e-9 * n, "n**2"),
        (lambda n: 1e-12 * n**2, "n"),
        (lambda n: 1e-12 * n**2 + 1e-6, "n*log(n)"),
        (lambda n: 1e-9 * n + 1e-6, "1"),
        (lambda n: 1e-9 * n, "n**3"),
        (lambda n: 1e-9 * n, "n**4"),
        (lambda n: 1e-15 * n**4, "n"),
        (lambda n: 1e-18 * n**4, "1"),
    ],
)
def test_laws_that_are_a_power_or_more_off_are_never_supported(seconds: Callable[..., float], law: str) -> None:
    words = Counter(along_n(seconds, law, seed=seed).word for seed in range(6))
    assert words["supported"] == 0
    assert words["refuted"] >= 4


def test_far_off_exponents_are_found_where_they_are() -> None:
    assert along_n(lambda n: 1e-15 * n**4, "n").verdict.estimate == pytest.approx(4, abs=0.05)
    assert along_n(lambda n: 1e-9 * n, "n**4").verdict.estimate == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("share", [0.5, 1.0, 3.0])
def test_growth_that_has_only_begun_is_not_called_constant(share: float) -> None:
    """Over a factor of 256 a time that doubles at its end has an exponent of 0.1; the local one is 0.5."""
    words = Counter(
        along_n(lambda n: 1e-6 * (1 + share * n / LEVELS[-1]), "1", seed=seed, point_noise=0.01).word
        for seed in range(6)
    )
    assert words["supported"] == 0, words


def test_what_grows_less_than_the_margin_is_constant() -> None:
    assert along_n(lambda n: 1e-7 * n**0.1, "1", point_noise=0.001).word == "supported"
    assert along_n(lambda n: 1e-7 * n ** (MARGIN_OF_NO_GROWTH + 0.1), "1", point_noise=0.001).word == "refuted"


def test_the_margin_decides() -> None:
    steep = 1 + MARGIN_OF_NO_GROWTH / 2
    assert along_n(lambda n: 1e-9 * n**steep, "n", point_noise=0.001).word == "supported"
    assert along_n(lambda n: 1e-9 * n**steep, "n", margin=MARGIN_OF_NO_GROWTH / 4, point_noise=0.001).word == "refuted"


def test_a_time_that_does_not_grow_refutes_growth_and_keeps_an_upper_bound() -> None:
    tight = along_n(lambda n: 1e-3, "n**2")
    assert tight.word == "refuted"
    assert tight.verdict.estimate == pytest.approx(0, abs=0.05)
    assert "1 fits far better" in text_of(tight.verdict.reason)
    assert along_n(lambda n: 1e-3, "n**2", bound="upper").word == "supported"


def test_growth_is_not_hidden_in_a_time_that_falls() -> None:
    tight = along_n(lambda n: 1e-3 * n**-0.04, "n", point_noise=0.001)
    assert tight.word == "refuted"
    assert along_n(lambda n: 1e-3 * n**-0.04, "1", point_noise=0.001).word == "supported"


def test_growth_that_overhead_hides_is_not_denied() -> None:
    verdict = along_n(lambda n: 1e-3 * (1 + 0.15 * n / LEVELS[-1]), "n", point_noise=0.001).verdict
    assert verdict.verdict == "inconclusive"
    assert "1 may hide the law at these levels, larger ones would decide" in text_of(verdict.reason)


def test_an_upper_bound_is_not_held_by_overhead_alone_where_the_time_grows_faster() -> None:
    growth = along_n(lambda n: 1e-12 * n**2 + 1e-6, "log(n)", bound="upper")
    assert growth.word == "refuted"


@pytest.mark.parametrize(
    ("seconds", "law", "where"),
    [
        (lambda n, m: 1e-7 * n * m, "n + m", "n"),
        (lambda n, m: 1e-7 * n * m, "n", "m"),
        (lambda n, m: 1e-7 * (n + m), "n*m", "n"),
        (lambda n, m: 1e-9 * n * m**2, "n*m", "m"),
    ],
)
def test_wrong_laws_of_two_factors_are_refuted(seconds: Callable[..., float], law: str, where: str) -> None:
    for seed in range(3):
        growth = in_two(seconds, law, seed=seed)
        assert growth.word == "refuted"
        assert f"with {where} by " in text_of(growth.verdict.reason)


@pytest.mark.parametrize(
    ("seconds", "law"),
    [
        (lambda n, m: 1e-7 * n * m + 1e-6, "n*m"),
        (lambda n, m: 1e-7 * (n + m), "n + m"),
        (lambda n, m: 1e-7 * n + 2e-8 * n * m, "n + n*m"),
        (lambda n, m: 1e-7 * n, "n"),
    ],
)
def test_true_laws_of_two_factors_are_not_refuted(seconds: Callable[..., float], law: str) -> None:
    words = Counter(in_two(seconds, law, seed=seed).word for seed in range(3))
    assert words["refuted"] == 0
    assert words["supported"] >= 2


def test_a_term_that_fades_does_not_stand_for_a_logarithm() -> None:
    """At the largest point n + m grows with m by next to nothing, and the time by 0.1 or more."""
    points = tuple({"n": n, "m": m} for n in (30, 95, 300, 949, 3000) for m in (64, 353, 2000, 10_954, 60_000))

    def judged(seconds: Callable[..., float], law: str) -> Growth:
        return judge_growth(frame(seconds, points, seed=0, point_noise=0.01), CostLaw(law), name="it")

    found = judged(lambda n, m: 1e-7 * n * (2 + np.log(m)), "n + m")
    assert found.word == "inconclusive"
    assert "m is too small to be judged" in text_of(found.verdict.reason)
    assert judged(lambda n, m: 1e-7 * n * (2 + np.log(m)), "n*log(m)").word == "supported"
    assert judged(lambda n, m: 1e-7 * (n + 0.0007 * m), "n + m").word == "supported"


def test_other_laws_that_fit_are_named_beside_the_law() -> None:
    growth = along_n(lambda n: 1e-9 * n, "n*log(n)", point_noise=0.001)
    assert growth.word == "supported"
    assert text_of(growth.verdict.reason).endswith("; n also fits; judged by time alone.")
    assert "fits far better" in text_of(along_n(lambda n: 1e-9 * n, "n**2", point_noise=0.001).verdict.reason)


def test_noise_leaves_a_law_open() -> None:
    words = Counter(along_n(lambda n: 1e-9 * n, "n", seed=seed, point_noise=1.5).word for seed in range(10))
    assert words["refuted"] == 0
    assert words["inconclusive"] >= 8


def counted(
    instructions: Callable[..., float], law: str, *, margin: float | None = None, **levels: tuple[int, ...]
) -> Growth:
    points = Design.grid(levels)
    rows = [{"subject": "it", **point, RESPONSE: float(round(instructions(**point)))} for point in points]
    table = pd.DataFrame(rows)
    table.attrs["factors"] = list(levels)
    return judge_growth(table, CostLaw(law), name="it", response=RESPONSE, margin=margin)


def test_counts_that_a_constant_outweighs_at_small_levels_refute_nothing() -> None:
    """A claim is about larger levels than those that could be counted."""
    levels = 2.0 ** np.arange(6, 14)
    counts = 20_000 * np.exp(np.random.default_rng(0).normal(0, 0.03, len(levels)))
    counted = pd.DataFrame({"n": levels, "instructions_count": counts, "subject": "it"})

    def claimed(smallest: int, largest: int) -> str:
        made = bench.experiment({"it": lambda _point: list}, "n", n=[smallest, largest], measure="instructions")
        (found,) = judge(counted, made)
        return found.verdict

    assert claimed(1000, 1_000_000) == "inconclusive"
    assert claimed(64, 8192) == "refuted"


SMALL = (62, 125, 250, 500, 1000, 2000, 4000)


@pytest.mark.parametrize(
    ("law", "word"),
    [("n*log(n)", "supported"), ("n", "refuted"), ("n**1.5", "refuted"), ("n**2", "refuted"), ("1", "refuted")],
)
def test_counts_decide_between_neighbouring_laws(law: str, word: str) -> None:
    growth = counted(lambda n: 300 * n * np.log2(n) + 40 * n + 2000, law, n=SMALL)
    assert growth.word == word
    assert ("n·log(n)" in text_of(growth.verdict.reason)) == (law in ("n**1.5", "n**2", "1")) or law == "n"


def test_an_accidental_square_claimed_linear_is_refuted_by_counts() -> None:
    growth = counted(lambda n: 30 * n * n + 4000 * n + 2000, "n", n=SMALL)
    assert growth.word == "refuted"


@pytest.mark.parametrize(("law", "word"), [("n*m", "supported"), ("n+m", "refuted"), ("n", "refuted")])
def test_counts_decide_in_several_factors_alone_and_together(law: str, word: str) -> None:
    growth = counted(lambda n, m: 3 * n * m + 2000 + 40 * n, law, n=SMALL[:4], m=SMALL[:4])
    assert growth.word == word


def test_a_few_large_counts_among_small_ones_do_not_refute_a_product() -> None:
    """An outer product on a busy machine: 20 000 instructions whatever the size, and little between the sizes."""
    small = {
        (n, m): 20_000 + 60 * n + 80 * m + 5.5 * n * m for n in (16, 32, 64, 128, 256) for m in (16, 23, 32, 45, 64)
    }
    large = {(800, 71): 785_622, (800, 283): 2_884_873, (3200, 283): 11_480_909, (3200, 800): 31_955_917}
    rows = [{"subject": "it", "n": n, "m": m, RESPONSE: each} for (n, m), each in {**small, **large}.items()]
    table = pd.DataFrame(rows)
    table.attrs["factors"] = ["n", "m"]
    words = [judge_growth(table, CostLaw(law), name="it", response=RESPONSE).word for law in ("n*m", "n + m", "n*m**2")]
    assert words[0] != "refuted"
    assert "supported" not in words[1:]


def worked(
    work: Callable[..., float],
    seconds: Callable[..., float] | None,
    law: str = "n",
    *,
    counts: str = "instructions",
    bound: Bound = "tight",
) -> Verdict:
    """The verdict on times, if there are any, with what was counted at smaller levels."""
    counted = [{"n": float(n), f"{counts}_count": float(round(work(n)))} for n in SMALL]
    timed = [] if seconds is None else [{"n": float(n), "seconds_per_eval": seconds(n)} for n in LEVELS * 5]
    table = pd.DataFrame([{"subject": "it", **row} for row in (*counted, *timed)])
    levels = [LEVELS[0], LEVELS[-1]]
    measures = ("time", counts) if timed else counts
    experiment = bench.experiment({"it": lambda _point: list}, law, n=levels, measure=measures, bound=bound)
    table.attrs["factors"] = ["n"]
    (found,) = judge(table, experiment)
    return found


def test_work_decides_and_the_time_of_an_instruction_is_told() -> None:
    found = worked(lambda n: 40 * n + 900, lambda n: 1e-8 * n * (n / 1000) ** 0.4)
    assert found.verdict == "supported"
    assert "instructions grow with n by an exponent of " in text_of(found.reason)
    assert "time per instruction rises 9." in text_of(found.reason)
    assert text_of(found.reason).endswith("-fold from n=1000 to n=256000.")
    refuted = worked(lambda n: 40 * n * n, lambda n: 1e-8 * n)
    assert refuted.verdict == "refuted"
    assert text_of(refuted.reason).startswith("instructions grow with n by an exponent of 2.00")


def test_a_bound_that_the_work_is_far_below_tells_no_time_of_an_instruction() -> None:
    found = worked(lambda n: 40 * n + 900, lambda n: 1e-8 * n, "n**2", bound="upper")
    assert found.verdict == "supported"
    assert "time per instruction" not in text_of(found.reason)


def test_time_that_is_spent_in_no_instruction_refutes_a_law_that_the_work_follows() -> None:
    found = worked(lambda n: 40 * n + 900, lambda n: 1e-10 * n**2)
    assert found.verdict == "refuted"
    assert "; time per instruction rises " in text_of(found.reason)
    assert "the time grows with n by an exponent of 2.00" in text_of(found.reason)


@pytest.mark.parametrize(("power", "word"), [(1.5, "inconclusive"), (2.5, "refuted")])
def test_a_time_refutes_no_law_that_the_work_nearly_follows(power: float, word: str) -> None:
    def work(n: float) -> float:  # with tables that double, so that no logarithm explains it
        return float(40 * n**1.07 * (1 + 0.05 * np.sin(2 * np.log(n))))

    found = worked(work, lambda n: 1e-8 * n**power)
    assert found.verdict == word


@pytest.mark.parametrize(("share", "word"), [(0.3, "inconclusive"), (0.05, "refuted")])
def test_a_time_refutes_no_law_that_lower_terms_may_hide_in_the_counts(share: float, word: str) -> None:
    """Eigenvalues of small matrices: n³ is a third of the work, and the time grows as n²."""
    largest = SMALL[-1]

    def work(n: float) -> float:
        bent = 1 + 0.01 * np.sin(3 * np.log(n))  # blocks of rows, that are full or not
        parts = share * (n / largest) ** 3 + (0.8 - share) * (n / largest) ** 2 + 0.2 * n / largest
        return float(1e8 * parts * bent)

    found = worked(work, lambda n: 1e-9 * n**2.07, "n**3")
    assert found.verdict == word


def wavy(work: Callable[[float], float], share: float) -> Callable[[float], float]:
    """What is counted where blocks are full or not: it lies off the work by up to a share."""
    return lambda n: work(n) * (1 + share * np.sin(3 * np.log(n)))


def test_a_time_decides_between_laws_that_the_counts_follow_equally() -> None:
    """Sorting suffixes: beside n, n² is half of the largest count, which n·log(n) fits as closely."""
    work = wavy(lambda n: 300 * n * np.log(n) ** 2, 0.06)
    assert worked(work, lambda n: 1e-8 * n * np.log(n) ** 2, "n**2").verdict == "refuted"
    hidden = worked(work, lambda n: 1e-11 * n**2 * (1 + 200 / n**0.5), "n**2")
    assert hidden.verdict != "refuted"


POWER = {
    16: 8_165, 23: 15_777, 32: 51_237, 45: 87_605, 64: 141_071, 90: 191_145, 128: 395_337, 181: 680_460, 256: 1_380_714,
    362: 2_800_511, 512: 6_501_873, 724: 16_218_595, 1024: 40_725_681,
}  # fmt: skip
SUBSETS = {
    5: 88_109, 6: 198_882, 7: 450_118, 8: 1_014_560, 9: 2_599_307, 10: 6_208_002, 11: 14_271_170, 12: 32_004_978,
}  # fmt: skip
SECONDS = {5: 9.63e-6, 6: 1.91e-5, 8: 9.28e-5, 9: 2.14e-4, 11: 1.587e-3, 12: 3.122e-3, 14: 1.5554e-2}
BITS = (512, 724, 1024, 1448, 2048, 2896, 4096)


def with_recorded_counts(
    counts: Mapping[int, int], seconds: Callable[[int], float], law: str, levels: tuple[int, ...]
) -> Verdict:
    """The verdict on counts that were recorded, and on times at levels that go farther."""
    rows = [{"n": float(n), RESPONSE: float(count)} for n, count in counts.items()]
    rows += [{"n": float(n), "seconds_per_eval": seconds(n)} for n in levels] * 5
    experiment = bench.experiment({"it": lambda _point: list}, law, n=list(levels), measure=("time", "instructions"))
    table = pd.DataFrame([{"subject": "it", **row} for row in rows])
    table.attrs["factors"] = ["n"]
    (found,) = judge(table, experiment)
    return found


@pytest.mark.parametrize(("law", "word"), [("n**3", "supported"), ("n**2", "refuted"), ("n**4", "refuted")])
def test_a_time_supports_a_law_that_a_constant_hides_in_the_counts(law: str, word: str) -> None:
    """Powers of numbers of n bits: up to 1024 bits a part of the instructions are the interpreter's."""
    assert with_recorded_counts(POWER, lambda n: 1e-10 * n**2.95, law, BITS).verdict == word


@pytest.mark.parametrize(("law", "word"), [("n*2**n", "supported"), ("3**n", "refuted"), ("n**3", "refuted")])
def test_a_steep_law_may_be_missed_by_a_factor_of_lower_order(law: str, word: str) -> None:
    """Sums over all subsets of n elements: ever more of the numbers exceed those that Python keeps ready."""
    assert with_recorded_counts(SUBSETS, lambda n: SECONDS[n], law, tuple(SECONDS)).verdict == word


def test_a_time_that_refutes_a_steep_law_says_why_the_counts_do_not() -> None:
    found = with_recorded_counts(SUBSETS, lambda n: 1e-6 * n**2, "n*2**n", tuple(SECONDS))
    assert "instructions at small levels do not refute so steep a law" in text_of(found.reason)


@pytest.mark.parametrize(("power", "word"), [(1.585, "supported"), (2.1, "refuted")])
@pytest.mark.parametrize("is_timed", [True, False])
def test_wide_counts_support_a_law_within_the_margin_of_a_time(power: float, word: str, is_timed: bool) -> None:
    """Products of large numbers go by steps, from one method to the next."""

    def seconds(n: float) -> float:
        return float(1e-9 * n**1.5 * (4 if n in LEVELS[1:3] else 1))

    found = worked(wavy(lambda n: 50 * n**power, 0.1), seconds if is_timed else None, "n**1.585")
    assert found.verdict == word
    assert ("within 0.25 of an exponent, the margin of a time" in text_of(found.reason)) == (word == "supported")


def test_a_margin_that_is_stated_holds_for_counts_as_it_is() -> None:
    growth = counted(wavy(lambda n: 50 * n**1.585, 0.1), "n**1.585", margin=0.05, n=SMALL)
    assert growth.word == "inconclusive"


TRANSFORM = {
    16: 183_455, 32: 364_861, 64: 756_170, 128: 1_635_533, 256: 3_521_893, 512: 8_067_050, 1024: 18_315_537,
    2048: 40_775_371,
}  # fmt: skip


@pytest.mark.parametrize(("law", "is_supported"), [("n**1.5", False), ("n*log(n)", True)])
def test_counts_do_not_support_a_power_beside_a_line_that_a_logarithm_fits(law: str, is_supported: bool) -> None:
    """Instructions of a number-theoretic transform: n^1.5 beside n lies 2 % off, as n·log(n) does."""
    growth = counted(lambda n: TRANSFORM[int(n)], law, n=tuple(TRANSFORM))
    assert (growth.word == "supported") == is_supported


READ = [
    (1000, 3, 5867899), (3162, 3, 18322377), (1000, 5, 9536702), (3162, 5, 29977950), (316, 10, 6099279),
    (506, 10, 9648843), (1000, 10, 19001099), (316, 17, 10228999), (1000, 17, 32267837), (100, 30, 5831905),
    (316, 30, 18284121),
]  # fmt: skip


@pytest.mark.parametrize(("law", "word"), [("n**2*k", "refuted"), ("n*k", "supported"), ("n + k", "refuted")])
def test_a_time_decides_on_a_law_of_which_small_counts_show_nothing(law: str, word: str) -> None:
    """Instructions of reading n records of k fields: they hold nothing of n²·k, and would not show that it is there."""
    large = [(n, k) for n in (100, 1000, 10_000) for k in (3, 10, 30)]
    counts = [{"n": float(n), "k": float(k), "instructions_count": float(count)} for n, k, count in READ]
    times = [{"n": float(n), "k": float(k), "seconds_per_eval": 1e-7 * n * k} for n, k in large * 5]
    table = pd.DataFrame([{"subject": "it", **row} for row in (*counts, *times)])
    levels = {"n": [100, 1000, 10_000], "k": [3, 10, 30]}
    experiment = bench.experiment({"it": lambda _point: list}, law, measure=("time", "instructions"), factors=levels)
    table.attrs["factors"] = list(levels)
    (found,) = judge(table, experiment)
    assert found.verdict == word


def test_a_law_that_operations_alone_support_says_so_and_how_the_time_grows() -> None:
    hidden = worked(lambda n: 2 * n, lambda n: 1e-8 * n * (n / 1000) ** 0.4, counts="operations")
    assert hidden.verdict == "supported"
    assert "; but the time grows with n by an exponent of 1.4" in text_of(hidden.reason)
    assert "compiled code whose operations are not counted" in text_of(hidden.reason)
    assert headline_of(hidden.reason).endswith("; by counted operations alone: time grows by 1.4")
    alone = worked(lambda n: 2 * n, None, counts="operations")
    assert alone.verdict == "supported"
    assert "; judged by counted operations alone, which do not hold the work of compiled" in text_of(alone.reason)
    assert headline_of(alone.reason).endswith("; by counted operations alone")
    agreed = worked(lambda n: 2 * n, lambda n: 1e-8 * n, counts="operations")
    assert agreed.verdict == "supported"
    assert "alone" not in text_of(agreed.reason)
    assert "alone" not in headline_of(agreed.reason)


def test_a_law_whose_work_could_not_be_counted_says_why() -> None:
    rows = [{"subject": "it", "n": float(n), "seconds_per_eval": 1e-8 * n} for n in LEVELS * 5]
    table = pd.DataFrame(rows)
    table.attrs["factors"] = ["n"]
    why = "KeyError: 324 (mine.py, line 9)"
    table.attrs["uncounted"] = [{"subject": "it", "point": {"n": 16}, "counted": "instructions", "reason": why}]
    measures = ("time", "instructions")
    experiment = bench.experiment({"it": lambda _point: list}, "n", n=[LEVELS[0], LEVELS[-1]], measure=measures)
    (found,) = judge(table, experiment)
    assert text_of(found.reason).endswith(f"judged by time alone: the work could not be counted: {why}.")
    del table.attrs["uncounted"]
    counted = pd.concat([table, pd.DataFrame([{"subject": "it", "n": 16.0, RESPONSE: 5000.0}])])
    counted.attrs["factors"] = ["n"]
    (found,) = judge(counted, experiment)
    assert "; the work could be counted at too few points for a law" in text_of(found.reason)
    assert headline_of(found.reason).endswith("by time alone: the work could not be counted")


def test_without_counts_a_verdict_says_that_it_is_by_time_alone() -> None:
    assert text_of(along_n(lambda n: 1e-9 * n, "n").verdict.reason).endswith("; judged by time alone.")


def test_a_law_that_a_logarithm_refutes_is_not_said_to_be_hidden() -> None:
    found = worked(lambda n: 40 * n + 9000, None, "n*log(n)")
    assert found.verdict == "refuted"
    assert headline_of(found.reason).endswith("n fits far better")
    assert found.high is not None and found.predicted is not None  # noqa: PT018
    assert found.high < found.predicted - 0.05, "as the table shows it: outside the margin"


def test_an_exponential_law_grows_by_the_step() -> None:
    points = tuple({"n": n} for n in (8, 10, 12, 14, 16, 18, 20))
    growth = judge_growth(frame(lambda n: 1e-7 * 2.0**n, points, seed=0), CostLaw("2**n"), name="it")
    assert growth.word == "supported"
    assert growth.verdict.predicted == pytest.approx(2)
    assert "each step of n multiplies the time by " in text_of(growth.verdict.reason)
    linear = judge_growth(frame(lambda n: 1e-7 * 2.0**n, points, seed=0), CostLaw("n"), name="it")
    assert linear.word == "refuted"
    assert "^n fits far better" in text_of(linear.verdict.reason)


def counts_judged(counts: Callable[..., float], law: str, claimed: Mapping[str, list[int]], **levels: list[int]) -> str:
    """The verdict on counts at a grid of levels, of which some lie below those that are claimed."""
    rows = [
        {"subject": "it", **point, RESPONSE: float(round(counts(**point)))}
        for point in Design.grid({name: tuple(some) for name, some in levels.items()})
    ]
    experiment = bench.experiment({"it": lambda _point: list}, law, factors=claimed, measure="instructions")
    (found,) = judge(pd.DataFrame(rows), experiment)
    return found.verdict


def test_small_integers_that_cost_less_do_not_refute_a_loop() -> None:
    """Beyond 256 a number is made anew, so that a step costs twice as much: 208 and 400 instructions."""
    levels = [16, 64, 100, 215, 464, 1000, 1468, 2154, 3162, 4642, 6813, 10_000]
    found = counts_judged(
        lambda n: 208 * min(n, 256) + 400 * max(n - 256, 0) + 900, "n", {"n": [100, 10_000]}, n=levels
    )
    assert found != "refuted"


def test_counts_below_the_claimed_levels_refute_nothing() -> None:
    """A pattern longer than its text is not searched for at all."""
    found = counts_judged(
        lambda n, m: 60 * max(n - m + 1, 0) * m + 1500,
        "n*m",
        {"n": [400, 4000], "m": [4, 40]},
        n=[16, 28, 51, 400, 711, 1265, 2249, 4000],
        m=[4, 7, 13, 22, 40],
    )
    assert found != "refuted"


@pytest.mark.parametrize(("smallest", "is_refuted"), [(1000, True), (30_000, False)])
def test_counts_below_all_claimed_levels_do_not_decide_on_a_logarithm(smallest: int, is_refuted: bool) -> None:
    """A sort whose checks and sums are most of its work at the sizes that are counted."""
    levels = [100, 200, 500, 1000, 2000, 5000, 10_000, 18_750]
    found = counts_judged(lambda n: 2000 * n + 9e6, "n*log(n)", {"n": [smallest, 300_000]}, n=levels)
    assert (found == "refuted") == is_refuted


def test_counts_do_not_support_a_product_that_is_half_a_power_off() -> None:
    side = [4, 7, 11, 19, 32]
    claimed = {name: [4, 32] for name in "nmk"}

    def counts(n: int, m: int, k: int) -> float:
        return 90 * n * m * k + 700 * n * m + 400 * n + 2000

    assert counts_judged(counts, "n*m*sqrt(k)", claimed, n=side, m=side, k=side) != "supported"
    assert counts_judged(counts, "n*m*k", claimed, n=side, m=side, k=side) == "supported"


WIDE = tuple(int(n) for n in np.geomspace(1000, 100_000, 12))


def test_counts_that_n_explains_alone_refute_n_log_n() -> None:
    def scattered(n: int) -> float:  # by the digits of numbers, lengths of words and the like
        return float(n * (40 + np.sin(n) / 20) + 3000)

    assert counted(scattered, "n*log(n)", n=WIDE).word == "refuted"
    assert counted(scattered, "n", n=WIDE).word == "supported"
    assert counted(scattered, "n*log(log(n))", n=WIDE).word != "refuted"  # which differs too little


def test_a_logarithm_with_a_large_linear_part_beside_it_is_not_refuted() -> None:
    assert counted(lambda n: n * np.log(n) + 40 * n + 3000, "n*log(n)", n=WIDE).word != "refuted"
    assert counted(lambda n: 12 * n * np.log(n) + 40 * n + 3000, "n*log(n)", n=WIDE).word == "supported"


def test_a_constant_hides_no_product_that_does_not_fit_with_it_either() -> None:
    def searched(n: int, m: int) -> float:  # m searches among n
        return float(m * (200 + 12 * np.log2(n)) + 4000)

    levels = {"n": (1000, 5000, 30_000, 250_000), "m": (1000, 3000, 10_000)}
    assert counted(searched, "m*n", margin=None, **levels).word == "refuted"
    assert counted(searched, "m*log(n)", margin=None, **levels).word == "supported"


def test_a_level_of_1_gives_a_logarithm_no_value_and_no_warning() -> None:
    data = frame(lambda n: 1e-7 * n * np.log(n) + 1e-7, tuple({"n": n} for n in (1, 10, 100, 1000, 10_000)), seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = judge_growth(data, CostLaw("n*log(n)"), name="it")
    assert found.verdict.verdict != "refuted"


@pytest.mark.parametrize(("corner", "is_smaller"), [((100.0, 20.0), True), ((100.0, 50.0), False)])
def test_counts_reach_their_claimed_levels_only_at_all_of_them_together(
    corner: tuple[float, float], is_smaller: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed = {"n": np.array([10.0, 100.0]), "m": np.array([5.0, 50.0])}
    monkeypatch.setattr(law_verdicts, "_claimed_levels", lambda *_: claimed)
    n, m = np.array([(100.0, 5.0), (10.0, 50.0), corner]).T
    fit = SimpleNamespace(levels={"n": n, "m": m}, factors=("n", "m"))
    assert law_verdicts._is_made_smaller(None, "it", fit) == is_smaller  # type: ignore[arg-type]  # asked of its levels


def test_a_law_that_a_closer_one_refutes_is_shown_as_it_grows_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a line, n·log(n) grows as these counts do; by itself it grows more."""
    counts = lambda n: 26 * n * np.log(n) + 400 * n  # noqa: E731
    monkeypatch.setattr(refine, "closer_by_logarithm", lambda *_: CloserLaw("n"))
    found = worked(counts, None, "n*log(n)")
    assert found.verdict == "refuted"
    assert found.predicted == pytest.approx(1 + 1 / np.log(max(SMALL)), abs=1e-6)
    assert found.high is not None and found.predicted is not None  # noqa: PT018
    assert found.high < found.predicted - 0.05
