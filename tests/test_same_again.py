"""The same seed, the same bits: in another process, from another folder, with another seed of Python's hashes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import reparam
from reparam.training import Silent

KEPT = (
    "run/metrics.jsonl",
    "run/checkpoints/last.safetensors",
    "run/checkpoints/best.safetensors",
    "rows.csv",
    "rows.png",
)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "rows.csv"
    rng = np.random.default_rng(11)
    rows = [f"{rng.normal():.2f},{rng.integers(9)},{rng.choice(list('abcd'))}" for _ in range(700)]
    path.write_text("\n".join(["height,children,town", *rows]))
    return path


def made(place: Path, table: Path, kind: str, hashes: str) -> dict[str, bytes]:
    """What a run and its results are, byte for byte; the folder is where the commands are called."""
    place.mkdir()
    for words in (
        ["train", kind, "--data", table, "--steps", "40", "--seed", "5", "--out", "run"],
        ["sample", "run", "-n", "20", "--seed", "2", "--out", "rows.csv"],
        ["sample", "run", "-n", "20", "--seed", "2", "--out", "rows.png"],
        ["evaluate", "run", "--seed", "3", "--images", "20", "--samples", "20", "--count", "60", "--json"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "reparam", *map(str, words)],
            cwd=place,
            env=os.environ | {"PYTHONHASHSEED": hashes, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr.decode()
    found = {name: (place / name).read_bytes() for name in KEPT if (place / name).exists()}
    return {**found, "measures": re.sub(rb'"seconds": [^,}]*', b"", done.stdout)}


def test_runs_samples_pictures_and_measures_are_the_same_bytes(tmp_path, table):
    one, other = (made(tmp_path / hashes, table, "vae", hashes) for hashes in ("1", "2"))
    assert len(one) >= 5
    assert b"{" in one["measures"]
    assert [name for name in one if one[name] != other[name]] == []


def test_the_same_in_one_process(table):
    players = {"generator_hidden": (8,), "discriminator_hidden": (8,), "progress": Silent()}
    first, second = (reparam.fit("gan", table, steps=9, seed=4, **players) for _ in "ab")
    assert first.rows == second.rows
    assert np.array_equal(first.sample(9, seed=1).x, second.sample(9, seed=1).x)
