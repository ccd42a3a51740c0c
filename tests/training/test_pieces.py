"""Validation, tests and codes take examples in pieces of a bounded size, and say the same whatever the pieces are."""

import math
import subprocess
import sys

import pytest
import torch

from helpers import small_data, small_vae
from reparam.data import Dataset, Split, at_once, batches, evaluation_batches, reading_batches
from reparam.evaluation.codes.encoding import codes
from reparam.models import Autoencoder
from reparam.networks import MLP
from reparam.training.validation import average


@pytest.mark.parametrize("shape", [(1,), (9,), (1, 28, 28), (3, 32, 32), (5000,), (3, 64, 64), (3, 512, 512), (10**7,)])
def test_a_piece_takes_bounded_memory_and_the_size_of_an_example_decides(shape):
    rows, values = at_once(shape), math.prod(shape)
    assert 1 <= rows <= 1000
    assert rows == 1 or rows * values * 64 * 4 <= 2**28
    # no fewer than fit, but for pieces of a multiple of 16
    assert rows == 1000 or (rows + 16) * values * 64 * 4 > 2**28
    assert rows <= 16 or rows == 1000 or rows % 16 == 0
    assert at_once(shape, most=3) == min(rows, 3)


def in_pieces(monkeypatch, rows):
    monkeypatch.setattr(batches, "at_once", lambda shape, most=1000: rows)


@pytest.mark.parametrize("rows", [1, 7, 16, 32, 99])
def test_what_needs_no_noise_is_the_same_in_any_pieces(rows, monkeypatch):
    """Mean over 100 examples, also where the last piece is smaller."""
    data = small_data()
    model = Autoencoder(MLP((1, 6, 6), [16], 3), MLP(3, [16], (1, 6, 6)), 3)
    whole, z = average(model, data.validation, data, 0), codes(model, data.validation, data)
    in_pieces(monkeypatch, rows)
    assert average(model, data.validation, data, 0) == pytest.approx(whole, rel=1e-6)
    torch.testing.assert_close(codes(model, data.validation, data), z)


@pytest.mark.parametrize("rows", [16, 48])
def test_pieces_of_a_multiple_of_16_draw_the_noise_of_the_whole(rows, monkeypatch):
    data, model = small_data(), small_vae()
    some = Split(data.train.x[:96])
    whole = average(model, some, data, 0)
    assert average(model, some, data, 1) != pytest.approx(whole, rel=1e-4), "other noise would show"
    in_pieces(monkeypatch, rows)
    assert average(model, some, data, 0) == pytest.approx(whole, rel=1e-6)


def test_reading_takes_every_row_once_and_128_megabytes():
    x = torch.arange(2500.0)[:, None].expand(2500, 3)
    split = Split(x.clone())
    data = Dataset("rows", split, split, split, data_shape=(3,))
    parts = list(reading_batches(split, data))
    assert [len(part) for part in parts] == [1000, 1000, 500]
    assert torch.equal(torch.cat(parts), x)
    wide = Split(torch.zeros(9, 10**7, dtype=torch.uint8))
    first = next(reading_batches(wide, Dataset("wide", wide, wide, wide, data_shape=(10**7,))))
    assert len(first) * 10**7 * 4 <= 2**27 < (len(first) + 1) * 10**7 * 4
    assert [len(x) for x, _ in evaluation_batches(split, data)] == [1000, 1000, 500]


MEASURED = """
import resource, numpy as np, torch
from reparam.data import Dataset, Split
from reparam.kinds import VAEConfig, build_model
from reparam.models.traits import Traits
from reparam.training.validation import average
x = torch.randint(0, 256, (400, 3, 128, 128), dtype=torch.uint8)
data = Dataset("wide", Split(x[:1]), Split(x), Split(x[:1]), data_shape=(3, 128, 128), scale=255.0)
model = build_model(VAEConfig(network="conv", likelihood="normal"), (3, 128, 128), Traits(data_shape=(3, 128, 128)))
average(model, data.test, data, 0)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
average(model, data.validation, data, 0)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is counted in KiB on Linux")
def test_validating_large_pictures_takes_a_few_hundred_megabytes():
    """400 colour pictures of 128 by 128 took 800 MB at once."""
    done = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 256
