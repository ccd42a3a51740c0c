"""Flags from types, and results as text or JSON."""

import json
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tyro
from tyro.conf import OmitArgPrefixes

from reparam.cli.preset import with_file
from reparam.cli.switches import with_switches
from reparam.cli.typed import typed
from reparam.cli.unknown import refuse
from reparam.cli.values import check_values
from reparam.pace import force
from reparam.terminal import harmless, say_out, speaks

T = TypeVar("T")
COLLECTED: ContextVar[list[Any] | None] = ContextVar("collected", default=None)
"""Where commands leave what their options are, for who asks for these and for nothing to be done."""


class Collected(Exception):
    """The options were left, and the command ends."""


@dataclass(kw_only=True)
class Writes:
    """Options of every command that writes files where it is told to."""

    force: bool = False
    """Write even over files that reparam did not make, and among the data; start what would take more than a day."""


def parse(options: type[T], command: str, argv: list[str], what: str, examples: list[str]) -> T:
    """Read flags into ``options``; ``--help`` shows what the command does and its examples.

    What a file of settings says (``--config FILE``, where the command has that) takes the place of the defaults.

    Raises:
        UserError: if there are words that it has no place for, or settings in the file, or values that will not do.
    """
    if (collected := COLLECTED.get()) is not None:
        collected.append(options)
        raise Collected
    if not {"-h", "--help"} & set(argv):
        check_values(argv, options, command)
    options = with_file(options, argv, command)
    description = f"{what}\n\nexamples:\n" + "\n".join(f"  {example}" for example in examples)
    found, left = tyro.cli(
        with_switches(options),
        prog=f"reparam {command}",
        description=description,
        args=argv,
        config=(OmitArgPrefixes,),
        return_unknown_args=True,
    )
    if left:
        refuse(left, options, command)
    if getattr(found, "force", False):
        force()
    return found


def emit(as_json: bool, result: Mapping[str, Any], text: str, coloured: bool = False) -> None:
    """Print a result for a person or for a program; ``coloured``: the text has escape sequences of our own."""
    shown = typed(text) if coloured else harmless(typed(text))
    say_out(json.dumps(dict(result), indent=2, default=_plain) if as_json else shown)


def _plain(value: Any) -> Any:
    """What JSON does not know, as what it knows."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def say(text: str) -> None:
    """Tell a person something that is no result: on standard error, so that ``--json`` stays clean."""
    if speaks():
        print(harmless(typed(text)), file=sys.stderr)
