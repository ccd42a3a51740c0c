"""Numbers of things, and lists of them, in words."""

from collections.abc import Sequence

PLURALS = {"category": "categories", "class": "classes", "levels": "columns of levels", "date": "dates",
           "log": "logarithmic numbers", "quantile": "numbers by quantiles"}  # fmt: skip
SINGULARS = {"levels": "column of levels", "log": "logarithmic number", "quantile": "number by quantiles"}


def counted(n: int, thing: str) -> str:
    """How many there are.

    >>> counted(1, "row"), counted(2000, "category")
    ('1 row', '2,000 categories')
    """
    return f"{n:,} {SINGULARS.get(thing, thing) if n == 1 else PLURALS.get(thing, thing + 's')}"


def listed(names: Sequence[str], most: int = 8) -> str:
    """The first names, and how many more there are.

    >>> listed(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
