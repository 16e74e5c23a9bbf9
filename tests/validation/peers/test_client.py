"""Other tools behind a pipe: what is asked, what becomes of the answer, and of one that does not come."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from bptt_bench.plan import Point
from bptt_bench.validation.simulate import DESIGNS, Setting, simulate

from tests.validation.cells import Cell
from tests.validation.made import bench
from tests.validation.peers import server
from tests.validation.peers.answer import levels_of
from tests.validation.peers.client import PeerError, PeerGone, Remote, Server
from tests.validation.work import work

ROOT = Path(__file__).resolve().parents[3]
INSTALLED = ROOT / ".venv-extrap" / "bin" / "python"
SETTING = Setting(law="naive", design="23", noise=0.0)
SMALL = Cell(index=0, setting=SETTING, orders=False, step=False, others=True)
FAR = Point(V=32400, d=1024, H=1024, T=1296)


class Fake:
    """A server that has one answer and keeps what it was asked."""

    def __init__(self, **answer: Any) -> None:
        self.answer = {"seconds_at": [1.0], "seconds_per_fit": 0.5, "order": [2.0, 0.0], "model": "T^2"} | answer
        self.asked: dict[str, Any] = {}

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked = json.loads(json.dumps(request))
        return self.answer


def remote(fake: Fake) -> Any:
    return Remote(tool="big_o", server=fake)  # type: ignore[arg-type]  # it has the one method that is used


def test_every_point_and_sample_is_handed_on() -> None:
    frame, _ = simulate(SETTING, np.random.default_rng(3))
    fake = Fake()
    remote(fake)(frame, SETTING, [FAR])
    assert fake.asked["points"] == [[point[name] for name in ("V", "d", "H", "T")] for point in DESIGNS["23"].points]
    assert np.array(fake.asked["samples"]).shape == (23, 5)
    assert np.array(fake.asked["samples"]).ravel().tolist() == frame["seconds_per_eval"].tolist()
    assert fake.asked["asked"] == [[32400, 1024, 1024, 1296]]


@pytest.mark.parametrize(
    ("law", "order", "word"),
    [
        ("naive", [2.0, 0.0], "this"),
        ("naive", [1.0, 0.0], "other"),
        ("naive", [2.0, 1.0], "other"),
        ("aggregated", [1.0, 0.0], "this"),
        ("aggregated", [1.25, 0.0], "other"),
        ("aggregated", None, "undetermined"),
    ],
)
def test_an_order_is_right_wrong_or_not_named(law: str, order: list[float] | None, word: str) -> None:
    frame, _ = simulate(SETTING, np.random.default_rng(3))
    setting = Setting(law=law, design="23", noise=0.0)
    assert remote(Fake(order=order))(frame, setting, [FAR]).orders == {"its own": word}


def test_what_a_tool_does_not_say_is_not_a_number() -> None:
    frame, _ = simulate(SETTING, np.random.default_rng(3))
    assert np.isnan(remote(Fake(seconds_at=[None]))(frame, SETTING, [FAR]).seconds_at).all()


def test_an_environment_without_the_tools_is_reported() -> None:
    with pytest.raises(PeerError, match=r"hello: PackageNotFoundError.*extrap"):
        Server(Path(sys.executable))


def test_a_python_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(PeerError, match="does not start"):
        Server(tmp_path / "python")


def reported(peer: Any) -> Any:
    """What is kept of a peer's answer to one table."""
    return work(SMALL, 0, 5, replace(bench(), peers={"big_o": peer}))["tools"]["big_o"]


def test_a_tool_that_fails_is_kept_as_failed_but_a_process_that_ended_is_not() -> None:
    def failing(*_: Any) -> Any:
        raise PeerError("big_o: LinAlgError")

    def gone(*_: Any) -> Any:
        raise PeerGone("big_o: its process ended with status 1")

    assert reported(failing) == {"failed": "big_o: LinAlgError"}
    with pytest.raises(PeerGone):
        reported(gone)


def test_a_process_that_ends_while_it_is_asked_is_reported(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nread line; echo '{}'; read line; exit 3\n")
    python.chmod(0o755)
    with Server(python) as ending, pytest.raises(PeerGone, match=r"big_o: its process ended"):
        ending.ask({"tool": "big_o"})


def test_a_server_tells_what_went_wrong_instead_of_ending() -> None:
    assert json.loads(server.answer("{")) == {"error": "JSONDecodeError: " + _message("{")}
    assert json.loads(server.answer('{"tool": "sloc"}')) == {"error": "KeyError: 'sloc'"}


def _message(text: str) -> str:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(text)
    return str(caught.value)


def test_the_order_of_extra_p_is_read_from_its_model() -> None:
    simple = [SimpleNamespace(term_type="polynomial", exponent=1.5), SimpleNamespace(term_type="logarithm", exponent=1)]
    term = SimpleNamespace(parameter_term_pairs=[(0, None), (3, SimpleNamespace(simple_terms=simple))])
    function = SimpleNamespace(compound_terms=[term])
    assert server.extra_p_order(function, 3) == [1.5, 1.0]
    assert server.extra_p_order(function, 2) == [0.0, 0.0]


@pytest.mark.skipif(not INSTALLED.is_file(), reason="needs the environment that `make validate` makes")
def test_the_real_tools_find_what_they_can_express() -> None:
    """A product of powers is what Extra-P models, a line what big_O does: exact data give it back."""
    frame, _ = simulate(SETTING, np.random.default_rng(3), disturbed=0.0)
    setting = Setting(law="aggregated", design="23", noise=0.0)
    levels = {name: frame[name].to_numpy() for name in "VdHT"}
    frame["seconds_per_eval"] = 1e-9 * levels["V"] * levels["H"] * levels["T"]
    along = Point(V=900, d=64, H=64, T=1296)
    with Server(INSTALLED) as real:
        assert set(real.versions) == {"extrap", "big-o", "numpy"}
        extra_p = Remote(tool="extra_p", server=real)(frame, setting, [FAR, along])
        big_o = Remote(tool="big_o", server=real)(frame, setting, [FAR, along])
    exact = 1e-9 * np.array([32400 * 1024 * 1296, 900 * 64 * 1296])
    assert list(extra_p.orders.values()) == list(big_o.orders.values()) == ["this"]
    assert extra_p.seconds_at == pytest.approx(exact)
    assert np.isnan(big_o.seconds_at[0])
    assert big_o.seconds_at[1] == pytest.approx(exact[1])
    assert levels_of([FAR])["V"].tolist() == [32400]
