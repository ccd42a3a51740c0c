"""What may befall a file: cut off, flipped, swapped, emptied, of other types, not finite, no file at all."""

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

Damage = Callable[[Path, Path, random.Random], None]
"""Of the file, the same file of another run, and what decides."""
VALUES: list[Any] = [None, True, -1, 0, 10**30, 1.5, "", "x", [], [1], {}, {"a": 1}]
GIANT = 2**36


def cut(path: Path, other: Path, dice: random.Random) -> None:
    """Cut off."""
    content = path.read_bytes()
    path.write_bytes(content[: dice.randrange(len(content))] if content else b"")


def flip(path: Path, other: Path, dice: random.Random) -> None:
    """A byte changed."""
    content = bytearray(path.read_bytes() or b"\0")
    content[dice.randrange(len(content))] ^= dice.randrange(1, 256)
    path.write_bytes(content)


def noise(path: Path, other: Path, dice: random.Random) -> None:
    """Random bytes in a part of it."""
    content = bytearray(path.read_bytes() or b"\0")
    start = dice.randrange(len(content))
    length = min(len(content) - start, dice.randrange(1, 64))
    content[start : start + length] = dice.randbytes(length)
    path.write_bytes(content)


def more(path: Path, other: Path, dice: random.Random) -> None:
    """Something behind its end."""
    path.write_bytes(path.read_bytes() + dice.randbytes(dice.randrange(1, 64)))


def emptied(path: Path, other: Path, dice: random.Random) -> None:
    """Nothing in it."""
    path.write_bytes(b"")


def gone(path: Path, other: Path, dice: random.Random) -> None:
    """Removed."""
    path.unlink()


def swapped(path: Path, other: Path, dice: random.Random) -> None:
    """Another run's, or another of the same kind of this run; where there is none, any other file of this folder."""
    kin = [one for one in sorted(path.parent.glob(f"*{path.suffix}")) if one != path]
    found = [one for one in [other] * (len(kin) or 1) + kin if one.is_file()]
    around = [one for one in sorted(path.parents[1].rglob("*")) if one.is_file() and one != path]
    shutil.copy(dice.choice(found or around), path)


def pipe(path: Path, other: Path, dice: random.Random) -> None:
    """A pipe that nobody writes into."""
    path.unlink()
    os.mkfifo(path)


def linked(path: Path, other: Path, dice: random.Random) -> None:
    """A link to a device, to nothing, to itself, to a folder, to another run's file."""
    path.unlink()
    path.symlink_to(dice.choice(["/dev/zero", "/dev/null", "/dev/stdin", "gone", path.name, "/", str(other)]))


def folder(path: Path, other: Path, dice: random.Random) -> None:
    """A folder."""
    path.unlink()
    path.mkdir()


def giant(path: Path, other: Path, dice: random.Random) -> None:
    """As large as a disk, and of no content."""
    with path.open("r+b") as file:
        file.truncate(GIANT)


def types(path: Path, other: Path, dice: random.Random) -> None:
    """JSON with a value of another type; of rows, one of them."""
    if path.suffix == ".safetensors":
        return _weights(path, dice)
    if path.suffix not in (".json", ".jsonl"):
        return noise(path, other, dice)
    lines = [path.read_text()] if path.suffix == ".json" else path.read_text().splitlines() or ["{}"]
    at = dice.randrange(len(lines))
    lines[at] = json.dumps(_changed(json.loads(lines[at]), dice))
    path.write_text("\n".join([*lines, ""]))
    return None


def deep(path: Path, other: Path, dice: random.Random) -> None:
    """JSON nested beyond any use."""
    path.write_text(dice.choice(["[" * 10**6, '{"a":' * 10**5, '{"schema": ' + "9" * 10**5 + "}", "NaN", "[1e999]"]))


def _changed(value: Any, dice: random.Random) -> Any:
    """A value with one part of it, at any depth, replaced."""
    if isinstance(value, dict) and value and dice.random() < 0.9:
        key = dice.choice(list(value))
        return {**value, key: _changed(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.7:
        at = dice.randrange(len(value))
        return [*value[:at], _changed(value[at], dice), *value[at + 1 :]]
    return dice.choice([one for one in VALUES if one != value])


def _weights(path: Path, dice: random.Random) -> None:
    """Weights that are not finite, of another type or another shape."""
    with safe_open(path, "pt") as file:
        notes, tensors = file.metadata(), {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    name = dice.choice(sorted(tensors))
    one = tensors[name]
    change = dice.choice(["nan", "inf", "type", "shape", "name", "zero"])
    if change in ("nan", "inf") and one.is_floating_point():
        one.flatten()[dice.randrange(one.numel())] = float(change)
    elif change == "type":
        tensors[name] = one.to(torch.float16 if one.dtype != torch.float16 else torch.int64)
    elif change == "shape":
        tensors[name] = torch.cat([one.flatten(), one.flatten()])
    elif change == "name":
        tensors[f"{name}x"] = tensors.pop(name)
    else:
        tensors[name] = torch.zeros_like(one) - 1
    save_file(tensors, path, notes)


DAMAGES: dict[str, Damage] = {
    one.__name__: one
    for one in (cut, flip, noise, more, emptied, gone, swapped, pipe, linked, folder, giant, types, deep)
}
