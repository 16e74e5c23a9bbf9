"""Deterministic checks of the whole family, as in ``bptt_rnn.checks`` for the first algorithms.

Truncated gradients differ from the exact ones. The checks are that they agree where nothing is truncated, and that
their bias decreases with the number of steps left out; its size is reported.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import pairwise
from math import comb
from typing import Any

import numpy as np

from bptt_rnn import cost
from bptt_rnn.checks import (
    DIRECTION_CASES,
    LONG_STEPS,
    Check,
    Deviation,
    Meter,
    counts_match,
    gradients_agree,
    gradients_match_differences,
    long_case,
    one_step_formulas,
    passes_match,
    slope_error,
)
from bptt_rnn.class_model import ClassGradients, ClassParams
from bptt_rnn.cost.checkpointed import checkpointed_cost
from bptt_rnn.cost.chunked import chunked_cost
from bptt_rnn.cost.truncated import truncated_cost
from bptt_rnn.gradients import FAMILY, Algorithm
from bptt_rnn.gradients.checkpointed import checkpointed
from bptt_rnn.gradients.chunked import batched_chunked
from bptt_rnn.gradients.class_based import batched_class
from bptt_rnn.gradients.recomputation import forward_steps
from bptt_rnn.gradients.truncated import K1, K2, Bias, truncated, truncation_bias
from bptt_rnn.model import Array, Params, Tokens

FEW_WORDS = 7  # of a chunk, so that small vocabularies have several
FEW_STATES = 4  # in memory, so that short texts need a plan
SHORT = (2, 5)  # k1 and k2 with which short texts are truncated
SHORT_STEPS = 20  # of texts that such numbers cut
BIAS_WINDOWS = (1, 2, 4, 8, 16, 32, 48)  # k2 with k1 = 1, up to the length of a long case
PLAN_STEPS = range(1, 41)  # texts whose plans are compared with the closed form

# The algorithms with what is exact: truncated where nothing is left out, and further choices of the others.
EXACT: dict[str, Algorithm] = {
    **{name: algorithm for name, algorithm in FAMILY.items() if name != "truncated"},
    "truncated, k2 ≥ T": functools.partial(truncated, k1=7, k2=64),
    f"checkpointed, {FEW_STATES} states": functools.partial(checkpointed, states=FEW_STATES),
    f"batched-chunked, {FEW_WORDS} words": functools.partial(batched_chunked, words=FEW_WORDS),
}


def truncation(seed: int) -> Deviation:
    """Check the bias of the truncated gradient: 0 where k2 ≥ T, and smaller for every larger k2.

    The model is one that forgets nothing, where the bias is largest. The deviation is infinite if a larger k2 has more
    bias.
    """
    rng = np.random.default_rng(seed)
    worst, cases = 0.0, 20
    usual: list[Bias] = []
    windows = dict.fromkeys(BIAS_WINDOWS, 0.0)
    for _ in range(cases):
        params, tokens, h0 = long_case(rng)
        for k2 in windows:
            windows[k2] += truncation_bias(params, tokens, 1, k2, h0).relative / cases
        worst = max(worst, truncation_bias(params, tokens, K1, len(tokens) - 1, h0).relative)
        usual.append(truncation_bias(params, tokens, h0=h0))
    biases = list(windows.values())
    if any(later >= earlier for earlier, later in pairwise(biases)):
        worst = np.inf
    relative, cosine = np.mean(usual, axis=0)
    detail = f"over {LONG_STEPS} steps, means: {relative:.3f} of ‖∇J‖ with k1={K1}, k2={K2}, cosine {cosine:.4f}"
    means = ", ".join(f"{bias:.2g} for k2={k2}" for k2, bias in windows.items())
    return Deviation(worst, cases * (len(windows) + 1), f"{detail}; with k1=1 {means}")


def plans(_seed: int) -> Deviation:
    """Compare the forward steps of the optimal plan with the closed form of binomial coefficients.

    With s states beyond the last one and r the smallest with T ≤ C(s + r, s): 1 + r T - C(s + r, r - 1).

    Source: Griewank and Walther, Algorithm 799: Revolve, ACM TOMS 26 (2000).
    """
    worst, cases = 0, 0
    for T in PLAN_STEPS:
        for states in range(min(T, 2), T + 1):
            s, r = states - 1, 0
            while comb(s + r, s) < T:
                r += 1
            closed = 1 + (r * T - comb(s + r, r - 1) if r else 0)
            worst, cases = max(worst, abs(forward_steps(T, states) - closed)), cases + 1
    return Deviation(worst, cases, f"T = {PLAN_STEPS[0]} to {PLAN_STEPS[-1]}, every number of states")


def _class_case(rng: np.random.Generator) -> tuple[ClassParams, Tokens, Array]:
    V, d, H, T = (int(rng.integers(1, top)) for top in (60, 12, 12, 16))
    return ClassParams.init(V, d, H, rng, np.float64), rng.integers(0, V, T + 1), rng.random(H)


def class_gradients_match_differences(
    seed: int, *, algorithm: Callable[..., tuple[float, ClassGradients]] = batched_class
) -> Deviation:
    """Compare the slope of the loss of the model with classes along random directions with a central difference."""
    rng = np.random.default_rng(seed)
    worst = 0.0
    for _ in range(DIRECTION_CASES):
        params, tokens, h0 = _class_case(rng)
        _, found = algorithm(params, tokens, h0)
        V = len(params.U)
        dL = np.zeros_like(params.L)
        np.add.at(dL, tokens[:-1], found.L_rows)
        slopes = (dL, found.W_e, found.W_h, found.b1, *found.dense(V), found.Q, found.q, found.h0)
        base = (*params, h0)

        def loss(*arrays: Array, tokens: Tokens = tokens) -> float:
            return algorithm(ClassParams(*arrays[:-1]), tokens, arrays[-1])[0]

        worst = max(worst, slope_error(loss, base, slopes, rng))
    return Deviation(worst, DIRECTION_CASES, "along random directions of all parameters at once")


def _counted(make_meter: Callable[[], AbstractContextManager[Meter]]) -> list[Check]:
    """Return checks of the operations of every algorithm that a meter can count, with options for small cases."""
    runs: dict[str, Any] = {**FAMILY, "batched-class": batched_class}
    forms = {name: cost.cost_of(name) for name in runs}
    k1, k2 = SHORT
    runs[f"truncated, k1={k1}, k2={k2}"] = functools.partial(truncated, k1=k1, k2=k2)
    forms[f"truncated, k1={k1}, k2={k2}"] = truncated_cost(k1, k2)
    for name, form in (
        (f"checkpointed, {FEW_STATES} states", checkpointed_cost(FEW_STATES)),
        (f"batched-chunked, {FEW_WORDS} words", chunked_cost(FEW_WORDS)),
    ):
        runs[name], forms[name] = EXACT[name], form
    counted = "every phase and category of operation, as integers"
    return [
        Check(
            f"operations of {name} = closed form",
            form.name,
            counted,
            0,
            functools.partial(
                counts_match,
                name,
                make_meter,
                algorithms=runs,
                form=form,
                draw=ClassParams.init if name == "batched-class" else Params.init,
                most_steps=SHORT_STEPS,
            ),
        )
        for name, form in forms.items()
        if form.counts is not None
    ]


def family_checks(make_meter: Callable[[], AbstractContextManager[Meter]]) -> list[Check]:
    """Return every check of the family."""

    def exact(name: str, statement: str, allowed: float, measure: Any, algorithm: str, *args: Any) -> Check:
        subject = algorithm.partition(",")[0]
        return Check(name, subject, statement, allowed, functools.partial(measure, algorithm, *args, algorithms=EXACT))

    slope, same = "the gradient is the slope of the loss", "the same gradients as naive"
    bias = "no bias where k2 ≥ T, and the less the larger k2 is"
    steps = "forward steps by dynamic programming, as integers"
    made = "passes really made, for T from 1 to 40"
    one_step = functools.partial(one_step_formulas, algorithms={**EXACT, "truncated": truncated})
    of_classes = "gradients of batched-class = central difference"
    return [
        Check("gradients of one step", "all", "∂J/∂U = δ hᵀ, … (claim b)", 1e-12, one_step),
        *(
            exact(f"gradients of {name} = central difference", slope, 1e-7, gradients_match_differences, name)
            for name in EXACT
        ),
        *(
            exact(f"gradients of {name} = naive, {kind.name}", same, allowed, gradients_agree, name, kind.type)
            for name in EXACT
            if name != "naive"
            for kind, allowed in ((np.dtype(np.float64), 1e-12), (np.dtype(np.float32), 2e-5))
        ),
        Check("bias of truncated", "truncated", bias, 1e-12, truncation),
        Check(of_classes, "batched-class", slope, 1e-7, class_gradients_match_differences),
        Check("forward steps of checkpointed = optimum", "checkpointed", steps, 0, plans),
        *_counted(make_meter),
        *(
            Check(
                f"backward passes of {name} = closed form",
                name,
                made,
                0,
                functools.partial(passes_match, name, algorithms=FAMILY),
            )
            for name in FAMILY
        ),
    ]
