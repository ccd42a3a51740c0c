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
    data = load_data(saved(tmp_path, array), read_as="vectors" if len(data_shape) == 1 else "auto")
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
    how = {} if array.dtype == np.float32 else {"read_as": "vectors"}
    data = load_data(path, seed=seed, memory_limit=0 if on_disk else 2**30, **how)
    split_rows = [split.x[torch.arange(len(split))] for split in data.splits.values()]
    found = sorted(row.numpy().tobytes() for part in split_rows for row in part)
    assert found == sorted(row.tobytes() for row in array)
    assert sum(map(len, data.splits.values())) == len(array)
    assert min(map(len, data.splits.values())) >= 1
    assert load_data(path, seed=seed, **how).fingerprint == data.fingerprint


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
    data = load_data(saved(tmp_path, array), read_as="vectors")
    assert (data.train.x.dtype, data.scale, data.binary) == (dtype, scale, binary)
    kind = np.uint8 if dtype == torch.uint8 else np.float32
    assert rows(data) == sorted(row.tobytes() for row in np.ascontiguousarray(array).astype(kind))
    if dtype == torch.float32 and not binary:
        assert data.range == (np.float32(array.min()), np.float32(array.max()))


def refuse(path, match, **arguments):
    with pytest.raises(UserError, match=match):
        load_data(path, **arguments)


def test_bad_arrays_are_refused(tmp_path):
    refuse(saved(tmp_path, np.zeros((4, 3), complex)), "dtype complex128.*not one of numbers")
    refuse(saved(tmp_path, np.array(["a", "b", "c"])), "dtype <U1.*not one of numbers")
    refuse(saved(tmp_path, np.zeros((0, 3))), r"empty \(shape \(0, 3\)\)")
    refuse(saved(tmp_path, np.zeros((5, 0))), "empty")
    refuse(saved(tmp_path, np.float32(3)), "is a single number")
    refuse(saved(tmp_path, np.zeros((2, 3))), "2 rows.*at least 3")
    refuse(saved(tmp_path, np.zeros((1, 3))), "1 row,")
    refuse(saved(tmp_path, np.zeros((5, 8, 8, 8))), r"shape \(5, 8, 8, 8\), and which of its axes are channels")
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


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((np.nan, np.nan), "NaN or infinite in float32, {at}: remove or replace them, or take read_as"),
        # a table refuses these as well
        ((np.inf, -np.inf), "NaN or infinite in float32, {at}: remove or replace them\\.$"),
        ((np.nan, 1e300), "NaN or infinite in float32, {at}: remove or replace them\\.$"),
        ((1e300, 1e300), "beyond what float32 holds .*, {at}: divide all values by one large number"),
    ],
)
def test_values_that_are_not_finite_are_counted_and_what_would_do_is_said(tmp_path, values, words):
    array = RNG.normal(size=(20, 4))
    array[13, 2], array[17, 0] = values
    refuse(saved(tmp_path, array), "2 values that are " + words.format(at=r"the first at index \(13, 2\)"))


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
    refuse_saved("one label a row", x=x, y=np.zeros((20, 1, 1)))
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
    data = load_data(tmp_path / "a.npz", read_as="vectors")
    assert all(split.x.is_contiguous() for split in data.splits.values())
    np.testing.assert_array_equal(data.train.x, x)
    assert all(split.x.is_contiguous() for split in load_data("static-mnist").splits.values())


def table_of(path, **how):
    """The schema and the values that rows of the training split stand for."""
    data = load_data(path, **how)
    return data, data.table.array(data.train.x)


def rows_of_array(array):
    return {tuple(row) for row in array.tolist()}


def test_whole_numbers_are_a_table_whatever_its_width(tmp_path):
    counts = RNG.poisson(RNG.gamma(2.0, 4.0, 100), (700, 100)).clip(0, 255).astype(np.int64)
    data, back = table_of(saved(tmp_path, counts))
    assert {kind.word for kind in data.table.columns} <= {"integer", "levels"}
    assert back.dtype == np.int64
    assert rows_of_array(back) <= rows_of_array(counts)
    assert any('int64) are read as a table of integers (read_as="images" reads them as 10x10' in n for n in data.notes)
    assert load_data(tmp_path / "a.npy", read_as="images").data_shape == (1, 10, 10)
    assert load_data(tmp_path / "a.npy", read_as="vectors").data_shape == (100,)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint64, np.bool_])
def test_whole_numbers_of_any_type_and_sign_come_back(tmp_path, dtype):
    array = RNG.integers(-120, 120, (90, 3)) if dtype in (np.int8, np.int64) else RNG.integers(0, 2, (90, 3))
    data, back = table_of(saved(tmp_path, array.astype(dtype)))
    assert rows_of_array(back) <= rows_of_array(array)
    assert data.data_shape == (data.table.width,)
    data, back = table_of(saved(tmp_path, array[:, 0].astype(dtype)))
    assert back.shape == (72, 1)


@pytest.mark.parametrize(
    ("width", "high", "shape"),
    [
        (784, 1, (1, 28, 28)),
        (784, 255, (1, 28, 28)),
        (64, 255, (1, 8, 8)),
        (100, 40, None),
        (64, 1, None),
        (65, 255, None),
    ],
)
def test_8_bit_rows_are_images_where_they_look_like_some(tmp_path, width, high, shape):
    data = load_data(saved(tmp_path, RNG.integers(0, high + 1, (50, width)).astype(np.uint8)))
    assert (data.table is None) == (shape is not None)
    if shape is not None:
        assert data.data_shape == shape
        assert any('read_as="table"' in note for note in data.notes)
    assert load_data(tmp_path / "a.npy", read_as="table").table is not None


def test_what_was_said_of_an_array_is_done_or_refused(tmp_path):
    refuse(saved(tmp_path, RNG.normal(size=(9, 10))), "no square images", read_as="images")
    assert load_data(saved(tmp_path, RNG.normal(size=(9, 16))), read_as="images").data_shape == (1, 4, 4)
    for told in ("table", "vectors"):
        refuse(saved(tmp_path, RNG.normal(size=(9, 4, 4))), f'read_as="{told}" reads rows of numbers', read_as=told)
    refuse(saved(tmp_path, RNG.normal(size=(9, 4))), "tables are read as a whole", read_as="table", memory_limit=10)
    assert load_data(tmp_path / "a.npy", columns={"2": "quantile"}).table.columns[1].word == "quantile"


def test_a_large_offset_is_kept(tmp_path):
    """Unix seconds within an hour, and 1e8 give or take 1: a float32 leaves 29 values of the first, 1 of the second."""
    seconds = 1_700_000_000 + np.sort(RNG.choice(36_000, 800, replace=False)) / 10
    reading = 1e8 + RNG.normal(size=800)
    sensors = np.stack([seconds, reading, RNG.normal(size=800)], 1)
    data, back = table_of(saved(tmp_path, sensors))
    assert any("float32 would round columns 1, 2 to a few" in note for note in data.notes)
    assert (data.data_shape, back.dtype) == ((3,), np.float64)
    order = np.argsort(sensors[:, 0])
    near = sensors[order][np.searchsorted(sensors[order, 0], back[:, 0] - 0.04)]
    np.testing.assert_array_equal(back[:, 0], near[:, 0])  # rounded as the data's are
    # an entry is right to 2^-24 of itself
    np.testing.assert_allclose(back[:, 1:], near[:, 1:], rtol=0, atol=4 * 2.0**-23)
    plain = load_data(tmp_path / "a.npy", read_as="vectors")
    assert len(np.unique(plain.train.x[:, 0])) == 29
    for array in (sensors.astype(np.float32), sensors - sensors.mean(0), np.full((9, 2), 1 / 3)):
        assert load_data(saved(tmp_path, array)).table is None


def test_nan_is_told_by_its_place_in_the_array_or_is_a_missing_cell(tmp_path):
    array = RNG.normal(size=(200, 4))
    array[150, 2] = np.nan
    refuse(
        saved(tmp_path, array),
        r"1 value that.*first at index \(150, 2\).*read_as=\"table\", which reads NaN as missing",
    )
    np.savez(tmp_path / "a.npz", x=array)
    refuse(tmp_path / "a.npz", r"first at index \(150, 2\)")
    data = load_data(tmp_path / "a.npy", read_as="table")
    assert [kind.missing for kind in data.table.columns] == [False, False, True, False]
    back = np.concatenate([data.table.array(split.x) for split in data.splits.values()])
    assert np.isnan(back).sum() == np.isnan(back[:, 2]).sum() == 1


def test_labels_beside_a_table_and_several_a_row(tmp_path):
    x = RNG.integers(0, 1000, (300, 4))
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(300) % 3 == 0)
    data = load_data(tmp_path / "a.npz")
    assert data.classes == ("0", "1")
    assert [int(split.y.sum()) for split in data.splits.values()] == [80, 10, 10]
    assert any("each class in the same shares" in note for note in data.notes)
    np.savez(tmp_path / "a.npz", train=x[:200], val=x[200:250], test=x[250:], train_y=x[:200, 0] % 2)
    data = load_data(tmp_path / "a.npz")
    assert [split.y is None for split in data.splits.values()] == [False, True, True]
    np.testing.assert_array_equal(data.table.array(data.test.x), x[250:])
    np.testing.assert_array_equal(data.train.y, x[:200, 0] % 2)
    for images in (RNG.integers(0, 256, (300, 6, 6)).astype(np.uint8), RNG.normal(size=(300, 3)), x):
        np.savez(tmp_path / "a.npz", x=images, y=np.zeros((300, 14), np.uint8))
        data = load_data(tmp_path / "a.npz")
        assert (data.train.y, data.classes) == (None, ())
        assert "labels of shape (300, 14), several a row, are not read" in data.notes


def test_a_split_by_class_of_arrays_where_it_is_asked_for(tmp_path):
    np.savez(tmp_path / "a.npz", x=RNG.normal(size=(100, 3)), y=np.arange(100) % 10 == 0)
    data = load_data(tmp_path / "a.npz", split_by="stratified")
    assert [int(split.y.sum()) for split in data.splits.values()] == [8, 1, 1]
    assert data.data_shape == (3,)
