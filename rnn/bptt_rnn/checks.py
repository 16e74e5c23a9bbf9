"""Deterministic checks of the mathematics: each returns the worst deviation over many random cases.

The caller compares the deviation with an allowed one. Nothing here imports the harness. The algorithms are an argument,
so that tests can show that each check fails for a wrong one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

import numpy as np

from bptt_rnn import cost
from bptt_rnn.gradients import ALGORITHMS, Algorithm, Gradients, forward
from bptt_rnn.layers.steps import sigmoid
from bptt_rnn.model import Array, Params, Tokens, cross_entropy, perplexity

STEP = 1e-3  # of the fourth-order central difference: its error is about step⁴ + 1e-16/step, both near 1e-12 here
DIRECTION_CASES = 20
AGREEMENT_CASES = 40
COUNT_CASES = 200
LONG_EVERY = 10  # one in so many cases of gradients is long
LONG_STEPS = 48  # time steps of a long case: beyond the usual truncations of 20 to 35 steps
RECORDED_STEPS = 5  # of the text whose passes are recorded one by one, for a figure in which each can be seen


Algorithms = Mapping[str, Algorithm]


class Pass(NamedTuple):
    """A backward pass through a time step, and the losses whose errors it carries; both are counted from 1."""

    step: int
    losses: tuple[int, ...]


class Deviation(NamedTuple):
    """The worst deviation, over how many cases, and where; ``passes`` are those that were recorded, by algorithm."""

    worst: float
    cases: int
    detail: str
    passes: Mapping[str, Sequence[Pass]] = {}


class Meter(Protocol):
    """A meter of operations as checks use it: metered arrays go in, counts come out by phase and category."""

    @property
    def counts(self) -> Mapping[str, Mapping[str, int]]: ...

    def metered(self, array: Any) -> Any: ...

    def phase(self, name: str) -> None: ...


def random_case(rng: np.random.Generator, dtype: type[np.floating] = np.float64) -> tuple[Params, Tokens, Array]:
    """Draw parameters, tokens (with repeated ones) and h(0) of small random sizes; any size may be 1."""
    V, d, H, T = (int(rng.integers(1, top)) for top in (40, 12, 12, 16))
    params = Params.init(V, d, H, rng, dtype)
    return params, rng.integers(0, V, T + 1), rng.random(H).astype(dtype)


def long_case(rng: np.random.Generator, dtype: type[np.floating] = np.float64) -> tuple[Params, Tokens, Array]:
    """Draw a case of many time steps in which the first still matters to the last loss.

    W_h is four times a rotation and h stays near ½, where the slope of the sigmoid is ¼, so that a pass back keeps the
    norm of γ. With random weights γ loses a digit at nearly every step, and after some 15 steps no gradient would show
    a missing pass.
    """
    V, d, H = (int(rng.integers(2, top)) for top in (40, 12, 12))
    params = Params.init(V, d, H, rng, dtype)
    rotation = np.linalg.qr(rng.normal(size=(H, H)))[0]
    W_h = np.ascontiguousarray(4 * rotation, dtype)
    params = params._replace(W_h=W_h, W_e=0.1 * params.W_e, b1=-W_h.sum(axis=1) / 2)
    return params, rng.integers(0, V, LONG_STEPS + 1), (0.5 + 0.1 * (rng.random(H) - 0.5)).astype(dtype)


def drawn_cases(
    rng: np.random.Generator, cases: int, dtype: type[np.floating] = np.float64
) -> Iterator[tuple[Params, Tokens, Array]]:
    """Yield random cases, some of them long."""
    for i in range(cases):
        yield long_case(rng, dtype) if i % LONG_EVERY == 0 else random_case(rng, dtype)


def relative_difference(found: Gradients, expected: Gradients, tokens: Tokens, V: int) -> float:
    """Return the largest norm of a difference of gradients, relative to the norm of all of them together."""
    pairs = zip((found.dense_L(tokens, V), *found[1:]), (expected.dense_L(tokens, V), *expected[1:]), strict=True)
    scale = np.sqrt(sum(float(np.sum(np.square(part, dtype=np.float64))) for part in expected))
    return float(max(np.linalg.norm(np.asarray(a, np.float64) - b) for a, b in pairs) / max(scale, 1e-300))


def perplexity_identities(seed: int) -> Deviation:
    """Check (∏ PP)^(1/T) = exp((1/T) Σ J) on random logits, and PP = V, J = log V for a uniform predictor."""
    rng = np.random.default_rng(seed)
    worst = 0.0
    cases = 100
    for _ in range(cases):
        V, T = int(rng.integers(1, 10_001)), int(rng.integers(1, 50))
        logits, targets = rng.normal(0, 3, (T, V)), rng.integers(0, V, T)
        exponentials = np.exp(logits)  # the definition, written out: PP(t) = 1/ŷ_k(t)
        perplexities = exponentials.sum(axis=1) / exponentials[np.arange(T), targets]
        geometric_mean = float(np.prod(perplexities ** (1 / T)))
        found = perplexity(cross_entropy(logits, targets))
        uniform = perplexity(cross_entropy(np.zeros((T, V)), targets))
        worst = max(worst, abs(found / geometric_mean - 1), abs(uniform / V - 1))
    uniform_J = float(cross_entropy(np.zeros((1, 10_000)), np.array([0]))[0])
    return Deviation(worst, cases, f"a uniform predictor of 10 000 words has J = {uniform_J:.4f}")


def gradients_agree(
    algorithm: str, dtype: type[np.floating], seed: int, *, algorithms: Algorithms = ALGORITHMS
) -> Deviation:
    """Compare the gradients of an algorithm with those of ``naive``, relative."""
    rng = np.random.default_rng(seed)
    worst, where = 0.0, ""
    for params, tokens, h0 in drawn_cases(rng, AGREEMENT_CASES, dtype):
        V = len(params.U)
        _, expected = algorithms["naive"](params, tokens, h0)
        _, found = algorithms[algorithm](params, tokens, h0)
        difference = relative_difference(found, expected, tokens, V)
        if difference >= worst:
            worst, where = difference, f"worst at V={V} d={params.L.shape[1]} H={len(h0)} T={len(tokens) - 1}"
    return Deviation(worst, AGREEMENT_CASES, where)


def slope_error(
    loss: Callable[..., float], base: Sequence[Array], slopes: Sequence[Array], rng: np.random.Generator
) -> float:
    """Compare a gradient along one random direction of all arrays with a central difference, relative to its length.

    It is not relative to the slope, because a random direction is almost orthogonal to the gradient.
    """
    directions = [rng.normal(size=array.shape) for array in base]
    norm = np.sqrt(sum(float(np.vdot(direction, direction)) for direction in directions))
    slope = sum(float(np.vdot(g, direction)) for g, direction in zip(slopes, directions, strict=True)) / norm
    length = np.sqrt(sum(float(np.vdot(g, g)) for g in slopes))
    losses = [
        loss(*(array + steps * STEP * v / norm for array, v in zip(base, directions, strict=True)))
        for steps in (1, -1, 2, -2)
    ]
    measured = (8 * (losses[0] - losses[1]) - (losses[2] - losses[3])) / (12 * STEP)
    return float(abs(measured - slope) / max(length, 1e-3))


def gradients_match_differences(algorithm: str, seed: int, *, algorithms: Algorithms = ALGORITHMS) -> Deviation:
    """Compare the slope of the loss along random directions of all parameters with central differences, relative.

    Source: docs/derivation/b-one-step.md and docs/derivation/c-through-time.md.
    """
    rng = np.random.default_rng(seed)
    worst = 0.0
    for params, tokens, h0 in drawn_cases(rng, DIRECTION_CASES):
        _, gradients = algorithms[algorithm](params, tokens, h0)
        V = len(params.U)
        slopes = (gradients.dense_L(tokens, V), *gradients[1:])
        # params: L W_e W_h b1 U b2, then h0, in the order of the gradients
        base = (params.L, params.W_e, params.W_h, params.b1, params.U, params.b2, h0)

        def loss(*arrays: Array, tokens: Tokens = tokens) -> float:
            return algorithms[algorithm](Params(*arrays[:-1]), tokens, arrays[-1])[0]

        worst = max(worst, slope_error(loss, base, slopes, rng))
    return Deviation(worst, DIRECTION_CASES, "along random directions of all parameters at once")


def one_step_formulas(seed: int, *, algorithms: Algorithms = ALGORITHMS) -> Deviation:
    """Check every gradient of a single step: δ hᵀ, δ, W_eᵀ r, r eᵀ, r h(0)ᵀ, r, W_hᵀ r.

    Source: docs/derivation/b-one-step.md.
    """
    rng = np.random.default_rng(seed)
    worst = 0.0
    for _ in range(AGREEMENT_CASES):
        params, tokens, h0 = random_case(rng)
        x, k = int(tokens[0]), int(tokens[1])
        e = params.L[x]
        h = params.W_h @ h0 + params.W_e @ e + params.b1
        sigmoid(h, np.array(0.5))
        delta = np.exp(params.U @ h + params.b2)
        delta /= delta.sum()
        delta[k] -= 1
        r = (params.U.T @ delta) * h * (1 - h)
        expected = Gradients(
            L_rows=(params.W_e.T @ r)[np.newaxis],
            W_e=r[:, np.newaxis] * e,
            W_h=r[:, np.newaxis] * h0,
            b1=r,
            U=delta[:, np.newaxis] * h,
            b2=delta,
            h0=params.W_h.T @ r,
        )
        for algorithm in algorithms.values():
            _, found = algorithm(params, tokens[:2], h0)
            worst = max(worst, relative_difference(found, expected, tokens[:2], len(params.U)))
    return Deviation(worst, AGREEMENT_CASES * len(algorithms), "all seven gradients of one step")


def passes(algorithm: str, T: int, algorithms: Algorithms = ALGORITHMS) -> list[Pass]:
    """Return the backward passes that an algorithm makes over T steps, in order, as it reports them while it runs.

    >>> passes("naive", 2)
    [Pass(step=1, losses=(1,)), Pass(step=2, losses=(2,)), Pass(step=1, losses=(2,))]
    >>> passes("aggregated", 2)
    [Pass(step=2, losses=(2,)), Pass(step=1, losses=(1, 2))]
    """
    rng = np.random.default_rng(0)
    seen: list[Pass] = []

    def on_pass(losses: Sequence[int], step: int) -> None:
        seen.append(Pass(step, tuple(losses)))

    algorithms[algorithm](Params.init(5, 3, 4, rng), rng.integers(0, 5, T + 1), on_pass=on_pass)
    return seen


def passes_match(algorithm: str, _seed: int, *, algorithms: Algorithms = ALGORITHMS) -> Deviation:
    """Compare the number of backward passes with T (T + 1)/2 and T, for every T from 1 to 40."""
    sizes = range(1, 41)
    worst = max(abs(len(passes(algorithm, T, algorithms)) - cost.passes(algorithm, T)) for T in sizes)
    recorded = {algorithm: passes(algorithm, RECORDED_STEPS, algorithms)}
    return Deviation(worst, len(sizes), f"T = 1 to {sizes[-1]}", recorded)


def count_operations(
    run: Callable[..., object], make_meter: Callable[[], AbstractContextManager[Meter]], params: Any, tokens: Tokens
) -> Mapping[str, Mapping[str, int]]:
    """Return the operations of one evaluation by phase and category, counted from the calls that it makes.

    Parameters
    ----------
    run : an algorithm, or ``forward``.
    params, tokens : what it is called with.
    """
    with make_meter() as meter:
        run(type(params)(*map(meter.metered, params)), meter.metered(tokens), phase=meter.phase)
    return meter.counts


def counts_match(
    algorithm: str,
    make_meter: Callable[[], AbstractContextManager[Meter]],
    seed: int,
    *,
    algorithms: Mapping[str, Callable[..., object]] = ALGORITHMS,
    form: cost.Cost | None = None,
    draw: Callable[..., Any] = Params.init,
    most_steps: int = 11,
) -> Deviation:
    """Compare the operations counted from the calls of the timed code with the closed form, as integers.

    Parameters
    ----------
    form : by default that of the name.
    draw : makes the parameters from V, d, H and a generator.
    most_steps : time steps of the longest case.
    """
    known = form or cost.cost_of(algorithm)
    rng = np.random.default_rng(seed)
    run: Callable[..., object] = forward if algorithm == "forward" else algorithms[algorithm]
    worst, where = 0, "every phase and category equal"
    for _ in range(COUNT_CASES):
        V, d, H, T = (int(rng.integers(1, top)) for top in (60, 14, 14, most_steps + 1))
        params, tokens = draw(V, d, H, rng), rng.integers(0, V, T + 1)
        counts = count_operations(run, make_meter, params, tokens)
        expected = known.counted(V, d, H, T, workspace_ready=False)
        for phase in {*expected, *counts}:
            stated, found = expected.get(phase, {}), counts.get(phase, {})
            for category in {*stated, *found}:
                difference = abs(stated.get(category, 0) - found.get(category, 0))
                if difference > worst:
                    worst, where = difference, f"worst: {phase}/{category} at V={V} d={d} H={H} T={T}"
    return Deviation(worst, COUNT_CASES, where)


class Check(NamedTuple):
    """A check of an experiment: its name, its subject, the statement, and the largest deviation allowed."""

    name: str
    subject: str
    statement: str
    allowed: float
    measure: Callable[[int], Deviation]  # called with the seed of the run


def all_checks(
    make_meter: Callable[[], AbstractContextManager[Meter]], algorithms: Algorithms = ALGORITHMS
) -> list[Check]:
    """Return every check of some algorithms; the names do not depend on them."""

    def check(name: str, subject: str, statement: str, allowed: float, measure: Any, *args: Any) -> Check:
        return Check(name, subject, statement, allowed, functools.partial(measure, *args, algorithms=algorithms))

    identities = "(∏ PP)^(1/T) = exp((1/T) Σ J), and a uniform predictor has PP = V"
    slope = "the gradient is the slope of the loss"
    counted = "every phase and category of operation, as integers"
    made = "passes really made, for T from 1 to 40"
    same = "the same gradients as naive"
    return [
        Check("perplexity", "model", identities, 1e-12, perplexity_identities),
        check("gradients of one step", "all", "∂J/∂U = δ hᵀ, … (claim b)", 1e-12, one_step_formulas),
        *(
            check(f"gradients of {name} = central difference", name, slope, 1e-7, gradients_match_differences, name)
            for name in algorithms
        ),
        *(
            check(f"gradients of {name} = naive, {kind.name}", name, same, allowed, gradients_agree, name, kind.type)
            for name in ("aggregated", "batched", "naive-textbook")
            for kind, allowed in ((np.dtype(np.float64), 1e-12), (np.dtype(np.float32), 2e-5))
        ),
        *(
            check(f"operations of {name} = closed form", name, counted, 0, counts_match, name, make_meter)
            for name in cost.SUBJECTS
        ),
        *(
            check(f"backward passes of {name} = {form}", name, made, 0, passes_match, name)
            for name, form in (
                *(("naive", "T(T+1)/2"), ("aggregated", "T"), ("batched", "T")),
                ("naive-textbook", "T(T+1)/2"),
            )
        ),
    ]
