"""Rules of the conclusion about samples."""

from collections.abc import Sequence

from reparam.pages import nats, percent
from reparam.runs.only_read import called
from reparam.studies.results import Result, Results
from reparam.studies.standing import Standing
from reparam.studies.summary import Summary, scores
from reparam.studies.tables import FIDELITY, last_coverage, measured
from reparam.studies.wording import enough

FRECHET = "Fréchet distance"
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
    rows = {name: row[FRECHET] for name, row in scores(results).items()}
    if not rows:
        return []
    found = results.standings[FRECHET]
    if not found.order:
        return []
    first, *others = found.order
    floor = "" if results.floor is None else f" (real test examples: {nats(results.floor.frechet.value)})"
    said = f"{code(first)} has the smallest Fréchet distance, {text(rows[first])}{floor}"
    if not others:
        return [f"{said}."]
    ties = [name for name in found.leaders if name != first]
    if not ties:
        return [f"{said}; next is {code(others[0])} with {text(rows[others[0]])}{varying(found)}."]
    told = ", ".join(f"{code(name)} with {text(rows[name])}" for name in ties)
    more = enough(found.between(first, ties[0]))
    return [f"{said}, but {told} cannot be told from it: the gap is within the errors{more}."]


def _all_of(measures: int) -> str:
    """So many measures, in words.

    >>> _all_of(1), _all_of(2), _all_of(5)
    ('the one measure', 'both measures', 'all 5 measures')
    """
    return {1: "the one measure", 2: "both measures"}.get(measures, f"all {measures} measures")


def agreement(results: Results) -> list[str]:
    """Whether the measures of fidelity and coverage that tell the models apart prefer the same one."""
    found = results.standings
    winners = {measure: set(found[measure].best) for measure in FIDELITY if measure in found and found[measure].best}
    if len(scores(results)) < 2:
        return []
    if not winners:
        return ["No measure of fidelity and coverage tells the best model from the worst."]
    unbeaten = sorted(set.intersection(*winners.values()))
    if unbeaten:
        by = _all_of(len(winners))
        untold = ", not told from each other," if len(unbeaten) > 1 else ""
        first = f"{listed(unbeaten)}{untold} {'is' if len(unbeaten) == 1 else 'are'} first"
        return [f"{first} by {by} of fidelity and coverage that can tell the models apart."]
    names = sorted(set.union(*winners.values()))
    told = "; ".join(f"{code(name)}: {', '.join(m for m in winners if name in winners[m])}" for name in names)
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
    alike = [
        f"{named(result)} (right in {percent(test.accuracy)} of {test.held_out:,}, p = {test.p_binomial:.2g})"
        for result, test in cards
        if test.p_binomial > SURE
    ]
    if not cards:
        return []
    if alike:
        return [
            f"A classifier of whole samples has not told these from data, which takes p < {SURE}: {', '.join(alike)}."
        ]
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
    """Digits that a model hardly makes, with one of its seeds or with each."""
    found = []
    for name, seeds in rare_classes(results).items():
        if not any(seeds):
            continue
        total = len(results.groups[name][0].card.classes.shares)  # type: ignore[union-attr]
        told = [_rare(rare, total) for rare in seeds]
        if len(told) == 1:
            found.append(f"{code(name)} hardly makes {told[0]}.")
        else:
            found.append(f"{code(name)} hardly makes, by seed: {'; '.join(one or 'none is missing' for one in told)}.")
    return found


def _rare(rare: dict[int, float], total: int) -> str:
    if len(rare) > MANY:
        return f"{len(rare)} of the {total} digits"
    return ", ".join(f"{digit} ({percent(share)})" for digit, share in rare.items())


def rare_classes(results: Results) -> dict[str, list[dict[int, float]]]:
    """Of each model and seed the digits it hardly makes, with their shares; empty where nobody can tell digits."""
    if results.floor is None or results.floor.classes is None:
        return {}
    real = results.floor.classes.shares
    cards = {
        name: [r.card.classes for r in group if r.card and r.card.classes] for name, group in results.groups.items()
    }
    return {
        name: [{d: share for d, share in one.shares.items() if share < RARE * real[d]} for one in group]
        for name, group in cards.items()
    }


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


def varying(found: Standing) -> str:
    """How a sentence goes on that names the first and the next: whose errors are too large to be told from it."""
    if not found.unsure:
        return ""
    return f"; {listed(found.unsure)}, whose errors are larger, cannot be told from the first"


def listed(names: Sequence[str]) -> str:
    """Some models' names, as code, in one phrase.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('`a`, `b` and `c`', '`a`')
    """
    told = [code(name) for name in names]
    return " and ".join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else told[0]


def named(result: Result) -> str:
    """A run, as code."""
    return code(called(result.trial.folder))
