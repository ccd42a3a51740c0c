"""``--config FILE``: what a file of settings says takes the place of a command's defaults; flags override it."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from reparam.cli.flags import NAMED
from reparam.errors import UserError
from reparam.nearest import meant

T = TypeVar("T")
FLAG = "--config"
BY_HAND = ("config", "force", "json", "quiet", "processes")
"""What is said when a command is called, and is no setting."""


def file_of(argv: list[str]) -> Path | None:
    """The file behind ``--config``.

    >>> str(file_of(["vae", "--config=a.yaml"]))
    'a.yaml'
    >>> file_of([])
    """
    given = [following for word, following in zip(argv, [*argv[1:], ""], strict=False) if word == FLAG]
    given += [word.partition("=")[2] for word in argv if word.startswith(f"{FLAG}=")]
    return Path(given[-1]) if given and given[-1] else None


def with_kind(argv: list[str]) -> list[str]:
    """The words of a command whose first is the kind of model, which a file may name instead.

    Raises:
        UserError: if both name one, and not the same.
    """
    if (path := file_of(argv)) is None or any(word.partition("=")[0] in ("--resume", "--from") for word in argv):
        return argv
    from reparam.settings_files import read

    named = read(path).get("kind")
    if not argv[0].startswith("-"):
        if named not in (None, argv[0]):
            raise UserError(f"{path} has settings of the kind {named!r}, and {argv[0]!r} is asked for: leave one out")
        return argv
    if named is None:
        raise UserError(f"{path} names no kind of model: write `kind: vae` into it, or name one before {FLAG}")
    return [str(named), *argv]


def with_file(options: type[T], argv: list[str], command: str) -> type[T]:
    """The options of a command with what a file says for defaults, where one is named.

    Raises:
        UserError: if the command has no such setting, or a value will not do.
    """
    names = _names(options)
    if "config" not in names or (path := file_of(argv)) is None:
        return options
    from reparam.settings_files import read

    given = {name: value for name, value in read(path).items() if name != "kind"}
    given = {_BACK.get(name, name): value for name, value in given.items()}
    for name in given:
        if name not in names or name in BY_HAND:
            guess = meant(name, sorted(set(names) - set(BY_HAND)), quoted=False)
            raise UserError(
                f"{name} in {path} is no setting of `reparam {command}`{guess}: `reparam {command} --help` lists them"
            )
    try:
        return _preset(options, given)
    except UserError as error:
        raise UserError(f"in {path}, {error}") from None


_BACK = {flag: name for name, flag in NAMED.items()}


def _names(kind: Any) -> list[str]:
    """Every setting of options, those within their parts included."""
    if hasattr(kind, "model_fields"):
        return [name for name in kind.model_fields if name != "kind"]
    return [name for one in fields(kind) for name in (_names(one.type) if _is_part(one.type) else [one.name])]


def _is_part(kind: Any) -> bool:
    return is_dataclass(kind) or hasattr(kind, "model_fields")


def _preset(options: type[T], given: Mapping[str, Any]) -> type[T]:
    """The same options with other defaults."""
    hints = get_type_hints(options, include_extras=True) if not _made(options) else {}
    changed: dict[str, Any] = {}
    for one in fields(options):  # type: ignore[arg-type]
        if _is_part(one.type):
            own = {name: value for name, value in given.items() if name in _names(one.type)}
            if own:
                part = _part(one, own)
                changed[one.name] = (one.type, field(default_factory=_giving(part)))
        elif one.name in given:
            kind = hints.get(one.name, one.type)
            changed[one.name] = (kind, field(default=_checked(one.name, kind, given[one.name])))
    members = {name: default for name, (_, default) in changed.items()}
    annotations = {name: kind for name, (kind, _) in changed.items()}
    new = type(
        options.__name__, (options,), {**members, "__annotations__": annotations, "__module__": options.__module__}
    )
    return dataclass(new)


def _giving(value: Any) -> Callable[[], Any]:
    return lambda: value


def _made(options: type[Any]) -> bool:
    """Whether options were put together while running, whose types are there as such and have no names to look up."""
    return any(_is_part(one.type) for one in fields(options))


def _part(one: "Field[Any]", own: Mapping[str, Any]) -> Any:
    """A part of the options with the values of the file."""
    assert one.default_factory is not MISSING
    part = one.default_factory()
    if is_dataclass(part):
        changed: Any = _preset(type(part), own)
        return changed()
    return type(part)(**part.model_dump() | {name: _as_flag(name, value) for name, value in own.items()})


def _as_flag(name: str, value: Any) -> Any:
    """Kinds of columns, which flags have as pairs."""
    if name == "columns" and isinstance(value, dict):
        return tuple(f"{column}={kind}" for column, kind in value.items())
    return value


def _checked(name: str, kind: Any, value: Any) -> Any:
    """A value of an option that is no setting of ours, as its type has it.

    Raises:
        UserError: if it will not do.
    """
    from pydantic import TypeAdapter, ValidationError

    from reparam.settings import check_truth, explain

    if name == "vary" and isinstance(value, dict):
        value = tuple(f"{one}={_choices(tried)}" for one, tried in value.items())
    try:
        check_truth(name, kind, value)
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        sentence = explain(error)
        raise UserError(sentence.replace("settings:", f"{name}:", 1)) from None
    except ValueError as error:
        raise UserError(str(error)) from None


def _choices(tried: Any) -> str:
    """What is tried of a setting in a sweep: a range as it is written, or a list of choices."""
    if not isinstance(tried, list):
        return str(tried)
    return ",".join("+".join(map(str, one)) if isinstance(one, list) else str(one) for one in tried)
