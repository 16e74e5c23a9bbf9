"""Designs of the experiment: two base points, lines and grids about them, and points far beyond.

There are two base points. At the *seed scale* (d = H = 100) the output layer dominates, as the derivation says;
at the *recurrent* point (V = 32, d = H = 240) it does not, and d, H² and T² can be seen at all.

Levels of d and H along lines are multiples of 16, whole cache lines of float32: rows that straddle them made the same
operation up to 10 % slower (75, 150 and 250 against 60, 100 and 200). None is a large power of two: rows that are a
power of two bytes apart compete for the same sets of a cache, at up to twice the cost (512, 1024 against 480 to 960).
"""

from __future__ import annotations

from bptt_bench.plan import Design, Point, Profile

SEED_SCALE = Point(V=1000, d=100, H=100, T=35)
RECURRENT = Point(V=32, d=240, H=240, T=16)
RATIO_V = (240, 960, 3840)  # at d = H = 240, where an operation costs about the same in both parts
RATIO_T = (4, 8, 16, 32, 64)


def ratio_points(V: int) -> Design:
    return Design.grid({"V": [V], "d": [240], "H": [240], "T": RATIO_T})


QUICK_DESIGN = (
    Design.lines(SEED_SCALE, {"V": [500, 2000, 4000, 7000, 10_000, 14_000, 20_000, 30_000]})
    + Design.lines(SEED_SCALE.replace(V=2000), {"T": [5, 10, 20, 70]})
    + Design.lines(SEED_SCALE.replace(V=2000, T=16), {"H": [48, 80, 112, 144, 176, 208, 256, 304, 352, 400]})
    # each level lies a little off the law, by the sizes of its matrices: many of them give the exponents
    + Design.lines(RECURRENT, {"T": [4, 6, 8, 12, 24, 32, 48, 64, 96, 128]})
    + Design.lines(RECURRENT, {"d": [48, 112, 176, 304, 368, 480, 592, 720, 848, 960, 1200, 1440, 1680, 1920]})
    + Design.lines(RECURRENT, {"H": [48, 112, 176, 304, 368, 416, 480, 544, 592, 656, 720, 784, 848, 912, 960]})
    + Design.of(point for V in RATIO_V for point in ratio_points(V))
    + Design.lines({"V": 960, "d": 240, "H": 240, "T": 4}, {"T": [2, 3, 6, 12]})  # about a crossover
    + Design.grid({"V": [32], "d": [240, 720], "H": [240, 720], "T": [4]})  # large matrices over few steps
    + Design.lines(RECURRENT.replace(T=4), {"H": [480, 960], "d": [960]})
    + Design.lines({"V": 32, "d": 16, "H": 16, "T": 4}, {"T": [1, 16, 64]})  # overhead of a call and of a step
)
# naive-textbook costs T² V: it visits the points that it affords, and those at which it is compared.
TEXTBOOK_RATIO_POINTS = Design.of(
    point for V, most in ((240, 64), (960, 32), (3840, 16)) for point in ratio_points(V) if point["T"] <= most
)
TEXTBOOK_DESIGN = (
    TEXTBOOK_RATIO_POINTS
    + Design.lines(SEED_SCALE, {"V": [500]})
    + Design.lines(SEED_SCALE.replace(V=2000, T=16), {"H": [48, 80, 144, 208]})
    + Design.lines(SEED_SCALE.replace(V=2000), {"T": [5, 10, 20]})
    + Design.lines(RECURRENT, {"T": [4, 8, 32], "d": [48, 112, 480, 720], "H": [48, 112, 368, 480]})
    + Design.grid({"V": [32], "d": [240, 720], "H": [240, 720], "T": [4]})
    + Design.lines({"V": 32, "d": 16, "H": 16, "T": 4}, {"T": [1, 16, 64]})
)
# Matrices of every size from a cache to memory, over few steps: they measure the cost of an operation beyond a cache in
# little time, for predictions at large points.
LARGE_MATRICES = (
    Design.lines(
        RECURRENT.replace(T=4),
        {"H": [480, 960, 1440, 1920, 2880, 3840], "d": [480, 960, 1920, 3840, 7680, 15_360, 23_040, 30_720]},
    )
    + Design.lines(SEED_SCALE.replace(T=4), {"V": [50_000, 125_000]})
    # what a matrix beyond a cache costs at each step, apart from what it costs once
    + Design.lines(RECURRENT.replace(T=8), {"H": [1920, 2880], "d": [7680, 15_360]})
    + Design.lines(RECURRENT, {"H": [1440], "d": [3840]})
    + Design.of(
        {"V": V, "d": H, "H": H, "T": T}
        for V, H, T in ((4096, 960, 8), (8192, 480, 8), (30_000, 208, 8), (60_000, 304, 4), (100_000, 208, 4))
    )
    + Design.of([SEED_SCALE.replace(V=50_000, d=48, H=48, T=140)])  # many steps of a long softmax
)
STANDARD_DESIGN = (
    QUICK_DESIGN
    + Design.lines(SEED_SCALE, {"V": [200, 50_000, 70_000, 100_000, 125_000]})
    + Design.lines(SEED_SCALE.replace(V=2000), {"T": [3, 7, 14, 50, 100, 140]})
    + Design.lines(SEED_SCALE.replace(V=2000, T=16), {"H": [32, 112, 176, 240, 352], "d": [32, 48, 208, 400]})
    + Design.lines(RECURRENT, {"T": [6, 12, 24, 48, 96, 192], "d": [80, 176, 368, 592], "H": [80, 176, 416]})
    + ratio_points(15_360)
    + Design.corners({"V": (64, 2048), "d": (48, 480), "H": (48, 480), "T": (4, 32)})
    + LARGE_MATRICES
)
# Predicted from the full sweep before they are measured: V up to 4 times, T up to 8 times (64 times the cost of
# naive), and matrices of any size over many steps.
BEYOND = Design.of(
    [
        *(SEED_SCALE.replace(V=V) for V in (2_000_000, 4_000_000)),
        *(SEED_SCALE.replace(V=2000, T=T) for T in (280, 560, 1120)),
        *(RECURRENT.replace(T=T) for T in (384, 576)),
        *(RECURRENT.replace(H=H) for H in (1920, 2880, 3840)),
        *(RECURRENT.replace(d=d) for d in (7680, 15_360, 30_720, 61_440)),
        *(
            Point(V=V, d=H, H=H, T=T)
            for V, H, T in (
                (4000, 400, 140),
                (4096, 960, 64),
                (8192, 480, 64),
                (10_000, 400, 140),
                (15_360, 240, 128),
                (20_000, 100, 280),
                (30_000, 208, 70),
                (50_000, 100, 140),
                (60_000, 304, 35),
                (100_000, 208, 35),
            )
        ),
    ]
)
FULL_DESIGN = STANDARD_DESIGN + Design.lines(SEED_SCALE, {"V": [200_000, 500_000, 1_000_000]})

# A self-test makes many short runs. The line in T passes through points where the recurrent part is most of the time
# and all matrices stay in a cache: there a wrong power of T shows in the time of the whole. The other points, of
# one step and of three, distinguish the cost of every step from that of a call.
STEPS = Point(V=32, d=16, H=240, T=1)
SELFTEST_STEPS = Design.lines(STEPS, {"T": [3, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256]}) + Design.of(
    STEPS.replace(T=T, **beside)
    for T in (1, 3)
    for beside in ({"H": 16}, {"H": 48}, {"H": 368}, {"d": 240}, {"V": 480})
)
# With a single step naive and aggregated do the same, and with few steps almost the same, so their ratio does not
# depend on unit costs. A copy of so large a U takes a third of the time of the backward pass.
SELFTEST_RATIO = Design.grid({"V": [3840], "d": [240], "H": [240], "T": [1, 2, 3]})

AFFORD_ALL = ("forward", "naive", "aggregated", "aggregated (placebo)", "batched")  # subjects that visit every point


def _profile(points: Design, *, seconds_per_sample: float, processes: int) -> Profile:
    return Profile(
        design=TEXTBOOK_DESIGN,
        extra=dict.fromkeys(AFFORD_ALL, points),
        blocks=8,
        seconds_per_sample=seconds_per_sample,
        processes=processes,
        phase_blocks=3,
    )


PROFILES = {
    "quick": _profile(QUICK_DESIGN, seconds_per_sample=0.01, processes=2),
    "standard": _profile(STANDARD_DESIGN, seconds_per_sample=0.02, processes=4),
    "full": _profile(FULL_DESIGN, seconds_per_sample=0.02, processes=4),
}
SELFTEST = Profile(
    design=Design.of([STEPS]),
    extra={
        "forward": SELFTEST_RATIO,
        "naive": SELFTEST_RATIO,
        "aggregated": SELFTEST_STEPS + SELFTEST_RATIO,
        "aggregated (placebo)": SELFTEST_STEPS + SELFTEST_RATIO,
    },
    blocks=12,
    seconds_per_sample=0.005,
    processes=4,
    phase_blocks=0,
)
# Vocabularies at which V is said to dominate, on the line through the seed scale, and the profiles that measure them.
DOMINATED: dict[int, tuple[str, ...]] = {
    1000: (),
    10_000: (),
    30_000: ("quick",),
    100_000: ("standard", "full"),
    1_000_000: ("full",),
}
