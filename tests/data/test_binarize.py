"""Binarization: the chance of a one is the grey value, exactly."""

import numpy as np
import pytest
import torch
from scipy import stats

from reparam.data import Dataset, Split, evaluation_batches, load_data, require_binary
from reparam.data.binarize import binarize_dynamic, binarize_threshold, uniform_below_255
from reparam.errors import UserError
from reparam.randomness import generator


class Words:
    """A bit generator that deals out given bytes, so that every outcome can be enumerated."""

    def __init__(self, *draws):
        self.draws = list(draws)

    def random_raw(self, count):
        drawn = np.zeros(8 * count, np.uint8)
        dealt = np.asarray(self.draws.pop(0), np.uint8)
        drawn[: len(dealt)] = dealt
        return drawn.view(np.uint64)


def test_every_byte_is_kept_but_255_which_is_drawn_again():
    every = np.arange(256)
    kept = uniform_below_255(256, Words(every, [7]))
    assert kept.tolist() == [*range(255), 7]


def test_all_pairs_of_bytes_make_the_noise_exactly_uniform():
    # A byte and what replaces it, all 256 x 255 equally likely pairs: each r in 0..254 comes out equally often.
    counts = np.zeros(256, int)
    for replacement in range(255):
        kept = uniform_below_255(256, Words(np.arange(256), [replacement]))
        counts += np.bincount(kept, minlength=256)
    assert counts[255] == 0
    assert set(counts[:255]) == {256}
    ones = np.array([(np.repeat(np.arange(255), counts[:255]) < x).mean() for x in range(256)])
    assert np.array_equal(ones, np.arange(256) / 255)


def test_a_255_drawn_in_place_of_a_255_is_drawn_again():
    assert uniform_below_255(2, Words([255, 255], [255, 3], [9])).tolist() == [9, 3]


def test_noise_is_uniform_statistically():
    noise = uniform_below_255(1_000_000, np.random.SFC64(1))
    counts = np.bincount(noise, minlength=256)
    assert counts[255] == 0
    assert stats.chisquare(counts[:255]).pvalue > 1e-3


def test_frequencies_of_ones_match_the_pixels():
    n = 20_000
    pixels = torch.arange(256, dtype=torch.uint8).expand(n, 256)
    ones = binarize_dynamic(pixels, generator(2, "test"))
    assert ones.dtype == torch.float32
    assert set(ones.unique().tolist()) == {0.0, 1.0}
    p = np.arange(256) / 255
    z = (ones.sum(0).numpy()[1:255] - n * p[1:255]) / np.sqrt(n * p[1:255] * (1 - p[1:255]))
    assert stats.kstest(z, "norm").pvalue > 1e-3
    assert ones[:, 0].sum() == 0
    assert ones[:, 255].sum() == n


def test_floats_are_chances():
    x = torch.tensor([0.0, 0.25, 1.0]).expand(40_000, 3)
    ones = binarize_dynamic(x, generator(3, "test")).mean(0)
    assert ones[0] == 0
    assert ones[2] == 1
    assert abs(ones[1] - 0.25) < 4 * (0.25 * 0.75 / 40_000) ** 0.5


def test_threshold_is_one_half():
    assert binarize_threshold(torch.tensor([0.0, 0.5, 0.5001, 1.0])).tolist() == [0, 0, 1, 1]
    assert binarize_threshold(torch.tensor([127, 128], dtype=torch.uint8)).tolist() == [0, 1]


@pytest.mark.parametrize("binarization", ["dynamic", "threshold"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_validation_and_test_are_binarized_once(tmp_path, binarization, dtype):
    grey = np.random.default_rng(0).integers(0, 256, (300, 9, 8))
    np.save(tmp_path / "a.npy", grey.astype(dtype) / (255 if dtype == np.float32 else 1) if dtype == np.float32
            else grey.astype(dtype))  # fmt: skip
    first, again = (load_data(tmp_path / "a.npy", binarization=binarization) for _ in range(2))
    other = load_data(tmp_path / "a.npy", binarization=binarization, seed=1)
    for name in ("validation", "test"):
        split = first.splits[name]
        assert split.x.dtype == torch.uint8
        assert split.x.max() == 1
        assert torch.equal(split.x, again.splits[name].x)
        for size in (1, 7, 300):
            found = torch.cat([x for x, _ in evaluation_batches(split, first, size)])
            assert torch.equal(found, split.x.float())
    assert first.binary
    assert first.range == (0.0, 1.0)
    assert first.fingerprint != other.fingerprint
    train = [torch.cat([x for x, _ in evaluation_batches(first.train, first, size)]) for size in (11, 240)]
    assert torch.equal(*train)


def test_dynamic_validation_differs_by_split_and_seed():
    zeros_and_ones = [load_data("mnist", binarization="dynamic", seed=seed) for seed in (0, 1)]
    a, b = (data.validation.x for data in zeros_and_ones)
    assert not torch.equal(a, b)
    assert abs(a.float().mean() - b.float().mean()) < 1e-3


def test_lazy_and_in_memory_binarization_agree(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).integers(0, 256, (3000, 30, 30), dtype=np.uint8))
    memory = load_data(tmp_path / "a.npy", binarization="dynamic")
    disk = load_data(tmp_path / "a.npy", binarization="dynamic", memory_limit=0)
    for name in ("train", "validation", "test"):
        pair = [torch.cat([x for x, _ in evaluation_batches(d.splits[name], d, 64)]) for d in (memory, disk)]
        assert torch.equal(*pair)


def test_binary_data_are_left_alone(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).integers(0, 2, (30, 5, 2), dtype=np.uint8))
    data = load_data(tmp_path / "a.npy", binarization="dynamic")
    assert (data.binary, data.binarization, data.scale) == (True, "none", 1.0)
    assert any("changes nothing" in note for note in data.notes)
    require_binary(data)


def test_values_outside_0_1_are_not_binarized(tmp_path):
    np.save(tmp_path / "a.npy", np.linspace(-3, 2, 40, dtype=np.float32).reshape(20, 2))
    with pytest.raises(UserError, match=r'a\.npy.*cannot be binarized.*-3 to 2.*binarization="none"'):
        load_data(tmp_path / "a.npy", binarization="dynamic")


def test_unknown_binarization_is_refused():
    with pytest.raises(UserError, match="'often' is unknown: take none, threshold or dynamic"):
        load_data("ring", binarization="often")


def test_require_binary_names_three_ways_out():
    grey = Dataset("grey", *[Split(torch.zeros(3, 1, 8, 8, dtype=torch.uint8))] * 3, data_shape=(1, 8, 8), scale=255.0)
    with pytest.raises(UserError) as refused:
        require_binary(grey)
    sentence = str(refused.value)
    for words in ("'grey'", 'binarization="dynamic"', 'binarization="threshold"', 'likelihood="normal"'):
        assert words in sentence
