"""Whether ``config.json`` is still what was written when the run began, and what in it is not."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reparam.door import Damaged, Unreadable
from reparam.errors import UserError
from reparam.runs.only_read import as_typed
from reparam.runs.sealed import SEAL, checksum, is_whole, read_table

MOST_TOLD = 3


def check_config(path: Path, plain: Mapping[str, Any], copy: Path) -> None:
    """Make sure that a configuration was not changed since it was written.

    Args:
        path: of ``config.json``.
        plain: what it holds; without a checksum it is of an earlier version, and taken unless a copy speaks against it.
        copy: where its copy lies.

    Raises:
        Damaged: saying what was changed, where the copy tells.
    """
    kept = kept_copy(copy)
    if is_whole(plain) and (kept is None or checksum(kept) == checksum(plain)):
        return
    if kept is None:
        raise Damaged(
            f"{path} is not as it was written (its checksum differs), and no copy tells what was changed: restore it"
        )
    if is_whole(plain):
        raise Damaged(
            f"{path} and its copy {copy.name} are of two runs ({told_changes(kept, plain)}): "
            f"`reparam doctor {as_typed(path.parent)}` with mend=True finds out which is right"
        )
    raise Damaged(
        f"{path} is not as it was when the run began ({told_changes(kept, plain)}): undo that, or "
        f"`reparam doctor {as_typed(path.parent)}` with mend=True puts the old one back"
    )


def kept_copy(path: Path) -> dict[str, Any] | None:
    """What the copy holds; None where there is none that is whole.

    Raises:
        reparam.door.Unreadable: if the system does not let it be read.
    """
    try:
        found = read_table(path)
    except Unreadable:
        raise
    except UserError:
        return None
    return found if SEAL in found and is_whole(found) else None


def told_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What was changed, in words."""
    found = list(changes(before, now))
    more = f" and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else ""
    return f"{'; '.join(found[:MOST_TOLD])}{more}" if found else "its checksum alone"


def changes(before: Any, now: Any, name: str = "") -> Iterator[str]:
    """What differs between two values that JSON can hold, a few words each.

    >>> list(changes({"a": {"b": 1, "c": [1, 2]}}, {"a": {"b": 2, "c": [1, 2]}, "d": 3}))
    ['a.b is 2, was 1', 'd is 3, was not there']
    """
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*before, *(key for key in now if key not in before)]:
            if key != SEAL:
                yield from changes(before.get(key, _Absent()), now.get(key, _Absent()), f"{name}.{key}".strip("."))
    elif type(before) is not type(now) or before != now:
        gone = isinstance(now, _Absent)
        yield f"{name} is {'not there' if gone else _short(now)}, was {_short(before)}"


class _Absent:
    def __repr__(self) -> str:
        return "not there"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
