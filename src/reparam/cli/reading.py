"""The flags of how data are read: settings whose names or forms the command line cannot take as they are."""

from functools import cache
from typing import Annotated, Any, TypeVar

from tyro.conf import Suppress, arg

from reparam.errors import UserError
from reparam.settings import ReadingConfig

Settings = TypeVar("Settings", bound=ReadingConfig)


@cache
def flags_of(config: type[ReadingConfig], hidden: tuple[str, ...] = ()) -> type[Any]:
    """The settings as flags: ``--as``, which is a word of Python's own, and ``--columns NAME=KIND ...``.

    Args:
        config: the settings.
        hidden: those that are no flags.

    >>> flags_of(ReadingConfig)(columns=("age=integer",)).columns
    ('age=integer',)
    """
    read_as = config.model_fields["read_as"]
    help_as = "What the rows are: images, a table of columns of kinds, or vectors of plain numbers; auto: found out."
    help_schema = "Read a table by this schema, as `reparam data --schema-out` wrote it and you may have changed it."
    help_columns = "Kinds of columns, as age=integer income=log sex=category; those not named are found out."
    flags: dict[str, Any] = {
        **{name: config.model_fields[name].annotation for name in hidden},
        "read_as": Annotated[read_as.annotation, arg(name="as", help=help_as)],
        "schema_file": Annotated[str | None, arg(name="schema", help=help_schema)],
        "columns": Annotated[tuple[str, ...], arg(metavar="NAME=KIND", help=help_columns)],
    }
    return type(
        f"{config.__name__}Flags",
        (config,),
        {
            "__annotations__": {
                name: Annotated[flag, Suppress] if name in hidden else flag for name, flag in flags.items()
            },
            **{name: config.model_fields[name].default for name in hidden},
            "read_as": "auto",
            "columns": (),
            "schema_file": None,
            "__doc__": config.__doc__,
            "__module__": __name__,
        },
    )


def as_flags(settings: ReadingConfig) -> Any:
    """Settings in the form of their flags."""
    given = settings.model_dump() | {"columns": tuple(f"{name}={kind}" for name, kind in settings.columns.items())}
    return flags_of(type(settings))(**given)


def as_settings(flags: Any, config: type[Settings]) -> Settings:
    """The settings that flags stand for.

    Raises:
        UserError: if a column's kind is not given as NAME=KIND.
    """
    return config(**flags.model_dump() | {"columns": dict(map(_pair, flags.columns))})


def _pair(text: str) -> tuple[str, str]:
    name, equals, kind = text.rpartition("=")
    if not (name and equals and kind):
        raise UserError(f"{text!r} names no column and its kind: give NAME=KIND")
    return name, kind
