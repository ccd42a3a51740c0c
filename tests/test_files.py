"""A result replaces what reparam made, and nothing else."""

import ast
import json
import os
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from reparam.errors import UserError
from reparam.files import check_targets, is_ours, npz, replace_atomically, result_json, text, write_npz, write_result
from reparam.pages import Page, Section, write
from reparam.plots import save

SRC = Path(__file__).parent.parent / "src" / "reparam"
# what writes by itself: into places of ours, or through the doors
OWN_PLACES = {
    *("runs", "training", "files.py", "studies/protocol.py", "studies/lengths.py", "data/readers/download.py"),
    *("data/store.py", "data/packing.py", "data/large"),  # a folder that stands in its place when all of it is there
    "data/readers/text/parts.py",  # temporary files of one reading
    "studies/sweeps/proposals.py",  # the journal in a sweep's folder
    "cluster",  # a temporary folder, and a probe that is gone at once
    "terminal.py",  # streams that nobody has, to nowhere
}


def picture(path, **how):
    return save(Figure(), path, {"x": np.zeros(3)}, **how)


def page(path, **how):
    return write(Page("A page", "of no content", [Section("Nothing", "at all")], "the end"), path, **how)


WRITERS = {
    "a.png": picture,
    "a.html": page,
    "a.npz": lambda path, **how: write_result(path, npz({"x": np.zeros(300)}), **how),
    "a.json": lambda path, **how: write_result(path, result_json({"x": list(range(3000))}), **how),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_result_replaces_its_like_and_no_other_file(tmp_path, name):
    path, make = tmp_path / name, WRITERS[name]
    path.write_text("mine")
    with pytest.raises(UserError, match=f"{name} is there already and was not made by reparam.*force=True"):
        make(path)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]
    make(path, force=True)
    first = path.read_bytes()
    assert is_ours(path)
    make(path)
    assert len(path.read_bytes()) == len(first)


def test_the_numbers_beside_a_picture_are_kept_too(tmp_path):
    (tmp_path / "keep.npz").write_text("mine")
    with pytest.raises(UserError, match=r"keep\.npz is there already"):
        picture(tmp_path / "keep.png")
    assert [path.name for path in tmp_path.iterdir()] == ["keep.npz"]
    save(Figure(), tmp_path / "keep.png")  # a picture alone has none
    assert (tmp_path / "keep.npz").read_text() == "mine"


def test_the_mark_changes_nothing_that_is_read(tmp_path):
    picture(tmp_path / "a.png")
    with np.load(tmp_path / "a.npz") as arrays:
        assert arrays.files == ["x"]
    with Image.open(tmp_path / "a.png") as image:
        assert image.info["Software"].startswith("made by reparam")
    write_result(tmp_path / "a.json", result_json({"x": 1}))
    assert json.loads((tmp_path / "a.json").read_text())["x"] == 1


def test_what_others_made_of_it_is_theirs(tmp_path):
    picture(tmp_path / "a.png")
    with np.load(tmp_path / "a.npz") as arrays:
        np.savez(tmp_path / "a.npz", **arrays)
    Image.open(tmp_path / "a.png").save(tmp_path / "b.png")
    assert not is_ours(tmp_path / "a.npz")
    assert not is_ours(tmp_path / "b.png")
    assert not is_ours(tmp_path / "none.png")


def test_what_lies_among_a_runs_figures_is_ours(tmp_path):
    figures = tmp_path / "figures"
    figures.mkdir()
    (figures / "a.png").write_text("of an earlier version")
    assert not is_ours(figures / "a.png")
    (tmp_path / "config.json").write_text("{}")
    assert is_ours(figures / "a.png")


def test_nothing_is_put_among_data(tmp_path):
    data = tmp_path / "photos"
    data.mkdir()
    with pytest.raises(UserError, match=r"lies inside the data .*photos and would be read as part of them"):
        check_targets([data / "cats" / "a.png"], data)
    check_targets([tmp_path / "photos.png", tmp_path / "photos2" / "a.png"], data)
    check_targets([data / "a.png"], data, force=True)
    write_npz(tmp_path / "samples.npz", {"x": np.zeros(3)})
    with pytest.raises(UserError, match=r"samples\.npz is the data itself"):
        check_targets([tmp_path / "samples.npz"], tmp_path / "samples.npz")


def test_text_is_the_same_bytes_everywhere(tmp_path):
    write_result(tmp_path / "a.txt", text("one\ntwo \ud800\n"))
    assert (tmp_path / "a.txt").read_bytes() == b"one\ntwo ?\n"


@pytest.mark.parametrize("path", sorted(SRC.rglob("*.py")), ids=lambda path: path.relative_to(SRC).as_posix())
def test_results_go_through_the_door(path):
    place = path.relative_to(SRC)
    if OWN_PLACES & {place.parts[0], place.as_posix(), place.parent.as_posix()}:
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            assert called not in ("replace_atomically", "write_npz", "write_json", "write_text", "write_bytes"), place
            if called == "open":
                modes = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
                assert not {"w", "wb", "a", "ab"} & set(modes), place


def test_a_file_is_on_the_disk_before_it_has_its_name_and_its_name_before_it_is_said_to_be_saved(tmp_path, monkeypatch):
    done, replace = [], os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: done.append(os.fstat(descriptor).st_ino))
    monkeypatch.setattr(os, "replace", lambda *paths: done.append("named") or replace(*paths))
    path = tmp_path / "a.txt"
    replace_atomically(path, lambda beside: beside.write_text("all of it"))
    assert done == [path.stat().st_ino, "named", tmp_path.stat().st_ino]
