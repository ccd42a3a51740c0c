"""NumPy's files: which shapes and dtypes are read, how, and what is refused."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from reparam.data import load_data
from reparam.errors import UserError

RNG = np.random.default_rng(7)
STATIC_MNIST = "shared/data/static-binarized-mnist/binarized_mnist.npz"


def saved(folder, array, name="a.npy"):
    np.save(folder / name, array)
    return folder / name


def rows(data):
    """Every row of every split, sorted, as bytes."""
    return sorted(row.numpy().tobytes() for split in data.splits.values() for row in split.x)


@pytest.mark.parametrize(
    ("shape", "data_shape"),
    [
        ((12,), (1,)),
        ((12, 5), (5,)),
        ((12, 784), (1, 28, 28)),
        ((12, 49), (49,)),
        ((12, 9, 7), (1, 9, 7)),
        ((12, 3, 9, 7), (3, 9, 7)),
        ((12, 9, 7, 3), (3, 9, 7)),
        ((12, 9, 7, 4), (4, 9, 7)),
        ((12, 1, 9, 7), (1, 9, 7)),
        ((12, 3, 9, 3), (3, 9, 3)),
    ],
)
def test_shapes(tmp_path, shape, data_shape):
    array = RNG.integers(0, 256, shape, dtype=np.uint8)
    data = load_data(saved(tmp_path, array))
    assert data.data_shape == data_shape
    assert all(split.x.shape[1:] == data_shape for split in data.splits.values())
    last = len(shape) == 4 and shape[1] not in (1, 3, 4)
    expected = np.moveaxis(array, -1, 1) if last else array
    assert rows(data) == sorted(row.tobytes() for row in np.ascontiguousarray(expected))


@given(
    st.sampled_from([np.uint8, np.float32, np.bool_]).flatmap(
        lambda dtype: arrays.arrays(
            dtype,
            st.tuples(st.integers(3, 30), st.integers(1, 9)),
            elements=None if dtype != np.float32 else st.floats(-(2.0**100), 2.0**100, width=32),
        )
    ),
    st.integers(0, 2**32),
    st.booleans(),
)
def test_the_splits_are_disjoint_and_complete(tmp_path_factory, array, seed, on_disk):
    path = saved(tmp_path_factory.mktemp("npy"), array)
    data = load_data(path, seed=seed, memory_limit=0 if on_disk else 2**30)
    split_rows = [split.x[torch.arange(len(split))] for split in data.splits.values()]
    found = sorted(row.numpy().tobytes() for part in split_rows for row in part)
    assert found == sorted(row.tobytes() for row in array)
    assert sum(map(len, data.splits.values())) == len(array)
    assert min(map(len, data.splits.values())) >= 1
    assert load_data(path, seed=seed).fingerprint == data.fingerprint


@pytest.mark.parametrize(
    ("array", "dtype", "scale", "binary"),
    [
        (RNG.integers(0, 256, (9, 4)).astype(np.uint8), torch.uint8, 255, False),
        (RNG.integers(0, 2, (9, 4)).astype(np.uint8), torch.uint8, 1, True),
        (RNG.integers(0, 2, (9, 4)).astype(bool), torch.uint8, 1, True),
        (RNG.integers(100, 256, (9, 4)).astype(np.int64), torch.uint8, 255, False),
        (RNG.normal(size=(9, 4)), torch.float32, 1, False),
        (RNG.normal(size=(9, 4)).astype(np.float16), torch.float32, 1, False),
        (RNG.normal(size=(9, 4)).astype(">f4"), torch.float32, 1, False),
        (np.asfortranarray(RNG.normal(size=(9, 4))), torch.float32, 1, False),
        (RNG.integers(0, 2, (9, 4)).astype(np.float32), torch.float32, 1, True),
    ],
)
def test_dtypes(tmp_path, array, dtype, scale, binary):
    data = load_data(saved(tmp_path, array))
    assert (data.train.x.dtype, data.scale, data.binary) == (dtype, scale, binary)
    kind = np.uint8 if dtype == torch.uint8 else np.float32
    assert rows(data) == sorted(row.tobytes() for row in np.ascontiguousarray(array).astype(kind))
    if dtype == torch.float32 and not binary:
        assert data.range == (np.float32(array.min()), np.float32(array.max()))


def refuse(path, match, **arguments):
    with pytest.raises(UserError, match=match):
        load_data(path, **arguments)


def test_bad_arrays_are_refused(tmp_path):
    refuse(saved(tmp_path, np.arange(12).reshape(4, 3) * 100), "int64 values from 0 to 1100.*float32.*uint8")
    refuse(saved(tmp_path, np.full((4, 3), -1, np.int8)), "int8 values from -1")
    refuse(saved(tmp_path, np.zeros((4, 3), complex)), "dtype complex128.*not one of numbers")
    refuse(saved(tmp_path, np.array(["a", "b", "c"])), "dtype <U1.*not one of numbers")
    refuse(saved(tmp_path, np.zeros((0, 3))), r"empty \(shape \(0, 3\)\)")
    refuse(saved(tmp_path, np.zeros((5, 0))), "empty")
    refuse(saved(tmp_path, np.float32(3)), "empty")
    refuse(saved(tmp_path, np.zeros((2, 3))), "2 rows.*at least 3")
    refuse(saved(tmp_path, np.zeros((1, 3))), "1 row,")
    refuse(saved(tmp_path, np.zeros((5, 2, 8, 8))), r"shape \(5, 2, 8, 8\).*none of \(n, d\)")
    refuse(saved(tmp_path, np.zeros((5, 2, 8, 8, 3))), "none of")
    (tmp_path / "x.npy").write_bytes(b"hello")
    refuse(tmp_path / "x.npy", "not a whole .npy file")
    (tmp_path / "x.npy").write_bytes(b"")
    refuse(tmp_path / "x.npy", "not a whole .npy file")
    whole = saved(tmp_path, np.zeros((50, 3))).read_bytes()
    (tmp_path / "x.npy").write_bytes(whole[:-8])
    refuse(tmp_path / "x.npy", "not a whole .npy file")


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def test_objects_are_never_unpickled(tmp_path):
    bombs = np.array([Bomb(), Bomb(), Bomb()], dtype=object)
    np.save(tmp_path / "a.npy", bombs, allow_pickle=True)
    np.savez(tmp_path / "a.npz", x=bombs)
    refuse(tmp_path / "a.npy", "Python objects, which are never unpickled")
    refuse(tmp_path / "a.npz", "Python objects, which are never unpickled")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_values_that_are_not_finite_are_counted(tmp_path, value):
    array = RNG.normal(size=(20, 4))
    array[13, 2] = array[17, 0] = value
    refuse(saved(tmp_path, array), r"2 values that are NaN or infinite in float32, the first at index \(13, 2\)")


def test_the_pages_of_a_large_file_are_all_looked_at(tmp_path):
    array = np.zeros((40, 1_000_000), np.float32)
    array[39, 5] = np.nan
    refuse(saved(tmp_path, array), r"1 value that .*index \(39, 5\)")


def test_static_binarized_mnist_just_works(pytestconfig):
    path = pytestconfig.rootpath.parent / STATIC_MNIST
    if not path.exists():
        pytest.skip("the static binarized MNIST is not beside the checkout")
    data = load_data(path)
    assert [len(split) for split in data.splits.values()] == [50_000, 10_000, 10_000]
    assert (data.data_shape, data.binary, data.scale, data.range) == ((1, 28, 28), True, 1.0, (0.0, 1.0))


def test_a_file_like_static_binarized_mnist(tmp_path):
    parts = {key: RNG.integers(0, 2, (n, 784), dtype=np.uint8) for key, n in (("train", 9), ("valid", 4), ("test", 5))}
    np.savez_compressed(tmp_path / "a.npz", **parts)
    data = load_data(tmp_path / "a.npz")
    assert (data.data_shape, data.binary) == ((1, 28, 28), True)
    for split, key in (("train", "train"), ("validation", "valid"), ("test", "test")):
        assert np.array_equal(data.splits[split].x.numpy().reshape(-1, 784), parts[key])


@pytest.mark.parametrize(
    "keys",
    [
        ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test"),
        ("train_images", "train_labels", "valid_images", "valid_labels", "test_images", "test_labels"),
        ("train", "train_y", "validation", "validation_y", "test", "test_y"),
    ],
)
def test_labelled_splits(tmp_path, keys):
    contents = {key: RNG.normal(size=(8 + i // 2, 3)) if i % 2 == 0 else RNG.choice([3, 7], 8 + i // 2)
                for i, key in enumerate(keys)}  # fmt: skip
    np.savez(tmp_path / "a.npz", **contents)
    data = load_data(tmp_path / "a.npz")
    assert data.classes == ("3", "7")
    for i, split in enumerate(data.splits.values()):
        assert np.array_equal(split.x.numpy(), contents[keys[2 * i]].astype(np.float32))
        assert [int(data.classes[code]) for code in split.y] == contents[keys[2 * i + 1]].tolist()


def test_one_array_with_labels_is_split(tmp_path):
    x = RNG.normal(size=(50, 3)).astype(np.float32)
    np.savez(tmp_path / "a.npz", x=x, labels=[f"class {i % 4}" for i in range(50)], mean=x.mean(0))
    data = load_data(tmp_path / "a.npz", seed=3)
    assert [len(split) for split in data.splits.values()] == [40, 5, 5]
    where = {row.tobytes(): i for i, row in enumerate(x)}
    for split in data.splits.values():
        assert all(data.classes[y] == f"class {where[row.numpy().tobytes()] % 4}"
                   for row, y in zip(split.x, split.y, strict=True))  # fmt: skip
    assert any("'mean' not used" in note for note in data.notes)


@pytest.mark.parametrize("key", ["x", "data", "arr_0", "whatever"])
def test_a_lone_array_needs_no_name(tmp_path, key):
    np.savez(tmp_path / "a.npz", **{key: RNG.normal(size=(20, 3))})
    assert len(load_data(tmp_path / "a.npz").train) == 16


@pytest.mark.parametrize(("given", "sizes"), [("valid", [90, 7, 10]), ("test", [90, 10, 7])])
def test_a_missing_split_is_held_out_of_train(tmp_path, given, sizes):
    x = RNG.normal(size=(100, 3)).astype(np.float32)
    np.savez(tmp_path / "a.npz", train=x, y_train=np.arange(100) % 3, **{given: x[:7] + 1})
    data = load_data(tmp_path / "a.npz")
    assert [len(split) for split in data.splits.values()] == sizes
    assert sum(split.y is not None for split in data.splits.values()) == 2
    assert any("held out" in note for note in data.notes)


def test_bad_npz_files_are_refused(tmp_path):
    path, x = tmp_path / "a.npz", RNG.normal(size=(20, 3))

    def refuse_saved(match, **contents):
        np.savez(path, **contents)
        refuse(path, match)

    refuse_saved("'a', 'b'.*name the arrays train, valid and test, or x", a=x, b=x)
    refuse_saved("no arrays")
    refuse_saved("both 'x' and 'data'", x=x, data=x)
    refuse_saved("20 rows and 'y' has 19", x=x, y=np.arange(19))
    refuse_saved("float64 rows of shape.*give splits of one kind", train=x, valid=x[:, :2], test=x)
    refuse_saved("give splits of one kind", train=x, valid=x.astype(np.float32), test=x)
    refuse_saved("not whole numbers", x=x, y=np.linspace(0, 1, 20))
    refuse_saved("one label a row", x=x, y=np.zeros((20, 4)))
    refuse_saved("'valid'.*empty", train=x, valid=x[:0], test=x)
    refuse_saved("NaN", train=x, valid=x * np.nan, test=x)
    path.write_bytes(path.read_bytes()[:100])
    refuse(path, "not a whole .npz file")
    np.save(tmp_path / "b.npy", x)
    (tmp_path / "b.npy").rename(path)
    refuse(path, "single array: rename it to .npy")


def test_arrays_stored_column_by_column_are_turned_once(tmp_path):
    """Picking rows of such an array copies all of it: 40 ms a step for static binarized MNIST, whose file is one."""
    x = np.asfortranarray(RNG.integers(0, 2, (60, 20)).astype(np.uint8))
    np.savez(tmp_path / "a.npz", train=x, valid=x[:20], test=x[:20])
    for split in load_data(tmp_path / "a.npz").splits.values():
        assert split.x.is_contiguous()
    np.testing.assert_array_equal(load_data(tmp_path / "a.npz").train.x, x)
    assert all(split.x.is_contiguous() for split in load_data("static-mnist").splits.values())
