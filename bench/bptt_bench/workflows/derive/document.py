"""A derivation as a JSON document."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bptt_bench.analyse.derive.exact_law import ExactLaw
from bptt_bench.analyse.derive.relations import DominantTerm, Relation, dominant_term, formula_text, relations
from bptt_bench.analyse.derive.search import Nearest
from bptt_bench.workflows.derive.derive import Derivation, DerivedCount, DerivedSubject, leading_category


@dataclass(frozen=True, slots=True)
class DerivedLaws:
    """The derived laws of an experiment's subjects; ``at`` are sizes at which the largest term of each law is named."""

    derivation: Derivation
    at: Sequence[Mapping[str, int]] = ()

    def law(self, subject: str | None = None, category: str | None = None, phase: str | None = None) -> ExactLaw | None:
        """Return the law of a count; None if there is none.

        Parameters
        ----------
        subject : the first by default.
        category : products by default, or what alone was counted.
        phase : all phases together by default.

        Examples
        --------
        >>> import bptt_bench as bench
        >>> laws = bench.derive("examples.matrix_product")  # doctest: +SKIP
        >>> str(laws.law(category="multiply_adds"))  # doctest: +SKIP
        'k*m*n'
        """
        named = self.derivation.subjects[0] if subject is None else self.derivation.subject(subject)
        wanted = leading_category(self.derivation) if category is None else category
        if named is None or wanted is None or not any(one.category == wanted for one in named.counts):
            return None
        return named.law(phase, wanted)

    def to_json(self) -> dict[str, Any]:
        """Return the document that ``bptt-bench derive --json`` writes."""
        return to_document(self.derivation, self.at)

    def __repr__(self) -> str:
        lines = [f"DerivedLaws of {self.derivation.experiment.name}"]
        for one in self.derivation.subjects:
            for count in one.counts:
                where = ", ".join(filter(None, (one.name, count.phase, count.category)))
                lines.append(f"  {where}: {'not found' if count.found.law is None else count.found.law}")
        return "\n".join(lines)


def to_document(derivation: Derivation, at: Sequence[Mapping[str, int]] = ()) -> dict[str, Any]:
    """Return a derivation as plain data; ``at`` are sizes at which the largest term of each law is named."""
    category = leading_category(derivation)
    names = [factor.name for factor in derivation.experiment.factors if not factor.is_category]

    def law_of(name: str, phase: str | None) -> Any:
        found = derivation.subject(name)
        return None if found is None or category is None else found.law(phase, category)

    found = relations(derivation.experiment.claims, law_of, names)
    return {
        "experiment": derivation.experiment.name,
        "evaluation": "first" if derivation.first else "later",
        "subjects": [_subject(one, category, at) for one in derivation.subjects],
        "relations": [_relation(one, category) for one in found],
    }


def _subject(one: DerivedSubject, category: str | None, at: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    return {
        "subject": one.name,
        "levels": dict(one.levels),
        "factors": list(one.factors),
        "evaluations": one.evaluations,
        "seconds": one.seconds,
        "stopped_by": None if one.stop is None else {"kind": one.stop.kind, "detail": one.stop.detail},
        "failure": one.failure,
        "same_inputs": one.same_inputs,
        "counts": [_count(count) for count in one.counts],
        "totals": _totals(one, category, at),
    }


def _count(count: DerivedCount) -> dict[str, Any]:
    found = count.found
    law = found.law
    return {
        "phase": count.phase,
        "category": count.category,
        "law": None if law is None else str(law),
        "leading": None if law is None else str(law.leading_terms()),
        "determined_by": found.determined_by,
        "confirmed_at": found.confirmed_at,
        "largest": dict(found.largest),
        "powers_of_two": list(found.powers_of_two),
        "stated": None if count.stated is None else formula_text(count.stated),
        "comparison": None if count.comparison is None else count.comparison.value,
        "obstacle": None if found.obstacle is None else found.obstacle.value,
        "differs_at": None if found.differs_at is None else dict(found.differs_at),
        "nearest": None if found.nearest is None else _nearest(found.nearest),
        "spread": [dataclasses.asdict(each) for each in count.spread],
        "growth": [{**dataclasses.asdict(each), "between": list(each.between)} for each in count.growth],
        "mean_laws": [dataclasses.asdict(each) for each in count.mean_laws],
    }


def _nearest(nearest: Nearest) -> dict[str, Any]:
    return {
        "law": str(nearest.law),
        "holds_at": nearest.holds_at,
        "of": nearest.of,
        "first_failure": dict(nearest.first_failure),
        "deviation": nearest.deviation,
        "deviates_at": dict(nearest.deviates_at),
    }


def _totals(one: DerivedSubject, category: str | None, at: Sequence[Mapping[str, int]]) -> list[dict[str, Any]]:
    """Return the law of the main category over all phases, with its largest terms."""
    law = None if category is None or category not in one.categories else one.law(None, category)
    if law is None:
        return []
    dominant = [dominant_term(law, sizes) for sizes in at]
    return [
        {
            "category": category,
            "law": str(law),
            "leading": str(law.leading_terms()),
            "dominant": [_dominant(each) for each in dominant if each is not None],
        }
    ]


def _dominant(one: DominantTerm) -> dict[str, Any]:
    return {"at": dict(one.at), "term": one.term, "share": one.share}


def _relation(one: Relation, category: str | None) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "category": category,
        "subject": one.subject,
        "over": one.over,
        "less": one.less,
        "factor": one.factor,
        "found": one.found,
        "stated": one.stated,
        "comparison": None if one.comparison is None else one.comparison.value,
    }
