"""Data larger than memory: rows come from disk, the same bits, in little memory of the process's own."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from reparam.data import Batches, LazyArray, evaluation_batches, load_data, permutation
from reparam.errors import UserError


@pytest.mark.parametrize("dtype", [np.uint8, np.float64, np.dtype(">f4")])
@pytest.mark.parametrize("shape", [(200, 30), (200, 5, 6, 3)])
def test_a_mapped_file_gives_the_bits_of_one_in_memory(tmp_path, dtype, shape):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).integers(0, 256, shape).astype(dtype))
    how = {"read_as": "vectors"} if len(shape) == 2 else {}
    memory, disk = (load_data(tmp_path / "a.npy", memory_limit=limit, **how) for limit in (2**30, 100))
    assert isinstance(disk.train.x, LazyArray)
    assert memory.fingerprint == disk.fingerprint
    assert (memory.data_shape, memory.scale, memory.range) == (disk.data_shape, disk.scale, disk.range)
    assert disk.train.x.shape == memory.train.x.shape
    assert disk.train.x.dtype == memory.train.x.dtype
    for index in (0, 1, 40, 3):
        near, far = (Batches(d.train, d, 17, 3)(index)[0] for d in (memory, disk))
        assert torch.equal(near, far)
    near, far = (torch.cat([x for x, _ in evaluation_batches(d.test, d, 7)]) for d in (memory, disk))
    assert torch.equal(near, far)


def test_rows_come_in_the_order_asked_for_and_may_repeat(tmp_path):
    array = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    np.save(tmp_path / "a.npy", array)
    x = load_data(tmp_path / "a.npy", memory_limit=0).train.x
    everything = x[torch.arange(len(x))]
    rows = torch.tensor([7, 3, 3, 39, 0])
    assert torch.equal(x[rows], everything[rows])


def test_a_large_file_stored_by_column_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.asfortranarray(np.zeros((50, 4))))
    load_data(tmp_path / "a.npy")
    with pytest.raises(UserError, match=r"column by column.*ascontiguousarray"):
        load_data(tmp_path / "a.npy", memory_limit=10)


TRAIN = """
import sys, re
from pathlib import Path
import torch
from reparam.data import Batches, evaluation_batches, load_data

def private():
    text = Path("/proc/self/smaps_rollup").read_text()
    return sum(int(n) for n in re.findall(r"Private_\\w+: +(\\d+) kB", text)) / 1024

torch.zeros(10).float().numpy()
start, most = private(), 0.0
data = load_data(sys.argv[1], memory_limit=2**20, binarization=sys.argv[2])
batches = Batches(data.train, data, 256, 0)
for index in range(0, batches.batches_per_epoch, 4):
    batches(index)
    if index % 64 == 0:
        most = max(most, private())
for x, y in evaluation_batches(data.test, data, 256):
    most = max(most, private())
print(most - start)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(("dtype", "binarization"), [(np.uint8, "dynamic"), (np.float32, "none")])
def test_a_file_of_many_gigabytes_trains_in_little_memory(tmp_path, dtype, binarization):
    width = 64 * 64 * 3
    n = 3 * 2**29 // (width * np.dtype(dtype).itemsize)
    sparse = np.lib.format.open_memmap(tmp_path / "big.npy", mode="w+", dtype=dtype, shape=(n, 3, 64, 64))
    sparse[::1000] = 3 if dtype == np.uint8 else 0.5
    sparse.flush()
    del sparse
    code = [sys.executable, "-c", TRAIN, str(tmp_path / "big.npy"), binarization]
    megabytes = float(subprocess.run(code, capture_output=True, text=True, check=True).stdout)
    assert megabytes < 500


@pytest.mark.parametrize("limit", [2**30, 100])
def test_from_a_bound_on_no_list_of_rows_is_made(tmp_path, monkeypatch, limit):
    rows = np.arange(1000, dtype=np.float32)[:, None] * [1, 2]
    np.save(tmp_path / "a.npy", rows.astype(np.float32))
    monkeypatch.setattr(permutation, "BY_FUNCTION", 800)
    data = load_data(tmp_path / "a.npy", memory_limit=limit, seed=3)
    assert [len(split) for split in data.splits.values()] == [800, 100, 100]
    every = torch.cat([x for split in data.splits.values() for x, _ in evaluation_batches(split, data, 64)])
    assert torch.equal(every[:, 0].sort().values, torch.arange(1000.0))
    assert torch.equal(every[:, 1], 2 * every[:, 0])
    monkeypatch.setattr(torch, "randperm", None)
    batches = Batches(data.train, data, 32, 1)
    assert len(torch.cat([batches(at)[0][:, 0] for at in range(25)]).unique()) == 800
