"""Peers give the gradients of ours, or say why they cannot; nothing is imported before one is prepared."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from bptt_rnn.gradients import Gradients
from bptt_rnn.gradients.batched import batched
from bptt_rnn.peers import PEERS, Peer, interface, torch_compiled, torch_rnn

from tests.rnn.problems import TOLERANCE, Problem, worst_error

SIZES = [(1, 1, 1, 1), (3, 2, 5, 7), (40, 12, 9, 16), (300, 17, 31, 4)]
LIBRARIES = ("torch", "jax", "jaxlib")


@pytest.fixture(params=PEERS.values(), ids=list(PEERS))
def peer(request: pytest.FixtureRequest) -> Peer:
    found: Peer = request.param
    reason = found.missing()
    if reason is not None:
        pytest.skip(reason)
    return found


@pytest.mark.filterwarnings("ignore")  # of libraries, about themselves
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_a_peer_gives_our_loss_and_our_gradients(peer: Peer, sizes: tuple[int, int, int, int]) -> None:
    problem = Problem.draw(*sizes, seed=sum(sizes), dtype=np.float32)
    loss, expected = batched(problem.params, problem.tokens)
    evaluate = peer.prepare(problem.params, problem.tokens)
    for _ in range(2):  # what is compiled or kept must serve again
        found, gradients = peer.gradients(evaluate())
        assert found == pytest.approx(loss, rel=1e-5)
        assert [a.shape for a in gradients] == [a.shape for a in expected]
        assert all(array.dtype == np.float32 for array in gradients)
        assert worst_error(gradients, expected) < 10 * TOLERANCE[np.dtype(np.float32)]


def test_the_rewritten_recurrence_is_the_same_and_its_gradients_are_turned_back() -> None:
    """The formulas of ``torch_rnn`` without PyTorch: forward by substitution, backward by the chain rule."""
    rng = np.random.default_rng(5)
    H, d = 4, 3
    W_h, W_e, b1, h, e = (rng.normal(size=shape) for shape in ((H, H), (H, d), H, H, d))
    sigmoid = 1 / (1 + np.exp(-(W_h @ h + W_e @ e + b1)))
    W_hh, W_ih, b = W_h / 4, W_e / 2, b1 / 2 + W_h.sum(axis=1) / 4
    tanh = np.tanh(W_hh @ (2 * h - 1) + W_ih @ e + b)
    np.testing.assert_allclose((1 + tanh) / 2, sigmoid, rtol=1e-13)

    weights = rng.normal(size=H)  # the loss is weights · h
    r = weights * sigmoid * (1 - sigmoid)
    expected = Gradients(np.outer([1.0], W_e.T @ r), np.outer(r, e), np.outer(r, h), r, W_h, b1, W_h.T @ r)
    s = weights / 2 * (1 - tanh**2)  # by the argument of tanh
    theirs = (
        *(np.float64(1.0), np.outer([1.0], W_ih.T @ s), np.outer(s, e), np.outer(s, 2 * h - 1), s),
        *(W_h, b1, (W_hh.T @ s)[None]),
    )
    _, turned_back = torch_rnn.gradients(tuple(map(_Tensor, theirs)))
    for ours, back in zip(expected, turned_back, strict=True):
        np.testing.assert_allclose(back, ours, rtol=1e-12, atol=1e-15)


class _Tensor:
    """As much of a tensor as turning gradients back needs."""

    def __init__(self, array: object) -> None:
        self.array = np.asarray(array)

    def detach(self) -> _Tensor:
        return self

    def numpy(self) -> object:
        return self.array

    def __float__(self) -> float:
        return float(self.array)


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interface, "find_spec", lambda _name: None)
    assert {name: peer.missing() for name, peer in PEERS.items()} == {
        "torch eager": "torch is not installed",
        "torch nn.RNN": "torch is not installed",
        "torch.compile": "torch is not installed",
        "jax jit": "jax is not installed",
    }


def test_a_missing_compiler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interface, "find_spec", lambda _name: object())
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert torch_compiled.missing() == "there is no C++ compiler (no-such-compiler)"
    monkeypatch.setenv("CXX", sys.executable)
    assert torch_compiled.missing() is None


def test_asking_what_is_missing_imports_no_library() -> None:
    code = (
        "import sys; from bptt_rnn.peers import PEERS; [peer.missing() for peer in PEERS.values()];"
        f"print([name for name in {LIBRARIES} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(("limit", "expected"), [("2", 2), ("3", 3)])
def test_peers_use_the_threads_of_the_environment(monkeypatch: pytest.MonkeyPatch, limit: str, expected: int) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", limit)
    assert interface.threads() == expected


@pytest.mark.parametrize("limit", ["", "0", "many"])
def test_without_a_number_all_usable_cores_are_used(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", limit)
    assert interface.threads() >= 1
