"""What arguments must be, refused in one sentence each: the argument, its value, what would do."""

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from reparam.errors import UserError
from reparam.nearest import meant

FEW = 20
"""Names that are listed in an error; where there are more, it says where they are."""


def refuse(name: str, value: object, would_do: str) -> NoReturn:
    """Say that an argument's value will not do.

    Raises:
        UserError: always.

    >>> refuse("samples", 0, "give a whole number of at least 1")
    Traceback (most recent call last):
    reparam.errors.UserError: samples=0 will not do: give a whole number of at least 1
    """
    raise UserError(f"{name}={value!r} will not do: {would_do}")


def whole(name: str, value: Any, least: int = 1) -> int:
    """A whole number of at least ``least``.

    Raises:
        UserError: naming the argument and its value.

    >>> whole("samples", 3)
    3
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if isinstance(value, bool) or number < least:
        refuse(name, value, f"give a whole number of at least {least}")
    return number


def wholes(**values: Any) -> None:
    """Several whole numbers of at least 1, by the arguments' names.

    Raises:
        UserError: naming the first that is none.

    >>> wholes(outputs=10, width=-3)
    Traceback (most recent call last):
    reparam.errors.UserError: width=-3 will not do: give a whole number of at least 1
    """
    for name, value in values.items():
        whole(name, value)


def positive(name: str, value: Any) -> float:
    """A finite number above 0.

    Raises:
        UserError: naming the argument and its value.
    """
    return within(name, value, 0, math.inf, above=True)


def within(name: str, value: Any, low: float, high: float = math.inf, *, above: bool = False) -> float:
    """A finite number from ``low`` (or above it) to below ``high``.

    Raises:
        UserError: naming the argument and its value.

    >>> within("average", 0.999, 0, 1), within("average", 1.0, 0, 1)
    Traceback (most recent call last):
    reparam.errors.UserError: average=1.0 will not do: give a number from 0 to below 1
    """
    number = _number(value)
    if not (low <= number < high) or (above and number == low):
        start = f"above {low:g}" if above else f"of at least {low:g}" if math.isinf(high) else f"from {low:g}"
        end = "" if math.isinf(high) else f" {'and' if above else 'to'} below {high:g}"
        refuse(name, value, f"give a number {start}{end}")
    return number


def _number(value: Any) -> float:
    """NaN, which lies nowhere, for what is no number."""
    try:
        return math.nan if isinstance(value, bool | str) else float(value)
    except (TypeError, ValueError):
        return math.nan


def one_of(name: str, value: Any, choices: Iterable[str]) -> str:
    """One of some names.

    Raises:
        UserError: naming the choices, and the nearest one.

    >>> one_of("activation", "relo", ["relu", "tanh"])
    Traceback (most recent call last):
    reparam.errors.UserError: activation='relo' will not do (did you mean 'relu'?): give one of relu, tanh
    """
    known = list(choices)
    if isinstance(value, str) and value in known:
        return value
    raise UserError(f"{name}={value!r} will not do{meant(value, known)}: give one of {', '.join(known)}")


def widths(name: str, values: Any, fewest: int = 0) -> tuple[int, ...]:
    """Widths of layers, or lengths of a shape's sides: whole numbers of at least 1.

    Raises:
        UserError: naming the argument and its value.

    >>> widths("hidden", [400, 0])
    Traceback (most recent call last):
    reparam.errors.UserError: hidden=[400, 0] will not do: give whole numbers of at least 1
    """
    if not isinstance(values, Sequence) or isinstance(values, str):
        refuse(name, values, "give a list of whole numbers of at least 1")
    if len(values) < fewest:
        refuse(name, values, f"give {fewest} or more whole numbers of at least 1")
    try:
        return tuple(whole(name, value) for value in values)
    except UserError:
        refuse(name, values, "give whole numbers of at least 1")


def shape(name: str, value: Any) -> tuple[int, ...]:
    """The shape of one example: a whole number for vectors, or lengths of its sides.

    Raises:
        UserError: naming the argument and its value.

    >>> shape("inputs", 5), shape("inputs", (1, 28, 28))
    ((5,), (1, 28, 28))
    """
    if isinstance(value, Sequence):
        return widths(name, value, fewest=1)
    return (whole(name, value),)


def names(given: Iterable[str], known: Iterable[str], of: str) -> None:
    """Names that are all known, as those of settings.

    Raises:
        UserError: naming the first that is not, and the one that it is most like.

    >>> names(["epoch"], ["epochs", "steps"], "a training")
    Traceback (most recent call last):
    reparam.errors.UserError: epoch is no setting of a training (did you mean epochs?): there are epochs, steps
    """
    there = list(known)
    for name in given:
        if name not in there:
            guess = meant(name, there, quoted=False)
            lists = f": there are {', '.join(there)}" if len(there) <= FEW else "; its documentation lists them"
            raise UserError(f"{name} is no setting of {of}{guess}{lists}")
