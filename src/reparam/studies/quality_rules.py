"""Rules of the conclusion about samples."""

from collections.abc import Sequence

from reparam.pages import nats, percent
from reparam.studies.results import Result, Results
from reparam.studies.summary import Summary, best, scores
from reparam.studies.tables import FIDELITY, last_coverage, measured

SURE = 0.01
"""The p-value at which samples are told from data."""
NARROW = 0.1
"""How far precision and recall differ in a model that is one-sided."""
MANY = 4
"""More missing classes than this are counted, not named."""
RARE = 0.25
"""The share of a class, of what it is among test examples, that is hardly there."""


def closest(results: Results) -> list[str]:
    """Which model's samples are nearest to the data, and whether the next one is worse at all."""
    order = ranked({name: row["Fréchet distance"] for name, row in scores(results).items()})
    if not order:
        return []
    (first, a), *others = order
    floor = "" if results.floor is None else f" (real test examples: {nats(results.floor.frechet.value)})"
    found = f"{code(first)} has the smallest Fréchet distance, {text(a)}{floor}"
    if not others:
        return [f"{found}."]
    second, b = others[0]
    if a.apart(b):
        return [f"{found}; next is {code(second)} with {text(b)}."]
    return [f"{found}, but {code(second)} with {text(b)} cannot be told from it: the gap is within the errors."]


def agreement(results: Results) -> list[str]:
    """Whether the measures of fidelity and coverage prefer the same model."""
    table = scores(results)
    if len(table) < 2:
        return []
    winners = {measure: best(table, measure) for measure in FIDELITY}
    unbeaten = set.intersection(*winners.values())
    if unbeaten:
        return [f"All {len(FIDELITY)} measures of fidelity and coverage put {code(unbeaten.pop())} first."]
    names = sorted(set.union(*winners.values()))
    told = "; ".join(f"{code(name)}: {', '.join(m for m in FIDELITY if name in winners[m])}" for name in names)
    return [f"The measures do not agree on which model is best: {told}."]


def narrowness(results: Results) -> list[str]:
    """Models that are faithful but lack variety, or varied but unfaithful."""
    found = []
    for name, row in scores(results).items():
        precision, recall = row["precision"], row["recall"]
        if abs(precision.value - recall.value) <= NARROW or not precision.apart(recall):
            continue
        narrow = precision.value > recall.value
        words = "more faithful than varied" if narrow else "more varied than faithful"
        found.append(f"{code(name)} is {words}: precision {text(precision)}, recall {text(recall)}.")
    return found


def told_apart(results: Results) -> list[str]:
    """Whether a classifier tells samples from data."""
    cards = [(result, result.card.two_sample) for result in results.finished if result.card is not None]
    alike = [named(result) for result, test in cards if test.p_binomial > SURE]
    if not cards:
        return []
    if alike:
        return [f"A classifier does not tell the samples of {', '.join(alike)} from data."]
    accuracies = [test.accuracy for _, test in cards]
    floor = "" if results.floor is None else f" (real test examples: {percent(results.floor.two_sample.accuracy)})"
    return [
        f"A classifier tells every model's samples from data, right in {percent(min(accuracies))} to "
        f"{percent(max(accuracies))} of the cases, where 50 % is chance{floor}."
    ]


def memorization(results: Results) -> list[str]:
    """Models that repeat training examples."""
    cards = [result for result in results.finished if result.card is not None]
    repeating = [named(result) for result in cards if result.card and result.card.memorizes]
    if repeating:
        return [f"{', '.join(repeating)}: samples repeat training examples; their other numbers say little."]
    return ["No model seems to repeat training examples."] if cards else []


def missing_classes(results: Results) -> list[str]:
    """Digits that a model hardly makes."""
    if results.floor is None or results.floor.classes is None:
        return []
    real, found = results.floor.classes.shares, []
    for result in results.finished:
        shares = {} if result.card is None or result.card.classes is None else result.card.classes.shares
        rare = [f"{digit} ({percent(share)})" for digit, share in shares.items() if share < RARE * real[digit]]
        told = ", ".join(rare) if len(rare) <= MANY else f"{len(rare)} of the {len(shares)} digits"
        if rare:
            found.append(f"{named(result)} hardly makes {told}.")
    return found


def modes(results: Results) -> list[str]:
    """How many of the data's modes each model covers."""
    if results.data is None or results.data.density is None or not len(results.data.density.modes):
        return []
    total = len(results.data.density.modes)
    rows = [(result, last_coverage(result)) for result in results.finished]
    return [f"{named(result)} covers {_covered(row, total)}." for result, row in rows if row]


def _covered(row: dict[str, float], total: int) -> str:
    return f"{row['modes']:.0f} of {total} modes; {percent(row['high_quality'])} of its samples are near one"


def ranked(summaries: dict[str, Summary]) -> Sequence[tuple[str, Summary]]:
    """From the best to the worst."""
    return sorted(summaries.items(), key=lambda item: item[1].gap)


def text(summary: Summary) -> str:
    """A number with its error."""
    return measured(summary.value, summary.error)


def code(name: str) -> str:
    """A model's name, as code."""
    return f"`{name}`"


def named(result: Result) -> str:
    """A run, as code."""
    return code(result.trial.folder.name)
