"""Arrays of images in any range and of any number of channels: values kept, and drawn as they are meant."""

import numpy as np
import pytest
import torch

from image_helpers import everything, noted
from reparam.data import DataRecord, Dataset, evaluation_batches, examples_of, load_data
from reparam.errors import UserError

RNG = np.random.default_rng(21)
GREY = RNG.integers(0, 256, (60, 6, 5), dtype=np.uint8)
GREY[0, 0, :2] = 0, 255


def read(tmp_path, array, **reading):
    np.save(tmp_path / "a.npy", array)
    return load_data(tmp_path / "a.npy", **reading)


def drawn(data):
    """What is drawn of the test images, ``(n, 1 or 3, height, width)``."""
    x = torch.cat([x for x, _ in evaluation_batches(data.test, data, 7)]).numpy()
    record = DataRecord.of(data)
    assert np.allclose(record.drawn(x * record.unit), data.drawn(x), atol=1e-6)
    return data.drawn(x)


RANGES = {
    "8 bits": lambda u: np.rint(u * 255).astype(np.uint8),
    "unit": lambda u: u.astype(np.float32),
    "doubles": lambda u: u,
    "minus one to one": lambda u: (2 * u - 1).astype(np.float32),
    "as floats": lambda u: (255 * u).astype(np.float32),
    "standardized": lambda u: ((u - 0.3) / 0.2).astype(np.float32),
    "12 bits": lambda u: np.rint(u * 4095).astype(np.uint16),
    "int64": lambda u: np.rint(u * 65535).astype(np.int64),
    "signed": lambda u: np.rint(u * 4000 - 1000).astype(np.int16),
}


@pytest.mark.parametrize("name", RANGES)
def test_images_in_any_range_are_drawn_alike_and_keep_their_numbers(tmp_path, name):
    array = RANGES[name](GREY / 255)
    data = read(tmp_path, array)
    levels = 1e-6 if array.dtype.kind == "f" else 1 / (int(array.max()) - int(array.min()))
    original = {x.tobytes(): image / 255 for x, image in zip(array.astype(np.float32), GREY, strict=True)}
    raw = data.test.x.float().numpy()
    expected = np.stack([original[x[0].tobytes()] for x in raw])
    assert np.abs(drawn(data)[:, 0] - expected).max() <= levels
    assert data.range[1] <= 1 or array.dtype.kind in "fi"
    again = examples_of(data.test.x.numpy(), data)  # raw values come in again as what a model sees
    assert torch.equal(again, torch.cat([x for x, _ in evaluation_batches(data.test, data, 7)]))


def test_a_range_may_be_told(tmp_path):
    data = read(tmp_path, (GREY / 255).astype(np.float32) * 8, value_range=(0, 8))
    assert (data.scale, data.range) == (8, (0, 1))
    assert np.abs(drawn(data)).max() <= 1
    data = read(tmp_path, GREY.astype(np.int16) - 100, value_range=(-100, 155))
    assert (data.scale, data.drawn.low, data.drawn.high) == (1, -100, 155)
    mask = (GREY > 100).astype(np.uint8)
    assert read(tmp_path, mask).binary
    data = read(tmp_path, mask, value_range=(0, 255))
    assert (data.train.x.dtype, data.binary) == (torch.uint8, True)
    assert not read(tmp_path, mask, value_range=(0, 2)).binary


@pytest.mark.parametrize("last", [True, False])
def test_an_opacity_is_known_and_pictures_are_laid_over_grey(tmp_path, last):
    rgba = RNG.integers(0, 256, (50, 6, 5, 4), dtype=np.uint8)
    rgba[..., 3] = RNG.integers(0, 2, (50, 6, 5)) * 255
    data = read(tmp_path, rgba if last else np.moveaxis(rgba, -1, 1))
    assert (data.data_shape, data.drawn.opacity) == ((4, 6, 5), 3)
    assert noted(data, "opacity") == "channel 4 is taken for opacity: pictures are drawn over grey"
    x = data.test.x.numpy() / 255
    assert np.allclose(drawn(data), np.where(x[:, 3:] == 1, x[:, :3], 0.5), atol=1e-6)
    infrared = RNG.integers(0, 256, (50, 6, 5, 4), dtype=np.uint8)
    data = read(tmp_path, infrared)
    assert data.drawn.opacity is None
    assert np.allclose(drawn(data), data.test.x.numpy()[:, :3] / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "data_shape", "last"),
    [
        ((40, 16, 16, 13), (13, 16, 16), True),
        ((40, 13, 16, 16), (13, 16, 16), False),
        ((40, 12, 20, 5), (5, 12, 20), True),
        ((40, 5, 12, 20), (5, 12, 20), False),
        ((40, 8, 8, 200), (200, 8, 8), True),
        ((40, 2, 8, 8), (2, 8, 8), False),
        ((40, 3, 8, 3), (3, 8, 3), False),
    ],
)
def test_which_axis_is_that_of_channels(tmp_path, shape, data_shape, last):
    array = RNG.random(shape).astype(np.float32)
    data = read(tmp_path, array)
    assert data.data_shape == data_shape
    stored = np.moveaxis(array, -1, 1) if last else array
    assert sorted(x.tobytes() for x in everything(data)) == sorted(x.tobytes() for x in stored)
    assert drawn(data).shape[1] in (1, 3)


def test_channels_may_be_chosen(tmp_path):
    array = RNG.integers(0, 256, (40, 8, 8, 13), dtype=np.uint8)
    data = read(tmp_path, array, bands=(4, 3, 2))
    chosen = np.moveaxis(array[..., [3, 2, 1]], -1, 1)
    assert data.data_shape == (3, 8, 8)
    assert sorted(x.tobytes() for x in everything(data)) == sorted(x.tobytes() for x in chosen)
    assert read(tmp_path, array, bands=(4, 3, 2), memory_limit=1).fingerprint == data.fingerprint
    np.savez(tmp_path / "a.npz", x=array)
    assert load_data(tmp_path / "a.npz", bands=(13,)).data_shape == (1, 8, 8)
    for bands in ((0, 1, 2), (1, 14)):
        with pytest.raises(UserError, match=r"bands=.* will not do: .* has channels 1 to 13"):
            read(tmp_path, array, bands=bands)
    with pytest.raises(UserError, match=r"bands=.*vectors"):
        read(tmp_path, RNG.normal(size=(50, 3)), bands=(1,), read_as="vectors")


def test_new_examples_come_in_the_units_of_the_data(tmp_path):
    deep = RNG.integers(0, 4096, (50, 6, 5)).astype(np.uint16)
    deep[0, 0, 0] = 4095
    for binarization in ("none", "dynamic", "threshold"):
        data = read(tmp_path, deep, binarization=binarization)
        found = examples_of(deep[:7], data)
        if binarization == "none":
            assert np.allclose(found[:, 0], deep[:7] / 4095, atol=1e-7)
        elif binarization == "threshold":
            assert np.array_equal(found[:, 0], deep[:7] / 4095 > 0.5)
        else:
            assert set(found.unique().tolist()) == {0, 1}
        assert torch.equal(examples_of(deep[:7].astype(np.float64), data), found)
        with pytest.raises(UserError, match=r"'x' holds values up to 1 .*'a.npy' .*up to 4095: give them in the same"):
            examples_of(deep[:7] / 4095, data, "'x'")
    coins = (deep[:7] > 2000).astype(np.uint8)
    assert np.array_equal(examples_of(coins, data)[:, 0], coins)


def test_what_was_read_before_stays_to_the_bit(tmp_path):
    data = read(tmp_path, GREY)
    again = Dataset.of(GREY)
    assert data.fingerprint == again.fingerprint
    assert (data.scale, data.range, data.train.x.dtype) == (255, (0, 1), torch.uint8)
