"""Whether two numbers differ by more than their errors: tests over seeds, over examples, and for many pairs at once."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

LEVEL = 0.05
"""How often two models that are alike are told apart by chance, in all pairs of a measure together."""


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
    both = [seed for seed in common if seed in first.examples and seed in second.examples]
    if both and all(len(first.examples[seed]) == len(second.examples[both[0]]) for seed in both):
        return over_examples(np.array([first.examples[seed] - second.examples[seed] for seed in both]))
    if len(common) > 1:
        return over_seeds([first.gaps[seed] - second.gaps[seed] for seed in common])
    error = math.hypot(first.error, second.error)
    value = first.gap - second.gap
    return Difference(value, error, math.inf, p_value(value, error, math.inf), "z-test by the measure's own errors")


def over_seeds(differences: Sequence[float]) -> Difference:
    """Student's paired t-test of runs that share a seed, two-sided; ``(seeds,)``."""
    found = np.asarray(differences, float)
    value, spread, n = float(found.mean()), float(found.std(ddof=1)), len(found)
    error = spread / math.sqrt(n)
    p = p_value(value, error, n - 1)
    return Difference(value, error, n - 1, p, f"paired t-test over {n} seeds", spread, n)


def over_examples(differences: np.ndarray) -> Difference:
    """A paired test over examples, and over seeds where there are several: it speaks of new examples and new seeds.

    Seeds and examples are crossed, so that the mean's variance is that of the seeds' means by the number of seeds and
    that of the examples' means by the number of examples; degrees of freedom by Satterthwaite (1946).

    Args:
        differences: of each example with each seed, ``(seeds, examples)``.
    """
    seeds, n = differences.shape
    value = float(differences.mean())
    of_examples = _variance(differences.mean(0)) / n
    if seeds == 1:
        error = math.sqrt(of_examples)
        return Difference(value, error, n - 1, p_value(value, error, n - 1), f"paired t-test over {n:,} examples")
    spread = math.sqrt(_variance(differences.mean(1)))
    of_seeds = spread**2 / seeds
    error = math.sqrt(of_seeds + of_examples)
    freedom = satterthwaite((of_seeds, seeds - 1), (of_examples, n - 1))
    test = f"paired t-test over {seeds} seeds and {n:,} examples"
    return Difference(value, error, freedom, p_value(value, error, freedom), test, spread, seeds)


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
    from scipy.stats import t

    if value == 0 or not (math.isfinite(error) and math.isfinite(value)) or freedom < 1:
        return 1.0
    return 0.0 if error == 0 else float(2 * t.sf(abs(value) / error, freedom))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number by Holm (1979): below a level, at most that share of families errs at all.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, least = [0.0] * len(p_values), 0.0
    for done, i in enumerate(order):
        least = max(least, min(1.0, (len(p_values) - done) * p_values[i]))
        adjusted[i] = least
    return adjusted


def _variance(values: np.ndarray) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0
