"""All examples of a source, in its order."""

import numpy as np
import torch
from PIL import Image

from reparam.data import DataRecord, load_data
from reparam.data.whole import whole

ROWS = np.arange(300, dtype=np.float32).reshape(100, 3)


def test_a_files_rows_are_in_its_order(tmp_path):
    np.save(tmp_path / "x.npy", ROWS)
    record = DataRecord.of(load_data(tmp_path / "x.npy", seed=5))
    x, words = whole(str(tmp_path / "x.npy"), record)
    np.testing.assert_array_equal(x.x, ROWS)
    assert words == "every example in its order of x.npy"


def test_a_tables_rows_are_in_its_order(tmp_path):
    text = "\n".join(["a,b,c", *(",".join(map(str, row)) for row in ROWS)])
    (tmp_path / "t.csv").write_text(text)
    x, _ = whole(str(tmp_path / "t.csv"), DataRecord.of(load_data(tmp_path / "t.csv", read_as="vectors")))
    np.testing.assert_array_equal(x.x, ROWS)
    data = load_data(tmp_path / "t.csv")
    x, words = whole(str(tmp_path / "t.csv"), DataRecord.of(data))
    np.testing.assert_array_equal(data.table.array(x.x), ROWS)
    assert words.startswith("every example in its order of t.csv; cells between commas")
    x, words = whole(str(tmp_path / "t.csv"), DataRecord.of(data), "test")
    assert (words.partition(";")[0], len(x)) == ("the test split of t.csv", 10)
    (tmp_path / "one.csv").write_text("c,more,b,a\n2,0,1,0\n")
    x, words = whole(str(tmp_path / "one.csv"), DataRecord.of(data))
    np.testing.assert_array_equal(data.table.array(x.x), ROWS[:1])
    assert "columns that are not used: 'more'" in words


def test_named_splits_follow_each_other(tmp_path):
    np.savez(tmp_path / "x.npz", train=ROWS[:60], valid=ROWS[60:80], test=ROWS[80:])
    path = str(tmp_path / "x.npz")
    record = DataRecord.of(load_data(path))
    x, words = whole(path, record)
    np.testing.assert_array_equal(x.x, ROWS)
    assert "train, validation and test in this order" in words
    x, words = whole(path, record, "validation")
    np.testing.assert_array_equal(x.x, ROWS[60:80])
    assert words == "the validation split of x.npz"


def test_a_folders_pictures_are_in_the_order_of_their_names_and_of_the_runs_size(tmp_path):
    for i in range(12):
        Image.new("L", (9, 9), 20 * i).save(tmp_path / f"{i:02d}.png")
    record = DataRecord.of(load_data(tmp_path, image_size=8))
    x, _ = whole(str(tmp_path), record)
    assert x.x.shape == (12, 1, 8, 8)
    np.testing.assert_allclose(x.x[:, 0, 0, 0], np.arange(12) * 20 / 255, atol=1e-6)


def test_of_a_name_the_test_split_is_taken():
    data = load_data("ring")
    x, words = whole("ring", DataRecord.of(data))
    assert torch.equal(x.x, data.test.x)
    assert words == "the test split of ring"
