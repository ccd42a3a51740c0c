"""What `reparam data` says fits a screen, whatever the data."""

import numpy as np

from helpers import said
from reparam.data import Dataset, describe
from reparam.data.describe import classes_told, told


def counts(sizes):
    return {name: {"train": n - 2, "validation": 1, "test": 1} for name, n in sizes.items()}


def test_few_classes_are_listed():
    assert classes_told(counts({"ant": 10, "wasps": 1200})) == [
        "ant    train 8, validation 1, test 1",
        "wasps  train 1,198, validation 1, test 1",
    ]


def test_many_classes_are_told_by_the_largest_and_the_smallest():
    sizes = {f"class {i}": 3 + i for i in range(964)} | {"empty one": 2}
    first, largest, smallest, empty = classes_told(counts(sizes))
    assert first == "965 classes of 2 to 966 examples, half of them of 484 or more"
    assert largest == "largest:  class 963 966, class 962 965, class 961 964"
    assert smallest == "smallest: class 1 4, class 0 3, empty one 2"
    assert empty == "1 of them without any example in train"
    assert len(classes_told(counts({"x" * 500 + str(i): 3 + i for i in range(20)}))[1]) < 100


def test_the_whole_fits_a_screen(tmp_path, capsys):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 255, (3000, 5, 5), dtype=np.uint8)
    names = np.array([f"character{'s' * (i % 30)} \x1b[31m{i}" for i in range(964)])
    np.savez(tmp_path / "omni.npz", x=x, y=names[np.arange(3000) % 964])
    code, out, _ = said(capsys, "data", tmp_path / "omni.npz", "--out", tmp_path / "seen.png")
    assert code == 0
    lines = out.splitlines()
    assert len(lines) < 25
    assert max(map(len, lines)) < 120
    assert "\x1b" not in out
    assert "964 classes of" in out


def test_what_a_model_sees_of_values():
    x = np.linspace(-1, 1, 400, dtype=np.float32).reshape(25, 4, 4)
    (shape,), values = (dict(told(describe(Dataset.of(x))))[label] for label in ("shape", "values"))
    assert shape == "images, grey, 4 high and 4 wide"
    assert values[0].startswith("float32: a model sees -1 to 1, mean ")
    assert values[1:] == ["in pictures, -1 is black and 1 white"]
    grey = np.arange(256, dtype=np.uint8).repeat(3).reshape(3, 16, 16)
    (values,) = dict(told(describe(Dataset.of(grey))))["values"]
    assert values.startswith("uint8 divided by 255: a model sees 0 to 1, mean ")
    coins = dict(told(describe(Dataset.of(grey, binarization="dynamic"))))["values"]
    assert coins[1] == "drawn 0 or 1"
