"""Names of columns: one each, unlike any other."""

from collections.abc import Sequence


def column_names(written: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Names for all columns, and what to note of it; one without a name is called by its place.

    Args:
        written: the names as they are written, empty where there is none.

    >>> column_names(["a", "", "a"])
    (['a', 'column 2', 'a.1'], ("names that are there twice are numbered: 'a.1'",))
    """
    given = [name.strip() or f"column {at}" for at, name in enumerate(written, 1)]
    names: dict[str, int] = {}
    for name in given:
        new, times = name, 0
        while new in names or (times and new in given):
            times = names[name] = names[name] + 1
            new = f"{name}.{times}"
        names[new] = 0
    twice = [new for new, old in zip(names, given, strict=True) if new != old]
    return list(names), (f"names that are there twice are numbered: {listed(twice)}",) if twice else ()


def listed(names: Sequence[str], most: int = 8) -> str:
    """The first names, quoted, and how many more there are.

    >>> listed(["a", "b", "c"], most=2)
    "'a', 'b' and 1 more"
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + more
