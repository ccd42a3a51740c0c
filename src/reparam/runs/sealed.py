"""JSON that carries a checksum of itself, so that damage and changes by hand are found and not believed."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reparam.door import MOST, Damaged, read_json
from reparam.files import write_json

SEAL = "checksum"
"""The entry that holds it."""


def checksum(value: Mapping[str, Any], owner: str = "") -> str:
    """SHA-256 of what JSON holds, whatever the order and the spaces it is written in.

    Args:
        value: a table that JSON can hold; an entry :data:`SEAL` is left out.
        owner: the checksum of what it belongs to, if it belongs to something.

    >>> checksum({"b": [1.5], "a": None}) == checksum({"a": None, "b": [1.5], "checksum": "old"})
    True
    """
    rest = {str(name): part for name, part in value.items() if name != SEAL}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{owner}\n{text}".encode()).hexdigest()


def sealed(value: Mapping[str, Any], owner: str = "") -> dict[str, Any]:
    """The table with its checksum."""
    plain = json.loads(json.dumps(dict(value), allow_nan=False))
    return {**plain, SEAL: checksum(plain, owner)}


def is_whole(value: Mapping[str, Any], owner: str = "") -> bool:
    """Whether a table is as it was sealed; one without a checksum is of an earlier version, and taken."""
    return SEAL not in value or value[SEAL] == checksum(value, owner)


def write_sealed(path: Path, value: Mapping[str, Any], owner: str = "") -> None:
    """Write a table with its checksum, atomically."""
    write_json(path, sealed(value, owner))


def read_table(path: Path, most: int = MOST) -> dict[str, Any]:
    """The table that a JSON file holds, checksum and all, which is not looked at.

    Raises:
        reparam.door.Missing: if there is none.
        Damaged: if it holds something else.
    """
    value = read_json(path, most)
    if not isinstance(value, dict):
        raise Damaged(f"{path} holds no table: it was changed by hand or is damaged")
    return value


def read_sealed(path: Path, owner: str = "", most: int = MOST) -> dict[str, Any]:
    """The table that :func:`write_sealed` wrote, without its checksum.

    Raises:
        reparam.door.Missing: if there is none.
        Damaged: if it is not what was written, or belongs to another owner.
    """
    value = read_table(path, most)
    if not is_whole(value, owner):
        raise Damaged(f"{path} is not as it was written (its checksum differs): it was changed by hand or is damaged")
    return {name: part for name, part in value.items() if name != SEAL}
