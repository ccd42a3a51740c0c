"""How missing cells and truth values are spelled."""

from collections.abc import Iterable, Mapping

import numpy as np

USUAL = (
    *("", "na", "n/a", "#n/a", "#na", "n.a.", "<na>", "nan", "-nan", "nat", "null", "\\n", "none", "nil", "missing"),
    *("-", "--", ".", "?", "#value!", "#div/0!", "#ref!", "#null!", "#num!", "0000-00-00", "0000-00-00 00:00:00"),
)
"""The spellings of a missing cell, in small letters."""
TRUTHS = {"yes": "no", "true": "false", "t": "f", "y": "n"}
ONLY = "only"
"""The word before spellings that are given instead of the usual ones."""
STAND_INS = (-99, -999, -9999, -99999, -999999, -99.9, -999.9, -9999.9, -999.25)
"""Numbers that stand for a missing one where they lie far outside the rest."""
FAR = 3.0
"""How far, in standard deviations of the rest, a number lies from it to stand for a missing one."""


class Spellings:
    """The spellings of a missing cell, however their letters are.

    Args:
        more: spellings besides the usual ones; behind the word ``only``, these and an empty cell alone.

    >>> known = Spellings(["unknown"])
    >>> " NaN " in known, "Unknown" in known, "0" in known
    (True, True, False)
    >>> "none" in Spellings(["only", "-1"])
    False
    """

    def __init__(self, more: Iterable[str] = ()) -> None:
        given = [text.strip().casefold() for text in more]
        self.alone = ONLY in given
        self._small = frozenset(("", *given) if self.alone else (*USUAL, *given)) - {ONLY}
        letters = (str, str.upper, str.capitalize, lambda text: text.replace("nan", "NaN"))
        self.common = frozenset(change(text) for text in self._small for change in letters)

    def __contains__(self, cell: str) -> bool:
        return cell in self.common or cell.strip().casefold() in self._small


def truth_of(counts: Mapping[str, int]) -> tuple[str, dict[str, bool]] | None:
    """How truth values are written, and what each spelling stands for; None if these are not truth values.

    Args:
        counts: how often each of the column's words is there.

    >>> truth_of({"Yes": 5, "no": 2, "No": 1})
    ('Yes/no', {'Yes': True, 'no': False, 'No': False})
    >>> truth_of({"F": 3}), truth_of({"yes": 1, "maybe": 2})
    (None, None)
    """
    small = {word.casefold() for word in counts}
    for true, false in TRUTHS.items():
        # one letter alone is as likely a category (F of F and M)
        if small and small <= {true, false} and (len(true) > 1 or len(small) == 2):
            stands = {word: word.casefold() == true for word in counts}
            return "/".join(_spelled(counts, stands, true, false)), stands
    return None


def _spelled(counts: Mapping[str, int], stands: Mapping[str, bool], true: str, false: str) -> tuple[str, str]:
    """The most frequent spelling of each; one that is not there is written like the other."""
    found = {value: max((word for word in counts if stands[word] is value), key=counts.__getitem__, default="")
             for value in (True, False)}  # fmt: skip
    model = found[True] or found[False]
    change = next(way for way in (str.lower, str.upper, str.capitalize, str) if way(model) == model)
    return found[True] or change(true), found[False] or change(false)


def stand_ins(values: np.ndarray, missing: np.ndarray, low: float | None = None) -> list[float]:
    """The numbers of a column that stand for missing ones, as -999 among ages: repeated, and far below all the rest.

    Args:
        values: the column's.
        missing: which of them are missing anyway.
        low: the smallest number there can be, where it is known: all below it is far.

    >>> stand_ins(np.array([18.0, -999, 40, 35, -999, 60]), np.zeros(6, bool))
    [-999]
    >>> stand_ins(np.array([-1200.0, -999, 40, 35, -999, 60]), np.zeros(6, bool))
    []
    """
    seen = values[~missing]
    if not len(seen) or seen.min() > STAND_INS[0]:
        return []
    if low is not None:
        return [number for number in STAND_INS if number < low and (seen == number).any()]
    suspects = [number for number in STAND_INS if np.count_nonzero(seen == number) > 1]
    rest = seen[~np.isin(seen, suspects)]
    return [number for number in suspects if len(rest) > 1 and _is_far_below(number, rest)]


def _is_far_below(number: float, rest: np.ndarray) -> bool:
    low, spread = float(rest.min()), max(float(rest.std()), 1.0)
    return number < 0 <= low or low - number > FAR * spread
