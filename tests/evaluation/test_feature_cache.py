"""Features of real examples are read where they are kept, by the key and the values; damage costs time only."""

import os
from pathlib import Path

import pytest
import torch

from reparam.data import Dataset, Split
from reparam.evaluation import Features, Yardstick
from reparam.evaluation.samples import feature_cache
from reparam.evaluation.samples.feature_cache import kept


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(feature_cache, "FEWEST", 100)
    return tmp_path / "reparam" / "features"


class Counting:
    """A network that counts what it has seen."""

    def __init__(self, factor=2.0, key="doubled"):
        self.seen = 0
        self.features = Features("doubled", "module", self.double, key)
        self.factor = factor

    def double(self, x):
        self.seen += len(x)
        return self.factor * x


def values(n=200, seed=0):
    return torch.rand(n, 3, generator=torch.Generator().manual_seed(seed))


def test_the_same_values_are_looked_at_once(folder):
    first, again, x = Counting(), Counting(), values()
    one, other = (kept(net.features, lambda: x.split(60)) for net in (first, again))
    assert torch.equal(one, 2 * x)
    assert torch.equal(other, one)
    assert (first.seen, again.seen) == (200, 0)
    assert len(list(folder.iterdir())) == 1


def test_other_values_keys_and_few_examples_are_looked_at(folder):
    x = values()
    kept(Counting().features, lambda: [x])
    changed = x.clone()
    changed[-1, -1] += 1e-6
    for net, shown in (
        (Counting(), changed),
        (Counting(), x.flip(0)),
        (Counting(3.0, "tripled"), x),
        (Counting(key=None), x),
        (Counting(), values(50)),
    ):
        assert torch.equal(kept(net.features, lambda shown=shown: [shown]), net.factor * shown)
        assert net.seen == len(shown)
    assert len(list(folder.iterdir())) == 4, "not those without a key, nor few"


def test_damage_and_a_place_that_cannot_be_written_cost_time_only(folder, monkeypatch, tmp_path):
    x = values()
    kept(Counting().features, lambda: [x])
    (path,) = folder.iterdir()
    for content in (b"", path.read_bytes()[:90], b"x" * 500):
        path.write_bytes(content)
        net = Counting()
        assert torch.equal(kept(net.features, lambda: [x]), 2 * x)
        assert net.seen == 200
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert torch.equal(kept(Counting().features, lambda: [x]), 2 * x)


def test_what_nobody_asked_for_longest_goes_first(folder, monkeypatch):
    for i in range(3):
        kept(Counting().features, lambda i=i: [values(seed=i)])
        newest = max(folder.iterdir(), key=lambda path: path.stat().st_mtime)
        os.utime(newest, (i, i))
    size = newest.stat().st_size
    monkeypatch.setattr(feature_cache, "MOST", 3 * size)
    kept(Counting().features, lambda: [values(seed=0)])  # asked for again: now the youngest
    kept(Counting().features, lambda: [values(seed=3)])
    seen = []
    for i in (0, 2, 3, 1):
        net = Counting()
        kept(net.features, lambda i=i: [values(seed=i)])
        seen.append(net.seen)
    assert seen == [0, 0, 0, 200]


def test_another_call_measures_without_looking_at_training_examples_again(folder):
    data = Dataset("cube", *(Split(values(n, n)) for n in (300, 120, 110)), data_shape=(3,))
    first, again = Counting(), Counting()
    cards = [Yardstick(data, 100, neighbours=60, features=net.features).floor() for net in (first, again)]
    assert cards[0] == cards[1]
    assert first.seen - again.seen == 300 + 100, "training examples and those of reference"
    assert Path(next(folder.iterdir())).suffix == ".safetensors"
