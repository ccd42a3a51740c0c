"""Yes-or-no flags: a setting is turned on and off (``--test``, ``--no-test``), a command's own option only on."""

from copy import copy
from dataclasses import Field, fields, is_dataclass, make_dataclass
from typing import Any, TypeVar, get_type_hints

from tyro.conf import FlagCreatePairsOff

T = TypeVar("T")
ONE_FLAG: Any = FlagCreatePairsOff


def with_switches(options: type[T]) -> type[T]:
    """The same options with one flag for each of a command's own booleans, and two for each setting's.

    What a setting is unless given differs: a file of settings, or the run that another begins from, says so. With one
    flag, that turns it around, the word that a file has made needless would be refused; and a help that shows
    ``--no-test`` beside what ``test`` does says the opposite of what the flag does.
    """
    hints = {one.name: one.type if _is_part(one.type) else None for one in fields(options)}  # type: ignore[arg-type]
    if not any(hints.values()):
        alone: type[T] = ONE_FLAG[options]
        return alone
    named = get_type_hints(options, include_extras=True) if None in hints.values() else {}
    own = [(one, hints[one.name] or named[one.name]) for one in fields(options)]  # type: ignore[arg-type]
    told = {"__module__": options.__module__, "__doc__": options.__doc__}
    return make_dataclass(options.__name__, [_marked(one, hint) for one, hint in own], bases=(options,), namespace=told)


def _marked(one: "Field[Any]", hint: Any) -> tuple[str, Any, "Field[Any]"]:
    """A field, of which settings stay as they are."""
    return one.name, hint if hasattr(hint, "model_fields") else ONE_FLAG[hint], copy(one)


def _is_part(kind: Any) -> bool:
    return is_dataclass(kind) or hasattr(kind, "model_fields")
