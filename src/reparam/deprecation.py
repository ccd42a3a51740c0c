"""Names and arguments that are on their way out: they work for two minor versions, and say what to write instead.

The policy is docs/api/deprecation.md; run folders are no part of it, since they load for ever.
"""

import functools
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from reparam._version import __version__
from reparam.errors import Notice

P = ParamSpec("P")
T = TypeVar("T")


class Deprecated(Notice, FutureWarning):
    """Something that will be gone in a version that the message names; Python shows it unless told otherwise."""


def deprecated(since: str, gone: str, instead: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Mark a function that will be gone: it works as before, and warns the caller at the line of the call.

    Args:
        since: the version that deprecates it.
        gone: the version without it, at least two minor versions later.
        instead: what to write, as a sentence's end.

    >>> @deprecated("0.2", "99.0", "call new() instead")
    ... def old(x):
    ...     return x + 1
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always")
    ...     old(1), str(told[0].message)
    (2, 'old is deprecated since 0.2 and will be gone in 99.0: call new() instead')
    """
    check_dates(since, gone)

    def mark(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            warn(function.__name__, since, gone, instead, stacklevel=3)
            return function(*args, **kwargs)

        return call

    return mark


def renamed(since: str, gone: str, **names: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Mark keyword arguments that have another name now: the old ones are passed on under the new.

    Args:
        since: the version that deprecates them.
        gone: the version without them.
        names: the new name of each old one.

    Raises:
        TypeError: in a call that gives both.

    >>> @renamed("0.2", "99.0", colour="color")
    ... def paint(color):
    ...     return color
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always")
    ...     paint(colour="red"), str(told[0].message)
    ('red', 'paint(colour=...) is deprecated since 0.2 and will be gone in 99.0: write color=')
    """
    check_dates(since, gone)

    def mark(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            for old, new in names.items():
                if old not in kwargs:
                    continue
                if new in kwargs:
                    raise TypeError(f"{function.__name__}() got both {new} and {old}, its old name")
                warn(f"{function.__name__}({old}=...)", since, gone, f"write {new}=", stacklevel=3)
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return call

    return mark


def warn(what: str, since: str, gone: str, instead: str, stacklevel: int = 2) -> None:
    """Say that something is deprecated."""
    message = f"{what} is deprecated since {since} and will be gone in {gone}: {instead}"
    warnings.warn(message, Deprecated, stacklevel=stacklevel)


def check_dates(since: str, gone: str) -> None:
    """Hold the policy: two minor versions, or a major one, of warning; and what should be gone is.

    Raises:
        AssertionError: where a promise is broken, in the tests of whoever breaks it.
    """
    (major, minor), (last, least), now = numbers(since), numbers(gone), numbers(__version__)
    assert last > major or least >= minor + 2, f"gone in {gone} is too soon after {since}: warn for two minor versions"
    assert now < (last, least), f"this is {__version__}: what should be gone in {gone} is to be removed"


def numbers(version: str) -> tuple[int, int]:
    """Major and minor version.

    >>> numbers("0.10.2")
    (0, 10)
    """
    major, minor = version.split(".")[:2]
    return int(major), int(minor)
