"""Errors name settings, as Python has them; on the command line they are told as flags."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import import_module
from inspect import isclass
from pkgutil import iter_modules
from typing import Any

SETTING = re.compile(r"""(?<![\w./\\-])([a-z]\w*)=("[^"]*"|'[^']*'|[^\s,;:()"']*[^\s,;:()"'.])""")
OPTIONS, WHOLE = ("Options", "Output", "Config"), "RunConfig"
"""How the names of classes end whose fields are flags; and the one whose fields are such classes."""
NAME = re.compile(r"`([a-z]\w*)`")


def translated(text: str) -> str:
    """A sentence with flags in the place of the settings that it names: ``name=value``, or ``name`` in backticks.

    What no command has a flag for stays as it is.

    >>> translated('use kl="sampled", latent_dim=2, or leave `free_bits` out; load(model=...) needs no flag')
    'use --kl sampled, --latent-dim 2, or leave --free-bits out; load(model=...) needs no flag'
    >>> translated("train a gan with conditional=True")
    'train a gan with --conditional'
    """
    text = SETTING.sub(lambda found: _flag(found[1], found[2], found[0]), text)
    return NAME.sub(lambda found: _flag(found[1], "True", found[0]), text)


def _flag(name: str, value: str, otherwise: str) -> str:
    if name not in known():
        return otherwise
    flag = f"--{name.replace('_', '-')}"
    return flag if value == "True" else f"{flag} {value.strip(chr(34) + chr(39))}"


@cache
def known() -> frozenset[str]:
    """The names of every option that any command has."""
    return frozenset(name for kind in _options() for name in _names(kind))


def _options() -> Iterator[Any]:
    """The classes that the commands' options are made of: those of the commands, and the settings."""
    import reparam.cli
    import reparam.kinds

    rooms = (reparam.cli, reparam.kinds)
    modules = [f"{room.__name__}.{found.name}" for room in rooms for found in iter_modules(room.__path__)]
    for module in ("reparam.settings", *(name for name in modules if not name.endswith("__main__"))):
        found = vars(import_module(module)).items()
        yield from (kind for name, kind in found if isclass(kind) and name.endswith(OPTIONS) and name != WHOLE)


def _names(kind: Any) -> tuple[str, ...]:
    """The fields of a dataclass or of settings."""
    if is_dataclass(kind):
        return tuple(field.name for field in fields(kind))
    return tuple(getattr(kind, "model_fields", ()))
