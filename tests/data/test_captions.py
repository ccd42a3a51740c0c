"""A table beside images says what each of them is."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from image_helpers import everything, fill, grey, noted
from reparam.data import load_data
from reparam.errors import UserError

CLASSES = ("ill", "well")


def labelled(folder, n=20, inside="images", name="labels.csv", of="file,diagnosis", row=None):
    """Images whose first pixel is 0 or 255, and a table that calls the first kind ill and the second well."""
    images = [grey() for _ in range(n)]
    for i, image in enumerate(images):
        image[0, 0] = 255 * (i % 2)
        image[0, 1] = i
        (folder / inside).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / inside / f"{i:03}.png")
    row = row or (lambda i: f"{i:03}.png,{CLASSES[i % 2]}")
    (folder / name).write_text(of + "\n" + "".join(row(i) + "\n" for i in range(n)), encoding="utf-8")
    return images


def check(data, n=20):
    assert data.classes == CLASSES
    assert sum(len(split) for split in data.splits.values()) == n
    for split in data.splits.values():
        assert [int(x[0, 0, 0]) // 255 for x in split.x] == split.y.tolist()


@pytest.mark.parametrize(
    ("inside", "name", "of", "row"),
    [
        ("images", "labels.csv", "file,diagnosis", None),
        ("images", "metadata.csv", "file_name,label", lambda i: f"images/{i:03}.png,{CLASSES[i % 2]}"),
        (".", "labels.csv", "id,class", lambda i: f"{i:03},{CLASSES[i % 2]}"),
        ("img", "train.tsv", "label\tid", lambda i: f"{CLASSES[i % 2]}\t{i}"),
        ("images", "x.csv", "no,age,file,label", lambda i: f"{i + 7},{20 + i % 3},img\\{i:03}.png,{CLASSES[i % 2]}"),
        (
            "a/b",
            "labels.csv",
            "label,path,notes",
            lambda i: f'{CLASSES[i % 2]},./a/b/{i:03}.png,"one, two {i}"',
        ),
    ],
)
@pytest.mark.parametrize("form", ["folder", "zip", "tar", "gztar"])
def test_however_the_table_calls_them(tmp_path, inside, name, of, row, form):
    folder = tmp_path / "set"
    folder.mkdir()
    images = labelled(folder, inside=inside, name=name, of=of, row=row)
    path = folder if form == "folder" else shutil.make_archive(str(tmp_path / "packed"), form, tmp_path, "set")
    data = load_data(path)
    check(data)
    assert noted(data, "names the images")
    assert not [note for note in data.notes if "passed over" in note]
    assert sorted(x.tobytes() for x in everything(data)) == sorted(image.tobytes() for image in images)


def test_what_has_no_part_in_the_other_is_said(tmp_path):
    labelled(tmp_path, 20)
    table = tmp_path / "labels.csv"
    rows = table.read_text().splitlines()
    table.write_text("\n".join([rows[0], *rows[4:], "999.png,well", "005.png,ill", "006.png,"]) + "\n")
    data = load_data(tmp_path)
    check(data, 17)
    assert noted(data, "left out") == "3 images without a row in it, or without a class, are left out"
    assert noted(data, "name no image") == "1 of its rows name no image"
    assert noted(data, "second time") == "2 of its rows name an image a second time, and are passed over"


def test_columns_for_splits_and_groups(tmp_path):
    parts = ["train"] * 6 + ["val"] * 2 + ["test"] * 2
    labelled(
        tmp_path, 20, of="file,label,part,patient",
        row=lambda i: f"{i:03}.png,{CLASSES[i % 2]},{parts[i % 10]},p{i // 4}",
    )  # fmt: skip
    data = load_data(tmp_path, split_by="part")
    check(data)
    assert [sorted(int(x[0, 0, 1]) % 10 for x in split.x) for split in data.splits.values()] == [
        sorted([*range(6)] * 2),
        sorted([6, 7] * 2),
        sorted([8, 9] * 2),
    ]
    data = load_data(tmp_path, groups="patient")
    check(data)
    patients = [{int(x[0, 0, 1]) // 4 for x in split.x} for split in data.splits.values()]
    assert sum(map(len, patients)) == len(set().union(*patients)) == 5
    check(load_data(tmp_path, labels="label"))
    assert load_data(tmp_path, labels="none").classes == ()
    with pytest.raises(UserError, match="has no column 'age' to take labels from"):
        load_data(tmp_path, labels="age")


def test_folders_of_classes_go_first(tmp_path):
    fill(tmp_path / "cat", 10)
    fill(tmp_path / "dog", 10)
    rows = [f"{folder}/{i:03}.png,{'old' if i < 5 else 'young'}" for folder in ("cat", "dog") for i in range(10)]
    (tmp_path / "labels.csv").write_text("file,age\n" + "\n".join(rows) + "\n")
    data = load_data(tmp_path)
    assert data.classes == ("cat", "dog")
    assert noted(data, "passed over") == "passed over: .csv 1"
    assert load_data(tmp_path, labels="age").classes == ("old", "young")
    assert load_data(tmp_path, labels="none").classes == ()
    stratified = load_data(tmp_path, split_by="stratified")
    assert torch.bincount(stratified.test.y).tolist() == [1, 1]


def test_folders_of_splits_and_a_table(tmp_path):
    for split, n in (("train", 8), ("test", 4)):
        fill(tmp_path / split, n)
    rows = [f"{split}/{i:03}.png,{CLASSES[i % 2]}" for split, n in (("train", 8), ("test", 4)) for i in range(n)]
    (tmp_path / "labels.csv").write_text("file,label\n" + "\n".join(rows) + "\n")
    data = load_data(tmp_path)
    assert data.classes == CLASSES
    assert len(data.test) == 4
    assert torch.bincount(data.test.y).tolist() == [2, 2]


def test_tables_of_something_else_are_passed_over(tmp_path):
    fill(tmp_path, 12)
    (tmp_path / "results.csv").write_text("epoch,loss\n1,0.5\n2,0.4\n3,0.2\n")
    (tmp_path / "broken.csv").write_bytes(b"\x00\xff\x00")
    data = load_data(tmp_path)
    assert data.classes == ()
    assert noted(data, "passed over") == "passed over: .csv 2"
    for setting in ("labels", "groups", "split_by"):
        with pytest.raises(UserError, match=rf'{setting}="kind" names a column of a table beside the images, and'):
            load_data(tmp_path, **{setting: "kind"})
    with pytest.raises(UserError, match=r'split_by="stratified" needs labels'):
        load_data(tmp_path, split_by="stratified")


def test_whole_numbers_are_classes_in_their_order(tmp_path):
    labelled(tmp_path, 33, of="file,grade", row=lambda i: f"{i:03}.png,{8 + i % 3}")
    data = load_data(tmp_path)
    assert data.classes == ("8", "9", "10")
    for split in data.splits.values():
        assert [int(x[0, 0, 1]) % 3 for x in split.x] == split.y.tolist()


def test_measurements_are_no_classes(tmp_path):
    labelled(tmp_path, 30, of="file,weight", row=lambda i: f"{i:03}.png,{i + 0.5}")
    data = load_data(tmp_path)
    assert data.classes == ("images",)  # of their folder
    assert noted(data, "passed over") == "passed over: .csv 1"
    assert len(everything(data)) == 30
    np.testing.assert_array_equal(np.sort(everything(data)[:, 0, 0, 1]), np.arange(30))
