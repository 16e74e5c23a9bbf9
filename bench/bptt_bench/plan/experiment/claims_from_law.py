"""Makes the claims of a law: the response follows it, and in detail each of its terms grows as written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bptt_bench.plan.claims.claim import Bound, Claim, DetailClaim, LawClaim
from bptt_bench.plan.design.columns import SCRATCH, SECONDS_PER_EVAL, count_column, counted_of
from bptt_bench.plan.design.design import Point
from bptt_bench.plan.experiment.experiment import Experiment
from bptt_bench.plan.experiment.subject import Subject
from bptt_bench.plan.law.law import CostLaw, Term
from bptt_bench.plan.law.wording import drop_absent_factors, format_law_term
from bptt_bench.text.wording import join_names

# Half a power: nearer to the law than to the next whole one. Eleven functions that keep their law were timed over five
# sizes, 22 times each, mostly beside other work. Caches and branch prediction alone raise the exponent: of `sorted` by
# 0.24 over n*log(n), of building a dictionary by 0.36, of `numpy.unique` by 0.34 (medians). A margin of 0.15 refuted 14
# of the 242 true laws, 0.25 four, 0.3 two, 0.4 one, and 0.5 none. Look-ups in sets of 10³ to 10⁶, which should cost the
# same everywhere, grew by exponents up to 0.15: at the margin of no growth 40 of 44 runs were supported, none refuted.
MARGIN, MARGIN_OF_NO_GROWTH = 0.5, 0.25
NO_GROWTH = 1e-9  # an exponent that is 0 but for the rounding of a numerical derivative
SAME_EXPONENT = 0.05  # exponents that differ by less are claimed together: no data could distinguish their terms
MARGIN_OF_WORK = 0.05  # of a law as a whole, by counts: these have next to no noise
STATED = {"tight": "follows", "upper": "grows at most as", "lower": "grows at least as"}
FOLLOWS = {"tight": "follows", "upper": "at most", "lower": "at least"}


def claim_laws(
    subject: Subject, prefix: str, bound: Bound, margin: float | None, work: Sequence[str] = ()
) -> Iterator[LawClaim]:
    """Yield the claims that time, memory and counts of a subject follow their laws.

    Parameters
    ----------
    margin : of exponents; None: 0.25, and 0.05 for counts where that decides.
    work : further responses that count the work, beside the counts that have the law of the time.
    """
    counts = {count_column(name): law for name, law in subject.count_laws.items()}
    laws = {SECONDS_PER_EVAL: subject.law, SCRATCH: subject.memory_law, **counts}
    alike = [name for name, law in counts.items() if subject.law is not None and law.text == subject.law.text]
    for response, law in laws.items():
        if law is None:
            continue
        spoken, short = describe_response(response)
        text = " + ".join(drop_absent_factors(str(term)) for term in law.terms)
        of_work = MARGIN_OF_WORK if margin is None else margin if response in counts else min(margin, MARGIN_OF_WORK)
        yield LawClaim(
            name=f"{prefix}{short}{FOLLOWS[bound]} {text}",
            subject=subject.name,
            statement=f"{spoken[:1].upper()}{spoken[1:]} {STATED[bound]} {text}",
            response=response,
            work=tuple(dict.fromkeys([*work, *alike])) if response == SECONDS_PER_EVAL else (),
            margin=MARGIN_OF_NO_GROWTH if margin is None else margin,
            work_margin=of_work,
            bound=bound,
        )


def name_all_factors(law: CostLaw, factors: Sequence[str]) -> CostLaw:
    """Return the law with ``name**0`` in its first term for each factor that it does not name.

    This states what leaving a factor out means, and lets the fit test it.
    """
    absent = [f"{name}**0" for name in factors if name not in law.factors]
    first, *others = map(str, law.terms)
    start = [] if not law.terms[0].factors and float(law.terms[0].evaluate({})) == 1 and absent else [first]
    return CostLaw(" + ".join(["*".join([*start, *absent]), *others]))


def with_details(experiment: Experiment, *, only: bool = False) -> Experiment:
    """Return an experiment with what its laws say in detail, each behind the law; with ``only`` in its place."""
    claims: list[Claim] = []
    for claim in experiment.claims:
        if not isinstance(claim, LawClaim):
            claims.append(claim)
            continue
        claims += [] if only else [claim]
        claims += _details(experiment, claim)
    return replace(experiment, claims=tuple(claims))


def _details(experiment: Experiment, claim: LawClaim) -> list[DetailClaim]:
    subject = experiment.subject_of(claim.subject)
    law = None if subject is None else law_of(subject, claim.response)
    if subject is None or law is None:
        return []
    numbers = [factor.name for factor in experiment.factors if not factor.is_category]
    cells = next(iter(experiment.profiles.values())).cells([subject.name])
    points = list(dict.fromkeys(Point({name: point[name] for name in numbers}) for _, point in cells))
    is_count = counted_of(claim.response) is not None
    stated = claim.work_margin if is_count else claim.margin
    margin = None if stated == MARGIN_OF_NO_GROWTH else stated
    made = DetailMaker(points=points, bound=claim.bound, margin=margin).make_claims(claim.subject, claim.response, law)
    prefix = f"{claim.subject}: " if len(experiment.subjects) > 1 else ""
    return [
        replace(one, name=prefix + one.name, margin=one.margin * (max(_power(one), 1.0) if is_count else 1.0))
        for one in made
    ]


def law_of(subject: Subject, response: str) -> CostLaw | None:
    """Return the law that a subject states for a response, if any."""
    if response in (SECONDS_PER_EVAL, SCRATCH):
        return subject.law if response == SECONDS_PER_EVAL else subject.memory_law
    return subject.count_laws.get(counted_of(response) or "")


def _power(claim: DetailClaim) -> float:
    terms = CostLaw(" + ".join(claim.terms))
    return sum(terms.local_exponent(name, claim.at) for name in claim.factors)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailMaker:
    """Makes claims on the terms of a law, each at the point where it can be judged best with coefficients of 1."""

    points: Sequence[Point]
    bound: Bound
    margin: float | None

    def make_claims(self, subject: str, response: str, law: CostLaw) -> Iterator[DetailClaim]:
        """Yield a claim for each factor and the terms that grow alike with it.

        Terms that do not have the factor are claimed not to grow with it: without that, all exponents of n + m could
        be met by n·m, which along each factor alone grows in the same way.
        """
        for factor in [name for name in self.points[0] if name in law.factors]:
            for exponent, terms in self._group_terms(law, factor):
                if self.bound != "lower" or exponent > NO_GROWTH:  # a lower bound of no growth claims nothing
                    yield self._make_claim(subject, response, law, [factor], terms, exponent)
        yield from self._joint_claims(subject, response, law)

    def _make_claim(
        self,
        subject: str,
        response: str,
        law: CostLaw,
        factors: Sequence[str],
        terms: Sequence[Term],
        exponent: float,
    ) -> DetailClaim:
        part = " + ".join(format_law_term(term) for term in terms)
        whole = len(terms) == len(self._varying_terms(law))
        spoken, short = describe_response(response)
        does = "grows" if exponent > NO_GROWTH else "does not grow"
        as_what = "" if exponent <= NO_GROWTH else f" as {part}" if whole else " as written"
        names = join_names(factors)
        of = f"{spoken[:1].upper()}{spoken[1:]}" if whole else f"The part {part} of {spoken}"
        return DetailClaim(
            name=f"{short}exponent of {names}{'' if whole else f' in {part}'}",
            subject=subject,
            statement=f"{of} {does} with {names}{as_what}{' if they grow alike' if len(factors) > 1 else ''}",
            factor=factors[0],
            together_with=tuple(factors[1:]),
            terms=tuple(map(str, terms)),
            at=self._best_point(law, terms),
            response=response,
            margin=self.margin or (MARGIN if exponent > NO_GROWTH else MARGIN_OF_NO_GROWTH),
            bound=self.bound,
        )

    def _joint_claims(self, subject: str, response: str, law: CostLaw) -> Iterator[DetailClaim]:
        """Yield the claim on growth with all factors together, which distinguishes n·m from n + m."""
        terms = self._varying_terms(law)
        at = self._best_point(law, terms)
        named = [name for name in self.points[0] if name in law.factors]
        factors = [name for name in named if any(term.local_exponent(name, at) > NO_GROWTH for term in terms)]
        if len(factors) > 1:
            yield self._make_claim(subject, response, law, factors, terms, 1.0)

    def _group_terms(self, law: CostLaw, factor: str) -> list[tuple[float, list[Term]]]:
        """Group the terms of a law by how they grow with a factor where they are judged, the fastest first."""
        terms = self._varying_terms(law)
        found = sorted(
            ((term.local_exponent(factor, self._best_point(law, [term])), term) for term in terms),
            key=lambda one: -one[0],
        )
        groups: list[tuple[float, list[Term]]] = []
        for exponent, term in found:
            if groups and groups[-1][0] - exponent < SAME_EXPONENT:
                groups[-1][1].append(term)
            else:
                groups.append((exponent, [term]))
        order = [str(term) for term in law.terms]
        return [(exponent, sorted(group, key=lambda term: order.index(str(term)))) for exponent, group in groups]

    def _varying_terms(self, law: CostLaw) -> list[Term]:
        """Return the terms that vary among the points; all of them if none varies."""
        return [term for term in law.terms if not is_constant(term, self.points)] or list(law.terms)

    def _best_point(self, law: CostLaw, terms: Sequence[Term]) -> Point:
        """Return the point at which some terms have their largest share; among equals, the largest point."""
        columns = term_values(law, self.points)
        members = [str(term) for term in terms]
        mine = columns[:, [str(term) in members for term in law.terms]].sum(axis=1)
        shares = mine / (columns.sum(axis=1) + 1)
        best = np.flatnonzero(shares >= shares.max() * (1 - 1e-9))
        sizes = [(float(mine[i]), math.prod(self.points[int(i)].values()), int(i)) for i in best]
        return self.points[max(sizes)[-1]]


def describe_response(response: str) -> tuple[str, str]:
    """Return a response for a sentence and as the prefix of a claim's name, which is empty for time.

    >>> describe_response("seconds_per_eval"), describe_response("steps_count")
    (('the time', ''), ('the number of steps', 'steps, '))
    """
    if response == SECONDS_PER_EVAL:
        return "the time", ""
    if response == SCRATCH:
        return "the memory", "memory, "
    name = counted_of(response) or response
    return f"the number of {name}", f"{name}, "


def term_values(law: CostLaw, points: Sequence[Point]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the terms of a law at points, as an array (n_points, n_terms)."""
    with np.errstate(all="ignore"):  # callers check for undefined values
        return law.columns({name: np.array([point[name] for point in points], dtype=np.float64) for name in points[0]})


def is_constant(term: Term, points: Sequence[Point]) -> bool:
    """Return whether a term is the same at all points."""
    column = term_values(CostLaw(str(term)), points)[:, 0]
    return bool(np.ptp(column) <= 1e-12 * np.abs(column).max())
