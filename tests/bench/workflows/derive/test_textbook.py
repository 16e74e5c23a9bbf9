"""Laws that are derived from NumPy code equal the counts of textbooks, as formulas."""

from __future__ import annotations

import pytest
from bptt_bench.analyse.derive.exact_law import make_symbols
from bptt_bench.analyse.derive.proof import canonical
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import CostLaw
from bptt_bench.plan.experiment.builder import experiment
from bptt_bench.workflows.derive.derive import derive_experiment

from tests.bench.workflows.derive.textbook import TEXTBOOK, Textbook


@pytest.mark.parametrize("book", TEXTBOOK, ids=lambda book: book.prepare.__name__)
def test_a_derived_law_equals_the_textbook(book: Textbook) -> None:
    levels = {name: [16, 32, 64] if name in "nm" else [2, 4, 8] for name in book.factors}
    made = experiment(book.prepare, law="*".join(book.factors), bound=None, factors=levels)
    derivation = derive_experiment(made, largest=book.largest, clock=FakeClock(seconds_per_reading=1e-4))
    (found,) = derivation.subjects
    symbols = make_symbols(book.factors)
    assert found.stop is None
    for category, text in book.counts.items():
        law = found.law(None, category)
        assert law is not None, (category, [str(one.found) for one in found.counts])
        stated = CostLaw(f"1*({text})").expression()
        renamed = stated.subs({old: symbols[old.name] for old in stated.free_symbols})
        derived = law.expression(symbols)
        if any(one.found.powers_of_two for one in found.counts):  # at which logarithms are whole
            import sympy

            derived = derived.replace(sympy.ceiling, lambda x: x).replace(sympy.floor, lambda x: x)
        assert canonical(derived - renamed) == 0, (category, str(law))
