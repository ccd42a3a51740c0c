"""Batches are pure functions of (seed, index); an epoch visits each row at most once."""

import subprocess
import sys
import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reparam.data import Batches, Dataset, Split, binarized, evaluation_batches, load_data


def numbered(n, binarization="none"):
    """A data set whose rows are told apart by their number, kept in the label too."""
    x = torch.arange(n, dtype=torch.float32)[:, None].expand(n, 3).clone()
    split = Split(x, torch.arange(n))
    return Dataset("numbered", split, split, split, data_shape=(3,), binarization=binarization)


sizes = st.tuples(st.integers(1, 60), st.integers(1, 80), st.integers(0, 2**40))


@given(sizes)
def test_an_epoch_visits_every_row_at_most_once(case):
    n, batch_size, seed = case
    data = numbered(n)
    batches = Batches(data.train, data, batch_size, seed)
    assert batches.batches_per_epoch == max(1, n // batch_size)
    for epoch in range(2):
        first = epoch * batches.batches_per_epoch
        rows = torch.cat([batches(first + i)[1] for i in range(batches.batches_per_epoch)]).tolist()
        assert len(rows) == len(set(rows)) == batches.batches_per_epoch * min(n, batch_size)


@given(sizes, st.lists(st.integers(0, 200), min_size=1, max_size=6))
def test_any_index_at_any_time_gives_the_same_bits(case, indices):
    n, batch_size, seed = case
    data = numbered(n)
    batches = Batches(data.train, data, batch_size, seed)
    for index in indices:
        x, y = batches(index)
        fresh_x, fresh_y = Batches(data.train, data, batch_size, seed)(index)
        assert torch.equal(x, fresh_x)
        assert torch.equal(y, fresh_y)
        assert torch.equal(x[:, 0].long(), y)


def test_epochs_and_seeds_differ():
    data = numbered(50)
    batches, other = Batches(data.train, data, 50, 0), Batches(data.train, data, 50, 1)
    assert not torch.equal(batches(0)[1], batches(1)[1])
    assert not torch.equal(batches(0)[1], other(0)[1])


def test_dynamic_noise_is_fresh_at_each_step_and_repeats_by_index():
    split = Split(torch.full((4, 1, 8, 8), 128, dtype=torch.uint8))
    data = Dataset("grey", split, split, split, data_shape=(1, 8, 8), scale=255.0, binarization="dynamic", binary=True)
    batches = Batches(split, data, 4, 0)
    assert not torch.equal(batches(0)[0], batches(1)[0])
    assert torch.equal(batches(0)[0], batches(0)[0])


def test_a_batch_does_not_alias_the_data():
    data = numbered(5)
    Batches(data.train, data, 5, 0)(0)[0].zero_()
    next(iter(evaluation_batches(data.train, data, 5)))[0].zero_()
    assert data.train.x.sum() == 3 * 10


def test_batches_draw_nothing_from_the_global_generator():
    data = load_data("mnist", binarization="dynamic")
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    Batches(data.train, data, 100, 0)(3)
    assert torch.equal(before, torch.random.get_rng_state())


def test_another_process_gets_the_same_bits():
    code = (
        "import torch, hashlib; from reparam.data import *;"
        "d = load_data('mnist', binarization='dynamic'); x, y = Batches(d.train, d, 64, 5)(1234);"
        "print(hashlib.sha256(x.numpy().tobytes() + y.numpy().tobytes()).hexdigest())"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(2)]
    assert runs[0].stdout == runs[1].stdout != ""


@given(st.integers(1, 60), st.integers(1, 80))
def test_evaluation_is_in_order_and_whole(n, batch_size):
    data = numbered(n)
    found = list(evaluation_batches(data.test, data, batch_size))
    assert [len(x) for x, _ in found[:-1]] == [batch_size] * (len(found) - 1)
    assert torch.equal(torch.cat([y for _, y in found]), torch.arange(n))
    assert torch.equal(torch.cat([x for x, _ in found])[:, 0].long(), torch.arange(n))


def test_scale_and_dtype():
    data = load_data("mnist")
    x, y = Batches(data.train, data, 300, 0)(0)
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
    assert x.shape == (300, 1, 28, 28)
    assert (x.min(), x.max()) == (0, 1)
    rows, _ = next(evaluation_batches(data.test, data, 10))
    assert torch.equal(rows, data.test.x[:10].float() / 255)


def test_unlabelled_data_have_no_labels():
    data = load_data("ring")
    assert Batches(data.train, data, 4, 0)(0)[1] is None
    assert next(evaluation_batches(data.test, data, 4))[1] is None


@settings(max_examples=10)
@given(st.integers(0, 2**62))
def test_any_seed_will_do(seed):
    data = numbered(9)
    assert Batches(data.train, data, 4, seed)(7)[0].shape == (4, 3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_gpu_sees_the_rows_of_the_cpu():
    """Binarization draws on the device, and devices have noise of their own."""
    data = binarized(load_data("mnist"), "none")
    (x, y), (gpu_x, gpu_y) = (Batches(data.train, data, 64, 0, device)(700) for device in ("cpu", "cuda"))
    assert torch.equal(y, gpu_y.cpu())
    assert torch.equal(x, gpu_x.cpu())


@pytest.mark.slow
def test_a_dynamic_batch_of_200_takes_well_under_a_millisecond():
    data = load_data("mnist", binarization="dynamic")
    batches = Batches(data.train, data, 200, 0)
    seconds = []
    for index in range(200):
        start = time.perf_counter()
        batches(index)
        seconds.append(time.perf_counter() - start)
    assert sorted(seconds)[20] < 1e-3  # 0.25 ms when nothing else runs
