"""Whether two numbers differ by more than their errors: tests over seeds, over examples, and for many pairs at once."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

LEVEL = 0.05
"""How often two models that are alike are told apart by chance, in all pairs of a measure together."""

MOST_AT_ONCE = 2**21
"""Numbers of examples of pairs that are compared at once: 16 MB."""


@dataclass(frozen=True)
class Seen:
    """A measure of a model as it was seen with each of its seeds.

    Attributes:
        gaps: how far the value is from the best possible one, by seed: the less, the better.
        errors: its standard error, by seed; None or NaN where it is not known.
        worst: the gap of the worst value that the measure has; None where it has no end.
        examples: the value of each example, less is better, by seed, ``(n,)``: the same examples for all models.
        count: samples or examples that the value rests on; None where it is not known.
    """

    gaps: Mapping[int, float]
    errors: Mapping[int, float | None]
    worst: float | None = None
    examples: Mapping[int, np.ndarray] = field(default_factory=dict)
    count: int | None = None

    @property
    def gap(self) -> float:
        """The mean over seeds."""
        return float(np.mean(list(self.gaps.values())))

    @property
    def error(self) -> float:
        """Of the mean over seeds, from the errors of each; NaN where one of them is not known."""
        known = [math.nan if error is None else error for error in self.errors.values()]
        return math.hypot(*known) / len(known)


@dataclass(frozen=True)
class Difference:
    """What lies between two, and whether it can be chance.

    Attributes:
        value: the mean difference of their gaps, of the first from the second: negative where the first is better.
        error: its standard error; NaN where it is not known.
        freedom: degrees of freedom of that error.
        p: the chance of a difference as large where there is none; 1 where no error is known.
        test: what was done, in words.
        spread: standard deviation over seeds of the difference; NaN with one seed.
        seeds: pairs of runs that it rests on.
    """

    value: float
    error: float
    freedom: float
    p: float
    test: str
    spread: float = math.nan
    seeds: int = 1


def difference(first: Seen, second: Seen) -> Difference:
    """Compare two: over examples where both have them, else over the seeds that both have, else by their own errors.

    >>> a = Seen({0: 1.0, 1: 1.2, 2: 1.1}, dict.fromkeys(range(3), 0.1))
    >>> b = Seen({0: 2.0, 1: 2.1, 2: 2.2}, dict.fromkeys(range(3), 0.1))
    >>> found = difference(a, b)
    >>> round(found.value, 3), found.test, round(found.p, 4)
    (-1.0, 'paired t-test over 3 seeds', 0.0033)
    """
    common = sorted(first.gaps.keys() & second.gaps.keys())
    both = _paired((first, second), common)
    if both:
        return over_examples(np.array([first.examples[seed] - second.examples[seed] for seed in both]))
    if len(common) > 1:
        return over_seeds([first.gaps[seed] - second.gaps[seed] for seed in common])
    return _by_errors(*(np.array([one.gap, one.error])[:, None] for one in (first, second)))[0]


def every_two(seen: Sequence[Seen]) -> list[Difference]:
    """Compare every two as :func:`difference` does, many at once; in the order of ``itertools.combinations``.

    >>> [found.value for found in every_two([Seen({0: gap}, {0: 0.1}) for gap in (1.0, 2.0, 4.0)])]
    [-1.0, -3.0, -2.0]
    """
    alike: dict[object, list[int]] = {}
    for i, one in enumerate(seen):
        lengths = tuple((seed, len(one.examples[seed])) for seed in sorted(one.examples))
        alike.setdefault((frozenset(one.gaps), lengths), []).append(i)
    found: dict[tuple[int, int], Difference] = {}
    for places in alike.values():
        found |= zip(combinations(places, 2), _every_two_alike([seen[i] for i in places]), strict=True)
    pairs = combinations(range(len(seen)), 2)
    return [found[pair] if pair in found else difference(*(seen[i] for i in pair)) for pair in pairs]


def _every_two_alike(seen: Sequence[Seen]) -> list[Difference]:
    """Of models that have the same seeds, and as many examples of each."""
    first, second = np.triu_indices(len(seen), 1)
    common = sorted(seen[0].gaps)
    if both := _paired(seen, common):
        values = np.array([[one.examples[seed] for seed in both] for one in seen])
        at_once = max(1, MOST_AT_ONCE // max(1, values[0].size))
        pieces = [slice(start, start + at_once) for start in range(0, len(first), at_once)]
        return [one for at in pieces for one in _over_examples(values[first[at]] - values[second[at]])]
    if len(common) > 1:
        gaps = np.array([[one.gaps[seed] for seed in common] for one in seen], float)
        return _over_seeds(gaps[first] - gaps[second])
    told = np.array([(one.gap, one.error) for one in seen]).T
    return _by_errors(told[:, first], told[:, second])


def _paired(seen: Sequence[Seen], common: Sequence[int]) -> list[int]:
    """The seeds whose examples all have, if they are the same number everywhere."""
    both = [seed for seed in common if all(seed in one.examples for one in seen)]
    return both if len({len(one.examples[seed]) for one in seen for seed in both}) == 1 else []


def over_seeds(differences: Sequence[float]) -> Difference:
    """Student's paired t-test of runs that share a seed, two-sided; ``(seeds,)``."""
    return _over_seeds(np.asarray(differences, float)[None])[0]


def _over_seeds(differences: np.ndarray) -> list[Difference]:
    """``(pairs, seeds)``."""
    n = differences.shape[1]
    value, spread = differences.mean(1), differences.std(1, ddof=1)
    return _told(value, spread / math.sqrt(n), np.full(len(value), n - 1), f"paired t-test over {n} seeds", spread, n)


def over_examples(differences: np.ndarray) -> Difference:
    """A paired test over examples, and over seeds where there are several: it speaks of new examples and new seeds.

    Seeds and examples are crossed, so that the mean's variance is that of the seeds' means by the number of seeds and
    that of the examples' means by the number of examples; degrees of freedom by Satterthwaite (1946).

    Args:
        differences: of each example with each seed, ``(seeds, examples)``.
    """
    return _over_examples(differences[None])[0]


def _over_examples(differences: np.ndarray) -> list[Difference]:
    """``(pairs, seeds, examples)``."""
    pairs, seeds, n = differences.shape
    value = differences.reshape(pairs, -1).mean(1)
    of_examples = _variances(differences.mean(1)) / n
    if seeds == 1:
        freedom = np.full(pairs, n - 1)
        return _told(value, np.sqrt(of_examples), freedom, f"paired t-test over {n:,} examples")
    spread = np.sqrt(_variances(differences.mean(2)))
    of_seeds = spread**2 / seeds
    parts = zip(of_seeds.tolist(), of_examples.tolist(), strict=True)
    freedom = np.array([satterthwaite((a, seeds - 1), (b, n - 1)) for a, b in parts])
    test = f"paired t-test over {seeds} seeds and {n:,} examples"
    return _told(value, np.sqrt(of_seeds + of_examples), freedom, test, spread, seeds)


def _by_errors(first: np.ndarray, second: np.ndarray) -> list[Difference]:
    """By the errors that they have themselves: values and errors of both, ``(2, pairs)``."""
    value, error = first[0] - second[0], np.hypot(first[1], second[1])
    return _told(value, error, np.full(len(value), math.inf), "z-test by the measure's own errors")


def _told(
    value: np.ndarray, error: np.ndarray, freedom: np.ndarray, test: str, spread: np.ndarray | None = None, n: int = 1
) -> list[Difference]:
    columns = [value, error, freedom, _p_values(value, error, freedom)]
    columns.append(np.full(len(value), math.nan) if spread is None else spread)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [Difference(value, error, freedom, p, test, apart, n) for value, error, freedom, p, apart in rows]


def satterthwaite(*parts: tuple[float, float]) -> float:
    """Degrees of freedom of a sum of variances, each with its own.

    >>> satterthwaite((1.0, 4.0)), satterthwaite((1.0, 4.0), (1.0, 4.0))
    (4.0, 8.0)
    """
    below = sum(variance**2 / max(freedom, 1) for variance, freedom in parts)
    return sum(variance for variance, _ in parts) ** 2 / below if below else min(freedom for _, freedom in parts)


def p_value(value: float, error: float, freedom: float) -> float:
    """Two-sided, by Student's t; 1 where the error is not known.

    >>> round(p_value(1.96, 1.0, math.inf), 3), p_value(0.0, 0.0, 5), p_value(1.0, math.nan, 5), p_value(1.0, 0.0, 5)
    (0.05, 1.0, 1.0, 0.0)
    """
    return float(_p_values(*(np.array([one], float) for one in (value, error, freedom)))[0])


def _p_values(value: np.ndarray, error: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    from scipy.special import stdtr

    known = (value != 0) & np.isfinite(error) & np.isfinite(value) & (freedom >= 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        # scipy.stats.t.sf to the bit, without the 100 microseconds in which that looks at each call's arguments
        chance = 2 * stdtr(freedom, -np.abs(value) / error)
    return np.where(known, np.where(error == 0, 0.0, chance), 1.0)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number by Holm (1979): below a level, at most that share of families errs at all.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    found = np.asarray(p_values, float)
    order = np.argsort(found, kind="stable")
    adjusted = np.empty_like(found)
    adjusted[order] = np.maximum.accumulate(np.minimum(1.0, np.arange(len(found), 0, -1) * found[order]))
    return list(adjusted.tolist())


def _variances(values: np.ndarray) -> np.ndarray:
    return values.var(-1, ddof=1) if values.shape[-1] > 1 else np.zeros(len(values))
