"""A model's numbers over its seeds, and which models are best."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reparam.evaluation.columns.card import TableCard
from reparam.evaluation.likelihood.values import values_of
from reparam.evaluation.samples.scorecard import Score, Scorecard
from reparam.studies.differences import Seen
from reparam.studies.results import Result, Results
from reparam.studies.standing import Standing, standing

APART = 2.0
"""Standard errors by which two numbers of one model must differ to be told apart; see ``standing`` for models."""
LIKELIHOOD = "log p(x)"


@dataclass(frozen=True)
class Summary:
    """A measure of a model.

    Attributes:
        value: mean over seeds.
        error: with one seed the measure's own standard error, with more the standard deviation over seeds; or None.
        seen: the same, seed by seed, as it is compared with other models.
        values: those of each seed.
    """

    value: float
    error: float | None
    seen: Seen
    values: Mapping[int, float]

    @property
    def gap(self) -> float:
        """How far the mean is from the best possible value: the less, the better."""
        return self.seen.gap

    def apart(self, other: "Summary") -> bool:
        """Whether two measures of one model differ by more than two standard errors."""
        return abs(self.value - other.value) > APART * math.hypot(self.error or 0.0, other.error or 0.0)


def summarize(values: Mapping[int, float], seen: Seen) -> Summary:
    """One number of several seeds.

    >>> summarize({0: 1.0, 1: 3.0}, Seen({0: 1.0, 1: 3.0}, {0: 0.1, 1: 0.1})).error
    1.4142135623730951
    """
    error = next(iter(seen.errors.values())) if len(values) == 1 else statistics.stdev(values.values())
    return Summary(statistics.fmean(values.values()), error, seen, values)


def scores_of(cards: Mapping[int, Scorecard]) -> dict[str, Summary]:
    """Each measure of the cards of one model, which are given by seed."""
    return summaries_of(cards)


def summaries_of(cards: Mapping[int, Scorecard | TableCard]) -> dict[str, Summary]:
    """The same of cards of any kind; a measure that some seed has not is left out."""
    rows = {seed: {score.name: score for score in card.scores()} for seed, card in cards.items()}
    names = [name for name in next(iter(rows.values()), {}) if all(name in row for row in rows.values())]
    count = min((card.conditions.n for card in cards.values()), default=None)
    return {name: _summary({seed: row[name] for seed, row in rows.items()}, count) for name in names}


def _summary(scores: Mapping[int, Score], count: int | None) -> Summary:
    first = next(iter(scores.values()))
    gaps = {seed: score.gap for seed, score in scores.items()}
    errors = {seed: score.standard_error for seed, score in scores.items()}
    return summarize(
        {seed: score.value for seed, score in scores.items()}, Seen(gaps, errors, first.worst_gap, count=count)
    )


OTHERS = 1_000_000
"""Added to a seed that a run of the same name has already: runs that were trained apart may have both alike."""


def by_seed(group: Sequence[Result]) -> dict[int, Result]:
    """The runs of one model by the seeds that they were trained with."""
    found: dict[int, Result] = {}
    for result in group:
        seed = result.run.config.training.seed
        while seed in found:
            seed += OTHERS
        found[seed] = result
    return found


def scores(results: Results) -> dict[str, dict[str, Summary]]:
    """Each model's measures; models that could not be measured are left out."""
    found = {
        name: scores_of({seed: one.card for seed, one in by_seed(group).items() if one.card is not None})
        | summaries_of({seed: one.table for seed, one in by_seed(group).items() if one.table is not None})
        for name, group in results.groups.items()
    }
    return {name: row for name, row in found.items() if row}


def likelihoods(results: Results) -> dict[str, Summary]:
    """Each model's mean log p(x) in nats, of those that have one; the gap is its negative."""
    return {name: summary for name, group in results.groups.items() if (summary := _likelihood(group)) is not None}


def comparable(results: Results) -> dict[str, dict[str, Summary]]:
    """The models that have a likelihood, by what it is of."""
    found: dict[str, dict[str, Summary]] = {}
    for name, summary in likelihoods(results).items():
        found.setdefault(values_of(results.groups[name][0].run), {})[name] = summary
    return found


def _likelihood(group: Sequence[Result]) -> Summary | None:
    found = {seed: one.likelihood for seed, one in by_seed(group).items() if one.likelihood is not None}
    if not found:
        return None
    seen = Seen(
        {seed: -one.mean for seed, one in found.items()},
        {seed: math.hypot(one.standard_error, one.monte_carlo_error) for seed, one in found.items()},
        examples={seed: -one.values for seed, one in found.items()},
        count=min(one.examples for one in found.values()),
    )
    return summarize({seed: one.mean for seed, one in found.items()}, seen)


def standings(results: Results) -> dict[str, Standing]:
    """How the models stand by each measure, log p(x) of the same values first, by what is measured.

    A log p(x) that rests on a few draws is compared with none: it is a bound that nobody knows the distance of.
    """
    table, groups = scores(results), comparable(results)
    poor = {result.name for result in results.finished if result.likelihood and not result.likelihood.trusted}
    several = len(groups) > 1
    found = {
        f"{LIKELIHOOD}, {values}" if several else LIKELIHOOD: standing(_seen(group, poor))
        for values, group in groups.items()
    }
    measures = dict.fromkeys(measure for row in table.values() for measure in row)
    return found | {
        measure: standing({name: row[measure].seen for name, row in table.items() if measure in row})
        for measure in measures
    }


def _seen(group: Mapping[str, Summary], without: set[str]) -> dict[str, Seen]:
    return {name: summary.seen for name, summary in group.items() if name not in without}
