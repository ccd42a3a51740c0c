"""Changes that keep a form: JSON stays JSON, as a file of its own, a line of one, or the head of weights."""

import json
import random
from collections.abc import Callable, Iterator
from itertools import islice, product
from typing import Any

NUMBERS = [-1, 0, 1, 2, 7, 10**9, 2**63, 10**30, -(10**30), 10**400, 1e308, 1e-320, 0.5]
WORDS = ["", "x", "vae", "../..", "a" * 300, "\x1b[31m", "\ud800", "0", "1e999", "nan", "2024-01-31", "/dev/zero"]
VALUES: list[Any] = [None, True, False, *NUMBERS, *WORDS, [], [1], [-1], [[]], {}, {"a": 1}, {"class": "os.system"}]
HARD: list[Any] = [None, True, -1, 0, 10**30, 10**400, 1e308, "", "\ud800", [], {}]
"""What every part is replaced by in turn."""
DEEP = 60
Place = tuple[Any, Any]
"""What holds a part of a value, and where."""


def changed(content: bytes, dice: random.Random) -> bytes | None:
    """Bytes with one part of the JSON in them replaced, lost, doubled, renamed or nested; None where there is none."""
    for form in (_whole, _line, _head):
        try:
            return form(content, dice)
        except (ValueError, RecursionError, LookupError):
            continue
    return None


def each(content: bytes) -> Iterator[bytes]:
    """JSON, or lines of it, with each of its parts replaced by each value of a few."""
    lines = content.split(b"\n")
    for number, line in enumerate(lines):
        try:
            count = len(list(_places(json.loads(line))))
        except ValueError:
            continue
        for at, hard in product(range(count), HARD):
            value = json.loads(line)
            holder, key = next(islice(_places(value), at, None))
            holder[key] = hard
            yield b"\n".join([*lines[:number], json.dumps(value).encode(), *lines[number + 1 :]])


def _whole(content: bytes, dice: random.Random) -> bytes:
    return json.dumps(_value(json.loads(content), dice), separators=(",", ":")).encode()


def _line(content: bytes, dice: random.Random) -> bytes:
    lines = content.split(b"\n")
    at = dice.randrange(len(lines))
    lines[at] = _whole(lines[at], dice)
    return b"\n".join(lines)


def _head(content: bytes, dice: random.Random) -> bytes:
    """The head of a safetensors file."""
    size = int.from_bytes(content[:8], "little")
    if not 0 < size < len(content):
        raise ValueError("no such head")
    head = _whole(content[8 : 8 + size], dice)
    return len(head).to_bytes(8, "little") + head + content[8 + size :]


def _value(value: Any, dice: random.Random) -> Any:
    """A value with one part of it changed."""
    places = list(_places(value))
    if not places:
        return dice.choice(VALUES)
    (holder, key), (other, there) = dice.choice(places), dice.choice(places)
    part = holder[key]
    ways: list[Callable[[], Any]] = [lambda: dice.choice(VALUES)] * 4
    ways += [
        lambda: [part],
        lambda: {"a": part},
        lambda: json.loads(json.dumps(other[there])),
        lambda: _nested(part, dice),
    ]
    way = dice.randrange(len(ways) + 2)
    if way < len(ways):
        holder[key] = ways[way]()
    elif way == len(ways):
        del holder[key]
    elif isinstance(holder, dict):
        holder[f"{key}x"] = holder.pop(key)
    else:
        holder.insert(key, part)
    return value


def _places(value: Any) -> Iterator[Place]:
    """Every place within a value."""
    if isinstance(value, dict | list):
        for key, part in list(value.items() if isinstance(value, dict) else enumerate(value)):
            yield value, key
            yield from _places(part)


def _nested(part: Any, dice: random.Random) -> Any:
    for _ in range(dice.randrange(2, DEEP)):
        part = [part] if dice.random() < 0.5 else {"a": part}
    return part
