"""Words that a command has no place for: what it does take, and what they probably were meant to be."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, NoReturn, get_type_hints

from tyro.conf import Suppress

from reparam.cli.flags import NAMED, POSITIONAL
from reparam.door import present
from reparam.errors import UserError
from reparam.nearest import meant
from reparam.terminal import one_word

READ = ("data", "out")
"""The options that take a file or a folder: what is there is read, and what is not is written."""


LIKE = 0.75
"""How alike two flags are, from 0 to 1, of which one may have been meant by the other."""


def refuse(words: Sequence[str], options: Any, command: str) -> NoReturn:
    """Say of the first word that is left over what would do in its place.

    Args:
        words: what the command has no place for.
        options: the dataclass of what it has.
        command: its name.

    Raises:
        UserError: always.
    """
    word, names = words[0], dict(options_in(options))
    flags = [flag for flag, alone in names.items() if not alone]
    if word.startswith("-"):
        name = word.partition("=")[0]
        guess = meant(name, flags, LIKE, quoted=False)
        raise UserError(f"{name} is no option of `reparam {command}`{guess}: `reparam {command} --help` lists them")
    whole = " ".join([command, *(name.upper() for name, alone in names.items() if alone)])
    option = _meant(word, flags)
    would = f"as an option it would be {option}" if option else "leave it out"
    raise UserError(f"{word!r} is a word too many for `reparam {whole}`: {would}, see `reparam {command} --help`")


def _meant(word: str, flags: Sequence[str]) -> str:
    """A word with the option that it probably belongs to; nothing where there is none."""
    if word.isdigit() and "-n" in flags:
        return f"-n {word}"
    takes = [f"--{name}" for name in READ if f"--{name}" in flags]
    if not takes:
        return ""
    return f"{takes[0] if present(Path(word)) else takes[-1]} {one_word(word)}"


def options_in(kind: Any) -> Iterator[tuple[str, bool]]:
    """Every option's flag and the name of every word that stands alone, each with whether it stands alone."""
    yield from ((name, alone) for name, alone, _ in hinted(kind))


def hinted(kind: Any) -> Iterator[tuple[str, bool, Any]]:
    """The same with what each takes, as a type."""
    if hasattr(kind, "model_fields"):
        shown = {name: about for name, about in kind.model_fields.items() if Suppress not in about.metadata}
        yield from ((_flag(NAMED.get(name, name)), False, about.annotation) for name, about in shown.items())
        yield from ((_flag(f"no_{name}"), False, bool) for name, about in shown.items() if about.annotation is bool)
        return
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        # what is made while the flags are, as `train`'s parts, has no name that a hint could be looked up by
        hint = field.type if _has_options(field.type) else hints[field.name]
        yield from hinted(hint) if _has_options(hint) else _option(field.name, hint)


def _has_options(hint: Any) -> bool:
    return is_dataclass(hint) or hasattr(hint, "model_fields")


def _option(name: str, hint: Any) -> Iterator[tuple[str, bool, Any]]:
    """A field's, by what its annotation notes: another name, shorter ones, that it is given without any."""
    notes: Sequence[Any] = getattr(hint, "__metadata__", ())
    alone = POSITIONAL in notes
    named = next((note.name for note in notes if isinstance(getattr(note, "name", None), str)), name)
    yield (name if alone else _flag(named)), alone, hint
    yield from ((alias, False, hint) for note in notes for alias in getattr(note, "aliases", None) or ())


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
