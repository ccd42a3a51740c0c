"""Errors name settings, as Python has them; on the command line they are told as flags."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import import_module
from inspect import isclass
from pkgutil import iter_modules
from typing import Any, get_args, get_type_hints

from tyro.conf import Positional

from reparam.terminal import one_word

SETTING = re.compile(
    r"""(?<![\w./\\-])([a-z]\w*)=(?!=)("[^"]*"|'[^']*'|\([^()]*\)|\{[^{}]*\}|\.\.\.|[^\s,;:()"']*[^\s,;:()"'.])"""
)
POSITIONAL = get_args(Positional[str])[1]
WHOLE = "RunConfig"
"""The settings whose fields are settings themselves."""
NAME = re.compile(r"`([a-z]\w*)`")
PAIR = re.compile(r'"([^"]*)": (?:"([^"]*)"|\(([^()]*)\))')
CALL = re.compile(r"[\w.]+\([^()]*\)")
"""A call, which is Python and stays so."""
NAMED = {"read_as": "as", "schema_file": "schema"}
"""The settings whose flags are called otherwise."""
COMMANDS = {"resume": "reparam train "}
"""The commands that have a flag alone, which errors of others name."""


def translated(text: str, kept: Iterable[str] = ()) -> str:
    """A sentence with flags in the place of the settings that it names: ``name=value``, or ``name`` in backticks.

    The value may be left open, ``name=...``. What no command has a flag for stays as it is, and so do calls.

    Args:
        text: the sentence.
        kept: what stays besides, as the names of models and files, which may look like a setting.

    >>> translated('use kl="sampled", latent_dim=2, or leave `free_bits` out; load(data=...) needs no flag')
    'use --kl sampled, --latent-dim 2, or leave --free-bits out; load(data=...) needs no flag'
    >>> translated("train a gan with conditional=True")
    'train a gan with --conditional'
    >>> translated('columns={"age": "integer"} keeps it')
    '--columns age=integer keeps it'
    >>> translated('vary={"learning_rate": (1e-4, 1e-2)} does')
    '--vary learning_rate=1e-4..1e-2 does'
    >>> translated("leave the recording out with cuda_graphs=False")
    'leave the recording out with --no-cuda-graphs'
    >>> translated("`prior` and `seed=1` were given seed=1", kept=["`prior`", "`seed=1`"])
    '`prior` and `seed=1` were given --seed 1'
    >>> translated("a: none, give data=...", kept=["a"])
    'a: none, give --data'
    """
    alike = [re.escape(name) for name in kept if SETTING.search(name) or NAME.search(name)]
    stays = re.compile("|".join([CALL.pattern, *alike]))
    parts = zip(stays.split(text), [*stays.findall(text), ""], strict=True)
    return "".join(_told(part) + stayed for part, stayed in parts)


def _told(text: str) -> str:
    text = SETTING.sub(lambda found: _flag(found[1], found[2], found[0]), text)
    return NAME.sub(lambda found: _flag(found[1], "...", found[0]), text)


def _flag(name: str, value: str, otherwise: str) -> str:
    there = known() | _added()
    if NAMED.get(name, name) not in there:
        return otherwise
    if value == "False" and f"no_{name}" in there:
        name, value = f"no_{name}", "True"
    flag = f"{COMMANDS.get(name, '')}--{NAMED.get(name, name).replace('_', '-')}"
    return flag if value in ("True", "...") else f"{flag} {_typed(value)}"


def _typed(value: str) -> str:
    """A value as it is typed: several with spaces between them, pairs with equals signs, two ends with dots between."""
    if value.startswith("("):
        return value.strip("()").replace(",", "")
    if value.startswith("{"):
        return " ".join(
            one_word(f"{name}={one or ends.replace(', ', '..')}") for name, one, ends in PAIR.findall(value)
        )
    return one_word(value.strip("\"'"))


@cache
def known() -> frozenset[str]:
    """The names of every option that any command has."""
    return frozenset(name for kind in _options() for name in _names(kind))


def _added() -> frozenset[str]:
    """The settings of every kind that is in the table now, a user's own, too."""
    from reparam.kinds import KINDS

    return frozenset(name for kind in KINDS.values() for name in _names(kind.settings))


def _options() -> Iterator[Any]:
    """The classes that the commands' options are made of: what can be written to in the commands, and the settings."""
    import reparam.cli
    import reparam.kinds

    rooms = (reparam.cli, reparam.kinds)
    modules = [f"{room.__name__}.{found.name}" for room in rooms for found in iter_modules(room.__path__)]
    for module in ("reparam.settings", *(name for name in modules if not name.endswith("__main__"))):
        yield from (kind for kind in vars(import_module(module)).values() if isclass(kind) and _holds_flags(kind))


def _holds_flags(kind: type) -> bool:
    if is_dataclass(kind):
        frozen: bool = kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
        return kind.__module__.startswith("reparam.cli") and not frozen
    return kind.__name__.endswith("Config") and kind.__name__ != WHOLE


def _names(kind: Any) -> Iterator[str]:
    """The names of the flags that the fields of a dataclass, or of settings, are given by."""
    if not is_dataclass(kind):
        settings = {name: about for name, about in getattr(kind, "model_fields", {}).items() if name != "kind"}
        yield from (NAMED.get(name, name) for name in settings)
        yield from (f"no_{name}" for name, about in settings.items() if about.annotation is bool)
        return
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        notes = getattr(hints.get(field.name), "__metadata__", ())
        if POSITIONAL not in notes:
            named = (getattr(note, "name", None) for note in notes)  # as `from` must, which is a word of Python's
            yield next((name for name in named if isinstance(name, str)), field.name)
