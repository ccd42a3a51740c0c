"""Run folders changed part by part: read as they were, or refused in a sentence, by whatever reads them."""

import json
import random
import shutil
import struct
import warnings
from pathlib import Path

import pytest

import reparam
from reparam.cli.info import run as info
from reparam.errors import UserError

GOLDEN = Path(__file__).parent.parent / "golden"
# of the first schemas nothing carries a checksum: what is changed in them reaches the code behind that
RUNS = ["schema-0/vae", "schema-1/vae-flow", "schema-1/gan-remedies", "schema-1/vae-table", "schema-2/vae-people"]
NUMBERS = [-1, 0, 1, 2, 7, 10**9, 10**30, -(10**30), 1e308, 1e-320, 0.5, float("nan"), float("inf")]
WORDS = ["", "x", "vae", "../..", "a" * 3000, "\x1b[31m"]
VALUES = [None, True, False, *NUMBERS, *WORDS, [], [1], [-1], [[]], {}, {"class": "os.system"}]
EXAMPLES = 24
"""Changes of each file of each run, each by a seed that brings it back."""


def places(value, at=()):
    """Every place within a value of JSON's."""
    yield at
    if isinstance(value, dict | list):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(part, (*at, name))


def changed(value, at, how):
    """The value with the part at a place replaced by what ``how`` makes of it and of its surroundings."""
    if len(at) == 1:
        how(value, at[0])
        return value
    changed(value[at[0]], at[1:], how)
    return value


def mutated(value, dice):
    """The value with a part lost, renamed, doubled, swapped with another, nested, or of another type or size."""
    at = dice.choice([place for place in places(value) if place] or [()])
    if not at:
        return dice.choice(VALUES)
    other = dice.choice(list(places(value)))

    def how(around, name):
        match dice.choice(["lose", "rename", "replace", "replace", "replace", "wrap", "deep", "swap"]):
            case "lose":
                del around[name]
            case "rename" if isinstance(around, dict):
                around[f"{name}x"] = around.pop(name)
            case "wrap":
                around[name] = [around[name]]
            case "deep":
                for _ in range(dice.choice([3, 600])):
                    around[name] = {"a": around[name]} if dice.random() < 0.5 else [around[name]]
            case "swap":
                found = value
                for step in other:
                    found = found[step]
                around[name] = json.loads(json.dumps(found))
            case _:
                around[name] = dice.choice(VALUES)

    return changed(value, at, how)


def as_text(value, dice):
    """JSON, at times with an entry twice, of which readers may take either."""
    text = json.dumps(value, indent=2)
    if dice.random() < 0.1 and isinstance(value, dict) and value:
        text = text.replace("{", f'{{"{dice.choice(list(value))}": {json.dumps(dice.choice(VALUES))},', 1)
    return text


def spoil(path, dice):
    """Change a file in a way that suits it."""
    if path.suffix == ".json":
        path.write_text(as_text(mutated(json.loads(path.read_text()), dice), dice))
    elif path.suffix == ".jsonl":
        lines = path.read_text().splitlines()
        at = dice.randrange(len(lines))
        lines[at] = json.dumps(mutated(json.loads(lines[at]), dice))
        path.write_text("\n".join([*lines, ""]))
    elif path.suffix == ".safetensors":
        content = path.read_bytes()
        (size,) = struct.unpack("<Q", content[:8])
        head = mutated(json.loads(content[8 : 8 + size]), dice)
        if isinstance(head, dict) and isinstance((note := head.get("__metadata__")), dict) and dice.random() < 0.5:
            name = dice.choice(sorted(note))
            if isinstance(note[name], str) and note[name].startswith("{"):
                note[name] = json.dumps(mutated(json.loads(note[name]), dice))
        text = json.dumps(head).encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + size :])
    else:
        content = bytearray(path.read_bytes())
        for _ in range(dice.randrange(1, 4)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        path.write_bytes(content)


READERS = {
    "load": lambda folder: reparam.load(folder).sample(2),
    "last": lambda folder: reparam.load(folder, checkpoint="last").sample(2),
    "curves": lambda folder: str(reparam.curves(folder)),
    "snapshots": lambda folder: str(reparam.snapshots(folder)),
    "doctor": lambda folder: str(reparam.doctor(folder)),
    "doctor, mending": lambda folder: str(reparam.doctor(folder, mend=True)),
    "info": lambda folder: info("info", [str(folder), "--json"]),
}
"""Everything that reads a run without its data."""


def files(run):
    return sorted(str(path.relative_to(GOLDEN / run)) for path in (GOLDEN / run).rglob("*") if path.is_file())


@pytest.mark.parametrize(("run", "file"), [(run, file) for run in RUNS for file in files(run)])
def test_changed_parts_are_read_or_refused(run, file, tmp_path, capsys):
    folder, told = tmp_path / "run", []
    for seed in range(EXAMPLES):
        dice = random.Random(f"{seed} {run} {file}")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(GOLDEN / run, folder)
        spoil(folder / file, dice)
        spoiled, reader = (folder / file).read_bytes(), dice.choice(sorted(READERS))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                READERS[reader](folder)
        except UserError as error:
            told.append(str(error))
            assert 0 < len(told[-1]) < 4000, (seed, reader)
        except Exception as error:
            raise AssertionError(f"seed {seed}, {reader}: {spoiled[:300]!r}") from error
    capsys.readouterr()
