"""A model's numbers over its seeds, and which models are best."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reparam.evaluation.samples.scorecard import Score, Scorecard
from reparam.models.protocols import HasLikelihood, can
from reparam.models.vae.likelihoods import Likelihood
from reparam.studies.results import Result, Results

APART = 2.0
"""Standard errors by which two numbers must differ to be told apart."""


@dataclass(frozen=True)
class Summary:
    """A measure of a model.

    Attributes:
        value: mean over seeds.
        error: with one seed the measure's own standard error, with more the standard deviation over seeds; or None.
        gap: how far the mean is from the best possible value: the less, the better.
    """

    value: float
    error: float | None
    gap: float

    def apart(self, other: "Summary") -> bool:
        """Whether the two differ by more than two standard errors."""
        return abs(self.value - other.value) > APART * math.hypot(self.error or 0.0, other.error or 0.0)


def summarize(values: Sequence[float], errors: Sequence[float | None], gaps: Sequence[float]) -> Summary:
    """One number of several seeds.

    >>> summarize([1.0, 3.0], [0.1, 0.1], [1.0, 3.0])
    Summary(value=2.0, error=1.4142135623730951, gap=2.0)
    """
    error = errors[0] if len(values) == 1 else statistics.stdev(values)
    return Summary(statistics.fmean(values), error, statistics.fmean(gaps))


def scores_of(cards: Iterable[Scorecard | None]) -> dict[str, Summary]:
    """Each measure of some cards of one model, by name; empty where a card is missing."""
    rows = [{score.name: score for score in card.scores()} for card in cards if card is not None]
    return {name: _summary([row[name] for row in rows]) for name in (rows[0] if rows else {})}


def _summary(scores: Sequence[Score]) -> Summary:
    return summarize([s.value for s in scores], [s.standard_error for s in scores], [s.gap for s in scores])


def scores(results: Results) -> dict[str, dict[str, Summary]]:
    """Each model's measures; models that could not be measured are left out."""
    found = {name: scores_of(result.card for result in group) for name, group in results.groups.items()}
    return {name: row for name, row in found.items() if row}


def likelihoods(results: Results) -> dict[str, Summary]:
    """Each model's mean log p(x) in nats, of those that have one; the gap is its negative."""
    return {name: summary for name, group in results.groups.items() if (summary := _likelihood(group)) is not None}


def values_of(result: Result) -> str:
    """What a run's log p(x) is of, in words; only numbers of the same compare: a mass is none of a density."""
    model = result.run.model
    likelihood = model.likelihood if can(model, HasLikelihood) and isinstance(model.likelihood, Likelihood) else None
    if likelihood is not None and likelihood.support == "columns":
        return "rows of a table: densities of numbers in their own units and probabilities of the rest"
    if result.run.record.binary:
        return "the probability of values that are 0 or 1"
    levels = 0 if likelihood is None else likelihood.levels
    return f"the probability of one of {levels} values each" if levels else "a density of values as they are"


def comparable(results: Results) -> dict[str, dict[str, Summary]]:
    """The models that have a likelihood, by what it is of."""
    found: dict[str, dict[str, Summary]] = {}
    for name, summary in likelihoods(results).items():
        found.setdefault(values_of(results.groups[name][0]), {})[name] = summary
    return found


def _likelihood(group: Sequence[Result]) -> Summary | None:
    found = [result.likelihood for result in group if result.likelihood is not None]
    if not found:
        return None
    means = [one.mean for one in found]
    return summarize(
        means, [math.hypot(one.standard_error, one.monte_carlo_error) for one in found], [-m for m in means]
    )


def best(table: Mapping[str, Mapping[str, Summary]], measure: str) -> set[str]:
    """The models whose measure is nearest to the best possible value: more than one where they are equal.

    >>> best({"a": {"d": Summary(2, None, 2)}, "b": {"d": Summary(1, None, 1)}}, "d")
    {'b'}
    """
    gaps = {name: row[measure].gap for name, row in table.items() if measure in row}
    return {name for name, gap in gaps.items() if gap == min(gaps.values())}
