"""New examples are read as the run's own were: the very bits, whatever form they come in."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import TensorDataset

from reparam.data import DataRecord, Dataset, Split, evaluation_batches, examples_of, load_data
from reparam.errors import UserError

GREY = np.random.default_rng(0).integers(0, 256, (300, 9, 8), dtype=np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (60, 3, 9, 8), dtype=np.uint8)
POINTS = np.random.default_rng(2).normal(size=(90, 5)).astype(np.float32)


def seen(data):
    """What the model of a run sees of its test split."""
    return torch.cat([x for x, _ in evaluation_batches(data.test, data, 7)])


def read(tmp_path, array, binarization="none"):
    """The data of a file, and its raw test split."""
    np.save(tmp_path / "a.npy", array)
    data = load_data(tmp_path / "a.npy", binarization=binarization)
    return data, load_data(tmp_path / "a.npy").test.x.numpy()


@pytest.mark.parametrize("binarization", ["none", "dynamic", "threshold"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_the_raw_test_split_is_what_the_run_saw_bit_for_bit(tmp_path, binarization, dtype):
    array = GREY if dtype == "uint8" else GREY.astype(np.float32) ** 0.5 / 16
    data, raw = read(tmp_path, array, binarization)
    record = DataRecord.of(data)
    for x in (raw, torch.from_numpy(raw), raw[:, 0], list(raw), TensorDataset(torch.from_numpy(raw)), Split(data.test.x)
              if binarization == "none" else data.test, data):  # fmt: skip
        assert torch.equal(examples_of(x, record), seen(data))
    assert torch.equal(examples_of(raw, data), seen(data))


@pytest.mark.parametrize("binarization", ["none", "dynamic", "threshold"])
def test_floats_that_were_8_bit_values_are_read_as_these(tmp_path, binarization):
    data, raw = read(tmp_path, GREY, binarization)
    for floats in (raw / 255, (raw / 255).astype(np.float32), torch.from_numpy(raw).float().div(255)):
        assert torch.equal(examples_of(floats, data), seen(data))


def test_a_record_read_back_from_json_reads_as_before(tmp_path):
    data, raw = read(tmp_path, GREY, "dynamic")
    plain = json.loads(json.dumps(DataRecord.of(data).plain()))
    record = DataRecord(**plain | {"data_shape": tuple(plain["data_shape"]), "range": tuple(plain["range"])})
    assert torch.equal(examples_of(raw, record), seen(data))


def test_the_bundled_digits_are_what_a_run_saw():
    data = load_data("mnist", binarization="dynamic", seed=3)
    assert torch.equal(examples_of(load_data("mnist").test.x.squeeze(1), data), seen(data))


@pytest.mark.parametrize("array", [COLOUR, POINTS, (POINTS > 0).astype(np.uint8)], ids=["colour", "points", "binary"])
def test_other_data_are_what_a_run_saw(tmp_path, array):
    data, raw = read(tmp_path, array)
    raw = raw if data.table is None else data.table.array(raw)
    assert torch.equal(examples_of(raw, data), seen(data))


def test_channels_may_come_last_and_rows_may_be_flat(tmp_path):
    data, raw = read(tmp_path, COLOUR)
    assert torch.equal(examples_of(np.moveaxis(raw, 1, -1), data), seen(data))
    assert torch.equal(examples_of(raw.reshape(len(raw), -1), data), seen(data))
    assert torch.equal(examples_of([Image.fromarray(np.moveaxis(x, 0, -1)) for x in raw], data), seen(data))


def test_one_example_needs_no_batch(tmp_path):
    for array in (GREY, COLOUR, POINTS):
        data, raw = read(tmp_path, array)
        assert torch.equal(examples_of(raw[0], data), seen(data)[:1])
    data, raw = read(tmp_path, COLOUR)
    assert torch.equal(examples_of(Image.fromarray(np.moveaxis(raw[0], 0, -1)), data), seen(data)[:1])


def test_zeros_and_ones_are_taken_as_they_are_where_a_model_sees_only_these(tmp_path):
    for binarization in ("dynamic", "threshold"):
        data, _ = read(tmp_path, GREY, binarization)
        for kind in (bool, np.uint8, np.float32, np.int64):
            assert torch.equal(examples_of(seen(data).numpy().astype(kind), data), seen(data))


def test_bools_are_black_and_white_where_images_are_grey(tmp_path):
    data, raw = read(tmp_path, GREY)
    assert torch.equal(examples_of(raw > 100, data), torch.from_numpy(raw > 100).float())


def test_8_bit_values_are_grey_ones_where_floats_are_binarized(tmp_path):
    data, _ = read(tmp_path, GREY.astype(np.float32) / 255, "threshold")
    assert torch.equal(examples_of(GREY, data)[:, 0], torch.from_numpy(GREY > 127).float())


def test_float_points_may_lie_beyond_the_training_data(tmp_path):
    data, _ = read(tmp_path, POINTS)
    assert torch.equal(examples_of(100 * POINTS.astype(np.float64), data), torch.from_numpy(100 * POINTS))


def test_whatever_numpy_takes_for_an_array_will_do(tmp_path):
    class Frame:
        def __array__(self, dtype=None, copy=None):
            return POINTS.astype(dtype or np.float64)

    data, _ = read(tmp_path, POINTS)
    assert torch.equal(examples_of(Frame(), data), torch.from_numpy(POINTS))


def test_a_lazy_split_is_read_where_it_lies(tmp_path):
    np.save(tmp_path / "a.npy", GREY)
    data = load_data(tmp_path / "a.npy", binarization="dynamic")
    raw = load_data(tmp_path / "a.npy", memory_limit=0)
    assert torch.equal(examples_of(raw, data), seen(data))
    assert torch.equal(examples_of(raw.test, data), seen(data))


@pytest.mark.parametrize(
    ("array", "given", "sentence"),
    [
        (GREY, GREY[:, :8], r"shape \(300, 8, 8\).*give \(n, 1, 9, 8\) or \(n, 72\) or \(n, 9, 8\) or \(n, 9, 8, 1\)"),
        (GREY, COLOUR, r"shape \(60, 3, 9, 8\) and the data have examples of shape \(1, 9, 8\)"),
        (COLOUR, GREY, r"shape \(300, 9, 8\)"),
        (POINTS, POINTS[:, :4], r"shape \(90, 4\).*give \(n, 5\)"),
        (POINTS, np.full((2, 5), np.nan), "10 values that are NaN or infinite"),
        (POINTS, np.full((2, 5), 1e300), "10 values that are beyond what float32 holds"),
        (POINTS, np.zeros((0, 5)), "empty"),
        (POINTS, np.full((2, 5), "a"), "not one of numbers"),
        (GREY, GREY.astype(np.float32), r"from 0 to 255 and.*whole numbers in 0\.\.255 or floats in \[0, 1\]"),
        (GREY, GREY.astype(np.int64) + 1, r"from 1 to 256"),
        (GREY, GREY / 255 - 0.5, r"from -0\.5 to 0\.5"),
        (GREY / np.float32(255), GREY, r"from 0 to 255 and those of 'a\.npy' are read as floats in \[0, 1\]: div"),
        ((GREY > 99).astype(np.uint8), GREY, r"from 0 to 255 and every one of 'a\.npy' is 0 or 1"),
        (GREY, "abc", "is a str, which cannot be read"),
        (GREY, 3, "is a int, which cannot be read"),
    ],
)
def test_what_will_not_do_is_refused_in_a_sentence(tmp_path, array, given, sentence):
    data, _ = read(tmp_path, array)
    with pytest.raises(UserError, match=sentence):
        examples_of(given, data)


def test_a_data_set_of_another_shape_is_refused_by_its_name(tmp_path):
    data, _ = read(tmp_path, GREY)
    other = Dataset("other", *[Split(torch.zeros(2, 5, dtype=torch.uint8), binarized=True)] * 3, data_shape=(5,))
    with pytest.raises(UserError, match=r"'other' has examples of shape \(5,\) and 'a\.npy' has \(1, 9, 8\)"):
        examples_of(other, data)
