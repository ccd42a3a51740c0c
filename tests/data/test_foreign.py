"""What other libraries keep examples in is read by its interface alone."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, Subset, TensorDataset

from reparam.data.foreign import arrays_of
from reparam.errors import UserError

X = np.arange(24, dtype=np.float32).reshape(6, 4)
Y = np.array([0, 1, 2, 0, 1, 2])


class Columns:
    """The interface of a Hugging Face data set: len, integer indexing, features; an item is columns by name."""

    def __init__(self, features=None, **columns):
        self.columns, self.features = columns, features

    def __len__(self):
        return len(next(iter(self.columns.values())))

    def __getitem__(self, at):
        return {name: values[at] for name, values in self.columns.items()}


class ClassLabel:
    """What a Hugging Face data set says of a column of labels."""

    names = ["cat", "dog", "eel"]  # noqa: RUF012


class Items(torch.utils.data.Dataset):
    """A map-style data set of torch."""

    def __init__(self, *columns):
        self.columns = columns

    def __len__(self):
        return len(self.columns[0])

    def __getitem__(self, at):
        item = tuple(column[at] for column in self.columns)
        return item if len(item) > 1 else item[0]


LABELLED = [
    (X, Y),
    (torch.from_numpy(X), torch.from_numpy(Y)),
    (list(X), Y.tolist()),
    TensorDataset(torch.from_numpy(X), torch.from_numpy(Y)),
    Subset(TensorDataset(torch.from_numpy(X), torch.from_numpy(Y)), range(6)),
    Items(X, Y),
    Items(torch.from_numpy(X), Y.tolist()),
    Columns(image=X, label=Y),
    Columns(pixel_values=X.tolist(), labels=Y.tolist()),
    Columns(x=X, y=Y, id=["a"] * 6),
    Columns(embedding=X, label=Y),
    DataLoader(TensorDataset(torch.from_numpy(X), torch.from_numpy(Y)), batch_size=4, shuffle=True),
]
UNLABELLED = [X, torch.from_numpy(X), torch.nn.Parameter(torch.from_numpy(X)), list(X), X.tolist(), (X,), Items(X),
              TensorDataset(torch.from_numpy(X)), Columns(image=X), torch.from_numpy(X).to_sparse(),
              torch.from_numpy(X).bfloat16()]  # fmt: skip


@pytest.mark.parametrize("given", LABELLED, ids=lambda given: type(given).__name__)
def test_examples_and_labels(given):
    found = arrays_of(given, "it")
    assert np.array_equal(found.x, X)
    assert np.array_equal(found.y, Y)


@pytest.mark.parametrize("given", UNLABELLED, ids=lambda given: type(given).__name__)
def test_examples_alone(given):
    found = arrays_of(given, "it")
    assert np.array_equal(found.x, X)
    assert found.y is None


def test_class_names_are_kept():
    assert arrays_of(Columns({"label": ClassLabel()}, image=X, label=Y), "it").classes == ("cat", "dog", "eel")
    assert arrays_of(Columns({"label": object()}, image=X, label=Y), "it").classes == ()
    named = Items(X, Y)
    named.classes = ["cat", "dog", "eel"]
    assert arrays_of(named, "it").classes == ("cat", "dog", "eel")


def test_a_data_loader_says_what_is_not_used():
    assert "order, batch size and collate_fn are not used" in arrays_of(LABELLED[-1], "it").notes[0]


class Stream(IterableDataset):
    def __iter__(self):
        return iter(X)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (Stream(), "it is a Stream, which cannot be read: give a tensor, an array"),
        (DataLoader(Stream()), "it is a Stream, which cannot be read"),
        (iter(X), "it is a .*iterator, which cannot be read"),
        ("images", "it is a str"),
        (7, "it is a int"),
        ((X, Y, Y), r"it is a tuple of 3: give \(x,\) or \(x, y\), and several examples as a list"),
        ([X, X[:5]], r"shapes \(6, 4\) \(number 0\) and \(5, 4\) \(number 1\)"),
        ([], "it holds no examples"),
        (Columns(a=X, b=X), "it has columns 'a', 'b': give one of examples"),
        (Columns(image=X, img=X), "it has columns 'image', 'img': give one of examples"),
        (Columns(image=X, label=Y, target=Y), "at most one of labels"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(given, sentence):
    with pytest.raises(UserError, match=sentence):
        arrays_of(given, "it")
