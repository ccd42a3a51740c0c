"""Images of more than 8 bits keep their tones, and what is black and white is found and said."""

import numpy as np
import pytest
import torch
from PIL import Image

from image_helpers import everything, fill, noted
from reparam.data import Batches, DataRecord, evaluation_batches, load_data
from reparam.data.readers.depth import Kinds, depth_of
from reparam.errors import UserError

RNG = np.random.default_rng(11)


def save(folder, arrays, suffix=".png"):
    folder.mkdir(exist_ok=True)
    for i, array in enumerate(arrays):
        Image.fromarray(array).save(folder / f"{i:03}{suffix}")


def same_rows(found, expected):
    assert sorted(x.tobytes() for x in found) == sorted(x.tobytes() for x in expected.astype(found.dtype))


@pytest.mark.parametrize(("top", "white"), [(4080, 4095), (1000, 1023), (65000, 65535), (300, 511)])
def test_the_white_of_twelve_bits_is_found(tmp_path, top, white):
    values = RNG.integers(0, top + 1, (20, 6, 5)).astype(np.uint16)
    values[3, 2, 2] = top
    save(tmp_path, values)
    data = load_data(tmp_path)
    same_rows(everything(data)[:, 0], values)
    assert (data.scale, data.range, data.train.x.dtype) == (white, (0.0, 1.0), torch.float32)
    assert (data.drawn.low, data.drawn.high) == (0, 1)
    assert (DataRecord.of(data).drawn.low, DataRecord.of(data).drawn.high) == (0, white)
    assert f"{white:,} ({white.bit_length()} bits) is white" in noted(data, "bits")
    x, _ = Batches(data.train, data, 4, 0)(0)
    assert x.max() <= 1
    assert (x * white - (x * white).round()).abs().max() < 1e-3


def test_values_that_8_bits_can_hold_are_those(tmp_path):
    values = RNG.integers(0, 200, (20, 6, 5)).astype(np.uint16)
    values[0, 0, 0] = 199
    save(tmp_path, values)
    data = load_data(tmp_path)
    assert (data.train.x.dtype, data.scale) == (torch.uint8, 255)
    same_rows(everything(data)[:, 0], values)
    assert noted(data, "8 bits").startswith("20 images of 16 bits or more with values up to 199: read as 8 bits")


def test_the_range_may_be_told(tmp_path):
    values = RNG.integers(0, 4000, (20, 6, 5)).astype(np.uint16)
    save(tmp_path, values)
    data = load_data(tmp_path, value_range=(0, 2000))
    same_rows(everything(data)[:, 0], values)
    assert data.scale == 2000
    assert (data.drawn.low, data.drawn.high) == (0, 1)
    assert data.range[1] == values.max() / 2000
    assert "beyond black and white they are kept" in noted(data, "beyond")
    data = load_data(tmp_path, value_range=(500, 2000))
    assert (data.scale, data.drawn.low, data.drawn.high) == (1, 500, 2000)
    for wrong in ((3, 3), (5, 1)):
        with pytest.raises(UserError, match="give the value that is black and a larger one that is white"):
            load_data(tmp_path, value_range=wrong)


def test_masks_of_zeros_and_ones_are_coins_where_told(tmp_path):
    masks = RNG.integers(0, 2, (20, 6, 5), dtype=np.uint8)
    save(tmp_path, masks)
    data = load_data(tmp_path)
    assert noted(data, "brighter") == "no picture is brighter than 1 of 255: value_range=(0, 1) makes that white"
    data = load_data(tmp_path, value_range=(0, 1))
    assert data.binary
    same_rows(everything(data)[:, 0], masks)


def test_fractions_and_values_below_0_are_drawn_from_the_smallest_to_the_largest(tmp_path):
    fractions = RNG.normal(size=(20, 6, 5)).astype(np.float32)
    save(tmp_path / "float", fractions, ".tiff")
    data = load_data(tmp_path / "float")
    same_rows(everything(data)[:, 0], fractions)
    assert (data.drawn.low, data.drawn.high) == pytest.approx((fractions.min(), fractions.max()))
    assert data.range == pytest.approx((fractions.min(), fractions.max()))
    unit = RNG.random((20, 6, 5)).astype(np.float32)
    save(tmp_path / "unit", unit, ".tiff")
    assert load_data(tmp_path / "unit").range == (0, 1)
    hounsfield = RNG.integers(-1000, 3000, (20, 6, 5)).astype(np.int32)
    save(tmp_path / "ct", hounsfield, ".tiff")
    data = load_data(tmp_path / "ct")
    same_rows(everything(data)[:, 0], hounsfield)
    assert (data.drawn.low, data.drawn.high) == (hounsfield.min(), hounsfield.max())


def test_the_fewer_are_brought_to_the_depth_of_the_others(tmp_path):
    deep = RNG.integers(0, 4096, (8, 6, 5)).astype(np.uint16)
    deep[0, 0, 0] = 4095
    eight = RNG.integers(0, 256, (3, 6, 5), dtype=np.uint8)
    save(tmp_path / "a", deep)
    for i, one in enumerate(eight):
        Image.fromarray(one).save(tmp_path / "a" / f"x{i}.png")
    data = load_data(tmp_path / "a")
    assert data.scale == 4095
    same_rows(everything(data)[:, 0], np.concatenate([deep, (eight * (4095 / 255))]).astype(np.float32))
    assert noted(data, "among").startswith("3 images of 8 bits among 8 deeper ones")
    fill(tmp_path / "a" / ".", 0)
    for i in range(9):
        Image.fromarray(eight[i % 3]).save(tmp_path / "a" / f"y{i}.png")
    data = load_data(tmp_path / "a")
    assert (data.scale, data.train.x.dtype) == (255, torch.uint8)
    rounded = np.rint(deep.astype(np.float64) * 255 / 4095)
    same_rows(everything(data)[:, 0], np.concatenate([rounded, eight, np.concatenate([eight] * 3)]))
    assert noted(data, "among").startswith("8 images of 16 bits or more with values up to 4,095 among 12 of 8 bits")


def test_binarization_of_deep_values_is_by_their_share_of_white(tmp_path):
    values = np.repeat(np.array([[0, 1000, 3000, 4095]], np.uint16), 60, 0).reshape(60, 1, 4).repeat(50, 1)
    save(tmp_path, values)
    for binarization in ("dynamic", "threshold"):
        data = load_data(tmp_path, binarization=binarization)
        for x in (Batches(data.train, data, 48, 3)(0)[0], next(evaluation_batches(data.test, data, 6))[0]):
            assert set(x.unique().tolist()) <= {0.0, 1.0}
            share = x.mean((0, 1, 2)).numpy()
            expected = np.array([0, 1000, 3000, 4095]) / 4095
            if binarization == "threshold":
                assert share.tolist() == [0, 0, 1, 1]
            else:
                error = 5 * np.sqrt(expected * (1 - expected) / (x.numel() / 4))
                assert (np.abs(share - expected) <= error).all()


def test_resized_whole_numbers_stay_whole_and_within(tmp_path):
    values = RNG.integers(100, 4000, (10, 20, 20)).astype(np.uint16)
    save(tmp_path, values)
    for fit in ("crop", "pad", "stretch"):
        x = everything(load_data(tmp_path, image_size=8, fit=fit))
        assert x.shape[1:] == (1, 8, 8)
        assert (x == np.rint(x)).all()
        assert 100 <= x.min() <= x.max() < 4000


def test_padding_of_deep_images_is_as_bright_as_was_asked_for(tmp_path):
    values = np.full((10, 10, 20), 1000, np.uint16)
    values[0, 0, 0] = 4000
    save(tmp_path, values)
    for background, level in (("white", 4095), ("black", 0), ("#808080", 128 / 255 * 4095)):
        x = everything(load_data(tmp_path, image_size=10, fit="pad", background=background))
        assert np.allclose(x[:, 0, [0, 1, 8, 9]], level)
        assert (x[1:, 0, 4:6] <= 4000).all()


def test_lazy_folders_of_deep_images_give_the_bits_of_those_in_memory(tmp_path):
    values = RNG.integers(0, 4000, (40, 6, 5)).astype(np.uint16)
    save(tmp_path, values)
    memory, disk = load_data(tmp_path), load_data(tmp_path, memory_limit=1000)
    assert not isinstance(disk.train.x, torch.Tensor)
    assert (memory.fingerprint, memory.scale) == (disk.fingerprint, disk.scale)
    for a, b in zip(evaluation_batches(memory.test, memory, 3), evaluation_batches(disk.test, disk, 3), strict=True):
        assert torch.equal(a[0], b[0])


def test_what_cannot_be_kept_exactly_is_said():
    notes = depth_of(Kinds(0, 3, 0, 0, 2**30), None).notes
    assert any("rounded to 24 bits" in note for note in notes)
