"""Values that an option does not take: what it does take, in a sentence."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from reparam.cli.unknown import hinted
from reparam.errors import UserError
from reparam.nearest import meant

NUMBER = re.compile(r"-\.?\d")
"""How a word begins that is a number below zero, and no option."""
UNSET = " (what a shell makes of a variable that is not set; . is the working directory)"
WORDS = {int: "a whole number", float: "a number", NoneType: ""}
"""What is taken, in words; a choice is its own."""


def check_values(words: Sequence[str], options: Any, command: str) -> None:
    """Refuse the first value that is no number, or no choice, where the option takes only these, and one left out.

    Args:
        words: of the command line.
        options: the dataclass of what the command has.
        command: its name.

    Raises:
        UserError: saying what the option takes.
    """
    kinds, taken = {flag: hint for flag, alone, hint in hinted(options) if not alone}, set[int]()
    for place, word in enumerate(words):
        if word == "--":
            return
        if not word and place not in taken:
            raise UserError(f"an empty word names nothing{UNSET}, see `reparam {command} --help`")
        flag, given, value = word.partition("=")
        flag = flag.replace("_", "-") if flag.startswith("--") else flag
        if flag not in kinds or _simple(kinds[flag]) is bool:
            continue
        values = [value] if given else list(_values(words[place + 1 :]))
        _check(flag, values, kinds[flag], words[place:], command)
        taken |= set() if given else set(range(place + 1, place + 1 + len(values[: _most(kinds[flag])])))


def choices_in(hint: Any) -> tuple[str, ...]:
    """The words that are among what an option takes.

    >>> choices_in(int | Literal["auto", "all"] | None)
    ('auto', 'all')
    """
    return tuple(str(one) for one in _alternatives(hint) if isinstance(one, str | int))


def _check(flag: str, values: Sequence[str], hint: Any, words: Sequence[str], command: str) -> None:
    kinds, many = set(_alternatives(hint)), _takes_many(hint)
    if not values and not many:
        follows = f": {words[1]} is taken for an option ({flag}={words[1]} is the value)" if len(words) > 1 else ""
        raise UserError(f"{flag} needs a value behind it{follows}, see `reparam {command} --help`")
    values = values[: _most(hint)]
    if Path in kinds and "" in values:
        raise UserError(f"{flag} takes a path, and an empty word is none{UNSET}")
    if not all(kind in WORDS or isinstance(kind, str) for kind in kinds):
        return
    for value in values:
        if not any(_fits(value, kind) for kind in kinds):
            raise UserError(f"{flag} takes {_told(kinds, many)}, and {value!r:.80} is none{_guess(value, kinds)}")


def _told(kinds: set[Any], many: bool) -> str:
    numbers = [WORDS[kind] for kind in (int, float) if kind in kinds]
    words = sorted(kind for kind in kinds if isinstance(kind, str))
    if many and numbers and not words:
        return "whole numbers" if int in kinds else "numbers"
    return " or ".join([*numbers, *([f"one of {', '.join(words)}"] if words else [])])


def _guess(value: str, kinds: set[Any]) -> str:
    """What was probably meant: 1000 by 1e3, a choice by one that is spelled almost so."""
    if int in kinds and _fits(value, float) and float(value).is_integer() and abs(float(value)) < 1e15:
        return f": write {float(value):.0f}"
    return meant(value, sorted(kind for kind in kinds if isinstance(kind, str)))


def _fits(value: str, kind: Any) -> bool:
    if isinstance(kind, str):
        return value == kind
    if kind is NoneType:
        return value == "None"
    try:
        kind(value)
    except ValueError:
        return False
    return True


def _values(words: Sequence[str]) -> Iterator[str]:
    """The words before the next option."""
    for word in words:
        if word.startswith("-") and word != "-" and " " not in word and not NUMBER.match(word):
            return
        yield word


def _simple(hint: Any) -> Any:
    return _simple(get_args(hint)[0]) if get_origin(hint) is Annotated else hint


def _takes_many(hint: Any) -> bool:
    hint = _simple(hint)
    if get_origin(hint) in (Union, UnionType):
        return any(map(_takes_many, get_args(hint)))
    return get_origin(hint) in (tuple, list)


def _most(hint: Any) -> int | None:
    """How many values an option takes, None for any number: what follows these is the command's own.

    >>> _most(int | None), _most(tuple[float, float] | None), _most(tuple[int, ...]), _most(list[int] | None)
    (1, 2, None, None)
    """
    hint = _simple(hint)
    if get_origin(hint) in (Union, UnionType):
        each = [_most(one) for one in get_args(hint)]
        return None if None in each else max(one for one in each if one)
    if get_origin(hint) is tuple and Ellipsis not in get_args(hint):
        return len(get_args(hint))
    return None if get_origin(hint) in (tuple, list) else 1


def _alternatives(hint: Any) -> Iterator[Any]:
    """What a value may be: types, and choices of texts."""
    hint = _simple(hint)
    if get_origin(hint) is Literal:
        yield from get_args(hint)
    elif get_origin(hint) in (Union, UnionType, tuple, list):
        yield from (found for part in get_args(hint) if part is not Ellipsis for found in _alternatives(part))
    else:
        yield hint
