"""How many seeds, or samples, would tell two models apart."""

import math

from reparam.studies.differences import LEVEL, Difference

POWER = 0.8
"""How often a difference of the size that was seen is to be found."""
MOST_SEEDS = 1000


def power_of_seeds(difference: float, spread: float, seeds: int, level: float = LEVEL) -> float:
    """How often a two-sided paired t-test finds a difference, by the noncentral t distribution.

    Args:
        difference: the true mean.
        spread: standard deviation over seeds of the paired difference.
        seeds: of each model, at least 2.
        level: at which the test errs.

    >>> round(power_of_seeds(0.0, 1.0, 5), 3), round(power_of_seeds(1.0, 1.0, 10), 3)
    (0.05, 0.803)
    """
    from scipy.stats import nct, t

    freedom, shift = seeds - 1, abs(difference) / spread * math.sqrt(seeds)
    beyond = float(t.isf(level / 2, freedom))
    # far out the noncentral distribution underflows to NaN, where the chance is 1
    upper, lower = float(nct.sf(beyond, freedom, shift)), float(nct.cdf(-beyond, freedom, shift))
    return 1.0 if math.isnan(upper) else upper + (0.0 if math.isnan(lower) else lower)


def seeds_needed(difference: float, spread: float, level: float = LEVEL, power: float = POWER) -> int | None:
    """The fewest seeds of each model that find a difference so often; None where more than 1000 would be needed.

    >>> seeds_needed(1.0, 1.0), seeds_needed(10.0, 1.0), seeds_needed(0.001, 1.0)
    (10, 3, None)
    """
    if spread <= 0 or difference == 0 or not math.isfinite(spread):
        return None
    low, high = 1, MOST_SEEDS
    if power_of_seeds(difference, spread, high, level) < power:
        return None
    while high - low > 1:  # the power grows with the seeds
        middle = (low + high) // 2
        low, high = (low, middle) if power_of_seeds(difference, spread, middle, level) >= power else (middle, high)
    return high


def times_needed(difference: float, error: float, level: float = LEVEL, power: float = POWER) -> float | None:
    """How many times as many samples find a difference so often, if its error falls as their root; None: not known.

    >>> round(times_needed(1.0, 1.0), 2), times_needed(0.0, 1.0)
    (7.85, None)
    """
    from scipy.special import ndtri  # the negative of scipy.stats.norm.isf, whose module takes a second to import

    if difference == 0 or not (error > 0 and math.isfinite(error)):
        return None
    return float((-ndtri(level / 2) - ndtri(1 - power)) * error / abs(difference)) ** 2


def needs(found: Difference, pairs: int, count: int | None) -> dict[str, int | None]:
    """What would tell two apart whose true difference is the one that was seen, among so many pairs.

    Args:
        found: their difference.
        pairs: that are compared with it; the level is divided by them.
        count: samples or examples that it rests on now.

    Returns:
        ``seeds`` of each, with several; else ``samples``, or examples; None where it is not known or beyond reach.
    """
    level = LEVEL / max(1, pairs)
    if found.seeds > 1:
        return {"seeds": seeds_needed(found.value, found.spread, level)}
    times = times_needed(found.value, found.error, level)
    return {"samples": None if times is None or count is None else math.ceil(times * count)}
