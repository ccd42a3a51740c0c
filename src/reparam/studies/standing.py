"""Which models are best by a measure, and where in the order the others stand, as far as the errors tell."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise, takewhile
from typing import Any

from reparam.result import plain
from reparam.studies.differences import LEVEL, Difference, Seen, every_two, holm
from reparam.studies.power import needs

FAILED = 0.02
"""The share of the way from the worst value to the best within which a model fails, whatever its error."""
ERRORS = 2.0
"""And the standard errors from the worst value within which it does."""
EVERY_PAIR = 20
"""Models of which JSON holds every two: the pairs of 200 took 114 MB."""


@dataclass(frozen=True)
class Pair:
    """Two models by one measure.

    Attributes:
        first, second: their names, the better mean first.
        found: their difference.
        p: its p-value after Holm's correction for all pairs of the measure.
        pairs: how many these are.
        count: samples or examples that the measure rests on; None where it is not known.
    """

    first: str
    second: str
    found: Difference
    p: float
    pairs: int
    count: int | None

    @property
    def apart(self) -> bool:
        """Whether the first is better by more than the errors, with the seeds that both have, too."""
        return self.p < LEVEL and self.found.value < 0

    @cached_property
    def needs(self) -> Mapping[str, int | None]:
        """What would tell them apart, see :func:`reparam.studies.power.needs`; empty where they are."""
        return {} if self.apart else needs(self.found, self.pairs, self.count)

    def json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        told = {"test": self.found.test, "difference": self.found.value, "standard_error": self.found.error}
        told |= {"p": self.found.p, "p_holm": self.p, "apart": self.apart, "needs": self.needs}
        made = plain({"better": self.first, "worse": self.second, **told})
        assert isinstance(made, dict)
        return made


@dataclass(frozen=True)
class Standing:
    """The order of some models by one measure.

    Attributes:
        order: their names, the best mean first.
        pairs: every two of them, once.
        failed: those that are no better than the worst value there is.
    """

    order: tuple[str, ...]
    pairs: tuple[Pair, ...]
    failed: frozenset[str]

    @cached_property
    def leaders(self) -> tuple[str, ...]:
        """The first, and those that follow it as long as they are not told from it."""
        return tuple(takewhile(lambda name: not self._apart(self.order[0], name), self.order))

    @cached_property
    def unsure(self) -> tuple[str, ...]:
        """Those behind one that is told from the first, and not told from it themselves: they vary too much."""
        rest = self.order[len(self.leaders) :]
        return tuple(name for name in rest if not self._apart(self.order[0], name))

    @property
    def best(self) -> tuple[str, ...]:
        """Who may be marked as best: the leaders, if the first is told from the last and not every model fails."""
        if len(self.order) < 2 or not self._apart(self.order[0], self.order[-1]) or self.failed.issuperset(self.order):
            return ()
        return self.leaders

    @property
    def ranks(self) -> dict[str, tuple[int, int]]:
        """The first and the last place that the errors leave each."""
        n, told = len(self.order), [pair for pair in self.pairs if pair.apart]
        worse, better = Counter(pair.first for pair in told), Counter(pair.second for pair in told)
        return {name: (1 + better[name], n - worse[name]) for name in self.order}

    def between(self, first: str, second: str) -> Pair:
        """Two of them, by name, in either order."""
        return self._by_names[frozenset((first, second))]

    @cached_property
    def _by_names(self) -> dict[frozenset[str], Pair]:
        return {frozenset((pair.first, pair.second)): pair for pair in self.pairs}

    def _apart(self, first: str, second: str) -> bool:
        return first != second and self.between(first, second).apart

    def json(self) -> dict[str, Any]:
        """As JSON can hold it; of many models the pairs that are looked at first, and who is told from whom."""
        told: dict[str, Any] = {"best": list(self.best)}
        told["ranks"] = {name: list(places) for name, places in self.ranks.items()}
        if len(self.order) <= EVERY_PAIR:
            return told | {"pairs": [pair.json() for pair in self.pairs]}
        kept = [self.between(*names) for names in self._first_looked_at()]
        told |= {"pairs": [pair.json() for pair in kept], "pairs_left_out": len(self.pairs) - len(kept)}
        return told | {"order": list(self.order), "better_than": self._better_than()}

    def _first_looked_at(self) -> list[tuple[str, str]]:
        """The first with every other, then each with the next."""
        return [(self.order[0], name) for name in self.order[1:]] + list(pairwise(self.order[1:]))

    def _better_than(self) -> dict[str, str]:
        """For each a 1 at the places, in the order, of those that it is told to be better than, and else a 0."""
        told = {(pair.first, pair.second) for pair in self.pairs if pair.apart}
        return {one: "".join(str(int((one, other) in told)) for other in self.order) for one in self.order}


def standing(seen: Mapping[str, Seen]) -> Standing:
    """Put models in order by a measure, and test every two of them.

    >>> few = {name: Seen({0: gap}, {0: 0.1}) for name, gap in (("a", 3.0), ("b", 1.0), ("c", 1.1))}
    >>> standing(few).best, standing(few).ranks
    (('b', 'c'), {'b': (1, 2), 'c': (1, 2), 'a': (3, 3)})
    """
    known = {name: one for name, one in seen.items() if math.isfinite(one.gap)}
    gaps = {name: one.gap for name, one in known.items()}
    order = tuple(sorted(known, key=gaps.__getitem__))
    names = list(combinations(order, 2))
    found = every_two([known[name] for name in order])
    corrected = holm([one.p for one in found])
    pairs = tuple(
        Pair(a, b, one, p, len(names), known[a].count) for (a, b), one, p in zip(names, found, corrected, strict=True)
    )
    return Standing(order, pairs, frozenset(name for name in order if _fails(known[name])))


def _fails(one: Seen) -> bool:
    """Whether a value cannot be told from the worst there is, or is hardly better."""
    if one.worst is None:
        return False
    error = one.error if math.isfinite(one.error) else 0.0
    return one.worst - one.gap <= max(FAILED * one.worst, ERRORS * error)
