"""The schema of a table as JSON, for a run's record and for a file that a person can edit.

A column has a name and a kind; what the kind needs stands below the kind's name. Where that is left out, as when
somebody has written another kind, it is found from the data that are read by the file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reparam.data.columns.kind import ColumnKind
from reparam.data.columns.kinds import KINDS, kind_named
from reparam.door import parse, present, require_regular
from reparam.errors import UserError

MOST_BYTES = 64 * 2**20
FORMS = ("table", "array")
COMMON = ("name", "why", "missing")


def plain(kind: ColumnKind) -> dict[str, Any]:
    """A column as JSON holds it."""
    fields = kind.model_dump(mode="json")
    own = {name: value for name, value in fields.items() if name not in COMMON}
    return {"name": kind.name, "kind": kind.word, "why": kind.why, "missing": kind.missing, kind.word: own}


def column_of(given: object, where: str) -> ColumnKind | tuple[str, str]:
    """A column of a schema; only its name and its kind's where the file says no more of it.

    Raises:
        UserError: if it is none.
    """
    if not isinstance(given, dict) or not isinstance(given.get("name"), str) or not isinstance(given.get("kind"), str):
        raise UserError(f'{where} holds a column without a name or a kind: write {{"name": ..., "kind": ...}}')
    name, word = given["name"], given["kind"]
    kind = kind_named(word, name)
    if unknown := [key for key in given if key not in (*COMMON, "kind", *KINDS)]:
        raise UserError(f"{where}: column {name!r} has {unknown[0]!r:.60}, which columns of a schema do not have")
    own = given.get(word)
    if own is None:
        return name, word
    if not isinstance(own, dict):
        raise UserError(f"{where}: column {name!r} has {word!r} without what a {word} needs")
    if strange := sorted(set(own) - set(kind.model_fields).difference(COMMON)):
        raise UserError(f"{where}: column {name!r} has {strange[0]!r:.60}, which a {word} has not")
    common = {key: given[key] for key in COMMON if key in given}
    try:
        return kind(**common, **{key: tupled(value) for key, value in own.items()})
    except UserError as error:
        raise UserError(f"{where}: column {name!r}: {error}") from None


def tupled(value: Any) -> Any:
    """JSON's lists as tuples."""
    return tuple(map(tupled, value)) if isinstance(value, list) else value


def columns_of(given: object, where: str) -> tuple[str, list[ColumnKind | tuple[str, str]], Mapping[str, Any]]:
    """The form of a table, its columns, and all that is said.

    Raises:
        UserError: if it is no schema.
    """
    if not isinstance(given, Mapping) or not isinstance(given.get("columns"), list) or given.get("form") not in FORMS:
        raise UserError(
            f'{where} is no schema of a table: it holds "form", {" or ".join(FORMS)}, and "columns", a list'
        )
    if unknown := set(given) - {"form", "columns", "punctuation", "dtypes", "made_by"}:
        raise UserError(f"{where} holds {sorted(map(str, unknown))[0]!r:.60}, which a schema does not")
    columns = [column_of(column, where) for column in given["columns"]]
    return str(given["form"]), columns, given


def read_file(path: Path) -> Any:
    """The JSON of a schema's file.

    Raises:
        UserError: if it cannot be read, or is none.
    """
    if present(path):
        require_regular(path)  # a pipe would be waited for
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{path} is too large for a schema ({path.stat().st_size:,} bytes)")
        return parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): name a schema that `reparam data` wrote") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is no JSON ({error}): name a schema that `reparam data` wrote") from None
