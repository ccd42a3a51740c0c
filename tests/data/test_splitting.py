"""Splits that heed classes, groups or a column: disjoint, complete, and what they promise of each row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reparam.data import load_data
from reparam.data.splitting import grouped, named, stratified, tenth_of
from reparam.errors import UserError

CLASSES = st.tuples(st.integers(1, 12), st.integers(3, 800), st.integers(0, 2**32))


def drawn(classes, n, seed):
    """Codes of some classes of very different sizes, each there at least once."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(classes, 0.3))
    return np.concatenate([np.arange(min(classes, n)), rng.choice(classes, max(0, n - classes), p=shares)])


def complete(rows, n):
    assert sorted(np.concatenate([part.numpy() for part in rows.values()]).tolist()) == list(range(n))
    for part in rows.values():
        assert (np.diff(part.numpy()) > 0).all()


@given(CLASSES, st.integers(0, 2**63))
def test_each_class_is_in_each_split_by_its_share(classes, seed):
    codes = drawn(*classes)
    rows, note = stratified(codes, seed)
    complete(rows, len(codes))
    sizes = np.bincount(codes)
    if (sizes < 3).all():
        assert "without regard to classes" in note
        return
    counts = {split: np.bincount(codes[part.numpy()], minlength=len(sizes)) for split, part in rows.items()}
    share = sizes * tenth_of(len(codes)) / len(codes)
    for split in ("validation", "test"):
        assert not counts[split][sizes < 3].any()
        # every class that can be held out is, up to a row
        assert (np.abs(counts[split] - share)[sizes >= 3] < 1).all()
        assert counts[split].sum() == max(1, round(share[sizes >= 3].sum()))
    assert (counts["train"][sizes > 0] > 0).all()
    assert ("fewer than 3 rows" in note) == bool((sizes[sizes > 0] < 3).any())
    again, _ = stratified(codes, seed)
    assert all((again[split] == rows[split]).all() for split in rows)


def test_another_seed_draws_other_rows():
    codes = np.arange(200) % 2
    one, other = stratified(codes, 0)[0], stratified(codes, 1)[0]
    assert one["test"].tolist() != other["test"].tolist()
    assert grouped([str(code) for code in np.arange(200) // 4], 0)[0]["test"].tolist() != (
        grouped([str(code) for code in np.arange(200) // 4], 1)[0]["test"].tolist()
    )


@given(st.integers(3, 60), st.integers(3, 500), st.integers(0, 2**32), st.integers(0, 2**63))
def test_rows_of_a_group_stay_together(groups, n, drawn_from, seed):
    codes = drawn(groups, max(n, groups), drawn_from)
    rows, note = grouped([f"g{code}" for code in codes], seed)
    complete(rows, len(codes))
    of = {split: set(codes[part.numpy()].tolist()) for split, part in rows.items()}
    assert all(of.values())
    assert not (of["train"] & of["test"] | of["train"] & of["validation"] | of["validation"] & of["test"])
    sizes = np.bincount(codes)
    for split in ("validation", "test"):
        # no more than a tenth, unless not even one group is so small
        assert len(rows[split]) <= tenth_of(len(codes)) or len(of[split]) == 1
    assert f"groups in train {len(of['train'])}" in note
    assert sizes.sum() == len(codes)


def test_many_small_groups_fill_a_tenth():
    rows, _ = grouped([str(at // 3) for at in range(3000)], 5)
    assert [len(rows[split]) for split in ("validation", "test")] == [300, 300]


def test_too_few_groups_are_refused():
    with pytest.raises(UserError, match=r"2 groups.*at least 3"):
        grouped(["a", "b", "a", "b"], 0)


def test_a_column_that_names_splits():
    rows, note = named(["Train", "VAL", " test ", "training", "valid"], "part", 0)
    assert {split: part.tolist() for split, part in rows.items()} == {
        "train": [0, 3],
        "validation": [1, 4],
        "test": [2],
    }
    assert "'part'" in note
    rows, note = named(["train"] * 90 + ["test"] * 10, "part", 0)
    assert [len(rows[split]) for split in ("train", "validation", "test")] == [81, 9, 10]
    assert "validation not named by column 'part'" in note
    with pytest.raises(UserError, match=r"'part' of split_by=\.\.\. says 'maybe' in 2 rows"):
        named(["train", "maybe", "maybe"], "part", 0)
    with pytest.raises(UserError, match="no rows to train on"):
        named(["test", "val"], "part", 0)


SAID = 'the test split has none of class {}: split_by="stratified" keeps the shares of the classes'


def read(tmp_path, form, **how):
    """12 examples of 4 classes, 2 in the test split at the most, as pictures in folders, an archive or a table."""
    words = ["ant", "bee", "cow", "dog"] * 3
    if form == "folder":
        for at, word in enumerate(words):
            (tmp_path / "x" / word).mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((4, 4), 20 * at, dtype=np.uint8)).save(tmp_path / "x" / word / f"{at:02}.png")
        return load_data(tmp_path / "x", **how)
    if form == "archive":
        np.savez(tmp_path / "x.npz", x=np.arange(192, dtype=np.uint8).reshape(12, 4, 4), y=np.array(words))
        return load_data(tmp_path / "x.npz", **how)
    rows = [f"{at / 7:.3f},{at * at / 3:.4f},{word}" for at, word in enumerate(words)]
    (tmp_path / "x.csv").write_text("\n".join(["a,b,label", *rows]) + "\n")
    return load_data(tmp_path / "x.csv", labels="label", **how)


@pytest.mark.parametrize("form", ["folder", "archive", "table"])
def test_a_class_that_chance_left_out_of_the_test_split_is_named(tmp_path, form):
    """By brute force from the labels; the split itself stays what it was."""
    data = read(tmp_path, form, **({"split_by": "random"} if form == "table" else {}))
    there = {data.classes[code] for code in data.test.y.tolist()}
    gone = [name for name in data.classes if name not in there]
    assert gone
    assert len(data.test) == 1
    assert [note for note in data.notes if "none of class" in note] == [SAID.format(", ".join(gone))]


def test_a_split_that_heeds_classes_or_holds_them_all_is_told_nothing_of_them(tmp_path):
    assert not any("none of class" in note for note in read(tmp_path, "folder", split_by="stratified").notes)
    np.savez(tmp_path / "x.npz", x=np.zeros((400, 4, 4), dtype=np.uint8), y=np.arange(400) % 2)
    data = load_data(tmp_path / "x.npz")
    assert len(data.test.y.unique()) == 2
    assert not any("none of class" in note for note in data.notes)
