"""Data sets with len and integer indexing that are larger than memory: never had as a whole, and the same bits."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from reparam.data import Batches, Dataset, LazyArray, evaluation_batches, given, items, reading
from reparam.errors import UserError

N = 300
RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (N, 8, 9, 3), dtype=np.uint8)
VECTORS = RNG.normal(size=(N, 5)).astype(np.float32)
LABELS = RNG.integers(0, 3, N)


class ClassLabel:
    names = ("cat", "dog", "eel")


class Columns:
    """The interface of Hugging Face: len, integer indexing, many items at once; an item is columns by name."""

    def __init__(self, **columns):
        self.held, self.features, self.most = columns, {"label": ClassLabel()}, 0

    def __len__(self):
        return N

    def __getitem__(self, at):
        return {name: values[at] for name, values in self.held.items()}

    def __getitems__(self, places):
        self.most = max(self.most, len(places))
        return [self[at] for at in places]


class Items(torch.utils.data.Dataset):
    def __init__(self, *columns):
        self.held = columns

    def __len__(self):
        return N

    def __getitem__(self, at):
        item = tuple(column[at] for column in self.held)
        return item if len(item) > 1 else item[0]


KINDS = {
    "vectors": lambda: Items(VECTORS),
    "vectors and labels": lambda: Items(torch.from_numpy(VECTORS), LABELS.tolist()),
    "doubles in lists": lambda: Items(VECTORS.astype(np.float64).tolist()),
    "images": lambda: Items(PIXELS, LABELS),
    "pictures": lambda: Columns(image=[Image.fromarray(one) for one in PIXELS], label=LABELS.tolist()),
    "words for labels": lambda: Columns(x=VECTORS, label=[ClassLabel.names[code] for code in LABELS]),
    "a loader": lambda: DataLoader(Items(VECTORS, LABELS), batch_size=7, shuffle=True),
}


def both(monkeypatch, make, **how):
    memory = Dataset.of(*make(), **how)
    monkeypatch.setattr(given, "MEMORY_LIMIT", 2000)
    lazy = Dataset.of(*make(), **how)
    assert isinstance(lazy.train.x, LazyArray)
    return memory, lazy


def alike(memory, lazy):
    assert lazy.fingerprint == memory.fingerprint
    assert (lazy.data_shape, lazy.classes, lazy.scale, lazy.range) == (
        memory.data_shape, memory.classes, memory.scale, memory.range)  # fmt: skip
    assert set(memory.notes) - set(lazy.notes) <= {note for note in memory.notes if "DataLoader" in note}
    for name in memory.splits:
        passes = (evaluation_batches(data.splits[name], data, 20) for data in (memory, lazy))
        for (x, y), (far, codes) in zip(*passes, strict=True):
            assert torch.equal(x, far)
            assert (y is None and codes is None) or torch.equal(y, codes)
    for index in (0, 7, 2):
        near, far = (Batches(data.train, data, 16, 3)(index) for data in (memory, lazy))
        assert torch.equal(near[0], far[0])


@pytest.mark.parametrize("kind", KINDS)
def test_items_that_are_fetched_are_those_in_memory(monkeypatch, kind):
    alike(*both(monkeypatch, lambda: [KINDS[kind]()]))


def test_splits_that_are_given_and_others_that_are_held_out(monkeypatch):
    alike(*both(monkeypatch, lambda: [Items(PIXELS, LABELS), None, Items(PIXELS[::-1], LABELS)], seed=4))
    # one of them in memory
    alike(*both(monkeypatch, lambda: [Items(VECTORS, LABELS), (VECTORS[:30], LABELS[:30])], seed=4))


def test_labels_beside_and_a_stratified_split(monkeypatch):
    alike(*both(monkeypatch, lambda: [Items(VECTORS)], labels=LABELS, classes=ClassLabel.names))
    monkeypatch.undo()
    alike(*both(monkeypatch, lambda: [Items(VECTORS, LABELS)], split_by="stratified"))


def test_items_are_asked_for_together_and_never_all_at_once(monkeypatch):
    data = Columns(x=VECTORS, label=LABELS.tolist())
    monkeypatch.setattr(given, "MEMORY_LIMIT", 2000)
    for module in (items, reading):  # pieces of 20 rows
        monkeypatch.setattr(module, "CHUNK_BYTES", 400)
    found = Dataset.of(data)
    assert data.most == 20
    found.train.x[torch.arange(33)]
    assert data.most == 33


class Short(Items):
    def __getitems__(self, places):
        return [self[0]]


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(("labels", "own"), [(LABELS[:-1], None), (LABELS[:0], None), (LABELS, LABELS)])
def test_labels_that_are_not_of_the_items_are_refused(monkeypatch, lazy, labels, own):
    if lazy:
        monkeypatch.setattr(given, "MEMORY_LIMIT", 2000)
    with pytest.raises(UserError, match=r"give one label a row|give one of the two"):
        Dataset.of(Items(VECTORS) if own is None else Items(VECTORS, own), labels=labels)


ODD = {
    "another shape": (Items([*VECTORS[:50], VECTORS[0][:3], *VECTORS[51:]]), r"shape \(3,\) in item 50"),
    "no number": (Items([*VECTORS[:50].tolist(), ["a"] * 5, *VECTORS[51:].tolist()]), "in item 50"),
    "fractions among whole": (Items([*np.zeros((50, 5), int), *VECTORS[50:]]), "float32 of shape .* in item 50"),
    "NaN": (Items(np.where(np.arange(N)[:, None] == 40, np.nan, VECTORS)), "NaN or infinite.*index \\(40"),
    "items that fail": (Items([*VECTORS[:50], *[None] * 250][:60]), "could not be had|item"),
    "wider numbers": (Items([*PIXELS[:50], *PIXELS[50:].astype(np.uint16)]), "uint16 of shape .* in item 50"),
    "a label in one": (Items([*VECTORS[:50], (VECTORS[0], 1), *VECTORS[51:]]), "item 50 .* has a label"),
    "no label in a tuple": (Items([(VECTORS[0], 1)] * 50 + [VECTORS[0]] * 250), "item 50 .* has no label"),
    "fewer than were asked for": (Short(VECTORS), "1 items for"),
    "no label in one": (Columns(x=VECTORS, label=[1] * 50 + [None] * 250), "labels"),
}


@pytest.mark.parametrize("odd", ODD)
def test_what_does_not_fit_together_is_told(monkeypatch, odd):
    monkeypatch.setattr(given, "MEMORY_LIMIT", 2000)
    data, match = ODD[odd]
    with pytest.raises(UserError, match=match):
        Dataset.of(data)
