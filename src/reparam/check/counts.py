"""The check of a count: how many numbers an encoder gives for a normal with a diagonal, and with a full covariance."""

from collections.abc import Callable
from typing import Any

from reparam.check.verdict import Verdict

NAME = "covariance_parameters"
ASKS = "takes the number of latent dimensions, and gives two whole numbers: (with diagonal, with full covariance)"
DIMENSIONS = (1, 2, 3, 20, 50)
DIAGONAL = {
    "right": lambda d: 2 * d,
    "the mean is missing from the first": lambda d: d,
    "the first counts the zeros beside the diagonal": lambda d: d + d * d,
}
FULL = {
    "right": lambda d: d + d * (d + 1) // 2,
    "the mean is missing from the second": lambda d: d * (d + 1) // 2,
    "the second counts both halves of a symmetric matrix": lambda d: d + d * d,
    "the second counts both halves of a symmetric matrix, and not the mean": lambda d: d * d,
    "the second has no diagonal": lambda d: d + d * (d - 1) // 2,
}


def check_counts(function: Callable[..., Any]) -> Verdict:
    """Compare with ours for several numbers of dimensions."""
    try:
        found = [tuple(int(part) for part in function(d)) for d in DIMENSIONS]
    except NotImplementedError:
        return Verdict(NAME, (f"it is not written yet: it {ASKS}",))
    except (TypeError, ValueError) as error:
        return Verdict(NAME, (f"it gave no pair of whole numbers ({error}): it {ASKS}",))
    if any(len(pair) != 2 for pair in found):
        return Verdict(NAME, (f"it gave no pair of whole numbers: it {ASKS}",))
    faults = [_known(table, column) for table, column in zip((DIAGONAL, FULL), zip(*found, strict=True), strict=True)]
    return Verdict(NAME, tuple(fault for fault in faults if fault), f"{len(DIMENSIONS)} numbers of dimensions")


def _known(table: dict[str, Callable[[int], int]], column: tuple[int, ...]) -> str:
    """What is wrong with one of the two counts; empty where it is right."""
    for what, count in table.items():
        if column == tuple(map(count, DIMENSIONS)):
            return "" if what == "right" else what
    return f"the {'first' if table is DIAGONAL else 'second'} of the two is wrong"
