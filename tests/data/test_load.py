"""The door: names, paths, fingerprints, descriptions, and what is refused there."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from reparam.data import Dataset, Split, describe, load_data
from reparam.data import fingerprint as fingerprints
from reparam.data.fingerprint import fingerprint
from reparam.data.reading import split_rows
from reparam.errors import UserError


def refuse(name, match, **arguments):
    with pytest.raises(UserError, match=match):
        load_data(name, **arguments)


def test_unknown_names_list_what_there_is(tmp_path):
    refuse("mnits", "'mnits' is neither.*did you mean 'mnist'.*fashion-mnist, ring, grid.*npz.*csv.*IDX")
    refuse("MNIST", "did you mean 'mnist'")
    refuse("quux", "'quux' is neither a known name nor an existing path: give mnist")
    refuse(tmp_path / "nothing.npy", "nothing.npy' does not exist: give the path of .npy")
    refuse("no/such/folder", "does not exist")
    (tmp_path / "a.xyz").write_bytes(b"PAR1")
    refuse(tmp_path / "a.xyz", "of no format that is read: give .npy")


def test_idle_arguments_are_refused(tmp_path):
    refuse("mnist", "image_size=32 applies to folders", image_size=32)
    refuse("ring", 'labels="y" names a column of a .csv', labels="y")


def test_a_path_is_never_taken_for_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mnist").mkdir()
    from pathlib import Path

    refuse(Path("mnist"), "holds no images")
    assert load_data("mnist").name == "mnist"


@given(st.integers(3, 3000), st.integers(0, 2**63))
def test_splits_are_disjoint_complete_and_seeded(n, seed):
    parts = split_rows(n, seed)
    rows = torch.cat(parts)
    assert torch.equal(rows.sort().values, torch.arange(n))
    assert len(parts[1]) == len(parts[2]) == max(1, round(n / 10))
    assert all(torch.equal(a, b) for a, b in zip(parts, split_rows(n, seed), strict=True))


def splits(x, y=None):
    return {"train": Split(x, y), "test": Split(x)}


def test_a_fingerprint_tells_apart_everything_that_matters():
    x, y = torch.arange(24, dtype=torch.uint8).reshape(6, 4), torch.arange(6)
    changed = x.clone()
    changed[5, 3] += 1
    prints = [
        fingerprint(splits(x)),
        fingerprint(splits(changed)),
        fingerprint(splits(x.reshape(6, 2, 2))),
        fingerprint(splits(x.float())),
        fingerprint(splits(x.flip(0))),
        fingerprint(splits(x, y)),
        fingerprint(splits(x, y.flip(0))),
    ]
    assert len(set(prints)) == len(prints)
    assert fingerprint(splits(x.clone())) == prints[0]
    assert prints[0] == "2a5fc68120548f0c81f764bca10c2960ecb825c6d839f0cbb1f8338246c84f3d"


def test_a_large_fingerprint_samples_rows(monkeypatch):
    monkeypatch.setattr(fingerprints, "WHOLE_BYTES", 100)
    monkeypatch.setattr(fingerprints, "SAMPLED_ROWS", 10)
    x = torch.zeros(100, 4, dtype=torch.uint8)
    between, on = x.clone(), x.clone()
    between[15], on[20] = 1, 1
    assert fingerprint(splits(x)) == fingerprint(splits(between))
    assert fingerprint(splits(x)) != fingerprint(splits(on))
    assert fingerprint(splits(x)) != fingerprint(splits(x[:99]))


def test_describe_mnist():
    told = describe(load_data("mnist", binarization="dynamic"))
    assert json.loads(json.dumps(told)) == told
    assert told["counts"] == {"train": 50_000, "validation": 10_000, "test": 10_000}
    assert told["classes"]["1"]["test"] == 1135
    assert (told["dtype"], told["range"], told["on_disk"]) == ("uint8", [0.0, 1.0], False)
    assert told["mean"] == pytest.approx(0.1307, abs=5e-4)
    assert told["standard_deviation"] == pytest.approx(0.308, abs=1e-3)
    assert (told["binary"], told["binarization"]) == (True, "dynamic")


@pytest.mark.parametrize("memory_limit", ["x", None, -1, float("nan")])
def test_a_memory_limit_that_is_none_is_refused(memory_limit):
    with pytest.raises(UserError, match=f"memory_limit={memory_limit!r} will not do: give a number of at least 0"):
        load_data("ring", memory_limit=memory_limit)


@pytest.mark.parametrize("memory_limit", [0, 2**30])
def test_describe_an_array(tmp_path, memory_limit):
    array = np.random.default_rng(0).normal(3, 2, (2000, 5)).astype(np.float32)
    np.save(tmp_path / "a.npy", array)
    data = load_data(tmp_path / "a.npy", memory_limit=memory_limit)
    told = describe(data)
    train = data.train.x[torch.arange(1600)].double()
    assert told["mean"] == pytest.approx(float(train.mean()))
    assert told["standard_deviation"] == pytest.approx(float(train.std(correction=0)))
    assert told["range"] == pytest.approx([float(array.min()), float(array.max())])
    assert told["on_disk"] == (memory_limit == 0)
    assert told["classes"] == {}
    json.dumps(told)


def test_the_range_of_a_data_set_made_by_hand():
    x = torch.tensor([[-2.0, 5.0]])
    data = Dataset("mine", Split(x), Split(x), Split(x), data_shape=(2,))
    assert data.range == (-2.0, 5.0)
    assert len(data.train) == 1
