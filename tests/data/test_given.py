"""A data set made of what Python code holds is the one that a file of the same values would be."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from helpers import quiet_fit, small_data, small_vae
from reparam.data import Dataset, Split, as_dataset, evaluation_batches, load_data
from reparam.data.fingerprint import fingerprint
from reparam.errors import UserError
from reparam.training import Silent, fit

GREY = np.random.default_rng(0).integers(0, 256, (300, 9, 8), dtype=np.uint8)
POINTS = np.random.default_rng(1).normal(size=(90, 5)).astype(np.float32)
WORDS = [f"class {i % 4}" for i in range(300)]


def same_data(a, b):
    """Whether two data sets hold the same, as they are and as a model sees them."""
    assert a.fingerprint == b.fingerprint
    assert (a.data_shape, a.classes, a.scale, a.binary, a.range) == (
        b.data_shape,
        b.classes,
        b.scale,
        b.binary,
        b.range,
    )
    for one, other in zip(a.splits.values(), b.splits.values(), strict=True):
        for (x, y), (x_too, y_too) in zip(
            evaluation_batches(one, a, 50), evaluation_batches(other, b, 50), strict=True
        ):
            assert torch.equal(x, x_too)
            assert (y is None) == (y_too is None)
            assert y is None or torch.equal(y, y_too)


@pytest.mark.parametrize("binarization", ["none", "dynamic", "threshold"])
def test_arrays_are_read_as_their_file_is(tmp_path, binarization):
    np.save(tmp_path / "a.npy", GREY)
    np.savez(tmp_path / "a.npz", x=GREY, y=WORDS)
    how = {"binarization": binarization, "seed": 3}
    file, labelled = (load_data(tmp_path / name, **how) for name in ("a.npy", "a.npz"))
    tensors = TensorDataset(torch.from_numpy(GREY))
    reshaped = GREY[:, None], GREY[..., None], GREY.astype(np.int64)
    for given in (GREY, torch.from_numpy(GREY), list(GREY), tensors, DataLoader(tensors, 7), *reshaped):
        same_data(Dataset.of(given, **how), file)
    same_data(Dataset.of(GREY, labels=WORDS, **how), labelled)
    same_data(Dataset.of((GREY, WORDS), **how), labelled)


def test_splits_that_are_given_are_kept_and_the_others_held_out(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=POINTS[:70], y_train=np.arange(70) % 3, x_test=POINTS[70:], y_test=[2] * 20)
    named = Dataset.of((POINTS[:70], np.arange(70) % 3), test=(POINTS[70:], [2] * 20), seed=2)
    same_data(named, load_data(tmp_path / "a.npz", seed=2))
    same_data(as_dataset({"train": (POINTS[:70], np.arange(70) % 3), "test": (POINTS[70:], [2] * 20)}, seed=2), named)
    whole = Dataset.of(POINTS[:50], POINTS[50:70], POINTS[70:])
    for split, part in zip(whole.splits.values(), (POINTS[:50], POINTS[50:70], POINTS[70:]), strict=True):
        assert np.array_equal(split.x.numpy(), part)


def test_labels_are_numbered_by_the_classes_given():
    by_name = Dataset.of(POINTS, labels=["dog", "cat"] * 45, classes=["dog", "cat", "eel"])
    by_place = Dataset.of(POINTS, labels=[0, 1] * 45, classes=["dog", "cat", "eel"])
    same_data(by_name, by_place)
    assert by_name.classes == ("dog", "cat", "eel")
    assert Dataset.of(POINTS, labels=["dog", "cat"] * 45).classes == ("cat", "dog")


def test_classes_that_a_foreign_data_set_names_are_kept():
    class Foreign(torch.utils.data.Dataset):
        classes = ("odd", "even")

        def __len__(self):
            return 90

        def __getitem__(self, at):
            return POINTS[at], at % 2

    assert as_dataset(Foreign()).classes == ("odd", "even")


def test_names_paths_and_data_sets_will_do(tmp_path):
    np.save(tmp_path / "a.npy", GREY)
    same_data(as_dataset(tmp_path / "a.npy"), load_data(tmp_path / "a.npy"))
    same_data(as_dataset("ring", seed=1), load_data("ring", seed=1))
    data = small_data()
    assert as_dataset(data) is data


def test_a_loader_says_that_its_order_is_not_used():
    data = as_dataset(DataLoader(TensorDataset(torch.from_numpy(POINTS)), batch_size=7, shuffle=True))
    assert any("order, batch size and collate_fn are not used" in note for note in data.notes)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: Dataset.of(POINTS, labels=[0] * 89),
            "'arrays' has 90 rows and its array of labels has 89",
        ),
        (
            lambda: Dataset.of((POINTS, [0] * 90), labels=[0] * 90),
            "'arrays' has labels of its own beside",
        ),
        (lambda: Dataset.of(POINTS, POINTS[:, :4]), r"validation holds float32 rows of shape \(4,\) and train"),
        (lambda: Dataset.of(POINTS[:2]), "2 rows"),
        (lambda: Dataset.of(POINTS * np.nan, name="mine"), "'mine' holds 450 values that are NaN"),
        (lambda: Dataset.of(POINTS.astype(str)), "not one of numbers"),
        (lambda: Dataset.of(POINTS, labels=[0.5] * 90), "labels of 'arrays' are not whole numbers"),
        (lambda: Dataset.of(POINTS, labels=[[[0]]] * 90), "give one label a row"),
        (lambda: Dataset.of(POINTS, labels=[7] * 90, classes=["a", "b"]), "hold 7, and the classes are a, b"),
        (lambda: Dataset.of(POINTS, labels=["c"] * 90, classes=["a", "b"]), "hold 'c', and the classes are a, b"),
        (lambda: Dataset.of(POINTS, binarization="dynamic"), "cannot be binarized"),
        (lambda: Dataset.of(GREY, binarization="often"), "'often' is unknown"),
        (lambda: Dataset.of(GREY, image_size=8), "image_size=8 applies to folders of images, and 'arrays' is none"),
        (lambda: Dataset.of(POINTS, delimiter=";"), "`delimiter` applies to text tables, and 'arrays' is none"),
        (lambda: as_dataset({"x": POINTS}), "the keys 'x': name the splits train, validation and test"),
        (lambda: as_dataset(7), "train of 'arrays' is a int, which cannot be read"),
    ],
)
def test_what_does_not_fit_together_is_refused_in_a_sentence(make, sentence):
    with pytest.raises(UserError, match=sentence):
        make()


def test_a_data_set_always_has_a_fingerprint_of_contents_labels_and_split():
    x, y = torch.arange(12.0).view(6, 2), torch.arange(6)

    def made(x=x, y=y, sizes=(4, 1, 1)):
        return Dataset("d", *map(Split, x.split(sizes), y.split(sizes)), data_shape=(2,))

    first = made()
    assert first.fingerprint == fingerprint(first.splits)
    assert len(first.fingerprint) == 64
    others = [made(x + 1), made(y=y.flip(0)), made(sizes=(3, 2, 1)), made(x.flip(0)), made(x.int().to(torch.uint8))]
    prints = {data.fingerprint for data in (first, *others)}
    assert len(prints) == 6
    assert Dataset("d", *map(Split, x.split((4, 1, 1))), data_shape=(2,)).fingerprint not in prints
    columns = torch.stack([y, y], 1)[:, 0]  # labels that do not lie in a row
    assert not columns.is_contiguous()
    assert made(y=columns).fingerprint == first.fingerprint


def test_a_run_is_not_gone_on_with_on_other_data(tmp_path):
    mine = Dataset.of(torch.randint(0, 2, (300, 1, 6, 6), dtype=torch.uint8))
    other = Dataset("arrays", mine.test, mine.validation, mine.train, data_shape=(1, 6, 6), binary=True)
    quiet_fit(small_vae(), mine, tmp_path / "run")
    with pytest.raises(UserError, match="have changed"):
        quiet_fit(small_vae(), other, tmp_path / "run", resume=True)


def test_fit_takes_what_python_code_holds():
    x = torch.randint(0, 2, (300, 1, 6, 6), dtype=torch.uint8)
    runs = [fit(small_vae(), given, steps=2, progress=Silent()) for given in (x, (x.numpy(), [0] * 300))]
    assert [len(run.data.train) for run in runs] == [240, 240]
    same_data(runs[0].data, Dataset.of(x))
